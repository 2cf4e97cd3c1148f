/* snake.c: x + sin^2(alpha x) / alpha, bumps on a slope with a learned period (arXiv:2006.08195).
 * alpha stands for a channel of x [B,C,..]. Where it is 0 the formula's limit holds: y = x. */
#include <math.h>

#include "base/gang.h"
#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
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
        double alpha = dio_view_get(&c->in[1], i / at.inner % at.size), s = sin(alpha * x);
        dio_view_set(&c->out[0], i, alpha != 0 ? x + s * s / alpha : x);
    }
}

enum { ROW = 1024 }; /* elements whose sines are held at a time */

struct job {
    const dio_call *c;
    dio_axis at;
};

static void snake_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *cpu = j->c->cpu;
    const float *x = (const float *)j->c->in[0].data + item * j->at.inner;
    float *y = (float *)j->c->out[0].data + item * j->at.inner, s[ROW];
    float alpha = ((const float *)j->c->in[1].data)[item % j->at.size];
    float scale = alpha != 0 ? 1 / alpha : 0;
    for (int64_t i = 0; i < j->at.inner; i += ROW) {
        int64_t n = j->at.inner - i < ROW ? j->at.inner - i : ROW;
        cpu->axpb(s, x + i, n, alpha, 0);
        cpu->unary[DIO_U_SIN](s, s, n, 0, 0);
        cpu->mul(s, s, s, n, 1, 1);
        cpu->axpb(s, s, n, scale, 0);
        cpu->add(y + i, x + i, s, n, 1, 1);
    }
}

static void cpu(const dio_call *c)
{
    struct job j = {c, dio_axis_of(&c->in[0], 1)};
    dio_gang_run(j.at.outer * j.at.size, snake_plane, &j);
}

/* dx = gy (1 + s), s = sin(2 alpha x); dalpha = sum gy (x s - (y - x)) / alpha, since y - x is
 * sin^2(alpha x) / alpha already. */
static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val x = n->in[0];
    dio_type t = dio_type_of(g, x);
    int64_t dim[DIO_MAX_DIMS] = {t.dim[1], 1, 1, 1, 1, 1};
    dio_val alpha = dio_reshape(g, n->in[1], t.nd - 1, dim);
    dio_val s = dio_sin(g, dio_mul(g, dio_axpb(g, x, 2, 0), alpha));
    gin[0] = dio_mul(g, gout[0], dio_axpb(g, s, 1, 1));
    dio_val slope = dio_sub(g, dio_mul(g, x, s), dio_sub(g, n->out[0], x));
    unsigned axes = ((1u << t.nd) - 1) & ~2u;
    gin[1] = dio_div(g, dio_sum(g, dio_mul(g, gout[0], slope), axes, false), n->in[1]);
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){20 * n, 8 * n}; /* a sine is about 16 operations */
}

const dio_op dio_op_snake = {
    .name = "snake",
    .doc = "y = x + sin^2(alpha x) / alpha, alpha [C] over x [B,C,..]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .tol = 4e-7f, /* measured 8.7e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 17), DIO_T(DIO_F32, 3)}, .n_in = 2, .lo = 0.3f, .hi = 3},
            {.in = {DIO_T(DIO_F32, 1, 2, 1500), DIO_T(DIO_F32, 2)},
             .n_in = 2,
             .lo = -4,
             .hi = -0.5f,
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1)}, .n_in = 2, .lo = 0.3f, .hi = 3},
            {.in = {DIO_T(DIO_F32, 2, 3, 17), DIO_T(DIO_F32, 2)},
             .n_in = 2,
             .refused = "alpha must have size 3 in dimension 0, not f32[2]"},
            {0},
        },
};

dio_val dio_snake(dio_graph *g, dio_val x, dio_val alpha)
{
    return dio_emit1(g, &dio_op_snake, NULL, (dio_val[]){x, alpha}, 2);
}
