/* test_gallery.c: sources of training pictures: a batch is the same for any number of threads, a
 * folder's pictures come back as they were, and what is wrong is said at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/gang.h"
#include "vision/image_io.h"
#include "vision/gallery.h"

static char root[] = "/tmp/diorama-gallery-XXXXXX";

static dio_value *recipe_of(const char *text, dio_arena *a)
{
    dio_error err = {0};
    dio_value *v = dio_yaml_parse(a, "r.yaml", text, strlen(text), &err);
    assert_non_null(v);
    return v;
}

static bool open_text(dio_gallery *p, const char *text, dio_arena *a, dio_error *err)
{
    const dio_value *recipe = recipe_of(text, a);
    return dio_gallery_open(p, recipe, dio_map_get(recipe, "data"), root, 5, a, err);
}

/* A picture whose upper half is clear and whose lower half has one colour. */
static void put(const char *name, int width, int height, const uint8_t rgb[3])
{
    dio_error err = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    dio_image *image = dio_image_create(width, height, &form, &err);
    for (int y = height / 2; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *p = (uint8_t *)dio_image_row(image, y) + 4 * x;
            memcpy(p, rgb, 3);
            p[3] = 255;
        }
    assert_true(dio_image_write(image, path, NULL, &err));
    dio_image_unref(image);
}

static void a_folder_is_a_source(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_gallery p;
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        put(name, 20 + i, 20, (const uint8_t[]){(uint8_t)(20 * i), 51, 255});
    }
    if (!open_text(&p, "data: {kind: files, path: ., size: 8, alpha: true, flip: true, valid: 0.3}",
                   a, &err))
        fail_msg("%s", err.message);
    int64_t train = p.kind->count(p.source, DIO_SPLIT_TRAIN);
    assert_int_equal(train / 2 + p.kind->count(p.source, DIO_SPLIT_VALID), 12);
    float pixels[4 * 64];
    for (int64_t i = 0; i < train; i++) {
        dio_picture one = {.pixels = pixels};
        assert_true(p.kind->picture(p.source, DIO_SPLIT_TRAIN, i, &one, a, &err));
        assert_float_equal(pixels[3 * 64], -1, 0); /* clear, */
        assert_float_equal(pixels[2 * 64], -1, 0); /* hence without colour */
        assert_float_equal(pixels[3 * 64 + 63], 1, 0);
        assert_float_equal(pixels[1 * 64 + 63], 51 / 127.5f - 1, 1e-6f);
        assert_float_equal(pixels[2 * 64 + 63], 1, 0);
    }
    dio_picture one = {.pixels = pixels};
    assert_false(p.kind->picture(p.source, DIO_SPLIT_TRAIN, train, &one, a, &err));
    dio_gallery_close(&p);
    dio_arena_destroy(a);
}

/* Every source that needs no parameters: the same batch again, by any number of threads. */
static void batches_repeat(void **state)
{
    (void)state;
    enum { ROWS = 6 };
    int threads = dio_gang_size();
    for (int k = 0; k < dio_gallery_count(); k++) {
        const dio_gallery_kind *kind = dio_gallery_at(k);
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_gallery p;
        const char *text = strcmp(kind->name, "files") == 0
                               ? "data: {kind: files, path: ., size: 8, valid: 0.3}"
                               : dio_arena_printf(a, "data: {kind: %s}", kind->name);
        if (!open_text(&p, text, a, &err))
            fail_msg("%s: %s", kind->name, err.message);
        const dio_gallery_shape *s = &p.shape;
        size_t size = (size_t)s->channels * (size_t)s->height * (size_t)s->width * ROWS;
        size_t labels = (size_t)s->labels * ROWS, noise = (size_t)s->noise * ROWS;
        float *all = calloc(2 * (size + labels + noise), sizeof *all);
        for (int run = 0; run < 2; run++) {
            float *at = all + (size_t)run * (size + labels + noise);
            dio_gallery_batch out = {at, at + size, at + size + labels};
            dio_gang_resize(1 + run);
            assert_true(dio_gallery_fill(&p, DIO_SPLIT_VALID, 3, ROWS, &out, &err));
        }
        dio_gang_resize(threads);
        assert_memory_equal(all, all + size + labels + noise,
                            (size + labels + noise) * sizeof *all);
        for (size_t i = 0; i < size; i++)
            assert_true(all[i] >= -1 && all[i] <= 1);
        for (int i = 0; i < s->labels; i++)
            assert_non_null(kind->label(p.source, i));
        free(all);
        dio_gallery_close(&p);
        dio_arena_destroy(a);
    }
}

