/* test_line.c: convolutions along a signal, plain and transposed, against plain sums in double, on
 * every instruction set of this machine; and the promise that the bits of a result depend neither
 * on the signal's length, nor on the batch, the threads, or zeros that stand where padding would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/cpu/conv.h"
#include "tensor/cpu/line.h"
#include "tests/worst.h"

/* Of 1 + sum |w x|: rounding of one chain. Measured: 2.2e-7. */
static const double tolerance = 9e-7;

/* Numbers of one convolution. Memory is exactly as long as the shape says. */
struct line {
    dio_conv_shape s;
    float *x, *y, *bias_x, *bias_y, *w;
    uint16_t *half;
};

static float *filled(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)(n + 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = 2 * dio_uniform(7, stream, (uint64_t)i) - 1;
    return x;
}

static int64_t x_count(const dio_conv_shape *s)
{
    return s->batch * s->groups * s->c * s->w;
}

static int64_t y_count(const dio_conv_shape *s)
{
    return s->batch * s->groups * s->o * s->ow;
}

static dio_conv_shape shape_of(int64_t batch, int64_t groups, int64_t c, int64_t o, int64_t w,
                               int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    dio_conv_shape s = {batch,  groups, c,      o, 1,   w, 1,        0,      1,
                        kernel, 1,      stride, 0, pad, 1, dilation, DIO_F32};
    s.ow = (w + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
    return s;
}

static struct line make(const dio_cpu *cpu, dio_conv_shape s, dio_dtype dtype)
{
    struct line l = {.s = s};
    const int64_t n = s.groups * s.o * s.c * s.kw;
    l.s.kernel = dtype;
    l.x = filled(x_count(&s), 1);
    l.y = filled(y_count(&s), 2);
    l.w = filled(n, 3);
    l.bias_x = filled(s.groups * s.c, 4);
    l.bias_y = filled(s.groups * s.o, 5);
    if (dtype != DIO_F32) {
        l.half = malloc((size_t)(n + 1) * sizeof *l.half);
        cpu->from_f32(l.half, l.w, (int)dtype, n);
        cpu->to_f32(l.w, l.half, (int)dtype, n);
    }
    return l;
}

static void drop(struct line *l)
{
    free(l->x);
    free(l->y);
    free(l->w);
    free(l->bias_x);
    free(l->bias_y);
    free(l->half);
}

/* What one result is, and 1 + the sum of its products' sizes. */
struct truth {
    double *sum, *size;
};

/* Every product, one after the other; `back`: x's from y. */
static struct truth truth_of(const struct line *l, bool back, bool bias)
{
    const dio_conv_shape *s = &l->s;
    const int64_t n = back ? x_count(s) : y_count(s), wide = back ? s->w : s->ow;
    const int64_t rows = s->groups * (back ? s->c : s->o);
    struct truth t = {malloc((size_t)(n + 1) * sizeof(double)),
                      malloc((size_t)(n + 1) * sizeof(double))};
    for (int64_t i = 0; i < n; i++) {
        t.sum[i] = bias ? (double)(back ? l->bias_x : l->bias_y)[i / wide % rows] : 0;
        t.size[i] = 1 + fabs(t.sum[i]);
    }
    for (int64_t row = 0; row < s->batch * s->groups * s->o; row++) /* of y */
        for (int64_t c = 0; c < s->c; c++)
            for (int64_t k = 0; k < s->kw; k++)
                for (int64_t q = 0; q < s->ow; q++) {
                    const int64_t from = row / s->o * s->c + c, at = q * s->sw - s->pw + k * s->dw;
                    if (at < 0 || at >= s->w)
                        continue;
                    const double w =
                        (double)l->w[(row % (s->groups * s->o) * s->c + c) * s->kw + k];
                    const double v =
                        back ? (double)l->y[row * s->ow + q] : (double)l->x[from * s->w + at];
                    const int64_t i = back ? from * s->w + at : row * s->ow + q;
                    t.sum[i] += w * v;
                    t.size[i] += fabs(w * v);
                }
    return t;
}

/* Malloc'ed, one guard past its end; in scratch that ends where it says. */
static float *run(const dio_cpu *cpu, const struct line *l, bool back, bool bias)
{
    enum { GUARD = 64 };
    const dio_conv_shape *s = &l->s;
    const int64_t n = back ? x_count(s) : y_count(s);
    const size_t bytes = dio_conv_work(cpu, s);
    float *out = malloc((size_t)(n + 1) * sizeof *out);
    unsigned char *work = aligned_alloc(64, (bytes + GUARD + 63) / 64 * 64);
    memset(work, 0xff, bytes); /* NaN, where it is read before it is written */
    memset(work + bytes, 0x5a, GUARD);
    memset(out, 0xff, (size_t)n * sizeof *out);
    out[n] = 12345;
    if (back)
        dio_cpu_conv_data(cpu, s, l->y, l->w, bias ? l->bias_x : NULL, out, work);
    else
        dio_cpu_conv(cpu, s, l->x, l->half ? (void *)l->half : l->w, bias ? l->bias_y : NULL, out,
                     work);
    assert_true(out[n] == 12345);
    for (int i = 0; i < GUARD; i++)
        assert_int_equal(work[bytes + (size_t)i], 0x5a);
    free(work);
    return out;
}

/* The largest error, of the products' sizes. */
static double compare(const dio_cpu *cpu, const struct line *l, bool back, bool bias)
{
    const dio_conv_shape *s = &l->s;
    const int64_t n = back ? x_count(s) : y_count(s);
    const struct truth t = truth_of(l, back, bias);
    float *out = run(cpu, l, back, bias);
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = worse(most, fabs((double)out[i] - t.sum[i]) / t.size[i]);
    if (!(most <= tolerance))
        fail_msg("%s %s: %d x %d channels in %d groups, %d places, kernel %d stride %d pad %d "
                 "dilation %d type %d: error %.2e of %.1e",
                 cpu->name, back ? "transposed" : "plain", (int)s->c, (int)s->o, (int)s->groups,
                 (int)s->w, (int)s->kw, (int)s->sw, (int)s->pw, (int)s->dw, (int)s->kernel, most,
                 tolerance);
    free(t.sum);
    free(t.size);
    free(out);
    return most;
}

static void each(void (*f)(const dio_cpu *cpu))
{
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512; isa++)
        if (dio_cpu_table((dio_isa)isa))
            f(dio_cpu_table((dio_isa)isa));
}

