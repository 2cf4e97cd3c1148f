/* test_image.c: pictures in memory: sharing, limits, forms, notes, turning. */
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
#include "vision/srgb.h"

static void writers_get_their_own(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_image *a = picture_noise(7, 5, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false), 1);
    assert_true(dio_image_note_add(a, "Title", "one", &err));
    dio_image *alone = a, *b = dio_image_ref(a);
    assert_true(dio_image_writable(&b, &err));
    assert_ptr_not_equal(a, b);
    assert_same_picture(a, b);
    assert_true(dio_image_writable(&alone, &err));
    assert_ptr_equal(a, alone);
    picture_set(b, 3, 2, 1, 1 - roundf(picture_get(a, 3, 2, 1)));
    assert_true(picture_distance(a, b) >= 0.5f);
    assert_true(dio_image_note_set(b, "Title", "two", &err));
    assert_string_equal(dio_image_note(a, "Title"), "one");
    assert_string_equal(dio_image_note(b, "Title"), "two");
    dio_image_unref(a);
    dio_image_unref(b);
    dio_image_unref(NULL);
}

static void refused(int64_t w, int64_t h, const char *why)
{
    dio_error err = {0};
    assert_false(dio_image_size_check(w, h, &err));
    if (!strstr(err.message, why))
        fail_msg("%s", err.message);
}

static void sizes_are_checked_first(void **state)
{
    (void)state;
    dio_error err = {0};
    refused(0, 5, "a picture of 0 x 5 pixels has nothing in it");
    refused(5, -1, "a picture of 5 x -1 pixels has nothing in it");
    refused(65536, 1, "65536 x 1 pixels: a side above the limit of 65535");
    refused(65535, 65535, "65535 x 65535 pixels are 4294836225, above the limit of 67108864");
    refused(8192, 8193, "above the limit of 67108864");
    refused(2147483647, 2147483647, "a side above the limit of 65535");
    assert_true(dio_image_size_check(8192, 8192, &err));
    assert_true(dio_image_size_check(65535, 1024, &err));
    dio_form five = {.channels = 5};
    assert_null(dio_image_create(2, 2, &five, &err));
    assert_non_null(strstr(err.message, "a picture of 5 channels"));
}

static void notes_are_kept_in_order(void **state)
{
    (void)state;
    dio_error err = {0};
    const float grey = 0.5f;
    dio_image *a = picture_flat(1, 1, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false), &grey);
    assert_int_equal(dio_image_notes(a), 0);
    assert_null(dio_image_note(a, "Title"));
    for (int i = 0; i < 9; i++)
        assert_true(dio_image_note_add(a, i % 2 ? "odd" : "even", "text", &err));
    assert_true(dio_image_note_set(a, "odd", "un été à 日本", &err));
    assert_int_equal(dio_image_notes(a), 6);
    assert_string_equal(dio_image_note_key(a, 4), "even");
    assert_string_equal(dio_image_note_key(a, 5), "odd");
    assert_string_equal(dio_image_note_text(a, 5), "un été à 日本");
    assert_true(dio_image_note_set(a, "even", NULL, &err));
    assert_int_equal(dio_image_notes(a), 1);
    assert_true(dio_image_note_add(a, "Größe", "Latin-1 is fine", &err));
    static const char *const keys[] = {"", " a", "a ", "a\nb", "日本", "a\xff"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        dio_error_clear(&err);
        assert_false(dio_image_note_add(a, keys[i], "x", &err));
        assert_non_null(strstr(err.message, "1 to 79 characters of Latin-1"));
    }
    char key[81];
    memset(key, 'k', 80);
    key[80] = '\0';
    assert_false(dio_image_note_add(a, key, "x", &err));
    key[79] = '\0';
    dio_error_clear(&err);
    assert_true(dio_image_note_add(a, key, "x", &err));
    assert_false(dio_image_note_add(a, "k", "a\xc3", &err));
    assert_non_null(strstr(err.message, "\"k\" is not valid UTF-8 at byte 1"));
    dio_image_unref(a);
}

