/* test_frames.c: films of others, by time: which picture is seen when, upright, of square pixels,
 * in its colours; and files that were made to do harm.
 *
 * tests/fusion/media was made by Debian's ffmpeg 5.1 of plain colours, so that what must come out
 * is known without a decoder: cfr.mp4 (20 pictures at 10 a second, luma 16 + 10 n, without loss),
 * vfr.mkv (pictures at 0, 0.1, 0.5, 0.6 and 1.5 s, luma 16 + 40 n), turned.mp4 and narrow.mp4 (left
 * half red, right half blue), clear.webm and clear.mov (half clear), full.avi (white, full range,
 * 33 x 17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gang.h"
#include "fusion/frames.h"

static dio_frames *open_media(const char *name)
{
    char path[128];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/fusion/media/%s", name);
    dio_frames *f = dio_frames_open(path, &err);
    if (!f)
        fail_msg("%s", err.message);
    return f;
}

static dio_image *at(dio_frames *f, double seconds)
{
    dio_image *image = NULL;
    dio_error err = {0};
    if (!dio_frames_at(f, seconds, &image, &err))
        fail_msg("%s", err.message);
    assert_int_equal(image->width, dio_frames_facts_of(f)->width);
    assert_int_equal(image->height, dio_frames_facts_of(f)->height);
    return image;
}

static const uint8_t *pixel(const dio_image *image, int x, int y)
{
    return (uint8_t *)dio_image_row(image, y) + x * image->form.channels;
}

/* Studio luma as grey; BT.709 and BT.601 agree on it. */
static int grey_of(int luma)
{
    double v = (luma - 16) * 255.0 / 219;
    return (int)lrint(v > 255 ? 255 : v);
}

static void shows(dio_frames *f, double seconds, int luma)
{
    dio_image *image = at(f, seconds);
    const uint8_t *p = pixel(image, 5, 5);
    for (int c = 0; c < 3; c++)
        if (abs(p[c] - grey_of(luma)) > 1) /* measured: 0 */
            fail_msg("at %g s: %d, not %d", seconds, p[c], grey_of(luma));
    dio_image_unref(image);
}

static void pictures_come_by_their_time(void **state)
{
    (void)state;
    dio_frames *f = open_media("cfr.mp4");
    const dio_frames_facts *facts = dio_frames_facts_of(f);
    assert_int_equal(facts->frames, 20);
    assert_int_equal(facts->fps_num, 10 * facts->fps_den);
    assert_true(fabs(facts->seconds - 2) < 1e-9);
    assert_false(facts->sound || facts->alpha);
    for (int n = 0; n < 20; n++) {
        shows(f, n / 10.0, 16 + 10 * n);
        shows(f, n / 10.0 + 0.05, 16 + 10 * n);
        shows(f, n / 10.0 + 0.099, 16 + 10 * n);
    }
    static const int to_and_fro[] = {19, 0, 7, 6, 18, 3, 3, 4, 12, 11};
    for (int i = 0; i < 10; i++)
        shows(f, to_and_fro[i] / 10.0, 16 + 10 * to_and_fro[i]);
    shows(f, -5, 16);
    shows(f, 1e9, 16 + 190);
    shows(f, NAN, 16);
    dio_frames_close(f);
}

static void what_is_asked_for_again_costs_nothing(void **state)
{
    (void)state;
    dio_frames *f = open_media("cfr.mp4");
    dio_image *a = at(f, 0.51), *b = at(f, 0.58);
    assert_ptr_equal(a, b);
    dio_image_unref(a);
    dio_image_unref(b);
    dio_frames_close(f);
}

static void pictures_last_as_long_as_they_last(void **state)
{
    (void)state;
    dio_frames *f = open_media("vfr.mkv");
    static const double times[] = {0, 0.1, 0.5, 0.6, 1.5};
    for (int i = 0; i < 5; i++) {
        shows(f, times[i], 16 + 40 * i);
        if (i < 4)
            shows(f, times[i + 1] - 0.002, 16 + 40 * i);
    }
    shows(f, 0.3, 16 + 40);
    shows(f, 0, 16);
    dio_frames_close(f);
}

static void pictures_stand_upright(void **state)
{
    (void)state;
    dio_frames *f = open_media("turned.mp4");
    const dio_frames_facts *facts = dio_frames_facts_of(f);
    assert_int_equal(facts->width, 16);
    assert_int_equal(facts->height, 32);
    assert_int_equal(facts->turned, 270);
    dio_image *image = at(f, 0);
    assert_true(pixel(image, 8, 4)[2] > 240 && pixel(image, 8, 4)[0] < 15);   /* blue above */
    assert_true(pixel(image, 8, 28)[0] > 240 && pixel(image, 8, 28)[2] < 15); /* red below */
    dio_image_unref(image);
    dio_frames_close(f);
}

