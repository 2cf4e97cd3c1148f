/* plane_norm_grad.cu: the gradient of group norm and batch norm, in steps: the moments of each
 * group, two sums of each plane, two means of each group, then dx and the weights' gradients.
 * The formulas stand in plane_norm_grad.c. */
#include "tensor/cuda/planes.cuh"

struct attrs { /* as in plane_norm.h */
    int groups;
    float eps;
};

struct work {
    float *moments; /* [groups][2]: mean, 1/std */
    float *sums;    /* [planes][2]: of gy, of gy xhat */
    float *means;   /* [groups][2]: of w gy, of w gy xhat */
};

static __global__ void moments_of(work k, const float *x, dio_planes p, float eps)
{
    for (int64_t group = blockIdx.x; group < p.groups; group += gridDim.x) {
        float mean, var;
        dio_group_moments(p, x, group, &mean, &var);
        if (threadIdx.x == 0) {
            k.moments[2 * group] = mean;
            k.moments[2 * group + 1] = 1.0f / sqrtf(var + eps);
        }
    }
}

static __device__ int64_t group_of(const dio_planes &p, int64_t plane)
{
    return p.batch ? plane % p.channels : plane / p.count;
}

static __global__ void sums_of(work k, const float *x, const float *gy, dio_planes p,
                               int64_t planes)
{
    for (int64_t plane = blockIdx.x; plane < planes; plane += gridDim.x) {
        const float *m = k.moments + 2 * group_of(p, plane);
        float sum = 0.0f, along = 0.0f;
        for (int64_t i = threadIdx.x; i < p.size; i += blockDim.x) {
            float slope = gy[plane * p.size + i];
            sum += slope;
            along = fmaf(slope, (x[plane * p.size + i] - m[0]) * m[1], along);
        }
        sum = dio_block_sum(sum);
        along = dio_block_sum(along);
        if (threadIdx.x == 0) {
            k.sums[2 * plane] = sum;
            k.sums[2 * plane + 1] = along;
        }
    }
}

static __global__ void means_of(work k, const float *w, dio_planes p)
{
    DIO_EACH(group, p.groups) {
        float mean[2] = {0.0f, 0.0f}, n = (float)(p.count * p.size);
        for (int64_t i = 0; i < p.count; i++) {
            int64_t plane = dio_plane_at(p, group, i);
            float scale = w ? w[plane % p.channels] : 1.0f;
            mean[0] += scale * k.sums[2 * plane];
            mean[1] += scale * k.sums[2 * plane + 1];
        }
        k.means[2 * group] = mean[0] / n;
        k.means[2 * group + 1] = mean[1] / n;
    }
}

static __global__ void slopes_of(float *dx, work k, const float *x, const float *gy,
                                 const float *w, dio_planes p, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t plane = i / p.size, group = group_of(p, plane);
        const float *m = k.moments + 2 * group, *mean = k.means + 2 * group;
        float scale = w ? w[plane % p.channels] : 1.0f, hat = (x[i] - m[0]) * m[1];
        dx[i] = m[1] * (scale * gy[i] - mean[0] - hat * mean[1]);
    }
}

static __global__ void weights_of(float *dw, float *db, work k, dio_planes p, int64_t planes)
{
    DIO_EACH(channel, p.channels) {
        float sum = 0.0f, along = 0.0f;
        for (int64_t plane = channel; plane < planes; plane += p.channels) {
            sum += k.sums[2 * plane];
            along += k.sums[2 * plane + 1];
        }
        if (dw)
            dw[channel] = along;
        if (db)
            db[channel] = sum;
    }
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    dio_planes p = dio_planes_of(&c->in[0], dio_attrs<attrs>(c)->groups);
    return (size_t)(4 * p.groups + 2 * p.groups * p.count) * sizeof(float);
}

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    dio_planes p = dio_planes_of(&c->in[0], a->groups);
    int64_t n = dio_count(&c->in[0]), planes = p.groups * p.count;
    const float *x = dio_in<float>(c, 0), *gy = dio_in<float>(c, 1);
    const float *w = c->n_in > 2 ? dio_in<float>(c, 2) : NULL;
    work k;
    k.moments = static_cast<float *>(c->work);
    k.means = k.moments + 2 * p.groups;
    k.sums = k.means + 2 * p.groups;
    if (n == 0)
        return;
    DIO_LAUNCH(d, moments_of, dio_row_blocks(p.groups), DIO_GROUP_THREADS, 0, k, x, p, a->eps);
    DIO_LAUNCH(d, sums_of, dio_row_blocks(planes), DIO_BLOCK, 0, k, x, gy, p, planes);
    DIO_LAUNCH(d, means_of, dio_blocks(p.groups), DIO_BLOCK, 0, k, w, p);
    if (c->out[0].data)
        DIO_LAUNCH(d, slopes_of, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0), k, x, gy, w, p,
                   n);
    DIO_LAUNCH(d, weights_of, dio_blocks(p.channels), DIO_BLOCK, 0, dio_out<float>(c, 1),
               dio_out<float>(c, 2), k, p, planes);
}

DIO_CUDA_KERNEL(plane_norm_grad, workspace, run)
