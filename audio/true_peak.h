#pragma once
/* true_peak.h: private to audio/: how far a sound reaches between its samples. */
#include "audio/clip.h"

/* Fills out [S]: for each sample the largest magnitude of any channel at it and, by our resampler's
 * filter, at the quarters around it. Where a whole stretch is certain to stay below `quiet`, its
 * largest sample stands for all. */
bool dio_true_peaks(const dio_clip *clip, double quiet, float *out, dio_error *err);
