/* test_table.c: tables row by row: the same rows as in one piece, wrong ones alone refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/table.h"

static char path[64];

static void put(const char *name, const char *text, size_t n)
{
    dio_error err = {0};
    snprintf(path, sizeof path, "/tmp/diorama-table-%ld%s", (long)getpid(), name);
    assert_true(dio_file_write(path, text, n, &err));
}

/* All rows as JSON, one a line; wrong ones as their message. */
static char *read_all(dio_arena *a)
{
    dio_error err = {0};
    dio_table *t = dio_table_open(path, &err);
    char *all = dio_arena_strdup(a, "");
    char text[2000];
    if (!t)
        return dio_arena_printf(a, "%s", dio_error_text(&err, text, sizeof text) + strlen(path));
    for (;;) {
        dio_value *row;
        dio_error wrong = {0};
        bool ok = dio_table_next(t, a, &row, &wrong);
        if (ok && !row)
            break;
        if (ok)
            all = dio_arena_printf(a, "%s%lld %d %s\n", all, (long long)dio_table_row(t), row->line,
                                   dio_json_write(a, row, 0));
        else
            all = dio_arena_printf(a, "%s%lld !%s\n", all, (long long)dio_table_row(t),
                                   dio_error_text(&wrong, text, sizeof text) + strlen(path));
    }
    dio_table_close(t);
    return all;
}

static void check(const char *name, const char *text, const char *expected, int64_t rows)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    int64_t count;
    put(name, text, strlen(text));
    assert_string_equal(read_all(a), expected);
    if (rows >= 0) {
        assert_true(dio_table_count(path, &count, &err));
        assert_int_equal(count, rows);
    }
    unlink(path);
    dio_arena_destroy(a);
}

static void rows_come_with_their_places(void **state)
{
    (void)state;
    check(".csv", "a,b\n1,2\n3,4", "1 2 {\"a\":\"1\",\"b\":\"2\"}\n2 3 {\"a\":\"3\",\"b\":\"4\"}\n",
          2);
    check(".csv",
          "\xef\xbb\xbf"
          "a;b\r\n1;\"2;\"\r\n\r\n;\r\n3;4\r\n",
          "1 2 {\"a\":\"1\",\"b\":\"2;\"}\n2 5 {\"a\":\"3\",\"b\":\"4\"}\n", 2);
    check(".csv", "a,b\n\"x\ny\",\"say \"\"hi\"\"\"\n3,5\"\n",
          "1 2 {\"a\":\"x\\ny\",\"b\":\"say \\\"hi\\\"\"}\n2 4 {\"a\":\"3\",\"b\":\"5\\\"\"}\n", 2);
    check(".csv", "a\r1\r2\r", "1 2 {\"a\":\"1\"}\n2 3 {\"a\":\"2\"}\n", 2);
}

static void a_wrong_row_is_refused_alone(void **state)
{
    (void)state;
    check(".csv", "a,b\n1\n1,2,3\n4,5\n",
          "1 !:2:1: this row has 1 field, and the first row names 2\n"
          "2 !:3:1: this row has 3 fields, and the first row names 2\n"
          "3 4 {\"a\":\"4\",\"b\":\"5\"}\n",
          3);
    check(".csv", "a,b\n1,\"2\"x\n\xff,2\n4,5\n",
          "1 !:2:6: text after a closing quote: double the quotes that belong to the text\n"
          "2 !:3:1: byte 0xff is not valid UTF-8\n"
          "3 4 {\"a\":\"4\",\"b\":\"5\"}\n",
          3);
    check(".csv", "a,b\n1,\"2\n3,4\n", "1 !:2:3: the quote that opens here is never closed\n", 1);
}

static void a_head_that_is_wrong_is_told_at_once(void **state)
{
    (void)state;
    check(".csv", "", ":1:1: the table is empty: its first row names the columns", -1);
    check(".csv", "a,b,a\n1,2,3\n", ":1:5: columns 1 and 3 are both called \"a\"", -1);
    check(".csv", "a,,b\n", ":1:3: column 2 has no name in the first row", -1);
}

static void lines_of_json_are_rows(void **state)
{
    (void)state;
    check(".jsonl", "{\"a\": 1, \"b\": \"x\"}\n\n  \n{\"b\": true}\n",
          "1 1 {\"a\":1,\"b\":\"x\"}\n2 4 {\"b\":true}\n", 2);
    check(".jsonl", "[1]\n{\"a\": 1\n{\"a\": 2}\n",
          "1 !:1:1: expected an object, found a list\n2 !:2:7: not valid JSON: the text ends too early\n"
          "3 3 {\"a\":2}\n",
          3);
}

static void a_long_row_is_refused_and_forgotten(void **state)
{
    (void)state;
    size_t n = DIO_TABLE_RECORD + 100;
    char *text = malloc(n + 10);
    memcpy(text, "a\n", 2);
    memset(text + 2, 'x', n);
    memcpy(text + 2 + n, "\nyes\n", 5);
    put(".csv", text, n + 7);
    free(text);
    dio_arena *a = dio_arena_create();
    assert_string_equal(read_all(a), "1 !:2:1: this row has more than 4194304 bytes\n"
                                     "2 3 {\"a\":\"yes\"}\n");
    dio_arena_destroy(a);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_with_their_places),
        cmocka_unit_test(a_wrong_row_is_refused_alone),
        cmocka_unit_test(a_head_that_is_wrong_is_told_at_once),
        cmocka_unit_test(lines_of_json_are_rows),
        cmocka_unit_test(a_long_row_is_refused_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
