/* test_yaml.c: the YAML reader: what it understands, and every way it says no. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/str.h"
#include "base/value.h"

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
    dio_value *v = dio_yaml_parse(a, "t.yaml", text, strlen(text), &err);
    if (!v) {
        char shown[1600];
        fail_msg("%s\n%s", dio_error_text(&err, shown, sizeof shown), text);
    }
    return v;
}

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

static void refused(dio_arena *a, const char *text, size_t length, const char *want)
{
    dio_error err = {0};
    char got[1600];
    if (dio_yaml_parse(a, "t.yaml", text, length, &err))
        fail_msg("accepted, wanted: %s", want);
    assert_string_equal(dio_error_text(&err, got, sizeof got), want);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define REFUSED(text, want) refused(*state, text, sizeof(text) - 1, want)

static void faults_have_a_place(void **state)
{
    REFUSED("version: 1\nsteps:\n  - a\nname: x\nsteps: []\n",
            "t.yaml:5:1: key \"steps\" appears twice in this map: first on line 2");
    REFUSED("a: {b: 1, c: {b: 2}, 'b': 3}",
            "t.yaml:1:22: key \"b\" appears twice in this map: first on line 1");
    REFUSED("a: 1\n? b\n? a\n", "t.yaml:3:3: key \"a\" appears twice in this map: first on line 1");
    REFUSED("a: [99999999999999999999]", "t.yaml:1:5: number 99999999999999999999 is too large: "
                                         "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: 1e400", "t.yaml:1:4: number 1e400 is too large: integers have 64 bits, others end "
                        "at 1.8e308");
    REFUSED("a: -1.5e400", "t.yaml:1:4: number -1.5e400 is too large: integers have 64 bits, "
                           "others end at 1.8e308");
    REFUSED("a: -9223372036854775809", "t.yaml:1:4: number -9223372036854775809 is too large: "
                                       "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: 0x8000000000000000", "t.yaml:1:4: number 0x8000000000000000 is too large: "
                                     "integers have 64 bits, others end at 1.8e308");
    REFUSED("a: .inf", "t.yaml:1:4: .inf is not a finite number (quote it if it is text)");
    REFUSED("a: -.INF", "t.yaml:1:4: -.INF is not a finite number (quote it if it is text)");
    REFUSED("a: .nan", "t.yaml:1:4: .nan is not a finite number (quote it if it is text)");
    REFUSED("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document begins here: one file holds one");
    REFUSED("? [a]\n: 1\n", "t.yaml:1:3: a key must be a word or a text, not a list");
    REFUSED("{a: 1}: 1\n", "t.yaml:1:1: a key must be a word or a text, not a map");
    REFUSED("? \n: 1\n", "t.yaml:1:2: a key is missing before \":\"");
    REFUSED("a: 1\n<<: {b: 1}\n", "t.yaml:2:1: merge keys (<<) are not part of YAML 1.2: write "
                                  "the entries out, or quote the key");
    REFUSED("a: !foo bar", "t.yaml:1:4: tag !foo is not known, or does not fit a string");
    REFUSED("a: !!int x", "t.yaml:1:4: tag tag:yaml.org,2002:int is not known, or does not fit "
                          "a string");
    REFUSED("a: !!binary eA==", "t.yaml:1:4: tag tag:yaml.org,2002:binary is not known, or does "
                                "not fit a string");
    REFUSED("!!python/object/apply:os.system [ls]",
            "t.yaml:1:1: tag tag:yaml.org,2002:python/object/apply:os.system is not known, or "
            "does not fit a list");
    REFUSED("%YAML 1.1\n---\na: no\n", "t.yaml:1:1: the file says YAML 1.1: only 1.2 is read");
    REFUSED("%FOO bar\n---\na\n",
            "t.yaml:1:5: not valid YAML: found unknown directive name while scanning a directive");
}

static void libyamls_words_have_a_place(void **state)
{
    REFUSED("a: 1\nb: [1,\n  2\nc: 3\n",
            "t.yaml:2:4: not valid YAML: the list that opens here lacks a \",\" or \"]\"");
    REFUSED("a: {b: 1\n",
            "t.yaml:1:4: not valid YAML: the map that opens here lacks a \",\" or \"}\"");
    REFUSED("b: 1\na: 'x\n\n",
            "t.yaml:2:4: not valid YAML: the quote that opens here is never closed");
    REFUSED(
        "a: tagline: fast\n",
        "t.yaml:1:11: not valid YAML: a \":\" stands where no value may follow: quote the text, "
        "or check the indentation");
    REFUSED("a: 1\n b: 2\n",
            "t.yaml:2:3: not valid YAML: a \":\" stands where no value may follow: quote the text, "
            "or check the indentation");
    REFUSED("a: @x\n",
            "t.yaml:1:4: not valid YAML: a text may not begin with this character: quote it");
    REFUSED("a: 1\nbcd\ne: 2\n", "t.yaml:2:1: not valid YAML: a \":\" is missing after this key");
    REFUSED("- a\nb: 1\n",
            "t.yaml:2:1: not valid YAML: did not find expected '-' indicator while parsing a block "
            "collection");
    REFUSED("]", "t.yaml:1:1: not valid YAML: a value is missing here, or a bracket before it is "
                 "not closed");
    REFUSED("a: \"\\ud800\"",
            "t.yaml:1:7: not valid YAML: found invalid Unicode character escape code while parsing "
            "a quoted scalar");
}

static void hostile_texts_are_told_apart(void **state)
{
    REFUSED("a: 1\nb: \0\n", "t.yaml:2:4: the text contains a NUL character");
    REFUSED("a: \"\\0\"", "t.yaml:1:4: an escape gives a NUL character, which no text may contain");
    REFUSED("a: \"x\\u0000\"",
            "t.yaml:1:4: an escape gives a NUL character, which no text may contain");
    REFUSED("\xff\xfe"
            "a\0:\0",
            "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("\xfe\xff\0a\0:", "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("a\0:\0 \0"
            "1\0",
            "t.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("a: 1\nb: \xc3\xa9\xe9\n", "t.yaml:2:5: byte 0xe9 is not valid UTF-8");
    REFUSED("a: \x1b[2J",
            "t.yaml:1:4: control character U+001B: only tabs and line breaks are allowed");
    REFUSED("a: \x7f",
            "t.yaml:1:4: control character U+007F: only tabs and line breaks are allowed");
    REFUSED("a:\n\tb: 1\n", "t.yaml:2:1: a tab stands in the indentation: use spaces");
    REFUSED("a:\n  - b\n  \t- c: 1\n", "t.yaml:3:3: a tab stands in the indentation: use spaces");
    REFUSED("a: x\xe2\x80\xa8y",
            "t.yaml:1:5: line separator U+2028: remove it, or write \"\\u2028\" "
            "in double quotes");
    REFUSED("\ta: 1\n", "t.yaml:1:1: a tab stands in the indentation: use spaces");
    REFUSED("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> main\n",
            "t.yaml:2:1: merge-conflict marker \"<<<<<<<\": resolve the conflict first");
    REFUSED("a: 1\n=======\r\n",
            "t.yaml:2:1: merge-conflict marker \"=======\": resolve the conflict first");
    REFUSED("a: 1\n>>>>>>> x",
            "t.yaml:2:1: merge-conflict marker \">>>>>>>\": resolve the conflict first");
}

static void aliases_are_bounded(void **state)
{
    REFUSED("a: *x\n", "t.yaml:1:4: alias *x: no anchor &x stands before it");
    REFUSED("a: &x [1, *x]\n", "t.yaml:1:11: alias *x stands inside the value that it names");
    REFUSED("&x\n- *x\n", "t.yaml:2:3: alias *x stands inside the value that it names");
    REFUSED("&x a: 1\n*x : 2\n", "t.yaml:2:1: alias *x cannot be a key: write the key out");
    /* What sent another reader into endless recursion: libfyaml's issues 172, 173, 186, 347. */
    REFUSED("-   ?    ?  - *///*", "t.yaml:1:10: a key must be a word or a text, not a map");
    REFUSED("///  :\n\n*//*////  :\n\n*//.//**//",
            "t.yaml:3:2: not valid YAML: did not find expected alphabetic or numeric character "
            "while scanning an alias");
    REFUSED("? \n: *..", "t.yaml:1:2: a key is missing before \":\"");
    REFUSED("<<:\n- */z\n- */z\n- */z\n- */z\n",
            "t.yaml:1:1: merge keys (<<) are not part of YAML 1.2: write the entries out, or quote "
            "the key");
}

