/* gather.cu: numbers picked along an axis by index, and numbers added there. One thread owns all
 * places that an index of its lane can name, so additions need no atomics and keep their order. */
#include "tensor/cuda/common.cuh"
#include "tensor/ops/axis.h"

struct attrs { /* as in gather.c */
    int axis;
};

static __global__ void gather_all(float *y, const float *x, const int32_t *ids, int64_t size,
                                  int64_t count, int64_t inner, int64_t n)
{
    DIO_EACH(i, n) {
        int32_t id = ids[i];
        bool in = id >= 0 && id < size;
        y[i] = in ? x[(i / inner / count * size + id) * inner + i % inner] : 0.0f;
    }
}

static __global__ void add_lanes(float *y, const int32_t *ids, const float *source, int64_t size,
                                 int64_t count, int64_t inner, int64_t lanes)
{
    DIO_EACH(lane, lanes) {
        int64_t outer = lane / inner, at = lane % inner;
        for (int64_t k = 0; k < count; k++) {
            int64_t from = (outer * count + k) * inner + at;
            int32_t id = ids[from];
            if (id >= 0 && id < size)
                y[(outer * size + id) * inner + at] += source[from];
        }
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    int axis = dio_attrs<attrs>(c)->axis;
    dio_axis x = dio_axis_of(&c->in[0], axis), k = dio_axis_of(&c->in[1], axis);
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, gather_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<int32_t>(c, 1), x.size, k.size, x.inner, n);
}

static void run_scatter(dio_cuda *d, const dio_call *c)
{
    int axis = dio_attrs<attrs>(c)->axis;
    dio_axis x = dio_axis_of(&c->in[0], axis), k = dio_axis_of(&c->in[1], axis);
    int64_t lanes = x.outer * x.inner;
    if (c->out[0].data != c->in[0].data)
        dio_cuda_copy_view(d, &c->in[0], &c->out[0]);
    if (lanes)
        DIO_LAUNCH(d, add_lanes, dio_blocks(lanes), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<int32_t>(c, 1), dio_in<float>(c, 2), x.size, k.size, x.inner, lanes);
}

DIO_CUDA_KERNEL(gather, NULL, run)
DIO_CUDA_KERNEL(scatter_add, NULL, run_scatter)
