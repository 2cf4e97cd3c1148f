/* test_fuse.c: what fusion makes equals what it replaces, for every pattern that it knows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/device.h"
#include "tensor/fuse.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tests/worst.h"

enum { M = 5, K = 24, N = 37 };

static float numbers[K * N];

/* A graph that the row of this name fuses. */
static dio_val build(dio_graph *g, const char *row)
{
    dio_val x = dio_input(g, "x", dio_type_2d(DIO_F32, M, K));
    dio_val w = dio_const(g, dio_type_2d(DIO_F32, N, K), numbers);
    dio_val b = dio_const(g, dio_type_1d(DIO_F32, N), numbers + 7);
    dio_val y = dio_linear(g, x, w, DIO_NONE, DIO_ACT_NONE);
    if (strcmp(row, "linear+bias") == 0)
        return dio_add(g, y, b);
    if (strcmp(row, "linear+activation") == 0)
        return dio_gelu(g, dio_linear(g, x, w, b, DIO_ACT_NONE));
    if (strcmp(row, "activation*gate") == 0)
        return dio_mul(g, dio_silu(g, dio_axpb(g, y, 2, 0)), dio_axpb(g, y, 1, 1));
    dio_conv_attrs a = dio_conv_defaults();
    dio_val signal = dio_reshape3(g, x, 1, M, K);
    dio_val kernel = dio_const(g, dio_type_3d(DIO_F32, M, M, 3), numbers + 3);
    a.pad[0] = 1;
    if (strcmp(row, "leaky relu+signal") == 0) {
        signal = dio_conv_transpose(g, dio_leaky_relu(g, signal, 0.1f), kernel, DIO_NONE, a);
        return dio_conv(g, dio_leaky_relu(g, signal, 0.2f), kernel, DIO_NONE, a);
    }
    if (strcmp(row, "signal+signal") == 0) {
        signal = dio_add(g, dio_conv(g, signal, kernel, DIO_NONE, a), signal);
        return dio_add(g, signal, dio_conv(g, signal, kernel, DIO_NONE, a));
    }
    fail_msg("%s: no graph here proves this row", row);
    return DIO_NONE;
}

static void fused_equals_unfused(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_device *d = dio_device_cpu(&err);
    assert_non_null(d);
    for (int i = 0; i < K * N; i++)
        numbers[i] = sinf((float)i);
    assert_non_null(dio_fusions[0].name);
    for (const dio_fusion *f = dio_fusions; f->name; f++) {
        float out[2][M * N] = {{0}};
        for (int plain = 0; plain < 2; plain++) {
            dio_graph *g = dio_graph_create();
            dio_val y = build(g, f->name);
            dio_plan_options o = {.no_fusion = plain};
            dio_plan *p = dio_plan_create(g, &y, 1, false, d, &o, &err);
            dio_plan_report r;
            assert_non_null(p);
            dio_plan_report_get(p, &r);
            assert_int_equal(r.fused > 0, !plain);
            assert_true(dio_plan_set(p, "x", numbers, M * K * sizeof(float), &err));
            assert_true(dio_plan_run(p, &err));
            dio_type type;
            const void *result = dio_plan_output(p, 0, &type);
            memcpy(out[plain], result, dio_type_bytes(&type));
            dio_plan_destroy(p);
            dio_graph_destroy(g);
        }
        double worst = 0;
        for (int i = 0; i < M * N; i++)
            worst = worse(worst, fabs((double)out[0][i] - out[1][i]));
        print_message("%s: fused differs by %.3g\n", f->name, worst);
        assert_true(worst <= 2.4e-7); /* measured 0 with every instruction set */
    }
    dio_device_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fused_equals_unfused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
