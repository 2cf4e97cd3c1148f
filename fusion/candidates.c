/* candidates.c: a step tried with one seed after another, judged, and one result taken.
 *
 * Round r takes the seeds after those of round r - 1. Which one is taken the ranking says, or a
 * person does (review.h): then the run goes on without this step, and a later run asks again. */
#include "fusion/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "fusion/review.h"

bool dio_run_waits(const dio_run *run, const dio_stage *n)
{
    for (int i = 0; run->reviews > 0 && i < n->need_count; i++)
        for (int k = 0; k < run->at; k++)
            if (run->records[k].node == &run->p->nodes[n->needs[i]] &&
                (run->records[k].state == DIO_OUTCOME_REVIEW ||
                 run->records[k].state == DIO_OUTCOME_WAITING))
                return true;
    return false;
}

/* ---- making ---- */

/* What the scores are told, with expressions filled in. */
static bool read_criteria(dio_run *run, dio_candidates *c, dio_error *err)
{
    dio_report report = {.arena = run->arena, .pipeline = run->p, .part = c->record->node->part};
    for (int k = 0; k < c->choice->count; k++) {
        c->params[k] = dio_arena_alloc(run->arena, c->choice->by[k].score->params_size);
        bool known =
            dio_criterion_read(run->p, &c->choice->by[k], run->scope, c->params[k], &report);
        if (report.count) {
            *err = report.list[0];
            return false;
        }
        if (!known)
            return dio_fail(err, "rank: %s depends on a step that was skipped",
                            c->choice->by[k].score->name);
    }
    return true;
}

static bool make_all(dio_run *run, dio_candidates *c, const void *params, bool again,
                     dio_error *err)
{
    uint64_t first = run->p->seed + (uint64_t)(c->round - 1) * (uint64_t)c->count;
    bool ok = true;
    run->parts = c->count + 1; /* and the judging */
    for (int i = 0; ok && i < c->count; i++) {
        dio_record *r = &c->tries[i];
        const char *label = dio_arena_printf(run->arena, "%s: candidate %d of %d", c->record->label,
                                             i + 1, c->count);
        *r = (dio_record){.node = c->record->node,
                          .instance = c->record->instance,
                          .label = label,
                          .made = {.notes = dio_value_map(run->arena)}};
        run->part = i;
        c->seeds[i] = first + (uint64_t)i;
        double started = dio_run_clock();
        ok = dio_run_perform(run, r, params, c->seeds[i], again, err);
        r->seconds = dio_run_clock() - started;
        if (!ok)
            dio_error_prefix(err, "candidate %d of %d", i + 1, c->count);
    }
    run->part = c->count;
    ok = ok && dio_candidates_judge(run, c, err);
    run->parts = run->part = 0;
    return ok;
}

/* ---- telling ---- */

static void note_tries(dio_run *run, const dio_candidates *c)
{
    for (int i = 0; i < c->count; i++) {
        const dio_record *r = &c->tries[i];
        dio_ledger_task_add(run->ledger, &(dio_ledger_task){.run = run->run_id,
                                                            .row = run->row,
                                                            .label = r->label,
                                                            .uses = r->node->row.uses,
                                                            .key = r->key,
                                                            .state = "candidate",
                                                            .params = r->params,
                                                            .cached = r->kept,
                                                            .seconds = r->seconds});
    }
}

static dio_value *try_value(const dio_candidates *c, int i, int place, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *scores = dio_value_map(a);
    for (int k = 0; k < c->choice->count; k++)
        dio_map_set(a, scores, c->choice->by[k].score->name,
                    dio_value_real(a, c->values[i * c->choice->count + k]));
    dio_map_set(a, v, "candidate", dio_value_int(a, i + 1));
    dio_map_set(a, v, "seed",
                dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)c->seeds[i])));
    dio_map_set(a, v, "key", dio_value_string(a, c->tries[i].key));
    dio_map_set(a, v, "scores", scores);
    dio_map_set(a, v, "faults", dio_value_int(a, c->ranking.faults[i]));
    dio_map_set(a, v, "total", dio_value_real(a, c->ranking.total[i]));
    dio_map_set(a, v, "rank", dio_value_int(a, place + 1));
    return v;
}

dio_value *dio_candidates_value(const dio_candidates *c, dio_arena *a)
{
    dio_value *list = dio_value_list(a);
    int place[DIO_CANDIDATES];
    for (int i = 0; i < c->count; i++)
        place[c->ranking.order[i]] = i;
    for (int i = 0; i < c->count; i++)
        dio_list_add(a, list, try_value(c, i, place[i], a));
    return list;
}

static void note_choice(dio_run *run, dio_record *r, const dio_candidates *c)
{
    if (!r->choice)
        r->choice = dio_value_map(run->arena);
    r->params = c->tries[0].params;
    dio_map_set(run->arena, r->choice, "round", dio_value_int(run->arena, c->round));
    dio_map_set(run->arena, r->choice, "candidates", dio_candidates_value(c, run->arena));
}

