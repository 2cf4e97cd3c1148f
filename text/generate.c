/* generate.c: from a prompt to texts.
 *
 * The prompt is read once, by a session of one row. Variants are rows of a fork of it and move in
 * step: each round samples one id for every live row and feeds all of them. A row that has to go
 * back reads its last id again while the others go on. */
#define _GNU_SOURCE
#include "text/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/generate_impl.h"
#include "text/variant.h"

enum { MAX_VARIANTS = 256, MAX_BANNED_HERE = 4096 };

const dio_field dio_generate_fields[] = {
    DIO_FIELD(dio_generate_params, max_tokens, "128", 1, 1 << 20, "tokens to write at most"),
    DIO_FIELD(dio_generate_params, min_tokens, "0", 0, 1 << 20, "tokens before the text may end"),
    DIO_FIELD(dio_generate_params, temperature, "0.8", 0, 100,
              "how freely to choose; 0 always takes the likeliest"),
    DIO_FIELD(dio_generate_params, top_k, "0", 0, 1 << 22, "choose among the k likeliest; 0: all"),
    DIO_FIELD(dio_generate_params, top_p, "1", 0.000001, 1,
              "choose among the likeliest that have this share together"),
    DIO_FIELD(dio_generate_params, min_p, "0", 0, 1,
              "choose among those with this share of the likeliest one's chance"),
    DIO_FIELD(dio_generate_params, repetition_penalty, "1", 0.01, 100,
              "above 1: what came already is less likely"),
    DIO_FIELD(dio_generate_params, presence_penalty, "0", -100, 100,
              "subtracted from the score of what was written already"),
    DIO_FIELD(dio_generate_params, frequency_penalty, "0", -100, 100,
              "subtracted for every time it was written"),
    DIO_FIELD(dio_generate_params, variants, "1", 1, MAX_VARIANTS, "texts to write"),
    DIO_FIELD(dio_generate_params, beams, "1", 1, MAX_VARIANTS,
              "above 1: beam search with so many beams, the best variants are returned"),
    DIO_FIELD(dio_generate_params, length_penalty, "1", -10, 10,
              "beam search: scores are divided by length to this power"),
    DIO_FIELD(dio_generate_params, seed, "0", 0, 0, "another seed gives other texts"),
    {0},
};

const char *dio_finish_name(dio_finish f)
{
    return f == DIO_FINISH_STOP ? "stop" : "length";
}

double generate_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- checks --- */

static bool check(const dio_lm *lm, const dio_tokenizer *tokenizer, dio_generate_request *r,
                  dio_error *err)
{
    dio_generate_params *p = &r->params;
    int64_t limit = lm->shape.positions;
    if (r->n_prompt < 1)
        return dio_fail(err, "the prompt is empty, and a model needs at least one token to go on "
                             "from");
    if (!tokenizer && (r->n_stop || r->n_banned || r->stream))
        return dio_fail(err, "stop strings, banned phrases and streaming need a tokenizer");
    if (tokenizer && dio_tokenizer_size(tokenizer) > lm->shape.vocab)
        return dio_fail(err,
                        "the tokenizer has %d tokens and the model only %d: they do not belong "
                        "together",
                        dio_tokenizer_size(tokenizer), lm->shape.vocab);
    if (p->max_tokens < 1 || p->variants < 1 || p->variants > MAX_VARIANTS || p->beams < 1 ||
        p->beams > MAX_VARIANTS)
        return dio_fail(err, "max_tokens must be 1 or more, variants and beams 1 to %d",
                        MAX_VARIANTS);
    if (p->beams > 1 && p->variants > p->beams)
        return dio_fail(err, "%d variants from %d beams: there are only as many texts as beams",
                        p->variants, p->beams);
    if (p->beams > 1 && (r->n_banned || p->repetition_penalty != 1 || p->presence_penalty != 0 ||
                         p->frequency_penalty != 0))
        return dio_fail(err, "beam search does not go together with penalties or banned phrases");
    if (limit && r->n_prompt >= limit)
        return dio_fail(err,
                        "the prompt has %lld tokens and the model reads %lld at most: shorten it",
                        (long long)r->n_prompt, (long long)limit);
    if (limit && p->max_tokens > limit - r->n_prompt)
        p->max_tokens = (int)(limit - r->n_prompt);
    return true;
}

/* --- the prompt --- */

