/* where.c: one of two numbers, by a mask. The builder broadcasts the three operands (views that
 * cost nothing); the operator itself sees equal shapes with any strides. */
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    char text[DIO_TYPE_TEXT];
    if (in[0].dtype != DIO_U8)
        return dio_fail(err, "the condition must be u8, not %s", dio_type_text(&in[0], text));
    dio_type shape = in[0];
    shape.dtype = DIO_F32;
    out[0] = in[1];
    return dio_want_float(&in[1], "a", err) && dio_want_float(&in[2], "b", err) &&
           dio_want_same(&in[1], &in[2], "a and b", err) &&
           dio_want_same(&shape, &in[1], "the condition's shape and a", err);
}

static void reference(const dio_call *c)
{
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i,
                     dio_view_get(&c->in[dio_view_get(&c->in[0], i) != 0 ? 1 : 2], i));
}

struct job {
    const dio_call *c;
    int64_t rows, width, block;
};

static void choose_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *cond = &j->c->in[0], *a = &j->c->in[1], *b = &j->c->in[2];
    int last = cond->nd - 1;
    int64_t sc = last < 0 ? 0 : cond->stride[last], sa = last < 0 ? 0 : a->stride[last];
    int64_t sb = last < 0 ? 0 : b->stride[last];
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    for (int64_t r = item * j->block; r < end; r++) {
        const uint8_t *pc = (const uint8_t *)cond->data + dio_row_offset(cond, r);
        const float *pa = (const float *)a->data + dio_row_offset(a, r);
        const float *pb = (const float *)b->data + dio_row_offset(b, r);
        float *to = (float *)j->c->out[0].data + r * j->width;
        for (int64_t i = 0; i < j->width; i++)
            to[i] = pc[i * sc] ? pa[i * sa] : pb[i * sb];
    }
}

static void cpu(const dio_call *c)
{
    struct job j = {.c = c};
    j.rows = dio_view_rows(&c->out[0], &j.width);
    j.block = dio_row_block(j.width);
    if (j.rows && j.width)
        dio_gang_run((j.rows + j.block - 1) / j.block, choose_rows, &j);
}

extern const dio_op dio_op_where;

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_type t = dio_type_of(g, gout[0]);
    dio_val zero = dio_expand(g, dio_scalar(g, 0), t.nd, t.dim);
    gin[1] = dio_emit1(g, &dio_op_where, NULL, (dio_val[]){n->in[0], gout[0], zero}, 3);
    gin[2] = dio_emit1(g, &dio_op_where, NULL, (dio_val[]){n->in[0], zero, gout[0]}, 3);
}

const dio_op dio_op_where = {
    .name = "where",
    .doc = "y = condition ? a : b; the condition is u8",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_U8, 3, 5, 7), DIO_T(DIO_F32, 3, 5, 7), DIO_T(DIO_F32, 3, 5, 7)},
             .n_in = 3},
            {.in = {DIO_T(DIO_U8, 1), DIO_T(DIO_F32, 1), DIO_T(DIO_F32, 1)}, .n_in = 3},
            {.in = {DIO_T(DIO_F32, 3), DIO_T(DIO_F32, 3), DIO_T(DIO_F32, 3)},
             .n_in = 3,
             .refused = "the condition must be u8, not f32[3]"},
            {.in = {DIO_T(DIO_U8, 3), DIO_T(DIO_F32, 4), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             .refused = "the condition's shape and a differ: f32[3] and f32[4]"},
            {0},
        },
};

/* The shape that all three broadcast to; false, with the graph poisoned, when there is none. */
static bool common_shape(dio_graph *g, const dio_val in[3], dio_type *out)
{
    *out = (dio_type){DIO_F32, 0, {0}};
    for (int k = 0; k < 3; k++)
        if (dio_type_of(g, in[k]).nd > out->nd)
            out->nd = dio_type_of(g, in[k]).nd;
    for (int i = 0; i < out->nd; i++) {
        out->dim[i] = 1;
        for (int k = 0; k < 3; k++) {
            dio_type t = dio_type_of(g, in[k]);
            int at = i - (out->nd - t.nd);
            if (at < 0 || t.dim[at] == 1 || t.dim[at] == out->dim[i])
                continue;
            if (out->dim[i] != 1) {
                char a[DIO_TYPE_TEXT], b[DIO_TYPE_TEXT], c[DIO_TYPE_TEXT];
                dio_type u = dio_type_of(g, in[0]), v = dio_type_of(g, in[1]);
                dio_type w = dio_type_of(g, in[2]);
                dio_graph_fail(g, "where: %s, %s and %s do not broadcast together",
                               dio_type_text(&u, a), dio_type_text(&v, b), dio_type_text(&w, c));
                return false;
            }
            out->dim[i] = t.dim[at];
        }
    }
    return true;
}

dio_val dio_where(dio_graph *g, dio_val cond_u8, dio_val a, dio_val b)
{
    dio_val in[3] = {cond_u8, a, b};
    dio_type shape;
    for (int k = 0; k < 3; k++)
        if (in[k] == DIO_NONE)
            return dio_emit1(g, &dio_op_where, NULL, in, 3); /* says which one is missing */
    if (!common_shape(g, in, &shape))
        return DIO_NONE;
    for (int k = 0; k < 3; k++)
        in[k] = dio_expand(g, in[k], shape.nd, shape.dim);
    return dio_emit1(g, &dio_op_where, NULL, in, 3);
}
