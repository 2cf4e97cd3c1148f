#pragma once
/* loudness.h: how loud a sound is to a listener (ITU-R BS.1770, EBU R 128), by libebur128.
 *
 * A channel is a loudspeaker: the same voice in two channels is 3 LU louder than in one. Silence
 * has no loudness: then numbers are -HUGE_VAL.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_loudness {
    double integrated;     /* LUFS, over the whole, gated */
    double short_most;     /* LUFS: the loudest 3 seconds */
    double momentary_most; /* LUFS: the loudest 0.4 seconds */
    double range;          /* LU between its quiet and its loud parts */
    double true_peak;      /* dBTP: between the samples, too */
    double sample_peak;    /* dBFS */
} dio_loudness;

bool dio_clip_loudness(const dio_clip *clip, dio_loudness *out, dio_error *err);
/* Only the loudness of the whole. What is under 0.4 s, the shortest that is measured, is measured
 * with silence behind it. */
bool dio_clip_integrated(const dio_clip *clip, double *lufs, dio_error *err);
/* Only the true peak as libebur128 has it, linear: 1 is full scale. */
bool dio_clip_true_peak(const dio_clip *clip, double *peak, dio_error *err);

/* Every sample times 10^(db/20). */
bool dio_clip_gain(dio_clip **clip, double db, dio_error *err);

#ifdef __cplusplus
}
#endif
