/* unary.cu: y = f(x), element by element, and dx = dy * f'(x). */
#include "tensor/cpu/cpu.h"
#include "tensor/cuda/act.cuh"
#include "tensor/ops/attrs.h"

static __device__ inline float softplus(float x)
{
    return x > 0.0f ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

static __device__ inline float hardswish(float x)
{
    return x * fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
}

template <int U> static __device__ inline float value(float x, float p, float q)
{
    switch (U) {
    case DIO_U_NEG: return -x;
    case DIO_U_ABS: return fabsf(x);
    case DIO_U_EXP: return expf(x);
    case DIO_U_LOG: return logf(x);
    case DIO_U_SQRT: return sqrtf(x);
    case DIO_U_RSQRT: return 1.0f / sqrtf(x);
    case DIO_U_SQUARE: return x * x;
    case DIO_U_RECIPROCAL: return 1.0f / x;
    case DIO_U_SIN: return sinf(x);
    case DIO_U_COS: return cosf(x);
    case DIO_U_TANH: return tanhf(x);
    case DIO_U_SIGMOID: return dio_sigmoid_of(x);
    case DIO_U_RELU: return x > 0.0f ? x : 0.0f;
    case DIO_U_LEAKY_RELU: return x > 0.0f ? x : p * x;
    case DIO_U_ELU: return x > 0.0f ? x : p * expm1f(x);
    case DIO_U_GELU: return dio_gelu_of(x);
    case DIO_U_GELU_TANH: return dio_gelu_tanh_of(x);
    case DIO_U_GELU_QUICK: return dio_act_of(DIO_ACT_GELU_QUICK, x);
    case DIO_U_SILU: return dio_act_of(DIO_ACT_SILU, x);
    case DIO_U_SOFTPLUS: return softplus(x);
    case DIO_U_MISH: return x * tanhf(softplus(x));
    case DIO_U_HARDSWISH: return hardswish(x);
    case DIO_U_CLAMP: return x < p ? p : x > q ? q : x;
    default: return x;
    }
}

static __device__ inline float mish_slope(float x)
{
    float t = tanhf(softplus(x));
    return t + x * (1.0f - t * t) * dio_sigmoid_of(x);
}

static __device__ inline float slope(int u, float x, float p, float q)
{
    switch (u) {
    case DIO_U_NEG: return -1.0f;
    case DIO_U_ABS: return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f;
    case DIO_U_EXP: return expf(x);
    case DIO_U_LOG: return 1.0f / x;
    case DIO_U_SQRT: return 0.5f / sqrtf(x);
    case DIO_U_RSQRT: return -0.5f / (x * sqrtf(x));
    case DIO_U_SQUARE: return 2.0f * x;
    case DIO_U_RECIPROCAL: return -1.0f / (x * x);
    case DIO_U_SIN: return cosf(x);
    case DIO_U_COS: return -sinf(x);
    case DIO_U_TANH: return dio_act_slope(DIO_ACT_TANH, x);
    case DIO_U_SIGMOID: return dio_act_slope(DIO_ACT_SIGMOID, x);
    case DIO_U_RELU: return x > 0.0f ? 1.0f : 0.0f;
    case DIO_U_LEAKY_RELU: return x > 0.0f ? 1.0f : p;
    case DIO_U_ELU: return x > 0.0f ? 1.0f : p * expf(x);
    case DIO_U_GELU: return dio_act_slope(DIO_ACT_GELU, x);
    case DIO_U_GELU_TANH: return dio_act_slope(DIO_ACT_GELU_TANH, x);
    case DIO_U_GELU_QUICK: return dio_act_slope(DIO_ACT_GELU_QUICK, x);
    case DIO_U_SILU: return dio_act_slope(DIO_ACT_SILU, x);
    case DIO_U_SOFTPLUS: return dio_sigmoid_of(x);
    case DIO_U_MISH: return mish_slope(x);
    case DIO_U_HARDSWISH: return x <= -3.0f ? 0.0f : x >= 3.0f ? 1.0f : (2.0f * x + 3.0f) / 6.0f;
    case DIO_U_CLAMP: return x >= p && x <= q ? 1.0f : 0.0f;
    default: return 1.0f;
    }
}

template <int U>
static __global__ void map_all(float *y, const float *x, int64_t n, float p, float q)
{
    DIO_EACH(i, n)
        y[i] = value<U>(x[i], p, q);
}

static __global__ void grad_all(float *dx, const float *dy, const float *x, int64_t n, int u,
                                float p, float q)
{
    DIO_EACH(i, n)
        dx[i] = dy[i] * slope(u, x[i], p, q);
}

template <int U> static void run(dio_cuda *d, const dio_call *c)
{
    const dio_unary_attrs *a = dio_attrs<dio_unary_attrs>(c);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, map_all<U>, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), n, a->p, a->q);
}

struct grad_attrs { /* as in unary.c */
    enum dio_unary u;
    float p, q;
};

static void run_grad(dio_cuda *d, const dio_call *c)
{
    const grad_attrs *a = dio_attrs<grad_attrs>(c);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, grad_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), n, (int)a->u, a->p, a->q);
}

DIO_CUDA_KERNEL(neg, NULL, run<DIO_U_NEG>)
DIO_CUDA_KERNEL(abs, NULL, run<DIO_U_ABS>)
DIO_CUDA_KERNEL(exp, NULL, run<DIO_U_EXP>)
DIO_CUDA_KERNEL(log, NULL, run<DIO_U_LOG>)
DIO_CUDA_KERNEL(sqrt, NULL, run<DIO_U_SQRT>)
DIO_CUDA_KERNEL(rsqrt, NULL, run<DIO_U_RSQRT>)
DIO_CUDA_KERNEL(square, NULL, run<DIO_U_SQUARE>)
DIO_CUDA_KERNEL(reciprocal, NULL, run<DIO_U_RECIPROCAL>)
DIO_CUDA_KERNEL(sin, NULL, run<DIO_U_SIN>)
DIO_CUDA_KERNEL(cos, NULL, run<DIO_U_COS>)
DIO_CUDA_KERNEL(tanh, NULL, run<DIO_U_TANH>)
DIO_CUDA_KERNEL(sigmoid, NULL, run<DIO_U_SIGMOID>)
DIO_CUDA_KERNEL(relu, NULL, run<DIO_U_RELU>)
DIO_CUDA_KERNEL(leaky_relu, NULL, run<DIO_U_LEAKY_RELU>)
DIO_CUDA_KERNEL(elu, NULL, run<DIO_U_ELU>)
DIO_CUDA_KERNEL(gelu, NULL, run<DIO_U_GELU>)
DIO_CUDA_KERNEL(gelu_tanh, NULL, run<DIO_U_GELU_TANH>)
DIO_CUDA_KERNEL(gelu_quick, NULL, run<DIO_U_GELU_QUICK>)
DIO_CUDA_KERNEL(silu, NULL, run<DIO_U_SILU>)
DIO_CUDA_KERNEL(softplus, NULL, run<DIO_U_SOFTPLUS>)
DIO_CUDA_KERNEL(mish, NULL, run<DIO_U_MISH>)
DIO_CUDA_KERNEL(hardswish, NULL, run<DIO_U_HARDSWISH>)
DIO_CUDA_KERNEL(clamp, NULL, run<DIO_U_CLAMP>)
DIO_CUDA_KERNEL(unary_grad, NULL, run_grad)
