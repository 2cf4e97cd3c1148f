/* test_str.c: strings, UTF-8, numbers, sizes, arena, errors and the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

static void strings_grow(void **state)
{
    (void)state;
    dio_str s = {0};
    for (int i = 0; i < 1000; i++)
        dio_str_printf(&s, "%d,", i);
    dio_str_puts(&s, "end");
    dio_str_putc(&s, '.');
    assert_int_equal(s.length, 2890 + 1000 + 4);
    assert_int_equal(strlen(s.text), s.length);
    assert_memory_equal(s.text, "0,1,2,", 6);
    dio_str_clear(&s);
    assert_string_equal(s.text, "");
    dio_str_put(&s, "a\0b", 3);
    assert_memory_equal(s.text, "a\0b", 4);
    assert_false(s.failed);
    dio_str_deinit(&s);
    assert_null(s.text);
    dio_str_put(&s, "x", SIZE_MAX);
    assert_true(s.failed);
    dio_str_puts(&s, "y");
    assert_int_equal(s.length, 0);
    dio_str_deinit(&s);
}

/* Every code point there and back; every surrogate and every byte sequence of the Unicode
 * standard's table 3-7 edges refused. */
static void utf8_is_exact(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char out[4];
        uint32_t back = 0;
        int n = dio_utf8_put(c, out);
        int m = dio_utf8_next(out, 4, &back);
        if (c >= 0xd800 && c <= 0xdfff)
            assert_int_equal(m, 0);
        else if (m != n || back != c)
            fail_msg("U+%04X: wrote %d, read %d bytes", c, n, m);
        if (m > 1)
            assert_int_equal(dio_utf8_next(out, (size_t)n - 1, &back), 0);
    }
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xe2\x28\xa1",
                                      "\xc3",
                                      "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t c;
        char text[40];
        size_t at = 99;
        assert_int_equal(dio_utf8_next(bad[i], strlen(bad[i]), &c), 0);
        snprintf(text, sizeof text, "long enough text %s", bad[i]);
        assert_false(dio_utf8_valid(text, strlen(text), &at));
        assert_int_equal(at, 17);
    }
    assert_true(dio_utf8_valid("\0été 😀", 12, NULL));
    assert_int_equal(dio_utf8_count("été 😀", 10), 5);
}

static void numbers_are_whole_texts(void **state)
{
    (void)state;
    int64_t i;
    uint64_t u;
    double r;
    assert_true(dio_parse_int("-9223372036854775808", &i) && i == INT64_MIN);
    assert_true(dio_parse_int("9223372036854775807", &i) && i == INT64_MAX);
    assert_false(dio_parse_int("9223372036854775808", &i));
    static const char *const no_int[] = {"",   "-",   "+",   " 1",  "1 ",
                                         "1x", "0x1", "1.0", "--1", "+-1"};
    for (size_t k = 0; k < sizeof no_int / sizeof *no_int; k++)
        assert_false(dio_parse_int(no_int[k], &i));
    assert_true(dio_parse_u64("18446744073709551615", &u) && u == UINT64_MAX);
    assert_false(dio_parse_u64("18446744073709551616", &u));
    assert_false(dio_parse_u64("-1", &u));
    assert_true(dio_parse_real("2.5", &r) && r == 2.5);
    assert_true(dio_parse_real("-.5e+1", &r) && r == -5);
    assert_true(dio_parse_real("1.", &r) && r == 1);
    assert_true(dio_parse_real("1e-400", &r) && r == 0);
    static const char *const no_real[] = {"",      ".",   "e5", "1e", "1e+",   "nan", "inf",
                                          "0x1p3", "1,5", " 1", "1 ", "1e400", "-",   "1.2.3"};
    for (size_t k = 0; k < sizeof no_real / sizeof *no_real; k++)
        assert_false(dio_parse_real(no_real[k], &r));
}

