#pragma once
/* intake.h: maps within a step's parameters, read twice: before anything runs, when expressions in
 * them still wait for their values, and again when the step does.
 */
#include "base/field.h"
#include "fusion/colour.h"
#include "fusion/report.h"

typedef struct dio_intake {
    dio_report *report; /* takes every problem with its place */
    dio_arena *arena;
    bool early; /* values may still be expressions: they count as their defaults */
} dio_intake;

/* Whether the value is an expression that has not been computed. */
bool dio_waits(const dio_value *v);
bool dio_text_waits(const char *text);

/* dio_fields_read with all problems reported. `what` names the owner. */
bool dio_intake_map(dio_intake *r, const dio_field *fields, void *out, const dio_value *v,
                    const char *what);
/* A list with at most `most` items; NULL and reported when it is none. A missing one is NULL. */
const dio_value *dio_intake_list(dio_intake *r, const dio_value *v, const char *what, int most);
/* "#rrggbb", "white" or "black" of the key in `owner`. An expression leaves *out as it is. */
bool dio_intake_colour(dio_intake *r, const dio_value *owner, const char *key, const char *text,
                       dio_rgb *out);
/* Adds e at `key` of `owner`, or at the owner. Always returns false. */
bool dio_intake_fail(dio_intake *r, const dio_value *owner, const char *key, const dio_error *e);
bool dio_intake_says(dio_intake *r, const dio_value *owner, const char *key, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));
