/* vocoder_run.c: what a vocoder is given, checked, and made into a clip. */
#include <math.h>
#include <stdlib.h>

#include "audio/vocoder_impl.h"

struct run {
    const dio_vocoder *v;
    const dio_vocoder_input *in;
};

static bool check_mel(const struct run *r, dio_error *err)
{
    int width = r->v->shape.features;
    for (int64_t i = 0; i < r->in->frames * width; i++)
        if (!isfinite(r->in->mel[i]))
            return dio_fail(err, "frame %lld, number %d is not finite", (long long)(i / width),
                            (int)(i % width));
    return true;
}

static bool check_codes(const struct run *r, dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    if (r->in->codebooks < 1 || r->in->codebooks > s->codebooks)
        return dio_fail(err, "%d codebooks: this vocoder takes 1 to %d", r->in->codebooks,
                        s->codebooks);
    for (int64_t i = 0; i < r->in->frames * r->in->codebooks; i++)
        if (r->in->codes[i] < 0 || r->in->codes[i] >= s->entries)
            return dio_fail(err, "codebook %d, frame %lld: code %d is outside 0..%d",
                            (int)(i / r->in->frames), (long long)(i % r->in->frames),
                            (int)r->in->codes[i], s->entries - 1);
    return true;
}

static bool check(const struct run *r, dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    if (r->in->frames < s->least || r->in->frames > DIO_VOCODER_FRAMES)
        return dio_fail(err, "%lld frames: this vocoder takes %d to %d", (long long)r->in->frames,
                        s->least, DIO_VOCODER_FRAMES);
    if (s->features ? !r->in->mel : !r->in->codes)
        return dio_fail(err, "this vocoder takes %s, and there are none",
                        s->features ? "frames of a mel spectrogram" : "codes");
    if (s->features && s->known && r->in->dialect &&
        !dio_mel_dialect_equal(r->in->dialect, "the mel", &s->mel, "this vocoder", err))
        return false;
    return s->features ? check_mel(r, err) : check_codes(r, err);
}

static dio_val build_prelude(dio_graph *g, const void *user, dio_val x)
{
    const struct run *r = user;
    return r->v->ops->prelude(g, r->v->net.model, x);
}

static dio_val build(dio_graph *g, const void *user, dio_val x)
{
    const struct run *r = user;
    return r->v->ops->forward(g, r->v->net.model, x, r->in->codebooks);
}

/* What must see all frames, over all of them: rows for `build`, malloc'ed. */
static float *prelude(const struct run *r, dio_plans *plans, size_t limit, int64_t *width,
                      dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    const dio_vocoder_input *in = r->in;
    const dio_chunks_once c = {.stage = "prelude",
                               .type = s->features
                                           ? dio_type_3d(DIO_F32, 1, in->frames, s->features)
                                           : dio_type_3d(DIO_I32, 1, in->codebooks, in->frames),
                               .build = build_prelude,
                               .user = r,
                               .memory_limit = limit};
    dio_type to = {0};
    const void *x = s->features ? (const void *)in->mel : (const void *)in->codes;
    float *rows = dio_chunks_run_once(&c, plans, x, &to, err);
    *width = to.dim[2];
    return rows;
}

/* --- those that draw --- */

struct hearing {
    const dio_chunks_options *o;
    dio_clip *clip; /* or NULL */
    float *block;   /* [hop]: what is handed out together */
    int64_t hop, count;
    dio_error *err;
};

static bool hear(void *user, int64_t at, float drawn, float heard)
{
    const struct hearing *h = user;
    (void)drawn;
    int64_t held = at % h->hop + 1;
    h->block[held - 1] = heard;
    if (h->clip)
        dio_clip_channel(h->clip, 0)[at] = heard;
    if ((held < h->hop && at + 1 < h->count) || !h->o || !h->o->samples)
        return true;
    return h->o->samples(h->o->user, h->block, held) ||
           dio_fail(h->err, "stopped after %lld samples", (long long)(at + 1));
}

static bool draw(const struct run *r, const float *rows, const dio_chunks_options *o,
                 dio_clip **out, dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    struct hearing h = {o, NULL, NULL, s->hop, dio_vocoder_length(r->v, r->in->frames), err};
    const dio_vocoder_draft d = {.heard = rows,
                                 .count = h.count,
                                 .seed = r->in->seed,
                                 .uniforms = r->in->uniforms,
                                 .said = r->in->said,
                                 .sample = hear,
                                 .user = &h};
    h.clip = out ? dio_clip_create(s->rate, 1, h.count, err) : NULL;
    h.block = malloc((size_t)s->hop * sizeof *h.block);
    bool ok = (h.clip || !out) && (h.block || dio_fail_memory(err, "a vocoder's samples"));
    ok = ok && r->v->ops->generate(r->v->net.model, &d, err);
    free(h.block);
    if (!ok)
        dio_clip_unref(h.clip);
    if (out)
        *out = ok ? h.clip : NULL;
    return ok;
}

static bool run(const struct run *r, dio_plans *plans, const dio_chunks_options *options,
                dio_clip **out, dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    float *made = NULL;
    int64_t width = s->features;
    if (s->prelude && !(made = prelude(r, plans, options ? options->memory_limit : 0, &width, err)))
        return false;
    if (r->v->ops->generate) {
        bool drawn = draw(r, made, options, out, err);
        free(made);
        return drawn;
    }
    const dio_chunks c = {.rate = s->rate,
                          .hop = s->hop,
                          .trim = s->trim,
                          .least = s->least,
                          .before = s->before,
                          .after = s->after,
                          .step = s->step,
                          .build = build,
                          .user = r,
                          .variant = r->in->codebooks};
    bool ok = dio_chunks_run(&c, plans, made ? made : r->in->mel, r->in->frames, width, options,
                             out, err);
    free(made);
    return ok;
}

bool dio_vocoder_run(const dio_vocoder *v, dio_device *device, const dio_vocoder_input *in,
                     const dio_chunks_options *options, dio_clip **out, dio_error *err)
{
    const struct run r = {v, in};
    dio_plans *kept = options ? options->plans : NULL;
    if (!check(&r, err) || (kept && !dio_plans_check(kept, device, err)))
        return false;
    dio_plans *plans = kept ? kept : dio_plans_create(device, err);
    const bool ok = plans && run(&r, plans, options, out, err);
    if (!kept)
        dio_plans_destroy(plans);
    return ok;
}
