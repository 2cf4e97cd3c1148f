/* test_ops_repro.c: the same bits, however the work is cut: an image alone or in a batch of eight,
 * one thread or two, a sequence in one piece or in many. The op sweep sees small shapes; these are
 * large enough for kernels to choose other ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

static dio_device *device;

static dio_tensor *noise(dio_type type, float scale, unsigned stream)
{
    dio_error err = {0};
    dio_tensor *t = dio_tensor_create("", &type, &err);
    assert_non_null(t);
    float *x = dio_tensor_data(t);
    for (int64_t i = 0, n = dio_type_count(&type); i < n; i++)
        x[i] = scale * (2 * dio_uniform(5, stream, (uint64_t)i) - 1);
    return t;
}

/* A function of one batched value; weights come as params. */
typedef dio_val build_fn(dio_graph *g, dio_val x, const void *user);

/* Runs build over `x`; returns the output, malloc'ed. */
static float *run(build_fn *build, const void *user, dio_type type, const float *x, size_t *bytes)
{
    dio_error err = {0};
    dio_graph *g = dio_graph_create();
    dio_val y = build(g, dio_input(g, "x", type), user);
    dio_plan *p = dio_plan_create(g, &y, 1, false, device, NULL, &err);
    if (!p)
        fail_msg("%s", err.message);
    assert_true(dio_plan_set(p, "x", x, dio_type_bytes(&type), &err));
    assert_true(dio_plan_run(p, &err));
    dio_type t;
    const void *out = dio_plan_output(p, 0, &t);
    *bytes = dio_type_bytes(&t);
    float *copy = malloc(*bytes);
    memcpy(copy, out, *bytes);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return copy;
}

/* Eight rows at once against each alone, on one thread and on two. */
static void check_batch(const char *name, build_fn *build, const void *user, dio_type type)
{
    enum { BATCH = 8 };
    size_t all_bytes, one_bytes;
    dio_type one = type;
    type.dim[0] = BATCH;
    one.dim[0] = 1;
    dio_tensor *x = noise(type, 1, 1);
    int threads = dio_gang_size();
    dio_gang_resize(2);
    float *all = run(build, user, type, dio_tensor_data(x), &all_bytes);
    for (int i = 0; i < BATCH; i += 3) {
        dio_gang_resize(1 + i % 2);
        const float *row = (const float *)dio_tensor_data(x) + i * dio_type_count(&one);
        float *alone = run(build, user, one, row, &one_bytes);
        assert_int_equal(one_bytes * BATCH, all_bytes);
        if (memcmp(alone, (char *)all + (size_t)i * one_bytes, one_bytes) != 0)
            fail_msg("%s: row %d has other bits alone, on %d threads", name, i, 1 + i % 2);
        free(alone);
    }
    dio_gang_resize(threads);
    free(all);
    dio_tensor_unref(x);
}

/* --- convolutions --- */

struct conv {
    dio_tensor *w, *bias;
    dio_conv_attrs attrs;
    bool transpose;
};

static dio_val build_conv(dio_graph *g, dio_val x, const void *user)
{
    const struct conv *c = user;
    return (c->transpose ? dio_conv_transpose : dio_conv)(g, x, dio_param(g, c->w),
                                                          dio_param(g, c->bias), c->attrs);
}

static void check_conv(const char *name, dio_type x, dio_type w, int stride, int pad, int groups,
                       bool transpose)
{
    struct conv c = {.w = noise(w, 0.1f, 2), .transpose = transpose};
    c.bias = noise(dio_type_1d(DIO_F32, transpose ? w.dim[1] * groups : w.dim[0]), 1, 3);
    c.attrs = dio_conv_defaults();
    c.attrs.stride[0] = c.attrs.stride[1] = stride;
    c.attrs.pad[0] = c.attrs.pad[1] = pad;
    c.attrs.groups = groups;
    check_batch(name, build_conv, &c, x);
    dio_tensor_unref(c.w);
    dio_tensor_unref(c.bias);
}

static dio_type t3(int64_t b, int64_t c, int64_t t)
{
    return dio_type_3d(DIO_F32, b, c, t);
}

static dio_type t4(int64_t b, int64_t c, int64_t h, int64_t w)
{
    return dio_type_4d(DIO_F32, b, c, h, w);
}

