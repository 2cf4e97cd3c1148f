#pragma once
/* gemm.h: C[M,N] (+)= A[M,K] x B[K,N] in f32, with the same bits however it is cut.
 *
 * Every element of C is one chain of fused multiply-adds over k in rising order, whatever M, the
 * threads or the packing: so one row gives the same bits alone (decode) and among 512 (prefill).
 * A and B come in any strides; transposition is a matter of packing. B may be bf16 or f16
 * (weights), widened exactly. A weight matrix can be packed once (dio_gemm_pack).
 *
 * In the fast mode (cpu->pairs) a product with B in bf16 rounds A to bf16 too, and the chain is
 * over pairs of k: all the rest holds as well, but these are other bits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu/cpu.h"

typedef struct dio_gemm {
    int64_t m, n, k;
    const void *a;
    dio_dtype a_dtype;    /* F32; BF16 and F16 where B is F32 and not packed */
    int64_t a_row, a_col; /* strides in elements */
    const void *b;        /* not read when packed is given */
    dio_dtype b_dtype;    /* F32, BF16, F16; packed keeps it */
    int64_t b_row, b_col; /* row: along k; col: along n */
    const void *packed;   /* from dio_gemm_pack, or NULL */
    float *c;
    int64_t c_row;         /* columns are contiguous */
    bool accumulate;       /* c += */
    const float *bias;     /* [n], added after the sum; or NULL */
    const float *row_bias; /* [m], likewise */
    dio_act act;           /* applied last */
} dio_gemm;

size_t dio_gemm_pack_bytes(const dio_cpu *cpu, int64_t n, int64_t k, dio_dtype dtype);
void dio_gemm_pack(const dio_cpu *cpu, int64_t n, int64_t k, const void *b, dio_dtype dtype,
                   int64_t b_row, int64_t b_col, void *out);

/* Scratch that one dio_gemm_run of this shape, or of fewer columns, needs, for the gang's size; the
 * same whether it is packed already or will be. */
size_t dio_gemm_work(const dio_cpu *cpu, const dio_gemm *p);
/* Runs `count` independent products over the whole gang (count 1: one product cut by tiles).
 * `work` has dio_gemm_work bytes of the largest. */
void dio_gemm_run(const dio_cpu *cpu, const dio_gemm *p, int count, void *work);
