/* test_png_bad.c: PNG files that are shortened, damaged, or meant to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "pictures.h"
#include "png_make.h"
#include "vision/image_io.h"

static const struct png_kind small = {
    .width = 5, .height = 4, .type = 6, .bits = 8, .interlaced = true, .gamma = 45455};
static const char *const words[] = {"Title",  "plain", "Comment", "packed, packed, packed",
                                    "Author", "日本",  NULL};

static void refused(const struct png_bytes *file, const char *why)
{
    picture_refused(file->data, file->n, why);
}

static void every_beginning_is_refused(void **state)
{
    (void)state;
    struct png_bytes file = png_make(&small, words);
    picture_beginnings_refused(file.data, 0, 1, "the file is empty");
    picture_beginnings_refused(file.data, 1, 4, "this is no picture that can be read here");
    picture_beginnings_refused(file.data, 4, file.n, "the PNG ends after");
    free(file.data);
}

/* CRCs cover all but lengths and the signature, and those are looked at too. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    struct png_bytes file = png_make(&small, words);
    for (size_t bit = 0; bit < 8 * file.n; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused(&file, "");
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    dio_image_unref(picture_decode(file.data, file.n));
    free(file.data);
}

static void messages_say_what_is_wrong(void **state)
{
    (void)state;
    struct png_bytes file = png_make(&small, NULL);
    file.data[png_find(&file, "IEND") - 1]++;
    refused(&file, "the PNG is damaged near byte");
    refused(&file, "IDAT: CRC error");
    free(file.data);

    file = png_make(&small, NULL);
    file.data[17] = 255; /* wider than its data */
    png_mend(&file, "IHDR");
    refused(&file, "16711685 x 4 pixels: a side above the limit of 65535");
    file.data[17] = 0;
    file.data[18] = 1;
    png_mend(&file, "IHDR");
    refused(&file, "Not enough image data");
    file.data[18] = 0;
    file.data[25] = 5;
    png_mend(&file, "IHDR");
    refused(&file, "there is no colour type 5");
    file.data[25] = 6;
    file.data[24] = 4;
    png_mend(&file, "IHDR");
    refused(&file, "Invalid IHDR data");
    free(file.data);

    file = png_make(&small, NULL);
    file.data[png_find(&file, "IDAT") + 8] ^= 0x0f; /* no zlib any more */
    png_mend(&file, "IDAT");
    refused(&file, "IDAT: ");
    free(file.data);

    picture_refused("<svg xmlns=\"http://www.w3.org/2000/svg\">", 39,
                    "this is no picture that can be read here: it is not PNG");
    picture_refused("<svg xmlns=\"http://www.w3.org/2000/svg\">", 39, "begins \"<svg xmlns=");
    picture_refused("\x89PNG\r\n\x1a\n", 8, "the PNG ends after 8 bytes");
}

/* A one-row picture whose every other pixel names a colour that its palette lacks. */
static void colours_outside_the_palette_are_refused(void **state)
{
    (void)state;
    for (int bits = 2; bits <= 8; bits *= 2) {
        struct png_kind k = {.width = 64, .height = 4, .type = 3, .bits = bits};
        struct png_bytes file = png_make(&k, NULL);
        size_t at = png_find(&file, "PLTE"), n = (size_t)3 << bits;
        struct png_bytes shorter = {malloc(file.n), 0, file.n};
        memcpy(shorter.data, file.data, at);
        memcpy(shorter.data + at, file.data + at + 12 + n, file.n - at - 12 - n);
        shorter.n = file.n - 12 - n;
        png_insert(&shorter, "IDAT", "PLTE", "abcdefghi", 9);
        refused(&shorter, "has colour");
        refused(&shorter, "of a palette of 3");
        free(file.data);
        free(shorter.data);
    }
}

static long peak_kb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* 65535 x 65535 zeros would be 17 GB; the head says enough. */
static void large_sizes_take_no_memory(void **state)
{
    (void)state;
    static const struct {
        uint8_t wh[8];
        const char *why;
    } cases[] = {
        {{0x7f, 255, 255, 255, 0x7f, 255, 255, 255}, "2147483647 x 2147483647 pixels: a side"},
        {{0, 0, 255, 255, 0, 0, 255, 255}, "65535 x 65535 pixels are 4294836225"},
        {{255, 255, 255, 255, 0, 0, 0, 1}, "4294967295 x 1 pixels: a side"},
        {{0, 0, 0, 0, 0, 0, 0, 1}, "0 x 1 pixels has nothing in it"},
    };
    struct png_bytes file = png_make(&small, NULL);
    long before = peak_kb();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(file.data + 16, cases[i].wh, 8);
        png_mend(&file, "IHDR");
        refused(&file, cases[i].why);
    }
    assert_true(peak_kb() - before < 4096);
    free(file.data);
}

/* Texts of 7 MB each that pack to 7 KB, and one of 60 MB. */
static void texts_that_swell_are_refused(void **state)
{
    (void)state;
    struct png_kind k = {.width = 3, .height = 2, .type = 2, .bits = 8};
    size_t n = 60 << 20;
    char *swollen = malloc(n + 1);
    memset(swollen, 'a', n);
    swollen[n] = '\0';
    const char *one[] = {"A", "", "B", swollen, NULL};
    struct png_bytes file = png_make(&k, one);
    assert_true(file.n < 100000);
    long before = peak_kb();
    refused(&file, "zTXt");
    assert_true(peak_kb() - before < 32 << 10);
    free(file.data);

    swollen[7 << 20] = '\0';
    const char *many[50] = {0};
    for (int i = 0; i < 48; i++)
        many[i] = i % 2 == 0 ? "A" : i % 4 == 1 ? "" : swollen;
    file = png_make(&k, many);
    assert_true(file.n < 200000);
    refused(&file, "asks for more than 64 MB");
    free(file.data);
    free(swollen);
}

static void names_decide_what_is_written(void **state)
{
    dio_error err = {0};
    const float grey = 0.5f;
    dio_image *a = picture_flat(1, 1, (dio_form){.channels = 1}, &grey);
    assert_false(dio_image_write(a, pictures_path(state, "x.bmp"), NULL, &err));
    assert_non_null(strstr(err.message, "x.bmp: the name must end in what it shall be: PNG"));
    dio_error_clear(&err);
    assert_false(dio_image_write(a, pictures_path(state, "png"), NULL, &err));
    dio_error_clear(&err);
    assert_false(
        dio_image_write(a, pictures_path(state, "x.png"), &(dio_image_save){.bits = 4}, &err));
    assert_non_null(strstr(err.message, "8 and 16 are written"));
    dio_error_clear(&err);
    assert_false(
        dio_image_write(a, pictures_path(state, "x.png"), &(dio_image_save){.quality = 101}, &err));
    dio_error_clear(&err);
    assert_false(dio_image_write(a, pictures_path(state, "no/x.png"), NULL, &err));
    assert_non_null(strstr(err.message, "cannot create"));
    dio_error_clear(&err);
    assert_null(dio_image_read(pictures_path(state, "none.png"), &err));
    assert_non_null(strstr(err.message, "none.png: No such file"));
    assert_int_equal(pictures_count(state), 0);
    dio_image_unref(a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, pictures_setup, pictures_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_beginning_is_refused),   TEST(every_flipped_bit_is_seen),
        TEST(messages_say_what_is_wrong),   TEST(colours_outside_the_palette_are_refused),
        TEST(large_sizes_take_no_memory),   TEST(texts_that_swell_are_refused),
        TEST(names_decide_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
