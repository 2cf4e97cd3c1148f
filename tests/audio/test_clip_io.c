/* test_clip_io.c: sounds in and out: files that FFmpeg made, round trips, dither, tags, and
 * what is not written. Files that do harm: test_clip_io_bad.c. */
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

#include "audio/clip_io.h"
#include "base/file.h"
#include "base/rng.h"

/* ---- files of others ---- */

/* The formula of tools/golden/sound.py. */
static float known(int channel, int64_t i)
{
    return (float)((i * (3 + channel) + 40 * channel) % 200 - 100) / 128;
}

static void files_of_others_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name, *format, *coding;
        int bits, channels, length;
        double bound; /* 0: exact. The laws keep five to six bits: measured 0.0156 */
    } cases[] = {
        {"pcm8.wav", "WAV", "PCM", 8, 1, 60, 0},
        {"pcm16.wav", "WAV", "PCM", 16, 2, 100, 0},
        {"pcm24.wav", "WAV", "PCM", 24, 3, 70, 0},
        {"pcm32.wav", "WAV", "PCM", 32, 1, 50, 0},
        {"float32.wav", "WAV", "float", 32, 2, 40, 0},
        {"float64.wav", "WAV", "float", 64, 1, 40, 0},
        {"mulaw.wav", "WAV", "mu-law", 8, 1, 64, 0.02},
        {"alaw.wav", "WAV", "A-law", 8, 1, 64, 0.02},
        {"flac16.flac", "FLAC", "PCM", 16, 2, 5000, 0},
        {"flac24.flac", "FLAC", "PCM", 24, 1, 3000, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char path[256];
        dio_error err = {0};
        dio_clip_head head;
        snprintf(path, sizeof path, "tests/golden/sound/%s", cases[k].name);
        dio_map_file *file = dio_map_open(path, &err);
        assert_non_null(file);
        assert_true(dio_clip_probe(dio_map_data(file), dio_map_size(file), path, &head, &err));
        dio_map_unref(file);
        assert_string_equal(head.format, cases[k].format);
        assert_string_equal(head.coding, cases[k].coding);
        assert_int_equal(head.bits, cases[k].bits);
        dio_clip *clip = dio_clip_read(path, &err);
        if (!clip)
            fail_msg("%s", err.message);
        assert_int_equal(clip->rate, 24000);
        assert_int_equal(clip->channels, cases[k].channels);
        assert_int_equal(clip->length, cases[k].length);
        double most = 0;
        for (int c = 0; c < clip->channels; c++)
            for (int64_t i = 0; i < clip->length; i++)
                most = fmax(most, fabs((double)dio_clip_channel(clip, c)[i] - (double)known(c, i)));
        print_message("%s: off by %.4f\n", cases[k].name, most);
        assert_true(most <= cases[k].bound);
        dio_clip_unref(clip);
    }
}

/* ---- there and back ---- */

static char folder[] = "/tmp/dio-clip-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when something was left behind */
}

static dio_clip *noise(int channels, int64_t length, float peak)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(48000, channels, length, &err);
    assert_non_null(clip);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < length; i++)
            dio_clip_channel(clip, c)[i] =
                peak * (2 * dio_uniform(5, (uint64_t)c, (uint64_t)i) - 1);
    return clip;
}

static dio_clip *round_trip(const dio_clip *clip, const char *name, const dio_clip_save *save)
{
    dio_error err = {0};
    const char *path = in_folder(name);
    if (!dio_clip_write(clip, path, save, &err))
        fail_msg("%s", err.message);
    dio_clip *back = dio_clip_read(path, &err);
    if (!back)
        fail_msg("%s", err.message);
    unlink(path);
    assert_int_equal(back->rate, clip->rate);
    assert_int_equal(back->channels, clip->channels);
    assert_int_equal(back->length, clip->length);
    return back;
}

