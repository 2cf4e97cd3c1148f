/* spectrum.c: torch's stft and istft, onesided, built from other operators.
 *
 * A frame's spectrum is a product with a table of cosines and sines; sliding it along the signal is
 * a convolution whose stride is the hop, and the inverse is the transposed convolution. So both run
 * as matrix products, and gradients of any order come with them. An FFT does less arithmetic, but
 * at the sizes of speech (n_fft to 2048, a thousand frames for ten seconds) the product takes tens
 * of milliseconds at the speed of the machine's multiply-adds; hence the limit below.
 *
 * The window multiplies the table, which folds into a constant where the window is one. */
#include <math.h>
#include <stdlib.h>

#include "tensor/op.h"
#include "tensor/ops.h"

enum { N_FFT_MAX = 4096, HOP_MAX = 1 << 20 }; /* the largest table has 64 MB */

/* hop_max: a spectrum may skip samples, its inverse may not. */
static bool check(dio_graph *g, const char *name, dio_val window, const dio_stft_attrs *a,
                  int hop_max)
{
    dio_type t = dio_type_of(g, window);
    if (!dio_graph_ok(g))
        return false;
    if (a->n_fft < 2 || a->n_fft > N_FFT_MAX)
        dio_graph_fail(g, "%s: n_fft %d is outside 2..%d", name, a->n_fft, N_FFT_MAX);
    else if (a->hop < 1 || a->hop > hop_max)
        dio_graph_fail(g, "%s: hop %d is outside 1..%d", name, a->hop, hop_max);
    else if (a->win < 1 || a->win > a->n_fft)
        dio_graph_fail(g, "%s: win %d is outside 1..n_fft, %d", name, a->win, a->n_fft);
    else if (window == DIO_NONE || t.nd != 1 || t.dim[0] != a->win)
        dio_graph_fail(g, "%s: the window must be f32[%d], as win says", name, a->win);
    return dio_graph_ok(g);
}

/* Rows 0..n/2 hold scale[k] cos(2 pi k i / n), rows n/2+1.. the negative sines: [2F,1,n]. The
 * forward table has scale 1; the inverse one counts every bin but the first (and the middle one of
 * an even n) twice, for the half that onesided leaves out, and divides by n. */
static dio_val table(dio_graph *g, int n, bool inverse, bool normalized)
{
    int bins = n / 2 + 1;
    dio_type type = dio_type_3d(DIO_F32, 2 * bins, 1, n);
    float *data = malloc(dio_type_bytes(&type));
    double *wave = malloc((size_t)n * 2 * sizeof *wave); /* one turn: cosines, sines */
    double unit = inverse ? 1.0 / n : 1;
    if (normalized)
        unit = 1 / sqrt(n);
    if (!data || !wave) {
        free(data);
        free(wave);
        return dio_graph_fail(g, "no memory for a table of %d x %d", 2 * bins, n);
    }
    for (int i = 0; i < n; i++) {
        wave[i] = cos(2 * M_PI * (double)i / n);
        wave[n + i] = sin(2 * M_PI * (double)i / n);
    }
    for (int k = 0; k < bins; k++) {
        bool twice = inverse && k > 0 && 2 * k < n;
        for (int i = 0, at = 0; i < n; i++, at += at + k < n ? k : k - n) { /* at: k i mod n */
            double scale = twice ? 2 * unit : unit;
            data[(int64_t)k * n + i] = (float)(scale * wave[at]);
            data[(int64_t)(bins + k) * n + i] = (float)(-scale * wave[n + at]);
        }
    }
    dio_val v = dio_const(g, type, data);
    free(data);
    free(wave);
    return v;
}

/* The window in the middle of n_fft elements, as torch centres a shorter one. */
static dio_val centred(dio_graph *g, dio_val window, const dio_stft_attrs *a)
{
    int before = (a->n_fft - a->win) / 2;
    return dio_pad(g, window, 0, before, a->n_fft - a->win - before, DIO_PAD_ZERO);
}

