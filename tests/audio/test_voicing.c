/* test_voicing.c: low cut, de-esser, leveller, fades, trimming. */
#include <math.h>
#include <string.h>

#include "audio/clip_edit.h"
#include "audio/dynamics.h"
#include "signals.h"
#include "tests/worst.h"

/* What a tone of `hertz` keeps, in dB. */
static double kept_of(double hertz, double cut)
{
    dio_error err = {0};
    dio_clip *clip = signal_tone(48000, 1, 2, hertz, -6);
    assert_true(dio_clip_low_cut(&clip, cut, &err));
    double db = signal_db(signal_rms(clip, 0, 48000, 96000)) + 6 + 3.0103;
    dio_clip_unref(clip);
    return db;
}

/* Butterworth's: |H|^2 = r^4 / (1 + r^4), where r is the ratio of the warped frequencies. */
static void low_cut_is_butterworths(void **state)
{
    (void)state;
    static const double hertz[] = {10, 35, 70, 140, 1000, 10000};
    double most = 0;
    for (int i = 0; i < 6; i++) {
        double r = tan(M_PI * hertz[i] / 48000) / tan(M_PI * 70 / 48000), r4 = r * r * r * r;
        most = worse(most, fabs(kept_of(hertz[i], 70) - 10 * log10(r4 / (1 + r4))));
    }
    print_message("low cut off by %.1e dB\n", most);
    assert_true(most < 1e-6); /* measured: 9e-8 */
}

static void a_constant_goes_without_a_thump(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_silence(24000, 2, 1);
    for (int64_t i = 0; i < clip->length; i++)
        dio_clip_channel(clip, 1)[i] = 0.3f;
    assert_true(dio_clip_low_cut(&clip, 70, &err));
    assert_true(signal_peak(clip) < 1e-6);
    assert_false(dio_clip_low_cut(&clip, 9000, &err));
    assert_string_equal(err.message,
                        "a low cut at 9000 Hz: at 24000 samples a second there are up to 6000");
    dio_clip_unref(clip);
}

/* A voiced tone that is left alone, then a hiss above it that is turned down by no more than 6 dB.
 */
static void harsh_sounds_are_turned_down(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_tone(48000, 1, 3, 300, -12),
             *hiss = signal_tone(48000, 1, 3, 9000, -12);
    float *x = dio_clip_channel(clip, 0);
    for (int64_t i = 48000; i < 72000; i++)
        x[i] = dio_clip_channel(hiss, 0)[i];
    dio_clip *was = dio_clip_ref(clip);
    assert_true(dio_clip_deess(&clip, NULL, &err));
    double tone = signal_db(signal_rms(clip, 0, 96000, 140000) / signal_rms(was, 0, 96000, 140000));
    double hissed = signal_db(signal_rms(clip, 0, 52000, 70000) / signal_rms(was, 0, 52000, 70000));
    print_message("tone %.3f dB, hiss %.2f dB\n", tone, hissed);
    assert_true(fabs(tone) < 0.01);
    assert_true(hissed < -2.2 && hissed > -6); /* measured: -2.7 */
    for (int64_t i = 0; i < 40000; i++)
        assert_true(dio_clip_channel(clip, 0)[i] == dio_clip_channel(was, 0)[i]);
    dio_clip_unref(clip);
    dio_clip_unref(was);
    /* Whatever its scale: the same is done to a quiet take. */
    clip = signal_speech(48000, 1, 2);
    was = signal_speech(48000, 1, 2);
    for (int64_t i = 0; i < was->length; i++)
        dio_clip_channel(was, 0)[i] *= 0.015625f;
    assert_true(dio_clip_deess(&clip, NULL, &err) && dio_clip_deess(&was, NULL, &err));
    double most = 0;
    for (int64_t i = 0; i < was->length; i++)
        most = worse(most, fabs((double)dio_clip_channel(was, 0)[i] * 64 -
                                (double)dio_clip_channel(clip, 0)[i]));
    assert_true(most < 1e-5);
    dio_clip_unref(clip);
    dio_clip_unref(was);
    dio_clip_unref(hiss);
}

