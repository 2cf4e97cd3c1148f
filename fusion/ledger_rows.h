#pragma once
/* ledger_rows.h: private to fusion/: which rows of a batch are done, and which row has which file.
 *
 * A row is known by its key: the pipeline, the seed and its values with the files they name by
 * content (batch.c). So a table may be sorted, cut or added to between two runs.
 */
#include "fusion/ledger.h"

typedef struct dio_row_note {
    const char *key, *state, *error; /* state: "done", "failed", "retry" */
    const char *inputs;              /* JSON */
    int64_t number, run;
    int attempts;
    double seconds;
    const char *files; /* JSON: a list of [path within the output folder, bytes, mtime in ns] */
} dio_row_note;
void dio_ledger_row_put(dio_ledger *l, const dio_row_note *n);

/* True when the row with that key is done, and each of its files stands under `out` as it was left.
 * The files' names are then claimed for this run's row. */
bool dio_ledger_row_done(dio_ledger *l, dio_arena *a, const char *out, const char *key, int64_t run,
                         int64_t number);

/* A file's name for one row of a run: false with a message when another row of the same run has
 * it. A NULL ledger knows no rows. */
bool dio_ledger_claim(dio_ledger *l, int64_t run, int64_t row, const char *path, dio_error *err);

/* How far a batch has come in its table, known by `batch`; the rows before need not all be done.
 * sha256 is of the table up to there. */
typedef struct dio_row_mark {
    int64_t offset, row, line;
    char sha256[65];
} dio_row_mark;
void dio_ledger_mark_put(dio_ledger *l, const char *batch, const dio_row_mark *m);
bool dio_ledger_mark(dio_ledger *l, const char *batch, dio_row_mark *out);

/* Many writes as one: between the two, nothing is on the disk for sure. */
void dio_ledger_hold(dio_ledger *l);
void dio_ledger_let(dio_ledger *l);
