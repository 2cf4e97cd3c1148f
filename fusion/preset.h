#pragma once
/* preset.h: a placement's format: size, safe zone, limits. Data with a source and the date when
 * it was checked, in assets/presets/NAME.yaml, because platforms change them. Whoever knows better
 * copies such a file, corrects it and gives its path instead of the name. */
#include "base/arena.h"
#include "base/error.h"
#include "fusion/ground.h"
#include "fusion/layout.h"
#include "fusion/limits.h"

typedef struct dio_preset {
    const char *name, *title, *source, *checked;
    const dio_limits *limits[DIO_DELIVERIES]; /* NULL: the placement takes no such file */
    int width, height;                        /* 0: any, see limits */
    int fps;
    double least_seconds, most_seconds; /* of a film; 0: no limit */
    /* What composing wants; all of it is zero unless composes. */
    bool composes;
    dio_box safe; /* pixels that the platform's own buttons leave free */
    dio_box zone; /* where texts go: inside safe, off the picture's focus */
    bool centred;
    bool row;       /* the button beside the other texts, not under them */
    float rise;     /* of texts in their zone: 0 at its top, 1 at its bottom */
    float headline; /* pixels an em; other texts are parts of it */
    float gap;      /* of the usual room between texts: 1 is all of it */
    float least;    /* pixels an em: no text is set smaller */
    int border;     /* pixels of a frame, which sets an ad off from its page */
    const char *const
        *drop;     /* texts to leave out, in this order, where there is no room; or NULL */
    dio_box panel; /* where a picture stands beside the words; w 0: behind them, or at the sun */
    dio_scenery scenery;
} dio_preset;

/* `name` is a preset's, or the path of a file of the user's: whatever ends in .yaml. NULL when
 * there is none (the nearest name is in the message) or its file is wrong. */
const dio_preset *dio_preset_read(dio_arena *a, const char *assets, const char *name,
                                  dio_error *err);
bool dio_preset_is_path(const char *name);

/* Names of all presets in order, NULL-terminated; count in *count. */
const char *const *dio_preset_names(dio_arena *a, const char *assets, int *count, dio_error *err);