static void sizes_do_not_wrap(void **state)
{
    (void)state;
    size_t n;
    assert_true(dio_mul_size(SIZE_MAX / 2, 2, &n) && n == SIZE_MAX - 1);
    assert_false(dio_mul_size(SIZE_MAX / 2 + 1, 2, &n));
    assert_true(dio_add_size(SIZE_MAX, 0, &n));
    assert_false(dio_add_size(SIZE_MAX, 1, &n));
}

static void arena_gives_and_forgets(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    unsigned char *last = NULL;
    for (size_t n = 1; n < 60000; n = n * 3 / 2 + 1) {
        unsigned char *p = dio_arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
        last = p;
    }
    unsigned char *big = dio_arena_try(a, 1 << 20);
    assert_int_equal((uintptr_t)big % 64, 0);
    assert_int_equal(last[0], 0xff);
    assert_string_equal(dio_arena_printf(a, "%s-%d", "x", 7), "x-7");
    assert_string_equal(dio_arena_strndup(a, "abcdef", 3), "abc");
    int *items = NULL, cap = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(dio_arena_grow(a, &items, i, &cap, sizeof *items));
        items[i] = i;
    }
    assert_int_equal(items[999], 999);
    assert_false(dio_arena_failed(a));
    assert_null(dio_arena_try(a, SIZE_MAX - 100));
    assert_true(dio_arena_failed(a));
    dio_arena_destroy(a);
    dio_arena_destroy(NULL);
}

static void errors_keep_the_first(void **state)
{
    (void)state;
    dio_error err = {0};
    char text[256];
    assert_false(dio_fail(&err, "size: %d is above %d", 700, 512));
    dio_fail(&err, "later");
    dio_error_at(&err, "a.yaml", 3, 7);
    dio_error_at(&err, "b.yaml", 9, 9);
    dio_error_prefix(&err, "step %s", "hero");
    assert_string_equal(dio_error_text(&err, text, sizeof text),
                        "a.yaml:3:7: step hero: size: 700 is above 512");
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_error_clear(&err);
    dio_fail_memory(&err, "a plan");
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_string_equal(err.message, "out of memory for a plan");
}

static void terminals_are_not_told_what_to_do(void **state)
{
    (void)state;
    char text[] = "a\x1b[31mb\n\xc2\x9b\xe2\x80\xae\xff\xc3\xa9\xe2\x81\xa7\x7f.";
    dio_str_show(text);
    assert_string_equal(text, "a?[31mb????\xc3\xa9??.");
    dio_error err = {0};
    char shown[64];
    dio_fail(&err, "unknown key \"\x1b]0;title\a\"");
    assert_string_equal(dio_error_text(&err, shown, sizeof shown), "unknown key \"?]0;title?\"");
    dio_error_clear(&err);
    dio_fail(&err, "a letter of two bytes is cut: \xc3\xa9");
    assert_string_equal(dio_error_text(&err, shown, 32), "a letter of two bytes is cut: ?");
}

static void keep(void *user, dio_log_level level, const char *line)
{
    snprintf(user, 64, "%d %s", (int)level, line);
}

static void log_obeys_its_level(void **state)
{
    (void)state;
    char last[64] = "";
    dio_logger log = {.write = keep, .user = last, .level = DIO_LOG_WARNING};
    dio_log_line(&log, DIO_LOG_INFO, "quiet");
    assert_string_equal(last, "");
    dio_log_line(&log, DIO_LOG_WARNING, "low %s", "ink");
    assert_string_equal(last, "1 low ink");
    dio_log_line(NULL, DIO_LOG_ERROR, "nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_grow),
        cmocka_unit_test(utf8_is_exact),
        cmocka_unit_test(numbers_are_whole_texts),
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(arena_gives_and_forgets),
        cmocka_unit_test(errors_keep_the_first),
        cmocka_unit_test(terminals_are_not_told_what_to_do),
        cmocka_unit_test(log_obeys_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
