#pragma once
/* palette.h: curated sets of colours, and the choice of one. Data: assets/palettes.yaml. */
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "fusion/colour.h"

enum { DIO_HILLS = 3 };

typedef struct dio_palette {
    const char *name;
    const char *moods;       /* words that call for it, separated by spaces */
    dio_rgb deep, mid, glow; /* the sky: top, middle, at the horizon and around the sun */
    dio_rgb sun_top, sun_bottom;
    dio_rgb hill[DIO_HILLS];   /* far, middle, near */
    dio_rgb ink;               /* text on the sky */
    dio_rgb accent, on_accent; /* the button, and the text on it */
} dio_palette;

typedef struct dio_palettes {
    const dio_palette *list;
    int count;
} dio_palettes;

bool dio_palettes_read(dio_arena *a, const char *assets, dio_palettes *out, dio_error *err);

/* `name` is a palette's name, or "auto": one of those that have a word of `mood` among their
 * moods (all, when none has), picked by the seed. NULL when there is no palette of that name. */
const dio_palette *dio_palette_choose(const dio_palettes *p, const char *name, const char *mood,
                                      uint64_t seed, dio_error *err);
