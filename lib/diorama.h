#ifndef DIORAMA_H
#define DIORAMA_H
/* diorama.h: render pipelines from a program of your own. For C99 and C++11.
 *
 *     diorama *d = diorama_open("product-ad.yaml", NULL);
 *     diorama_set(d, "product", "Lumo Lamp");
 *     if (diorama_check(d, NULL) != DIORAMA_DONE) {
 *         fputs(diorama_problems(d, NULL), stderr);        // all of them, with places
 *     } else {
 *         diorama_run_options o = {.size = sizeof o, .out = "out"};     // C++: o{}; o.size = ...
 *         if (diorama_run(d, &o) != DIORAMA_DONE)
 *             fprintf(stderr, "%s\n", diorama_message(d));
 *     }
 *     diorama_close(d);
 *
 *     cc ad.c $(pkg-config --cflags --libs diorama) -o ad
 *
 * examples/render.c is a whole program, with progress and a way to stop.
 *
 * Ownership. A text that a function returns belongs to its handle and is valid until
 * diorama_close, or until the next call that returns it. Texts given are copied, but for those of
 * options, which must live as long as the call. All text is UTF-8.
 *
 * Threads. The library keeps nothing outside of handles: different handles may be used by
 * different threads at the same time, one handle by one thread at a time. Callbacks come on the
 * thread that called and may use no function on that handle but diorama_message. To stop a run
 * from another thread or from a signal handler, set a flag that `cancelled` looks at. A run works
 * with a gang of threads of its own (OpenMP: OMP_NUM_THREADS); the results do not depend on it.
 *
 * The library never prints, never ends the program and leaves signals alone. So a disk limit
 * (RLIMIT_FSIZE) ends the program by SIGXFSZ unless it ignores that signal.
 *
 * Structs that the program fills begin with `size`, its own sizeof: later versions add members at
 * the end, and 0 in them means what was before. The library's structs may grow likewise.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DIORAMA_VERSION_MAJOR 0
#define DIORAMA_VERSION_MINOR 1
#define DIORAMA_VERSION_PATCH 0

/* "0.1.0", of the library that is loaded. */
const char *diorama_version(void);

/* How a call ended. These are the exit codes of the command, too. */
typedef enum diorama_status {
    DIORAMA_DONE = 0,
    DIORAMA_INVALID = 2,      /* an input is wrong: the same call will fail again */
    DIORAMA_ROWS_FAILED = 42, /* a batch went through; some of its rows are wrong */
    DIORAMA_RETRY = 75,       /* disk full, no memory: may work later */
    DIORAMA_STOPPED = 130     /* `cancelled` said so */
} diorama_status;

/* One pipeline: read, given its inputs, checked once, run as often as one likes. */
typedef struct diorama diorama;

/* Reads a pipeline file. `assets` is the folder of fonts, presets and house models; NULL: the one
 * installed with the library, or $DIORAMA_ASSETS. NULL only when there is no memory: whatever else
 * is wrong, diorama_check tells. */
diorama *diorama_open(const char *path, const char *assets);

/* The same for a text in memory of at most 512 KiB. `path` names it in messages, and relative
 * paths in it start at that folder. */
diorama *diorama_parse(const char *path, const char *text, size_t length, const char *assets);

/* Frees it with all its texts. NULL is fine. */
void diorama_close(diorama *d);

/* The sentence that goes with the last status that was not DIORAMA_DONE; "" before. */
const char *diorama_message(const diorama *d);

/* Gives an input its value, as text: "12", "true", a path. The last value of a name counts; one
 * that does not fit is a problem that diorama_check tells. Not after the check. */
diorama_status diorama_set(diorama *d, const char *name, const char *value);

typedef struct diorama_check_options {
    size_t size;
    const uint64_t *seed; /* in place of the pipeline's; NULL: that */
    const char *only;     /* this step and what it needs; NULL: all steps */
    const char *out;      /* where files will go; NULL: "out" */
} diorama_check_options;

/* Finds every mistake that can be known before the run. Loads no model, writes nothing. `options`
 * may be NULL. Once for a handle; again, it says what it said, whatever the options. */
diorama_status diorama_check(diorama *d, const diorama_check_options *options);

/* The mistakes as text for a terminal: file:line:column, the sentence, the line, a caret. "" when
 * there are none. `count` may be NULL. */
