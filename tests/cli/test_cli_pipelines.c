/* test_cli_pipelines.c: the pipelines that people start from, rendered as they stand but for the
 * size of their films, with the house models; and what comes out passes `check`. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"

/* A film a hundredth of the usual size: everything else is as for the real ones. */
static const char small[] =
    "title: Small\nsource: a test\nchecked: \"2026-11-22\"\nwidth: 192\nheight: 144\nfps: 10\n"
    "safe: {top: 2, right: 2, bottom: 2, left: 2}\n"
    "text: {top: 4, right: 4, bottom: 30, left: 4, headline: 16, least: 6, drop: [body, hashtags, "
    "subline]}\n"
    "scenery: {horizon: 80, sun_x: 80, sun_y: 88, sun_r: 8}\n"
    "film:\n  formats: [mp4]\n  video: [h264]\n  most_seconds: 6\n"
    "  loudness: {lufs: -14, tolerance: 1, true_peak: -1}\n"
    "  captions: {speed: 25, line: 42, lines: 2, least: 0.5, most: 7}\n"
    "picture: {formats: [png]}\n";

static struct cli_result r;

/* pipelines/NAME as it stands in the test's folder, with the first `from` in it replaced. */
static void bring(const char *name, const char *from, const char *to)
{
    char path[512];
    size_t n;
    dio_str s = {0};
    snprintf(path, sizeof path, DIORAMA_SOURCE "/pipelines/%s", name);
    char *text = cli_read(path, &n);
    const char *at = from ? strstr(text, from) : text;
    assert_non_null(at);
    dio_str_put(&s, text, (size_t)(at - text));
    dio_str_puts(&s, from ? to : "");
    dio_str_puts(&s, at + (from ? strlen(from) : 0));
    cli_put("p.yaml", s.text);
    cli_put("small.yaml", small);
    dio_str_deinit(&s);
    free(text);
}

static void run(const char *const *args)
{
    cli_run(args, NULL, 0, &r);
    if (r.code != 0)
        fail_msg("%s %s ends with %d:\n%s%s", args[0], args[1], r.code, r.out, r.err);
}

static void ready(const char *file, const char *preset, const char *captions)
{
    const char *const args[] = {"check",  file, "--preset", preset, captions ? "--captions" : NULL,
                                captions, NULL};
    run(args);
    if (strstr(r.out, "where its texts stand is not known"))
        fail_msg("%s", r.out);
}

static void sale_banners_fit_every_size(void **state)
{
    (void)state;
    static const char *const sizes[] = {"300x250", "336x280", "250x250",  "728x90",  "970x90",
                                        "970x250", "468x60",  "320x50",   "300x50",  "320x100",
                                        "160x600", "120x600", "300x1050", "300x600", "320x480"};
    static const char *const args[] = {"render",  "p.yaml",
                                       "--set",   "product=Lumo Lamp",
                                       "--set",   "category=desk lamp",
                                       "--cache", "off",
                                       "-o",      "sale",
                                       NULL};
    bring("sale-banner-set.yaml", NULL, NULL);
    run(args);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char file[80], preset[40];
        snprintf(file, sizeof file, "sale/lumo-lamp-iab-%s.png", sizes[i]);
        snprintf(preset, sizeof preset, "iab-%s", sizes[i]);
        ready(file, preset, NULL);
    }
}

static void a_bumper_lasts_six_seconds(void **state)
{
    (void)state;
    static const char *const args[] = {
        "render", "p.yaml", "--set", "product=Lumo Lamp", "--cache", "off", "-o", "bumper", NULL};
    bring("bumper-6s.yaml", "[youtube-bumper, stories-9x16]", "[small.yaml]");
    run(args);
    ready("bumper/lumo-lamp-small.yaml.mp4", "small.yaml", "bumper/lumo-lamp-bumper.srt");
    assert_non_null(strstr(r.out, ", 6 s,"));
}

