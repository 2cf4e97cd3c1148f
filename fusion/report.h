#pragma once
/* report.h: all problems of a pipeline, told in one pass.
 *
 * Each is `file:line:column: error: message`, the line of the file and a caret under the place.
 * Order is that of the files and of each; the same problem at the same place counts once.
 */
#include "base/error.h"
#include "base/value.h"

enum { DIO_REPORT_MOST = 100 }; /* told; more are counted */

/* A text that carets point into. */
typedef struct dio_report_file {
    const char *name, *source;
} dio_report_file;

typedef struct dio_report {
    dio_arena *arena;
    dio_report_file *files; /* problems are told in their order */
    int file_count, file_cap;
    const struct dio_pipeline *pipeline; /* whose parameters are checked (step.h); NULL: none */
    const struct dio_part *part;         /* and the file of it that they stand in */
    dio_error *list;
    int count, cap, dropped;
    bool starved; /* memory ran out: the list may lack problems, and have some that are none */
} dio_report;

/* A dio_problem_fn: `report` is a dio_report. */
void dio_report_add(void *report, const dio_error *problem);

/* Adds a file, after those that are there. False when there is no memory. */
bool dio_report_file_add(dio_report *r, const char *name, const char *source);
/* The text of a file; NULL: it is not one of these. */
const char *dio_report_source(const dio_report *r, const char *file);

/* Adds a sentence at v's place (NULL: at none). Always returns false. */
bool dio_report_at(dio_report *r, const dio_value *v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds e's sentence after "WHAT: " (NULL: nothing) at v's place, and what kind it is of. */
bool dio_report_error(dio_report *r, const dio_value *v, const char *what, const dio_error *e);

/* For what could not be looked at for want of memory. Always returns false. */
bool dio_report_memory(dio_report *r);

/* The whole as text, "" when there is no problem. */
char *dio_report_text(dio_report *r, dio_arena *a);
