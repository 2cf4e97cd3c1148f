/* test_resize.c: new sizes against Pillow, closed forms, and slow ways of saying the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/gang.h"
#include "pictures.h"
#include "tests/worst.h"
#include "vision/resize.h"
#include "vision/srgb.h"

struct golden {
    const char *name;
    dio_filter filter;
    int channels, width, height, new_width, new_height;
    bool coded;
    const float *value;
};
#include "resize_golden.h"

static dio_image *resize(dio_image *image, int width, int height, dio_resize how)
{
    dio_error err = {0};
    dio_image *out = dio_image_resize(image, width, height, &how, &err);
    if (!out)
        fail_msg("%s", err.message);
    assert_int_equal(out->width, width);
    assert_int_equal(out->height, height);
    assert_true(dio_form_equal(&out->form, &image->form));
    return out;
}

/* The formula of tools/golden/resize.py. */
static dio_image *golden_source(const struct golden *g)
{
    dio_error err = {0};
    dio_form form = form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, g->channels, false);
    dio_image *image = dio_image_create(g->width, g->height, &form, &err);
    for (int y = 0; y < g->height; y++) {
        for (int x = 0; x < g->width; x++) {
            for (int c = 0; c < g->channels; c++) {
                int v = (x * 37 + y * 71 + c * 101 + x * y * 13) % 256;
                if (c == 3)
                    v = v * 2 - 128 < 0 ? 0 : v * 2 - 128 > 255 ? 255 : v * 2 - 128;
                picture_set(image, x, y, c, (float)v / 255);
            }
        }
    }
    return image;
}

static void sizes_are_pillows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const struct golden *g = &goldens[i];
        dio_image *from = golden_source(g);
        dio_image *to = resize(from, g->new_width, g->new_height,
                               (dio_resize){.filter = g->filter, .coded = g->coded});
        double most = 0;
        for (int k = 0; k < g->new_width * g->new_height * g->channels; k++) {
            int pixel = k / g->channels;
            float got =
                picture_get(to, pixel % g->new_width, pixel / g->new_width, k % g->channels);
            most = worse(most, fabs((double)got - (double)g->value[k]));
        }
        print_message("%s: off by %.1e\n", g->name, most);
        assert_true(most < 2.4e-6); /* measured: 6e-7, where alpha divides; else 1.8e-7 */
        dio_image_unref(from);
        dio_image_unref(to);
    }
}

/* Whatever the size, form and light: the same colour everywhere. */
static void a_constant_stays_constant(void **state)
{
    (void)state;
    static const int sizes[][4] = {{1, 1, 9, 7}, {5, 3, 64, 33}, {64, 33, 5, 3}, {300, 2, 299, 5}};
    const float colour[4] = {201 / 255.0f, 33 / 255.0f, 117 / 255.0f, 1};
    for (int k = 0; k < 4 * 2 * 2 * 2 * 4; k++) {
        const int *s = sizes[k % 4];
        int channels = 1 + k / 32;
        float flat[4];
        memcpy(flat, colour, sizeof flat);
        if (channels % 2 == 0)
            flat[channels - 1] = 153 / 255.0f;
        dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false);
        dio_image *a = picture_flat(s[0], s[1], form, flat);
        dio_image *b = resize(a, s[2], s[3],
                              (dio_resize){.filter = k & 4 ? DIO_FILTER_AREA : DIO_FILTER_LANCZOS,
                                           .coded = k & 8,
                                           .wrap_x = k & 16,
                                           .wrap_y = k & 16});
        dio_image *want = picture_flat(s[2], s[3], form, flat);
        assert_same_picture(b, want);
        dio_image_unref(a);
        dio_image_unref(b);
        dio_image_unref(want);
    }
}

/* Half black, half white is half the light: 188, where the mean of codes would be 128. */
static void a_checkerboard_becomes_half_the_light(void **state)
{
    (void)state;
    dio_image *a = picture_noise(32, 32, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 1);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            picture_set(a, x, y, 0, (float)((x + y) % 2));
    for (int size = 1; size <= 16; size *= 2) {
        for (int coded = 0; coded < 2; coded++) {
            dio_image *b =
                resize(a, size, size, (dio_resize){.filter = DIO_FILTER_AREA, .coded = coded});
            for (int i = 0; i < size * size; i++)
                assert_int_equal(lrintf(255 * picture_get(b, i % size, i / size, 0)),
                                 coded ? 128 : 188);
            dio_image_unref(b);
        }
    }
    dio_image_unref(a);
}

