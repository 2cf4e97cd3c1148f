/* test_cudnn.c: convolutions and attention where a library may compute them: the bits of REPRO do
 * not depend on what is computed beside them, and every mode is near the CPU. `large` adds the
 * shapes of Stable Diffusion's UNet and decoder, which a GPU does at once and an emulated one never
 * ends. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

static bool large;

static dio_device *open_device(dio_math math)
{
    dio_error err = {0};
    dio_device *d = dio_device_open_math("cuda", math, &err);
    if (!d) {
        print_message("SKIPPED: %s\n", err.message);
        skip();
    }
    return d;
}

/* Numbers of -1..1 in the type's own form; the caller frees. */
static void *numbers(const dio_type *t, uint64_t stream)
{
    unsigned char *data = malloc(dio_type_bytes(t) + 1);
    assert_non_null(data);
    for (int64_t i = 0, n = dio_type_count(t); i < n; i++) {
        const float x = 2 * dio_uniform(7, stream, (uint64_t)i) - 1;
        if (t->dtype == DIO_F32)
            ((float *)data)[i] = x;
        else
            ((uint16_t *)data)[i] = t->dtype == DIO_F16 ? dio_f32_to_f16(x) : dio_f32_to_bf16(x);
    }
    return data;
}

struct problem {
    const char *name;
    dio_type x, w; /* of attention: queries, and keys as values */
    dio_conv_attrs conv;
    bool attention, causal, bias;
};

static dio_val build(dio_graph *g, const struct problem *p)
{
    dio_val x = dio_input(g, "x", p->x), w = dio_input(g, "w", p->w);
    if (p->attention)
        return dio_attention(g, x, w, dio_input(g, "v", p->w), DIO_NONE,
                             (dio_attention_attrs){.causal = p->causal});
    dio_val bias = p->bias ? dio_input(g, "bias", dio_type_1d(DIO_F32, p->w.dim[0])) : DIO_NONE;
    return dio_conv(g, x, w, bias, p->conv);
}

static void set(dio_plan *p, const char *name, dio_type t, const void *data, uint64_t stream)
{
    dio_error err = {0};
    void *own = data ? NULL : numbers(&t, stream);
    if (!dio_plan_set(p, name, data ? data : own, dio_type_bytes(&t), &err))
        fail_msg("%s", err.message);
    free(own);
}

/* The result on this device, of x or, where it is NULL, of numbers; the caller frees. */
static float *result(dio_device *d, const struct problem *p, const void *x, size_t *count)
{
    dio_error err = {0};
    dio_type t;
    dio_graph *g = dio_graph_create();
    dio_val y = build(g, p);
    dio_plan *plan = dio_plan_create(g, &y, 1, false, d, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", p->name, err.message);
    set(plan, "x", p->x, x, 1);
    set(plan, "w", p->w, NULL, 2);
    if (p->attention)
        set(plan, "v", p->w, NULL, 3);
    else if (p->bias)
        set(plan, "bias", dio_type_1d(DIO_F32, p->w.dim[0]), NULL, 4);
    for (int i = 0; i < 2; i++) /* the second run is recorded and played */
        if (!dio_plan_run(plan, &err))
            fail_msg("%s: %s", p->name, err.message);
    const void *out = dio_plan_output(plan, 0, &t);
    *count = (size_t)dio_type_count(&t);
    float *copy = malloc(*count * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, out, *count * sizeof *copy);
    dio_plan_destroy(plan);
    dio_graph_destroy(g);
    return copy;
}

#define CONV(stride_, pad_, groups_)                                                               \
    .conv = {                                                                                      \
        .stride = {stride_, stride_}, .pad = {pad_, pad_}, .dilation = {1, 1}, .groups = groups_}
#define X(...) .x = DIO_T(DIO_F32, __VA_ARGS__)

/* max|a - b| / max|a| against the CPU. */
static void check_near(dio_device *d, const struct problem *p, double tol)
{
    size_t n, m;
    dio_error err = {0};
    dio_device *cpu = dio_device_open_math("cpu", DIO_MATH_REPRO, &err);
    assert_non_null(cpu);
    float *want = result(cpu, p, NULL, &n), *have = result(d, p, NULL, &m);
    double worst = 0, top = 0;
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        if (!(fabs((double)want[i] - have[i]) <= 1e30))
            fail_msg("%s: %g at %zu", p->name, have[i], i);
        worst = fmax(worst, fabs((double)want[i] - have[i]));
        top = fmax(top, fabs(want[i]));
    }
    print_message("%-28s %.2g of %.3g\n", p->name, worst / top, tol);
    if (worst > tol * top)
        fail_msg("%s: off by %.3g of the largest, above %.3g", p->name, worst / top, tol);
    free(want);
    free(have);
    dio_device_close(cpu);
}

