/* test_json.c: the JSON reader, the tree's helpers and the writer. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
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
    dio_value *v = dio_json_parse(a, "t.json", text, strlen(text), &err);
    if (!v) {
        char shown[1600];
        fail_msg("%s", dio_error_text(&err, shown, sizeof shown));
    }
    return v;
}

static void at(const dio_value *v, dio_kind kind, int line, int column)
{
    assert_non_null(v);
    if (v->kind != kind || v->line != line || v->column != column)
        fail_msg("%s at %d:%d, wanted %s at %d:%d", dio_kind_name(v->kind), v->line, v->column,
                 dio_kind_name(kind), line, column);
    assert_string_equal(v->file, "t.json");
}

static void every_value_knows_its_place(void **state)
{
    dio_value *v = parse(*state, "\xef\xbb\xbf{\r\n"
                                 "  \"a\": [1, -2.5e0, \"x\\\"]y\",\n"
                                 "\ttrue, null],\r"
                                 "\"\xc3\xa9\": {\"n\": false }, \"e\": {}, \"l\": [ ]\n}\n");
    at(v, DIO_MAP, 1, 1);
    assert_int_equal(v->map.count, 4);
    at(v->map.keys[0], DIO_STRING, 2, 3);
    const dio_value *l = dio_map_get(v, "a");
    at(l, DIO_LIST, 2, 8);
    assert_int_equal(l->list.count, 5);
    at(l->list.items[0], DIO_INT, 2, 9);
    assert_int_equal(l->list.items[0]->integer, 1);
    at(l->list.items[1], DIO_REAL, 2, 12);
    assert_true(l->list.items[1]->real == -2.5);
    assert_string_equal(l->list.items[1]->scalar.source, "-2.5e0");
    at(l->list.items[2], DIO_STRING, 2, 20);
    assert_string_equal(l->list.items[2]->string.text, "x\"]y");
    at(l->list.items[3], DIO_BOOL, 3, 2);
    assert_true(l->list.items[3]->boolean);
    at(l->list.items[4], DIO_NULL, 3, 8);
    at(v->map.keys[1], DIO_STRING, 4, 1);
    at(dio_map_get(v, "\xc3\xa9"), DIO_MAP, 4, 6);
    at(dio_map_get(dio_map_get(v, "\xc3\xa9"), "n"), DIO_BOOL, 4, 12);
    at(dio_map_get(v, "e"), DIO_MAP, 4, 26);
    at(dio_map_get(v, "l"), DIO_LIST, 4, 35);
    assert_null(dio_map_get(v, "none"));
    assert_null(dio_map_get(l, "a"));
    assert_null(dio_map_get(NULL, "a"));
}

static void strings_are_decoded(void **state)
{
    const dio_value *v = parse(*state, "\"\\u00e9 \\ud83d\\ude00 \\n\\t\\/\\\\ \\u0001\"");
    assert_string_equal(v->string.text, "\xc3\xa9 \xf0\x9f\x98\x80 \n\t/\\ \x01");
    assert_int_equal(v->string.length, strlen(v->string.text));
}

static void numbers_are_exact(void **state)
{
    const dio_value *v =
        parse(*state, "[9223372036854775807, -9223372036854775808, 0.1, 1e3, 1E-400, -0]");
    assert_true(v->list.items[0]->integer == INT64_MAX);
    assert_true(v->list.items[1]->integer == INT64_MIN);
    assert_true(v->list.items[2]->real == 0.1);
    assert_int_equal(v->list.items[3]->kind, DIO_REAL);
    assert_true(v->list.items[4]->real == 0);
    assert_int_equal(v->list.items[5]->kind, DIO_INT);
}

static void refused(dio_arena *a, const char *text, size_t length, const char *want)
{
    dio_error err = {0};
    char got[1600];
    if (dio_json_parse(a, "t.json", text, length, &err))
        fail_msg("accepted, wanted: %s", want);
    assert_string_equal(dio_error_text(&err, got, sizeof got), want);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define REFUSED(text, want) refused(*state, text, sizeof(text) - 1, want)

static void faults_have_a_place(void **state)
{
    REFUSED("{\"a\":1,\n \"b\":{\"a\":2}, \"a\":3}",
            "t.json:2:15: key \"a\" appears twice in this map: first on line 1");
    REFUSED("[{\"k\":\"a\",\n\"x\":1},{\"a\":1,\n\n\"x\":[\"x\"],\"x\":0}]",
            "t.json:4:11: key \"x\" appears twice in this map: first on line 4");
    REFUSED("{\"a\" 1}", "t.json:1:6: not valid JSON: ':' expected, at 1");
    REFUSED("[1,\n]", "t.json:2:1: not valid JSON: unexpected token, at ]");
    REFUSED("[1 2]", "t.json:1:4: not valid JSON: ']' expected, at 2");
    REFUSED("[\n  nope]", "t.json:2:3: not valid JSON: invalid token, at nope");
    REFUSED("['a']", "t.json:1:2: not valid JSON: invalid token, at 'a'");
    REFUSED("[01]", "t.json:1:2: not valid JSON: invalid token, at 01");
    REFUSED("[NaN]", "t.json:1:2: not valid JSON: invalid token, at NaN");
    REFUSED("// no\n1", "t.json:1:1: not valid JSON: invalid token, at //");
    REFUSED("{\"a\":1", "t.json:1:6: not valid JSON: the text ends too early");
    REFUSED("[\"abc", "t.json:1:2: not valid JSON: the text ends too early");
    REFUSED("", "t.json:1:1: not valid JSON: the text ends too early");
    REFUSED("1 2", "t.json:1:3: not valid JSON: end of file expected, at 2");
    REFUSED("[1]]", "t.json:1:4: not valid JSON: end of file expected, at ]");
    REFUSED("[99999999999999999999]", "t.json:1:2: number 99999999999999999999 is too large: "
                                      "integers have 64 bits, others end at 1.8e308");
    REFUSED("[0,1e400]", "t.json:1:4: number 1e400 is too large: integers have 64 bits, others "
                         "end at 1.8e308");
    REFUSED("[\"a\\u0000b\"]", "t.json:1:2: a string contains \\u0000, which no text may");
    REFUSED("{\"a\\u0000b\":1}", "t.json:1:2: a string contains \\u0000, which no text may");
    REFUSED("[\"\\ud800\"]",
            "t.json:1:2: not valid JSON: invalid Unicode '\\uD800', at \"\\ud800\"");
    REFUSED("[\"a\nb\"]", "t.json:1:2: not valid JSON: unexpected newline, at \"a b\"");
    REFUSED("[\"a\\xb\"]", "t.json:1:2: not valid JSON: invalid escape, at \"a\\xb\"");
}

static void encodings_are_told_apart(void **state)
{
    REFUSED("\xff\xfe[\0]\0", "t.json:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("[\0]\0", "t.json:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("\0[\0]", "t.json:1:1: the text is UTF-16 or UTF-32: save it as UTF-8");
    REFUSED("[1,\n \0]", "t.json:2:2: the text contains a NUL character");
    REFUSED("[\"\xc3\xa9\xc3\"]", "t.json:1:4: byte 0xc3 is not valid UTF-8");
    REFUSED("[\"\xed\xa0\x80\"]", "t.json:1:3: byte 0xed is not valid UTF-8");
}

static void depth_has_a_limit(void **state)
{
    enum { MANY = 100000 };
    char *text = malloc(2 * MANY + 1);
    for (int depth = 64; depth <= MANY; depth = depth == 64   ? 65
                                                : depth == 65 ? 5000
                                                              : depth * 20) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        if (depth == 64) {
            dio_error err = {0};
            assert_non_null(dio_json_parse(*state, "t.json", text, 128, &err));
        } else {
            refused(*state, text, 2 * (size_t)depth,
                    "t.json:1:65: lists and maps are nested more than 64 deep");
            refused(*state, text, (size_t)depth,
                    "t.json:1:65: lists and maps are nested more than 64 deep");
        }
    }
    free(text);
    REFUSED("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",]",
            "t.json:1:77: not valid JSON: unexpected token, at ]");
}

/* A file like a tokenizer's: quadratic work anywhere would take minutes. Measured: 0.2 to 1 s of
 * CPU time for all of it. */
