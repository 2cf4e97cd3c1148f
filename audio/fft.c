/* fft.c: Stockham's transform, one pass for each prime factor (4 counts as one).
 *
 * A pass of radix r takes r interleaved parts of a sequence of length n, spaced by a stride s, and
 * leaves r sequences of length n / r at stride s r; after the last the result stands in order. An
 * even length of reals goes through a complex transform of half of it: even samples as real parts,
 * odd ones as imaginary parts, taken apart by the spectrum's symmetry. */
#include "audio/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORS = 24 };

struct dio_fft {
    int n, inner; /* reals; and the complex transform's length: n / 2, or n when that is odd */
    int factors, factor[FACTORS];
    dio_complex *root; /* [n]: exp(-2 pi i k / n) */
};

static dio_complex times(dio_complex a, dio_complex b)
{
    return (dio_complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static dio_complex plus(dio_complex a, dio_complex b)
{
    return (dio_complex){a.re + b.re, a.im + b.im};
}

static dio_complex minus(dio_complex a, dio_complex b)
{
    return (dio_complex){a.re - b.re, a.im - b.im};
}

/* ---- making one ---- */

static bool split(dio_fft *f, dio_error *err)
{
    int rest = f->inner;
    while (rest % 4 == 0) {
        f->factor[f->factors++] = 4;
        rest /= 4;
    }
    for (int p = 2; rest > 1;) {
        if (p > DIO_FFT_PRIME)
            return dio_fail(err, "a spectrum of %d samples: %d has a prime factor above %d", f->n,
                            f->n, DIO_FFT_PRIME);
        if (rest % p == 0) {
            f->factor[f->factors++] = p;
            rest /= p;
        } else {
            p++;
        }
    }
    return true;
}

dio_fft *dio_fft_create(int n, dio_error *err)
{
    if (n < 2 || n > DIO_FFT_MOST) {
        dio_fail(err, "a spectrum of %d samples: there are 2 to %d", n, DIO_FFT_MOST);
        return NULL;
    }
    dio_fft *f = calloc(1, sizeof *f);
    if (!f) {
        dio_fail_memory(err, "a spectrum");
        return NULL;
    }
    f->n = n;
    f->inner = n % 2 ? n : n / 2;
    f->root = malloc((size_t)n * sizeof *f->root);
    if (!f->root)
        dio_fail_memory(err, "a spectrum");
    if (!f->root || !split(f, err)) {
        dio_fft_destroy(f);
        return NULL;
    }
    for (int k = 0; k < n; k++)
        f->root[k] = (dio_complex){cos(2 * M_PI * k / n), -sin(2 * M_PI * k / n)};
    return f;
}

void dio_fft_destroy(dio_fft *f)
{
    if (!f)
        return;
    free(f->root);
    free(f);
}

size_t dio_fft_room(const dio_fft *f)
{
    return 2 * (size_t)f->inner;
}

/* ---- passes ---- */

/* One pass: `from` holds `s` sequences of length n side by side. */
struct pass {
    const dio_fft *f;
    const dio_complex *from;
    dio_complex *to;
    int n, s;
};

static void pass_four(const struct pass *p)
{
    int quarter = p->n / 4, s = p->s, step = p->f->n / p->n;
    for (int j = 0; j < quarter; j++) {
        const dio_complex *root = p->f->root;
        dio_complex w1 = root[j * step], w2 = root[2 * j * step], w3 = root[3 * j * step];
        const dio_complex *a = p->from + s * j, *b = a + s * quarter, *c = b + s * quarter,
                          *d = c + s * quarter;
        dio_complex *out = p->to + s * 4 * j;
        for (int q = 0; q < s; q++) {
            dio_complex ac = plus(a[q], c[q]), ca = minus(a[q], c[q]);
            dio_complex bd = plus(b[q], d[q]), db = minus(b[q], d[q]);
            dio_complex turned = {db.im, -db.re}; /* by -i */
            out[q] = plus(ac, bd);
            out[q + s] = times(plus(ca, turned), w1);
            out[q + 2 * s] = times(minus(ac, bd), w2);
            out[q + 3 * s] = times(minus(ca, turned), w3);
        }
    }
}

static void pass_any(const struct pass *p, int radix)
{
    int part = p->n / radix, s = p->s, step = p->f->n / p->n, turn = p->f->n / radix;
    for (int j = 0; j < part; j++) {
        for (int u = 0; u < radix; u++) {
            dio_complex w = p->f->root[j * u * step];
            for (int q = 0; q < s; q++) {
                dio_complex sum = p->from[q + s * j];
                for (int t = 1; t < radix; t++)
                    sum = plus(sum, times(p->from[q + s * (j + t * part)],
                                          p->f->root[t * u % radix * turn]));
                p->to[q + s * (radix * j + u)] = times(sum, w);
            }
        }
    }
}

/* [inner] in place; scratch as long again. */
static void transform(const dio_fft *f, dio_complex *x, dio_complex *scratch)
{
    struct pass p = {.f = f, .from = x, .to = scratch, .n = f->inner, .s = 1};
    for (int i = 0; i < f->factors; i++) {
        int radix = f->factor[i];
        if (radix == 4)
            pass_four(&p);
        else
            pass_any(&p, radix);
        dio_complex *done = p.to;
        p.to = done == x ? scratch : x;
        p.from = done;
        p.n /= radix;
        p.s *= radix;
    }
    if (p.from != x)
        memcpy(x, p.from, (size_t)f->inner * sizeof *x);
}

/* ---- of reals ---- */

static void forward_odd(const dio_fft *f, const double *x, dio_complex *spectrum, dio_complex *z)
{
    for (int i = 0; i < f->n; i++)
        z[i] = (dio_complex){x[i], 0};
    transform(f, z, z + f->inner);
    memcpy(spectrum, z, (size_t)(f->n / 2 + 1) * sizeof *z);
}

void dio_fft_forward(const dio_fft *f, const double *x, dio_complex *spectrum, dio_complex *scratch)
{
    if (f->n % 2) {
        forward_odd(f, x, spectrum, scratch);
        return;
    }
    dio_complex *z = scratch;
    int half = f->inner;
    for (int i = 0; i < half; i++)
        z[i] = (dio_complex){x[2 * i], x[2 * i + 1]};
    transform(f, z, z + half);
    for (int k = 0; k <= half; k++) {
        dio_complex a = z[k < half ? k : 0], b = z[k > 0 ? half - k : 0];
        dio_complex even = {(a.re + b.re) / 2, (a.im - b.im) / 2};
        dio_complex odd = {(a.im + b.im) / 2, (b.re - a.re) / 2};
        dio_complex w = k < half ? f->root[k] : (dio_complex){-1, 0};
        spectrum[k] = plus(even, times(odd, w));
    }
    spectrum[0].im = spectrum[half].im = 0;
}

/* The inverse is the forward transform of the conjugate. */
static void inverse_odd(const dio_fft *f, const dio_complex *spectrum, double *x, dio_complex *z)
{
    z[0] = (dio_complex){spectrum[0].re, 0};
    for (int k = 1; k <= f->n / 2; k++) {
        z[k] = (dio_complex){spectrum[k].re, -spectrum[k].im};
        z[f->n - k] = spectrum[k];
    }
    transform(f, z, z + f->inner);
    for (int i = 0; i < f->n; i++)
        x[i] = z[i].re / f->n;
}

void dio_fft_inverse(const dio_fft *f, const dio_complex *spectrum, double *x, dio_complex *scratch)
{
    if (f->n % 2) {
        inverse_odd(f, spectrum, x, scratch);
        return;
    }
    dio_complex *z = scratch;
    int half = f->inner;
    for (int k = 0; k < half; k++) {
        dio_complex a = spectrum[k], b = spectrum[half - k];
        if (k == 0)
            a.im = b.im = 0;
        dio_complex even = {(a.re + b.re) / 2, (a.im - b.im) / 2};
        dio_complex odd = {(a.re - b.re) / 2, (a.im + b.im) / 2};
        odd = times(odd, (dio_complex){f->root[k].re, -f->root[k].im});
        z[k] = (dio_complex){even.re - odd.im, -(even.im + odd.re)};
    }
    transform(f, z, z + half);
    for (int i = 0; i < half; i++) {
        x[2 * i] = z[i].re / half;
        x[2 * i + 1] = -z[i].im / half;
    }
}
