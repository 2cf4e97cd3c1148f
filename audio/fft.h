#pragma once
/* fft.h: private to audio/: the discrete Fourier transform of real numbers, in double precision.
 * Any length whose prime factors are small; the same bits whoever asks, and when. */
#include <stddef.h>

#include "base/error.h"

enum { DIO_FFT_MOST = 1 << 20, DIO_FFT_PRIME = 31 };

typedef struct dio_complex {
    double re, im;
} dio_complex;

typedef struct dio_fft dio_fft;

/* NULL when n is outside 2..DIO_FFT_MOST or has a prime factor above DIO_FFT_PRIME. */
dio_fft *dio_fft_create(int n, dio_error *err);
void dio_fft_destroy(dio_fft *f); /* NULL is fine */

/* Scratch that a transform needs: each caller has its own, and one plan serves all threads. */
size_t dio_fft_room(const dio_fft *f);

/* x [n] to its spectrum [n/2 + 1]: sum of x[i] exp(-2 pi i k i / n). */
void dio_fft_forward(const dio_fft *f, const double *x, dio_complex *spectrum,
                     dio_complex *scratch);
/* And back, divided by n. What the spectrum's ends have of imaginary parts is not looked at. */
void dio_fft_inverse(const dio_fft *f, const dio_complex *spectrum, double *x,
                     dio_complex *scratch);
