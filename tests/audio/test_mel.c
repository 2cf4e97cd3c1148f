/* test_mel.c: transforms against sums, spectra and mels against torch, torchaudio, librosa and
 * transformers; dialects that fit and those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/fft.h"
#include "audio/mel.h"
#include "audio/spectra.h"
#include "base/gang.h"
#include "base/rng.h"
#include "base/yaml.h"
#include "tensor/weights.h"
#include "tests/worst.h"

/* ---- transforms ---- */

/* The sum itself, for one bin. */
static dio_complex bin_of(const double *x, int n, int k)
{
    dio_complex sum = {0, 0};
    for (int i = 0; i < n; i++) {
        double angle = 2 * M_PI * (double)((int64_t)k * i % n) / n;
        sum.re += x[i] * cos(angle);
        sum.im -= x[i] * sin(angle);
    }
    return sum;
}

static void transforms_are_their_sums(void **state)
{
    (void)state;
    static const int sizes[] = {2,  3,  4,  6,   8,   9,    15,   16,  20,
                                31, 62, 64, 105, 480, 1024, 1280, 2310};
    double most = 0, back = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int n = sizes[s];
        dio_error err = {0};
        dio_fft *f = dio_fft_create(n, &err);
        if (!f)
            fail_msg("%s", err.message);
        double *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)n * sizeof *y);
        dio_complex *bins = malloc((size_t)(n / 2 + 1) * sizeof *bins);
        dio_complex *scratch = malloc(dio_fft_room(f) * sizeof *scratch);
        for (int i = 0; i < n; i++)
            x[i] = 2 * dio_uniform53(3, (uint64_t)n, (uint64_t)i) - 1;
        dio_fft_forward(f, x, bins, scratch);
        for (int k = 0; k <= n / 2; k++) {
            dio_complex want = bin_of(x, n, k);
            most = worse(most, hypot(bins[k].re - want.re, bins[k].im - want.im) / sqrt(n));
        }
        dio_fft_inverse(f, bins, y, scratch);
        for (int i = 0; i < n; i++)
            back = worse(back, fabs(y[i] - x[i]));
        dio_fft_destroy(f);
        free(x);
        free(y);
        free(bins);
        free(scratch);
    }
    print_message("bins off by %.1e, and back by %.1e\n", most, back);
    assert_true(most < 2e-14); /* measured: 4.7e-15, most of it the sum's own */
    assert_true(back < 6e-15); /* measured: 1.4e-15 */
}

static void odd_sizes_are_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_fft_create(1, &err));
    assert_string_equal(err.message, "a spectrum of 1 samples: there are 2 to 1048576");
    err = (dio_error){0};
    assert_null(dio_fft_create(74, &err));
    assert_string_equal(err.message, "a spectrum of 74 samples: 74 has a prime factor above 31");
}

/* ---- goldens ---- */

static dio_weights *golden;

static int open_golden(void **state)
{
    (void)state;
    dio_error err = {0};
    golden = dio_weights_open("tests/golden/mel.safetensors", &err);
    return golden ? 0 : -1;
}

static int close_golden(void **state)
{
    (void)state;
    dio_weights_close(golden);
    return 0;
}

static const float *stored(const char *kind, const char *name, int64_t *count)
{
    char key[64];
    snprintf(key, sizeof key, "%s.%s", kind, name);
    dio_tensor *t = dio_weights_find(golden, key);
    assert_non_null(t);
    *count = dio_type_count(&t->type);
    return dio_tensor_data(t);
}

static const struct {
    const char *name;
    dio_framing framing;
} framings[] = {
    {"plain", {64, 64, 16, DIO_FRAMING_CENTRE, DIO_FRAMING_REFLECT}},
    {"three", {480, 400, 160, DIO_FRAMING_SAME, DIO_FRAMING_REFLECT}},
    {"five", {400, 400, 100, DIO_FRAMING_NONE, DIO_FRAMING_REFLECT}},
    {"encodec", {1280, 1280, 320, DIO_FRAMING_SAME, DIO_FRAMING_REFLECT}},
    {"odd", {315, 300, 75, DIO_FRAMING_CENTRE, DIO_FRAMING_REFLECT}},
};

