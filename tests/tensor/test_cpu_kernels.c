/* test_cpu_kernels.c: every row kernel of every instruction set this machine has, against double
 * libm and plain sums. Each line prints the worst error found beside the tolerance. Tails of 0..67
 * elements must give the bits that the same elements have in a long span. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cpu/cpu.h"

typedef double fn(double x, double p, double q);

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* Formulas are written so that double does not cancel where float must not. */
#define FN(name, expression)                                                                       \
    static double name(double x, double p, double q)                                               \
    {                                                                                              \
        (void)x, (void)p, (void)q;                                                                 \
        return expression;                                                                         \
    }
#define GT(x) (2 * sqrt(2 / M_PI) * ((x) + 0.044715 * (x) * (x) * (x)))
#define MN(x) (exp(fmin(x, 300)) * (exp(fmin(x, 300)) + 2))
/* clang-format off */
FN(neg, -x) FN(neg_d, -1.0)
FN(abs_, fabs(x)) FN(abs_d, (x > 0) - (x < 0))
FN(exp_, exp(x))
FN(log_, log(x)) FN(log_d, 1 / x)
FN(sqrt_, sqrt(x)) FN(sqrt_d, 0.5 / sqrt(x))
FN(rsqrt_, 1 / sqrt(x)) FN(rsqrt_d, -0.5 / (x * sqrt(x)))
FN(square, x *x) FN(square_d, 2 * x)
FN(recip, 1 / x) FN(recip_d, -1 / (x * x))
FN(sin_, sin(x)) FN(cos_, cos(x)) FN(cos_d, -sin(x))
FN(tanh_, tanh(x)) FN(tanh_d, 1 / (cosh(x) * cosh(x)))
FN(sigm, sigmoid(x)) FN(sigm_d, sigmoid(x) * sigmoid(-x))
FN(relu, x < 0 ? 0 : x) FN(relu_d, x > 0 ? 1 : 0)
FN(leaky, x < 0 ? p * x : x) FN(leaky_d, x > 0 ? 1 : p)
FN(elu, x < 0 ? p * expm1(x) : x) FN(elu_d, x > 0 ? 1 : p * exp(x))
FN(gelu, x *normal(x))
FN(gelu_d, normal(x) + x * exp(-x * x / 2) / sqrt(2 * M_PI))
FN(gelu_t, x *sigmoid(GT(x)))
FN(gelu_t_d, sigmoid(GT(x)) * (1 + x * 2 * sqrt(2 / M_PI) * (1 + 0.134145 * x * x) *
                                       sigmoid(-GT(x))))
