/* chunks.c: frames to sound, chunk by chunk.
 *
 * One plan over a window of frames serves all chunks: a chunk's frames with what its samples see on
 * either side. At the ends of the clip the window stays inside and reaches further the other way,
 * so that what the network puts beyond an end (zeros, reflections) stands where it belongs. Where
 * a network's layers make results by tiles, windows begin at a multiple of `step`, the last as
 * well: so many frames are added to all. */
#include "audio/chunks.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_SECONDS = 4, SHARE = 12, CHUNK_LEAST = 8 };

struct run {
    const dio_chunks *c;
    const dio_chunks_options *o;
    dio_plans *plans;
    const float *rows;
    int64_t frames, width;
    int64_t chunk, window; /* frames */
    dio_plan *plan;
    dio_clip *clip;
    dio_error *err;
};

static int build_once(dio_graph *g, const void *user, dio_val *outputs)
{
    const dio_chunks_once *c = user;
    outputs[0] = c->build(g, c->user, dio_input(g, "x", c->type));
    return 1;
}

static dio_plan *plan_of(const dio_chunks_once *c, dio_plans *plans, dio_error *err)
{
    const dio_plans_wish wish = {.stage = c->stage,
                                 .variant = c->variant,
                                 .type = c->type,
                                 .memory_limit = c->memory_limit,
                                 .build = build_once,
                                 .user = c};
    return dio_plans_get(plans, &wish, err);
}

float *dio_chunks_run_once(const dio_chunks_once *c, dio_plans *plans, const void *x, dio_type *out,
                           dio_error *err)
{
    dio_plan *p = plan_of(c, plans, err);
    if (!p || !dio_plan_set(p, "x", x, dio_type_bytes(&c->type), err) || !dio_plan_run(p, err))
        return NULL;
    const void *y = dio_plan_output(p, 0, out);
    float *copy = malloc(dio_type_bytes(out));
    if (!copy)
        dio_fail_memory(err, "frames");
    return copy ? memcpy(copy, y, dio_type_bytes(out)) : NULL;
}

/* The usual length is stretched or shortened so that chunks are alike: one plan serves all of them,
 * and a last one of a few frames would cost as much as the others. What is made twice beside chunks
 * is a small share of them. */
static int64_t even_chunk(const struct run *r)
{
    const int64_t seconds = (int64_t)CHUNK_SECONDS * r->c->rate / r->c->hop + 1;
    const int64_t share = (int64_t)SHARE * (r->c->before + r->c->after);
    const int64_t usual = seconds > share ? seconds : share;
    const int64_t chunks = (r->frames + usual / 2) / usual;
    return chunks > 1 ? (r->frames + chunks - 1) / chunks : r->frames;
}

static int64_t step_of(const struct run *r)
{
    return r->c->step > 1 ? r->c->step : 1;
}

/* Frames of a window, to which chunks' begin and end are near enough wherever they fall. */
static int64_t window_of(const struct run *r)
{
    const int64_t step = step_of(r), least = r->c->least;
    int64_t window = r->chunk + r->c->before + r->c->after + step - 1;
    window = window < least ? least : window;
    return window < r->frames ? window + (r->frames - window) % step : r->frames;
}

/* The window's plan; where it does not fit, that of a shorter one. */
static bool make_plan(struct run *r)
{
    const dio_chunks *c = r->c;
    r->chunk = r->o->chunk > 0 ? r->o->chunk : even_chunk(r);
    r->chunk = r->chunk < r->frames ? r->chunk : r->frames;
    for (;; r->chunk /= 2) {
        dio_error err = {0};
        r->window = window_of(r);
        const dio_chunks_once window = {.stage = "chunk",
                                        .variant = c->variant,
                                        .type = dio_type_3d(DIO_F32, 1, r->window, r->width),
                                        .build = c->build,
                                        .user = c->user,
                                        .memory_limit = r->o->memory_limit};
        r->plan = plan_of(&window, r->plans, &err);
        if (r->plan)
            return true;
        if (r->chunk / 2 < CHUNK_LEAST || err.kind != DIO_ERROR_RETRY) {
            *r->err = err;
            return false;
        }
    }
}

static bool hand_out(const struct run *r, int64_t first, const float *x, int64_t count)
{
    if (r->clip)
        memcpy(dio_clip_channel(r->clip, 0) + first, x, (size_t)count * sizeof *x);
    return !r->o->samples || r->o->samples(r->o->user, x, count) ||
           dio_fail(r->err, "stopped after %lld samples", (long long)(first + count));
}

/* The samples of frames begin..begin+chunk-1. */
static bool run_chunk(const struct run *r, int64_t begin)
{
    const dio_chunks *c = r->c;
    int64_t all = r->frames * c->hop - c->trim;
    int64_t start = begin - c->before, most = r->frames - r->window;
    start = start < most ? start : most;
    start = start > 0 ? start / step_of(r) * step_of(r) : 0;
    size_t row = (size_t)r->width * sizeof(float);
    if (!dio_plan_set(r->plan, "x", r->rows + start * r->width, (size_t)r->window * row, r->err) ||
        !dio_plan_run(r->plan, r->err))
        return false;
    int64_t first = begin * c->hop, last = (begin + r->chunk) * c->hop;
    const float *out = dio_plan_output(r->plan, 0, NULL);
    last = last < all ? last : all;
    return first >= last || hand_out(r, first, out + first - start * c->hop, last - first);
}

static bool run_all(struct run *r, bool wanted)
{
    bool ok = true;
    if (wanted) {
        r->clip = dio_clip_create(r->c->rate, 1, r->frames * r->c->hop - r->c->trim, r->err);
        if (!r->clip)
            return false;
    }
    ok = make_plan(r);
    for (int64_t at = 0; ok && at < r->frames; at += r->chunk)
        ok = run_chunk(r, at);
    return ok;
}

bool dio_chunks_run(const dio_chunks *c, dio_plans *plans, const float *rows, int64_t frames,
                    int64_t width, const dio_chunks_options *o, dio_clip **out, dio_error *err)
{
    static const dio_chunks_options usual;
    struct run r = {.c = c,
                    .o = o ? o : &usual,
                    .plans = plans,
                    .rows = rows,
                    .frames = frames,
                    .width = width,
                    .err = err};
    bool ok = run_all(&r, out != NULL);
    if (!ok)
        dio_clip_unref(r.clip);
    else if (out)
        *out = r.clip;
    return ok;
}
