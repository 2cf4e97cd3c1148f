#pragma once
/* record.h: private to fusion/: what happened to each instance of a step, and run.json made of it.
 */
#include "fusion/cache.h"
#include "fusion/ledger.h"
#include "fusion/pipeline.h"

typedef enum dio_outcome {
    DIO_OUTCOME_WAITING,
    DIO_OUTCOME_DONE,
    DIO_OUTCOME_SKIPPED, /* its `if` was false, or what it needs was skipped */
    DIO_OUTCOME_FAILED,
    DIO_OUTCOME_REVIEW, /* a person is to choose; what needs it waits */
} dio_outcome;
extern const char *const dio_outcome_names[];

typedef struct dio_record {
    const dio_stage *node;
    int instance;
    const char *label;
    dio_outcome state;
    bool kept; /* found in the cache */
    const char *error;
    double seconds, rss_mb; /* rss_mb: by how much memory grew at most; < 0: unknown */
    const char *params;     /* canonical JSON of what the step was given */
    char key[DIO_HASH_TEXT];
    dio_entry made;    /* what it gave; notes is never NULL */
    dio_value *choice; /* candidates and which was taken, as a map; NULL: it ran once */
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
    dio_cache *cache;
    const char *stage;        /* folder that the step at work writes into; NULL: none works */
    dio_ledger *ledger, *own; /* or NULL; own: opened for this run alone */
    int64_t run_id, row;      /* in the ledger */
    dio_record *records;      /* in order of the plan */
    int record_count, at;     /* at: the one at work */
    dio_final *finals;
    int final_count, final_cap;
    double weight, weight_done, done; /* done: as last told, 0..1 */
    int part, parts;      /* of the step at work, which is tried so often; 0: it is one piece */
    bool trying;          /* words of candidates are not told before one is chosen */
    int reviews;          /* questions that wait for a person */
    double started, told; /* seconds of the monotonic clock */
    char date[32];
    bool failed;
} dio_run;

double dio_run_clock(void);
const char *dio_run_state(const dio_run *run); /* "done", "failed", "review" */

/* Fills in where the run stands and hands the event on; `within`: of the step at work, 0..1. */
void dio_run_tell(dio_run *run, dio_run_event event, double within);
void dio_run_warn(dio_run *run, const char *text);
/* The words that it gave. */
void dio_run_tell_texts(dio_run *run, const dio_record *r);

/* run.c: the records, each waiting, and the scope. */
bool dio_run_plan(dio_run *run, dio_error *err);
/* Reads an instance's parameters; *known is false when they depend on what is not known. */
bool dio_run_params(dio_run *run, const dio_stage *n, void *params, bool *known, dio_error *err);
/* Makes its results known to later steps. */
void dio_run_publish(dio_run *run, const dio_record *r);
/* Whether it is to be made even when the cache has it. */
bool dio_run_again(const dio_run *run, const dio_stage *n);

/* memory.c: the process's memory, MB, from which growth is measured; by how much it has been more
 * at most since then; < 0: the system does not tell. Steps that run side by side share what they
 * measure. */
double dio_memory_mark(void);
double dio_memory_growth(double mark);

/* lock.c: writes OUT/diorama.lock after a whole run; whether a locked run has used no other models
 * than it names. */
bool dio_lock_write(const dio_run *run, dio_error *err);
bool dio_lock_hold(const dio_run *run, dio_error *err);

/* perform.c: one instance with its parameters: from the cache, or made and kept there. `again`:
 * made even when the cache has it. r->made and r->kept tell what came of it. */
bool dio_run_perform(dio_run *run, dio_record *r, const void *params, uint64_t seed, bool again,
                     dio_error *err);
/* The same without making anything: r->kept tells whether the cache has it. */
bool dio_run_foresee(dio_run *run, dio_record *r, const void *params, uint64_t seed,
                     dio_error *err);

/* emit.c: the one place where files get their final names. Moves or copies what the outputs ask
 * for and is there; goes on after a failure and reports the first. */
bool dio_run_emit(dio_run *run, dio_error *err);
/* A copy of a result's file beside the outputs, for people to look at. */
bool dio_run_copy_out(dio_run *run, const dio_result *r, const char *path, dio_error *err);

/* record.c: writes run.json into the output folder. */
bool dio_record_write(const dio_run *run, dio_error *err);