/* IEC 61966-2-1: the curve's own table of a few values, and its two pieces' meeting point. */
static void the_curve_is_srgbs(void **state)
{
    (void)state;
    static const struct {
        int byte;
        double linear;
    } known[] = {{0, 0},
                 {1, 1 / (255 * 12.92)},
                 {10, 10 / (255 * 12.92)},
                 {128, 0.21586050011389926},
                 {188, 0.5028864580325687},
                 {255, 1}};
    dio_srgb_bytes b;
    dio_srgb_bytes_init(&b);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        float linear = dio_srgb_to_linear((float)known[i].byte / 255);
        assert_true(fabs(linear - known[i].linear) < 1e-7); /* measured: 3e-8 */
        assert_true(fabs(b.linear[known[i].byte] - known[i].linear) < 1e-7);
    }
    for (int k = 0; k < 256; k++) {
        assert_int_equal(dio_srgb_byte(&b, b.linear[k]), k);
        assert_int_equal(lrintf(255 * dio_srgb_from_linear(b.linear[k])), k);
    }
    for (int i = 0; i <= 1000000; i++) { /* the table rounds as the formula does */
        float v = (float)i / 1000000;
        double coded = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
        assert_int_equal(dio_srgb_byte(&b, v), (int)(255 * coded + 0.5));
    }
    assert_int_equal(dio_srgb_byte(&b, -1), 0);
    assert_int_equal(dio_srgb_byte(&b, NAN), 0);
    assert_int_equal(dio_srgb_byte(&b, 2), 255);
    assert_int_equal(dio_srgb_byte(&b, INFINITY), 255);
    assert_true(fabsf(dio_srgb_from_linear(dio_srgb_to_linear(-0.5f)) + 0.5f) < 1e-6f);
    assert_true(fabsf(dio_srgb_from_linear(dio_srgb_to_linear(3)) - 3) < 1e-6f);
}

/* Ottosson's page gives these for XYZ; white and grey have no colour by construction. */
static void grey_has_no_colour_in_oklab(void **state)
{
    (void)state;
    float lab[3], rgb[3] = {1, 1, 1};
    dio_srgb_oklab(rgb, lab);
    assert_true(fabsf(lab[0] - 1) < 1e-5f && fabsf(lab[1]) < 1e-4f && fabsf(lab[2]) < 1e-4f);
    rgb[0] = rgb[1] = rgb[2] = 0.125f;
    dio_srgb_oklab(rgb, lab);
    assert_true(fabsf(lab[0] - 0.5f) < 1e-5f); /* the cube root */
    const float red[3] = {1, 0, 0};
    dio_srgb_oklab(red, lab); /* CSS Color 4: oklch(0.628 0.2577 29.23) */
    assert_true(fabsf(lab[0] - 0.62796f) < 1e-4f && fabsf(lab[1] - 0.22486f) < 1e-4f &&
                fabsf(lab[2] - 0.12585f) < 1e-4f);
    dio_srgb_from_oklab(lab, rgb); /* the two published matrices invert each other to about 1e-6 */
    for (int c = 0; c < 3; c++)
        assert_true(fabsf(rgb[c] - red[c]) < 5e-6f);
}

static dio_image *convert(dio_image *image, dio_form form)
{
    dio_error err = {0};
    dio_image *out = dio_image_convert(image, &form, &err);
    if (!out)
        fail_msg("%s", err.message);
    return out;
}

/* There and back by every form that holds as much: the same numbers. */
static void wide_forms_lose_nothing(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 4; channels++) {
        for (int k = 0; k < 8; k++) {
            dio_form bytes =
                form_of(DIO_DEPTH_U8, k & 1 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB, channels, false);
            dio_form wide = form_of(k & 2 ? DIO_DEPTH_U16 : DIO_DEPTH_F32,
                                    k & 4 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB, channels, false);
            dio_image *a = picture_noise(300, 20, bytes, (unsigned)k);
            dio_image *b = convert(a, wide), *c = convert(b, bytes);
            assert_same_picture(a, c);
            dio_image_unref(a);
            dio_image_unref(b);
            dio_image_unref(c);
        }
    }
}

