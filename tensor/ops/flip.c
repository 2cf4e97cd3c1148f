/* flip.c: one axis in reverse order. Its own gradient. Strides cannot say it: the runtime's views
 * never step backwards. */
#include <string.h>

#include "base/gang.h"
#include "tensor/ops.h"
#include "tensor/ops/axis.h"

struct attrs {
    int axis;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    out[0] = in[0];
    return dio_want_axis(&in[0], a->axis, err);
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_axis x = dio_axis_of(&c->in[0], a->axis);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t at = i / x.inner % x.size;
        dio_view_set(&c->out[0], i, dio_view_get(&c->in[0], i + (x.size - 1 - 2 * at) * x.inner));
    }
}

struct job {
    const dio_call *c;
    dio_axis x;
};

static void flip_one(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    size_t row = (size_t)j->x.inner * dio_dtype_size(j->c->in[0].dtype);
    size_t whole = (size_t)j->x.size * row;
    const unsigned char *from = (const unsigned char *)j->c->in[0].data + (size_t)item * whole;
    unsigned char *to = (unsigned char *)j->c->out[0].data + (size_t)item * whole;
    for (int64_t i = 0; i < j->x.size; i++)
        memcpy(to + (size_t)i * row, from + (size_t)(j->x.size - 1 - i) * row, row);
}

static void cpu(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct job j = {c, dio_axis_of(&c->in[0], a->axis)};
    dio_gang_run(j.x.outer, flip_one, &j);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_flip(g, gout[0], a->axis);
}

const dio_op dio_op_flip = {
    .name = "flip",
    .doc = "y[.., i, ..] = x[.., size-1-i, ..] along one axis",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 2)}, .n_in = 1, .attrs = &(struct attrs){1}},
            {.in = {DIO_T(DIO_F32, 3, 17)}, .n_in = 1, .attrs = &(struct attrs){1}},
            {.in = {DIO_T(DIO_F32, 1, 1)}, .n_in = 1, .attrs = &(struct attrs){0}},
            {.in = {DIO_T(DIO_I32, 4, 3)}, .n_in = 1, .attrs = &(struct attrs){0}, .below = 9},
            {.in = {DIO_T(DIO_F32, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){1},
             .refused = "axis 1 is outside the 1 dimensions"},
            {0},
        },
};

dio_val dio_flip(dio_graph *g, dio_val x, int axis)
{
    struct attrs a = {dio_axis_from_start(g, x, axis)};
    return dio_emit1(g, &dio_op_flip, &a, &x, 1);
}
