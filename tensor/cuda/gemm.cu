/* gemm.cu: our own products. Tiles for many rows; for few, a thread for each chain of 64, so that
 * decoding reads the weights once at the speed of memory. Both add the same numbers in the same
 * order (gemm.cuh), and which one runs is a matter of speed only. */
#include "tensor/cuda/act.cuh"
#include "tensor/cuda/common.cuh"
#include "tensor/cuda/gemm.cuh"

enum { TILE_K = 16, FEW_ROWS = 8, ROWS_AT_ONCE = 4, PLAIN_SHARED = 48 * 1024 };

static __device__ void move_to_batch(dio_cuda_gemm &g, int64_t batch)
{
    int64_t b = 0;
    for (int i = g.batch_nd - 1; i >= 0; i--) {
        int64_t at = batch % g.batch_dim[i];
        batch /= g.batch_dim[i];
        g.a += at * g.a_step[i];
        b += at * g.b_step[i];
        g.c += at * g.c_step[i];
    }
    g.b = static_cast<const unsigned char *>(g.b) + b * (g.b_dtype == DIO_F32 ? 4 : 2);
}

static __device__ void finish(const dio_cuda_gemm &g, int64_t m, int64_t n, float sum)
{
    float *c = g.c + m * g.c_row + n;
    if (g.bias)
        sum += g.bias[n];
    if (g.accumulate)
        sum += *c;
    *c = dio_act_of(g.act, sum);
}

/* One BM x BN tile of C a block, TM x TN of it a thread: rows ty*4..+3 of every quarter or half,
 * so that a thread reads four neighbours at a time. */
template <int BM, int BN, int TM, int TN>
static __global__ void __launch_bounds__((BM / TM) * (BN / TN))
tile_kernel(dio_cuda_gemm g, int64_t first)
{
    constexpr int THREADS = (BM / TM) * (BN / TN), AS = BM * TILE_K / THREADS,
                  BS = BN * TILE_K / THREADS;
    constexpr int ROW_STEP = BM / (TM / 4), COL_STEP = BN / (TN / 4);
    __shared__ __align__(16) float as[TILE_K][BM + 4];
    __shared__ __align__(16) float bs[TILE_K][BN + 4];
    const int tid = threadIdx.x, tx = tid % (BN / TN), ty = tid / (BN / TN);
    const int64_t m0 = (int64_t)blockIdx.x * BM, n0 = (int64_t)blockIdx.y * BN;
    const bool a_along_k = g.a_col == 1, b_along_k = g.b_row == 1;
    if (g.batch_nd)
        move_to_batch(g, first + blockIdx.z);

    float total[TM][TN], part[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            total[i][j] = part[i][j] = 0.0f;

    for (int64_t k0 = 0; k0 < g.k; k0 += TILE_K) {
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
            int m = a_along_k ? e / TILE_K : e % BM, k = a_along_k ? e % TILE_K : e / BM;
            bool in = m0 + m < g.m && k0 + k < g.k;
            a_next[i] = in ? g.a[(m0 + m) * g.a_row + (k0 + k) * g.a_col] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < BS; i++) {
            int e = tid + i * THREADS;
            int n = b_along_k ? e / TILE_K : e % BN, k = b_along_k ? e % TILE_K : e / BN;
            bool in = n0 + n < g.n && k0 + k < g.k;
            b_next[i] =
                in ? dio_load(g.b, g.b_dtype, (n0 + n) * g.b_col + (k0 + k) * g.b_row) : 0.0f;
        }
        __syncthreads(); /* the tile before has been used by all */
#pragma unroll
        for (int i = 0; i < AS; i++) {
            int e = tid + i * THREADS;
            as[a_along_k ? e % TILE_K : e / BM][a_along_k ? e / TILE_K : e % BM] = a_next[i];
        }
#pragma unroll
        for (int i = 0; i < BS; i++) {
            int e = tid + i * THREADS;
            bs[b_along_k ? e % TILE_K : e / BN][b_along_k ? e / TILE_K : e % BN] = b_next[i];
        }
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TILE_K; k++) {
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
            if (m < g.m && n < g.n)
                finish(g, m, n, total[i][j] + part[i][j]);
        }
}

