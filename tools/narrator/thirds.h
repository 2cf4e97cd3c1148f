#pragma once
/* thirds.h: from the teacher's 32 kHz to the narrator's 24 kHz. */
#include <stddef.h>
#include <stdint.h>

/* n doubles (full scale 32767) become n * 3 / 4 numbers of 16 bits, rounded; those that do not fit
 * are cut and counted. Kaiser-windowed sinc: flat to 11 kHz, 100 dB down from 12.4 kHz. */
size_t narrator_thirds(const double *in, size_t n, int16_t *out, int64_t *clipped);
