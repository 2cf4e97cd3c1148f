/* batch.c: reads the table, hands rows to workers, keeps the books.
 *
 * A row that is wanted is locked by its key, so that another batch into the same folder takes
 * other rows meanwhile. What is remembered here is the rows at work, some that wait, and counts. */
#define _GNU_SOURCE
#include "fusion/batch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/locks.h"
#include "base/str.h"
#include "base/table.h"
#include "fusion/batch_books.h"

/* ---- jobs ---- */

/* Rows that wait: for another process that has them, or for a while before they are tried again. */
enum { WAITING = 256 };

struct batch {
    struct dio_books books;
    const dio_batch_options *options;
    dio_table *table;
    bool over, stopped; /* the table is read to its end; no more rows are to be begun */
    /* A batch that goes on begins where the last one had come to, so that work starts at once; what
     * lies before is looked through afterwards. */
    dio_table_mark first, from;
    bool behind; /* the rows before `from` are still to come */
    struct dio_worker *workers;
    struct dio_job *waiting[WAITING];
    int waits;
};

static void free_job(struct dio_job *j)
{
    if (j)
        dio_arena_destroy(j->arena);
}

/* Whether the row can be begun: it is not done, and no other process has it. True with *ready false
 * when it must wait. False with a message only for locks that do not work. */
static bool begin(struct batch *b, struct dio_job *j, bool *ready, bool *ended, dio_error *err)
{
    *ended = false;
    *ready = j->locked;
    if (!j->locked && !dio_locks_try(b->books.locks, j->number, &j->locked, err))
        return false;
    *ready = j->locked && (j->due == 0 || dio_run_clock() >= j->due);
    if (j->locked && !j->looked) {
        j->looked = true;
        *ended = dio_books_done(&b->books, j);
    }
    return true;
}

static void release(struct batch *b, struct dio_job *j)
{
    if (j->locked)
        dio_locks_release(b->books.locks, j->number);
    free_job(j);
}

/* A waiting job whose time has come; NULL with no message when there is none now. */
static struct dio_job *take_waiting(struct batch *b, dio_error *err)
{
    for (int i = 0; i < b->waits; i++) {
        struct dio_job *j = b->waiting[i];
        bool ready, ended;
        if (!begin(b, j, &ready, &ended, err))
            return NULL;
        if (!ready && !ended)
            continue;
        b->waiting[i] = b->waiting[--b->waits];
        if (!ended)
            return j;
        release(b, j);
        i--;
    }
    return NULL;
}

/* Whether there is no row here: at the end of the table, or, when its beginning came last, where
 * the first reading began. */
static bool is_end(struct batch *b, bool at_end, dio_error *err)
{
    bool met = b->from.row > 0 && !b->behind && dio_table_row(b->table) > b->from.row;
    if (b->behind && at_end) {
        b->behind = false;
        dio_table_seek(b->table, &b->first, err);
        return true;
    }
    b->over = at_end || met;
    return b->over;
}

/* The next row of the table as a job; NULL at its end, or when the row itself was wrong. */
static struct dio_job *read_job(struct batch *b, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    struct dio_job *j = a ? dio_arena_alloc(a, sizeof *j) : NULL;
    dio_value *row;
    dio_error wrong = {0};
    if (!j) {
        dio_fail_memory(err, "a row");
        return NULL;
    }
    *j = (struct dio_job){.arena = a};
    bool read = dio_table_next(b->table, a, &row, &wrong);
    j->row = dio_table_row(b->table);
    if (is_end(b, read && !row, err)) {
        free_job(j);
        return NULL;
    }
    b->books.count.rows++;
    if (read)
        read = dio_books_prepare(&b->books, j, row, &wrong);
    if (read)
        return j;
    dio_books_refuse(&b->books, j, &wrong);
    b->stopped = b->stopped || b->options->fail_fast;
    free_job(j);
    return NULL;
}

/* A row for an idle worker. NULL when there is none now; err is set when the batch cannot go on. */
static struct dio_job *next_job(struct batch *b, dio_error *err)
{
    struct dio_job *j = take_waiting(b, err);
    while (!j && err->kind == DIO_ERROR_NONE && !b->over && !b->stopped && b->waits < WAITING) {
        bool ready, ended;
        j = read_job(b, err);
        if (!j)
            continue;
        if (!begin(b, j, &ready, &ended, err)) {
            free_job(j);
            return NULL;
        }
        if (ready && !ended)
            return j;
        if (ended) {
            release(b, j);
            dio_books_hold(&b->books);
        } else
            b->waiting[b->waits++] = j;
        j = NULL;
        if (b->options->cancelled && b->options->cancelled(b->options->user))
            return NULL;
    }
    return j;
}

/* ---- workers ---- */

/* The row goes to the worker; one that has died meanwhile is noticed when its answer is awaited. */
static void hand(struct dio_worker *w, struct dio_job *j, struct dio_books *books,
                 const dio_table *table)
{
    dio_books_let(books);
    dio_books_mark(books, table);
    w->job = j;
    j->attempts++;
    j->begun = dio_run_clock();
    dio_batch_send(w->fd, j->message, j->arena);
}