/* Words of -30 and -14 dB come nearer to each other; the pause between them is not turned up. */
static void words_come_nearer(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_tone(48000, 1, 6, 300, -14), *was;
    float *x = dio_clip_channel(clip, 0);
    for (int64_t i = 0; i < clip->length; i++)
        x[i] *= i < 96000 ? 1 : i < 192000 ? 0.001f : 0.16f;
    was = dio_clip_ref(clip);
    assert_true(dio_clip_level(&clip, NULL, &err));
    double before =
        signal_db(signal_rms(was, 0, 10000, 80000) / signal_rms(was, 0, 210000, 280000));
    double after =
        signal_db(signal_rms(clip, 0, 10000, 80000) / signal_rms(clip, 0, 210000, 280000));
    double pause =
        signal_db(signal_rms(clip, 0, 120000, 168000) / signal_rms(was, 0, 120000, 168000));
    print_message("%.1f dB apart were %.1f; the pause %.1f\n", after, before, pause);
    assert_true(before > 15 && after < 11 && after > 5); /* measured: 15.9 to 8.2 */
    assert_true(pause < 3.5);
    dio_clip_unref(was);
    dio_clip_unref(clip);
    clip = signal_silence(48000, 1, 0.02);
    assert_true(dio_clip_level(&clip, NULL, &err) && dio_clip_deess(&clip, NULL, &err));
    assert_true(signal_peak(clip) == 0);
    dio_clip_unref(clip);
}

static void fades_are_cosines(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_silence(1000, 1, 1);
    float *x = dio_clip_channel(clip, 0);
    for (int i = 0; i < 1000; i++)
        x[i] = 1;
    assert_true(dio_clip_fade(&clip, 0.1, 0.2, &err));
    assert_true(x[0] == 0 && x[999] == 0 && x[500] == 1 && x[100] == 1);
    assert_true(fabs((double)x[50] - 0.5) < 1e-6 && fabs((double)x[899] - 0.5) < 1e-6);
    assert_true(dio_clip_fade(&clip, 9, 9, &err));
    assert_false(dio_clip_fade(&clip, -1, 0, &err));
    assert_string_equal(err.message, "fades of -1 and 0 seconds: none is below 0");
    dio_clip_unref(clip);
}

static void silence_is_cut_away(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_silence(16000, 2, 3);
    for (int64_t i = 16000; i < 24000; i++)
        dio_clip_channel(clip, 1)[i] = (float)(0.2 * sin((double)i));
    for (int64_t i = 0; i < clip->length; i++)
        dio_clip_channel(clip, 0)[i] = 1e-4f; /* 63 dB down */
    int64_t begin;
    dio_clip *tight = dio_clip_trim(clip, 50, 0, &begin, &err);
    assert_int_equal(begin, 16000);
    assert_int_equal(tight->length, 8000);
    dio_clip *loose = dio_clip_trim(clip, 50, 0.25, &begin, &err);
    assert_int_equal(begin, 12000);
    assert_int_equal(loose->length, 16000);
    dio_clip *all = dio_clip_trim(clip, 80, 0, NULL, &err), *none, *silence;
    assert_int_equal(all->length, 48000);
    silence = signal_silence(16000, 1, 1);
    none = dio_clip_trim(silence, 50, 1, &begin, &err);
    assert_int_equal(none->length, 0);
    assert_null(dio_clip_trim(clip, 0, 0, NULL, &err));
    assert_string_equal(err.message,
                        "trimming at 0 dB, keeping 0 seconds: above 0, and not below 0");
    dio_clip_unref(clip);
    dio_clip_unref(tight);
    dio_clip_unref(loose);
    dio_clip_unref(all);
    dio_clip_unref(none);
    dio_clip_unref(silence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(low_cut_is_butterworths),
        cmocka_unit_test(a_constant_goes_without_a_thump),
        cmocka_unit_test(harsh_sounds_are_turned_down),
        cmocka_unit_test(words_come_nearer),
        cmocka_unit_test(fades_are_cosines),
        cmocka_unit_test(silence_is_cut_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
