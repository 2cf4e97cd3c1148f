/* fft_lanes.c: Stockham's transform as in fft.c, by fours and at most one two.
 *
 * Reals go through a complex transform of half their length and are taken apart by the spectrum's
 * symmetry; the way back puts them together first. There the transform is the forward one with real
 * and imaginary parts exchanged at both ends. */
#include "audio/fft_lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { L = DIO_LANES };

typedef struct root {
    float re, im;
} root;

struct dio_lanes_fft {
    int n, half;
    root *root; /* [n]: exp(-2 pi i k / n) */
};

dio_lanes_fft *dio_lanes_fft_create(int n, dio_error *err)
{
    if (n < DIO_LANES_FFT_LEAST || n > DIO_LANES_FFT_MOST || (n & (n - 1))) {
        dio_fail(err, "a spectrum of %d samples: powers of two from %d to %d", n,
                 DIO_LANES_FFT_LEAST, DIO_LANES_FFT_MOST);
        return NULL;
    }
    dio_lanes_fft *f = calloc(1, sizeof *f);
    if (f)
        f->root = malloc((size_t)n * sizeof *f->root);
    if (!f || !f->root) {
        dio_lanes_fft_destroy(f);
        dio_fail_memory(err, "a spectrum");
        return NULL;
    }
    f->n = n;
    f->half = n / 2;
    for (int k = 0; k < n; k++)
        f->root[k] = (root){(float)cos(2 * M_PI * k / n), (float)-sin(2 * M_PI * k / n)};
    return f;
}

void dio_lanes_fft_destroy(dio_lanes_fft *f)
{
    if (!f)
        return;
    free(f->root);
    free(f);
}

/* --- passes --- */

/* Of a..d, `gap` apart, the four sums; the last three turned by their roots, `s` apart. */
static inline void four(const dio_lanes *restrict in, int gap, dio_lanes *restrict out, int s,
                        const root *w)
{
    const dio_lanes *a = in, *b = in + gap, *c = b + gap, *d = c + gap;
    dio_lanes *y0 = out, *y1 = out + s, *y2 = y1 + s, *y3 = y2 + s;
    for (int l = 0; l < L; l++) {
        float ac_re = a->re[l] + c->re[l], ac_im = a->im[l] + c->im[l];
        float ca_re = a->re[l] - c->re[l], ca_im = a->im[l] - c->im[l];
        float bd_re = b->re[l] + d->re[l], bd_im = b->im[l] + d->im[l];
        float db_re = b->re[l] - d->re[l], db_im = b->im[l] - d->im[l];
        float p_re = ca_re + db_im, p_im = ca_im - db_re; /* - i (b - d) */
        float q_re = ac_re - bd_re, q_im = ac_im - bd_im;
        float r_re = ca_re - db_im, r_im = ca_im + db_re;
        y0->re[l] = ac_re + bd_re;
        y0->im[l] = ac_im + bd_im;
        y1->re[l] = p_re * w[0].re - p_im * w[0].im;
        y1->im[l] = p_re * w[0].im + p_im * w[0].re;
        y2->re[l] = q_re * w[1].re - q_im * w[1].im;
        y2->im[l] = q_re * w[1].im + q_im * w[1].re;
        y3->re[l] = r_re * w[2].re - r_im * w[2].im;
        y3->im[l] = r_re * w[2].im + r_im * w[2].re;
    }
}

static inline void two(const dio_lanes *restrict a, const dio_lanes *restrict b,
                       dio_lanes *restrict sum, dio_lanes *restrict off)
{
    for (int l = 0; l < L; l++) {
        sum->re[l] = a->re[l] + b->re[l];
        sum->im[l] = a->im[l] + b->im[l];
        off->re[l] = a->re[l] - b->re[l];
        off->im[l] = a->im[l] - b->im[l];
    }
}

/* `from` holds s sequences of length n side by side. */
static void pass_four(const dio_lanes_fft *f, const dio_lanes *from, dio_lanes *to, int n, int s)
{
    const int quarter = n / 4, step = f->n / n;
    for (int j = 0; j < quarter; j++) {
        const root w[3] = {f->root[j * step], f->root[2 * j * step], f->root[3 * j * step]};
        for (int q = 0; q < s; q++)
            four(from + s * j + q, s * quarter, to + 4 * s * j + q, s, w);
    }
}

/* The transform of x [half], in x or in y; returns which. Both are lost else. */
static dio_lanes *transform(const dio_lanes_fft *f, dio_lanes *x, dio_lanes *y)
{
    int n = f->half, s = 1;
    for (; n >= 4; n /= 4, s *= 4) {
        pass_four(f, x, y, n, s);
        dio_lanes *done = y;
        y = x;
        x = done;
    }
    if (n == 1)
        return x;
    for (int q = 0; q < s; q++)
        two(x + q, x + q + s, y + q, y + q + s);
    return y;
}

/* --- of reals --- */

/* Bins k and half - k from the half transform's: even samples' spectrum plus odd ones', turned. */
static inline void apart(const dio_lanes *restrict a, const dio_lanes *restrict b, root w,
                         dio_lanes *restrict to)
{
    for (int l = 0; l < L; l++) {
        float even_re = 0.5f * (a->re[l] + b->re[l]), even_im = 0.5f * (a->im[l] - b->im[l]);
        float odd_re = 0.5f * (a->im[l] + b->im[l]), odd_im = 0.5f * (b->re[l] - a->re[l]);
        to->re[l] = even_re + odd_re * w.re - odd_im * w.im;
        to->im[l] = even_im + odd_re * w.im + odd_im * w.re;
    }
}

void dio_lanes_fft_forward(const dio_lanes_fft *f, dio_lanes *x, dio_lanes *spectrum)
{
    const int half = f->half;
    const dio_lanes *z = transform(f, x, spectrum);
    if (z == spectrum) {
        memcpy(x, spectrum, (size_t)half * sizeof *x);
        z = x;
    }
    for (int k = 0; k < half; k++)
        apart(z + k, z + (k ? half - k : 0), f->root[k], spectrum + k);
    apart(z, z, (root){-1, 0}, spectrum + half);
}

/* even + i odd, with real and imaginary part exchanged. */
static inline void together(const dio_lanes *restrict a, const dio_lanes *restrict b, root w,
                            dio_lanes *restrict to)
{
    for (int l = 0; l < L; l++) {
        float even_re = 0.5f * (a->re[l] + b->re[l]), even_im = 0.5f * (a->im[l] - b->im[l]);
        float off_re = 0.5f * (a->re[l] - b->re[l]), off_im = 0.5f * (a->im[l] + b->im[l]);
        float odd_re = off_re * w.re + off_im * w.im, odd_im = off_im * w.re - off_re * w.im;
        to->im[l] = even_re - odd_im;
        to->re[l] = even_im + odd_re;
    }
}

void dio_lanes_fft_inverse(const dio_lanes_fft *f, dio_lanes *spectrum, dio_lanes *x)
{
    const int half = f->half;
    for (int l = 0; l < L; l++)
        spectrum[0].im[l] = spectrum[half].im[l] = 0;
    for (int k = 0; k < half; k++)
        together(spectrum + k, spectrum + half - k, f->root[k], x + k);
    const dio_lanes *z = transform(f, x, spectrum);
    for (int i = 0; i < half; i++)
        for (int l = 0; l < L; l++) {
            float re = z[i].im[l];
            x[i].im[l] = z[i].re[l];
            x[i].re[l] = re;
        }
}
