/* test_ops_golden2.c: convolutions, recurrences, planes' norms, losses, movements and spectra
 * against torch (tests/golden/ops, computed in double). Every output and every gradient of every case. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/value.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tensor/weights.h"

enum { MAX = 8, NAME = 128 };

/* One case: its attributes, its inputs in the builder's order, what came out under torch's names. */
struct golden {
    dio_graph *g;
    const dio_value *attrs;
    dio_val in[MAX];
    int n_out;
    const char *out_name[MAX];
    dio_val out[MAX];
};

static dio_device *device;

/* --- attributes --- */

static int64_t whole(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->kind == DIO_REAL ? (int64_t)v->real : v->integer;
}

static double real(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

static bool flag(const struct golden *k, const char *key)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    assert_non_null(v);
    return v->boolean;
}

static int64_t at(const dio_value *list, int i)
{
    return i < list->list.count ? list->list.items[i]->integer : 0;
}

static void pair(const struct golden *k, const char *key, int out[2], int fallback)
{
    const dio_value *v = dio_map_get(k->attrs, key);
    for (int i = 0; i < 2; i++)
        out[i] = v && i < v->list.count ? (int)at(v, i) : fallback;
}

static dio_pad_mode mode_of(const char *name)
{
    static const char *const names[] = {"zero", "reflect", "replicate", "circular"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (dio_pad_mode)i;
    fail_msg("padding mode %s", name);
    return DIO_PAD_ZERO;
}

/* --- builders --- */

static void gives(struct golden *k, const char *name, dio_val v)
{
    k->out_name[k->n_out] = name;
    k->out[k->n_out++] = v;
}

static dio_conv_attrs conv_attrs(const struct golden *k)
{
    dio_conv_attrs a = {.groups = (int)whole(k, "groups")};
    pair(k, "stride", a.stride, 1);
    pair(k, "pad", a.pad, 0);
    pair(k, "dilation", a.dilation, 1);
    pair(k, "output_pad", a.output_pad, 0);
    return a;
}

static void b_conv(struct golden *k)
{
    const dio_value *mode = dio_map_get(k->attrs, "pad_mode");
    const dio_value *sides = dio_map_get(k->attrs, "pad_sides");
    dio_val x = k->in[0];
    for (int i = 0; mode && i < sides->list.count; i++) {
        const dio_value *side = sides->list.items[i];
        x = dio_pad(k->g, x, 2 + i, at(side, 0), at(side, 1), mode_of(mode->string.text));
    }
    gives(k, "y", dio_conv(k->g, x, k->in[1], k->in[2], conv_attrs(k)));
}

static void b_conv_transpose(struct golden *k)
{
    gives(k, "y", dio_conv_transpose(k->g, k->in[0], k->in[1], k->in[2], conv_attrs(k)));
}

static void b_avg_pool(struct golden *k)
{
    gives(k, "y", dio_avg_pool(k->g, k->in[0], (int)whole(k, "kernel"), (int)whole(k, "stride"),
                               (int)whole(k, "pad")));
}

static void b_max_pool(struct golden *k)
{
    gives(k, "y", dio_max_pool(k->g, k->in[0], (int)whole(k, "kernel"), (int)whole(k, "stride"),
                               (int)whole(k, "pad")));
}

static void b_upsample_nearest(struct golden *k)
{
    const dio_value *size = dio_map_get(k->attrs, "size");
    gives(k, "y", dio_upsample_nearest(k->g, k->in[0], at(size, 0), at(size, 1)));
}

static void b_upsample_linear(struct golden *k)
{
    const dio_value *size = dio_map_get(k->attrs, "size");
    gives(k, "y", dio_upsample_linear(k->g, k->in[0], at(size, 0), at(size, 1),
                                      flag(k, "align_corners")));
}

static void b_pixel_shuffle(struct golden *k)
{
    gives(k, "y", dio_pixel_shuffle(k->g, k->in[0], (int)whole(k, "factor")));
}

static void b_pixel_unshuffle(struct golden *k)
{
    gives(k, "y", dio_pixel_unshuffle(k->g, k->in[0], (int)whole(k, "factor")));
}

static void b_pad(struct golden *k)
{
    gives(k, "y", dio_pad(k->g, k->in[0], (int)whole(k, "axis"), whole(k, "before"),
                          whole(k, "after"),
                          mode_of(dio_map_get(k->attrs, "mode")->string.text)));
}

static void b_gru(struct golden *k)
{
    dio_val h;
    gives(k, "y", dio_gru(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4], k->in[5], &h));
    gives(k, "h", h);
}

