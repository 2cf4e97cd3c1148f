/* ema.cu: the moving average of a weight, in place. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in ema.c */
    float decay;
};

static __global__ void blend_all(float *average, const float *w, int64_t n, float decay)
{
    DIO_EACH(i, n)
        average[i] = decay * average[i] + (1.0f - decay) * w[i];
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->in[0]);
    if (n)
        DIO_LAUNCH(d, blend_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 1), n, dio_attrs<attrs>(c)->decay);
}

DIO_CUDA_KERNEL(ema, NULL, run)
