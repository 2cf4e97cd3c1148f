/* prelu.c: a rectifier whose slope below 0 is learned for each channel (arXiv:1502.01852). */
#include "base/gang.h"
#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/attrs.h"
#include "tensor/ops/axis.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "x", err) && dio_want_dims(&in[0], 2, DIO_MAX_DIMS, "x", err) &&
           dio_want_float(&in[1], "alpha", err) && dio_want_dims(&in[1], 1, 1, "alpha", err) &&
           dio_want_dim(&in[1], 0, in[0].dim[1], "alpha", err);
}

static void reference(const dio_call *c)
{
    dio_axis at = dio_axis_of(&c->in[0], 1);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        double x = dio_view_get(&c->in[0], i);
        double alpha = dio_view_get(&c->in[1], i / at.inner % at.size);
        dio_view_set(&c->out[0], i, x < 0 ? alpha * x : x);
    }
}

struct job {
    const dio_call *c;
    dio_axis at;
};

static void bend_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    float alpha = ((const float *)j->c->in[1].data)[item % j->at.size];
    j->c->cpu->unary[DIO_U_LEAKY_RELU]((float *)j->c->out[0].data + item * j->at.inner,
                                       (const float *)j->c->in[0].data + item * j->at.inner,
                                       j->at.inner, alpha, 0);
}

static void cpu(const dio_call *c)
{
    struct job j = {c, dio_axis_of(&c->in[0], 1)};
    dio_gang_run(j.at.outer * j.at.size, bend_plane, &j);
}

/* With what passes above 0 set apart: dx = above + alpha below, dalpha = sum of below x. */
static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_type t = dio_type_of(g, n->in[0]);
    int64_t dim[DIO_MAX_DIMS] = {t.dim[1], 1, 1, 1, 1, 1};
    dio_unary_grad_attrs relu = {.u = DIO_U_RELU};
    dio_val above =
        dio_emit1(g, dio_op_find("unary_grad"), &relu, (dio_val[]){gout[0], n->in[0]}, 2);
    dio_val below = dio_sub(g, gout[0], above);
    gin[0] = dio_add(g, above, dio_mul(g, below, dio_reshape(g, n->in[1], t.nd - 1, dim)));
    unsigned axes = ((1u << t.nd) - 1) & ~2u;
    gin[1] = dio_sum(g, dio_mul(g, below, n->in[0]), axes, false);
}

const dio_op dio_op_prelu = {
    .name = "prelu",
    .doc = "y = x, or alpha x where x < 0; alpha [C] over x [B,C,..]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .tol = 1e-7f, /* measured 0 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 17), DIO_T(DIO_F32, 3)}, .n_in = 2},
            {.in = {DIO_T(DIO_F32, 1, 5, 9, 31), DIO_T(DIO_F32, 5)}, .n_in = 2, .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1)}, .n_in = 2},
            {.in = {DIO_T(DIO_F32, 2, 3, 17), DIO_T(DIO_F32, 2)},
             .n_in = 2,
             .refused = "alpha must have size 3 in dimension 0, not f32[2]"},
            {0},
        },
};

dio_val dio_prelu(dio_graph *g, dio_val x, dio_val alpha)
{
    return dio_emit1(g, &dio_op_prelu, NULL, (dio_val[]){x, alpha}, 2);
}
