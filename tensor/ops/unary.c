/* unary.c: y = f(x), element by element, for every f that the CPU's tables name.
 *
 * The reference is the formula in double, its derivative by the same letters; each row of the
 * table below is one operator and, through unary_grad, its gradient. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops/attrs.h"
#include "tensor/ops/spans.h"

typedef double formula(double x, double p, double q);

/* A formula of x and up to two parameters. */
#define F(name, expression)                                                                        \
    static double name(double x, double p, double q)                                               \
    {                                                                                              \
        (void)x;                                                                                   \
        (void)p;                                                                                   \
        (void)q;                                                                                   \
        return expression;                                                                         \
    }

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

F(f_neg, -x)
F(d_neg, -1)
F(f_abs, fabs(x))
F(d_abs, (x > 0) - (x < 0))
F(f_exp, exp(x))
F(f_log, log(x))
F(d_log, 1 / x)
F(f_sqrt, sqrt(x))
F(d_sqrt, 0.5 / sqrt(x))
F(f_rsqrt, 1 / sqrt(x))
F(d_rsqrt, -0.5 / (x * sqrt(x)))
F(f_square, x *x)
F(d_square, 2 * x)
F(f_reciprocal, 1 / x)
F(d_reciprocal, -1 / (x * x))
F(f_sin, sin(x))
F(f_cos, cos(x))
F(d_cos, -sin(x))
F(f_tanh, tanh(x))
F(d_tanh, 1 - tanh(x) * tanh(x))
F(f_sigmoid, sigmoid(x))
F(d_sigmoid, sigmoid(x) * sigmoid(-x))
F(f_relu, x > 0 ? x : 0)
F(d_relu, x > 0)
F(f_leaky_relu, x > 0 ? x : p * x)
F(d_leaky_relu, x > 0 ? 1 : p)
F(f_elu, x > 0 ? x : p * expm1(x))
F(d_elu, x > 0 ? 1 : p * exp(x))

F(f_gelu, 0.5 * x * (1 + erf(x * M_SQRT1_2)))

/* 0.3989...: 1/sqrt(2 pi), the normal density at 0 */
F(d_gelu, 0.5 * (1 + erf(x * M_SQRT1_2)) + x * exp(-0.5 * x * x) * 0.3989422804014327)

static const double gelu_k = 0.7978845608028654; /* sqrt(2/pi) */

F(f_gelu_tanh, 0.5 * x * (1 + tanh(gelu_k * (x + 0.044715 * x * x * x))))

static double d_gelu_tanh(double x, double p, double q)
{
    (void)p;
    (void)q;
    double t = tanh(gelu_k * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * gelu_k * (1 + 3 * 0.044715 * x * x);
}

F(f_gelu_quick, x *sigmoid(1.702 * x))

static double d_gelu_quick(double x, double p, double q)
{
    (void)p;
    (void)q;
    double s = sigmoid(1.702 * x);
    return s + 1.702 * x * s * (1 - s);
}

F(f_silu, x *sigmoid(x))

static double d_silu(double x, double p, double q)
{
    (void)p;
    (void)q;
    double s = sigmoid(x);
    return s + x * s * (1 - s);
}

F(f_softplus, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)))

F(d_softplus, sigmoid(x))
F(f_mish, x *tanh(f_softplus(x, p, q)))

static double d_mish(double x, double p, double q)
{
    double t = tanh(f_softplus(x, p, q));
    return t + x * (1 - t * t) * sigmoid(x);
}

F(f_hardswish, x *fmin(fmax(x + 3, 0), 6) / 6)
F(d_hardswish, x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6)

F(f_clamp, x<p ? p : x> q ? q : x)
F(d_clamp, x >= p && x <= q)

