/* prompt_encode.c: prompts through one or two text encoders.
 *
 * All rows of all prompts are gathered, those that are equal once (the empty chunks that fill up, a
 * prompt that comes again), and run through each encoder in batches of one size. Weights are put on
 * the hidden states afterwards, here, in memory of ours: 77 rows of them a chunk are little. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/plan.h"
#include "text/prompt.h"

enum { BATCH = 8 }; /* rows of ids in one run */

struct work {
    const dio_prompt_job *job;
    dio_device *device;
    dio_arena *arena;
    dio_error *err;
    int chunks, positions;
    dio_prompt_rows *rows[DIO_PROMPT_ENCODERS]; /* by prompt */
    dio_prompt_rows empty[DIO_PROMPT_ENCODERS];
    const int32_t **unique; /* rows of ids that differ, of the encoder at hand */
    int n_unique, *place;   /* place[prompt * chunks + chunk]: which of them */
};

/* --- from texts to rows of ids --- */

static bool check(const dio_prompt_job *job, dio_error *err)
{
    if (job->n_encoders < 1 || job->n_encoders > DIO_PROMPT_ENCODERS)
        return dio_fail(err, "%d text encoders: 1 or %d are supported", job->n_encoders,
                        DIO_PROMPT_ENCODERS);
    if (job->n_prompts < 1 || job->n_prompts > DIO_PROMPT_BATCH)
        return dio_fail(err, "%d prompts in a batch: 1 to %d are supported", job->n_prompts,
                        DIO_PROMPT_BATCH);
    if (job->chunks < 0 || job->chunks > DIO_PROMPT_CHUNKS)
        return dio_fail(err, "%d chunks: 0 to %d are supported", job->chunks, DIO_PROMPT_CHUNKS);
    int positions = dio_text_encoder_shape_get(job->encoders[0].encoder).positions;
    for (int e = 0; e < job->n_encoders; e++) {
        dio_text_encoder_shape s = dio_text_encoder_shape_get(job->encoders[e].encoder);
        int skip = job->clip_skip + job->penultimate;
        if (s.positions != positions)
            return dio_fail(err, "the text encoders read %d and %d ids: one number is expected",
                            positions, s.positions);
        if (job->clip_skip < 0 || skip >= s.layers)
            return dio_fail(err,
                            "clip skip %d: 0 to %d are possible with a text encoder of %d "
                            "layers",
                            job->clip_skip, s.layers - 1 - job->penultimate, s.layers);
    }
    return true;
}

static bool check_ids(const dio_prompt_rows *rows, int positions, int vocab, dio_error *err)
{
    for (int i = 0; i < rows->chunks * positions; i++)
        if (rows->ids[i] >= vocab)
            return dio_fail(err,
                            "the tokenizer has the id %d, but the text encoder reads 0 to %d only: "
                            "they do not belong together",
                            (int)rows->ids[i], vocab - 1);
    return true;
}

static bool tokenize(struct work *w, int e, const char *text, dio_prompt_rows *rows)
{
    const dio_prompt_job *job = w->job;
    dio_text_encoder_shape s = dio_text_encoder_shape_get(job->encoders[e].encoder);
    dio_prompt_span whole = {text, strlen(text), 1, false};
    dio_prompt_spans spans = {&whole, 1, 1};
    if (!job->plain && !dio_prompt_parse(w->arena, text, whole.length, &spans, w->err))
        return false;
    if (whole.length > DIO_PROMPT_BYTES)
        return dio_fail(w->err, "a prompt of %zu bytes is above %d: shorten it", whole.length,
                        DIO_PROMPT_BYTES);
    return dio_prompt_tokenize(w->arena, &spans, job->encoders[e].tokenizer, job->words, e,
                               w->positions, rows, w->err) &&
           check_ids(rows, w->positions, s.vocab, w->err);
}

