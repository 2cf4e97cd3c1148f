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
static float *prelude(const struct run *r, dio_device *device, size_t limit, int64_t *width,
                      dio_error *err)
{
    const dio_vocoder_shape *s = &r->v->shape;
    const dio_vocoder_input *in = r->in;
    dio_type from = s->features ? dio_type_3d(DIO_F32, 1, in->frames, s->features)
                                : dio_type_3d(DIO_I32, 1, in->codebooks, in->frames);
    dio_type to = {0};
    const void *x = s->features ? (const void *)in->mel : (const void *)in->codes;
    float *rows = dio_chunks_once(device, from, x, build_prelude, r, limit, &to, err);
    *width = to.dim[2];
    return rows;
}

bool dio_vocoder_run(const dio_vocoder *v, dio_device *device, const dio_vocoder_input *in,
                     const dio_chunks_options *options, dio_clip **out, dio_error *err)
{
    const dio_vocoder_shape *s = &v->shape;
    const struct run r = {v, in};
    if (!check(&r, err))
        return false;
    float *made = NULL;
    int64_t width = s->features;
    if (s->prelude &&
        !(made = prelude(&r, device, options ? options->memory_limit : 0, &width, err)))
        return false;
    const dio_chunks c = {.rate = s->rate,
                          .hop = s->hop,
                          .trim = s->trim,
                          .least = s->least,
                          .before = s->before,
                          .after = s->after,
                          .build = build,
                          .user = &r};
    bool ok =
        dio_chunks_run(&c, device, made ? made : in->mel, in->frames, width, options, out, err);
    free(made);
    return ok;
}
