/* max.cu: the largest along one axis and its index. Long axes get a block for each output, short
 * ones a thread; the answer is exact, so both agree. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in max.c */
    int axis;
    bool keep;
};

enum { SHORT = 64 };

static __device__ void give(float *value, int32_t *index, int64_t o, float best, int64_t at)
{
    if (value)
        value[o] = best;
    else
        index[o] = (int32_t)at;
}

static __global__ void by_thread(float *value, int32_t *index, const float *x, dio_view kept,
                                 int64_t outputs, int64_t n, int64_t stride)
{
    DIO_EACH(o, outputs) {
        const float *from = x + dio_at(kept, o);
        int64_t best = 0;
        for (int64_t i = 1; i < n; i++)
            if (from[i * stride] > from[best * stride])
                best = i;
        give(value, index, o, from[best * stride], best);
    }
}

/* Of two candidates the larger, of equals the earlier; -1 is no candidate. */
static __device__ bool beats(float a, int64_t at_a, float b, int64_t at_b)
{
    return at_a >= 0 && (at_b < 0 || a > b || (a == b && at_a < at_b));
}

static __global__ void by_block(float *value, int32_t *index, const float *x, dio_view kept,
                                int64_t outputs, int64_t n, int64_t stride)
{
    __shared__ float top[DIO_BLOCK];
    __shared__ int64_t place[DIO_BLOCK];
    const int tid = threadIdx.x;
    for (int64_t o = blockIdx.x; o < outputs; o += gridDim.x) {
        const float *from = x + dio_at(kept, o);
        float best = -INFINITY;
        int64_t at = -1;
        for (int64_t i = tid; i < n; i += DIO_BLOCK)
            if (at < 0 || from[i * stride] > best) {
                best = from[i * stride];
                at = i;
            }
        __syncthreads(); /* the last output is done with the slots */
        top[tid] = best;
        place[tid] = at;
        for (int half = DIO_BLOCK / 2; half > 0; half /= 2) {
            __syncthreads();
            if (tid < half && beats(top[tid + half], place[tid + half], top[tid], place[tid])) {
                top[tid] = top[tid + half];
                place[tid] = place[tid + half];
            }
        }
        if (tid == 0)
            give(value, index, o, top[0], place[0]);
    }
}

static void run(dio_cuda *d, const dio_call *c, float *value, int32_t *index)
{
    int axis = dio_attrs<attrs>(c)->axis;
    dio_view kept = c->in[0];
    int64_t n = kept.dim[axis], stride = kept.stride[axis];
    kept.dim[axis] = 1;
    int64_t outputs = dio_count(&kept);
    const float *x = dio_in<float>(c, 0);
    if (outputs && n <= SHORT)
        DIO_LAUNCH(d, by_thread, dio_blocks(outputs), DIO_BLOCK, 0, value, index, x, kept, outputs,
                   n, stride);
    else if (outputs)
        DIO_LAUNCH(d, by_block, dio_row_blocks(outputs), DIO_BLOCK, 0, value, index, x, kept,
                   outputs, n, stride);
}

static void run_max(dio_cuda *d, const dio_call *c)
{
    run(d, c, dio_out<float>(c, 0), NULL);
}

static void run_argmax(dio_cuda *d, const dio_call *c)
{
    run(d, c, NULL, dio_out<int32_t>(c, 0));
}

/* dy at the place of the largest, zeros elsewhere. */
static __global__ void grad_lines(float *dx, dio_view line, dio_view dy, const float *x,
                                  dio_view kept, int64_t outputs, int64_t n, int64_t stride,
                                  int64_t dx_stride)
{
    DIO_EACH(o, outputs) {
        const float *from = x + dio_at(kept, o);
        float *to = dx + dio_at(line, o);
        int64_t best = 0;
        for (int64_t i = 0; i < n; i++) {
            to[i * dx_stride] = 0.0f;
            if (from[i * stride] > from[best * stride])
                best = i;
        }
        to[best * dx_stride] = static_cast<const float *>(dy.data)[dio_at(dy, o)];
    }
}

static void run_grad(dio_cuda *d, const dio_call *c)
{
    int axis = dio_attrs<attrs>(c)->axis;
    dio_view kept = c->in[1], line = c->out[0];
    int64_t n = kept.dim[axis], stride = kept.stride[axis], dx_stride = line.stride[axis];
    kept.dim[axis] = line.dim[axis] = 1;
    int64_t outputs = dio_count(&kept);
    if (outputs)
        DIO_LAUNCH(d, grad_lines, dio_blocks(outputs), DIO_BLOCK, 0, dio_out<float>(c, 0), line,
                   c->in[0], dio_in<float>(c, 1), kept, outputs, n, stride, dx_stride);
}

DIO_CUDA_KERNEL(max, NULL, run_max)
DIO_CUDA_KERNEL(argmax, NULL, run_argmax)
DIO_CUDA_KERNEL(max_grad, NULL, run_grad)
