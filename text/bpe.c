/* bpe.c: merging by a linked list of symbols and a heap of candidate pairs.
 *
 * A candidate stays in the heap when one of its symbols is merged away; it is recognised as stale
 * when it is taken out, since the pair at its place then makes another token. Short words, which
 * most are, go without the heap: looking at all pairs for every merge is faster there. */
#include "text/bpe.h"

#include <stdlib.h>
#include <string.h>

static uint64_t pair_of(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static uint32_t pair_hash(uint64_t pair)
{
    uint64_t h = pair * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 12);
}

bool dio_bpe_reserve(dio_bpe *m, dio_arena *a, int n, dio_error *err)
{
    uint32_t slots = 16;
    while (slots < 2 * (uint32_t)n)
        slots *= 2;
    m->merges = dio_arena_try(a, slots * sizeof *m->merges);
    if (!m->merges)
        return dio_fail_memory(err, "the merges of a tokenizer");
    for (uint32_t i = 0; i < slots; i++)
        m->merges[i].rank = -1;
    m->mask = slots - 1;
    m->n_merges = 0;
    return true;
}

static int32_t find_model(const dio_bpe *m, const char *text, size_t n)
{
    int32_t id = dio_vocab_find(&m->vocab, text, n);
    return id >= 0 && m->vocab.tokens[id].in_model ? id : -1;
}

bool dio_bpe_merge(dio_bpe *m, const char *left, size_t n_left, const char *right, size_t n_right,
                   dio_error *err)
{
    char joined[2 * DIO_TOKENIZER_TOKEN];
    int32_t a = find_model(m, left, n_left), b = find_model(m, right, n_right), id = -1;
    if (a < 0 || b < 0)
        return dio_fail(err, "merge %d names \"%.*s\", which the vocabulary does not have",
                        m->n_merges, a < 0 ? (int)n_left : (int)n_right, a < 0 ? left : right);
    memcpy(joined, left, n_left);
    memcpy(joined + n_left, right, n_right);
    id = find_model(m, joined, n_left + n_right);
    if (id < 0)
        return dio_fail(err, "merge %d makes \"%.*s\", which the vocabulary does not have",
                        m->n_merges, (int)(n_left + n_right), joined);
    uint64_t pair = pair_of(a, b);
    uint32_t at = pair_hash(pair) & m->mask;
    for (int probe = 0; m->merges[at].rank >= 0; probe++, at = (at + 1) & m->mask) {
        if (m->merges[at].pair == pair)
            return dio_fail(err, "merge %d, \"%.*s\" with \"%.*s\", is merge %d already",
                            m->n_merges, (int)n_left, left, (int)n_right, right,
                            (int)m->merges[at].rank);
        if (probe == 1024) /* as in vocab.c */
            return dio_fail(err, "the merges were made to collide in hash tables: this is no "
                                 "trained tokenizer");
    }
    m->merges[at] = (dio_merge){.pair = pair, .rank = m->n_merges++, .id = id};
    return true;
}

const dio_merge *dio_bpe_find(const dio_bpe *m, int32_t left, int32_t right)
{
    uint64_t pair = pair_of(left, right);
    uint32_t at = pair_hash(pair) & m->mask;
    for (; m->merges[at].rank >= 0; at = (at + 1) & m->mask)
        if (m->merges[at].pair == pair)
            return &m->merges[at];
    return NULL;
}

void dio_bpe_finish(dio_bpe *m)
{
    for (uint32_t cp = 0; cp < DIO_BPE_DIRECT; cp++) {
        char utf8[4];
        m->direct[cp] = find_model(m, utf8, (size_t)dio_utf8_put(cp, utf8));
    }
    for (int byte = 0; byte < 256; byte++) {
        static const char digits[] = "0123456789ABCDEF";
        char name[] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
        m->bytes[byte] = find_model(m, name, sizeof name);
    }
}

/* A symbol of the word; `next` < 0: the last; id < 0: merged away. */
struct symbol {
    int32_t id, prev, next;
};

struct candidate {
    int32_t rank, at, id;
};

