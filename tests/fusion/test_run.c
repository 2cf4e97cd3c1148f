/* test_run.c: whole runs in a folder of their own: what stands there afterwards, and what does not.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/value.h"
#include "fusion/fusion.h"

static const char source[] =
    "version: 1\n"
    "name: small\n"
    "inputs:\n"
    "  product: {type: string}\n"
    "  again: {type: boolean, default: false}\n"
    "defaults: {seed: 5}\n"
    "steps:\n"
    "  - id: poster\n"
    "    uses: compose.image@1\n"
    "    with: {headline: \"Meet ${{ inputs.product }}\", cta: Go, palette: dusk}\n"
    "  - id: film\n"
    "    uses: compose.video@1\n"
    "    matrix: {format: [square-1x1]}\n"
    "    with: {preset: \"${{ matrix.format }}\", headline: \"${{ inputs.product }}\", seconds: "
    "1}\n"
    "  - id: second\n"
    "    uses: compose.image@1\n"
    "    if: \"${{ inputs.again }}\"\n"
    "    with: {headline: Again}\n"
    "  - id: third\n"
    "    uses: compose.image@1\n"
    "    with: {headline: After, body: \"${{ steps.second.outputs.image }}\"}\n"
    "outputs:\n"
    "  poster: {from: \"${{ steps.poster.outputs.image }}\", path: \"a/${{ inputs.product | slug "
    "}}.png\"}\n"
    "  copy: {from: \"${{ steps.poster.outputs.image }}\", path: copy.png}\n"
    "  film: {from: \"${{ steps.film.outputs.video }}\", path: \"${{ matrix.format }}.mp4\"}\n"
    "  third: {from: \"${{ steps.third.outputs.image }}\", path: third.png}\n";

static int setup(void **state)
{
    static char dir[64];
    strcpy(dir, "/tmp/diorama-run-XXXXXX");
    *state = dir;
    return mkdtemp(dir) ? 0 : -1;
}

static void remove_all(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[1024];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_type == DT_DIR)
            remove_all(path);
        else
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

static int teardown(void **state)
{
    chmod(*state, 0700);
    remove_all(*state);
    return 0;
}

struct seen {
    int plan, begin, end, skipped, file, done, progress;
    double last;
    bool stop;
    int stop_after;
};

static void on_event(void *user, const dio_run_event *e)
{
    struct seen *s = user;
    s->plan += e->what == DIO_RUN_PLAN;
    s->begin += e->what == DIO_RUN_BEGIN;
    s->end += e->what == DIO_RUN_END;
    s->skipped += e->skipped;
    s->file += e->what == DIO_RUN_FILE;
    s->done += e->what == DIO_RUN_DONE;
    s->progress += e->what == DIO_RUN_PROGRESS;
    assert_true(e->done >= 0 && e->done <= 1 + 1e-9);
    if (e->what != DIO_RUN_FILE) {
        assert_true(e->done >= s->last - 1e-9);
        s->last = e->done;
    }
}

static bool on_cancel(void *user)
{
    struct seen *s = user;
    return s->stop && s->begin >= s->stop_after;
}

static dio_pipeline *open_source(const char *product, const char *out)
{
    dio_error err = {0};
    char set[200];
    snprintf(set, sizeof set, "product=%s", product);
    dio_pipeline *p = dio_pipeline_parse("small.yaml", source, strlen(source), "assets", &err);
    assert_non_null(p);
    dio_pipeline_set(p, set);
    if (!dio_pipeline_check(p, &(dio_check_options){.out = out}))
        fail_msg("%s", dio_pipeline_problems(p, NULL));
    return p;
}

static bool run(const char *product, const char *out, struct seen *seen, dio_error *err)
{
    dio_pipeline *p = open_source(product, out);
    bool ok = dio_pipeline_run(
        p, &(dio_run_options){.out = out, .event = on_event, .cancelled = on_cancel, .user = seen},
        err);
    dio_pipeline_close(p);
    return ok;
}

static char *in(dio_arena *a, const char *dir, const char *name)
{
    return dio_path_join(a, dir, name);
}

/* Entries of a folder, without . and .. */
static int entries(const char *dir)
{
    struct dirent **list;
    int n = scandir(dir, &list, NULL, NULL);
    for (int i = 0; i < n; i++)
        free(list[i]);
    if (n >= 0)
        free(list);
    return n - 2;
}

static const char *word(const dio_value *v, const char *key)
{
    const dio_value *item = dio_map_get(v, key);
    return item && item->kind == DIO_STRING ? item->string.text : "";
}

