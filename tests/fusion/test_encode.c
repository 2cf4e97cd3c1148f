/* test_encode.c: media.encode and what stands behind it: files of at most so many bytes, sound
 * that stays with its pictures, disks that fill, and files that were made to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "film_case.h"
#include "fusion/av_sound.h"
#include "fusion/fit.h"
#include "fusion/frames.h"
#include "step_case.h"
#include "vision/image_io.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    film_case_folder(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    film_case_clear(dir);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[4][200];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

/* ---- the search ---- */

static double law; /* bytes at a knob */
static int asked;

static bool by_law(void *user, double knob, int64_t *bytes, dio_error *err)
{
    (void)user, (void)err;
    asked++;
    *bytes = (int64_t)(1e6 * exp(-knob / law));
    return true;
}

/* Against trying every step. */
static void the_best_that_fits_is_found_in_few_tries(void **state)
{
    (void)state;
    const dio_knob k = {"crf", "", 0, 51, 19, 0.5};
    int most = 0, sum = 0, count = 0;
    for (law = 3; law < 30; law *= 1.4) {
        for (int64_t limit = 30000; limit < 1000000; limit = limit * 5 / 4) {
            dio_fitted f;
            dio_error err = {0};
            double best = 19;
            while (best <= 51 && (int64_t)(1e6 * exp(-best / law)) > limit)
                best += 0.5;
            asked = 0;
            bool ok = dio_fit(&k, 19, limit, "it", by_law, NULL, &f, &err);
            assert_true(ok == (best <= 51));
            if (ok)
                assert_true(f.knob == best);
            most = asked > most ? asked : most;
            sum += asked;
            count++;
        }
    }
    if (most > 9 || sum > 3 * count) /* measured: 9 and 2.5 */
        fail_msg("%d tries, %.1f in the mean", most, (double)sum / count);
}

static int64_t size_of(const char *path)
{
    dio_error err = {0};
    dio_map_file *m = dio_map_open(path, &err);
    int64_t n = m ? (int64_t)dio_map_size(m) : -1;
    dio_map_unref(m);
    return n;
}

static void films_and_pictures_fit_a_limit(void **state)
{
    (void)state;
    static const char *const formats[] = {"mp4", "hevc", "webm", "gif", "animated_webp"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        dio_film_source s = film_case_source(96, 64, 12, false);
        dio_writing how = {.format = dio_format_find(formats[i]), .quality = -1};
        const dio_knob *k = &how.format->quality;
        const char *path = path_of(how.format->suffix);
        dio_written free, least, done;
        dio_error err = {0};
        assert_true(dio_encode_film(&s, &how, path, &free, &err));
        how.quality = k->worst;
        assert_true(dio_encode_film(&s, &how, path, &least, &err));
        how.quality = -1;
        how.max_bytes = (free.bytes + least.bytes) / 2;
        if (!dio_encode_film(&s, &how, path, &done, &err))
            fail_msg("%s", err.message);
        assert_int_equal(done.bytes, size_of(path));
        assert_true(done.bytes <= how.max_bytes && done.tries > 1);
        assert_true(fabs(done.quality - k->worst) < fabs(k->usual - k->worst));
        unlink(path);
    }
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"png", "jpeg", "webp"};
        dio_image *image = film_case_picture(200, 150, 3, false);
        dio_writing how = {.format = dio_format_find(names[i]), .quality = -1, .max_bytes = 1500};
        const char *path = path_of(how.format->suffix);
        dio_written done;
        dio_error err = {0};
        if (!dio_encode_picture(image, &how, path, &done, &err))
            fail_msg("%s", err.message);
        assert_true(done.bytes == size_of(path) && done.bytes <= 1500);
        dio_image *back = dio_image_read(path, &err);
        assert_non_null(back);
        if (film_case_psnr(image, back) < 22)
            fail_msg("%s: %.1f dB", names[i], film_case_psnr(image, back));
        dio_image_unref(back);
        dio_image_unref(image);
        unlink(path);
    }
    assert_int_equal(film_case_count(dir), 0);
}