/* Every pixel repeated as often as the new size has, then means of as many as the old size had. */
static void area_is_the_covered_area(void **state)
{
    (void)state;
    static const int sizes[][4] = {{7, 5, 3, 4}, {3, 4, 7, 5}, {10, 6, 4, 9}, {13, 1, 5, 1}};
    for (int s = 0; s < 4; s++) {
        int w = sizes[s][0], h = sizes[s][1], nw = sizes[s][2], nh = sizes[s][3];
        dio_image *a = picture_noise(w, h, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 3, false), 4);
        dio_image *b = resize(a, nw, nh, (dio_resize){.filter = DIO_FILTER_AREA});
        double most = 0;
        for (int i = 0; i < nw * nh * 3; i++) {
            int x = i / 3 % nw, y = i / 3 / nw, c = i % 3;
            double sum = 0;
            for (int v = y * h; v < (y + 1) * h; v++)
                for (int u = x * w; u < (x + 1) * w; u++)
                    sum += picture_get(a, u / nw, v / nh, c);
            most = worse(most, fabs(sum / (w * h) - picture_get(b, x, y, c)));
        }
        print_message("area: off by %.1e\n", most);
        assert_true(most < 4e-7); /* measured: 8e-8 */
        dio_image_unref(a);
        dio_image_unref(b);
    }
}

/* The middle of three by three copies, resized, is the tile resized as one that wraps. */
static void tiles_stay_tiles(void **state)
{
    (void)state;
    static const int sizes[][4] = {{12, 9, 20, 6}, {5, 4, 11, 13}, {16, 16, 8, 8}, {9, 12, 3, 4}};
    for (int k = 0; k < 8; k++) {
        int w = sizes[k / 2][0], h = sizes[k / 2][1], nw = sizes[k / 2][2], nh = sizes[k / 2][3];
        dio_form form = form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 3, false);
        dio_filter filter = k % 2 ? DIO_FILTER_AREA : DIO_FILTER_LANCZOS;
        dio_error err = {0};
        /* Enough copies that the edges are beyond any filter's reach. */
        dio_image *a = picture_noise(w, h, form, 4),
                  *all = dio_image_create(7 * w, 7 * h, &form, &err);
        for (int y = 0; y < 7 * h; y++)
            for (int x = 0; x < 7 * w; x++)
                for (int c = 0; c < 3; c++)
                    picture_set(all, x, y, c, picture_get(a, x % w, y % h, c));
        dio_image *tile =
            resize(a, nw, nh, (dio_resize){.filter = filter, .wrap_x = true, .wrap_y = true});
        dio_image *large = resize(all, 7 * nw, 7 * nh, (dio_resize){.filter = filter});
        dio_image *middle = dio_image_crop(large, 3 * nw, 3 * nh, nw, nh, &err);
        float off = picture_distance(tile, middle);
        print_message("tile: off by %.1e\n", (double)off);
        assert_true(off < 1e-6f); /* measured: 0 */
        dio_image_unref(a);
        dio_image_unref(all);
        dio_image_unref(tile);
        dio_image_unref(large);
        dio_image_unref(middle);
    }
}

static void nearest_only_repeats(void **state)
{
    (void)state;
    for (int depth = 0; depth < 3; depth++) {
        dio_form form = form_of((dio_depth)depth, DIO_CURVE_SRGB, 4, depth == 2);
        dio_image *a = picture_noise(9, 7, form, 6);
        dio_image *b = resize(a, 45, 21, (dio_resize){.filter = DIO_FILTER_NEAREST});
        for (int y = 0; y < 21; y++)
            for (int x = 0; x < 45; x++)
                for (int c = 0; c < 4; c++)
                    assert_true(picture_get(b, x, y, c) == picture_get(a, x / 5, y / 3, c));
        dio_image *c = resize(b, 9, 7, (dio_resize){.filter = DIO_FILTER_NEAREST});
        assert_same_picture(a, c);
        dio_image_unref(a);
        dio_image_unref(b);
        dio_image_unref(c);
    }
}

