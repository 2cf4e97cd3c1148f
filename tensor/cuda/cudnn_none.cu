/* cudnn_none.cu: the answers of a build without cuDNN, and of the emulator. */
#include "tensor/cuda/cudnn.cuh"

bool dio_cudnn_create(struct dio_cudnn **s, dio_error *err)
{
    (void)err;
    *s = NULL;
    return true;
}

void dio_cudnn_destroy(struct dio_cudnn *s)
{
    (void)s;
}

size_t dio_cudnn_conv_work(dio_cuda *d, const dio_call *c)
{
    (void)d;
    (void)c;
    return 0;
}

size_t dio_cudnn_attention_work(dio_cuda *d, const dio_call *c)
{
    (void)d;
    (void)c;
    return 0;
}

bool dio_cudnn_conv(dio_cuda *d, const dio_call *c)
{
    (void)d;
    (void)c;
    return false;
}

bool dio_cudnn_attention(dio_cuda *d, const dio_call *c)
{
    (void)d;
    (void)c;
    return false;
}
