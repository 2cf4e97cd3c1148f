/* attention.cu: softmax(q k^T * scale) v without ever holding the scores. */
#include "tensor/cuda/attend.cuh"
#include "tensor/cuda/cudnn.cuh"

static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *q = &c->in[0], *k = &c->in[1];
    dio_cuda_attend a;
    if (dio_cudnn_attention(d, c))
        return;
    memset(&a, 0, sizeof a);
    a.attrs = dio_attend_resolve(dio_attrs<dio_attention_attrs>(c), q->dim[3]);
    a.batch = q->dim[0], a.time = q->dim[1], a.heads = q->dim[2], a.size = q->dim[3];
    a.keys = k->dim[1], a.key_heads = k->dim[2];
    a.q = dio_in<float>(c, 0), a.k = dio_in<float>(c, 1), a.v = dio_in<float>(c, 2);
    if (c->n_in > 3 && c->in[3].data)
        dio_attend_mask(&a, &c->in[3]);
    a.out = dio_out<float>(c, 0), a.lse = dio_out<float>(c, 1);
    dio_cuda_attend_run(d, &a);
}

DIO_CUDA_KERNEL(attention, dio_cudnn_attention_work, run)
