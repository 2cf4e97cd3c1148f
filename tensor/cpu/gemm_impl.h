#pragma once
/* gemm_impl.h: how operands are laid out for the register tile; between gemm.c and gemm_pack.c. */
#include "tensor/cpu/gemm.h"

/* Columns j..j+nr of rows k0..k0+kc of B as f32 [kc][nr], zero beyond n. */
void dio_gemm_pack_b(const dio_cpu *cpu, const dio_gemm *p, int64_t j, int64_t k0, int64_t kc,
                     float *out);
/* Rows i..i+rows (at most mr) of columns k0..k0+kc of A as [kc][mr]; lanes past rows are not
 * written. */
void dio_gemm_pack_a(const dio_cpu *cpu, const dio_gemm *p, int64_t i, int rows, int64_t k0,
                     int64_t kc, float *out);