static dio_conv_attrs hopping(const dio_stft_attrs *a)
{
    dio_conv_attrs conv = dio_conv_defaults();
    conv.stride[0] = a->hop;
    return conv;
}

dio_val dio_stft(dio_graph *g, dio_val x, dio_val window, dio_stft_attrs attrs)
{
    const dio_stft_attrs *a = &attrs;
    dio_type t = dio_type_of(g, x);
    if (!check(g, "stft", window, a, HOP_MAX))
        return DIO_NONE;
    if (x == DIO_NONE || t.nd != 2)
        return dio_graph_fail(g, "stft: x must be [B,S]");
    int half = a->n_fft / 2, bins = half + 1;
    if (a->center)
        x = dio_pad(g, x, 1, half, half, DIO_PAD_REFLECT);
    if (dio_graph_ok(g) && dio_dim(g, x, 1) < a->n_fft)
        return dio_graph_fail(g, "stft: %lld samples are fewer than n_fft, %d",
                              (long long)dio_dim(g, x, 1), a->n_fft);
    dio_val w = dio_mul(g, table(g, a->n_fft, false, a->normalized), centred(g, window, a));
    x = dio_reshape3(g, x, t.dim[0], 1, dio_dim(g, x, 1));
    dio_val y = dio_conv(g, x, w, DIO_NONE, hopping(a));
    y = dio_reshape4(g, y, t.dim[0], 2, bins, dio_dim(g, y, 2));
    return dio_permute(g, y, (int[]){0, 2, 3, 1});
}

/* The sum of the squared windows that meet at each sample. torch refuses an overlap that leaves
 * samples uncovered; the values are not known here, so the floor at torch's limit keeps such a
 * sample at zero instead of making it infinite. */
static dio_val envelope(dio_graph *g, dio_val window, int64_t frames, const dio_stft_attrs *a)
{
    dio_val ones = dio_expand(g, dio_scalar(g, 1), 3, (int64_t[]){1, 1, frames});
    dio_val w = dio_reshape3(g, dio_square(g, centred(g, window, a)), 1, 1, a->n_fft);
    dio_val e = dio_conv_transpose(g, ones, w, DIO_NONE, hopping(a));
    return dio_maximum(g, e, dio_scalar(g, 1e-11f));
}

dio_val dio_istft(dio_graph *g, dio_val spec, dio_val window, int64_t length, dio_stft_attrs attrs)
{
    const dio_stft_attrs *a = &attrs;
    dio_type t = dio_type_of(g, spec);
    if (!check(g, "istft", window, a, a->win))
        return DIO_NONE;
    int64_t bins = a->n_fft / 2 + 1;
    if (spec == DIO_NONE || t.nd != 4 || t.dim[1] != bins || t.dim[2] < 1 || t.dim[3] != 2)
        return dio_graph_fail(g, "istft: the spectrum must be [B,%lld,T,2]", (long long)bins);
    int64_t whole = (t.dim[2] - 1) * a->hop + a->n_fft, start = a->center ? a->n_fft / 2 : 0;
    int64_t natural = a->center ? whole - 2 * start : whole;
    if (length <= 0)
        length = natural;
    int64_t have = length < whole - start ? length : whole - start;
    if (have < 1)
        return dio_graph_fail(g, "istft: %lld frames give no sample that is not trimmed away",
                              (long long)t.dim[2]);
    dio_val w = dio_mul(g, table(g, a->n_fft, true, a->normalized), centred(g, window, a));
    dio_val x =
        dio_reshape3(g, dio_permute(g, spec, (int[]){0, 3, 1, 2}), t.dim[0], 2 * bins, t.dim[2]);
    dio_val y = dio_conv_transpose(g, x, w, DIO_NONE, hopping(a));
    y = dio_slice(g, dio_div(g, y, envelope(g, window, t.dim[2], a)), 2, start, have, 1);
    y = dio_reshape2(g, y, t.dim[0], have);
    return dio_pad(g, y, 1, 0, length - have, DIO_PAD_ZERO);
}
