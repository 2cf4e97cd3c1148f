/* rms_norm.cu: rows to mean square 1, then a weight. */
#include "tensor/cuda/norm_rows.cuh"

struct attrs { /* as in rms_norm.c */
    float eps;
};

static void run(dio_cuda *d, const dio_call *c)
{
    dio_norm_forward n;
    n.y = dio_out<float>(c, 0);
    n.stats = dio_out<float>(c, 1);
    n.x = dio_in<float>(c, 0);
    n.w = c->n_in > 1 ? dio_in<float>(c, 1) : NULL;
    n.b = NULL;
    n.rows = dio_rows(&c->in[0]);
    n.width = dio_width(&c->in[0]);
    n.eps = dio_attrs<attrs>(c)->eps;
    dio_norm_run<false>(d, n);
}

static size_t grad_workspace(dio_cuda *d, const dio_call *c)
{
    (void)d;
    return dio_norm_backward_work(&c->in[1]);
}

static void run_grad(dio_cuda *d, const dio_call *c)
{
    dio_norm_backward n;
    n.dx = dio_out<float>(c, 0);
    n.dw = dio_out<float>(c, 1);
    n.db = NULL;
    n.part = static_cast<float *>(c->work);
    n.dy = dio_in<float>(c, 0);
    n.x = dio_in<float>(c, 1);
    n.stats = dio_in<float>(c, 2);
    n.w = c->n_in > 3 ? dio_in<float>(c, 3) : NULL;
    n.rows = dio_rows(&c->in[1]);
    n.width = dio_width(&c->in[1]);
    dio_norm_back<false>(d, n);
}

DIO_CUDA_KERNEL(rms_norm, NULL, run)
DIO_CUDA_KERNEL(rms_norm_grad, grad_workspace, run_grad)
