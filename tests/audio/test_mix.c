/* test_mix.c: parts on a bus, loops, ducking. */
#include <math.h>
#include <string.h>

#include "audio/mix.h"
#include "signals.h"
#include "tests/worst.h"

static dio_clip *mix(const dio_mix_part *parts, int count, dio_mix_form form)
{
    dio_error err = {0};
    dio_clip *out = dio_mix(parts, count, &form, &err);
    if (!out)
        fail_msg("%s", err.message);
    assert_int_equal(out->rate, form.rate);
    assert_int_equal(out->channels, form.channels);
    return out;
}

static void parts_are_added_where_they_start(void **state)
{
    (void)state;
    dio_clip *a = signal_tone(48000, 1, 1, 440, -12), *b = signal_tone(48000, 2, 0.5, 700, -12);
    dio_mix_part parts[] = {{.clip = a, .start = 0.25, .gain = 6.0206, .pan = -1},
                            {.clip = b, .start = -0.125, .pan = 0.5}};
    dio_clip *out = mix(parts, 2, (dio_mix_form){48000, 2, 0});
    assert_int_equal(out->length, 60000);
    double most = 0;
    for (int64_t i = 0; i < out->length; i++) {
        double one = i >= 12000 ? 2 * (double)dio_clip_channel(a, 0)[i - 12000] : 0;
        double two = i < 18000 ? (double)dio_clip_channel(b, 0)[i + 6000] : 0;
        most = worse(most, fabs((double)dio_clip_channel(out, 0)[i] - one - two / 2));
        most = worse(most, fabs((double)dio_clip_channel(out, 1)[i] - two));
    }
    assert_true(most < 1e-6);
    dio_clip *again = mix(parts, 2, (dio_mix_form){48000, 2, 0});
    assert_memory_equal(dio_clip_channel(again, 0), dio_clip_channel(out, 0),
                        2 * (size_t)out->length * sizeof(float));
    dio_clip_unref(again);
    dio_clip_unref(out);
    /* In the middle: 3 dB down in each. To one channel: the mean of two. */
    out = mix(&(dio_mix_part){.clip = a}, 1, (dio_mix_form){48000, 2, 2});
    assert_int_equal(out->length, 96000);
    assert_true(
        fabs(signal_db(signal_rms(out, 1, 0, 48000) / signal_rms(a, 0, 0, 48000)) + 3.0103) < 1e-3);
    assert_true(signal_rms(out, 0, 48000, 96000) == 0);
    dio_clip_unref(out);
    out = mix(&(dio_mix_part){.clip = b}, 1, (dio_mix_form){48000, 1, 0});
    assert_true(fabs(signal_rms(out, 0, 0, 24000) - signal_rms(b, 0, 0, 24000)) < 1e-7);
    dio_clip_unref(out);
    dio_clip_unref(a);
    dio_clip_unref(b);
}

static void other_rates_are_resampled(void **state)
{
    (void)state;
    dio_clip *a = signal_tone(24000, 1, 1, 1000, -6), *b = signal_tone(48000, 1, 1, 1000, -6);
    dio_clip *out = mix(&(dio_mix_part){.clip = a, .start = 1}, 1, (dio_mix_form){48000, 1, 0});
    assert_int_equal(out->length, 96000);
    for (int64_t i = 1000; i < 47000; i++)
        assert_true(fabs((double)dio_clip_channel(out, 0)[48000 + i] -
                         (double)dio_clip_channel(b, 0)[i]) < 1e-5);
    dio_clip_unref(a);
    dio_clip_unref(b);
    dio_clip_unref(out);
}

/* Joins of a loop keep its power (the tone's phases there are as they come) and do not click. */
static void loops_fill_the_mix(void **state)
{
    (void)state;
    dio_clip *a = signal_tone(48000, 2, 2, 333.3, -12);
    dio_mix_part part = {.clip = a, .start = 0.5, .loop = true, .fade_out = 1};
    dio_clip *out = mix(&part, 1, (dio_mix_form){48000, 2, 7});
    assert_int_equal(out->length, 7 * 48000);
    const float *x = dio_clip_channel(out, 0);
    double jump = 0;
    for (int64_t i = 24001; i < out->length; i++)
        jump = worse(jump, fabs((double)x[i] - (double)x[i - 1]));
    assert_true(jump <
                2.05 * M_PI * 333.3 / 48000 * 0.2512 * 1.42); /* as the tone's own, and its sum */
    assert_true(signal_rms(out, 0, 0, 24000) == 0);
    assert_true(signal_rms(out, 0, 5 * 48000, 6 * 48000) > 0.1);
    assert_true(x[out->length - 1] == 0);
    dio_clip_unref(a);
    dio_clip_unref(out);
}

static void refuse(dio_mix_part part, dio_mix_form form, const char *why)
{
    dio_error err = {0};
    assert_null(dio_mix(&part, 1, &form, &err));
    assert_string_equal(err.message, why);
}

