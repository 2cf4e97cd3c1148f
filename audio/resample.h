#pragma once
/* resample.h: the same sound at another rate.
 *
 * A windowed sinc (Kaiser's window), one row of taps for each phase of the ratio. Passed whole up
 * to 0.92 of the slower rate's half, stopped by at least 100 dB from that half on, so that nothing
 * folds back. Linear phase, and the delay is taken out: what is heard at a second is heard there in
 * the result, too. Outside the sound is silence.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Samples that n samples become: the least number that covers the same time. */
int64_t dio_resample_length(int from, int to, int64_t n);

/* A clip at another rate; a reference to itself when it has it already. */
dio_clip *dio_clip_resample(dio_clip *clip, int rate, dio_error *err);

/* One channel in pieces: the same samples as in one go, however it is cut. */
typedef struct dio_resampler dio_resampler;
dio_resampler *dio_resampler_create(int from, int to, dio_error *err);
void dio_resampler_destroy(dio_resampler *r); /* NULL is fine */
/* The most that one put of n samples gives. */
size_t dio_resampler_room(const dio_resampler *r, size_t n);
/* Takes n samples and writes what can be told by now to out; returns how many. `last`: the sound
 * ends with these, and the next put begins another. */
size_t dio_resampler_put(dio_resampler *r, const float *in, size_t n, bool last, float *out);

#ifdef __cplusplus
}
#endif
