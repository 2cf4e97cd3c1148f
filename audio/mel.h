#pragma once
/* mel.h: mel spectrograms: how loud a sound is over time in bands as wide as the ear's. */
#include "audio/clip.h"
#include "audio/mel_dialect.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_mel dio_mel;
dio_mel *dio_mel_create(const dio_mel_dialect *dialect, dio_error *err); /* copies it */
void dio_mel_destroy(dio_mel *m);                                        /* NULL is fine */
const dio_mel_dialect *dio_mel_dialect_of(const dio_mel *m);

/* out [C, n_fft/2 + 1]: what each band takes of each bin, for models that hold a mel inside. */
void dio_mel_weights(const dio_mel *m, float *out);

/* Frames of n samples; 0 when they fill not one. */
int64_t dio_mel_frames(const dio_mel *m, int64_t n);
/* out [T,C]: C numbers (the dialect's mels) for each frame. One dio_mel serves all threads. */
bool dio_mel_run(const dio_mel *m, const float *x, int64_t n, float *out, dio_error *err);
/* A clip's as a tensor f32 [C,T], as models take it. The clip has one channel and the dialect's
 * rate, and is long enough for one frame. */
dio_tensor *dio_mel_of_clip(const dio_mel *m, const dio_clip *clip, dio_error *err);

#ifdef __cplusplus
}
#endif
