/* diorama.c: the public door, over fusion.h. Here the library's own types become those that a
 * program was compiled with, perhaps years before: options are copied by the size that it says. */
#include "lib/diorama.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/str.h"
#include "fusion/cache.h"
#include "fusion/fusion.h"
#include "lib/options.h"

struct diorama {
    dio_arena *arena;
    dio_pipeline *pipeline; /* NULL: it could not be read, `unread` says why */
    dio_error unread;
    bool checked, good;
    const char *out;
    char message[DIO_ERROR_MESSAGE + DIO_ERROR_FILE + 64];
};

const char *diorama_version(void)
{
    return DIORAMA_VERSION;
}

/* ---- options and statuses ---- */

bool diorama_take(void *own, size_t size, const void *theirs, dio_error *err)
{
    size_t given;
    memset(own, 0, size);
    if (!theirs)
        return true;
    memcpy(&given, theirs, sizeof given);
    if (given < sizeof given || given > DIORAMA_OPTIONS_MOST)
        return dio_fail(err,
                        "options: size %zu is not that of a struct of diorama.h: set it to "
                        "its sizeof",
                        given);
    /* Of members that this version does not know, none may ask for anything. */
    for (size_t i = size; i < given; i++)
        if (((const unsigned char *)theirs)[i])
            return dio_fail(err,
                            "options: the program asks for what came after version %s of "
                            "libdiorama",
                            diorama_version());
    memcpy(own, theirs, given < size ? given : size);
    return true;
}

diorama_status diorama_status_of(const dio_error *err, bool stopped)
{
    if (stopped && err->kind == DIO_ERROR_RETRY)
        return DIORAMA_STOPPED;
    return err->kind == DIO_ERROR_RETRY ? DIORAMA_RETRY : DIORAMA_INVALID;
}

static diorama_status failed(diorama *d, const dio_error *err, bool stopped)
{
    dio_error_text(err, d->message, sizeof d->message);
    return diorama_status_of(err, stopped);
}

const char *diorama_assets(dio_arena *a, const char *assets, dio_error *err)
{
    return assets ? assets : dio_assets_dir(a, err);
}

const char *diorama_cache(dio_arena *a, const char *cache)
{
    const char *folder = cache && *cache ? cache : dio_cache_folder(a);
    return folder && strcmp(folder, "off") != 0 ? folder : NULL;
}

/* ---- a pipeline ---- */

static diorama *create(void)
{
    diorama *d = calloc(1, sizeof *d);
    if (d && !(d->arena = dio_arena_create())) {
        free(d);
        return NULL;
    }
    return d;
}

diorama *diorama_open(const char *path, const char *assets)
{
    diorama *d = create();
    if (!d)
        return NULL;
    assets = diorama_assets(d->arena, assets, &d->unread);
    if (assets && path)
        d->pipeline = dio_pipeline_open(path, assets, &d->unread);
    else if (assets)
        dio_fail(&d->unread, "diorama_open: no path was given");
    return d;
}

diorama *diorama_parse(const char *path, const char *text, size_t length, const char *assets)
{
    diorama *d = create();
    if (!d)
        return NULL;
    assets = diorama_assets(d->arena, assets, &d->unread);
    if (assets && path && text)
        d->pipeline = dio_pipeline_parse(path, text, length, assets, &d->unread);
    else if (assets)
        dio_fail(&d->unread, "diorama_parse: no path or no text was given");
    return d;
}

void diorama_close(diorama *d)
{
    if (!d)
        return;
    dio_pipeline_close(d->pipeline);
    dio_arena_destroy(d->arena);
    free(d);
}

const char *diorama_message(const diorama *d)
{
    return d ? d->message : "out of memory";
}

diorama_status diorama_set(diorama *d, const char *name, const char *value)
{
    dio_error err = {0};
    dio_str text = {0};
    if (d->checked)
        dio_fail(&err, "input \"%.60s\": inputs are set before the check", name ? name : "");
    else if (!name || !value || !*name || strchr(name, '='))
        dio_fail(&err, "input \"%.60s\": a name without \"=\" and a value are needed",
                 name ? name : "");
    else if (!d->pipeline)
        err = d->unread;
    if (err.kind != DIO_ERROR_NONE)
        return failed(d, &err, false);
    dio_str_printf(&text, "%s=%s", name, value);
    if (!text.failed)
        dio_pipeline_set(d->pipeline, text.text);
    else
        dio_fail_memory(&err, "an input");
    dio_str_deinit(&text);
    return err.kind == DIO_ERROR_NONE ? DIORAMA_DONE : failed(d, &err, false);
}

