/* test_blend.c: "over" in linear light, against the formula; bytes that nothing touched. */
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
#include "vision/blend.h"

static dio_image *over(dio_image *base, dio_lay lay)
{
    dio_error err = {0};
    dio_image *out = dio_image_ref(base);
    if (!dio_image_over(&out, &lay, &err))
        fail_msg("%s", err.message);
    assert_ptr_not_equal(out, base); /* held by the caller: a copy */
    assert_true(dio_form_equal(&out->form, &base->form));
    return out;
}

static double to_light(const dio_form *form, double v)
{
    if (form->curve == DIO_CURVE_LINEAR)
        return v;
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double from_light(const dio_form *form, double v)
{
    if (form->curve == DIO_CURVE_LINEAR)
        return v;
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

/* A pixel as light multiplied by alpha, and alpha; grey is spread. */
static void light_of(const dio_image *a, int x, int y, double out[4])
{
    int channels = a->form.channels, colours = channels < 3 ? 1 : 3;
    out[3] = channels == colours ? 1 : picture_get(a, x, y, colours);
    for (int c = 0; c < 3; c++) {
        double v = picture_get(a, x, y, colours == 1 ? 0 : c);
        if (a->form.premultiplied)
            v = out[3] > 0 ? v / out[3] : 0;
        out[c] = to_light(&a->form, v) * out[3];
    }
}

/* Every pixel of the result by Porter and Duff's formula, in double. */
static double worst(const dio_image *base, const dio_image *got, const dio_lay *lay)
{
    double most = 0;
    for (int y = 0; y < base->height; y++) {
        for (int x = 0; x < base->width; x++) {
            int u = x - lay->x, v = y - lay->y, colours = base->form.channels < 3 ? 1 : 3;
            double b[4], t[4] = {0};
            light_of(base, x, y, b);
            if (u >= 0 && v >= 0 && u < lay->top->width && v < lay->top->height) {
                light_of(lay->top, u, v, t);
                double w = (double)lay->opacity * (lay->mask ? picture_get(lay->mask, u, v, 0) : 1);
                for (int c = 0; c < 4; c++)
                    b[c] = w * t[c] + b[c] * (1 - w * t[3]);
            }
            if (colours == 1)
                b[0] = 0.2126 * b[0] + 0.7152 * b[1] + 0.0722 * b[2];
            for (int c = 0; c < colours; c++) {
                double want = from_light(&base->form, b[3] > 0 ? b[c] / b[3] : 0);
                if (base->form.premultiplied)
                    want *= b[3];
                if (b[3] > 0.02) /* a colour of nothing may be any */
                    most = worse(most, fabs(want - picture_get(got, x, y, c)));
            }
            if (base->form.channels > colours)
                most = worse(most, fabs(b[3] - picture_get(got, x, y, colours)));
        }
    }
    return most;
}

static void over_is_porter_and_duffs(void **state)
{
    (void)state;
    double most[3] = {0};
    for (int k = 0; k < 3 * 4 * 4 * 2; k++) {
        dio_form below = form_of((dio_depth)(k % 3), k & 1 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB,
                                 1 + k / 3 % 4, k & 2);
        dio_form above = form_of((dio_depth)((k + 1) % 3),
                                 k & 4 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB, 1 + k / 12 % 4, k & 8);
        dio_image *a = picture_noise(300, 11, below, 1), *b = picture_noise(280, 9, above, 2);
        dio_image *mask = picture_noise(280, 9, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 3);
        dio_lay lay = {.top = b,
                       .mask = k >= 48 ? mask : NULL,
                       .x = 37 - k,
                       .y = k % 7 - 3,
                       .opacity = k % 5 == 0 ? 1 : 0.7f};
        dio_image *got = over(a, lay);
        most[k % 3] = worse(most[k % 3], worst(a, got, &lay));
        dio_image_unref(a);
        dio_image_unref(b);
        dio_image_unref(mask);
        dio_image_unref(got);
    }
    print_message("off by %.2f of 255, %.2f of 65535, %.1e\n", 255 * most[0], 65535 * most[1],
                  most[2]);
    assert_true(255 * most[0] < 0.52);   /* rounding alone is 0.5; measured: 0.50 */
    assert_true(65535 * most[1] < 0.55); /* measured: 0.51 */
    assert_true(most[2] < 7e-7);         /* measured: 1.6e-7 */
}

/* Half of white on black is half the light. */
static void halves_meet_in_light(void **state)
{
    (void)state;
    const float black[3] = {0}, white[3] = {1, 1, 1};
    dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false);
    dio_image *a = picture_flat(4, 4, form, black), *b = picture_flat(4, 4, form, white);
    dio_image *c = over(a, (dio_lay){.top = b, .opacity = 0.5f});
    assert_int_equal(lrintf(255 * picture_get(c, 1, 1, 1)), 188);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_image_unref(c);
}

/* What an inpainting leaves alone: the same bytes, even those that no conversion would give back.
 */
static void untouched_bytes_stay(void **state)
{
    (void)state;
    dio_form forms[] = {form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, true),
                        form_of(DIO_DEPTH_U16, DIO_CURVE_LINEAR, 4, true),
                        form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 4, true)};
    for (int k = 0; k < 3; k++) {
        dio_image *a = picture_noise(300, 20, forms[k], 1);
        for (int x = 0; x < 300; x++)
            picture_set(a, x, 5, 3, 0); /* colours brighter than their alpha */
        dio_image *b = picture_noise(300, 20, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 2);
        dio_image *mask =
            picture_noise(300, 20, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), 3);
        for (int y = 0; y < 20; y++)
            for (int x = 0; x < 300; x++)
                picture_set(mask, x, y, 0, (x / 7 + y / 3) % 2 ? 0 : 1);
        dio_image *got = over(a, (dio_lay){.top = b, .mask = mask, .opacity = 1});
        size_t size = dio_image_row_bytes(a) / 300;
        double most = 0;
        for (int i = 0; i < 300 * 20; i++) {
            int x = i % 300, y = i / 300;
            const uint8_t *was = (const uint8_t *)dio_image_row(a, y) + (size_t)x * size;
            const uint8_t *is = (const uint8_t *)dio_image_row(got, y) + (size_t)x * size;
            if ((x / 7 + y / 3) % 2)
                assert_memory_equal(was, is, size);
            else
                for (int c = 0; c < 3; c++)
                    most = worse(most, fabs(to_light(&forms[k], picture_get(got, x, y, c)) -
                                            to_light(&b->form, picture_get(b, x, y, c))));
        }
        print_message("touched: off by %.1e\n", most);
        assert_true(most < 3e-5); /* 16 bits of light hold no more; measured: 7.6e-6 */
        dio_image_unref(a);
        dio_image_unref(b);
        dio_image_unref(mask);
        dio_image_unref(got);
    }
}

