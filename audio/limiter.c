/* limiter.c: a true-peak limiter that looks ahead.
 *
 * The gain that each sample needs is known from the peaks around it. Its least over `ahead` on both
 * sides, let go slowly, and averaged over the same span, is never above what was needed at any
 * sample, and smooth. Between the samples a product of signal and gain can still reach a hair
 * higher: the result is measured, by our own quarters and by libebur128, and what is above the
 * ceiling is taken off the next try's target. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/dynamics.h"
#include "audio/loudness.h"
#include "audio/true_peak.h"

enum { TRIES = 6 };
static const double hair =
    1 - 5e-4; /* below the ceiling, 0.004 dB: 16 bits and dither stay there */

struct job {
    dio_clip *clip; /* as it came */
    double ceiling; /* linear */
    int64_t ahead;  /* samples */
    double let_go;  /* of the way back to 1, each sample */
    float *peaks;   /* [S] */
    float *gains;   /* [S] */
    int64_t *queue; /* [S]: of the running least */
};

/* ---- gains ---- */

static float needed(const struct job *j, int64_t i, double target)
{
    return (double)j->peaks[i] > target ? (float)(target / (double)j->peaks[i]) : 1;
}

/* gains[i] = the least that is needed within `ahead` on both sides: places wait in a queue as long
 * as none behind them needs less. */
static void least_around(struct job *j, double target)
{
    int64_t n = j->clip->length, head = 0, tail = 0, next = 0;
    for (int64_t i = 0; i < n; i++) {
        for (; next < n && next <= i + j->ahead; next++) {
            float gain = needed(j, next, target);
            while (tail > head && needed(j, j->queue[tail - 1], target) >= gain)
                tail--;
            j->queue[tail++] = next;
        }
        while (j->queue[head] < i - j->ahead)
            head++;
        j->gains[i] = needed(j, j->queue[head], target);
    }
}

static void let_go(struct job *j)
{
    double gain = 1;
    for (int64_t i = 0; i < j->clip->length; i++) {
        gain = fmin((double)j->gains[i], gain + (1 - gain) * j->let_go);
        gain = gain > hair ? 1 : gain;
        j->gains[i] = (float)gain;
    }
}

/* The mean over `width` places that end at i + width - 1 - back, of v [n], whose ends go on. What
 * is summed is the distance from 1, so that where nothing was needed nothing is left of it. */
static void average(float *v, float *from, int64_t n, int64_t width, int64_t back)
{
    double sum = 0;
    memcpy(from, v, (size_t)n * sizeof *v);
    for (int64_t k = -back; k < width - back; k++)
        sum += 1 - (double)from[k < 0 ? 0 : k < n ? k : n - 1];
    for (int64_t i = 0; i < n; i++) {
        double mean = sum / (double)width;
        v[i] = (float)(1 - (mean > 1e-9 ? mean : 0));
        int64_t in = i + width - back, out = i - back;
        sum += (double)from[out < 0 ? 0 : out] - (double)from[in < n ? in : n - 1];
    }
}

/* Two means in a row weigh a span of 2 ahead + 1 by a triangle. */
static void make_gains(struct job *j, double target)
{
    least_around(j, target);
    let_go(j);
    float *from = (float *)j->queue;
    average(j->gains, from, j->clip->length, j->ahead + 1, j->ahead / 2);
    average(j->gains, from, j->clip->length, j->ahead + 1, j->ahead - j->ahead / 2);
}

static void apply(const struct job *j, dio_clip *out)
{
    for (int c = 0; c < out->channels; c++) {
        const float *x = dio_clip_channel(j->clip, c);
        float *y = dio_clip_channel(out, c);
        for (int64_t i = 0; i < out->length; i++)
            y[i] = x[i] * j->gains[i];
    }
}

/* ---- the whole ---- */

/* By our meter, which fills *peaks, and by the other; with `any`, by the other only where ours
 * finds nothing above the ceiling. */
