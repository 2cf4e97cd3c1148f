/* test_gemm.c: products of every layout, element type and awkward size against a triple loop in
 * double, on every instruction set of this machine and in the fast mode; and the promise that bits
 * do not depend on how a product is cut: one row alone or among 37, one thread or two, packed or
 * not, k in one block or many, one product or a batch. */
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
#include "tensor/cpu/gemm.h"
#include "tests/worst.h"

/* Of 1 + sum |a b|: rounding of a chain of k. Measured: 2.9e-7. */
static const double tolerance = 1.2e-6;

/* The fast mode is held to the same, against the product of the rounded numbers; and against that
 * of A as it is: 8 bits are kept, so a factor is off by 1/512 at most (measured: 1.8e-3). */
static const double tolerance_rounding = 1.0 / 512;

/* A product with everything it owns. Memory is exactly as long as its strides need. */
struct product {
    dio_gemm g;
    float *a, *b32, *c, *bias;
    uint16_t *b16;
    void *packed, *work;
};

struct shape {
    int64_t m, n, k;
    bool ta, tb; /* stored transposed */
    dio_dtype dtype;
    bool pack, accumulate, bias;
    dio_act act;
    int gap; /* elements between rows of all matrices */
};

static float noise(uint64_t stream, int64_t i)
{
    return 2 * dio_uniform(5, stream, (uint64_t)i) - 1;
}

