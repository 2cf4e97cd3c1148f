#pragma once
/* fit.h: the best quality whose file is not above a limit. */
#include <stdint.h>

#include "fusion/format.h"

/* Makes the thing with that number for the knob, and says how many bytes it has. */
typedef bool dio_fit_try(void *user, double knob, int64_t *bytes, dio_error *err);

typedef struct dio_fitted {
    double knob;   /* what was taken */
    int64_t bytes; /* of it */
    int tries;
} dio_fitted;

/* From `ceiling` down: no better than that is tried. Sizes are taken to fall as quality does; each
 * guess goes by the logarithm of those that are known, so four or five tries do. False with the
 * least size that can be had when even the worst quality is too large; `what`: "a film of 240
 * frames as webm". */
bool dio_fit(const dio_knob *k, double ceiling, int64_t limit, const char *what, dio_fit_try *try,
             void *user, dio_fitted *out, dio_error *err);