/* batch, groups, c, o, w, kernel, stride, pad, dilation */
static const int64_t shapes[][9] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1},      {1, 1, 3, 5, 40, 3, 1, 1, 1},
    {2, 1, 17, 29, 67, 7, 1, 3, 1},   {1, 1, 32, 1, 203, 7, 1, 3, 1},
    {1, 1, 80, 15, 33, 7, 1, 3, 1},   {1, 1, 32, 32, 151, 11, 1, 25, 5},
    {3, 1, 5, 13, 31, 3, 1, 12, 12},  {1, 1, 6, 16, 96, 5, 2, 2, 1},
    {2, 1, 7, 14, 95, 4, 3, 0, 2},    {1, 1, 4, 9, 50, 9, 3, 4, 3},
    {1, 1, 12, 24, 64, 16, 8, 4, 1},  {2, 1, 9, 20, 33, 4, 2, 1, 1},
    {1, 1, 3, 4, 20, 2, 5, 0, 1},     {1, 1, 3, 30, 21, 3, 2, 3, 2},
    {1, 1, 2, 3, 6, 3, 2, 3, 4},      {1, 1, 4, 6, 2, 7, 1, 3, 1},
    {1, 1, 4, 6, 3, 5, 1, 9, 1},      {1, 1, 2, 6, 3, 5, 4, 11, 3},
    {2, 3, 8, 10, 45, 5, 1, 2, 1},    {1, 4, 6, 7, 29, 6, 4, 1, 1},
    {1, 1, 300, 20, 70, 5, 1, 2, 1},  {1, 1, 900, 15, 37, 3, 1, 1, 1},
    {1, 1, 15, 850, 37, 4, 2, 1, 1},  {1, 1, 2, 3, 4500, 2, 1, 0, 1},
    {1, 1, 1, 2, 350, 150, 1, 75, 2},
};

static void sums_of(const dio_cpu *cpu)
{
    double worst = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < 3; t++) {
            const int64_t *d = shapes[i];
            static const dio_dtype types[] = {DIO_F32, DIO_BF16, DIO_F16};
            const dio_conv_shape s = shape_of(d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8]);
            struct line l = make(cpu, s, types[t]);
            assert_true(dio_line_serves(&s));
            worst = worse(worst, compare(cpu, &l, false, i % 3 != 0));
            if (types[t] == DIO_F32)
                worst = worse(worst, compare(cpu, &l, true, i % 2 != 0));
            drop(&l);
        }
    printf("%-8s %.1e of %.1e\n", cpu->name, worst, tolerance);
}

/* Kernels whose reach is out of proportion go another way, to the same sums. */
static void far_of(const dio_cpu *cpu)
{
    const dio_conv_shape s = shape_of(1, 1, 1, 1, 3, 2, 1, 1 << 20, 1 << 20);
    struct line l = make(cpu, s, DIO_F32);
    assert_false(dio_line_serves(&s));
    compare(cpu, &l, false, true);
    compare(cpu, &l, true, true);
    drop(&l);
}

