#pragma once
/* gemm_impl.h: how operands are laid out for the register tile; between gemm.c and gemm_pack.c. */
#include "tensor/cpu/gemm.h"

/* Along k operands are laid out in lanes of 32 bits: an f32 each, or in the fast mode a pair of
 * bf16. Offsets and extents below count lanes. */
static inline bool dio_gemm_in_pairs(const dio_cpu *cpu, dio_dtype b)
{
    return cpu->pairs && b == DIO_BF16;
}

static inline int64_t dio_gemm_lanes(const dio_cpu *cpu, dio_dtype b, int64_t k)
{
    return dio_gemm_in_pairs(cpu, b) ? (k + 1) / 2 : k;
}

/* Columns j..j+nr of rows k0..k0+kc of B as [kc][nr], zero beyond n. */
void dio_gemm_pack_b(const dio_cpu *cpu, const dio_gemm *p, int64_t j, int64_t k0, int64_t kc,
                     float *out);
/* Rows i..i+rows (at most mr) of columns k0..k0+kc of A as [kc][mr]; lanes past rows are not
 * written. */
void dio_gemm_pack_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                     int64_t kc, float *out);
/* In pairs only: n lanes of row i of A from k0 on. */
void dio_gemm_round_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int64_t k0, int64_t n,
                      float *out);
