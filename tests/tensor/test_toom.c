/* test_toom.c: convolutions along a signal by tiles, against plain sums in double, on every
 * instruction set of this machine; and the promise that the bits of a result depend neither on the
 * signal's length, nor on the batch, the threads, nor, where it was cut at tiles, on the cut.
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
#include "tensor/cpu/toom.h"
#include "tests/worst.h"

/* Of the root of the mean of the results' squares, the largest and the mean (as a root, too).
 * Measured: 1.6e-5 and 1.7e-6, both with 10 points. */
static const double most_allowed = 4e-5, mean_allowed = 5e-6;

struct signal {
    dio_conv_shape s;
    float *x, *w, *bias, *add;
    uint16_t *half;
};

static float *filled(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)(n + 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = 2 * dio_uniform(7, stream, (uint64_t)i) - 1;
    return x;
}

static int64_t y_count(const dio_conv_shape *s)
{
    return s->batch * s->o * s->ow;
}

/* batch, c, o, w, kernel, pad, dilation */
static dio_conv_shape shape_of(const int64_t d[7])
{
    dio_conv_shape s = {d[0], 1, d[1], d[2], 1,    d[3], 1,    0,       1,
                        d[4], 1, 1,    0,    d[5], 1,    d[6], DIO_F32, true};
    s.ow = d[3] + 2 * d[5] - (d[4] - 1) * d[6];
    return s;
}

static struct signal make(const dio_cpu *cpu, dio_conv_shape s, dio_dtype dtype)
{
    struct signal l = {.s = s};
    const int64_t n = s.o * s.c * s.kw;
    l.s.kernel = dtype;
    l.x = filled(s.batch * s.c * s.w, 1);
    l.w = filled(n, 3);
    l.bias = filled(s.o, 4);
    l.add = filled(y_count(&s), 5);
    l.half = malloc((size_t)(n + 1) * sizeof *l.half);
    if (dtype != DIO_F32) {
        cpu->from_f32(l.half, l.w, (int)dtype, n);
        cpu->to_f32(l.w, l.half, (int)dtype, n);
    }
    return l;
}

static void drop(struct signal *l)
{
    free(l->x);
    free(l->w);
    free(l->bias);
    free(l->add);
    free(l->half);
}

enum { PLAIN, FUSED };
static const float slope = 0.1f;

/* Malloc'ed, one guard past its end; in scratch that ends where it says. */
static float *run(const dio_cpu *cpu, const struct signal *l, int how)
{
    enum { GUARD = 64 };
    const int64_t n = y_count(&l->s);
    const size_t bytes = dio_conv_work(cpu, &l->s);
    float *out = malloc((size_t)(n + 1) * sizeof *out);
    unsigned char *work = aligned_alloc(64, (bytes + GUARD + 63) / 64 * 64);
    memset(work, 0xff, bytes); /* NaN, where it is read before it is written */
    memset(work + bytes, 0x5a, GUARD);
    memset(out, 0xff, (size_t)n * sizeof *out);
    out[n] = 12345;
    const dio_line line = {.s = &l->s,
                           .x = l->x,
                           .kernel = l->s.kernel == DIO_F32 ? (void *)l->w : l->half,
                           .bias = how == FUSED ? NULL : l->bias,
                           .leaky = how == FUSED,
                           .slope = slope,
                           .add = how == FUSED ? l->add : NULL,
                           .y = out};
    assert_true(dio_toom_serves(&l->s));
    dio_cpu_conv_line(cpu, &line, work);
    assert_true(out[n] == 12345);
    for (int i = 0; i < GUARD; i++)
        assert_int_equal(work[bytes + (size_t)i], 0x5a);
    free(work);
    return out;
}

static double truth_at(const struct signal *l, int how, int64_t row, int64_t q)
{
    const dio_conv_shape *s = &l->s;
    const int64_t i = row * s->ow + q, o = row % s->o;
    double sum = how == FUSED ? (double)l->add[i] : (double)l->bias[o];
    for (int64_t c = 0; c < s->c; c++)
        for (int64_t k = 0; k < s->kw; k++) {
            const int64_t at = q - s->pw + k * s->dw;
            if (at < 0 || at >= s->w)
                continue;
            const double v = (double)l->x[(row / s->o * s->c + c) * s->w + at];
            const double w = (double)l->w[(o * s->c + c) * s->kw + k];
            sum += w * (how == FUSED && v < 0 ? (double)slope * v : v);
        }
    return sum;
}

