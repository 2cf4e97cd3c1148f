/* test_rng.c: Philox against Random123's known answers, and what is derived from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/rng.h"

/* The file kat_vectors of Random123 1.14, lines "philox4x32 10": counter, key, answer. */
static void philox_answers_as_known(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, stream, index;
        uint32_t out[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {~0ull, ~0ull, ~0ull, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x0370734413198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t w[4];
        dio_philox(known[i].seed, known[i].stream, known[i].index, w);
        assert_memory_equal(w, known[i].out, sizeof w);
    }
}

static void uniforms_stay_in_range(void **state)
{
    (void)state;
    double sum = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        float f = dio_uniform(1, 2, i);
        double d = dio_uniform53(1, 2, i);
        assert_true(f >= 0 && f < 1 && d >= 0 && d < 1);
        assert_true(fabs(f - d) < 0x1p-23); /* the same word, with more bits */
        sum += d;
    }
    /* Mean of 100 000: standard error 0.0009. */
    assert_true(fabs(sum / 100000 - 0.5) < 0.004);
}

static void below_is_even(void **state)
{
    (void)state;
    int count[10] = {0};
    for (uint64_t i = 0; i < 100000; i++)
        count[dio_below(3, 0, i, 10)]++;
    double chi = 0;
    for (int i = 0; i < 10; i++)
        chi += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000.0;
    assert_true(chi < 27.9); /* 9 degrees of freedom, 0.1 % */
    assert_int_equal(dio_below(3, 0, 0, 1), 0);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(dio_below(9, 9, i, UINT32_MAX) < UINT32_MAX);
}

static void normals_are_normal(void **state)
{
    (void)state;
    enum { N = 100000 };
    static float x[N];
    dio_normal(5, 6, 0, x, N);
    double m1 = 0, m2 = 0, m4 = 0;
    int inside = 0;
    for (int i = 0; i < N; i++) {
        double v = (double)x[i];
        m1 += v / N;
        m2 += v * v / N;
        m4 += v * v * v * v / N;
        inside += fabs(v) < 1;
    }
    /* Four standard errors of each: 0.0032, 0.0045, 0.031, 0.0015. */
    assert_true(fabs(m1) < 0.013);
    assert_true(fabs(m2 - 1) < 0.018);
    assert_true(fabs(m4 - 3) < 0.124);
    assert_true(fabs((double)inside / N - 0.682689) < 0.006);
}

/* A value depends on its index alone, not on where the request began. */
static void normals_are_found_by_index(void **state)
{
    (void)state;
    float all[64];
    dio_normal(5, 6, 100, all, 64);
    for (size_t first = 0; first < 9; first++)
        for (size_t n = 0; first + n <= 64; n++) {
            float part[64] = {0};
            dio_normal(5, 6, 100 + first, part, n);
            assert_memory_equal(part, all + first, n * sizeof *part);
        }
    float far[2];
    dio_normal(5, 6, UINT64_MAX, far, 2); /* wraps to index 0 */
    float zero;
    dio_normal(5, 6, 0, &zero, 1);
    assert_true(far[1] == zero);
}

static void cursor_walks_the_stream(void **state)
{
    (void)state;
    dio_rng r = {.seed = 8, .stream = 9, .index = 0};
    uint32_t w[4];
    dio_philox(8, 9, 0, w);
    assert_int_equal(dio_rng_u32(&r), w[0]);
    assert_true(dio_rng_uniform(&r) == dio_uniform(8, 9, 1));
    assert_int_equal(dio_rng_below(&r, 77), dio_below(8, 9, 2, 77));
    assert_int_equal(r.index, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_answers_as_known),
        cmocka_unit_test(uniforms_stay_in_range),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(normals_are_found_by_index),
        cmocka_unit_test(cursor_walks_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