FN(gelu_q, x *sigmoid(1.702 * x))
FN(gelu_q_d, sigmoid(1.702 * x) * (1 + 1.702 * x * sigmoid(-1.702 * x)))
FN(silu, x *sigmoid(x)) FN(silu_d, sigmoid(x) * (1 + x * sigmoid(-x)))
FN(splus, fmax(x, 0) + log1p(exp(-fabs(x)))) FN(splus_d, sigmoid(x))
FN(mish, x *(MN(x) / (MN(x) + 2)))
FN(mish_d, MN(x) / (MN(x) + 2) + x * 4 * (MN(x) + 1) / pow(MN(x) + 2, 2) * sigmoid(x))
FN(hsw, x *fmin(6, fmax(0, x + 3)) / 6) FN(hsw_d, x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5)
FN(clamp, x < p ? p : x > q ? q : x) FN(clamp_d, x >= p && x <= q ? 1 : 0)
    /* clang-format on */

    /* `floor`: below this magnitude the error is held absolutely, where the formula itself cancels
     * (a derivative's zero crossing, between terms of about that size). lo, hi: the arguments
     * tried. */
    static const struct row {
    const char *name;
    fn *f, *d;
    double lo, hi;
    float p, q;
    double floor_d;
} rows[DIO_U_COUNT] = {
    [DIO_U_NEG] = {"neg", neg, neg_d, -FLT_MAX, FLT_MAX},
    [DIO_U_ABS] = {"abs", abs_, abs_d, -FLT_MAX, FLT_MAX},
    [DIO_U_EXP] = {"exp", exp_, exp_, -200, 200},
    [DIO_U_LOG] = {"log", log_, log_d, -1, FLT_MAX},
    [DIO_U_SQRT] = {"sqrt", sqrt_, sqrt_d, -1, FLT_MAX},
    [DIO_U_RSQRT] = {"rsqrt", rsqrt_, rsqrt_d, 1e-20, 1e20},
    [DIO_U_SQUARE] = {"square", square, square_d, -1e18, 1e18},
    [DIO_U_RECIPROCAL] = {"reciprocal", recip, recip_d, -1e18, 1e18},
    [DIO_U_SIN] = {"sin", sin_, cos_, -FLT_MAX, FLT_MAX},
    [DIO_U_COS] = {"cos", cos_, cos_d, -FLT_MAX, FLT_MAX},
    [DIO_U_TANH] = {"tanh", tanh_, tanh_d, -FLT_MAX, FLT_MAX},
    [DIO_U_SIGMOID] = {"sigmoid", sigm, sigm_d, -FLT_MAX, FLT_MAX},
    [DIO_U_RELU] = {"relu", relu, relu_d, -FLT_MAX, FLT_MAX},
    [DIO_U_LEAKY_RELU] = {"leaky_relu", leaky, leaky_d, -FLT_MAX, FLT_MAX, 0.125f},
    [DIO_U_ELU] = {"elu", elu, elu_d, -FLT_MAX, FLT_MAX, 1.5f},
    [DIO_U_GELU] = {"gelu", gelu, gelu_d, -FLT_MAX, FLT_MAX, 0, 0, 0.25},
    [DIO_U_GELU_TANH] = {"gelu_tanh", gelu_t, gelu_t_d, -1e9, 1e9, 0, 0, 0.25},
    [DIO_U_GELU_QUICK] = {"gelu_quick", gelu_q, gelu_q_d, -1e30, 1e30, 0, 0, 0.25},
    [DIO_U_SILU] = {"silu", silu, silu_d, -FLT_MAX, FLT_MAX, 0, 0, 0.25},
    [DIO_U_SOFTPLUS] = {"softplus", splus, splus_d, -FLT_MAX, FLT_MAX},
    [DIO_U_MISH] = {"mish", mish, mish_d, -FLT_MAX, FLT_MAX, 0, 0, 0.25},
    [DIO_U_HARDSWISH] = {"hardswish", hsw, hsw_d, -1e30, 1e30, 0, 0, 0.25},
    [DIO_U_CLAMP] = {"clamp", clamp, clamp_d, -FLT_MAX, FLT_MAX, -0.5f, 2.0f},
};

static const double tolerance = 1e-6;

enum { POINTS = 40000 };

/* Arguments: dense around zero, every magnitude down to subnormals, and the special ones. */
static int arguments(float *x, double lo, double hi)
{
    const float special[] = {0.0f,    -0.0f,   INFINITY, -INFINITY, NAN,     1e-45f, -1e-45f,
                             FLT_MIN, FLT_MAX, -FLT_MAX, 88.72f,    88.73f,  -87.4f, -103.9f,
                             -104.1f, 99999.f, 100001.f, 3e9f,      0.3465f, 0.625f};
    int n = 0;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        x[n++] = special[i];
    for (int i = 0; n < POINTS / 2; i++)
        x[n++] = (float)(-25.0 + 50.0 * i / (POINTS / 2));
    for (int i = 0; n < POINTS; i++) {
        float m = (float)pow(10.0, -44.8 + 83.3 * (i / 2) / (POINTS / 4));
        x[n++] = i & 1 ? -m : m;
    }
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (isnan(x[i]) || isinf(x[i]) || (x[i] >= lo && x[i] <= hi))
            x[kept++] = x[i];
    return kept;
}

/* Relative error, absolute below `least`; 64 units of the last subnormal are forgiven,
 * because a factor of the result may be subnormal already. */
