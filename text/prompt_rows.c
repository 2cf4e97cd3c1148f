/* prompt_rows.c: spans with weights to rows of 77 ids: <|startoftext|>, 75 tokens, <|endoftext|>.
 *
 * A chunk that is full when the next token comes is closed; if a comma stands among its last 20
 * tokens, what follows the comma moves into the next chunk first, so that a phrase stays whole. The
 * vectors of a word never part: a chunk without room for them is closed. */
#include <string.h>

#include "text/prompt.h"
#include "text/prompt_impl.h"

enum { LOOK_BACK = 20 };

struct chunker {
    dio_arena *arena;
    dio_prompt_rows *out;
    int32_t bos, eos, pad, comma;
    int positions, room; /* ids in a row; of these from the prompt */
    int32_t *ids;        /* [room], the open chunk */
    float *weights;
    int count, last_comma; /* -1: none in this chunk */
    int cap;               /* rows that `out` has memory for */
};

static bool grow_rows(struct chunker *c, dio_error *err)
{
    dio_prompt_rows *out = c->out;
    if (out->chunks < c->cap)
        return true;
    int cap = c->cap ? 2 * c->cap : 1;
    size_t row = (size_t)c->positions, n = row * (size_t)cap;
    int32_t *ids = dio_arena_try(c->arena, n * sizeof *ids);
    float *weights = dio_arena_try(c->arena, n * sizeof *weights);
    if (!ids || !weights)
        return dio_fail_memory(err, "a prompt");
    if (out->chunks) {
        memcpy(ids, out->ids, row * (size_t)out->chunks * sizeof *ids);
        memcpy(weights, out->weights, row * (size_t)out->chunks * sizeof *weights);
    }
    out->ids = ids;
    out->weights = weights;
    c->cap = cap;
    return true;
}

static bool close_chunk(struct chunker *c, dio_error *err)
{
    if (c->out->chunks == DIO_PROMPT_CHUNKS)
        return dio_fail(err, "the prompt has more than %d chunks of %d tokens: shorten it",
                        DIO_PROMPT_CHUNKS, c->room);
    if (!grow_rows(c, err))
        return false;
    size_t row = (size_t)c->out->chunks++ * (size_t)c->positions;
    int32_t *ids = c->out->ids + row;
    float *weights = c->out->weights + row;
    for (int i = 0; i < c->positions; i++) {
        bool own = i > 0 && i <= c->count;
        ids[i] = i == 0 ? c->bos : own ? c->ids[i - 1] : i == c->count + 1 ? c->eos : c->pad;
        weights[i] = own ? c->weights[i - 1] : 1;
        c->out->weighted |= weights[i] != 1;
    }
    c->count = 0;
    c->last_comma = -1;
    return true;
}

/* Closes the full chunk; what stands behind its last comma is kept for the next. */
static bool close_at_comma(struct chunker *c, dio_error *err)
{
    int from = c->last_comma + 1, moved = c->count - from;
    c->count = from;
    if (!close_chunk(c, err))
        return false;
    memmove(c->ids, c->ids + from, (size_t)moved * sizeof *c->ids);
    memmove(c->weights, c->weights + from, (size_t)moved * sizeof *c->weights);
    c->count = moved;
    return true;
}

static void put(struct chunker *c, int32_t id, double weight)
{
    c->ids[c->count] = id;
    c->weights[c->count++] = (float)weight;
}

static bool put_token(struct chunker *c, int32_t id, double weight, dio_error *err)
{
    bool full = c->count == c->room;
    if (id == c->comma)
        c->last_comma = c->count;
    else if (full && c->last_comma >= 0 && c->count - c->last_comma <= LOOK_BACK &&
             !close_at_comma(c, err))
        return false;
    if (c->count == c->room && !close_chunk(c, err))
        return false;
    put(c, id, weight);
    return true;
}

static bool put_vectors(struct chunker *c, int32_t first, int count, double weight, dio_error *err)
{
    if (count > c->room)
        return dio_fail(err, "a word of %d vectors does not fit into the %d tokens of a chunk",
                        count, c->room);
    if (c->count + count > c->room && !close_chunk(c, err))
        return false;
    for (int i = 0; i < count; i++)
        put(c, first + i, weight);
    return true;
}

