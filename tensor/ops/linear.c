/* linear.c: act(x w^T + bias), the layer that most of a transformer's time goes to.
 *
 * The weight may be stored as bf16 or f16 and is widened exactly. In an inference plan it is laid
 * out once in the panels that dio_gemm streams. One row gives the same bits alone and among many.
 */
#include <math.h>

#include "tensor/cpu/gemm.h"
#include "tensor/ops/attrs.h"
#include "tensor/op.h"

extern const dio_op dio_op_linear;

/* Rows, columns and depth of the product. */
struct size {
    int64_t m, n, k;
};

static struct size size_of(const dio_call *c)
{
    const dio_linear_attrs *a = c->attrs;
    struct size s;
    s.m = dio_view_rows(&c->in[0], &s.k);
    s.n = c->in[1].dim[a->kn ? 1 : 0];
    return s;
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const dio_linear_attrs *a = attrs;
    char x[DIO_TYPE_TEXT], w[DIO_TYPE_TEXT];
    if (!dio_want_float(&in[0], "the input", err) ||
        !dio_want_dims(&in[0], 1, DIO_MAX_DIMS, "the input", err) ||
        !dio_want_dims(&in[1], 2, 2, "the weight", err))
        return false;
    if (in[1].dtype != DIO_F32 && in[1].dtype != DIO_BF16 && in[1].dtype != DIO_F16)
        return dio_fail(err, "the weight must be f32, bf16 or f16, not %s",
                        dio_dtype_name(in[1].dtype));
    const int64_t k = in[1].dim[a->kn ? 0 : 1], n = in[1].dim[a->kn ? 1 : 0];
    if (in[0].dim[in[0].nd - 1] != k)
        return dio_fail(err, "the input %s does not fit the weight %s, which takes %lld numbers",
                        dio_type_text(&in[0], x), dio_type_text(&in[1], w), (long long)k);
    if (n_in > 2 && in[2].nd >= 0 &&
        (!dio_want_float(&in[2], "the bias", err) ||
         !dio_want_dims(&in[2], 1, 1, "the bias", err) ||
         !dio_want_dim(&in[2], 0, n, "the bias", err)))
        return false;
    out[0] = in[0];
    out[0].dim[out[0].nd - 1] = n;
    return true;
}

static double activated(double x, dio_act act)
{
    switch (act) {
    case DIO_ACT_RELU:
        return x > 0 ? x : 0;
    case DIO_ACT_SILU:
        return x / (1 + exp(-x));
    case DIO_ACT_GELU:
        return 0.5 * x * erfc(-x * M_SQRT1_2);
    case DIO_ACT_GELU_TANH: /* 0.797...: sqrt(2/pi) */
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case DIO_ACT_GELU_QUICK:
        return x / (1 + exp(-1.702 * x));
    case DIO_ACT_TANH:
        return tanh(x);
    case DIO_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    default:
        return x;
    }
}

static void reference(const dio_call *c)
{
    const dio_linear_attrs *a = c->attrs;
    const struct size s = size_of(c);
    for (int64_t i = 0; i < s.m; i++)
        for (int64_t j = 0; j < s.n; j++) {
            double sum = c->in[2].data ? dio_view_get(&c->in[2], j) : 0;
            for (int64_t k = 0; k < s.k; k++)
                sum += dio_view_get(&c->in[0], i * s.k + k) *
                       dio_view_get(&c->in[1], a->kn ? k * s.n + j : j * s.k + k);
            dio_view_set(&c->out[0], i * s.n + j, activated(sum, a->act));
        }
}

static dio_gemm product(const dio_call *c)
{
    const dio_linear_attrs *a = c->attrs;
    const struct size s = size_of(c);
    return (dio_gemm){
        .m = s.m,
        .n = s.n,
        .k = s.k,
        .a = c->in[0].data,
        .a_row = s.k,
        .a_col = 1,
        .b = c->in[1].data,
        .b_dtype = c->in[1].dtype,
        .b_row = a->kn ? s.n : 1,
        .b_col = a->kn ? 1 : s.k,
        .packed = c->packed[1],
        .c = c->out[0].data,
        .c_row = s.n,
        .bias = c->n_in > 2 ? c->in[2].data : NULL,
        .act = a->act,
    };
}

static void cpu(const dio_call *c)
{
    dio_gemm p = product(c);
    dio_gemm_run(c->cpu, &p, 1, c->work);
}

static size_t workspace(const dio_call *c)
{
    dio_gemm p = product(c);
    return dio_gemm_work(c->cpu, &p);
}

static size_t pack_bytes(const dio_call *c, int i)
{
    const struct size s = size_of(c);
    return i == 1 ? dio_gemm_pack_bytes(c->cpu, s.n, s.k, c->in[1].dtype) : 0;
}

static void pack(const dio_call *c, int i, void *out)
{
    const dio_gemm p = product(c);
    (void)i;
    dio_gemm_pack(c->cpu, p.n, p.k, p.b, p.b_dtype, p.b_row, p.b_col, out);
}

static dio_cost cost(const dio_call *c)
{
    const struct size s = size_of(c);
    const double m = (double)s.m, n = (double)s.n, k = (double)s.k;
    const double weight = (double)dio_dtype_size(c->in[1].dtype);
    return (dio_cost){2 * m * n * k, 4 * (m * k + m * n) + weight * n * k};
}

/* The gradient before the activation: the product is made again without it, which costs less than
 * keeping both in every plan. */