static double error_of(float got, double want, double least)
{
    float rounded = (float)want;
    if (isnan(rounded) || isnan(got))
        return isnan(rounded) && isnan(got) ? 0 : INFINITY;
    if (isinf(rounded) || isinf(got)) {
        if (got == rounded)
            return 0;
        return fabs(want) > FLT_MAX * (1 - 1e-6) && fabsf(got) > FLT_MAX * (1 - 1e-6f) ? 0
                                                                                       : INFINITY;
    }
    double d = fabs((double)got - want) - 64 * 1.4e-45;
    double scale = fmax(fabs(want), least);
    return d <= 0 ? 0 : d / scale;
}

static void check(const dio_cpu *cpu, const char *what, const float *x, const float *y, int n,
                  fn *f, const struct row *row, double least)
{
    double worst = 0, where = 0;
    for (int i = 0; i < n; i++) {
        double want = f((double)x[i], (double)row->p, (double)row->q);
        double e = error_of(y[i], want, least);
        if (e > worst) {
            worst = e;
            where = (double)x[i];
        }
    }
    printf("%-10s %-12s %-6s %.1e (at %.8g) of %.0e\n", cpu->name, row->name, what, worst, where,
           tolerance);
    if (!(worst <= tolerance))
        fail_msg("%s %s %s: %.3e at %.9g", cpu->name, row->name, what, worst, where);
}

static void unary_of(const dio_cpu *cpu)
{
    static float x[POINTS], y[POINTS], ones[POINTS];
    for (int i = 0; i < POINTS; i++)
        ones[i] = 1;
    for (int u = 0; u < DIO_U_COUNT; u++) {
        const struct row *row = &rows[u];
        int n = arguments(x, row->lo, row->hi);
        cpu->unary[u](y, x, n, row->p, row->q);
        check(cpu, "value", x, y, n, row->f, row, 0);
        int kept = 0; /* derivatives at +-inf are limits, which formulas need not take */
        for (int i = 0; i < n; i++)
            if (!isinf(x[i]) && !isnan(x[i]))
                x[kept++] = x[i];
        cpu->unary_grad[u](y, ones, x, kept, row->p, row->q);
        check(cpu, "slope", x, y, kept, row->d, row, row->floor_d);
    }
}

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static void fill(float *x, int n, uint32_t seed)
{
    for (int i = 0; i < n; i++)
        x[i] = noise(&seed);
}

enum { LONG = 131, SHORT = 68 };

static void same(const dio_cpu *cpu, const char *what, const float *a, const float *whole, int n,
                 const float *guard)
{
    if (memcmp(a, whole, (size_t)n * sizeof *a) != 0)
        fail_msg("%s %s: a span of %d differs from the long one", cpu->name, what, n);
    if (*guard != 12345.0f)
        fail_msg("%s %s: a span of %d writes past its end", cpu->name, what, n);
}

static void tails_of(const dio_cpu *cpu)
{
    float x[LONG], z[LONG], w[LONG], y[LONG + 1], whole[LONG], whole2[LONG], y2[LONG + 1];
    fill(x, LONG, 1);
    fill(z, LONG, 2);
    fill(w, LONG, 3);
    x[5] = 200000.0f; /* takes the slow way of sin and cos, alone */
    for (int n = 0; n < SHORT; n++) {
        for (int u = 0; u < DIO_U_COUNT; u++) {
            cpu->unary[u](whole, x, LONG, 0.5f, 0.75f);
            y[n] = 12345.0f;
            cpu->unary[u](y, x, n, 0.5f, 0.75f);
            same(cpu, rows[u].name, y, whole, n, y + n);
            cpu->unary_grad[u](whole, z, x, LONG, 0.5f, 0.75f);
            y[n] = 12345.0f;
            cpu->unary_grad[u](y, z, x, n, 0.5f, 0.75f);
            same(cpu, rows[u].name, y, whole, n, y + n);
            cpu->glu(u, whole, x, z, LONG);
            y[n] = 12345.0f;
            cpu->glu(u, y, x, z, n);
            same(cpu, "glu", y, whole, n, y + n);
            cpu->glu_grad(u, whole, whole2, w, x, z, LONG);
            y[n] = y2[n] = 12345.0f;
            cpu->glu_grad(u, y, y2, w, x, z, n);
            same(cpu, "glu da", y, whole, n, y + n);
            same(cpu, "glu db", y2, whole2, n, y2 + n);
        }
        y[n] = 12345.0f;
        cpu->exp_sum(whole, x, LONG, 0.5f);
        cpu->exp_sum(y, x, n, 0.5f);
        same(cpu, "exp_sum", y, whole, n, y + n);
        cpu->axpb(whole, x, LONG, 0.3f, 0.7f);
        y[n] = 12345.0f;
        cpu->axpb(y, x, n, 0.3f, 0.7f);
        same(cpu, "axpb", y, whole, n, y + n);
        memcpy(whole, z, sizeof whole);
        memcpy(y, z, sizeof z);
        cpu->fma_span(whole, x, LONG, 0.3f);
        y[n] = 12345.0f;
        cpu->fma_span(y, x, n, 0.3f);
        same(cpu, "fma_span", y, whole, n, y + n);
    }
}

