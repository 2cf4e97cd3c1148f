#pragma once
/* spectra.h: the spectra of overlapping pieces of a sound, and the way back: what training data and
 * measurements need. Models that hold a spectrum inside use dio_stft of tensor/ops.h instead.
 *
 * Pieces of n_fft samples, hop apart, under Hann's window (periodic, of `win` samples in the middle
 * of the piece). The sound may be continued beyond both ends first.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_framing_padding {
    DIO_FRAMING_CENTRE, /* by n_fft / 2 on both sides: frame t stands around sample t hop */
    DIO_FRAMING_SAME,   /* by (n_fft - hop) / 2: as many frames as hops */
    DIO_FRAMING_NONE,
} dio_framing_padding;

typedef enum dio_framing_fill {
    DIO_FRAMING_REFLECT, /* around the first and last sample; a shorter sound goes to and fro */
    DIO_FRAMING_ZERO,
} dio_framing_fill;

typedef struct dio_framing {
    int n_fft, win, hop;
    dio_framing_padding padding;
    dio_framing_fill fill;
} dio_framing;

typedef struct dio_spectra dio_spectra;
/* NULL with a sentence when the sizes make no sense (win above n_fft, hop above win, ...). */
dio_spectra *dio_spectra_create(const dio_framing *framing, dio_error *err);
void dio_spectra_destroy(dio_spectra *s); /* NULL is fine */

/* Frames of n samples; 0 when they fill not one. */
int64_t dio_spectra_frames(const dio_spectra *s, int64_t n);

/* What takes the spectrum of a frame, bins [n_fft/2 + 1][2]: real and imaginary part. Frames come
 * in any order and from several threads; `thread` is below dio_gang_size(). */
typedef void dio_spectra_fn(void *user, int64_t frame, const double *bins, int thread);
bool dio_spectra_each(const dio_spectra *s, const float *x, int64_t n, dio_spectra_fn *take,
                      void *user, dio_error *err);

/* All of them: out [T, n_fft/2 + 1, 2]. */
bool dio_spectra_run(const dio_spectra *s, const float *x, int64_t n, float *out, dio_error *err);
/* Back to n samples: each frame under the window again, over the sum of the squared windows. Where
 * no window reaches is silence. */
bool dio_spectra_inverse(const dio_spectra *s, const float *spectra, int64_t frames, float *x,
                         int64_t n, dio_error *err);

#ifdef __cplusplus
}
#endif
