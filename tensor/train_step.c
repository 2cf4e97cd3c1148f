/* train_step.c: the two plans of a run and what is done with them: a step, a validation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/ops.h"
#include "tensor/ops/adamw.h"
#include "tensor/train_impl.h"

/* min(1, clip / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. */
static dio_val clipping(dio_graph *g, const dio_val *grad, int n, double clip, dio_val *norm)
{
    dio_val sum = DIO_NONE;
    for (int i = 0; i < n; i++)
        if (grad[i] != DIO_NONE) {
            dio_val s = dio_sum_squares(g, grad[i]);
            sum = sum == DIO_NONE ? s : dio_add(g, sum, s);
        }
    if (sum == DIO_NONE)
        return dio_graph_fail(g, "the loss depends on no weight that is trained");
    *norm = dio_sqrt(g, sum);
    if (clip <= 0)
        return dio_scalar(g, 1);
    dio_val ratio = dio_div(g, dio_scalar(g, (float)clip), dio_axpb(g, *norm, 1, 1e-6f));
    return dio_minimum(g, ratio, dio_scalar(g, 1));
}

/* Appends the update of every weight; outputs keep them alive. */
static int updates(dio_train_run *r, dio_graph *g, const dio_val *grad, dio_val clip, dio_val *out)
{
    char name[600];
    int n = 0;
    dio_val numbers = dio_input(g, "adamw", dio_type_1d(DIO_F32, DIO_ADAMW_NUMBERS));
    for (int i = 0; i < r->task->n_weights; i++) {
        const dio_train_weight *w = &r->task->weights[i];
        dio_adamw_attrs a = {r->o->beta1, r->o->beta2, r->o->eps,
                             w->decay ? r->o->weight_decay : 0};
        snprintf(name, sizeof name, "m.%s", w->name);
        r->m[i] = dio_state(g, name, w->tensor->type);
        snprintf(name, sizeof name, "v.%s", w->name);
        r->v[i] = dio_state(g, name, w->tensor->type);
        if (grad[i] == DIO_NONE) {
            dio_graph_fail(g, "weight %s does not take part in the loss", w->name);
            return 0;
        }
        dio_val fresh = dio_adamw(g, r->w[i], r->m[i], r->v[i], grad[i], numbers, clip, &a);
        out[n++] = fresh;
        r->average[i] = DIO_NONE;
        if (r->o->ema > 0) {
            snprintf(name, sizeof name, "ema.%s", w->name);
            r->average[i] = dio_state(g, name, w->tensor->type);
            out[n++] = dio_ema(g, r->average[i], fresh, (float)r->o->ema);
        }
    }
    return n;
}

static dio_plan *make_train(dio_train_run *r, dio_error *err)
{
    int n = r->task->n_weights;
    dio_graph *g = dio_graph_create();
    dio_val *grad = calloc((size_t)n + 1, sizeof *grad);
    dio_val *out = calloc(2 * (size_t)n + 2, sizeof *out);
    dio_plan *plan = NULL;
    if (!g || !grad || !out) {
        dio_fail_memory(err, "a training graph");
        goto done;
    }
    for (int i = 0; i < n; i++)
        r->w[i] = dio_param(g, r->task->weights[i].tensor);
    dio_val loss = r->task->loss(r->task->user, g, true), norm = DIO_NONE;
    dio_backward(g, loss, r->w, n, grad);
    dio_val clip = clipping(g, grad, n, r->o->clip, &norm);
    out[0] = loss;
    out[1] = norm;
    int outputs = 2 + updates(r, g, grad, clip, out + 2);
    dio_plan_options options = {.train = true};
    plan = dio_plan_create(g, out, outputs, false, r->device, &options, err);
done:
    free(grad);
    free(out);
    dio_graph_destroy(g);
    return plan;
}