static void glu_of(const dio_cpu *cpu)
{
    float x[LONG], z[LONG], dy[LONG], y[LONG], da[LONG], db[LONG];
    fill(x, LONG, 4);
    fill(z, LONG, 5);
    fill(dy, LONG, 6);
    double worst = 0;
    for (int u = 0; u < DIO_U_COUNT; u++) {
        if (u == DIO_U_LOG || u == DIO_U_SQRT || u == DIO_U_RSQRT || u == DIO_U_RECIPROCAL)
            continue; /* no gates */
        cpu->glu(u, y, x, z, LONG);
        cpu->glu_grad(u, da, db, dy, x, z, LONG);
        for (int i = 0; i < LONG; i++) {
            double v = (double)x[i], f = rows[u].f(v, 0, 0), d = rows[u].d(v, 0, 0);
            worst = fmax(worst, fabs((double)y[i] - f * (double)z[i]));
            worst = fmax(worst, fabs((double)da[i] - (double)dy[i] * (double)z[i] * d));
            worst = fmax(worst, fabs((double)db[i] - (double)dy[i] * f));
        }
    }
    printf("%-10s glu and slopes %.1e of 1e-6\n", cpu->name, worst);
    assert_true(worst < 1e-6);
}

static void spans_of(const dio_cpu *cpu)
{
    float x[LONG], y[LONG], z[LONG + 1];
    fill(x, LONG, 7);
    fill(y, LONG, 8);
    void (*const f[])(float *, const float *, const float *, int64_t, int,
                      int) = {cpu->add, cpu->sub, cpu->mul, cpu->div, cpu->max, cpu->min};
    for (int op = 0; op < 6; op++)
        for (int steps = 0; steps < 4; steps++)
            for (int n = 0; n < SHORT; n++) {
                int xs = steps & 1, ys = steps >> 1;
                z[n] = 12345.0f;
                f[op](z, x, y, n, xs, ys);
                assert_true(z[n] == 12345.0f);
                for (int i = 0; i < n; i++) {
                    float a = x[i * xs], b = y[i * ys];
                    float want[] = {a + b, a - b, a * b, a / b, fmaxf(a, b), fminf(a, b)};
                    assert_true(z[i] == want[op]);
                }
            }
    float nan_first[] = {NAN, 1}, nan_second[] = {1, NAN};
    cpu->max(z, nan_first, nan_second, 2, 1, 1);
    assert_true(isnan(z[0]) && isnan(z[1]));
}

static void near(const dio_cpu *cpu, const char *what, double got, double want, double tol)
{
    double e = fabs(got - want) / (1 + fabs(want));
    if (!(e <= tol))
        fail_msg("%s %s: %.9g, not %.9g (error %.1e of %.0e)", cpu->name, what, got, want, e, tol);
}

