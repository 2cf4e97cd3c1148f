/* test_webp.c: WebP in and out, with and without loss, alpha, EXIF, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pictures.h"
#include "vision/image_io.h"

/* The bytes of the picture as a WebP file; free them. */
static uint8_t *make(void **state, dio_image *image, dio_image_save save, size_t *n)
{
    dio_error err = {0};
    const char *path = pictures_path(state, "made.webp");
    if (!dio_image_write(image, path, &save, &err))
        fail_msg("%s", err.message);
    dio_map_file *file = dio_map_open(path, &err);
    uint8_t *bytes = malloc(dio_map_size(file));
    *n = dio_map_size(file);
    memcpy(bytes, dio_map_data(file), *n);
    dio_map_unref(file);
    return bytes;
}

static dio_image *smooth(int channels)
{
    dio_image *image =
        picture_noise(61, 45, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false), 1);
    for (int y = 0; y < 45; y++)
        for (int x = 0; x < 61; x++)
            for (int c = 0; c < channels; c++)
                picture_set(image, x, y, c,
                            0.5f +
                                0.3f * cosf(0.05f * (float)x + (float)c) * sinf(0.04f * (float)y));
    return image;
}

static void without_loss_nothing_is_lost(void **state)
{
    for (int channels = 3; channels <= 4; channels++) {
        size_t n;
        dio_image *a = picture_noise(61, 45, form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false),
                                     (unsigned)channels);
        uint8_t *bytes = make(state, a, (dio_image_save){.lossless = true}, &n);
        dio_image *b = picture_decode(bytes, n);
        assert_same_picture(a, b); /* colours under alpha 0 too */
        dio_image_head head;
        dio_error err = {0};
        assert_true(dio_image_probe(bytes, n, "x", &head, &err));
        assert_string_equal(head.format, "WebP");
        assert_int_equal(head.width, 61);
        assert_int_equal(head.height, 45);
        assert_int_equal(head.channels, channels);
        dio_image_unref(a);
        dio_image_unref(b);
        free(bytes);
    }
}

static void with_loss_little_is_lost(void **state)
{
    const int quality[] = {100, 0, 60}, most[] = {8, 12, 24}; /* measured: 4, 6, 12 */
    for (int channels = 1; channels <= 4; channels++) {
        for (int q = 0; q < 3; q++) {
            size_t n;
            dio_image *a = smooth(channels);
            uint8_t *bytes = make(state, a, (dio_image_save){.quality = quality[q]}, &n);
            dio_image *b = picture_decode(bytes, n);
            assert_int_equal(b->form.channels, channels % 2 ? 3 : 4);
            int off = picture_off(a, b);
            print_message("%d channels, quality %d: off by %d\n", channels, quality[q], off);
            assert_in_range(off, 0, most[q]);
            dio_image_unref(a);
            dio_image_unref(b);
            free(bytes);
        }
    }
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The file of one chunk as an extended one with EXIF behind the pixels; free it. */
static uint8_t *extend(const uint8_t *bytes, size_t n, int width, int height, uint8_t flags,
                       size_t *out_n)
{
    uint8_t exif[26] = "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\10\0\0\0\0\0\0";
    size_t pixels = n - 12, total = 12 + 18 + pixels + 8 + sizeof exif;
    uint8_t *out = calloc(total, 1);
    memcpy(out, bytes, 12);
    put32(out + 4, (uint32_t)total - 8);
    memcpy(out + 12, "VP8X\12\0\0\0", 8);
    out[20] = flags;
    out[24] = (uint8_t)(width - 1);
    out[27] = (uint8_t)(height - 1);
    memcpy(out + 30, bytes + 12, pixels);
    memcpy(out + 30 + pixels, "EXIF", 4);
    put32(out + 34 + pixels, sizeof exif);
    memcpy(out + 38 + pixels, exif, sizeof exif);
    *out_n = total;
    return out;
}

static void exif_turns_pictures(void **state)
{
    size_t n, total;
    dio_image *a = smooth(3);
    uint8_t *bytes = make(state, a, (dio_image_save){.lossless = true}, &n);
    uint8_t *file = extend(bytes, n, 61, 45, 8, &total);
    dio_image *b = picture_decode(file, total);
    assert_int_equal(b->width, 45);
    for (int y = 0; y < 45; y++)
        for (int x = 0; x < 61; x++)
            assert_true(picture_get(a, x, y, 1) == picture_get(b, y, 60 - x, 1)); /* 8 */
    dio_image_unref(a);
    dio_image_unref(b);
    free(bytes);
    free(file);
}

static void every_beginning_is_refused(void **state)
{
    for (int lossless = 0; lossless < 2; lossless++) {
        size_t n, total;
        dio_image *a = smooth(3);
        uint8_t *bytes = make(state, a, (dio_image_save){.lossless = lossless}, &n);
        uint8_t *file = extend(bytes, n, 61, 45, 8, &total);
        picture_beginnings_refused(file, 12, total, "the WebP ");
        picture_beginnings_refused(bytes, 12, n, "the WebP ");
        dio_image_unref(a);
        free(bytes);
        free(file);
    }
}

static void flipped_bits_do_no_harm(void **state)
{
    size_t n;
    dio_image *a = smooth(4);
    uint8_t *bytes = make(state, a, (dio_image_save){.quality = 50}, &n);
    picture_bits_flipped(bytes, n, 1);
    dio_image_unref(a);
    free(bytes);
}

static void what_cannot_be_read_is_said(void **state)
{
    size_t n, total;
    dio_image *a = smooth(3);
    uint8_t *bytes = make(state, a, (dio_image_save){.lossless = true}, &n);
    uint8_t *file = extend(bytes, n, 61, 45, 2, &total);
    picture_refused(file, total, "the WebP is an animation: only still pictures are read");
    file[20] = 8;
    memset(file + 24, 0xff, 6);
    picture_refused(file, total, "the WebP ");
    dio_image_unref(a);
    free(bytes);
    free(file);

    dio_error err = {0};
    const float grey = 0.5f;
    a = picture_flat(16384, 1, (dio_form){.channels = 1}, &grey);
    assert_false(dio_image_write(a, pictures_path(state, "wide.webp"), NULL, &err));
    assert_non_null(strstr(err.message, "16384 x 1 pixels: WebP holds at most 16383 a side"));
    assert_int_equal(pictures_count(state), 1);
    dio_image_unref(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pictures_setup, pictures_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_loss_nothing_is_lost), TEST(with_loss_little_is_lost),
        TEST(exif_turns_pictures),          TEST(every_beginning_is_refused),
        TEST(flipped_bits_do_no_harm),      TEST(what_cannot_be_read_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
