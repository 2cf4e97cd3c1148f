#pragma once
/* mix.h: several sounds as one, and music that steps back while somebody speaks.
 *
 * Parts are added in the order in which they are given, so the same parts make the same bits. What
 * has another rate than the mix is resampled on the way.
 */
#include "audio/clip.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_mix_part {
    dio_clip *clip;           /* borrowed */
    double start;             /* seconds in the mix; below 0 its beginning is not heard */
    double gain;              /* dB */
    double pan;               /* -1 left to 1 right, in a mix of two channels */
    double fade_in, fade_out; /* seconds */
    bool loop; /* again from its beginning until the mix ends, over 0.25 s at joins */
} dio_mix_part;

typedef struct dio_mix_form {
    int rate, channels; /* channels: 1 or 2 */
    double seconds;     /* 0: until the last part ends; a loop does not count */
} dio_mix_form;

/* One channel in a mix of two: by pan's sine and cosine, 3 dB down each in the middle, which leaves
 * its loudness as it is. Two channels: pan turns one of them down. Two channels in a mix of one:
 * their mean. */
dio_clip *dio_mix(const dio_mix_part *parts, int count, const dio_mix_form *form, dio_error *err);

/* All zero: what an ad's music under a voice gets. */
typedef struct dio_duck {
    double depth;     /* dB down while the key sounds; 0: 12 */
    double threshold; /* dB under the key's loudest 20 ms at which it counts as sounding; 0: 35 */
    double attack;    /* seconds from full to ducked, over before the key begins; 0: 0.25 */
    double release;   /* seconds back; 0: 0.6 */
    double hold;      /* seconds of pause that do not count; 0: 0.4 */
} dio_duck;
/* Turns *bed down where `key`, of the same rate, sounds: key's sample 0 lies at bed's sample
 * `offset`. */
bool dio_clip_duck(dio_clip **bed, const dio_clip *key, int64_t offset, const dio_duck *how,
                   dio_error *err);

#ifdef __cplusplus
}
#endif
