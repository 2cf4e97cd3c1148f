/* test_fast_math.c: DIORAMA_MATH: what it may be, and how far the fast mode's logits are from the
 * default's, for every tiny model of every family with weights in bf16. That its bits depend on
 * nothing but a row's ids is what test_session shows, which runs in both modes. */
#include "base/rng.h"
#include "base/value.h"
#include "tests/text/lm_case.h"
#include "text/session.h"

enum { N = 40 };

/* Of the largest logit; measured: 0.009 at most. bf16 keeps 8 bits of every activation. */
static const double tolerance = 0.036;

static dio_device *open_cpu(dio_math math)
{
    dio_error err = {0};
    dio_device *d = dio_device_open_math("cpu", math, &err);
    must(d != NULL, &err);
    return d;
}

/* Logits [V] after N ids. Caller frees. */
static float *logits(const dio_lm *lm, dio_math math)
{
    dio_error err = {0};
    int32_t ids[N];
    dio_device *d = open_cpu(math);
    dio_session *s = dio_session_create(lm, d, N, 0, &err);
    must(s != NULL, &err);
    for (int i = 0; i < N; i++)
        ids[i] = (int32_t)dio_below(9, 0, (uint64_t)i, (uint32_t)lm->shape.vocab);
    must(dio_session_feed(s, ids, N, NULL, &err), &err);
    const size_t bytes = (size_t)lm->shape.vocab * sizeof(float);
    float *out = malloc(bytes);
    memcpy(out, dio_session_logits(s, 0), bytes);
    dio_session_destroy(s);
    dio_device_close(d);
    return out;
}

static bool machine_has_it(void)
{
    dio_device *d = open_cpu(DIO_MATH_FAST);
    const bool has = strstr(d->math, "computes as repro") == NULL;
    dio_device_close(d);
    return has;
}

static void check_model(const dio_model *m, const char *json, dio_dtype dtype)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_json_parse(a, "tiny", json, strlen(json), &err);
    must(config != NULL, &err);
    dio_lm *lm = dio_lm_create(config, 5, dtype, &err);
    must(lm != NULL, &err);
    float *exact = logits(lm, DIO_MATH_REPRO), *fast = logits(lm, DIO_MATH_FAST);
    double scale, d = worst(fast, exact, lm->shape.vocab, &scale);
    if (dtype == DIO_F32 || !machine_has_it()) {
        assert_true(d == 0);
    } else {
        printf("%-12s %.1e of %.1e\n", m->name, d / scale, tolerance);
        assert_true(d > 0 && d <= tolerance * scale);
    }
    free(exact);
    free(fast);
    dio_lm_close(lm);
    dio_arena_destroy(a);
}

static void test_logits(void **state)
{
    (void)state;
    for (int i = 0; i < dio_text_models.count; i++) {
        const dio_model *m = dio_text_models.items[i];
        for (int t = 0; m->tiny[t]; t++) {
            check_model(m, m->tiny[t], DIO_BF16);
            check_model(m, m->tiny[t], DIO_F32);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    dio_error err = {0};
    setenv("DIORAMA_MATH", "quick", 1);
    assert_null(dio_device_open("cpu", &err));
    assert_string_equal(err.message, "DIORAMA_MATH: \"quick\" is not one of repro, fast");
    static const struct {
        const char *value, *begins;
    } cases[] = {{"repro", "repro"}, {"", "repro"}, {"fast", "fast"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error_clear(&err);
        setenv("DIORAMA_MATH", cases[i].value, 1);
        dio_device *d = dio_device_open("cpu", &err);
        must(d != NULL, &err);
        assert_memory_equal(d->math, cases[i].begins, strlen(cases[i].begins));
        dio_device_close(d);
    }
    /* A set without the instruction computes as usual, and says so. */
    setenv("DIORAMA_CPU", "generic", 1);
    dio_device *d = dio_device_open("cpu", &err);
    must(d != NULL, &err);
    assert_string_equal(d->math,
                        "fast was asked for, but needs avx512_bf16: computes as repro does");
    dio_device_close(d);
    unsetenv("DIORAMA_CPU");
    unsetenv("DIORAMA_MATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_logits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
