/* sum_squares.cu: the squared length of a tensor: fixed blocks, then one block adds their sums. */
#include "tensor/cuda/common.cuh"

enum { SPAN = 16384 }; /* elements that one block adds */

static __global__ void spans_of(float *part, const float *x, int64_t n, int64_t spans)
{
    for (int64_t s = blockIdx.x; s < spans; s += gridDim.x) {
        int64_t end = (s + 1) * SPAN < n ? (s + 1) * SPAN : n;
        float sum = 0.0f;
        for (int64_t i = s * SPAN + threadIdx.x; i < end; i += blockDim.x)
            sum = fmaf(x[i], x[i], sum);
        sum = dio_block_sum(sum);
        if (threadIdx.x == 0)
            part[s] = sum;
    }
}

static __global__ void add_up(float *y, const float *part, int64_t spans)
{
    float sum = 0.0f;
    for (int64_t i = threadIdx.x; i < spans; i += blockDim.x)
        sum += part[i];
    sum = dio_block_sum(sum);
    if (threadIdx.x == 0)
        *y = sum;
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    return (size_t)dio_ceil(dio_count(&c->in[0]), SPAN) * sizeof(float);
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->in[0]), spans = dio_ceil(n, SPAN);
    float *part = static_cast<float *>(c->work);
    if (spans)
        DIO_LAUNCH(d, spans_of, dio_row_blocks(spans), DIO_BLOCK, 0, part, dio_in<float>(c, 0), n,
                   spans);
    DIO_LAUNCH(d, add_up, 1, DIO_BLOCK, 0, dio_out<float>(c, 0), (const float *)part, spans);
}

DIO_CUDA_KERNEL(sum_squares, workspace, run)
