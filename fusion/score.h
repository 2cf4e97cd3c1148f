#pragma once
/* score.h: a score looks at one result of a step and says one number about it.
 *
 * One file in scores/ that ends in a `const dio_score`, and one line in scores/scores.def. The
 * check of `rank:`, `diorama scores`, docs/scores.md and the ranking come from it. Scores are cheap
 * measurements with a published definition, no models: they tell a blurred picture from a sharp one
 * and not a dull one from a moving one. The same candidate has the same score on every machine
 * with any number of threads.
 */
#include "base/field.h"
#include "fusion/step.h"

/* One result, opened once for all scores that look at it. */
typedef struct dio_sight {
    dio_media media;
    const char *text; /* texts: its words; else the file's path */
    dio_image *rgb;   /* images: 8 bits, sRGB, on white */
    dio_image *grey;  /* the same as luminance, one channel */
    uint64_t print;   /* images: dio_sight_print */
    dio_clip *clip;   /* sounds */
} dio_sight;

/* Reads a result's file, or takes its words. Close it whatever the result. */
bool dio_sight_open(dio_sight *s, dio_media media, const char *text, dio_error *err);
/* A picture in memory; it stays the caller's. */
bool dio_sight_picture(dio_sight *s, dio_image *picture, dio_error *err);
void dio_sight_close(dio_sight *s);
/* Row y of a picture of bytes. */
const uint8_t *dio_sight_row(const dio_image *image, int y);

/* What a measurement is given. */
typedef struct dio_look {
    dio_studio *studio;
    dio_arena *arena;
    const dio_sight *sight;
    const uint64_t *prints; /* of the candidates before this one */
    int before;
    const dio_value *with; /* the step's own parameters, as a map; NULL: not known */
    dio_task *task;        /* for dio_task_file; NULL: files are where they are named */
} dio_look;

/* First in every score's parameters. */
struct dio_criterion_params {
    double weight;
    const char *of;
};
#define DIO_CRITERION_FIELDS                                                                       \
    DIO_FIELD(struct dio_criterion_params, weight, "1", 0, 1000, "how much it counts"),            \
        DIO_FIELD(struct dio_criterion_params, of, "", 0, 40,                                      \
                  "which output it looks at; empty: the step's first of that medium")
/* For scores that have no others. */
extern const dio_field dio_criterion_fields[];

typedef struct dio_score {
    const char *name;
    dio_media media; /* of what it looks at */
    const char *doc; /* what it measures */
    const char *unit;
    bool lower;            /* lower is better */
    bool fault;            /* above 0 is a fault: such a candidate comes after all without */
    double lo, hi;         /* what it can be; hi may be INFINITY */
    const char *reference; /* its definition: formula, and who published it */
    bool usual;            /* taken where `by` is not given; else only when named */
    const dio_field *params;
    size_t params_size;
    /* What a field's range cannot say; unknown parameters are zero. Or NULL. */
    dio_step_check *check;
    bool (*measure)(const dio_look *look, const void *params, double *out, dio_error *err);
} dio_score;

/* All scores, NULL-terminated, in the order of scores.def. */
extern const dio_score *const dio_scores[];
/* NULL with the nearest name. */
const dio_score *dio_score_find(const char *name, dio_error *err);
/* The first output of a step's type with that medium; NULL: there is none. */
const dio_port *dio_score_port(const dio_step *type, dio_media media);