static void test_conv(void **state)
{
    (void)state;
    check_conv("3x3 64", t4(1, 64, 24, 24), t4(64, 64, 3, 3), 1, 1, 1, false);
    check_conv("3x3 128", t4(1, 128, 17, 31), t4(96, 128, 3, 3), 1, 1, 1, false);
    check_conv("3x3 small", t4(1, 32, 4, 4), t4(48, 32, 3, 3), 1, 1, 1, false);
    check_conv("3x3 wide", t4(1, 48, 30, 150), t4(64, 48, 3, 3), 1, 1, 1, false);
    check_conv("3x3 deep", t4(1, 300, 20, 16), t4(90, 300, 3, 3), 1, 1, 1, false);
    check_conv("3x3 of 2x2 tiles", t4(1, 200, 9, 8), t4(90, 200, 3, 3), 1, 1, 1, false);
    check_conv("3x3 stride 2", t4(1, 32, 33, 20), t4(64, 32, 3, 3), 2, 1, 1, false);
    check_conv("1x1", t4(1, 64, 19, 23), t4(40, 64, 1, 1), 1, 0, 1, false);
    check_conv("rgb", t4(1, 3, 40, 40), t4(16, 3, 3, 3), 1, 1, 1, false);
    check_conv("depthwise", t4(1, 20, 19, 23), t4(20, 1, 3, 3), 1, 1, 20, false);
    check_conv("signal", t3(1, 32, 900), t3(32, 32, 7), 1, 3, 1, false);
    check_conv("long signal", t3(1, 8, 70000), t3(2, 8, 11), 1, 5, 1, false);
    check_conv("groups", t3(1, 32, 300), t3(64, 8, 5), 1, 2, 4, false);
}

/* Part of a signal against the same part of the whole: what lies far enough from the part's ends
 * has the same bits, wherever blocks end. `up`: what one place becomes. */
static void check_part(const char *name, dio_type x, dio_type w, int up, int dilation)
{
    enum { FROM = 1003 };
    struct conv c = {.w = noise(w, 0.1f, 2), .transpose = up > 0};
    c.bias = noise(dio_type_1d(DIO_F32, w.dim[up > 0]), 1, 3);
    c.attrs = dio_conv_defaults();
    c.attrs.stride[0] = up ? up : 1;
    c.attrs.dilation[0] = dilation;
    c.attrs.pad[0] = (int)((w.dim[2] - c.attrs.stride[0]) * dilation / 2);
    int64_t time = x.dim[2], count = time / 3, margin = w.dim[2] * dilation + 1, step = up ? up : 1;
    dio_type part = x;
    part.dim[2] = count;
    dio_tensor *whole = noise(x, 1, 1), *cut = dio_tensor_create("", &part, &(dio_error){0});
    for (int64_t i = 0; i < x.dim[1]; i++)
        memcpy((float *)dio_tensor_data(cut) + i * count,
               (float *)dio_tensor_data(whole) + i * time + FROM, (size_t)count * sizeof(float));
    size_t bytes[2];
    float *a = run(build_conv, &c, x, dio_tensor_data(whole), &bytes[0]);
    float *b = run(build_conv, &c, part, dio_tensor_data(cut), &bytes[1]);
    for (int64_t o = 0; o < c.bias->type.dim[0]; o++)
        if (memcmp(a + o * time * step + (FROM + margin) * step,
                   b + o * count * step + margin * step,
                   (size_t)((count - 2 * margin) * step) * sizeof(float)) != 0)
            fail_msg("%s: channel %d of a part has other bits than that of the whole", name,
                     (int)o);
    free(a);
    free(b);
    dio_tensor_unref(whole);
    dio_tensor_unref(cut);
    dio_tensor_unref(c.w);
    dio_tensor_unref(c.bias);
}

static void test_parts(void **state)
{
    (void)state;
    check_part("a signal", t3(1, 64, 9000), t3(48, 64, 7), 0, 3);
    check_part("a thin signal", t3(1, 3, 40000), t3(1, 3, 11), 0, 5);
    check_part("made longer", t3(1, 64, 9000), t3(64, 48, 16), 8, 1);
    check_part("made longer by frames", t3(1, 66, 6000), t3(66, 1, 64), 16, 1);
}