static void same(const char *what, const dio_cpu *cpu, const float *a, const float *b,
                 int64_t count)
{
    if (count > 0 && memcmp(a, b, (size_t)count * sizeof *a) != 0)
        fail_msg("%s: %s: other bits", cpu->name, what);
}

/* The second picture of two alone, by one thread and by three. */
static void batches_of(const dio_cpu *cpu)
{
    const int threads = dio_gang_size();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t *d = shapes[i];
        dio_conv_shape s = shape_of(2, d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8]);
        struct line two = make(cpu, s, DIO_F32), one = two;
        one.s.batch = 1;
        one.x += x_count(&one.s);
        one.y += y_count(&one.s);
        for (int back = 0; back < 2; back++) {
            const int64_t n = back ? x_count(&one.s) : y_count(&one.s);
            dio_gang_resize(3);
            float *all = run(cpu, &two, back, true);
            dio_gang_resize(1);
            float *alone = run(cpu, &one, back, true);
            same("one of a batch", cpu, all + n, alone, n);
            free(all);
            free(alone);
        }
        drop(&two);
    }
    dio_gang_resize(threads);
}

/* A part of a signal, cut anywhere: where its ends are out of reach it has the whole's bits. */
static void part_of(const dio_cpu *cpu, const int64_t *d, bool back, int64_t cut)
{
    enum { WHOLE = 450, PART = 137 }; /* steps of the stride */
    const int64_t step = d[6], reach = (d[5] - 1) * d[8] / step + 1;
    struct line all =
        make(cpu, shape_of(1, 1, d[2], d[3], WHOLE * step, d[5], step, 0, d[8]), DIO_F32);
    struct line some =
        make(cpu, shape_of(1, 1, d[2], d[3], PART * step, d[5], step, 0, d[8]), DIO_F32);
    const int64_t from = back ? all.s.ow : all.s.w, to = back ? some.s.ow : some.s.w;
    for (int64_t c = 0; c < (back ? d[3] : d[2]); c++)
        memcpy((back ? some.y : some.x) + c * to,
               (back ? all.y : all.x) + c * from + (back ? cut : cut * step),
               (size_t)to * sizeof(float));
    float *a = run(cpu, &all, back, true), *b = run(cpu, &some, back, true);
    const int64_t wide = back ? all.s.w : all.s.ow, narrow = back ? some.s.w : some.s.ow;
    const int64_t lo = back ? reach * step : 0, last = back ? to * step : narrow;
    const int64_t hi = last < narrow ? last : narrow, shift = back ? cut * step : cut;
    for (int64_t o = 0; o < (back ? d[2] : d[3]); o++)
        same("a part", cpu, a + o * wide + lo + shift, b + o * narrow + lo, hi - lo);
    free(a);
    free(b);
    drop(&all);
    drop(&some);
}

static void parts_of(const dio_cpu *cpu)
{
    for (size_t i = 1; i < sizeof shapes / sizeof *shapes; i++)
        if (shapes[i][1] == 1 && shapes[i][5] * shapes[i][8] < 60)
            for (int back = 0; back < 2; back++) {
                part_of(cpu, shapes[i], back, 1);
                part_of(cpu, shapes[i], back, 300);
            }
}

/* Zeros written out against padding. */
static void zeros_of(const dio_cpu *cpu)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t *d = shapes[i], pad = d[7], wide = d[4] + 2 * pad;
        struct line padded =
            make(cpu, shape_of(d[0], d[1], d[2], d[3], d[4], d[5], d[6], pad, d[8]), DIO_F32);
        struct line plain =
            make(cpu, shape_of(d[0], d[1], d[2], d[3], wide, d[5], d[6], 0, d[8]), DIO_F32);
        memset(plain.x, 0, (size_t)x_count(&plain.s) * sizeof *plain.x);
        for (int64_t r = 0; r < d[0] * d[1] * d[2]; r++)
            memcpy(plain.x + r * wide + pad, padded.x + r * d[4], (size_t)d[4] * sizeof *plain.x);
        float *a = run(cpu, &padded, false, true), *b = run(cpu, &plain, false, true);
        same("zeros", cpu, a, b, y_count(&padded.s));
        free(a);
        free(b);
        drop(&padded);
        drop(&plain);
    }
}

#define EACH(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each(name##_of);                                                                           \
    }
EACH(sums)
EACH(far)
EACH(batches)
EACH(parts)
EACH(zeros)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),  cmocka_unit_test(test_far),   cmocka_unit_test(test_batches),
        cmocka_unit_test(test_parts), cmocka_unit_test(test_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
