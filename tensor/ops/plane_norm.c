/* plane_norm.c: group norm and batch norm.
 * Group norm takes neighbouring channels of one image together, batch norm one channel of all
 * images; the rest is the same:
 *
 *     y = (x - mean) / sqrt(var + eps) * w[c] + b[c]
 *
 * Their gradient is one operator, plane_norm_grad. */
#include "base/gang.h"
#include "tensor/ops.h"
#include "tensor/ops/operand.h"
#include "tensor/ops/plane_norm.h"

static bool infer_group(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                        dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    out[0] = in[0];
    if (!a->groups)
        return dio_fail(err, "groups must be at least 1");
    return check(&in[0], &in[1], &in[2], a, err);
}

static bool infer_batch(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                        dio_error *err)
{
    (void)n_in;
    if (!check(&in[0], &in[1], &in[2], attrs, err))
        return false;
    out[0] = in[0];
    out[1] = out[2] = dio_type_1d(DIO_F32, in[0].dim[1]);
    if (in[0].dim[1] && dio_type_count(&in[0]) / in[0].dim[1] < 2)
        return dio_fail(err,
                        "training needs more than one value a channel, x is %lld of them in "
                        "%lld channels",
                        (long long)dio_type_count(&in[0]), (long long)in[0].dim[1]);
    return true;
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct planes p = planes_of(&c->in[0], a);
    double n = (double)p.count * (double)p.size;
    for (int64_t g = 0; g < p.groups; g++) {
        struct moments m = moments_of(&c->in[0], &p, g);
        double inv = 1 / sqrt(m.var + a->eps);
        for (int64_t k = 0; k < p.count; k++)
            for (int64_t i = 0; i < p.size; i++) {
                int64_t plane = plane_at(&p, g, k), at = plane * p.size + i;
                double y = (dio_view_get(&c->in[0], at) - m.mean) * inv;
                dio_view_set(&c->out[0], at,
                             y * scale_at(&c->in[1], plane % p.channels, 1) +
                                 scale_at(&c->in[2], plane % p.channels, 0));
            }
        if (c->n_out > 1 && c->out[1].data)
            dio_view_set(&c->out[1], g, m.mean);
        if (c->n_out > 2 && c->out[2].data)
            dio_view_set(&c->out[2], g, m.var * n / (n - 1));
    }
}

static void norm_group(void *user, int64_t group, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct planes *p = &j->p;
    struct moments m = center(j, group);
    double inv = 1 / sqrt(m.var + j->a->eps);
    for (int64_t k = 0; k < p->count; k++) {
        int64_t plane = plane_at(p, group, k), channel = plane % p->channels;
        float *y = j->y + plane * p->size;
        double scale = j->w ? inv * j->w[channel] : inv, shift = j->b ? j->b[channel] : 0;
        j->c->cpu->axpb(y, y, p->size, (float)scale, (float)(shift - m.rest * scale));
    }
    double n = (double)p->count * (double)p->size;
    if (j->c->n_out > 1 && j->c->out[1].data)
        ((float *)j->c->out[1].data)[group] = (float)m.mean;
    if (j->c->n_out > 2 && j->c->out[2].data)
        ((float *)j->c->out[2].data)[group] = (float)(m.var * n / (n - 1));
}

static void cpu_norm(const dio_call *c)
{
    struct job j = {.c = c,
                    .a = c->attrs,
                    .x = c->in[0].data,
                    .w = c->in[1].data,
                    .b = c->in[2].data,
                    .y = c->out[0].data};
    j.p = planes_of(&c->in[0], j.a);
    dio_gang_run(j.p.groups, norm_group, &j);
}

extern const dio_op dio_op_plane_norm_grad;

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val in[3] = {n->in[0], gout[0], dio_operand(n, 1)}, back[3];
    if (gout[0] == DIO_NONE)
        return;
    dio_emit(g, &dio_op_plane_norm_grad, n->attrs, in, 3, back);
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] != DIO_NONE)
            gin[i] = back[i];
}

/* v [C] as [C,1..], to stand beside x [B,C,..]. */
static dio_val by_channel(dio_graph *g, dio_val v, dio_val x)
{
    int64_t dim[DIO_MAX_DIMS] = {dio_dim(g, x, 1), 1, 1, 1, 1, 1};
    return dio_reshape(g, v, dio_type_of(g, x).nd - 1, dim);
}

static void add_to(dio_graph *g, dio_val *sum, dio_val v)
{
    *sum = *sum == DIO_NONE ? v : dio_add(g, *sum, v);
}

/* Of batch norm: mean and variance may be used too. */
static void grad_batch(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_type t = dio_type_of(g, n->in[0]);
    float count = (float)(dio_type_count(&t) / (t.dim[1] ? t.dim[1] : 1));
    grad(g, n, gout, gin);
    if (gout[1] != DIO_NONE)
        add_to(g, &gin[0],
               dio_expand(g, by_channel(g, dio_axpb(g, gout[1], 1 / count, 0), n->in[0]), t.nd,
                          t.dim));
    if (gout[2] != DIO_NONE) {
        dio_val deviation = dio_sub(g, n->in[0], by_channel(g, n->out[1], n->in[0]));
        dio_val slope = by_channel(g, dio_axpb(g, gout[2], 2 / (count - 1), 0), n->in[0]);
        add_to(g, &gin[0], dio_mul(g, deviation, slope));
    }
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){8 * n, 8 * n};
}

