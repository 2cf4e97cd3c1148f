/* test_sound.c: sound of films: what goes in comes out again, at the same time; and files of
 * others. */
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
#include "fusion/av.h"
#include "fusion/av_sound.h"
#include "fusion/sound.h"

enum { RATE = 48000, FRAMES = 30, WIDTH = 160, HEIGHT = 96 };

static char dir[] = "/tmp/diorama-sound-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(dir);
}

static const char *path_of(const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", dir, name);
    return out;
}

/* A chord that swells left, and a burst right at half a second: periodic sound would hide a shift.
 */
static dio_clip *chord(int64_t length)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(RATE, 2, length, &err);
    assert_non_null(clip);
    for (int64_t i = 0; i < length; i++) {
        double t = (double)i / RATE, since = t - 0.5;
        double left = 0.2 * t * (sin(2 * M_PI * 440 * t) + sin(2 * M_PI * 1730 * t + 1));
        double right = since < 0 ? 0 : 0.5 * exp(-20 * since) * sin(2 * M_PI * 900 * since);
        dio_clip_channel(clip, 0)[i] = (float)left;
        dio_clip_channel(clip, 1)[i] = (float)right;
    }
    return clip;
}

static void write_film(const char *path, const dio_clip *sound)
{
    dio_error err = {0};
    dio_video *v = dio_video_open(path,
                                  &(dio_video_settings){.width = WIDTH,
                                                        .height = HEIGHT,
                                                        .fps = 30,
                                                        .frames = FRAMES,
                                                        .quality = 30,
                                                        .title = "",
                                                        .sound = sound},
                                  &err);
    for (int i = 0; v && i < FRAMES; i++) {
        dio_canvas c;
        assert_true(dio_video_canvas(v, &c, &err));
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < c.plane[p].h; y++)
                memset(c.plane[p].data + (ptrdiff_t)y * c.plane[p].stride, 128,
                       (size_t)c.plane[p].w);
        assert_true(dio_video_put(v, &err));
    }
    if (!v || !dio_video_close(v, &err))
        fail_msg("%s", err.message);
}

/* Signal to noise of channel c when `got` is taken `shift` samples later, dB. */
static double snr(const dio_clip *want, const dio_clip *got, int c, int shift)
{
    double signal = 0, noise = 0;
    for (int64_t i = 2048; i < want->length - 2048; i++) {
        double w = (double)dio_clip_channel(want, c)[i];
        double d = w - (double)dio_clip_channel(got, c)[i + shift];
        signal += w * w;
        noise += d * d;
    }
    return 10 * log10(signal / (noise + 1e-12));
}

static void a_films_sound_is_heard_when_it_was_put_there(void **state)
{
    (void)state;
    char path[128];
    dio_error err = {0};
    dio_clip *sound = chord(RATE);
    write_film(path_of("a.mp4", path), sound);
    dio_clip *back = dio_av_clip(path, &err);
    if (!back)
        fail_msg("%s", err.message);
    assert_int_equal(back->rate, RATE);
    assert_int_equal(back->channels, 2);
    assert_int_equal(back->length, RATE);
    for (int c = 0; c < 2; c++) {
        double here = snr(sound, back, c, 0);
        print_message("channel %d: %.1f dB\n", c, here);
        assert_true(here > 50); /* measured 58.0, 57.6 */
        assert_true(here > snr(sound, back, c, 1) && here > snr(sound, back, c, -1));
    }
    dio_clip_unref(back);
    dio_clip_unref(sound);
    unlink(path);
}

static void a_short_sound_ends_in_silence(void **state)
{
    (void)state;
    char path[128];
    dio_error err = {0};
    dio_clip *sound = chord(RATE / 2);
    write_film(path_of("b.mp4", path), sound);
    dio_clip *back = dio_av_clip(path, &err);
    assert_non_null(back);
    float most = 0;
    for (int64_t i = RATE / 2 + 2048; i < back->length; i++)
        most = fmaxf(most, fabsf(dio_clip_channel(back, 0)[i]));
    assert_true(most < 1e-3f);
    dio_clip_unref(back);
    dio_clip_unref(sound);
    unlink(path);
}

static void other_rates_are_refused(void **state)
{
    (void)state;
    char path[128];
    dio_error err = {0};
    dio_clip *sound = dio_clip_create(44100, 1, 100, &err);
    dio_video_settings s = {.width = WIDTH,
                            .height = HEIGHT,
                            .fps = 30,
                            .frames = FRAMES,
                            .quality = 30,
                            .title = "",
                            .sound = sound};
    assert_null(dio_video_open(path_of("c.mp4", path), &s, &err));
    assert_string_equal(err.message, "a film's sound has 2 channels of 48000 Hz, not 1 of 44100");
    assert_false(dio_file_exists(path));
    dio_clip_unref(sound);
}

