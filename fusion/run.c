/* run.c: the steps of a checked pipeline, one instance after the other. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fusion/record.h"

double dio_run_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- telling ---- */

static void tell(dio_run *run, dio_run_event event, double within)
{
    if (!run->options->event)
        return;
    double weight = run->at < run->record_count ? run->records[run->at].node->type->weight : 0;
    event.number = run->at + 1;
    event.total = run->record_count;
    event.done = run->weight > 0 ? (run->weight_done + weight * within) / run->weight : 1;
    event.elapsed = dio_run_clock() - run->started;
    event.left = event.done > 0.02 ? event.elapsed * (1 - event.done) / event.done : -1;
    run->options->event(run->options->user, &event);
}

bool dio_task_progress(dio_task *t, double done, dio_error *err)
{
    dio_run *run = t->run;
    if (run->options->cancelled && run->options->cancelled(run->options->user))
        return dio_fail_retry(err, "stopped on request");
    double now = dio_run_clock();
    if (now - run->told >= 0.1) {
        run->told = now;
        tell(run, (dio_run_event){.what = DIO_RUN_PROGRESS, .step = t->record->label}, done);
    }
    return true;
}

/* ---- results ---- */

char *dio_task_path(dio_task *t, const char *port, const char *suffix)
{
    const dio_run *run = t->run;
    return dio_arena_printf(run->arena, "%s/%d-%s%s", run->work, run->at, port, suffix);
}

const char *dio_task_file(dio_task *t, const char *path, dio_error *err)
{
    const dio_run *run = t->run;
    for (int i = 0; i < run->record_count; i++)
        for (int k = 0; k < run->records[i].results; k++)
            if (run->records[i].result[k].is_file &&
                strcmp(run->records[i].result[k].text, path) == 0)
                return path;
    return dio_pipeline_file(run->p, path, t->arena, err);
}

static void give(dio_task *t, const char *port, const char *text, bool is_file)
{
    dio_record *r = t->record;
    if (r->results == DIO_RESULTS)
        abort(); /* a step with more outputs than it may declare */
    r->result[r->results++] = (dio_result){dio_arena_strdup(t->run->arena, port),
                                           dio_arena_strdup(t->run->arena, text), is_file, false};
}

