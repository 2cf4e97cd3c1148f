/* train.c: the loop: step, log, validate, checkpoint, stop. */
#include "tensor/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "tensor/train_impl.h"

typedef dio_train_options o; /* the lines below stay short */
const dio_field dio_train_fields[] = {
    DIO_FIELD(o, steps, NULL, 1, 1e9, "optimiser steps in all"),
    DIO_FIELD(o, warmup, "100", 0, 1e9, "steps over which the learning rate rises from 0"),
    DIO_FIELD(o, lr, "0.001", 1e-9, 10, "learning rate after warmup"),
    DIO_FIELD(o, min_lr, "0.1", 0, 1, "share of lr that the cosine ends at"),
    DIO_FIELD(o, weight_decay, "0.1", 0, 1, "AdamW's decay; norms and biases have none"),
    DIO_FIELD(o, beta1, "0.9", 0, 0.99999, "AdamW's first moment"),
    DIO_FIELD(o, beta2, "0.95", 0, 0.999999, "AdamW's second moment"),
    DIO_FIELD(o, eps, "1e-8", 1e-16, 1, "AdamW's epsilon"),
    DIO_FIELD(o, clip, "1.0", 0, 1e9, "gradients longer than this are scaled down; 0: never"),
    DIO_FIELD(o, ema, "0", 0, 0.999999, "decay of averaged weights; 0: none are kept"),
    DIO_FIELD(o, log_every, "10", 1, 1e9, "steps between lines of loss.csv"),
    DIO_FIELD(o, eval_every, "250", 1, 1e9, "steps between validations"),
    DIO_FIELD(o, eval_batches, "8", 1, 1e6, "batches of a validation"),
    DIO_FIELD(o, checkpoint_every, "250", 1, 1e9, "steps between checkpoints"),
    DIO_FIELD(o, patience, "0", 0, 1e6,
              "validations without a better one before stopping; 0: never"),
    {0},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What is added up between two reports. */
struct meter {
    FILE *csv;
    double loss, start, validation;
    int64_t steps;
    dio_train_report_fn *report;
    void *user;
    double flops;
};

static bool open_log(dio_train_run *r, struct meter *m, dio_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/loss.csv", r->dir);
    bool fresh = !dio_file_exists(path);
    m->csv = fopen(path, "a");
    if (!m->csv)
        return dio_fail_retry(err, "%s: cannot be written", path);
    if (fresh)
        fprintf(m->csv, "step,loss,validation,lr,gradient_norm,%s_per_second\n",
                r->task->item_name);
    return true;
}

static void write_log(dio_train_run *r, struct meter *m, double lr, double norm, bool evaluated)
{
    double elapsed = now() - m->start;
    dio_train_progress p = {
        .step = r->state.step,
        .steps = r->o->steps,
        .loss = m->loss / (double)m->steps,
        .validation = m->validation,
        .best = r->state.best,
        .lr = lr,
        .norm = norm,
        .evaluated = evaluated,
        .item_name = r->task->item_name,
    };
    if (elapsed > 0) {
        p.items_per_second = (double)(m->steps * r->task->items) / elapsed;
        p.flops_per_second = m->flops * (double)m->steps / elapsed;
        p.seconds_left = (double)(r->o->steps - r->state.step) * elapsed / (double)m->steps;
    }
    fprintf(m->csv, "%lld,%.6f,", (long long)p.step, p.loss);
    if (evaluated)
        fprintf(m->csv, "%.6f", m->validation);
    fprintf(m->csv, ",%.6g,%.4f,%.0f\n", lr, norm, p.items_per_second);
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
    double loss, norm, lr;
    if (!dio_train_step(r, &loss, &norm, &lr, err))
        return false;
    m->loss += loss;
    m->steps++;
    int64_t step = r->state.step, last = r->o->steps;
    bool evaluate = is_due(step, r->o->eval_every, last);
    if (evaluate && !dio_train_validate(r, &m->validation, err))
        return false;
    if (evaluate || is_due(step, r->o->log_every, last))
        write_log(r, m, lr, norm, evaluate);
    *early = r->o->patience > 0 && r->state.stale >= r->o->patience;
    *over = step >= last || *early;
    if (*over || is_due(step, r->o->checkpoint_every, last))
        return dio_train_checkpoint(r, err);
    return true;
}

static bool loop(dio_train_run *r, struct meter *m, const volatile sig_atomic_t *cancel,
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
    return result->cancelled || dio_train_load_best(r, err);
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
    return r->state.best_step == 0 || holds(r->dir, "best.safetensors") ||
           dio_fail(err,
                    "%s/best.safetensors is gone, which the checkpoint beside it needs: begin anew "
                    "in another folder",
                    r->dir);
}

static bool begin(dio_train_run *r, bool resume, dio_error *err)
{
    bool found;
    if (!dio_dir_make(r->dir, err) || !dio_train_may_begin(r->dir, resume, err) ||
        !dio_train_plans(r, err))
        return false;
    if (resume && (!dio_train_restore(r, &found, err) || !check_best(r, err)))
        return false;
    return dio_train_trim_log(r, err); /* of what another run left, all */
}

static bool allocate(dio_train_run *r)
{
    size_t n = (size_t)r->task->n_weights;
    bool ok = (r->w = calloc(n + 1, sizeof *r->w)) && (r->m = calloc(n + 1, sizeof *r->m)) &&
              (r->v = calloc(n + 1, sizeof *r->v)) &&
              (r->average = calloc(n + 1, sizeof *r->average)) &&
              (r->host_w = calloc(n + 1, sizeof *r->host_w));
    for (size_t i = 0; ok && i < n && r->o->ema > 0; i++)
        ok = (r->host_w[i] = malloc(dio_type_bytes(&r->task->weights[i].tensor->type))) != NULL;
    return ok;
}

static void release(dio_train_run *r)
{
    dio_plan_destroy(r->eval);
    dio_plan_destroy(r->train);
    for (int i = 0; r->host_w && i < r->task->n_weights; i++)
        free(r->host_w[i]);
    free(r->host_w);
    free(r->w);
    free(r->m);
    free(r->v);
    free(r->average);
}

bool dio_train(const dio_train_task *task, const dio_train_options *options, dio_device *device,
               const char *dir, bool resume, const volatile sig_atomic_t *cancel,
               dio_train_report_fn *report, void *user, dio_train_result *result, dio_error *err)
{
    dio_train_run r = {
        .task = task, .o = options, .device = device, .dir = dir, .state = {.best = INFINITY}};
    struct meter m = {.report = report, .user = user, .validation = NAN};
    *result = (dio_train_result){0};
    bool ok = allocate(&r) ? begin(&r, resume, err) : dio_fail_memory(err, "a training run");
    if (ok) {
        dio_plan_report flops;
        dio_plan_report_get(r.train, &flops);
        m.flops = flops.flops;
        ok = open_log(&r, &m, err) && loop(&r, &m, cancel, result, err);
    }
    if (m.csv && fclose(m.csv) != 0 && ok)
        ok = dio_fail_retry(err, "%s/loss.csv: could not be written to the end", dir);
    release(&r);
    return ok;
}