/* Brings the session's row to hold exactly the prompt, reading only what it does not have. */
static bool read_prompt(dio_session *s, const dio_generate_request *r, dio_error *err)
{
    int64_t have = dio_session_length(s, 0), same = 0;
    const int32_t *ids = dio_session_ids(s, 0);
    if (dio_session_rows(s) != 1)
        return dio_fail(err, "a session that reads a prompt must have one row");
    while (same < have && same < r->n_prompt - 1 && ids[same] == r->prompt[same])
        same++;
    dio_error ignored = {0};
    if (same < have && !dio_session_rewind(s, 0, same, &ignored)) {
        same = 0; /* a recurrent model that cannot go back reads all of it again */
        if (!dio_session_rewind(s, 0, 0, err))
            return false;
    }
    return dio_session_feed(s, r->prompt + same, r->n_prompt - same, NULL, err);
}

/* --- the rounds --- */

struct run {
    const dio_lm *lm;
    const dio_generate_request *request;
    dio_session *session; /* the rows that write */
    dio_sampler *sampler;
    struct variant *variants;
    float *first;          /* [vocab]: scores after the prompt */
    uint16_t *prompt_seen; /* [vocab] or NULL */
    int32_t *banned;       /* scratch */
    int32_t *feed;         /* [rows]: what each row reads next */
    bool *reads;           /* [rows] */
    int64_t decoded;
};

static bool allocate(struct run *u, dio_error *err)
{
    const dio_generate_params *p = &u->request->params;
    size_t vocab = (size_t)u->lm->shape.vocab, rows = (size_t)p->variants;
    u->variants = calloc(rows, sizeof *u->variants);
    u->first = malloc(vocab * sizeof *u->first);
    u->banned = malloc((MAX_BANNED_HERE + DIO_LM_MAX_ENDS) * sizeof *u->banned);
    u->feed = calloc(rows, sizeof *u->feed);
    u->reads = calloc(rows, sizeof *u->reads);
    bool seen = p->repetition_penalty != 1;
    u->prompt_seen = seen ? calloc(vocab, sizeof *u->prompt_seen) : NULL;
    if (!u->variants || !u->first || !u->banned || !u->feed || !u->reads ||
        (seen && !u->prompt_seen))
        return dio_fail_memory(err, "generation");
    for (int64_t i = 0; seen && i < u->request->n_prompt; i++)
        u->prompt_seen[u->request->prompt[i]] = 1;
    return true;
}

static void run_deinit(struct run *u)
{
    for (int i = 0; u->variants && i < u->request->params.variants; i++)
        variant_deinit(&u->variants[i]);
    free(u->variants);
    free(u->first);
    free(u->banned);
    free(u->feed);
    free(u->reads);
    free(u->prompt_seen);
    dio_sampler_destroy(u->sampler);
}

static bool is_end(const struct run *u, int32_t id)
{
    return !u->request->ignore_end && dio_lm_is_end(u->lm, id);
}

/* Samples the row's next id and says in feed and reads what the row reads before its next. */
static bool advance(struct run *u, int row, dio_error *err)
{
    struct variant *v = &u->variants[row];
    const float *logits = v->n ? dio_session_logits(u->session, row) : u->first;
    dio_sampler_past past = {.prompt = u->prompt_seen, .text = v->counts};
    int n = variant_banned(v, u->banned, MAX_BANNED_HERE);
    /* A place that is tried again draws afresh: the same number would walk from neighbour to
     * neighbour of what was banned. */
    uint64_t place = (uint64_t)v->n | (uint64_t)n << 32;
    int32_t id;
    double logprob;
    bool back;
    for (int i = 0; v->n < u->request->params.min_tokens && i < u->lm->shape.n_ends; i++)
        u->banned[n++] = u->lm->shape.ends[i];
    if (!dio_sampler_next(u->sampler, logits, past, u->banned, n, (uint64_t)v->number, place, &id,
                          &logprob, err) ||
        !variant_put(v, id, logprob, is_end(u, id), &back, err))
        return false;
    u->reads[row] = !v->done && v->n > 0;
    if (v->n > 0)
        u->feed[row] = v->ids[v->n - 1];
    if (!back)
        return true;
    /* The last id that stays is read once more, for the scores that follow it. */
    int64_t length = u->request->n_prompt + (v->n ? v->n - 1 : 0);
    return dio_session_rewind(u->session, row, length, err);
}

static bool rounds(struct run *u, dio_error *err)
{
    int rows = u->request->params.variants;
    for (;;) {
        bool live = false, reads = false;
        for (int r = 0; r < rows; r++) {
            u->reads[r] = false;
            if (u->variants[r].done)
                continue;
            if (!advance(u, r, err))
                return false;
            live |= !u->variants[r].done;
            reads |= u->reads[r];
            u->decoded += u->reads[r];
        }
        if (!live)
            return true;
        if (reads && !dio_session_feed(u->session, u->feed, 1, u->reads, err))
            return false;
    }
}

