/* device_cuda.cu: a GPU as a device: one stream, memory from the driver, kernels by name.
 *
 * The fast mode (DIORAMA_MATH) lets cuBLASLt compute products and cuDNN convolutions and attention,
 * on tensor cores: several times faster, and no longer the same bits for any batch or chunk. The
 * default keeps REPRO. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/cuda/cudnn.cuh"

extern "C" bool dio_cuda_went_well(cudaError_t e, const char *what, dio_error *err)
{
    if (e == cudaSuccess)
        return true;
    if (e == cudaErrorMemoryAllocation)
        return dio_fail_retry(err, "device cuda: out of memory while %s", what);
    return dio_fail(err, "device cuda: %s (while %s)", cudaGetErrorString(e), what);
}

static dio_cuda *of(dio_device *d)
{
    return reinterpret_cast<dio_cuda *>(d);
}

static void *cuda_alloc(dio_device *d, size_t bytes, dio_error *err)
{
    void *memory = NULL;
    cudaError_t e = cudaMalloc(&memory, bytes ? bytes : 1);
    if (e == cudaErrorMemoryAllocation) {
        cudaGetLastError(); /* so that the next launch is not blamed for it */
        dio_fail_retry(err, "out of memory: %zu bytes on %s", bytes, d->name);
        return NULL;
    }
    if (!dio_cuda_went_well(e, "allocating", err))
        return NULL;
    if (bytes &&
        !dio_cuda_went_well(cudaMemsetAsync(memory, 0, bytes, of(d)->stream), "clearing", err)) {
        cudaFree(memory);
        return NULL;
    }
    return memory;
}

static void cuda_release(dio_device *d, void *memory)
{
    (void)d;
    cudaFree(memory); /* waits for what still uses it; NULL is fine */
}

static bool move(dio_device *d, void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                 const char *what, dio_error *err)
{
    cudaStream_t stream = of(d)->stream;
    if (bytes == 0)
        return true;
    if (!dio_cuda_went_well(cudaMemcpyAsync(to, from, bytes, kind, stream), what, err))
        return false;
    /* The host's side may be changed or read as soon as we return. */
    return kind == cudaMemcpyDeviceToDevice ||
           dio_cuda_went_well(cudaStreamSynchronize(stream), what, err);
}

static bool cuda_upload(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err)
{
    return move(d, to, from, bytes, cudaMemcpyHostToDevice, "copying to the GPU", err);
}

static bool cuda_download(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err)
{
    return move(d, to, from, bytes, cudaMemcpyDeviceToHost, "copying from the GPU", err);
}

static bool cuda_copy(dio_device *d, void *to, const void *from, size_t bytes, dio_error *err)
{
    return move(d, to, from, bytes, cudaMemcpyDeviceToDevice, "copying on the GPU", err);
}

static size_t cuda_free_bytes(dio_device *d)
{
    (void)d;
    size_t left = 0, total = 0;
    return cudaMemGetInfo(&left, &total) == cudaSuccess ? left : 0;
}

static const dio_cuda_kernel *find(const dio_op *op)
{
    for (const dio_cuda_kernel *const *k = dio_cuda_kernels; *k; k++)
        if (strcmp((*k)->name, op->name) == 0)
            return *k;
    return NULL;
}

static bool cuda_supports(dio_device *d, const dio_op *op)
{
    (void)d;
    return (op->flags & DIO_OP_VIEW) || find(op) != NULL;
}

static size_t cuda_workspace(dio_device *d, const dio_call *c)
{
    const dio_cuda_kernel *k = find(c->op);
    return k && k->workspace ? k->workspace(of(d), c) : 0;
}

/* A view that somebody wants in memory of its own: a copy through its strides. */
static bool run_view(dio_cuda *d, const dio_call *c)
{
    dio_view seen;
    int64_t offset = 0;
    memset(&seen, 0, sizeof seen);
    if (!c->op->view(&c->in[0], c->attrs, &seen, &offset))
        return false;
    seen.dtype = c->in[0].dtype;
    seen.data = static_cast<unsigned char *>(c->in[0].data) + offset * dio_cuda_size(seen.dtype);
    dio_cuda_copy_view(d, &seen, &c->out[0]);
    return true;
}