void dio_task_give_text(dio_task *t, const char *port, const char *text)
{
    give(t, port, text, false);
    tell(
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
    dio_map_set(t->run->arena, t->record->notes, key, (dio_value *)(uintptr_t)value);
}

/* ---- one instance ---- */

/* *yes: whether it is to run. An unknown condition depends on a step that was skipped. */
static bool wanted(dio_run *run, const dio_stage *n, bool *yes, dio_error *err)
{
    *yes = true;
    if (!n->row.condition)
        return true;
    const dio_value *v = dio_value_bind(run->p, n->row.condition, run->scope, run->arena, err);
    *yes = v && v != &dio_unknown && dio_value_true(v);
    return v != NULL;
}

/* Reads the parameters; *known is false when they depend on a skipped step. */
static bool read_params(dio_run *run, const dio_stage *n, void *params, bool *known, dio_error *err)
{
    const dio_value *with;
    dio_report report = {.arena = run->arena, .pipeline = run->p};
    *known = dio_stage_params(run->p, n, run->scope, params, &with, &report);
    if (report.count == 0 && n->type->check && *known)
        n->type->check(run->p->studio, params, with, &report);
    if (report.count == 0)
        return true;
    *err = report.list[0];
    return false;
}

/* Later steps read texts and paths of files under steps.ID.outputs. */
static void publish(dio_run *run, const dio_record *r)
{
    if (r->node->axes > 0)
        return;
    dio_value *steps = dio_map_get(run->scope, "steps");
    dio_value *outputs = dio_map_get(dio_map_get(steps, r->node->id), "outputs");
    for (int i = 0; i < r->results; i++)
        dio_map_set(run->arena, outputs, r->result[i].port,
                    dio_value_string(run->arena, r->result[i].text));
}

static bool run_record(dio_run *run, dio_record *r, dio_error *err)
{
    const dio_stage *n = r->node;
    bool yes, known = true;
    void *params = calloc(1, n->type->params_size);
    if (!params)
        return dio_fail_memory(err, r->label);
    dio_map_set(run->arena, run->scope, "matrix", dio_matrix_pick(n, r->instance, run->arena));
    bool ok = wanted(run, n, &yes, err) && (!yes || read_params(run, n, params, &known, err));
    if (ok && yes && known) {
        dio_task task = {.studio = run->p->studio,
                         .arena = run->arena,
                         .seed = run->p->seed,
                         .title = run->p->name,
                         .run = run,
                         .record = r};
        r->params = dio_fields_canonical(n->type->params, params, run->arena);
        ok = dio_task_progress(&task, 0, err) && n->type->run(&task, params, err);
    }
    free(params);
    r->state = !ok ? DIO_OUTCOME_FAILED : yes && known ? DIO_OUTCOME_DONE : DIO_OUTCOME_SKIPPED;
    if (r->state == DIO_OUTCOME_DONE)
        publish(run, r);
    return ok;
}

static bool run_all(dio_run *run, dio_error *err)
{
    bool ok = true;
    for (run->at = 0; ok && run->at < run->record_count; run->at++) {
        dio_record *r = &run->records[run->at];
        double started = dio_run_clock();
        tell(run, (dio_run_event){.what = DIO_RUN_BEGIN, .step = r->label}, 0);
        ok = run_record(run, r, err);
        r->seconds = dio_run_clock() - started;
        if (!ok) {
            dio_error_prefix(err, "step %s", r->label);
            r->error = dio_arena_strdup(run->arena, err->message);
        }
        tell(run,
             (dio_run_event){.what = DIO_RUN_END,
                             .step = r->label,
                             .failed = !ok,
                             .skipped = r->state == DIO_OUTCOME_SKIPPED},
             1);
        run->weight_done += r->node->type->weight;
    }
    return ok;
}

/* ---- the run ---- */

static bool plan(dio_run *run, dio_error *err)
{
    const dio_pipeline *p = run->p;
    int count = 0;
    for (int i = 0; i < p->node_count; i++)
        count += p->nodes[i].wanted ? p->nodes[i].instances : 0;
    run->records = dio_arena_try(run->arena, ((size_t)count + 1) * sizeof *run->records);
    if (!run->records)
        return dio_fail_memory(err, "a run");
    for (int i = 0; i < p->node_count; i++) {
        const dio_stage *n = &p->nodes[p->order[i]];
        for (int k = 0; n->wanted && k < n->instances; k++) {
            run->records[run->record_count++] =
                (dio_record){.node = n,
                             .instance = k,
                             .notes = dio_value_map(run->arena),
                             .label = dio_matrix_label(n, k, run->arena)};
            run->weight += n->type->weight;
        }
    }
    run->scope = dio_scope_create(p, run->arena);
    return true;
}

/* The folder of unfinished files lies beside the final ones: a rename does not cross disks. */
static bool open_work(dio_run *run, dio_error *err)
{
    char *work = dio_path_join(run->arena, run->options->out, ".diorama-XXXXXX");
    if (!dio_dir_make(run->options->out, err))
        return false;
    if (!mkdtemp(work))
        return dio_fail(err, "%s: cannot write in this folder", run->options->out);
    run->work = work;
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    remove(path);
    return 0; /* goes on with the others */
}

static void close_work(const dio_run *run)
{
    if (run->work)
        nftw(run->work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool dio_pipeline_run(dio_pipeline *p, const dio_run_options *options, dio_error *err)
{
    dio_arena *arena = dio_arena_create();
    dio_run run = {.p = p, .options = options, .arena = arena, .started = dio_run_clock()};
    if (!arena)
        return dio_fail_memory(err, "a run");
    time_t now = time(NULL);
    struct tm tm;
    strftime(run.date, sizeof run.date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    bool ok = plan(&run, err) && open_work(&run, err);
    if (options->device)
        dio_studio_use(p->studio, options->device);
    if (ok) {
        tell(&run, (dio_run_event){.what = DIO_RUN_PLAN}, 0);
        ok = run_all(&run, err);
        run.at = run.record_count;
        ok = dio_run_emit(&run, err) && ok;
        run.failed = !ok;
        dio_error e = {0};
        if (!dio_record_write(&run, &e) && ok) {
            *err = e;
            ok = false;
        }
        tell(&run, (dio_run_event){.what = DIO_RUN_DONE, .failed = !ok}, 0);
    }
    if (ok && dio_arena_failed(arena))
        ok = dio_fail_memory(err, "a run");
    close_work(&run);
    dio_arena_destroy(arena);
    return ok;
}
