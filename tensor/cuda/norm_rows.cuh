#pragma once
/* norm_rows.cuh: layer_norm and rms_norm, forward and back: a block for each row, and weight
 * gradients by blocks of rows whose sums are added in order. */
#include "tensor/cuda/common.cuh"

struct dio_norm_forward {
    float *y, *stats; /* stats: mean and 1/std, or 1/rms alone; may be NULL */
    const float *x, *w, *b;
    int64_t rows, width;
    float eps;
};

template <bool CENTRED> static __global__ void dio_norm_forward_rows(dio_norm_forward n)
{
    for (int64_t r = blockIdx.x; r < n.rows; r += gridDim.x) {
        const float *x = n.x + r * n.width;
        float mean = 0.0f, squares = 0.0f;
        if (CENTRED) {
            for (int64_t i = threadIdx.x; i < n.width; i += blockDim.x)
                mean += x[i];
            mean = dio_block_sum(mean) / (float)n.width;
        }
        for (int64_t i = threadIdx.x; i < n.width; i += blockDim.x)
            squares = fmaf(x[i] - mean, x[i] - mean, squares);
        float scale = 1.0f / sqrtf(dio_block_sum(squares) / (float)n.width + n.eps);
        for (int64_t i = threadIdx.x; i < n.width; i += blockDim.x) {
            float hat = (x[i] - mean) * scale;
            n.y[r * n.width + i] = fmaf(hat, n.w ? n.w[i] : 1.0f, n.b ? n.b[i] : 0.0f);
        }
        if (n.stats && threadIdx.x == 0 && CENTRED)
            n.stats[2 * r] = mean;
        if (n.stats && threadIdx.x == 0)
            n.stats[CENTRED ? 2 * r + 1 : r] = scale;
    }
}

template <bool CENTRED> static void dio_norm_run(dio_cuda *d, const dio_norm_forward &n)
{
    if (n.rows && n.width)
        DIO_LAUNCH(d, dio_norm_forward_rows<CENTRED>, dio_row_blocks(n.rows),
                   dio_row_threads(n.width), 0, n);
}

struct dio_norm_backward {
    float *dx, *dw, *db; /* each may be NULL */
    float *part;         /* [blocks][2][width] */
    const float *dy, *x, *stats, *w;
    int64_t rows, width, block, blocks;
};

template <bool CENTRED>
static __device__ inline float dio_norm_hat(const dio_norm_backward &n, int64_t r, int64_t i)
{
    float mean = CENTRED ? n.stats[2 * r] : 0.0f, scale = n.stats[CENTRED ? 2 * r + 1 : r];
    return (n.x[r * n.width + i] - mean) * scale;
}

template <bool CENTRED> static __global__ void dio_norm_backward_rows(dio_norm_backward n)
{
    for (int64_t r = blockIdx.x; r < n.rows; r += gridDim.x) {
        const float *dy = n.dy + r * n.width;
        float slopes = 0.0f, along = 0.0f, scale = n.stats[CENTRED ? 2 * r + 1 : r];
        for (int64_t i = threadIdx.x; i < n.width; i += blockDim.x) {
            float slope = dy[i] * (n.w ? n.w[i] : 1.0f);
            slopes += slope;
            along = fmaf(slope, dio_norm_hat<CENTRED>(n, r, i), along);
        }
        slopes = CENTRED ? dio_block_sum(slopes) / (float)n.width : 0.0f;
        along = dio_block_sum(along) / (float)n.width;
        for (int64_t i = threadIdx.x; i < n.width; i += blockDim.x) {
            float slope = dy[i] * (n.w ? n.w[i] : 1.0f), hat = dio_norm_hat<CENTRED>(n, r, i);
            n.dx[r * n.width + i] = scale * (slope - slopes - hat * along);
        }
    }
}

/* 32 columns of one block of rows: thread (column, part) adds every 8th row. */
template <bool CENTRED> static __global__ void dio_norm_backward_weights(dio_norm_backward n)
{
    __shared__ float sums[2][8][32];
    int64_t i = (int64_t)blockIdx.x * 32 + threadIdx.x, first = blockIdx.y * n.block;
    int64_t end = first + n.block < n.rows ? first + n.block : n.rows;
    float dw = 0.0f, db = 0.0f;
    for (int64_t r = first + threadIdx.y; r < end && i < n.width; r += 8) {
        float dy = n.dy[r * n.width + i];
        dw = fmaf(dy, dio_norm_hat<CENTRED>(n, r, i), dw);
        db += dy;
    }
    sums[0][threadIdx.y][threadIdx.x] = dw;
    sums[1][threadIdx.y][threadIdx.x] = db;
    __syncthreads();
    if (threadIdx.y < 2 && i < n.width) {
        float sum = 0.0f;
        for (int k = 0; k < 8; k++)
            sum += sums[threadIdx.y][k][threadIdx.x];
        n.part[(blockIdx.y * 2 + threadIdx.y) * n.width + i] = sum;
    }
}

static __global__ void dio_norm_backward_add(dio_norm_backward n)
{
    DIO_EACH(i, 2 * n.width) {
        float *to = i < n.width ? n.dw : n.db, sum = 0.0f;
        for (int64_t b = 0; b < n.blocks; b++)
            sum += n.part[b * 2 * n.width + i];
        if (to)
            to[i % n.width] = sum;
    }
}

/* Rows of a block and how many blocks: the shape alone decides. */
static inline void dio_norm_cut(dio_norm_backward *n)
{
    n->block = dio_ceil(n->rows, 64) < 16 ? 16 : dio_ceil(n->rows, 64);
    n->blocks = dio_ceil(n->rows, n->block);
}

static inline size_t dio_norm_backward_work(const dio_view *x)
{
    dio_norm_backward n;
    n.rows = dio_rows(x);
    dio_norm_cut(&n);
    return (size_t)(n.blocks * 2 * dio_width(x)) * sizeof(float);
}

template <bool CENTRED> static void dio_norm_back(dio_cuda *d, dio_norm_backward n)
{
    dio_norm_cut(&n);
    if (n.width == 0)
        return;
    if (n.dx && n.rows)
        DIO_LAUNCH(d, dio_norm_backward_rows<CENTRED>, dio_row_blocks(n.rows),
                   dio_row_threads(n.width), 0, n);
    if (!n.dw && !n.db)
        return;
    dim3 grid((unsigned)dio_ceil(n.width, 32), (unsigned)n.blocks), block(32, 8);
    if (n.rows)
        DIO_LAUNCH(d, dio_norm_backward_weights<CENTRED>, grid, block, 0, n);
    DIO_LAUNCH(d, dio_norm_backward_add, dio_blocks(2 * n.width), DIO_BLOCK, 0, n);
}
