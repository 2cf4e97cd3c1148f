/* reshape.c: the same elements under other dims; free when the strides can say it. */
#include <string.h>

#include "tensor/op.h"
#include "tensor/ops.h"

struct attrs {
    int nd;
    int64_t dim[DIO_MAX_DIMS];
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    char left[DIO_TYPE_TEXT], right[DIO_TYPE_TEXT];
    if (a->nd < 0 || a->nd > DIO_MAX_DIMS)
        return dio_fail(err, "%d dimensions: 0 to %d are possible", a->nd, DIO_MAX_DIMS);
    int64_t known = 1, total = dio_type_count(&in[0]);
    int open = -1;
    for (int i = 0; i < a->nd; i++) {
        if (a->dim[i] == -1 && open < 0)
            open = i;
        else if (a->dim[i] < 0)
            return dio_fail(err, "dimension %d is negative", i);
        else
            known *= a->dim[i];
    }
    out[0] = dio_type_make(in[0].dtype, a->nd, a->dim);
    if (open >= 0)
        out[0].dim[open] = known ? total / known : 0;
    if (dio_type_count(&out[0]) != total)
        return dio_fail(err, "%s does not hold as many elements as %s",
                        dio_type_text(&out[0], left), dio_type_text(&in[0], right));
    return true;
}

static void reference(const dio_call *c)
{
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&c->in[0], i));
}

/* Groups of dims whose products agree are matched from the left; inside a group the input must be
 * contiguous among itself, and then the output's strides follow from the group's last one. */
static bool view(const dio_view *in, const void *attrs, dio_view *out, int64_t *offset)
{
    const struct attrs *a = attrs;
    int64_t known = 1;
    *offset = 0;
    out->nd = a->nd;
    for (int i = 0; i < a->nd; i++)
        known *= a->dim[i] == -1 ? 1 : a->dim[i];
    for (int i = 0; i < a->nd; i++)
        out->dim[i] = a->dim[i] == -1 ? (known ? dio_view_count(in) / known : 0) : a->dim[i];
    if (dio_view_count(in) == 0 || dio_view_is_dense(in)) {
        int64_t step = 1;
        for (int i = a->nd - 1; i >= 0; i--) {
            out->stride[i] = step;
            step *= out->dim[i];
        }
        return true;
    }
    int i = 0, o = 0;
    while (i < in->nd || o < out->nd) {
        int i0 = i, o0 = o;
        int64_t pi = i < in->nd ? in->dim[i++] : 1, po = o < out->nd ? out->dim[o++] : 1;
        while (pi != po) {
            if (pi < po)
                pi *= in->dim[i++];
            else
                po *= out->dim[o++];
        }
        int64_t stride = 0;
        int64_t expect = -1;
        for (int k = i - 1; k >= i0; k--) {
            if (in->dim[k] == 1)
                continue;
            if (expect >= 0 && in->stride[k] != expect)
                return false;
            if (expect < 0)
                stride = in->stride[k];
            expect = in->stride[k] * in->dim[k];
        }
        for (int k = o - 1; k >= o0; k--) {
            out->stride[k] = stride;
            stride *= out->dim[k];
        }
    }
    return true;
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_type t = dio_type_of(g, n->in[0]);
    gin[0] = dio_reshape(g, gout[0], t.nd, t.dim);
}

const dio_op dio_op_reshape = {
    .name = "reshape",
    .doc = "the same elements in row-major order under other dims",
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
            {.in = {DIO_T(DIO_F32, 2, 3, 4)}, .n_in = 1, .attrs = &(struct attrs){2, {6, 4}}},
            {.in = {DIO_T(DIO_F32, 6, 4)}, .n_in = 1, .attrs = &(struct attrs){3, {2, -1, 4}}},
            {.in = {DIO_T(DIO_F32, 6, 1, 4)}, .n_in = 1, .attrs = &(struct attrs){4, {1, 6, 2, 2}}},
            {.in = {DIO_T(DIO_F32, 6, 4)},
             .n_in = 1,
             .attrs = &(struct attrs){2, {5, 5}},
             .refused = "does not hold as many elements"},
            {0},
        },
};

dio_val dio_reshape(dio_graph *g, dio_val x, int nd, const int64_t *dim)
{
    struct attrs a = {.nd = nd};
    for (int i = 0; i < nd && i < DIO_MAX_DIMS; i++)
        a.dim[i] = dim[i];
    return dio_emit1(g, &dio_op_reshape, &a, &x, 1);
}

dio_val dio_reshape2(dio_graph *g, dio_val x, int64_t a, int64_t b)
{
    return dio_reshape(g, x, 2, (int64_t[]){a, b});
}

dio_val dio_reshape3(dio_graph *g, dio_val x, int64_t a, int64_t b, int64_t c)
{
    return dio_reshape(g, x, 3, (int64_t[]){a, b, c});
}

dio_val dio_reshape4(dio_graph *g, dio_val x, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return dio_reshape(g, x, 4, (int64_t[]){a, b, c, d});
}