static float *filled(int64_t n, uint64_t stream)
{
    float *x = malloc((size_t)(n + 1) * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = noise(stream, i);
    return x;
}

static struct product make(const dio_cpu *cpu, const struct shape *s)
{
    struct product p = {0};
    dio_gemm *g = &p.g;
    *g = (dio_gemm){.m = s->m,
                    .n = s->n,
                    .k = s->k,
                    .b_dtype = s->dtype,
                    .accumulate = s->accumulate,
                    .act = s->act};
    int64_t lda = (s->ta ? s->m : s->k) + s->gap, ldb = (s->tb ? s->k : s->n) + s->gap;
    g->a_row = s->ta ? 1 : lda;
    g->a_col = s->ta ? lda : 1;
    g->b_row = s->tb ? 1 : ldb;
    g->b_col = s->tb ? ldb : 1;
    g->c_row = s->n + s->gap;
    int64_t b_count = (s->tb ? s->n : s->k) * ldb;
    g->a = p.a = filled((s->ta ? s->k : s->m) * lda, 1);
    g->b = p.b32 = filled(b_count, 2);
    g->c = p.c = filled(s->m * g->c_row, 3);
    if (s->bias)
        g->bias = p.bias = filled(s->n, 4);
    if (s->dtype != DIO_F32) {
        g->b = p.b16 = malloc((size_t)(b_count + 1) * 2);
        cpu->from_f32(p.b16, p.b32, s->dtype, b_count);
        cpu->to_f32(p.b32, p.b16, s->dtype, b_count);
    }
    if (s->pack) {
        p.packed = malloc(dio_gemm_pack_bytes(cpu, s->n, s->k, s->dtype) + 64);
        dio_gemm_pack(cpu, s->n, s->k, g->b, s->dtype, g->b_row, g->b_col, p.packed);
        g->packed = p.packed;
        g->b = NULL;
    }
    p.work = malloc(dio_gemm_work(cpu, g));
    return p;
}

static void drop(struct product *p)
{
    free(p->a);
    free(p->b32);
    free(p->b16);
    free(p->c);
    free(p->bias);
    free(p->packed);
    free(p->work);
}

static double activated(double x, dio_act act)
{
    double cdf = 0.5 * erfc(-x * M_SQRT1_2);
    return act == DIO_ACT_GELU   ? x * cdf
           : act == DIO_ACT_SILU ? x / (1 + exp(-x))
           : act == DIO_ACT_RELU ? fmax(x, 0)
                                 : x;
}

static bool in_pairs(const dio_cpu *cpu, const struct shape *s)
{
    return cpu->pairs && s->dtype == DIO_BF16;
}

/* A as the product reads it. Caller frees. */
static float *a_read(const dio_cpu *cpu, const struct shape *s, const struct product *p)
{
    const int64_t n = (s->ta ? s->k : s->m) * ((s->ta ? s->m : s->k) + s->gap);
    float *a = malloc((size_t)(n + 1) * sizeof *a);
    uint16_t *half = malloc((size_t)(n + 1) * sizeof *half);
    memcpy(a, p->a, (size_t)n * sizeof *a);
    if (in_pairs(cpu, s)) {
        cpu->from_f32(half, a, DIO_BF16, n);
        cpu->to_f32(a, half, DIO_BF16, n);
    }
    free(half);
    return a;
}

/* Largest, of 1 + sum |a b|: against the product of what is read, and of A as it is. */
struct errors {
    double sum, rounding;
};

static struct errors run_and_compare(const dio_cpu *cpu, const struct shape *s)
{
    struct product p = make(cpu, s);
    const dio_gemm *g = &p.g;
    int64_t count = s->m * g->c_row;
    struct errors e = {0, 0};
    float *a = a_read(cpu, s, &p);
    float *old = malloc((size_t)(count + 1) * sizeof *old);
    memcpy(old, p.c, (size_t)count * sizeof *old);
    dio_gemm_run(cpu, g, 1, p.work);
    for (int64_t i = 0; i < s->m; i++) {
        for (int64_t j = 0; j < s->n; j++) {
            double sum = s->accumulate ? (double)old[i * g->c_row + j] : 0, size = 1;
            double exact = sum;
            for (int64_t k = 0; k < s->k; k++) {
                const int64_t at = i * g->a_row + k * g->a_col;
                const double b = (double)p.b32[k * g->b_row + j * g->b_col];
                sum += (double)a[at] * b;
                size += fabs((double)a[at] * b);
                exact += (double)p.a[at] * b;
            }
            const double bias = s->bias ? (double)p.bias[j] : 0, c = (double)p.c[i * g->c_row + j];
            e.sum = worse(e.sum, fabs(c - activated(sum + bias, s->act)) / size);
            e.rounding = worse(e.rounding, fabs(c - activated(exact + bias, s->act)) / size);
        }
        for (int64_t j = s->n; j < g->c_row; j++) /* the gap between rows is not ours */
            assert_true(p.c[i * g->c_row + j] == old[i * g->c_row + j]);
    }
    if (!(e.sum <= tolerance) || !(e.rounding <= tolerance_rounding))
        fail_msg("%s: %dx%dx%d ta %d tb %d type %d packed %d: error %.2e of %.1e", cpu->name,
                 (int)s->m, (int)s->n, (int)s->k, s->ta, s->tb, s->dtype, s->pack, e.sum,
                 tolerance);
    free(a);
    free(old);
    drop(&p);
    return e;
}

static void each(void (*f)(const dio_cpu *cpu))
{
    for (int isa = DIO_ISA_GENERIC; isa <= DIO_ISA_AVX512; isa++)
        if (dio_cpu_table((dio_isa)isa))
            f(dio_cpu_table((dio_isa)isa));
    const dio_cpu *widest = dio_cpu_table(DIO_ISA_AVX512);
    if (!widest || !dio_cpu_pairs(widest)) {
        printf("no avx512_bf16 here: the fast mode is not tested\n");
        return;
    }
    dio_cpu fast = *widest;
    fast.name = "fast";
    fast.pairs = dio_cpu_pairs(widest);
    f(&fast);
}

static const dio_dtype types[] = {DIO_F32, DIO_BF16, DIO_F16};

static void sizes_of(const dio_cpu *cpu)
{
    static const int64_t size[][3] = {
        {1, 1, 1},    {1, 33, 7},   {2, 64, 5},    {3, 31, 100}, {4, 100, 64},  {5, 16, 3},
        {7, 8, 9},    {8, 70, 300}, {13, 95, 17},  {14, 32, 1},  {15, 65, 33},  {37, 129, 70},
        {61, 6, 520}, {1, 520, 40}, {340, 40, 10}, {3, 2100, 4}, {29, 5, 1000}, {1, 1, 600},
    };
    struct errors worst = {0, 0};
    for (size_t z = 0; z < sizeof size / sizeof *size; z++)
        for (int bits = 0; bits < 32; bits++)
            for (int t = 0; t < 3; t++) {
                struct shape s = {size[z][0], size[z][1], size[z][2]};
                s.ta = bits & 1;
                s.tb = bits & 2;
                s.pack = bits & 4;
                s.accumulate = bits & 8;
                s.bias = bits & 16;
                s.gap = bits % 3;
                s.dtype = types[t];
                s.act = bits % 5 == 0   ? DIO_ACT_GELU
                        : bits % 5 == 1 ? DIO_ACT_SILU
                        : bits % 5 == 2 ? DIO_ACT_RELU
                                        : DIO_ACT_NONE;
                struct errors e = run_and_compare(cpu, &s);
                worst.sum = worse(worst.sum, e.sum);
                worst.rounding = worse(worst.rounding, e.rounding);
            }
    printf("%-8s %.1e of %.1e", cpu->name, worst.sum, tolerance);
    if (cpu->pairs)
        printf(", and by rounding %.1e of %.1e", worst.rounding, tolerance_rounding);
    printf("\n");
}

static void nothing_of(const dio_cpu *cpu)
{
    for (int zero = 0; zero < 3; zero++)
        for (int pack = 0; pack < 2; pack++) {
            struct shape s = {zero == 0 ? 0 : 5, zero == 1 ? 0 : 40, zero == 2 ? 0 : 6};
            s.pack = pack;
            s.bias = true;
            run_and_compare(cpu, &s);
            s.accumulate = true;
            run_and_compare(cpu, &s);
        }
}

static void same_rows(const char *what, const dio_cpu *cpu, const struct product *x, int64_t row_x,
                      const struct product *y, int64_t row_y, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++)
        if (memcmp(x->c + (row_x + i) * x->g.c_row, y->c + (row_y + i) * y->g.c_row,
                   (size_t)x->g.n * sizeof(float)) != 0)
            fail_msg("%s, %s: row %d has other bits", cpu->name, what, (int)i);
}

