/* test_formats.c: every format written, read back and held against what went in; the same bytes
 * whatever the number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <webp/demux.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "base/gang.h"
#include "film_case.h"
#include "fusion/av_probe.h"
#include "fusion/av_sound.h"
#include "fusion/frames.h"
#include "vision/image_io.h"

enum { WIDE = 64, HIGH = 36, FRAMES = 25 };

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
    static char path[4][160];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

/* What it was measured at, less 3 dB: PSNR of the worst frame. */
static const struct film {
    const char *format, *codec;
    bool alpha;
    double psnr;
} films[] = {
    {"mp4", "h264", false, 30},     {"hevc", "hevc", false, 30}, {"av1", "av1", false, 30},
    {"webm", "vp9", false, 30},     {"webm", "vp9", true, 29},   {"prores", "prores", false, 68},
    {"prores", "prores", true, 67}, {"gif", "gif", false, 33},   {"gif", "gif", true, 33},
};

static void films_come_back_as_they_went_in(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof films / sizeof *films; k++) {
        const struct film *t = &films[k];
        const char *path = path_of(dio_format_find(t->format)->suffix);
        dio_film_source s = film_case_source(WIDE, HIGH, FRAMES, t->alpha);
        dio_error err = {0};
        film_case_write(&s, t->format, -1, path);
        dio_frames *f = dio_frames_open(path, &err);
        if (!f)
            fail_msg("%s", err.message);
        const dio_frames_facts *facts = dio_frames_facts_of(f);
        assert_string_equal(facts->codec, t->codec);
        assert_int_equal(facts->width, WIDE);
        assert_int_equal(facts->height, HIGH);
        assert_true(facts->alpha == t->alpha || strcmp(t->format, "gif") == 0);
        if (fabs(facts->seconds - FRAMES / 10.0) > 0.011)
            fail_msg("%s: %g s", t->format, facts->seconds);
        double worst = 1e9;
        for (int i = 0; i < FRAMES; i += 3) {
            dio_image *got = NULL, *want = film_case_picture(WIDE, HIGH, i, t->alpha);
            if (!dio_frames_at(f, i / 10.0, &got, &err))
                fail_msg("%s", err.message);
            worst = fmin(worst, film_case_psnr(want, got));
            dio_image_unref(got);
            dio_image_unref(want);
        }
        if (worst < t->psnr)
            fail_msg("%s: %.1f dB, at least %.1f were wanted", t->format, worst, t->psnr);
        dio_frames_close(f);
        unlink(path);
    }
}

static void a_webp_that_moves_is_read_by_libwebp(void **state)
{
    (void)state;
    const char *path = path_of("a.webp");
    dio_film_source s = film_case_source(WIDE, HIGH, FRAMES, true);
    dio_error err = {0};
    film_case_write(&s, "animated_webp", 90, path);
    dio_map_file *m = dio_map_open(path, &err);
    assert_non_null(m);
    const WebPData data = {dio_map_data(m), dio_map_size(m)};
    WebPAnimDecoder *d = WebPAnimDecoderNew(&data, NULL);
    WebPAnimInfo info;
    assert_non_null(d);
    assert_true(WebPAnimDecoderGetInfo(d, &info));
    assert_int_equal(info.canvas_width, WIDE);
    assert_int_equal(info.loop_count, 0);
    assert_int_equal(info.frame_count, FRAMES);
    uint8_t *pixels;
    int end = 0, i = 0;
    double worst = 1e9;
    for (; WebPAnimDecoderGetNext(d, &pixels, &end); i++) {
        const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
        dio_image *got = dio_image_create(WIDE, HIGH, &form, &err);
        dio_image *want = film_case_picture(WIDE, HIGH, i, true);
        memcpy(dio_image_row(got, 0), pixels, (size_t)4 * WIDE * HIGH);
        worst = fmin(worst, film_case_psnr(want, got));
        dio_image_unref(got);
        dio_image_unref(want);
    }
    assert_int_equal(i, FRAMES);
    assert_int_equal(end, 100 * FRAMES);
    assert_true(worst > 27); /* measured: 30.4 */
    WebPAnimDecoderDelete(d);
    dio_map_unref(m);
    unlink(path);
}

static void frames_are_pictures_in_a_folder(void **state)
{
    (void)state;
    const char *path = path_of("frames");
    char first[200];
    dio_film_source s = film_case_source(WIDE, HIGH, 3, true);
    dio_error err = {0};
    film_case_write(&s, "frames", -1, path);
    assert_int_equal(film_case_count(path), 3);
    snprintf(first, sizeof first, "%s/frame-00003.png", path);
    dio_image *got = dio_image_read(first, &err), *want = film_case_picture(WIDE, HIGH, 2, true);
    assert_non_null(got);
    assert_memory_equal(dio_image_row(got, 0), dio_image_row(want, 0), (size_t)4 * WIDE * HIGH);
    dio_image_unref(got);
    dio_image_unref(want);
}

/* Fresh memory holds other bytes each time: what reads it unwritten, as x264 does with AVX-512
 * unless told to be independent of the processor, gives other films. */
