/* voice.c: from symbols to a score, and from a score to sound.
 *
 * Durations come as logarithms; a symbol lasts the next whole number of frames above, as the
 * authors round, and its mean and spread stand for each of these frames. What is drawn around them
 * goes through the flow, which sees every frame, and through the decoder in chunks. */
#include "audio/voice_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/models.h"
#include "base/rng.h"

enum { DRAW_DURATIONS = 1, DRAW_FRAMES = 2 }; /* streams */

static void ready(void *owner)
{
    dio_voice *v = owner;
    v->ops = v->net.family->ops;
    v->ops->shape(v->net.model, &v->shape);
}

const dio_network_kind dio_voice_kind = {
    .what = "a voice",
    .kind = "voice",
    .families = &dio_audio_models,
    .size = sizeof(dio_voice),
    .ready = ready,
    .finite = true,
    .weight_norm = true,
};

dio_voice *dio_voice_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    return dio_network_create(&dio_voice_kind, config, seed, DIO_F32, err);
}

void dio_voice_close(dio_voice *v)
{
    if (v)
        dio_symbols_destroy(v->symbols);
    dio_network_close(v);
}

/* --- text --- */

void dio_voice_text_forward(dio_graph *g, const dio_voice *v, dio_voice_text *io)
{
    dio_type t = dio_type_of(g, io->ids);
    char text[DIO_TYPE_TEXT];
    io->means = io->logs = io->durations = DIO_NONE;
    if (dio_graph_ok(g) && (t.dtype != DIO_I32 || t.nd != 2 || t.dim[1] < 1))
        dio_graph_fail(g, "symbols must be i32[B,T], not %s", dio_type_text(&t, text));
    if (dio_graph_ok(g))
        v->ops->text(g, v->net.model, io);
}

static bool check(const dio_voice *v, const dio_voice_request *r, dio_error *err)
{
    const dio_voice_shape *s = &v->shape;
    if (r->count < 1 || r->count > DIO_VOICE_SYMBOLS)
        return dio_fail(err, "%d symbols: a voice takes 1 to %d at a time", r->count,
                        DIO_VOICE_SYMBOLS);
    if (r->speaker < 0 || r->speaker >= s->speakers)
        return dio_fail(err, "speaker %d: this voice has %d, counted from 0", r->speaker,
                        s->speakers);
    for (int i = 0; i < r->count; i++)
        if (r->ids[i] < 0 || r->ids[i] >= s->symbols)
            return dio_fail(err, "symbol %d has the number %d, outside 0..%d", i, (int)r->ids[i],
                            s->symbols - 1);
    for (int i = 0; i < 2; i++) {
        const float *scale = i ? r->noise_duration : r->noise;
        if (scale && !(*scale >= 0 && *scale <= 10))
            return dio_fail(err, "a scale of noise of %g is outside 0..10", (double)*scale);
    }
    return true;
}

struct asked {
    const dio_voice *v;
    const dio_voice_request *r;
};

static int build_text(dio_graph *g, const void *user, dio_val *out)
{
    const struct asked *a = user;
    dio_voice_text io = {.speaker = a->r->speaker, .noise = DIO_NONE};
    io.ids = dio_input(g, "ids", dio_type_2d(DIO_I32, 1, a->r->count));
    if (a->v->shape.draws)
        io.noise = dio_input(g, "noise", dio_type_3d(DIO_F32, 1, 2, a->r->count));
    dio_voice_text_forward(g, a->v, &io);
    out[0] = io.means, out[1] = io.logs, out[2] = io.durations;
    return 3;
}

/* By symbol, so that what one draws does not depend on how many there are. */
bool dio_voice_noise(const dio_voice *v, const dio_voice_request *r, float *out, dio_error *err)
{
    float scale = r->noise_duration ? *r->noise_duration : v->shape.noise_duration;
    size_t n = (size_t)r->count;
    float *drawn = malloc(2 * n * sizeof *drawn);
    if (!drawn)
        return dio_fail_memory(err, "noise");
    dio_normal(r->seed, DRAW_DURATIONS, 0, drawn, 2 * n);
    for (size_t i = 0; i < 2 * n; i++)
        out[i % 2 * n + i / 2] = scale * drawn[i];
    free(drawn);
    return true;
}

