/* cumsum.c: running sums along an axis. The gradient runs the other way: flip, cumsum, flip. */
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
    return dio_want_float(&in[0], "x", err) && dio_want_axis(&in[0], a->axis, err);
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_axis x = dio_axis_of(&c->in[0], a->axis);
    for (int64_t i = 0; i < x.outer * x.inner; i++) {
        int64_t base = i / x.inner * x.size * x.inner + i % x.inner;
        double sum = 0;
        for (int64_t k = 0; k < x.size; k++) {
            sum += dio_view_get(&c->in[0], base + k * x.inner);
            dio_view_set(&c->out[0], base + k * x.inner, sum);
        }
    }
}

enum { LANES = 64 }; /* running sums an item keeps side by side */

struct job {
    const dio_call *c;
    dio_axis x;
    int64_t blocks;
};

/* Sums are kept in double: phases of an oscillator run for minutes. */
static void run_lanes(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t inner = j->x.inner, first = item % j->blocks * LANES;
    int64_t n = inner - first < LANES ? inner - first : LANES;
    int64_t base = item / j->blocks * j->x.size * inner + first;
    const float *x = (const float *)j->c->in[0].data + base;
    float *y = (float *)j->c->out[0].data + base;
    double sum[LANES] = {0};
    for (int64_t i = 0; i < j->x.size; i++)
        for (int64_t l = 0; l < n; l++) {
            sum[l] += x[i * inner + l];
            y[i * inner + l] = (float)sum[l];
        }
}

static void cpu(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct job j = {.c = c, .x = dio_axis_of(&c->in[0], a->axis)};
    j.blocks = (j.x.inner + LANES - 1) / LANES;
    dio_gang_run(j.x.outer * j.blocks, run_lanes, &j);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_flip(g, dio_cumsum(g, dio_flip(g, gout[0], a->axis), a->axis), a->axis);
}

const dio_op dio_op_cumsum = {
    .name = "cumsum",
    .doc = "y[.., i, ..] = sum of x[.., k, ..] for k <= i, along one axis",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .tol = 1e-7f, /* measured 0: the same sums in double */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 7)}, .n_in = 1, .attrs = &(struct attrs){1}},
            {.in = {DIO_T(DIO_F32, 3, 50)}, .n_in = 1, .attrs = &(struct attrs){1}},
            {.in = {DIO_T(DIO_F32, 6, 150)}, .n_in = 1, .attrs = &(struct attrs){0}},
            {.in = {DIO_T(DIO_F32, 1)}, .n_in = 1, .attrs = &(struct attrs){0}},
            {.in = {DIO_T(DIO_F32, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){-1},
             .refused = "axis -1 is outside the 1 dimensions"},
            {0},
        },
};

dio_val dio_cumsum(dio_graph *g, dio_val x, int axis)
{
    struct attrs a = {dio_axis_from_start(g, x, axis)};
    return dio_emit1(g, &dio_op_cumsum, &a, &x, 1);
}
