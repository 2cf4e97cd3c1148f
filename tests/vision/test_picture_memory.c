/* test_picture_memory.c: the Nth allocation fails, for every N: each piece of work either succeeds
 * or says that memory ran out, and nothing is left behind (the sanitizers look). The linker's
 * --wrap sends our own allocations here, and libpng's, which come through us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pictures.h"
#include "png_make.h"
#include "vision/blend.h"
#include "vision/image_io.h"
#include "vision/quantise.h"
#include "vision/resize.h"
#include "vision/seam.h"

/* Allocations until the one that fails; negative: none does. */
static long left = -1;

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

/* What the pieces of work get. */
struct job {
    dio_image *image; /* RGBA of bytes, with a note */
    const uint8_t *bytes;
    size_t n;
    const char *path;
};

typedef dio_image *work(const struct job *j, dio_error *err);

static dio_image *read_it(const struct job *j, dio_error *err)
{
    return dio_image_decode(j->bytes, j->n, "x", err);
}

static dio_image *write_it(const struct job *j, dio_error *err)
{
    bool indexed = strstr(j->path, ".png") != NULL;
    dio_image_save save = {.indexed = indexed, .interlaced = indexed};
    return dio_image_write(j->image, j->path, &save, err) ? dio_image_ref(j->image) : NULL;
}

static dio_image *resize_it(const struct job *j, dio_error *err)
{
    return dio_image_resize(j->image, 30, 7, NULL, err);
}

static dio_image *quantise_it(const struct job *j, dio_error *err)
{
    static const uint8_t two[][3] = {{0, 0, 0}, {255, 255, 255}};
    dio_quantise how = {.dither = DIO_DITHER_DIFFUSION};
    return dio_image_quantise(j->image, two, 2, &how, err);
}

static dio_image *flatten_it(const struct job *j, dio_error *err)
{
    const float red[3] = {1, 0, 0};
    return dio_image_flatten(j->image, red, err);
}

static dio_image *judge_it(const struct job *j, dio_error *err)
{
    dio_seam seam;
    return dio_image_seam(j->image, &seam, err) ? dio_image_ref(j->image) : NULL;
}

static dio_image *turn_it(const struct job *j, dio_error *err)
{
    return dio_image_orient(j->image, 6, err);
}

static dio_image *note_it(const struct job *j, dio_error *err)
{
    dio_image *copy = dio_image_ref(j->image);
    if (dio_image_writable(&copy, err) && dio_image_note_set(copy, "Title", "new", err) &&
        dio_image_note_add(copy, "Comment", "more", err))
        return copy;
    dio_image_unref(copy);
    return NULL;
}

static void each_allocation_fails(const char *what, work *f, const struct job *j)
{
    long n = 0;
    dio_image *image = NULL;
    for (; !image && n < 10000; n++) {
        dio_error err = {0};
        left = n;
        image = f(j, &err);
        bool reached = left < 0;
        left = -1;
        if (!image && (err.kind != DIO_ERROR_RETRY || !strstr(err.message, "out of memory")))
            fail_msg("%s, allocation %ld: \"%s\"", what, n, err.message);
        if (image && reached) { /* it did without */
            dio_image_unref(image);
            image = NULL;
        }
    }
    assert_non_null(image);
    dio_image_unref(image);
    print_message("%s: %ld allocations\n", what, n - 1);
}

static dio_image *few_colours(void)
{
    dio_error err = {0};
    dio_image *image = picture_noise(20, 10, (dio_form){.channels = 4}, 3);
    for (int i = 0; i < 200; i++)
        for (int c = 0; c < 4; c++)
            picture_set(image, i % 20, i / 20, c, c == 3 ? 1 : (float)(i % 3) / 2);
    assert_true(dio_image_note_add(image, "Title", "old", &err));
    return image;
}

static void pictures_are_worked_on(void **state)
{
    struct job j = {.image = few_colours()};
    each_allocation_fails("resize", resize_it, &j);
    each_allocation_fails("quantise", quantise_it, &j);
    each_allocation_fails("flatten", flatten_it, &j);
    each_allocation_fails("seam", judge_it, &j);
    each_allocation_fails("orient", turn_it, &j);
    each_allocation_fails("notes", note_it, &j);
    j.path = pictures_path(state, "x.png");
    each_allocation_fails("write PNG", write_it, &j);
    j.path = pictures_path(state, "x.jpg");
    each_allocation_fails("write JPEG", write_it, &j);
    j.path = pictures_path(state, "x.webp");
    each_allocation_fails("write WebP", write_it, &j);
    assert_int_equal(pictures_count(state), 3);
    dio_image_unref(j.image);
}

static void pictures_are_read(void **state)
{
    static const char *const text[] = {"A", "plain", "B", "packed", "C", "日本", "D", "zip", NULL};
    static const int types[] = {2, 3, 4};
    for (int i = 0; i < 3; i++) {
        struct png_kind k = {.width = 9,
                             .height = 7,
                             .type = types[i],
                             .bits = 8,
                             .interlaced = true,
                             .gamma = 55555};
        struct png_bytes file = png_make(&k, text);
        struct job j = {.bytes = file.data, .n = file.n};
        each_allocation_fails("read PNG", read_it, &j);
        free(file.data);
    }
    static const char *const names[] = {"x.jpg", "x.webp"};
    for (int i = 0; i < 2; i++) {
        dio_error err = {0};
        dio_image *image = few_colours();
        const char *path = pictures_path(state, names[i]);
        assert_true(dio_image_write(image, path, NULL, &err));
        dio_map_file *file = dio_map_open(path, &err);
        struct job j = {.bytes = dio_map_data(file), .n = dio_map_size(file)};
        each_allocation_fails(names[i], read_it, &j);
        dio_map_unref(file);
        dio_image_unref(image);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pictures_setup, pictures_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pictures_are_worked_on),
        TEST(pictures_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