const char *diorama_problems(diorama *d, int *count);

/* After a good check: what a run would do, as lines for people or as JSON. NULL with a message
 * before. */
const char *diorama_plan(diorama *d, int json);

typedef enum diorama_what {
    DIORAMA_PLAN,     /* once, first: `total` steps */
    DIORAMA_BEGIN,    /* a step begins */
    DIORAMA_PROGRESS, /* at most ten times a second */
    DIORAMA_TEXT,     /* a step wrote words: output `name`, its `text` */
    DIORAMA_END,      /* a step has ended, or was skipped */
    DIORAMA_WARNING,  /* `text`; the run goes on */
    DIORAMA_FILE,     /* a file stands at its final place: output `name`, `text` its path */
    DIORAMA_FINISHED  /* once, last, also after a failure */
} diorama_what;

typedef struct diorama_event {
    diorama_what what; /* pass over those that are not known: later versions have more */
    const char *step;  /* "spot (format=square-1x1)", or NULL; texts live as long as the call */
    const char *name, *text; /* or NULL */
    int number, total;       /* of the step, from 1 */
    double done;             /* of the whole run, 0..1 */
    double elapsed, left;    /* seconds; left < 0: not known yet */
    int skipped, failed;
    int kept; /* found in the cache: nothing was made */
} diorama_event;

typedef struct diorama_run_options {
    size_t size;
    const char *out;    /* folder of the finished files, made when missing; NULL: "out" */
    const char *device; /* "auto", "cpu" or "cuda"; NULL: auto */
    const char *cache;  /* folder of kept results; NULL: the user's own; "off": none */
    const char *again;  /* make anew this step and all that needs it; "": all; NULL: none */
    void (*event)(void *user, const diorama_event *event); /* or NULL */
    int (*cancelled)(void *user);                          /* or NULL; asked often */
    void *user;
} diorama_run_options;

/* After a good check: runs. Files appear under their names complete or not at all; those of steps
 * that succeeded stay when another fails. OUT/run.json says how they were made. */
diorama_status diorama_run(diorama *d, const diorama_run_options *options);

/* ---- batches ---- */

typedef struct diorama_count {
    int64_t rows;   /* met so far */
    int64_t done;   /* rendered now */
    int64_t before; /* done by an earlier batch */
    int64_t failed; /* for good: the row is wrong */
    int64_t retry;  /* failed by what may pass */
} diorama_count;

typedef struct diorama_row {
    int64_t row;       /* 0: the event is about the batch */
    const char *state; /* "done", "before", "failed", "retry", "again"; NULL: a warning, or over */
    const char *text;  /* why, or NULL */
    double seconds;    /* that the row took */
    diorama_count count;  /* so far */
    int64_t total;        /* rows in the table; 0: not counted yet */
    double elapsed, left; /* seconds; left < 0: not known yet */
} diorama_row;

typedef struct diorama_batch_options {
    size_t size;
    const char *pipeline;                      /* a file */
    const char *rows;                          /* .csv, whose first row names inputs, or .jsonl */
    const char *out, *assets, *device, *cache; /* as above */
    const char *const *sets;                   /* "name=value", the same for all rows; or NULL */
    int set_count;
    const uint64_t *seed; /* or NULL */
    int jobs;             /* rows at a time, 1..64, each in a process; 0: 1 */
    int threads;          /* of all of them together; 0: as many as there are cores */
    int retries;          /* of a row that failed by what may pass */
    int fail_fast;
    void (*event)(void *user, const diorama_row *row); /* or NULL */
    int (*cancelled)(void *user);                      /* or NULL */
    void *user;
} diorama_batch_options;

/* Renders a pipeline for every row of a table; run again, it goes on where it was. Rows are
 * rendered by forked processes, so the calling process must have one thread: call it before any is
 * started, diorama_run's included. While it runs SIGPIPE is ignored. OUT/batch.jsonl has a line for
 * every row. `count` may be NULL; message[size] takes the sentence of a status other than
 * DIORAMA_DONE, and may be NULL with size 0. */
diorama_status diorama_batch(const diorama_batch_options *options, diorama_count *count,
                             char *message, size_t size);

#ifdef __cplusplus
}
#endif
#endif