static void what_lies_outside_is_nothing(void **state)
{
    (void)state;
    dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false);
    dio_image *a = picture_noise(20, 20, form, 1), *b = picture_noise(10, 10, form, 2);
    static const int places[][2] = {{20, 0},
                                    {0, 20},
                                    {-10, 0},
                                    {0, -10},
                                    {2147483647, 0},
                                    {0, -2147483647},
                                    {2147483647, 2147483647}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        dio_image *c =
            over(a, (dio_lay){.top = b, .x = places[i][0], .y = places[i][1], .opacity = 1});
        assert_same_picture(a, c);
        dio_image_unref(c);
    }
    dio_image_unref(a);
    dio_image_unref(b);
}

static void flat_pictures_stand_on_their_ground(void **state)
{
    (void)state;
    dio_error err = {0};
    const float red[3] = {1, 0.2f, 0}, grey[3] = {0.4f, 0.4f, 0.4f};
    const float half[4] = {0, 0, 1, 0.5f}, clear[2] = {0.9f, 0};
    dio_image *a = picture_flat(300, 2, form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 4, false), half);
    dio_image *b = dio_image_flatten(a, red, &err);
    assert_int_equal(b->form.channels, 3);
    dio_form coded = form_of(DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false);
    assert_true(fabs(picture_get(b, 299, 1, 0) - from_light(&coded, 0.5)) < 1e-6);
    assert_true(fabs(picture_get(b, 299, 1, 1) - from_light(&coded, to_light(&coded, 0.2) / 2)) <
                1e-6);
    assert_true(fabs(picture_get(b, 299, 1, 2) - from_light(&coded, 0.5)) < 1e-6);
    dio_image *same = dio_image_flatten(b, red, &err);
    assert_ptr_equal(same, b);
    dio_image_unref(same);
    dio_image_unref(a);
    dio_image_unref(b);

    a = picture_flat(3, 3, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 2, false), clear);
    b = dio_image_flatten(a, grey, &err);
    assert_int_equal(b->form.channels, 1);
    assert_int_equal(lrintf(255 * picture_get(b, 1, 1, 0)), 102);
    dio_image_unref(b);
    b = dio_image_flatten(a, red, &err);
    assert_int_equal(b->form.channels, 3);
    assert_int_equal(lrintf(255 * picture_get(b, 1, 1, 1)), 51);
    dio_image_unref(a);
    dio_image_unref(b);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    dio_image *a = picture_noise(301, 67, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false), 5);
    dio_image *b = picture_noise(301, 67, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, true), 6);
    dio_gang_resize(1);
    dio_image *one = over(a, (dio_lay){.top = b, .x = 3, .opacity = 0.9f});
    dio_gang_resize(3);
    dio_image *three = over(a, (dio_lay){.top = b, .x = 3, .opacity = 0.9f});
    dio_gang_resize(1);
    assert_same_picture(one, three);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_image_unref(one);
    dio_image_unref(three);
}

static void odd_requests_are_refused(void **state)
{
    (void)state;
    dio_form grey = {.channels = 1}, rgb = {.channels = 3};
    dio_image *a = picture_noise(9, 9, rgb, 1), *small = picture_noise(8, 9, grey, 1);
    const struct {
        dio_lay lay;
        const char *why;
    } cases[] = {
        {{.top = a, .opacity = 2}, "an opacity of 2 is not in 0..1"},
        {{.top = a, .opacity = NAN}, "an opacity of nan is not in 0..1"},
        {{.top = a, .mask = a, .opacity = 1}, "a mask has one channel, not 3"},
        {{.top = a, .mask = small, .opacity = 1}, "a mask of 8 x 9 pixels does not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        dio_image *base = a;
        assert_false(dio_image_over(&base, &cases[i].lay, &err));
        assert_non_null(strstr(err.message, cases[i].why));
        assert_ptr_equal(base, a);
    }
    dio_image_unref(a);
    dio_image_unref(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_is_porter_and_duffs),
        cmocka_unit_test(halves_meet_in_light),
        cmocka_unit_test(untouched_bytes_stay),
        cmocka_unit_test(what_lies_outside_is_nothing),
        cmocka_unit_test(flat_pictures_stand_on_their_ground),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(odd_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