static dio_val before_activation(dio_graph *g, const dio_node *n, dio_val gout)
{
    static const char *const names[] = {NULL,        "relu",       "silu", "gelu",
                                        "gelu_tanh", "gelu_quick", "tanh", "sigmoid"};
    const dio_linear_attrs *a = n->attrs;
    if (a->act == DIO_ACT_NONE)
        return gout;
    const dio_linear_attrs plain = {DIO_ACT_NONE, a->kn};
    const dio_unary_attrs unary = {a->act, 0, 0};
    const dio_node act = {.op = dio_op_find(names[a->act]),
                          .attrs = &unary,
                          .n_in = 1,
                          .n_out = 1,
                          .in = {dio_emit1(g, n->op, &plain, n->in, n->n_in)},
                          .out = {n->out[0]}};
    dio_val before = DIO_NONE;
    act.op->grad(g, &act, &gout, &before);
    return before;
}

static dio_val as_matrix(dio_graph *g, dio_val v)
{
    return dio_reshape2(g, v, -1, dio_dim(g, v, -1));
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_linear_attrs *a = n->attrs;
    const dio_linear_attrs back = {DIO_ACT_NONE, !a->kn};
    const dio_val dy = before_activation(g, n, gout[0]), x = n->in[0], w = n->in[1];
    gin[0] = dio_emit1(g, &dio_op_linear, &back, (dio_val[]){dy, w}, 2);
    if (dio_type_of(g, w).dtype == DIO_F32) { /* half weights are stored, not trained */
        const dio_val rows = as_matrix(g, x), slopes = as_matrix(g, dy);
        gin[1] = a->kn ? dio_matmul(g, rows, slopes, true, false)
                       : dio_matmul(g, slopes, rows, true, false);
    }
    if (n->n_in > 2 && n->in[2] != DIO_NONE) {
        const unsigned leading = (1u << (dio_type_of(g, dy).nd - 1)) - 1;
        gin[2] = leading ? dio_sum(g, dy, leading, false) : dy;
    }
}

#define ATTRS(act_, kn_)                                                                           \
    .attrs = &(dio_linear_attrs)                                                                   \
    {                                                                                              \
        act_, kn_                                                                                  \
    }

const dio_op dio_op_linear = {
    .name = "linear",
    .doc = "y = act(x w^T + bias): x [..,K], w [N,K] (kn: [K,N]) f32/bf16/f16, bias [N]",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out = 1,
    .attrs_size = sizeof(dio_linear_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .grad = grad,
    .cost = cost,
    .tol = 2e-6f, /* measured 6.1e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 5), DIO_T(DIO_F32, 7, 5), DIO_T(DIO_F32, 7)},
             .n_in = 3,
             ATTRS(DIO_ACT_NONE, false)},
            {.in = {DIO_T(DIO_F32, 40, 33), DIO_T(DIO_F32, 67, 33)},
             .n_in = 2,
             ATTRS(DIO_ACT_GELU, false)},
            {.in = {DIO_T(DIO_F32, 5, 33), DIO_T(DIO_F32, 33, 70), DIO_T(DIO_F32, 70)},
             .n_in = 3,
             ATTRS(DIO_ACT_SILU, true)},
            {.in = {DIO_T(DIO_F32, 6), DIO_T(DIO_F32, 4, 6), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             ATTRS(DIO_ACT_TANH, false)},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1, 1)},
             .n_in = 2,
             ATTRS(DIO_ACT_SIGMOID, true)},
            {.in = {DIO_T(DIO_F32, 9, 20), DIO_T(DIO_BF16, 13, 20), DIO_T(DIO_F32, 13)},
             .n_in = 3,
             ATTRS(DIO_ACT_GELU_TANH, false)},
            {.in = {DIO_T(DIO_F32, 9, 20), DIO_T(DIO_F16, 20, 13)},
             .n_in = 2,
             ATTRS(DIO_ACT_GELU_QUICK, true)},
            {.in = {DIO_T(DIO_F32, 30, 300), DIO_T(DIO_F32, 100, 300)},
             .n_in = 2,
             ATTRS(DIO_ACT_NONE, false),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 7, 4)},
             .n_in = 2,
             ATTRS(DIO_ACT_NONE, false),
             .refused = "does not fit the weight f32[7,4], which takes 4 numbers"},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 7, 5), DIO_T(DIO_F32, 5)},
             .n_in = 3,
             ATTRS(DIO_ACT_NONE, false),
             .refused = "the bias must have size 7"},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_I32, 7, 5)},
             .n_in = 2,
             ATTRS(DIO_ACT_NONE, false),
             .refused = "the weight must be f32, bf16 or f16, not i32"},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 7, 5, 1)},
             .n_in = 2,
             ATTRS(DIO_ACT_NONE, false),
             .refused = "the weight must have 2 dimensions"},
            {0},
        },
};

static dio_val emit(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_act act, bool kn)
{
    /* The plan puts the activation back into the epilogue when nobody else reads its operand;
     * training reads it. */
    const dio_linear_attrs attrs = {DIO_ACT_NONE, kn};
    return dio_activate(g, dio_emit1(g, &dio_op_linear, &attrs, (dio_val[]){x, w, bias}, 3), act);
}

dio_val dio_linear(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_act act)
{
    return emit(g, x, w, bias, act, false);
}

dio_val dio_linear_kn(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_act act)
{
    return emit(g, x, w, bias, act, true);
}
