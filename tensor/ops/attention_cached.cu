/* attention_cached.cu: attention of new tokens over a cache: the same kernel as attention.cu with
 * another way to find keys and values. */
#include "tensor/cuda/attend.cuh"

static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *q = &c->in[0];
    dio_cuda_attend a;
    memset(&a, 0, sizeof a);
    a.attrs = dio_attend_resolve(dio_attrs<dio_attention_attrs>(c), q->dim[3]);
    a.attrs.causal = true; /* what comes after is never seen */
    a.batch = q->dim[0], a.time = q->dim[1], a.heads = q->dim[2], a.size = q->dim[3];
    a.key_heads = c->in[1].dim[1], a.keys = c->in[2].dim[2];
    a.cached = true;
    a.q = dio_in<float>(c, 0), a.k = dio_in<float>(c, 1), a.v = dio_in<float>(c, 2);
    a.start = dio_in<int32_t>(c, 3);
    a.out = dio_out<float>(c, 0);
    dio_cuda_attend_run(d, &a);
}

DIO_CUDA_KERNEL(attention_cached, NULL, run)
