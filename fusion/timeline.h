#pragma once
/* timeline.h: clips one after the other, layers over them, any frame of it at any time.
 *
 * A plan is read and checked first (twice: see intake.h). A timeline made from it holds what is
 * seen about now: the clips of the moment, and layers that were drawn once. A frame depends on its
 * number alone; every row of it on nothing but what is read, so that any number of threads makes
 * the same bytes. Nothing is allocated while rows are made.
 */
#include "fusion/overlay.h"
#include "fusion/shot.h"

enum { DIO_TIMELINE_CLIPS = 1000, DIO_TIMELINE_LAYERS = 1000, DIO_TIMELINE_SECONDS = 14400 };

typedef struct dio_timeline_plan {
    dio_screen screen;
    dio_shot_plan *shot;
    dio_overlay_plan *overlay;
    int shots, overlays;
    int frames; /* 0: not known yet */
} dio_timeline_plan;

/* Reads both lists; `plan->screen` is set by the caller. Problems go to the report, at `with` where
 * there is no better place. */
bool dio_timeline_read(dio_intake *r, const dio_value *with, const dio_value *clips,
                       const dio_value *layers, dio_timeline_plan *plan);

typedef struct dio_timeline dio_timeline;

/* Draws every layer once, so that whatever does not fit is said before a frame is made. The plan
 * stays the caller's and must outlive the timeline. Destroy with dio_timeline_destroy (NULL is
 * fine). */
dio_timeline *dio_timeline_create(const dio_timeline_plan *plan, dio_error *err);
void dio_timeline_destroy(dio_timeline *t);

/* Draws frame i (0-based) with the gang's threads. Clips are opened when they are first seen: false
 * when one cannot be read. */
bool dio_timeline_frame(dio_timeline *t, int i, dio_canvas *out, dio_error *err);
/* The same as the rows themselves, [H][W][4]: linear, premultiplied. */
bool dio_timeline_light(dio_timeline *t, int i, float *out, dio_error *err);

/* Where layer i stands at rest, and when, in seconds; false when there are no more. */
bool dio_timeline_box(const dio_timeline *t, int i, const char **name, dio_box *box, double *start,
                      double *end);