static void spectra_are_torchs_and_go_back(void **state)
{
    (void)state;
    double most = 0, back = 0;
    for (size_t k = 0; k < sizeof framings / sizeof *framings; k++) {
        const dio_framing *f = &framings[k].framing;
        dio_error err = {0};
        int64_t n, count;
        const float *x = stored("x", "24000", &n), *want = stored("stft", framings[k].name, &count);
        dio_spectra *s = dio_spectra_create(f, &err);
        int64_t frames = dio_spectra_frames(s, n);
        assert_int_equal(frames * (f->n_fft / 2 + 1) * 2, count);
        float *got = malloc((size_t)count * sizeof *got), *y = malloc((size_t)n * sizeof *y);
        assert_true(dio_spectra_run(s, x, n, got, &err));
        for (int64_t i = 0; i < count; i++)
            most = worse(most, fabs((double)got[i] - (double)want[i]));
        assert_true(dio_spectra_inverse(s, got, frames, y, n, &err));
        int64_t edge = f->padding == DIO_FRAMING_CENTRE ? 0 : f->n_fft; /* less covered there */
        for (int64_t i = edge; i < n - edge; i++)
            back = worse(back, fabs((double)y[i] - (double)x[i]));
        free(got);
        free(y);
        dio_spectra_destroy(s);
    }
    print_message("spectra off by %.1e, and back by %.1e\n", most, back);
    assert_true(most < 1e-6); /* measured: 6e-16: both are doubles until the last rounding */
    assert_true(back < 6e-8); /* measured: 1.5e-8 */
}

static void mels_are_the_originals(void **state)
{
    (void)state;
    for (int i = 0; dio_mel_dialect_at(i); i++) {
        const dio_mel_dialect *d = dio_mel_dialect_at(i);
        dio_error err = {0};
        char rate[16];
        int64_t n, count;
        snprintf(rate, sizeof rate, "%d", d->rate);
        const float *x = stored("x", rate, &n), *want = stored("mel", d->name, &count);
        dio_mel *m = dio_mel_create(d, &err);
        if (!m)
            fail_msg("%s", err.message);
        assert_int_equal(dio_mel_frames(m, n) * d->mels, count);
        float *got = malloc((size_t)count * sizeof *got);
        assert_true(dio_mel_run(m, x, n, got, &err));
        double most = 0;
        for (int64_t k = 0; k < count; k++)
            most = worse(most, fabs((double)got[k] - (double)want[k]));
        print_message("%s: off by %.1e\n", d->name, most);
        assert_true(most < 1e-6); /* measured: 2.4e-7 for speecht5, a float's step; the others 0 */
        free(got);
        dio_mel_destroy(m);
    }
}

/* ---- edges ---- */

static dio_clip *noise(int rate, int64_t n)
{
    dio_error err = {0};
    dio_clip *clip = dio_clip_create(rate, 1, n, &err);
    for (int64_t i = 0; i < n; i++)
        dio_clip_channel(clip, 0)[i] = dio_uniform(2, 0, (uint64_t)i) - 0.5f;
    return clip;
}

/* Reflection goes to and fro in a sound shorter than the padding, where torch gives up. */
static void short_sounds_have_frames(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_mel *m = dio_mel_create(dio_mel_dialect_find("vocos"), &err);
    float out[200];
    assert_int_equal(dio_mel_frames(m, 0), 0);
    for (int64_t n = 1; n < 256; n += 17) {
        dio_clip *clip = noise(24000, n);
        assert_int_equal(dio_mel_frames(m, n), 1);
        assert_true(dio_mel_run(m, dio_clip_channel(clip, 0), n, out, &err));
        for (int i = 0; i < 100; i++)
            assert_true(isfinite(out[i]));
        dio_clip_unref(clip);
    }
    dio_mel_destroy(m);
}

static void tensors_are_turned(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_mel *m = dio_mel_create(dio_mel_dialect_find("hifigan"), &err);
    dio_clip *clip = noise(22050, 5000), *wrong = noise(24000, 5000), *none = noise(22050, 100);
    int64_t frames = dio_mel_frames(m, 5000);
    float *rows = malloc((size_t)frames * 80 * sizeof *rows);
    assert_true(dio_mel_run(m, dio_clip_channel(clip, 0), 5000, rows, &err));
    dio_tensor *t = dio_mel_of_clip(m, clip, &err);
    for (int64_t i = 0; i < frames; i++)
        for (int c = 0; c < 80; c++)
            assert_true(((float *)dio_tensor_data(t))[c * frames + i] == rows[i * 80 + c]);
    assert_null(dio_mel_of_clip(m, wrong, &err));
    assert_string_equal(err.message,
                        "mels: a sound of 24000 Hz in 1 channels, and 22050 Hz in 1 is wanted");
    err = (dio_error){0};
    assert_null(dio_mel_of_clip(m, none, &err));
    assert_string_equal(err.message, "mels: a sound of 100 samples is too short for one frame");
    dio_tensor_unref(t);
    dio_clip_unref(clip);
    dio_clip_unref(wrong);
    dio_clip_unref(none);
    dio_mel_destroy(m);
    free(rows);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    dio_error err = {0};
    int threads = dio_gang_size();
    const dio_framing framing = {512, 512, 128, DIO_FRAMING_CENTRE, DIO_FRAMING_ZERO};
    dio_spectra *s = dio_spectra_create(&framing, &err);
    dio_clip *clip = noise(24000, 20000);
    int64_t count = dio_spectra_frames(s, 20000) * 257 * 2;
    float *out[2], *back[2];
    for (int t = 0; t < 2; t++) {
        dio_gang_resize(t + 1);
        out[t] = malloc((size_t)count * sizeof(float));
        back[t] = malloc(20000 * sizeof(float));
        assert_true(dio_spectra_run(s, dio_clip_channel(clip, 0), 20000, out[t], &err));
        assert_true(dio_spectra_inverse(s, out[t], count / 514, back[t], 20000, &err));
    }
    dio_gang_resize(threads);
    assert_memory_equal(out[0], out[1], (size_t)count * sizeof(float));
    assert_memory_equal(back[0], back[1], 20000 * sizeof(float));
    for (int t = 0; t < 2; t++) {
        free(out[t]);
        free(back[t]);
    }
    dio_clip_unref(clip);
    dio_spectra_destroy(s);
}

