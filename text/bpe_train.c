/* bpe_train.c: learning merges.
 *
 * A queue holds pairs of symbols with their counts, most frequent first, ties by the smaller
 * pair. Counts in it may be too high; the truth is in the pair table, and an entry found wrong is
 * put back with the right one. Each entry knows the words in which its pair came up, so a merge
 * touches only those. */
#include "text/bpe_train.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "text/bpe_words.h"
#include "text/byte_level.h"
#include "text/tokenizer.h"

struct word {
    int32_t *symbols;
    int32_t length;
    int64_t count;
};

/* Words in which a pair came up, since the pair was last put into the queue. */
struct places {
    int32_t *words;
    int32_t count, cap;
};

struct pair {
    uint64_t key; /* left id << 32 | right id */
    int64_t count;
    struct places fresh;
    bool listed;   /* in `touched` */
    int32_t merge; /* 1 + its last place in the merges; 0: none */
};

struct entry {
    uint64_t key;
    int64_t count;
    struct places places;
};

struct trainer {
    dio_arena *arena;
    dio_vocab vocab;
    int tokens; /* of vocab.count that are filled */
    struct word *words;
    int n_words;
    struct pair *pairs;
    int n_pairs, pairs_cap;
    int32_t *slots; /* pair table: index into pairs, or -1 */
    uint32_t mask;
    int32_t *touched; /* pairs with fresh places */
    int n_touched, touched_cap;
    struct entry *queue;
    int n_queue, queue_cap;
    uint64_t *merges;
    int n_merges, merges_cap;
    dio_error *err;
};

static bool no_memory(struct trainer *t)
{
    return dio_fail_memory(t->err, "training a tokenizer");
}

static uint32_t slot_of(uint64_t key, uint32_t mask)
{
    uint64_t h = key * 0x9e3779b97f4a7c15u;
    return ((uint32_t)(h >> 32) ^ (uint32_t)(h >> 12)) & mask;
}

static bool rehash(struct trainer *t)
{
    uint32_t slots = t->slots ? 2 * (t->mask + 1) : 1 << 16;
    int32_t *fresh = dio_arena_try(t->arena, slots * sizeof *fresh);
    if (!fresh)
        return no_memory(t);
    memset(fresh, 0xff, slots * sizeof *fresh);
    for (int i = 0; i < t->n_pairs; i++) {
        uint32_t at = slot_of(t->pairs[i].key, slots - 1);
        while (fresh[at] >= 0)
            at = (at + 1) & (slots - 1);
        fresh[at] = i;
    }
    t->slots = fresh;
    t->mask = slots - 1;
    return true;
}

/* The pair's place in t->pairs, made when it is new; -1 without memory. */
static int32_t pair_index(struct trainer *t, uint64_t key)
{
    if ((!t->slots || (uint32_t)t->n_pairs > t->mask / 2) && !rehash(t))
        return -1;
    uint32_t at = slot_of(key, t->mask);
    for (; t->slots[at] >= 0; at = (at + 1) & t->mask)
        if (t->pairs[t->slots[at]].key == key)
            return t->slots[at];
    if (!dio_arena_grow(t->arena, &t->pairs, t->n_pairs, &t->pairs_cap, sizeof *t->pairs)) {
        no_memory(t);
        return -1;
    }
    t->pairs[t->n_pairs] = (struct pair){.key = key};
    t->slots[at] = t->n_pairs;
    return t->n_pairs++;
}

/* A pair came up (change 1) in a word, or went away (-1). */
static bool note(struct trainer *t, int32_t left, int32_t right, int change, int32_t word)
{
    int32_t index = pair_index(t, (uint64_t)(uint32_t)left << 32 | (uint32_t)right);
    if (index < 0)
        return false;
    struct pair *pair = &t->pairs[index];
    pair->count += change * t->words[word].count;
    if (change < 0)
        return true;
    if (!pair->listed) {
        if (!dio_arena_grow(t->arena, &t->touched, t->n_touched, &t->touched_cap,
                            sizeof *t->touched))
            return no_memory(t);
        t->touched[t->n_touched++] = index;
        pair->listed = true;
    }
    struct places *p = &pair->fresh;
    if (p->count && p->words[p->count - 1] == word)
        return true;
    if (!dio_arena_grow(t->arena, &p->words, p->count, &p->cap, sizeof *p->words))
        return no_memory(t);
    p->words[p->count++] = word;
    return true;
}

static bool before(const struct entry *a, const struct entry *b)
{
    return a->count != b->count ? a->count > b->count : a->key < b->key;
}

static bool queue_push(struct trainer *t, struct entry e)
{
    if (!dio_arena_grow(t->arena, &t->queue, t->n_queue, &t->queue_cap, sizeof *t->queue))
        return no_memory(t);
    int i = t->n_queue++;
    for (int up; i && before(&e, &t->queue[up = (i - 1) / 2]); i = up)
        t->queue[i] = t->queue[up];
    t->queue[i] = e;
    return true;
}

