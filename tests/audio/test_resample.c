/* test_resample.c: other rates, against sines in closed form, libsoxr, and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"
#include "base/gang.h"
#include "base/rng.h"
#include "tests/worst.h"

struct golden {
    int from, to, begin;
    const double *value;
};
#include "resample_golden.h"

static dio_clip *create(int rate, int channels, int64_t length)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(rate, channels, length, &err);
    if (!clip)
        fail_msg("%s", err.message);
    return clip;
}

static dio_clip *resample(dio_clip *clip, int rate)
{
    dio_error err = {0};
    dio_clip *out = dio_clip_resample(clip, rate, &err);
    if (!out)
        fail_msg("%s", err.message);
    assert_int_equal(out->rate, rate);
    assert_int_equal(out->length, dio_resample_length(clip->rate, rate, clip->length));
    return out;
}

static dio_clip *tone(int rate, int64_t length, double hertz)
{
    dio_clip *clip = create(rate, 1, length);
    for (int64_t i = 0; i < length; i++)
        dio_clip_channel(clip, 0)[i] = (float)sin(2 * M_PI * hertz / rate * (double)i);
    return clip;
}

static double decibels(double amplitude)
{
    return 20 * log10(amplitude + 1e-30);
}

static const struct {
    int from, to;
} ratios[] = {
    {24000, 48000}, {48000, 24000}, {32000, 24000}, {44100, 48000},   {48000, 44100},
    {22050, 48000}, {48000, 16000}, {16000, 22050}, {1000, 384000},   {96000, 1001},
    {48000, 47999}, {11025, 8000},  {8000, 192000}, {192000, 176400},
};
enum { RATIOS = sizeof ratios / sizeof *ratios };

/* Far from the ends a sine comes out as that sine at the new times: what is missing is ripple, what
 * is too much are images and noise. */
static void tones_pass_whole(void **state)
{
    (void)state;
    static const double places[] = {0, 0.013, 0.31, 0.77, 0.9, 0.92}; /* of the half rate */
    double worst = 0;
    for (int k = 0; k < RATIOS; k++) {
        int from = ratios[k].from, to = ratios[k].to, slower = from < to ? from : to;
        int64_t edge = 100 * (int64_t)from / slower, length = 2 * edge + 1200;
        double most = 0;
        for (int p = 0; p < 6; p++) {
            double hertz = places[p] * slower / 2;
            dio_clip *in = create(from, 1, length);
            for (int64_t i = 0; i < length; i++)
                dio_clip_channel(in, 0)[i] = (float)cos(2 * M_PI * hertz / from * (double)i + 0.3);
            dio_clip *out = resample(in, to);
            for (int64_t i = edge * to / from + 1; i < (length - edge) * to / from; i++)
                most = worse(most, fabs((double)dio_clip_channel(out, 0)[i] -
                                        cos(2 * M_PI * hertz / to * (double)i + 0.3)));
            dio_clip_unref(in);
            dio_clip_unref(out);
        }
        print_message("%d to %d: %.1f dB\n", from, to, decibels(most));
        worst = worse(worst, most);
    }
    assert_true(decibels(worst) < -106); /* measured: -120.4 */
}

/* What lies above the new half rate is gone, and does not fold back. */
static void nothing_folds_back(void **state)
{
    (void)state;
    static const double places[] = {1, 1.001, 1.05, 1.3, 1.9, 2}; /* of the new half rate */
    double worst = 0;
    for (int k = 0; k < RATIOS; k++) {
        int from = ratios[k].from, to = ratios[k].to;
        int64_t edge = 100 * (int64_t)from / to, length = 2 * edge + 1200;
        for (int p = 0; p < 6 && from > to; p++) {
            double hertz = places[p] * to / 2;
            if (hertz >= from / 2.0)
                continue;
            dio_clip *in = tone(from, length, hertz), *out = resample(in, to);
            double most = 0;
            for (int64_t i = edge * to / from + 1; i < (length - edge) * to / from; i++)
                most = worse(most, fabs((double)dio_clip_channel(out, 0)[i]));
            worst = worse(worst, most);
            dio_clip_unref(in);
            dio_clip_unref(out);
        }
    }
    print_message("stop band: %.1f dB\n", decibels(worst));
    assert_true(decibels(worst) < -106); /* measured: -117.9 */
}

/* An impulse comes out the same to both sides of where it was. */
static void phase_is_linear(void **state)
{
    (void)state;
    dio_clip *in = create(24000, 1, 801);
    dio_clip_channel(in, 0)[400] = 1;
    dio_clip *out = resample(in, 72000);
    const float *y = dio_clip_channel(out, 0);
    double most = 0;
    for (int i = 1; i < 1200; i++)
        most = worse(most, fabs((double)y[1200 - i] - (double)y[1200 + i]));
    assert_true(most < 1e-7); /* measured: 3e-8 */
    assert_true(fabs((double)y[1200] - 0.96) < 1e-4);
    dio_clip_unref(in);
    dio_clip_unref(out);
}

