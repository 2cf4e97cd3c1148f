/* run.c: the steps of a checked pipeline, one instance after the other. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fusion/candidates.h"
#include "fusion/record.h"

enum { SWEPT = 4 }; /* folders deep */

double dio_run_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- telling ---- */

/* A step that is tried four times takes four times as long. */
static double weight_of(const dio_record *r)
{
    return r->node->type->weight * r->node->choice.candidates;
}

void dio_run_tell(dio_run *run, dio_run_event event, double within)
{
    if (!run->options->event || (run->trying && event.what == DIO_RUN_TEXT))
        return;
    double weight = run->at < run->record_count ? weight_of(&run->records[run->at]) : 0;
    if (run->parts)
        within = (run->part + within) / run->parts;
    event.number = run->at + 1;
    event.total = run->record_count;
    event.done = run->weight > 0 ? (run->weight_done + weight * within) / run->weight : 1;
    event.done = run->done = fmax(run->done, event.done); /* another round does not take it back */
    event.elapsed = dio_run_clock() - run->started;
    event.left = event.done > 0.02 ? event.elapsed * (1 - event.done) / event.done : -1;
    run->options->event(run->options->user, &event);
}

void dio_run_warn(dio_run *run, const char *text)
{
    dio_ledger_event(run->ledger, run->run_id, run->row, "warning", text);
    dio_run_tell(run, (dio_run_event){.what = DIO_RUN_WARNING, .text = text}, 0);
}

bool dio_task_progress(dio_task *t, double done, dio_error *err)
{
    dio_run *run = t->run;
    if (run->options->cancelled && run->options->cancelled(run->options->user))
        return dio_fail_retry(err, "stopped on request");
    double now = dio_run_clock();
    if (now - run->told >= 0.1) {
        run->told = now;
        dio_run_tell(run, (dio_run_event){.what = DIO_RUN_PROGRESS, .step = t->record->label},
                     done);
    }
    return true;
}

/* ---- one instance ---- */

/* Reads the parameters; *known is false when they depend on a skipped step. */
bool dio_run_params(dio_run *run, const dio_stage *n, void *params, bool *known, dio_error *err)
{
    const dio_value *with;
    dio_report report = {.arena = run->arena, .pipeline = run->p, .part = n->part};
    *known = dio_stage_params(run->p, n, run->scope, params, &with, &report);
    if (report.count == 0 && n->type->check && *known)
        n->type->check(run->p->studio, params, with, &report);
    if (report.starved || dio_arena_failed(run->arena))
        return dio_fail_memory(err, n->id);
    if (report.count == 0)
        return true;
    *err = report.list[0];
    return false;
}

/* Later steps read texts and paths of files under steps.ID.outputs. */
void dio_run_publish(dio_run *run, const dio_record *r)
{
    if (r->node->axes > 0)
        return;
    for (int i = 0; i < r->made.results; i++)
        dio_scope_publish(run->p, run->scope, r->node, r->made.result[i].port,
                          r->made.result[i].text, run->arena);
}

/* Whether --again names the step or one that it needs. */
bool dio_run_again(const dio_run *run, const dio_stage *n)
{
    const char *again = run->options->again;
    if (!again)
        return false;
    if (!*again || dio_stage_is(n, again))
        return true;
    for (int i = 0; i < n->need_count; i++)
        if (dio_run_again(run, &run->p->nodes[n->needs[i]]))
            return true;
    return false;
}

static bool run_record(dio_run *run, dio_record *r, dio_error *err)
{
    const dio_stage *n = r->node;
    bool known = true;
    dio_wanted wanted;
    if (dio_run_waits(run, n))
        return true;
    void *params = calloc(1, n->type->params_size);
    if (!params)
        return dio_fail_memory(err, r->label);
    dio_map_set(run->arena, run->scope, "matrix", dio_matrix_pick(n, r->instance, run->arena));
    bool ok = dio_stage_wanted(run->p, n, run->scope, run->arena, &wanted, err);
    bool yes = ok && wanted == DIO_WANTED_YES;
    ok = ok && (!yes || dio_run_params(run, n, params, &known, err));
    if (ok && yes && known)
        ok = dio_run_choose(run, r, params, dio_run_again(run, n), err);
    free(params);
    if (ok && r->state == DIO_OUTCOME_REVIEW)
        return true;
    r->state = !ok ? DIO_OUTCOME_FAILED : yes && known ? DIO_OUTCOME_DONE : DIO_OUTCOME_SKIPPED;
    if (r->state == DIO_OUTCOME_DONE)
        dio_run_publish(run, r);
    return ok;
}

static void note_record(dio_run *run, const dio_record *r)
{
    dio_ledger_task_add(run->ledger, &(dio_ledger_task){.run = run->run_id,
                                                        .row = run->row,
                                                        .label = r->label,
                                                        .uses = r->node->row.uses,
                                                        .key = r->key,
                                                        .state = dio_outcome_names[r->state],
                                                        .params = r->params,
                                                        .error = r->error,
                                                        .cached = r->kept,
                                                        .seconds = r->seconds,
                                                        .rss_mb = r->rss_mb});
}

static bool run_all(dio_run *run, dio_error *err)
{
    bool ok = true;
    for (run->at = 0; ok && run->at < run->record_count; run->at++) {
        dio_record *r = &run->records[run->at];
        double started = dio_run_clock();
        dio_run_tell(run, (dio_run_event){.what = DIO_RUN_BEGIN, .step = r->label}, 0);
        ok = run_record(run, r, err);
        r->seconds = dio_run_clock() - started;
        if (!ok) {
            dio_error_prefix(err, "step %s", r->label);
            r->error = dio_arena_strdup(run->arena, err->message);
        }
        note_record(run, r);
        dio_run_tell(run,
                     (dio_run_event){.what = DIO_RUN_END,
                                     .step = r->label,
                                     .failed = !ok,
                                     .kept = r->kept,
                                     .waits = r->state == DIO_OUTCOME_REVIEW ||
                                              r->state == DIO_OUTCOME_WAITING,
                                     .skipped = r->state == DIO_OUTCOME_SKIPPED},
                     1);
        run->weight_done += weight_of(r);
    }
    return ok;
}

