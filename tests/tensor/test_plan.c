/* test_plan.c: a plan is for the threads that it was made for, or fewer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/gang.h"
#include "tensor/ops.h"
#include "tensor/plan.h"

enum { SIDE = 64 };

static dio_plan *product(dio_device *d, dio_error *err)
{
    dio_graph *g = dio_graph_create();
    dio_val x = dio_input(g, "x", dio_type_2d(DIO_F32, SIDE, SIDE));
    dio_val y = dio_matmul(g, x, x, false, false);
    dio_plan *p = dio_plan_create(g, &y, 1, false, d, NULL, err);
    dio_graph_destroy(g);
    return p;
}

/* Scratch is sized for the gang: more threads would write beyond it. */
static void a_grown_gang_is_refused(void **state)
{
    dio_error err = {0};
    char said[256];
    const int threads = dio_gang_size();
    (void)state;
    dio_gang_resize(2);
    dio_device *d = dio_device_cpu(&err);
    dio_plan *p = d ? product(d, &err) : NULL;
    assert_non_null(p);
    assert_true(dio_plan_run(p, &err));
    dio_gang_resize(1);
    assert_true(dio_plan_run(p, &err));
    dio_gang_resize(3);
    assert_false(dio_plan_run(p, &err));
    dio_error_text(&err, said, sizeof said);
    assert_string_equal(said, "a plan made for 2 threads cannot run on 3: make it after "
                              "dio_gang_resize");
    dio_plan_destroy(p);
    dio_device_close(d);
    dio_gang_resize(threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grown_gang_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