static double farthest(const dio_clip *a, const dio_clip *b)
{
    double most = 0;
    for (int c = 0; c < a->channels; c++)
        for (int64_t i = 0; i < a->length; i++)
            most = fmax(
                most, fabs((double)dio_clip_channel(a, c)[i] - (double)dio_clip_channel(b, c)[i]));
    return most;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        dio_clip_save save;
        double steps; /* of one bit at that depth */
    } cases[] = {
        {"a.wav", {.bits = 0}, 1.5},    {"a.wav", {.bits = 16, .rounded = true}, 0.5},
        {"a.wav", {.bits = 24}, 0.5},   {"a.wav", {.bits = 32}, 0.5},
        {"a.wav", {.floats = true}, 0}, {"a.FLAC", {.bits = 16}, 1.5},
        {"a.flac", {.bits = 24}, 0.5},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int channels = 1; channels <= 8; channels += channels == 2 ? 6 : 1) {
            dio_clip *clip = noise(channels, 3001, 0.9f);
            dio_clip *back = round_trip(clip, cases[k].name, &cases[k].save);
            int bits = cases[k].save.bits ? cases[k].save.bits : 16;
            double step = bits == 32 ? ldexp(1, -24) : ldexp(1, 1 - bits); /* floats have 24 */
            assert_true(farthest(clip, back) <= cases[k].steps * step * 1.0001);
            dio_clip_unref(clip);
            dio_clip_unref(back);
        }
    }
}

static void full_scale_is_clamped(void **state)
{
    (void)state;
    dio_clip *clip = noise(1, 500, 3);
    dio_clip_save floats = {.floats = true};
    dio_clip *whole = round_trip(clip, "a.wav", NULL), *real = round_trip(clip, "a.wav", &floats);
    for (int i = 0; i < 500; i++) {
        float v = dio_clip_channel(clip, 0)[i], got = dio_clip_channel(whole, 0)[i];
        if (v > 1.001f)
            assert_true(got == 32767.f / 32768);
        if (v < -1.001f)
            assert_true(got == -1);
    }
    assert_true(farthest(clip, real) == 0);
    dio_clip_unref(clip);
    dio_clip_unref(whole);
    dio_clip_unref(real);
}

/* A sound of no length is one, but FLAC has no way of saying so. */
static void no_length_is_a_sound(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *none = noise(2, 0, 1);
    dio_clip_unref(round_trip(none, "a.wav", NULL));
    assert_false(dio_clip_write(none, in_folder("a.flac"), NULL, &err));
    assert_string_equal(err.message, "FLAC cannot hold a sound of no length: write it as .wav");
    dio_clip_unref(none);
}

/* ---- dither ---- */

/* A constant between two steps: rounding makes it one of them, dither keeps its mean, and its error
 * has the variance of triangular dither, a quarter of a squared step. */
static void dither_keeps_what_lies_between(void **state)
{
    (void)state;
    enum { N = 40000 };
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(48000, 1, N, &err);
    for (int i = 0; i < N; i++)
        dio_clip_channel(clip, 0)[i] = 10.3f / 32768;
    dio_clip *dithered = round_trip(clip, "a.wav", NULL);
    dio_clip *rounded = round_trip(clip, "a.wav", &(dio_clip_save){.rounded = true});
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) {
        double v = (double)dio_clip_channel(dithered, 0)[i] * 32768 - 10.3;
        mean += v / N;
        square += v * v / N;
        assert_true(dio_clip_channel(rounded, 0)[i] == 10.f / 32768);
    }
    print_message("dither: mean off by %.4f steps, variance %.4f\n", mean, square);
    assert_true(fabs(mean) < 0.01);          /* measured: 0.0015 */
    assert_true(fabs(square - 0.25) < 0.01); /* measured: 0.2486 */
    dio_clip_unref(clip);
    dio_clip_unref(dithered);
    dio_clip_unref(rounded);
}

static void what_fits_is_left_alone(void **state)
{
    (void)state;
    dio_clip *clip = noise(2, 2000, 0.5f);
    dio_clip *once = round_trip(clip, "a.flac", NULL), *twice = round_trip(once, "a.wav", NULL);
    assert_true(farthest(once, twice) == 0);
    dio_clip_unref(clip);
    dio_clip_unref(once);
    dio_clip_unref(twice);
}

