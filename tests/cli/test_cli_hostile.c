/* test_cli_hostile.c: what comes under a false name, and places where files cannot be finished. The
 * whole list of what is refused, and where each is tested, is docs/hostile.md. */
#define _GNU_SOURCE
#include "tests/cli/cli_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char poster[] =
    "version: 1\n"
    "inputs:\n"
    "  packshot: {type: image, required: false}\n"
    "steps:\n"
    "  - id: poster\n"
    "    uses: compose.image@1\n"
    "    with: {preset: iab-300x250, headline: Light, hero: \"${{ inputs.packshot }}\"}\n"
    "outputs:\n"
    "  poster: {from: \"${{ steps.poster.outputs.image }}\", path: poster.png}\n";

static const char plain[] =
    "version: 1\n"
    "steps:\n"
    "  - {id: poster, uses: compose.image@1, with: {preset: iab-300x250, headline: Light}}\n"
    "outputs:\n"
    "  poster: {from: \"${{ steps.poster.outputs.image }}\", path: poster.png}\n";

static const char film[] = "version: 1\n"
                           "steps:\n"
                           "  - {id: film, uses: compose.video@1, with: {preset: square-1x1, "
                           "headline: Light, seconds: 1}}\n"
                           "outputs:\n"
                           "  film: {from: \"${{ steps.film.outputs.video }}\", path: film.mp4}\n";

/* The first bytes say what a file is, never its name. */
static void pictures_that_are_none(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } files[] = {
        {"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", 69},
        {"<!DOCTYPE html><html><body onload=alert(1)></body></html>", 57},
        {"PK\3\4\24\0\0\0\10\0archive", 17}, /* zip */
        {"\x1f\x8b\10\0\0\0\0\0\0\3", 10},   /* gzip */
        {"7z\xbc\xaf\x27\x1c\0\4", 8},       /* 7z */
        {"Rar!\x1a\7\1\0", 8},               /* rar */
        {"\xfd"
         "7zXZ\0\0\4",
         8},                                   /* xz */
        {"\x28\xb5\x2f\xfd\4\0\1\0", 8},       /* zstd */
        {"#EXTM3U\nfile:///etc/passwd\n", 28}, /* a playlist */
        {"ffconcat version 1.0\nfile /etc/passwd\n", 39},
        {"", 0},
    };
    (void)state;
    cli_put("p.yaml", poster);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct cli_case c = {
            {"render", "p.yaml", "-q", "--set", "packshot=shot.png", "-o", "o"},
            2,
            files[i].n
                ? "diorama: ./shot.png: step poster: hero: this is no picture that can be read "
                  "here: it "
                  "is not PNG, JPEG or WebP~"
                : "diorama: ./shot.png: step poster: hero: the file is empty: it is no picture",
            "o/poster.png"};
        cli_put_bytes("shot.png", files[i].bytes, files[i].n);
        cli_check(&c);
        cli_remove("o");
    }
}

/* A picture with an archive behind its end is that picture; the archive goes nowhere. */
static void a_picture_that_is_an_archive_too(void **state)
{
    static const char archive[] = "PK\3\4secret-of-the-archive";
    struct cli_case make = {{"render", "q.yaml", "-q", "-o", "o"}, 0, NULL, NULL};
    size_t n;
    char both[1 << 17];
    (void)state;
    cli_put("q.yaml", plain);
    cli_check(&make);
    char *png = cli_read("o/poster.png", &n);
    assert_true(n + sizeof archive < sizeof both);
    memcpy(both, png, n);
    memcpy(both + n, archive, sizeof archive);
    cli_put_bytes("both.png", both, n + sizeof archive);
    free(png);
    cli_put("p.yaml", poster);
    struct cli_case use = {
        {"render", "p.yaml", "-q", "--set", "packshot=both.png", "-o", "o2"}, 0, NULL, NULL};
    cli_check(&use);
    png = cli_read("o2/poster.png", &n);
    assert_null(memmem(png, n, "secret-of-the-archive", 21));
    free(png);
}

static void archives_are_no_models(void **state)
{
    static const struct cli_case c = {
        {"image", "-m", "model.zip", "-p", "a lamp", "-o", "lamp.png"},
        2,
        "diorama: model.zip: not a file of weights that is known here: safetensors and checkpoints "
        "of "
        "PyTorch are",
        "lamp.png"};
    (void)state;
    cli_put_bytes("model.zip", "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
    cli_check(&c);
}

static void a_folder_stands_there(void **state)
{
    static const struct cli_case c = {
        {"render", "q.yaml", "-q", "-o", "f"},
        2,
        "diorama: f/poster.png is a folder; a file was to be written there",
        NULL};
    (void)state;
    cli_put("q.yaml", plain);
    assert_true(mkdir("f", 0777) == 0 && mkdir("f/poster.png", 0777) == 0);
    cli_check(&c);
    assert_false(cli_exists("f/.diorama/stage"));
}

/* Where not even root can write. */
static void a_folder_that_takes_no_files(void **state)
{
    static const struct cli_case c = {{"render", "q.yaml", "-q", "-o", "/sys"},
                                      2,
                                      "diorama: /sys: cannot write in this folder",
                                      "/sys/poster.png"};
    (void)state;
    cli_put("q.yaml", plain);
    cli_check(&c);
}

/* In the midst of a film, and with room again. */
static void a_disk_that_fills_in_a_film(void **state)
{
    static const struct cli_case full = {
        {"render", "film.yaml", "-q", "-o", "v", "--cache", "kept"},
        75,
        "~File too large~",
        "v/film.mp4"};
    static const struct cli_case room = {
        {"render", "film.yaml", "-q", "-o", "v", "--cache", "kept"}, 0, NULL, NULL};
    static const long limits[] = {4096, 20000, 40000};
    (void)state;
    cli_put("film.yaml", film);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        cli_limit(0, (size_t)limits[i]);
        cli_check(&full);
        cli_limit(0, 0);
        assert_false(cli_exists("v/film.mp4"));
    }
    cli_check(&room);
    assert_true(cli_exists("v/film.mp4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_that_are_none),
        cmocka_unit_test(a_picture_that_is_an_archive_too),
        cmocka_unit_test(archives_are_no_models),
        cmocka_unit_test(a_folder_stands_there),
        cmocka_unit_test(a_folder_that_takes_no_files),
        cmocka_unit_test(a_disk_that_fills_in_a_film),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
