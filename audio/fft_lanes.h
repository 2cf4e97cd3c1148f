#pragma once
/* fft_lanes.h: private to audio/: spectra of several sounds side by side, in single precision, for
 * who makes sound; who measures it takes fft.h. Lengths are powers of two.
 *
 * Number i of all lanes lies in one piece, so that every step of the transform is the same
 * arithmetic on DIO_LANES numbers: no shuffling, whatever the machine's vectors. A lane's numbers
 * do not depend on the others.
 */
#include <stddef.h>

#include "base/error.h"

enum { DIO_LANES = 8, DIO_LANES_FFT_LEAST = 16, DIO_LANES_FFT_MOST = 4096 };

typedef struct dio_lanes {
    float re[DIO_LANES], im[DIO_LANES];
} dio_lanes;

typedef struct dio_lanes_fft dio_lanes_fft;

/* NULL when n is no power of two within the limits. */
dio_lanes_fft *dio_lanes_fft_create(int n, dio_error *err);
void dio_lanes_fft_destroy(dio_lanes_fft *f); /* NULL is fine */

/* x [n/2]: samples 2i as real and 2i + 1 as imaginary parts -> spectrum [n/2 + 1], the sum of
 * x[i] exp(-2 pi i k i / n). x is lost. */
void dio_lanes_fft_forward(const dio_lanes_fft *f, dio_lanes *x, dio_lanes *spectrum);
/* And back, times n/2: dividing is left to a window. Imaginary parts of both ends are not looked
 * at; the spectrum is lost. */
void dio_lanes_fft_inverse(const dio_lanes_fft *f, dio_lanes *spectrum, dio_lanes *x);
