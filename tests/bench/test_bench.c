/* test_bench.c: every figure runs, at the size of a test, and comes out in the promised form. What
 * it says is not looked at: a timing is no test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "bench/bench.h"

struct seen {
    int count;
};

static void take(void *user, const dio_value *line)
{
    struct seen *s = user;
    const dio_value *name = dio_map_get(line, "bench"), *value = dio_map_get(line, "value");
    const dio_value *share = dio_map_get(line, "share");
    print_message("%-28s %.4g\n", name->string.text, value->real);
    assert_true(isfinite(value->real));
    assert_true(strchr(name->string.text, '.') != NULL);
    assert_non_null(dio_map_get(line, "unit"));
    assert_true(dio_map_get(line, "rss_mb")->integer > 0);
    assert_true(dio_map_get(line, "threads")->integer > 0);
    if (share)
        assert_true(share->real > 0 && dio_map_get(line, "of") != NULL);
    s->count++;
}

static void every_figure_runs(void **state)
{
    (void)state;
    dio_error err = {0};
    struct seen seen = {0};
    dio_device *d = dio_device_cpu(&err);
    assert_non_null(d);
    if (!dio_bench_group(NULL, true, d, take, &seen, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(seen.count, dio_benches_count);
    dio_device_close(d);
}

static void an_unknown_group_is_named(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_device *d = dio_device_cpu(&err);
    assert_false(dio_bench_group("tetx", true, d, NULL, NULL, NULL, &err));
    assert_non_null(strstr(err.message, "\"tetx\""));
    dio_device_close(d);
}

static volatile sig_atomic_t cancel;

static void take_one(void *user, const dio_value *line)
{
    (void)line;
    ++*(int *)user;
    cancel = 1;
}

/* What was measured is told; nothing else is begun. */
static void a_signal_ends_it(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_device *d = dio_device_cpu(&err);
    int told = 0;
    cancel = 0;
    assert_false(dio_bench_group(NULL, true, d, take_one, &told, &cancel, &err));
    assert_int_equal(told, 1);
    assert_string_equal(err.message, "stopped");
    const dio_bench_run r = {.seconds = 1, .cancel = &cancel};
    assert_true(dio_bench_best(&r, 1, NULL, NULL, &err) < 0); /* not even once */
    dio_device_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_runs),
        cmocka_unit_test(an_unknown_group_is_named),
        cmocka_unit_test(a_signal_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
