#pragma once
/* gemm.cuh: C[M,N] (+)= act(A[M,K] x B[K,N] + bias) in f32, the same bits however it is cut.
 *
 * Every element is the sum, in rising order, of chains of 64 fused multiply-adds, whatever kernel
 * computes it: so decode (one row, many columns at once, each chain in another thread) and prefill
 * (tiles) agree bit for bit. Strides are free; B may be bf16 or f16 and is widened exactly.
 */
#include "tensor/cuda/cuda.h"

enum { DIO_GEMM_CHAIN = 64, DIO_GEMM_BATCH_DIMS = 4 };

struct dio_cuda_gemm {
    int64_t m, n, k;
    const float *a;
    int64_t a_row, a_col; /* strides in elements */
    const void *b;
    dio_dtype b_dtype;    /* F32, BF16, F16 */
    int64_t b_row, b_col; /* row: along k; col: along n */
    float *c;
    int64_t c_row; /* columns are contiguous */
    bool accumulate;
    const float *bias; /* [n] or NULL */
    dio_act act;
    /* Independent products: dims and the step of each operand along them. */
    int batch_nd; /* 0: one product */
    int64_t batch_dim[DIO_GEMM_BATCH_DIMS];
    int64_t a_step[DIO_GEMM_BATCH_DIMS], b_step[DIO_GEMM_BATCH_DIMS];
    int64_t c_step[DIO_GEMM_BATCH_DIMS];
};

int64_t dio_cuda_gemm_count(const dio_cuda_gemm *g); /* of independent products */
void dio_cuda_gemm_run(dio_cuda *d, const dio_cuda_gemm *g);

/* blas.cu: false when cuBLASLt will not do this one; then nothing was queued. */
bool dio_cuda_blas_run(dio_cuda *d, const dio_cuda_gemm *g);
