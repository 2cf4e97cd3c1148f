#pragma once
/* cuda_runtime.h, emulated: runs the project's CUDA kernels on the CPU, for machines without a GPU.
 *
 * A block's threads are fibers that run in turn until each stands at a barrier. It proves index
 * arithmetic, barriers and (under ASan) that no kernel reads or writes beyond its memory; it says
 * nothing of speed, of races between blocks or of the hardware's last bits. Only what the kernels
 * use is here. A barrier that some threads never reach is reported, which a GPU does by hanging.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <functional>

#define __global__
#define __device__
#define __host__
#define __shared__   static
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __restrict__

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(8) uint2 {
    unsigned x, y;
};

extern dim3 threadIdx, blockIdx, blockDim, gridDim;

void emulated_barrier(void);
float emulated_shuffle(float x, int from); /* among the 32 threads of a warp */
void *emulated_shared(void);
int emulated_lane(void);

#define __syncthreads()                emulated_barrier()
#define __shfl_xor_sync(mask, x, with) emulated_shuffle((x), emulated_lane() ^ (with))
#define __shfl_sync(mask, x, from)     emulated_shuffle((x), (from))

static inline float __uint_as_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static inline uint32_t __float_as_uint(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}
static inline uint32_t __umulhi(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}
static inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}

typedef int cudaError_t;
enum {
    cudaSuccess = 0,
    cudaErrorMemoryAllocation = 2,
    cudaErrorStreamCaptureUnsupported = 900,
    cudaErrorStreamCaptureInvalidated = 901,
    cudaErrorIllegalState = 401,
};
typedef struct emulated_stream *cudaStream_t;
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum { cudaStreamNonBlocking = 1, cudaDevAttrMaxSharedMemoryPerBlockOptin = 97 };
enum { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
struct cudaDeviceProp {
    char name[256];
    int major, minor, multiProcessorCount;
};

cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t s);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t s);
cudaError_t cudaMemGetInfo(size_t *left, size_t *total);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaGetLastError(void);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device);
cudaError_t cudaDeviceGetAttribute(int *value, int attribute, int device);
const char *cudaGetErrorString(cudaError_t e);

/* Between begin and end of a capture, what is queued is kept and not done. To wait for the stream
 * or to take memory meanwhile spoils it, as on a GPU. */
typedef struct emulated_graph *cudaGraph_t;
typedef struct emulated_graph *cudaGraphExec_t;
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t s);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
template <typename F> cudaError_t cudaFuncSetAttribute(F, int, int)
{
    return cudaSuccess;
}

/* Runs `thread` once for every thread of every block. */
typedef void emulated_thread(void *user);
void emulated_launch(dim3 grid, dim3 block, size_t shared, emulated_thread *thread, void *user);
/* Does it, or keeps it when a capture is open. */
void emulated_queue(const std::function<void()> &work);

template <typename Call> static void emulated_call(void *user)
{
    (*static_cast<Call *>(user))();
}
template <typename T> struct emulated_value {
    typedef T type;
};
/* Arguments are taken by value at the launch, as the driver does: a capture keeps them. Static,
 * since twins have types of one name that differ from file to file. */
template <typename... P>
static void emulated_run(dim3 grid, dim3 block, size_t shared, void (*kernel)(P...),
                         typename emulated_value<P>::type... args)
{
    auto call = [=] { kernel(args...); };
    emulated_queue([=] {
        auto own = call;
        emulated_launch(grid, block, shared, emulated_call<decltype(own)>, &own);
    });
}

#define DIO_LAUNCH(d, kernel, grid, block, shared, ...)                                            \
    ((void)(d), emulated_run((grid), (block), (shared), (kernel), __VA_ARGS__))
#define DIO_SHARED(type, name) type *name = static_cast<type *>(emulated_shared())
