/* pad.cu: elements before and after one axis, and the sum that is its gradient. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

struct attrs { /* as in pad.c */
    int axis;
    int64_t before, after;
    dio_pad_mode mode;
};

/* Where place i of the padded axis comes from; -1: it is zero. */
static __device__ int64_t source(const attrs &a, int64_t size, int64_t i)
{
    int64_t at = i - a.before;
    if (at >= 0 && at < size)
        return at;
    switch (a.mode) {
    case DIO_PAD_REFLECT:
        return at < 0 ? -at : 2 * (size - 1) - at;
    case DIO_PAD_REPLICATE:
        return at < 0 ? 0 : size - 1;
    case DIO_PAD_CIRCULAR:
        return at < 0 ? at + size : at - size;
    default:
        return -1;
    }
}

static __global__ void pad_all(float *y, const float *x, attrs a, int64_t size, int64_t wide,
                               int64_t inner, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t at = source(a, size, i / inner % wide);
        y[i] = at < 0 ? 0.0f : x[(i / inner / wide * size + at) * inner + i % inner];
    }
}

/* The sum over the padded places that came from each element, in rising order. */
static __global__ void unpad_all(float *y, const float *x, attrs a, int64_t size, int64_t wide,
                                 int64_t inner, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t at = i / inner % size;
        const float *from = x + i / inner / size * wide * inner + i % inner;
        float sum = 0.0f;
        for (int64_t k = 0; k < a.before; k++)
            if (source(a, size, k) == at)
                sum += from[k * inner];
        sum += from[(a.before + at) * inner];
        for (int64_t k = a.before + size; k < wide; k++)
            if (source(a, size, k) == at)
                sum += from[k * inner];
        y[i] = sum;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    dio_axis small = dio_axis_of(&c->in[0], a->axis), wide = dio_axis_of(&c->out[0], a->axis);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, pad_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), *a, small.size, wide.size, small.inner, n);
}

static void run_unpad(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    dio_axis small = dio_axis_of(&c->out[0], a->axis), wide = dio_axis_of(&c->in[0], a->axis);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, unpad_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), *a, small.size, wide.size, small.inner, n);
}

DIO_CUDA_KERNEL(pad, NULL, run)
DIO_CUDA_KERNEL(unpad, NULL, run_unpad)
