/* mix.c: the bus on which parts are added. */
#include "audio/mix.h"

#include <math.h>
#include <stdlib.h>

#include "audio/clip_edit.h"
#include "audio/resample.h"

enum { SECONDS_MOST = 24 * 3600 };
static const double crossing = 0.25; /* seconds over which a loop's end and beginning lie */

/* A part made ready: at the mix's rate, faded, with its gain for each pair of channels. */
struct ready {
    dio_clip *clip;
    int64_t start;    /* samples in the mix */
    float gain[2][2]; /* [into][from] */
    bool loop;
    int64_t cross;
};

static bool check(const dio_mix_part *p, int i, const dio_mix_form *form, dio_error *err)
{
    if (p->clip->channels > 2)
        return dio_fail(err, "part %d of a mix has %d channels: 1 and 2 are mixed", i + 1,
                        p->clip->channels);
    if (!(fabs(p->start) <= SECONDS_MOST))
        return dio_fail(err, "part %d of a mix starts at %g s: within a day", i + 1, p->start);
    if (!(p->pan >= -1 && p->pan <= 1) || !(p->gain <= 60))
        return dio_fail(err, "part %d of a mix has gain %g dB and pan %g: at most 60, and -1 to 1",
                        i + 1, p->gain, p->pan);
    if (p->loop && !(form->seconds > 0))
        return dio_fail(err, "part %d of a mix is a loop: then the mix needs a length", i + 1);
    return true;
}

static void set_gains(struct ready *r, const dio_mix_part *p, int channels)
{
    float gain = (float)pow(10, p->gain / 20);
    double angle = (p->pan + 1) * M_PI / 4;
    if (channels == 1) {
        r->gain[0][0] = r->clip->channels == 1 ? gain : gain / 2;
        r->gain[0][1] = gain / 2;
    } else if (r->clip->channels == 1) {
        r->gain[0][0] = gain * (float)cos(angle);
        r->gain[1][0] = gain * (float)sin(angle);
    } else {
        r->gain[0][0] = gain * (float)fmin(1, 1 - p->pan);
        r->gain[1][1] = gain * (float)fmin(1, 1 + p->pan);
    }
}

static bool make_ready(struct ready *r, const dio_mix_part *p, const dio_mix_form *form,
                       dio_error *err)
{
    *r = (struct ready){.loop = p->loop};
    r->clip = dio_clip_resample(p->clip, form->rate, err);
    if (!r->clip)
        return false;
    if ((p->fade_in > 0 || p->fade_out > 0) && !p->loop &&
        !dio_clip_fade(&r->clip, p->fade_in, p->fade_out, err))
        return false;
    r->start = llrint(p->start * form->rate);
    r->cross = llrint(crossing * form->rate);
    if (r->cross > r->clip->length / 3)
        r->cross = r->clip->length / 3;
    set_gains(r, p, form->channels);
    return true;
}

/* ---- adding ---- */

/* One pass of the clip at `start`; in a loop its ends are weighed so that powers add up to one. */
static void add_pass(const struct ready *r, dio_clip *mix, int64_t start, bool rise, bool fall)
{
    int64_t n = r->clip->length, from = start < 0 ? -start : 0;
    int64_t to = mix->length - start < n ? mix->length - start : n;
    for (int c = 0; c < mix->channels; c++) {
        float *out = dio_clip_channel(mix, c);
        for (int k = 0; k < r->clip->channels; k++) {
            const float *x = dio_clip_channel(r->clip, k);
            for (int64_t i = from; i < to && r->gain[c][k] != 0; i++) {
                double weight = 1;
                if (rise && i < r->cross)
                    weight = sin(M_PI / 2 * ((double)i + 0.5) / (double)r->cross);
                else if (fall && n - 1 - i < r->cross)
                    weight = sin(M_PI / 2 * ((double)(n - 1 - i) + 0.5) / (double)r->cross);
                out[start + i] += x[i] * r->gain[c][k] * (float)weight;
            }
        }
    }
}

/* A loop's fades are over the whole of it, so it is added apart. */
static bool add_loop(const struct ready *r, const dio_mix_part *p, dio_clip *mix, dio_error *err)
{
    int64_t step = r->clip->length - r->cross;
    int64_t begin = r->start > 0 ? r->start : 0;
    if (step < 1 || begin >= mix->length)
        return true;
    dio_clip *whole = dio_clip_create(mix->rate, mix->channels, mix->length - begin, err);
    if (!whole)
        return false;
    for (int64_t at = r->start - begin; at < whole->length; at += step)
        add_pass(r, whole, at, at > r->start - begin, true);
    bool ok = dio_clip_fade(&whole, p->fade_in, p->fade_out, err);
    for (int c = 0; ok && c < mix->channels; c++)
        for (int64_t i = 0; i < whole->length; i++)
            dio_clip_channel(mix, c)[begin + i] += dio_clip_channel(whole, c)[i];
    dio_clip_unref(whole);
    return ok;
}

static int64_t length_of(const struct ready *ready, int count, const dio_mix_form *form)
{
    int64_t length = 0;
    if (form->seconds > 0)
        return llrint(form->seconds * form->rate);
    for (int i = 0; i < count; i++) {
        int64_t end = ready[i].start + ready[i].clip->length;
        length = end > length ? end : length;
    }
    return length;
}

static dio_clip *add_all(const struct ready *ready, const dio_mix_part *parts, int count,
                         const dio_mix_form *form, dio_error *err)
{
    dio_clip *mix = dio_clip_create(form->rate, form->channels, length_of(ready, count, form), err);
    bool ok = mix != NULL;
    for (int i = 0; ok && i < count; i++) {
        if (ready[i].loop)
            ok = add_loop(&ready[i], &parts[i], mix, err);
        else
            add_pass(&ready[i], mix, ready[i].start, false, false);
    }
    if (ok)
        return mix;
    dio_clip_unref(mix);
    return NULL;
}

dio_clip *dio_mix(const dio_mix_part *parts, int count, const dio_mix_form *form, dio_error *err)
{
    dio_clip *mix = NULL;
    if (form->channels < 1 || form->channels > 2 || !(form->seconds <= SECONDS_MOST)) {
        dio_fail(err, "a mix of %d channels and %g seconds: 1 or 2, and at most a day",
                 form->channels, form->seconds);
        return NULL;
    }
    struct ready *ready = calloc((size_t)count + 1, sizeof *ready);
    if (!ready) {
        dio_fail_memory(err, "a mix");
        return NULL;
    }
    bool ok = true;
    for (int i = 0; ok && i < count; i++)
        ok = check(&parts[i], i, form, err) && make_ready(&ready[i], &parts[i], form, err);
    if (ok)
        mix = add_all(ready, parts, count, form, err);
    for (int i = 0; i < count; i++)
        dio_clip_unref(ready[i].clip);
    free(ready);
    return mix;
}