static bool cuda_run(dio_device *d, dio_call *c, dio_error *err)
{
    const dio_cuda_kernel *k = find(c->op);
    c->stream = d;
    if (k)
        k->run(of(d), c);
    else if (!(c->op->flags & DIO_OP_VIEW) || !run_view(of(d), c))
        return dio_fail(err, "device cuda: no kernel for operator \"%s\"; use --device cpu",
                        c->op->name);
    return dio_cuda_went_well(cudaGetLastError(), c->op->name, err);
}

static bool cuda_sync(dio_device *d, dio_error *err)
{
    return dio_cuda_went_well(cudaStreamSynchronize(of(d)->stream), "running", err);
}

static void cuda_destroy(dio_device *d)
{
    dio_cuda *cuda = of(d);
    dio_cuda_blas_destroy(cuda->blas);
    dio_cudnn_destroy(cuda->dnn);
    if (cuda->stream)
        cudaStreamDestroy(cuda->stream);
    free(cuda);
}

static bool start(dio_cuda *d, dio_math math, dio_error *err)
{
    int count = 0, shared = 0;
    cudaDeviceProp p;
    if (!dio_cuda_went_well(cudaGetDeviceCount(&count), "looking for a GPU", err))
        return false;
    if (count == 0)
        return dio_fail(err, "device cuda: there is no NVIDIA GPU here");
    if (!dio_cuda_went_well(cudaSetDevice(0), "choosing the first GPU", err) ||
        !dio_cuda_went_well(cudaGetDeviceProperties(&p, 0), "asking about it", err) ||
        !dio_cuda_went_well(
            cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
            "asking about it", err) ||
        !dio_cuda_went_well(cudaStreamCreateWithFlags(&d->stream, cudaStreamNonBlocking),
                            "making a stream", err))
        return false;
    if (p.major < 8)
        return dio_fail(err, "device cuda: %s has compute capability %d.%d; 8.0 is the least",
                        p.name, p.major, p.minor);
    snprintf(d->base.name, sizeof d->base.name, "%.100s", p.name);
    d->processors = p.multiProcessorCount;
    d->shared_limit = (size_t)shared;
    if (!dio_cuda_capture_init(d, err) || !dio_cudnn_create(&d->dnn, err))
        return false;
    if (math == DIO_MATH_FAST)
        d->base.math = d->dnn
                           ? "fast: products by cuBLASLt with TF32, convolutions and attention by "
                             "cuDNN with TF32 and bf16"
                           : "fast: products by cuBLASLt with TF32";
    else
        d->base.math = d->dnn ? "repro: products in f32 by our own kernels, convolutions in f32 by "
                                "cuDNN"
                              : "repro: products in f32 by our own kernels";
    return math != DIO_MATH_FAST || (d->blas = dio_cuda_blas_create(err)) != NULL;
}

extern "C" const char dio_cuda_stamp[] = DIO_MODULE_STAMP;

extern "C" dio_device *dio_device_cuda(dio_math math, dio_error *err)
{
    dio_cuda *d = static_cast<dio_cuda *>(calloc(1, sizeof *d));
    if (!d) {
        dio_fail_memory(err, "the CUDA device");
        return NULL;
    }
    dio_device *b = &d->base;
    b->kind = "cuda";
    b->alloc = cuda_alloc;
    b->release = cuda_release;
    b->upload = cuda_upload;
    b->download = cuda_download;
    b->copy = cuda_copy;
    b->free_bytes = cuda_free_bytes;
    b->supports = cuda_supports;
    b->workspace = cuda_workspace;
    b->run = cuda_run;
    b->sync = cuda_sync;
    b->destroy = cuda_destroy;
    if (!start(d, math, err)) {
        cuda_destroy(b);
        return NULL;
    }
    return b;
}