static const struct {
    formula *f, *d;
} formulas[DIO_U_COUNT] = {
    [DIO_U_NEG] = {f_neg, d_neg},
    [DIO_U_ABS] = {f_abs, d_abs},
    [DIO_U_EXP] = {f_exp, f_exp},
    [DIO_U_LOG] = {f_log, d_log},
    [DIO_U_SQRT] = {f_sqrt, d_sqrt},
    [DIO_U_RSQRT] = {f_rsqrt, d_rsqrt},
    [DIO_U_SQUARE] = {f_square, d_square},
    [DIO_U_RECIPROCAL] = {f_reciprocal, d_reciprocal},
    [DIO_U_SIN] = {f_sin, f_cos},
    [DIO_U_COS] = {f_cos, d_cos},
    [DIO_U_TANH] = {f_tanh, d_tanh},
    [DIO_U_SIGMOID] = {f_sigmoid, d_sigmoid},
    [DIO_U_RELU] = {f_relu, d_relu},
    [DIO_U_LEAKY_RELU] = {f_leaky_relu, d_leaky_relu},
    [DIO_U_ELU] = {f_elu, d_elu},
    [DIO_U_GELU] = {f_gelu, d_gelu},
    [DIO_U_GELU_TANH] = {f_gelu_tanh, d_gelu_tanh},
    [DIO_U_GELU_QUICK] = {f_gelu_quick, d_gelu_quick},
    [DIO_U_SILU] = {f_silu, d_silu},
    [DIO_U_SOFTPLUS] = {f_softplus, d_softplus},
    [DIO_U_MISH] = {f_mish, d_mish},
    [DIO_U_HARDSWISH] = {f_hardswish, d_hardswish},
    [DIO_U_CLAMP] = {f_clamp, d_clamp},
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the operand", err);
}

static void reference(const dio_call *c, enum dio_unary u)
{
    const dio_unary_attrs *a = c->attrs;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, formulas[u].f(dio_view_get(&c->in[0], i), a->p, a->q));
}

struct job {
    const dio_call *c;
    enum dio_unary u;
    int64_t n;
};

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_unary_attrs *a = j->c->attrs;
    int64_t at = item * DIO_SPAN;
    j->c->cpu->unary[j->u]((float *)j->c->out[0].data + at, (const float *)j->c->in[0].data + at,
                           dio_span_length(j->n, item), a->p, a->q);
}

static void run(const dio_call *c, enum dio_unary u)
{
    struct job j = {c, u, dio_view_count(&c->out[0])};
    dio_gang_run(dio_span_count(j.n), span, &j);
}

static bool grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the gradient", err) &&
           dio_want_same(&in[0], &in[1], "the gradient and the operand", err);
}

static void grad_reference(const dio_call *c)
{
    const dio_unary_grad_attrs *a = c->attrs;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i,
                     dio_view_get(&c->in[0], i) *
                         formulas[a->u].d(dio_view_get(&c->in[1], i), a->p, a->q));
}

static void grad_span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_unary_grad_attrs *a = j->c->attrs;
    int64_t at = item * DIO_SPAN;
    j->c->cpu->unary_grad[a->u](
        (float *)j->c->out[0].data + at, (const float *)j->c->in[0].data + at,
        (const float *)j->c->in[1].data + at, dio_span_length(j->n, item), a->p, a->q);
}

static void grad_cpu(const dio_call *c)
{
    struct job j = {.c = c, .n = dio_view_count(&c->out[0])};
    dio_gang_run(dio_span_count(j.n), grad_span, &j);
}

/* Linear in its first operand. Second derivatives are there where they are zero or a constant,
 * which is what penalties on the gradients of rectified networks need. */
static void grad_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_unary_grad_attrs *a = n->attrs;
    gin[0] = dio_emit1(g, n->op, n->attrs, (dio_val[]){gout[0], n->in[1]}, 2);
    switch (a->u) {
    case DIO_U_NEG:
    case DIO_U_ABS:
    case DIO_U_RELU:
    case DIO_U_LEAKY_RELU:
    case DIO_U_CLAMP:
        return;
    case DIO_U_SQUARE:
        gin[1] = dio_axpb(g, dio_mul(g, gout[0], n->in[0]), 2, 0);
        return;
    default:
        gin[1] = DIO_NO_GRADIENT;
    }
}