static void a_story_has_four_parts(void **state)
{
    (void)state;
    static const char *const args[] = {"render",  "p.yaml",
                                       "--set",   "product=Lumo Lamp",
                                       "--set",   "format=small.yaml",
                                       "--cache", "off",
                                       "-o",      "story",
                                       NULL};
    bring("story-sequence.yaml", NULL, NULL);
    run(args);
    ready("story/lumo-lamp-story-1.png", "small.yaml", NULL);
    ready("story/lumo-lamp-story-2.png", "small.yaml", NULL);
    ready("story/lumo-lamp-story-3.mp4", "small.yaml", NULL);
    ready("story/lumo-lamp-story-4.png", "small.yaml", NULL);
}

static void a_podcast_begins(void **state)
{
    (void)state;
    static const char *const args[] = {
        "render", "p.yaml",         "--set",   "show=Second Shift",
        "--set",  "host=Ada Lindt", "--set",   "line=work after work",
        "--set",  "seconds=8",      "--cache", "off",
        "-o",     "podcast",        NULL};
    bring("podcast-intro.yaml", NULL, NULL);
    run(args);
    const char *const check[] = {
        "check",      "podcast/second-shift-intro.wav", "--preset", "podcast",
        "--captions", "podcast/second-shift-intro.vtt", NULL};
    run(check);
    assert_non_null(strstr(r.out, "ready for podcast"));
}

/* Tracks of two languages; those that nobody gave are left out. */
static void captions_come_in_the_languages_given(void **state)
{
    (void)state;
    static const char *const args[] = {
        "render",  "p.yaml",
        "--set",   "product=Lumo Lamp",
        "--set",   "script=Read one more chapter. The light stays soft.",
        "--set",   "de=Lies noch ein Kapitel. Das Licht bleibt sanft.",
        "--set",   "es=Lee otro capítulo. La luz sigue suave.",
        "--set",   "format=small.yaml",
        "--set",   "seconds=6",
        "--cache", "off",
        "-o",      "tracks",
        NULL};
    size_t n;
    bring("localised-captions.yaml", NULL, NULL);
    run(args);
    ready("tracks/lumo-lamp.mp4", "small.yaml", "tracks/lumo-lamp.de.srt");
    ready("tracks/lumo-lamp.mp4", "small.yaml", "tracks/lumo-lamp.es.srt");
    assert_false(cli_exists("tracks/lumo-lamp.fr.srt"));
    char *en = cli_read("tracks/lumo-lamp.en.srt", &n);
    char *es = cli_read("tracks/lumo-lamp.es.srt", &n);
    assert_non_null(strstr(es, "La luz sigue suave."));
    assert_memory_equal(en, es, strlen("1\r\n00:00:00,000 -->")); /* they come with the voice */
    free(en);
    free(es);
}

/* Every row of the example is one that product-ad takes. */
static void example_products_are_fit_for_the_ad(void **state)
{
    (void)state;
    size_t n;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    char *text = cli_read(DIORAMA_SOURCE "/assets/examples/products.csv", &n);
    const dio_value *rows = dio_csv_parse(a, "products.csv", text, n, &err);
    if (!rows)
        fail_msg("%s", err.message);
    assert_int_equal(rows->list.count, 12);
    bring("product-ad.yaml", NULL, NULL);
    for (int i = 0; i < rows->list.count; i++) {
        const dio_value *row = rows->list.items[i];
        const char *args[CLI_ARGS] = {"render", "p.yaml", "--dry-run"};
        int count = 3;
        for (int k = 0; k < row->map.count; k++) {
            args[count++] = "--set";
            args[count++] = dio_arena_printf(a, "%s=%s", row->map.keys[k]->string.text,
                                             row->map.items[k]->string.text);
        }
        run(args);
    }
    free(text);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sale_banners_fit_every_size),
        cmocka_unit_test(a_bumper_lasts_six_seconds),
        cmocka_unit_test(a_story_has_four_parts),
        cmocka_unit_test(a_podcast_begins),
        cmocka_unit_test(captions_come_in_the_languages_given),
        cmocka_unit_test(example_products_are_fit_for_the_ad),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
