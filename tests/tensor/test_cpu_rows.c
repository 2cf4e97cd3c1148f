/* test_cpu_rows.c: spans of two operands, sums and norms of rows, transposition, on every
 * instruction set of this machine, against plain sums in double. */
#include "tests/tensor/cpu_case.h"
#include "tests/worst.h"

#include <math.h>

static void tails_of(const dio_cpu *cpu)
{
    float x[LONG], z[LONG], y[LONG + 1], whole[LONG];
    fill(x, LONG, 1);
    fill(z, LONG, 2);
    for (int n = 0; n < SHORT; n++) {
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

/* Kinds of sums that are held to double, each with the largest error that `near` has seen. */
enum kind { SUM, SQUARES, DOT, EXP_SUM, MEAN, STD, RMS, KINDS };

static const struct {
    const char *name;
    double tolerance;
} kinds[KINDS] = {
    {"sum", 3e-6},         /* measured 6.7e-7 */
    {"sum_squares", 4e-7}, /* 8.7e-8 */
    {"dot", 2e-6},         /* 4.4e-7 */
    {"exp_sum", 3e-7},     /* 5.7e-8 */
    {"mean", 4e-7},        /* 9.0e-8 */
    {"1/std", 3e-7},       /* 5.4e-8 */
    {"1/rms", 2e-7},       /* 4.3e-8 */
};

static void near(const dio_cpu *cpu, enum kind k, double got, double want, double *most)
{
    double e = fabs(got - want) / (1 + fabs(want));
    most[k] = worse(most[k], e);
    if (!(e <= kinds[k].tolerance))
        fail_msg("%s %s: %.9g, not %.9g (error %.1e of %.0e)", cpu->name, kinds[k].name, got, want,
                 e, kinds[k].tolerance);
}

static void print_most(const dio_cpu *cpu, const double *most, enum kind from, enum kind to)
{
    printf("%-10s", cpu->name);
    for (int k = from; k <= (int)to; k++)
        printf(" %s %.1e of %.0e%s", kinds[k].name, most[k], kinds[k].tolerance,
               k < (int)to ? "," : "\n");
}

static void rows_of(const dio_cpu *cpu)
{
    enum { N = 9001 };
    static float x[N], y[N], e[N];
    double most[KINDS] = {0};
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
        near(cpu, SUM, (double)cpu->sum(x, n), sum, most);
        near(cpu, SQUARES, (double)cpu->sum_squares(x, n), squares, most);
        near(cpu, DOT, (double)cpu->dot(x, y, n), dot, most);
        assert_true((double)cpu->max_of(x, n) == top);
        near(cpu, EXP_SUM, (double)cpu->exp_sum(e, x, n, 0.25f), exps, most);
    }
    print_most(cpu, most, SUM, EXP_SUM);
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
    double worst = 0, most[KINDS] = {0};
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
                worst = worse(worst,
                              fabs((double)y[i] -
                                   (((double)x[i] - mean) * scale * (double)w[i] + (double)b[i])) /
                                  (1 + offset) / slack);
            near(cpu, MEAN, (double)stats[0], mean, most);
            near(cpu, STD, (double)stats[1], scale, most);
            cpu->rms_norm(y, x, w, n, 1e-5f, stats);
            for (int i = 0; i < n; i++)
                worst = worse(worst, fabs((double)y[i] - (double)x[i] * rms * (double)w[i]));
            near(cpu, RMS, (double)stats[0], rms, most);
        }
    printf("%-10s norms %.1e of 1e-6\n", cpu->name, worst);
    print_most(cpu, most, MEAN, RMS);
    assert_true(worst < 1e-6); /* measured 2.6e-7 */
}

EACH(tails)
EACH(spans)
EACH(rows)
EACH(transpose)
EACH(norms)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tails),     cmocka_unit_test(test_spans), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_transpose), cmocka_unit_test(test_norms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
