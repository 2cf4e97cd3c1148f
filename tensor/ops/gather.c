/* gather.c: numbers picked along an axis by index, and numbers added there: take_along_axis and its
 * transpose, which are each other's gradients.
 *
 * Indices are data, so they can be wrong where no message can be given: one outside the axis reads
 * 0 and adds nothing. Additions to one place happen in the order of the indices. */
#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ops.h"
#include "tensor/ops/axis.h"

struct attrs {
    int axis;
};

/* x and ids agree but for the axis. */
static bool check_ids(const dio_type *x, const dio_type *ids, int axis, dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    if (!dio_want_axis(x, axis, err))
        return false;
    if (ids->dtype != DIO_I32)
        return dio_fail(err, "ids must be i32, not %s", dio_type_text(ids, text));
    if (!dio_want_dims(ids, x->nd, x->nd, "ids", err))
        return false;
    for (int i = 0; i < x->nd; i++)
        if (i != axis && !dio_want_dim(ids, i, x->dim[i], "ids", err))
            return false;
    return true;
}

/* [outer, size, inner] of the long operand and of the ids, and the place of id i in the long one;
 * -1 when it lies outside. */
static int64_t place(const dio_view *ids, dio_axis x, dio_axis k, int64_t i)
{
    int64_t id = (int64_t)dio_view_get(ids, i);
    if (id < 0 || id >= x.size)
        return -1;
    return (i / k.inner / k.size * x.size + id) * x.inner + i % k.inner;
}

enum { LANES = 256 }; /* inner elements an item: additions to a place never meet another item's */

struct job {
    const dio_call *c;
    dio_axis x, k; /* of the long operand and of the ids */
    int64_t blocks;
};

static struct job job_of(const dio_call *c, const dio_view *x)
{
    const struct attrs *a = c->attrs;
    struct job j = {c, dio_axis_of(x, a->axis), dio_axis_of(&c->in[1], a->axis), 0};
    j.blocks = (j.x.inner + LANES - 1) / LANES;
    return j;
}

/* --- gather --- */

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    out[0] = in[1];
    out[0].dtype = DIO_F32;
    return dio_want_float(&in[0], "x", err) && check_ids(&in[0], &in[1], a->axis, err);
}

static void reference(const dio_call *c)
{
    struct job j = job_of(c, &c->in[0]);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t at = place(&c->in[1], j.x, j.k, i);
        dio_view_set(&c->out[0], i, at < 0 ? 0 : dio_view_get(&c->in[0], at));
    }
}

static void gather_one(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t inner = j->x.inner, first = item % j->blocks * LANES, outer = item / j->blocks;
    int64_t last = first + LANES < inner ? first + LANES : inner;
    const float *x = (const float *)j->c->in[0].data + outer * j->x.size * inner;
    const int32_t *ids = (const int32_t *)j->c->in[1].data + outer * j->k.size * inner;
    float *y = (float *)j->c->out[0].data + outer * j->k.size * inner;
    for (int64_t i = 0; i < j->k.size; i++)
        for (int64_t l = first; l < last; l++) {
            int32_t id = ids[i * inner + l];
            y[i * inner + l] = id >= 0 && id < j->x.size ? x[id * inner + l] : 0;
        }
}

static void cpu(const dio_call *c)
{
    struct job j = job_of(c, &c->in[0]);
    dio_gang_run(j.x.outer * j.blocks, gather_one, &j);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    dio_type t = dio_type_of(g, n->in[0]);
    dio_val zero = dio_expand(g, dio_scalar(g, 0), t.nd, t.dim);
    gin[0] = dio_scatter_add(g, zero, a->axis, n->in[1], gout[0]);
}

const dio_op dio_op_gather = {
    .name = "gather",
    .doc = "y[.., i, ..] = x[.., ids[.., i, ..], ..] along one axis; ids i32",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 2), DIO_T(DIO_I32, 3, 7, 2)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .below = 5},
            {.in = {DIO_T(DIO_F32, 4, 300), DIO_T(DIO_I32, 2, 300)},
             .n_in = 2,
             .attrs = &(struct attrs){0},
             .below = 4},
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_I32, 1, 1)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .below = 1},
            {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_I32, 2, 9)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .below = 5}, /* some outside */
            {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_F32, 2, 3)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .refused = "ids must be i32, not f32[2,3]"},
            {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_I32, 3, 3)},
             .n_in = 2,
             .attrs = &(struct attrs){1},
             .refused = "ids must have size 2 in dimension 0, not i32[3,3]"},
            {0},
        },
};

