/* test_master.c: loudness as the standards' test signals have it, limits on nasty signals, masters.
 */
#include <math.h>
#include <string.h>

#include "audio/dynamics.h"
#include "audio/loudness.h"
#include "audio/master.h"
#include "base/gang.h"
#include "signals.h"
#include "tests/worst.h"

static dio_loudness loudness(const dio_clip *clip)
{
    dio_error err = {0};
    dio_loudness l;
    if (!dio_clip_loudness(clip, &l, &err))
        fail_msg("%s", err.message);
    return l;
}

/* ---- measuring ---- */

/* EBU Tech 3341, cases 1 to 3; a channel alone is 3 LU down; the peak of a quarter-rate tone lies
 * between its samples. */
static void meters_read_what_the_standard_says(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *a = signal_tone(48000, 2, 20, 1000, -23), *b = signal_tone(44100, 2, 20, 1000, -33);
    dio_clip *c = signal_tone(48000, 1, 20, 1000, -23), *d = signal_tone(48000, 1, 1, 12000, -6);
    dio_loudness l = loudness(a);
    assert_true(fabs(l.integrated + 23) < 0.1 && fabs(l.short_most + 23) < 0.1);
    assert_true(fabs(l.momentary_most + 23) < 0.1 && l.range < 0.1);
    assert_true(fabs(l.sample_peak + 23) < 0.01 && fabs(l.true_peak + 23) < 0.2);
    assert_true(fabs(loudness(b).integrated + 33) < 0.1);
    assert_true(fabs(loudness(c).integrated + 26.01) < 0.1);
    for (int64_t i = 0; i < d->length; i++) /* 45 degrees off: samples are 3 dB below the peak */
        dio_clip_channel(d, 0)[i] = (float)(0.5 * sin(M_PI / 2 * (double)i + M_PI / 4));
    l = loudness(d);
    assert_true(fabs(l.sample_peak + 9.03) < 0.01 && fabs(l.true_peak + 6.02) < 0.3);
    double lufs;
    assert_true(dio_clip_integrated(a, &lufs, &err));
    assert_true(lufs == loudness(a).integrated);
    dio_clip_unref(a);
    dio_clip_unref(b);
    dio_clip_unref(c);
    dio_clip_unref(d);
}

static void silence_has_no_loudness(void **state)
{
    (void)state;
    dio_error err = {0};
    double lufs;
    dio_clip *none = signal_silence(48000, 2, 0), *quiet = signal_silence(48000, 1, 2);
    dio_clip *bark = signal_tone(24000, 1, 0.2, 1000, -6);
    assert_true(loudness(none).integrated == -HUGE_VAL);
    assert_true(loudness(quiet).true_peak == -HUGE_VAL);
    assert_true(loudness(bark).integrated == -HUGE_VAL); /* too short for a gate of 0.4 s */
    assert_true(dio_clip_integrated(bark, &lufs, &err));
    assert_true(fabs(lufs - (-6 - 3.01 - 3.01)) < 0.2); /* half of 0.4 s, and one channel */
    dio_clip_unref(none);
    dio_clip_unref(quiet);
    dio_clip_unref(bark);
}

/* ---- limiter ---- */

static double peak_by_any(dio_clip *clip)
{
    dio_error err = {0};
    double peak;
    assert_true(dio_clip_true_peak(clip, &peak, &err));
    return fmax(peak, fmax(signal_peak(clip), signal_peak_between(clip)));
}

static void nothing_is_above_the_ceiling(void **state)
{
    (void)state;
    static const double ceilings[] = {-1, -6};
    double worst = -100;
    for (int k = 0; k < signal_nasty_count(); k++) {
        for (int c = k % 2; c < 2; c += 2) {
            dio_error err = {0};
            const char *name;
            double taken;
            dio_clip *clip = signal_nasty(k, &name), *kept = dio_clip_ref(clip);
            assert_true(dio_clip_gain(&clip, 6, &err));
            dio_limiter how = {.ceiling = ceilings[c]};
            if (!dio_clip_limit(&clip, &how, &taken, &err))
                fail_msg("%s", err.message);
            double over = signal_db(peak_by_any(clip)) - ceilings[c];
            print_message("%s to %g: %.4f dB above, %.1f taken\n", name, ceilings[c], over, taken);
            worst = fmax(worst, over);
            assert_true(over > -1.5); /* and the limiter does not take much more than it must */
            assert_true(signal_peak(kept) > 0.4); /* what others hold is untouched */
            dio_clip_unref(kept);
            dio_clip_unref(clip);
        }
    }
    assert_true(worst <= 0);
}

static void what_is_below_is_untouched(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_speech(48000, 2, 2), *was = dio_clip_ref(clip);
    double taken, peak = signal_db(peak_by_any(clip));
    assert_true(dio_clip_limit(&clip, &(dio_limiter){.ceiling = peak + 0.2}, &taken, &err));
    assert_ptr_equal(clip, was);
    assert_true(taken == 0);
    /* One peak, at 1 s: far from it nothing changes. */
    dio_clip_unref(was);
    for (int64_t i = 0; i < 20; i++)
        dio_clip_channel(clip, 0)[48000 + i] *= 16;
    was = dio_clip_ref(clip);
    assert_true(dio_clip_limit(&clip, &(dio_limiter){.ceiling = peak + 0.2}, &taken, &err));
    assert_true(taken > 3);
    assert_memory_equal(dio_clip_channel(clip, 0), dio_clip_channel(was, 0), 47000 * sizeof(float));
    assert_true(fabs((double)dio_clip_channel(clip, 0)[90000] -
                     (double)dio_clip_channel(was, 0)[90000]) < 1e-4);
    dio_clip_unref(was);
    dio_clip_unref(clip);
}

