/* test_png.c: PNG files of all kinds, as libpng's writer makes them, read; and ours read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "png_make.h"
#include "tests/worst.h"
#include "vision/image_io.h"

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

/* The fifteen kinds of the standard: PNG 1.2, table 11.1. */
static const int kinds[][2] = {{GREY, 1},        {GREY, 2},      {GREY, 4},      {GREY, 8},
                               {GREY, 16},       {RGB, 8},       {RGB, 16},      {PALETTE, 1},
                               {PALETTE, 2},     {PALETTE, 4},   {PALETTE, 8},   {GREY_ALPHA, 8},
                               {GREY_ALPHA, 16}, {RGB_ALPHA, 8}, {RGB_ALPHA, 16}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What the standard says pixel (x, y) is; returns its number of channels. */
static int expected(const struct png_kind *k, int x, int y, float out[4])
{
    uint8_t rgba[4];
    int samples = png_samples(k), same = 0;
    if (k->type == PALETTE) {
        png_colour(k, png_sample(k, x, y, 0), rgba);
        for (int c = 0; c < 4; c++)
            out[c] = (float)rgba[c] / 255;
        return k->trns ? 4 : 3;
    }
    for (int c = 0; c < samples; c++) {
        out[c] = (float)png_sample(k, x, y, c) / (float)((1 << k->bits) - 1);
        same += png_sample(k, x, y, c) == png_sample(k, 0, 0, c);
    }
    if (!k->trns)
        return samples;
    out[samples] = same == samples ? 0 : 1;
    return samples + 1;
}

static dio_image *decode(const struct png_bytes *file)
{
    return picture_decode(file->data, file->n);
}

static void check_kind(const struct png_kind *k)
{
    struct png_bytes file = png_make(k, NULL);
    dio_image *image = decode(&file);
    float want[4];
    assert_int_equal(image->width, k->width);
    assert_int_equal(image->height, k->height);
    assert_int_equal(image->form.depth, k->bits == 16 ? DIO_DEPTH_U16 : DIO_DEPTH_U8);
    assert_int_equal(image->form.curve, DIO_CURVE_SRGB);
    for (int y = 0; y < k->height; y++) {
        for (int x = 0; x < k->width; x++) {
            assert_int_equal(image->form.channels, expected(k, x, y, want));
            for (int c = 0; c < image->form.channels; c++)
                if (picture_get(image, x, y, c) != want[c])
                    fail_msg("type %d, %d bits, trns %d, interlaced %d: (%d, %d) channel %d is %g, "
                             "not %g",
                             k->type, k->bits, k->trns, k->interlaced, x, y, c,
                             (double)picture_get(image, x, y, c), (double)want[c]);
        }
    }
    dio_image_unref(image);
    free(file.data);
}

/* Widths on both sides of a byte's worth of pixels, and below what Adam7's passes need. */
static void every_kind_is_read(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {3, 5}, {8, 8}, {9, 2}, {33, 17}};
    for (int i = 0; i < KINDS; i++) {
        for (int s = 0; s < 5; s++) {
            for (int interlaced = 0; interlaced < 2; interlaced++) {
                struct png_kind k = {.width = sizes[s][0],
                                     .height = sizes[s][1],
                                     .type = kinds[i][0],
                                     .bits = kinds[i][1],
                                     .interlaced = interlaced};
                check_kind(&k);
                k.trns = true;
                if (k.type < GREY_ALPHA)
                    check_kind(&k);
            }
        }
    }
}

static void heads_say_what_is_stored(void **state)
{
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        struct png_kind k = {.width = 5, .height = 4, .type = kinds[i][0], .bits = kinds[i][1]};
        struct png_bytes file = png_make(&k, NULL);
        dio_image_head head;
        dio_error err = {0};
        assert_true(dio_image_probe(file.data, file.n, "test.png", &head, &err));
        assert_string_equal(head.format, "PNG");
        assert_int_equal(head.width, 5);
        assert_int_equal(head.height, 4);
        assert_int_equal(head.bits, k.bits);
        assert_int_equal(head.channels, k.type == PALETTE ? 3 : png_samples(&k));
        free(file.data);
    }
}

static void curve_of(int gamma, bool srgb, dio_curve curve, dio_depth depth)
{
    struct png_kind k = {
        .width = 16, .height = 16, .type = RGB, .bits = 8, .gamma = gamma, .srgb = srgb};
    struct png_bytes file = png_make(&k, NULL);
    dio_image *image = decode(&file);
    assert_int_equal(image->form.curve, curve);
    assert_int_equal(image->form.depth, depth);
    dio_image_unref(image);
    free(file.data);
}

