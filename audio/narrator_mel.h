#pragma once
/* narrator_mel.h: the narrator's spectra: Vocos' dialect at 24 kHz (windows of 1024 every 256,
 * Hann, centred with reflection, magnitudes in 100 triangles on HTK's scale, ln of at least 1e-7).
 * Private to audio/. */
#include "audio/narrator_net.h"

enum { DIO_NARRATOR_BINS = DIO_NARRATOR_FFT / 2 + 1 };

/* out [MELS,BINS]: what each band takes of each bin. */
void dio_narrator_bank(float *out);

/* What is computed once: tables and the bank. Immutable once made; threads may share it. */
typedef struct dio_narrator_ear dio_narrator_ear;
dio_narrator_ear *dio_narrator_ear_create(dio_error *err);
void dio_narrator_ear_destroy(dio_narrator_ear *e);
/* Frame `f` of x [n], n >= FFT / 2 + 1, into out [MELS]. */
void dio_narrator_ear_frame(const dio_narrator_ear *e, const float *x, int64_t n, int64_t f,
                            float *out);
