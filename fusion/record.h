#pragma once
/* record.h: private to fusion/: what happened to each instance of a step, and run.json made of it.
 */
#include "fusion/pipeline.h"

typedef enum dio_outcome {
    DIO_OUTCOME_WAITING,
    DIO_OUTCOME_DONE,
    DIO_OUTCOME_SKIPPED, /* its `if` was false, or what it needs was skipped */
    DIO_OUTCOME_FAILED,
} dio_outcome;

enum { DIO_RESULTS = 32 };

typedef struct dio_result {
    const char *port, *text; /* a text's words, or a file's path */
    bool is_file;
    bool moved; /* the file stands at its final place; text is that */
} dio_result;

typedef struct dio_record {
    const dio_stage *node;
    int instance;
    const char *label;
    dio_outcome state;
    const char *error;
    double seconds;
    const char *params; /* canonical JSON of what the step was given */
    dio_value *notes;   /* map */
    dio_result result[DIO_RESULTS];
    int results;
} dio_record;

typedef struct dio_final {
    const char *output, *path; /* relative to the output folder */
    const char *label;         /* of the instance that made it */
    dio_media media;
    char hash[DIO_HASH_TEXT];
    size_t bytes;
} dio_final;

/* One run. */
typedef struct dio_run {
    dio_pipeline *p;
    const dio_run_options *options;
    dio_arena *arena;
    dio_value *scope;
    const char *work;     /* folder of unfinished files */
    dio_record *records;  /* in order of the plan */
    int record_count, at; /* at: the one at work */
    dio_final *finals;
    int final_count, final_cap;
    double weight, weight_done;
    double started, told; /* seconds of the monotonic clock */
    char date[32];
    bool failed;
} dio_run;

double dio_run_clock(void);

/* emit.c: the one place where files get their final names. Moves or copies what the outputs ask
 * for and is there; goes on after a failure and reports the first. */
bool dio_run_emit(dio_run *run, dio_error *err);

/* record.c: writes run.json into the output folder. */
bool dio_record_write(const dio_run *run, dio_error *err);