static void put_le(unsigned char *at, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

enum { WAV = 44 + 2 * 4 };

/* Four samples of 16 bits, one channel. */
static void make_wav(unsigned char out[WAV])
{
    static const int16_t samples[4] = {0, 16384, -32768, 32767};
    memcpy(out, "RIFF____WAVEfmt ____________________data____", 44);
    put_le(out + 4, WAV - 8, 4);
    put_le(out + 16, 16, 4);
    put_le(out + 20, 1, 2);
    put_le(out + 22, 1, 2);
    put_le(out + 24, 22050, 4);
    put_le(out + 28, 44100, 4);
    put_le(out + 32, 2, 2);
    put_le(out + 34, 16, 2);
    put_le(out + 40, 8, 4);
    for (int i = 0; i < 4; i++)
        put_le(out + 44 + 2 * i, (uint16_t)samples[i], 2);
}

static void integers_become_shares_of_full_scale(void **state)
{
    (void)state;
    char path[128];
    unsigned char bytes[WAV];
    dio_error err = {0};
    make_wav(bytes);
    assert_true(dio_file_write(path_of("d.wav", path), bytes, sizeof bytes, &err));
    dio_clip *clip = dio_av_clip(path, &err);
    if (!clip)
        fail_msg("%s", err.message);
    static const float want[4] = {0, 0.5f, -1, 32767.0f / 32768};
    assert_int_equal(clip->rate, 22050);
    assert_int_equal(clip->length, 4);
    assert_memory_equal(dio_clip_channel(clip, 0), want, sizeof want);
    dio_clip_unref(clip);
    unlink(path);
}

static void refused(const char *name, const void *bytes, size_t n, const char *message)
{
    char path[128], want[256];
    dio_error err = {0};
    assert_true(dio_file_write(path_of(name, path), bytes, n, &err));
    dio_clip *clip = dio_av_clip(path, &err);
    assert_null(clip);
    snprintf(want, sizeof want, "%s: %s", path, message);
    assert_string_equal(err.message, want);
    unlink(path);
}

static void what_is_no_sound_is_refused(void **state)
{
    (void)state;
    unsigned char bytes[WAV + 10] = {0};
    make_wav(bytes);
    put_le(bytes + 22, 9, 2); /* channels: one sample of each */
    put_le(bytes + 32, 18, 2);
    put_le(bytes + 40, 18, 4);
    refused("e.wav", bytes, sizeof bytes, "a clip of 9 channels: there are 1 to 8");
    make_wav(bytes);
    refused("f.wav", bytes, 20,
            "not sound that can be read: Invalid data found when processing "
            "input");
    refused("g.wav", "words, no sound", 15,
            "not sound that can be read: Invalid data found when processing input");
    refused("h.srt",
            "1\n00:00:00,000 --> 00:00:01,000\nwords\n\n2\n00:00:02,000 --> 00:00:03,000\nw\n", 70,
            "SubRip subtitle, where sound is needed");
}

static void steps_get_the_rate_and_channels_they_need(void **state)
{
    (void)state;
    char path[128];
    unsigned char bytes[WAV];
    dio_error err = {0};
    make_wav(bytes);
    assert_true(dio_file_write(path_of("i.wav", path), bytes, sizeof bytes, &err));
    dio_clip *clip = dio_sound_open(path, 44100, 2, &err);
    if (!clip)
        fail_msg("%s", err.message);
    assert_int_equal(clip->rate, 44100);
    assert_int_equal(clip->channels, 2);
    assert_int_equal(clip->length, 8);
    assert_memory_equal(dio_clip_channel(clip, 0), dio_clip_channel(clip, 1), 8 * sizeof(float));
    dio_clip_unref(clip);
    unlink(path);
    dio_clip *sound = chord(RATE);
    write_film(path_of("j.mp4", path), sound);
    clip = dio_sound_open(path, RATE / 2, 1, &err);
    assert_non_null(clip);
    assert_int_equal(clip->rate, RATE / 2);
    assert_int_equal(clip->channels, 1);
    assert_int_equal(clip->length, RATE / 2);
    dio_clip_unref(clip);
    dio_clip_unref(sound);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_films_sound_is_heard_when_it_was_put_there),
        cmocka_unit_test(a_short_sound_ends_in_silence),
        cmocka_unit_test(other_rates_are_refused),
        cmocka_unit_test(integers_become_shares_of_full_scale),
        cmocka_unit_test(what_is_no_sound_is_refused),
        cmocka_unit_test(steps_get_the_rate_and_channels_they_need),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