/* Solid red beside clear green: no green may come through. */
static void clear_pixels_lend_no_colour(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        dio_image *a = picture_noise(16, 16, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false), 1);
        for (int y = 0; y < 16; y++) {
            for (int x = 0; x < 16; x++) {
                picture_set(a, x, y, 0, x < 7);
                picture_set(a, x, y, 1, x >= 7);
                picture_set(a, x, y, 2, 0);
                picture_set(a, x, y, 3, x < 7);
            }
        }
        dio_image *b = resize(a, k < 2 ? 5 : 37, 9,
                              (dio_resize){.filter = k % 2 ? DIO_FILTER_AREA : DIO_FILTER_LANCZOS});
        for (int i = 0; i < b->width * 9; i++) {
            int x = i % b->width, y = i / b->width;
            if (picture_get(b, x, y, 3) > 0) {
                assert_true(picture_get(b, x, y, 0) == 1);
                assert_true(picture_get(b, x, y, 1) == 0);
            }
        }
        dio_image_unref(a);
        dio_image_unref(b);
    }
}

static dio_image *mirrored(dio_image *image)
{
    dio_error err = {0};
    return dio_image_orient(image, 3, &err);
}

/* Neither side is favoured: turned by half and resized is resized and turned. */
static void both_ends_are_treated_alike(void **state)
{
    (void)state;
    dio_image *a = picture_noise(31, 17, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 3, false), 8);
    dio_image *turned = mirrored(a);
    for (int k = 0; k < 4; k++) {
        dio_resize how = {.filter = k & 1 ? DIO_FILTER_AREA : DIO_FILTER_LANCZOS};
        int w = k & 2 ? 50 : 12, h = k & 2 ? 13 : 40;
        dio_image *one = resize(a, w, h, how), *two = resize(turned, w, h, how),
                  *back = mirrored(two);
        float off = picture_distance(one, back);
        print_message("turned: off by %.1e\n", (double)off);
        assert_true(off < 1.2e-6f); /* measured: 3e-7 */
        dio_image_unref(one);
        dio_image_unref(two);
        dio_image_unref(back);
    }
    dio_image_unref(a);
    dio_image_unref(turned);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    dio_image *a = picture_noise(301, 97, form_of(DIO_DEPTH_U16, DIO_CURVE_SRGB, 4, false), 8);
    for (int k = 0; k < 3; k++) {
        dio_resize how = {.filter = (dio_filter)k, .wrap_x = true};
        dio_gang_resize(1);
        dio_image *one = resize(a, 530, 61, how);
        for (int threads = 2; threads <= 5; threads++) {
            dio_gang_resize(threads);
            dio_image *more = resize(a, 530, 61, how);
            assert_same_picture(one, more);
            dio_image_unref(more);
        }
        dio_image_unref(one);
    }
    dio_gang_resize(1);
    dio_image_unref(a);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_image *a = picture_noise(4, 4, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 8);
    assert_null(dio_image_resize(a, 0, 5, NULL, &err));
    assert_non_null(strstr(err.message, "0 x 5 pixels has nothing in it"));
    dio_error_clear(&err);
    assert_null(dio_image_resize(a, 65536, 5, NULL, &err));
    dio_error_clear(&err);
    assert_null(dio_image_resize(a, 40000, 40000, NULL, &err));
    assert_non_null(strstr(err.message, "above the limit"));
    dio_error_clear(&err);
    dio_image *same = dio_image_resize(a, 4, 4, NULL, &err);
    assert_ptr_equal(a, same);
    dio_image_unref(same);
    dio_image *line = dio_image_resize(a, 65535, 1, NULL, &err);
    assert_non_null(line);
    dio_image_unref(line);
    dio_image_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_pillows),
        cmocka_unit_test(a_constant_stays_constant),
        cmocka_unit_test(a_checkerboard_becomes_half_the_light),
        cmocka_unit_test(area_is_the_covered_area),
        cmocka_unit_test(tiles_stay_tiles),
        cmocka_unit_test(nearest_only_repeats),
        cmocka_unit_test(clear_pixels_lend_no_colour),
        cmocka_unit_test(both_ends_are_treated_alike),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
