/* voicing.c: low cut, de-esser, leveller: what a voice gets before its loudness is set.
 *
 * The clip's own level is the mean over its speech: of frames of 50 ms, those within 30 dB of the
 * loudest. Gains are found for all channels together and applied to each. */
#include <math.h>
#include <stdlib.h>

#include "audio/biquad.h"
#include "audio/dynamics.h"

enum { FRAMES = 20 /* a second */, WITHIN = 30 /* dB */ };

static double to_db(double power)
{
    return 10 * log10(power + 1e-20);
}

/* ---- low cut ---- */

bool dio_clip_low_cut(dio_clip **clip, double hertz, dio_error *err)
{
    if (!(hertz > 0 && hertz < (*clip)->rate / 4.0))
        return dio_fail(err, "a low cut at %g Hz: at %d samples a second there are up to %g", hertz,
                        (*clip)->rate, (*clip)->rate / 4.0);
    if (!dio_clip_writable(clip, err))
        return false;
    for (int c = 0; c < (*clip)->channels && (*clip)->length > 0; c++) {
        float *x = dio_clip_channel(*clip, c);
        dio_biquad f = dio_biquad_high_pass(hertz, (*clip)->rate);
        dio_biquad_settle(&f, (double)x[0]);
        for (int64_t i = 0; i < (*clip)->length; i++)
            x[i] = (float)dio_biquad_run(&f, (double)x[i]);
    }
    return true;
}

/* ---- levels ---- */

/* Mean power of frames of 50 ms over all channels. */
struct levels {
    int64_t step, count;
    double *power; /* [count] */
    double loudest, speech;
};

static double frame_power(const dio_clip *clip, int64_t begin, int64_t end)
{
    double sum = 0;
    for (int c = 0; c < clip->channels; c++) {
        const float *x = dio_clip_channel(clip, c);
        for (int64_t i = begin; i < end; i++)
            sum += (double)x[i] * (double)x[i];
    }
    return sum / (double)((end - begin) * clip->channels);
}

static bool active(const struct levels *l, int64_t frame)
{
    return to_db(l->power[frame]) > to_db(l->loudest) - WITHIN;
}

static bool levels_init(struct levels *l, const dio_clip *clip, dio_error *err)
{
    *l = (struct levels){.step = clip->rate / FRAMES};
    l->count = (clip->length + l->step - 1) / l->step;
    l->power = malloc((size_t)(l->count + 1) * sizeof *l->power);
    if (!l->power)
        return dio_fail_memory(err, "a sound's levels");
    for (int64_t t = 0; t < l->count; t++) {
        int64_t end = (t + 1) * l->step < clip->length ? (t + 1) * l->step : clip->length;
        l->power[t] = frame_power(clip, t * l->step, end);
        l->loudest = fmax(l->loudest, l->power[t]);
    }
    double sum = 0, among = 0;
    for (int64_t t = 0; t < l->count; t++) {
        if (active(l, t)) {
            sum += l->power[t];
            among++;
        }
    }
    l->speech = among > 0 ? sum / among : 0;
    return true;
}

/* ---- de-esser ---- */

static const double sibilants = 5500, shelf = 3500; /* Hz */

/* dB to take off at each sample: the band's power over 4 ms against the speech's. */
static void find_sibilants(const dio_clip *clip, double speech, double below, double most,
                           float *off)
{
    double keep = exp(-1 / (0.004 * clip->rate)), power = 0;
    double threshold = to_db(speech) - below;
    dio_biquad band[DIO_CLIP_CHANNELS];
    for (int c = 0; c < clip->channels; c++)
        band[c] = dio_biquad_high_pass(sibilants, clip->rate);
    for (int64_t i = 0; i < clip->length; i++) {
        double now = 0;
        for (int c = 0; c < clip->channels; c++) {
            double v = dio_biquad_run(&band[c], (double)dio_clip_channel(clip, c)[i]);
            now += v * v / clip->channels;
        }
        power = keep * power + (1 - keep) * now;
        off[i] = (float)fmin(most, fmax(0, (to_db(power) - threshold) / 2));
    }
}

/* Forwards and backwards over 5 ms, so that it begins before the sound does. */
static void smooth(float *v, int64_t n, int rate)
{
    double keep = exp(-1 / (0.005 * rate)), now = 0;
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)(now = keep * now + (1 - keep) * (double)v[i]);
    now = 0;
    for (int64_t i = n; i-- > 0;)
        v[i] = (float)(now = keep * now + (1 - keep) * (double)v[i]);
}

/* What lies below the shelf is taken off by one pole and left alone; the rest is turned down. With
 * no gain the two make the sound again, exactly. */
