/* binary.cu: z = x op y with numpy's broadcasting. */
#include "tensor/cuda/common.cuh"

struct add_op {
    __device__ float operator()(float x, float y) const { return x + y; }
};
struct sub_op {
    __device__ float operator()(float x, float y) const { return x - y; }
};
struct mul_op {
    __device__ float operator()(float x, float y) const { return x * y; }
};
struct div_op {
    __device__ float operator()(float x, float y) const { return x / y; }
};
struct max_op {
    __device__ float operator()(float x, float y) const { return x > y ? x : y; }
};
struct min_op {
    __device__ float operator()(float x, float y) const { return x < y ? x : y; }
};

template <typename Op>
static __global__ void dense(float *z, const float *x, const float *y, int64_t n)
{
    DIO_EACH(i, n)
        z[i] = Op()(x[i], y[i]);
}

template <typename Op>
static __global__ void strided(float *z, const float *x, const float *y, dio_view at_x,
                               dio_view at_y, int64_t n)
{
    DIO_EACH(i, n)
        z[i] = Op()(x[dio_at(at_x, i)], y[dio_at(at_y, i)]);
}

template <typename Op> static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *out = &c->out[0];
    int64_t n = dio_count(out);
    float *z = dio_out<float>(c, 0);
    const float *x = dio_in<float>(c, 0), *y = dio_in<float>(c, 1);
    if (n == 0)
        return;
    dio_view at_x = dio_spread(&c->in[0], out), at_y = dio_spread(&c->in[1], out);
    if (dio_dense(&at_x) && dio_dense(&at_y))
        DIO_LAUNCH(d, dense<Op>, dio_blocks(n), DIO_BLOCK, 0, z, x, y, n);
    else
        DIO_LAUNCH(d, strided<Op>, dio_blocks(n), DIO_BLOCK, 0, z, x, y, at_x, at_y, n);
}

DIO_CUDA_KERNEL(add, NULL, run<add_op>)
DIO_CUDA_KERNEL(sub, NULL, run<sub_op>)
DIO_CUDA_KERNEL(mul, NULL, run<mul_op>)
DIO_CUDA_KERNEL(div, NULL, run<div_op>)
DIO_CUDA_KERNEL(maximum, NULL, run<max_op>)
DIO_CUDA_KERNEL(minimum, NULL, run<min_op>)
