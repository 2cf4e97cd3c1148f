#pragma once
/* preset.h: a placement's format: size, safe zone, limits. Data with a source and the date when
 * it was checked, in assets/presets/NAME.yaml, because platforms change them. */
#include "base/arena.h"
#include "base/error.h"
#include "fusion/ground.h"
#include "fusion/layout.h"

typedef struct dio_preset {
    const char *name, *title, *source, *checked;
    int width, height, fps;
    double least_seconds, most_seconds;
    dio_box safe; /* pixels that the platform's own buttons leave free */
    dio_box zone; /* where texts go: inside safe, off the picture's focus */
    bool centred;
    float rise;     /* of texts in their zone: 0 at its top, 1 at its bottom */
    float headline; /* pixels an em; other texts are parts of it */
    dio_scenery scenery;
} dio_preset;

/* NULL when there is no such preset (the nearest name is in the message) or its file is wrong. */
const dio_preset *dio_preset_read(dio_arena *a, const char *assets, const char *name,
                                  dio_error *err);

/* Names of all presets in order, NULL-terminated; count in *count. */
const char *const *dio_preset_names(dio_arena *a, const char *assets, int *count, dio_error *err);
