/* test_composed.c: builders that are made of other operators, which the op sweep cannot see: what
 * they refuse, and with which sentence; and that a signal survives its spectrum. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "tensor/plan.h"
#include "tests/worst.h"

static dio_val value(dio_graph *g, const char *name, int nd, const int64_t *dim)
{
    return dio_input(g, name, dio_type_make(DIO_F32, nd, dim));
}

/* The graph's first message must be `sentence`. */
static void refuses(dio_graph *g, const char *sentence)
{
    dio_error err = {0};
    assert_false(dio_graph_ready(g, &err));
    assert_string_equal(err.message, sentence);
    dio_graph_destroy(g);
}

static void stft_refuses(dio_stft_attrs a, int64_t samples, const char *sentence)
{
    dio_graph *g = dio_graph_create();
    dio_val x = value(g, "x", 2, (int64_t[]){1, samples});
    dio_stft(g, x, value(g, "w", 1, (int64_t[]){16}), a);
    refuses(g, sentence);
}

static void istft_refuses(dio_stft_attrs a, int64_t bins, const char *sentence)
{
    dio_graph *g = dio_graph_create();
    dio_val x = value(g, "x", 4, (int64_t[]){1, bins, 5, 2});
    dio_istft(g, x, value(g, "w", 1, (int64_t[]){16}), 0, a);
    refuses(g, sentence);
}

static void test_spectra_refuse(void **state)
{
    (void)state;
    stft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 4, .win = 12}, 100,
                 "stft: the window must be f32[12], as win says");
    stft_refuses((dio_stft_attrs){.n_fft = 1 << 20, .hop = 4, .win = 16}, 100,
                 "stft: n_fft 1048576 is outside 2..4096");
    stft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 0, .win = 16}, 100,
                 "stft: hop 0 is outside 1..1048576");
    stft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 4, .win = 16}, 15,
                 "stft: 15 samples are fewer than n_fft, 16");
    stft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 4, .win = 16, .center = true}, 8,
                 "pad: reflect padding of 8 along axis 1, of 8 elements, can be at most 7");
    istft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 17, .win = 16}, 9,
                  "istft: hop 17 is outside 1..16");
    istft_refuses((dio_stft_attrs){.n_fft = 16, .hop = 4, .win = 16}, 8,
                  "istft: the spectrum must be [B,9,T,2]");
}

static void test_pictures_refuse(void **state)
{
    (void)state;
    dio_graph *g = dio_graph_create();
    dio_pixel_shuffle(g, value(g, "x", 4, (int64_t[]){1, 6, 2, 2}), 2);
    refuses(g, "pixel_shuffle: 6 channels do not split by 4");
    g = dio_graph_create();
    dio_pixel_unshuffle(g, value(g, "x", 4, (int64_t[]){1, 6, 2, 3}), 2);
    refuses(g, "pixel_unshuffle: 2 x 3 pixels do not split by 2");
    g = dio_graph_create();
    dio_pixel_shuffle(g, value(g, "x", 3, (int64_t[]){1, 6, 2}), 2);
    refuses(g, "pixel_shuffle: takes [B,C,H,W] and a factor of 1..4096, not f32[1,6,2] and 2");
    g = dio_graph_create();
    dio_val a = value(g, "a", 2, (int64_t[]){3, 4}), b = value(g, "b", 1, (int64_t[]){5});
    dio_where(g, dio_input(g, "c", dio_type_1d(DIO_U8, 1)), a, b);
    refuses(g, "where: u8[1], f32[3,4] and f32[5] do not broadcast together");
}

/* Half a second at 16 kHz, through stft and istft: measured 9.5e-7. */
static void test_round_trip(void **state)
{
    (void)state;
    enum { SAMPLES = 8000, N = 512 };
    static float x[SAMPLES], window[N];
    dio_error err = {0};
    for (int i = 0; i < SAMPLES; i++)
        x[i] = 2 * dio_uniform(3, 0, (uint64_t)i) - 1;
    for (int i = 0; i < N; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / N));
    dio_device *device = dio_device_cpu(&err);
    assert_non_null(device);
    dio_graph *g = dio_graph_create();
    dio_stft_attrs a = {.n_fft = N, .hop = N / 4, .win = N, .center = true};
    dio_val w = dio_const(g, dio_type_1d(DIO_F32, N), window);
    dio_val spec = dio_stft(g, dio_input(g, "x", dio_type_2d(DIO_F32, 1, SAMPLES)), w, a);
    dio_val y = dio_istft(g, spec, w, SAMPLES, a);
    dio_plan *p = dio_plan_create(g, &y, 1, false, device, NULL, &err);
    assert_non_null(p);
    assert_true(dio_plan_set(p, "x", x, sizeof x, &err) && dio_plan_run(p, &err));
    const float *back = dio_plan_output(p, 0, NULL);
    double worst = 0;
    for (int i = 0; i < SAMPLES; i++)
        worst = worse(worst, fabs((double)back[i] - (double)x[i]));
    print_message("a signal through its spectrum: off by %.2g\n", worst);
    assert_true(worst < 4e-6);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    dio_device_close(device);
}

/* The inverse undoes the spline, within its bins, at knots and beyond the tails. */
static void test_spline_inverse(void **state)
{
    (void)state;
    enum { N = 200, BINS = 10, ALL = 3 * BINS - 1 };
    static float x[N], logits[N * ALL];
    dio_error err = {0};
    for (int i = 0; i < N; i++)
        x[i] = 0.06f * (float)(i - N / 2);
    dio_normal(5, 1, 0, logits, N * ALL);
    dio_device *device = dio_device_open("cpu", &err);
    assert_non_null(device);
    dio_graph *g = dio_graph_create();
    dio_val at = value(g, "x", 1, (int64_t[]){N});
    dio_val by = value(g, "logits", 2, (int64_t[]){N, ALL});
    dio_val there = dio_spline(g, at, by, BINS, 5, 1, false);
    dio_val out[] = {there, dio_spline(g, there, by, BINS, 5, 1, true)};
    dio_plan *p = dio_plan_create(g, out, 2, false, device, NULL, &err);
    assert_non_null(p);
    dio_graph_destroy(g);
    assert_true(dio_plan_set(p, "x", x, sizeof x, &err));
    assert_true(dio_plan_set(p, "logits", logits, sizeof logits, &err));
    assert_true(dio_plan_run(p, &err));
    const float *y = dio_plan_output(p, 0, NULL), *back = dio_plan_output(p, 1, NULL);
    double worst = 0, moved = 0;
    for (int i = 0; i < N; i++) {
        assert_true(fabsf(x[i]) <= 5 || y[i] == x[i]);
        worst = fmax(worst, fabs((double)back[i] - (double)x[i]));
        moved = fmax(moved, fabs((double)y[i] - (double)x[i]));
    }
    print_message("splines moved by %.2f at most, and back within %.1e\n", moved, worst);
    assert_true(moved > 1);
    assert_true(worst < 4e-4); /* measured 1.1e-4, where a curve is nearly flat */
    dio_plan_destroy(p);
    dio_device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spectra_refuse),
        cmocka_unit_test(test_pictures_refuse),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_spline_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