static bool collect(struct run *u, dio_texts *out, dio_error *err)
{
    for (int r = 0; r < u->request->params.variants; r++) {
        struct variant *v = &u->variants[r];
        if (!variant_end(v, err) ||
            !generate_keep(out, r, v->text.text ? v->text.text : "", v->text.length, v->ids,
                           v->logprobs, v->n, v->finish, err))
            return false;
        for (int i = 0; i < v->n; i++)
            out->items[r].score += (double)v->logprobs[i];
    }
    return true;
}

static bool sample_texts(const dio_lm *lm, const dio_tokenizer *tokenizer,
                         const dio_generate_request *r, dio_session *base, dio_texts *out,
                         dio_error *err)
{
    const dio_generate_params *p = &r->params;
    struct run u = {.lm = lm, .request = r};
    dio_sampler_params s = {p->temperature,
                            p->top_k,
                            p->top_p,
                            p->min_p,
                            p->repetition_penalty,
                            p->presence_penalty,
                            p->frequency_penalty};
    int64_t room = r->n_prompt + p->max_tokens;
    bool counts =
        p->repetition_penalty != 1 || p->presence_penalty != 0 || p->frequency_penalty != 0;
    bool own = p->variants > 1 || dio_session_room(base) < room;
    bool ok = allocate(&u, err);
    if (ok) {
        memcpy(u.first, dio_session_logits(base, 0), (size_t)lm->shape.vocab * sizeof *u.first);
        u.session = own ? dio_session_fork(base, p->variants, room, err) : base;
        u.sampler = dio_sampler_create(&s, lm->shape.vocab, p->seed, err);
        ok = u.session && u.sampler;
    }
    for (int i = 0; ok && i < p->variants; i++)
        ok = variant_init(&u.variants[i], r, tokenizer, i, lm->shape.vocab, counts, err);
    ok = ok && rounds(&u, err) && collect(&u, out, err);
    out->decoded = u.decoded;
    if (own)
        dio_session_destroy(u.session);
    run_deinit(&u);
    return ok;
}

/* --- results --- */

bool generate_keep(dio_texts *out, int i, const char *text, size_t length, const int32_t *ids,
                   const float *logprobs, int n, dio_finish finish, dio_error *err)
{
    dio_text *t = &out->items[i];
    size_t count = (size_t)n;
    t->text = dio_arena_strndup(out->arena, text, length);
    t->length = length;
    t->ids = dio_arena_try(out->arena, count * sizeof *ids + 1);
    t->logprobs = dio_arena_try(out->arena, count * sizeof *logprobs + 1);
    if (!t->text || !t->ids || !t->logprobs)
        return dio_fail_memory(err, "generated texts");
    memcpy(t->ids, ids, count * sizeof *ids);
    memcpy(t->logprobs, logprobs, count * sizeof *logprobs);
    t->n_ids = n;
    t->finish = finish;
    return true;
}

static dio_texts *texts_create(int count, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "generated texts");
        return NULL;
    }
    dio_texts *out = dio_arena_alloc(a, sizeof *out);
    out->items = dio_arena_alloc(a, (size_t)count * sizeof *out->items);
    out->count = count;
    out->arena = a;
    return out;
}

void dio_texts_destroy(dio_texts *t)
{
    if (t)
        dio_arena_destroy(t->arena);
}

dio_texts *dio_generate(const dio_lm *lm, const dio_tokenizer *tokenizer, dio_device *device,
                        const dio_generate_request *request, dio_error *err)
{
    dio_generate_request r = *request;
    if (!check(lm, tokenizer, &r, err))
        return NULL;
    dio_texts *out = texts_create(r.params.variants, err);
    if (!out)
        return NULL;
    int64_t room = r.n_prompt;
    if (r.params.variants == 1 && r.params.beams == 1)
        room += r.params.max_tokens;
    double t0 = generate_now();
    dio_session *base = r.session ? r.session : dio_session_create(lm, device, room, 0, err);
    bool ok = base && read_prompt(base, &r, err);
    double t1 = generate_now();
    if (ok)
        ok = r.params.beams > 1 ? generate_beams(lm, tokenizer, &r, base, out, err)
                                : sample_texts(lm, tokenizer, &r, base, out, err);
    out->prefill_s = t1 - t0;
    out->decode_s = generate_now() - t1;
    if (!r.session)
        dio_session_destroy(base);
    if (ok)
        return out;
    dio_texts_destroy(out);
    return NULL;
}
