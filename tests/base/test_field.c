/* test_field.c: one description of a parameter, and all that is derived from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"

struct params {
    const char *text;
    double seconds;
    int size;
    bool shadow;
    int64_t offset;
    uint64_t seed;
    float gain;
    int mode;
    const dio_value *layers;
    const char *note;
    int max_tokens;
};

static const char *const modes[] = {"fast", "slow", "best", NULL};

static const dio_field fields[] = {
    DIO_FIELD(struct params, text, NULL, 0, 10, "words to show"),
    DIO_FIELD(struct params, seconds, "2.5", 0.1, 600, "how long it stays, seconds"),
    DIO_FIELD(struct params, size, "64", 8, 512, "cap height in pixels"),
    DIO_FIELD(struct params, shadow, "no", 0, 0, "draw a soft shadow"),
    DIO_FIELD(struct params, offset, "-9223372036854775808", 0, 0, "where to begin"),
    DIO_FIELD(struct params, seed, "7", 0, 0, "the seed"),
    DIO_FIELD(struct params, gain, "1", 0, 0, "loudness factor"),
    DIO_FIELD_WORDS(struct params, mode, "fast", modes, "how hard to try"),
    DIO_FIELD(struct params, layers, "", 0, 0, "what lies on top"),
    DIO_FIELD(struct params, note, "", 0, 0, "for people | only"),
    DIO_FIELD_KEY(struct params, max_tokens, "maxTokens", "24", 1, 2048, "length limit"),
    {0},
};

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

static bool read(dio_arena *a, const char *yaml, unsigned flags, struct params *p, dio_error *err)
{
    dio_value *v = dio_yaml_parse(a, "t.yaml", yaml, strlen(yaml), err);
    assert_non_null(v);
    return dio_fields_read(fields, p, v, "step title@1", flags, a, NULL, NULL, err);
}

static void accepted(dio_arena *a, const char *yaml, struct params *p)
{
    dio_error err = {0};
    memset(p, 0xa5, sizeof *p);
    if (!read(a, yaml, DIO_FIELDS_STRICT, p, &err))
        fail_msg("%s", err.message);
}

static void refused(dio_arena *a, const char *yaml, const char *want)
{
    dio_error err = {0};
    struct params p;
    char got[1600];
    if (read(a, yaml, DIO_FIELDS_STRICT, &p, &err))
        fail_msg("accepted, wanted: %s", want);
    assert_string_equal(dio_error_text(&err, got, sizeof got), want);
}

static void defaults_fill_what_is_absent(void **state)
{
    struct params p;
    accepted(*state, "text: hello", &p);
    assert_string_equal(p.text, "hello");
    assert_true(p.seconds == 2.5);
    assert_int_equal(p.size, 64);
    assert_false(p.shadow);
    assert_true(p.offset == INT64_MIN);
    assert_int_equal(p.seed, 7);
    assert_true(p.gain == 1.0f);
    assert_int_equal(p.mode, 0);
    assert_null(p.layers);
    assert_string_equal(p.note, "");
    assert_int_equal(p.max_tokens, 24);
}

static void values_are_taken(void **state)
{
    struct params p;
    accepted(*state,
             "{text: 1.10, seconds: 3, size: 512.0, shadow: yes, offset: 9223372036854775807, "
             "seed: 18446744073709551615, gain: -0.5, mode: best, layers: [1, {a: b}], "
             "note: \xc3\xa9, maxTokens: 1, x-anything: 1}",
             &p);
    assert_string_equal(p.text, "1.10");
    assert_true(p.seconds == 3);
    assert_int_equal(p.size, 512);
    assert_true(p.shadow);
    assert_true(p.offset == INT64_MAX);
    assert_true(p.seed == UINT64_MAX);
    assert_true(p.gain == -0.5f);
    assert_int_equal(p.mode, 2);
    assert_int_equal(p.layers->list.count, 2);
    assert_int_equal(p.max_tokens, 1);
    accepted(*state, "{text: a, seed: \"18446744073709551615\", shadow: true}", &p);
    assert_true(p.seed == UINT64_MAX);
    accepted(*state, "{text: a, seed: 0}", &p);
    assert_true(p.seed == 0);
    accepted(*state,
             "{text: "
             "'\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9'}",
             &p);
}

static void faults_are_sentences(void **state)
{
    refused(*state, "{}", "t.yaml:1:1: step title@1 needs the key \"text\": words to show");
    refused(*state, "text: a\ntxet: b\n",
            "t.yaml:2:1: unknown key \"txet\" in step title@1: did you mean \"text\"?");
    refused(*state, "text: a\nmax_tokens: 3\n",
            "t.yaml:2:1: unknown key \"max_tokens\" in step title@1: did you mean \"maxTokens\"?");
    refused(*state, "text: a\ncolour: b\n",
            "t.yaml:2:1: unknown key \"colour\" in step title@1: it knows text, seconds, size, "
            "shadow, offset, seed, gain, mode, layers, note, maxTokens");
    refused(*state, "text: a\nsize: x",
            "t.yaml:2:7: size: expected an integer, found a string \"x\"");
    refused(*state, "text: a\nsize: \"64\"",
            "t.yaml:2:7: size: expected an integer, found a string \"64\"");
    refused(*state, "text: a\nsize: 64.5",
            "t.yaml:2:7: size: expected an integer, found a number 64.5");
    refused(*state, "text: a\nsize: 700", "t.yaml:2:7: size: 700 is above 512");
    refused(*state, "text: a\nsize: 4", "t.yaml:2:7: size: 4 is below 8");
    refused(*state, "text: a\nseconds: 0.05", "t.yaml:2:10: seconds: 0.05 is below 0.1");
    refused(*state, "text: a\nseconds: [1]",
            "t.yaml:2:10: seconds: expected a number, found a list");
    refused(*state, "text: a\nseconds:", "t.yaml:2:9: seconds: expected a number, found nothing");
    refused(*state, "text: {a: 1}", "t.yaml:1:7: text: expected a string, found a map");
    refused(*state, "text: true", "t.yaml:1:7: text: expected a string, found a boolean true");
    refused(*state, "text: 12345678901",
            "t.yaml:1:7: text: it is 11 characters long, above the limit of 10");
    refused(*state, "text: a\nshadow: maybe",
            "t.yaml:2:9: shadow: expected yes or no, found a string \"maybe\"");
    refused(*state, "text: a\nshadow: 1",
            "t.yaml:2:9: shadow: expected yes or no, found an integer 1");
    refused(*state, "text: a\nseed: -1", "t.yaml:2:7: seed: -1 is below 0");
    refused(*state, "text: a\nseed: 1.5",
            "t.yaml:2:7: seed: expected an integer from 0 to 18446744073709551615, found a number "
            "1.5");
    refused(*state, "text: a\ngain: 1e39",
            "t.yaml:2:7: gain: 1e+39 is beyond 32-bit floating point");
    refused(*state, "text: a\nmode: fats",
            "t.yaml:2:7: mode: \"fats\" is not one of fast, slow, best: did you mean \"fast\"?");
    refused(*state, "text: a\nmode: 3", "t.yaml:2:7: mode: \"3\" is not one of fast, slow, best");
    refused(*state, "text: a\nmode: [fast]",
            "t.yaml:2:7: mode: expected one of fast, slow, best, found a list");
    refused(*state, "text: a\noffset: 18446744073709551615",
            "t.yaml:2:9: offset: expected an integer, found a number 18446744073709551615");
    refused(*state, "text: a\nmaxTokens: 4294967297",
            "t.yaml:2:12: maxTokens: 4294967297 is above 2048");
    refused(*state, "- 1", "t.yaml:1:1: step title@1: expected a map, found a list");
}

/* A published config.json has keys that we do not know, and nulls that mean the default. */
static void without_strict_strangers_pass(void **state)
{
    dio_error err = {0};
    struct params p;
    assert_true(read(*state, "{text: a, size: null, layers: ~, unheard_of: 1}", 0, &p, &err));
    assert_int_equal(p.size, 64);
    assert_null(p.layers);
    assert_false(read(*state, "{text: null}", 0, &p, &err));
    assert_string_equal(err.message, "step title@1 needs the key \"text\": words to show");
}