/* ---- the run ---- */

bool dio_run_plan(dio_run *run, dio_error *err)
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
                             .rss_mb = -1,
                             .made = {.notes = dio_value_map(run->arena)},
                             .label = dio_matrix_label(n, k, run->arena)};
            run->weight += weight_of(&run->records[run->record_count - 1]);
        }
    }
    run->scope = dio_scope_create(p, run->arena);
    return !dio_arena_failed(run->arena) || dio_fail_memory(err, "a run");
}

/* A run that keeps to itself works beside the final files. So does one whose cache cannot be
 * written: it should not fail for what only saves time. */
static bool open_cache(dio_run *run, dio_error *err)
{
    const char *root = run->options->cache;
    dio_error why = {0};
    if ((run->cache = run->options->opened))
        return dio_cache_rest(run->cache, err);
    if (root && (run->cache = dio_cache_open(root, false, &why)))
        return true;
    if (root)
        dio_run_warn(run, dio_arena_printf(run->arena, "results are not kept: %s", why.message));
    char *work = dio_path_join(run->arena, run->options->out, ".diorama-XXXXXX");
    if (!mkdtemp(work))
        return dio_fail(err, "%s: cannot write in this folder", run->options->out);
    return (run->cache = dio_cache_open(work, true, err)) != NULL;
}

static const char *inputs_text(const dio_run *run)
{
    const char *text = dio_json_write(run->arena, dio_map_get(run->scope, "inputs"), 0);
    return text ? text : "{}";
}

/* A ledger of a newer diorama stops the run; one that cannot be written is done without. */
static bool open_ledger(dio_run *run, dio_error *err)
{
    const dio_pipeline *p = run->p;
    const char *warning;
    if (run->options->record) {
        dio_error why = {0};
        run->own = dio_ledger_open(run->options->out, run->arena, &warning, &why);
        if (!run->own && why.kind == DIO_ERROR_INVALID) {
            *err = why;
            return false;
        }
        if (!run->own)
            warning = dio_arena_printf(run->arena, "the run is not recorded: %s", why.message);
        if (warning)
            dio_run_warn(run, warning);
    }
    run->ledger = run->own ? run->own : run->options->ledger;
    run->row = run->options->row;
    run->run_id = run->options->run;
    if (!run->run_id)
        run->run_id = dio_ledger_begin(
            run->ledger, &(dio_ledger_run){.kind = "render",
                                           .name = p->name,
                                           .file = p->path,
                                           .sha256 = p->hash,
                                           .source = dio_pipeline_text(p, run->arena),
                                           .seed = dio_arena_printf(run->arena, "%llu",
                                                                    (unsigned long long)p->seed),
                                           .inputs = inputs_text(run),
                                           .version = DIO_VERSION});
    return true;
}

static bool open_run(dio_run *run, dio_error *err)
{
    if (!dio_run_plan(run, err) || !dio_dir_make(run->options->out, err) || !open_cache(run, err) ||
        !open_ledger(run, err))
        return false;
    if (!run->row) /* once, and not for each row of a batch */
        dio_writer_sweep(run->options->out, SWEPT);
    dio_studio_remember(run->p->studio, dio_cache_hashes(run->cache));
    if (run->options->device)
        dio_studio_use(run->p->studio, run->options->device);
    return true;
}

const char *dio_run_state(const dio_run *run)
{
    return run->failed ? "failed" : run->reviews ? "review" : "done";
}

static void close_run(dio_run *run)
{
    dio_error ignored = {0};
    if (!run->options->run)
        dio_ledger_end(run->ledger, run->run_id, dio_run_state(run),
                       dio_run_clock() - run->started);
    const char *trouble = dio_ledger_trouble(run->ledger);
    if (trouble)
        dio_run_warn(
            run, dio_arena_printf(run->arena, "the ledger lacks some of this run: %s", trouble));
    dio_studio_remember(run->p->studio, NULL);
    if (run->cache && !run->options->opened) {
        dio_cache_tidy(run->cache, dio_cache_limit(), &ignored);
        dio_cache_close(run->cache);
    }
    dio_ledger_close(run->own);
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
    bool ok = open_run(&run, err);
    if (ok) {
        dio_run_tell(&run, (dio_run_event){.what = DIO_RUN_PLAN}, 0);
        ok = run_all(&run, err);
        run.at = run.record_count;
        ok = dio_lock_hold(&run, err) && dio_run_emit(&run, err) && ok;
        run.failed = !ok;
        dio_error e = {0};
        if (!options->row && !dio_record_write(&run, &e) && ok) {
            *err = e;
            ok = false;
        }
        ok = ok && (options->row || dio_lock_write(&run, err));
    }
    if (ok && dio_arena_failed(arena))
        ok = dio_fail_memory(err, "a run");
    run.failed = !ok;
    close_run(&run);
    if (run.records)
        dio_run_tell(
            &run,
            (dio_run_event){.what = DIO_RUN_DONE, .failed = !ok, .waits = ok && run.reviews > 0},
            0);
    if (ok && run.reviews > 0)
        ok = dio_fail_retry(err, "%d step%s for a person's choice: diorama review ls -o %s",
                            run.reviews, run.reviews > 1 ? "s wait" : " waits", options->out);
    dio_arena_destroy(arena);
    return ok;
}
