/* cross_entropy.cu: a block for each row; the rows' losses are added by one block in order. What
 * counts and what does not stands in cross_entropy.c. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in cross_entropy.c */
    int ignore;
    float smoothing;
};

struct rows {
    const float *x;
    const int32_t *target;
    int64_t count, width;
    attrs a;
};

/* The row's target, or -1 when the row does not count. */
static __device__ int64_t target_of(const rows &r, int64_t row)
{
    int32_t t = r.target[row];
    return t != r.a.ignore && t >= 0 && t < r.width ? t : -1;
}

static __global__ void losses_of(float *loss, float *kept, rows r)
{
    for (int64_t row = blockIdx.x; row < r.count; row += gridDim.x) {
        const float *x = r.x + row * r.width;
        float top = -INFINITY, sum = 0.0f, all = 0.0f, e = r.a.smoothing;
        for (int64_t i = threadIdx.x; i < r.width; i += blockDim.x)
            top = fmaxf(top, x[i]);
        top = dio_block_max(top);
        for (int64_t i = threadIdx.x; i < r.width; i += blockDim.x) {
            sum += expf(x[i] - top);
            all += x[i] - top;
        }
        float rest = logf(dio_block_sum(sum));
        all = dio_block_sum(all) / (float)r.width;
        if (threadIdx.x == 0) {
            int64_t t = target_of(r, row);
            loss[row] = t < 0 ? 0.0f : rest - (1.0f - e) * (x[t] - top) - e * all;
            if (kept)
                kept[row] = top + rest;
        }
    }
}

/* Rows that count, by all threads of the one block. */
static __device__ float counted(const rows &r)
{
    float n = 0.0f;
    for (int64_t row = threadIdx.x; row < r.count; row += blockDim.x)
        n += target_of(r, row) >= 0 ? 1.0f : 0.0f;
    return dio_block_sum(n);
}

static __global__ void mean_of(float *y, const float *loss, rows r)
{
    float sum = 0.0f, n = counted(r);
    for (int64_t row = threadIdx.x; row < r.count; row += blockDim.x)
        sum += loss[row];
    sum = dio_block_sum(sum);
    if (threadIdx.x == 0)
        *y = n > 0.0f ? sum / n : 0.0f;
}

static __global__ void count_rows(float *n, rows r)
{
    float count = counted(r);
    if (threadIdx.x == 0)
        *n = count;
}

/* y may be the logits themselves. */
static __global__ void slopes_of(float *y, const float *kept, const float *gradient,
                                 const float *count, rows r)
{
    float e = r.a.smoothing, scale = *gradient / fmaxf(*count, 1.0f);
    for (int64_t row = blockIdx.x; row < r.count; row += gridDim.x) {
        int64_t t = target_of(r, row);
        const float *x = r.x + row * r.width;
        for (int64_t i = threadIdx.x; i < r.width; i += blockDim.x) {
            float share = (i == t ? 1.0f - e : 0.0f) + e / (float)r.width;
            y[row * r.width + i] = t < 0 ? 0.0f : scale * (expf(x[i] - kept[row]) - share);
        }
    }
}

static rows rows_of(const dio_call *c)
{
    rows r;
    r.x = dio_in<float>(c, 0);
    r.target = dio_in<int32_t>(c, 1);
    r.count = dio_rows(&c->in[0]);
    r.width = dio_width(&c->in[0]);
    r.a = *dio_attrs<attrs>(c);
    return r;
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    return (size_t)dio_rows(&c->in[0]) * sizeof(float);
}

static void run(dio_cuda *d, const dio_call *c)
{
    rows r = rows_of(c);
    float *loss = static_cast<float *>(c->work);
    if (r.count)
        DIO_LAUNCH(d, losses_of, dio_row_blocks(r.count), DIO_BLOCK, 0, loss,
                   dio_out<float>(c, 1), r);
    DIO_LAUNCH(d, mean_of, 1, DIO_BLOCK, 0, dio_out<float>(c, 0), (const float *)loss, r);
}

static size_t grad_workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    (void)c;
    return sizeof(float);
}

static void run_grad(dio_cuda *d, const dio_call *c)
{
    rows r = rows_of(c);
    float *count = static_cast<float *>(c->work);
    if (r.count == 0)
        return;
    DIO_LAUNCH(d, count_rows, 1, DIO_BLOCK, 0, count, r);
    DIO_LAUNCH(d, slopes_of, dio_row_blocks(r.count), DIO_BLOCK, 0, dio_out<float>(c, 0),
               dio_in<float>(c, 2), dio_in<float>(c, 3), (const float *)count, r);
}

DIO_CUDA_KERNEL(cross_entropy, workspace, run)
DIO_CUDA_KERNEL(cross_entropy_grad, grad_workspace, run_grad)
