#pragma once
/* lines.h: a table of lines to be spoken: one a row, each with the name of its file.
 *
 *     id,speaker,line,rate,pitch,energy
 *     guard-halt,deep,"Halt! Who goes there?",,,
 *
 * Columns may stand in any order; those that begin with x- are the user's own. A table is read
 * whole, with every problem in it told at its place, before anything is said.
 */
#include "base/field.h"

enum { DIO_LINES_MOST = 10000, DIO_LINES_BYTES = 16 << 20 };

typedef struct dio_line {
    const char *id, *speaker, *line;
    double rate, pitch, energy; /* times as fast; semitones; dB */
    uint64_t seed;
    const dio_value *row; /* as it was read; what knows its places */
} dio_line;

/* The columns. */
extern const dio_field dio_line_fields[];

/* *count lines in the arena. With `problem`, it is called with every mistake; without, the first
 * goes to err. NULL when there is any. */
dio_line *dio_lines_read(dio_arena *a, const char *path, int *count, dio_problem_fn *problem,
                         void *user, dio_error *err);
