/* test_second_order.c: a penalty on a gradient (R1 of Mescheder et al., arXiv:1801.04406) has the
 * gradient that calculus gives it, and a second derivative that is not provided is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tests/worst.h"

enum { N = 6 };

static const float x_data[N] = {1, -2, 3, -0.5f, 0.25f, -4},
                   w_data[N] = {2, 1, -1, 3, -0.5f, 0.75f};

/* d/dw of sum((d/dx sum(f(x w)))^2); NULL plan when the graph refuses. */
static dio_graph *penalty(dio_val (*f)(dio_graph *g, dio_val v), dio_val *out)
{
    dio_graph *g = dio_graph_create();
    dio_val x = dio_input(g, "x", dio_type_1d(DIO_F32, N));
    dio_val w = dio_input(g, "w", dio_type_1d(DIO_F32, N)), gx, gw;
    dio_backward(g, dio_sum(g, f(g, dio_mul(g, x, w)), 1, false), &x, 1, &gx);
    dio_backward(g, dio_sum(g, dio_mul(g, gx, gx), 1, false), &w, 1, &gw);
    *out = gw;
    return g;
}

static dio_val leaky(dio_graph *g, dio_val v)
{
    return dio_leaky_relu(g, v, 0.2f);
}

static void check(dio_val (*f)(dio_graph *g, dio_val v), const float want[N])
{
    dio_error err = {0};
    dio_device *d = dio_device_cpu(&err);
    dio_val out;
    dio_graph *g = penalty(f, &out);
    assert_true(dio_graph_ready(g, &err));
    dio_plan *p = dio_plan_create(g, &out, 1, false, d, &(dio_plan_options){0}, &err);
    assert_non_null(p);
    assert_true(dio_plan_set(p, "x", x_data, sizeof x_data, &err));
    assert_true(dio_plan_set(p, "w", w_data, sizeof w_data, &err));
    assert_true(dio_plan_run(p, &err));
    const float *got = dio_plan_output(p, 0, NULL);
    double worst = 0;
    for (int i = 0; i < N; i++)
        worst = worse(worst, fabs((double)got[i] - (double)want[i]) / (1 + fabs((double)want[i])));
    print_message("off by %.1e\n", worst);
    assert_true(worst <= 4e-7); /* measured 0 */
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(d);
}

static void rectified_networks_have_penalties(void **state)
{
    float want[N];
    (void)state;
    for (int i = 0; i < N; i++) { /* (w s)^2, s the slope at x w: 2 w s^2 */
        const float s = x_data[i] * w_data[i] > 0 ? 1 : 0.2f;
        want[i] = 2 * w_data[i] * s * s;
    }
    check(leaky, want);
    for (int i = 0; i < N; i++) /* (2 x w^2)^2 = 4 x^2 w^4: 16 x^2 w^3 */
        want[i] = 16 * x_data[i] * x_data[i] * w_data[i] * w_data[i] * w_data[i];
    check(dio_square, want);
}

static void what_is_not_provided_is_refused(void **state)
{
    dio_error err = {0};
    dio_val out;
    (void)state;
    dio_graph *g = penalty(dio_silu, &out);
    assert_false(dio_graph_ready(g, &err));
    assert_non_null(strstr(err.message, "unary_grad: has no gradient with respect to operand 1"));
    dio_graph_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rectified_networks_have_penalties),
        cmocka_unit_test(what_is_not_provided_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
