/* true_peak.c: peaks at four times the rate, by the filter that resamples: what we say of a peak is
 * what is heard when the sound is played at another rate. */
#include "audio/true_peak.h"

#include <math.h>
#include <string.h>

#include "audio/resample_rows.h"
#include "base/gang.h"

/* No sum of a row's magnitudes is larger (measured: 2.84): no quarter reaches further than this
 * many times its neighbourhood's largest sample. */
enum { REACH = 3, QUARTERS = 4, BLOCK = 255, ROOM = 256, TAPS_MOST = 256 };

struct job {
    const dio_clip *clip;
    double quiet;
    float *out;
    const float *rows[QUARTERS];
    int taps;
};

static float largest(const float *x, int n)
{
    float most = 0;
    for (int i = 0; i < n; i++)
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

/* The largest of the four quarters from x[taps / 2 - 1] on, itself as the filter has it; and of the
 * places behind it, DIO_RESAMPLER_DOTS in all. */
static void quarters(const struct job *j, const float *x, float *most)
{
    float one[DIO_RESAMPLER_DOTS];
    for (int q = 0; q < QUARTERS; q++) {
        dio_resampler_dots(j->rows[q], x, j->taps, one);
        for (int i = 0; i < DIO_RESAMPLER_DOTS; i++)
            most[i] = larger(q ? most[i] : 0, fabsf(one[i]));
    }
}

static void take_block(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    float x[ROOM + TAPS_MOST] = {0}, most[ROOM] = {0};
    int half = j->taps / 2;
    int64_t begin = item * BLOCK, length = j->clip->length;
    int n = length - begin < BLOCK ? (int)(length - begin) : BLOCK;
    (void)thread;
    for (int c = 0; c < j->clip->channels; c++) {
        const float *from = dio_clip_channel(j->clip, c);
        for (int i = 0; i < n + j->taps + 1; i++) {
            int64_t at = begin - half + i;
            x[i] = at >= 0 && at < length ? from[at] : 0;
        }
        float reach = largest(x, n + j->taps + 1);
        bool quiet = (double)reach * REACH < j->quiet;
        for (int i = 0; i <= n && !quiet; i += DIO_RESAMPLER_DOTS)
            quarters(j, x + i, most + i); /* of the sample before i, and after it */
        for (int i = 0; i < n; i++) {
            float v = quiet ? reach : larger(fabsf(x[i + half]), larger(most[i], most[i + 1]));
            j->out[begin + i] = c == 0 ? v : larger(v, j->out[begin + i]);
        }
    }
}

bool dio_true_peaks(const dio_clip *clip, double quiet, float *out, dio_error *err)
{
    struct job j = {.clip = clip, .quiet = quiet, .out = out};
    /* Only the ratio matters. */
    dio_resampler *r =
        dio_resampler_create(DIO_CLIP_RATE_LEAST, QUARTERS * DIO_CLIP_RATE_LEAST, err);
    if (!r)
        return false;
    for (int q = 0; q < QUARTERS; q++)
        j.rows[q] = dio_resampler_row(r, q, &j.taps);
    dio_gang_run((clip->length + BLOCK - 1) / BLOCK, take_block, &j);
    dio_resampler_destroy(r);
    return true;
}
