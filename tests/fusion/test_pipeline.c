/* test_pipeline.c: files that are wrong, each with exactly what is said about it; files that are
 * right, and what is planned; the schema that editors use.
 *
 * tests/bad/NAME.yaml goes with NAME.txt, the whole of the problems. Where a file's first line is
 * "# set: a=b", that is set before the check; several are parted by " ; ".
 * DIORAMA_BLESS=1 writes the .txt files anew: read them before they are committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "fusion/fusion.h"
#include "fusion/pipeline.h"

static void apply_sets(dio_pipeline *p, const char *source, dio_arena *a)
{
    const char *mark = "# set: ";
    if (!source || strncmp(source, mark, strlen(mark)) != 0)
        return;
    char *line = dio_arena_strndup(a, source, strcspn(source, "\n"));
    for (char *at = line + strlen(mark); at;) {
        char *next = strstr(at, " ; ");
        if (next)
            *next = '\0';
        dio_pipeline_set(p, at);
        at = next ? next + 3 : NULL;
    }
}

static const char *problems_of(const char *path, dio_arena *a)
{
    dio_error err = {0};
    dio_pipeline *p = dio_pipeline_open(path, "assets", &err);
    if (!p)
        return dio_arena_printf(a, "%s\n", err.message);
    apply_sets(p, p->source, a);
    bool ok = dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"});
    int count;
    const char *text = dio_arena_strdup(a, dio_pipeline_problems(p, &count));
    assert_int_equal(ok, count == 0);
    dio_pipeline_close(p);
    return text;
}

static void bad_files_are_told_exactly(void **state)
{
    (void)state;
    struct dirent **list;
    int n = scandir("tests/bad", &list, NULL, alphasort), checked = 0, wrong = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        size_t length = strlen(list[i]->d_name);
        if (length > 5 && strcmp(list[i]->d_name + length - 5, ".yaml") == 0) {
            const char *path = dio_arena_printf(a, "tests/bad/%s", list[i]->d_name);
            const char *expected = dio_arena_printf(a, "%.*s.txt", (int)strlen(path) - 5, path);
            const char *got = problems_of(path, a);
            if (getenv("DIORAMA_BLESS"))
                dio_file_write(expected, got, strlen(got), &err);
            const char *want = dio_file_read(a, expected, 1 << 20, NULL, &err);
            if (!want || strcmp(got, want) != 0) {
                print_message("%s\n--- got\n%s--- want\n%s\n", path, got, want ? want : "?\n");
                wrong++;
            }
            checked++;
        }
        free(list[i]);
        dio_arena_destroy(a);
    }
    free(list);
    assert_int_equal(wrong, 0);
    assert_true(checked >= 40);
}

static const char good[] =
    "version: 1\n"
    "name: two\n"
    "inputs:\n"
    "  product: {type: string, maxLength: 80}\n"
    "  count: {type: integer, default: 3, minimum: 1, maximum: 9}\n"
    "  loud: {type: boolean, default: false}\n"
    "x-note: anything\n"
    "steps:\n"
    "  - id: last\n"
    "    uses: compose.image@1\n"
    "    needs: first\n"
    "    if: \"${{ inputs.loud || inputs.count > 2 }}\"\n"
    "    with: {headline: \"Now ${{ inputs.product }}\"}\n"
    "  - id: first\n"
    "    uses: compose.video@1\n"
    "    matrix: {format: [square-1x1, reels-9x16], mood: [warm, calm]}\n"
    "    with: {preset: \"${{ matrix.format }}\", headline: A, mood: \"${{ matrix.mood }}\"}\n"
    "outputs:\n"
    "  film: {from: \"${{ steps.first.outputs.video }}\", path: \"v/${{ matrix.format }}-${{ "
    "matrix.mood }}.mp4\"}\n"
    "  poster: {from: \"${{ steps.last.outputs.image }}\", path: \"${{ inputs.product | slug "
    "}}.png\"}\n";

static dio_pipeline *open_good(const char *const *sets, const char *only, const char **problems)
{
    dio_error err = {0};
    dio_pipeline *p = dio_pipeline_parse("good.yaml", good, strlen(good), "assets", &err);
    assert_non_null(p);
    for (int i = 0; sets[i]; i++)
        dio_pipeline_set(p, sets[i]);
    dio_pipeline_check(p, &(dio_check_options){.only = only});
    *problems = dio_pipeline_problems(p, NULL);
    return p;
}

static void a_good_file_is_planned(void **state)
{
    (void)state;
    const char *problems;
    dio_pipeline *p = open_good((const char *const[]){"product=Lumo Lamp", NULL}, NULL, &problems);
    assert_string_equal(problems, "");
    assert_string_equal(dio_pipeline_plan(p, false),
                        "first (format=square-1x1, mood=warm)     compose.video@1\n"
                        "first (format=square-1x1, mood=calm)     compose.video@1\n"
                        "first (format=reels-9x16, mood=warm)     compose.video@1\n"
                        "first (format=reels-9x16, mood=calm)     compose.video@1\n"
                        "last                                     compose.image@1\n"
                        "-> v/square-1x1-warm.mp4\n"
                        "-> v/square-1x1-calm.mp4\n"
                        "-> v/reels-9x16-warm.mp4\n"
                        "-> v/reels-9x16-calm.mp4\n"
                        "-> lumo-lamp.png\n");
    assert_non_null(strstr(dio_pipeline_plan(p, true), "\"needs\""));
    dio_pipeline_close(p);
}

static void what_is_set_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *sets[4], *problems;
    } rows[] = {
        {{NULL},
         "good.yaml:4:3: error: input \"product\" is required: give --set product=...\n"
         "      product: {type: string, maxLength: 80}\n"
         "      ^\n"},
        {{"prodct=x", "product=x", NULL},
         "error: --set prodct: the pipeline has no such input: did you mean \"product\"?\n"},
        {{"product", "product=x", NULL}, "error: --set product: write --set NAME=VALUE\n"},
        {{"product=x", "count=12", NULL},
         "--set: error: input \"count\": 12 is above its maximum of 9\n"},
        {{"product=x", "count=many", NULL},
         "--set: error: input \"count\": expected an integer, found a string\n"},
        {{"product=x\ay", NULL},
         "--set: error: input \"product\": it contains the control character U+0007\n"},
        {{"product=x", "loud=yes", NULL},
         "--set: error: input \"loud\": expected true or false, found a string\n"},
        {{"product=x", "product=\xff", NULL}, "error: --set product: byte 8 is not valid UTF-8\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *problems;
        dio_pipeline *p = open_good(rows[i].sets, NULL, &problems);
        assert_string_equal(problems, rows[i].problems);
        dio_pipeline_close(p);
    }
}

static void only_takes_what_a_step_needs(void **state)
{
    (void)state;
    const char *problems;
    const char *const sets[] = {"product=x", NULL};
    dio_pipeline *p = open_good(sets, "first", &problems);
    assert_string_equal(problems, "");
    assert_non_null(strstr(dio_pipeline_plan(p, false), "first (format=reels-9x16, mood=calm)"));
    assert_null(strstr(dio_pipeline_plan(p, false), "last"));
    dio_pipeline_close(p);
    p = open_good(sets, "frist", &problems);
    assert_string_equal(problems,
                        "error: --only frist: there is no such step: did you mean \"first\"?\n");
    dio_pipeline_close(p);
}

/* A byte order mark and CRLF are what other systems' editors write; `no` is a word. */
static void files_of_other_systems_are_read(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbfversion: 1\r\n"
                               "name: plain\r\n"
                               "inputs: {language: {type: string, default: no}}\r\n"
                               "steps:\r\n"
                               "  - id: a\r\n"
                               "    uses: compose.image@1\r\n"
                               "    with: {headline: Hei}\r\n"
                               "outputs:\r\n"
                               "  a: {from: \"${{ steps.a.outputs.image }}\",\r\n"
                               "      path: \"${{ inputs.language }}.png\"}\r\n";
    dio_error err = {0};
    dio_pipeline *p = dio_pipeline_parse("crlf.yaml", text, strlen(text), "assets", &err);
    assert_non_null(p);
    assert_true(dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"}));
    assert_string_equal(dio_pipeline_problems(p, NULL), "");
    assert_string_equal(dio_pipeline_plan(p, false), "a                                        "
                                                     "compose.image@1\n-> no.png\n");
    dio_pipeline_close(p);
}

/* Values from outside stay values: nothing in them is read as an expression, a path or a tag. */
static void hostile_products_stay_text(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"product=\"; rm -rf ~ #", "-> rm-rf.png\n"},
        {"product==cmd()", "-> cmd.png\n"},
        {"product=<script>alert(1)</script>", "-> script-alert-1-script.png\n"},
        {"product=../../etc/passwd", "-> etc-passwd.png\n"},
        {"product=${{ inputs.count }}", "-> inputs-count.png\n"},
        {"product=a\xe2\x80\xae"
         "b",
         "-> a-b.png\n"},
        {"product=a \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80 b", "-> a-b.png\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *problems;
        dio_pipeline *p = open_good((const char *const[]){rows[i][0], NULL}, "last", &problems);
        assert_string_equal(problems, "");
        if (!strstr(dio_pipeline_plan(p, false), rows[i][1]))
            fail_msg("%s: %s", rows[i][0], dio_pipeline_plan(p, false));
        dio_pipeline_close(p);
    }
}