static bool measure(const dio_clip *clip, double ceiling, bool any, float *peaks, double *peak,
                    dio_error *err)
{
    float ours = 0;
    double others = 0;
    if (!dio_true_peaks(clip, ceiling, peaks, err))
        return false;
    for (int64_t i = 0; i < clip->length; i++)
        ours = peaks[i] > ours ? peaks[i] : ours;
    if (!(any && (double)ours > ceiling) && !dio_clip_true_peak(clip, &others, err))
        return false;
    *peak = fmax((double)ours, others);
    return true;
}

static void take_off(dio_clip *clip, double factor)
{
    for (int c = 0; c < clip->channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            dio_clip_channel(clip, c)[i] *= (float)factor;
}

/* Tries targets until both meters are content; the last hair is taken off the whole. */
static bool limit(struct job *j, dio_clip *out, dio_error *err)
{
    double target = j->ceiling * hair, peak;
    float *peaks = malloc((size_t)j->clip->length * sizeof *peaks);
    bool ok = peaks != NULL;
    if (!ok)
        dio_fail_memory(err, "a limiter");
    for (int try = 0; ok && try < TRIES; try++) {
        make_gains(j, target);
        apply(j, out);
        ok = measure(out, j->ceiling, false, peaks, &peak, err);
        if (ok && peak <= j->ceiling)
            break;
        target *= j->ceiling / peak * hair;
        if (ok && try == TRIES - 1)
            take_off(out, j->ceiling / peak * hair);
    }
    free(peaks);
    return ok;
}

static double most_taken(const struct job *j)
{
    float least = 1;
    for (int64_t i = 0; i < j->clip->length; i++)
        least = j->gains[i] < least ? j->gains[i] : least;
    return -20 * log10((double)least);
}

static bool init(struct job *j, dio_clip *clip, const dio_limiter *how, dio_error *err)
{
    double ahead = how->ahead > 0 ? how->ahead : 0.005;
    double release = how->release > 0 ? how->release : 0.08;
    *j = (struct job){.clip = clip, .ceiling = pow(10, how->ceiling / 20)};
    if (how->ceiling > 0 || how->ceiling < -60 || ahead > 1 || release > 10) {
        dio_fail(err,
                 "a limiter with a ceiling of %g dBTP, %g s ahead and a release of %g s: "
                 "there are -60 to 0 dBTP, 1 s and 10 s",
                 how->ceiling, ahead, release);
        return false;
    }
    j->ahead = (int64_t)(ahead * clip->rate) + 1;
    j->let_go = 1 - exp(-1 / (release * clip->rate));
    j->peaks = malloc((size_t)clip->length * sizeof *j->peaks);
    j->gains = calloc((size_t)clip->length, sizeof *j->gains);
    j->queue = calloc((size_t)clip->length, sizeof *j->queue);
    if (j->peaks && j->gains && j->queue)
        return true;
    dio_fail_memory(err, "a limiter");
    return false;
}

bool dio_clip_limit(dio_clip **clip, const dio_limiter *how, double *taken, dio_error *err)
{
    struct job j = {0};
    double peak = 0;
    dio_clip *out = NULL;
    if (taken)
        *taken = 0;
    if ((*clip)->length == 0)
        return true;
    bool ok = init(&j, *clip, how, err) && measure(*clip, j.ceiling, true, j.peaks, &peak, err);
    if (ok && peak > j.ceiling) {
        out = dio_clip_create((*clip)->rate, (*clip)->channels, (*clip)->length, err);
        ok = out && limit(&j, out, err);
        if (ok && taken)
            *taken = most_taken(&j);
    }
    free(j.peaks);
    free(j.gains);
    free(j.queue);
    if (ok && out) {
        dio_clip_unref(*clip);
        *clip = out;
    } else {
        dio_clip_unref(out);
    }
    return ok;
}