static void b_lstm(struct golden *k)
{
    dio_val h, c;
    gives(k, "y", dio_lstm(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4], k->in[5],
                           k->in[6], &h, &c));
    gives(k, "h", h);
    gives(k, "c", c);
}

static void b_group_norm(struct golden *k)
{
    gives(k, "y", dio_group_norm(k->g, k->in[0], k->in[1], k->in[2], (int)whole(k, "groups"),
                                 (float)real(k, "eps")));
}

static void b_batch_norm(struct golden *k)
{
    dio_val mean, var;
    gives(k, "y", dio_batch_norm(k->g, k->in[0], k->in[1], k->in[2], (float)real(k, "eps"), &mean,
                                 &var));
    gives(k, "mean", mean);
    gives(k, "var_unbiased", var);
}

static void b_batch_norm_eval(struct golden *k)
{
    gives(k, "y", dio_batch_norm_eval(k->g, k->in[0], k->in[1], k->in[2], k->in[3], k->in[4],
                                      (float)real(k, "eps")));
}

static void b_mse_loss(struct golden *k)
{
    gives(k, "y", dio_mse_loss(k->g, k->in[0], k->in[1]));
}

static void b_l1_loss(struct golden *k)
{
    gives(k, "y", dio_l1_loss(k->g, k->in[0], k->in[1]));
}

static void b_smooth_l1_loss(struct golden *k)
{
    gives(k, "y", dio_smooth_l1_loss(k->g, k->in[0], k->in[1], (float)real(k, "beta")));
}

static void b_bce_logits_loss(struct golden *k)
{
    gives(k, "y", dio_bce_logits_loss(k->g, k->in[0], k->in[1]));
}

static void b_gather(struct golden *k)
{
    gives(k, "y", dio_gather(k->g, k->in[0], (int)whole(k, "axis"), k->in[1]));
}

static void b_scatter_add(struct golden *k)
{
    gives(k, "y", dio_scatter_add(k->g, k->in[0], (int)whole(k, "axis"), k->in[1], k->in[2]));
}

static void b_cumsum(struct golden *k)
{
    gives(k, "y", dio_cumsum(k->g, k->in[0], (int)whole(k, "axis")));
}

static void b_snake(struct golden *k)
{
    gives(k, "y", dio_snake(k->g, k->in[0], k->in[1]));
}

static dio_stft_attrs stft_attrs(const struct golden *k)
{
    return (dio_stft_attrs){.n_fft = (int)whole(k, "n_fft"), .hop = (int)whole(k, "hop"),
                            .win = (int)whole(k, "win"), .center = flag(k, "center"),
                            .normalized = flag(k, "normalized")};
}

static void b_stft(struct golden *k)
{
    gives(k, "y", dio_stft(k->g, k->in[0], k->in[1], stft_attrs(k)));
}

static void b_istft(struct golden *k)
{
    gives(k, "y", dio_istft(k->g, k->in[0], k->in[1], whole(k, "length"), stft_attrs(k)));
}

#define ROW(name) {#name, b_##name}
static const struct {
    const char *op;
    void (*build)(struct golden *k);
} builders[] = {
    ROW(conv), ROW(conv_transpose), ROW(avg_pool), ROW(max_pool), ROW(upsample_nearest),
    ROW(upsample_linear), ROW(pixel_shuffle), ROW(pixel_unshuffle), ROW(pad), ROW(gru), ROW(lstm),
    ROW(group_norm), ROW(batch_norm), ROW(batch_norm_eval), ROW(mse_loss), ROW(l1_loss),
    ROW(smooth_l1_loss), ROW(bce_logits_loss), ROW(gather), ROW(scatter_add), ROW(cumsum),
    ROW(snake), ROW(stft), ROW(istft),
};

/* --- running a case --- */

static dio_tensor *part(const dio_weights *w, const char *name, const char *kind, const char *what)
{
    char key[NAME];
    snprintf(key, sizeof key, "%s.%s.%s", name, kind, what);
    return dio_weights_find(w, key);
}

