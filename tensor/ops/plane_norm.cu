/* plane_norm.cu: group norm and batch norm, a block for each group. */
#include "tensor/cuda/planes.cuh"

struct attrs { /* as in plane_norm.h */
    int groups;
    float eps;
};

static __global__ void groups_of(float *y, float *means, float *vars, const float *x,
                                 const float *w, const float *b, dio_planes p, float eps)
{
    int64_t n = p.count * p.size;
    for (int64_t group = blockIdx.x; group < p.groups; group += gridDim.x) {
        float mean, var;
        dio_group_moments(p, x, group, &mean, &var);
        float inv = 1.0f / sqrtf(var + eps);
        for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
            int64_t at = dio_group_at(p, group, i), channel = at / p.size % p.channels;
            float hat = (x[at] - mean) * inv;
            y[at] = fmaf(hat, w ? w[channel] : 1.0f, b ? b[channel] : 0.0f);
        }
        if (threadIdx.x == 0 && means)
            means[group] = mean;
        if (threadIdx.x == 0 && vars)
            vars[group] = var * ((float)n / (float)(n - 1));
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *a = dio_attrs<attrs>(c);
    dio_planes p = dio_planes_of(&c->in[0], a->groups);
    if (dio_count(&c->in[0]) == 0)
        return;
    DIO_LAUNCH(d, groups_of, dio_row_blocks(p.groups), DIO_GROUP_THREADS, 0, dio_out<float>(c, 0),
               c->n_out > 1 ? dio_out<float>(c, 1) : (float *)NULL,
               c->n_out > 2 ? dio_out<float>(c, 2) : (float *)NULL, dio_in<float>(c, 0),
               c->n_in > 1 ? dio_in<float>(c, 1) : (const float *)NULL,
               c->n_in > 2 ? dio_in<float>(c, 2) : (const float *)NULL, p, a->eps);
}

DIO_CUDA_KERNEL(group_norm, NULL, run)
DIO_CUDA_KERNEL(batch_norm, NULL, run)
