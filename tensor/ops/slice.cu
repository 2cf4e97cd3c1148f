/* slice.cu: unslice, the gradient of a slice: zeros with the part at its places. slice itself is a
 * view. */
#include "tensor/cuda/common.cuh"

struct unslice_attrs { /* as in slice.c */
    struct {
        int axis;
        int64_t start, length, step;
    } slice;
    int64_t size;
};

static void run(dio_cuda *d, const dio_call *c)
{
    const unslice_attrs *a = dio_attrs<unslice_attrs>(c);
    dio_view part = c->out[0];
    int axis = a->slice.axis;
    cudaMemsetAsync(part.data, 0, (size_t)dio_count(&part) * sizeof(float), d->stream);
    part.data = dio_out<float>(c, 0) + a->slice.start * part.stride[axis];
    part.dim[axis] = a->slice.length;
    part.stride[axis] *= a->slice.step;
    dio_cuda_copy_view(d, &c->in[0], &part);
}

DIO_CUDA_KERNEL(unslice, NULL, run)
