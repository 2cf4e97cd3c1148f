/* slice.c: every step-th element of one axis from a start: an offset and a stride. */
#include <string.h>

#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int axis;
    int64_t start, length, step;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (a->axis < 0 || a->axis >= in[0].nd)
        return dio_fail(err, "axis %d is outside the %d dimensions", a->axis, in[0].nd);
    int64_t size = in[0].dim[a->axis];
    if (a->step < 1 || a->start < 0 || a->length < 0 ||
        (a->length > 0 && a->start + (a->length - 1) * a->step >= size))
        return dio_fail(err, "%lld elements from %lld by %lld do not fit in %lld",
                        (long long)a->length, (long long)a->start, (long long)a->step,
                        (long long)size);
    out[0] = in[0];
    out[0].dim[a->axis] = a->length;
    return true;
}

static bool view(const dio_view *in, const void *attrs, dio_view *out, int64_t *offset)
{
    const struct attrs *a = attrs;
    *out = *in;
    out->dim[a->axis] = a->length;
    out->stride[a->axis] = in->stride[a->axis] * a->step;
    *offset = a->start * in->stride[a->axis];
    return true;
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_view part = c->in[0];
    int64_t offset;
    view(&c->in[0], a, &part, &offset);
    part.data = (unsigned char *)c->in[0].data + offset * (int64_t)dio_dtype_size(part.dtype);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, dio_view_get(&part, i));
}

static void unslice_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs; /* unslice_attrs begins with them */
    dio_view whole = c->out[0], part;
    int64_t offset;
    for (int64_t i = 0, n = dio_view_count(&whole); i < n; i++)
        dio_view_set(&whole, i, 0);
    view(&whole, a, &part, &offset);
    part.data = (unsigned char *)whole.data + offset * (int64_t)dio_dtype_size(whole.dtype);
    for (int64_t i = 0, n = dio_view_count(&part); i < n; i++)
        dio_view_set(&part, i, dio_view_get(&c->in[0], i));
}

struct unslice_attrs {
    struct attrs slice;
    int64_t size; /* of the axis */
};

struct job {
    const dio_call *c;
    dio_view part; /* the places of the slice in the output */
    int64_t rows, width, block;
};

static void fill_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    const dio_view *in = &j->c->in[0];
    int last = in->nd - 1;
    for (int64_t r = item * j->block; r < end; r++) {
        const float *from = (const float *)in->data + dio_row_offset(in, r);
        float *to = (float *)j->part.data + dio_row_offset(&j->part, r);
        if (in->stride[last] == 1 && j->part.stride[last] == 1)
            memcpy(to, from, (size_t)j->width * sizeof *to);
        else
            for (int64_t i = 0; i < j->width; i++)
                to[i * j->part.stride[last]] = from[i * in->stride[last]];
    }
}

static void unslice_cpu(const dio_call *c)
{
    const struct unslice_attrs *a = c->attrs;
    struct job j = {.c = c};
    int64_t offset;
    memset(c->out[0].data, 0, (size_t)dio_view_count(&c->out[0]) * sizeof(float));
    view(&c->out[0], &a->slice, &j.part, &offset);
    j.part.data = (float *)c->out[0].data + offset;
    j.rows = dio_view_rows(&j.part, &j.width);
    j.block = dio_row_block(j.width);
    if (j.rows && j.width)
        dio_gang_run((j.rows + j.block - 1) / j.block, fill_rows, &j);
}

static bool unslice_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                          dio_error *err)
{
    (void)n_in;
    const struct unslice_attrs *a = attrs;
    if (!dio_want_float(&in[0], "the part", err) ||
        !dio_want_dim(&in[0], a->slice.axis, a->slice.length, "the part", err))
        return false;
    out[0] = in[0];
    out[0].dim[a->slice.axis] = a->size;
    return true;
}

static void unslice_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_slice(g, gout[0], a->axis, a->start, a->length, a->step);
}

extern const dio_op dio_op_unslice;

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    struct unslice_attrs a = {.slice = *(const struct attrs *)n->attrs};
    a.size = dio_dim(g, n->in[0], a.slice.axis);
    gin[0] = dio_emit1(g, &dio_op_unslice, &a, gout, 1);
}

const dio_op dio_op_slice = {
    .name = "slice",
    .doc = "elements start, start+step, ... of one axis",
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
            {.in = {DIO_T(DIO_F32, 4, 7)}, .n_in = 1, .attrs = &(struct attrs){1, 1, 3, 2}},
            {.in = {DIO_T(DIO_F32, 4, 1, 3)}, .n_in = 1, .attrs = &(struct attrs){0, 2, 2, 1}},
            {.in = {DIO_T(DIO_F32, 4, 7)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 3, 3, 2},
             .refused = "do not fit in 7"},
            {.in = {DIO_T(DIO_F32, 4, 7)},
             .n_in = 1,
             .attrs = &(struct attrs){2, 0, 1, 1},
             .refused = "outside the 2 dimensions"},
            {0},
        },
};

const dio_op dio_op_unslice = {
    .name = "unslice",
    .doc = "zeros with x at the places of a slice: slice's gradient",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_STRIDED,
    .attrs_size = sizeof(struct unslice_attrs),
    .infer = unslice_infer,
    .reference = unslice_reference,
    .cpu = unslice_cpu,
    .grad = unslice_grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 4, 3)},
             .n_in = 1,
             .attrs = &(struct unslice_attrs){{1, 1, 3, 2}, 7}},
            {.in = {DIO_T(DIO_F32, 4, 2)},
             .n_in = 1,
             .attrs = &(struct unslice_attrs){{1, 1, 3, 2}, 7},
             .refused = "must have size 3"},
            {0},
        },
};

dio_val dio_slice(dio_graph *g, dio_val x, int axis, int64_t start, int64_t length, int64_t step)
{
    struct attrs a = {axis < 0 ? axis + dio_type_of(g, x).nd : axis, start, length, step};
    return dio_emit1(g, &dio_op_slice, &a, &x, 1);
}