static struct entry queue_pop(struct trainer *t)
{
    struct entry top = t->queue[0], last = t->queue[--t->n_queue];
    int i = 0;
    for (int down; (down = 2 * i + 1) < t->n_queue; i = down) {
        if (down + 1 < t->n_queue && before(&t->queue[down + 1], &t->queue[down]))
            down++;
        if (!before(&t->queue[down], &last))
            break;
        t->queue[i] = t->queue[down];
    }
    t->queue[i] = last;
    return top;
}

/* Pairs with fresh places go to the queue. */
static bool queue_touched(struct trainer *t)
{
    for (int i = 0; i < t->n_touched; i++) {
        struct pair *pair = &t->pairs[t->touched[i]];
        struct entry e = {pair->key, pair->count, pair->fresh};
        pair->fresh = (struct places){0};
        pair->listed = false;
        if (e.count > 0 && !queue_push(t, e))
            return false;
    }
    t->n_touched = 0;
    return true;
}

/* Joins left and right in one word wherever they meet, from the left. */
static bool merge_word(struct trainer *t, int32_t index, int32_t left, int32_t right, int32_t id)
{
    struct word *w = &t->words[index];
    int32_t *s = w->symbols;
    int32_t made = 0; /* s[0..made) is the new word, s[i..) the rest of the old */
    bool ok = true;
    for (int32_t i = 0; ok && i < w->length; made++) {
        if (s[i] != left || i + 1 >= w->length || s[i + 1] != right) {
            s[made] = s[i++];
            continue;
        }
        if (made > 0)
            ok = note(t, s[made - 1], left, -1, index) && note(t, s[made - 1], id, 1, index);
        i += 2;
        if (ok && i < w->length)
            ok = note(t, right, s[i], -1, index) && note(t, id, s[i], 1, index);
        s[made] = id;
    }
    w->length = made;
    return ok;
}

static int32_t add_token(struct trainer *t, const char *text, size_t length)
{
    int32_t id = dio_vocab_find(&t->vocab, text, length);
    if (id >= 0)
        return id;
    const char *copy = dio_arena_strndup(t->arena, text, length);
    if (!copy) {
        no_memory(t);
        return -1;
    }
    return dio_vocab_set(&t->vocab, t->tokens, copy, length, t->err) ? t->tokens++ : -1;
}

/* The token that a pair becomes; its text is both texts. */
static int32_t joined_token(struct trainer *t, int32_t left, int32_t right)
{
    const dio_token *a = &t->vocab.tokens[left], *b = &t->vocab.tokens[right];
    char text[DIO_TOKENIZER_TOKEN];
    memcpy(text, a->text, a->length);
    memcpy(text + a->length, b->text, b->length);
    return add_token(t, text, a->length + b->length);
}

enum { DROPPED = -1 };

/* A pair can come back when its token has two derivations; the later place counts. */
static bool put_merge(struct trainer *t, struct pair *pair)
{
    if (!dio_arena_grow(t->arena, &t->merges, t->n_merges, &t->merges_cap, sizeof *t->merges))
        return no_memory(t);
    if (pair->merge)
        t->merges[pair->merge - 1] = (uint64_t)DROPPED;
    t->merges[t->n_merges++] = pair->key;
    pair->merge = t->n_merges;
    return true;
}

static bool learn(struct trainer *t, const dio_bpe_options *options)
{
    if (!queue_touched(t))
        return false;
    while (t->tokens < options->vocab_size && t->n_queue) {
        struct entry top = queue_pop(t);
        struct pair *pair = &t->pairs[pair_index(t, top.key)]; /* it is there */
        if (top.count != pair->count) {
            top.count = pair->count;
            if (!queue_push(t, top))
                return false;
            continue;
        }
        if (top.count < 1 || top.count < options->min_frequency)
            break;
        int32_t left = (int32_t)(top.key >> 32), right = (int32_t)(uint32_t)top.key;
        /* Twice the longest word that could be a token: no real text has one. */
        if (t->vocab.tokens[left].length + t->vocab.tokens[right].length > DIO_TOKENIZER_TOKEN)
            continue;
        int32_t id = joined_token(t, left, right);
        if (id < 0 || !put_merge(t, pair))
            return false;
        for (int32_t i = 0; i < top.places.count; i++)
            if (!merge_word(t, top.places.words[i], left, right, id))
                return false;
        if (!queue_touched(t))
            return false;
    }
    return true;
}

