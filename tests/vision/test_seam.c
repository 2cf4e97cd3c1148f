/* test_seam.c: pictures that tile and pictures that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/gang.h"
#include "base/rng.h"
#include "pictures.h"
#include "vision/seam.h"

enum { SIDE = 96 };

/* Smooth hills whose periods divide `period`, each with a random phase, and grain. */
static dio_image *hills(int width, int height, int period, float grain, unsigned seed)
{
    dio_error err = {0};
    dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false);
    dio_image *image = dio_image_create(width, height, &form, &err);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            for (int c = 0; c < 3; c++) {
                float v = 0.5f;
                for (int k = 0; k < 9; k++) {
                    float u = (float)((k % 3 + 1) * x), w = (float)((k / 3 + 1) * y);
                    float phase = dio_uniform(seed, 7, (uint64_t)(k * 3 + c));
                    v += 0.04f * cosf(6.2831853f * ((u + w) / (float)period + phase));
                }
                uint64_t at = (uint64_t)((y % period) * period + x % period) * 3 + (uint64_t)c;
                v += grain * (dio_uniform(seed, 8, at) - 0.5f);
                picture_set(image, x, y, c, v < 0 ? 0 : v > 1 ? 1 : v);
            }
        }
    }
    return image;
}

static dio_seam seam(const char *what, const dio_image *image)
{
    dio_error err = {0};
    dio_seam s;
    assert_true(dio_image_seam(image, &s, &err));
    print_message("%s: %.2f across, %.2f down\n", what, (double)s.x, (double)s.y);
    return s;
}

static void tiles_have_no_seam(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 6; seed++) {
        dio_image *a = hills(SIDE, SIDE, SIDE, (float)(seed % 3) * 0.1f, seed);
        dio_seam s = seam("tile", a);
        assert_true(s.x < 1.1f && s.y < 1.1f); /* measured: 0.85 at most */
        dio_image_unref(a);
    }
}

static void cut_pictures_have_one(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 6; seed++) {
        /* 1.4 periods: what follows the last column is not the first. */
        dio_image *a = hills(SIDE, SIDE, SIDE * 10 / 14, (float)(seed % 3) * 0.1f, seed);
        dio_seam s = seam("cut", a);
        bool grainy = seed % 3 == 2; /* hides a part of it: 1.28 at least, else 2.5 */
        assert_true(s.x > (grainy ? 1.2f : 2) && s.y > (grainy ? 1.2f : 2));
        dio_image_unref(a);
    }
}

/* A tile across, cut down: the two are told apart. */
static void directions_are_apart(void **state)
{
    (void)state;
    dio_image *a = hills(SIDE, SIDE * 14 / 10, SIDE, 0.1f, 3);
    dio_seam s = seam("across only", a);
    assert_true(s.x < 1.1f && s.y > 2); /* measured: 0.81 and 3.08 */
    dio_image_unref(a);
}

static dio_image *by_formula(int side, float (*f)(int x, int y))
{
    dio_image *a = picture_noise(side, side, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 1);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            picture_set(a, x, y, 0, f(x, y));
    return a;
}

static float even(int x, int y)
{
    (void)x;
    (void)y;
    return 0.6f;
}

static float ramp(int x, int y)
{
    (void)y;
    return (float)x / 63;
}

static float stripes(int x, int y)
{
    (void)y;
    return x / 8 % 2 ? 0.8f : 0.2f;
}

/* A quiet sky that gets a shade lighter to the right, over a busy ground. */
static float sky(int x, int y)
{
    return y < 40 ? 0.7f + 0.002f * (float)x : dio_uniform(1, 1, (uint64_t)(y * 64 + x));
}

/* Grain of half the range, a step of a tenth under it. */
static float hidden(int x, int y)
{
    float grain = dio_uniform(1, 2, (uint64_t)(y * 64 + x)) - 0.5f;
    return 0.5f + 0.5f * grain + 0.1f * ((float)x / 63 - 0.5f);
}

static void simple_pictures_are_judged_right(void **state)
{
    (void)state;
    dio_image *a = by_formula(64, even);
    dio_seam s = seam("even", a);
    assert_true(s.x == 0 && s.y == 0);
    dio_image_unref(a);

    a = by_formula(64, ramp);
    s = seam("ramp", a);
    assert_true(s.x > 10 && s.y == 0); /* measured: 50 */
    dio_image_unref(a);

    a = by_formula(64, stripes);
    s = seam("stripes", a);
    assert_true(s.x < 1.01f && s.y == 0); /* measured: 1.00 */
    dio_image_unref(a);

    a = by_formula(64, sky);
    s = seam("sky", a);
    assert_true(s.x > 4); /* measured: 16 */
    dio_image_unref(a);

    a = by_formula(64, hidden);
    s = seam("hidden step", a);
    assert_true(s.x > 1.5f); /* measured: 2.03 */
    dio_image_unref(a);

    a = by_formula(1, even);
    s = seam("one pixel", a);
    assert_true(s.x == 0 && s.y == 0);
    dio_image_unref(a);
}

/* Colour under alpha 0 does not count, alpha does. */
static void only_what_is_seen_counts(void **state)
{
    (void)state;
    dio_image *a = picture_noise(32, 32, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, false), 2);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            picture_set(a, x, y, 3, 0);
    dio_seam s = seam("clear", a);
    assert_true(s.x == 0 && s.y == 0);
    for (int y = 0; y < 32; y++)
        for (int x = 16; x < 32; x++)
            for (int c = 0; c < 4; c++)
                picture_set(a, x, y, c, c == 3);
    s = seam("half clear", a);
    assert_true(s.x > 10 && s.y == 0);
    dio_image_unref(a);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    dio_image *a = hills(300, 70, 64, 0.2f, 3);
    dio_gang_resize(1);
    dio_seam one = seam("one thread", a);
    dio_gang_resize(3);
    dio_seam three = seam("three", a);
    dio_gang_resize(1);
    assert_true(one.x == three.x && one.y == three.y);
    dio_image_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_have_no_seam),
        cmocka_unit_test(cut_pictures_have_one),
        cmocka_unit_test(directions_are_apart),
        cmocka_unit_test(simple_pictures_are_judged_right),
        cmocka_unit_test(only_what_is_seen_counts),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
