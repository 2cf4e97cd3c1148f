/* test_rank.c: totals against sums by hand, order, faults, ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "fusion/rank.h"

/* 1, 2, 3 have the mean 2 and the deviation sqrt(2/3): z is -+1.224745. */
static void totals_are_weighted_z_scores(void **state)
{
    (void)state;
    const dio_rank_column columns[] = {{.weight = 2}, {.lower = true, .weight = 1}};
    const double values[] = {1, 30, 2, 10, 3, 20};
    dio_ranking r;
    dio_rank(columns, 2, values, 3, &r);
    double z = sqrt(1.5);
    assert_float_equal(r.total[0], (-2 * z - z) / 3, 1e-12);
    assert_float_equal(r.total[1], (0 + z) / 3, 1e-12);
    assert_float_equal(r.total[2], (2 * z + 0) / 3, 1e-12);
    assert_memory_equal(r.order, ((int[]){2, 1, 0}), sizeof(int[3]));
}

/* One unit or another changes nothing. */
static void units_do_not_count(void **state)
{
    (void)state;
    const dio_rank_column columns[] = {{.weight = 1}, {.weight = 1}};
    double values[] = {0.1, 7, 0.4, 6, 0.2, 9, 0.9, 1}, scaled[8];
    dio_ranking a, b;
    for (int i = 0; i < 8; i++)
        scaled[i] = i % 2 ? values[i] : values[i] * 1048576 + 5;
    dio_rank(columns, 2, values, 4, &a);
    dio_rank(columns, 2, scaled, 4, &b);
    for (int i = 0; i < 4; i++)
        assert_float_equal(a.total[i], b.total[i], 1e-9);
    assert_memory_equal(a.order, b.order, sizeof(int[4]));
}

static void of_equals_the_first_wins(void **state)
{
    (void)state;
    const dio_rank_column columns[] = {{.weight = 1}, {.lower = true, .weight = 3}};
    const double same[] = {0.3, 0.1, 0.3, 0.1, 0.3, 0.1}, one[] = {5, 5};
    dio_ranking r;
    dio_rank(columns, 2, same, 3, &r);
    assert_memory_equal(r.order, ((int[]){0, 1, 2}), sizeof(int[3]));
    for (int i = 0; i < 3; i++)
        assert_true(r.total[i] == 0);
    dio_rank(columns, 2, one, 1, &r);
    assert_true(r.count == 1 && r.order[0] == 0 && r.total[0] == 0);
    dio_rank(NULL, 0, NULL, 5, &r);
    assert_memory_equal(r.order, ((int[]){0, 1, 2, 3, 4}), sizeof(int[5]));
}

/* What is best by its scores and has a fault comes after the worst without. */
static void faults_go_before_totals(void **state)
{
    (void)state;
    const dio_rank_column columns[] = {{.weight = 1},
                                       {.lower = true, .fault = true, .weight = 1},
                                       {.lower = true, .fault = true, .weight = 1},
                                       {.lower = true, .fault = true}};
    const double values[] = {9, 1, 0, 0, /**/ 5, 0, 0, 1, /**/ 1, 0, 0, 0, /**/ 10, 1, 3, 0};
    dio_ranking r;
    dio_rank(columns, 4, values, 4, &r);
    assert_memory_equal(r.order, ((int[]){1, 2, 0, 3}), sizeof(int[4]));
    assert_memory_equal(r.faults, ((int[]){1, 0, 0, 2}), sizeof(int[4]));
}

/* A spread that is rounding decides nothing. */
static void rounding_is_no_difference(void **state)
{
    (void)state;
    const dio_rank_column columns[] = {{.weight = 1}};
    const double values[] = {0.1 + 0.2, 0.3, 0.3};
    dio_ranking r;
    dio_rank(columns, 1, values, 3, &r);
    assert_memory_equal(r.order, ((int[]){0, 1, 2}), sizeof(int[3]));
    assert_true(r.total[0] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_weighted_z_scores), cmocka_unit_test(units_do_not_count),
        cmocka_unit_test(of_equals_the_first_wins),     cmocka_unit_test(faults_go_before_totals),
        cmocka_unit_test(rounding_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
