/* test_jpeg.c: JPEG in and out, EXIF's eight orientations, damaged files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "pictures.h"
#include "vision/image_io.h"

struct kind {
    int width, height, channels;
    J_COLOR_SPACE space;
    bool progressive, apart; /* apart: a scan for each channel */
    int restart;             /* rows between restart markers */
    int orientation;         /* 0: no EXIF */
    bool little;             /* its byte order */
};

/* A smooth picture, which JPEG keeps well. */
static int sample(const struct kind *k, int x, int y, int c)
{
    double u = (double)x / k->width, v = (double)y / k->height;
    return (int)lrint(127 + 60 * cos(3 * u + c) + 60 * sin(2 * v - u + c));
}

static void put_exif(struct jpeg_compress_struct *jpeg, const struct kind *k)
{
    uint8_t exif[] = "Exif\0\0MM\0*\0\0\0\10\0\2\1\0\0\3\0\0\0\1\0\7\0\0"
                     "\1\22\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
    uint8_t little[] = "Exif\0\0II*\0\10\0\0\0\2\0\0\1\3\0\1\0\0\0\7\0\0\0"
                       "\22\1\3\0\1\0\0\0\0\0\0\0\0\0\0\0";
    uint8_t *out = k->little ? little : exif;
    out[6 + 8 + 2 + 12 + 8 + (k->little ? 0 : 1)] = (uint8_t)k->orientation;
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, out, 6 + 8 + 2 + 24 + 4);
}

/* By libjpeg's own writer; free *out. */
static unsigned long make(const struct kind *k, unsigned char **out)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr manager;
    unsigned long n = 0;
    *out = NULL;
    jpeg.err = jpeg_std_error(&manager);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, out, &n);
    jpeg.image_width = (JDIMENSION)k->width;
    jpeg.image_height = (JDIMENSION)k->height;
    jpeg.input_components = k->channels;
    jpeg.in_color_space = k->space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg.restart_in_rows = k->restart;
    if (k->progressive)
        jpeg_simple_progression(&jpeg);
    static const jpeg_scan_info scans[3] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    if (k->apart) {
        jpeg.scan_info = scans;
        jpeg.num_scans = 3;
    }
    jpeg_start_compress(&jpeg, TRUE);
    if (k->orientation)
        put_exif(&jpeg, k);
    JSAMPLE *row = malloc((size_t)k->width * (size_t)k->channels);
    for (int y = 0; y < k->height; y++) {
        for (int i = 0; i < k->width * k->channels; i++)
            row[i] = (JSAMPLE)sample(k, i / k->channels, y, i % k->channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return n;
}

/* Where the stored pixel lies when the picture is upright; EXIF 2.32's figure. */
static void place(const struct kind *k, int x, int y, int *ux, int *uy)
{
    int right = k->width - 1 - x, low = k->height - 1 - y;
    const int at[9][2] = {{x, y}, {x, y},   {right, y},   {right, low}, {x, low},
                          {y, x}, {low, x}, {low, right}, {y, right}};
    *ux = at[k->orientation][0];
    *uy = at[k->orientation][1];
}

static int worst(const struct kind *k)
{
    unsigned char *bytes;
    unsigned long n = make(k, &bytes);
    dio_image *image = picture_decode(bytes, n);
    int most = 0;
    assert_int_equal(image->form.channels, k->channels);
    assert_int_equal(image->width, k->orientation < 5 ? k->width : k->height);
    for (int y = 0; y < k->height; y++) {
        for (int x = 0; x < k->width; x++) {
            int ux, uy;
            place(k, x, y, &ux, &uy);
            for (int c = 0; c < k->channels; c++) {
                int got = (int)lrintf(255 * picture_get(image, ux, uy, c));
                int off = abs(got - sample(k, x, y, c));
                most = off > most ? off : most;
            }
        }
    }
    dio_image_unref(image);
    free(bytes);
    return most;
}

static void pictures_are_read(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct kind k = {.width = 61,
                         .height = 35,
                         .channels = i & 1 ? 1 : 3,
                         .space = i & 1 ? JCS_GRAYSCALE : JCS_RGB,
                         .progressive = i & 2,
                         .restart = i & 4 ? 1 : 0};
        int off = worst(&k);
        print_message("%d channels, progressive %d: off by %d\n", k.channels, k.progressive, off);
        assert_in_range(off, 0, 8); /* measured: 5, where halved colour ends at the edge */
    }
}

static void orientations_are_applied(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        struct kind k = {.width = 61,
                         .height = 35,
                         .channels = 3,
                         .space = JCS_RGB,
                         .orientation = 1 + i / 2,
                         .little = i % 2};
        assert_in_range(worst(&k), 0, 8);
        unsigned char *bytes;
        unsigned long n = make(&k, &bytes);
        dio_image_head head;
        dio_error err = {0};
        assert_true(dio_image_probe(bytes, n, "x", &head, &err));
        assert_string_equal(head.format, "JPEG");
        assert_int_equal(head.width, 61);
        assert_int_equal(head.height, 35);
        free(bytes);
    }
}

static void every_beginning_is_refused(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        struct kind k = {.width = 40,
                         .height = 33,
                         .channels = 3,
                         .space = JCS_RGB,
                         .progressive = progressive,
                         .orientation = 6};
        unsigned char *bytes;
        unsigned long n = make(&k, &bytes);
        picture_beginnings_refused(bytes, 3, n, "the JPEG ");
        free(bytes);
    }
}

