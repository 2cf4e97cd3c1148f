/* fir.cu: a separable filter over pictures between two rates. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/fir.h"

static __device__ int64_t source_of(const dio_fir_attrs &a, int64_t at, int64_t size)
{
    int64_t i = at - a.before;
    return i < 0 || i % a.up || i / a.up >= size ? -1 : i / a.up;
}

static __global__ void filter_all(float *out, const float *x, dio_fir_attrs a, int64_t h, int64_t w,
                                  int64_t oh, int64_t ow, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t ox = i % ow, oy = i / ow % oh;
        const float *plane = x + i / (oh * ow) * h * w;
        float sum = 0.0f;
        for (int c = 0; c < a.taps; c++) {
            int64_t at = source_of(a, ox * a.down + c, w);
            float column = 0.0f;
            for (int r = 0; at >= 0 && r < a.taps; r++) {
                int64_t row = source_of(a, oy * a.down + r, h);
                if (row >= 0)
                    column += DIO_FIR_TAP(&a, r) * plane[row * w + at];
            }
            sum += DIO_FIR_TAP(&a, c) * column;
        }
        out[i] = sum;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *x = &c->in[0], *y = &c->out[0];
    int64_t n = dio_count(y);
    if (n)
        DIO_LAUNCH(d, filter_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), *dio_attrs<dio_fir_attrs>(c), x->dim[2], x->dim[3],
                   y->dim[2], y->dim[3], n);
}

DIO_CUDA_KERNEL(fir, NULL, run)