static void narrow_integers_are_guarded(void **state)
{
    struct small {
        int n;
    } s;
    static const dio_field one[] = {DIO_FIELD(struct small, n, "0", 0, 0, "a number"), {0}};
    dio_error err = {0};
    assert_false(dio_field_set(one, &s, "2147483648", *state, &err));
    assert_string_equal(err.message, "n: 2147483648 does not fit 32 bits");
}

static void gather(void *user, const dio_error *problem)
{
    char *all = user, text[1600];
    size_t n = strlen(all);
    snprintf(all + n, 4000 - n, "%s\n", dio_error_text(problem, text, sizeof text));
}

static void all_problems_in_one_pass(void **state)
{
    static const char yaml[] = "size: 9999\nmode: fats\ncolour: red\nseed: x\n";
    char all[4000] = "";
    dio_error err = {0};
    struct params p;
    dio_value *v = dio_yaml_parse(*state, "t.yaml", yaml, strlen(yaml), &err);
    assert_false(dio_fields_read(fields, &p, v, "step title@1",
                                 DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, *state, gather, all,
                                 &err));
    assert_int_equal(err.kind, DIO_ERROR_NONE);
    assert_string_equal(
        all,
        "t.yaml:3:1: unknown key \"colour\" in step title@1: it knows text, seconds, size, shadow, "
        "offset, seed, gain, mode, layers, note, maxTokens\n"
        "t.yaml:1:1: step title@1 needs the key \"text\": words to show\n"
        "t.yaml:1:7: size: 9999 is above 512\n"
        "t.yaml:4:7: seed: expected an integer from 0 to 18446744073709551615, found a string "
        "\"x\"\n"
        "t.yaml:2:7: mode: \"fats\" is not one of fast, slow, best: did you mean \"fast\"?\n");
    all[0] = '\0';
    assert_false(dio_fields_read(fields, &p, v, "step title@1", DIO_FIELDS_STRICT, *state, gather,
                                 all, &err));
    assert_string_equal(strchr(all, '\n'), "\n"); /* without COLLECT the first ends it */
}