static void compare(const dio_cpu *cpu, const struct signal *l, int how, double worst[2])
{
    const dio_conv_shape *s = &l->s;
    const int64_t n = y_count(s);
    float *out = run(cpu, l, how);
    double most = 0, squares = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        const double truth = truth_at(l, how, i / s->ow, i % s->ow), e = (double)out[i] - truth;
        most = worse(most, fabs(e));
        squares += e * e;
        size += truth * truth;
    }
    size = sqrt(size / (double)n);
    most /= size;
    const double mean = sqrt(squares / (double)n) / size;
    if (!(most <= most_allowed && mean <= mean_allowed))
        fail_msg("%s: %d x %d channels, %d places, kernel %d pad %d dilation %d type %d: error "
                 "%.2e, mean %.2e",
                 cpu->name, (int)s->c, (int)s->o, (int)s->w, (int)s->kw, (int)s->pw, (int)s->dw,
                 (int)s->kernel, most, mean);
    worst[0] = worse(worst[0], most);
    worst[1] = worse(worst[1], mean);
    free(out);
}

static void each(void (*f)(const dio_cpu *cpu))
{
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512; isa++)
        if (dio_cpu_table((dio_isa)isa))
            f(dio_cpu_table((dio_isa)isa));
}

/* batch, c, o, w, kernel, pad, dilation */
static const int64_t shapes[][7] = {
    {1, 16, 16, 40, 3, 1, 1},    {2, 17, 29, 67, 7, 3, 1},    {1, 32, 32, 151, 11, 25, 5},
    {3, 16, 31, 131, 3, 12, 12}, {1, 64, 18, 700, 5, 2, 1},   {1, 40, 16, 333, 7, 9, 3},
    {2, 16, 60, 90, 11, 5, 1},   {1, 20, 16, 1, 3, 1, 1},     {1, 16, 16, 9, 11, 15, 3},
    {1, 33, 35, 57, 9, 0, 2},    {1, 16, 16, 300, 3, 64, 64}, {1, 24, 24, 260, 4, 6, 6},
    {1, 18, 16, 64, 2, 1, 2},    {1, 16, 17, 211, 6, 0, 7},   {1, 16, 16, 90, 32, 16, 1},
    {1, 300, 20, 70, 5, 2, 1},   {1, 260, 45, 130, 11, 5, 1}, {1, 16, 16, 1500, 3, 17, 17},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void sums_of(const dio_cpu *cpu)
{
    static const dio_dtype types[] = {DIO_F32, DIO_BF16, DIO_F16};
    double worst[2] = {0};
    for (int i = 0; i < SHAPES; i++) {
        struct signal l = make(cpu, shape_of(shapes[i]), types[i % 5 < 3 ? 0 : i % 3]);
        compare(cpu, &l, PLAIN, worst);
        compare(cpu, &l, FUSED, worst);
        drop(&l);
    }
    printf("%-8s %.1e of %.1e, mean %.1e of %.1e\n", cpu->name, worst[0], most_allowed, worst[1],
           mean_allowed);
}

static void same(const char *what, const dio_cpu *cpu, const float *a, const float *b,
                 int64_t count)
{
    if (count > 0 && memcmp(a, b, (size_t)count * sizeof *a) != 0)
        fail_msg("%s: %s: other bits", cpu->name, what);
}

/* The second signal of two alone, by one thread and by three. */
static void batches_of(const dio_cpu *cpu)
{
    const int threads = dio_gang_size();
    for (int i = 0; i < SHAPES; i++) {
        dio_conv_shape s = shape_of(shapes[i]);
        s.batch = 2;
        struct signal two = make(cpu, s, DIO_F32), one = two;
        one.s.batch = 1;
        one.x += s.c * s.w;
        dio_gang_resize(3);
        float *all = run(cpu, &two, PLAIN);
        dio_gang_resize(1);
        float *alone = run(cpu, &one, PLAIN);
        same("one of a batch", cpu, all + y_count(&one.s), alone, y_count(&one.s));
        free(all);
        free(alone);
        drop(&two);
    }
    dio_gang_resize(threads);
}

/* A part of a signal that begins at tile `cut`: what sees none of its ends has the whole's bits. */
static void part_of(const dio_cpu *cpu, const int64_t *d, int64_t cut)
{
    const dio_conv_tile tile = dio_conv_tile_of(d[1], d[2], d[4], d[6]);
    const int64_t reach = (d[4] - 1) * d[6], from = cut * tile.places;
    const int64_t wide = from + 2 * (reach + tile.before + tile.after) + 7 * tile.places + 33;
    const int64_t narrow = wide - from - 5;
    struct signal all = make(cpu, shape_of((int64_t[]){1, d[1], d[2], wide, d[4], 0, d[6]}), 0);
    struct signal some = make(cpu, shape_of((int64_t[]){1, d[1], d[2], narrow, d[4], 0, d[6]}), 0);
    for (int64_t c = 0; c < d[1]; c++)
        memcpy(some.x + c * narrow, all.x + c * wide + from, (size_t)narrow * sizeof(float));
    float *a = run(cpu, &all, PLAIN), *b = run(cpu, &some, PLAIN);
    const int64_t lo = tile.before, hi = some.s.ow - tile.after;
    assert_true(hi > lo);
    for (int64_t o = 0; o < d[2]; o++)
        same("a part", cpu, a + o * all.s.ow + from + lo, b + o * some.s.ow + lo, hi - lo);
    free(a);
    free(b);
    drop(&all);
    drop(&some);
}

static void parts_of(const dio_cpu *cpu)
{
    for (int i = 0; i < SHAPES; i++)
        for (int64_t cut = 1; cut < 12; cut += 5)
            part_of(cpu, shapes[i], cut);
}

/* What the tile says that it sees it does see, and nothing beyond: a number out of sight may be
 * anything. */
static void sight_of(const dio_cpu *cpu)
{
    for (int i = 0; i < SHAPES; i++) {
        const int64_t *d = shapes[i];
        const dio_conv_tile tile = dio_conv_tile_of(d[1], d[2], d[4], d[6]);
        const int64_t reach = (d[4] - 1) * d[6], wide = 3 * reach + 6 * tile.places + 40;
        struct signal l = make(cpu, shape_of((int64_t[]){1, d[1], d[2], wide, d[4], 0, d[6]}), 0);
        const int64_t at = wide / 2;
        float *a = run(cpu, &l, PLAIN);
        l.x[at] += 1e6f;
        float *b = run(cpu, &l, PLAIN);
        const int64_t first = at - reach - tile.after, last = at + tile.before;
        for (int64_t o = 0; o < d[2]; o++) {
            const float *x = a + o * l.s.ow, *y = b + o * l.s.ow;
            same("before", cpu, x, y, first);
            same("after", cpu, x + last + 1, y + last + 1, l.s.ow - last - 1);
        }
        free(a);
        free(b);
        drop(&l);
    }
}

#define EACH(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each(name##_of);                                                                           \
    }
