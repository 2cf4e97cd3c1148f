#pragma once
/* cuda_bf16.h, emulated: only what the kernels use. */
#include "tensor/tensor.h"

struct __nv_bfloat16 {
    uint16_t bits;
};
static inline __nv_bfloat16 __float2bfloat16_rn(float f)
{
    return {dio_f32_to_bf16(f)};
}
static inline uint16_t __bfloat16_as_ushort(__nv_bfloat16 b)
{
    return b.bits;
}
