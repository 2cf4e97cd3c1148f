/* test_memory.c: the Nth allocation fails, for every N, while a pipeline is read, checked, planned
 * and run to a poster and to a film: memory that ran out is said, as what may work later, nothing
 * stands under a final name, no folder of work is left, and nothing leaks (the sanitizers look). */
#define _GNU_SOURCE
#include "tests/fail_alloc.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gang.h"
#include "fusion/fusion.h"

static char folder[64];

static const char plain[] =
    "version: 1\n"
    "name: ad\n"
    "inputs:\n"
    "  product: {type: string, maxLength: 40}\n"
    "  many: {type: integer, default: 3, minimum: 1}\n"
    "steps:\n"
    "  - id: card\n"
    "    uses: compose.image@1\n"
    "    matrix: {format: [iab-300x250, iab-320x50], tone: [dusk, meadow]}\n"
    "    if: \"${{ inputs.many > 2 && inputs.product != 'x' }}\"\n"
    "    with: {preset: \"${{ matrix.format }}\", headline: \"${{ inputs.product | upper }}\"}\n"
    "  - id: after\n"
    "    uses: compose.image@1\n"
    "    needs: [card]\n"
    "    with: {preset: feed-4x5, headline: \"${{ inputs.product | slug | default('x') }}\"}\n"
    "outputs:\n"
    "  card: {from: \"${{ steps.card.outputs.image }}\", path: \"${{ matrix.format }}-${{ "
    "matrix.tone }}.png\"}\n"
    "  after: {from: \"${{ steps.after.outputs.image }}\", path: \"a/${{ inputs.product "
    "}}.png\"}\n";

static const char wrong[] = "version: 1\n"
                            "steps:\n"
                            "  - id: a\n"
                            "    uses: compose.imag@1\n"
                            "    needs: [b]\n"
                            "  - id: b\n"
                            "    uses: compose.image@1\n"
                            "    needs: [a]\n"
                            "    with: {hedline: \"${{ inputs.x | uper }}\", preset: nothing}\n"
                            "outputs:\n"
                            "  c: {from: \"${{ steps.c.outputs.image }}\", path: ../c.png}\n";

static const char poster[] = "version: 1\n"
                             "steps:\n"
                             "  - id: a\n"
                             "    uses: compose.image@1\n"
                             "    with: {preset: iab-300x50, headline: Words, palette: dusk}\n"
                             "outputs:\n"
                             "  a: {from: \"${{ steps.a.outputs.image }}\", path: final.png}\n";

static const char film[] =
    "version: 1\n"
    "steps:\n"
    "  - id: a\n"
    "    uses: compose.video@1\n"
    "    with: {preset: tiny.yaml, headline: Hi, palette: dusk, seconds: 1}\n"
    "outputs:\n"
    "  a: {from: \"${{ steps.a.outputs.video }}\", path: final.mp4}\n";

/* A placement of five small frames a second. */
static const char tiny[] =
    "title: Tiny\nsource: this test\nchecked: \"2026-11-22\"\nwidth: 160\nheight: 160\nfps: 5\n"
    "safe: {top: 6, right: 6, bottom: 6, left: 6}\n"
    "text: {top: 8, right: 8, bottom: 38, left: 8, rise: 0, headline: 20, align: start}\n"
    "scenery: {horizon: 71, sun_x: 76, sun_y: 79, sun_r: 15}\n"
    "film: {formats: [mp4], video: [h264], audio: [aac], bytes: 4 GB, least_seconds: 1, "
    "most_seconds: 60}\n";

/* ---- files ---- */

struct whole {
    char *bytes; /* of the finished file, of a run with memory */
    size_t n;
};

static struct whole the_poster, the_film;

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/diorama-memory-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    FILE *f = fopen(in_folder("tiny.yaml"), "w");
    assert_non_null(f);
    fputs(tiny, f);
    dio_gang_resize(1); /* so that the Nth is the same one each time */
    return fclose(f);
}