/* Four numbers from `at` on; `whole` says that all are there and lie on 16 (or 8) bytes. */
static __device__ inline void load4(const void *data, dio_dtype dtype, int64_t at, float out[4])
{
    if (dtype == DIO_F32) {
        float4 v = *reinterpret_cast<const float4 *>(static_cast<const float *>(data) + at);
        out[0] = v.x, out[1] = v.y, out[2] = v.z, out[3] = v.w;
        return;
    }
    uint2 v = *reinterpret_cast<const uint2 *>(static_cast<const uint16_t *>(data) + at);
    uint16_t h[4] = {(uint16_t)v.x, (uint16_t)(v.x >> 16), (uint16_t)v.y, (uint16_t)(v.y >> 16)};
#pragma unroll
    for (int i = 0; i < 4; i++)
        out[i] = dtype == DIO_BF16 ? dio_widen_bf16(h[i]) : dio_widen_f16(h[i]);
}

/* Few rows, B's columns contiguous along k (torch's Linear): the chains of `cols` neighbouring
 * columns are dealt to the block's threads; then one thread for each element adds them in order. */
template <int ROWS>
static __global__ void chains_along_k(dio_cuda_gemm g, int chains, int cols, bool whole)
{
    DIO_SHARED(float, part);
    const int64_t n0 = (int64_t)blockIdx.x * cols, m0 = (int64_t)blockIdx.y * ROWS;
    const float *a[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++)
        a[r] = g.a + (m0 + r < g.m ? m0 + r : g.m - 1) * g.a_row;
    for (int p = threadIdx.x; p < cols * chains; p += blockDim.x) {
        int64_t n = n0 + p / chains, k = (int64_t)(p % chains) * DIO_GEMM_CHAIN;
        int64_t end = k + DIO_GEMM_CHAIN < g.k ? k + DIO_GEMM_CHAIN : g.k;
        float sum[ROWS] = {};
        if (n < g.n && whole) {
            for (; k < end; k += 4) {
                float b[4], x[4];
                load4(g.b, g.b_dtype, n * g.b_col + k, b);
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    load4(a[r], DIO_F32, k, x);
                    for (int i = 0; i < 4; i++)
                        sum[r] = fmaf(x[i], b[i], sum[r]);
                }
            }
        } else if (n < g.n) {
            for (; k < end; k++) {
                float b = dio_load(g.b, g.b_dtype, n * g.b_col + k * g.b_row);
#pragma unroll
                for (int r = 0; r < ROWS; r++)
                    sum[r] = fmaf(a[r][k * g.a_col], b, sum[r]);
            }
        }
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            part[p * ROWS + r] = sum[r];
    }
    __syncthreads();
    for (int e = threadIdx.x; e < cols * ROWS; e += blockDim.x) {
        int col = e / ROWS, r = e % ROWS;
        float sum = 0.0f;
        for (int i = 0; i < chains; i++)
            sum += part[(col * chains + i) * ROWS + r];
        if (n0 + col < g.n && m0 + r < g.m)
            finish(g, m0 + r, n0 + col, sum);
    }
}

/* Few rows, B's rows contiguous along n (GPT-2's Conv1D): 32 neighbouring columns a warp, the
 * chains dealt to the block's warps. */
