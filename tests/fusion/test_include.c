/* test_include.c: pipelines of several files: what goes down into them, what comes up, and what is
 * remembered. Mistakes in them are tests/bad/include*.yaml. */
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
#include "fusion/pipeline.h"

static const char top[] =
    "version: 1\n"
    "name: top\n"
    "inputs:\n"
    "  product: {type: string}\n"
    "  cards: {type: boolean, default: true}\n"
    "  mood: {type: string, default: calm}\n"
    "defaults: {seed: 3, with: {compose.image@1: {headline: Top, palette: dusk}}}\n"
    "steps:\n"
    "  - {id: first, uses: compose.image@1}\n"
    "  - id: card\n"
    "    uses: ./parts/card.yaml\n"
    "    if: \"${{ inputs.cards }}\"\n"
    "    needs: first\n"
    "    with: {title: \"For ${{ inputs.product }}\", mood: \"${{ inputs.mood }}\"}\n"
    "  - id: last\n"
    "    uses: compose.image@1\n"
    "    with: {headline: Last, hero: \"${{ steps.card.outputs.picture }}\"}\n"
    "  - id: reuse\n"
    "    uses: ./parts/inner.yaml\n"
    "    with: {words: Reuse, back: \"${{ steps.first.outputs.image }}\"}\n"
    "outputs:\n"
    "  reuse: {from: \"${{ steps.reuse.outputs.image }}\"}\n"
    "  first: {from: \"${{ steps.first.outputs.image }}\"}\n"
    "  last: {from: \"${{ steps.last.outputs.image }}\", path: \"l/last.png\"}\n"
    "  sizes: {from: \"${{ steps.card.outputs.sizes }}\", path: \"${{ matrix.preset }}.png\"}\n";

static const char card[] =
    "version: 1\n"
    "name: card\n"
    "inputs:\n"
    "  title: {type: string, maxLength: 20}\n"
    "  mood: {type: enum, values: [calm, warm], default: warm}\n"
    "  back: {type: image, default: back.png}\n"
    "steps:\n"
    "  - id: inner\n"
    "    uses: ./inner.yaml\n"
    "    with: {words: \"${{ inputs.title }}\", back: \"${{ inputs.back }}\"}\n"
    "  - id: sizes\n"
    "    uses: compose.image@1\n"
    "    matrix: {preset: [square-1x1, feed-4x5]}\n"
    "    with: {preset: \"${{ matrix.preset }}\", headline: \"${{ inputs.title }}\"}\n"
    "outputs:\n"
    "  picture: {from: \"${{ steps.inner.outputs.image }}\"}\n"
    "  sizes: {from: \"${{ steps.sizes.outputs.image }}\"}\n";

static const char inner[] =
    "version: 1\n"
    "inputs: {words: {type: string}, back: {type: image}}\n"
    "steps:\n"
    "  - id: image\n"
    "    uses: compose.image@1\n"
    "    with: {headline: \"${{ inputs.words }}\", hero: \"${{ inputs.back }}\"}\n"
    "outputs: {image: {from: \"${{ steps.image.outputs.image }}\"}}\n";

static char dir[64];

static void put(const char *name, const void *text, size_t n)
{
    dio_error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!dio_file_write(path, text, n, &err))
        fail_msg("%s", err.message);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    size_t n;
    strcpy(dir, "/tmp/diorama-include-XXXXXX");
    if (!mkdtemp(dir) || !dio_dir_make(dio_path_join(a, dir, "parts"), &err))
        return -1;
    const char *picture = dio_file_read(a, "tests/golden/diffuser/init.png", 1 << 20, &n, &err);
    if (!picture) {
        print_message("%s\n", err.message);
        return -1;
    }
    put("parts/back.png", picture, n);
    dio_arena_destroy(a);
    put("top.yaml", top, strlen(top));
    put("parts/card.yaml", card, strlen(card));
    put("parts/inner.yaml", inner, strlen(inner));
    return 0;
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

static dio_pipeline *open_top(const char *const *sets, const char *only)
{
    dio_error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/top.yaml", dir);
    dio_pipeline *p = dio_pipeline_open(path, "assets", &err);
    assert_non_null(p);
    for (int i = 0; sets[i]; i++)
        dio_pipeline_set(p, sets[i]);
    dio_pipeline_check(p, &(dio_check_options){.only = only});
    return p;
}

static const char *const lamp[] = {"product=Lumo", NULL};

