/* conv.cu: convolution and its kernel's gradient as products whose second operand is gathered from
 * x on the way (no unfolded copy in memory); or by cuDNN, where it serves (cudnn_conv.cu). */
#include "tensor/cuda/conv.cuh"
#include "tensor/cuda/cudnn.cuh"

/* y [o, p] = w [o, (c,k)] x [(c,k), p], for each example and group */
struct forward {
    int64_t m, n, k;
    dio_cuda_conv s;
    const float *x, *bias;
    const void *w; /* f32, bf16, f16 */
    dio_dtype dtype;
    int64_t w_at;
    float *y;
    int taps;

    __device__ bool a_along_k() const { return true; }
    __device__ bool b_along_k() const { return false; }
    __device__ void enter(int64_t batch)
    {
        int64_t example = batch / s.groups, group = batch % s.groups;
        x += (example * s.groups + group) * s.c * s.h * s.w;
        y += (example * s.groups + group) * s.o * n;
        w_at = group * s.o * k;
        bias = bias ? bias + group * s.o : bias;
    }
    __device__ float a(int64_t o, int64_t i) const { return dio_load(w, dtype, w_at + o * k + i); }
    __device__ float b(int64_t i, int64_t p) const
    {
        int c = (int)i / taps;
        return dio_conv_tap(s, x + (int64_t)c * s.h * s.w, (int)i - c * taps, (int)p);
    }
    __device__ void store(int64_t o, int64_t p, float sum) const
    {
        y[o * n + p] = bias ? sum + bias[o] : sum;
    }
};

static void run(dio_cuda *d, const dio_call *c)
{
    forward f;
    if (dio_cudnn_conv(d, c))
        return;
    f.s = dio_cuda_conv_of(&c->in[0], &c->in[1], &c->out[0], dio_attrs<dio_conv_attrs>(c));
    f.taps = f.s.kh * f.s.kw;
    f.m = f.s.o;
    f.n = (int64_t)f.s.oh * f.s.ow;
    f.k = f.s.c * f.taps;
    f.x = dio_in<float>(c, 0);
    f.w = c->in[1].data;
    f.dtype = c->in[1].dtype;
    f.bias = c->n_in > 2 ? dio_in<float>(c, 2) : NULL;
    f.y = dio_out<float>(c, 0);
    dio_run_product(d, f, f.s.batch * f.s.groups);
}

/* w [o, (c,k)] = y [o, (example,p)] x [(example,p), (c,k)], for each group */
struct weights {
    int64_t m, n, k;
    dio_cuda_conv s;
    const float *x, *y;
    float *w;
    int taps, places;

    __device__ bool a_along_k() const { return true; }
    __device__ bool b_along_k() const { return true; }
    __device__ void enter(int64_t group)
    {
        x += group * s.c * s.h * s.w;
        y += group * s.o * places;
        w += group * s.o * n;
    }
    __device__ float a(int64_t o, int64_t i) const
    {
        int64_t example = i / places;
        return y[(example * s.groups * s.o + o) * places + i - example * places];
    }
    __device__ float b(int64_t i, int64_t at) const
    {
        int64_t example = i / places;
        int c = (int)at / taps;
        return dio_conv_tap(s, x + (example * s.groups * s.c + c) * s.h * s.w, (int)at - c * taps,
                            (int)(i - example * places));
    }
    __device__ void store(int64_t o, int64_t at, float sum) const { w[o * n + at] = sum; }
};

struct weights_attrs { /* as in conv.c */
    dio_conv_attrs conv;
    dio_type kernel;
};

static void run_weights(dio_cuda *d, const dio_call *c)
{
    weights f;
    f.s = dio_cuda_conv_of(&c->in[0], &c->out[0], &c->in[1], &dio_attrs<weights_attrs>(c)->conv);
    f.taps = f.s.kh * f.s.kw;
    f.places = f.s.oh * f.s.ow;
    f.m = f.s.o;
    f.n = f.s.c * f.taps;
    f.k = f.s.batch * f.places;
    f.x = dio_in<float>(c, 0);
    f.y = dio_in<float>(c, 1);
    f.w = dio_out<float>(c, 0);
    dio_run_product(d, f, f.s.groups);
}

DIO_CUDA_KERNEL(conv, dio_cudnn_conv_work, run)
DIO_CUDA_KERNEL(conv_weights, NULL, run_weights)
