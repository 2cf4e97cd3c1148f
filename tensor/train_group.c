/* train_group.c: weights that one plan moves: the optimiser's part of a graph, and averages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tensor/ops.h"
#include "tensor/ops/adamw.h"
#include "tensor/train_impl.h"

bool dio_train_group_init(dio_train_group *t, dio_error *err)
{
    size_t n = (size_t)t->n;
    bool ok = (t->w = calloc(n + 1, sizeof *t->w)) && (t->m = calloc(n + 1, sizeof *t->m)) &&
              (t->v = calloc(n + 1, sizeof *t->v)) &&
              (t->average = calloc(n + 1, sizeof *t->average)) &&
              (t->host_w = calloc(n + 1, sizeof *t->host_w));
    for (size_t i = 0; ok && i < n && t->o->ema > 0; i++)
        ok = (t->host_w[i] = malloc(dio_type_bytes(&t->weights[i].tensor->type))) != NULL;
    return ok || dio_fail_memory(err, "a training run");
}

void dio_train_group_deinit(dio_train_group *t)
{
    dio_plan_destroy(t->plan);
    for (int i = 0; t->host_w && i < t->n; i++)
        free(t->host_w[i]);
    free(t->host_w);
    free(t->w);
    free(t->m);
    free(t->v);
    free(t->average);
}

void dio_train_params(dio_train_group *t, dio_graph *g, dio_val *w)
{
    for (int i = 0; i < t->n; i++)
        w[i] = dio_param(g, t->weights[i].tensor);
}

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

static dio_val state(dio_graph *g, const char *kind, const dio_train_weight *w)
{
    char name[600];
    snprintf(name, sizeof name, "%s.%s", kind, w->name);
    return dio_state(g, name, w->tensor->type);
}

/* Appends the update of one weight; returns how many outputs keep it alive. */
static int update(dio_train_group *t, dio_graph *g, int i, const dio_val *wgn, dio_val clip,
                  bool main, dio_val *out)
{
    const dio_train_weight *w = &t->weights[i];
    dio_adamw_attrs a = {t->o->beta1, t->o->beta2, t->o->eps, w->decay ? t->o->weight_decay : 0};
    dio_val m = state(g, "m", w), v = state(g, "v", w), average = DIO_NONE;
    int n = 1;
    out[0] = dio_adamw(g, wgn[0], m, v, wgn[1], wgn[2], clip, &a);
    if (t->o->ema > 0) {
        average = state(g, "ema", w);
        out[n++] = dio_ema(g, average, out[0], (float)t->o->ema);
    }
    if (main) {
        t->w[i] = wgn[0];
        t->m[i] = m;
        t->v[i] = v;
        t->average[i] = average;
    }
    return n;
}

/* The value that a weight without a gradient is to become; DIO_NONE: it has a gradient. */
static dio_val running_value(const dio_train_group *t, const dio_tensor *weight)
{
    for (int i = 0; i < t->n_running; i++)
        if (t->running[i].weight == weight)
            return t->running[i].value;
    return DIO_NONE;
}

static int replace(dio_train_group *t, dio_graph *g, int i, dio_val w, dio_val becomes, bool main,
                   dio_val *out)
{
    int n = 1;
    dio_val average = DIO_NONE;
    out[0] = dio_ema(g, w, becomes, 0);
    if (t->o->ema > 0) {
        average = state(g, "ema", &t->weights[i]);
        out[n++] = dio_ema(g, average, out[0], (float)t->o->ema);
    }
    if (main) {
        t->w[i] = w;
        t->m[i] = t->v[i] = DIO_NONE;
        t->average[i] = average;
    }
    return n;
}

int dio_train_updates(dio_train_group *t, dio_graph *g, dio_val loss, const dio_val *w, bool main,
                      dio_val *out)
{
    int n = 2;
    dio_val *grad = calloc((size_t)t->n + 1, sizeof *grad);
    if (!grad) {
        dio_graph_fail(g, "out of memory for gradients");
        return 0;
    }
    dio_backward(g, loss, w, t->n, grad);
    out[0] = loss;
    dio_val clip = clipping(g, grad, t->n, t->o->clip, &out[1]);
    dio_val numbers = dio_input(g, "adamw", dio_type_1d(DIO_F32, DIO_ADAMW_NUMBERS));
    for (int i = 0; i < t->n && dio_graph_ok(g); i++) {
        dio_val becomes = running_value(t, t->weights[i].tensor);
        if (becomes != DIO_NONE)
            n += replace(t, g, i, w[i], becomes, main, out + n);
        else if (grad[i] == DIO_NONE)
            dio_graph_fail(g, "weight %s does not take part in the loss", t->weights[i].name);
        else
            n += update(t, g, i, (dio_val[]){w[i], grad[i], numbers}, clip, main, out + n);
    }
    free(grad);
    return n;
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

bool dio_train_numbers(const dio_train_group *t, dio_plan *plan, int64_t step, int64_t update,
                       double *lr, dio_error *err)
{
    float numbers[DIO_ADAMW_NUMBERS];
    *lr = dio_train_rate(t->o, step);
    numbers[DIO_ADAMW_LR] = (float)*lr;
    numbers[DIO_ADAMW_C1] = (float)(1 - pow(t->o->beta1, (double)(update + 1)));
    numbers[DIO_ADAMW_C2] = (float)(1 - pow(t->o->beta2, (double)(update + 1)));
    return dio_plan_set(plan, "adamw", numbers, sizeof numbers, err);
}

bool dio_train_average_start(dio_train_group *t, dio_error *err)
{
    for (int i = 0; i < t->n; i++) {
        const dio_tensor *w = t->weights[i].tensor;
        if (t->average[i] != DIO_NONE && !dio_plan_write(t->plan, t->average[i], dio_tensor_data(w),
                                                         dio_type_bytes(&w->type), err))
            return false;
    }
    return true;
}

bool dio_train_average_swap(dio_train_group *t, bool back, dio_error *err)
{
    for (int i = 0; i < t->n; i++) {
        size_t bytes = dio_type_bytes(&t->weights[i].tensor->type);
        if (t->average[i] == DIO_NONE)
            continue;
        if (back) {
            if (!dio_plan_write(t->plan, t->w[i], t->host_w[i], bytes, err))
                return false;
            continue;
        }
        float *average = malloc(bytes);
        bool ok = average && dio_plan_read(t->plan, t->w[i], t->host_w[i], bytes, err) &&
                  dio_plan_read(t->plan, t->average[i], average, bytes, err) &&
                  dio_plan_write(t->plan, t->w[i], average, bytes, err);
        if (!average)
            dio_fail_memory(err, "averaged weights");
        free(average);
        if (!ok)
            return false;
    }
    return true;
}

bool dio_train_fetch(dio_train_group *t, dio_error *err)
{
    for (int i = 0; i < t->n; i++) {
        dio_tensor *w = t->weights[i].tensor;
        if (!dio_plan_read(t->plan, t->w[i], dio_tensor_data(w), dio_type_bytes(&w->type), err))
            return false;
    }
    return true;
}
