/* test_colour_match.c: wished colours are met, and what is none of them stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "pictures.h"
#include "tests/worst.h"
#include "vision/colour_match.h"

enum { SIDE = 96, PLANE = SIDE * SIDE };
static const dio_form rgb8 = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
static const dio_form rgba8 = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};

static uint8_t *at(const dio_image *image, int i)
{
    return (uint8_t *)dio_image_row(image, i / SIDE) + i % SIDE * image->form.channels;
}

static dio_image *blank(const dio_form *form)
{
    dio_error err = {0};
    dio_image *image = dio_image_create(SIDE, SIDE, form, &err);
    if (!image)
        fail_msg("%s", err.message);
    return image;
}

static void match(dio_image *image, const uint8_t (*rgb)[3], int count)
{
    dio_error err = {0};
    if (!dio_image_colour_match(image, rgb, count, &err))
        fail_msg("%s", err.message);
}

static void fill(dio_image *image, int from, int to, int r, int g, int b)
{
    for (int i = from; i < to; i++)
        memcpy(at(image, i), (const uint8_t[3]){(uint8_t)r, (uint8_t)g, (uint8_t)b}, 3);
}

/* Two flat fields, each off by what one sees side by side, and a third that nobody wished for. */
static void fields_take_the_wished_colours(void **state)
{
    (void)state;
    static const uint8_t wishes[][3] = {{200, 60, 50}, {40, 90, 160}, {250, 220, 40}};
    dio_image *image = blank(&rgb8);
    fill(image, 0, PLANE / 2, 196, 62, 54);
    fill(image, PLANE / 2, PLANE * 3 / 4, 43, 93, 157);
    fill(image, PLANE * 3 / 4, PLANE, 120, 200, 120);
    match(image, wishes, 3); /* nothing is near the third */
    int off = 0;
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++) {
            static const uint8_t green[3] = {120, 200, 120};
            const uint8_t *want = i < PLANE / 2 ? wishes[0] : i < PLANE * 3 / 4 ? wishes[1] : green;
            int d = abs(at(image, i)[c] - want[c]);
            off = d > off ? d : off;
        }
    assert_in_range(off, 0, 1); /* measured 0 or 1: bytes are rounded */
    dio_image_unref(image);
}

/* A ramp through the wished colour stays a ramp: no step backwards, no band. */
static void gradients_stay_gradients(void **state)
{
    (void)state;
    static const uint8_t wish[][3] = {{114, 119, 114}};
    dio_image *image = blank(&rgb8);
    for (int i = 0; i < PLANE; i++) {
        int v = 20 + i % SIDE * 2;
        if (i / SIDE > SIDE / 4) /* most is a field: the crowd */
            v = 116;
        fill(image, i, i + 1, v, v, v);
    }
    match(image, wish, 1);
    for (int x = 1; x < SIDE; x++) {
        const uint8_t *a = at(image, x - 1), *b = at(image, x);
        for (int c = 0; c < 3; c++)
            assert_in_range(b[c], a[c], a[c] + 8);
    }
    assert_memory_equal(at(image, 0), ((const uint8_t[3]){20, 20, 20}), 3);
    assert_int_not_equal(at(image, PLANE - 1)[1], 116);
    dio_image_unref(image);
}

static void what_is_clear_counts_for_nothing(void **state)
{
    (void)state;
    static const uint8_t wish[][3] = {{17, 19, 21}};
    dio_image *image = blank(&rgba8);
    for (int i = 0; i < PLANE / 8; i++)
        memcpy(at(image, i), ((const uint8_t[4]){20, 20, 20, (uint8_t)(128 + i % 128)}), 4);
    match(image, wish, 1);
    for (int i = 0; i < PLANE; i++) {
        const uint8_t *p = at(image, i);
        uint8_t seen[4] = {17, 19, 21, (uint8_t)(128 + i % 128)};
        if (i >= PLANE / 8)
            memset(seen, 0, 4);
        for (int c = 0; c < 4; c++)
            assert_in_range(abs(p[c] - seen[c]), 0, 1);
        assert_int_equal(p[3], seen[3]);
    }
    dio_image_unref(image);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const uint8_t wishes[][3] = {{200, 60, 50}, {40, 90, 160}, {128, 128, 128}};
    dio_image *image[2];
    int usual = dio_gang_size();
    for (int k = 0; k < 2; k++) {
        dio_gang_resize(k + 1);
        image[k] = picture_noise(SIDE, SIDE, rgba8, 5);
        fill(image[k], 0, PLANE / 2, 196, 62, 54);
        match(image[k], wishes, 3);
    }
    dio_gang_resize(usual);
    assert_memory_equal(at(image[0], 0), at(image[1], 0), 4 * PLANE);
    assert_in_range(at(image[0], 0)[0], 199, 201);
    match(image[0], wishes, 0);
    assert_memory_equal(at(image[0], 0), at(image[1], 0), 4 * PLANE);
    dio_image_unref(image[0]);
    dio_image_unref(image[1]);
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    static const uint8_t wish[1][3] = {{1, 2, 3}};
    const dio_form form[] = {{DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false},
                             {DIO_DEPTH_U8, DIO_CURVE_LINEAR, 3, false},
                             {DIO_DEPTH_U8, DIO_CURVE_SRGB, 2, false},
                             {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, true}};
    for (int i = 0; i < 4; i++) {
        dio_error err = {0};
        dio_image *image = blank(&form[i]);
        assert_false(dio_image_colour_match(image, wish, 1, &err));
        assert_string_equal(err.message,
                            "colours are matched in pictures of 8 bits, straight, to at most 8");
        dio_image_unref(image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_take_the_wished_colours),
        cmocka_unit_test(gradients_stay_gradients),
        cmocka_unit_test(what_is_clear_counts_for_nothing),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