/* The rows of one product, computed some at a time, packed or not, by one thread or two. */
static void cuts_of(const dio_cpu *cpu)
{
    const int64_t rows[] = {1, 2, 3, 4, 5, 8, 9, 13, 37};
    const int threads = dio_gang_size();
    for (int t = 0; t < 3; t++)
        for (int tb = 0; tb < 2; tb++) {
            struct shape s = {37,    203,   700,  false,        tb, types[t],
                              false, false, true, DIO_ACT_GELU, 1};
            struct product whole = make(cpu, &s);
            dio_gemm_run(cpu, &whole.g, 1, whole.work);
            for (int kind = 0; kind < 4; kind++)
                for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
                    dio_gang_resize(kind & 1 ? 1 : 2);
                    s.m = 37;
                    s.pack = kind & 2;
                    struct product part = make(cpu, &s);
                    for (int64_t i = 0; i < 37; i += rows[r]) {
                        dio_gemm g = part.g;
                        g.m = 37 - i < rows[r] ? 37 - i : rows[r];
                        g.a = (const float *)g.a + i * g.a_row;
                        g.c += i * g.c_row;
                        void *work = malloc(dio_gemm_work(cpu, &g));
                        dio_gemm_run(cpu, &g, 1, work);
                        free(work);
                    }
                    same_rows("rows cut", cpu, &whole, 0, &part, 0, 37);
                    drop(&part);
                }
            drop(&whole);
        }
    dio_gang_resize(threads);
}

/* A plan asks for scratch before it packs its weights: it must do for what runs then. */
static void room_of(const dio_cpu *cpu)
{
    static const int64_t rows[] = {1, 5, 9, 64, 154, 300, 512, 513}, sides[] = {1, 40, 160, 3000};
    const int threads = dio_gang_size();
    for (int n = 1; n <= 3; n++) {
        dio_gang_resize(n);
        for (size_t i = 0; i < 8 * 4 * 4 * 3; i++) {
            dio_gemm g = {.m = rows[i % 8],
                          .n = sides[i / 8 % 4],
                          .k = sides[i / 32 % 4],
                          .b_dtype = types[i / 128]};
            const size_t before = dio_gemm_work(cpu, &g);
            g.packed = &g; /* only that it is packed counts */
            if (dio_gemm_work(cpu, &g) != before)
                fail_msg("%s: %d x %d x %d of type %d, %d threads: %zu bytes, and packed %zu",
                         cpu->name, (int)g.m, (int)g.n, (int)g.k, (int)g.b_dtype, n, before,
                         dio_gemm_work(cpu, &g));
        }
    }
    dio_gang_resize(threads);
    /* run as a plan does, with memory that ends where it says */
    dio_gang_resize(1);
    struct shape s = {154, 40, 40, false, true, DIO_F16, true};
    struct product p = make(cpu, &s);
    dio_gemm unpacked = p.g;
    unpacked.packed = NULL;
    const size_t bytes = dio_gemm_work(cpu, &unpacked);
    unsigned char *work = malloc(bytes + 4096);
    memset(work + bytes, 0x5a, 4096);
    dio_gemm_run(cpu, &p.g, 1, work);
    for (size_t i = 0; i < 4096; i++)
        assert_int_equal(work[bytes + i], 0x5a);
    free(work);
    drop(&p);
    dio_gang_resize(threads);
}

/* Columns of C taken apart, and products run as a batch. */
static void batches_of(const dio_cpu *cpu)
{
    enum { COUNT = 9 };
    struct shape s = {19, 75, 530, true, true, DIO_F32, false, true, false, DIO_ACT_NONE, 2};
    struct product each_own[COUNT], batch[COUNT];
    dio_gemm list[COUNT];
    size_t most = 0;
    for (int i = 0; i < COUNT; i++) {
        s.m = 3 + 7 * i;
        s.n = 75 - 5 * i;
        each_own[i] = make(cpu, &s);
        batch[i] = make(cpu, &s);
        list[i] = batch[i].g;
        size_t bytes = dio_gemm_work(cpu, &list[i]);
        most = most < bytes ? bytes : most;
        dio_gemm_run(cpu, &each_own[i].g, 1, each_own[i].work);
    }
    void *work = malloc(most);
    dio_gemm_run(cpu, list, COUNT, work);
    for (int i = 0; i < COUNT; i++) {
        same_rows("a batch", cpu, &each_own[i], 0, &batch[i], 0, batch[i].g.m);
        drop(&each_own[i]);
        drop(&batch[i]);
    }
    free(work);
}

#define EACH(name)                                                                                 \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each(name##_of);                                                                           \
    }
EACH(sizes)
EACH(nothing)
EACH(cuts)
EACH(room)
EACH(batches)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes), cmocka_unit_test(test_nothing), cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_room),  cmocka_unit_test(test_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