static void large_files_are_quick(void **state)
{
    enum { WORDS = 400000 };
    dio_str s = {0};
    dio_str_puts(&s, "{\"vocab\":{");
    for (int i = 0; i < WORDS; i++)
        dio_str_printf(&s, "%s\"word-%d-\xc4\xa0\":%d", i ? "," : "", i, i);
    dio_str_puts(&s, "}}");
    assert_true(s.length > 8000000);
    dio_error err = {0};
    clock_t start = clock();
    const dio_value *v = dio_json_parse(*state, "t.json", s.text, s.length, &err);
    assert_non_null(v);
    v = dio_map_get(v, "vocab");
    assert_int_equal(v->map.count, WORDS);
    for (int i = 0; i < WORDS; i++) {
        char key[40];
        snprintf(key, sizeof key, "word-%d-\xc4\xa0", i);
        assert_int_equal(dio_map_get(v, key)->integer, i);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%zu bytes, %d look-ups: %.2f s, arena %zu bytes\n", s.length, WORDS, seconds,
                  dio_arena_used(*state));
    assert_true(seconds < 20);
    assert_true(dio_arena_used(*state) < 12 * s.length);
    dio_str_deinit(&s);
}

static void trees_can_be_built(void **state)
{
    dio_arena *a = *state;
    dio_value *v = dio_value_map(a), *l = dio_value_list(a);
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        dio_map_set(a, v, key, dio_value_int(a, i));
        dio_list_add(a, l, dio_value_int(a, i));
        for (int j = 0; j <= i; j++) {
            snprintf(key, sizeof key, "k%d", j);
            assert_int_equal(dio_map_get(v, key)->integer, j);
        }
    }
    dio_map_set(a, v, "k7", dio_value_string(a, "seven"));
    assert_int_equal(v->map.count, 100);
    assert_string_equal(dio_map_get(v, "k7")->string.text, "seven");
    assert_int_equal(l->list.items[99]->integer, 99);
    /* A map that was read can be added to. */
    dio_value *read = parse(a, "{\"a\":1}");
    dio_map_set(a, read, "b", dio_value_bool(a, true));
    assert_string_equal(dio_json_write(a, read, 0), "{\"a\":1,\"b\":true}");
}