static bool grow(void **items, size_t *cap, size_t need, size_t size, dio_error *err)
{
    if (need <= *cap)
        return true;
    size_t more = need + need / 2 + 64;
    void *grown = realloc(*items, more * size);
    if (!grown)
        return dio_fail_memory(err, "the pieces of a text");
    *items = grown;
    *cap = more;
    return true;
}

void dio_bpe_scratch_deinit(dio_bpe_scratch *s)
{
    free(s->symbols);
    free(s->heap);
    memset(s, 0, sizeof *s);
}

/* Characters to symbols. A character that is no token becomes its bytes' tokens or the unknown
 * one. As in the reference, unknowns wait until the next known character: bytes overtake them. */
struct speller {
    struct symbol *symbols;
    int32_t count;
    int waiting; /* unknowns not yet put: 0 or 1 */
};

static void spell_put(struct speller *s, int32_t id)
{
    s->symbols[s->count++].id = id;
}

static void spell_flush(struct speller *s, const dio_bpe *m)
{
    if (s->waiting)
        spell_put(s, m->unk);
    s->waiting = 0;
}

static bool spell_bytes(struct speller *s, const dio_bpe *m, const char *text, int length)
{
    for (int i = 0; i < length; i++)
        if (m->bytes[(unsigned char)text[i]] < 0)
            return false;
    for (int i = 0; i < length; i++)
        spell_put(s, m->bytes[(unsigned char)text[i]]);
    return true;
}

/* The last character of a word with the ending that marks it as such. */
static int with_suffix(const dio_bpe *m, const char *text, int length, char *out)
{
    memcpy(out, text, (size_t)length);
    memcpy(out + length, m->suffix, m->n_suffix);
    return length + (int)m->n_suffix;
}

static bool spell(const dio_bpe *m, const char *word, size_t n, struct speller *s, dio_error *err)
{
    for (size_t i = 0, step; i < n; i += step) {
        uint32_t cp;
        char last[4 + DIO_BPE_SUFFIX];
        const char *text = word + i;
        int length = dio_utf8_next(text, n - i, &cp);
        if (!length)
            return dio_fail(err, "a word is not UTF-8 at its byte %zu", i);
        step = (size_t)length;
        bool ends = m->n_suffix && i + step == n;
        if (ends) {
            length = with_suffix(m, text, length, last);
            text = last;
        }
        int32_t id =
            cp < DIO_BPE_DIRECT && !ends ? m->direct[cp] : find_model(m, text, (size_t)length);
        if (id >= 0) {
            spell_flush(s, m);
            spell_put(s, id);
        } else if (!m->byte_fallback || !spell_bytes(s, m, text, length)) {
            if (m->unk < 0)
                return dio_fail(err,
                                "the text has U+%04X, for which the vocabulary has neither "
                                "a token nor bytes nor an unk_token",
                                (unsigned)cp);
            if (!m->fuse_unk)
                spell_flush(s, m);
            s->waiting = 1;
        }
    }
    spell_flush(s, m);
    return true;
}

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void heap_push(struct candidate *heap, size_t *count, struct candidate c)
{
    size_t i = (*count)++;
    for (size_t up; i && before(&c, &heap[up = (i - 1) / 2]); i = up)
        heap[i] = heap[up];
    heap[i] = c;
}

static struct candidate heap_pop(struct candidate *heap, size_t *count)
{
    struct candidate top = heap[0], last = heap[--*count];
    size_t n = *count, i = 0;
    for (size_t down; (down = 2 * i + 1) < n; i = down) {
        if (down + 1 < n && before(&heap[down + 1], &heap[down]))
            down++;
        if (!before(&heap[down], &last))
            break;
        heap[i] = heap[down];
    }
    heap[i] = last;
    return top;
}

static void consider(const dio_bpe *m, const struct symbol *symbols, int32_t at,
                     struct candidate *heap, size_t *count)
{
    if (at < 0 || symbols[at].next < 0)
        return;
    const dio_merge *merge = dio_bpe_find(m, symbols[at].id, symbols[symbols[at].next].id);
    if (merge)
        heap_push(heap, count, (struct candidate){merge->rank, at, merge->id});
}

