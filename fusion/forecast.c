/* forecast.c: what a run would find and what it would make, and how long that took before.
 *
 * It walks the instances as a run does, but only looks: results of what the cache has are known, so
 * the keys of what depends on them can be made; what depends on anything else is to be made.
 * Nothing is written; a cache or a ledger that is not there is not made. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fusion/candidates.h"
#include "fusion/key.h"

enum fate { SKIP, KEPT, MAKE };
static const char *const fates[] = {"skipped", "kept", "to be made"};

struct forecast {
    dio_run run;
    dio_run_options options;
    enum fate *fate;      /* of every record */
    double *seconds, *mb; /* that making took, or has taken; < 0: unknown */
    bool *makes;          /* nodes of which something is to be made */
};

static bool depends_on_made(const struct forecast *f, const dio_stage *n)
{
    for (int i = 0; i < n->need_count; i++)
        if (f->makes[n->needs[i]])
            return true;
    return false;
}

/* How long the last ones of the type took that this run finds, where the ledger knows none. */
static double seconds_of_kept(const struct forecast *f, const dio_stage *n)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < f->run.record_count; i++) {
        const dio_record *r = &f->run.records[i];
        if (r->state != DIO_OUTCOME_DONE || r->node->type != n->type)
            continue;
        sum += r->made.seconds;
        count++;
    }
    return count ? sum / count : -1;
}

/* Whether the cache has it, its parameters being known. */
static bool look(struct forecast *f, dio_record *r, const void *params, enum fate *fate,
                 dio_error *err)
{
    bool again = dio_run_again(&f->run, r->node);
    if (f->run.cache && !again && !dio_run_foresee_choice(&f->run, r, params, err))
        return false;
    *fate = r->kept ? KEPT : MAKE;
    if (r->kept) {
        r->state = DIO_OUTCOME_DONE;
        dio_run_publish(&f->run, r);
    }
    return true;
}

static bool foresee(struct forecast *f, dio_record *r, enum fate *fate, dio_error *err)
{
    dio_run *run = &f->run;
    const dio_stage *n = r->node;
    bool known = true;
    dio_wanted wanted;
    void *params = calloc(1, n->type->params_size);
    if (!params)
        return dio_fail_memory(err, r->label);
    dio_map_set(run->arena, run->scope, "matrix", dio_matrix_pick(n, r->instance, run->arena));
    bool ok = dio_stage_wanted(run->p, n, run->scope, run->arena, &wanted, err);
    bool yes = ok && wanted == DIO_WANTED_YES;
    ok = ok && (!yes || dio_run_params(run, n, params, &known, err));
    bool open = wanted == DIO_WANTED_OPEN || (yes && !known);
    *fate = open && depends_on_made(f, n) ? MAKE : SKIP;
    ok = ok && (!yes || !known || look(f, r, params, fate, err));
    free(params);
    return ok;
}

static bool walk(struct forecast *f, dio_error *err)
{
    for (int i = 0; i < f->run.record_count; i++) {
        dio_record *r = &f->run.records[i];
        if (!foresee(f, r, &f->fate[i], err))
            return dio_error_prefix(err, "step %s", r->label);
        f->makes[r->node - f->run.p->nodes] |= f->fate[i] == MAKE;
    }
    for (int i = 0; i < f->run.record_count; i++) {
        dio_record *r = &f->run.records[i];
        f->seconds[i] = r->kept ? r->made.seconds : -1;
        f->mb[i] = -1;
        if (f->fate[i] != MAKE)
            continue;
        f->seconds[i] = dio_ledger_expect(f->run.ledger, r->node->row.uses);
        f->mb[i] = dio_ledger_memory(f->run.ledger, r->node->row.uses);
        if (f->seconds[i] < 0)
            f->seconds[i] = seconds_of_kept(f, r->node);
        if (f->seconds[i] > 0)
            f->seconds[i] *= r->node->choice.candidates;
    }
    return true;
}

/* ---- telling ---- */

struct totals {
    int count[3], timeless;
    double seconds, spared, mb;
};

static struct totals add_up(const struct forecast *f)
{
    struct totals t = {.mb = -1};
    for (int i = 0; i < f->run.record_count; i++) {
        t.count[f->fate[i]]++;
        if (f->fate[i] == MAKE && f->seconds[i] < 0)
            t.timeless++;
        else if (f->fate[i] == MAKE)
            t.seconds += f->seconds[i];
        else if (f->fate[i] == KEPT)
            t.spared += f->seconds[i];
        t.mb = f->mb[i] > t.mb ? f->mb[i] : t.mb;
    }
    return t;
}

static void put_line(dio_str *s, const struct forecast *f, int i)
{
    const dio_record *r = &f->run.records[i];
    dio_str_printf(s, "%-40s %-20s %s", r->label, r->node->row.uses, fates[f->fate[i]]);
    if (f->fate[i] == MAKE && f->seconds[i] >= 0)
        dio_str_printf(s, ", about %.1f s", f->seconds[i]);
    if (f->mb[i] >= 0)
        dio_str_printf(s, ", %.0f MB", f->mb[i]);
    dio_str_putc(s, '\n');
}

