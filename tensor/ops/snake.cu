/* snake.cu: x + sin^2(alpha x) / alpha, alpha for each channel; where alpha is 0, x. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

static __global__ void bend_all(float *y, const float *x, const float *alpha, int64_t channels,
                                int64_t inner, int64_t n)
{
    DIO_EACH(i, n) {
        float a = alpha[i / inner % channels], s = sinf(a * x[i]);
        y[i] = a != 0.0f ? x[i] + s * s / a : x[i];
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    dio_axis at = dio_axis_of(&c->in[0], 1);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, bend_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), at.size, at.inner, n);
}

DIO_CUDA_KERNEL(snake, NULL, run)
