#pragma once
/* narrator_sound.h: filters and their sources become samples. Private to audio/.
 *
 * What models/narrator_vocoder.c has as products with tables is done here by FFT, in single
 * precision: the same numbers to rounding, for an eighth of the narrator's time instead of half.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Of frames in a row. Frame i lies around sample i * HOP; sources begin two hops before frame 0. */
typedef struct dio_narrator_sources {
    const float *re, *im, *breath; /* [count,BINS]: dio_narrator_filters */
    const float *pulses, *noise;   /* [(count + 3) * HOP] */
    int64_t count;
} dio_narrator_sources;

/* What it works in, kept from call to call; for one thread at a time. */
typedef struct dio_narrator_sound dio_narrator_sound;
dio_narrator_sound *dio_narrator_sound_create(dio_error *err);
void dio_narrator_sound_destroy(dio_narrator_sound *s); /* NULL is fine */

/* Adds the frames' sounds to sum [(count + 3) * HOP], which begins where the sources do. A sample
 * is whole when the four frames around it have been added, and the same bits then in whatever
 * pieces they came, if in order. */
bool dio_narrator_sound_add(dio_narrator_sound *s, const dio_narrator_sources *in, float *sum,
                            dio_error *err);