const dio_op dio_op_unary_grad = {
    .name = "unary_grad",
    .doc = "dx = dy * f'(x), f by attribute; its own gradient where f'' is a constant",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .attrs_size = sizeof(dio_unary_grad_attrs),
    .infer = grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .grad = grad_grad,
    .tol = 3e-7f, /* measured 6.4e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 21), DIO_T(DIO_F32, 5, 21)},
             .n_in = 2,
             .attrs = &(dio_unary_grad_attrs){DIO_U_SILU, 0, 0},
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 67), DIO_T(DIO_F32, 67)},
             .n_in = 2,
             .attrs = &(dio_unary_grad_attrs){DIO_U_GELU, 0, 0},
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 67), DIO_T(DIO_F32, 66)},
             .n_in = 2,
             .attrs = &(dio_unary_grad_attrs){DIO_U_GELU, 0, 0},
             .refused = "differ"},
            {0},
        },
};

static void unary_backward(dio_graph *g, const dio_node *n, enum dio_unary u, const dio_val *gout,
                           dio_val *gin)
{
    const dio_unary_attrs *a = n->attrs;
    dio_unary_grad_attrs back = {u, a->p, a->q};
    gin[0] = dio_emit1(g, &dio_op_unary_grad, &back, (dio_val[]){gout[0], n->in[0]}, 2);
}

#define CASE(lo_, hi_, ...)                                                                        \
    {.in = {DIO_T(DIO_F32, 3, 41)},                                                                \
     .n_in = 1,                                                                                    \
     .attrs = &(dio_unary_attrs){__VA_ARGS__},                                                     \
     .lo = (lo_),                                                                                  \
     .hi = (hi_)},                                                                                 \
        {.in = {DIO_T(DIO_F32, 1)},                                                                \
         .n_in = 1,                                                                                \
         .attrs = &(dio_unary_attrs){__VA_ARGS__},                                                 \
         .lo = (lo_),                                                                              \
         .hi = (hi_)},                                                                             \
        {.in = {DIO_T(DIO_I32, 4)},                                                                \
         .n_in = 1,                                                                                \
         .attrs = &(dio_unary_attrs){__VA_ARGS__},                                                 \
         .refused = "must be f32"},                                                                \
        {0},

#define UNARY_OP(name_, u, doc_, lo_, hi_, ...)                                                    \
    static void name_##_reference(const dio_call *c)                                               \
    {                                                                                              \
        reference(c, u);                                                                           \
    }                                                                                              \
    static void name_##_cpu(const dio_call *c)                                                     \
    {                                                                                              \
        run(c, u);                                                                                 \
    }                                                                                              \
    static void name_##_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)   \
    {                                                                                              \
        unary_backward(g, n, u, gout, gin);                                                        \
    }                                                                                              \
    const dio_op dio_op_##name_ = {                                                                \
        .name = #name_,                                                                            \
        .doc = doc_,                                                                               \
        .n_in_min = 1,                                                                             \
        .n_in_max = 1,                                                                             \
        .n_out = 1,                                                                                \
        .flags = DIO_OP_INPLACE,                                                                   \
        .attrs_size = sizeof(dio_unary_attrs),                                                     \
        .infer = infer,                                                                            \
        .reference = name_##_reference,                                                            \
        .cpu = name_##_cpu,                                                                        \
        .grad = name_##_grad,                                                                      \
        .tol = 3e-7f, /* measured 7.3e-8: hardswish */                                             \
        .cases = (const dio_op_case[]){CASE(lo_, hi_, __VA_ARGS__)},                               \
    };