static const char *text_of(const dio_prompt_job *job, int e, int i)
{
    return e && job->prompts_2 ? job->prompts_2[i] : job->prompts[i];
}

static bool read_prompts(struct work *w)
{
    const dio_prompt_job *job = w->job;
    w->positions = dio_text_encoder_shape_get(job->encoders[0].encoder).positions;
    w->chunks = job->chunks ? job->chunks : 1;
    for (int e = 0; e < job->n_encoders; e++) {
        w->rows[e] = dio_arena_try(w->arena, (size_t)job->n_prompts * sizeof *w->rows[e]);
        if (!w->rows[e])
            return dio_fail_memory(w->err, "prompts");
        if (!tokenize(w, e, "", &w->empty[e]))
            return false;
        for (int i = 0; i < job->n_prompts; i++) {
            const char *text = text_of(job, e, i);
            if (text && !tokenize(w, e, text, &w->rows[e][i]))
                return job->n_prompts == 1 ? false : dio_error_prefix(w->err, "prompt %d", i + 1);
            if (w->rows[e][i].chunks > w->chunks)
                w->chunks = w->rows[e][i].chunks;
        }
    }
    return !dio_arena_failed(w->arena) ? true : dio_fail_memory(w->err, "prompts");
}

/* --- through an encoder --- */

static const dio_prompt_rows *row_of(const struct work *w, int e, int i, int chunk, int *at)
{
    const dio_prompt_rows *rows = &w->rows[e][i];
    bool own = chunk < rows->chunks;
    *at = own ? chunk : 0;
    return own ? rows : &w->empty[e];
}

static int place_of(struct work *w, const int32_t *ids)
{
    for (int i = 0; i < w->n_unique; i++)
        if (!memcmp(w->unique[i], ids, (size_t)w->positions * sizeof *ids))
            return i;
    w->unique[w->n_unique] = ids;
    return w->n_unique++;
}

static bool gather(struct work *w, int e)
{
    size_t most = (size_t)w->job->n_prompts * (size_t)w->chunks;
    w->unique = dio_arena_try(w->arena, most * sizeof *w->unique);
    w->place = dio_arena_try(w->arena, most * sizeof *w->place);
    w->n_unique = 0;
    if (!w->unique || !w->place)
        return dio_fail_memory(w->err, "prompts");
    for (int i = 0; i < w->job->n_prompts; i++)
        for (int c = 0; c < w->chunks && text_of(w->job, e, i); c++) {
            int at;
            const dio_prompt_rows *rows = row_of(w, e, i, c, &at);
            w->place[i * w->chunks + c] = place_of(w, rows->ids + at * w->positions);
        }
    return true;
}

/* The pooled token is the first end that the tokenizer put there: the same as transformers' rules,
 * but where added vectors have larger ids than the end. */
static int32_t end_of(const struct work *w, int e, const int32_t *ids)
{
    int32_t eos = dio_tokenizer_eos(w->job->encoders[e].tokenizer);
    for (int i = 0; i < w->positions; i++)
        if (ids[i] == eos)
            return i;
    return 0;
}

static dio_plan *make_plan(const struct work *w, int e, int rows)
{
    const dio_prompt_job *job = w->job;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(w->err, "the graph");
        return NULL;
    }
    dio_text_encoder_io io = {
        .ids = dio_input(g, "input_ids", dio_type_2d(DIO_I32, rows, w->positions)),
        .ends = dio_input(g, "ends", dio_type_1d(DIO_I32, rows)),
        .skip = job->clip_skip + job->penultimate,
        .norm = !job->penultimate};
    dio_text_encoder_forward(g, job->encoders[e].encoder, &io);
    dio_val outputs[] = {io.hidden, io.pooled};
    dio_plan *p = dio_plan_create(g, outputs, 2, false, w->device, NULL, w->err);
    dio_graph_destroy(g);
    return p;
}

