#pragma once
/* blend_mode.h: how a layer's light meets what lies under it: the separable modes of W3C's
 * Compositing and Blending 1, computed on linear light. */
#include "base/error.h"

typedef struct dio_blend_mode {
    const char *name, *doc; /* name NULL ends the table */
    /* under[n][4] with over[n][4] times `opacity` (0..1) laid on it; both premultiplied. */
    void (*rows)(float *under, const float *over, int n, float opacity);
} dio_blend_mode;
extern const dio_blend_mode dio_blend_modes[];

/* NULL with the nearest name. The first of the table is "normal". */
const dio_blend_mode *dio_blend_mode_find(const char *name, dio_error *err);
