/* batch.c: the door to batches. Their workers are forked; a fork of a process with threads has
 * locks that nobody will ever open, so such a process is refused rather than hung. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fusion/batch.h"
#include "lib/options.h"

struct watch {
    const diorama_batch_options *options;
    bool stopped;
};

static diorama_count count_of(const dio_batch_count *c)
{
    return (diorama_count){c->rows, c->done, c->before, c->failed, c->retry};
}

static void on_event(void *user, const dio_batch_event *e)
{
    const struct watch *w = user;
    w->options->event(w->options->user, &(diorama_row){.row = e->row,
                                                       .state = e->state,
                                                       .text = e->text,
                                                       .seconds = e->seconds,
                                                       .count = count_of(&e->count),
                                                       .total = e->total,
                                                       .elapsed = e->elapsed,
                                                       .left = e->left});
}

static bool on_cancelled(void *user)
{
    struct watch *w = user;
    w->stopped = w->stopped || w->options->cancelled(w->options->user);
    return w->stopped;
}

static bool alone(dio_error *err)
{
    int threads = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; d && (e = readdir(d));)
        threads += e->d_name[0] != '.';
    if (d)
        closedir(d);
    if (threads <= 1)
        return true;
    return dio_fail(err,
                    "a batch forks its workers, and this process has %d threads: call "
                    "diorama_batch before any is started, or run the command `diorama batch`",
                    threads);
}

static bool fits(const diorama_batch_options *o, dio_error *err)
{
    if (!o->pipeline || !o->rows)
        return dio_fail(err, "a batch needs a pipeline and a table of rows");
    if (o->jobs < 0 || o->jobs > 64)
        return dio_fail(err, "jobs: %d is not within 1..64", o->jobs);
    if (o->threads < 0 || o->retries < 0 || o->set_count < 0)
        return dio_fail(err, "threads, retries, set_count: a number below 0");
    return true;
}

static bool run(const diorama_batch_options *o, struct watch *watch, dio_batch_count *c,
                dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a batch");
    const dio_batch_options b = {
        .pipeline = o->pipeline,
        .rows = o->rows,
        .out = o->out ? o->out : "out",
        .assets = diorama_assets(a, o->assets, err),
        .device = o->device ? o->device : "auto",
        .cache = diorama_cache(a, o->cache),
        .sets = o->sets,
        .set_count = o->sets ? o->set_count : 0,
        .has_seed = o->seed != NULL,
        .seed = o->seed ? *o->seed : 0,
        .jobs = o->jobs ? o->jobs : 1,
        .threads = o->threads,
        .retries = o->retries,
        .fail_fast = o->fail_fast != 0,
        .event = o->event ? on_event : NULL,
        .cancelled = o->cancelled ? on_cancelled : NULL,
        .user = watch,
    };
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    bool ok = b.assets && sigaction(SIGPIPE, &ignore, &before) == 0;
    if (ok) {
        ok = dio_batch_run(&b, c, err);
        sigaction(SIGPIPE, &before, NULL);
    }
    dio_arena_destroy(a);
    return ok;
}

diorama_status diorama_batch(const diorama_batch_options *options, diorama_count *count,
                             char *message, size_t size)
{
    dio_error err = {0};
    diorama_batch_options o;
    dio_batch_count c = {0};
    struct watch watch = {.options = &o};
    diorama_status status = DIORAMA_DONE;
    if (!diorama_take(&o, sizeof o, options, &err) || !fits(&o, &err) || !alone(&err) ||
        !run(&o, &watch, &c, &err))
        status = diorama_status_of(&err, watch.stopped);
    else if (c.failed || c.retry) {
        status = c.failed ? DIORAMA_ROWS_FAILED : DIORAMA_RETRY;
        dio_fail(&err, "%lld of %lld rows failed; see batch.jsonl in %s",
                 (long long)(c.failed + c.retry), (long long)c.rows, o.out ? o.out : "out");
    }
    if (count)
        *count = count_of(&c);
    if (message && size > 0) {
        char text[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 64];
        snprintf(message, size, "%s",
                 err.kind == DIO_ERROR_NONE ? "" : dio_error_text(&err, text, sizeof text));
    }
    return status;
}
