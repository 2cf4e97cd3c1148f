/* added.c: added tokens in two tries; a walk from every byte of the text finds the longest. */
#include "text/added.h"

#include <string.h>

#include "text/unicode.h"

struct dio_trie_node {
    int32_t child, sibling; /* -1: none */
    int32_t token;          /* index into items that ends here; -1 */
    unsigned char byte;
};

static int32_t add_node(dio_added *a, dio_trie *t, unsigned char byte, int32_t sibling)
{
    if (!dio_arena_grow(a->arena, &t->nodes, t->count, &t->cap, sizeof *t->nodes))
        return -1;
    t->nodes[t->count] =
        (struct dio_trie_node){.child = -1, .sibling = sibling, .token = -1, .byte = byte};
    return t->count++;
}

static int32_t find_child(const dio_trie *t, int32_t node, unsigned char byte)
{
    int32_t at = t->nodes[node].child;
    while (at >= 0 && t->nodes[at].byte != byte)
        at = t->nodes[at].sibling;
    return at;
}

static bool trie_put(dio_added *a, dio_trie *t, int32_t index, dio_error *err)
{
    const dio_added_token *token = &a->items[index];
    if (!t->count)
        memset(t->root, 0xff, sizeof t->root);
    int32_t node = -1;
    for (size_t i = 0; i < token->length; i++) {
        unsigned char byte = (unsigned char)token->text[i];
        int32_t next = i ? find_child(t, node, byte) : t->root[byte];
        if (next < 0) {
            next = add_node(a, t, byte, i ? t->nodes[node].child : -1);
            if (next < 0)
                return dio_fail_memory(err, "the added tokens");
            if (i)
                t->nodes[node].child = next;
            else
                t->root[byte] = next;
        }
        node = next;
    }
    if (t->nodes[node].token >= 0)
        return dio_fail(err, "the added tokens %d and %d are both found as \"%.100s\"",
                        (int)a->items[t->nodes[node].token].id, (int)token->id, token->text);
    t->nodes[node].token = index;
    return true;
}

static bool normalize(dio_added *a, dio_added_token *token, const dio_normalizers *n,
                      dio_error *err)
{
    dio_str text = {0};
    dio_matcher *m = dio_matcher_create(err);
    bool ok = m && dio_normalizers_run(n, m, token->text, token->length, &text, err);
    if (ok && (!text.length || text.length > 4 * DIO_ADDED_LENGTH))
        ok = dio_fail(err, "the added token \"%.100s\" is %zu bytes long after normalization",
                      token->text, text.length);
    if (ok) {
        token->length = text.length;
        token->text = dio_arena_strndup(a->arena, text.text, text.length);
    }
    dio_str_deinit(&text);
    dio_matcher_destroy(m);
    return ok;
}

bool dio_added_put(dio_added *a, dio_added_token token, const dio_normalizers *n, dio_error *err)
{
    if (token.normalized && n->count && !normalize(a, &token, n, err))
        return false;
    if (!dio_arena_grow(a->arena, &a->items, a->count, &a->cap, sizeof *a->items))
        return dio_fail_memory(err, "the added tokens");
    a->items[a->count++] = token;
    return trie_put(a, token.normalized ? &a->normal : &a->raw, a->count - 1, err);
}

const dio_added_token *dio_added_find(const dio_added *a, int32_t id)
{
    int low = 0, high = a->count; /* items are in the order of their ids */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (a->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->count && a->items[low].id == id ? &a->items[low] : NULL;
}

/* The longest token that starts at text[at], or -1. */
static int32_t longest(const dio_trie *t, const char *text, size_t at, size_t end)
{
    int32_t node = t->root[(unsigned char)text[at]], found = -1;
    while (node >= 0) {
        if (t->nodes[node].token >= 0)
            found = t->nodes[node].token;
        node = ++at < end ? find_child(t, node, (unsigned char)text[at]) : -1;
    }
    return found;
}

static size_t char_before(const char *text, size_t start, size_t at, uint32_t *cp)
{
    size_t back = at - 1;
    while (back > start && ((unsigned char)text[back] & 0xc0) == 0x80)
        back--;
    dio_utf8_next(text + back, at - back, cp);
    return back;
}

static bool is_single_word(const char *text, size_t start, size_t end, size_t from, size_t to)
{
    uint32_t cp;
    if (from > start) {
        char_before(text, start, from, &cp);
        if (dio_cp_is_word(cp))
            return false;
    }
    return to == end || !dio_utf8_next(text + to, end - to, &cp) || !dio_cp_is_word(cp);
}

static size_t white_before(const char *text, size_t start, size_t at)
{
    uint32_t cp;
    for (size_t back; at > start; at = back) {
        back = char_before(text, start, at, &cp);
        if (!dio_cp_is_white(cp))
            break;
    }
    return at;
}

static size_t white_after(const char *text, size_t end, size_t at)
{
    uint32_t cp;
    for (int length; at < end; at += (size_t)length) {
        length = dio_utf8_next(text + at, end - at, &cp);
        if (!length || !dio_cp_is_white(cp))
            break;
    }
    return at;
}

/* Matches come in order, so the stretches that end before this one are dropped. */
static bool is_trusted(dio_trust *trust, size_t from, size_t to)
{
    while (trust->count && trust->stretches->end <= from) {
        trust->stretches++;
        trust->count--;
    }
    return trust->count && trust->stretches->start <= from && to <= trust->stretches->end;
}

bool dio_added_cut(const dio_added *a, const dio_trie *trie, const char *text, size_t start,
                   size_t end, bool first, dio_trust trust, dio_pieces *out, dio_error *err)
{
    size_t done = start;
    for (size_t i = trie->count ? start : end; i < end;) {
        int32_t index = longest(trie, text, i, end);
        if (index < 0) {
            i++;
            continue;
        }
        const dio_added_token *token = &a->items[index];
        size_t from = i, to = i + token->length;
        i = to;
        if ((token->special && !is_trusted(&trust, from, to)) ||
            (token->single_word && !is_single_word(text, start, end, from, to)))
            continue;
        if (token->lstrip) {
            from = white_before(text, start, from);
            from = from < done ? done : from;
        }
        if (token->rstrip)
            to = white_after(text, end, to);
        dio_piece before = {done, from > done ? from : done, -1, first && done == start};
        dio_piece piece = {from, to, token->id, false};
        if (!dio_pieces_put(out, before, err) || !dio_pieces_put(out, piece, err))
            return false;
        done = to;
    }
    return dio_pieces_put(out, (dio_piece){done, end, -1, first && done == start}, err);
}