#define UNARY(name_, u, act_, doc_, lo_, hi_)                                                      \
    UNARY_OP(name_, u, doc_, lo_, hi_, act_, 0, 0)                                                 \
    dio_val dio_##name_(dio_graph *g, dio_val x)                                                   \
    {                                                                                              \
        return dio_emit1(g, &dio_op_##name_, &(dio_unary_attrs){act_, 0, 0}, &x, 1);               \
    }

UNARY(neg, DIO_U_NEG, DIO_ACT_NONE, "y = -x", -2, 2)
UNARY(abs, DIO_U_ABS, DIO_ACT_NONE, "y = |x|", 0.1f, 3)
UNARY(exp, DIO_U_EXP, DIO_ACT_NONE, "y = e^x", -5, 3)
UNARY(log, DIO_U_LOG, DIO_ACT_NONE, "y = ln x", 0.5f, 9)
UNARY(sqrt, DIO_U_SQRT, DIO_ACT_NONE, "y = sqrt x", 0.5f, 9)
UNARY(rsqrt, DIO_U_RSQRT, DIO_ACT_NONE, "y = 1 / sqrt x", 0.5f, 9)
UNARY(square, DIO_U_SQUARE, DIO_ACT_NONE, "y = x^2", -3, 3)
UNARY(reciprocal, DIO_U_RECIPROCAL, DIO_ACT_NONE, "y = 1 / x", 0.5f, 4)
UNARY(sin, DIO_U_SIN, DIO_ACT_NONE, "y = sin x", -9, 9)
UNARY(cos, DIO_U_COS, DIO_ACT_NONE, "y = cos x", -9, 9)
UNARY(tanh, DIO_U_TANH, DIO_ACT_TANH, "y = tanh x", -4, 4)
UNARY(sigmoid, DIO_U_SIGMOID, DIO_ACT_SIGMOID, "y = 1 / (1 + e^-x)", -8, 8)
UNARY(relu, DIO_U_RELU, DIO_ACT_RELU, "y = max(x, 0)", 0.1f, 2)
UNARY(gelu, DIO_U_GELU, DIO_ACT_GELU, "y = x (1 + erf(x / sqrt 2)) / 2", -4, 4)
UNARY(gelu_tanh, DIO_U_GELU_TANH, DIO_ACT_GELU_TANH, "GELU by tanh (arXiv:1606.08415)", -4, 4)
UNARY(gelu_quick, DIO_U_GELU_QUICK, DIO_ACT_GELU_QUICK, "y = x sigmoid(1.702 x)", -4, 4)
UNARY(silu, DIO_U_SILU, DIO_ACT_SILU, "y = x sigmoid(x)", -6, 6)
UNARY(softplus, DIO_U_SOFTPLUS, DIO_ACT_NONE, "y = ln(1 + e^x)", -9, 9)
UNARY(mish, DIO_U_MISH, DIO_ACT_NONE, "y = x tanh(softplus(x)) (arXiv:1908.08681)", -6, 6)
UNARY(hardswish, DIO_U_HARDSWISH, DIO_ACT_NONE, "y = x clamp(x + 3, 0, 6) / 6", -2.5f, 2.5f)
UNARY_OP(leaky_relu, DIO_U_LEAKY_RELU, "y = x > 0 ? x : slope x", 0.1f, 2, DIO_ACT_NONE, 0.2f, 0)
UNARY_OP(elu, DIO_U_ELU, "y = x > 0 ? x : alpha (e^x - 1)", -3, -0.1f, DIO_ACT_NONE, 1.5f, 0)
UNARY_OP(clamp, DIO_U_CLAMP, "y = min(max(x, lo), hi)", -0.4f, 0.4f, DIO_ACT_NONE, -0.5f, 0.5f)

dio_val dio_leaky_relu(dio_graph *g, dio_val x, float slope)
{
    return dio_emit1(g, &dio_op_leaky_relu, &(dio_unary_attrs){DIO_ACT_NONE, slope, 0}, &x, 1);
}

dio_val dio_elu(dio_graph *g, dio_val x, float alpha)
{
    return dio_emit1(g, &dio_op_elu, &(dio_unary_attrs){DIO_ACT_NONE, alpha, 0}, &x, 1);
}

dio_val dio_clamp(dio_graph *g, dio_val x, float lo, float hi)
{
    return dio_emit1(g, &dio_op_clamp, &(dio_unary_attrs){DIO_ACT_NONE, lo, hi}, &x, 1);
}

dio_val dio_activate(dio_graph *g, dio_val x, dio_act act)
{
    switch (act) {
    case DIO_ACT_NONE:
        return x;
    case DIO_ACT_RELU:
        return dio_relu(g, x);
    case DIO_ACT_SILU:
        return dio_silu(g, x);
    case DIO_ACT_GELU:
        return dio_gelu(g, x);
    case DIO_ACT_GELU_TANH:
        return dio_gelu_tanh(g, x);
    case DIO_ACT_GELU_QUICK:
        return dio_gelu_quick(g, x);
    case DIO_ACT_TANH:
        return dio_tanh(g, x);
    case DIO_ACT_SIGMOID:
        return dio_sigmoid(g, x);
    }
    return dio_graph_fail(g, "activation %d does not exist", (int)act);
}