static void turn_down(dio_clip *clip, const float *off)
{
    double pole = exp(-2 * M_PI * shelf / clip->rate);
    for (int c = 0; c < clip->channels; c++) {
        float *x = dio_clip_channel(clip, c);
        double low = clip->length ? (double)x[0] : 0;
        for (int64_t i = 0; i < clip->length; i++) {
            low = pole * low + (1 - pole) * (double)x[i];
            if (off[i] > 1e-3f)
                x[i] = (float)(low + ((double)x[i] - low) * pow(10, (double)off[i] / -20));
        }
    }
}

bool dio_clip_deess(dio_clip **clip, const dio_deesser *how, dio_error *err)
{
    double below = how && how->below > 0 ? how->below : 9;
    double most = how && how->most > 0 ? how->most : 6;
    if ((*clip)->rate / 2.0 <= sibilants * 1.1 || (*clip)->length == 0)
        return true; /* there is no such band */
    struct levels levels;
    if (!dio_clip_writable(clip, err) || !levels_init(&levels, *clip, err))
        return false;
    float *off = malloc((size_t)(*clip)->length * sizeof *off);
    if (off) {
        find_sibilants(*clip, levels.speech, below, most, off);
        smooth(off, (*clip)->length, (*clip)->rate);
        turn_down(*clip, off);
    }
    free(levels.power);
    free(off);
    return off || dio_fail_memory(err, "a de-esser");
}

/* ---- leveller ---- */

/* gains [count + 1], in dB: for each frame from the power of 0.4 s around it; frames of pauses get
 * what lies between their neighbours', or the nearest one's. */
static void find_gains(const struct levels *l, double share, double most, double *gains)
{
    enum { AROUND = 4 };
    int64_t last = -1;
    for (int64_t t = 0; t < l->count; t++) {
        double sum = 0, n = 0;
        for (int64_t k = t - AROUND; k <= t + AROUND; k++) {
            if (k >= 0 && k < l->count && active(l, k)) {
                sum += l->power[k];
                n++;
            }
        }
        if (n == 0)
            continue;
        double gain = share * (to_db(l->speech) - to_db(sum / n));
        gains[t] = fmin(most, fmax(-most, gain));
        for (int64_t k = last + 1; k < t; k++)
            gains[k] = last < 0 ? gains[t]
                                : gains[last] + (gains[t] - gains[last]) * (double)(k - last) /
                                                    (double)(t - last);
        last = t;
    }
    for (int64_t k = last + 1; k < l->count; k++)
        gains[k] = last < 0 ? 0 : gains[last];
}

/* Weighed over 0.3 s on both sides by a raised cosine. */
static void slow_down(const double *gains, int64_t count, double *slow)
{
    enum { SIDE = 6 };
    for (int64_t t = 0; t < count; t++) {
        double sum = 0, weight = 0;
        for (int k = -SIDE; k <= SIDE; k++) {
            double w = 1 + cos(M_PI * k / (SIDE + 1));
            int64_t at = t + k < 0 ? 0 : t + k < count ? t + k : count - 1;
            sum += w * gains[at];
            weight += w;
        }
        slow[t] = sum / weight;
    }
}

/* Between the middles of frames in a straight line of dB. */
static void apply_gains(dio_clip *clip, const struct levels *l, const double *slow)
{
    for (int64_t i = 0; i < clip->length; i++) {
        double at = ((double)i + 0.5) / (double)l->step - 0.5;
        int64_t t = at < 0 ? 0 : (int64_t)at;
        int64_t next = t + 1 < l->count ? t + 1 : t;
        double part = fmin(1, fmax(0, at - (double)t));
        float gain = (float)pow(10, (slow[t] + (slow[next] - slow[t]) * part) / 20);
        for (int c = 0; c < clip->channels; c++)
            dio_clip_channel(clip, c)[i] *= gain;
    }
}

bool dio_clip_level(dio_clip **clip, const dio_leveller *how, dio_error *err)
{
    double share = how && how->share > 0 ? fmin(how->share, 1) : 0.6;
    double most = how && how->most > 0 ? how->most : 6;
    struct levels levels;
    if (!dio_clip_writable(clip, err) || !levels_init(&levels, *clip, err))
        return false;
    double *gains = malloc((size_t)(2 * levels.count + 1) * sizeof *gains);
    if (gains) {
        find_gains(&levels, share, most, gains);
        slow_down(gains, levels.count, gains + levels.count);
        apply_gains(*clip, &levels, gains + levels.count);
    }
    free(levels.power);
    free(gains);
    return gains || dio_fail_memory(err, "a leveller");
}