static double cpu_ms(void)
{
    return 1000.0 * (double)clock() / CLOCKS_PER_SEC;
}

static long peak_kb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* Ten anchors, each a list of ten aliases of the one before: 10^10 nodes from 308 bytes. */
static void a_bomb_fizzles(void **state)
{
    dio_str s = {0};
    dio_str_puts(&s, "a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n");
    for (char c = 'b'; c <= 'j'; c++) {
        dio_str_printf(&s, "%c: &%c [", c, c);
        for (int i = 0; i < 9; i++)
            dio_str_printf(&s, "%s*%c", i ? "," : "", c - 1);
        dio_str_puts(&s, "]\n");
    }
    double start = cpu_ms();
    refused(*state, s.text, s.length, "t.yaml:6:8: alias expansion exceeds 100000 nodes");
    double took = cpu_ms() - start;
    print_message("bomb: %.2f ms, peak %ld KB\n", took, peak_kb()); /* measured: 0.1 ms */
    assert_true(took < 100);
    assert_true(peak_kb() < 64 * 1024 || getenv("ASAN_OPTIONS"));
    dio_str_deinit(&s);
}

/* 100 000 aliases of one word are just within the budget; one more is not. */
static void the_budget_is_exact(void **state)
{
    dio_str s = {0};
    dio_str_puts(&s, "- &x 1\n");
    for (int i = 0; i < 100000; i++)
        dio_str_puts(&s, "- *x\n");
    dio_error err = {0};
    const dio_value *v = dio_yaml_parse(*state, "t.yaml", s.text, s.length, &err);
    assert_non_null(v);
    assert_int_equal(v->list.count, 100001);
    dio_str_puts(&s, "- *x\n");
    refused(*state, s.text, s.length, "t.yaml:100002:3: alias expansion exceeds 100000 nodes");
    dio_str_deinit(&s);
}

