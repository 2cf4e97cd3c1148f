#pragma once
/* planes.cuh: what group norm, batch norm and their gradient share: x [B,C,..] as B*C planes that
 * fall into groups, and the moments of a group by one block. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

struct dio_planes {
    int64_t channels, size;        /* of x; elements of a plane */
    int64_t groups, count, stride; /* planes of a group and their distance */
    bool batch;
};

enum { DIO_GROUP_THREADS = 512 };

static inline dio_planes dio_planes_of(const dio_view *x, int groups)
{
    dio_axis at = dio_axis_of(x, 1);
    dio_planes p;
    p.channels = at.size;
    p.size = at.inner;
    p.batch = groups == 0;
    p.groups = p.batch ? at.size : at.outer * groups;
    p.count = p.batch ? at.outer : at.size / groups;
    p.stride = p.batch ? at.size : 1;
    return p;
}

/* The k-th plane of a group; its channel is plane % channels. */
static __device__ inline int64_t dio_plane_at(const dio_planes &p, int64_t group, int64_t k)
{
    return p.batch ? group + k * p.stride : group * p.count + k;
}

/* Element i of a group, over all its planes. */
static __device__ inline int64_t dio_group_at(const dio_planes &p, int64_t group, int64_t i)
{
    return dio_plane_at(p, group, i / p.size) * p.size + i % p.size;
}

/* Mean and population variance of a group, by all threads of the block. Deviations are taken from
 * a first mean, and their own sum then corrects both: far from zero the first is not exact. */
static __device__ inline void dio_group_moments(const dio_planes &p, const float *x, int64_t group,
                                                float *mean, float *var)
{
    int64_t n = p.count * p.size;
    float sum = 0.0f, rest = 0.0f, squares = 0.0f;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x)
        sum += x[dio_group_at(p, group, i)];
    float first = dio_block_sum(sum) / (float)n;
    for (int64_t i = threadIdx.x; i < n; i += blockDim.x) {
        float deviation = x[dio_group_at(p, group, i)] - first;
        rest += deviation;
        squares = fmaf(deviation, deviation, squares);
    }
    rest = dio_block_sum(rest) / (float)n;
    squares = dio_block_sum(squares) / (float)n - rest * rest;
    *mean = first + rest;
    *var = squares > 0.0f ? squares : 0.0f;
}
