#pragma once
/* common.cuh: what the twins share: launching, walking strided operands, sums of a block.
 *
 * Kernels are plain and say their shapes. A view travels to the GPU by value. Sums over a row run
 * in one order that its length alone gives: each thread adds every n-th element, then a tree.
 */
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

#include "tensor/cuda/cuda.h"

/* Launches on the device's stream. The emulator of tests/tensor/emulator brings its own. */
#ifndef DIO_LAUNCH
#define DIO_LAUNCH(d, kernel, grid, block, shared, ...)                                            \
    (kernel)<<<(grid), (block), (shared), (d)->stream>>>(__VA_ARGS__)
#define DIO_SHARED(type, name) extern __shared__ __align__(16) unsigned char name##_bytes[];       \
    type *name = reinterpret_cast<type *>(name##_bytes)
#endif

enum { DIO_BLOCK = 256 }; /* threads of a block wherever a kernel does not say otherwise */

/* --- host side ---------------------------------------------------------------------------- */

static __host__ __device__ inline int64_t dio_ceil(int64_t n, int64_t by)
{
    return (n + by - 1) / by;
}

/* Blocks for n independent elements; kernels loop when there are more than blocks. */
static inline unsigned dio_blocks(int64_t n)
{
    int64_t blocks = dio_ceil(n, DIO_BLOCK);
    return (unsigned)(blocks < 1 ? 1 : blocks > 65535 ? 65535 : blocks);
}

/* Blocks for n rows, one block each; kernels loop over rows beyond. */
static inline unsigned dio_row_blocks(int64_t rows)
{
    return (unsigned)(rows < 1 ? 1 : rows > 1048576 ? 1048576 : rows);
}

/* Threads of a block that works on one row: its length alone decides, so that sums do not. */
static inline unsigned dio_row_threads(int64_t width)
{
    return width <= 32 ? 32 : width <= 64 ? 64 : width <= 128 ? 128 : DIO_BLOCK;
}

static inline int64_t dio_count(const dio_view *v)
{
    int64_t n = 1;
    for (int i = 0; i < v->nd; i++)
        n *= v->dim[i];
    return n;
}

static inline int64_t dio_width(const dio_view *v) /* of the last dim */
{
    return v->nd ? v->dim[v->nd - 1] : 1;
}

static inline int64_t dio_rows(const dio_view *v) /* all dims before the last */
{
    int64_t n = 1;
    for (int i = 0; i + 1 < v->nd; i++)
        n *= v->dim[i];
    return n;
}

static inline bool dio_dense(const dio_view *v)
{
    int64_t step = 1;
    for (int i = v->nd - 1; i >= 0; i--) {
        if (v->dim[i] != 1 && v->stride[i] != step)
            return false;
        step *= v->dim[i];
    }
    return true;
}

/* The operand as if it had `like`'s dims, as numpy broadcasts: aligned at the end, stride 0 where
 * it has one element for many. */
static inline dio_view dio_spread(const dio_view *v, const dio_view *like)
{
    dio_view out = *v;
    out.nd = like->nd;
    for (int i = 0; i < like->nd; i++) {
        int at = i - (like->nd - v->nd);
        out.dim[i] = like->dim[i];
        out.stride[i] = at < 0 || v->dim[at] == 1 ? 0 : v->stride[at];
    }
    return out;
}

template <typename T> static inline const T *dio_in(const dio_call *c, int i)
{
    return static_cast<const T *>(c->in[i].data);
}

template <typename T> static inline T *dio_out(const dio_call *c, int i)
{
    return static_cast<T *>(c->out[i].data);
}

template <typename T> static inline const T *dio_attrs(const dio_call *c)
{
    return static_cast<const T *>(c->attrs);
}

/* --- device side -------------------------------------------------------------------------- */

/* for (int64_t i : all elements of this thread) */
#define DIO_EACH(i, n)                                                                             \
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n);                      \
         i += (int64_t)gridDim.x * blockDim.x)

/* Where row-major element `flat` of a view lies. */
static __device__ inline int64_t dio_at(const dio_view &v, int64_t flat)
{
    int64_t at = 0;
    if (flat <= UINT32_MAX) { /* 32-bit division is several times faster */
        uint32_t left = (uint32_t)flat;
        for (int i = v.nd - 1; i > 0; i--) {
            uint32_t dim = (uint32_t)v.dim[i], next = left / dim;
            at += (int64_t)(left - next * dim) * v.stride[i];
            left = next;
        }
        return v.nd ? at + (int64_t)left * v.stride[0] : 0;
    }
    for (int i = v.nd - 1; i >= 0; i--) {
        at += flat % v.dim[i] * v.stride[i];
        flat /= v.dim[i];
    }
    return at;
}

static __device__ inline float dio_widen_bf16(uint16_t h)
{
    return __uint_as_float((uint32_t)h << 16);
}

static __device__ inline float dio_widen_f16(uint16_t h)
{
    return __half2float(__ushort_as_half(h));
}

/* Element `at` of memory of a float type. */
static __device__ inline float dio_load(const void *data, dio_dtype dtype, int64_t at)
{
    if (dtype == DIO_F32)
        return static_cast<const float *>(data)[at];
    uint16_t h = static_cast<const uint16_t *>(data)[at];
    return dtype == DIO_BF16 ? dio_widen_bf16(h) : dio_widen_f16(h);
}

struct dio_add_of {
    __device__ float operator()(float a, float b) const { return a + b; }
};
struct dio_max_of {
    __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/* Combines one number of each of the block's threads (a power of two, at most 1024); all get the
 * result. Every thread of the block must come. */
template <typename Combine> static __device__ inline float dio_block(float x, Combine combine)
{
    __shared__ float slot[1024];
    __syncthreads(); /* the last result has been read by all */
    slot[threadIdx.x] = x;
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            slot[threadIdx.x] = combine(slot[threadIdx.x], slot[threadIdx.x + half]);
    }
    __syncthreads();
    return slot[0];
}

static __device__ inline float dio_block_sum(float x)
{
    return dio_block(x, dio_add_of());
}

static __device__ inline float dio_block_max(float x)
{
    return dio_block(x, dio_max_of());
}
