/* emulator.cc: fibers for a block's threads, and the few runtime calls the device makes. */
#include <cuda_runtime.h>

#include <stdio.h>
#include <ucontext.h>
#include <vector>

#include "tensor/cuda/cuda.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;

enum fiber_state { RUNNING, AT_BARRIER, AT_SHUFFLE, DONE };
enum { STACK = 64 * 1024, SHARED = 232 * 1024, WARP = 32 };

struct fiber {
    ucontext_t context;
    fiber_state state;
    float offered;
};

static std::vector<fiber> fibers;
static std::vector<unsigned char> stacks;
static ucontext_t scheduler;
static size_t current, threads;
static emulated_thread *body;
static void *body_user;
alignas(256) static unsigned char shared_memory[SHARED];

static void yield(fiber_state state)
{
    fiber &self = fibers[current];
    self.state = state;
    swapcontext(&self.context, &scheduler);
}

void emulated_barrier(void)
{
    yield(AT_BARRIER);
}

int emulated_lane(void)
{
    return (int)(current % WARP);
}

float emulated_shuffle(float x, int from)
{
    fibers[current].offered = x;
    size_t source = current / WARP * WARP + (size_t)from;
    yield(AT_SHUFFLE);
    float got = source < threads ? fibers[source].offered : x;
    yield(AT_SHUFFLE); /* nobody offers anew before all have taken */
    return got;
}

void *emulated_shared(void)
{
    return shared_memory;
}

static void enter(void)
{
    body(body_user);
    fibers[current].state = DONE;
    swapcontext(&fibers[current].context, &scheduler);
}

static void place_thread(size_t i)
{
    threadIdx.x = (unsigned)i % blockDim.x;
    threadIdx.y = (unsigned)i / blockDim.x % blockDim.y;
    threadIdx.z = (unsigned)i / blockDim.x / blockDim.y;
}

/* Sets fibers from..to running again when all of them that live wait in `state`. */
static bool release(size_t from, size_t to, fiber_state state)
{
    bool any = false;
    for (size_t i = from; i < to; i++) {
        if (fibers[i].state != state && fibers[i].state != DONE)
            return false;
        any |= fibers[i].state == state;
    }
    for (size_t i = from; any && i < to; i++)
        if (fibers[i].state == state)
            fibers[i].state = RUNNING;
    return any;
}

static bool release_some(void)
{
    bool any = release(0, threads, AT_BARRIER);
    for (size_t w = 0; w < threads; w += WARP)
        any |= release(w, w + WARP < threads ? w + WARP : threads, AT_SHUFFLE);
    return any;
}

static void run_block(void)
{
    memset(shared_memory, 0xff, sizeof shared_memory); /* NaN until written */
    for (size_t i = 0; i < threads; i++) {
        fiber &f = fibers[i];
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = stacks.data() + i * STACK;
        f.context.uc_stack.ss_size = STACK;
        f.context.uc_link = nullptr;
        f.state = RUNNING;
        makecontext(&f.context, enter, 0);
    }
    for (;;) {
        bool ran = false;
        for (current = 0; current < threads; current++)
            if (fibers[current].state == RUNNING) {
                place_thread(current);
                swapcontext(&scheduler, &fibers[current].context);
                ran = true;
            }
        if (release_some())
            continue;
        if (ran)
            return;
        fprintf(stderr, "a barrier that not all threads of the block reach\n");
        abort();
    }
}

void emulated_launch(dim3 grid, dim3 block, size_t shared, emulated_thread *thread, void *user)
{
    threads = (size_t)block.x * block.y * block.z;
    if (threads == 0 || threads > 1024 || shared > SHARED || !grid.x || !grid.y || !grid.z ||
        grid.y > 65535 || grid.z > 65535) {
        fprintf(stderr, "a launch that no GPU accepts: grid %u,%u,%u of %zu threads, %zu bytes\n",
                grid.x, grid.y, grid.z, threads, shared);
        abort();
    }
    fibers.resize(threads);
    stacks.resize(threads * STACK);
    body = thread;
    body_user = user;
    gridDim = grid;
    blockDim = block;
    for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++)
        for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++)
            for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++)
                run_block();
}

struct emulated_graph {
    std::vector<std::function<void()>> work;
};

static emulated_graph *capture; /* the open one */
static bool spoiled;

void emulated_queue(const std::function<void()> &work)
{
    if (capture)
        capture->work.push_back(work);
    else
        work();
}

/* What may not happen while a capture is open. */
static cudaError_t immediate(void)
{
    spoiled |= capture != nullptr;
    return capture ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    if (capture)
        return cudaErrorIllegalState;
    capture = new emulated_graph;
    spoiled = false;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *graph)
{
    *graph = spoiled ? nullptr : capture;
    if (spoiled)
        delete capture;
    capture = nullptr;
    return spoiled ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    *exec = new emulated_graph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t)
{
    for (const std::function<void()> &work : exec->work)
        work();
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    delete exec;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    if (immediate() != cudaSuccess)
        return cudaErrorStreamCaptureUnsupported;
    /* At least 16 bytes past an alignment that the driver would give, and not zero. */
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (*memory)
        memset(*memory, 0xff, bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *memory)
{
    free(memory);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t)
{
    emulated_queue([=] { memset(memory, value, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
    emulated_queue([=] { memcpy(to, from, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *left, size_t *total)
{
    *left = *total = (size_t)4 << 30;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return immediate();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned)
{
    *s = nullptr;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    snprintf(p->name, sizeof p->name, "emulated GPU");
    p->major = 9;
    p->minor = 0;
    p->multiProcessorCount = 4;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, int, int)
{
    *value = 227 * 1024;
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t)
{
    return "an error of the emulator";
}

/* The emulator has no cuBLASLt; its device runs in the default mode, which does not use it. */
extern "C" struct dio_cuda_blas *dio_cuda_blas_create(dio_error *err)
{
    dio_fail(err, "the emulator has no cuBLASLt");
    return nullptr;
}

extern "C" void dio_cuda_blas_destroy(struct dio_cuda_blas *) {}

#include "tensor/cuda/gemm.cuh"
bool dio_cuda_blas_run(dio_cuda *, const dio_cuda_gemm *)
{
    return false;
}
