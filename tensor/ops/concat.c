/* concat.c: up to DIO_MAX_IN operands one after the other along an axis. */
#include <string.h>

#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int axis;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const struct attrs *a = attrs;
    if (a->axis < 0 || a->axis >= in[0].nd)
        return dio_fail(err, "axis %d is outside the %d dimensions", a->axis, in[0].nd);
    out[0] = in[0];
    for (int i = 1; i < n_in; i++) {
        dio_type like = in[0];
        like.dim[a->axis] = in[i].nd > a->axis ? in[i].dim[a->axis] : -1;
        if (!dio_want_same(&like, &in[i], "the operands' other dimensions", err))
            return false;
        out[0].dim[a->axis] += in[i].dim[a->axis];
    }
    return true;
}

/* The places of operand i in the output. */
static dio_view part_of(const dio_call *c, int i)
{
    const struct attrs *a = c->attrs;
    dio_view part = c->out[0];
    int64_t before = 0;
    for (int k = 0; k < i; k++)
        before += c->in[k].dim[a->axis];
    part.dim[a->axis] = c->in[i].dim[a->axis];
    part.data = (unsigned char *)part.data +
                (size_t)(before * part.stride[a->axis]) * dio_dtype_size(part.dtype);
    return part;
}

static void reference(const dio_call *c)
{
    for (int i = 0; i < c->n_in; i++) {
        dio_view part = part_of(c, i);
        for (int64_t k = 0, n = dio_view_count(&part); k < n; k++)
            dio_view_set(&part, k, dio_view_get(&c->in[i], k));
    }
}

static void cpu(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    size_t size = dio_dtype_size(c->out[0].dtype);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < c->out[0].nd; i++) {
        outer *= i < a->axis ? c->out[0].dim[i] : 1;
        inner *= i > a->axis ? c->out[0].dim[i] : 1;
    }
    int64_t row = c->out[0].dim[a->axis] * inner, at = 0;
    for (int i = 0; i < c->n_in; i++) {
        int64_t length = c->in[i].dim[a->axis] * inner;
        for (int64_t o = 0; o < outer; o++)
            memcpy((unsigned char *)c->out[0].data + (size_t)(o * row + at) * size,
                   (const unsigned char *)c->in[i].data + (size_t)(o * length) * size,
                   (size_t)length * size);
        at += length;
    }
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    int64_t at = 0;
    for (int i = 0; i < n->n_in; i++) {
        int64_t length = dio_dim(g, n->in[i], a->axis);
        gin[i] = dio_slice(g, gout[0], a->axis, at, length, 1);
        at += length;
    }
}

const dio_op dio_op_concat = {
    .name = "concat",
    .doc = "the operands one after the other along an axis",
    .n_in_min = 1,
    .n_in_max = DIO_MAX_IN,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 2, 1, 4)},
             .n_in = 2,
             .attrs = &(struct attrs){1}},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 2), DIO_T(DIO_F32, 1)},
             .n_in = 3,
             .attrs = &(struct attrs){0}},
            {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_F32, 3, 3)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .refused = "other dimensions differ"},
            {0},
        },
};

dio_val dio_concat(dio_graph *g, const dio_val *x, int n, int axis)
{
    struct attrs a = {axis < 0 && n > 0 ? axis + dio_type_of(g, x[0]).nd : axis};
    if (n < 1 || n > DIO_MAX_IN)
        return dio_graph_fail(g, "concat: takes 1 to %d operands, not %d", DIO_MAX_IN, n);
    return dio_emit1(g, &dio_op_concat, &a, x, n);
}