static void what_cannot_fit_says_how_small_it_gets(void **state)
{
    (void)state;
    dio_film_source s = film_case_source(96, 64, 20, false);
    dio_writing how = {.format = dio_format_find("webm"), .quality = -1, .max_bytes = 100};
    dio_error err = {0};
    char want[200];
    assert_false(dio_encode_film(&s, &how, path_of("a.webm"), NULL, &err));
    int bytes = 0;
    const char *has = strstr(err.message, " has ");
    assert_true(has && sscanf(has, " has %d", &bytes) == 1 && bytes > 100);
    snprintf(want, sizeof want,
             "max_bytes: the film of 20 frames as webm has %d bytes at the least quality, above "
             "100; make it smaller or shorter, or take another format",
             bytes);
    assert_string_equal(err.message, want);
    err = (dio_error){0};
    how.format = dio_format_find("prores");
    assert_false(dio_encode_film(&s, &how, path_of("a.mov"), NULL, &err));
    assert_non_null(strstr(err.message, "and no quality that could be lowered"));
    assert_int_equal(film_case_count(dir), 0);
}

/* ---- time ---- */

enum { MINUTES = 10, RATE = 48000 };

/* A flash and a click every 30 seconds. */
static bool flash(void *user, int i, dio_image **out, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    (void)user;
    *out = dio_image_create(32, 32, &form, err);
    if (*out)
        memset(dio_image_row(*out, 0), i * 1001 / 30000 % 30 == 0 && i % 899 < 40 ? 230 : 20, 3072);
    return *out != NULL;
}

static int64_t first_loud(const dio_clip *c, int64_t from)
{
    while (from < c->length && fabsf(dio_clip_channel(c, 0)[from]) < 0.2f)
        from++;
    return from;
}

/* 29.97 frames a second, so that a rounded rate would be 0.6 s off at the end. */
static void sound_stays_with_its_pictures_for_ten_minutes(void **state)
{
    (void)state;
    dio_error err = {0};
    int frames = MINUTES * 60 * 30000 / 1001;
    dio_clip *clip = dio_clip_create(RATE, 2, (int64_t)MINUTES * 60 * RATE, &err);
    for (int mark = 30; mark < MINUTES * 60; mark += 30) {
        int at = (int)ceil(mark * 30000.0 / 1001);
        while (at * 1001LL / 30000 % 30 != 0 || at % 899 >= 40)
            at++;
        for (int c = 0; c < 2; c++)
            for (int k = 0; k < 4800; k++)
                dio_clip_channel(clip, c)[at * 1001LL * RATE / 30000 + k] =
                    0.8f * sinf((float)k * 0.2f);
    }
    static const char *const formats[] = {"mp4", "webm"};
    for (int k = 0; k < 2; k++) {
        const dio_writing how = {.format = dio_format_find(formats[k]), .quality = 45};
        const char *path = path_of(how.format->suffix);
        const dio_film_source s = {.width = 32,
                                   .height = 32,
                                   .fps = 30000,
                                   .fps_den = 1001,
                                   .frames = frames,
                                   .sound = clip,
                                   .show = flash};
        if (!dio_encode_film(&s, &how, path, NULL, &err))
            fail_msg("%s", err.message);
        dio_frames *f = dio_frames_open(path, &err);
        dio_clip *got = dio_av_clip(path, &err);
        assert_true(f && got);
        const dio_frames_facts *facts = dio_frames_facts_of(f);
        assert_true(fabs(facts->sound_start) < 0.5 * 1001 / 30000);
        assert_true(fabs(facts->seconds - frames * 1001.0 / 30000) < 0.04);
        double worst = 0;
        for (int mark = 0; mark < 4; mark++) {
            static const int from[] = {30, 150, 300, 560};
            int64_t loud = first_loud(got, (int64_t)from[mark] * RATE);
            double seen = 0;
            dio_image *image = NULL;
            /* The flash must be there within a frame of the click, and not before. */
            double t = (double)loud / RATE;
            for (int step = -3; step <= 3 && !seen; step++) {
                assert_true(dio_frames_at(f, t + step * 1001.0 / 30000, &image, &err));
                if (((uint8_t *)dio_image_row(image, 5))[5] > 128)
                    seen = step ? fabs(step * 1001.0 / 30000) : 1e-9;
                dio_image_unref(image);
            }
            assert_true(seen > 0);
            worst = fmax(worst, seen);
        }
        if (worst > 1.01 * 1001 / 30000) /* measured: at most one frame */
            fail_msg("%s: %.3f s", formats[k], worst);
        dio_frames_close(f);
        dio_clip_unref(got);
        unlink(path);
    }
    dio_clip_unref(clip);
}

/* ---- disks that fill ---- */

