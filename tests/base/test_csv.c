/* test_csv.c: tables as spreadsheets write them, read with places; and every way of being refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/field.h"

static int setup(void **state)
{
    *state = dio_arena_create();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    dio_arena_destroy(*state);
    return 0;
}

static dio_value *parse(dio_arena *a, const char *text)
{
    dio_error err = {0};
    dio_value *v = dio_csv_parse(a, "t.csv", text, strlen(text), &err);
    if (!v) {
        char shown[1600];
        fail_msg("%s\n%s", dio_error_text(&err, shown, sizeof shown), text);
    }
    return v;
}

/* The table as JSON. */
static void reads_as(dio_arena *a, const char *text, const char *json)
{
    assert_string_equal(dio_json_write(a, parse(a, text), 0), json);
}

static void forms_of_tables(void **state)
{
    static const char want[] = "[{\"id\":\"a\",\"line\":\"x\"},{\"id\":\"b\",\"line\":\"\"}]";
    dio_arena *a = *state;
    reads_as(a, "id,line\na,x\nb,\n", want);
    reads_as(a, "id,line\r\na,x\r\nb,", want);
    reads_as(a, "\xef\xbb\xbfid;line\na;x\n\n;\nb;\n", want);
    reads_as(a, "\n\"id\"\tline\n\"a\"\t\"x\"\nb\t\"\"", want);
    reads_as(a, "id,line\n", "[]");
    reads_as(a, "id;line\na,b;\"c;d\"\n", "[{\"id\":\"a,b\",\"line\":\"c;d\"}]");
    reads_as(a, "line\n\"say \"\"hi\"\", then\r\ngo\"\n",
             "[{\"line\":\"say \\\"hi\\\", then\\r\\ngo\"}]");
    reads_as(a, "line\nsay \"hi\" now\n\"\"\"\"\n\"\"\n",
             "[{\"line\":\"say \\\"hi\\\" now\"},{\"line\":\"\\\"\"}]");
}

static void places_are_kept(void **state)
{
    dio_arena *a = *state;
    const dio_value *rows = parse(a, "id,line\na,\"x\ny\"\nbé,zoo\n");
    const dio_value *last = rows->list.items[1], *line = dio_map_get(last, "line");
    assert_int_equal(last->line, 4);
    assert_int_equal(line->line, 4);
    assert_int_equal(line->column, 4); /* characters, not bytes */
    assert_string_equal(line->file, "t.csv");
    assert_int_equal(last->map.keys[1]->line, 1);
    assert_int_equal(last->map.keys[1]->column, 4);
}

static void rows_fill_structs(void **state)
{
    struct row {
        const char *id;
        double rate;
    } r;
    static const dio_field fields[] = {DIO_FIELD(struct row, id, NULL, 1, 8, "its name"),
                                       DIO_FIELD(struct row, rate, "1", 0.5, 2, "times as fast"),
                                       {0}};
    static const struct {
        const char *text, *message;
        double rate;
    } cases[] = {
        {"id,rate\na,\n", NULL, 1},
        {"id,rate\na,1.5\n", NULL, 1.5},
        {"id\na\n", NULL, 1},
        {"id,x-note\na,later\n", NULL, 1},
        {"id,rate\na,fast\n", "t.csv:2:3: rate: expected a number, found \"fast\"", 0},
        {"id,rate\na,9\n", "t.csv:2:3: rate: 9 is above 2", 0},
        {"id,rate\n,1\n", "t.csv:2:1: a row needs the key \"id\": its name", 0},
        {"id,rat\na,1\n", "t.csv:1:4: unknown key \"rat\" in a row: did you mean \"rate\"?", 0},
    };
    dio_arena *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        char shown[1600];
        const dio_value *rows = parse(a, cases[i].text);
        bool ok = dio_fields_read(fields, &r, rows->list.items[0], "a row",
                                  DIO_FIELDS_STRICT | DIO_FIELDS_TEXTS, a, NULL, NULL, &err);
        if (!ok)
            assert_string_equal(dio_error_text(&err, shown, sizeof shown),
                                cases[i].message ? cases[i].message : "");
        assert_int_equal(ok, !cases[i].message);
        assert_true(!ok || r.rate == cases[i].rate);
    }
}

static void refused(dio_arena *a, const char *text, size_t length, const char *want)
{
    dio_error err = {0};
    char got[1600];
    assert_null(dio_csv_parse(a, "t.csv", text, length, &err));
    assert_string_equal(dio_error_text(&err, got, sizeof got), want);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define REFUSED(text, want) refused(*state, text, sizeof(text) - 1, want)

static void what_is_refused(void **state)
{
    REFUSED("", "t.csv:1:1: the table is empty: its first row names the columns");
    REFUSED("\n,,\n", "t.csv:1:1: the table is empty: its first row names the columns");
    REFUSED("id,,line\n", "t.csv:1:4: column 2 has no name in the first row");
    REFUSED("id,line,id\n", "t.csv:1:9: columns 1 and 3 are both called \"id\"");
    REFUSED("id,line\na\n", "t.csv:2:1: this row has 1 field, and the first row names 2");
    REFUSED("id,line\na,b,\n", "t.csv:2:1: this row has 3 fields, and the first row names 2");
    REFUSED("id,line\na,\"b\n\nc,d\n", "t.csv:2:3: the quote that opens here is never closed");
    REFUSED("id,line\na,\"b\" c\n",
            "t.csv:2:6: text after a closing quote: double the quotes that belong to the text");
    REFUSED("id\n\xff\n", "t.csv:2:1: byte 0xff is not valid UTF-8");
    REFUSED("id\na\0b\n", "t.csv:2:2: the text contains a NUL character");
    REFUSED("\xff\xfei\0d\0", "t.csv:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
}

static void limits_hold(void **state)
{
    enum { LONG = 10 << 20 };
    char *text = malloc(LONG + 8);
    memcpy(text, "id\n", 3);
    memset(text + 3, 'x', LONG);
    refused(*state, text, LONG, "t.csv:2:1: this field has 10485757 bytes; the most is 65536");
    memset(text + 3, ',', LONG);
    refused(*state, text, LONG, "t.csv:2:201: a row of more than 200 fields");
    size_t n = 3;
    for (int i = 0; i <= DIO_CSV_ROWS; i++)
        n += (size_t)sprintf(text + n, "%d\n", i);
    refused(*state, text, n, "t.csv:100002:1: the table has more than 100000 rows");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms_of_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(places_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_fill_structs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
