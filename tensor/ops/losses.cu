/* losses.cu: means of a function of two tensors: fixed blocks of elements, whose sums one block
 * adds in order. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in losses.c */
    float beta;
};

enum { SPAN = 16384 }; /* elements that one block adds */

struct mse {
    __device__ float operator()(float a, float b, float) const { return (a - b) * (a - b); }
};
struct l1 {
    __device__ float operator()(float a, float b, float) const { return fabsf(a - b); }
};
struct smooth_l1 {
    __device__ float operator()(float a, float b, float beta) const
    {
        float gap = fabsf(a - b);
        return gap < beta ? 0.5f * gap * gap / beta : gap - 0.5f * beta;
    }
};
struct bce {
    __device__ float operator()(float z, float t, float) const
    {
        return fmaxf(z, 0.0f) - z * t + log1pf(expf(-fabsf(z)));
    }
};

template <typename Loss>
static __global__ void spans_of(float *part, const float *a, const float *b, float beta, int64_t n,
                                int64_t spans)
{
    for (int64_t s = blockIdx.x; s < spans; s += gridDim.x) {
        int64_t end = (s + 1) * SPAN < n ? (s + 1) * SPAN : n;
        float sum = 0.0f;
        for (int64_t i = s * SPAN + threadIdx.x; i < end; i += blockDim.x)
            sum += Loss()(a[i], b[i], beta);
        sum = dio_block_sum(sum);
        if (threadIdx.x == 0)
            part[s] = sum;
    }
}

static __global__ void mean_of(float *y, const float *part, int64_t spans, int64_t n)
{
    float sum = 0.0f;
    for (int64_t i = threadIdx.x; i < spans; i += blockDim.x)
        sum += part[i];
    sum = dio_block_sum(sum);
    if (threadIdx.x == 0)
        *y = sum / (float)n;
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    return (size_t)dio_ceil(dio_count(&c->in[0]), SPAN) * sizeof(float);
}

template <typename Loss> static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->in[0]), spans = dio_ceil(n, SPAN);
    float *part = static_cast<float *>(c->work);
    if (n == 0)
        return;
    DIO_LAUNCH(d, spans_of<Loss>, dio_row_blocks(spans), DIO_BLOCK, 0, part, dio_in<float>(c, 0),
               dio_in<float>(c, 1), dio_attrs<attrs>(c)->beta, n, spans);
    DIO_LAUNCH(d, mean_of, 1, DIO_BLOCK, 0, dio_out<float>(c, 0), (const float *)part, spans, n);
}

static __global__ void sign_all(float *y, const float *x, int64_t n)
{
    DIO_EACH(i, n)
        y[i] = x[i] > 0.0f ? 1.0f : x[i] < 0.0f ? -1.0f : 0.0f;
}

static void run_sign(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, sign_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), n);
}

DIO_CUDA_KERNEL(mse_loss, workspace, run<mse>)
DIO_CUDA_KERNEL(l1_loss, workspace, run<l1>)
DIO_CUDA_KERNEL(smooth_l1_loss, workspace, run<smooth_l1>)
DIO_CUDA_KERNEL(bce_logits_loss, workspace, run<bce>)
DIO_CUDA_KERNEL(sign, NULL, run_sign)
