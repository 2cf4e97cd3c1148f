/* vocoder_run.c: frames to sound, chunk by chunk.
 *
 * One plan over a window of frames serves all chunks: a chunk's frames with what its samples see on
 * either side. At the ends of the clip the window stays inside and reaches further the other way,
 * so that what the network puts beyond an end (zeros, reflections) stands where it belongs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/vocoder_impl.h"
#include "base/room.h"
#include "tensor/plan.h"

enum { CHUNK_SECONDS = 4, CHUNK_LEAST = 8 };

struct run {
    const dio_vocoder *v;
    const dio_vocoder_input *in;
    const dio_vocoder_options *o;
    dio_device *device;
    const float *rows; /* what `forward` takes, [frames][width] */
    float *made;       /* the same when a prelude made it */
    int64_t width;
    int64_t chunk, window; /* frames */
    dio_plan *plan;
    dio_clip *clip;
    dio_error *err;
};

/* --- what comes in --- */

static bool check_mel(const struct run *r)
{
    int64_t n = r->in->frames * r->v->shape.features;
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(r->in->mel[i]))
            return dio_fail(r->err, "frame %lld, number %d is not finite",
                            (long long)(i / r->v->shape.features), (int)(i % r->v->shape.features));
    return true;
}

static bool check_codes(const struct run *r)
{
    const dio_vocoder_shape *s = &r->v->shape;
    if (r->in->codebooks < 1 || r->in->codebooks > s->codebooks)
        return dio_fail(r->err, "%d codebooks: this vocoder takes 1 to %d", r->in->codebooks,
                        s->codebooks);
    for (int64_t i = 0; i < r->in->frames * r->in->codebooks; i++)
        if (r->in->codes[i] < 0 || r->in->codes[i] >= s->entries)
            return dio_fail(r->err, "codebook %d, frame %lld: code %d is outside 0..%d",
                            (int)(i / r->in->frames), (long long)(i % r->in->frames),
                            (int)r->in->codes[i], s->entries - 1);
    return true;
}

static bool check(const struct run *r)
{
    const dio_vocoder_shape *s = &r->v->shape;
    if (r->in->frames < s->least || r->in->frames > DIO_VOCODER_FRAMES)
        return dio_fail(r->err, "%lld frames: this vocoder takes %d to %d",
                        (long long)r->in->frames, s->least, DIO_VOCODER_FRAMES);
    if (s->features ? !r->in->mel : !r->in->codes)
        return dio_fail(r->err, "this vocoder takes %s, and there are none",
                        s->features ? "frames of a mel spectrogram" : "codes");
    return s->features ? check_mel(r) : check_codes(r);
}

/* --- plans --- */

static dio_plan *plan_of(const struct run *r, dio_type type, bool prelude, dio_error *err)
{
    const dio_vocoder *v = r->v;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_val x = dio_input(g, "x", type);
    x = prelude ? v->ops->prelude(g, v->net.model, x)
                : v->ops->forward(g, v->net.model, x, r->in->codebooks);
    size_t limit = r->o->memory_limit ? r->o->memory_limit : dio_room_memory() / 2;
    dio_plan_options options = {.memory_limit = limit};
    dio_plan *p = dio_plan_create(g, &x, 1, false, r->device, &options, err);
    dio_graph_destroy(g);
    return p;
}

/* What must see all frames, over all of them. */
static bool run_prelude(struct run *r)
{
    const dio_vocoder_shape *s = &r->v->shape;
    const dio_vocoder_input *in = r->in;
    dio_type from = s->features ? dio_type_3d(DIO_F32, 1, in->frames, s->features)
                                : dio_type_3d(DIO_I32, 1, in->codebooks, in->frames);
    dio_type to;
    dio_plan *p = plan_of(r, from, true, r->err);
    const void *x = s->features ? (const void *)in->mel : (const void *)in->codes;
    bool ok =
        p && dio_plan_set(p, "x", x, dio_type_bytes(&from), r->err) && dio_plan_run(p, r->err);
    if (ok) {
        const float *out = dio_plan_output(p, 0, &to);
        r->width = to.dim[2];
        r->rows = r->made = malloc(dio_type_bytes(&to));
        if (r->made)
            memcpy(r->made, out, dio_type_bytes(&to));
        else
            ok = dio_fail_memory(r->err, "a vocoder's frames");
    }
    dio_plan_destroy(p);
    return ok;
}

/* The window's plan; where it does not fit, that of a shorter one. */
static bool make_plan(struct run *r)
{
    const dio_vocoder_shape *s = &r->v->shape;
    int64_t frames = r->in->frames;
    r->chunk = r->o->chunk > 0 ? r->o->chunk : (int64_t)CHUNK_SECONDS * s->rate / s->hop + 1;
    for (;; r->chunk /= 2) {
        dio_error err = {0};
        r->window = r->chunk + s->before + s->after;
        r->window = r->window < s->least ? s->least : r->window;
        r->window = r->window < frames ? r->window : frames;
        r->plan = plan_of(r, dio_type_3d(DIO_F32, 1, r->window, r->width), false, &err);
        if (r->plan)
            return true;
        if (r->chunk / 2 < CHUNK_LEAST || err.kind != DIO_ERROR_RETRY) {
            *r->err = err;
            return false;
        }
        r->chunk = r->chunk < frames ? r->chunk : frames;
    }
}

/* --- chunks --- */

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
    const dio_vocoder_shape *s = &r->v->shape;
    int64_t all = dio_vocoder_length(r->v, r->in->frames);
    int64_t start = begin - s->before, most = r->in->frames - r->window;
    start = start < most ? start : most;
    start = start > 0 ? start : 0;
    size_t row = (size_t)r->width * sizeof(float);
    if (!dio_plan_set(r->plan, "x", r->rows + start * r->width, (size_t)r->window * row, r->err) ||
        !dio_plan_run(r->plan, r->err))
        return false;
    int64_t first = begin * s->hop, last = (begin + r->chunk) * s->hop;
    const float *out = dio_plan_output(r->plan, 0, NULL);
    last = last < all ? last : all;
    return first >= last || hand_out(r, first, out + first - start * s->hop, last - first);
}

static bool run_all(struct run *r)
{
    bool ok = true;
    r->rows = r->in->mel;
    r->width = r->v->shape.features;
    if (r->v->shape.prelude && !run_prelude(r))
        return false;
    if (!make_plan(r))
        return false;
    for (int64_t at = 0; ok && at < r->in->frames; at += r->chunk)
        ok = run_chunk(r, at);
    return ok;
}

bool dio_vocoder_run(const dio_vocoder *v, dio_device *device, const dio_vocoder_input *in,
                     const dio_vocoder_options *options, dio_clip **out, dio_error *err)
{
    static const dio_vocoder_options usual;
    struct run r = {
        .v = v, .in = in, .o = options ? options : &usual, .device = device, .err = err};
    bool ok = check(&r);
    if (ok && out) {
        r.clip = dio_clip_create(v->shape.rate, 1, dio_vocoder_length(v, in->frames), err);
        ok = r.clip != NULL;
    }
    ok = ok && run_all(&r);
    dio_plan_destroy(r.plan);
    free(r.made);
    if (!ok) {
        dio_clip_unref(r.clip);
        return false;
    }
    if (out)
        *out = r.clip;
    return true;
}
