/* narrator_mel.c: one frame at a time, by a radix-2 transform in double precision. */
#include "audio/narrator_mel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = DIO_NARRATOR_FFT, BINS = DIO_NARRATOR_BINS, MELS = DIO_NARRATOR_MELS, BITS = 10 };

struct dio_narrator_ear {
    double window[N], cos[N / 2], sin[N / 2];
    int turned[N];               /* bits in reverse */
    int first[MELS], past[MELS]; /* bins that a band takes of */
    float bank[MELS * BINS];
};

static double hz_of_mel(double m)
{
    return 700 * (pow(10, m / 2595) - 1);
}

void dio_narrator_bank(float *out)
{
    const double top = 2595 * log10(1 + DIO_NARRATOR_RATE / 2.0 / 700);
    for (int m = 0; m < MELS; m++) {
        double lo = hz_of_mel(top * m / (MELS + 1)), mid = hz_of_mel(top * (m + 1) / (MELS + 1)),
               hi = hz_of_mel(top * (m + 2) / (MELS + 1));
        for (int k = 0; k < BINS; k++) {
            double f = (double)k * DIO_NARRATOR_RATE / N;
            double x = fmin((f - lo) / (mid - lo), (hi - f) / (hi - mid));
            out[m * BINS + k] = x > 0 ? (float)x : 0;
        }
    }
}

dio_narrator_ear *dio_narrator_ear_create(dio_error *err)
{
    dio_narrator_ear *e = calloc(1, sizeof *e);
    if (!e) {
        dio_fail_memory(err, "the tables of spectra");
        return NULL;
    }
    for (int i = 0; i < N; i++) {
        e->window[i] = 0.5 - 0.5 * cos(2 * M_PI * i / N);
        for (int b = 0; b < BITS; b++)
            e->turned[i] |= (i >> b & 1) << (BITS - 1 - b);
    }
    for (int i = 0; i < N / 2; i++) {
        e->cos[i] = cos(2 * M_PI * i / N);
        e->sin[i] = -sin(2 * M_PI * i / N);
    }
    dio_narrator_bank(e->bank);
    for (int m = 0; m < MELS; m++) {
        const float *row = e->bank + m * BINS;
        while (e->first[m] < BINS && !(row[e->first[m]] > 0))
            e->first[m]++;
        for (e->past[m] = e->first[m]; e->past[m] < BINS && row[e->past[m]] > 0;)
            e->past[m]++;
    }
    return e;
}

void dio_narrator_ear_destroy(dio_narrator_ear *e)
{
    free(e);
}

/* re and im hold the signal in reversed order of bits. */
static void transform(const dio_narrator_ear *e, double *re, double *im)
{
    for (int half = 1; half < N; half *= 2)
        for (int i = 0; i < N; i += 2 * half)
            for (int k = 0; k < half; k++) {
                double c = e->cos[k * (N / 2 / half)], s = e->sin[k * (N / 2 / half)];
                int a = i + k, b = a + half;
                double x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
                re[b] = re[a] - x;
                im[b] = im[a] - y;
                re[a] += x;
                im[a] += y;
            }
}

void dio_narrator_ear_frame(const dio_narrator_ear *e, const float *x, int64_t n, int64_t f,
                            float *out)
{
    double re[N], im[N] = {0};
    float magnitude[BINS];
    int64_t begin = f * DIO_NARRATOR_HOP - N / 2;
    for (int i = 0; i < N; i++) {
        int64_t at = begin + i;
        at = at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
        at = at < 0 ? 0 : at;
        re[e->turned[i]] = (double)x[at] * e->window[i];
    }
    transform(e, re, im);
    for (int k = 0; k < BINS; k++)
        magnitude[k] = (float)sqrt(re[k] * re[k] + im[k] * im[k]);
    for (int m = 0; m < MELS; m++) {
        float sum = 0;
        for (int k = e->first[m]; k < e->past[m]; k++)
            sum += e->bank[m * BINS + k] * magnitude[k];
        out[m] = logf(fmaxf(sum, 1e-7f));
    }
}