static void a_run_leaves_its_outputs_and_their_story(void **state)
{
    dio_arena *a = dio_arena_create();
    const char *out = in(a, *state, "new/folder");
    struct seen seen = {0};
    dio_error err = {0};
    if (!run("Lumo Lamp", out, &seen, &err))
        fail_msg("%s", err.message);
    assert_true(seen.plan == 1 && seen.begin == 4 && seen.end == 4 && seen.done == 1);
    assert_int_equal(seen.skipped, 2); /* the second, and the third that needs it */
    assert_int_equal(seen.file, 3);
    assert_true(dio_file_exists(in(a, out, "a/lumo-lamp.png")));
    assert_true(dio_file_exists(in(a, out, "copy.png")));
    assert_true(dio_file_exists(in(a, out, "square-1x1.mp4")));
    assert_int_equal(entries(out), 5); /* a, copy, film, run.json, diorama.lock: no work folder */

    dio_value *record = dio_value_read(a, in(a, out, "run.json"), 1 << 20, &err);
    assert_non_null(record);
    assert_string_equal(word(record, "state"), "done");
    assert_int_equal(dio_map_get(record, "seed")->integer, 5);
    assert_string_equal(word(dio_map_get(record, "inputs"), "product"), "Lumo Lamp");
    const dio_value *steps = dio_map_get(record, "steps"),
                    *outputs = dio_map_get(record, "outputs");
    assert_int_equal(steps->list.count, 4);
    assert_string_equal(word(steps->list.items[3], "state"), "skipped");
    assert_string_equal(word(dio_map_get(steps->list.items[0], "with"), "headline"),
                        "Meet Lumo Lamp");
    assert_int_equal(outputs->list.count, 3);
    for (int i = 0; i < outputs->list.count; i++) {
        char hash[DIO_HASH_TEXT];
        const dio_value *o = outputs->list.items[i];
        assert_true(dio_hash_file(in(a, out, word(o, "path")), hash, &err));
        assert_string_equal(hash, word(o, "sha256"));
    }
    dio_arena_destroy(a);
}

static void the_same_run_makes_the_same_files(void **state)
{
    dio_arena *a = dio_arena_create();
    static const char *const names[] = {"copy.png", "square-1x1.mp4"};
    const char *first = in(a, *state, "1"), *second = in(a, *state, "2");
    struct seen s1 = {0}, s2 = {0};
    dio_error err = {0};
    assert_true(run("Tea", first, &s1, &err) && run("Tea", second, &s2, &err));
    for (int i = 0; i < 2; i++) {
        char p[DIO_HASH_TEXT], q[DIO_HASH_TEXT];
        assert_true(dio_hash_file(in(a, first, names[i]), p, &err));
        assert_true(dio_hash_file(in(a, second, names[i]), q, &err));
        assert_string_equal(p, q);
    }
    dio_arena_destroy(a);
}

static void a_stopped_run_leaves_no_half_file(void **state)
{
    dio_arena *a = dio_arena_create();
    const char *out = in(a, *state, "stopped");
    struct seen seen = {.stop = true, .stop_after = 2};
    dio_error err = {0};
    assert_false(run("Tea", out, &seen, &err));
    assert_string_equal(err.message, "step film (format=square-1x1): stopped on request");
    assert_int_equal(err.kind, DIO_ERROR_RETRY);
    assert_false(dio_file_exists(in(a, out, "square-1x1.mp4")));
    assert_true(dio_file_exists(in(a, out, "copy.png"))); /* its step had finished */
    dio_value *record = dio_value_read(a, in(a, out, "run.json"), 1 << 20, &err);
    assert_non_null(record);
    assert_string_equal(word(record, "state"), "failed");
    assert_int_equal(entries(out), 3);
    dio_arena_destroy(a);
}

/* A character without a glyph and words without room are told by step and by name. */
static void a_step_that_fails_says_why(void **state)
{
    dio_arena *a = dio_arena_create();
    struct seen seen = {0};
    dio_error err = {0};
    assert_false(run("x \xf3\xb0\x80\x80", in(a, *state, "glyph"), &seen, &err));
    assert_non_null(strstr(err.message, "step poster: headline: no font has the character "
                                        "U+F0000"));
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_arena_destroy(a);
}

static void folders_that_cannot_be_written_are_told(void **state)
{
    dio_arena *a = dio_arena_create();
    struct seen seen = {0};
    dio_error err = {0};
    const char *file = in(a, *state, "file");
    assert_true(dio_file_write(file, "x", 1, &err));
    dio_pipeline *p = dio_pipeline_parse("small.yaml", source, strlen(source), "assets", &err);
    dio_pipeline_set(p, "product=Tea");
    assert_false(dio_pipeline_check(p, &(dio_check_options){.out = file}));
    assert_non_null(strstr(dio_pipeline_problems(p, NULL), "Not a directory"));
    dio_pipeline_close(p);
    /* A folder stands where a file is to be written. */
    const char *out = in(a, *state, "taken");
    dio_error_clear(&err);
    assert_true(dio_dir_make(in(a, out, "copy.png"), &err));
    assert_false(run("Tea", out, &seen, &err));
    assert_non_null(strstr(err.message, "copy.png"));
    dio_arena_destroy(a);
}

/* A link in the output folder must not lead a file out of it. */
static void links_do_not_lead_out(void **state)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const char *out = in(a, *state, "linked"), *outside = in(a, *state, "outside");
    assert_true(dio_dir_make(out, &err) && dio_dir_make(outside, &err));
    assert_int_equal(symlink(outside, in(a, out, "a")), 0);
    dio_pipeline *p = dio_pipeline_parse("small.yaml", source, strlen(source), "assets", &err);
    dio_pipeline_set(p, "product=Tea");
    assert_false(dio_pipeline_check(p, &(dio_check_options){.out = out}));
    assert_non_null(strstr(dio_pipeline_problems(p, NULL), "symbolic link"));
    dio_pipeline_close(p);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_leaves_its_outputs_and_their_story, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_run_makes_the_same_files, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_run_leaves_no_half_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_that_fails_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_that_cannot_be_written_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(links_do_not_lead_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
