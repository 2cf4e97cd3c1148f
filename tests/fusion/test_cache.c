/* test_cache.c: what is made once is found again, and only while it is what it was. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gang.h"
#include "base/value.h"
#include "fusion/cache.h"
#include "fusion/db.h"
#include "fusion/fusion.h"
#include "fusion/ledger.h"

static const char source[] =
    "version: 1\n"
    "name: kept\n"
    "inputs:\n"
    "  cta: {type: string, default: Go}\n"
    "  hero: {type: image, required: false}\n"
    "steps:\n"
    "  - id: ground\n"
    "    uses: compose.image@1\n"
    "    with: {preset: square-1x1, headline: Ground, palette: dusk, hero: \"${{ inputs.hero | "
    "default('') }}\"}\n"
    "  - id: poster\n"
    "    uses: compose.image@1\n"
    "    with: {preset: square-1x1, headline: Poster, cta: \"${{ inputs.cta }}\", palette: dusk,\n"
    "           hero: \"${{ steps.ground.outputs.image }}\"}\n"
    "  - id: free\n"
    "    uses: compose.image@1\n"
    "    with: {preset: square-1x1, headline: Free, palette: dusk}\n"
    "outputs:\n"
    "  ground: {from: \"${{ steps.ground.outputs.image }}\", path: ground.png}\n"
    "  poster: {from: \"${{ steps.poster.outputs.image }}\", path: poster.png}\n"
    "  free: {from: \"${{ steps.free.outputs.image }}\", path: free.png}\n";

struct place {
    char dir[64], cache[80], out[80];
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    *state = p;
    strcpy(p->dir, "/tmp/diorama-cache-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->cache, sizeof p->cache, "%s/cache", p->dir);
    snprintf(p->out, sizeof p->out, "%s/out", p->dir);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct place *p = *state;
    nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(p);
    return 0;
}

struct seen {
    int made, kept, warnings;
    char made_names[200], warning[400];
};

static void on_event(void *user, const dio_run_event *e)
{
    struct seen *s = user;
    if (e->what == DIO_RUN_END && !e->failed && !e->skipped) {
        s->made += !e->kept;
        s->kept += e->kept;
        if (!e->kept) {
            strcat(s->made_names, e->step);
            strcat(s->made_names, " ");
        }
    }
    if (e->what == DIO_RUN_WARNING) {
        s->warnings++;
        snprintf(s->warning, sizeof s->warning, "%s", e->text);
    }
}

/* Runs the pipeline with these settings (NULL-terminated) into the place. */
static struct seen run(const struct place *at, const char *again, const char *const *sets)
{
    struct seen seen = {0};
    dio_error err = {0};
    char path[100];
    snprintf(path, sizeof path, "%s/kept.yaml", at->dir);
    dio_pipeline *p = dio_pipeline_parse(path, source, strlen(source), "assets", &err);
    assert_non_null(p);
    for (; sets && *sets; sets++)
        dio_pipeline_set(p, *sets);
    if (!dio_pipeline_check(
            p, &(dio_check_options){.out = at->out, .from = again && *again ? again : NULL}))
        fail_msg("%s", dio_pipeline_problems(p, NULL));
    if (!dio_pipeline_run(p,
                          &(dio_run_options){.out = at->out,
                                             .cache = at->cache,
                                             .again = again,
                                             .record = true,
                                             .event = on_event,
                                             .user = &seen},
                          &err))
        fail_msg("%s", err.message);
    dio_pipeline_close(p);
    return seen;
}

static void hash_of(const struct place *at, const char *name, char out[DIO_HASH_TEXT])
{
    char path[120];
    dio_error err = {0};
    snprintf(path, sizeof path, "%s/%s", at->out, name);
    assert_true(dio_hash_file(path, out, &err));
}

/* ---- what is made, what is kept ---- */

