/* glu.cu: y = act(a) * b and its two gradients. */
#include "tensor/cuda/act.cuh"
#include "tensor/ops/attrs.h"

static __global__ void glu_all(float *y, const float *a, const float *b, int64_t n, int act)
{
    DIO_EACH(i, n)
        y[i] = dio_act_of(act, a[i]) * b[i];
}

/* Halves of a wider row, and the like. */
static __global__ void glu_views(float *y, const float *a, const float *b, dio_view a_view,
                                 dio_view b_view, int64_t n, int act)
{
    DIO_EACH(i, n)
        y[i] = dio_act_of(act, a[dio_at(a_view, i)]) * b[dio_at(b_view, i)];
}

/* da may be dy's own memory. */
static __global__ void grad_all(float *da, float *db, const float *dy, const float *a,
                                const float *b, int64_t n, int act)
{
    DIO_EACH(i, n) {
        float g = dy[i], x = a[i], gate = dio_act_of(act, x);
        if (da)
            da[i] = g * b[i] * dio_act_slope(act, x);
        if (db)
            db[i] = g * gate;
    }
}

static void run(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->out[0]);
    if (n && (!dio_dense(&c->in[0]) || !dio_dense(&c->in[1])))
        DIO_LAUNCH(d, glu_views, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), c->in[0], c->in[1], n,
                   (int)dio_attrs<dio_glu_attrs>(c)->act);
    else if (n)
        DIO_LAUNCH(d, glu_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_in<float>(c, 0), dio_in<float>(c, 1), n,
                   (int)dio_attrs<dio_glu_attrs>(c)->act);
}

static void run_grad(dio_cuda *d, const dio_call *c)
{
    int64_t n = dio_count(&c->in[0]);
    if (n)
        DIO_LAUNCH(d, grad_all, dio_blocks(n), DIO_BLOCK, 0, dio_out<float>(c, 0),
                   dio_out<float>(c, 1), dio_in<float>(c, 0), dio_in<float>(c, 1),
                   dio_in<float>(c, 2), n, (int)dio_attrs<dio_glu_attrs>(c)->act);
}

DIO_CUDA_KERNEL(glu, NULL, run)
DIO_CUDA_KERNEL(glu_grad, NULL, run_grad)