static bool set_noise(dio_plan *p, const dio_voice *v, const dio_voice_request *r, dio_error *err)
{
    size_t bytes = 2 * (size_t)r->count * sizeof(float);
    float *x = v->shape.draws ? malloc(bytes) : NULL;
    if (!v->shape.draws)
        return true;
    bool ok = x ? dio_voice_noise(v, r, x, err) && dio_plan_set(p, "noise", x, bytes, err)
                : dio_fail_memory(err, "noise");
    free(x);
    return ok;
}

void dio_score_destroy(dio_score *s)
{
    if (!s)
        return;
    free(s->duration);
    free(s->means);
    free(s->logs);
    free(s);
}

static dio_score *score_create(const dio_voice *v, const dio_voice_request *r, dio_error *err)
{
    dio_score *s = calloc(1, sizeof *s);
    size_t n = (size_t)r->count, latent = (size_t)v->shape.latent;
    if (s) {
        s->count = r->count;
        s->latent = v->shape.latent;
        s->speaker = r->speaker;
        s->seed = r->seed;
        s->noise = r->noise ? *r->noise : v->shape.noise;
        s->duration = malloc(n * sizeof *s->duration);
        s->means = malloc(n * latent * sizeof *s->means);
        s->logs = malloc(n * latent * sizeof *s->logs);
    }
    if (s && s->duration && s->means && s->logs)
        return s;
    dio_score_destroy(s);
    dio_fail_memory(err, "a score");
    return NULL;
}

static bool take_score(dio_score *s, dio_plan *p, dio_error *err)
{
    size_t bytes = (size_t)s->count * (size_t)s->latent * sizeof(float);
    memcpy(s->means, dio_plan_output(p, 0, NULL), bytes);
    memcpy(s->logs, dio_plan_output(p, 1, NULL), bytes);
    const float *logs = dio_plan_output(p, 2, NULL);
    for (int i = 0; i < s->count; i++) {
        s->duration[i] = (double)expf(logs[i]);
        if (!(s->duration[i] <= DIO_VOICE_FRAMES))
            return dio_fail(err, "symbol %d of %d would last %g frames: the voice cannot say this",
                            i, s->count, s->duration[i]);
    }
    return true;
}

static bool predict(const dio_voice *v, dio_plans *plans, const dio_voice_request *r, dio_score *s,
                    dio_error *err)
{
    const struct asked asked = {v, r};
    const dio_plans_wish wish = {.stage = "text",
                                 .variant = r->speaker,
                                 .type = dio_type_2d(DIO_I32, 1, r->count),
                                 .build = build_text,
                                 .user = &asked};
    dio_plan *p = dio_plans_get(plans, &wish, err);
    return p && dio_plan_set(p, "ids", r->ids, (size_t)r->count * sizeof *r->ids, err) &&
           set_noise(p, v, r, err) && dio_plan_run(p, err) && take_score(s, p, err);
}

dio_score *dio_voice_predict(const dio_voice *v, dio_device *device, const dio_voice_request *r,
                             dio_error *err)
{
    if (!check(v, r, err) || (r->plans && !dio_plans_check(r->plans, device, err)))
        return NULL;
    dio_score *s = score_create(v, r, err);
    dio_plans *plans = !s || r->plans ? r->plans : dio_plans_create(device, err);
    const bool ok = s && plans && predict(v, plans, r, s, err);
    if (!r->plans)
        dio_plans_destroy(plans);
    if (ok)
        return s;
    dio_score_destroy(s);
    return NULL;
}

/* --- times --- */

