/* flip.cu: a copy from a view that steps backwards. */
#include "tensor/cuda/common.cuh"

struct attrs { /* as in flip.c */
    int axis;
};

static void run(dio_cuda *d, const dio_call *c)
{
    int axis = dio_attrs<attrs>(c)->axis;
    dio_view back = c->in[0];
    if (dio_count(&back) == 0)
        return;
    back.data = static_cast<unsigned char *>(back.data) +
                (back.dim[axis] - 1) * back.stride[axis] * dio_cuda_size(back.dtype);
    back.stride[axis] = -back.stride[axis];
    dio_cuda_copy_view(d, &back, &c->out[0]);
}

DIO_CUDA_KERNEL(flip, NULL, run)
