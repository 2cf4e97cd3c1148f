/* test_quantise.c: palettes, exactly; dithers that keep the light. */
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
#include "vision/quantise.h"

static const uint8_t inks[][3] = {{0, 0, 0},    {255, 255, 255}, {190, 38, 51},   {224, 111, 139},
                                  {73, 60, 43}, {164, 100, 34},  {235, 137, 49},  {247, 226, 107},
                                  {47, 72, 78}, {68, 137, 26},   {163, 206, 39},  {27, 38, 50},
                                  {0, 87, 132}, {49, 162, 242},  {178, 220, 239}, {157, 157, 157}};
enum { INKS = sizeof inks / sizeof *inks };
static const uint8_t two[][3] = {{0, 0, 0}, {255, 255, 255}};

static dio_image *quantise(const dio_image *image, const uint8_t (*rgb)[3], int count,
                           dio_quantise how)
{
    dio_error err = {0};
    dio_image *out = dio_image_quantise(image, rgb, count, &how, &err);
    if (!out)
        fail_msg("%s", err.message);
    assert_int_equal(out->form.depth, DIO_DEPTH_U8);
    assert_int_equal(out->form.curve, DIO_CURVE_SRGB);
    return out;
}

static const uint8_t *at(const dio_image *image, int x, int y)
{
    return (const uint8_t *)dio_image_row(image, y) + x * image->form.channels;
}

static bool is_ink(const uint8_t *pixel)
{
    for (int i = 0; i < INKS; i++)
        if (memcmp(pixel, inks[i], 3) == 0)
            return true;
    return false;
}

static void every_pixel_is_of_the_palette(void **state)
{
    (void)state;
    for (int k = 0; k < 4 * 3 * 3 * 2; k++) {
        dio_form form = form_of((dio_depth)(k / 4 % 3), k & 1 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB,
                                1 + k % 4, true);
        bool keep = k >= 36;
        dio_image *a = picture_noise(300, 9, form, (unsigned)k);
        dio_image *b = quantise(
            a, inks, INKS, (dio_quantise){.dither = (dio_dither)(k / 12 % 3), .keep_alpha = keep});
        assert_int_equal(b->form.channels, dio_form_alpha(&a->form) ? 4 : 3);
        for (int i = 0; i < 300 * 9; i++) {
            const uint8_t *p = at(b, i % 300, i / 300);
            float alpha = dio_form_alpha(&a->form)
                              ? picture_get(a, i % 300, i / 300, a->form.channels - 1)
                              : 1;
            bool solid = keep ? alpha > 0 : alpha >= 0.5f;
            assert_true(solid ? is_ink(p) : p[0] == 0 && p[1] == 0 && p[2] == 0 && p[3] == 0);
            if (b->form.channels == 4 && solid)
                assert_int_equal(p[3], keep ? lrintf(alpha * 255) : 255);
        }
        dio_image_unref(a);
        dio_image_unref(b);
    }
}

/* Whatever the dither: colours of the palette are not touched. */
static void what_fits_stays(void **state)
{
    (void)state;
    dio_image *a = picture_noise(64, 48, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 1);
    for (int i = 0; i < 64 * 48; i++)
        memcpy((uint8_t *)(uintptr_t)at(a, i % 64, i / 64), inks[(i * 7 + i / 64) % INKS], 3);
    for (int k = 0; k < 3; k++) {
        dio_image *b = quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)k});
        assert_same_picture(a, b);
        dio_image_unref(b);
    }
    dio_image_unref(a);
}

/* OKLab by hand, in double, for a table of colours: which ink is nearest. */
static void nearest_is_what_looks_nearest(void **state)
{
    (void)state;
    static const struct {
        uint8_t rgb[3], want[3];
    } cases[] = {
        {{3, 3, 4}, {0, 0, 0}},
        {{120, 120, 120}, {157, 157, 157}},
        {{250, 250, 240}, {255, 255, 255}},
        {{200, 30, 60}, {190, 38, 51}},
        {{60, 170, 250}, {49, 162, 242}},
        {{250, 230, 90}, {247, 226, 107}},
        {{160, 200, 50}, {163, 206, 39}},
        {{230, 120, 140}, {224, 111, 139}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float v[3] = {cases[i].rgb[0] / 255.0f, cases[i].rgb[1] / 255.0f,
                            cases[i].rgb[2] / 255.0f};
        dio_image *a = picture_flat(1, 1, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), v);
        dio_image *b = quantise(a, inks, INKS, (dio_quantise){0});
        assert_memory_equal(at(b, 0, 0), cases[i].want, 3);
        dio_image_unref(a);
        dio_image_unref(b);
    }
}

/* The mean light of a dithered patch, for greys between black and white and for a colour that
 * three inks mix. */
