/* plane_norm_grad.c: the gradient of group norm and batch norm, from x, gy and w. The statistics
 * are taken anew from x: cheaper than keeping them, and nothing to keep.
 *
 *     dx = (w gy - mean(w gy) - xhat mean(w gy xhat)) / std,  dw = sum gy xhat,  db = sum gy
 *
 * with xhat the normalised x, means over a group, sums over batch and space. */
#include "base/gang.h"
#include "tensor/ops/plane_norm.h"

static bool infer_grad(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    const dio_type none = {DIO_F32, -1, {0}};
    if (!check(&in[0], &in[2], &none, attrs, err) ||
        !dio_want_same(&in[1], &in[0], "gy and x", err))
        return false;
    out[0] = in[0];
    out[1] = out[2] = dio_type_1d(DIO_F32, in[0].dim[1]);
    return true;
}

/* The gradient's operands: x, gy, w. Sums of one plane: of gy, and of gy times normalised x. */
static void plane_sums(const dio_call *c, const struct planes *p, int64_t plane, struct moments m,
                       double inv, double sums[2])
{
    sums[0] = sums[1] = 0;
    for (int64_t i = plane * p->size; i < (plane + 1) * p->size; i++) {
        double gy = dio_view_get(&c->in[1], i);
        sums[0] += gy;
        sums[1] += gy * (dio_view_get(&c->in[0], i) - m.mean) * inv;
    }
}

static void reference_grad_group(const dio_call *c, const struct planes *p, int64_t g, double eps)
{
    struct moments m = moments_of(&c->in[0], p, g);
    double inv = 1 / sqrt(m.var + eps), n = (double)p->count * (double)p->size, mean[2] = {0};
    for (int64_t k = 0; k < p->count; k++) {
        int64_t plane = plane_at(p, g, k), channel = plane % p->channels;
        double sums[2], w = scale_at(&c->in[2], channel, 1);
        plane_sums(c, p, plane, m, inv, sums);
        mean[0] += w * sums[0] / n;
        mean[1] += w * sums[1] / n;
    }
    for (int64_t k = 0; k < p->count; k++) {
        int64_t plane = plane_at(p, g, k);
        double w = scale_at(&c->in[2], plane % p->channels, 1);
        for (int64_t i = plane * p->size; i < (plane + 1) * p->size; i++) {
            double hat = (dio_view_get(&c->in[0], i) - m.mean) * inv;
            dio_view_set(&c->out[0], i,
                         inv * (w * dio_view_get(&c->in[1], i) - mean[0] - hat * mean[1]));
        }
    }
}

static void reference_grad(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct planes p = planes_of(&c->in[0], a);
    for (int64_t g = 0; g < p.groups; g++)
        reference_grad_group(c, &p, g, a->eps);
    for (int64_t channel = 0; channel < p.channels; channel++) {
        double total[2] = {0};
        for (int64_t plane = channel; plane < p.groups * p.count; plane += p.channels) {
            double sums[2];
            int64_t g = p.batch ? channel : plane / p.count;
            struct moments m = moments_of(&c->in[0], &p, g);
            plane_sums(c, &p, plane, m, 1 / sqrt(m.var + a->eps), sums);
            total[0] += sums[0];
            total[1] += sums[1];
        }
        for (int j = 0; j < 2; j++)
            if (c->out[1 + j].data)
                dio_view_set(&c->out[1 + j], channel, total[1 - j]);
    }
}

static void grad_group(void *user, int64_t group, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct planes *p = &j->p;
    const dio_cpu *cpu = j->c->cpu;
    struct moments m = center(j, group);
    double inv = 1 / sqrt(m.var + j->a->eps);
    double n = (double)p->count * (double)p->size, mean[2] = {0};
    for (int64_t k = 0; k < p->count; k++) {
        int64_t plane = plane_at(p, group, k), at = plane * p->size;
        double w = j->w ? j->w[plane % p->channels] : 1, *sums = j->sums + 2 * plane;
        sums[0] = dio_long_sum(cpu, j->gy + at, p->size);
        sums[1] = inv * (dio_long_dot(cpu, j->gy + at, j->y + at, p->size) - m.rest * sums[0]);
        mean[0] += w * sums[0] / n;
        mean[1] += w * sums[1] / n;
    }
    for (int64_t k = 0; k < p->count; k++) {
        int64_t plane = plane_at(p, group, k), at = plane * p->size;
        double w = j->w ? j->w[plane % p->channels] : 1;
        double slope = -inv * inv * mean[1];
        cpu->axpb(j->y + at, j->y + at, p->size, (float)slope,
                  (float)(-inv * mean[0] - m.rest * slope));
        cpu->fma_span(j->y + at, j->gy + at, p->size, (float)(inv * w));
    }
}

static void cpu_grad(const dio_call *c)
{
    struct job j = {.c = c,
                    .a = c->attrs,
                    .x = c->in[0].data,
                    .gy = c->in[1].data,
                    .w = c->in[2].data,
                    .y = c->out[0].data,
                    .sums = c->work};
    j.p = planes_of(&c->in[0], j.a);
    dio_gang_run(j.p.groups, grad_group, &j);
    for (int64_t channel = 0; channel < j.p.channels; channel++) {
        double total[2] = {0};
        for (int64_t plane = channel; plane < j.p.groups * j.p.count; plane += j.p.channels) {
            total[0] += j.sums[2 * plane];
            total[1] += j.sums[2 * plane + 1];
        }
        for (int k = 0; k < 2; k++)
            if (c->out[1 + k].data)
                ((float *)c->out[1 + k].data)[channel] = (float)total[1 - k];
    }
}

static size_t grad_workspace(const dio_call *c)
{
    dio_axis at = dio_axis_of(&c->in[0], 1);
    return (size_t)(at.outer * at.size) * 2 * sizeof(double);
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){8 * n, 8 * n};
}

#define ATTRS(groups_) (&(const struct attrs){groups_, 1e-5f})

const dio_op dio_op_plane_norm_grad = {
    .name = "plane_norm_grad",
    .doc = "x, gy, w -> gradients of group_norm's (batch_norm's: groups 0) x, w and b",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out = 3,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = infer_grad,
    .reference = reference_grad,
    .cpu = cpu_grad,
    .workspace = grad_workspace,
    .cost = cost,
    .tol = 4e-7f, /* measured 8.2e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 6, 5, 3), DIO_T(DIO_F32, 2, 6, 5, 3), DIO_T(DIO_F32, 6)},
             .n_in = 3,
             .attrs = ATTRS(3)},
            {.in = {DIO_T(DIO_F32, 3, 4, 5), DIO_T(DIO_F32, 3, 4, 5)},
             .n_in = 2,
             .attrs = ATTRS(0)},
            {.in = {DIO_T(DIO_F32, 3, 4, 5), DIO_T(DIO_F32, 3, 4, 6)},
             .n_in = 2,
             .attrs = ATTRS(1),
             .refused = "gy and x differ: f32[3,4,6] and f32[3,4,5]"},
            {0},
        },
};
