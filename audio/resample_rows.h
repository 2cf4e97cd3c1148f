#pragma once
/* resample_rows.h: private to audio/: a resampler's own filter, for who looks between samples. */
#include "audio/resample.h"

/* The taps of a phase: the output at `phase` parts of the ratio behind input i is their product
 * with inputs i - taps / 2 + 1 on. NULL where the ratio has too many phases to keep. */
const float *dio_resampler_row(const dio_resampler *r, int64_t phase, int *taps);
/* That product, in the order in which a resampler sums. */
float dio_resampler_dot(const float *row, const float *x, int64_t n);
/* The same for x, x + 1 and so on, side by side: out [DIO_RESAMPLER_DOTS]. */
enum { DIO_RESAMPLER_DOTS = 32 };
void dio_resampler_dots(const float *row, const float *x, int64_t n, float *out);
