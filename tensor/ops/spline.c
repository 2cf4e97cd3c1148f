/* spline.c: a monotonic rational-quadratic spline for every element, or its inverse.
 * Flows that predict durations are made of them; a text has a few hundred elements, so there is no
 * faster kernel than the reference. */
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/spline.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const dio_spline_attrs *a = attrs;
    (void)n_in;
    if (a->bins < 2 || a->bins > DIO_SPLINE_BINS || !(a->tail > 0) || !(a->tail < 1e6) ||
        !(a->scale > 0))
        return dio_fail(err, "a spline has 2 to %d bins and a tail and a scale above 0",
                        DIO_SPLINE_BINS);
    if (!dio_want_float(&in[0], "x", err) ||
        !dio_want_dims(&in[0], 1, DIO_MAX_DIMS - 1, "x", err) ||
        !dio_want_float(&in[1], "logits", err) ||
        !dio_want_dims(&in[1], in[0].nd + 1, in[0].nd + 1, "logits", err) ||
        !dio_want_dim(&in[1], in[0].nd, 3 * a->bins - 1, "logits", err))
        return false;
    for (int i = 0; i < in[0].nd; i++)
        if (!dio_want_dim(&in[1], i, in[0].dim[i], "logits", err))
            return false;
    out[0] = in[0];
    return true;
}

static void reference(const dio_call *c)
{
    const dio_spline_attrs *a = c->attrs;
    int all = 3 * a->bins - 1;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        double logits[3 * DIO_SPLINE_BINS];
        for (int k = 0; k < all; k++)
            logits[k] = dio_view_get(&c->in[1], i * all + k) * (k < 2 * a->bins ? a->scale : 1);
        dio_view_set(&c->out[0], i, dio_spline_at(dio_view_get(&c->in[0], i), logits, a));
    }
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->out[0]), logits = (double)dio_view_count(&c->in[1]);
    return (dio_cost){20 * logits, 4 * (2 * n + logits)};
}

#define SPLINE(bins_, inverse_)                                                                    \
    (&(const dio_spline_attrs){.bins = (bins_), .tail = 5, .scale = 0.25, .inverse = (inverse_)})

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 31), DIO_T(DIO_F32, 2, 31, 29)},
     .n_in = 2,
     .attrs = SPLINE(10, true),
     .lo = -6,
     .hi = 6},
    {.in = {DIO_T(DIO_F32, 2, 3, 7), DIO_T(DIO_F32, 2, 3, 7, 5)},
     .n_in = 2,
     .attrs = SPLINE(2, false),
     .lo = -6,
     .hi = 6},
    {.in = {DIO_T(DIO_F32, 1), DIO_T(DIO_F32, 1, 29)}, .n_in = 2, .attrs = SPLINE(10, true)},
    {.in = {DIO_T(DIO_F32, 3), DIO_T(DIO_F32, 3, 28)},
     .n_in = 2,
     .attrs = SPLINE(10, true),
     .refused = "logits must have size 29 in dimension 1, not f32[3,28]"},
    {.in = {DIO_T(DIO_F32, 3), DIO_T(DIO_F32, 3, 2)},
     .n_in = 2,
     .attrs = SPLINE(1, true),
     .refused = "a spline has 2 to 64 bins"},
    {0},
};

const dio_op dio_op_spline = {
    .name = "spline",
    .doc = "a monotonic rational-quadratic spline over -tail..tail, or its inverse; "
           "x [..], logits [..,3 bins - 1]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(dio_spline_attrs),
    .infer = infer,
    .reference = reference,
    .cost = cost,
    .tol = 1e-6f, /* measured 0: the device computes in double, too */
    .cases = cases,
};

dio_val dio_spline(dio_graph *g, dio_val x, dio_val logits, int bins, float tail, float scale,
                   bool inverse)
{
    dio_spline_attrs a = {.bins = bins, .tail = tail, .scale = scale, .inverse = inverse};
    return dio_emit1(g, &dio_op_spline, &a, (dio_val[]){x, logits}, 2);
}
