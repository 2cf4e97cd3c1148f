#pragma once
/* cuda.h: the inside of the CUDA module: its device and what an operator's twin looks like.
 *
 * The module is libdiorama_cuda.so, built where nvcc is found and opened at run time; the rest of
 * the house sees only dio_device. An operator's kernels stand in tensor/ops/<file>.cu beside its
 * <file>.c, one DIO_CUDA_KERNEL line for each.
 *
 * REPRO holds here as on the CPU: a sum is cut by its own length alone and added in one order, so
 * a row's bits do not depend on the rows computed beside it. No kernel uses atomics on floats.
 */
#include <cuda_runtime.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/device.h"
#include "tensor/op.h"
#include "tensor/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dio_cuda_blas; /* blas.cu */
struct dio_cudnn;     /* cudnn_graph.cu */

typedef struct dio_cuda {
    dio_device base;
    cudaStream_t stream;
    int processors;             /* streaming multiprocessors */
    size_t shared_limit;        /* bytes of shared memory that one block may ask for */
    bool recording;             /* launches go into a graph (capture.cu) */
    struct dio_cuda_blas *blas; /* NULL: products by our own kernels, which is REPRO */
    struct dio_cudnn *dnn;      /* NULL: not built with it, or not wanted */
} dio_cuda;

typedef struct dio_cuda_kernel {
    const char *name; /* the operator's */
    /* Bytes wanted in call.work, as dio_op.workspace; NULL: none. */
    size_t (*workspace)(dio_cuda *d, const dio_call *c);
    /* Queues the work on d->stream. A launch that fails is reported by the device. */
    void (*run)(dio_cuda *d, const dio_call *c);
} dio_cuda_kernel;

/* Ends a twin: the line that makes an operator known to the module (CMake collects them). Operators
 * that are views (DIO_OP_VIEW) need none: the device copies through their strides. */
#define DIO_CUDA_KERNEL(name_, workspace_, run_)                                                   \
    extern "C" {                                                                                   \
    extern const dio_cuda_kernel dio_cuda_##name_;                                                 \
    const dio_cuda_kernel dio_cuda_##name_ = {#name_, workspace_, run_};                           \
    }

/* All twins in this build; ends with NULL. */
extern const dio_cuda_kernel *const dio_cuda_kernels[];

/* Bytes of an element of a type that operators compute in. */
static inline int dio_cuda_size(dio_dtype t)
{
    return t == DIO_U8 ? 1 : t == DIO_BF16 || t == DIO_F16 ? 2 : 4;
}

/* False with a sentence of what CUDA was doing, where it did not succeed. */
bool dio_cuda_went_well(cudaError_t e, const char *what, dio_error *err);

/* capture.cu: gives the device its tapes, unless DIORAMA_CUDA_GRAPH=off; false for other values. */
bool dio_cuda_capture_init(dio_cuda *d, dio_error *err);

/* copy.cu: the elements of `from` to the places of `to`: any strides, equal dims and type. */
void dio_cuda_copy_view(dio_cuda *d, const dio_view *from, const dio_view *to);

/* The module's exports: the device, NULL with a message when there is no usable GPU; and what it
 * was made from (cmake/cuda.cmake), which a program compares before it calls anything. */
__attribute__((visibility("default"))) dio_device *dio_device_cuda(dio_math math, dio_error *err);
extern __attribute__((visibility("default"))) const char dio_cuda_stamp[];

/* cuBLASLt, or NULL with a message; see blas.cu for what it costs in reproducibility. */
struct dio_cuda_blas *dio_cuda_blas_create(dio_error *err);
void dio_cuda_blas_destroy(struct dio_cuda_blas *b); /* NULL is fine */

#ifdef __cplusplus
}
#endif