static void bytes_depend_on_the_seed_alone(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = noise(2, 4000, 0.5f);
    static const char *const names[] = {"a.wav", "b.wav", "c.wav", "a.flac", "b.flac"};
    static const uint64_t seeds[] = {7, 7, 8, 7, 7};
    char hash[5][DIO_HASH_TEXT];
    for (int i = 0; i < 5; i++) {
        dio_clip_save save = {.seed = seeds[i]};
        assert_true(dio_clip_write(clip, in_folder(names[i]), &save, &err));
        assert_true(dio_hash_file(in_folder(names[i]), hash[i], &err));
        unlink(in_folder(names[i]));
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
    assert_string_equal(hash[3], hash[4]);
    dio_clip_unref(clip);
}

/* ---- tags ---- */

static void tags_ride_along(void **state)
{
    (void)state;
    static const char *const names[] = {"a.wav", "a.flac"};
    char longest[1500];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest + 1022, "\xc3\xa9", 2); /* a character across the end */
    for (int i = 0; i < 2; i++) {
        dio_error err = {0};
        dio_clip *clip = noise(1, 100, 1);
        dio_clip_head head;
        dio_clip_save save = {.title = "Lampe \xc3\xa0 poser", .comment = longest};
        assert_true(dio_clip_write(clip, in_folder(names[i]), &save, &err));
        dio_map_file *file = dio_map_open(in_folder(names[i]), &err);
        assert_true(dio_clip_probe(dio_map_data(file), dio_map_size(file), "x", &head, &err));
        assert_string_equal(head.title, save.title);
        assert_memory_equal(head.software, "diorama", 7); /* libsndfile puts its name behind it */
        assert_int_equal(strlen(head.comment), 1022);
        assert_memory_equal(head.comment, longest, 1022);
        dio_map_unref(file);
        unlink(in_folder(names[i]));
        dio_clip_unref(clip);
    }
}

/* ---- what is refused ---- */

static void not_written(const dio_clip *clip, const char *name, dio_clip_save save, const char *why)
{
    dio_error err = {0};
    assert_false(dio_clip_write(clip, in_folder(name), &save, &err));
    if (!strstr(err.message, why))
        fail_msg("\"%s\" is not \"%s\"", err.message, why);
    assert_false(dio_file_exists(in_folder(name)));
}

static void bad_wishes_are_refused(void **state)
{
    (void)state;
    char longest[4100] = {0};
    dio_error err = {0};
    dio_clip *clip = noise(1, 10, 1);
    memset(longest, 'x', sizeof longest - 1);
    not_written(clip, "a.mp3", (dio_clip_save){0},
                "the name must end in what it shall be: .wav or .flac");
    not_written(clip, "a.wav", (dio_clip_save){.bits = 8},
                "a sound of 8 bits a sample: 16, 24 and 32 are written");
    not_written(clip, "a.flac", (dio_clip_save){.bits = 32},
                "FLAC holds 16 or 24 bits a sample: write 32 bits as .wav");
    not_written(clip, "a.flac", (dio_clip_save){.floats = true},
                "FLAC holds 16 or 24 bits a sample: write floats as .wav");
    not_written(clip, "a.wav", (dio_clip_save){.comment = longest},
                "a sound's comment of 4099 bytes: at most 4000");
    not_written(clip, "a.wav", (dio_clip_save){.title = "a\xff"},
                "a sound's title is not UTF-8 at byte 1");
    dio_clip_channel(clip, 0)[3] = NAN;
    not_written(clip, "a.wav", (dio_clip_save){0}, "sample 3 of channel 1 is no number");
    assert_true(dio_clip_writes("a.b.WAV", &err));
    assert_false(dio_clip_writes("wav", &err));
    dio_clip_unref(clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_others_are_read),       cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(full_scale_is_clamped),          cmocka_unit_test(no_length_is_a_sound),
        cmocka_unit_test(dither_keeps_what_lies_between), cmocka_unit_test(what_fits_is_left_alone),
        cmocka_unit_test(bytes_depend_on_the_seed_alone), cmocka_unit_test(tags_ride_along),
        cmocka_unit_test(bad_wishes_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
