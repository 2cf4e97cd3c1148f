/* test_sampler.c: filters and penalties against chances worked out by hand, and the draw against
 * the chances it claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "text/sampler.h"

enum { V = 6 };

/* Chances 0.40 0.05 0.30 0.15 0.08 0.02, out of order on purpose. */
static const double chances[V] = {0.40, 0.05, 0.30, 0.15, 0.08, 0.02};

static void logits_of(float *out)
{
    for (int i = 0; i < V; i++)
        out[i] = (float)log(chances[i]) + 3; /* a common offset changes nothing */
}

static const dio_sampler_params plain = {.temperature = 1, .top_p = 1, .repetition_penalty = 1};

static dio_sampler *make(dio_sampler_params p, uint64_t seed)
{
    dio_error err = {0};
    dio_sampler *s = dio_sampler_create(&p, V, seed, &err);
    assert_non_null(s);
    return s;
}

/* One call; the chances it drew from go to out. */
static int next(dio_sampler_params p, dio_sampler_past past, double *out)
{
    float logits[V];
    int32_t id = -1;
    double logprob;
    dio_error err = {0};
    dio_sampler *s = make(p, 1);
    logits_of(logits);
    assert_true(dio_sampler_next(s, logits, past, NULL, 0, 0, 0, &id, &logprob, &err));
    assert_true(fabs(logprob - log(chances[id])) < 1e-6); /* measured 2e-8: raw, before filters */
    dio_sampler_chances(s, out);
    dio_sampler_destroy(s);
    return id;
}

static void want(const double *got, const double *expect)
{
    double total = 0;
    for (int i = 0; i < V; i++)
        total += expect[i];
    for (int i = 0; i < V; i++)
        if (fabs(got[i] - expect[i] / total) > 1e-6) /* measured 4e-8, of the f32 logits */
            fail_msg("id %d: chance %.9f, not %.9f", i, got[i], expect[i] / total);
}

static void test_filters(void **state)
{
    (void)state;
    double got[V];
    dio_sampler_past none = {0};
    next(plain, none, got);
    want(got, chances);

    dio_sampler_params p = plain;
    p.top_k = 3;
    next(p, none, got);
    want(got, (double[]){0.40, 0, 0.30, 0.15, 0, 0});

    p = plain;
    p.top_p = 0.69; /* 0.40 is not enough, 0.70 is */
    next(p, none, got);
    want(got, (double[]){0.40, 0, 0.30, 0, 0, 0});

    p = plain;
    p.top_p = 0.01; /* one always stays */
    next(p, none, got);
    want(got, (double[]){1, 0, 0, 0, 0, 0});

    p = plain;
    p.min_p = 0.25; /* of 0.40: at least 0.10 */
    next(p, none, got);
    want(got, (double[]){0.40, 0, 0.30, 0.15, 0, 0});

    p = plain;
    p.top_k = 4, p.top_p = 0.9; /* shares of the four: .4301 .3226 .1613 .0860; three reach .914 */
    next(p, none, got);
    want(got, (double[]){0.40, 0, 0.30, 0.15, 0, 0});

    p = plain;
    p.temperature = 0.5; /* squares the chances */
    next(p, none, got);
    want(got, (double[]){0.16, 0.0025, 0.09, 0.0225, 0.0064, 0.0004});

    p.top_p = 0.85; /* filters see the tempered ones: .569 .320 -> .889 */
    next(p, none, got);
    want(got, (double[]){0.16, 0, 0.09, 0, 0, 0});
}

static void test_ties(void **state)
{
    (void)state;
    float logits[V] = {1, 2, 2, 2, 0, 0};
    double got[V], logprob;
    int32_t id;
    dio_error err = {0};
    dio_sampler_params p = plain;
    p.top_k = 1; /* what ties with the last stays too */
    dio_sampler *s = make(p, 3);
    assert_true(
        dio_sampler_next(s, logits, (dio_sampler_past){0}, NULL, 0, 0, 0, &id, &logprob, &err));
    dio_sampler_chances(s, got);
    want(got, (double[]){0, 1, 1, 1, 0, 0});
    dio_sampler_destroy(s);
    p = plain;
    p.temperature = 0; /* the lowest of equals */
    s = make(p, 3);
    assert_true(
        dio_sampler_next(s, logits, (dio_sampler_past){0}, NULL, 0, 0, 0, &id, &logprob, &err));
    assert_int_equal(id, 1);
    assert_true(dio_sampler_next(s, logits, (dio_sampler_past){0}, (int32_t[]){1, 2}, 2, 0, 0, &id,
                                 &logprob, &err));
    assert_int_equal(id, 3);
    dio_sampler_destroy(s);
}

