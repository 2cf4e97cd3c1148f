/* prelu.cu: a rectifier whose slope below 0 is its channel's. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

static __global__ void bend_all(float *y, const float *x, const float *alpha, int64_t channels,
                                int64_t inner, int64_t n)
{
    DIO_EACH(i, n) y[i] = x[i] < 0.0f ? x[i] * alpha[i / inner % channels] : x[i];
}

static void run(dio_cuda *d, const dio_call *c)
{
    dio_axis at = dio_axis_of(&c->in[0], 1);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, bend_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), at.size, at.inner, n);
}

DIO_CUDA_KERNEL(prelu, NULL, run)
