/* pictures.c: pictures by formula, files of the test's own. */
#define _GNU_SOURCE
#include "pictures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tests/worst.h"
#include "vision/image_io.h"

struct folder {
    char dir[64];
    char (*path)[128]; /* four, taken in turn */
    int turn;
};

int pictures_setup(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/diorama-pictures-XXXXXX");
    f->path = calloc(4, sizeof *f->path);
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

int pictures_teardown(void **state)
{
    struct folder *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int rc = system(command);
    free(f->path);
    free(f);
    return rc;
}

const char *pictures_path(void **state, const char *name)
{
    struct folder *f = *state;
    char *path = f->path[f->turn++ % 4];
    snprintf(path, sizeof *f->path, "%s/%s", f->dir, name);
    return path;
}

int pictures_count(void **state)
{
    struct folder *f = *state;
    int n = -2; /* "." and ".." */
    DIR *d = opendir(f->dir);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

dio_form form_of(dio_depth depth, dio_curve curve, int channels, bool premultiplied)
{
    return (dio_form){depth, curve, channels, premultiplied};
}

void picture_set(dio_image *image, int x, int y, int channel, float value)
{
    size_t at = (size_t)x * (size_t)image->form.channels + (size_t)channel;
    void *row = dio_image_row(image, y);
    if (image->form.depth == DIO_DEPTH_U8)
        ((uint8_t *)row)[at] = (uint8_t)lrintf(value * 255);
    else if (image->form.depth == DIO_DEPTH_U16)
        ((uint16_t *)row)[at] = (uint16_t)lrintf(value * 65535);
    else
        ((float *)row)[at] = value;
}

float picture_get(const dio_image *image, int x, int y, int channel)
{
    size_t at = (size_t)x * (size_t)image->form.channels + (size_t)channel;
    const void *row = dio_image_row(image, y);
    if (image->form.depth == DIO_DEPTH_U8)
        return (float)((const uint8_t *)row)[at] / 255;
    if (image->form.depth == DIO_DEPTH_U16)
        return (float)((const uint16_t *)row)[at] / 65535;
    return ((const float *)row)[at];
}

dio_image *picture_noise(int width, int height, dio_form form, unsigned seed)
{
    dio_error err = {0};
    dio_image *image = dio_image_create(width, height, &form, &err);
    assert_non_null(image);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            uint64_t at = ((uint64_t)y * (uint64_t)width + (uint64_t)x) * 4;
            float alpha = 1;
            if (dio_form_alpha(&form)) { /* a quarter clear, a quarter solid */
                alpha = 2 * dio_uniform(seed, 1, at) - 0.5f;
                alpha = alpha < 0 ? 0 : alpha > 1 ? 1 : alpha;
                picture_set(image, x, y, form.channels - 1, alpha);
            }
            for (int c = 0; c < form.channels - dio_form_alpha(&form); c++)
                picture_set(image, x, y, c,
                            dio_uniform(seed, 0, at + (uint64_t)c) *
                                (form.premultiplied ? alpha : 1));
        }
    }
    return image;
}

dio_image *picture_flat(int width, int height, dio_form form, const float *value)
{
    dio_error err = {0};
    dio_image *image = dio_image_create(width, height, &form, &err);
    assert_non_null(image);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < form.channels; c++)
                picture_set(image, x, y, c, value[c]);
    return image;
}

void assert_same_picture(const dio_image *a, const dio_image *b)
{
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_true(dio_form_equal(&a->form, &b->form));
    for (int y = 0; y < a->height; y++) {
        if (memcmp(dio_image_row(a, y), dio_image_row(b, y), dio_image_row_bytes(a)) == 0)
            continue;
        for (int x = 0; x < a->width; x++)
            for (int c = 0; c < a->form.channels; c++)
                if (picture_get(a, x, y, c) != picture_get(b, x, y, c))
                    fail_msg("(%d, %d) channel %d: %.9g and %.9g", x, y, c,
                             (double)picture_get(a, x, y, c), (double)picture_get(b, x, y, c));
    }
}

float picture_distance(const dio_image *a, const dio_image *b)
{
    double most = 0;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->form.channels, b->form.channels);
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++)
            for (int c = 0; c < a->form.channels; c++)
                most = worse(
                    most, fabs((double)picture_get(a, x, y, c) - (double)picture_get(b, x, y, c)));
    return (float)most;
}

dio_image *picture_decode(const void *bytes, size_t n)
{
    dio_error err = {0};
    dio_image *image = dio_image_decode(bytes, n, "good", &err);
    if (!image)
        fail_msg("%s", err.message);
    return image;
}

void picture_refused(const void *bytes, size_t n, const char *why)
{
    dio_error err = {0};
    char text[1024];
    dio_image *image = dio_image_decode(bytes, n, "bad", &err);
    if (image)
        fail_msg("taken, where \"%s\" was expected", why);
    dio_error_text(&err, text, sizeof text);
    if (strncmp(text, "bad: ", 5) != 0 || !strstr(text, why))
        fail_msg("\"%s\" has no \"%s\"", text, why);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

void picture_beginnings_refused(const void *bytes, size_t from, size_t n, const char *why)
{
    for (size_t cut = from; cut < n; cut++) {
        void *part = malloc(cut ? cut : 1); /* so that a sanitizer sees its end */
        memcpy(part, bytes, cut);
        picture_refused(part, cut, why);
        free(part);
    }
}

void picture_bits_flipped(uint8_t *bytes, size_t n, size_t step)
{
    int taken = 0;
    for (size_t bit = 0; bit < 8 * n; bit += step) {
        dio_error err = {0};
        dio_image_head head;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (dio_image_probe(bytes, n, "x", &head, &err) && head.width * head.height < 1 << 16) {
            dio_image *image = dio_image_decode(bytes, n, "x", &err);
            if (!image)
                assert_true(err.message[0] != '\0');
            taken += image != NULL;
            dio_image_unref(image);
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    print_message("%d of %zu files with one flipped bit are pictures\n", taken, 8 * n / step);
}

int picture_off(dio_image *wanted, const dio_image *got)
{
    dio_error err = {0};
    dio_image *same = dio_image_convert(wanted, &got->form, &err);
    int off = (int)lrintf(255 * picture_distance(same, got));
    dio_image_unref(same);
    return off;
}
