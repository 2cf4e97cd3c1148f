/* test_yaml_limits.c: what a YAML text may cost: bombs, depth, repetition and large maps. */
#define _GNU_SOURCE
#include "tests/base/yaml_case.h"

#include <sys/resource.h>
#include <time.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bomb_fizzles), /* first: it looks at the peak of memory */
        TEST(the_budget_is_exact),      TEST(depth_has_a_limit),
        TEST(repetition_costs_nothing), TEST(large_maps_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
