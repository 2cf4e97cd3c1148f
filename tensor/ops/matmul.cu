/* matmul.cu: products of matrices in batches, of any strides. */
#include "tensor/cuda/common.cuh"
#include "tensor/cuda/gemm.cuh"

struct attrs { /* as in matmul.c */
    bool ta, tb;
};

static void run(dio_cuda *d, const dio_call *c)
{
    const attrs *t = dio_attrs<attrs>(c);
    const dio_view *a = &c->in[0], *b = &c->in[1], *out = &c->out[0];
    dio_cuda_gemm g;
    memset(&g, 0, sizeof g);
    g.m = out->dim[out->nd - 2], g.n = out->dim[out->nd - 1];
    g.k = a->dim[a->nd - (t->ta ? 2 : 1)];
    g.a = dio_in<float>(c, 0), g.b = c->in[1].data, g.c = dio_out<float>(c, 0), g.c_row = g.n;
    g.b_dtype = DIO_F32;
    g.a_row = a->stride[a->nd - (t->ta ? 1 : 2)], g.a_col = a->stride[a->nd - (t->ta ? 2 : 1)];
    g.b_row = b->stride[b->nd - (t->tb ? 1 : 2)], g.b_col = b->stride[b->nd - (t->tb ? 2 : 1)];
    g.batch_nd = out->nd - 2;
    for (int i = 0; i < g.batch_nd; i++) {
        int at_a = i - (out->nd - a->nd), at_b = i - (out->nd - b->nd);
        g.batch_dim[i] = out->dim[i];
        g.a_step[i] = at_a < 0 || a->dim[at_a] == 1 ? 0 : a->stride[at_a];
        g.b_step[i] = at_b < 0 || b->dim[at_b] == 1 ? 0 : b->stride[at_b];
        g.c_step[i] = out->stride[i];
    }
    if (dio_cuda_gemm_count(&g) == 1)
        g.batch_nd = 0;
    dio_cuda_gemm_run(d, &g);
}

DIO_CUDA_KERNEL(matmul, NULL, run)