static void steps_of_files_join_the_graph(void **state)
{
    (void)state;
    dio_pipeline *p = open_top(lamp, NULL);
    assert_string_equal(dio_pipeline_problems(p, NULL), "");
    assert_string_equal(dio_pipeline_plan(p, false),
                        "first                                    compose.image@1\n"
                        "card/inner/image                         compose.image@1\n"
                        "card/sizes (preset=square-1x1)           compose.image@1\n"
                        "card/sizes (preset=feed-4x5)             compose.image@1\n"
                        "last                                     compose.image@1\n"
                        "reuse/image                              compose.image@1\n"
                        "-> reuse.png\n"
                        "-> first.png\n"
                        "-> l/last.png\n"
                        "-> square-1x1.png\n"
                        "-> feed-4x5.png\n");
    dio_pipeline_close(p);
    p = open_top(lamp, "card/inner");
    assert_string_equal(dio_pipeline_problems(p, NULL), "");
    assert_non_null(strstr(dio_pipeline_plan(p, false), "card/inner/image"));
    assert_null(strstr(dio_pipeline_plan(p, false), "card/sizes"));
    dio_pipeline_close(p);
}

static void what_goes_down_is_checked(void **state)
{
    (void)state;
    const char *const sets[] = {"product=A very long name of a lamp", "mood=dark", NULL};
    dio_pipeline *p = open_top(sets, NULL);
    const char *problems = dio_pipeline_problems(p, NULL);
    assert_non_null(strstr(problems, "top.yaml:14:19: error: input \"title\": it is 30 characters "
                                     "long, above its maxLength of 20\n"
                                     "        with: {title: \"For ${{ inputs.product }}\""));
    assert_non_null(strstr(problems, "error: input \"mood\": \"dark\" is none of its values"));
    dio_pipeline_close(p);
}

/* A file that changes makes another pipeline of it, for batches that go on. */
static void the_hash_is_of_all_files(void **state)
{
    (void)state;
    char before[DIO_HASH_TEXT];
    dio_pipeline *p = open_top(lamp, NULL);
    strcpy(before, p->hash);
    assert_non_null(
        strstr(dio_pipeline_text(p, p->arena), "---\n# parts/inner.yaml\nversion: 1\n"));
    dio_pipeline_close(p);
    put("parts/inner.yaml", inner, strlen(inner) - 1);
    p = open_top(lamp, NULL);
    assert_string_not_equal(before, p->hash);
    dio_pipeline_close(p);
    put("parts/inner.yaml", inner, strlen(inner));
}

struct seen {
    int done, kept, skipped;
};

static void on_event(void *user, const dio_run_event *e)
{
    struct seen *s = user;
    s->skipped += e->what == DIO_RUN_END && e->skipped;
    s->kept += e->what == DIO_RUN_END && e->kept;
    s->done += e->what == DIO_RUN_END && !e->kept && !e->skipped && !e->failed;
}

static struct seen run(const char *const *sets, const char *again)
{
    struct seen s = {0};
    dio_error err = {0};
    char out[128], cache[128];
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(cache, sizeof cache, "%s/cache", dir);
    dio_pipeline *p = open_top(sets, NULL);
    assert_string_equal(dio_pipeline_problems(p, NULL), "");
    dio_run_options o = {.out = out, .cache = cache, .again = again, .event = on_event, .user = &s};
    if (!dio_pipeline_run(p, &o, &err))
        fail_msg("%s", err.message);
    dio_pipeline_close(p);
    return s;
}

static bool there(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/out/%s", dir, name);
    return dio_file_exists(path);
}

static void results_come_up(void **state)
{
    (void)state;
    struct seen s = run((const char *const[]){"product=Lumo", "cards=false", NULL}, NULL);
    assert_int_equal(s.done, 2);
    assert_int_equal(s.skipped, 4); /* the file's three, and what needs one of them */
    assert_true(there("first.png") && there("reuse.png") && !there("l/last.png"));
    s = run(lamp, NULL);
    assert_int_equal(s.kept, 2);
    assert_int_equal(s.done, 4);
    assert_true(there("l/last.png") && there("square-1x1.png") && there("feed-4x5.png"));
    s = run(lamp, "card");
    assert_int_equal(s.kept, 2); /* all others stand in the file, or need it */
    s = run((const char *const[]){"product=Lamp", NULL}, NULL);
    assert_int_equal(s.kept, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_of_files_join_the_graph),
        cmocka_unit_test(what_goes_down_is_checked),
        cmocka_unit_test(the_hash_is_of_all_files),
        cmocka_unit_test(results_come_up),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
