/* resample.c: polyphase resampling by any ratio of whole numbers.
 *
 * Output k lies at input time k M / L (the ratio to/from = L/M in lowest terms): its phase is
 * k M mod L, and each phase has one row of taps. Rows are read off one finely sampled kernel, and
 * kept where they are few. A row's sum is 1, so that no ripple of the phases rides on a constant.
 * An output is one dot product over the samples that exist, always summed in the same order: that
 * is why pieces and threads change nothing. */
#include "audio/resample_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/kaiser.h"
#include "base/gang.h"
#include "base/rows.h"

/* The kernel in samples of the slower rate. By Kaiser's formulas 120 dB and a transition from 0.92
 * to 1 of the half rate take (120 - 7.95) / (14.36 * 0.04) = 195 taps, 98 on each side. */
enum { HALF = 98, FINE = 512 };
static const double cutoff = 0.96; /* of the half rate: the middle of the transition */
static const double beta = 0.1102 * (120 - 8.7);

enum {
    ROWS_MOST = 1 << 22, /* taps that are kept: 16 MB */
    BLOCK = 8192,        /* outputs that one thread makes at a time */
    PIECE = 4096,        /* inputs that a resampler takes at a time */
    LANES = 16,
};

struct dio_resampler {
    int64_t up, down; /* L, M */
    int half, taps;   /* inputs on each side of an output, and in all */
    double scale;     /* of input time to the slower rate */
    double *kernel;   /* [(HALF + 2) * FINE]: one side */
    float *rows;      /* [L, taps], or NULL: each is made when it is needed */
    float *row;       /* [taps], for put */
    float *held;      /* inputs first.. of the sound in pieces */
    int64_t first, past, next;
};

/* ---- the kernel ---- */

static double kernel_at(double u)
{
    double x = M_PI * cutoff * u;
    return (u == 0 ? 1 : sin(x) / x) * dio_kaiser(beta, u / HALF);
}

/* Between the kernel's points by the cubic through four of them: off by 3e-11 at most. */
static double kernel_between(const double *kernel, double u)
{
    double at = fabs(u) * FINE;
    int64_t i = (int64_t)at;
    double t = at - (double)i;
    if (i >= (int64_t)HALF * FINE)
        return 0;
    double a = kernel[i ? i - 1 : 1], b = kernel[i], c = kernel[i + 1], d = kernel[i + 2];
    return a * (-t * (t - 1) * (t - 2) / 6) + b * ((t + 1) * (t - 1) * (t - 2) / 2) +
           c * (-(t + 1) * t * (t - 2) / 2) + d * ((t + 1) * t * (t - 1) / 6);
}

/* The taps of a phase: for inputs from half - 1 before the output's whole part. */
static void fill_row(const dio_resampler *r, int64_t phase, float *row)
{
    double shift = (double)phase / (double)r->up, sum = 0;
    for (int j = 0; j < r->taps; j++)
        sum += kernel_between(r->kernel, (shift + r->half - 1 - j) * r->scale);
    for (int j = 0; j < r->taps; j++)
        row[j] = (float)(kernel_between(r->kernel, (shift + r->half - 1 - j) * r->scale) / sum);
}

/* ---- outputs ---- */

float dio_resampler_dot(const float *a, const float *b, int64_t n)
{
    float lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        lane[i % LANES] += a[i] * b[i];
    double sum = 0;
    for (int l = 0; l < LANES; l++)
        sum += (double)lane[l];
    return (float)sum;
}

DIO_ROWS void dio_resampler_dots(const float *row, const float *x, int64_t n, float *out)
{
    double sum[DIO_RESAMPLER_DOTS] = {0};
    for (int l = 0; l < LANES; l++) {
        float lane[DIO_RESAMPLER_DOTS] = {0};
        for (int64_t k = l; k < n; k += LANES)
            for (int i = 0; i < DIO_RESAMPLER_DOTS; i++)
                lane[i] += row[k] * x[k + i];
        for (int i = 0; i < DIO_RESAMPLER_DOTS; i++)
            sum[i] += (double)lane[i];
    }
    for (int i = 0; i < DIO_RESAMPLER_DOTS; i++)
        out[i] = (float)sum[i];
}

/* Outputs k to k + n of the sound whose samples first..past lie at in; what it has outside is
 * silence. `row` is room for one row. */
static void produce(const dio_resampler *r, const float *in, int64_t first, int64_t past, int64_t k,
                    int64_t n, float *out, float *row)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t whole = (k + i) * r->down / r->up, phase = (k + i) * r->down % r->up;
        int64_t begin = whole - r->half + 1;
        int64_t from = begin < first ? first : begin;
        int64_t to = begin + r->taps > past ? past : begin + r->taps;
        const float *taps = r->rows ? r->rows + phase * r->taps : row;
        if (!r->rows)
            fill_row(r, phase, row);
        out[i] = to > from
                     ? dio_resampler_dot(taps + (from - begin), in + (from - first), to - from)
                     : 0;
    }
}

/* ---- making one ---- */

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static bool make_rows(dio_resampler *r)
{
    if (r->up * r->taps > ROWS_MOST)
        return true;
    r->rows = malloc((size_t)(r->up * r->taps) * sizeof(float));
    for (int64_t phase = 0; r->rows && phase < r->up; phase++)
        fill_row(r, phase, r->rows + phase * r->taps);
    return r->rows != NULL;
}

