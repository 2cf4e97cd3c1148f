/* stripe_norm.cu: the moments of a stripe's rows, a block for each group, and their use. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/stripe_norm.h"

enum { THREADS = 512 };

struct stripe {
    int64_t channels, height, width; /* of a group, or of all */
};

static __device__ rows rows_of(const int32_t *span, int64_t height)
{
    int64_t first = span[0], count = span[1];
    rows r = {first < 0 ? 0 : first > height ? height : first, 0};
    r.end = count < 0 ? r.first : count > height - r.first ? height : r.first + count;
    return r;
}

static __global__ void moments_of(float *out, const float *x, const int32_t *span, stripe s,
                                  int64_t groups)
{
    const rows r = rows_of(span, s.height);
    const int64_t size = (r.end - r.first) * s.width, n = size * s.channels;
    for (int64_t group = blockIdx.x; group < groups; group += gridDim.x) {
        const float *from = x + group * s.channels * s.height * s.width + r.first * s.width;
        float sum = 0.0f, rest = 0.0f, squares = 0.0f;
        for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
            sum += from[i / size * s.height * s.width + i % size];
        float mean = n ? dio_block_sum(sum) / (float)n : 0.0f;
        for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
            float d = from[i / size * s.height * s.width + i % size] - mean;
            rest += d;
            squares = fmaf(d, d, squares);
        }
        rest = n ? dio_block_sum(rest) / (float)n : 0.0f;
        squares = n ? dio_block_sum(squares) / (float)n : 0.0f;
        if (threadIdx.x == 0) {
            out[3 * group] = mean;
            out[3 * group + 1] = rest;
            out[3 * group + 2] = squares;
        }
    }
}

static __global__ void norm_all(float *y, const float *x, const float *affine, const int32_t *span,
                                stripe s, bool silu, int64_t n)
{
    const rows r = rows_of(span, s.height);
    DIO_EACH(i, n) {
        int64_t row = i / s.width % s.height, plane = i / s.width / s.height;
        const float *a = affine + plane / s.channels * 3 * s.channels + plane % s.channels;
        float v = fmaf(x[i] - a[0], a[s.channels], a[2 * s.channels]);
        if (silu)
            v = v / (1.0f + expf(-v));
        y[i] = row >= r.first && row < r.end ? v : 0.0f;
    }
}

static stripe stripe_of(const dio_view *x, int64_t groups)
{
    stripe s = {x->dim[1] / groups, x->dim[2], x->dim[3]};
    return s;
}

static void run_moments(dio_cuda *d, const dio_call *c)
{
    const int64_t groups = c->out[0].dim[1], all = c->out[0].dim[0] * groups;
    if (all)
        DIO_LAUNCH(d, moments_of, dio_row_blocks(all), THREADS, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<int32_t>(c, 1), stripe_of(&c->in[0], groups), all);
}

static void run_norm(dio_cuda *d, const dio_call *c)
{
    const norm_attrs *a = dio_attrs<norm_attrs>(c);
    int64_t n = dio_count(&c->in[0]);
    if (n)
        DIO_LAUNCH(d, norm_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), dio_in<int32_t>(c, 2),
                   stripe_of(&c->in[0], 1), a->act == DIO_ACT_SILU, n);
}

DIO_CUDA_KERNEL(stripe_moments, NULL, run_moments)
DIO_CUDA_KERNEL(stripe_norm, NULL, run_norm)