static void rows_of(const dio_cpu *cpu)
{
    enum { N = 9001 };
    static float x[N], y[N], e[N];
    const int lengths[] = {1, 2, 7, 31, 64, 65, 100, 768, 4096, 4097, N};
    fill(x, N, 9);
    fill(y, N, 10);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        int n = lengths[k];
        double sum = 0, squares = 0, dot = 0, top = -2, exps = 0;
        for (int i = 0; i < n; i++) {
            sum += (double)x[i];
            squares += (double)x[i] * (double)x[i];
            dot += (double)x[i] * (double)y[i];
            top = fmax(top, (double)x[i]);
            exps += exp((double)x[i] - 0.25);
        }
        near(cpu, "sum", (double)cpu->sum(x, n), sum, 1e-5);
        near(cpu, "sum_squares", (double)cpu->sum_squares(x, n), squares, 1e-6);
        near(cpu, "dot", (double)cpu->dot(x, y, n), dot, 1e-5);
        assert_true((double)cpu->max_of(x, n) == top);
        near(cpu, "exp_sum", (double)cpu->exp_sum(e, x, n, 0.25f), exps, 1e-6);
    }
    assert_true(cpu->sum(x, 0) == 0 && cpu->dot(x, y, 0) == 0);
}

static void transpose_of(const dio_cpu *cpu)
{
    enum { MOST = 40, ROW = 43 };
    static float x[MOST * ROW], y[MOST * ROW];
    fill(x, MOST * ROW, 30);
    for (int high = 1; high <= MOST; high += 3)
        for (int wide = 1; wide <= MOST; wide++) {
            for (int i = 0; i < MOST * ROW; i++)
                y[i] = 12345.0f;
            cpu->transpose(y, ROW, x, ROW, high, wide);
            for (int c = 0; c < MOST; c++)
                for (int r = 0; r < ROW; r++)
                    assert_true(y[c * ROW + r] ==
                                (r < high && c < wide ? x[r * ROW + c] : 12345.0f));
        }
}

/* Means far from zero: deviations must not drown. */
static void norms_of(const dio_cpu *cpu)
{
    enum { N = 1030 };
    static float x[N], w[N], b[N], y[N], stats[2];
    double worst = 0;
    fill(w, N, 12);
    fill(b, N, 13);
    const int lengths[] = {1, 3, 16, 33, 768, N};
    for (int offset = 0; offset <= 100; offset += 100)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            int n = lengths[k];
            fill(x, n, 11);
            double mean = 0, var = 0, squares = 0;
            for (int i = 0; i < n; i++) {
                x[i] += (float)offset;
                mean += (double)x[i] / n;
                squares += (double)x[i] * (double)x[i] / n;
            }
            for (int i = 0; i < n; i++)
                var += ((double)x[i] - mean) * ((double)x[i] - mean) / n;
            double scale = 1 / sqrt(var + 1e-5), rms = 1 / sqrt(squares + 1e-5);
            double slack = n == 1 ? 320 : 1; /* 1/sqrt(eps) times the mean's own rounding */
            cpu->layer_norm(y, x, w, b, n, 1e-5f, stats);
            for (int i = 0; i < n; i++)
                worst = fmax(worst,
                             fabs((double)y[i] -
                                  (((double)x[i] - mean) * scale * (double)w[i] + (double)b[i])) /
                                 (1 + offset) / slack);
            near(cpu, "mean", (double)stats[0], mean, 1e-6);
            near(cpu, "1/std", (double)stats[1], scale, 1e-4);
            cpu->rms_norm(y, x, w, n, 1e-5f, stats);
            for (int i = 0; i < n; i++)
                worst = fmax(worst, fabs((double)y[i] - (double)x[i] * rms * (double)w[i]));
            near(cpu, "1/rms", (double)stats[0], rms, 1e-6);
        }
    printf("%-10s norms %.1e of 1e-6\n", cpu->name, worst);
    assert_true(worst < 1e-6);
}

/* A half from its definition, and the nearest-even rounding to `bits` of mantissa by scaling. */
static double half_value(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    double x = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -x : x;
}

static double round_to(double x, int bits, int lowest, double top)
{
    int e;
    frexp(x, &e);
    e = e - bits < lowest ? lowest : e - bits;
    double y = ldexp(nearbyint(ldexp(x, -e)), e);
    return fabs(y) > top ? copysign(INFINITY, x) : y;
}

