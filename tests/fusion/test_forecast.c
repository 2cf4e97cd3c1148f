/* test_forecast.c: what a dry run foretells against what the run then does; ledgers of older
 * diorama. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/fusion.h"
#include "fusion/ledger.h"

static const char source[] =
    "version: 1\n"
    "name: small\n"
    "inputs: {product: {type: string, default: Lumo}, more: {type: boolean, default: false}}\n"
    "steps:\n"
    "  - {id: a, uses: compose.image@1, with: {headline: \"Meet ${{ inputs.product }}\"}}\n"
    "  - {id: b, uses: compose.image@1, with: {headline: B, hero: \"${{ steps.a.outputs.image "
    "}}\"}}\n"
    "  - {id: c, uses: compose.image@1, if: \"${{ inputs.more }}\", with: {headline: C}}\n"
    "  - {id: d, uses: compose.image@1, with: {headline: D, hero: \"${{ steps.c.outputs.image "
    "}}\"}}\n"
    "  - {id: e, uses: compose.image@1, with: {headline: E}}\n"
    "outputs: {b: {from: \"${{ steps.b.outputs.image }}\"}}\n";

static char dir[64], out[128], cache[128];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/diorama-forecast-XXXXXX");
    bool ok = mkdtemp(dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(cache, sizeof cache, "%s/cache", dir);
    return ok ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The forecast in *text, of malloc; then, if asked, the run. */
static void go(const char *set, const char *again, bool json, char **text, bool run)
{
    dio_error err = {0};
    dio_pipeline *p = dio_pipeline_parse("small.yaml", source, strlen(source), "assets", &err);
    assert_non_null(p);
    if (set)
        dio_pipeline_set(p, set);
    dio_pipeline_check(p, &(dio_check_options){.out = out});
    assert_string_equal(dio_pipeline_problems(p, NULL), "");
    dio_run_options o = {.out = out, .cache = cache, .again = again, .record = true};
    const char *told = dio_pipeline_forecast(p, &o, json, &err);
    if (!told)
        fail_msg("%s", err.message);
    *text = strdup(told);
    if (run && !dio_pipeline_run(p, &o, &err))
        fail_msg("%s", err.message);
    dio_pipeline_close(p);
}

static const char *last_line(const char *text)
{
    const char *at = text + strlen(text) - 1;
    while (at > text && at[-1] != '\n')
        at--;
    return at;
}

static void nothing_is_made_by_looking(void **state)
{
    (void)state;
    char *text;
    go(NULL, NULL, false, &text, false);
    assert_string_equal(text, "a                                        compose.image@1      to be "
                              "made\n"
                              "b                                        compose.image@1      to be "
                              "made\n"
                              "c                                        compose.image@1      "
                              "skipped\n"
                              "d                                        compose.image@1      "
                              "skipped\n"
                              "e                                        compose.image@1      to be "
                              "made\n"
                              "-> b.png\n"
                              "5 runs: 0 kept, 3 to be made, 2 skipped; 3 of a kind that was not "
                              "made before\n");
    free(text);
    assert_false(dio_file_exists(out) || dio_file_exists(cache));
}

static void it_comes_as_foretold(void **state)
{
    (void)state;
    char *text;
    go(NULL, NULL, false, &text, true);
    free(text);
    go(NULL, NULL, false, &text, false);
    assert_string_equal(last_line(text), "5 runs: 3 kept, 0 to be made, 2 skipped\n");
    free(text);
    /* Another word: a, and b which needs it; of e the time is known. */
    go("product=Lamp", NULL, false, &text, true);
    const char *line = last_line(text);
    if (strncmp(line, "5 runs: 1 kept, 2 to be made, 2 skipped; about ", 47) != 0 ||
        !strstr(line, " MB at once\n"))
        fail_msg("%s", line);
    free(text);
    go("product=Lamp", "b", false, &text, false);
    assert_int_equal(strncmp(last_line(text), "5 runs: 2 kept, 1 to be made, 2 skipped; ", 41), 0);
    free(text);
    /* c and what it gives are to come: d depends on what is not known yet. */
    go("more=true", NULL, true, &text, false);
    assert_non_null(strstr(text, "\"kept\": 3,\n    \"made\": 2,\n    \"skipped\": 0,\n    "
                                 "\"unknown\": 0,\n    \"seconds\": "));
    free(text);
}

/* Form 1 knew nothing of memory. */
static void an_older_ledger_is_brought_up(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    bool damaged;
    const char *warning;
    const char *folder = dio_path_join(a, dir, "old/.diorama");
    assert_true(dio_dir_make(folder, &err));
    dio_db *db = dio_db_open(
        dio_path_join(a, folder, "ledger.db"),
        "create table task (id integer primary key, run integer, row integer, label text,"
        " uses text, key text, state text, cached integer, seconds real, params text, error text);"
        "insert into task (uses, state, cached, seconds) values ('x@1', 'done', 0, 2.5)",
        1, NULL, &damaged, &err);
    assert_non_null(db);
    dio_db_close(db);
    for (int i = 0; i < 2; i++) {
        dio_ledger *l = dio_ledger_open(dio_path_join(a, dir, "old"), a, &warning, &err);
        if (!l || warning)
            fail_msg("%s %s", err.message, warning);
        assert_true(dio_ledger_expect(l, "x@1") == 2.5);
        assert_true(dio_ledger_memory(l, "x@1") == (i ? 120 : -1));
        dio_ledger_task_add(
            l, &(dio_ledger_task){.uses = "x@1", .state = "done", .seconds = 2.5, .rss_mb = 120});
        assert_null(dio_ledger_trouble(l));
        dio_ledger_close(l);
    }
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_made_by_looking),
        cmocka_unit_test(it_comes_as_foretold),
        cmocka_unit_test(an_older_ledger_is_brought_up),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