static const struct problem small[] = {
    {"3x3", X(2, 16, 12, 10), .w = DIO_T(DIO_F32, 24, 16, 3, 3), CONV(1, 1, 1), .bias = true},
    {"3x3, kernel bf16", X(2, 16, 12, 10), .w = DIO_T(DIO_BF16, 24, 16, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"3x3, kernel f16", X(2, 16, 12, 10), .w = DIO_T(DIO_F16, 24, 16, 3, 3), CONV(1, 1, 1)},
    {"odd channels", X(1, 3, 9, 11), .w = DIO_T(DIO_F32, 5, 3, 3, 3), CONV(1, 1, 1), .bias = true},
    {"stride 2", X(2, 8, 13, 9), .w = DIO_T(DIO_F32, 16, 8, 3, 3), CONV(2, 1, 1), .bias = true},
    {"groups", X(1, 32, 8, 9), .w = DIO_T(DIO_F32, 16, 8, 3, 3), CONV(1, 1, 4), .bias = true},
    {"by channel", X(1, 16, 8, 9), .w = DIO_T(DIO_F32, 16, 1, 3, 3), CONV(1, 1, 16)},
    {"1-D", X(2, 16, 50), .w = DIO_T(DIO_F32, 8, 16, 7), CONV(1, 3, 1), .bias = true},
    {"attention", X(2, 20, 4, 40), .w = DIO_T(DIO_F32, 2, 33, 4, 40), .attention = true},
    {"attention, shared keys", X(1, 20, 4, 64), .w = DIO_T(DIO_F32, 1, 33, 2, 64),
     .attention = true},
    {"attention, causal", X(1, 33, 4, 64), .w = DIO_T(DIO_F32, 1, 33, 4, 64), .attention = true,
     .causal = true},
    {"attention, causal at the end", X(1, 5, 2, 64), .w = DIO_T(DIO_F32, 1, 33, 2, 64),
     .attention = true, .causal = true},
    {0},
};

static const struct problem of_diffusion[] = {
    {"UNet 320 at 64x64", X(2, 320, 64, 64), .w = DIO_T(DIO_F32, 320, 320, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"the same, kernel f16", X(2, 320, 64, 64), .w = DIO_T(DIO_F16, 320, 320, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"the same, kernel bf16", X(2, 320, 64, 64), .w = DIO_T(DIO_BF16, 320, 320, 3, 3),
     CONV(1, 1, 1), .bias = true},
    {"UNet in", X(2, 4, 64, 64), .w = DIO_T(DIO_F32, 320, 4, 3, 3), CONV(1, 1, 1), .bias = true},
    {"UNet down", X(2, 320, 64, 64), .w = DIO_T(DIO_F32, 320, 320, 3, 3), CONV(2, 1, 1),
     .bias = true},
    {"UNet 2560 at 8x8", X(2, 2560, 8, 8), .w = DIO_T(DIO_F32, 1280, 2560, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"UNet shortcut", X(2, 960, 32, 32), .w = DIO_T(DIO_F32, 640, 960, 1, 1), CONV(1, 0, 1),
     .bias = true},
    {"decoder 512 at 64x64", X(1, 512, 64, 64), .w = DIO_T(DIO_F32, 512, 512, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"decoder 128 at 512x512", X(1, 128, 512, 512), .w = DIO_T(DIO_F32, 128, 128, 3, 3),
     CONV(1, 1, 1), .bias = true},
    {"decoder out", X(1, 128, 512, 512), .w = DIO_T(DIO_F32, 3, 128, 3, 3), CONV(1, 1, 1),
     .bias = true},
    {"attention at 64x64", X(2, 4096, 8, 40), .w = DIO_T(DIO_F32, 2, 4096, 8, 40),
     .attention = true},
    {"attention to a prompt", X(2, 4096, 8, 40), .w = DIO_T(DIO_F32, 2, 77, 8, 40),
     .attention = true},
    {"attention at 8x8", X(2, 64, 8, 160), .w = DIO_T(DIO_F32, 2, 64, 8, 160), .attention = true},
    {"attention of a decoder", X(1, 4096, 1, 512), .w = DIO_T(DIO_F32, 1, 4096, 1, 512),
     .attention = true},
    {0},
};

/* What a mode rounds: nothing (f32 sums in another order), factors to TF32, or to bf16. */
static double tolerance(const dio_device *d, const struct problem *p)
{
    if (strncmp(d->math, "fast", 4) != 0)
        return 2e-5;
    return p->attention || p->w.dtype == DIO_BF16 ? 2e-2 : 3e-3;
}

static void check_all(dio_math math)
{
    dio_device *d = open_device(math);
    print_message("%s\n", d->math);
    for (const struct problem *p = small; p->name; p++)
        check_near(d, p, tolerance(d, p));
    for (const struct problem *p = of_diffusion; large && p->name; p++)
        check_near(d, p, tolerance(d, p));
    dio_device_close(d);
}

static void repro_is_near_the_cpu(void **state)
{
    (void)state;
    check_all(DIO_MATH_REPRO);
}

static void fast_is_near_the_cpu(void **state)
{
    (void)state;
    check_all(DIO_MATH_FAST);
}

/* Examples `from`..`from + n` of x, alone. */
static void check_part(dio_device *d, const struct problem *p, const float *x, const float *whole,
                       size_t all, int64_t from, int64_t n)
{
    struct problem part = *p;
    size_t count;
    const size_t examples = (size_t)p->x.dim[0];
    const size_t in = (size_t)dio_type_count(&p->x) / examples;
    part.x.dim[0] = n;
    float *y = result(d, &part, x + in * (size_t)from, &count);
    assert_int_equal(count, all / examples * (size_t)n);
    if (memcmp(y, whole + all / examples * (size_t)from, count * sizeof *y) != 0)
        fail_msg("%s: examples %d to %d have other bits alone", p->name, (int)from,
                 (int)(from + n - 1));
    free(y);
}

/* Rows of the result of a 3x3 kernel, computed from the rows that they see. */
static void check_stripe(dio_device *d, const struct problem *p, const float *x, const float *whole,
                         int64_t from, int64_t rows)
{
    struct problem part = *p;
    const int64_t h = p->x.dim[2], w = p->x.dim[3], c = p->x.dim[1], o = p->w.dim[0];
    size_t count;
    part.x.dim[0] = 1;
    part.x.dim[2] = rows + 2;
    part.conv.pad[0] = 0;
    float *cut = malloc((size_t)(c * (rows + 2) * w) * sizeof *cut);
    assert_non_null(cut);
    for (int64_t i = 0; i < c; i++)
        memcpy(cut + i * (rows + 2) * w, x + (i * h + from - 1) * w,
               (size_t)((rows + 2) * w) * sizeof *cut);
    float *y = result(d, &part, cut, &count);
    for (int64_t i = 0; i < o; i++)
        if (memcmp(y + i * rows * w, whole + (i * h + from) * w, (size_t)(rows * w) * sizeof *y) !=
            0)
            fail_msg("%s: rows %d to %d have other bits in a stripe", p->name, (int)from,
                     (int)(from + rows - 1));
    free(cut);
    free(y);
}

static void repro_does_not_depend_on_company(void **state)
{
    static const struct problem problems[] = {
        {"3x3", X(3, 32, 20, 14), .w = DIO_T(DIO_F32, 40, 32, 3, 3), CONV(1, 1, 1), .bias = true},
        {"3x3, kernel f16", X(3, 12, 20, 14), .w = DIO_T(DIO_F16, 9, 12, 3, 3), CONV(1, 1, 1)},
        {"UNet 320", X(3, 320, 64, 64), .w = DIO_T(DIO_F32, 320, 320, 3, 3), CONV(1, 1, 1),
         .bias = true},
        {"decoder 128", X(2, 128, 300, 256), .w = DIO_T(DIO_F32, 128, 128, 3, 3), CONV(1, 1, 1),
         .bias = true},
    };
    (void)state;
    dio_device *d = open_device(DIO_MATH_REPRO);
    for (int i = 0; i < (large ? 4 : 2); i++) {
        const struct problem *p = &problems[i];
        size_t all;
        float *x = numbers(&p->x, 1), *whole = result(d, p, x, &all);
        check_part(d, p, x, whole, all, 0, 1);
        check_part(d, p, x, whole, all, 1, p->x.dim[0] - 1);
        check_stripe(d, p, x, whole, 3, 5);
        check_stripe(d, p, x, whole, 1, p->x.dim[2] - 2);
        free(x);
        free(whole);
    }
    dio_device_close(d);
}

static void other_words_are_refused(void **state)
{
    dio_error err = {0};
    (void)state;
    dio_device *d = open_device(DIO_MATH_REPRO);
    if (!strstr(d->math, "cuDNN"))
        print_message("the device was built without cuDNN\n");
    else {
        setenv("DIORAMA_CUDNN", "maybe", 1);
        assert_null(dio_device_open("cuda", &err));
        assert_string_equal(err.message, "DIORAMA_CUDNN: \"maybe\" is not one of on, off");
        unsetenv("DIORAMA_CUDNN");
    }
    dio_device_close(d);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repro_is_near_the_cpu),
        cmocka_unit_test(fast_is_near_the_cpu),
        cmocka_unit_test(repro_does_not_depend_on_company),
        cmocka_unit_test(other_words_are_refused),
    };
    large = argc > 1 && strcmp(argv[1], "large") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