static void test_penalties(void **state)
{
    (void)state;
    double got[V], expect[V];
    float logits[V];
    uint16_t text[V] = {0, 3, 1, 0, 0, 0}, prompt[V] = {1, 0, 0, 0, 0, 0};
    dio_sampler_params p = plain;
    p.presence_penalty = 0.5, p.frequency_penalty = 0.25;
    next(p, (dio_sampler_past){prompt, text}, got);
    memcpy(expect, chances, sizeof expect);
    expect[1] *= exp(-0.5 - 0.75); /* three times */
    expect[2] *= exp(-0.5 - 0.25); /* once; the prompt does not count */
    want(got, expect);

    p = plain;
    p.repetition_penalty = 2; /* positive scores are halved, negative ones doubled */
    next(p, (dio_sampler_past){prompt, text}, got);
    logits_of(logits);
    for (int i = 0; i < V; i++) {
        double x = (double)logits[i];
        expect[i] = exp(text[i] || prompt[i] ? (x > 0 ? x / 2 : x * 2) : x);
    }
    want(got, expect);
}

/* 20000 positions: how often each id came, against its chance. */
static void test_draw(void **state)
{
    (void)state;
    enum { N = 20000 };
    float logits[V];
    int count[V] = {0}, other[V] = {0};
    double logprob, square = 0;
    int32_t id, again;
    dio_error err = {0};
    dio_sampler *s = make(plain, 42), *t = make(plain, 42);
    logits_of(logits);
    for (uint64_t i = 0; i < N; i++) {
        assert_true(
            dio_sampler_next(s, logits, (dio_sampler_past){0}, NULL, 0, 0, i, &id, &logprob, &err));
        count[id]++;
        /* Another variant between draws changes nothing of the first. */
        assert_true(dio_sampler_next(t, logits, (dio_sampler_past){0}, NULL, 0, 7, i, &again,
                                     &logprob, &err));
        other[again]++;
        assert_true(dio_sampler_next(t, logits, (dio_sampler_past){0}, NULL, 0, 0, i, &again,
                                     &logprob, &err));
        assert_int_equal(again, id);
    }
    for (int i = 0; i < V; i++)
        square += pow(count[i] - N * chances[i], 2) / (N * chances[i]);
    print_message("chi-square of 5 degrees: %.2f\n", square);
    assert_true(square < 20.5); /* one in a thousand would be above; measured 5.7 */
    assert_memory_not_equal(count, other, sizeof count);
    dio_sampler_destroy(s);
    dio_sampler_destroy(t);
}

static void test_refusals(void **state)
{
    (void)state;
    float logits[V] = {0, 1, NAN, 0, 0, 0};
    int32_t id;
    double logprob;
    dio_error err = {0};
    dio_sampler *s = make(plain, 0);
    assert_false(
        dio_sampler_next(s, logits, (dio_sampler_past){0}, NULL, 0, 0, 9, &id, &logprob, &err));
    assert_string_equal(err.message,
                        "the model's scores at position 9 are not numbers: its weights "
                        "are damaged, or too large for their type");
    dio_error_clear(&err);
    logits[2] = 0;
    assert_false(dio_sampler_next(s, logits, (dio_sampler_past){0}, (int32_t[]){0, 1, 2, 3, 4, 5},
                                  6, 0, 4, &id, &logprob, &err));
    assert_string_equal(err.message, "no id is left at position 4: all are banned");
    dio_sampler_destroy(s);
    dio_error_clear(&err);
    dio_sampler_params p = plain;
    p.temperature = NAN;
    assert_null(dio_sampler_create(&p, V, 0, &err));
    assert_string_equal(err.message, "sampling: temperature, top_k and min_p must be 0 or more, "
                                     "top_p and repetition_penalty above 0, and all of them "
                                     "numbers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),   cmocka_unit_test(test_ties),
        cmocka_unit_test(test_penalties), cmocka_unit_test(test_draw),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