static void hash_of(const char *format, bool alpha, int threads, char hash[DIO_HASH_TEXT])
{
    static int fills;
    mallopt(M_PERTURB, ++fills % 255);
    const char *path = path_of(dio_format_find(format)->suffix);
    dio_film_source s = film_case_source(WIDE, HIGH, FRAMES, alpha);
    dio_error err = {0};
    dio_gang_resize(threads);
    film_case_write(&s, format, -1, path);
    assert_true(dio_hash_file(path, hash, &err));
    unlink(path);
}

static void the_same_film_has_the_same_bytes(void **state)
{
    (void)state;
    int threads = dio_gang_size();
    for (int i = 0; dio_formats[i]; i++) {
        if (dio_formats[i]->kind != DIO_FORMAT_FILM)
            continue;
        for (int alpha = 0; alpha <= dio_format_alpha(dio_formats[i]); alpha++) {
            char a[DIO_HASH_TEXT], b[DIO_HASH_TEXT], c[DIO_HASH_TEXT];
            hash_of(dio_formats[i]->name, alpha, 1, a);
            hash_of(dio_formats[i]->name, alpha, 2, b);
            hash_of(dio_formats[i]->name, alpha, 2, c);
            if (strcmp(a, b) != 0 || strcmp(b, c) != 0)
                fail_msg("%s: other bytes", dio_formats[i]->name);
        }
    }
    dio_gang_resize(threads);
    mallopt(M_PERTURB, 0);
}

/* ---- sound ---- */

static dio_clip *tone(double seconds, int channels)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(48000, channels, (int64_t)(48000 * seconds), &err);
    assert_non_null(clip);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < clip->length; i++)
            dio_clip_channel(clip, c)[i] =
                0.4f * sinf((float)(2 * 3.14159265 * (c ? 660 : 440) * (double)i / 48000));
    return clip;
}

/* Signal to noise against the tone that went in, dB. */
static double fidelity(const dio_clip *want, const dio_clip *got)
{
    double signal = 0, noise = 0;
    for (int c = 0; c < want->channels; c++) {
        for (int64_t i = 4800; i < want->length - 4800; i++) {
            double w = (double)dio_clip_channel(want, c)[i];
            double d = w - (double)dio_clip_channel(got, c)[i];
            signal += w * w;
            noise += d * d;
        }
    }
    return 10 * log10(signal / (noise + 1e-12));
}

static void sounds_come_back_as_they_went_in(void **state)
{
    (void)state;
    for (int i = 0; dio_formats[i]; i++) {
        const dio_format *f = dio_formats[i];
        if (f->kind != DIO_FORMAT_SOUND)
            continue;
        for (int channels = 1; channels <= 2; channels++) {
            char name[32];
            snprintf(name, sizeof name, "a%s", f->suffix);
            const char *path = path_of(name);
            const dio_writing how = {.format = f, .quality = -1};
            dio_written done;
            dio_error err = {0};
            dio_clip *want = tone(2, channels);
            if (!dio_encode_sound(want, &how, path, &done, &err))
                fail_msg("%s: %s", f->name, err.message);
            dio_clip *got = dio_av_clip(path, &err);
            if (!got)
                fail_msg("%s", err.message);
            assert_int_equal(got->rate, 48000);
            assert_int_equal(got->channels, channels);
            assert_int_equal(got->length, want->length);
            assert_true(fidelity(want, got) > 27); /* measured: 30.5 of MP3, the least */
            dio_clip_unref(want);
            dio_clip_unref(got);
            unlink(path);
        }
    }
}

/* ---- what is refused ---- */

static void what_a_format_cannot_hold_is_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_film_source s = film_case_source(WIDE, HIGH, 2, true);
    dio_writing how = {.format = dio_format_find("mp4"), .quality = -1};
    assert_false(dio_encode_film(&s, &how, path_of("a.mp4"), NULL, &err));
    assert_string_equal(err.message,
                        "mp4 holds no alpha: lay the film on a colour first (background), or take "
                        "webm, prores, animated_webp or frames");
    err = (dio_error){0};
    s = film_case_source(WIDE + 1, HIGH, 2, false);
    assert_false(dio_encode_film(&s, &how, path_of("a.mp4"), NULL, &err));
    assert_string_equal(err.message, "65 x 36: films of mp4 have even sides; nearest is 64 x 36");
    err = (dio_error){0};
    how.quality = 52;
    assert_false(dio_encode_film(&s, &how, path_of("a.mp4"), NULL, &err));
    assert_string_equal(err.message, "quality: 52; of mp4 it goes from 0 (best) to 51");
    err = (dio_error){0};
    dio_image *image = film_case_picture(WIDE, HIGH, 0, true);
    how = (dio_writing){.format = dio_format_find("jpeg"), .quality = -1};
    assert_false(dio_encode_picture(image, &how, path_of("a.jpg"), NULL, &err));
    assert_string_equal(err.message,
                        "jpeg holds no alpha: lay the picture on a colour first (background), or "
                        "take png or webp");
    dio_image_unref(image);
    assert_int_equal(film_case_count(dir), 1); /* the folder of frames */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(films_come_back_as_they_went_in),
        cmocka_unit_test(a_webp_that_moves_is_read_by_libwebp),
        cmocka_unit_test(frames_are_pictures_in_a_folder),
        cmocka_unit_test(the_same_film_has_the_same_bytes),
        cmocka_unit_test(sounds_come_back_as_they_went_in),
        cmocka_unit_test(what_a_format_cannot_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
