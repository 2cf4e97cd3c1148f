/* cumsum.cu: running sums along an axis, one thread a lane, kept in double. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

struct attrs { /* as in cumsum.c */
    int axis;
};

static __global__ void run_lanes(float *y, const float *x, int64_t size, int64_t inner,
                                 int64_t lanes)
{
    DIO_EACH(lane, lanes) {
        int64_t at = lane / inner * size * inner + lane % inner;
        double sum = 0.0;
        for (int64_t k = 0; k < size; k++, at += inner) {
            sum += x[at];
            y[at] = (float)sum;
        }
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    dio_axis x = dio_axis_of(&c->in[0], dio_attrs<attrs>(c)->axis);
    int64_t lanes = x.outer * x.inner;
    if (lanes)
        DIO_LAUNCH(d, run_lanes, dio_blocks(lanes), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), x.size, x.inner, lanes);
}

DIO_CUDA_KERNEL(cumsum, NULL, run)