/* Special tokens in a prompt are text, with one exception: SDXL's second tokenizer and SD 2's pad
 * with
 * "!", and in transformers every "!" of a prompt is that token. So those alone are trusted. */
static bool encode(const struct chunker *c, const dio_tokenizer *t, const char *text, size_t n,
                   dio_ids *ids, dio_error *err)
{
    const char *pad = dio_tokenizer_is_special(t, c->pad) && c->pad != c->eos && c->pad != c->bos
                          ? dio_tokenizer_token(t, c->pad, err)
                          : "";
    size_t length = strlen(pad), most = 1;
    for (size_t i = 0; length && i + length <= n; i++)
        most += memcmp(text + i, pad, length) == 0 ? 2 : 0;
    dio_text_part *parts = dio_arena_try(c->arena, most * sizeof *parts);
    if (!parts)
        return dio_fail_memory(err, "a prompt");
    size_t done = 0;
    int count = 0;
    for (size_t i = 0; length && i + length <= n;) {
        if (memcmp(text + i, pad, length) != 0) {
            i++;
            continue;
        }
        parts[count++] = (dio_text_part){text + done, i - done, false};
        parts[count++] = (dio_text_part){text + i, length, true};
        done = i += length;
    }
    parts[count++] = (dio_text_part){text + done, n - done, false};
    return dio_tokenizer_encode_parts(t, parts, count, false, ids, err);
}

static bool put_text(struct chunker *c, const dio_tokenizer *t, const char *text, size_t n,
                     double weight, dio_error *err)
{
    dio_ids ids = {0};
    bool ok = !n || encode(c, t, text, n, &ids, err);
    for (size_t i = 0; ok && i < ids.count; i++)
        ok = put_token(c, ids.ids[i], weight, err);
    dio_ids_deinit(&ids);
    return ok;
}

/* A span's text: words that stand for vectors, and what is between them. */
static bool put_span(struct chunker *c, const dio_tokenizer *t, const dio_prompt_words *words,
                     int which, const dio_prompt_span *s, dio_error *err)
{
    size_t done = 0;
    for (size_t at = 0; words && at < s->length;) {
        size_t length;
        int i = dio_prompt_words_match(words, s->text, s->length, at, &length);
        if (i < 0) {
            at++;
            continue;
        }
        int count;
        int32_t first = dio_prompt_words_ids(words, i, which, &count);
        if (!put_text(c, t, s->text + done, at - done, s->weight, err) ||
            !put_vectors(c, first, count, s->weight, err))
            return false;
        done = at += length;
    }
    return put_text(c, t, s->text + done, s->length - done, s->weight, err);
}

static bool start(struct chunker *c, const dio_tokenizer *t, dio_error *err)
{
    c->bos = dio_tokenizer_bos(t);
    c->eos = dio_tokenizer_eos(t);
    c->pad = dio_tokenizer_pad(t);
    c->comma = dio_tokenizer_id(t, ",</w>");
    c->last_comma = -1;
    if (c->pad < 0)
        c->pad = c->eos;
    if (c->bos < 0 || c->eos < 0)
        return dio_fail(err, "the tokenizer has no tokens for the start and the end of a text: it "
                             "is not a text encoder's");
    if (c->positions < 3 || c->positions > DIO_PROMPT_POSITIONS)
        return dio_fail(err, "rows of %d ids: 3 to %d are supported", c->positions,
                        DIO_PROMPT_POSITIONS);
    c->room = c->positions - 2;
    c->ids = dio_arena_alloc(c->arena, (size_t)c->room * sizeof *c->ids);
    c->weights = dio_arena_alloc(c->arena, (size_t)c->room * sizeof *c->weights);
    return true;
}

bool dio_prompt_tokenize(dio_arena *a, const dio_prompt_spans *spans, const dio_tokenizer *t,
                         const dio_prompt_words *words, int which, int positions,
                         dio_prompt_rows *out, dio_error *err)
{
    struct chunker c = {.arena = a, .out = out, .positions = positions};
    memset(out, 0, sizeof *out);
    if (!start(&c, t, err))
        return false;
    for (int i = 0; i < spans->count; i++) {
        const dio_prompt_span *s = &spans->items[i];
        bool ok = s->breaks ? close_chunk(&c, err) : put_span(&c, t, words, which, s, err);
        if (!ok)
            return false;
    }
    return (!c.count && out->chunks) || close_chunk(&c, err);
}
