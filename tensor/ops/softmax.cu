/* softmax.cu: a block for each row; softmax may work in place. */
#include "tensor/cuda/common.cuh"

template <bool LOGARITHM>
static __global__ void rows_of(float *y, const float *x, int64_t rows, int64_t width)
{
    for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
        const float *from = x + r * width;
        float *to = y + r * width, top = -INFINITY, sum = 0.0f;
        for (int64_t i = threadIdx.x; i < width; i += blockDim.x)
            top = fmaxf(top, from[i]);
        top = dio_block_max(top);
        for (int64_t i = threadIdx.x; i < width; i += blockDim.x)
            sum += expf(from[i] - top);
        sum = dio_block_sum(sum);
        float shift = LOGARITHM ? logf(sum) : 1.0f / sum;
        for (int64_t i = threadIdx.x; i < width; i += blockDim.x)
            to[i] = LOGARITHM ? from[i] - top - shift : expf(from[i] - top) * shift;
    }
}

template <bool LOGARITHM> static void run(dio_cuda *d, const dio_call *c)
{
    int64_t rows = dio_rows(&c->in[0]), width = dio_width(&c->in[0]);
    if (rows && width)
        DIO_LAUNCH(d, rows_of<LOGARITHM>, dio_row_blocks(rows), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), rows, width);
}

DIO_CUDA_KERNEL(softmax, NULL, run<false>)
DIO_CUDA_KERNEL(log_softmax, NULL, run<true>)
