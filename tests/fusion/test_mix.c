/* test_mix.c: audio.mix in a whole run: loudness by libebur128, music that steps back, the same
 * bytes again, and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "audio/loudness.h"
#include "base/file.h"
#include "step_case.h"

static const char form[] = "version: 1\nname: mix\ndefaults: {seed: 5}\nsteps:\n"
                           "  - id: mix\n    uses: audio.mix@1\n    with: {%s}\n"
                           "outputs:\n"
                           "  a: {from: \"${{ steps.mix.outputs.audio }}\", path: a.wav}\n";

static char dir[64] = "/tmp/diorama-mix-XXXXXX";

/* Bursts of a vowel-like buzz from second 1 to 2, or a steady chord. */
static bool make(const char *name, bool voice, dio_error *err)
{
    char path[128];
    enum { RATE = 24000, SECONDS = 3 };
    dio_clip *clip = dio_clip_create(RATE, 1, RATE * SECONDS, err);
    for (int64_t i = 0; clip && i < clip->length; i++) {
        double t = (double)i / RATE, x = 0;
        for (int k = 1; voice && k < 12; k++)
            x += sin(2 * M_PI * 120 * k * t) / k;
        for (int k = 0; !voice && k < 3; k++)
            x += sin(2 * M_PI * 220 * (1 + 0.25 * k) * t);
        dio_clip_channel(clip, 0)[i] = (float)(voice && (t < 1 || t >= 2) ? 0 : 0.1 * x);
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    bool ok = clip && dio_clip_write(clip, path, NULL, err);
    dio_clip_unref(clip);
    return ok;
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    return mkdtemp(dir) && make("voice.wav", true, &err) && make("music.flac", false, &err) ? 0
                                                                                            : -1;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

/* False with the first problem, before the run or in it. */
static bool run(dio_arena *a, const char *with, const char *out, dio_error *err)
{
    return step_run(a, dir, dio_arena_printf(a, form, with), out, err);
}

static dio_clip *mixed(dio_arena *a, const char *with, const char *out)
{
    dio_error err = {0};
    if (!run(a, with, out, &err))
        fail_msg("%s", err.message);
    dio_clip *clip = dio_clip_read(dio_path_join(a, dio_path_join(a, dir, out), "a.wav"), &err);
    if (!clip)
        fail_msg("%s", err.message);
    return clip;
}

static void a_mix_has_the_loudness_of_its_preset(void **state)
{
    static const struct {
        const char *preset;
        double lufs, peak;
    } cases[] = {{"social", -14, -1}, {"ebu-r128", -23, -1}, {"atsc-a85", -24, -2}};
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    for (int i = 0; i < 3; i++) {
        dio_loudness l;
        dio_clip *clip = mixed(
            a,
            dio_arena_printf(a,
                             "loudness: %s, tracks: [{sound: voice.wav, role: voice, start: 0.5}, "
                             "{sound: music.flac, role: music, gain: -10, fade_out: 0.5}]",
                             cases[i].preset),
            cases[i].preset);
        assert_int_equal(clip->rate, 48000);
        assert_int_equal(clip->channels, 2);
        assert_int_equal(clip->length, 3.5 * 48000);
        assert_true(dio_clip_loudness(clip, &l, &err));
        assert_true(fabs(l.integrated - cases[i].lufs) < 0.02); /* 16 bits; measured 0.005 */
        assert_true(l.true_peak <= cases[i].peak + 0.01);
        dio_clip_unref(clip);
    }
    dio_arena_destroy(a);
}

static double level(const dio_clip *c, double from, double to)
{
    double sum = 0;
    int64_t a = llrint(from * c->rate), b = llrint(to * c->rate);
    for (int64_t i = a; i < b; i++)
        sum += (double)dio_clip_channel(c, 0)[i] * (double)dio_clip_channel(c, 0)[i];
    return 10 * log10(sum / (double)(b - a) + 1e-12);
}

/* The voice is turned down to nothing in the mix, but music still hears it. */
static void music_steps_back_under_a_voice(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_clip *clip = mixed(a,
                           "loudness: none, duck: 10, tracks: [{sound: voice.wav, role: voice, "
                           "gain: -60}, {sound: music.flac, role: music}]",
                           "duck");
    double before = level(clip, 0.2, 0.5), under = level(clip, 1.3, 1.7);
    assert_true(fabs(before - under - 10) < 0.5); /* measured 0.0 */
    dio_clip_unref(clip);
    dio_arena_destroy(a);
}

static void the_same_mix_has_the_same_bytes(void **state)
{
    static const char with[] = "seconds: 5, tracks: [{sound: voice.wav, role: voice}, {sound: "
                               "music.flac, role: music, loop: true, gain: -6, pan: 0.3}]";
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    char one[DIO_HASH_TEXT], two[DIO_HASH_TEXT];
    dio_clip *clip = mixed(a, with, "one");
    assert_int_equal(clip->length, 5 * 48000);
    dio_clip_unref(clip);
    dio_clip_unref(mixed(a, with, "two"));
    assert_true(dio_hash_file(dio_path_join(a, dir, "one/a.wav"), one, &err));
    assert_true(dio_hash_file(dio_path_join(a, dir, "two/a.wav"), two, &err));
    assert_string_equal(one, two);
    dio_arena_destroy(a);
}

static void mistakes_are_said_before_anything_runs(void **state)
{
    static const struct {
        const char *with, *message;
    } cases[] = {
        {"tracks: []", "tracks: expected a list of {sound: ...}"},
        {"tracks: [{sound: voice.wav, rolle: voice}]", "did you mean \"role\""},
        {"tracks: [{role: voice}]", "sound"},
        {"tracks: [{sound: voice.wav, role: singer}]", "role"},
        {"tracks: [{sound: voice.wav, gain: 90}]", "gain"},
        {"tracks: [7]", "tracks: expected {sound: ...}, found an integer"},
        {"tracks: [{sound: voice.wav}], loudness: sozial",
         "loudness: there is no \"sozial\"; did you mean \"social\"?"},
        {"tracks: [{sound: voice.wav}], bits: 20", "bits: 16 or 24, not 20"},
        {"tracks: [{sound: none.wav}]", "none.wav"},
        {"tracks: [{sound: music.flac, loop: true}]",
         "nothing ends: every track loops, and `seconds` is 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].with, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s", err.message);
        assert_false(dio_file_exists(dio_path_join(a, dir, "bad/a.wav")));
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mix_has_the_loudness_of_its_preset),
        cmocka_unit_test(music_steps_back_under_a_voice),
        cmocka_unit_test(the_same_mix_has_the_same_bytes),
        cmocka_unit_test(mistakes_are_said_before_anything_runs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