static int end(void **state)
{
    (void)state;
    free(the_poster.bytes);
    free(the_film.bytes);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void compare(struct whole *w, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *now = malloc(1 << 20);
    assert_true(f && now);
    size_t n = fread(now, 1, 1 << 20, f);
    fclose(f);
    if (w->bytes && (n != w->n || memcmp(now, w->bytes, n) != 0))
        fail_msg("%s is another file than with enough memory", path);
    if (w->bytes)
        free(now);
    else
        *w = (struct whole){now, n};
}

/* After a run: nothing stands there but the record and, whole, the final file. */
static void only_whole_files(const char *out, const char *final, struct whole *w)
{
    DIR *d = opendir(out);
    char path[512];
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", out, e->d_name);
        if (strcmp(e->d_name, final) == 0)
            compare(w, path);
        else if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                 strcmp(e->d_name, "run.json") != 0 && strcmp(e->d_name, "diorama.lock") != 0)
            fail_msg("%s is left in %s", e->d_name, out);
    }
    if (d)
        closedir(d);
}

/* ---- what is tried ---- */

/* False with the reason when it fails; `count` is then of the problems that were told. */
static bool open_and_check(const char *text, dio_pipeline **out, int *count, dio_error *err)
{
    dio_pipeline *p = dio_pipeline_parse(in_folder("p.yaml"), text, strlen(text), "assets", err);
    *out = p;
    if (!p)
        return false;
    if (text == plain)
        dio_pipeline_set(p, "product=Lumo Lamp");
    if (dio_pipeline_check(p, &(dio_check_options){.out = in_folder("out")}))
        return true;
    const char *problems = dio_pipeline_problems(p, count);
    return dio_pipeline_starved(p) ? dio_fail_memory(err, "a pipeline")
                                   : dio_fail(err, "%s", problems);
}

static bool read_and_plan(dio_error *err)
{
    dio_pipeline *p;
    int count;
    bool ok = open_and_check(plain, &p, &count, err);
    for (int json = 0; ok && json < 2; json++)
        if (!dio_pipeline_plan(p, json))
            ok = dio_fail_memory(err, "a plan");
    dio_pipeline_close(p);
    return ok;
}

/* It never can be right: either all problems are told, or that memory ran out. */
static bool read_mistakes(dio_error *err)
{
    static int all;
    dio_pipeline *p;
    int count = 0;
    bool ok = !open_and_check(wrong, &p, &count, err) && err->kind == DIO_ERROR_INVALID;
    dio_pipeline_close(p);
    if (ok && all == 0)
        all = count;
    if (ok && count != all)
        fail_msg("%d problems of %d were told: %s", count, all, err->message);
    return ok;
}

static bool run(const char *text, const char *final, struct whole *whole, dio_error *err)
{
    dio_pipeline *p;
    int count;
    char out[200];
    snprintf(out, sizeof out, "%s", in_folder("out"));
    bool ok = open_and_check(text, &p, &count, err) &&
              dio_pipeline_run(p, &(dio_run_options){.out = out, .device = "cpu"}, err);
    dio_pipeline_close(p);
    fail_alloc_pause(true); /* the test's own */
    only_whole_files(out, final, whole);
    if (access(out, F_OK) == 0)
        nftw(out, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    fail_alloc_pause(false);
    return ok;
}

static bool make_poster(dio_error *err)
{
    return run(poster, "final.png", &the_poster, err);
}

static bool make_film(dio_error *err)
{
    return run(film, "final.mp4", &the_film, err);
}

/* ---- sweeps ---- */

enum { READ_EACH = 400, MAKE_EACH = 60 }; /* allocations that fail one by one, then ever fewer */

static void once_or_for_good(const char *what, bool (*work)(dio_error *err), long each)
{
    dio_error err = {0};
    work(&err); /* what libraries keep for the life of the process is there from now on */
    for (int on = 0; on < 2; on++) {
        fail_alloc_onwards(on);
        fail_alloc_sweep(what, work, false, each);
    }
}

static void reading(void **state)
{
    (void)state;
    once_or_for_good("reading and planning", read_and_plan, READ_EACH);
}

static void mistakes(void **state)
{
    (void)state;
    once_or_for_good("mistakes", read_mistakes, READ_EACH);
}

static void composing(void **state)
{
    (void)state;
    once_or_for_good("a poster", make_poster, MAKE_EACH);
}

static void encoding(void **state)
{
    (void)state;
    once_or_for_good("a film", make_film, MAKE_EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(composing),
        cmocka_unit_test(encoding),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
