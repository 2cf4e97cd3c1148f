/* loudness.c: clips through libebur128, in steps of 0.1 s so that the loudest moments are seen. */
#include "audio/loudness.h"

#include <ebur128.h>
#include <math.h>
#include <stdlib.h>

enum { STEPS = 10 /* a second */, SHORTEST_STEPS = 4 };

struct meter {
    ebur128_state *state;
    float *block; /* one step, channels side by side */
    int64_t step;
};

static void meter_deinit(struct meter *m)
{
    if (m->state)
        ebur128_destroy(&m->state);
    free(m->block);
}

static bool meter_init(struct meter *m, const dio_clip *clip, int mode, dio_error *err)
{
    *m = (struct meter){.step = clip->rate / STEPS};
    m->state = ebur128_init((unsigned)clip->channels, (unsigned long)clip->rate, mode);
    m->block = malloc((size_t)(m->step * clip->channels) * sizeof *m->block);
    if (m->state && m->block)
        return true;
    meter_deinit(m);
    dio_fail_memory(err, "a loudness meter");
    return false;
}

/* The step at sample `at`; what lies behind the clip is silence up to n. */
static bool feed(struct meter *m, const dio_clip *clip, int64_t at, int64_t n, dio_error *err)
{
    for (int c = 0; c < clip->channels; c++) {
        const float *x = dio_clip_channel(clip, c);
        for (int64_t i = 0; i < n; i++)
            m->block[i * clip->channels + c] = at + i < clip->length ? x[at + i] : 0;
    }
    return ebur128_add_frames_float(m->state, m->block, (size_t)n) == EBUR128_SUCCESS ||
           dio_fail_memory(err, "a loudness meter");
}

static double decibels(double v)
{
    return v > 0 ? 20 * log10(v) : -HUGE_VAL;
}

/* The most of what `get` tells after any step. */
static void raise_to(double *most, ebur128_state *state, int get(ebur128_state *, double *))
{
    double now;
    if (get(state, &now) == EBUR128_SUCCESS && now > *most)
        *most = now;
}

static bool run(struct meter *m, const dio_clip *clip, dio_loudness *out, dio_error *err)
{
    for (int64_t at = 0; at < clip->length; at += m->step) {
        int64_t n = clip->length - at < m->step ? clip->length - at : m->step;
        if (!feed(m, clip, at, n, err))
            return false;
        raise_to(&out->short_most, m->state, ebur128_loudness_shortterm);
        raise_to(&out->momentary_most, m->state, ebur128_loudness_momentary);
    }
    double true_peak = 0, sample_peak = 0, peak;
    for (unsigned c = 0; c < (unsigned)clip->channels; c++) {
        if (ebur128_true_peak(m->state, c, &peak) == EBUR128_SUCCESS)
            true_peak = fmax(true_peak, peak);
        if (ebur128_sample_peak(m->state, c, &peak) == EBUR128_SUCCESS)
            sample_peak = fmax(sample_peak, peak);
    }
    out->true_peak = decibels(true_peak);
    out->sample_peak = decibels(sample_peak);
    return (ebur128_loudness_global(m->state, &out->integrated) == EBUR128_SUCCESS &&
            ebur128_loudness_range(m->state, &out->range) == EBUR128_SUCCESS) ||
           dio_fail_memory(err, "a loudness meter");
}

bool dio_clip_loudness(const dio_clip *clip, dio_loudness *out, dio_error *err)
{
    struct meter m;
    *out = (dio_loudness){.short_most = -HUGE_VAL, .momentary_most = -HUGE_VAL};
    if (!meter_init(&m, clip, EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK, err))
        return false;
    bool ok = run(&m, clip, out, err);
    meter_deinit(&m);
    return ok;
}

bool dio_clip_integrated(const dio_clip *clip, double *lufs, dio_error *err)
{
    struct meter m;
    *lufs = -HUGE_VAL;
    if (!meter_init(&m, clip, EBUR128_MODE_I, err))
        return false;
    int64_t length =
        clip->length < SHORTEST_STEPS * m.step ? SHORTEST_STEPS * m.step : clip->length;
    bool ok = true;
    for (int64_t at = 0; ok && at < length; at += m.step)
        ok = feed(&m, clip, at, length - at < m.step ? length - at : m.step, err);
    if (ok && ebur128_loudness_global(m.state, lufs) != EBUR128_SUCCESS)
        ok = dio_fail_memory(err, "a loudness meter");
    meter_deinit(&m);
    return ok;
}

bool dio_clip_true_peak(const dio_clip *clip, double *peak, dio_error *err)
{
    struct meter m;
    *peak = 0;
    if (!meter_init(&m, clip, EBUR128_MODE_TRUE_PEAK, err))
        return false;
    bool ok = true;
    for (int64_t at = 0; ok && at < clip->length; at += m.step)
        ok = feed(&m, clip, at, clip->length - at < m.step ? clip->length - at : m.step, err);
    for (unsigned c = 0; ok && c < (unsigned)clip->channels; c++) {
        double one = 0;
        if (ebur128_true_peak(m.state, c, &one) == EBUR128_SUCCESS)
            *peak = fmax(*peak, one);
    }
    meter_deinit(&m);
    return ok;
}

bool dio_clip_gain(dio_clip **clip, double db, dio_error *err)
{
    float factor = (float)pow(10, db / 20);
    if (!dio_clip_writable(clip, err))
        return false;
    for (int c = 0; c < (*clip)->channels; c++)
        for (int64_t i = 0; i < (*clip)->length; i++)
            dio_clip_channel(*clip, c)[i] *= factor;
    return true;
}