static void bad_mixes_are_refused(void **state)
{
    (void)state;
    dio_clip *one = signal_tone(8000, 1, 0.1, 100, -6), *many = signal_tone(8000, 3, 0.1, 100, -6);
    dio_mix_form form = {8000, 2, 0};
    refuse((dio_mix_part){.clip = many}, form, "part 1 of a mix has 3 channels: 1 and 2 are mixed");
    refuse((dio_mix_part){.clip = one, .start = 1e9}, form,
           "part 1 of a mix starts at 1e+09 s: within a day");
    refuse((dio_mix_part){.clip = one, .pan = 2}, form,
           "part 1 of a mix has gain 0 dB and pan 2: at most 60, and -1 to 1");
    refuse((dio_mix_part){.clip = one, .pan = NAN}, form,
           "part 1 of a mix has gain 0 dB and pan nan: at most 60, and -1 to 1");
    refuse((dio_mix_part){.clip = one, .loop = true}, form,
           "part 1 of a mix is a loop: then the mix needs a length");
    refuse((dio_mix_part){.clip = one}, (dio_mix_form){8000, 3, 0},
           "a mix of 3 channels and 0 seconds: 1 or 2, and at most a day");
    refuse((dio_mix_part){.clip = one}, (dio_mix_form){10, 1, 0},
           "a clip of 10 samples a second: there are 1000 to 384000");
    dio_clip *none = mix(NULL, 0, form);
    assert_int_equal(none->length, 0);
    dio_clip_unref(none);
    dio_clip_unref(one);
    dio_clip_unref(many);
}

/* ---- ducking ---- */

static double level(const dio_clip *bed, const dio_clip *was, double at)
{
    int64_t i = (int64_t)(at * bed->rate);
    return signal_db(signal_rms(bed, 0, i, i + bed->rate / 50) /
                     signal_rms(was, 0, i, i + bed->rate / 50));
}

/* A voice from 2 to 4 s with a pause of 0.3 s at 3 s, under which the bed must be down all the
 * while. */
static void a_bed_steps_back(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *bed = signal_tone(48000, 2, 8, 220, -12), *was = dio_clip_ref(bed);
    dio_clip *key = signal_tone(48000, 1, 2, 500, -20);
    for (int64_t i = 48000; i < 48000 + 14400; i++)
        dio_clip_channel(key, 0)[i] = 0;
    assert_true(dio_clip_duck(&bed, key, 96000, NULL, &err));
    assert_true(level(bed, was, 1.70) == 0);             /* before the way down */
    assert_true(fabs(level(bed, was, 1.855) + 6) < 1.5); /* half way */
    for (double t = 2; t < 3.97; t += 0.05)              /* down before it begins */
        assert_true(fabs(level(bed, was, t) + 12) < 0.1);
    assert_true(fabs(level(bed, was, 4.3) + 6) < 1); /* half way up */
    assert_true(level(bed, was, 4.75) == 0);
    assert_true(signal_rms(was, 0, 96000, 192000) > 0.17); /* others' is untouched */
    dio_clip_unref(bed);
    /* A pause longer than `hold` lets it come up. */
    bed = dio_clip_ref(was);
    assert_true(dio_clip_duck(&bed, key, 96000,
                              &(dio_duck){.depth = 20, .hold = 0.1, .attack = 0.1, .release = 0.1},
                              &err));
    assert_true(fabs(level(bed, was, 2.5) + 20) < 0.1);
    assert_true(fabs(level(bed, was, 3.14)) < 0.5);
    dio_clip_unref(bed);
    dio_clip_unref(was);
    dio_clip_unref(key);
}

static void ducking_has_edges(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *bed = signal_tone(48000, 1, 1, 220, -12), *was = dio_clip_ref(bed);
    dio_clip *key = signal_tone(48000, 1, 3, 500, -20), *silence = signal_silence(48000, 1, 3);
    dio_clip *other = signal_silence(24000, 1, 1);
    assert_true(dio_clip_duck(&bed, silence, 0, NULL, &err));
    assert_memory_equal(dio_clip_channel(bed, 0), dio_clip_channel(was, 0), 48000 * sizeof(float));
    assert_true(dio_clip_duck(&bed, key, -48000, NULL, &err)); /* begins before, ends after */
    assert_true(fabs(level(bed, was, 0) + 12) < 0.1 && fabs(level(bed, was, 0.97) + 12) < 0.1);
    assert_true(dio_clip_duck(&bed, key, INT64_C(1) << 40, NULL, &err));
    assert_false(dio_clip_duck(&bed, other, 0, NULL, &err));
    assert_string_equal(err.message,
                        "ducking a sound of 48000 Hz by one of 24000 Hz: make them one rate first");
    err = (dio_error){0};
    assert_false(dio_clip_duck(&bed, key, 0, &(dio_duck){.depth = 100}, &err));
    assert_string_equal(err.message, "ducking by 100 dB in 0.25 s, back in 0.6 s after 0.4 s: at "
                                     "most 60 dB, 10 s, 10 s and 60 s");
    dio_clip_unref(bed);
    dio_clip_unref(was);
    dio_clip_unref(key);
    dio_clip_unref(silence);
    dio_clip_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_added_where_they_start),
        cmocka_unit_test(other_rates_are_resampled),
        cmocka_unit_test(loops_fill_the_mix),
        cmocka_unit_test(bad_mixes_are_refused),
        cmocka_unit_test(a_bed_steps_back),
        cmocka_unit_test(ducking_has_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
