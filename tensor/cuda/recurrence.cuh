#pragma once
/* recurrence.cuh: what GRU and LSTM share. All inputs are projected by one product; then each step
 * is one product with the state before and one kernel of cells, so a sequence gives the same bits
 * in one or many chunks, alone or in a batch. */
#include "tensor/cuda/act.cuh"
#include "tensor/cuda/gemm.cuh"

/* c [rows,n] = a [rows,k] x w^T + bias, w [n,k]; rows of a and c at the given distances. */
static inline void dio_project(dio_cuda *d, int64_t rows, int64_t n, int64_t k, const float *a,
                               int64_t a_row, const float *w, const float *bias, float *c,
                               int64_t c_row)
{
    dio_cuda_gemm g;
    memset(&g, 0, sizeof g);
    g.m = rows, g.n = n, g.k = k;
    g.a = a, g.a_row = a_row, g.a_col = 1;
    g.b = w, g.b_dtype = DIO_F32, g.b_row = 1, g.b_col = k;
    g.c = c, g.c_row = c_row, g.bias = bias;
    dio_cuda_gemm_run(d, &g);
}

/* carry [batch,h] += sums [batch,width] x w, w [width,h]: a step's products, backwards. */
static inline void dio_project_back(dio_cuda *d, int64_t batch, int64_t h, int64_t width,
                                    const float *sums, int64_t sums_row, const float *w,
                                    float *carry)
{
    dio_cuda_gemm g;
    memset(&g, 0, sizeof g);
    g.m = batch, g.n = h, g.k = width;
    g.a = sums, g.a_row = sums_row, g.a_col = 1;
    g.b = w, g.b_dtype = DIO_F32, g.b_row = h, g.b_col = 1;
    g.c = carry, g.c_row = h, g.accumulate = true;
    dio_cuda_gemm_run(d, &g);
}

/* Where row b of the state before step t lies: in the history [B,T,H], or in first [B,H]. */
struct dio_before {
    const float *at;
    int64_t row;
};

static inline dio_before dio_state_before(const float *history, const float *first, int64_t t,
                                          int64_t steps, int64_t h)
{
    dio_before s = {t ? history + (t - 1) * h : first, t ? steps * h : h};
    return s;
}

/* A piece of the workspace: floats rounded up to 64 bytes. */
static inline size_t dio_piece(int64_t floats)
{
    return ((size_t)floats * sizeof(float) + 63) / 64 * 64;
}

static inline float *dio_take(unsigned char **work, int64_t floats)
{
    float *piece = reinterpret_cast<float *>(*work);
    *work += dio_piece(floats);
    return piece;
}

/* to = from, or zeros when there is none. */
static inline void dio_start_state(dio_cuda *d, float *to, const float *from, int64_t floats)
{
    size_t bytes = (size_t)floats * sizeof(float);
    if (bytes && from)
        cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, d->stream);
    else if (bytes)
        cudaMemsetAsync(to, 0, bytes, d->stream);
}