static void a_full_disk_leaves_nothing_and_may_be_tried_again(void **state)
{
    (void)state;
    struct rlimit before, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    for (int i = 0; dio_formats[i]; i++) {
        const dio_format *f = dio_formats[i];
        char name[40];
        dio_error err = {0};
        snprintf(name, sizeof name, "a%s", f->suffix);
        const dio_writing how = {.format = f, .quality = -1};
        small = before;
        small.rlim_cur = 300;
        setrlimit(RLIMIT_FSIZE, &small);
        bool ok;
        if (f->kind == DIO_FORMAT_SOUND) {
            dio_clip *clip = dio_clip_create(RATE, 1, RATE, &err);
            for (int64_t k = 0; k < RATE; k++)
                dio_clip_channel(clip, 0)[k] = (float)(k * k % 1009) / 2000;
            ok = dio_encode_sound(clip, &how, path_of(name), NULL, &err);
            dio_clip_unref(clip);
        } else if (f->kind == DIO_FORMAT_PICTURE) {
            dio_image *image = film_case_picture(256, 256, 0, false);
            ok = dio_encode_picture(image, &how, path_of(name), NULL, &err);
            dio_image_unref(image);
        } else {
            dio_film_source s = film_case_source(128, 128, 30, false);
            ok = dio_encode_film(&s, &how, path_of(name), NULL, &err);
        }
        setrlimit(RLIMIT_FSIZE, &before);
        if (ok)
            fail_msg("%s was written into 300 bytes", f->name);
        if (err.kind != DIO_ERROR_RETRY || !strstr(err.message, "File too large"))
            fail_msg("%s: kind %d: %s", f->name, err.kind, err.message);
        if (film_case_count(dir) != 0)
            fail_msg("%s left something behind", f->name);
    }
}

/* ---- files that were made to do harm ---- */

static void refuses(const char *name, const uint8_t *bytes, size_t n, const char *want)
{
    char message[400];
    dio_error err = {0};
    const char *path = path_of(name);
    assert_true(dio_file_write(path, bytes, n, &err));
    dio_frames *f = dio_frames_open(path, &err);
    snprintf(message, sizeof message, "%s: %s", path, want);
    assert_null(f);
    assert_string_equal(err.message, message);
    unlink(path);
}

/* A copy of cfr.mp4, and where in it a box's name stands. */
static uint8_t *media(const char *name, size_t *n)
{
    char path[100];
    dio_error err = {0};
    snprintf(path, sizeof path, "tests/fusion/media/%s", name);
    dio_map_file *m = dio_map_open(path, &err);
    assert_non_null(m);
    *n = dio_map_size(m);
    uint8_t *copy = malloc(*n);
    memcpy(copy, dio_map_data(m), *n);
    dio_map_unref(m);
    return copy;
}

static uint8_t *box(uint8_t *bytes, size_t n, const char *name)
{
    for (size_t i = 0; i + 4 <= n; i++)
        if (memcmp(bytes + i, name, 4) == 0)
            return bytes + i;
    fail_msg("no %s", name);
    return bytes;
}

static void boxes_that_lie_are_refused(void **state)
{
    (void)state;
    size_t n;
    uint8_t *b = media("cfr.mp4", &n);
    memcpy(box(b, n, "stsz") + 12, "\xff\xff\xff\xff", 4); /* 2^32 - 1 samples */
    refuses("a.mp4", b, n, "not a film that can be read: Invalid data found when processing input");
    free(b);

    b = media("cfr.mp4", &n);
    memset(box(b, n, "stsz") + 12, 0, 4); /* none */
    memset(box(b, n, "stts") + 8, 0, 4);
    refuses("a.mp4", b, n, "there are no pictures in it");
    free(b);

    b = media("cfr.mp4", &n); /* cut in the middle of its pictures */
    char want[120];
    snprintf(want, sizeof want, "it breaks off: it has %zu bytes, and its index goes to %zu",
             n - 200, n);
    refuses("a.mp4", b, n - 200, want);
    free(b);

    enum { DEEP = 1000 };
    uint8_t *nested = malloc(8 * DEEP + 24);
    memcpy(nested,
           "\0\0\0\x18"
           "ftypisom\0\0\0\0isommp42",
           24);
    for (uint32_t i = 0; i < DEEP; i++) {
        uint32_t left = 8 * (DEEP - i);
        uint8_t head[8] = {(uint8_t)(left >> 24),
                           (uint8_t)(left >> 16),
                           (uint8_t)(left >> 8),
                           (uint8_t)left,
                           'm',
                           'o',
                           'o',
                           'v'};
        memcpy(nested + 24 + 8 * (size_t)i, head, 8);
    }
    refuses("a.mp4", nested, 8 * DEEP + 24,
            "not a film that can be read: Invalid data found when processing input");
    free(nested);
}

