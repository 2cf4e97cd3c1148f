#pragma once
/* bed.h: music to lie under a voice, and short signatures, made by rule from a seed.
 *
 * Chords, rhythms and figures are data (bed_moods.c); a seed chooses among them and makes the small
 * irregularities of hands. The tempo gives way by a few percent so that the last chord falls on a
 * bar and rings out exactly at the end. Pleasant and unobtrusive is the aim: soft pads, plucks, a
 * round bass, light percussion, a small room around them.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_bed_kind {
    DIO_BED_PIECE, /* a piece with a beginning and an end */
    DIO_BED_LOGO,  /* a few rising notes into a chord: a signature */
    DIO_BED_HIT,   /* one soft blow and its chord */
    DIO_BED_RISE,  /* swells to its end, and stops there */
} dio_bed_kind;

typedef enum dio_bed_mood {
    DIO_BED_BRIGHT,
    DIO_BED_WARM,
    DIO_BED_CALM,
    DIO_BED_DRIVE,
    DIO_BED_PLAYFUL,
} dio_bed_mood;

/* Their names in that order, NULL after the last: for field tables. */
extern const char *const dio_bed_kinds[]; /* "bed", "logo", "hit", "rise" */
extern const char *const dio_bed_moods[]; /* "bright", "warm", ... */

typedef struct dio_bed {
    int kind, mood;
    double seconds;  /* 0.3 to 1800; the clip has exactly so many */
    double tempo;    /* beats a minute, 40 to 200; 0: what the mood likes, by the seed */
    const char *key; /* "C", "F#m", "Bb minor"; NULL or "": by the seed */
    uint64_t seed;
    int rate;    /* 0: 48000; at least 16000 */
    double lufs; /* of the result; 0: -20, with peaks at most -3 dBTP */
} dio_bed;

bool dio_bed_check(const dio_bed *bed, dio_error *err);
/* Two channels. The same request, the same samples. NULL on failure. */
dio_clip *dio_bed_make(const dio_bed *bed, dio_error *err);

#ifdef __cplusplus
}
#endif