/* Special tokens first, then the alphabet in the order of its code points. */
static bool begin_vocab(struct trainer *t, const dio_bpe_options *options)
{
    if (!dio_vocab_init(&t->vocab, t->arena, options->vocab_size, t->err))
        return false;
    for (int i = 0; i < options->n_special; i++)
        if (add_token(t, options->special[i], strlen(options->special[i])) < 0)
            return false;
    for (uint32_t cp = 0; cp < 0x200; cp++) {
        char utf8[4];
        if (dio_byte_from_cp(cp) >= 0 && add_token(t, utf8, (size_t)dio_utf8_put(cp, utf8)) < 0)
            return false;
    }
    return true;
}

static bool begin_words(struct trainer *t, const dio_bpe_words *words)
{
    t->n_words = words->count;
    t->words = dio_arena_try(t->arena, (size_t)t->n_words * sizeof *t->words + 1);
    if (!t->words)
        return no_memory(t);
    for (int i = 0; i < t->n_words; i++) {
        const dio_bpe_word *from = &words->items[i];
        struct word *w = &t->words[i];
        w->count = from->count;
        w->symbols = dio_arena_try(t->arena, from->length * sizeof *w->symbols);
        if (!w->symbols)
            return no_memory(t);
        for (size_t at = 0, step; at < from->length; at += step) {
            uint32_t cp;
            step = (size_t)dio_utf8_next(from->text + at, from->length - at, &cp);
            w->symbols[w->length++] = dio_vocab_find(&t->vocab, from->text + at, step);
        }
        for (int32_t k = 0; k + 1 < w->length; k++)
            if (!note(t, w->symbols[k], w->symbols[k + 1], 1, i))
                return false;
    }
    return true;
}

static void put_quoted(const struct trainer *t, dio_str *out, int32_t id)
{
    const dio_token *token = &t->vocab.tokens[id];
    const char *quoted = dio_json_quote(t->arena, token->text, token->length);
    dio_str_puts(out, quoted ? quoted : "");
}

static bool write(struct trainer *t, const dio_bpe_options *options, const char *path)
{
    dio_str out = {0};
    const char *pre = dio_bpe_pre_tokenizer(options, t->arena);
    dio_str_puts(&out, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\n"
                       "\"added_tokens\":[");
    for (int i = 0; i < options->n_special; i++) {
        dio_str_printf(&out, "%s\n{\"id\":%d,\"content\":", i ? "," : "", i);
        put_quoted(t, &out, i);
        dio_str_puts(&out, ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                           "\"normalized\":false,\"special\":true}");
    }
    dio_str_printf(&out,
                   "],\n\"normalizer\":null,\n\"pre_tokenizer\":%s,\n"
                   "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
                   "\"trim_offsets\":false,\"use_regex\":true},\n"
                   "\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"
                   "\"trim_offsets\":true,\"use_regex\":true},\n"
                   "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,"
                   "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
                   "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\n"
                   "\"vocab\":{",
                   pre ? pre : "null");
    for (int32_t id = 0; id < t->tokens; id++) {
        dio_str_puts(&out, id ? ",\n" : "\n");
        put_quoted(t, &out, id);
        dio_str_printf(&out, ":%d", (int)id);
    }
    dio_str_puts(&out, "},\n\"merges\":[");
    const char *comma = "";
    for (int i = 0; i < t->n_merges; i++) {
        if (t->merges[i] == (uint64_t)DROPPED)
            continue;
        dio_str_printf(&out, "%s\n[", comma);
        comma = ",";
        put_quoted(t, &out, (int32_t)(t->merges[i] >> 32));
        dio_str_putc(&out, ',');
        put_quoted(t, &out, (int32_t)(uint32_t)t->merges[i]);
        dio_str_putc(&out, ']');
    }
    dio_str_puts(&out, "]}}\n");
    bool ok = !out.failed && !dio_arena_failed(t->arena)
                  ? dio_file_write(path, out.text, out.length, t->err)
                  : no_memory(t);
    dio_str_deinit(&out);
    return ok;
}

bool dio_bpe_train(dio_bpe_next *next, void *user, const dio_bpe_options *options, const char *path,
                   dio_error *err)
{
    int least = 256 + options->n_special;
    if (options->vocab_size < least || options->vocab_size > DIO_TOKENIZER_TOKENS)
        return dio_fail(err, "vocab_size %d is not from %d (256 bytes and %d special tokens) to %d",
                        options->vocab_size, least, options->n_special, DIO_TOKENIZER_TOKENS);
    struct trainer t = {.arena = dio_arena_create(), .err = err};
    dio_bpe_words words = {0};
    if (!t.arena)
        return no_memory(&t);
    bool ok = dio_bpe_count(&words, t.arena, next, user, options, err) &&
              begin_vocab(&t, options) && begin_words(&t, &words) && learn(&t, options) &&
              write(&t, options, path);
    dio_arena_destroy(t.arena);
    return ok;
}
