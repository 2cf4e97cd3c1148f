#pragma once
/* dynamics.h: what makes a voice even, kind to the ear, and safe to play: low cut, de-esser,
 * leveller, limiter. All work on a whole clip in place, all channels alike; what others hold too is
 * copied first. Levels are measured against the clip's own, so a quiet take is treated as a loud
 * one.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes off what lies below `hertz` (70 for voices), and any constant: Butterworth, 12 dB an
 * octave. A constant that is there from the first sample leaves no thump. */
bool dio_clip_low_cut(dio_clip **clip, double hertz, dio_error *err);

/* Harsh s sounds: where the band above 5.5 kHz comes close to the voice's own level, everything
 * above about 3.5 kHz is turned down by a gentle shelf. All zero: 9 dB below, at most 6 dB. */
typedef struct dio_deesser {
    double below; /* dB under the voice's level where it begins; 0: 9 */
    double most;  /* dB that it takes off at most; 0: 6 */
} dio_deesser;
bool dio_clip_deess(dio_clip **clip, const dio_deesser *how, dio_error *err);

/* Brings loud and quiet words nearer to each other, slowly: levels of 0.4 s are moved towards the
 * mean of all speech by a share, with gains that take more than half a second to change. Pauses are
 * not turned up. All zero: 0.6 of the way, at most 6 dB. */
typedef struct dio_leveller {
    double share; /* 0..1 of the distance; 0: 0.6 */
    double most;  /* dB up or down; 0: 6 */
} dio_leveller;
bool dio_clip_level(dio_clip **clip, const dio_leveller *how, dio_error *err);

/* No peak above the ceiling, between the samples neither: the gain goes down ahead of a peak and
 * comes back slowly after it. What stays below is not touched at all. */
typedef struct dio_limiter {
    double ceiling; /* dBTP */
    double ahead;   /* seconds; 0: 0.005 */
    double release; /* seconds; 0: 0.08 */
} dio_limiter;
/* *taken: the most dB by which anything was turned down; NULL if nobody asks. */
bool dio_clip_limit(dio_clip **clip, const dio_limiter *how, double *taken, dio_error *err);

#ifdef __cplusplus
}
#endif