static void put_totals(dio_str *s, const struct totals *t)
{
    int all = t->count[SKIP] + t->count[KEPT] + t->count[MAKE];
    dio_str_printf(s, "%d run%s: %d kept, %d to be made", all, all == 1 ? "" : "s", t->count[KEPT],
                   t->count[MAKE]);
    if (t->count[SKIP])
        dio_str_printf(s, ", %d skipped", t->count[SKIP]);
    if (t->count[MAKE] > t->timeless)
        dio_str_printf(s, "; about %.1f s", t->seconds);
    if (t->timeless)
        dio_str_printf(s, "; %d of a kind that was not made before", t->timeless);
    if (t->mb >= 0)
        dio_str_printf(s, "; at most %.0f MB at once", t->mb);
    dio_str_putc(s, '\n');
}

static const char *as_text(const struct forecast *f, const dio_value *plan)
{
    dio_str s = {0};
    const struct totals t = add_up(f);
    for (int i = 0; i < f->run.record_count; i++)
        put_line(&s, f, i);
    dio_plan_put_files(&s, plan);
    put_totals(&s, &t);
    const char *text = s.failed ? NULL : dio_arena_strndup(f->run.p->arena, s.text, s.length);
    dio_str_deinit(&s);
    return text;
}

static void set_figure(dio_arena *a, dio_value *v, const char *name, double figure)
{
    if (figure >= 0)
        dio_map_set(a, v, name, dio_value_real(a, figure));
}

static const char *as_json(const struct forecast *f, dio_value *plan)
{
    dio_arena *a = f->run.p->arena;
    const struct totals t = add_up(f);
    dio_value *runs = dio_value_list(a), *totals = dio_value_map(a);
    for (int i = 0; i < f->run.record_count; i++) {
        const dio_record *r = &f->run.records[i];
        dio_value *v = dio_value_map(a);
        dio_map_set(a, v, "run", dio_value_string(a, r->label));
        dio_map_set(a, v, "uses", dio_value_string(a, r->node->row.uses));
        dio_map_set(a, v, "state", dio_value_string(a, fates[f->fate[i]]));
        set_figure(a, v, "seconds", f->seconds[i]);
        set_figure(a, v, "rss_mb", f->mb[i]);
        dio_list_add(a, runs, v);
    }
    dio_map_set(a, totals, "kept", dio_value_int(a, t.count[KEPT]));
    dio_map_set(a, totals, "made", dio_value_int(a, t.count[MAKE]));
    dio_map_set(a, totals, "skipped", dio_value_int(a, t.count[SKIP]));
    dio_map_set(a, totals, "unknown", dio_value_int(a, t.timeless));
    dio_map_set(a, totals, "seconds", dio_value_real(a, t.seconds));
    dio_map_set(a, totals, "spared", dio_value_real(a, t.spared));
    set_figure(a, totals, "rss_mb", t.mb);
    dio_map_set(a, plan, "forecast", runs);
    dio_map_set(a, plan, "totals", totals);
    return dio_json_write(a, plan, 2);
}

/* ---- the whole ---- */

static bool open_all(struct forecast *f, dio_error *err)
{
    dio_run *run = &f->run;
    const char *cache = run->options->cache;
    dio_error ignored = {0};
    if (!dio_run_plan(run, err))
        return false;
    size_t n = (size_t)run->record_count + 1;
    f->fate = dio_arena_try(run->arena, n * sizeof *f->fate);
    f->seconds = dio_arena_try(run->arena, n * sizeof *f->seconds);
    f->mb = dio_arena_try(run->arena, n * sizeof *f->mb);
    f->makes = dio_arena_try(run->arena, (size_t)run->p->node_count + 1);
    if (!f->fate || !f->seconds || !f->mb || !f->makes)
        return dio_fail_memory(err, "a plan");
    if (cache && dio_file_exists(cache))
        run->cache = dio_cache_open(cache, false, &ignored);
    if (run->cache)
        dio_studio_remember(run->p->studio, dio_cache_hashes(run->cache));
    if (run->options->device)
        dio_studio_use(run->p->studio, run->options->device);
    run->ledger = run->own = dio_ledger_open_existing(run->options->out, &ignored);
    return true;
}

const char *dio_pipeline_forecast(dio_pipeline *p, const dio_run_options *options, bool json,
                                  dio_error *err)
{
    dio_arena *arena = dio_arena_create();
    struct forecast f = {.options = *options};
    const char *text = NULL;
    if (!arena) {
        dio_fail_memory(err, "a plan");
        return NULL;
    }
    f.options.event = NULL;
    f.run = (dio_run){.p = p, .options = &f.options, .arena = arena, .started = dio_run_clock()};
    if (open_all(&f, err) && walk(&f, err)) {
        dio_value *plan = dio_plan_value(p, p->arena);
        text = json ? as_json(&f, plan) : as_text(&f, plan);
        if (!text || dio_arena_failed(arena)) {
            dio_fail_memory(err, "a plan");
            text = NULL;
        }
    }
    dio_studio_remember(p->studio, NULL);
    dio_cache_close(f.run.cache);
    dio_ledger_close(f.run.own);
    dio_arena_destroy(arena);
    return text;
}
