/* test_lent.c: plans that work in memory which their owner lends: the numbers of plans with memory
 * of their own, wherever they are moved, and with another plan in the same place between runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

enum { ROWS = 5, WIDTH = 48 };

static dio_plan *plan_of(dio_device *d, dio_tensor *w, bool lent, dio_act act)
{
    dio_error err = {0};
    dio_graph *g = dio_graph_create();
    dio_val x = dio_input(g, "x", dio_type_2d(DIO_F32, ROWS, WIDTH));
    dio_val h = dio_linear(g, x, dio_param(g, w), DIO_NONE, act);
    dio_val y = dio_softmax(g, dio_add(g, dio_cumsum(g, h, 1), x));
    dio_plan *p = dio_plan_create(g, &y, 1, false, d, &(dio_plan_options){.lent = lent}, &err);
    if (!p)
        fail_msg("%s", err.message);
    dio_graph_destroy(g);
    return p;
}

static void run(dio_plan *p, float shift, float *out)
{
    float x[ROWS * WIDTH];
    dio_error err = {0};
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = dio_uniform(3, 0, (uint64_t)i) + shift;
    assert_true(dio_plan_set(p, "x", x, sizeof x, &err) && dio_plan_run(p, &err));
    memcpy(out, dio_plan_output(p, 0, NULL), sizeof x);
}

static void same_numbers(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_type square = dio_type_2d(DIO_F32, WIDTH, WIDTH);
    dio_device *d = dio_device_cpu(&err);
    dio_tensor *w = dio_tensor_create("w", &square, &err);
    for (int i = 0; i < WIDTH * WIDTH; i++)
        ((float *)dio_tensor_data(w))[i] = dio_uniform(4, 0, (uint64_t)i) - 0.5f;
    dio_plan *own = plan_of(d, w, false, DIO_ACT_NONE), *lent = plan_of(d, w, true, DIO_ACT_NONE);
    dio_plan *other = plan_of(d, w, true, DIO_ACT_RELU);
    dio_plan_report report, theirs;
    dio_plan_report_get(lent, &report);
    dio_plan_report_get(other, &theirs);
    assert_true(report.state == 0 && report.workspace > ROWS * WIDTH * sizeof(float));
    size_t bytes = report.workspace > theirs.workspace ? report.workspace : theirs.workspace;
    void *memory[2] = {d->alloc(d, bytes, &err), d->alloc(d, bytes, &err)};
    float want[ROWS * WIDTH], got[ROWS * WIDTH];
    for (int i = 0; i < 4; i++) {
        assert_true(dio_plan_lend(lent, memory[i % 2], &err));
        assert_true(dio_plan_lend(other, memory[i % 2], &err));
        run(own, (float)i, want);
        run(other, (float)i + 1, got);
        run(lent, (float)i, got);
        assert_memory_equal(got, want, sizeof want);
    }
    assert_false(dio_plan_lend(own, memory[0], &err));
    assert_string_equal(err.message, "the plan has memory of its own");
    dio_plan_destroy(plan_of(d, w, true, DIO_ACT_NONE)); /* never lent anything */
    dio_plan_destroy(other);
    dio_plan_destroy(lent);
    dio_plan_destroy(own);
    d->release(d, memory[0]);
    d->release(d, memory[1]);
    dio_tensor_unref(w);
    dio_device_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
