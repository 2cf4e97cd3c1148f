#pragma once
/* turn.cuh: matrices turned over and retyped: the way to layouts that tensor cores want, and back.
 *
 * A picture with channels first, [C,HW], has them last when it is turned, and so has a kernel's
 * [O,C,k] as O matrices. Halves round to nearest even and are cut off at their largest number: an
 * f16 that overflowed would spoil the whole picture where a clipped one spoils nothing.
 */
#include "tensor/cuda/cuda.h"

struct dio_cuda_turn {
    int64_t count, rows, cols; /* to[count,cols,rows] = from[count,rows,cols] + bias[cols] */
    const void *from, *bias;   /* bias f32, or NULL */
    void *to;
    dio_dtype from_type, to_type; /* F32, BF16, F16 */
};

void dio_cuda_turn_run(dio_cuda *d, const dio_cuda_turn *t);
/* to[n] = from[n], of another type. */
void dio_cuda_retype(dio_cuda *d, const void *from, dio_dtype from_type, void *to,
                     dio_dtype to_type, int64_t n);
/* y[count,channels,places] += bias[channels]. */
void dio_cuda_add_bias(dio_cuda *d, float *y, const float *bias, int64_t count, int64_t channels,
                       int64_t places);
