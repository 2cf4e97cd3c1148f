#pragma once
/* vec.h: the vectors in which the row kernels are written, for one instruction set at a time.
 *
 * DIO_VEC names the header with what the compiler's vector extensions cannot say: VN lanes of
 * float (vf), int32 (vi), half as many doubles (vd) and floats (vh), loads and stores whole or of
 * the first n lanes (the rest reads as zero), fused multiply-add, square root, halves. v_max and
 * v_min return the second operand when either is NaN, as x86 does. v_sum and v_top fold the upper
 * half of the lanes onto the lower until one is left, in that order. What all share is below.
 */
/* Accumulators are arrays in the source and registers in the code: only when loops unroll. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define ALWAYS static inline __attribute__((always_inline))

#include DIO_VEC

typedef uint32_t vu __attribute__((vector_size(sizeof(vf)))); /* where wrapping is meant */

static inline vf v_pick(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

static inline vf v_abs(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

/* The sign of s on the magnitude of x. */
static inline vf v_sign(vf x, vf s)
{
    return (vf)(((vi)x & 0x7fffffff) | ((vi)s & INT32_MIN));
}

/* Round to nearest even; NaN stays a quiet NaN. */
static inline void v_to_bf16(uint16_t *p, vf x)
{
    vu bits = (vu)x;
    vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    vu nan = (vu)(x != x);
    v_store_low16(p, (vi)((nan & ((bits >> 16) | 0x40)) | (~nan & rounded)));
}