dio_val dio_gather(dio_graph *g, dio_val x, int axis, dio_val ids)
{
    struct attrs a = {dio_axis_from_start(g, x, axis)};
    return dio_emit1(g, &dio_op_gather, &a, (dio_val[]){x, ids}, 2);
}

/* --- scatter_add --- */

static bool scatter_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                          dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    dio_type shape = in[1];
    shape.dtype = DIO_F32;
    out[0] = in[0];
    return dio_want_float(&in[0], "x", err) && check_ids(&in[0], &in[1], a->axis, err) &&
           dio_want_float(&in[2], "the source", err) &&
           dio_want_same(&in[2], &shape, "the source and the ids' shape", err);
}

/* Each place of the output looks for the ids that name it: slow, and in double. */
static void scatter_reference(const dio_call *c)
{
    struct job j = job_of(c, &c->in[0]);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t outer = i / j.x.inner / j.x.size;
        double sum = dio_view_get(&c->in[0], i);
        for (int64_t k = 0; k < j.k.size; k++) {
            int64_t from = (outer * j.k.size + k) * j.k.inner + i % j.x.inner;
            if (place(&c->in[1], j.x, j.k, from) == i)
                sum += dio_view_get(&c->in[2], from);
        }
        dio_view_set(&c->out[0], i, sum);
    }
}

static void scatter_one(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t inner = j->x.inner, first = item % j->blocks * LANES, outer = item / j->blocks;
    int64_t last = first + LANES < inner ? first + LANES : inner;
    const float *x = (const float *)j->c->in[0].data + outer * j->x.size * inner;
    const int32_t *ids = (const int32_t *)j->c->in[1].data + outer * j->k.size * inner;
    const float *src = (const float *)j->c->in[2].data + outer * j->k.size * inner;
    float *y = (float *)j->c->out[0].data + outer * j->x.size * inner;
    for (int64_t i = 0; i < j->x.size && x != y; i++)
        memcpy(y + i * inner + first, x + i * inner + first, (size_t)(last - first) * sizeof *y);
    for (int64_t i = 0; i < j->k.size; i++)
        for (int64_t l = first; l < last; l++) {
            int32_t id = ids[i * inner + l];
            if (id >= 0 && id < j->x.size)
                y[id * inner + l] += src[i * inner + l];
        }
}

static void scatter_cpu(const dio_call *c)
{
    struct job j = job_of(c, &c->in[0]);
    dio_gang_run(j.x.outer * j.blocks, scatter_one, &j);
}

static void scatter_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = gout[0];
    gin[2] = dio_gather(g, gout[0], a->axis, n->in[1]);
}

const dio_op dio_op_scatter_add = {
    .name = "scatter_add",
    .doc = "y = x, then y[.., ids[.., i, ..], ..] += source[.., i, ..] along one axis; ids i32",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .attrs_size = sizeof(struct attrs),
    .infer = scatter_infer,
    .reference = scatter_reference,
    .cpu = scatter_cpu,
    .grad = scatter_grad,
    .tol = 4e-7f, /* measured 9e-8: sums of a few numbers */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 2), DIO_T(DIO_I32, 3, 7, 2), DIO_T(DIO_F32, 3, 7, 2)},
             .n_in = 3,
             .attrs = &(struct attrs){1},
             .below = 5},
            {.in = {DIO_T(DIO_F32, 4, 300), DIO_T(DIO_I32, 9, 300), DIO_T(DIO_F32, 9, 300)},
             .n_in = 3,
             .attrs = &(struct attrs){0},
             .below = 6}, /* some outside */
            {.in = {DIO_T(DIO_F32, 1, 1), DIO_T(DIO_I32, 1, 1), DIO_T(DIO_F32, 1, 1)},
             .n_in = 3,
             .attrs = &(struct attrs){1},
             .below = 1},
            {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_I32, 2, 4), DIO_T(DIO_F32, 2, 5)},
             .n_in = 3,
             .attrs = &(struct attrs){1},
             .refused = "the source and the ids' shape differ: f32[2,5] and f32[2,4]"},
            {0},
        },
};

dio_val dio_scatter_add(dio_graph *g, dio_val x, int axis, dio_val ids, dio_val src)
{
    struct attrs a = {dio_axis_from_start(g, x, axis)};
    return dio_emit1(g, &dio_op_scatter_add, &a, (dio_val[]){x, ids, src}, 3);
}
