#pragma once
/* shot.h: one picture of a timeline, still or moving, and how it is looked at while it is seen.
 *
 * What a shot shows comes from its kind, one row of dio_shot_kinds each: a picture from a file, a
 * colour, a gradient, a film. How it fits the frame (CSS's object-fit) and how it is moved over is
 * the same for all. Shots are opened when they are first seen and closed after, so that a long
 * timeline holds two pictures, not all.
 */
#include "fusion/easing.h"
#include "fusion/intake.h"
#include "fusion/sampler.h"
#include "fusion/screen.h"
#include "fusion/transition.h"

typedef enum dio_filling { DIO_FILL_COVER, DIO_FILL_CONTAIN, DIO_FILL_STRETCH } dio_filling;

/* Part of a picture: how much larger than fitted, and what is in the middle, 0..1 of its sides. */
typedef struct dio_aim {
    double zoom, x, y;
} dio_aim;

typedef struct dio_shot_kind dio_shot_kind;

/* A clip as it was written, checked. */
typedef struct dio_shot_plan {
    const dio_shot_kind *kind;
    const char *source; /* file, as written and later as found; colour: "" */
    dio_rgb colour[2];  /* of a colour, or both ends of a gradient */
    double angle;       /* of the gradient, degrees: 0 to the right, 90 down */
    bool radial;
    double trim;     /* seconds of a film that are left out at its start */
    double duration; /* seconds, transitions included */
    dio_filling fit;
    dio_aim from, to;
    dio_easing easing;
    const dio_transition_kind *transition; /* from what is before */
    dio_transition_settings how;
    dio_easing turn_easing;
    dio_rgb turn_colour;
    double turn_seconds;
    /* Of the timeline, in frames: first seen, last + 1, and how many of them the transition takes.
     */
    int first, end, turn;
} dio_shot_plan;

struct dio_shot_kind {
    const char *name, *doc; /* the clip's key; name NULL ends the table */
    /* Opens what the plan names; *state is the kind's own. */
    bool (*open)(const dio_shot_plan *plan, const dio_screen *screen, void **state, dio_error *err);
    /* The light picture of that moment; it stays the state's until the next call. */
    bool (*at)(void *state, double seconds, dio_image **light, dio_error *err);
    void (*close)(void *state);
};
extern const dio_shot_kind dio_shot_kinds[];

/* Reads one clip; problems go to the report. */
bool dio_shot_read(dio_intake *r, const dio_value *v, const dio_screen *screen,
                   dio_shot_plan *plan);

typedef struct dio_shot dio_shot;
dio_shot *dio_shot_open(const dio_shot_plan *plan, const dio_screen *screen, dio_error *err);
void dio_shot_close(dio_shot *s); /* NULL is fine */

/* Makes ready for the moment `seconds` of the shot, seen through `view`. */
bool dio_shot_set(dio_shot *s, double seconds, const dio_shift *view, dio_error *err);
/* Whether it hides what is behind it everywhere. */
bool dio_shot_covers(const dio_shot *s);
size_t dio_shot_scratch(const dio_shot *s); /* floats */
/* Row y over row[width][4]; `scratch` has room for dio_shot_scratch. */
void dio_shot_row(const dio_shot *s, int y, float opacity, float *scratch, float *row);

/* For shot kinds. The edges of the fitted, zoomed picture on the frame. */
void dio_shot_place(const dio_shot_plan *plan, const dio_screen *screen, int w, int h, double share,
                    double edge_x[2], double edge_y[2]);
