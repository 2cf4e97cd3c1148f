#pragma once
/* fusion.h: from a pipeline file to finished files.
 *
 *     dio_pipeline *p = dio_pipeline_open("product-ad.yaml", "assets", err);
 *     dio_pipeline_set(p, "product=Lumo Lamp", err);
 *     if (!dio_pipeline_check(p, &(dio_check_options){0}))
 *         fputs(dio_pipeline_problems(p), stderr);        // all of them, with places
 *     else
 *         dio_pipeline_run(p, &(dio_run_options){.out = "out"}, err);
 *     dio_pipeline_close(p);
 *
 * Nothing is loaded, drawn or written before the check has passed. Final files appear under their
 * names complete or not at all; run.json beside them says how they came to be.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_pipeline dio_pipeline;

enum {
    DIO_PIPELINE_BYTES = 1 << 19,   /* of a pipeline file */
    DIO_PIPELINE_INSTANCES = 10000, /* of steps, matrices multiplied out */
};

/* Reads the file. NULL only when there is none to read or no memory: mistakes in it are kept for
 * dio_pipeline_problems. `assets` is the folder of fonts, palettes and presets. */
dio_pipeline *dio_pipeline_open(const char *path, const char *assets, dio_error *err);
/* The same for a text in memory; relative paths in it start at `path`'s folder. */
dio_pipeline *dio_pipeline_parse(const char *path, const char *text, size_t length,
                                 const char *assets, dio_error *err);
void dio_pipeline_close(dio_pipeline *p); /* NULL is fine */

/* "name=value", as --set gives it; the last one of a name counts. Mistakes join the problems. */
void dio_pipeline_set(dio_pipeline *p, const char *assignment);

typedef struct dio_check_options {
    bool has_seed;
    uint64_t seed;    /* overrides defaults.seed */
    const char *only; /* run this step and what it needs; NULL: everything */
    const char *from; /* the step that is to be made anew (dio_run_options.again), to be checked */
    const char *out;  /* where final files will go; NULL: "out" */
    bool locked;      /* what differs from OUT/diorama.lock is a problem */
} dio_check_options;

/* Checks everything that can be known before the run. False when there are problems. */
bool dio_pipeline_check(dio_pipeline *p, const dio_check_options *options);

/* The problems so far as text for a terminal; "" when there are none. Valid until close. */
const char *dio_pipeline_problems(dio_pipeline *p, int *count);

/* After a check that failed: whether memory ran out. The problems may then be none of the file's,
 * and another try may succeed. */
bool dio_pipeline_starved(const dio_pipeline *p);

/* After a good check: what would run, as lines for people or as JSON. NULL: memory ran out. */
const char *dio_pipeline_plan(dio_pipeline *p, bool json);

typedef enum dio_run_what {
    DIO_RUN_PLAN,     /* once, first: `total` steps */
    DIO_RUN_BEGIN,    /* a step begins */
    DIO_RUN_PROGRESS, /* at most ten times a second */
    DIO_RUN_TEXT,     /* a step wrote words: `name` is the output, `text` its text */
    DIO_RUN_END,      /* a step has ended, or was skipped */
    DIO_RUN_WARNING,  /* `text`: something to know; the run goes on */
    DIO_RUN_CHOICE,   /* one of several candidates was taken: `text` says which */
    DIO_RUN_REVIEW,   /* a person is to choose: `text` says where to look */
    DIO_RUN_FILE,     /* a file stands at its final place: `name`, `text` its path */
    DIO_RUN_DONE,     /* once, last, also after a failure */
} dio_run_what;

typedef struct dio_run_event {
    dio_run_what what;
    const char *step; /* "spot (format=square-1x1)"; NULL: none */
    const char *name, *text;
    int number, total;    /* of the step, 1-based */
    double done;          /* of the whole run, 0..1 */
    double elapsed, left; /* seconds; left < 0: not known yet */
    bool skipped, failed;
    bool kept;  /* found in the cache: nothing was made */
    bool waits; /* for a person's choice, here or in a step that it needs */
} dio_run_event;

typedef struct dio_run_options {
    const char *out;    /* folder of the final files; made when missing */
    const char *device; /* "auto" (what NULL means), "cpu" or "cuda" */
    /* Folder of results kept from run to run; NULL: this run keeps to itself. */
    const char *cache;
    /* Make anew what the cache has: this step and all that needs it; "": everything; NULL: no. */
    const char *again;
    bool record; /* into OUT/.diorama/ledger.db */
    bool locked; /* models that OUT/diorama.lock does not name fail the run; else it is written */
    /* A batch's, for runs of its rows; else NULL and 0. */
    struct dio_ledger *ledger;
    struct dio_cache *opened; /* in place of `cache` */
    int64_t run, row;
    void (*event)(void *user, const dio_run_event *event); /* or NULL */
    bool (*cancelled)(void *user);                         /* or NULL; asked often */
    void *user;
} dio_run_options;

/* After a check: runs. False when a step failed; finished outputs of other steps stay. False, to be
 * run again, when a step waits for a person's choice. */
bool dio_pipeline_run(dio_pipeline *p, const dio_run_options *options, dio_error *err);

/* After a check: what a run with these options would find in the cache and what it would make, how
 * long that took in earlier runs into this folder, and their memory. Nothing is made. Valid until
 * close; NULL with a message. */
const char *dio_pipeline_forecast(dio_pipeline *p, const dio_run_options *options, bool json,
                                  dio_error *err);

/* For `diorama schema`: the JSON Schema (draft-07) of pipeline files, from the same tables that
 * check them. For `diorama presets`: one line a preset. In the arena; NULL on failure. */
char *dio_pipeline_schema(dio_arena *a, const char *assets, dio_error *err);
char *dio_presets_text(dio_arena *a, const char *assets, bool json, dio_error *err);
/* For `diorama steps`: names and docs; with a name, its parameters and outputs. */
char *dio_steps_text(dio_arena *a, const char *name, bool json, dio_error *err);
/* For `diorama scores`, and the page of them in Markdown. */
char *dio_scores_text(dio_arena *a, const char *name, bool json, dio_error *err);
char *dio_scores_page(dio_arena *a, dio_error *err);

#ifdef __cplusplus
}
#endif