static void halves_of(const dio_cpu *cpu)
{
    static uint16_t h[65536], back[65536];
    static float f[65536];
    for (int i = 0; i < 65536; i++)
        h[i] = (uint16_t)i;
    const int types[] = {DIO_F16, DIO_BF16};
    for (int t = 0; t < 2; t++) {
        cpu->to_f32(f, h, types[t], 65536);
        cpu->from_f32(back, f, types[t], 65536);
        for (int i = 0; i < 65536; i++) {
            uint32_t bits;
            memcpy(&bits, &f[i], sizeof bits);
            bool nan = isnan(f[i]);
            if (types[t] == DIO_F16)
                assert_true(nan ? isnan(half_value(h[i])) : (double)f[i] == half_value(h[i]));
            else
                assert_true(bits == (uint32_t)i << 16);
            assert_true(nan ? (back[i] & 0x7fff) > 0x7c00 : back[i] == h[i]);
        }
        for (int n = 0; n < SHORT; n++) {
            float y[SHORT + 1];
            uint16_t b[SHORT + 1];
            y[n] = 12345.0f;
            b[n] = 777;
            cpu->to_f32(y, h + 15000, types[t], n);
            cpu->from_f32(b, f + 15000, types[t], n);
            assert_true(y[n] == 12345.0f && b[n] == 777);
            assert_true(!memcmp(y, f + 15000, (size_t)n * 4));
            assert_true(!memcmp(b, back + 15000, (size_t)n * 2));
        }
    }
    uint32_t seed = 20;
    for (int i = 0; i < 65536; i++) /* every exponent, and exact ties in one of four */
        f[i] = noise(&seed) * (float)exp2((double)(i % 280) - 150);
    for (int i = 0; i < 65536; i += 4)
        f[i] = (float)round_to((double)f[i], i & 4 ? 12 : 9, i & 4 ? -25 : -134, DBL_MAX);
    cpu->from_f32(h, f, DIO_F16, 65536);
    cpu->from_f32(back, f, DIO_BF16, 65536);
    for (int i = 0; i < 65536; i++) {
        assert_true(half_value(h[i]) == round_to((double)f[i], 11, -24, 65504));
        uint32_t bits = (uint32_t)back[i] << 16;
        float wide;
        memcpy(&wide, &bits, sizeof wide);
        assert_true((double)wide == round_to((double)f[i], 8, -133, (double)FLT_MAX));
    }
}

static void each(void (*f)(const dio_cpu *cpu))
{
    int seen = 0;
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512VNNI; isa++) {
        const dio_cpu *cpu = dio_cpu_table((dio_isa)isa);
        if (!cpu) {
            printf("this machine lacks instruction set %d: not tested\n", isa);
            continue;
        }
        assert_int_equal(cpu->isa, isa);
        f(cpu);
        seen++;
    }
    assert_true(seen > 0);
}

#define EACH(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each(name##_of);                                                                           \
    }
EACH(unary)
EACH(tails) EACH(glu) EACH(spans) EACH(rows) EACH(norms) EACH(halves) EACH(transpose)

    static void test_select(void **state)
{
    (void)state;
    dio_error err = {0};
    unsetenv("DIORAMA_CPU");
    const dio_cpu *best = dio_cpu_select(&err);
    assert_non_null(best);
    setenv("DIORAMA_CPU", "generic", 1);
    assert_string_equal(dio_cpu_select(&err)->name, "generic");
    setenv("DIORAMA_CPU", "avx1024", 1);
    assert_null(dio_cpu_select(&err));
    assert_string_equal(err.message, "DIORAMA_CPU: \"avx1024\" is not one of avx512vnni, avx512, "
                                     "avx2, generic");
    if (!dio_cpu_table(DIO_ISA_AVX512VNNI)) {
        dio_error_clear(&err);
        setenv("DIORAMA_CPU", "avx512vnni", 1);
        assert_null(dio_cpu_select(&err));
        assert_non_null(strstr(err.message, "this machine has no avx512vnni"));
    }
    unsetenv("DIORAMA_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),    cmocka_unit_test(test_unary),
        cmocka_unit_test(test_tails),     cmocka_unit_test(test_glu),
        cmocka_unit_test(test_spans),     cmocka_unit_test(test_rows),
        cmocka_unit_test(test_norms),     cmocka_unit_test(test_halves),
        cmocka_unit_test(test_transpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