static void text_sets_a_field(void **state)
{
    dio_arena *a = *state;
    struct params p;
    dio_error err = {0};
    assert_false(dio_fields_default(fields, &p, false, a, &err));
    assert_string_equal(err.message, "text is missing: words to show");
    dio_error_clear(&err);
    assert_true(dio_fields_default(fields, &p, true, a, &err));
    assert_true(dio_field_set(dio_fields_find(fields, "max-tokens"), &p, "100", a, &err));
    assert_int_equal(p.max_tokens, 100);
    assert_true(
        dio_field_set(dio_fields_find(fields, "seed"), &p, "18446744073709551615", a, &err));
    assert_true(p.seed == UINT64_MAX);
    assert_true(dio_field_set(dio_fields_find(fields, "layers"), &p, "[a, {b: 1}]", a, &err));
    assert_int_equal(p.layers->list.count, 2);
    assert_true(dio_field_set(dio_fields_find(fields, "shadow"), &p, "on", a, &err));
    assert_true(p.shadow);
    assert_null(dio_fields_find(fields, "nothing"));
    static const struct {
        const char *name, *text, *want;
    } bad[] = {
        {"size", "x", "size: expected an integer, found \"x\""},
        {"size", "", "size: expected an integer, found \"\""},
        {"size", "513", "size: 513 is above 512"},
        {"seed", "18446744073709551616",
         "seed: expected an integer from 0 to 18446744073709551615, found "
         "\"18446744073709551616\""},
        {"seconds", "nan", "seconds: expected a number, found \"nan\""},
        {"shadow", "1", "shadow: expected yes or no, found \"1\""},
        {"mode", "", "mode: \"\" is not one of fast, slow, best"},
        {"text", "\xff", "text: the text is not valid UTF-8"},
        {"layers", "[",
         "not valid YAML: a value is missing here, or a bracket before it is not closed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dio_error e = {0};
        assert_false(dio_field_set(dio_fields_find(fields, bad[i].name), &p, bad[i].text, a, &e));
        assert_string_equal(e.message, bad[i].want);
    }
}

static void help_is_derived(void **state)
{
    assert_string_equal(
        dio_fields_help(fields, "--", *state),
        "  --text TEXT               words to show (at most 10 characters; required)\n"
        "  --seconds X               how long it stays, seconds (0.1 to 600; default 2.5)\n"
        "  --size N                  cap height in pixels (8 to 512; default 64)\n"
        "  --[no-]shadow             draw a soft shadow (default no)\n"
        "  --offset N                where to begin (default -9223372036854775808)\n"
        "  --seed N                  the seed (default 7)\n"
        "  --gain X                  loudness factor (default 1)\n"
        "  --mode fast|slow|best     how hard to try (default fast)\n"
        "  --layers YAML             what lies on top\n"
        "  --note TEXT               for people | only\n"
        "  --max-tokens N            length limit (1 to 2048; default 24)\n");
    assert_non_null(strstr(dio_fields_help(fields, "", *state), "  maxTokens N   "));
}

static void markdown_is_derived(void **state)
{
    const char *text = dio_fields_markdown(fields, *state);
    assert_non_null(
        strstr(text, "| `text` | text | required | at most 10 characters | words to show |\n"));
    assert_non_null(
        strstr(text, "| `size` | integer | `64` | 8 to 512 | cap height in pixels |\n"));
    assert_non_null(strstr(text, "| `mode` | fast, slow, best | `fast` |  | how hard to try |\n"));
    assert_non_null(strstr(text, "| `note` | text |  |  | for people \\| only |\n"));
}

static void schema_is_derived(void **state)
{
    const char *text = dio_json_write(*state, dio_fields_schema(fields, true, *state), 0);
    static const char *const parts[] = {
        "{\"type\":\"object\",\"properties\":{\"text\":{\"description\":\"words to show\",\"type\":"
        "[\"string\",\"number\"],\"maxLength\":10},",
        "\"seconds\":{\"description\":\"how long it stays, "
        "seconds\",\"type\":\"number\",\"minimum\":0.1,"
        "\"maximum\":600,\"default\":2.5}",
        "\"shadow\":{\"description\":\"draw a soft "
        "shadow\",\"enum\":[true,false,\"yes\",\"no\",\"on\","
        "\"off\",\"true\",\"false\"],\"default\":false}",
        "\"mode\":{\"description\":\"how hard to "
        "try\",\"enum\":[\"fast\",\"slow\",\"best\"],\"default\":"
        "\"fast\"}",
        "\"maxTokens\":{",
        "},\"required\":[\"text\"],\"patternProperties\":{\"^x-\":{}},\"additionalProperties\":"
        "false}",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i]))
            fail_msg("%s\nis not in\n%s", parts[i], text);
    assert_null(strstr(dio_json_write(*state, dio_fields_schema(fields, false, *state), 0),
                       "additionalProperties"));
}

