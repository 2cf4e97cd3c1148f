#pragma once
/* narrator_source.h: what the vocoder filters: pulses at the pitch's distance, and noise. Private
 * to audio/. */
#include <stdint.h>

/* hz [frames], 0 where unvoiced: adds the pulses of samples first..past-1 to out [(frames - 1) *
 * HOP], with variance 1 where it is voiced. A pulse reaches DIO_NARRATOR_PULSE samples further, and
 * pitch a frame. phase: turns since the last pulse, carried on. */
enum { DIO_NARRATOR_PULSE = 24 };
void dio_narrator_pulses(const float *hz, int64_t frames, int64_t first, int64_t past,
                         double *phase, float *out);
/* Sample `first` and on of an endless noise of variance 1 that belongs to the seed. */
void dio_narrator_noise(uint64_t seed, int64_t first, int64_t n, float *out);
