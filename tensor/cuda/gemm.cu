/* gemm.cu: our own products. Tiles for many rows; for few, a thread for each chain of 64, so that
 * decoding reads the weights once at the speed of memory. Both add the same numbers in the same
 * order (gemm.cuh), and which one runs is a matter of speed only. */
#include "tensor/cuda/act.cuh"
#include "tensor/cuda/common.cuh"
#include "tensor/cuda/gemm.cuh"
#include "tensor/cuda/tile.cuh"

enum { FEW_ROWS = 8, ROWS_AT_ONCE = 4, PLAIN_SHARED = 48 * 1024 };

/* Unrolled, so that the product stays in registers: an index not known to the compiler would put
 * all of it in memory. */
static __device__ void move_to_batch(dio_cuda_gemm &g, int64_t batch)
{
    int64_t b = 0;
#pragma unroll
    for (int i = DIO_GEMM_BATCH_DIMS - 1; i >= 0; i--)
        if (i < g.batch_nd) {
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

struct matrices : dio_cuda_gemm {
    __device__ bool a_along_k() const { return a_col == 1; }
    __device__ bool b_along_k() const { return b_row == 1; }
    __device__ void enter(int64_t batch)
    {
        if (batch_nd)
            move_to_batch(*this, batch);
    }
    __device__ float a(int64_t m_, int64_t k_) const
    {
        return dio_cuda_gemm::a[m_ * a_row + k_ * a_col];
    }
    __device__ float b(int64_t k_, int64_t n_) const
    {
        return dio_load(dio_cuda_gemm::b, b_dtype, n_ * b_col + k_ * b_row);
    }
    __device__ void store(int64_t m_, int64_t n_, float sum) const { finish(*this, m_, n_, sum); }
};

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

void dio_cuda_gemm_run(dio_cuda *d, const dio_cuda_gemm *g)
{
    int64_t count = dio_cuda_gemm_count(g);
    if (g->m == 0 || g->n == 0 || count == 0)
        return;
    if (d->blas && dio_cuda_blas_run(d, g))
        return;
    if (g->batch_nd == 0 && g->m <= FEW_ROWS && g->k > 0)
        if (g->m == 1 ? run_few<1>(d, g) : run_few<ROWS_AT_ONCE>(d, g))
            return;
    matrices p;
    static_cast<dio_cuda_gemm &>(p) = *g;
    dio_run_product(d, p, count);
}