/* 96 of the house's sprites, to bytes. The hash is that of our own drawing as it was when the house
 * generator learned from it: it shows that nothing has changed, on any machine, and not that it is
 * right. What must hold of any sprites is counted: a quarter is solid, a quarter is clear. */
static void sprites_are_what_they_were(void **state)
{
    enum { ROWS = 96, SIZE = 4 * 64 * 64 };
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_gallery p;
    assert_true(open_text(&p, "data: {kind: sprites}", a, &err));
    assert_int_equal(p.shape.noise, 12);
    assert_int_equal(p.shape.labels, 5 + 40 + 9);
    float *pixels = calloc(ROWS * SIZE, sizeof *pixels);
    uint8_t *bytes = calloc(ROWS, SIZE);
    assert_true(dio_gallery_fill(&p, DIO_SPLIT_TRAIN, 0, ROWS,
                                 &(dio_gallery_batch){.pixels = pixels}, &err));
    int solid = 0, clear = 0;
    for (int i = 0; i < ROWS * SIZE; i++) {
        bytes[i] = (uint8_t)((pixels[i] + 1) * 127.5f + 0.5f);
        bool alpha = i % SIZE >= 3 * 64 * 64;
        solid += alpha && bytes[i] == 255;
        clear += alpha && bytes[i] == 0;
    }
    char hash[DIO_HASH_TEXT];
    assert_true(dio_hash_bytes(bytes, ROWS * SIZE, hash, &err));
    assert_string_equal(hash, "5945dee33852ddd064455aa704f741b4959b3aca006b55b59e5fd6f43f7fd375");
    assert_true(solid > ROWS * 64 * 64 / 4 && clear > ROWS * 64 * 64 / 4);
    free(bytes);
    free(pixels);
    dio_gallery_close(&p);
    dio_arena_destroy(a);
}

static void mistakes_have_places(void **state)
{
    static const struct {
        const char *text, *message;
        int line;
    } cases[] = {
        {"version: 1", "data: a recipe says where its pictures come from", 1},
        {"data: 3", "data: a recipe says where its pictures come from", 1},
        {"x: 1\ndata: {size: 3}", "data: kind is missing", 2},
        {"x: 1\ndata: {kind: fils}",
         "data kind \"fils\" does not exist; did you mean \"files\"? (there are files", 2},
        {"data: {kind: files}", "path", 1},
        {"data:\n  kind: files\n  path: nothing", "nothing: is no folder that can be read", 2},
        {"data:\n  kind: files\n  path: .\n  size: 4", "size: 4 is below 8", 4},
        {"data: {kind: files, path: empty}", "0 pictures to train on and 0 to validate with", 1},
        {"data: {kind: files, path: broken}", "the PNG ends after 8 bytes", 0},
    };
    (void)state;
    char path[256];
    dio_error ignored = {0};
    snprintf(path, sizeof path, "%s/empty", root);
    assert_true(dio_dir_make(path, &ignored));
    snprintf(path, sizeof path, "%s/broken", root);
    assert_true(dio_dir_make(path, &ignored));
    snprintf(path, sizeof path, "%s/broken/a.png", root);
    assert_true(dio_file_write(path, "\x89PNG\r\n\x1a\n", 8, &ignored));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_gallery p;
        assert_false(open_text(&p, cases[i].text, a, &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, err.message, cases[i].message);
        assert_int_equal(err.line, cases[i].line);
        if (!cases[i].line)
            assert_non_null(strstr(err.file, "broken/a.png"));
        dio_gallery_close(&p);
        dio_arena_destroy(a);
    }
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_a_source),
        cmocka_unit_test(batches_repeat),
        cmocka_unit_test(sprites_are_what_they_were),
        cmocka_unit_test(mistakes_have_places),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
