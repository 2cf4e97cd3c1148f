/* conv_transpose.cu: the map that carries a convolution's output back to its input, as a product:
 * each element of our output gathers the places that had seen it. */
#include "tensor/cuda/conv.cuh"

/* x [c, place] = w^T [c, (o,k)] y [(o,k), place], for each example and group; x is our output. */
struct backward {
    int64_t m, n, k;
    dio_cuda_conv s;
    const float *y, *w, *bias;
    float *x;
    int taps;

    __device__ bool a_along_k() const { return false; }
    __device__ bool b_along_k() const { return false; }
    __device__ void enter(int64_t batch)
    {
        int64_t example = batch / s.groups, group = batch % s.groups;
        x += (example * s.groups + group) * s.c * n;
        y += (example * s.groups + group) * s.o * s.oh * s.ow;
        w += group * s.o * s.c * taps;
        bias = bias ? bias + group * s.c : bias;
    }
    __device__ float a(int64_t c, int64_t i) const
    {
        int o = (int)i / taps;
        return w[((int64_t)o * s.c + c) * taps + (int)i - o * taps];
    }
    __device__ float b(int64_t i, int64_t place) const
    {
        int o = (int)i / taps, tap = (int)i - o * taps, ky = tap / s.kw, kx = tap - ky * s.kw;
        int row = (int)place / s.w, col = (int)place - row * s.w;
        int oy = row + s.ph - ky * s.dh, ox = col + s.pw - kx * s.dw;
        if (oy < 0 || ox < 0 || oy % s.sh || ox % s.sw)
            return 0.0f;
        oy /= s.sh;
        ox /= s.sw;
        return oy < s.oh && ox < s.ow ? y[((int64_t)o * s.oh + oy) * s.ow + ox] : 0.0f;
    }
    __device__ void store(int64_t c, int64_t place, float sum) const
    {
        x[c * n + place] = bias ? sum + bias[c] : sum;
    }
};

static void run(dio_cuda *d, const dio_call *c)
{
    backward f;
    f.s = dio_cuda_conv_of(&c->out[0], &c->in[1], &c->in[0], dio_attrs<dio_conv_attrs>(c));
    f.taps = f.s.kh * f.s.kw;
    f.m = f.s.c;
    f.n = (int64_t)f.s.h * f.s.w;
    f.k = f.s.o * f.taps;
    f.y = dio_in<float>(c, 0);
    f.w = dio_in<float>(c, 1);
    f.bias = c->n_in > 2 ? dio_in<float>(c, 2) : NULL;
    f.x = dio_out<float>(c, 0);
    dio_run_product(d, f, f.s.batch * f.s.groups);
}

DIO_CUDA_KERNEL(conv_transpose, NULL, run)
