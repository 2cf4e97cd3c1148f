#pragma once
/* easing.h: how a change runs between its beginning and its end. CSS's names with CSS's meaning. */
#include "base/arena.h"
#include "base/error.h"

/* A cubic Bezier curve from (0, 0) to (1, 1) with two handles (CSS Easing Functions 1). */
typedef struct dio_easing {
    double x1, y1, x2, y2;
    bool linear;
    bool hold; /* stays at 0 until the end */
} dio_easing;

typedef struct dio_easing_kind {
    const char *name, *doc; /* name NULL ends the table */
    dio_easing easing;
} dio_easing_kind;
extern const dio_easing_kind dio_easings[];

/* A name of the table, or "cubic-bezier(x1, y1, x2, y2)" with x1 and x2 in 0..1. False with the
 * nearest name. */
bool dio_easing_parse(const char *text, dio_easing *out, dio_error *err);

/* Of t in 0..1; 0 and 1 beyond. Handles outside 0..1 in y overshoot, as CSS lets them. */
double dio_easing_at(const dio_easing *e, double t);
