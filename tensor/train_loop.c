/* train_loop.c: the loop: step, log, validate, checkpoint, stop. What a step is, the run says. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "tensor/train_impl.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What is added up between two reports. */
struct meter {
    FILE *csv;
    double loss, extra[DIO_TRAIN_EXTRAS], start, validation;
    int64_t steps;
    dio_train_report_fn *report;
    void *user;
};

static int count_extras(const dio_train_run *r)
{
    int n = 0;
    while (r->extras && r->extras[n])
        n++;
    return n;
}

static bool open_log(dio_train_run *r, struct meter *m, dio_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/loss.csv", r->dir);
    bool fresh = !dio_file_exists(path);
    m->csv = fopen(path, "a");
    if (!m->csv)
        return dio_fail_retry(err, "%s: cannot be written", path);
    if (fresh) {
        fprintf(m->csv, "step,loss,validation,lr,gradient_norm,%s_per_second", r->item_name);
        for (int i = 0; i < count_extras(r); i++)
            fprintf(m->csv, ",%s", r->extras[i]);
        fputc('\n', m->csv);
    }
    return true;
}

static void write_log(dio_train_run *r, struct meter *m, const dio_train_figures *f, bool evaluated)
{
    double elapsed = now() - m->start;
    dio_train_progress p = {
        .step = r->state.step,
        .steps = r->o->steps,
        .loss = m->loss / (double)m->steps,
        .validation = m->validation,
        .best = r->state.best,
        .lr = f->lr,
        .norm = f->norm,
        .evaluated = evaluated,
        .item_name = r->item_name,
        .extras = r->extras,
        .n_extras = count_extras(r),
    };
    if (elapsed > 0) {
        p.items_per_second = (double)(m->steps * r->items) / elapsed;
        p.flops_per_second = r->flops * (double)m->steps / elapsed;
        p.seconds_left = (double)(r->o->steps - r->state.step) * elapsed / (double)m->steps;
    }
    fprintf(m->csv, "%lld,%.6f,", (long long)p.step, p.loss);
    if (evaluated && isfinite(m->validation))
        fprintf(m->csv, "%.6f", m->validation);
    fprintf(m->csv, ",%.6g,%.4f,%.0f", f->lr, f->norm, p.items_per_second);
    for (int i = 0; i < p.n_extras; i++) {
        p.extra[i] = m->extra[i] / (double)m->steps;
        fprintf(m->csv, ",%.6f", p.extra[i]);
        m->extra[i] = 0;
    }
    fputc('\n', m->csv);
    fflush(m->csv);
    if (m->report)
        m->report(m->user, &p);
    m->loss = 0;
    m->steps = 0;
    m->start = now();
}

static bool is_due(int64_t step, int every, int64_t last)
{
    return step % every == 0 || step == last;
}

/* One turn of the loop; *over is set when the run has come to its end. */
static bool turn(dio_train_run *r, struct meter *m, bool *over, bool *early, dio_error *err)
{
    dio_train_figures f = {0};
    if (!r->step(r, &f, err))
        return false;
    m->loss += f.loss;
    for (int i = 0; i < DIO_TRAIN_EXTRAS; i++)
        m->extra[i] += f.extra[i];
    m->steps++;
    int64_t step = r->state.step, last = r->o->steps;
    bool evaluate = is_due(step, r->o->eval_every, last);
    if (evaluate && !r->validate(r, &m->validation, err))
        return false;
    if (evaluate || is_due(step, r->o->log_every, last))
        write_log(r, m, &f, evaluate);
    *early = r->keeps_best && r->o->patience > 0 && r->state.stale >= r->o->patience;
    *over = step >= last || *early;
    if (*over || is_due(step, r->o->checkpoint_every, last))
        return dio_train_checkpoint(r, err);
    return true;
}

static bool turns(dio_train_run *r, struct meter *m, const volatile sig_atomic_t *cancel,
                  dio_train_result *result, dio_error *err)
{
    bool over = r->state.step >= r->o->steps, early = false;
    m->start = now();
    while (!over) {
        if (!turn(r, m, &over, &early, err))
            return false;
        if (cancel && *cancel && !over) {
            result->cancelled = true;
            if (!dio_train_checkpoint(r, err))
                return false;
            break;
        }
    }
    result->steps = r->state.step;
    result->best = r->state.best;
    result->best_step = r->state.best_step;
    result->stopped_early = early;
    return true;
}

static bool holds(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return dio_file_exists(path);
}

bool dio_train_has_checkpoint(const char *dir)
{
    return holds(dir, "checkpoint.safetensors");
}

bool dio_train_has_begun(const char *dir)
{
    return holds(dir, "loss.csv");
}

bool dio_train_may_begin(const char *dir, bool resume, dio_error *err)
{
    return resume || !dio_train_has_checkpoint(dir) ||
           dio_fail(err,
                    "%s/checkpoint.safetensors exists: add --resume to go on from it, or name "
                    "another folder",
                    dir);
}

/* What validated best belongs to the checkpoint: a run that ended without it would have nothing
 * to show for its hours. */
static bool check_best(const dio_train_run *r, dio_error *err)
{
    return !r->keeps_best || r->state.best_step == 0 || holds(r->dir, "best.safetensors") ||
           dio_fail(err,
                    "%s/best.safetensors is gone, which the checkpoint beside it needs: begin anew "
                    "in another folder",
                    r->dir);
}

bool dio_train_begin(dio_train_run *r, bool resume, dio_error *err)
{
    bool found;
    if (!dio_dir_make(r->dir, err))
        return false;
    if (resume && (!dio_train_restore(r, &found, err) || !check_best(r, err)))
        return false;
    return dio_train_trim_log(r, err); /* of what another run left, all */
}

bool dio_train_loop(dio_train_run *r, const volatile sig_atomic_t *cancel,
                    dio_train_report_fn *report, void *user, dio_train_result *result,
                    dio_error *err)
{
    struct meter m = {.report = report, .user = user, .validation = NAN};
    bool ok = open_log(r, &m, err) && turns(r, &m, cancel, result, err);
    if (m.csv && fclose(m.csv) != 0 && ok)
        ok = dio_fail_retry(err, "%s/loss.csv: could not be written to the end", r->dir);
    return ok;
}
