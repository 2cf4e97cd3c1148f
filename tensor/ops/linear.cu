/* linear.cu: act(x w^T + bias); bf16 and f16 weights are widened exactly on the way. */
#include "tensor/cuda/common.cuh"
#include "tensor/cuda/gemm.cuh"
#include "tensor/ops/attrs.h"

static void run(dio_cuda *d, const dio_call *c)
{
    const dio_linear_attrs *a = dio_attrs<dio_linear_attrs>(c);
    dio_cuda_gemm g;
    memset(&g, 0, sizeof g);
    g.m = dio_rows(&c->in[0]), g.k = dio_width(&c->in[0]), g.n = c->in[1].dim[a->kn ? 1 : 0];
    g.a = dio_in<float>(c, 0), g.a_row = g.k, g.a_col = 1;
    g.b = c->in[1].data, g.b_dtype = c->in[1].dtype;
    g.b_row = a->kn ? g.n : 1, g.b_col = a->kn ? 1 : g.k;
    g.c = dio_out<float>(c, 0), g.c_row = g.n;
    g.bias = c->n_in > 2 ? dio_in<float>(c, 2) : NULL;
    g.act = a->act;
    dio_cuda_gemm_run(d, &g);
}

DIO_CUDA_KERNEL(linear, NULL, run)