EACH(sums)
EACH(batches)
EACH(parts)
EACH(sight)

/* What stays plain: few channels, strides, groups, kernels that nobody allowed it for. */
static void test_plain(void **state)
{
    (void)state;
    dio_conv_shape s = shape_of((int64_t[]){1, 16, 16, 40, 3, 1, 1});
    assert_true(dio_toom_serves(&s));
    s.tiles = false;
    assert_false(dio_toom_serves(&s));
    s = shape_of((int64_t[]){1, 15, 16, 40, 3, 1, 1});
    assert_false(dio_toom_serves(&s));
    s = shape_of((int64_t[]){1, 16, 16, 40, 1, 0, 1});
    assert_false(dio_toom_serves(&s));
    s = shape_of((int64_t[]){1, 16, 16, 400, 3, 65, 65});
    assert_false(dio_toom_serves(&s));
    s = shape_of((int64_t[]){1, 16, 16, 40, 3, 1, 1});
    s.sw = 2;
    assert_false(dio_toom_serves(&s));
    assert_int_equal(dio_conv_tile_of(8, 8, 3, 1).places, 1);
    assert_int_equal(dio_conv_tile_of(32, 32, 11, 5).places, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),  cmocka_unit_test(test_batches), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_sight), cmocka_unit_test(test_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