static void the_schema_is_up_to_date(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const char *path = "docs/pipeline.schema.json";
    char *now = dio_pipeline_schema(a, "assets", &err);
    assert_non_null(now);
    now = dio_arena_printf(a, "%s\n", now);
    if (getenv("DIORAMA_BLESS"))
        dio_file_write(path, now, strlen(now), &err);
    char *then = dio_file_read(a, path, 1 << 20, NULL, &err);
    if (!then || strcmp(now, then) != 0)
        fail_msg("%s is not what `diorama schema` prints; write it anew", path);
    assert_non_null(dio_json_parse(a, path, then, strlen(then), &err));
    dio_arena_destroy(a);
}

/* Every one, with the house models that they name. */
static void the_pipelines_that_ship_are_good(void **state)
{
    (void)state;
    struct dirent **list;
    int n = scandir("pipelines", &list, NULL, alphasort), seen = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        size_t length = strlen(list[i]->d_name);
        if (length > 5 && strcmp(list[i]->d_name + length - 5, ".yaml") == 0) {
            const char *path = dio_arena_printf(a, "pipelines/%s", list[i]->d_name);
            dio_pipeline *p = dio_pipeline_open(path, "assets", &err);
            if (!p)
                fail_msg("%s", err.message);
            if (strstr(p->source, "  product:"))
                dio_pipeline_set(p, "product=Lumo Lamp");
            if (strstr(p->source, "  show:")) {
                dio_pipeline_set(p, "show=Second Shift");
                dio_pipeline_set(p, "host=Ada Lindt");
            }
            if (strstr(p->source, "  script: {type: string, maxLength: 400, desc"))
                dio_pipeline_set(p, "script=Read one more chapter.");
            if (strstr(p->source, "type: rows"))
                dio_pipeline_set(p, "lines=assets/examples/barks.csv");
            dio_error none = {0};
            if (strstr(p->source, "default: house/narrator") &&
                !dio_assets_model(a, "house/narrator", &none)) {
                print_message("%s: another voice, as house/narrator is not installed\n", path);
                dio_pipeline_set(p, "model=tests/golden/vits/mms");
            }
            dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"});
            assert_string_equal(dio_pipeline_problems(p, NULL), "");
            dio_pipeline_close(p);
            seen++;
        }
        free(list[i]);
        dio_arena_destroy(a);
    }
    free(list);
    assert_true(seen >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_told_exactly),
        cmocka_unit_test(a_good_file_is_planned),
        cmocka_unit_test(what_is_set_is_checked),
        cmocka_unit_test(only_takes_what_a_step_needs),
        cmocka_unit_test(files_of_other_systems_are_read),
        cmocka_unit_test(hostile_products_stay_text),
        cmocka_unit_test(the_schema_is_up_to_date),
        cmocka_unit_test(the_pipelines_that_ship_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