dio_resampler *dio_resampler_create(int from, int to, dio_error *err)
{
    if (!dio_clip_size_check(from, 1, 0, err) || !dio_clip_size_check(to, 1, 0, err))
        return NULL;
    dio_resampler *r = calloc(1, sizeof *r);
    if (!r) {
        dio_fail_memory(err, "a resampler");
        return NULL;
    }
    int64_t divisor = common_divisor(from, to);
    r->up = to / divisor;
    r->down = from / divisor;
    r->scale = to < from ? (double)to / from : 1;
    r->half = (int)ceil(HALF / r->scale);
    r->taps = 2 * r->half;
    r->kernel = malloc((HALF + 2) * FINE * sizeof(double));
    r->row = malloc((size_t)r->taps * sizeof(float));
    r->held = malloc((size_t)(r->taps + PIECE) * sizeof(float));
    for (int i = 0; r->kernel && i < (HALF + 2) * FINE; i++)
        r->kernel[i] = kernel_at((double)i / FINE);
    if (r->kernel && r->row && r->held && make_rows(r))
        return r;
    dio_fail_memory(err, "a resampler");
    dio_resampler_destroy(r);
    return NULL;
}

void dio_resampler_destroy(dio_resampler *r)
{
    if (!r)
        return;
    free(r->kernel);
    free(r->rows);
    free(r->row);
    free(r->held);
    free(r);
}

const float *dio_resampler_row(const dio_resampler *r, int64_t phase, int *taps)
{
    *taps = r->taps;
    return r->rows ? r->rows + phase * r->taps : NULL;
}

int64_t dio_resample_length(int from, int to, int64_t n)
{
    return (n * to + from - 1) / from;
}

/* ---- in pieces ---- */

/* The outputs that n inputs settle: those that need nothing after them. */
static int64_t settled(const dio_resampler *r, int64_t n)
{
    int64_t whole = n - r->half; /* the last input that an output may stand on, and one */
    return whole <= 0 ? 0 : (whole * r->up + r->down - 1) / r->down;
}

size_t dio_resampler_room(const dio_resampler *r, size_t n)
{
    return (size_t)(((int64_t)n + r->taps + 1) * r->up / r->down) + 2;
}

/* Drops the inputs that no output will need any more. */
static void forget(dio_resampler *r)
{
    int64_t needed = r->next * r->down / r->up - r->half + 1;
    int64_t gone = needed - r->first < r->past - r->first ? needed - r->first : r->past - r->first;
    if (gone <= 0)
        return;
    memmove(r->held, r->held + gone, (size_t)(r->past - r->first - gone) * sizeof(float));
    r->first += gone;
}

size_t dio_resampler_put(dio_resampler *r, const float *in, size_t n, bool last, float *out)
{
    size_t made = 0;
    for (size_t at = 0; at < n || (last && at == n); at += PIECE) {
        size_t part = n - at < PIECE ? n - at : PIECE;
        forget(r);
        if (part)
            memcpy(r->held + (r->past - r->first), in + at, part * sizeof(float));
        r->past += (int64_t)part;
        int64_t until = last && n - at <= PIECE ? (r->past * r->up + r->down - 1) / r->down
                                                : settled(r, r->past);
        if (until > r->next) {
            produce(r, r->held, r->first, r->past, r->next, until - r->next, out + made, r->row);
            made += (size_t)(until - r->next);
            r->next = until;
        }
        if (last && n - at <= PIECE)
            break;
    }
    if (last)
        r->first = r->past = r->next = 0;
    return made;
}

/* ---- whole clips ---- */

struct job {
    const dio_resampler *r;
    const dio_clip *in, *out;
    int64_t blocks; /* of each channel */
    float *rows;    /* [threads, taps] */
};

static void make_block(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    int channel = (int)(item / j->blocks);
    int64_t k = item % j->blocks * BLOCK;
    int64_t n = j->out->length - k < BLOCK ? j->out->length - k : BLOCK;
    produce(j->r, dio_clip_channel(j->in, channel), 0, j->in->length, k, n,
            dio_clip_channel(j->out, channel) + k, j->rows + (int64_t)thread * j->r->taps);
}

static bool resample(const dio_clip *in, dio_clip *out, dio_error *err)
{
    struct job j = {.in = in, .out = out, .blocks = (out->length + BLOCK - 1) / BLOCK};
    dio_resampler *r = dio_resampler_create(in->rate, out->rate, err);
    if (!r)
        return false;
    j.r = r;
    j.rows = malloc((size_t)dio_gang_size() * (size_t)r->taps * sizeof(float));
    bool ok = j.rows || dio_fail_memory(err, "a resampler");
    if (ok)
        dio_gang_run(j.blocks * in->channels, make_block, &j);
    free(j.rows);
    dio_resampler_destroy(r);
    return ok;
}

dio_clip *dio_clip_resample(dio_clip *clip, int rate, dio_error *err)
{
    if (rate == clip->rate)
        return dio_clip_ref(clip);
    if (!dio_clip_size_check(rate, clip->channels, 0, err))
        return NULL;
    dio_clip *out = dio_clip_create(rate, clip->channels,
                                    dio_resample_length(clip->rate, rate, clip->length), err);
    if (!out || resample(clip, out, err))
        return out;
    dio_clip_unref(out);
    return NULL;
}
