/* train_step.c: the two plans of a run of one loss, and what is done with them: a step, a
 * validation. */
#include <math.h>
#include <stdlib.h>

#include "tensor/train_impl.h"

static dio_plan *make_train(dio_train_run *r, dio_error *err)
{
    const dio_train_task *task = r->task;
    dio_train_group *t = &r->groups[0];
    dio_graph *g = dio_graph_create();
    dio_val *w = calloc((size_t)t->n + 1, sizeof *w);
    dio_val *out = calloc(2 * (size_t)t->n + 2, sizeof *out);
    dio_plan *plan = NULL;
    if (!g || !w || !out) {
        dio_fail_memory(err, "a training graph");
        goto done;
    }
    dio_train_params(t, g, w);
    dio_val loss = task->loss(task->user, g, true);
    int outputs = dio_train_updates(t, g, loss, w, true, out);
    dio_plan_options options = {.train = true};
    plan = dio_plan_create(g, out, outputs, false, r->device, &options, err);
done:
    free(w);
    free(out);
    dio_graph_destroy(g);
    return plan;
}

static dio_plan *make_eval(dio_train_run *r, dio_error *err)
{
    const dio_train_task *task = r->task;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a validation graph");
        return NULL;
    }
    dio_val loss = task->loss(task->user, g, false);
    dio_plan_options options = {.train = true};
    dio_plan *plan = dio_plan_create(g, &loss, 1, false, r->device, &options, err);
    dio_graph_destroy(g);
    return plan;
}

bool dio_train_plans(dio_train_run *r, dio_error *err)
{
    dio_plan_report report;
    r->groups[0].plan = make_train(r, err);
    r->eval = r->groups[0].plan ? make_eval(r, err) : NULL;
    if (!r->eval)
        return false;
    dio_plan_report_get(r->groups[0].plan, &report);
    r->flops = report.flops;
    return dio_train_average_start(&r->groups[0], err);
}

bool dio_train_step(dio_train_run *r, dio_train_figures *f, dio_error *err)
{
    const dio_train_task *task = r->task;
    dio_plan *plan = r->groups[0].plan;
    int64_t t = r->state.step;
    if (!dio_train_numbers(&r->groups[0], plan, t, t, &f->lr, err) ||
        !task->fill(task->user, plan, t, true, err) || !dio_plan_run(plan, err))
        return false;
    f->loss = *(const float *)dio_plan_output(plan, 0, NULL);
    f->norm = *(const float *)dio_plan_output(plan, 1, NULL);
    if (!isfinite(f->loss) || !isfinite(f->norm))
        return dio_fail(err,
                        "step %lld: the loss is %g and the gradient's length %g: use a lower "
                        "learning rate or a longer warmup",
                        (long long)t, f->loss, f->norm);
    r->state.step++;
    return true;
}

bool dio_train_validate(dio_train_run *r, double *loss, dio_error *err)
{
    const dio_train_task *task = r->task;
    double sum = 0;
    if (!dio_train_average_swap(&r->groups[0], false, err))
        return false;
    for (int i = 0; i < r->o->eval_batches; i++) {
        if (!task->fill(task->user, r->eval, i, false, err) || !dio_plan_run(r->eval, err))
            return false;
        sum += *(const float *)dio_plan_output(r->eval, 0, NULL);
    }
    *loss = sum / r->o->eval_batches;
    if (*loss < r->state.best) { /* while the averages stand in the weights' place */
        r->state.best = *loss;
        r->state.best_step = r->state.step;
        r->state.stale = 0;
        if (!dio_train_save_best(r, err))
            return false;
    } else {
        r->state.stale++;
    }
    return dio_train_average_swap(&r->groups[0], true, err);
}