int64_t dio_score_frames(const dio_score *s, double speed, int64_t *out)
{
    int64_t all = 0;
    float scale = (float)(1 / speed); /* as torch computes */
    for (int i = 0; i < s->count; i++) {
        double frames = (double)ceilf((float)s->duration[i] * scale);
        if (!(frames <= DIO_VOICE_FRAMES) || all + (int64_t)frames > DIO_VOICE_FRAMES)
            return -1;
        all += (int64_t)frames;
        if (out)
            out[i] = (int64_t)frames;
    }
    if (all == 0) { /* silence must last, too */
        all = 1;
        if (out)
            out[s->count - 1] = 1;
    }
    return all;
}

/* --- sound --- */

struct render {
    const dio_voice *v;
    int speaker;
};

static dio_val build_flow(dio_graph *g, const void *user, dio_val z)
{
    const struct render *r = user;
    return r->v->ops->flow(g, r->v->net.model, z, r->speaker);
}

static dio_val build_decode(dio_graph *g, const void *user, dio_val z)
{
    const struct render *r = user;
    return r->v->ops->decode(g, r->v->net.model, z, r->speaker);
}

void dio_score_draw(const dio_score *s, const int64_t *frames, float *z)
{
    int64_t at = 0, n = s->latent;
    for (int i = 0; i < s->count; i++)
        for (int64_t k = 0; k < frames[i]; k++, at++) {
            float *to = z + at * n;
            if (s->noise > 0)
                dio_normal(s->seed, DRAW_FRAMES, (uint64_t)(at * n), to, (size_t)n);
            for (int64_t c = 0; c < n; c++) {
                float spread = s->noise > 0 ? to[c] * expf(s->logs[i * n + c]) * s->noise : 0;
                to[c] = s->means[i * n + c] + spread;
            }
        }
}

static bool render(const struct render *r, dio_plans *plans, const float *z, int64_t frames,
                   const dio_chunks_options *o, dio_clip **out, dio_error *err)
{
    const dio_voice_shape *s = &r->v->shape;
    const dio_chunks_once flow = {.stage = "flow",
                                  .variant = r->speaker,
                                  .type = dio_type_3d(DIO_F32, 1, frames, s->latent),
                                  .build = build_flow,
                                  .user = r,
                                  .memory_limit = o ? o->memory_limit : 0};
    dio_type made;
    float *rows = dio_chunks_run_once(&flow, plans, z, &made, err);
    const dio_chunks c = {.rate = s->rate,
                          .hop = s->hop,
                          .least = 1,
                          .before = s->before,
                          .after = s->after,
                          .step = s->step,
                          .build = build_decode,
                          .user = r,
                          .variant = r->speaker};
    bool ok = rows && dio_chunks_run(&c, plans, rows, frames, s->latent, o, out, err);
    free(rows);
    return ok;
}

bool dio_voice_render(const dio_voice *v, dio_device *device, const dio_score *s, double speed,
                      const dio_chunks_options *options, dio_clip **out, dio_error *err)
{
    const struct render r = {v, s->speaker};
    dio_plans *kept = options ? options->plans : NULL;
    if (kept && !dio_plans_check(kept, device, err))
        return false;
    if (!(speed >= 0.05 && speed <= 20))
        return dio_fail(err, "a speed of %g is outside 0.05..20", speed);
    int64_t all = dio_score_frames(s, speed, NULL);
    if (all < 0)
        return dio_fail(err, "more than %d frames: say less at a time", DIO_VOICE_FRAMES);
    int64_t *frames = malloc((size_t)s->count * sizeof *frames);
    float *z = malloc((size_t)all * (size_t)s->latent * sizeof *z);
    dio_plans *plans = kept ? kept : dio_plans_create(device, err);
    bool ok = plans && ((frames && z) || dio_fail_memory(err, "a voice's frames"));
    if (ok) {
        dio_score_frames(s, speed, frames);
        dio_score_draw(s, frames, z);
        ok = render(&r, plans, z, all, options, out, err);
    }
    if (!kept)
        dio_plans_destroy(plans);
    free(frames);
    free(z);
    return ok;
}