/* A length below nothing is not believed: the pictures themselves are asked. */
static void negative_lengths_are_measured_anew(void **state)
{
    (void)state;
    size_t n;
    dio_error err = {0};
    uint8_t *b = media("cfr.mp4", &n);
    memcpy(box(b, n, "mvhd") + 20, "\x80\0\0\0", 4);
    memcpy(box(b, n, "mdhd") + 20, "\xff\xff\0\0", 4);
    memcpy(box(b, n, "tkhd") + 24, "\x80\0\0\0", 4);
    assert_true(dio_file_write(path_of("n.mp4"), b, n, &err));
    free(b);
    dio_frames *f = dio_frames_open(path_of("n.mp4"), &err);
    if (f)
        assert_true(dio_frames_facts_of(f)->seconds > 0 && dio_frames_facts_of(f)->seconds < 86400);
    else
        assert_true(err.kind == DIO_ERROR_INVALID && strstr(err.message, "n.mp4: "));
    dio_frames_close(f);
    unlink(path_of("n.mp4"));
}

/* ---- the step ---- */

static void run(const char *with, const char *port, const char *name, bool works, const char *want)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    char text[800], from[120];
    snprintf(from, sizeof from, "%s/turned.mp4", dir);
    size_t n;
    uint8_t *b = media("turned.mp4", &n);
    assert_true(dio_file_write(from, b, n, &err));
    free(b);
    snprintf(text, sizeof text,
             "version: 1\nname: t\nsteps:\n  - id: s\n    uses: media.encode@1\n    with: %s\n"
             "outputs:\n  o: {from: \"${{ steps.s.outputs.%s }}\", path: %s}\n",
             with, port, name);
    bool ok = step_run(a, dir, text, "out", &err);
    if (ok != works || (!ok && !strstr(err.message, want)))
        fail_msg("%s: %s", with, err.message);
    dio_arena_destroy(a);
}

static void the_step_brings_anything_into_any_format(void **state)
{
    (void)state;
    dio_error err = {0};
    run("{source: turned.mp4, format: jpeg, width: 8}", "image", "a.jpg", true, "");
    dio_image *image = dio_image_read(path_of("out/a.jpg"), &err);
    assert_non_null(image);
    assert_int_equal(image->width, 8);
    assert_int_equal(image->height, 16);
    dio_image_unref(image);
    run("{source: turned.mp4, format: webm, fps: 20}", "video", "a.webm", true, "");
    dio_frames *f = dio_frames_open(path_of("out/a.webm"), &err);
    assert_non_null(f);
    assert_int_equal(dio_frames_facts_of(f)->fps_num, 20 * dio_frames_facts_of(f)->fps_den);
    dio_frames_close(f);
    run("{source: turned.mp4, format: frames}", "frames", "fr", true, "");
    assert_int_equal(film_case_count(path_of("out/fr")), 3);
    run("{source: turned.mp4, format: mp3}", "audio", "a.mp3", false, "there is no sound in it");
    run("{source: turned.mp4, format: gif}", "video", "a.mp4", false,
        "its format makes a file that ends in .gif, not .mp4");
    run("{source: turned.mp4, format: gif}", "video", "a.avi", false,
        "a name for video must end in .mp4, .webm, .mov, .gif or .webp");
    run("{source: turned.mp4, format: mp4, quality: 60}", "video", "a.mp4", false,
        "quality: 60; of mp4 it goes from 0 (best) to 51");
    run("{source: turned.mp4, format: mp4, loop: 2}", "video", "a.mp4", false,
        "loop: mp4 does not play again by itself");
    run("{source: turned.mp4, format: mp4, start: 9}", "video", "a.mp4", false, "lasts 0.30 s");
    run("{source: \"http://169.254.169.254/a.mp4\"}", "video", "a.mp4", false, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_that_fits_is_found_in_few_tries),
        cmocka_unit_test(films_and_pictures_fit_a_limit),
        cmocka_unit_test(what_cannot_fit_says_how_small_it_gets),
        cmocka_unit_test(sound_stays_with_its_pictures_for_ten_minutes),
        cmocka_unit_test(a_full_disk_leaves_nothing_and_may_be_tried_again),
        cmocka_unit_test(boxes_that_lie_are_refused),
        cmocka_unit_test(negative_lengths_are_measured_anew),
        cmocka_unit_test(the_step_brings_anything_into_any_format),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
