/* attention_grad.cu: dq, dk, dv and the mask's gradient. */
#include "tensor/cuda/attend.cuh"

enum { DOUT, Q, K, V, OUT, LSE, MASK };

/* delta [B,K,T] = sum over the channels of dout * out [B,T,K,D]. */
static __global__ void deltas(float *delta, const float *dout, const float *out, int64_t time,
                              int64_t heads, int64_t size, int64_t n)
{
    DIO_EACH(i, n) {
        int64_t t = i % time, head = i / time % heads, b = i / time / heads;
        int64_t at = ((b * time + t) * heads + head) * size;
        float sum = 0.0f;
        for (int64_t k = 0; k < size; k++)
            sum = fmaf(dout[at + k], out[at + k], sum);
        delta[i] = sum;
    }
}

static size_t workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    return (size_t)dio_count(&c->in[LSE]) * sizeof(float);
}

static void run(dio_cuda *d, const dio_call *c)
{
    const dio_view *q = &c->in[Q], *k = &c->in[K];
    int64_t n = dio_count(&c->in[LSE]);
    float *delta = static_cast<float *>(c->work);
    dio_cuda_attend a;
    memset(&a, 0, sizeof a);
    a.attrs = dio_attend_resolve(dio_attrs<dio_attention_attrs>(c), q->dim[3]);
    a.batch = q->dim[0], a.time = q->dim[1], a.heads = q->dim[2], a.size = q->dim[3];
    a.keys = k->dim[1], a.key_heads = k->dim[2];
    a.q = dio_in<float>(c, Q), a.k = dio_in<float>(c, K), a.v = dio_in<float>(c, V);
    if (c->n_in > MASK && c->in[MASK].data)
        dio_attend_mask(&a, &c->in[MASK]);
    a.lse = static_cast<float *>(c->in[LSE].data);
    a.dout = dio_in<float>(c, DOUT), a.delta = delta;
    a.dq = dio_out<float>(c, 0), a.dk = dio_out<float>(c, 1), a.dv = dio_out<float>(c, 2);
    a.dmask = dio_out<float>(c, 3);
    if (n)
        DIO_LAUNCH(d, deltas, dio_blocks(n), DIO_BLOCK, 0, delta, a.dout, dio_in<float>(c, OUT),
                   a.time, a.heads, a.size, n);
    if (a.dmask) /* keys that no tile reaches */
        cudaMemsetAsync(a.dmask, 0, (size_t)dio_count(&c->out[3]) * sizeof(float), d->stream);
    dio_cuda_attend_back(d, &a);
}

DIO_CUDA_KERNEL(attention_grad, workspace, run)