/* The formula of tools/golden/resample.py. */
static void sounds_are_soxrs(void **state)
{
    (void)state;
    enum { LENGTH = 1600 };
    for (size_t k = 0; k < sizeof goldens / sizeof *goldens; k++) {
        const struct golden *g = &goldens[k];
        dio_clip *in = create(g->from, 1, LENGTH);
        for (int n = 0; n < LENGTH; n++) {
            double i = n - LENGTH / 2, sum = 0;
            static const double hertz[] = {440, 2950, 7800};
            for (int t = 0; t < 3; t++)
                sum += sin(2 * M_PI * hertz[t] / g->from * i + hertz[t]);
            dio_clip_channel(in, 0)[n] = (float)(exp(-(i / 160) * (i / 160)) * sum / 3);
        }
        dio_clip *out = resample(in, g->to);
        double most = 0;
        for (int i = 0; i < 80; i++)
            most = worse(most, fabs((double)dio_clip_channel(out, 0)[g->begin + i] - g->value[i]));
        print_message("%d to %d: off by %.1e\n", g->from, g->to, most);
        assert_true(most < 7e-6); /* measured: 1.6e-6, where soxr passes less; else 2e-7 */
        dio_clip_unref(in);
        dio_clip_unref(out);
    }
}

static dio_clip *noise(int rate, int channels, int64_t length)
{
    dio_clip *clip = create(rate, channels, length);
    for (int c = 0; c < channels; c++)
        for (int64_t i = 0; i < length; i++)
            dio_clip_channel(clip, c)[i] = 2 * dio_uniform(9, (uint64_t)c, (uint64_t)i) - 1;
    return clip;
}

static void pieces_change_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 333, 4096, 9001};
    for (int k = 0; k < RATIOS; k++) {
        int from = ratios[k].from, to = ratios[k].to;
        int64_t length = from > 90000 ? 9600 : 5000;
        dio_error err = {0};
        dio_clip *in = noise(from, 1, length), *whole = resample(in, to);
        dio_resampler *r = dio_resampler_create(from, to, &err);
        assert_non_null(r);
        float *out = malloc((size_t)(whole->length + 1) * sizeof(float));
        for (size_t s = to > 100000 ? 2 : 0; s < sizeof sizes / sizeof *sizes; s++) {
            size_t made = 0;
            for (int64_t at = 0; at < length;) {
                size_t n = sizes[s];
                bool last = (int64_t)n >= length - at;
                n = last ? (size_t)(length - at) : n;
                float *some = malloc(dio_resampler_room(r, n) * sizeof(float)); /* seen by ASan */
                size_t got = dio_resampler_put(r, dio_clip_channel(in, 0) + at, n, last, some);
                assert_true(got <= dio_resampler_room(r, n));
                assert_true(made + got <= (size_t)whole->length);
                memcpy(out + made, some, got * sizeof(float));
                free(some);
                made += got;
                at += (int64_t)n;
            }
            assert_int_equal(made, whole->length);
            assert_memory_equal(out, dio_clip_channel(whole, 0), made * sizeof(float));
        }
        free(out);
        dio_resampler_destroy(r);
        dio_clip_unref(in);
        dio_clip_unref(whole);
    }
}

static void an_end_may_come_alone(void **state)
{
    (void)state;
    dio_error err = {0};
    float in[50] = {1, 2, 3}, out[400];
    dio_resampler *r = dio_resampler_create(16000, 48000, &err);
    size_t a = dio_resampler_put(r, in, 50, false, out);
    assert_int_equal(a, 0); /* all stand on what follows */
    assert_int_equal(dio_resampler_put(r, NULL, 0, true, out), 150);
    assert_int_equal(dio_resampler_put(r, NULL, 0, true, out), 0);
    dio_resampler_destroy(r);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    int threads = dio_gang_size();
    dio_clip *in = noise(44100, 2, 50000), *out[2];
    for (int t = 0; t < 2; t++) {
        dio_gang_resize(t + 1);
        out[t] = resample(in, 48000);
    }
    dio_gang_resize(threads);
    assert_memory_equal(dio_clip_channel(out[0], 0), dio_clip_channel(out[1], 0),
                        2 * (size_t)out[0]->length * sizeof(float));
    for (int t = 0; t < 2; t++)
        dio_clip_unref(out[t]);
    dio_clip_unref(in);
}

static void lengths_and_limits(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_clip *in = create(24000, 1, 1), *none = create(24000, 1, 0);
    dio_clip *same = dio_clip_resample(in, 24000, &err);
    assert_ptr_equal(in, same);
    assert_int_equal(dio_resample_length(48000, 44100, 48001), 44101);
    dio_clip *empty = resample(none, 48000), *two = resample(in, 48000);
    assert_int_equal(empty->length, 0);
    assert_int_equal(two->length, 2);
    assert_null(dio_clip_resample(in, 400, &err));
    assert_string_equal(err.message, "a clip of 400 samples a second: there are 1000 to 384000");
    assert_null(dio_resampler_create(48000, 400000, &err));
    dio_clip_unref(in);
    dio_clip_unref(same);
    dio_clip_unref(none);
    dio_clip_unref(empty);
    dio_clip_unref(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tones_pass_whole),       cmocka_unit_test(nothing_folds_back),
        cmocka_unit_test(phase_is_linear),        cmocka_unit_test(sounds_are_soxrs),
        cmocka_unit_test(pieces_change_nothing),  cmocka_unit_test(an_end_may_come_alone),
        cmocka_unit_test(threads_change_nothing), cmocka_unit_test(lengths_and_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
