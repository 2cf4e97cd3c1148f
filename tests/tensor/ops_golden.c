/* ops_golden.c: see ops_golden.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/plan.h"
#include "tensor/weights.h"
#include "tests/tensor/ops_golden.h"
#include "tests/worst.h"

enum { NAME = 128 };

int64_t golden_whole(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->kind == DIO_REAL ? (int64_t)v->real : v->integer;
}

double golden_real(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

bool golden_flag(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->boolean;
}

int64_t golden_at(const dio_value *list, int i)
{
    return i < list->list.count ? list->list.items[i]->integer : 0;
}

void golden_pair(const struct golden *k, const char *key, int out[2], int fallback)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    for (int i = 0; i < 2; i++)
        out[i] = v && i < v->list.count ? (int)golden_at(v, i) : fallback;
}

dio_pad_mode golden_mode_of(const char *name)
{
    const char *const names[] = {"zero", "reflect", "replicate", "circular"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (dio_pad_mode)i;
    fail_msg("padding mode %s", name);
    return DIO_PAD_ZERO;
}

void golden_gives(struct golden *k, const char *name, dio_val v)
{
    k->out_name[k->n_out] = name;
    k->out[k->n_out++] = v;
}

static dio_tensor *part(const dio_weights *w, const char *name, const char *kind, const char *what)
{
    char key[NAME];
    snprintf(key, sizeof key, "%s.%s.%s", name, kind, what);
    return dio_weights_find(w, key);
}

/* max|d| / (1 + max|truth|); whole numbers are equal, 0, or not, 1. */
static double distance(const dio_tensor *truth, const void *data)
{
    const float *want = dio_tensor_data(truth), *have = data;
    if (truth->type.dtype != DIO_F32)
        return memcmp(want, have, dio_type_bytes(&truth->type)) != 0;
    double worst = 0, top = 0;
    for (int64_t i = 0, n = dio_type_count(&truth->type); i < n; i++) {
        double d = fabs((double)want[i] - (double)have[i]);
        worst = worse(worst, d);
        top = fmax(top, fabs((double)want[i]));
    }
    return worst / (1 + top);
}

/* Binds the inputs and remembers which of them have a gradient. */
static int bind_inputs(struct golden *k, const dio_weights *w, const char *name,
                       dio_val wanted[GOLDEN_MOST], dio_tensor *truth[GOLDEN_MOST])
{
    const dio_value *inputs = dio_map_get(k->attrs, "inputs");
    int n = 0;
    for (int i = 0; i < GOLDEN_MOST; i++)
        k->in[i] = DIO_NONE;
    for (int i = 0; i < inputs->list.count; i++) {
        if (inputs->list.items[i]->kind != DIO_STRING)
            continue;
        const char *key = inputs->list.items[i]->string.text;
        dio_tensor *t = part(w, name, "in", key);
        assert_non_null(t);
        k->in[i] = dio_input(k->g, key, t->type);
        truth[n] = part(w, name, "grad", key);
        if (truth[n])
            wanted[n++] = k->in[i];
    }
    return n;
}

static dio_val weighted(struct golden *k, const dio_weights *w, const char *name)
{
    dio_val loss = DIO_NONE;
    for (int i = 0; i < k->n_out; i++) {
        dio_tensor *r = part(w, name, "r", k->out_name[i]);
        if (!r)
            continue;
        dio_type t = dio_type_of(k->g, k->out[i]);
        dio_val one =
            dio_sum(k->g, dio_mul(k->g, k->out[i], dio_const(k->g, t, dio_tensor_data(r))),
                    (1u << t.nd) - 1, false);
        loss = loss == DIO_NONE ? one : dio_add(k->g, loss, one);
    }
    return loss;
}

static void set_inputs(dio_plan *p, const struct golden *k, const dio_weights *w, const char *name)
{
    const dio_value *inputs = dio_map_get(k->attrs, "inputs");
    for (int i = 0; i < inputs->list.count; i++) {
        dio_error err = {0};
        if (k->in[i] == DIO_NONE)
            continue;
        const char *key = inputs->list.items[i]->string.text;
        dio_tensor *t = part(w, name, "in", key);
        if (!dio_plan_set(p, key, dio_tensor_data(t), dio_type_bytes(&t->type), &err))
            fail_msg("%s: %s", name, err.message);
    }
}

/* The worst distance over a case's outputs and gradients. */
static double run_case(dio_device *device, const dio_weights *w, const char *name,
                       const dio_value *attrs, void (*build)(struct golden *k), double tol)
{
    struct golden k = {.g = dio_graph_create(), .attrs = attrs};
    dio_error err = {0};
    dio_val wanted[2 * GOLDEN_MOST], grads[GOLDEN_MOST];
    dio_tensor *truth[2 * GOLDEN_MOST];
    int n = bind_inputs(&k, w, name, wanted, truth), n_all = 0;
    build(&k);
    if (n > 0)
        dio_backward(k.g, weighted(&k, w, name), wanted, n, grads);
    for (int i = 0; i < n; i++) {
        assert_int_not_equal(grads[i], DIO_NONE);
        wanted[n_all++] = grads[i];
    }
    for (int i = 0; i < k.n_out; i++) {
        truth[n_all] = part(w, name, "out", k.out_name[i]);
        assert_non_null(truth[n_all]);
        wanted[n_all++] = k.out[i];
    }
    dio_plan *p = dio_plan_create(k.g, wanted, n_all, false, device, NULL, &err);
    if (!p)
        fail_msg("%s: %s", name, err.message);
    set_inputs(p, &k, w, name);
    assert_true(dio_plan_run(p, &err));
    double worst = 0;
    for (int i = 0; i < n_all; i++) {
        dio_type t;
        const void *have = dio_plan_output(p, i, &t);
        if (!dio_type_equal(&t, &truth[i]->type))
            fail_msg("%s: value %d has another shape than torch's", name, i);
        double d = distance(truth[i], have);
        if (!(d <= tol))
            fail_msg("%s: %s %d is off by %.3g, above %.3g", name, i < n ? "gradient" : "output",
                     i < n ? i : i - n, d, tol);
        worst = worse(worst, d);
    }
    dio_plan_destroy(p);
    dio_graph_destroy(k.g);
    return worst;
}

void golden_check(dio_device *device, const golden_builder *builders, const char *file, double tol,
                  int expected)
{
    char path[NAME];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/golden/ops/%s.safetensors", file);
    dio_weights *w = dio_weights_open(path, &err);
    if (!w)
        fail_msg("%s", err.message);
    dio_arena *a = dio_arena_create();
    const char *text = dio_weights_meta_find(w, "attrs");
    assert_non_null(text);
    dio_value *cases = dio_json_parse(a, path, text, strlen(text), &err);
    assert_non_null(cases);
    double worst = 0;
    int done = 0;
    for (int i = 0; i < cases->map.count; i++) {
        const dio_value *attrs = cases->map.items[i];
        const char *op = dio_map_get(attrs, "op")->string.text;
        for (int b = 0; builders[b].op; b++)
            if (strcmp(builders[b].op, op) == 0) {
                worst = worse(worst, run_case(device, w, cases->map.keys[i]->string.text, attrs,
                                              builders[b].build, tol));
                done++;
            }
    }
    print_message("%-16s %3d cases, worst %.2g\n", file, done, worst);
    assert_int_equal(done, expected);
    dio_arena_destroy(a);
    dio_weights_close(w);
}