/* A ramp against the formula, in double. */
static void gradients_follow_the_curve(void **state)
{
    (void)state;
    dio_image *ramp = picture_noise(256, 1, form_of(DIO_DEPTH_U16, DIO_CURVE_SRGB, 1, false), 1);
    for (int x = 0; x < 256; x++)
        picture_set(ramp, x, 0, 0, (float)x / 255);
    dio_image *light = convert(ramp, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 1, false));
    dio_image *bytes = convert(light, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false));
    double most = 0;
    for (int x = 0; x < 256; x++) {
        double v = x / 255.0, linear = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
        most = worse(most, fabs(picture_get(light, x, 0, 0) - linear));
        assert_int_equal(lrintf(255 * picture_get(bytes, x, 0, 0)), x);
    }
    print_message("light off by %.1e\n", most);
    assert_true(most < 2e-7); /* measured: 5e-8 */
    dio_image_unref(ramp);
    dio_image_unref(light);
    dio_image_unref(bytes);
}

static void one_pixel(dio_form from, const float *in, dio_form to, const float *out)
{
    dio_image *a = picture_flat(1, 1, from, in), *b = convert(a, to);
    for (int c = 0; c < to.channels; c++)
        if (!(fabsf(picture_get(b, 0, 0, c) - out[c]) < 5e-7f)) /* measured: 0 */
            fail_msg("channel %d is %.9g, not %.9g", c, (double)picture_get(b, 0, 0, c),
                     (double)out[c]);
    dio_image_unref(a);
    dio_image_unref(b);
}

static void channels_and_alpha_change(void **state)
{
    (void)state;
    const dio_depth f = DIO_DEPTH_F32;
    const dio_curve s = DIO_CURVE_SRGB, l = DIO_CURVE_LINEAR;
    const float v[4] = {0.4f, 0.2f, 0.8f, 0.5f};
    one_pixel(form_of(f, l, 4, false), v, form_of(f, l, 4, true),
              (float[]){0.2f, 0.1f, 0.4f, 0.5f});
    one_pixel(form_of(f, l, 4, true), v, form_of(f, l, 4, false),
              (float[]){0.8f, 0.4f, 1.6f, 0.5f});
    one_pixel(form_of(f, l, 4, false), v, form_of(f, l, 3, false), v);
    one_pixel(form_of(f, l, 4, true), v, form_of(f, l, 3, false), (float[]){0.8f, 0.4f, 1.6f});
    one_pixel(form_of(f, s, 3, false), v, form_of(f, s, 4, true), (float[]){0.4f, 0.2f, 0.8f, 1});
    float grey = 0.2126f * 0.4f + 0.7152f * 0.2f + 0.0722f * 0.8f;
    one_pixel(form_of(f, l, 4, false), v, form_of(f, l, 1, false), &grey);
    one_pixel(form_of(f, l, 4, false), v, form_of(f, l, 2, true), (float[]){grey / 2, 0.5f});
    one_pixel(form_of(f, l, 4, true), v, form_of(f, l, 2, true), (float[]){grey, 0.5f});
    /* Grey of coded colours is coded luminance, not a mean of codes. */
    float light = 0.2126f * dio_srgb_to_linear(0.4f) + 0.7152f * dio_srgb_to_linear(0.2f) +
                  0.0722f * dio_srgb_to_linear(0.8f);
    float coded = dio_srgb_from_linear(light);
    one_pixel(form_of(f, s, 3, false), v, form_of(f, s, 1, false), &coded);
    one_pixel(form_of(f, s, 2, false), v, form_of(f, s, 4, false),
              (float[]){0.4f, 0.4f, 0.4f, 0.2f});
    one_pixel(form_of(f, s, 1, false), v, form_of(f, s, 2, false), (float[]){0.4f, 1});
    /* Multiplied after the curve: freed of alpha before it. */
    one_pixel(form_of(f, s, 2, true), (float[]){0.2f, 0.5f}, form_of(f, l, 2, true),
              (float[]){dio_srgb_to_linear(0.4f) / 2, 0.5f});
    one_pixel(form_of(f, s, 2, true), (float[]){0.2f, 0}, form_of(f, s, 2, false), (float[]){0, 0});
    one_pixel(form_of(f, l, 3, false), (float[]){NAN, -4, INFINITY},
              form_of(DIO_DEPTH_U16, l, 3, false), (float[]){0, 0, 1});
}