/* ---- dialects ---- */

static void read_dialect(const char *text, dio_mel_dialect *out, const char *why)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *v = dio_yaml_parse(a, "t", text, strlen(text), &err);
    assert_non_null(v);
    bool ok = dio_mel_dialect_read(v, "the voice", out, a, &err);
    if (ok == (why != NULL))
        fail_msg("%s", err.message);
    if (why && !strstr(err.message, why))
        fail_msg("\"%s\" is not \"%s\"", err.message, why);
    out->name = "";
    dio_arena_destroy(a);
}

static void dialects_are_read_and_written(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_mel_dialect d;
    for (int i = 0; dio_mel_dialect_at(i); i++) {
        dio_arena *a = dio_arena_create();
        read_dialect(dio_mel_dialect_json(dio_mel_dialect_at(i), a), &d, NULL);
        assert_true(dio_mel_dialect_equal(&d, "a", dio_mel_dialect_at(i), "b", &err));
        dio_arena_destroy(a);
    }
    read_dialect("vocos", &d, NULL);
    assert_int_equal(d.mels, 100);
    read_dialect("vocoss", &d,
                 "the voice: there is no mel dialect \"vocoss\"; did you mean \"vocos\"?");
    read_dialect("{rate: 22050, n_fft: 1024, win: 1024, hop: 256}", &d, "mels");
    read_dialect("{rate: 22050, n_fft: 1024, win: 1024, hop: 256, mels: 80, fmx: 1}", &d, "fmx");
    read_dialect("{rate: 22050, n_fft: 1024, win: 2048, hop: 256, mels: 80}", &d,
                 "the voice: mels: a window of 2048 samples in a spectrum of 1024");
    read_dialect("{rate: 22050, n_fft: 256, win: 256, hop: 300, mels: 80}", &d,
                 "a hop of 300 samples leaves some out of a spectrum of 256");
    read_dialect("{rate: 16000, n_fft: 256, win: 256, hop: 64, mels: 80, fmax: 11025}", &d,
                 "mels: from 0 to 11025 Hz: at 16000 samples a second there are 0 to 8000");
    read_dialect("{rate: 16000, n_fft: 256, win: 256, hop: 64, mels: 80, floor: 0}", &d,
                 "mels: a log needs a floor above 0");
}

static void what_differs_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *why;
    } cases[] = {
        {"hifigan", "vocos", "rate is 22050, and 24000 is wanted"},
        {"hifigan", "bigvgan-22khz-80", "fmax is 8000, and 11025 is wanted"},
        {"bigvgan-22khz-80", "melgan", "eps is 1e-09, and 0 is wanted"},
        {"hifigan", "matcha", "mean is 0, and -5.53662 is wanted"},
        {"bigvgan-24khz-100", "vocos", "scale is slaney, and htk is wanted"},
        {"bigvgan-44khz-128", "bigvgan-44khz-128-512", "n_fft is 1024, and 2048 is wanted"},
        {"hifigan", "fastspeech2", "fmin is 0, and 80 is wanted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        char want[256];
        assert_false(dio_mel_dialect_equal(dio_mel_dialect_find(cases[i].a), "A",
                                           dio_mel_dialect_find(cases[i].b), "B", &err));
        snprintf(want, sizeof want, "mel spectrograms of A do not fit B: %s", cases[i].why);
        assert_string_equal(err.message, want);
    }
    dio_error err = {0};
    dio_mel_dialect d = {.rate = 8000, .n_fft = 256, .win = 256, .hop = 64};
    assert_null(dio_mel_create(&d, &err));
    assert_string_equal(err.message, "mels: 0 bands: there are 1 to 1024");
    err = (dio_error){0};
    d = *dio_mel_dialect_find("melgan");
    d.fmax = 0; /* half the rate, too */
    assert_true(dio_mel_dialect_equal(&d, "A", dio_mel_dialect_find("melgan"), "B", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_are_their_sums),
        cmocka_unit_test(odd_sizes_are_refused),
        cmocka_unit_test(spectra_are_torchs_and_go_back),
        cmocka_unit_test(mels_are_the_originals),
        cmocka_unit_test(short_sounds_have_frames),
        cmocka_unit_test(tensors_are_turned),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(dialects_are_read_and_written),
        cmocka_unit_test(what_differs_is_named),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