template <int ROWS> static __global__ void chains_along_n(dio_cuda_gemm g, int chains)
{
    DIO_SHARED(float, part);
    const int lane = threadIdx.x, warps = blockDim.y;
    const int64_t n = (int64_t)blockIdx.x * 32 + lane, m0 = (int64_t)blockIdx.y * ROWS;
    for (int chain = threadIdx.y; chain < chains; chain += warps) {
        int64_t k = (int64_t)chain * DIO_GEMM_CHAIN;
        int64_t end = k + DIO_GEMM_CHAIN < g.k ? k + DIO_GEMM_CHAIN : g.k;
        float sum[ROWS] = {};
        for (; k < end && n < g.n; k++) {
            float b = dio_load(g.b, g.b_dtype, n * g.b_col + k * g.b_row);
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                int64_t m = m0 + r < g.m ? m0 + r : g.m - 1;
                sum[r] = fmaf(g.a[m * g.a_row + k * g.a_col], b, sum[r]);
            }
        }
#pragma unroll
        for (int r = 0; r < ROWS; r++)
            part[(chain * ROWS + r) * 32 + lane] = sum[r];
    }
    __syncthreads();
    for (int r = threadIdx.y; r < ROWS; r += warps) {
        float sum = 0.0f;
        for (int i = 0; i < chains; i++)
            sum += part[(i * ROWS + r) * 32 + lane];
        if (n < g.n && m0 + r < g.m)
            finish(g, m0 + r, n, sum);
    }
}

int64_t dio_cuda_gemm_count(const dio_cuda_gemm *g)
{
    int64_t n = 1;
    for (int i = 0; i < g->batch_nd; i++)
        n *= g->batch_dim[i];
    return n;
}

template <int ROWS> static bool run_few(dio_cuda *d, const dio_cuda_gemm *g)
{
    int64_t chains = dio_ceil(g->k, DIO_GEMM_CHAIN);
    unsigned row_blocks = (unsigned)dio_ceil(g->m, ROWS);
    if (g->b_row == 1 && chains * ROWS * (int64_t)sizeof(float) <= PLAIN_SHARED) {
        int cols = chains >= DIO_BLOCK ? 1 : (int)(DIO_BLOCK / chains);
        size_t shared = (size_t)(chains * cols) * ROWS * sizeof(float);
        size_t b_align = g->b_dtype == DIO_F32 ? 16 : 8;
        bool whole = g->k % 4 == 0 && g->a_col == 1 && g->a_row % 4 == 0 && g->b_col % 4 == 0 &&
                     (uintptr_t)g->a % 16 == 0 && (uintptr_t)g->b % b_align == 0;
        dim3 grid((unsigned)dio_ceil(g->n, cols), row_blocks);
        DIO_LAUNCH(d, (chains_along_k<ROWS>), grid, DIO_BLOCK, shared, *g, (int)chains, cols, whole);
        return true;
    }
    if (g->b_col == 1 && chains * ROWS * 32 * (int64_t)sizeof(float) <= PLAIN_SHARED) {
        dim3 grid((unsigned)dio_ceil(g->n, 32), row_blocks), block(32, 8);
        size_t shared = (size_t)chains * ROWS * 32 * sizeof(float);
        DIO_LAUNCH(d, (chains_along_n<ROWS>), grid, block, shared, *g, (int)chains);
        return true;
    }
    return false;
}

template <int BM, int BN, int TM, int TN>
static void run_tiles(dio_cuda *d, const dio_cuda_gemm *g, int64_t count)
{
    for (int64_t first = 0; first < count; first += 65535) { /* a grid's room along z */
        unsigned products = (unsigned)(count - first < 65535 ? count - first : 65535);
        dim3 grid((unsigned)dio_ceil(g->m, BM), (unsigned)dio_ceil(g->n, BN), products);
        DIO_LAUNCH(d, (tile_kernel<BM, BN, TM, TN>), grid, (BM / TM) * (BN / TN), 0, *g, first);
    }
}

void dio_cuda_gemm_run(dio_cuda *d, const dio_cuda_gemm *g)
{
    int64_t count = dio_cuda_gemm_count(g);
    if (g->m == 0 || g->n == 0 || count == 0)
        return;
    if (d->blas && dio_cuda_blas_run(d, g))
        return;
    if (count == 1 && g->batch_nd == 0 && g->m <= FEW_ROWS)
        if (g->m == 1 ? run_few<1>(d, g) : run_few<ROWS_AT_ONCE>(d, g))
            return;
    int64_t big = dio_ceil(g->m, 128) * dio_ceil(g->n, 128) * count;
    if (big >= d->processors)
        run_tiles<128, 128, 8, 8>(d, g, count);
    else
        run_tiles<64, 64, 4, 4>(d, g, count);
}