static void join(struct symbol *symbols, int32_t at, int32_t id)
{
    int32_t gone = symbols[at].next, next = symbols[gone].next;
    symbols[at].id = id;
    symbols[at].next = next;
    symbols[gone].id = -1;
    if (next >= 0)
        symbols[next].prev = at;
}

/* At most one candidate a neighbouring pair at first and two for each of the n-1 merges, each of
 * which takes one out: never more than 2n in the heap. */
static void merge_by_heap(const dio_bpe *m, struct symbol *symbols, int32_t n,
                          struct candidate *heap)
{
    size_t count = 0;
    for (int32_t i = 0; i < n; i++)
        consider(m, symbols, i, heap, &count);
    while (count) {
        struct candidate c = heap_pop(heap, &count);
        const struct symbol *left = &symbols[c.at];
        if (left->id < 0 || left->next < 0)
            continue;
        const dio_merge *merge = dio_bpe_find(m, left->id, symbols[left->next].id);
        if (!merge || merge->id != c.id)
            continue;
        join(symbols, c.at, c.id);
        consider(m, symbols, symbols[c.at].prev, heap, &count);
        consider(m, symbols, c.at, heap, &count);
    }
}

enum { SHORT = 24 };

static int32_t merge_by_scan(const dio_bpe *m, struct symbol *symbols, int32_t n)
{
    const dio_merge *of[SHORT];
    for (int32_t i = 0; i + 1 < n; i++)
        of[i] = dio_bpe_find(m, symbols[i].id, symbols[i + 1].id);
    while (n > 1) {
        int32_t best = -1;
        for (int32_t i = 0; i + 1 < n; i++)
            if (of[i] && (best < 0 || of[i]->rank < of[best]->rank))
                best = i;
        if (best < 0)
            break;
        symbols[best].id = of[best]->id;
        n--;
        for (int32_t i = best + 1; i < n; i++) {
            symbols[i].id = symbols[i + 1].id;
            of[i - 1] = of[i];
        }
        if (best > 0)
            of[best - 1] = dio_bpe_find(m, symbols[best - 1].id, symbols[best].id);
        if (best + 1 < n)
            of[best] = dio_bpe_find(m, symbols[best].id, symbols[best + 1].id);
    }
    return n;
}

static bool put_all(const struct symbol *symbols, int32_t n, dio_ids *out, dio_error *err)
{
    for (int32_t i = 0; i < n; i++)
        if (symbols[i].id >= 0 && !dio_ids_put(out, symbols[i].id, err))
            return false;
    return true;
}

bool dio_bpe_encode(const dio_bpe *m, const char *word, size_t n, dio_bpe_scratch *s, dio_ids *out,
                    dio_error *err)
{
    if (m->ignore_merges) {
        int32_t whole = find_model(m, word, n);
        if (whole >= 0)
            return dio_ids_put(out, whole, err);
    }
    /* A byte is one symbol at most, those of the suffix too; n is below DIO_TOKENIZER_TEXT times
     * the largest growth of a normalizer and fits 31 bits, which dio_tokenizer_encode has checked.
     */
    if (!grow(&s->symbols, &s->symbols_cap, n + m->n_suffix + 1, sizeof(struct symbol), err))
        return false;
    struct speller speller = {.symbols = s->symbols};
    if (!spell(m, word, n, &speller, err))
        return false;
    struct symbol *symbols = s->symbols;
    int32_t count = speller.count;
    if (count <= SHORT) {
        count = merge_by_scan(m, symbols, count);
        return put_all(symbols, count, out, err);
    }
    if (!grow(&s->heap, &s->heap_cap, 2 * (size_t)count, sizeof(struct candidate), err))
        return false;
    for (int32_t i = 0; i < count; i++) {
        symbols[i].prev = i - 1;
        symbols[i].next = i + 1 < count ? i + 1 : -1;
    }
    merge_by_heap(m, symbols, count, s->heap);
    return put_all(symbols, count, out, err);
}
