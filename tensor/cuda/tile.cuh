#pragma once
/* tile.cuh: a product of matrices by tiles, for whatever has rows, columns and a sum between.
 *
 * A product says its sizes and gives its operands element by element, so that a convolution is the
 * same kernel as a matrix product with other addresses. Every output is the sum, in rising order,
 * of chains of 64 fused multiply-adds (gemm.cuh).
 *
 *     struct product {
 *         int64_t m, n, k;
 *         __device__ bool a_along_k() const;   neighbours in memory: true along k, false along m
 *         __device__ bool b_along_k() const;   true along k, false along n
 *         __device__ void enter(int64_t batch);
 *         __device__ float a(int64_t m, int64_t k) const;      within m and k
 *         __device__ float b(int64_t k, int64_t n) const;
 *         __device__ void store(int64_t m, int64_t n, float sum) const;
 *     };
 */
#include "tensor/cuda/common.cuh"
#include "tensor/cuda/gemm.cuh"

enum { DIO_TILE_K = 16 };

/* One BM x BN tile a block, TM x TN of it a thread: four neighbouring rows and columns at a time,
 * from each half (or quarter) of the tile. */
template <int BM, int BN, int TM, int TN, typename Product>
static __global__ void __launch_bounds__((BM / TM) * (BN / TN))
dio_tile_kernel(Product p, int64_t first)
{
    constexpr int THREADS = (BM / TM) * (BN / TN), AS = BM * DIO_TILE_K / THREADS,
                  BS = BN * DIO_TILE_K / THREADS;
    constexpr int ROW_STEP = BM / (TM / 4), COL_STEP = BN / (TN / 4);
    __shared__ __align__(16) float as[DIO_TILE_K][BM + 4];
    __shared__ __align__(16) float bs[DIO_TILE_K][BN + 4];
    const int tid = threadIdx.x, tx = tid % (BN / TN), ty = tid / (BN / TN);
    const int64_t n0 = (int64_t)blockIdx.x * BN, m0 = (int64_t)blockIdx.y * BM;
    const bool a_along_k = p.a_along_k(), b_along_k = p.b_along_k();
    p.enter(first + blockIdx.z);

    float total[TM][TN], part[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            total[i][j] = part[i][j] = 0.0f;

    for (int64_t k0 = 0; k0 < p.k; k0 += DIO_TILE_K) {
        if (k0 > 0 && k0 % DIO_GEMM_CHAIN == 0) {
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) {
                    total[i][j] += part[i][j];
                    part[i][j] = 0.0f;
                }
        }
        float a_next[AS], b_next[BS];
#pragma unroll
        for (int i = 0; i < AS; i++) {
            int e = tid + i * THREADS;
            int64_t m = m0 + (a_along_k ? e / DIO_TILE_K : e % BM);
            int64_t k = k0 + (a_along_k ? e % DIO_TILE_K : e / BM);
            a_next[i] = m < p.m && k < p.k ? p.a(m, k) : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < BS; i++) {
            int e = tid + i * THREADS;
            int64_t n = n0 + (b_along_k ? e / DIO_TILE_K : e % BN);
            int64_t k = k0 + (b_along_k ? e % DIO_TILE_K : e / BN);
            b_next[i] = n < p.n && k < p.k ? p.b(k, n) : 0.0f;
        }
        __syncthreads(); /* the tile before has been used by all */
#pragma unroll
        for (int i = 0; i < AS; i++) {
            int e = tid + i * THREADS;
            as[a_along_k ? e % DIO_TILE_K : e / BM][a_along_k ? e / DIO_TILE_K : e % BM] =
                a_next[i];
        }
#pragma unroll
        for (int i = 0; i < BS; i++) {
            int e = tid + i * THREADS;
            bs[b_along_k ? e % DIO_TILE_K : e / BN][b_along_k ? e / DIO_TILE_K : e % BN] =
                b_next[i];
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < DIO_TILE_K; k++) {
            float a[TM], b[TN];
#pragma unroll
            for (int i = 0; i < TM; i++)
                a[i] = as[k][i / 4 * ROW_STEP + ty * 4 + i % 4];
#pragma unroll
            for (int j = 0; j < TN; j++)
                b[j] = bs[k][j / 4 * COL_STEP + tx * 4 + j % 4];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++)
                    part[i][j] = fmaf(a[i], b[j], part[i][j]);
        }
    }
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) {
            int64_t m = m0 + i / 4 * ROW_STEP + ty * 4 + i % 4;
            int64_t n = n0 + j / 4 * COL_STEP + tx * 4 + j % 4;
            if (m < p.m && n < p.n)
                p.store(m, n, total[i][j] + part[i][j]);
        }
}

template <int BM, int BN, int TM, int TN, typename Product>
static void dio_run_tiles(dio_cuda *d, const Product &p, int64_t count)
{
    for (int64_t first = 0; first < count; first += 65535) { /* a grid's room along z */
        unsigned products = (unsigned)(count - first < 65535 ? count - first : 65535);
        /* Columns along x, which has room for 2^31 blocks: they may be a film's pixels. */
        dim3 grid((unsigned)dio_ceil(p.n, BN), (unsigned)dio_ceil(p.m, BM), products);
        DIO_LAUNCH(d, (dio_tile_kernel<BM, BN, TM, TN, Product>), grid, (BM / TM) * (BN / TN), 0, p,
                   first);
    }
}

/* `count` independent products, by tiles of a size that keeps the GPU busy. */
template <typename Product> static void dio_run_product(dio_cuda *d, const Product &p, int64_t count)
{
    if (p.m == 0 || p.n == 0 || count == 0)
        return;
    if (dio_ceil(p.m, 128) * dio_ceil(p.n, 128) * count >= d->processors)
        dio_run_tiles<128, 128, 8, 8>(d, p, count);
    else
        dio_run_tiles<64, 64, 4, 4>(d, p, count);
}
