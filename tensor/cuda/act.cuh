#pragma once
/* act.cuh: the activations that run at the end of a product or inside a gate. */
#include "tensor/cuda/common.cuh"

static __device__ inline float dio_sigmoid_of(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static __device__ inline float dio_gelu_of(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
}

/* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), which is x * sigmoid of twice the inner part. */
static __device__ inline float dio_gelu_tanh_of(float x)
{
    float inner = 0.79788456080286536f * (x + 0.044715f * x * x * x);
    return x * dio_sigmoid_of(2.0f * inner);
}

static __device__ inline float dio_act_of(int act, float x)
{
    switch (act) {
    case DIO_ACT_RELU:
        return x > 0.0f ? x : 0.0f;
    case DIO_ACT_SILU:
        return x * dio_sigmoid_of(x);
    case DIO_ACT_GELU:
        return dio_gelu_of(x);
    case DIO_ACT_GELU_TANH:
        return dio_gelu_tanh_of(x);
    case DIO_ACT_GELU_QUICK:
        return x * dio_sigmoid_of(1.702f * x);
    case DIO_ACT_TANH:
        return tanhf(x);
    case DIO_ACT_SIGMOID:
        return dio_sigmoid_of(x);
    default:
        return x;
    }
}

/* The derivative at x. */
static __device__ inline float dio_act_slope(int act, float x)
{
    switch (act) {
    case DIO_ACT_RELU:
        return x > 0.0f ? 1.0f : 0.0f;
    case DIO_ACT_SILU: {
        float s = dio_sigmoid_of(x);
        return s * (1.0f + x * (1.0f - s));
    }
    case DIO_ACT_GELU:
        return 0.5f * (1.0f + erff(x * 0.70710678118654752f)) +
               x * 0.39894228040143268f * expf(-0.5f * x * x);
    case DIO_ACT_GELU_TANH: {
        float inner = 0.79788456080286536f * (x + 0.044715f * x * x * x);
        float s = dio_sigmoid_of(2.0f * inner);
        float slope = 0.79788456080286536f * (1.0f + 3.0f * 0.044715f * x * x);
        return s + 2.0f * x * s * (1.0f - s) * slope;
    }
    case DIO_ACT_GELU_QUICK: {
        float s = dio_sigmoid_of(1.702f * x);
        return s * (1.0f + 1.702f * x * (1.0f - s));
    }
    case DIO_ACT_TANH: {
        float t = tanhf(x);
        return 1.0f - t * t;
    }
    case DIO_ACT_SIGMOID: {
        float s = dio_sigmoid_of(x);
        return s * (1.0f - s);
    }
    default:
        return 1.0f;
    }
}