static void spans_do_not_show(void **state)
{
    (void)state;
    dio_form from = form_of(DIO_DEPTH_U16, DIO_CURVE_SRGB, 4, false);
    dio_form to = form_of(DIO_DEPTH_U8, DIO_CURVE_LINEAR, 2, true);
    dio_image *a = picture_noise(600, 40, from, 5);
    dio_error err = {0};
    dio_gang_resize(1);
    dio_image *one = convert(a, to);
    dio_gang_resize(3);
    dio_image *three = convert(a, to);
    dio_gang_resize(1);
    assert_same_picture(one, three);
    dio_image *part = dio_image_crop(a, 251, 7, 20, 30, &err);
    dio_image *made = convert(part, to), *cut = dio_image_crop(one, 251, 7, 20, 30, &err);
    assert_same_picture(made, cut);
    dio_image_unref(a);
    dio_image_unref(one);
    dio_image_unref(three);
    dio_image_unref(part);
    dio_image_unref(made);
    dio_image_unref(cut);
}

static void crops_lie_within(void **state)
{
    (void)state;
    static const int bad[][4] = {{-1, 0, 2, 2},        {0, 4, 2, 2}, {0, 0, 8, 1},
                                 {7, 0, 1, 1},         {0, 0, 0, 1}, {2147483647, 0, 1, 1},
                                 {1, 1, 2147483647, 1}};
    dio_image *a = picture_noise(7, 5, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dio_error err = {0};
        assert_null(dio_image_crop(a, bad[i][0], bad[i][1], bad[i][2], bad[i][3], &err));
        assert_non_null(strstr(err.message, "do not lie within a picture of 7 x 5"));
    }
    dio_image_unref(a);
}

/* Where the stored pixel (x, y) of W x H lies when the picture is upright; EXIF 2.32's figure. */
static void place(int orientation, int w, int h, int x, int y, int *ux, int *uy)
{
    const int at[9][2] = {
        {0},    {x, y},         {w - 1 - x, y},         {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
        {y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}};
    *ux = at[orientation][0];
    *uy = at[orientation][1];
}

static void pictures_are_turned_upright(void **state)
{
    (void)state;
    dio_error err = {0};
    for (int depth = 0; depth < 3; depth++) {
        dio_image *a =
            picture_noise(5, 3, form_of((dio_depth)depth, DIO_CURVE_SRGB, 1 + depth, false), 3);
        for (int o = 1; o <= 8; o++) {
            dio_image *up = dio_image_orient(a, o, &err);
            assert_int_equal(up->width, o < 5 ? 5 : 3);
            for (int y = 0; y < 3; y++) {
                for (int x = 0; x < 5; x++) {
                    int ux, uy;
                    place(o, 5, 3, x, y, &ux, &uy);
                    assert_true(picture_get(a, x, y, 0) == picture_get(up, ux, uy, 0));
                }
            }
            dio_image_unref(up);
        }
        assert_null(dio_image_orient(a, 9, &err));
        assert_non_null(strstr(err.message, "orientation 9 is none of EXIF's"));
        dio_error_clear(&err);
        dio_image_unref(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writers_get_their_own),       cmocka_unit_test(sizes_are_checked_first),
        cmocka_unit_test(notes_are_kept_in_order),     cmocka_unit_test(the_curve_is_srgbs),
        cmocka_unit_test(grey_has_no_colour_in_oklab), cmocka_unit_test(wide_forms_lose_nothing),
        cmocka_unit_test(gradients_follow_the_curve),  cmocka_unit_test(channels_and_alpha_change),
        cmocka_unit_test(spans_do_not_show),           cmocka_unit_test(crops_lie_within),
        cmocka_unit_test(pictures_are_turned_upright),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
