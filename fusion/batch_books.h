#pragma once
/* batch_books.h: between batch.c and its parts: what a row is while it is worked on, its worker,
 * and the books: ledger, report, counts, events. */
#include <sys/types.h>

#include "base/file.h"
#include "base/locks.h"
#include "base/table.h"
#include "fusion/batch_parts.h"
#include "fusion/hashes.h"
#include "fusion/ledger_rows.h"
#include "fusion/record.h"

enum { DIO_BATCH_JOBS = 64 };

struct dio_job {
    dio_arena *arena; /* everything of the row, this struct too */
    int64_t row;
    int line;
    char key[DIO_HASH_TEXT];
    uint64_t number; /* of its lock */
    const dio_value *message;
    const char *inputs;  /* JSON */
    bool locked, looked; /* looked: whether it was done already */
    int attempts;
    double begun, due; /* due: not before that time */
};

/* ---- batch_books.c ---- */

struct dio_books {
    const dio_batch_options *options;
    dio_batch_ground ground;
    dio_arena *arena;
    bool csv;
    dio_pipeline *pipeline; /* for its inputs' types; no step of it runs here */
    dio_hashes *hashes;
    dio_ledger *ledger;
    dio_locks *locks;
    dio_writer *report;
    char common[DIO_HASH_TEXT]; /* of all that rows' keys share */
    dio_batch_count count;
    int64_t total;
    double started, marked;
    bool held;
};

bool dio_books_open(struct dio_books *b, const dio_batch_options *options, dio_error *err);
/* Everything about the pipeline and the columns that needs no row. */
bool dio_books_check(struct dio_books *b, const dio_value *columns, dio_error *err);
/* Closes after any open; writes the report. */
bool dio_books_close(struct dio_books *b, bool ok, dio_error *err);

/* Key and message of a row of the table. */
bool dio_books_prepare(struct dio_books *b, struct dio_job *j, const dio_value *row,
                       dio_error *err);
/* True when an earlier run has done it; that is then counted and told. */
bool dio_books_done(struct dio_books *b, struct dio_job *j);
/* Skipping many rows writes much: between hold and let it is one write. A held ledger keeps workers
 * from theirs, so it is let go before a row is handed out. */
void dio_books_hold(struct dio_books *b);
void dio_books_let(struct dio_books *b);
/* Remembers how far the table was read, now and then; and where the last batch of this table, whose
 * beginning is unchanged, had come to: false when there is none. */
void dio_books_mark(struct dio_books *b, const dio_table *t);
bool dio_books_recall(struct dio_books *b, dio_table_mark *out);
/* The row has ended; will be tried again; could not be read. */
void dio_books_end(struct dio_books *b, struct dio_job *j, const char *state, const char *error,
                   const dio_value *files);
void dio_books_again(struct dio_books *b, struct dio_job *j, const char *error);
void dio_books_refuse(struct dio_books *b, struct dio_job *j, const dio_error *why);

/* ---- batch_process.c ---- */

struct dio_worker {
    pid_t pid; /* 0: none */
    int fd;
    struct dio_job *job;
};

/* Forks; the child closes what belongs to its `count` siblings and works until its socket closes.
 */
bool dio_worker_start(struct dio_worker *w, const dio_batch_ground *ground,
                      const struct dio_worker *all, int count, dio_error *err);
/* The worker has gone: how, as a sentence. */
void dio_worker_bury(struct dio_worker *w, char *why, size_t size);
/* Lets an idle or busy worker end, and waits for it. */
void dio_worker_stop(struct dio_worker *w);