static void gamma_is_understood(void **state)
{
    (void)state;
    curve_of(0, false, DIO_CURVE_SRGB, DIO_DEPTH_U8);
    curve_of(45455, false, DIO_CURVE_SRGB, DIO_DEPTH_U8);
    curve_of(100000, false, DIO_CURVE_LINEAR, DIO_DEPTH_U8);
    curve_of(0, true, DIO_CURVE_SRGB, DIO_DEPTH_U8);
    curve_of(55556, false, DIO_CURVE_SRGB, DIO_DEPTH_U16); /* old Macintoshes */
    curve_of(5000, false, DIO_CURVE_SRGB, DIO_DEPTH_U8);   /* nonsense */
}

/* light = sample ^ (1 / gamma), then sRGB's curve: in double, for both depths. */
static void other_gammas_become_srgb(void **state)
{
    (void)state;
    for (int bits = 8; bits <= 16; bits += 8) {
        struct png_kind k = {
            .width = 20, .height = 20, .type = RGB_ALPHA, .bits = bits, .gamma = 55556};
        struct png_bytes file = png_make(&k, NULL);
        dio_image *image = decode(&file);
        double most = 0;
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < 20; x++) {
                for (int c = 0; c < 4; c++) {
                    double v = png_sample(&k, x, y, c) / (double)((1 << bits) - 1);
                    double light = pow(v, 1 / 0.55556);
                    double coded =
                        light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;
                    double want = 65535 * (c == 3 ? v : coded);
                    most = worse(most, fabs(65535 * picture_get(image, x, y, c) - want));
                }
            }
        }
        print_message("gamma 0.55556, %d bits: off by %.3f of 65535\n", bits, most);
        assert_true(most < 0.51); /* measured: 0.50 */
        dio_image_unref(image);
        free(file.data);
    }
}

static void texts_of_all_kinds_are_kept(void **state)
{
    (void)state;
    static const char *const text[] = {"Title",   "A \xe9t\xe9",  "Comment",    "packed \xfc",
                                       "Author",  "日本の人",     "parameters", "a cat, steps: 20",
                                       "Comment", "a second one", NULL};
    struct png_kind k = {.width = 3, .height = 2, .type = RGB, .bits = 8};
    struct png_bytes file = png_make(&k, text);
    png_insert(&file, "IEND", "tEXt", "Late\0after the pixels", 21);
    png_insert(&file, "IEND", "tEXt", "\0under no name", 14); /* is passed over */
    dio_image *image = decode(&file);
    assert_int_equal(dio_image_notes(image), 6);
    assert_string_equal(dio_image_note(image, "Title"), "A été");
    assert_string_equal(dio_image_note(image, "Comment"), "packed ü");
    assert_string_equal(dio_image_note(image, "Author"), "日本の人");
    assert_string_equal(dio_image_note(image, "parameters"), "a cat, steps: 20");
    assert_string_equal(dio_image_note_text(image, 4), "a second one");
    assert_string_equal(dio_image_note(image, "Late"), "after the pixels");

    dio_error err = {0};
    const char *path = pictures_path(state, "kept.png");
    assert_true(dio_image_note_add(image, "Größe", "3 × 2", &err));
    assert_true(dio_image_write(image, path, NULL, &err));
    dio_image *back = dio_image_read(path, &err);
    assert_same_picture(image, back);
    assert_int_equal(dio_image_notes(back), 7);
    for (int i = 0; i < 7; i++) {
        assert_string_equal(dio_image_note_key(back, i), dio_image_note_key(image, i));
        assert_string_equal(dio_image_note_text(back, i), dio_image_note_text(image, i));
    }
    dio_image_unref(image);
    dio_image_unref(back);
    free(file.data);
}

static dio_image *through_file(void **state, dio_image *image, dio_image_save save)
{
    dio_error err = {0};
    const char *path = pictures_path(state, "x.PNG");
    if (!dio_image_write(image, path, &save, &err))
        fail_msg("%s", err.message);
    dio_image *back = dio_image_read(path, &err);
    if (!back)
        fail_msg("%s", err.message);
    assert_int_equal(pictures_count(state), 1);
    return back;
}

static void what_is_written_is_read(void **state)
{
    for (int k = 0; k < 2 * 2 * 4 * 2; k++) {
        dio_form form = form_of(k & 1 ? DIO_DEPTH_U16 : DIO_DEPTH_U8,
                                k & 2 ? DIO_CURVE_LINEAR : DIO_CURVE_SRGB, 1 + (k >> 2) % 4, false);
        dio_image *a = picture_noise(37, 21, form, (unsigned)k);
        dio_image *b = through_file(state, a, (dio_image_save){.interlaced = k & 16});
        assert_same_picture(a, b);
        dio_image_unref(a);
        dio_image_unref(b);
    }
}