static void an_unchanged_run_makes_nothing(void **state)
{
    const struct place *at = *state;
    char before[DIO_HASH_TEXT], after[DIO_HASH_TEXT];
    assert_int_equal(run(at, NULL, NULL).made, 3);
    hash_of(at, "poster.png", before);
    struct seen s = run(at, NULL, NULL);
    assert_int_equal(s.made, 0);
    assert_int_equal(s.kept, 3);
    assert_int_equal(s.warnings, 0);
    hash_of(at, "poster.png", after);
    assert_string_equal(before, after);
}

static void a_file_that_is_gone_comes_back_without_work(void **state)
{
    const struct place *at = *state;
    char before[DIO_HASH_TEXT], after[DIO_HASH_TEXT], path[120];
    run(at, NULL, NULL);
    hash_of(at, "poster.png", before);
    snprintf(path, sizeof path, "%s/poster.png", at->out);
    unlink(path);
    assert_int_equal(run(at, NULL, NULL).made, 0);
    hash_of(at, "poster.png", after);
    assert_string_equal(before, after);
    FILE *f = fopen(path, "r+"); /* what somebody spoilt is put right as well */
    fputs("spoilt", f);
    fclose(f);
    assert_int_equal(run(at, NULL, NULL).made, 0);
    hash_of(at, "poster.png", after);
    assert_string_equal(before, after);
}

static void only_what_depends_on_a_word_is_made_anew(void **state)
{
    const struct place *at = *state;
    run(at, NULL, NULL);
    struct seen s = run(at, NULL, (const char *const[]){"cta=Buy", NULL});
    assert_string_equal(s.made_names, "poster ");
    assert_int_equal(run(at, NULL, NULL).made, 0); /* and back */
}

static void copy_asset(const struct place *at, const char *from)
{
    dio_error err = {0};
    char path[120];
    snprintf(path, sizeof path, "%s/hero.png", at->dir);
    dio_map_file *m = dio_map_open(from, &err);
    assert_non_null(m);
    assert_true(dio_file_write(path, dio_map_data(m), dio_map_size(m), &err));
    dio_map_unref(m);
}

static void a_picture_counts_by_content_not_by_name(void **state)
{
    const struct place *at = *state;
    const char *const hero[] = {"hero=hero.png", NULL};
    char path[120];
    run(at, NULL, NULL);
    snprintf(path, sizeof path, "%s/free.png", at->out);
    copy_asset(at, path);
    struct seen s = run(at, NULL, hero);
    assert_string_equal(s.made_names, "ground poster ");
    assert_int_equal(run(at, NULL, hero).made, 0);
    snprintf(path, sizeof path, "%s/poster.png", at->out);
    copy_asset(at, path); /* another picture under the same name */
    s = run(at, NULL, hero);
    assert_string_equal(s.made_names, "ground poster ");
}

static void again_makes_a_step_and_what_needs_it(void **state)
{
    const struct place *at = *state;
    run(at, NULL, NULL);
    /* The same ground comes out, so the poster's key is what it was: it is made since it was asked.
     */
    struct seen s = run(at, "ground", NULL);
    assert_string_equal(s.made_names, "ground poster ");
    assert_int_equal(run(at, "", NULL).made, 3);
}

/* ---- damage ---- */

/* The path of the entry whose index holds `text`. */
static char found[400];
static const char *wanted;
static int look(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)at;
    char bytes[4096] = "";
    if (type != FTW_F || !strstr(path, "entry.json"))
        return 0;
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, bytes, sizeof bytes - 1) > 0);
    close(fd);
    if (strstr(bytes, wanted))
        snprintf(found, sizeof found, "%.*s", (int)(strlen(path) - strlen("/entry.json")), path);
    return 0;
}

static const char *entry_with(const struct place *at, const char *text)
{
    *found = '\0';
    wanted = text;
    nftw(at->cache, look, 8, FTW_PHYS);
    assert_true(*found);
    return found;
}