static double light(const dio_image *image, int channel)
{
    double sum = 0;
    for (int y = 0; y < image->height; y++) {
        for (int x = 0; x < image->width; x++) {
            double v = picture_get(image, x, y, channel);
            sum += v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
        }
    }
    return sum / ((double)image->width * image->height);
}

static void dithers_keep_the_light(void **state)
{
    (void)state;
    double worst[2] = {0};
    for (int grey = 1; grey < 20; grey++) {
        for (int k = 0; k < 2; k++) {
            float v = (float)grey / 20;
            dio_image *a =
                picture_flat(64, 64, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 1, false), &v);
            dio_image *b =
                quantise(a, two, 2, (dio_quantise){.dither = (dio_dither)(DIO_DITHER_ORDERED + k)});
            worst[k] = worse(worst[k], fabs(light(b, 0) - (double)v));
            dio_image_unref(a);
            dio_image_unref(b);
        }
    }
    print_message("greys: ordered off by %.4f, diffusion by %.4f\n", worst[0], worst[1]);
    assert_true(worst[0] <= 1.0 / 16); /* what sixteen places can show; measured: 0.05 */
    assert_true(worst[1] < 0.03);      /* measured: 0.0123 */

    const float brown[3] = {0.25f, 0.12f, 0.06f};
    dio_image *a = picture_flat(64, 64, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 3, false), brown);
    for (int k = 0; k < 2; k++) {
        dio_image *b =
            quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)(DIO_DITHER_ORDERED + k)});
        for (int c = 0; c < 3; c++) {
            double off = fabs(light(b, c) - (double)brown[c]);
            print_message("brown, dither %d, channel %d: off by %.4f\n", 1 + k, c, off);
            assert_true(off < 0.02); /* measured: 0.0077 */
        }
        dio_image_unref(b);
    }
    dio_image_unref(a);
}

static void weak_dithers_mix_less(void **state)
{
    (void)state;
    const float v = 0.3f;
    dio_image *a = picture_flat(64, 64, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 1, false), &v);
    for (int k = 1; k <= 2; k++) {
        dio_image *full = quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)k});
        dio_image *weak =
            quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)k, .strength = 1});
        dio_image *none = quantise(a, inks, INKS, (dio_quantise){0});
        assert_true(picture_distance(full, none) > 0);
        assert_same_picture(weak, none);
        dio_image_unref(full);
        dio_image_unref(weak);
        dio_image_unref(none);
    }
    dio_image_unref(a);
}

/* A picture moved by the pattern's side dithers alike. */
static void the_pattern_stands_still(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_image *a = picture_noise(40, 30, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 5);
    dio_image *part = dio_image_crop(a, 8, 4, 20, 20, &err);
    dio_image *b = quantise(a, inks, INKS, (dio_quantise){.dither = DIO_DITHER_ORDERED});
    dio_image *c = quantise(part, inks, INKS, (dio_quantise){.dither = DIO_DITHER_ORDERED});
    dio_image *want = dio_image_crop(b, 8, 4, 20, 20, &err);
    assert_same_picture(c, want);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_image_unref(c);
    dio_image_unref(part);
    dio_image_unref(want);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    dio_image *a = picture_noise(301, 67, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, true), 5);
    for (int k = 0; k < 3; k++) {
        dio_gang_resize(1);
        dio_image *one = quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)k});
        dio_gang_resize(3);
        dio_image *three = quantise(a, inks, INKS, (dio_quantise){.dither = (dio_dither)k});
        assert_same_picture(one, three);
        dio_image_unref(one);
        dio_image_unref(three);
    }
    dio_gang_resize(1);
    dio_image_unref(a);
}

static void odd_requests_are_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    const float v = 0.3f;
    dio_image *a = picture_flat(2, 2, (dio_form){.channels = 1}, &v);
    assert_null(dio_image_quantise(a, inks, 0, NULL, &err));
    assert_non_null(strstr(err.message, "a palette of 0 colours: 1 to 256 are possible"));
    dio_error_clear(&err);
    assert_null(dio_image_quantise(a, inks, 257, NULL, &err));
    dio_error_clear(&err);
    assert_null(dio_image_quantise(a, inks, 2, &(dio_quantise){.strength = 101}, &err));
    assert_non_null(strstr(err.message, "101% is not in 1..100"));
    dio_image_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_is_of_the_palette), cmocka_unit_test(what_fits_stays),
        cmocka_unit_test(nearest_is_what_looks_nearest), cmocka_unit_test(dithers_keep_the_light),
        cmocka_unit_test(weak_dithers_mix_less),         cmocka_unit_test(the_pattern_stands_still),
        cmocka_unit_test(threads_change_nothing),        cmocka_unit_test(odd_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