static void canonical_text_is_stable(void **state)
{
    struct params p;
    accepted(*state,
             "{text: \"a\\\"b\", layers: [{b: 1, a: {d: 2, c: 3}}], seed: 18446744073709551615}",
             &p);
    const char *want =
        "{\"text\":\"a\\\"b\",\"seconds\":2.5,\"size\":64,\"shadow\":false,\"offset\":"
        "-9223372036854775808,\"seed\":\"18446744073709551615\",\"gain\":1.0,\"mode\":"
        "\"fast\",\"layers\":[{\"a\":{\"c\":3,\"d\":2},\"b\":1}],\"note\":\"\","
        "\"maxTokens\":24}";
    assert_string_equal(dio_fields_canonical(fields, &p, *state), want);
    /* It reads back as the same values. */
    struct params q;
    dio_error err = {0};
    dio_value *v = dio_json_parse(*state, "c.json", want, strlen(want), &err);
    assert_true(dio_fields_read(fields, &q, v, "x", DIO_FIELDS_STRICT, *state, NULL, NULL, &err));
    assert_string_equal(dio_fields_canonical(fields, &q, *state), want);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_fill_what_is_absent),
        TEST(values_are_taken),
        TEST(faults_are_sentences),
        TEST(without_strict_strangers_pass),
        TEST(narrow_integers_are_guarded),
        TEST(all_problems_in_one_pass),
        TEST(text_sets_a_field),
        TEST(help_is_derived),
        TEST(markdown_is_derived),
        TEST(schema_is_derived),
        TEST(canonical_text_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
