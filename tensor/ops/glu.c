/* glu.c: act(a) * b: the gated units (arXiv:2002.05202) in one pass over memory. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops/attrs.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const dio_glu_attrs *a = attrs;
    out[0] = in[0];
    if (a->act != DIO_ACT_SILU && a->act != DIO_ACT_GELU && a->act != DIO_ACT_GELU_TANH &&
        a->act != DIO_ACT_SIGMOID && a->act != DIO_ACT_RELU)
        return dio_fail(err, "the gate must be silu, gelu, gelu_tanh, sigmoid or relu");
    return dio_want_float(&in[0], "the gate", err) &&
           dio_want_same(&in[0], &in[1], "the gate and the value", err);
}

static double gate(dio_act act, double x, double *slope)
{
    double s = 1 / (1 + exp(-x)), k = 0.7978845608028654; /* sqrt(2/pi) */
    double t = tanh(k * (x + 0.044715 * x * x * x)), e = 0.5 * (1 + erf(x * M_SQRT1_2));
    switch (act) {
    case DIO_ACT_SILU:
        *slope = s + x * s * (1 - s);
        return x * s;
    case DIO_ACT_GELU:
        *slope = e + x * exp(-0.5 * x * x) * 0.3989422804014327; /* 1/sqrt(2 pi) */
        return x * e;
    case DIO_ACT_GELU_TANH:
        *slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x);
        return 0.5 * x * (1 + t);
    case DIO_ACT_RELU:
        *slope = x > 0;
        return x > 0 ? x : 0;
    default:
        *slope = s * (1 - s);
        return s;
    }
}

static void reference(const dio_call *c)
{
    const dio_glu_attrs *a = c->attrs;
    double slope;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i,
                     gate(a->act, dio_view_get(&c->in[0], i), &slope) * dio_view_get(&c->in[1], i));
}

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    int64_t at = item * DIO_SPAN;
    c->cpu->glu(dio_act_unary(((const dio_glu_attrs *)c->attrs)->act), (float *)c->out[0].data + at,
                (const float *)c->in[0].data + at, (const float *)c->in[1].data + at,
                dio_span_length(dio_view_count(&c->out[0]), item));
}

enum { GATHER = 1024 };

/* n elements of a row, from `at` on: where they are, or gathered. */
static const float *elements(const dio_view *v, int64_t row, int64_t at, int64_t n, float *room)
{
    const int64_t step = v->nd ? v->stride[v->nd - 1] : 1;
    const float *from = (const float *)v->data + dio_row_offset(v, row) + at * step;
    if (step == 1)
        return from;
    for (int64_t i = 0; i < n; i++)
        room[i] = from[i * step];
    return room;
}

/* The halves of a wider row, above all: nothing is copied before. */
static void row(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const int act = dio_act_unary(((const dio_glu_attrs *)c->attrs)->act);
    float room[2][GATHER];
    int64_t width;
    dio_view_rows(&c->out[0], &width);
    for (int64_t at = 0; at < width; at += GATHER) {
        const int64_t n = width - at < GATHER ? width - at : GATHER;
        const float *a = elements(&c->in[0], item, at, n, room[0]);
        const float *b = elements(&c->in[1], item, at, n, room[1]);
        c->cpu->glu(act, (float *)c->out[0].data + item * width + at, a, b, n);
    }
}

static void cpu(const dio_call *c)
{
    int64_t width;
    const int64_t rows = dio_view_rows(&c->out[0], &width);
    if (dio_view_is_dense(&c->in[0]) && dio_view_is_dense(&c->in[1]))
        dio_gang_run(dio_span_count(dio_view_count(&c->out[0])), span, (void *)(uintptr_t)c);
    else
        dio_gang_run(rows, row, (void *)(uintptr_t)c);
}

/* dy, a, b -> da, db */
static bool grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = out[1] = in[0];
    return dio_want_float(&in[0], "the gradient", err) &&
           dio_want_same(&in[0], &in[1], "the gradient and the gate", err) &&
           dio_want_same(&in[1], &in[2], "the gate and the value", err);
}