/* What an encoder made of the unique rows. */
struct encoded {
    float *hidden, *pooled; /* [n_unique, hidden_size] and [n_unique, pooled_size] */
    size_t hidden_size, pooled_size;
};

static bool make_room(struct encoded *to, dio_plan *p, size_t rows, dio_error *err)
{
    dio_type hidden, pooled;
    dio_plan_output(p, 0, &hidden);
    dio_plan_output(p, 1, &pooled);
    to->hidden_size = (size_t)(hidden.dim[1] * hidden.dim[2]);
    to->pooled_size = (size_t)pooled.dim[1];
    to->hidden = malloc(rows * to->hidden_size * sizeof *to->hidden);
    to->pooled = malloc(rows * to->pooled_size * sizeof *to->pooled);
    return (to->hidden && to->pooled) || dio_fail_memory(err, "hidden states");
}

/* Rows at.. of the unique ones into the plan, which is filled up with the first. */
static bool set_rows(const struct work *w, int e, dio_plan *p, int at, int batch, int32_t *ids)
{
    size_t row = (size_t)w->positions;
    int32_t ends[BATCH];
    for (int i = 0; i < batch; i++) {
        const int32_t *from = w->unique[at + i < w->n_unique ? at + i : 0];
        memcpy(ids + (size_t)i * row, from, row * sizeof *ids);
        ends[i] = end_of(w, e, from);
    }
    return dio_plan_set(p, "input_ids", ids, (size_t)batch * row * sizeof *ids, w->err) &&
           dio_plan_set(p, "ends", ends, (size_t)batch * sizeof *ends, w->err);
}

static bool run_rows(struct work *w, int e, struct encoded *to)
{
    int n = w->n_unique, batch = n < BATCH ? n : BATCH;
    int32_t *ids = dio_arena_try(w->arena, (size_t)(batch * w->positions) * sizeof *ids);
    if (!ids)
        return dio_fail_memory(w->err, "prompts");
    dio_plan *p = make_plan(w, e, batch);
    bool ok = p != NULL;
    for (int at = 0; ok && at < n; at += batch) {
        ok = set_rows(w, e, p, at, batch, ids) && dio_plan_run(p, w->err) &&
             (at || make_room(to, p, (size_t)n, w->err));
        if (!ok)
            break;
        size_t now = (size_t)(n - at < batch ? n - at : batch), first = (size_t)at;
        memcpy(to->hidden + first * to->hidden_size, dio_plan_output(p, 0, NULL),
               now * to->hidden_size * sizeof *to->hidden);
        memcpy(to->pooled + first * to->pooled_size, dio_plan_output(p, 1, NULL),
               now * to->pooled_size * sizeof *to->pooled);
    }
    dio_plan_destroy(p);
    return ok;
}

/* --- weights, and everything in its place --- */

/* Multiplies the rows of x (`stride` apart) and restores the mean of all. */
static bool weigh(float *x, int64_t stride, const float *weights, int rows, int64_t width,
                  dio_error *err)
{
    double before = 0, after = 0;
    for (int t = 0; t < rows; t++)
        for (int64_t c = 0; c < width; c++) {
            float *v = &x[t * stride + c];
            before += *v;
            *v *= weights[t];
            after += *v;
        }
    float scale = (float)(before / after);
    if (!isfinite(scale))
        return dio_fail(err, "the weights of the prompt leave hidden states without a mean, which "
                             "cannot be restored: choose others");
    for (int t = 0; t < rows; t++)
        for (int64_t c = 0; c < width; c++)
            x[t * stride + c] *= scale;
    return true;
}

static bool weighted(const float *weights, int n)
{
    for (int i = 0; i < n; i++)
        if (weights[i] != 1)
            return true;
    return false;
}