static dio_plan *make_eval(dio_train_run *r, dio_error *err)
{
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a validation graph");
        return NULL;
    }
    dio_val loss = r->task->loss(r->task->user, g, false);
    dio_plan_options options = {.train = true};
    dio_plan *plan = dio_plan_create(g, &loss, 1, false, r->device, &options, err);
    dio_graph_destroy(g);
    return plan;
}

/* Averages start as the weights themselves. */
static bool start_averages(dio_train_run *r, dio_error *err)
{
    for (int i = 0; i < r->task->n_weights; i++) {
        const dio_tensor *t = r->task->weights[i].tensor;
        if (r->average[i] != DIO_NONE &&
            !dio_plan_write(r->train, r->average[i], dio_tensor_data(t), dio_type_bytes(&t->type),
                            err))
            return false;
    }
    return true;
}

bool dio_train_plans(dio_train_run *r, dio_error *err)
{
    r->train = make_train(r, err);
    r->eval = r->train ? make_eval(r, err) : NULL;
    return r->eval && start_averages(r, err);
}

double dio_train_rate(const dio_train_options *o, int64_t step)
{
    if (step < o->warmup)
        return o->lr * (double)(step + 1) / o->warmup;
    double left = o->steps > o->warmup ? (double)(o->steps - o->warmup) : 1;
    double at = (double)(step - o->warmup) / left;
    double wave = 0.5 * (1 + cos(M_PI * (at > 1 ? 1 : at)));
    return o->lr * (o->min_lr + (1 - o->min_lr) * wave);
}

bool dio_train_step(dio_train_run *r, double *loss, double *norm, double *lr, dio_error *err)
{
    int64_t t = r->state.step;
    *lr = dio_train_rate(r->o, t);
    float numbers[DIO_ADAMW_NUMBERS];
    numbers[DIO_ADAMW_LR] = (float)*lr;
    numbers[DIO_ADAMW_C1] = (float)(1 - pow(r->o->beta1, (double)(t + 1)));
    numbers[DIO_ADAMW_C2] = (float)(1 - pow(r->o->beta2, (double)(t + 1)));
    if (!dio_plan_set(r->train, "adamw", numbers, sizeof numbers, err) ||
        !r->task->fill(r->task->user, r->train, t, true, err) || !dio_plan_run(r->train, err))
        return false;
    *loss = *(const float *)dio_plan_output(r->train, 0, NULL);
    *norm = *(const float *)dio_plan_output(r->train, 1, NULL);
    if (!isfinite(*loss) || !isfinite(*norm))
        return dio_fail(err,
                        "step %lld: the loss is %g and the gradient's length %g: use a lower "
                        "learning rate or a longer warmup",
                        (long long)t, *loss, *norm);
    r->state.step++;
    return true;
}

/* Puts the averages in the weights' place, or (back) the weights that were set aside. */
static bool swap_averages(dio_train_run *r, bool back, dio_error *err)
{
    for (int i = 0; i < r->task->n_weights; i++) {
        size_t bytes = dio_type_bytes(&r->task->weights[i].tensor->type);
        if (r->average[i] == DIO_NONE)
            continue;
        if (back) {
            if (!dio_plan_write(r->train, r->w[i], r->host_w[i], bytes, err))
                return false;
            continue;
        }
        float *average = malloc(bytes);
        bool ok = average && dio_plan_read(r->train, r->w[i], r->host_w[i], bytes, err) &&
                  dio_plan_read(r->train, r->average[i], average, bytes, err) &&
                  dio_plan_write(r->train, r->w[i], average, bytes, err);
        if (!average)
            dio_fail_memory(err, "averaged weights");
        free(average);
        if (!ok)
            return false;
    }
    return true;
}

bool dio_train_validate(dio_train_run *r, double *loss, dio_error *err)
{
    double sum = 0;
    if (!swap_averages(r, false, err))
        return false;
    for (int i = 0; i < r->o->eval_batches; i++) {
        if (!r->task->fill(r->task->user, r->eval, i, false, err) || !dio_plan_run(r->eval, err))
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
    return swap_averages(r, true, err);
}
