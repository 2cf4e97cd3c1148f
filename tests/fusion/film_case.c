/* film_case.c: frames by formula. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "film_case.h"

dio_image *film_case_picture(int width, int height, int i, bool alpha)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, alpha ? 4 : 3, false};
    dio_error err = {0};
    dio_image *image = dio_image_create(width, height, &form, &err);
    assert_non_null(image);
    int x0 = 2 + 2 * i % (width - 12), y0 = height / 3;
    for (int y = 0; y < height; y++) {
        uint8_t *row = dio_image_row(image, y);
        for (int x = 0; x < width; x++, row += form.channels) {
            bool square = x >= x0 && x < x0 + 8 && y >= y0 && y < y0 + 8;
            bool clear = alpha && !square && x >= width / 2;
            row[0] = (uint8_t)(square ? 230 : clear ? 0 : 40 + 100 * x / width);
            row[1] = (uint8_t)(square ? 90 : clear ? 0 : 60 + 120 * y / height);
            row[2] = (uint8_t)(square ? 30 : clear ? 0 : 120);
            if (alpha)
                row[3] = clear ? 0 : 255;
        }
    }
    return image;
}

struct shape {
    int width, height;
    bool alpha;
};
static struct shape shapes[16];
static int shape_count;

static bool show(void *user, int i, dio_image **out, dio_error *err)
{
    const struct shape *s = user;
    (void)err;
    *out = film_case_picture(s->width, s->height, i, s->alpha);
    return true;
}

dio_film_source film_case_source(int width, int height, int frames, bool alpha)
{
    struct shape *s = &shapes[shape_count++ % 16];
    *s = (struct shape){width, height, alpha};
    return (dio_film_source){.width = width,
                             .height = height,
                             .fps = 10,
                             .frames = frames,
                             .alpha = alpha,
                             .user = s,
                             .show = show};
}

void film_case_folder(char dir[64])
{
    strcpy(dir, "/tmp/diorama-formats-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void film_case_clear(const char *dir)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int film_case_count(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

dio_written film_case_write(const dio_film_source *s, const char *format, double quality,
                              const char *path)
{
    dio_error err = {0};
    dio_written done;
    const dio_writing how = {.format = dio_format_find(format), .quality = quality};
    assert_non_null(how.format);
    if (!dio_encode_film(s, &how, path, &done, &err))
        fail_msg("%s: %s", format, err.message);
    return done;
}

double film_case_psnr(const dio_image *a, const dio_image *b)
{
    double sum = 0, count = 0;
    int n = a->form.channels, m = b->form.channels;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (int y = 0; y < a->height; y++) {
        const uint8_t *p = dio_image_row(a, y), *q = dio_image_row(b, y);
        for (int x = 0; x < a->width; x++, p += n, q += m) {
            bool clear = n == 4 && p[3] == 0;
            for (int c = 0; c < 3 && !clear; c++, count++)
                sum += (p[c] - q[c]) * (p[c] - q[c]);
            if (n == 4 && m == 4) {
                sum += (p[3] - q[3]) * (p[3] - q[3]);
                count++;
            }
        }
    }
    return 10 * log10(255.0 * 255.0 * count / (sum + 1e-9));
}