static void working_forms_become_files(void **state)
{
    dio_error err = {0};
    dio_form light = form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, true);
    dio_form bytes = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false);
    dio_image *a = picture_noise(30, 10, light, 4);
    dio_image *want = dio_image_convert(a, &bytes, &err),
              *got = through_file(state, a, (dio_image_save){0});
    assert_same_picture(want, got);
    dio_image_unref(want);
    dio_image_unref(got);
    bytes.depth = DIO_DEPTH_U16;
    want = dio_image_convert(a, &bytes, &err);
    got = through_file(state, a, (dio_image_save){.bits = 16});
    assert_same_picture(want, got);
    dio_image_unref(want);
    dio_image_unref(got);
    dio_image_unref(a);
}

/* Few colours as a palette of as few bits as do, and too many refused. */
static void palettes_are_written(void **state)
{
    static const struct {
        int colours, bits;
    } cases[] = {{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 4}, {16, 4}, {17, 8}, {256, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int channels = 1; channels <= 4; channels++) {
            dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false);
            dio_image *a = picture_noise(40, 30, form, 2);
            for (int p = 0; p < 1200; p++) {
                uint8_t *pixel = (uint8_t *)dio_image_row(a, p / 40) + p % 40 * channels;
                int colour = p * 7 % cases[i].colours;
                for (int c = 0; c < channels; c++)
                    pixel[c] = (uint8_t)(c == 0 ? colour : colour * 31);
            }
            dio_image *b = through_file(state, a, (dio_image_save){.indexed = true});
            dio_form wide = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels % 2 ? 3 : 4, false);
            dio_error err = {0};
            dio_image *want = dio_image_convert(a, &wide, &err);
            /* A palette whose alpha is all 255 needs none. */
            dio_image *got = dio_image_convert(b, &wide, &err);
            assert_same_picture(want, got);
            FILE *f = fopen(pictures_path(state, "x.PNG"), "rb");
            uint8_t first[26];
            assert_int_equal(fread(first, 1, sizeof first, f), sizeof first);
            fclose(f);
            assert_int_equal(first[24], cases[i].bits);
            assert_int_equal(first[25], PALETTE);
            dio_image_unref(a);
            dio_image_unref(b);
            dio_image_unref(want);
            dio_image_unref(got);
        }
    }
    dio_image *many = picture_noise(20, 20, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false), 9);
    dio_error err = {0};
    assert_false(dio_image_write(many, pictures_path(state, "many.png"),
                                 &(dio_image_save){.indexed = true}, &err));
    assert_non_null(strstr(err.message, "has more than 256 colours"));
    assert_int_equal(pictures_count(state), 1);
    dio_image_unref(many);
}

/* eXIf with orientation 6, as a camera turned to the right writes it. */
static void exif_turns_pictures(void **state)
{
    (void)state;
    static const char exif[] = "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0\0";
    struct png_kind k = {.width = 5, .height = 3, .type = GREY, .bits = 8};
    struct png_bytes file = png_make(&k, NULL);
    png_insert(&file, "IDAT", "eXIf", exif, sizeof exif - 1);
    dio_image *image = decode(&file);
    assert_int_equal(image->width, 3);
    assert_int_equal(image->height, 5);
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 5; x++)
            assert_int_equal(lrintf(255 * picture_get(image, 2 - y, x, 0)),
                             png_sample(&k, x, y, 0));
    dio_image_unref(image);
    free(file.data);
}

/* An animation's own chunks, private ones and what follows the end are no matter. */
static void what_is_unknown_is_passed_over(void **state)
{
    (void)state;
    struct png_kind k = {.width = 5, .height = 3, .type = RGB, .bits = 8};
    struct png_bytes file = png_make(&k, NULL);
    dio_image *plain = decode(&file);
    png_insert(&file, "IDAT", "acTL", "\0\0\0\2\0\0\0\0", 8);
    png_insert(&file, "IDAT", "caBX", "anything", 8);
    png_insert(&file, "IEND", "fdAT", "\0\0\0\1xxxx", 8);
    file.data = realloc(file.data, file.n + 4);
    memcpy(file.data + file.n, "PK\3\4", 4);
    file.n += 4;
    dio_image *image = decode(&file);
    assert_same_picture(plain, image);
    dio_image_unref(plain);
    dio_image_unref(image);
    free(file.data);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pictures_setup, pictures_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_read),          TEST(heads_say_what_is_stored),
        TEST(gamma_is_understood),         TEST(other_gammas_become_srgb),
        TEST(texts_of_all_kinds_are_kept), TEST(what_is_written_is_read),
        TEST(working_forms_become_files),  TEST(palettes_are_written),
        TEST(exif_turns_pictures),         TEST(what_is_unknown_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
