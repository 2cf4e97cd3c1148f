/* sum.cu: sums and means over any axes. Where neighbours in memory are added, a block works on one
 * output; where they are different outputs, 32 of them side by side. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in sum.c */
    unsigned axes;
    bool keep;
    bool mean;
};

enum { SIDE = 32 };

static __global__ void by_block(float *y, const float *x, dio_view kept, dio_view summed,
                                int64_t outputs, int64_t n, float scale)
{
    for (int64_t o = blockIdx.x; o < outputs; o += gridDim.x) {
        const float *from = x + dio_at(kept, o);
        float s = 0.0f;
        for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
            s += from[dio_at(summed, i)];
        s = dio_block_sum(s);
        if (threadIdx.x == 0)
            y[o] = s * scale;
    }
}

/* Thread (column, part) adds every 32nd element of its output; the parts are added in order. */
static __global__ void side_by_side(float *y, const float *x, dio_view kept, dio_view summed,
                                    int64_t outputs, int64_t n, float scale)
{
    __shared__ float part[SIDE][SIDE + 1];
    for (int64_t first = (int64_t)blockIdx.x * SIDE; first < outputs;
         first += (int64_t)gridDim.x * SIDE) {
        int64_t o = first + threadIdx.x;
        float s = 0.0f;
        if (o < outputs) {
            const float *from = x + dio_at(kept, o);
            for (int64_t i = threadIdx.y; i < n; i += SIDE)
                s += from[dio_at(summed, i)];
        }
        part[threadIdx.y][threadIdx.x] = s;
        __syncthreads();
        if (threadIdx.y == 0 && o < outputs) {
            for (int i = 1; i < SIDE; i++)
                s += part[i][threadIdx.x];
            y[o] = s * scale;
        }
        __syncthreads();
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    dio_view kept = c->in[0], summed = c->in[0];
    kept.nd = summed.nd = 0;
    for (int i = 0; i < c->in[0].nd; i++) {
        dio_view *v = a->axes >> i & 1 ? &summed : &kept;
        v->dim[v->nd] = c->in[0].dim[i];
        v->stride[v->nd++] = c->in[0].stride[i];
    }
    int64_t outputs = dio_count(&kept), n = dio_count(&summed);
    float scale = a->mean ? 1.0f / (float)n : 1.0f;
    bool inner = summed.nd && (kept.nd == 0 || summed.stride[summed.nd - 1] == 1);
    if (outputs == 0)
        return;
    if (inner)
        DIO_LAUNCH(d, by_block, dio_row_blocks(outputs), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), kept, summed, outputs, n, scale);
    else
        DIO_LAUNCH(d, side_by_side, dio_row_blocks(dio_ceil(outputs, SIDE)), dim3(SIDE, SIDE), 0,
                   dio_out<float>(c, 0), dio_in<float>(c, 0), kept, summed, outputs, n, scale);
}

DIO_CUDA_KERNEL(sum, NULL, run)
DIO_CUDA_KERNEL(mean, NULL, run)
