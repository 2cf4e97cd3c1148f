/* test_attention.cc: the CUDA module's attention, emulated: a query's bits are the same in any
 * chunk of queries and whether its keys lie in rows or in a cache. */
extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
}
#include <cuda_runtime.h>

#include <vector>

#include "tensor/cuda/attend.cuh"

typedef std::vector<float> floats;

static floats numbers(int64_t n, uint32_t seed)
{
    floats x((size_t)n);
    for (float &f : x) {
        seed = seed * 1664525u + 1013904223u;
        f = 3.0f * (float)(int32_t)seed / 2147483648.0f;
    }
    return x;
}

struct shape {
    int64_t batch, time, heads, key_heads, size;
    int window;
};

/* [B,S,Kv,D] as a cache would hold it: [B,Kv,cap/64,D,64] and [B,Kv,cap,D]. */
static floats cached(const shape &z, const floats &x, int64_t cap, bool keys)
{
    floats out((size_t)(z.batch * z.key_heads * cap * z.size));
    for (int64_t b = 0; b < z.batch; b++)
        for (int64_t s = 0; s < z.time; s++)
            for (int64_t h = 0; h < z.key_heads; h++)
                for (int64_t i = 0; i < z.size; i++) {
                    int64_t head = (b * z.key_heads + h) * cap * z.size;
                    int64_t to = keys ? head + (s / 64 * z.size + i) * 64 + s % 64
                                      : head + s * z.size + i;
                    out[(size_t)to] =
                        x[(size_t)(((b * z.time + s) * z.key_heads + h) * z.size + i)];
                }
    return out;
}

static dio_cuda_attend describe(const shape &z)
{
    dio_cuda_attend a;
    memset(&a, 0, sizeof a);
    a.attrs.causal = true;
    a.attrs.window = z.window;
    a.attrs = dio_attend_resolve(&a.attrs, z.size);
    a.batch = z.batch, a.heads = z.heads, a.key_heads = z.key_heads, a.size = z.size;
    a.time = a.keys = z.time;
    return a;
}

static void check(const shape &z)
{
    dio_cuda d;
    memset(&d, 0, sizeof d);
    int64_t cap = (z.time + 63) / 64 * 64, row = z.heads * z.size;
    floats q = numbers(z.batch * z.time * row, 1);
    floats k = numbers(z.batch * z.time * z.key_heads * z.size, 2);
    floats v = numbers(z.batch * z.time * z.key_heads * z.size, 3);
    floats whole(q.size()), k_tiles = cached(z, k, cap, true), v_rows = cached(z, v, cap, false);
    dio_cuda_attend a = describe(z);
    a.q = q.data(), a.k = k.data(), a.v = v.data(), a.out = whole.data();
    dio_cuda_attend_run(&d, &a);

    const int64_t chunks[] = {1, 7, 16, 64};
    for (int64_t chunk : chunks)
        for (int64_t t0 = 0; t0 < z.time; t0 += chunk) {
            int64_t n = z.time - t0 < chunk ? z.time - t0 : chunk;
            floats part((size_t)(z.batch * n * row)), out(part.size());
            std::vector<int32_t> start((size_t)z.batch, (int32_t)t0);
            for (int64_t b = 0; b < z.batch; b++)
                memcpy(&part[(size_t)(b * n * row)], &q[(size_t)((b * z.time + t0) * row)],
                       (size_t)(n * row) * sizeof(float));
            a = describe(z);
            a.time = n, a.keys = cap, a.cached = true, a.start = start.data();
            a.q = part.data(), a.k = k_tiles.data(), a.v = v_rows.data(), a.out = out.data();
            dio_cuda_attend_run(&d, &a);
            for (int64_t b = 0; b < z.batch; b++)
                if (memcmp(&out[(size_t)(b * n * row)],
                           &whole[(size_t)((b * z.time + t0) * row)],
                           (size_t)(n * row) * sizeof(float)) != 0)
                    fail_msg("size %lld, chunks of %lld: the bits differ from token %lld on",
                             (long long)z.size, (long long)chunk, (long long)t0);
        }
}

static void bits_do_not_depend_on_chunks_or_caches(void **)
{
    const shape shapes[] = {
        {2, 70, 2, 1, 8, 0}, {1, 140, 2, 2, 40, 0}, {1, 90, 3, 1, 100, 0},
        {1, 130, 2, 2, 16, 33}, {1, 20, 1, 1, 600, 0},
    };
    for (const shape &z : shapes)
        check(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_chunks_or_caches),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
