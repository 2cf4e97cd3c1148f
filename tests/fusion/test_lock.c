/* test_lock.c: what a run writes into diorama.lock, and what a locked run refuses. */
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
#include "base/value.h"
#include "fusion/fusion.h"

#define SOURCE(sizes, more)                                                                        \
    "version: 1\n"                                                                                 \
    "name: small\n"                                                                                \
    "inputs: {product: {type: string, default: Lumo}}\n"                                           \
    "steps:\n"                                                                                     \
    "  - {id: bed, uses: audio.bed@1, with: {mood: warm, seconds: 1}}\n"                           \
    "  - id: poster\n"                                                                             \
    "    uses: compose.image@1\n"                                                                  \
    "    matrix: {preset: [" sizes "]}\n"                                                          \
    "    with: {preset: \"${{ matrix.preset }}\", headline: \"Meet ${{ inputs.product "            \
    "}}\"}\n" more
static const char plain[] = SOURCE("square-1x1, feed-4x5", "");
static const char changed[] =
    SOURCE("square-1x1", "  - {id: last, uses: compose.image@1, with: {headline: A}}\n");

static char dir[64], out[128], path[160];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/diorama-lock-XXXXXX");
    bool ok = mkdtemp(dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(path, sizeof path, "%s/diorama.lock", out);
    return ok ? 0 : -1;
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(name);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The problems of a check, of malloc; runs when there are none. */
static char *render(const char *source, uint64_t seed, const char *only, bool locked)
{
    dio_error err = {0};
    dio_pipeline *p = dio_pipeline_parse("small.yaml", source, strlen(source), "assets", &err);
    assert_non_null(p);
    bool ok = dio_pipeline_check(
        p, &(dio_check_options){
               .has_seed = true, .seed = seed, .only = only, .out = out, .locked = locked});
    char *problems = strdup(dio_pipeline_problems(p, NULL));
    if (ok && !dio_pipeline_run(p, &(dio_run_options){.out = out, .locked = locked}, &err))
        fail_msg("%s", err.message);
    dio_pipeline_close(p);
    return problems;
}

static char *read_lock(dio_arena *a)
{
    dio_error err = {0};
    return dio_file_read(a, path, 1 << 20, NULL, &err);
}

static void put(const char *text)
{
    dio_error err = {0};
    assert_true(dio_file_write(path, text, strlen(text), &err));
}

static void ends_well(char *problems)
{
    assert_string_equal(problems, "");
    free(problems);
}

static void has(char *problems, const char *const *says)
{
    for (int i = 0; says[i]; i++)
        if (!strstr(problems, says[i]))
            fail_msg("%s\n--- lacks\n%s", problems, says[i]);
    free(problems);
}

static void a_whole_run_writes_it(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    char expected[300];
    snprintf(expected, sizeof expected,
             "error: --locked: there is no %s; a render without --locked writes it\n", path);
    has(render(plain, 5, NULL, true), (const char *const[]){expected, NULL});
    ends_well(render(plain, 5, "bed", false));
    assert_null(read_lock(a)); /* a part does not tell of the whole */
    ends_well(render(plain, 5, NULL, false));
    const char *first = read_lock(a);
    assert_non_null(strstr(first, "\"seed\": 5,\n  \"steps\": [\n    {\n      \"step\": \"bed\",\n"
                                  "      \"uses\": \"audio.bed@1\","));
    assert_non_null(strstr(first, "\"poster (preset=square-1x1)\",\n        "
                                  "\"poster (preset=feed-4x5)\""));
    ends_well(render(plain, 5, NULL, false));
    assert_string_equal(first, read_lock(a));
    ends_well(render(plain, 5, NULL, true));
    dio_arena_destroy(a);
}

static void what_differs_is_refused(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    const char *before = read_lock(a);
    has(render(changed, 6, NULL, true),
        (const char *const[]){
            "error: the seed is locked to 5; it is now 6\n      \"seed\": 5,\n              ^\n",
            "error: step \"poster\" has other runs than are locked: [\"poster "
            "(preset=square-1x1)\"]\n",
            "error: step \"last\" is not locked\n", NULL});
    put("{\"version\": 1, \"seed\": 5, \"steps\": [\n"
        "{\"step\": \"bed\", \"uses\": \"audio.bed@2\", \"runs\": [\"bed\"]}, {\"step\": "
        "\"gone\"}],\n"
        "\"models\": {\"house/none\": \"ab\", \"house/copywriter\": \"0123456789abcdef\"}}\n");
    has(render(plain, 5, NULL, true),
        (const char *const[]){
            "diorama.lock:2:1: error: step \"bed\" is locked to audio.bed@2; the pipeline uses "
            "audio.bed@1\n",
            "error: step \"gone\" is locked, but the pipeline has none\n",
            "error: step \"poster\" is not locked\n",
            "diorama.lock:3:12: error: a locked model is not here: ",
            "error: model house/copywriter is locked to SHA-256 0123456789ab...; it is now ",
            NULL});
    put("[]\n");
    has(render(plain, 5, NULL, true),
        (const char *const[]){"diorama.lock:1:1: error: this is not a lock of version 1", NULL});
    put("{");
    has(render(plain, 5, NULL, true),
        (const char *const[]){"diorama.lock:1:1: error: not valid JSON", NULL});
    put(before);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_run_writes_it),
        cmocka_unit_test(what_differs_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
