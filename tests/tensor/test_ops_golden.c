/* test_ops_golden.c: matrices, row norms, attention, tables, activations and reductions against
 * torch (tests/golden/ops, computed in double). Every output and every gradient of every case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/tensor/ops_golden.h"

static dio_device *device;

static dio_act act_of(const struct golden *k)
{
    static const char *const names[] = {"none",      "relu",       "silu", "gelu",
                                        "gelu_tanh", "gelu_quick", "tanh", "sigmoid"};
    const char *name = dio_map_get(k->attrs, "act")->string.text;
    for (int i = 0; i < 8; i++)
        if (strcmp(names[i], name) == 0)
            return (dio_act)i;
    fail_msg("activation %s", name);
    return DIO_ACT_NONE;
}

static void b_linear(struct golden *k)
{
    golden_gives(k, "y", dio_linear(k->g, k->in[0], k->in[1], k->in[2], act_of(k)));
}

static void b_linear_kn(struct golden *k)
{
    golden_gives(k, "y", dio_linear_kn(k->g, k->in[0], k->in[1], k->in[2], act_of(k)));
}

static void b_matmul(struct golden *k)
{
    golden_gives(k, "y",
                 dio_matmul(k->g, k->in[0], k->in[1], golden_flag(k, "transpose_a"),
                            golden_flag(k, "transpose_b")));
}

static void b_layer_norm(struct golden *k)
{
    golden_gives(k, "y",
                 dio_layer_norm(k->g, k->in[0], k->in[1], k->in[2], (float)golden_real(k, "eps")));
}

static void b_rms_norm(struct golden *k)
{
    golden_gives(k, "y", dio_rms_norm(k->g, k->in[0], k->in[1], (float)golden_real(k, "eps")));
}

static void b_rope(struct golden *k)
{
    golden_gives(k, "y",
                 dio_rope(k->g, k->in[0], k->in[1], k->in[2], golden_flag(k, "interleaved"),
                          (float)golden_real(k, "factor")));
}

static void b_attention(struct golden *k)
{
    const dio_attention_attrs a = {.causal = golden_flag(k, "causal"),
                                   .window = (int)golden_whole(k, "window"),
                                   .scale = (float)golden_real(k, "scale"),
                                   .softcap = (float)golden_real(k, "softcap")};
    golden_gives(k, "y", dio_attention(k->g, k->in[0], k->in[1], k->in[2], k->in[3], a));
}

static void b_cross_entropy(struct golden *k)
{
    golden_gives(k, "y",
                 dio_cross_entropy(k->g, k->in[0], k->in[1], (int)golden_whole(k, "ignore"),
                                   (float)golden_real(k, "smoothing")));
}

static void b_embedding(struct golden *k)
{
    golden_gives(k, "y", dio_embedding(k->g, k->in[0], k->in[1]));
}

static void b_glu(struct golden *k)
{
    golden_gives(k, "y", dio_glu(k->g, k->in[0], k->in[1], act_of(k)));
}

#define UNARY(name)                                                                                \
    static void b_##name(struct golden *k)                                                         \
    {                                                                                              \
        golden_gives(k, "y", dio_##name(k->g, k->in[0]));                                          \
    }
/* clang-format off */
UNARY(abs) UNARY(cos) UNARY(exp) UNARY(gelu) UNARY(gelu_quick) UNARY(gelu_tanh) UNARY(hardswish)
UNARY(log) UNARY(mish) UNARY(reciprocal) UNARY(relu) UNARY(rsqrt) UNARY(sigmoid) UNARY(silu)
UNARY(sin) UNARY(softplus) UNARY(sqrt) UNARY(square) UNARY(tanh) UNARY(softmax) UNARY(log_softmax)
/* clang-format on */
#undef UNARY

            static void b_clamp(struct golden *k)
{
    golden_gives(
        k, "y",
        dio_clamp(k->g, k->in[0], (float)golden_real(k, "lo"), (float)golden_real(k, "hi")));
}