#define ATTRS(groups_) (&(const struct attrs){groups_, 1e-5f})

const dio_op dio_op_group_norm = {
    .name = "group_norm",
    .doc = "y = (x - mean) / sqrt(var + eps) * w + b, statistics over groups of channels and "
           "space; x [B,C,..], w b [C]",
    .n_in_min = 1,
    .n_in_max = 3,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer_group,
    .reference = reference,
    .cpu = cpu_norm,
    .grad = grad,
    .cost = cost,
    .tol = 3e-7f, /* measured 5.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 6, 5, 3), DIO_T(DIO_F32, 6), DIO_T(DIO_F32, 6)},
             .n_in = 3,
             .attrs = ATTRS(3)},
            {.in = {DIO_T(DIO_F32, 3, 4, 2100)}, .n_in = 1, .attrs = ATTRS(1), .no_grad = true},
            {.in = {DIO_T(DIO_F32, 2, 4, 9), DIO_T(DIO_F32, 4)}, .n_in = 2, .attrs = ATTRS(4)},
            {.in = {DIO_T(DIO_F32, 2, 8)}, .n_in = 1, .attrs = ATTRS(2)},
            {.in = {DIO_T(DIO_F32, 1, 1, 1)}, .n_in = 1, .attrs = ATTRS(1)},
            {.in = {DIO_T(DIO_F32, 2, 8, 300)},
             .n_in = 1,
             .attrs = ATTRS(2),
             .lo = 99,
             .hi = 101,
             .no_grad = true}, /* far from zero */
            {.in = {DIO_T(DIO_F32, 2, 6, 5)},
             .n_in = 1,
             .attrs = ATTRS(4),
             .refused = "6 channels do not split into 4 groups"},
            {.in = {DIO_T(DIO_F32, 2, 6, 5), DIO_T(DIO_F32, 5)},
             .n_in = 2,
             .attrs = ATTRS(2),
             .refused = "w must have size 6 in dimension 0, not f32[5]"},
            {0},
        },
};

const dio_op dio_op_batch_norm = {
    .name = "batch_norm",
    .doc = "training: y = (x - mean) / sqrt(var + eps) * w + b, statistics over batch and space; "
           "mean and the unbiased var [C] come out for the running ones",
    .n_in_min = 1,
    .n_in_max = 3,
    .n_out = 3,
    .attrs_size = sizeof(struct attrs),
    .infer = infer_batch,
    .reference = reference,
    .cpu = cpu_norm,
    .grad = grad_batch,
    .cost = cost,
    .tol = 3e-7f, /* measured 5.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 4, 5, 3), DIO_T(DIO_F32, 4), DIO_T(DIO_F32, 4)},
             .n_in = 3,
             .attrs = ATTRS(0)},
            {.in = {DIO_T(DIO_F32, 2, 3, 7)}, .n_in = 1, .attrs = ATTRS(0)},
            {.in = {DIO_T(DIO_F32, 5, 1), DIO_T(DIO_F32, 1)}, .n_in = 2, .attrs = ATTRS(0)},
            {.in = {DIO_T(DIO_F32, 3, 2, 1500)}, .n_in = 1, .attrs = ATTRS(0), .no_grad = true},
            {.in = {DIO_T(DIO_F32, 1, 4)},
             .n_in = 1,
             .attrs = ATTRS(0),
             .refused =
                 "training needs more than one value a channel, x is 4 of them in 4 channels"},
            {0},
        },
};

dio_val dio_group_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, int groups, float eps)
{
    struct attrs a = {groups, eps};
    return dio_emit1(g, &dio_op_group_norm, &a, (dio_val[]){x, w, b}, 3);
}

dio_val dio_batch_norm(dio_graph *g, dio_val x, dio_val w, dio_val b, float eps, dio_val *mean,
                       dio_val *var)
{
    struct attrs a = {0, eps};
    dio_val out[3];
    dio_emit(g, &dio_op_batch_norm, &a, (dio_val[]){x, w, b}, 3, out);
    if (mean)
        *mean = out[1];
    if (var)
        *var = out[2];
    return out[0];
}

/* With given statistics it is one multiplication and one addition a channel. */
dio_val dio_batch_norm_eval(dio_graph *g, dio_val x, dio_val w, dio_val b, dio_val mean,
                            dio_val var, float eps)
{
    dio_type t = dio_type_of(g, x);
    if (x == DIO_NONE || t.nd < 2)
        return dio_graph_fail(g, "batch_norm_eval: x must have at least 2 dimensions");
    dio_val scale = dio_rsqrt(g, dio_axpb(g, var, 1, eps));
    if (w != DIO_NONE)
        scale = dio_mul(g, scale, w);
    dio_val shift = dio_neg(g, dio_mul(g, mean, scale));
    if (b != DIO_NONE)
        shift = dio_add(g, shift, b);
    return dio_add(g, dio_mul(g, x, by_channel(g, scale, x)), by_channel(g, shift, x));
}
