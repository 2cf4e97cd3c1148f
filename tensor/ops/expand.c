/* expand.c: size-1 and missing leading dims repeated: stride 0. */
#include "tensor/graph_impl.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int nd;
    int64_t dim[DIO_MAX_DIMS];
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    char left[DIO_TYPE_TEXT], right[DIO_TYPE_TEXT];
    out[0] = dio_type_make(in[0].dtype, a->nd, a->dim);
    int lead = a->nd - in[0].nd;
    bool ok = lead >= 0;
    for (int i = 0; ok && i < in[0].nd; i++)
        ok = in[0].dim[i] == 1 || in[0].dim[i] == a->dim[lead + i];
    return ok ? true
              : dio_fail(err, "%s does not broadcast to %s", dio_type_text(&in[0], left),
                         dio_type_text(&out[0], right));
}

static bool view(const dio_view *in, const void *attrs, dio_view *out, int64_t *offset)
{
    const struct attrs *a = attrs;
    dio_view to = {.dtype = in->dtype, .nd = a->nd};
    for (int i = 0; i < a->nd; i++)
        to.dim[i] = a->dim[i];
    *out = dio_broadcast(in, &to);
    *offset = 0;
    return true;
}

static void reference(const dio_call *c)
{
    dio_view wide = dio_broadcast(&c->in[0], &c->out[0]);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&wide, i));
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_type t = dio_type_of(g, n->in[0]);
    gin[0] = dio_sum_to(g, gout[0], &t);
}

const dio_op dio_op_expand = {
    .name = "expand",
    .doc = "x repeated along size-1 and new leading dims",
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
            {.in = {DIO_T(DIO_F32, 3, 1)}, .n_in = 1, .attrs = &(struct attrs){3, {2, 3, 4}}},
            {.in = {DIO_T(DIO_F32, 3, 2)},
             .n_in = 1,
             .attrs = &(struct attrs){2, {3, 4}},
             .refused = "does not broadcast"},
            {0},
        },
};

dio_val dio_expand(dio_graph *g, dio_val x, int nd, const int64_t *dim)
{
    struct attrs a = {.nd = nd};
    for (int i = 0; i < nd && i < DIO_MAX_DIMS; i++)
        a.dim[i] = dim[i];
    return dio_emit1(g, &dio_op_expand, &a, &x, 1);
}
