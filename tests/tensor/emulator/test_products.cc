/* test_products.cc: the CUDA module's products, emulated: against sums in double, and bit for bit
 * against each other, whatever kernel the shape picks. */
extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
}
#include <cuda_runtime.h>

#include <vector>

#include "tensor/cuda/gemm.cuh"

static std::vector<float> numbers(int64_t n, uint32_t seed)
{
    std::vector<float> x((size_t)n);
    for (float &f : x) {
        seed = seed * 1664525u + 1013904223u;
        f = (float)(int32_t)seed / 2147483648.0f;
    }
    return x;
}

struct problem {
    int64_t m, n, k;
    bool a_turned, b_turned; /* stored [K,M]; stored [N,K] */
};

static dio_cuda_gemm describe(const problem &p, const std::vector<float> &a,
                              const std::vector<float> &b, std::vector<float> &c)
{
    dio_cuda_gemm g;
    memset(&g, 0, sizeof g);
    g.m = p.m, g.n = p.n, g.k = p.k;
    g.a = a.data(), g.a_row = p.a_turned ? 1 : p.k, g.a_col = p.a_turned ? p.m : 1;
    g.b = b.data(), g.b_row = p.b_turned ? 1 : p.n, g.b_col = p.b_turned ? p.k : 1;
    g.b_dtype = DIO_F32;
    g.c = c.data(), g.c_row = p.n;
    return g;
}

static std::vector<float> run(const problem &p, const std::vector<float> &a,
                              const std::vector<float> &b, int64_t rows)
{
    dio_cuda d;
    memset(&d, 0, sizeof d);
    d.processors = 4;
    std::vector<float> c((size_t)(p.m * p.n));
    for (int64_t m = 0; m < p.m; m += rows) { /* `rows` at a time */
        dio_cuda_gemm g = describe(p, a, b, c);
        g.a += m * g.a_row;
        g.c += m * g.c_row;
        g.m = p.m - m < rows ? p.m - m : rows;
        dio_cuda_gemm_run(&d, &g);
    }
    return c;
}

static void check(const problem &p)
{
    std::vector<float> a = numbers(p.m * p.k, 1), b = numbers(p.k * p.n, 2);
    std::vector<float> whole = run(p, a, b, p.m);
    std::vector<float> unused;
    dio_cuda_gemm g = describe(p, a, b, unused);
    for (int64_t m = 0; m < p.m; m++)
        for (int64_t n = 0; n < p.n; n++) {
            double sum = 0;
            for (int64_t k = 0; k < p.k; k++)
                sum += (double)a[(size_t)(m * g.a_row + k * g.a_col)] *
                       b[(size_t)(k * g.b_row + n * g.b_col)];
            /* 1.3e-6 measured at k = 700 */
            if (!(fabs(sum - whole[(size_t)(m * p.n + n)]) <= 5e-6))
                fail_msg("%lld x %lld x %lld at %lld,%lld: %g, not %g", (long long)p.m,
                         (long long)p.n, (long long)p.k, (long long)m, (long long)n,
                         whole[(size_t)(m * p.n + n)], sum);
        }
    const int64_t cuts[] = {1, 3, 8, 70};
    for (int64_t rows : cuts)
        if (memcmp(run(p, a, b, rows).data(), whole.data(), whole.size() * sizeof(float)) != 0)
            fail_msg("%lld x %lld x %lld: the bits change with %lld rows at a time",
                     (long long)p.m, (long long)p.n, (long long)p.k, (long long)rows);
}

static void products_are_right_and_do_not_depend_on_the_cut(void **)
{
    const problem problems[] = {
        {5, 7, 3, false, true},      {130, 40, 64, false, true},   {9, 140, 65, false, false},
        {300, 270, 33, false, true}, {12, 33, 700, false, false},  {12, 33, 700, false, true},
        {70, 20, 130, true, false},  {20, 70, 129, true, true},    {1, 1, 1, false, false},
    };
    for (const problem &p : problems)
        check(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right_and_do_not_depend_on_the_cut),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
