/* cast.cu: the same numbers in another element type; halves round to nearest even, integers
 * towards zero. */
#include "tensor/cuda/common.cuh"

static __device__ double widen(const void *from, dio_dtype dtype, int64_t i)
{
    switch (dtype) {
    case DIO_I32:
        return static_cast<const int32_t *>(from)[i];
    case DIO_U8:
        return static_cast<const uint8_t *>(from)[i];
    default:
        return dio_load(from, dtype, i);
    }
}

static __device__ void narrow(void *to, dio_dtype dtype, int64_t i, double x)
{
    switch (dtype) {
    case DIO_F32:
        static_cast<float *>(to)[i] = (float)x;
        break;
    case DIO_BF16:
        static_cast<uint16_t *>(to)[i] = __bfloat16_as_ushort(__float2bfloat16_rn((float)x));
        break;
    case DIO_F16:
        static_cast<uint16_t *>(to)[i] = __half_as_ushort(__float2half_rn((float)x));
        break;
    case DIO_I32:
        static_cast<int32_t *>(to)[i] = (int32_t)x;
        break;
    default:
        static_cast<uint8_t *>(to)[i] = (uint8_t)x;
        break;
    }
}

static __global__ void cast_all(void *to, dio_dtype to_type, const void *from, dio_dtype from_type,
                                int64_t n)
{
    DIO_EACH(i, n)
        narrow(to, to_type, i, widen(from, from_type, i));
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n)
        DIO_LAUNCH(d, cast_all, dio_blocks(n), DIO_BLOCK, 0, c->out[0].data, c->out[0].dtype,
                   (const void *)c->in[0].data, c->in[0].dtype, n);
}

DIO_CUDA_KERNEL(cast, NULL, run)
