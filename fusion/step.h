#pragma once
/* step.h: a type of step describes itself: name, parameters, outputs, work.
 *
 * One file in steps/ that ends in a `const dio_step`, and one line in steps/steps.def. Checks with
 * place and suggestion, `diorama steps`, the editor's schema and the run record come from it.
 */
#include "base/field.h"
#include "fusion/report.h"
#include "fusion/studio.h"

typedef enum dio_media {
    DIO_MEDIA_TEXT,
    DIO_MEDIA_IMAGE,
    DIO_MEDIA_VIDEO,
    DIO_MEDIA_AUDIO,
    DIO_MEDIA_DATA,   /* JSON */
    DIO_MEDIA_FOLDER, /* of files that the step has named */
} dio_media;

const char *dio_media_name(dio_media media);

typedef struct dio_port {
    const char *name; /* NULL ends the table */
    dio_media media;
    const char *doc;
    /* Of its file; NULL: the medium's, ".png", ".txt". With bars between where parameters choose
     * the format: ".mp4|.webm"; the file's own is then held to the name it shall have. */
    const char *suffix;
} dio_port;

/* One instance of a step at work. */
typedef struct dio_task {
    dio_studio *studio;
    dio_arena *arena; /* dies with the run */
    uint64_t seed;
    const char *title; /* the pipeline's name, for metadata */
    struct dio_run *run;
    struct dio_record *record;
} dio_task;

/* Called for whatever a field's range cannot say, before anything runs. `with` gives places.
 * Parameters that are not known yet are zero. Problems go to the report. */
typedef void dio_step_check(dio_studio *studio, const void *params, const dio_value *with,
                            dio_report *report);
/* For check functions: where a file that a parameter names will be read, as dio_task_file; no
 * other step's output is known yet. NULL with a message. */
const char *dio_check_file(const dio_report *report, const char *path, dio_error *err);
typedef bool dio_step_work(dio_task *task, const void *params, dio_error *err);

typedef struct dio_step {
    const char *name; /* "compose.video" */
    int version;      /* uses: compose.video@1 */
    const char *doc;
    const dio_field *params;
    size_t params_size;
    const dio_field *columns; /* of the table that one of them names; NULL: none does */
    const dio_port *out;
    double weight;         /* how long it takes, beside others; for the time left */
    dio_step_check *check; /* or NULL */
    /* Whether these parameters yield that output; NULL: always all. */
    bool (*gives)(const void *params, const char *port);
    dio_step_work *run;
} dio_step;

/* All types, NULL-terminated, in the order of steps.def. */
extern const dio_step *const dio_steps[];

/* "compose.video@1". False with the nearest name when there is none. */
const dio_step *dio_step_find(const char *uses, dio_error *err);

/* ---- for run functions ---- */

/* Where to write the file for an output; it is moved to its final name when the run asks for it.
 * `suffix` is ".png". */
char *dio_task_path(dio_task *t, const char *port, const char *suffix);
/* The file that a parameter names: an output of another step, a file that an input gave, or one in
 * the pipeline's folder, which no path may leave. NULL with a message. */
const char *dio_task_file(dio_task *t, const char *path, dio_error *err);
/* Hands an output over: a text, or the file or folder that was written to dio_task_path. */
void dio_task_give_text(dio_task *t, const char *port, const char *text);
void dio_task_give_file(dio_task *t, const char *port, const char *path);
/* Something for run.json: which palette was chosen, which model was used. */
void dio_task_note(dio_task *t, const char *key, const dio_value *value);
/* Progress within the step, 0..1. False when the run is to stop; err says so. */
bool dio_task_progress(dio_task *t, double done, dio_error *err);