static void fill(dio_str *s, const char *unit, size_t bytes)
{
    size_t n = strlen(unit);
    dio_str_clear(s);
    while (s->length + n <= bytes)
        dio_str_put(s, unit, n);
}

#define DEEP "lists and maps are nested more than 64 deep"
#define OPEN " (1001 brackets are open here)"

static void depth_has_a_limit(void **state)
{
    static const struct {
        const char *unit, *want;
    } deep[] = {
        {"[", "t.yaml:1:1001: " DEEP OPEN},
        {"{", "t.yaml:1:1001: " DEEP OPEN},
        {"- ", "t.yaml:1:129: " DEEP},
        {"[{a: ", "t.yaml:1:2501: " DEEP OPEN},
    };
    static const size_t sizes[] = {5000, 100000, 1000000};
    dio_str s = {0};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++) {
            fill(&s, deep[i].unit, sizes[k]);
            double start = cpu_ms();
            refused(*state, s.text, s.length, deep[i].want);
            assert_true(cpu_ms() - start < 100); /* measured: 4 ms */
        }
    fill(&s, "[", 900);
    refused(*state, s.text, s.length, "t.yaml:1:65: " DEEP);
    fill(&s, "[", 64);
    for (int i = 0; i < 64; i++)
        dio_str_putc(&s, ']');
    parse(*state, s.text);
    /* An alias counts with all its levels: the map, 24 lists around it, 39 or 40 in the value. */
    dio_str tall = {0};
    for (int inner = 39; inner <= 40; inner++) {
        dio_str_clear(&tall);
        dio_str_printf(&tall, "a: &a %.*s%.*s\nb: %.24s*a%.24s", inner, s.text, inner, s.text + 64,
                       s.text, s.text + 64);
        if (inner == 39)
            parse(*state, tall.text);
        else
            refused(*state, tall.text, tall.length, "t.yaml:2:28: " DEEP);
    }
    dio_str_deinit(&tall);
    dio_str_deinit(&s);
}

