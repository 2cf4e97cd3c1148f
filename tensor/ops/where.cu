/* where.cu: one of two numbers, by a mask; operands of any strides. */
#include "tensor/cuda/common.cuh"

static __global__ void choose_all(float *y, dio_view condition, dio_view a, dio_view b, int64_t n)
{
    DIO_EACH(i, n) {
        bool first = static_cast<const uint8_t *>(condition.data)[dio_at(condition, i)] != 0;
        y[i] = first ? static_cast<const float *>(a.data)[dio_at(a, i)]
                     : static_cast<const float *>(b.data)[dio_at(b, i)];
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, choose_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0), c->in[0],
                   c->in[1], c->in[2], n);
}

DIO_CUDA_KERNEL(where, NULL, run)