static void grad_reference(const dio_call *c)
{
    const dio_glu_attrs *a = c->attrs;
    for (int64_t i = 0, n = dio_view_count(&c->in[0]); i < n; i++) {
        double slope, dy = dio_view_get(&c->in[0], i), x = dio_view_get(&c->in[1], i);
        double y = gate(a->act, x, &slope), b = dio_view_get(&c->in[2], i);
        if (c->out[0].data)
            dio_view_set(&c->out[0], i, dy * b * slope);
        if (c->out[1].data)
            dio_view_set(&c->out[1], i, dy * y);
    }
}

static void grad_span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    int64_t at = item * DIO_SPAN;
    const float *in[3];
    for (int k = 0; k < 3; k++)
        in[k] = (const float *)c->in[k].data + at;
    c->cpu->glu_grad(dio_act_unary(((const dio_glu_attrs *)c->attrs)->act),
                     (float *)c->out[0].data + at, (float *)c->out[1].data + at, in[0], in[1],
                     in[2], dio_span_length(dio_view_count(&c->in[0]), item));
}

static void grad_cpu(const dio_call *c)
{
    if (!c->out[0].data || !c->out[1].data) /* one operand alone: rare, not worth a kernel */
        grad_reference(c);
    else
        dio_gang_run(dio_span_count(dio_view_count(&c->in[0])), grad_span, (void *)(uintptr_t)c);
}

extern const dio_op dio_op_glu_grad;

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val out[DIO_MAX_OUT];
    dio_emit(g, &dio_op_glu_grad, n->attrs, (dio_val[]){gout[0], n->in[0], n->in[1]}, 3, out);
    gin[0] = out[0];
    gin[1] = out[1];
}

const dio_op dio_op_glu = {
    .name = "glu",
    .doc = "y = act(a) * b",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_STRIDED | DIO_OP_INPLACE,
    .attrs_size = sizeof(dio_glu_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .tol = 3e-7f, /* measured 6.6e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 41), DIO_T(DIO_F32, 3, 41)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_SILU},
             .lo = -4,
             .hi = 4},
            {.in = {DIO_T(DIO_F32, 7), DIO_T(DIO_F32, 7)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_GELU_TANH}},
            {.in = {DIO_T(DIO_F32, 7), DIO_T(DIO_F32, 7)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_GELU}},
            {.in = {DIO_T(DIO_F32, 7), DIO_T(DIO_F32, 7)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_SIGMOID}},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 3, 5)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_RELU},
             .lo = 0.1f,
             .hi = 1},
            {.in = {DIO_T(DIO_F32, 7), DIO_T(DIO_F32, 8)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_SILU},
             .refused = "differ"},
            {.in = {DIO_T(DIO_F32, 7), DIO_T(DIO_F32, 7)},
             .n_in = 2,
             .attrs = &(dio_glu_attrs){DIO_ACT_TANH},
             .refused = "the gate must be"},
            {0},
        },
};

const dio_op dio_op_glu_grad = {
    .name = "glu_grad",
    .doc = "da = dy b act'(a), db = dy act(a)",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 2,
    .flags = DIO_OP_INPLACE | DIO_OP_NODIFF,
    .attrs_size = sizeof(dio_glu_attrs),
    .infer = grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .tol = 3e-7f, /* measured 7.0e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 41), DIO_T(DIO_F32, 3, 41), DIO_T(DIO_F32, 3, 41)},
             .n_in = 3,
             .attrs = &(dio_glu_attrs){DIO_ACT_SILU}},
            {0},
        },
};

dio_val dio_glu(dio_graph *g, dio_val a, dio_val b, dio_act act)
{
    return dio_emit1(g, &dio_op_glu, &(dio_glu_attrs){act}, (dio_val[]){a, b}, 2);
}
