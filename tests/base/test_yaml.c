/* test_yaml.c: what the YAML reader understands: kinds, forms, tags, aliases, and where each
 * stands. */
#include "tests/base/yaml_case.h"

/* The document as JSON: kinds and values at a glance. */
static void means(dio_arena *a, const char *yaml, const char *json)
{
    assert_string_equal(dio_json_write(a, parse(a, yaml), 0), json);
}

static void at(const dio_value *v, dio_kind kind, int line, int column)
{
    assert_non_null(v);
    if (v->kind != kind || v->line != line || v->column != column)
        fail_msg("%s at %d:%d, wanted %s at %d:%d", dio_kind_name(v->kind), v->line, v->column,
                 dio_kind_name(kind), line, column);
    assert_string_equal(v->file, "t.yaml");
}

static void every_value_knows_its_place(void **state)
{
    dio_value *v = parse(*state, "\xef\xbb\xbf# head\r\n"
                                 "a: 1\r\n"
                                 "'\xc3\xa9': [x, \"y\", {}, [] ]\r\n"
                                 "m:\r\n"
                                 "  - k: ~\r\n"
                                 "    l:\r\n"
                                 "  - 'q'\r\n"
                                 "f: [b: 2]\r\n"
                                 "g: &n 7\r\n"
                                 "h: *n");
    at(v, DIO_MAP, 2, 1);
    assert_int_equal(v->map.count, 6);
    at(dio_map_get(v, "a"), DIO_INT, 2, 4);
    at(v->map.keys[1], DIO_STRING, 3, 1);
    const dio_value *l = dio_map_get(v, "\xc3\xa9");
    at(l, DIO_LIST, 3, 6);
    at(l->list.items[0], DIO_STRING, 3, 7);
    at(l->list.items[1], DIO_STRING, 3, 10);
    at(l->list.items[2], DIO_MAP, 3, 15);
    at(l->list.items[3], DIO_LIST, 3, 19);
    const dio_value *m = dio_map_get(v, "m");
    at(m, DIO_LIST, 5, 3);
    at(m->list.items[0], DIO_MAP, 5, 5);
    at(dio_map_get(m->list.items[0], "k"), DIO_NULL, 5, 8);
    at(dio_map_get(m->list.items[0], "l"), DIO_NULL, 6, 7); /* after its colon */
    at(m->list.items[1], DIO_STRING, 7, 5);
    at(dio_map_get(v, "f")->list.items[0], DIO_MAP, 8, 5);
    at(dio_map_get(v, "h"), DIO_INT, 9, 4); /* the value that the anchor names */
}

static void core_schema_decides(void **state)
{
    means(*state, "[no, on, yes, off, y, n]", "[\"no\",\"on\",\"yes\",\"off\",\"y\",\"n\"]");
    means(*state, "[true, True, FALSE, tRUE]", "[true,true,false,\"tRUE\"]");
    means(*state, "[null, ~, Null, NULL, nULL, '']", "[null,null,null,null,\"nULL\",\"\"]");
    means(*state, "[1, -7, +3, 007, 0o17, 0x1F, 0b1, 1_000]", "[1,-7,3,7,15,31,\"0b1\",\"1_000\"]");
    means(*state, "[1.5, .5, 5., 1e3, -2E-2, 1.10]", "[1.5,0.5,5.0,1000.0,-0.02,1.1]");
    means(*state, "[12:30, 2025-01-31, 1.2.3, ., +, -x, 1e, 0x, 0xg, 1 2]",
          "[\"12:30\",\"2025-01-31\",\"1.2.3\",\".\",\"+\",\"-x\",\"1e\",\"0x\",\"0xg\",\"1 2\"]");
    means(*state, "['1', \"true\", 'null']", "[\"1\",\"true\",\"null\"]");
    means(*state, "[9223372036854775807, -9223372036854775808]",
          "[9223372036854775807,-9223372036854775808]");
    const dio_value *v = parse(*state, "[1.10, 18446744073709551615, tRUE, True]");
    assert_string_equal(v->list.items[0]->scalar.source, "1.10");
    assert_int_equal(v->list.items[1]->kind, DIO_REAL);
    assert_string_equal(v->list.items[1]->scalar.source, "18446744073709551615");
    assert_string_equal(v->list.items[3]->scalar.source, "True");
}

static void documents_take_many_forms(void **state)
{
    means(*state, "", "null");
    means(*state, "# nothing\n", "null");
    means(*state, "---\n...\n", "null");
    means(*state, "%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}");
    means(*state, "a", "\"a\"");
    means(*state, "a: |\n  x\n   y\n\n  z\nb: >-\n  one\n  two\n",
          "{\"a\":\"x\\n y\\n\\nz\\n\",\"b\":\"one two\"}");
    means(*state, "a: \"x\\n\\u00e9\\x41\\\n  y\"",
          "{\"a\":\"x\\n\xc3\xa9"
          "Ay\"}");
    means(*state, "? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}");
    means(*state, "{a, b: , c: 1}", "{\"a\":null,\"b\":null,\"c\":1}");
    means(*state, "1: a\nno: b\n'': c\nnull: d",
          "{\"1\":\"a\",\"no\":\"b\",\"\":\"c\",\"null\":\"d\"}");
    means(*state, "a: {b: [1, [2]], c: {d: {}}}", "{\"a\":{\"b\":[1,[2]],\"c\":{\"d\":{}}}}");
    means(*state, "a:\r  b: 1\r", "{\"a\":{\"b\":1}}");
    means(*state, "a: x\t # tab before a comment\nb: [1,\t2]", "{\"a\":\"x\",\"b\":[1,2]}");
    means(*state, "\"<<\": 1\nx: '<<'", "{\"<<\":1,\"x\":\"<<\"}");
    /* Forms in which another reader lost characters. */
    means(*state, "a: '''''b '''''", "{\"a\":\"''b ''\"}");
    means(*state, "a: \"x\\\n  y\\\n\n  z \"", "{\"a\":\"xy\\nz \"}");
    means(*state, "a: >-\n   + \n\n    \"\"+x c\n", "{\"a\":\"+ \\n\\n \\\"\\\"+x c\"}");
    means(*state, "a: b!c\nd: wow!<3", "{\"a\":\"b!c\",\"d\":\"wow!<3\"}");
    means(*state, "text: |\n  <<<<<<< not a marker: it is indented\n",
          "{\"text\":\"<<<<<<< not a marker: it is indented\\n\"}");
}

static void tags_are_checked(void **state)
{
    means(*state, "[!!str 12, ! 12, !!int 7, !!float 7, !!float 7.5, !!bool true, !!null ~]",
          "[\"12\",\"12\",7,7.0,7.5,true,null]");
    means(*state, "[!!map {a: 1}, !!seq [1], !!int '7']", "[{\"a\":1},[1],7]");
    means(*state, "%TAG !e! tag:yaml.org,2002:\n---\n!e!str 7", "\"7\"");
}

static void aliases_are_the_value(void **state)
{
    means(*state, "a: &x {k: [1, 2]}\nb: *x\nc: [*x, *x]",
          "{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":[{\"k\":[1,2]},{\"k\":[1,2]}]}");
    means(*state, "[&x 1, *x, &x two, *x]", "[1,1,\"two\",\"two\"]");
    means(*state, "[&x , *x]", "[null,null]");
    means(*state, "&k key: *k", "{\"key\":\"key\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_value_knows_its_place), TEST(core_schema_decides),
        TEST(documents_take_many_forms),   TEST(tags_are_checked),
        TEST(aliases_are_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
