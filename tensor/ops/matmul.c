/* matmul.c: products of matrices in batches, either operand transposed, leading dims broadcast. */
#include "tensor/cpu/gemm.h"
#include "tensor/graph_impl.h"
#include "tensor/op.h"
#include "tensor/ops/spans.h"

struct attrs {
    bool ta, tb;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *t = attrs;
    const dio_type *a = &in[0], *b = &in[1];
    char left[DIO_TYPE_TEXT], right[DIO_TYPE_TEXT];
    if (!dio_want_float(a, "the left matrix", err) || !dio_want_float(b, "the right matrix", err) ||
        !dio_want_dims(a, 2, DIO_MAX_DIMS, "the left matrix", err) ||
        !dio_want_dims(b, 2, DIO_MAX_DIMS, "the right matrix", err))
        return false;
    const int64_t m = a->dim[a->nd - (t->ta ? 1 : 2)], k = a->dim[a->nd - (t->ta ? 2 : 1)];
    const int64_t n = b->dim[b->nd - (t->tb ? 2 : 1)], depth = b->dim[b->nd - (t->tb ? 1 : 2)];
    if (k != depth)
        return dio_fail(err, "%s%s and %s%s do not multiply: %lld columns against %lld rows",
                        dio_type_text(a, left), t->ta ? " transposed" : "", dio_type_text(b, right),
                        t->tb ? " transposed" : "", (long long)k, (long long)depth);
    out[0] = (dio_type){DIO_F32, a->nd > b->nd ? a->nd : b->nd, {0}};
    for (int i = 0; i < out[0].nd - 2; i++) {
        const int ia = i - (out[0].nd - a->nd), ib = i - (out[0].nd - b->nd);
        const int64_t da = ia < 0 ? 1 : a->dim[ia], db = ib < 0 ? 1 : b->dim[ib];
        if (da != db && da != 1 && db != 1)
            return dio_fail(err, "the leading dimensions of %s and %s do not broadcast",
                            dio_type_text(a, left), dio_type_text(b, right));
        out[0].dim[i] = da == 1 ? db : da;
    }
    out[0].dim[out[0].nd - 2] = m;
    out[0].dim[out[0].nd - 1] = n;
    return true;
}

/* Both operands over the output's leading dims: row and column strides of the matrices, and the
 * leading dims as a view of their own. */
struct operand {
    const float *data;
    int64_t row, col;
    dio_view lead; /* data unused */
};

static struct operand operand_of(const dio_view *v, const dio_view *out, bool transposed)
{
    struct operand o = {v->data, v->stride[v->nd - 2], v->stride[v->nd - 1], *out};
    if (transposed) {
        int64_t row = o.row;
        o.row = o.col;
        o.col = row;
    }
    o.lead.nd = out->nd - 2;
    for (int i = 0; i < o.lead.nd; i++) {
        const int k = i - (out->nd - v->nd);
        o.lead.stride[i] = k < 0 || v->dim[k] == 1 ? 0 : v->stride[k];
    }
    return o;
}

struct product {
    struct operand a, b;
    int64_t count, m, n, k;
};

static struct product product_of(const dio_call *c)
{
    const struct attrs *t = c->attrs;
    const dio_view *out = &c->out[0];
    struct product p = {operand_of(&c->in[0], out, t->ta),
                        operand_of(&c->in[1], out, t->tb),
                        1,
                        out->dim[out->nd - 2],
                        out->dim[out->nd - 1],
                        c->in[0].dim[c->in[0].nd - (t->ta ? 2 : 1)]};
    for (int i = 0; i < out->nd - 2; i++)
        p.count *= out->dim[i];
    return p;
}

static void reference(const dio_call *c)
{
    const struct product p = product_of(c);
    for (int64_t b = 0; b < p.count; b++) {
        const float *left = p.a.data + dio_view_offset(&p.a.lead, b);
        const float *right = p.b.data + dio_view_offset(&p.b.lead, b);
        for (int64_t i = 0; i < p.m; i++)
            for (int64_t j = 0; j < p.n; j++) {
                double sum = 0;
                for (int64_t k = 0; k < p.k; k++)
                    sum += (double)left[i * p.a.row + k * p.a.col] *
                           (double)right[k * p.b.row + j * p.b.col];
                dio_view_set(&c->out[0], (b * p.m + i) * p.n + j, sum);
            }
    }
}

static dio_gemm gemm_at(const dio_call *c, const struct product *p, int64_t b)
{
    return (dio_gemm){
        .m = p->m,
        .n = p->n,
        .k = p->k,
        .a = p->a.data ? p->a.data + dio_view_offset(&p->a.lead, b) : NULL,
        .a_row = p->a.row,
        .a_col = p->a.col,
        .b = p->b.data ? p->b.data + dio_view_offset(&p->b.lead, b) : NULL,
        .b_dtype = DIO_F32,
        .b_row = p->b.row,
        .b_col = p->b.col,
        .c = c->out[0].data ? (float *)c->out[0].data + b * p->m * p->n : NULL,
        .c_row = p->n,
    };
}