static void pixels_become_square(void **state)
{
    (void)state;
    dio_frames *f = open_media("narrow.mp4");
    assert_int_equal(dio_frames_facts_of(f)->width, 16);
    assert_int_equal(dio_frames_facts_of(f)->height, 16);
    dio_image *image = at(f, 0.1);
    assert_true(pixel(image, 3, 8)[0] > 240);
    assert_true(pixel(image, 12, 8)[2] > 240);
    dio_image_unref(image);
    dio_frames_close(f);
}

static void close_to(const uint8_t *p, int r, int g, int b, int a)
{
    const int want[4] = {r, g, b, a};
    for (int c = 0; c < (a < 0 ? 3 : 4); c++)
        if (abs(p[c] - want[c]) > 2) /* what the codec's studio range leaves of them */
            fail_msg("%d, %d, %d: not %d, %d, %d", p[0], p[1], p[2], r, g, b);
}

static void alpha_and_odd_sides_and_full_range_survive(void **state)
{
    (void)state;
    dio_frames *f = open_media("clear.webm");
    assert_true(dio_frames_facts_of(f)->alpha);
    assert_int_equal(dio_frames_facts_of(f)->width, 33);
    assert_int_equal(dio_frames_facts_of(f)->height, 17);
    dio_image *image = at(f, 0.2);
    close_to(pixel(image, 32, 16), 0, 255, 0, 128);
    dio_image_unref(image);
    dio_frames_close(f);

    f = open_media("clear.mov");
    image = at(f, 0);
    close_to(pixel(image, 20, 9), 255, 128, 0, 128);
    dio_image_unref(image);
    dio_frames_close(f);

    f = open_media("full.avi");
    assert_int_equal(dio_frames_facts_of(f)->width, 33);
    image = at(f, 0.1);
    close_to(pixel(image, 32, 16), 255, 255, 255, -1);
    dio_image_unref(image);
    dio_frames_close(f);
}

/* ---- files that were made to do harm ---- */

static void refuses(const char *path, const char *want)
{
    dio_error err = {0};
    dio_frames *f = dio_frames_open(path, &err);
    assert_null(f);
    assert_string_equal(err.message, want);
}

static void refuses_bytes(const void *bytes, size_t n, const char *name, const char *want)
{
    char dir[] = "/tmp/diorama-frames-XXXXXX", path[128], message[512];
    dio_error err = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_true(dio_file_write(path, bytes, n, &err));
    snprintf(message, sizeof message, "%s: %s", path, want);
    refuses(path, message);
    unlink(path);
    rmdir(dir);
}

static void nothing_leads_to_another_file(void **state)
{
    (void)state;
    static const char hls[] = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
                              "file:///etc/passwd\n#EXT-X-ENDLIST\n";
    static const char concat[] = "ffconcat version 1.0\nfile /etc/passwd\n";
    static const char dash[] =
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
        "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"></MPD>";
    refuses_bytes(hls, sizeof hls - 1, "a.avi",
                  "Apple HTTP Live Streaming, where a film is needed");
    refuses_bytes(hls, sizeof hls - 1, "a.m3u8",
                  "Apple HTTP Live Streaming, where a film is needed");
    refuses_bytes(concat, sizeof concat - 1, "a.mp4",
                  "Virtual concatenation script, where a film is needed");
    refuses_bytes(dash, sizeof dash - 1, "a.mp4",
                  "Dynamic Adaptive Streaming over HTTP, where a film is needed");
    refuses("concat:tests/fusion/media/cfr.mp4",
            "cannot open concat:tests/fusion/media/cfr.mp4: No such file or directory");
    refuses("subfile:,,start,0,end,99,,:/etc/passwd",
            "cannot open subfile:,,start,0,end,99,,:/etc/passwd: No such file or directory");
    refuses("http://169.254.169.254/a.mp4",
            "cannot open http://169.254.169.254/a.mp4: No such file or directory");
    refuses("tests/fusion/media", "tests/fusion/media is a folder, not a file");
    refuses("/dev/zero", "/dev/zero is not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_by_their_time),
        cmocka_unit_test(what_is_asked_for_again_costs_nothing),
        cmocka_unit_test(pictures_last_as_long_as_they_last),
        cmocka_unit_test(pictures_stand_upright),
        cmocka_unit_test(pixels_become_square),
        cmocka_unit_test(alpha_and_odd_sides_and_full_range_survive),
        cmocka_unit_test(nothing_leads_to_another_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
