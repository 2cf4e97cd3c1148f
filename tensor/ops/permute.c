/* permute.c: dims in another order: strides move, nothing else. */
#include "tensor/op.h"
#include "tensor/ops.h"

struct attrs {
    int axes[DIO_MAX_DIMS];
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    unsigned seen = 0;
    out[0] = in[0];
    for (int i = 0; i < in[0].nd; i++) {
        if (a->axes[i] < 0 || a->axes[i] >= in[0].nd || seen >> a->axes[i] & 1)
            return dio_fail(err, "the axes are no permutation of 0 to %d", in[0].nd - 1);
        seen |= 1u << a->axes[i];
        out[0].dim[i] = in[0].dim[a->axes[i]];
    }
    return true;
}

static bool view(const dio_view *in, const void *attrs, dio_view *out, int64_t *offset)
{
    const struct attrs *a = attrs;
    *offset = 0;
    out->nd = in->nd;
    for (int i = 0; i < in->nd; i++) {
        out->dim[i] = in->dim[a->axes[i]];
        out->stride[i] = in->stride[a->axes[i]];
    }
    return true;
}

static void reference(const dio_call *c)
{
    dio_view moved = c->in[0];
    int64_t offset;
    view(&c->in[0], c->attrs, &moved, &offset);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&moved, i));
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    int back[DIO_MAX_DIMS] = {0};
    for (int i = 0; i < dio_type_of(g, n->in[0]).nd; i++)
        back[a->axes[i]] = i;
    gin[0] = dio_permute(g, gout[0], back);
}

const dio_op dio_op_permute = {
    .name = "permute",
    .doc = "y.dim[i] = x.dim[axes[i]]",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED | DIO_OP_VIEW,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .view = view,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 4)}, .n_in = 1, .attrs = &(struct attrs){{2, 0, 1}}},
            {.in = {DIO_T(DIO_F32, 5, 1)}, .n_in = 1, .attrs = &(struct attrs){{1, 0}}},
            {.in = {DIO_T(DIO_F32, 2, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){{1, 1}},
             .refused = "no permutation"},
            {0},
        },
};

dio_val dio_permute(dio_graph *g, dio_val x, const int *axes)
{
    struct attrs a = {{0}};
    for (int i = 0; i < dio_type_of(g, x).nd; i++)
        a.axes[i] = axes[i];
    return dio_emit1(g, &dio_op_permute, &a, &x, 1);
}

dio_val dio_transpose(dio_graph *g, dio_val x, int a, int b)
{
    int nd = dio_type_of(g, x).nd, axes[DIO_MAX_DIMS];
    a += a < 0 ? nd : 0;
    b += b < 0 ? nd : 0;
    if (a < 0 || b < 0 || a >= nd || b >= nd)
        return dio_graph_fail(g, "transpose: an axis is outside the %d dimensions", nd);
    for (int i = 0; i < nd; i++)
        axes[i] = i == a ? b : i == b ? a : i;
    return dio_permute(g, x, axes);
}
