#pragma once
/* transition.h: how one picture of a timeline gives way to the next. */
#include "base/error.h"
#include "fusion/light.h"

/* Where a picture of the frame's size is put: scaled about the frame's centre, then moved. */
typedef struct dio_shift {
    double scale, dx, dy; /* pixels */
} dio_shift;

/* A moment: the sum of both pictures and a colour by shares; or the second over the first where
 * both move; or the second on one side of an edge. */
typedef struct dio_turn {
    dio_shift from, to;
    float share_from, share_to, share_colour;
    bool over; /* `to`, times share_to, lies over `from` */
    bool edge; /* share_to of a pixel is soft_step((reach - (x ex + y ey)) / soft) */
    float ex, ey, reach, soft;
} dio_turn;

typedef struct dio_transition_settings {
    int width, height;
    double angle; /* degrees: 0 towards the right, 90 down */
    double soft;  /* width of a wipe's edge, parts of the shorter side */
} dio_transition_settings;

typedef struct dio_transition_kind {
    const char *name, *doc; /* name NULL ends the table */
    /* At t in 0..1, already eased. */
    void (*at)(double t, const dio_transition_settings *s, dio_turn *out);
    bool directed, coloured; /* `direction`, `colour` mean something */
} dio_transition_kind;
extern const dio_transition_kind dio_transitions[];

/* NULL with the nearest name. The first is "cut". */
const dio_transition_kind *dio_transition_find(const char *name, dio_error *err);

/* from[n][4] becomes the mixture with to[n][4], the frame's pixels (x.., y). Not for `over`. */
void dio_turn_rows(const dio_turn *t, dio_glow colour, int x, int y, int n, float *from,
                   const float *to);