static void test_conv_transpose(void **state)
{
    (void)state;
    check_conv("4x4 stride 2", t4(1, 32, 22, 24), t4(32, 24, 4, 4), 2, 1, 1, true);
    check_conv("3x3 back", t4(1, 96, 18, 33), t4(96, 64, 3, 3), 1, 1, 1, true);
    check_conv("vocoder", t3(1, 64, 200), t3(64, 32, 16), 8, 4, 1, true);
}

/* --- norms --- */

static dio_val build_norm(dio_graph *g, dio_val x, const void *user)
{
    (void)user;
    return dio_group_norm(g, x, DIO_NONE, DIO_NONE, 8, 1e-5f);
}

static void test_group_norm(void **state)
{
    (void)state;
    check_batch("group norm", build_norm, NULL, t4(1, 32, 37, 41));
}

/* --- recurrences --- */

struct layer {
    dio_tensor *w_ih, *w_hh, *b_ih, *b_hh;
    bool lstm;
};

enum { IN = 40, HIDDEN = 52, STEPS = 23 };

static struct layer layer_of(bool lstm)
{
    int64_t width = (lstm ? 4 : 3) * HIDDEN;
    return (struct layer){noise(dio_type_2d(DIO_F32, width, IN), 0.3f, 10),
                          noise(dio_type_2d(DIO_F32, width, HIDDEN), 0.3f, 11),
                          noise(dio_type_1d(DIO_F32, width), 0.3f, 12),
                          noise(dio_type_1d(DIO_F32, width), 0.3f, 13), lstm};
}

static void layer_free(struct layer *l)
{
    dio_tensor_unref(l->w_ih);
    dio_tensor_unref(l->w_hh);
    dio_tensor_unref(l->b_ih);
    dio_tensor_unref(l->b_hh);
}

static dio_val apply(dio_graph *g, const struct layer *l, dio_val x, dio_val h0, dio_val c0,
                     dio_val *h, dio_val *c)
{
    dio_val w_ih = dio_param(g, l->w_ih), w_hh = dio_param(g, l->w_hh);
    dio_val b_ih = dio_param(g, l->b_ih), b_hh = dio_param(g, l->b_hh);
    *c = c0;
    return l->lstm ? dio_lstm(g, x, h0, c0, w_ih, w_hh, b_ih, b_hh, h, c)
                   : dio_gru(g, x, h0, w_ih, w_hh, b_ih, b_hh, h);
}

static dio_val build_whole(dio_graph *g, dio_val x, const void *user)
{
    dio_val h, c;
    return apply(g, user, x, DIO_NONE, DIO_NONE, &h, &c);
}

/* The same in chunks of 1, 2, 4, .. steps. */
static dio_val build_chunks(dio_graph *g, dio_val x, const void *user)
{
    dio_val h = DIO_NONE, c = DIO_NONE, parts[8];
    int n = 0;
    for (int64_t from = 0, size = 1; from < STEPS; from += size, size *= 2) {
        int64_t left = STEPS - from, steps = size < left ? size : left;
        parts[n++] = apply(g, user, dio_slice(g, x, 1, from, steps, 1), h, c, &h, &c);
    }
    return dio_concat(g, parts, n, 1);
}

static void check_recurrence(bool lstm)
{
    struct layer l = layer_of(lstm);
    const char *name = lstm ? "lstm" : "gru";
    check_batch(name, build_whole, &l, t3(1, STEPS, IN));
    dio_tensor *x = noise(t3(3, STEPS, IN), 1, 1);
    size_t bytes, same;
    float *whole = run(build_whole, &l, x->type, dio_tensor_data(x), &bytes);
    float *chunks = run(build_chunks, &l, x->type, dio_tensor_data(x), &same);
    assert_int_equal(bytes, same);
    if (memcmp(whole, chunks, bytes) != 0)
        fail_msg("%s: chunks have other bits than the whole", name);
    free(whole);
    free(chunks);
    dio_tensor_unref(x);
    layer_free(&l);
}

static void test_gru(void **state)
{
    (void)state;
    check_recurrence(false);
}

static void test_lstm(void **state)
{
    (void)state;
    check_recurrence(true);
}

int main(void)
{
    dio_error err = {0};
    device = dio_device_cpu(&err);
    if (!device) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),  cmocka_unit_test(test_conv_transpose),
        cmocka_unit_test(test_parts), cmocka_unit_test(test_group_norm),
        cmocka_unit_test(test_gru),   cmocka_unit_test(test_lstm),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_device_close(device);
    return failed;
}