/* The row is finished, or waits to be tried again. */
static void settle(struct batch *b, struct dio_job *j, const char *state, const char *error,
                   const dio_value *files)
{
    bool stop = b->stopped || (b->options->cancelled && b->options->cancelled(b->options->user));
    bool may = strcmp(state, "retry") == 0 && j->attempts <= b->options->retries;
    if (may && !stop && b->waits < WAITING) {
        j->due = dio_run_clock() + 0.25 * (double)(1 << (j->attempts < 8 ? j->attempts : 8));
        dio_books_again(&b->books, j, error);
        b->waiting[b->waits++] = j;
        return;
    }
    if (!stop || strcmp(state, "done") == 0)
        dio_books_end(&b->books, j, state, error, files);
    b->stopped = b->stopped || (b->options->fail_fast && strcmp(state, "done") != 0 &&
                                strcmp(state, "review") != 0);
    release(b, j);
}

static void hear(struct batch *b, struct dio_worker *w)
{
    struct dio_job *j = w->job;
    const dio_value *v = dio_batch_receive(w->fd, j ? j->arena : b->books.arena);
    const dio_value *state = dio_map_get(v, "state"), *error = dio_map_get(v, "error");
    w->job = NULL;
    if (v && j && state && state->kind == DIO_STRING) {
        settle(b, j, state->string.text, error ? error->string.text : NULL,
               dio_map_get(v, "files"));
        return;
    }
    char why[128];
    dio_worker_bury(w, why, sizeof why);
    if (j)
        settle(b, j, "retry", why, NULL);
}

static bool any_busy(const struct batch *b)
{
    for (int i = 0; i < b->options->jobs; i++)
        if (b->workers[i].job)
            return true;
    return false;
}

/* Waits until a worker speaks, or a little: locks and delays are looked at now and then. */
static void listen_to_all(struct batch *b)
{
    struct pollfd fds[DIO_BATCH_JOBS];
    int n = 0, of[DIO_BATCH_JOBS];
    for (int i = 0; i < b->options->jobs; i++) {
        if (!b->workers[i].job)
            continue;
        of[n] = i;
        fds[n++] = (struct pollfd){.fd = b->workers[i].fd, .events = POLLIN};
    }
    if (poll(fds, (nfds_t)n, 50) <= 0)
        return;
    for (int i = 0; i < n; i++)
        if (fds[i].revents)
            hear(b, &b->workers[of[i]]);
}

static bool feed(struct batch *b, dio_error *err)
{
    for (int i = 0; i < b->options->jobs && !b->stopped; i++) {
        struct dio_worker *w = &b->workers[i];
        struct dio_job *j = w->job ? NULL : next_job(b, err);
        if (err->kind != DIO_ERROR_NONE)
            return false;
        if (!j)
            continue;
        dio_books_let(&b->books); /* a child would think that it holds the ledger itself */
        if (!w->pid && !dio_worker_start(w, &b->books.ground, b->workers, b->options->jobs, err)) {
            release(b, j);
            return false;
        }
        hand(w, j, &b->books, b->table);
    }
    return true;
}

static bool run_rows(struct batch *b, dio_error *err)
{
    bool ok = true, told = false;
    for (;;) {
        bool cancelled = b->options->cancelled && b->options->cancelled(b->options->user);
        if (cancelled && !told)
            for (int i = 0; i < b->options->jobs; i++)
                if (b->workers[i].pid)
                    kill(b->workers[i].pid, SIGINT);
        told = told || cancelled;
        b->stopped = b->stopped || cancelled || !ok;
        ok = b->stopped || feed(b, err);
        b->stopped = b->stopped || !ok;
        bool waiting = b->waits > 0 && !b->stopped;
        if (!any_busy(b) && !waiting && (b->over || b->stopped))
            break;
        dio_books_let(&b->books);
        listen_to_all(b);
    }
    while (b->waits > 0)
        release(b, b->waiting[--b->waits]);
    if (told && err->kind == DIO_ERROR_NONE)
        dio_fail_retry(err, "stopped on request; the same command goes on from here");
    return err->kind == DIO_ERROR_NONE;
}

static bool go_on(struct batch *b, dio_error *err)
{
    b->first = dio_table_tell(b->table);
    b->behind = dio_books_recall(&b->books, &b->from);
    return !b->behind || dio_table_seek(b->table, &b->from, err);
}

bool dio_batch_run(const dio_batch_options *options, dio_batch_count *count, dio_error *err)
{
    struct batch b = {.options = options};
    struct dio_worker workers[DIO_BATCH_JOBS] = {{0}};
    b.workers = workers;
    bool ok = dio_books_open(&b.books, options, err) &&
              (b.table = dio_table_open(options->rows, err)) &&
              dio_books_check(&b.books, dio_table_columns(b.table), err) && go_on(&b, err) &&
              run_rows(&b, err);
    for (int i = 0; i < options->jobs; i++)
        dio_worker_stop(&workers[i]);
    dio_table_close(b.table);
    *count = b.books.count;
    dio_error late = {0};
    if (!dio_books_close(&b.books, ok, &late) && ok) {
        *err = late;
        ok = false;
    }
    return ok;
}