static void bad_limits_are_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_tone(8000, 1, 0.1, 100, 0);
    assert_false(dio_clip_limit(&clip, &(dio_limiter){.ceiling = 1}, NULL, &err));
    assert_string_equal(err.message, "a limiter with a ceiling of 1 dBTP, 0.005 s ahead and a "
                                     "release of 0.08 s: there are -60 to 0 dBTP, 1 s and 10 s");
    err = (dio_error){0};
    assert_false(dio_clip_master(&clip, &(dio_master){.lufs = 0, .true_peak = -1}, NULL, &err));
    assert_string_equal(err.message, "a loudness of 0 LUFS: there are -60 to -5");
    err = (dio_error){0};
    assert_false(dio_clip_master(&clip, &(dio_master){.lufs = -14, .true_peak = 3}, NULL, &err));
    assert_string_equal(err.message, "a true peak of 3 dBTP: there are -20 to 0");
    dio_clip_unref(clip);
}

/* ---- masters ---- */

static void masters_have_their_loudness(void **state)
{
    (void)state;
    double worst = 0, over = -100;
    for (int p = 0; dio_master_preset_at(p); p++) {
        const dio_master_preset *preset = dio_master_preset_at(p);
        for (int k = p % 2; k < 4; k += 2) {
            dio_error err = {0};
            dio_clip *clip = signal_speech(k == 3 ? 24000 : 48000, 1 + k % 2, 3);
            if (k > 1)
                assert_true(dio_clip_gain(&clip, -40, &err));
            dio_master how = {.lufs = preset->lufs,
                              .true_peak = preset->true_peak,
                              .voice = k != p % 2,
                              .fade_in = 0.005,
                              .fade_out = 0.005};
            dio_master_report report;
            if (!dio_clip_master(&clip, &how, &report, &err))
                fail_msg("%s", err.message);
            assert_false(report.short_of_target);
            dio_loudness l = loudness(clip);
            worst = worse(worst, fabs(l.integrated - preset->lufs));
            over = fmax(over, signal_db(peak_by_any(clip)) - preset->true_peak);
            assert_true(fabs(l.integrated - report.after) < 1e-9);
            dio_clip_unref(clip);
        }
    }
    print_message("loudness off by %.4f LU; peaks %.3f dB above the ceiling\n", worst, over);
    assert_true(worst < 0.01); /* measured: 0.0017 */
    assert_true(over <= 0);
}

/* Sounds that are nothing but peaks stop at the ceiling, and say so. */
static void nasty_masters_keep_the_ceiling(void **state)
{
    (void)state;
    for (int k = 0; k < signal_nasty_count(); k++) {
        dio_error err = {0};
        const char *name;
        dio_clip *clip = signal_nasty(k, &name);
        dio_master_report report;
        dio_master how = {.lufs = -14, .true_peak = -1};
        if (!dio_clip_master(&clip, &how, &report, &err))
            fail_msg("%s", err.message);
        double lufs = loudness(clip).integrated, over = signal_db(peak_by_any(clip)) + 1;
        print_message("%s: %.3f LUFS, %.4f dB above the ceiling%s\n", name, lufs, over,
                      report.short_of_target ? ", short of the target" : "");
        assert_true(over <= 0);
        assert_true(report.short_of_target || fabs(lufs + 14) < 0.01);
        dio_clip_unref(clip);
    }
}

static void silence_stays_silence(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *clip = signal_silence(48000, 2, 1), *none = signal_silence(48000, 1, 0);
    dio_master_report report;
    dio_master how = {.lufs = -14, .true_peak = -1, .voice = true};
    assert_true(dio_clip_master(&clip, &how, &report, &err));
    assert_true(report.after == -HUGE_VAL && signal_peak(clip) == 0);
    assert_true(dio_clip_master(&none, &how, &report, &err));
    dio_clip_unref(clip);
    dio_clip_unref(none);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    int threads = dio_gang_size();
    dio_clip *out[2];
    for (int t = 0; t < 2; t++) {
        dio_error err = {0};
        dio_gang_resize(t + 1);
        out[t] = signal_speech(44100, 2, 3);
        dio_master how = {.lufs = -14, .true_peak = -1, .voice = true};
        assert_true(dio_clip_master(&out[t], &how, NULL, &err));
    }
    dio_gang_resize(threads);
    assert_memory_equal(dio_clip_channel(out[0], 0), dio_clip_channel(out[1], 0),
                        2 * (size_t)out[0]->length * sizeof(float));
    dio_clip_unref(out[0]);
    dio_clip_unref(out[1]);
}

static void presets_have_names(void **state)
{
    (void)state;
    assert_true(dio_master_preset_find("social")->lufs == -14);
    assert_true(dio_master_preset_find("atsc-a85")->true_peak == -2);
    assert_null(dio_master_preset_find("loud"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meters_read_what_the_standard_says),
        cmocka_unit_test(silence_has_no_loudness),
        cmocka_unit_test(nothing_is_above_the_ceiling),
        cmocka_unit_test(what_is_below_is_untouched),
        cmocka_unit_test(bad_limits_are_refused),
        cmocka_unit_test(masters_have_their_loudness),
        cmocka_unit_test(nasty_masters_keep_the_ceiling),
        cmocka_unit_test(silence_stays_silence),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(presets_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
