/* copy.cu: a strided view made dense, or put at the places of another, by an element's size alone. */
#include "tensor/cuda/common.cuh"

template <typename T> static __global__ void gather_all(T *to, const T *from, dio_view v, int64_t n)
{
    DIO_EACH(i, n)
        to[i] = from[dio_at(v, i)];
}

template <typename T>
static __global__ void place_all(T *to, const T *from, dio_view to_view, dio_view v, int64_t n)
{
    DIO_EACH(i, n)
        to[dio_at(to_view, i)] = from[dio_at(v, i)];
}

template <typename T> static void launch(dio_cuda *d, const dio_view *from, const dio_view *to)
{
    int64_t n = dio_count(from);
    T *target = static_cast<T *>(to->data);
    const T *source = static_cast<const T *>(from->data);
    if (n == 0)
        return;
    if (dio_dense(to))
        DIO_LAUNCH(d, gather_all<T>, dio_blocks(n), DIO_BLOCK, 0, target, source, *from, n);
    else
        DIO_LAUNCH(d, place_all<T>, dio_blocks(n), DIO_BLOCK, 0, target, source, *to, *from, n);
}

extern "C" void dio_cuda_copy_view(dio_cuda *d, const dio_view *from, const dio_view *to)
{
    switch (dio_cuda_size(from->dtype)) {
    case 1:
        launch<uint8_t>(d, from, to);
        break;
    case 2:
        launch<uint16_t>(d, from, to);
        break;
    default:
        launch<uint32_t>(d, from, to);
        break;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    dio_cuda_copy_view(d, &c->in[0], &c->out[0]);
}

DIO_CUDA_KERNEL(copy, NULL, run)