/* ---- checking ---- */

static bool check(diorama *d, const diorama_check_options *options, dio_error *err)
{
    diorama_check_options o;
    int count;
    if (!d->pipeline) {
        *err = d->unread;
        return false;
    }
    if (!d->checked && !diorama_take(&o, sizeof o, options, err))
        return false;
    if (!d->checked) {
        d->checked = true;
        d->out = dio_arena_strdup(d->arena, o.out ? o.out : "out");
        d->good = dio_pipeline_check(d->pipeline, &(dio_check_options){.has_seed = o.seed != NULL,
                                                                       .seed = o.seed ? *o.seed : 0,
                                                                       .only = o.only,
                                                                       .out = d->out});
    }
    if (d->good)
        return true;
    dio_pipeline_problems(d->pipeline, &count);
    if (dio_pipeline_starved(d->pipeline))
        return dio_fail_memory(err, "a pipeline");
    return dio_fail(err, "%d problem%s; nothing was rendered", count, count == 1 ? "" : "s");
}

diorama_status diorama_check(diorama *d, const diorama_check_options *options)
{
    dio_error err = {0};
    return check(d, options, &err) ? DIORAMA_DONE : failed(d, &err, false);
}

const char *diorama_problems(diorama *d, int *count)
{
    if (d->pipeline)
        return dio_pipeline_problems(d->pipeline, count);
    if (count)
        *count = 1;
    char text[sizeof d->message];
    return dio_arena_printf(d->arena, "%s\n", dio_error_text(&d->unread, text, sizeof text));
}

const char *diorama_plan(diorama *d, int json)
{
    dio_error err = {0};
    const char *plan = d->good ? dio_pipeline_plan(d->pipeline, json != 0) : NULL;
    if (plan)
        return plan;
    if (d->good)
        dio_fail_memory(&err, "a plan");
    else
        dio_fail(&err, "a plan is made of a pipeline that has been checked, and is right");
    failed(d, &err, false);
    return NULL;
}

/* ---- running ---- */

struct watch {
    const diorama_run_options *options;
    bool stopped;
};

static void on_event(void *user, const dio_run_event *e)
{
    static const diorama_what whats[] = {
        [DIO_RUN_PLAN] = DIORAMA_PLAN,         [DIO_RUN_BEGIN] = DIORAMA_BEGIN,
        [DIO_RUN_PROGRESS] = DIORAMA_PROGRESS, [DIO_RUN_TEXT] = DIORAMA_TEXT,
        [DIO_RUN_END] = DIORAMA_END,           [DIO_RUN_WARNING] = DIORAMA_WARNING,
        [DIO_RUN_FILE] = DIORAMA_FILE,         [DIO_RUN_DONE] = DIORAMA_FINISHED,
    };
    const struct watch *w = user;
    w->options->event(w->options->user, &(diorama_event){.what = whats[e->what],
                                                         .step = e->step,
                                                         .name = e->name,
                                                         .text = e->text,
                                                         .number = e->number,
                                                         .total = e->total,
                                                         .done = e->done,
                                                         .elapsed = e->elapsed,
                                                         .left = e->left,
                                                         .skipped = e->skipped,
                                                         .failed = e->failed,
                                                         .kept = e->kept});
}

static bool on_cancelled(void *user)
{
    struct watch *w = user;
    w->stopped = w->stopped || w->options->cancelled(w->options->user);
    return w->stopped;
}

diorama_status diorama_run(diorama *d, const diorama_run_options *options)
{
    dio_error err = {0};
    diorama_run_options o;
    struct watch watch = {.options = &o};
    if (!d->good)
        dio_fail(&err, "only a pipeline that has been checked, and is right, can be run");
    else if (diorama_take(&o, sizeof o, options, &err))
        dio_pipeline_run(d->pipeline,
                         &(dio_run_options){.record = true,
                                            .out = o.out ? o.out : d->out,
                                            .device = o.device,
                                            .cache = diorama_cache(d->arena, o.cache),
                                            .again = o.again,
                                            .event = o.event ? on_event : NULL,
                                            .cancelled = o.cancelled ? on_cancelled : NULL,
                                            .user = &watch},
                         &err);
    return err.kind == DIO_ERROR_NONE ? DIORAMA_DONE : failed(d, &err, watch.stopped);
}
