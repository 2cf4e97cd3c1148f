/* max.c: the largest along one axis, and where it is (the first of equals). */
#include <math.h>

#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int axis;
    bool keep;
};

static bool shape(const dio_type *in, const struct attrs *a, dio_type *out, dio_error *err)
{
    if (!dio_want_float(in, "the operand", err))
        return false;
    if (a->axis < 0 || a->axis >= in->nd)
        return dio_fail(err, "axis %d is outside the %d dimensions", a->axis, in->nd);
    if (in->dim[a->axis] < 1)
        return dio_fail(err, "axis %d is empty", a->axis);
    *out = (dio_type){DIO_F32, 0, {0}};
    for (int i = 0; i < in->nd; i++)
        if (i != a->axis)
            out->dim[out->nd++] = in->dim[i];
        else if (a->keep)
            out->dim[out->nd++] = 1;
    return true;
}

static bool max_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                      dio_error *err)
{
    (void)n_in;
    return shape(&in[0], attrs, &out[0], err);
}

static bool argmax_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                         dio_error *err)
{
    (void)n_in;
    if (!shape(&in[0], attrs, &out[0], err))
        return false;
    out[0].dtype = DIO_I32;
    return true;
}

/* Walks every output: `best` and its index. */
static void walk(const dio_call *c, bool index)
{
    const struct attrs *a = c->attrs;
    dio_view kept = c->in[0];
    int64_t n = kept.dim[a->axis], stride = kept.stride[a->axis];
    kept.dim[a->axis] = 1;
    for (int64_t o = 0, count = dio_view_count(&kept); o < count; o++) {
        const float *x = (const float *)kept.data + dio_view_offset(&kept, o);
        int64_t best = 0;
        for (int64_t i = 1; i < n; i++)
            if (x[i * stride] > x[best * stride])
                best = i;
        if (index)
            ((int32_t *)c->out[0].data)[o] = (int32_t)best;
        else
            ((float *)c->out[0].data)[o] = x[best * stride];
    }
}

static void max_reference(const dio_call *c)
{
    walk(c, false);
}

static void argmax_reference(const dio_call *c)
{
    walk(c, true);
}

/* dy (kept dims), x -> zeros with dy where x is largest */
static bool max_grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                           dio_error *err)
{
    (void)n_in;
    dio_type kept;
    if (!shape(&in[1], attrs, &kept, err))
        return false;
    out[0] = in[1];
    return dio_want_same(&in[0], &kept, "the gradient and the maxima", err);
}

static void max_grad_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_view kept = c->in[1], line = c->out[0];
    int64_t n = kept.dim[a->axis], stride = kept.stride[a->axis];
    int64_t out_stride = line.stride[a->axis];
    kept.dim[a->axis] = line.dim[a->axis] = 1;
    for (int64_t o = 0, count = dio_view_count(&kept); o < count; o++) {
        const float *x = (const float *)kept.data + dio_view_offset(&kept, o);
        float *dx = (float *)line.data + dio_view_offset(&line, o);
        int64_t best = 0;
        for (int64_t i = 0; i < n; i++) {
            dx[i * out_stride] = 0;
            if (x[i * stride] > x[best * stride])
                best = i;
        }
        dx[best * out_stride] = (float)dio_view_get(&c->in[0], o);
    }
}

extern const dio_op dio_op_max_grad;

static void max_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_emit1(g, &dio_op_max_grad, n->attrs, (dio_val[]){gout[0], n->in[0]}, 2);
}

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 3, 5, 7)}, .n_in = 1, .attrs = &(struct attrs){1, false}},
    {.in = {DIO_T(DIO_F32, 3, 33)}, .n_in = 1, .attrs = &(struct attrs){1, true}, .no_grad = true},
    {.in = {DIO_T(DIO_F32, 1)}, .n_in = 1, .attrs = &(struct attrs){0, false}},
    {.in = {DIO_T(DIO_F32, 3)},
     .n_in = 1,
     .attrs = &(struct attrs){1, false},
     .refused = "outside the 1 dimensions"},
    {0},
};

const dio_op dio_op_max = {
    .name = "max",
    .doc = "the largest along one axis",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .attrs_size = sizeof(struct attrs),
    .infer = max_infer,
    .reference = max_reference,
    .grad = max_grad,
    .cases = cases,
};

const dio_op dio_op_argmax = {
    .name = "argmax",
    .doc = "the index of the largest along one axis, the first of equals; i32",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED | DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = argmax_infer,
    .reference = argmax_reference,
    .cases = cases,
};

const dio_op dio_op_max_grad = {
    .name = "max_grad",
    .doc = "zeros with dy where x is largest along the axis",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_STRIDED | DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = max_grad_infer,
    .reference = max_grad_reference,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 7), DIO_T(DIO_F32, 3, 5, 7)},
             .n_in = 2,
             .attrs = &(struct attrs){1, false}},
            {.in = {DIO_T(DIO_F32, 3, 6), DIO_T(DIO_F32, 3, 5, 7)},
             .n_in = 2,
             .attrs = &(struct attrs){1, false},
             .refused = "differ"},
            {0},
        },
};

dio_val dio_max(dio_graph *g, dio_val x, int axis, bool keep)
{
    struct attrs a = {axis < 0 ? axis + dio_type_of(g, x).nd : axis, keep};
    return dio_emit1(g, &dio_op_max, &a, &x, 1);
}

dio_val dio_argmax(dio_graph *g, dio_val x, int axis)
{
    struct attrs a = {axis < 0 ? axis + dio_type_of(g, x).nd : axis, false};
    return dio_emit1(g, &dio_op_argmax, &a, &x, 1);
}