static void b_elu(struct golden *k)
{
    golden_gives(k, "y", dio_elu(k->g, k->in[0], (float)golden_real(k, "alpha")));
}

static void b_leaky_relu(struct golden *k)
{
    golden_gives(k, "y", dio_leaky_relu(k->g, k->in[0], (float)golden_real(k, "slope")));
}

static unsigned axes_of(const struct golden *k)
{
    const dio_value *axes = dio_map_get(k->attrs, "axes");
    unsigned mask = 0;
    for (int i = 0; i < axes->list.count; i++)
        mask |= 1u << golden_at(axes, i);
    return mask;
}

static void b_sum(struct golden *k)
{
    golden_gives(k, "y", dio_sum(k->g, k->in[0], axes_of(k), false));
}

static void b_mean(struct golden *k)
{
    golden_gives(k, "y", dio_mean(k->g, k->in[0], axes_of(k), false));
}

static void b_max(struct golden *k)
{
    golden_gives(k, "y", dio_max(k->g, k->in[0], (int)golden_whole(k, "axis"), false));
}

static void b_argmax(struct golden *k)
{
    golden_gives(k, "y", dio_argmax(k->g, k->in[0], (int)golden_whole(k, "axis")));
}

#define ROW(name)                                                                                  \
    {                                                                                              \
#name, b_##name                                                                            \
    }
static const golden_builder builders[] = {
    ROW(linear),      ROW(linear_kn),     ROW(matmul),
    ROW(layer_norm),  ROW(rms_norm),      ROW(rope),
    ROW(attention),   ROW(cross_entropy), ROW(embedding),
    ROW(glu),         ROW(abs),           ROW(clamp),
    ROW(cos),         ROW(elu),           ROW(exp),
    ROW(gelu),        ROW(gelu_quick),    ROW(gelu_tanh),
    ROW(hardswish),   ROW(leaky_relu),    ROW(log),
    ROW(mish),        ROW(reciprocal),    ROW(relu),
    ROW(rsqrt),       ROW(sigmoid),       ROW(silu),
    ROW(sin),         ROW(softplus),      ROW(sqrt),
    ROW(square),      ROW(tanh),          ROW(softmax),
    ROW(log_softmax), ROW(sum),           ROW(mean),
    ROW(max),         ROW(argmax),        {0},
};

/* Each tolerance is about four times what was measured, which stands beside it. */
#define FILE_TEST(file, tol, cases)                                                                \
    static void test_##file(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        golden_check(device, builders, #file, tol, cases);                                         \
    }

FILE_TEST(matrices, 8e-7, 13)     /* 1.8e-7 */
FILE_TEST(layer_norm, 3e-7, 5)    /* 6.9e-8 */
FILE_TEST(rms_norm, 4e-7, 4)      /* 8.8e-8 */
FILE_TEST(rope, 5e-7, 6)          /* 1.1e-7 */
FILE_TEST(attention, 1.3e-6, 13)  /* 3.3e-7 */
FILE_TEST(cross_entropy, 5e-7, 6) /* 1.2e-7 */
FILE_TEST(tables, 0, 1)           /* 0 */
FILE_TEST(glu, 4e-7, 5)           /* 9.5e-8 */
FILE_TEST(unary, 4e-7, 22)        /* 9.8e-8 */
FILE_TEST(softmax, 4e-7, 3)       /* 8.8e-8 */
FILE_TEST(scans, 2e-7, 5)         /* 3.3e-8 */

int main(void)
{
    dio_error err = {0};
    device = dio_device_cpu(&err);
    if (!device) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices),  cmocka_unit_test(test_layer_norm),
        cmocka_unit_test(test_rms_norm),  cmocka_unit_test(test_rope),
        cmocka_unit_test(test_attention), cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_tables),    cmocka_unit_test(test_glu),
        cmocka_unit_test(test_unary),     cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_scans),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dio_device_close(device);
    return failed;
}
