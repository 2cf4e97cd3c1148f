/* adamw.cu: one AdamW step of a weight and its moments, in place; the formula is in adamw.c. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/adamw.h"

static __global__ void step_all(float *w, float *m, float *v, const float *grad,
                                const float *numbers, const float *clip, int64_t n,
                                dio_adamw_attrs a)
{
    float lr = numbers[DIO_ADAMW_LR], s = *clip;
    float rate = lr / numbers[DIO_ADAMW_C1], root = 1.0f / sqrtf(numbers[DIO_ADAMW_C2]);
    float b1 = (float)a.beta1, b2 = (float)a.beta2, keep = 1.0f - lr * (float)a.decay;
    DIO_EACH(i, n) {
        float g = s * grad[i];
        float mean = b1 * m[i] + (1.0f - b1) * g, square = b2 * v[i] + (1.0f - b2) * (g * g);
        m[i] = mean;
        v[i] = square;
        w[i] = keep * w[i] - rate * mean / (sqrtf(square) * root + (float)a.eps);
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->in[0]);
    if (n)
        DIO_LAUNCH(d, step_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_out<float>(c, 1), dio_out<float>(c, 2), dio_in<float>(c, 3),
                   dio_in<float>(c, 4), dio_in<float>(c, 5), n, *dio_attrs<dio_adamw_attrs>(c));
}

DIO_CUDA_KERNEL(adamw, NULL, run)