/* Products handed to dio_gemm_run at a time: descriptors live on the stack. */
enum { BATCH = 64 };

static void cpu(const dio_call *c)
{
    const struct product p = product_of(c);
    dio_gemm list[BATCH];
    for (int64_t b = 0; b < p.count; b += BATCH) {
        const int count = p.count - b < BATCH ? (int)(p.count - b) : BATCH;
        for (int i = 0; i < count; i++)
            list[i] = gemm_at(c, &p, b + i);
        dio_gemm_run(c->cpu, list, count, c->work);
    }
}

static size_t workspace(const dio_call *c)
{
    const struct product p = product_of(c);
    const dio_gemm g = gemm_at(c, &p, 0);
    return dio_gemm_work(c->cpu, &g);
}

static dio_cost cost(const dio_call *c)
{
    const struct product p = product_of(c);
    const double m = (double)p.m, n = (double)p.n, k = (double)p.k, count = (double)p.count;
    return (dio_cost){2 * m * n * k * count, 4 * count * (m * k + k * n + m * n)};
}

/* y = A B with A = op(a): dA = dy B^T, dB = A^T dy, each turned back and summed over broadcasts. */
static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *t = n->attrs;
    const dio_val a = n->in[0], b = n->in[1], dy = gout[0];
    const dio_type ta = dio_type_of(g, a), tb = dio_type_of(g, b);
    const dio_val da =
        t->ta ? dio_matmul(g, b, dy, t->tb, true) : dio_matmul(g, dy, b, false, !t->tb);
    const dio_val db =
        t->tb ? dio_matmul(g, dy, a, true, t->ta) : dio_matmul(g, a, dy, !t->ta, false);
    gin[0] = dio_sum_to(g, da, &ta);
    gin[1] = dio_sum_to(g, db, &tb);
}

#define ATTRS(ta_, tb_)                                                                            \
    .attrs = &(struct attrs)                                                                       \
    {                                                                                              \
        ta_, tb_                                                                                   \
    }

const dio_op dio_op_matmul = {
    .name = "matmul",
    .doc = "y = op(a) op(b): [..,M,K] x [..,K,N] -> [..,M,N], leading dims broadcast",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 2e-6f, /* measured 6.2e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 5, 7)}, .n_in = 2, ATTRS(false, false)},
            {.in = {DIO_T(DIO_F32, 5, 3), DIO_T(DIO_F32, 5, 7)}, .n_in = 2, ATTRS(true, false)},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 7, 5)}, .n_in = 2, ATTRS(false, true)},
            {.in = {DIO_T(DIO_F32, 5, 3), DIO_T(DIO_F32, 7, 5)}, .n_in = 2, ATTRS(true, true)},
            {.in = {DIO_T(DIO_F32, 2, 3, 4, 5), DIO_T(DIO_F32, 3, 5, 6)},
             .n_in = 2,
             ATTRS(false, false)},
            {.in = {DIO_T(DIO_F32, 4, 5), DIO_T(DIO_F32, 2, 1, 6, 5)},
             .n_in = 2,
             ATTRS(false, true)},
            {.in = {DIO_T(DIO_F32, 70, 20, 33), DIO_T(DIO_F32, 70, 20, 17)},
             .n_in = 2,
             ATTRS(true, false),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1, 1)}, .n_in = 2, ATTRS(false, false)},
            {.in = {DIO_T(DIO_F32, 90, 300), DIO_T(DIO_F32, 300, 70)},
             .n_in = 2,
             ATTRS(false, false),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 3, 5), DIO_T(DIO_F32, 4, 7)},
             .n_in = 2,
             ATTRS(false, false),
             .refused = "f32[3,5] and f32[4,7] do not multiply: 5 columns against 4 rows"},
            {.in = {DIO_T(DIO_F32, 2, 3, 5), DIO_T(DIO_F32, 3, 5, 7)},
             .n_in = 2,
             ATTRS(false, false),
             .refused = "do not broadcast"},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 5, 7)},
             .n_in = 2,
             ATTRS(false, false),
             .refused = "the left matrix must have 2 to 6 dimensions"},
            {0},
        },
};

dio_val dio_matmul(dio_graph *g, dio_val a, dio_val b, bool transpose_a, bool transpose_b)
{
    return dio_emit1(g, &dio_op_matmul, &(struct attrs){transpose_a, transpose_b},
                     (dio_val[]){a, b}, 2);
}
