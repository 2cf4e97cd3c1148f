#pragma once
/* batch.h: a pipeline run for every row of a table, unattended.
 *
 * The caller's process reads the table and keeps the books; rows are rendered by worker processes,
 * each with models of its own, so that whatever happens to one row, a crash included, is that row's
 * failure. Rows that are done and whose files stand as they were left are passed over: to resume is
 * to run the same again. Two batches into one folder share the rows. Memory does not grow with
 * them.
 *
 * The workers are forked: call it before the process has started threads.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum dio_batch_what {
    DIO_BATCH_WARNING, /* `text` */
    DIO_BATCH_ROW,     /* a row has ended: `state`, and why */
    DIO_BATCH_DONE,    /* once, last */
} dio_batch_what;

typedef struct dio_batch_count {
    int64_t rows;   /* met so far */
    int64_t done;   /* rendered now */
    int64_t before; /* done by an earlier run, or another process */
    int64_t failed; /* for good: the row is wrong */
    int64_t retry;  /* failed by what may pass: a full disk */
    int64_t review; /* wait for a person's choice: run again after it */
} dio_batch_count;

typedef struct dio_batch_event {
    dio_batch_what what;
    int64_t row;
    const char *state, *text; /* "done", "before", "failed", "retry", "again",
                               * "review"; a reason or NULL */
    double seconds;           /* that the row took */
    dio_batch_count count;
    int64_t total;        /* rows in the table; 0: not counted yet */
    double elapsed, left; /* seconds; left < 0: not known */
    double rate;          /* rows a second, those done before not counted */
} dio_batch_event;

typedef struct dio_batch_options {
    const char *pipeline, *rows; /* rows: .csv, or .jsonl with an object a line */
    const char *out, *assets;
    const char *device, *cache; /* as in dio_run_options */
    const char *const *sets;    /* "name=value", for all rows */
    int set_count;
    bool has_seed;
    uint64_t seed;
    int jobs;    /* worker processes, 1..64 */
    int threads; /* of all workers together; 0: as many as there are cores */
    int retries; /* of a row that failed by what may pass, or whose worker died */
    bool fail_fast;
    void (*event)(void *user, const dio_batch_event *event); /* or NULL */
    bool (*cancelled)(void *user);                           /* or NULL */
    void *user;
} dio_batch_options;

/* False when no row could be tried (the pipeline or the table's head is wrong), or when it was
 * stopped; err says why. Rows that fail are told by events, in `count`, and in OUT/batch.jsonl: a
 * line for every row. */
bool dio_batch_run(const dio_batch_options *options, dio_batch_count *count, dio_error *err);