static void flip(const char *path, long offset)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, offset, SEEK_SET);
    int c = fgetc(f);
    fseek(f, offset, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void a_flipped_bit_is_a_miss_with_a_warning(void **state)
{
    const struct place *at = *state;
    char before[DIO_HASH_TEXT], after[DIO_HASH_TEXT], path[500];
    run(at, NULL, NULL);
    hash_of(at, "free.png", before);
    snprintf(path, sizeof path, "%s/image.png", entry_with(at, "\"headline\": \"Free\""));
    flip(path, 500);
    struct seen s = run(at, NULL, NULL);
    assert_string_equal(s.made_names, "free ");
    assert_int_equal(s.warnings, 1);
    assert_non_null(strstr(s.warning, "(free) is damaged; it is made again"));
    hash_of(at, "free.png", after);
    assert_string_equal(before, after);
}

static void a_broken_index_is_a_miss_too(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{\"form\": 1}", "{\"form\": 2}"};
    const struct place *at = *state;
    run(at, NULL, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char path[500];
        dio_error err = {0};
        snprintf(path, sizeof path, "%s/entry.json", entry_with(at, "\"headline\": \"Free\""));
        assert_true(dio_file_write(path, texts[i], strlen(texts[i]), &err));
        struct seen s = run(at, NULL, NULL);
        assert_string_equal(s.made_names, "free ");
        assert_int_equal(s.warnings, 1);
    }
}

static void a_ledger_that_is_damaged_is_set_aside(void **state)
{
    const struct place *at = *state;
    char path[200];
    dio_error err = {0};
    run(at, NULL, NULL);
    snprintf(path, sizeof path, "%s/.diorama/ledger.db", at->out);
    assert_true(dio_file_write(path, "no database at all, but some text", 33, &err));
    struct seen s = run(at, NULL, NULL);
    assert_int_equal(s.kept, 3);
    assert_int_equal(s.warnings, 1);
    assert_non_null(strstr(s.warning, "was damaged; it is now ledger.db.damaged-"));
    assert_int_equal(run(at, NULL, NULL).warnings, 0);
}

static void a_ledger_of_a_newer_diorama_is_refused(void **state)
{
    const struct place *at = *state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    bool damaged;
    const char *warning;
    char path[200];
    snprintf(path, sizeof path, "%s/.diorama", at->out);
    assert_true(dio_dir_make(path, &err));
    strcat(path, "/ledger.db");
    dio_db *db = dio_db_open(path, "create table future (x)", 99, NULL, &damaged, &err);
    assert_non_null(db);
    dio_db_close(db);
    assert_null(dio_ledger_open(at->out, a, &warning, &err));
    assert_non_null(strstr(err.message, "ledger.db was written by a newer diorama (form 99; this "
                                        "one knows "));
    dio_arena_destroy(a);
}

/* ---- several processes ---- */

static void two_at_once_make_each_step_once(void **state)
{
    const struct place *at = *state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        dio_gang_resize(1); /* threads of other tests have not come along */
        struct seen s = run(at, NULL, NULL);
        _exit(write(pipes[1], &s.made, sizeof s.made) == sizeof s.made ? 0 : 1);
    }
    struct seen s = run(at, NULL, NULL);
    int made = -1, status;
    waitpid(child, &status, 0);
    assert_int_equal(read(pipes[0], &made, sizeof made), sizeof made);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(s.made + made, 3);
}

