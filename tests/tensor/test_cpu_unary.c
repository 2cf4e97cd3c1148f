/* test_cpu_unary.c: functions of one number, their slopes and their gates, on every instruction set
 * of this machine, against double libm. Each line prints the worst error found beside the
 * tolerance. */
#include "tests/tensor/cpu_case.h"
#include "tests/worst.h"

#include <float.h>
#include <math.h>

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

static void tails_of(const dio_cpu *cpu)
{
    float x[LONG], z[LONG], w[LONG], y[LONG + 1], whole[LONG], whole2[LONG], y2[LONG + 1];
    fill(x, LONG, 1);
    fill(z, LONG, 2);
    fill(w, LONG, 3);
    x[5] = 200000.0f; /* takes the slow way of sin and cos, alone */
    for (int n = 0; n < SHORT; n++)
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
            worst = worse(worst, fabs((double)y[i] - f * (double)z[i]));
            worst = worse(worst, fabs((double)da[i] - (double)dy[i] * (double)z[i] * d));
            worst = worse(worst, fabs((double)db[i] - (double)dy[i] * f));
        }
    }
    printf("%-10s glu and slopes %.1e of 1e-6\n", cpu->name, worst);
    assert_true(worst < 1e-6);
}

EACH(unary)
EACH(tails)
EACH(glu)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_glu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