/* Encoder e's part of the context, `offset` channels in. */
static bool lay_out(struct work *w, int e, const float *hidden, int64_t offset, int64_t width,
                    dio_prompt_result *out)
{
    for (int i = 0; i < w->job->n_prompts; i++)
        for (int c = 0; c < w->chunks && text_of(w->job, e, i); c++) {
            int at;
            const dio_prompt_rows *rows = row_of(w, e, i, c, &at);
            const float *weights = rows->weights + at * w->positions;
            const float *from =
                hidden + (int64_t)w->place[i * w->chunks + c] * w->positions * width;
            float *to = out->context +
                        ((int64_t)i * out->tokens + (int64_t)c * w->positions) * out->width +
                        offset;
            for (int t = 0; t < w->positions; t++)
                memcpy(to + t * out->width, from + t * width, (size_t)width * sizeof *to);
            if (weighted(weights, w->positions) &&
                !weigh(to, out->width, weights, w->positions, width, w->err))
                return w->job->n_prompts == 1 ? false
                                              : dio_error_prefix(w->err, "prompt %d", i + 1);
        }
    return true;
}

static bool keep_pooled(struct work *w, int e, const float *pooled, dio_prompt_result *out)
{
    size_t width = (size_t)out->pooled_width;
    out->pooled = calloc((size_t)w->job->n_prompts * width, sizeof *out->pooled);
    if (!out->pooled)
        return dio_fail_memory(w->err, "hidden states");
    for (int i = 0; i < w->job->n_prompts; i++)
        if (pooled && text_of(w->job, e, i))
            memcpy(out->pooled + (size_t)i * width,
                   pooled + (size_t)w->place[i * w->chunks] * width, width * sizeof *pooled);
    return true;
}

static int pooled_width(const dio_text_encoder *e)
{
    dio_text_encoder_shape s = dio_text_encoder_shape_get(e);
    return s.projection ? s.projection : s.width;
}

static bool encode(struct work *w, int e, int64_t offset, dio_prompt_result *out)
{
    struct encoded made = {0};
    int64_t width = dio_text_encoder_shape_get(w->job->encoders[e].encoder).width;
    bool last = e + 1 == w->job->n_encoders;
    bool ok = gather(w, e) && (!w->n_unique || run_rows(w, e, &made)) &&
              (!made.hidden || lay_out(w, e, made.hidden, offset, width, out)) &&
              (!last || keep_pooled(w, e, made.pooled, out));
    free(made.hidden);
    free(made.pooled);
    return ok;
}

bool dio_prompt_encode(const dio_prompt_job *job, dio_device *device, dio_prompt_result *out,
                       dio_error *err)
{
    struct work w = {.job = job, .device = device, .err = err};
    memset(out, 0, sizeof *out);
    if (!check(job, err))
        return false;
    w.arena = dio_arena_create();
    if (!w.arena)
        return dio_fail_memory(err, "prompts");
    bool ok = read_prompts(&w);
    if (ok) {
        out->prompts = job->n_prompts;
        out->tokens = (int64_t)w.chunks * w.positions;
        out->pooled_width = pooled_width(job->encoders[job->n_encoders - 1].encoder);
        for (int e = 0; e < job->n_encoders; e++)
            out->width += dio_text_encoder_shape_get(job->encoders[e].encoder).width;
        out->context = calloc((size_t)(out->prompts * out->tokens), /* bounded by check */
                              (size_t)out->width * sizeof *out->context);
        if (!out->context)
            ok = dio_fail_memory(err, "hidden states");
    }
    for (int64_t e = 0, offset = 0; ok && out->context && e < job->n_encoders; e++) {
        ok = encode(&w, (int)e, offset, out);
        offset += dio_text_encoder_shape_get(job->encoders[e].encoder).width;
    }
    dio_arena_destroy(w.arena);
    if (!ok)
        dio_prompt_result_deinit(out);
    return ok;
}

void dio_prompt_result_deinit(dio_prompt_result *r)
{
    free(r->context);
    free(r->pooled);
    memset(r, 0, sizeof *r);
}