/* 100 000 bytes of each: whatever the answer, it comes at once. Without yaml_check.c libyaml takes
 * 14 s for open brackets. */
static void repetition_costs_nothing(void **state)
{
    (void)state;
    static const char *const units[] = {
        "%",    "!a",       "&a ",    "*a ",     "!a ", "- ", "? ",         "a:",     "a\n",
        "\"\n", ",",        "#\n",    " ",       "\n",  "'",  "a: 1\n",     "- a\n",  "-\n",
        "?\n",  "a:\n",     "---\n",  "...\n",   "a ",  "a#", "\\",         "-",      ":",
        "]",    "\xc3\xa9", "\r",     "a: [\n",  "[],", "&a", "&",          "*",      "!",
        "|\n",  ">\n",      "{a: ",   "[a, ",    "!<",  "\"", "@",          "`",      "?",
        "|",    "\t",       "a: b: ", "- - a\n", "  ",  "!!", "a: |\n x\n", "a: &a\n"};
    dio_str s = {0};
    double worst = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (int head = 0; head < 4; head++) {
            static const char *const heads[] = {"", "[", "\"", "!<"};
            dio_arena *a = dio_arena_create();
            dio_error err = {0};
            fill(&s, units[i], 100000);
            memcpy(s.text, heads[head], strlen(heads[head]));
            double start = cpu_ms();
            dio_yaml_parse(a, "t.yaml", s.text, s.length, &err);
            double took = cpu_ms() - start;
            if (took > 1000)
                fail_msg("\"%s\" repeated after \"%s\": %.0f ms", units[i], heads[head], took);
            worst = took > worst ? took : worst;
            dio_arena_destroy(a);
        }
    print_message("worst of them: %.1f ms\n", worst); /* measured: 17 ms */
    dio_str_deinit(&s);
}

static void large_maps_are_quick(void **state)
{
    enum { KEYS = 200000 }; /* each against all before it would be 20 000 000 000 comparisons */
    dio_str s = {0};
    for (int i = 0; i < KEYS; i++)
        dio_str_printf(&s, "key-%d: &a%d [%d]\n", i, i, i);
    double start = cpu_ms();
    const dio_value *v = parse(*state, s.text);
    assert_int_equal(v->map.count, KEYS);
    assert_int_equal(dio_map_get(v, "key-777")->list.items[0]->integer, 777);
    print_message("%d keys: %.0f ms\n", KEYS, cpu_ms() - start);
    assert_true(cpu_ms() - start < 5000);
    dio_str_deinit(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bomb_fizzles), /* first: it looks at the peak of memory */
        TEST(every_value_knows_its_place),
        TEST(core_schema_decides),
        TEST(documents_take_many_forms),
        TEST(tags_are_checked),
        TEST(aliases_are_the_value),
        TEST(faults_have_a_place),
        TEST(libyamls_words_have_a_place),
        TEST(hostile_texts_are_told_apart),
        TEST(aliases_are_bounded),
        TEST(the_budget_is_exact),
        TEST(depth_has_a_limit),
        TEST(repetition_costs_nothing),
        TEST(large_maps_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