static void flipped_bits_do_no_harm(void **state)
{
    (void)state;
    struct kind k = {.width = 20,
                     .height = 17,
                     .channels = 3,
                     .space = JCS_RGB,
                     .progressive = true,
                     .orientation = 3};
    unsigned char *bytes;
    unsigned long n = make(&k, &bytes);
    picture_bits_flipped(bytes, n, 3);
    free(bytes);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    struct kind k = {.width = 16, .height = 16, .channels = 4, .space = JCS_CMYK};
    unsigned char *bytes;
    unsigned long n = make(&k, &bytes);
    picture_refused(bytes, n, "the four inks of print (CMYK): save it as RGB");
    free(bytes);

    k = (struct kind){.width = 16, .height = 16, .channels = 2, .space = JCS_UNKNOWN};
    n = make(&k, &bytes);
    picture_refused(bytes, n, "2 channels: 1 and 3 are read");
    free(bytes);

    k = (struct kind){.width = 16, .height = 16, .channels = 3, .space = JCS_RGB};
    n = make(&k, &bytes);
    unsigned long sof = 0;
    while (bytes[sof] != 0xff || bytes[sof + 1] != 0xc0)
        sof++;
    memcpy(bytes + sof + 5, "\xea\x60\xea\x60", 4);
    picture_refused(bytes, n, "60000 x 60000 pixels are 3600000000, above the limit");
    bytes[sof + 4] = 12;
    memcpy(bytes + sof + 5, "\0\20\0\20", 4);
    picture_refused(bytes, n, "the JPEG cannot be read: Unsupported JPEG data precision 12");
    free(bytes);
}

/* A file that sends its first channel again and again. */
static void scans_are_counted(void **state)
{
    (void)state;
    struct kind k = {.width = 8, .height = 8, .channels = 3, .space = JCS_RGB, .apart = true};
    unsigned char *bytes;
    unsigned long n = make(&k, &bytes), first = 0, second;
    dio_image_unref(picture_decode(bytes, n));
    while (bytes[first] != 0xff || bytes[first + 1] != 0xda)
        first++;
    for (second = first + 2; bytes[second] != 0xff || bytes[second + 1] == 0; second++)
        continue;
    size_t scan = second - first, times = 500;
    unsigned char *many = malloc(n + times * scan);
    memcpy(many, bytes, second);
    for (size_t i = 0; i < times; i++)
        memcpy(many + second + i * scan, bytes + first, scan);
    memcpy(many + second + times * scan, bytes + second, n - second);
    picture_refused(many, n + times * scan, "the JPEG has more than 100 scans: refused");
    free(many);
    free(bytes);
}

static dio_image *smooth(int channels)
{
    struct kind k = {.width = 64, .height = 48};
    dio_error err = {0};
    dio_form form = form_of(DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false);
    dio_image *image = dio_image_create(64, 48, &form, &err);
    for (int y = 0; y < 48; y++)
        for (int x = 0; x < 64; x++)
            for (int c = 0; c < channels; c++)
                picture_set(image, x, y, c,
                            c % 2 && c == channels - 1 ? 1 : (float)sample(&k, x, y, c) / 255);
    return image;
}

static void what_is_written_is_read(void **state)
{
    dio_error err = {0};
    for (int channels = 1; channels <= 4; channels++) {
        const int quality[] = {100, 0, 75}, most[] = {6, 8, 16}; /* measured: 4, 5, 8 */
        for (int q = 0; q < 3; q++) {
            const char *path = pictures_path(state, "x.JPeG");
            dio_image *a = smooth(channels);
            assert_true(dio_image_write(a, path, &(dio_image_save){.quality = quality[q]}, &err));
            dio_image *b = dio_image_read(path, &err);
            assert_int_equal(b->form.channels, channels < 3 ? 1 : 3);
            int off = picture_off(a, b);
            print_message("%d channels, quality %d: off by %d\n", channels, quality[q], off);
            assert_in_range(off, 0, most[q]);
            dio_image_unref(a);
            dio_image_unref(b);
        }
    }
}

static void alpha_is_not_lost_in_silence(void **state)
{
    dio_error err = {0};
    dio_image *a = picture_noise(8, 8, form_of(DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, true), 1);
    assert_false(dio_image_write(a, pictures_path(state, "x.jpg"), NULL, &err));
    assert_non_null(strstr(err.message, "JPEG holds no alpha"));
    assert_non_null(strstr(err.file, "x.jpg"));
    assert_int_equal(pictures_count(state), 0);
    dio_image_unref(a);
}

static void too_wide_is_said(void **state)
{
    dio_error err = {0};
    const float grey = 0.5f;
    dio_image *a = picture_flat(65535, 1, (dio_form){.channels = 1}, &grey);
    assert_false(dio_image_write(a, pictures_path(state, "x.jpg"), NULL, &err));
    assert_non_null(strstr(err.message, "65500 pixels"));
    assert_int_equal(pictures_count(state), 0);
    dio_image_unref(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pictures_setup, pictures_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pictures_are_read),
        TEST(orientations_are_applied),
        TEST(every_beginning_is_refused),
        TEST(flipped_bits_do_no_harm),
        TEST(what_cannot_be_read_is_said),
        TEST(scans_are_counted),
        TEST(what_is_written_is_read),
        TEST(alpha_is_not_lost_in_silence),
        TEST(too_wide_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
