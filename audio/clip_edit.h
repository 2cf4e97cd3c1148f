#pragma once
/* clip_edit.h: a clip's ends: fades, and silence taken away. */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised cosines over the first and last seconds, in place; a fade longer than the clip is as long
 * as it. The first and the last sample become 0. */
bool dio_clip_fade(dio_clip **clip, double in, double out, dio_error *err);

/* The part between the first and the last 10 ms within `db` of the loudest 10 ms (50: what no one
 * hears of a voice), with `keep` seconds more on both sides where there are any. *begin: where it
 * was in the clip, in samples; NULL if nobody asks. All of a clip that is silent is cut away. */
dio_clip *dio_clip_trim(const dio_clip *clip, double db, double keep, int64_t *begin,
                        dio_error *err);

#ifdef __cplusplus
}
#endif