/* max|d| / (1 + max|truth|) */
static double distance(const dio_tensor *truth, const float *have)
{
    const float *want = dio_tensor_data(truth);
    double worst = 0, top = 0;
    for (int64_t i = 0, n = dio_type_count(&truth->type); i < n; i++) {
        double d = fabs((double)want[i] - (double)have[i]);
        worst = d <= worst ? worst : d; /* a NaN wins */
        top = fmax(top, fabs((double)want[i]));
    }
    return worst / (1 + top);
}

/* Binds the inputs and remembers which of them have a gradient. */
static int bind_inputs(struct golden *k, const dio_weights *w, const char *name,
                       dio_val wanted[MAX], dio_tensor *truth[MAX])
{
    const dio_value *inputs = dio_map_get(k->attrs, "inputs");
    int n = 0;
    for (int i = 0; i < MAX; i++)
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
        dio_val one = dio_sum(k->g, dio_mul(k->g, k->out[i],
                                            dio_const(k->g, t, dio_tensor_data(r))),
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
static double run_case(const dio_weights *w, const char *name, const dio_value *attrs,
                       void (*build)(struct golden *k), double tol)
{
    struct golden k = {.g = dio_graph_create(), .attrs = attrs};
    dio_error err = {0};
    dio_val wanted[2 * MAX], grads[MAX];
    dio_tensor *truth[2 * MAX];
    int n = bind_inputs(&k, w, name, wanted, truth), n_all = 0;
    build(&k);
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
        const float *have = dio_plan_output(p, i, &t);
        if (!dio_type_equal(&t, &truth[i]->type))
            fail_msg("%s: value %d has another shape than torch's", name, i);
        double d = distance(truth[i], have);
        if (!(d <= tol))
            fail_msg("%s: %s %d is off by %.3g, above %.3g", name,
                     i < n ? "gradient" : "output", i < n ? i : i - n, d, tol);
        worst = fmax(worst, d);
    }
    dio_plan_destroy(p);
    dio_graph_destroy(k.g);
    return worst;
}

static void check_file(const char *file, double tol, int expected)
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
        for (size_t b = 0; b < sizeof builders / sizeof builders[0]; b++)
            if (strcmp(builders[b].op, op) == 0) {
                worst = fmax(worst, run_case(w, cases->map.keys[i]->string.text, attrs,
                                             builders[b].build, tol));
                done++;
            }
    }
    print_message("%-16s %3d cases, worst %.2g\n", file, done, worst);
    assert_int_equal(done, expected);
    dio_arena_destroy(a);
    dio_weights_close(w);
}

/* Each tolerance is about four times what was measured, which stands beside it. */
#define FILE_TEST(file, tol, cases)                                                                \
    static void test_##file(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        check_file(#file, tol, cases);                                                             \
    }

FILE_TEST(conv, 1e-6, 19) /* 2.3e-7 */
FILE_TEST(conv_transpose, 8e-7, 7) /* 1.8e-7 */
FILE_TEST(pool, 2e-7, 6) /* 3.5e-8 */
FILE_TEST(upsample, 1e-6, 13) /* 2.2e-7 */
FILE_TEST(pixel_shuffle, 0, 4) /* 0 */
FILE_TEST(pad, 2e-7, 8) /* 2.7e-8 */
FILE_TEST(gru, 4e-6, 3) /* 1.1e-6 */
FILE_TEST(lstm, 1e-6, 3) /* 2.7e-7 */
FILE_TEST(group_norm, 4e-7, 4) /* 8.1e-8 */
FILE_TEST(batch_norm, 5e-7, 5) /* 1.1e-7 */
FILE_TEST(losses, 2e-7, 6) /* 4.6e-8 */
FILE_TEST(tables, 2e-7, 6) /* 4.2e-8 */
FILE_TEST(scans, 1e-7, 3) /* 0 */
FILE_TEST(snake, 2e-6, 1) /* 4.8e-7 */
FILE_TEST(stft, 6e-7, 12) /* 1.4e-7 */

int main(void)
{
    dio_error err = {0};
    device = dio_device_cpu(&err);
    if (!device) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),          cmocka_unit_test(test_conv_transpose),
        cmocka_unit_test(test_pool),          cmocka_unit_test(test_upsample),
        cmocka_unit_test(test_pixel_shuffle), cmocka_unit_test(test_pad),
        cmocka_unit_test(test_gru),           cmocka_unit_test(test_lstm),
        cmocka_unit_test(test_group_norm),    cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_losses),        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_scans),         cmocka_unit_test(test_snake),
        cmocka_unit_test(test_stft),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_device_close(device);
    return failed;
}
