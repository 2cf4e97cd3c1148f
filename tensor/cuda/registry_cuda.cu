/* registry_cuda.cu: the twins of this build as one table. */
#include "tensor/cuda/cuda.h"

extern "C" {
#define DIO_CUDA(name) extern const dio_cuda_kernel dio_cuda_##name;
#include "cuda_kernels.def"
#undef DIO_CUDA

const dio_cuda_kernel *const dio_cuda_kernels[] = {
#define DIO_CUDA(name) &dio_cuda_##name,
#include "cuda_kernels.def"
#undef DIO_CUDA
    NULL,
};
}