/* ---- taking ---- */

/* A candidate becomes the step's result. */
static void take(dio_run *run, dio_record *r, const dio_candidates *c, int i)
{
    r->made = c->tries[i].made;
    memcpy(r->key, c->tries[i].key, sizeof r->key);
    r->kept = true;
    for (int k = 0; k < c->count; k++)
        r->kept = r->kept && c->tries[k].kept;
    dio_map_set(run->arena, r->choice, "chosen", dio_value_int(run->arena, i + 1));
    run->trying = false;
    dio_run_tell_texts(run, r);
    if (c->count > 1)
        dio_run_tell(run,
                     (dio_run_event){.what = DIO_RUN_CHOICE,
                                     .step = r->label,
                                     .text = dio_arena_printf(
                                         run->arena, "candidate %d of %d, seed %llu", i + 1,
                                         c->count, (unsigned long long)c->seeds[i])},
                     1);
}

/* OUT/candidates/hero.png, spot-2.png: of a batch's rows nobody could look at all. */
static bool show_sheet(dio_run *run, const dio_candidates *c, dio_error *err)
{
    const dio_stage *n = c->record->node;
    if (run->row || c->count < 2)
        return true;
    const char *name = n->axes ? dio_arena_printf(run->arena, "candidates/%s-%d.png", n->id,
                                                  c->record->instance + 1)
                               : dio_arena_printf(run->arena, "candidates/%s.png", n->id);
    return dio_run_copy_out(run, c->sheet, dio_path_join(run->arena, run->options->out, name), err);
}

static bool is_reviewed(dio_run *run, const dio_stage *n, bool *yes, dio_error *err)
{
    dio_report report = {.arena = run->arena, .pipeline = run->p, .part = n->part};
    if (dio_review_wanted(run->p, n, run->scope, yes, &report))
        return true;
    *err = report.list[0];
    return false;
}

static bool choose(dio_run *run, dio_candidates *c, dio_record *r, const void *params, bool again,
                   dio_error *err)
{
    bool reviewed;
    dio_verdict verdict = {.decision = DIO_REVIEW_APPROVED};
    if (!read_criteria(run, c, err) || !is_reviewed(run, r->node, &reviewed, err))
        return false;
    do {
        c->round++;
        if (!make_all(run, c, params, again, err) || !show_sheet(run, c, err))
            return false;
        note_tries(run, c);
        note_choice(run, r, c);
        verdict.picked = c->ranking.order[0];
        if (reviewed && !dio_review_ask(run, r, c, &verdict, err))
            return false;
    } while (verdict.decision == DIO_REVIEW_REJECTED);
    if (verdict.decision == DIO_REVIEW_PENDING)
        r->state = DIO_OUTCOME_REVIEW;
    else
        take(run, r, c, verdict.picked);
    return true;
}

bool dio_run_choose(dio_run *run, dio_record *r, const void *params, bool again, dio_error *err)
{
    const dio_choice *choice = &r->node->choice;
    if (!dio_choice_given(choice))
        return dio_run_perform(run, r, params, run->p->seed, again, err);
    dio_candidates *c = calloc(1, sizeof *c);
    if (!c)
        return dio_fail_memory(err, r->label);
    c->record = r;
    c->choice = choice;
    c->count = choice->candidates;
    run->trying = true;
    bool ok = choose(run, c, r, params, again, err);
    run->trying = false;
    run->part = run->parts = 0;
    free(c);
    return ok;
}

static bool foresee(dio_run *run, dio_candidates *c, dio_record *r, const void *params,
                    dio_error *err)
{
    bool found = !c->choice->reviewed;
    for (int i = 0; found && i < c->count; i++) {
        dio_record *one = &c->tries[i];
        *one = *r;
        c->seeds[i] = run->p->seed + (uint64_t)i;
        if (!dio_run_foresee(run, one, params, c->seeds[i], err))
            return false;
        found = one->kept;
    }
    if (found && (!read_criteria(run, c, err) || !dio_candidates_judged(run, c, &found, err)))
        return false;
    r->kept = found;
    if (found) {
        const dio_record *best = &c->tries[c->ranking.order[0]];
        r->made = best->made;
        memcpy(r->key, best->key, sizeof r->key);
    }
    return true;
}

bool dio_run_foresee_choice(dio_run *run, dio_record *r, const void *params, dio_error *err)
{
    if (!dio_choice_given(&r->node->choice))
        return dio_run_foresee(run, r, params, run->p->seed, err);
    dio_candidates *c = calloc(1, sizeof *c);
    if (!c)
        return dio_fail_memory(err, r->label);
    c->record = r;
    c->choice = &r->node->choice;
    c->count = c->choice->candidates;
    bool ok = foresee(run, c, r, params, err);
    free(c);
    return ok;
}