static void written_is_what_was_read(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5,1e+300,0.1,1.0,true,null,\"\\\"\\\\\\n\\u0001"
                               "\xf0\x9f\x98\x80\"],\"b\":{},\"c\":[],\"d\":{\"e\":\"\"}}";
    dio_value *v = parse(*state, text);
    assert_string_equal(dio_json_write(*state, v, 0), text);
    assert_string_equal(dio_json_write(*state, parse(*state, "{\"a\":[1,2],\"b\":{}}"), 2),
                        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    assert_string_equal(dio_json_quote(*state, "a\xff\x7f\b\v", 5),
                        "\"a\xef\xbf\xbd\\u007f\\b\\u000b\"");
    assert_string_equal(dio_json_write(*state, dio_value_real(*state, INFINITY), 0), "null");
}

static void reals_survive_the_round_trip(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double r, back;
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&r, &bits, sizeof r);
        if (!isfinite(r))
            continue;
        dio_arena *a = dio_arena_create();
        dio_value *v = parse(a, dio_json_write(a, dio_value_real(a, r), 0));
        assert_int_equal(v->kind, DIO_REAL);
        back = v->real;
        assert_memory_equal(&r, &back, sizeof r);
        dio_arena_destroy(a);
    }
}

/* The sources of a locale that has a comma in its decimals and nothing else. */
static void write_locale(const char *dir)
{
    char path[64];
    snprintf(path, sizeof path, "%s/bytes", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("<code_set_name> BYTES\n<comment_char> %\n<escape_char> /\nCHARMAP\n", f);
    for (int i = 0; i < 128; i++)
        fprintf(f, "<U%04X> /x%02x a\n", (unsigned)i, (unsigned)i);
    fputs("END CHARMAP\n", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/source", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \"<U002C>\"\n"
          "thousands_sep \"<U002E>\"\ngrouping 3;3\nEND LC_NUMERIC\n",
          f);
    fclose(f);
}

/* Compiles it with glibc's localedef, so that no locale need be installed. */
static bool use_commas(const char *dir)
{
    char command[256];
    write_locale(dir);
    snprintf(command, sizeof command,
             "cd %s && localedef -c -f ./bytes -i ./source ./comma >log 2>&1; test -f "
             "comma/LC_NUMERIC",
             dir);
    if (system(command) != 0)
        return setlocale(LC_NUMERIC, "de_DE.UTF-8") || setlocale(LC_NUMERIC, "fr_FR.UTF-8");
    setenv("LOCPATH", dir, 1);
    bool ok = setlocale(LC_NUMERIC, "comma") != NULL;
    unsetenv("LOCPATH");
    return ok;
}

static void the_locale_does_not_matter(void **state)
{
    double r;
    char dir[] = "/tmp/diorama-locale-XXXXXX", command[64], comma[8];
    assert_non_null(mkdtemp(dir));
    bool made = use_commas(dir);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
    if (!made) {
        print_message(
            "SKIPPED: no locale with a decimal comma: there is no localedef (Debian has "
            "it in libc-bin), and neither de_DE.UTF-8 nor fr_FR.UTF-8 (in locales-all)\n");
        skip();
    }
    snprintf(comma, sizeof comma, "%.1f", 0.5);
    bool ok = dio_parse_real("0.5", &r) && r == 0.5 && parse(*state, "0.5")->real == 0.5 &&
              strcmp(dio_json_write(*state, dio_value_real(*state, 0.5), 0), "0.5") == 0;
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(comma, "0,5"); /* C itself is under its spell */
    assert_true(ok);
}

static void nearest_names_are_found(void **state)
{
    (void)state;
    static const char *const names[] = {"prompt", "seed", "max_tokens", "size", "steps"};
    assert_string_equal(dio_nearest("promt", names, 5), "prompt");
    assert_string_equal(dio_nearest("prmopt", names, 5), "prompt");
    assert_string_equal(dio_nearest("PROMPT", names, 5), "prompt");
    assert_string_equal(dio_nearest("max-token", names, 5), "max_tokens");
    assert_string_equal(dio_nearest("sede", names, 5), "seed");
    assert_string_equal(dio_nearest("step", names, 5), "steps");
    assert_null(dio_nearest("colour", names, 5));
    assert_null(dio_nearest("", names, 5));
    assert_null(dio_nearest("x", names, 5));
    char huge[1000];
    memset(huge, 's', 999);
    huge[999] = '\0';
    assert_null(dio_nearest(huge, names, 5));
}

static void files_are_read_by_name(void **state)
{
    dio_error err = {0};
    char path[] = "/tmp/diorama-XXXXXX.json";
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    close(fd);
    assert_true(dio_file_write(path, "{\"a\": [1]}", 10, &err));
    dio_value *v = dio_value_read(*state, path, 100, &err);
    assert_int_equal(v->map.count, 1);
    assert_string_equal(v->file, path);
    assert_null(dio_value_read(*state, path, 9, &err));
    dio_error_clear(&err);
    unlink(path);
    assert_null(dio_value_read(*state, path, 9, &err));
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_value_knows_its_place), TEST(strings_are_decoded),
        TEST(numbers_are_exact),           TEST(faults_have_a_place),
        TEST(encodings_are_told_apart),    TEST(depth_has_a_limit),
        TEST(large_files_are_quick),       TEST(trees_can_be_built),
        TEST(written_is_what_was_read),    TEST(reals_survive_the_round_trip),
        TEST(the_locale_does_not_matter),  TEST(nearest_names_are_found),
        TEST(files_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
