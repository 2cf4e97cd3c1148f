/* perform.c: one instance of a step: found in the cache, or made and kept there.
 *
 * Who makes an entry has claimed it; another process that wants it waits and then finds it. A
 * result is kept before anything else learns of it, so that a kill costs the step at work and no
 * other. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fusion/key.h"

char *dio_task_path(dio_task *t, const char *port, const char *suffix)
{
    return dio_arena_printf(t->run->arena, "%s/%s%s", t->run->stage, port, suffix);
}

const char *dio_task_file(dio_task *t, const char *path, dio_error *err)
{
    const dio_run *run = t->run;
    for (int i = 0; i < run->record_count; i++)
        for (int k = 0; k < run->records[i].made.results; k++)
            if (run->records[i].made.result[k].is_file &&
                strcmp(run->records[i].made.result[k].text, path) == 0)
                return path; /* the key knows it by content */
    const char *full = dio_pipeline_file(run->p, t->record->node->part, path, t->arena, err);
    if (full)
        dio_studio_touch(t->studio, DIO_TOUCH_FILE, full);
    return full;
}

static void give(dio_task *t, const char *port, const char *text, bool is_file)
{
    dio_entry *made = &t->record->made;
    if (made->results == DIO_RESULTS)
        abort(); /* a step with more outputs than it may declare */
    made->result[made->results++] = (dio_result){.port = dio_arena_strdup(t->run->arena, port),
                                                 .text = dio_arena_strdup(t->run->arena, text),
                                                 .is_file = is_file};
}

void dio_task_give_text(dio_task *t, const char *port, const char *text)
{
    give(t, port, text, false);
    dio_run_tell(
        t->run,
        (dio_run_event){.what = DIO_RUN_TEXT, .step = t->record->label, .name = port, .text = text},
        0);
}

void dio_task_give_file(dio_task *t, const char *port, const char *path)
{
    give(t, port, path, true);
}

void dio_task_note(dio_task *t, const char *key, const dio_value *value)
{
    dio_map_set(t->run->arena, t->record->made.notes, key, (dio_value *)(uintptr_t)value);
}

/* ---- the cache ---- */

/* An entry counts while what the step turned to is as it was. */
static bool find(dio_run *run, dio_record *r, bool *found, dio_error *err)
{
    dio_entry e;
    const char *warning;
    if (!dio_cache_find(run->cache, r->key, run->arena, &e, found, &warning, err))
        return false;
    if (warning)
        dio_run_warn(run, warning);
    if (*found && !dio_deps_hold(run, e.deps)) {
        dio_cache_unclaim(run->cache, r->key);
        *found = false;
    }
    if (*found)
        r->made = e;
    return true;
}

void dio_run_tell_texts(dio_run *run, const dio_record *r)
{
    for (int i = 0; i < r->made.results; i++)
        if (!r->made.result[i].is_file)
            dio_run_tell(run,
                         (dio_run_event){.what = DIO_RUN_TEXT,
                                         .step = r->label,
                                         .name = r->made.result[i].port,
                                         .text = r->made.result[i].text},
                         0);
}

/* Between the look and the claim it may have been made: so after the claim one looks again, which
 * shares the lock, and claims once more. */
static bool claim(dio_run *run, dio_record *r, bool again, bool *found, bool *taken, dio_error *err)
{
    if (!dio_cache_claim(run->cache, r->key, taken, err))
        return false;
    if (!*taken || again)
        return true;
    return find(run, r, found, err) && (*found || dio_cache_claim(run->cache, r->key, taken, err));
}

/* Finds the entry, or gets the right to make it; waits for whoever makes it now. */
static bool find_or_claim(dio_task *t, bool again, bool *found, dio_error *err)
{
    static const struct timespec moment = {.tv_nsec = 50000000};
    dio_run *run = t->run;
    *found = false;
    for (bool told = false, taken = false;; told = true) {
        if (!again && !find(run, t->record, found, err))
            return false;
        if (!*found && !claim(run, t->record, again, found, &taken, err))
            return false;
        if (*found || taken)
            return true;
        if (!told)
            dio_run_warn(run, dio_arena_printf(run->arena, "%s: another process makes it; waiting",
                                               t->record->label));
        if (!dio_task_progress(t, 0, err))
            return false;
        nanosleep(&moment, NULL);
    }
}

static bool make(dio_task *t, const void *params, dio_error *err)
{
    dio_run *run = t->run;
    dio_record *r = t->record;
    dio_entry *made = &r->made;
    double started = dio_run_clock(), mark = dio_memory_mark();
    *made = (dio_entry){.uses = r->node->row.uses,
                        .label = r->label,
                        .params = r->params,
                        .seed = t->seed,
                        .notes = dio_value_map(run->arena)};
    run->stage = dio_cache_stage(run->cache, run->arena, err);
    if (!run->stage)
        return false;
    dio_studio_trace(run->p->studio);
    bool ok = dio_task_progress(t, 0, err) && r->node->type->run(t, params, err);
    made->seconds = dio_run_clock() - started;
    r->rss_mb = dio_memory_growth(mark);
    if (ok && dio_arena_failed(run->arena)) /* what it gave may share one place */
        ok = dio_fail_memory(err, r->label);
    ok = ok && (made->deps = dio_deps_take(run, run->arena, err)) &&
         dio_cache_keep(run->cache, run->stage, r->key, made, run->arena, err);
    if (!ok) {
        dio_cache_drop(run->stage);
        made->results = 0;
    }
    run->stage = NULL;
    return ok;
}

bool dio_run_perform(dio_run *run, dio_record *r, const void *params, uint64_t seed, bool again,
                     dio_error *err)
{
    dio_task task = {.studio = run->p->studio,
                     .arena = run->arena,
                     .seed = seed,
                     .title = run->p->name,
                     .run = run,
                     .record = r};
    r->params = dio_fields_canonical(r->node->type->params, params, run->arena);
    r->made.results = 0;
    r->rss_mb = -1;
    if (dio_arena_failed(run->arena))
        return dio_fail_memory(err, r->label);
    if (!dio_key_make(run, r, seed, r->key, err) || !find_or_claim(&task, again, &r->kept, err))
        return false;
    if (r->kept) {
        dio_run_tell_texts(run, r);
        return dio_task_progress(&task, 1, err);
    }
    if (make(&task, params, err))
        return true;
    dio_cache_unclaim(run->cache, r->key);
    return false;
}

bool dio_run_foresee(dio_run *run, dio_record *r, const void *params, uint64_t seed, dio_error *err)
{
    r->params = dio_fields_canonical(r->node->type->params, params, run->arena);
    r->made.results = 0;
    return dio_key_make(run, r, seed, r->key, err) && find(run, r, &r->kept, err);
}