static void what_a_killed_process_left_is_swept(void **state)
{
    const struct place *at = *state;
    char path[120];
    dio_error err = {0};
    pid_t child = fork();
    if (child == 0) {
        dio_arena *a = dio_arena_create();
        dio_cache *c = dio_cache_open(at->cache, false, &err);
        char *stage = c ? dio_cache_stage(c, a, &err) : NULL;
        if (stage)
            dio_file_write(dio_path_join(a, stage, "half.png"), "half", 4, &err);
        _exit(stage ? 0 : 1); /* as when it was killed: nothing is tidied */
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    run(at, NULL, NULL);
    snprintf(path, sizeof path, "%s/stage.draft", at->cache);
    assert_int_equal(rmdir(path), 0); /* it is empty */
}

/* ---- the limit ---- */

static void the_least_recently_used_goes_first(void **state)
{
    const struct place *at = *state;
    dio_error err = {0};
    uint64_t freed;
    int entries;
    run(at, NULL, NULL);
    struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    char path[500];
    snprintf(path, sizeof path, "%s/entry.json", entry_with(at, "\"headline\": \"Poster\""));
    utimensat(AT_FDCWD, path, old, 0);
    dio_cache *c = dio_cache_open(at->cache, false, &err);
    assert_true(dio_cache_gc(c, (uint64_t)1 << 40, &freed, &entries, &err));
    assert_int_equal(entries, 0);
    /* All three are of some hundred kilobytes: a limit a little below their sum takes one. Not just
     * below: entries tell how long the work took, in more digits or fewer. */
    uint64_t sum = 0;
    assert_true(dio_cache_gc(c, 1, &sum, &entries, &err));
    assert_int_equal(entries, 3);
    dio_cache_close(c);
    run(at, NULL, NULL);
    snprintf(path, sizeof path, "%s/entry.json", entry_with(at, "\"headline\": \"Poster\""));
    utimensat(AT_FDCWD, path, old, 0);
    c = dio_cache_open(at->cache, false, &err);
    assert_true(dio_cache_gc(c, sum - 4096, &freed, &entries, &err));
    assert_int_equal(entries, 1);
    dio_cache_close(c);
    assert_string_equal(run(at, NULL, NULL).made_names, "poster ");
}

static void entries_in_use_are_left_alone(void **state)
{
    const struct place *at = *state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_entry e;
    bool is_found;
    const char *warning;
    uint64_t freed;
    int entries;
    run(at, NULL, NULL);
    const char *key = dio_path_base(entry_with(at, "\"headline\": \"Free\""));
    dio_cache *reader = dio_cache_open(at->cache, false, &err);
    dio_cache *tidier = dio_cache_open(at->cache, false, &err);
    assert_true(dio_cache_find(reader, key, a, &e, &is_found, &warning, &err));
    assert_true(is_found);
    assert_true(dio_cache_gc(tidier, 1, &freed, &entries, &err));
    assert_int_equal(entries, 2);
    assert_true(dio_file_exists(e.result[0].text));
    dio_cache_close(reader);
    assert_true(dio_cache_gc(tidier, 1, &freed, &entries, &err));
    assert_int_equal(entries, 1);
    dio_cache_close(tidier);
    dio_arena_destroy(a);
}

static void a_cache_that_cannot_be_written_is_done_without(void **state)
{
    struct place at = *(struct place *)*state;
    strcpy(at.cache, "/proc/diorama");
    struct seen s = run(&at, NULL, NULL);
    assert_int_equal(s.made, 3);
    assert_int_equal(s.warnings, 1);
    assert_non_null(strstr(s.warning, "results are not kept: cannot"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_unchanged_run_makes_nothing),
        CASE(a_file_that_is_gone_comes_back_without_work),
        CASE(only_what_depends_on_a_word_is_made_anew),
        CASE(a_picture_counts_by_content_not_by_name),
        CASE(again_makes_a_step_and_what_needs_it),
        CASE(a_flipped_bit_is_a_miss_with_a_warning),
        CASE(a_broken_index_is_a_miss_too),
        CASE(a_ledger_that_is_damaged_is_set_aside),
        CASE(a_ledger_of_a_newer_diorama_is_refused),
        CASE(two_at_once_make_each_step_once),
        CASE(what_a_killed_process_left_is_swept),
        CASE(the_least_recently_used_goes_first),
        CASE(entries_in_use_are_left_alone),
        CASE(a_cache_that_cannot_be_written_is_done_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
