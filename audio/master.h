#pragma once
/* master.h: the last thing that happens to a sound: one loudness, and no peak above the limit.
 *
 * Loudness is set over the whole clip, never by sentence: gain and limiter go together until
 * libebur128 measures the target (within 0.005 LU) with the true peak under its ceiling.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a sound will be played, and what is asked for there. */
typedef struct dio_master_preset {
    const char *name, *doc;
    double lufs, true_peak; /* LUFS, dBTP */
} dio_master_preset;
const dio_master_preset *dio_master_preset_find(const char *name); /* NULL: there is none */
const dio_master_preset *dio_master_preset_at(int i);              /* NULL after the last */

typedef struct dio_master {
    double lufs, true_peak;   /* as in a preset; both are below 0 */
    bool voice;               /* low cut, de-esser and leveller first: for speech alone */
    double fade_in, fade_out; /* seconds, before loudness is set */
} dio_master;

/* What came of it. */
typedef struct dio_master_report {
    double before, after; /* LUFS; -HUGE_VAL: silence */
    double true_peak;     /* dBTP, of the result */
    double gain;          /* dB given */
    double limited;       /* dB that the limiter took at most */
    bool short_of_target; /* all peaks and nothing between: the ceiling was in the way */
} dio_master_report;

/* In place. Silence stays silence, and that is no failure. */
bool dio_clip_master(dio_clip **clip, const dio_master *how, dio_master_report *report,
                     dio_error *err);

#ifdef __cplusplus
}
#endif
