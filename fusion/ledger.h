#pragma once
/* ledger.h: what was run, in OUT/.diorama/ledger.db (SQLite).
 *
 * Runs, each step's instances, finished files and what happened; rows of batches and whether they
 * are done. It is written as things happen, so that a killed process leaves its story; whoever
 * writes it does not depend on it: a ledger that fails is told once, and the work goes on. A
 * damaged one is set aside under another name and a new one begun.
 */
#include "base/arena.h"
#include "base/value.h"
#include "fusion/db.h"

typedef struct dio_ledger dio_ledger;

/* The ledger of an output folder. NULL with a message: no folder to write in, or a ledger of a
 * newer diorama. *warning (in the arena) tells of a damaged one that was set aside. */
dio_ledger *dio_ledger_open(const char *out, dio_arena *a, const char **warning, dio_error *err);
/* The same, where there is one already and nothing is to be made: NULL with a message. */
dio_ledger *dio_ledger_open_existing(const char *out, dio_error *err);
void dio_ledger_close(dio_ledger *l); /* NULL is fine */
/* What went wrong while writing, or NULL; told once. */
const char *dio_ledger_trouble(dio_ledger *l);
dio_db *dio_ledger_db(dio_ledger *l);

/* The functions that write take a NULL ledger and then do nothing. Times are seconds. */
typedef struct dio_ledger_run {
    const char *kind; /* "render", "batch" */
    const char *name, *file, *sha256, *source, *seed, *inputs, *version;
} dio_ledger_run;
int64_t dio_ledger_begin(dio_ledger *l, const dio_ledger_run *run);
void dio_ledger_end(dio_ledger *l, int64_t run, const char *state, double seconds);

typedef struct dio_ledger_task {
    int64_t run, row; /* row: of a table, 1-based; 0: none */
    const char *label, *uses, *key, *state, *params, *error;
    bool cached;
    double seconds, rss_mb; /* rss_mb: by how much memory grew at most meanwhile; < 0: unknown */
} dio_ledger_task;
void dio_ledger_task_add(dio_ledger *l, const dio_ledger_task *t);

typedef struct dio_ledger_file {
    int64_t run, row;
    const char *path, *sha256, *media, *output, *label; /* path: within the output folder */
    uint64_t bytes;
} dio_ledger_file;
void dio_ledger_file_add(dio_ledger *l, const dio_ledger_file *f);

void dio_ledger_event(dio_ledger *l, int64_t run, int64_t row, const char *what, const char *text);

/* How long this type of step took on average when it was not found in the cache; < 0: unknown. */
double dio_ledger_expect(dio_ledger *l, const char *uses);
/* By how much it has made the process grow at most, MB; < 0: unknown. */
double dio_ledger_memory(dio_ledger *l, const char *uses);

/* ---- for commands: trees for printing ---- */

/* Runs, latest first, at most `most`; one run with its steps and files; figures over all runs. */
dio_value *dio_ledger_runs(dio_ledger *l, dio_arena *a, int most, dio_error *err);
dio_value *dio_ledger_show(dio_ledger *l, dio_arena *a, int64_t run, dio_error *err);
dio_value *dio_ledger_stats(dio_ledger *l, dio_arena *a, dio_error *err);
/* How a file with this content was made; NULL with a message when the ledger does not know it. */
dio_value *dio_ledger_recipe(dio_ledger *l, dio_arena *a, const char *path, const char *sha256,
                             dio_error *err);
