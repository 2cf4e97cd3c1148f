/* stripe_norm.c: group norm in its two halves, for pictures that are worked on in stripes.
 *
 * stripe_moments takes the moments of a stripe; whoever has those of all stripes makes of them what
 * stripe_norm applies. A stripe's own rows stand between rows of its neighbours or beyond the
 * picture's edge, so both are told which rows count: as data, so that one plan serves every stripe.
 *
 *     moments[b,g] = a first mean m, mean(x - m), mean((x - m)^2)
 *     y = act((x - affine[b,0,c]) * affine[b,1,c] + affine[b,2,c]); 0 in rows that do not count
 */
#include <math.h>
#include <string.h>

#include "base/gang.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/long_sums.h"
#include "tensor/ops/stripe_norm.h"

static bool want_picture(const dio_type *x, const dio_type *span, dio_error *err)
{
    return dio_want_float(x, "x", err) && dio_want_dims(x, 4, 4, "x", err) &&
           (span->dtype == DIO_I32 || dio_fail(err, "the rows must be i32")) &&
           dio_want_dims(span, 1, 1, "the rows", err) && dio_want_dim(span, 0, 2, "the rows", err);
}

static bool infer_moments(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                          dio_error *err)
{
    (void)n_in;
    const struct moments_attrs *a = attrs;
    if (!want_picture(&in[0], &in[1], err))
        return false;
    if (a->groups < 1 || in[0].dim[1] % a->groups)
        return dio_fail(err, "%lld channels do not split into %d groups", (long long)in[0].dim[1],
                        a->groups);
    out[0] = dio_type_3d(DIO_F32, in[0].dim[0], a->groups, 3);
    return true;
}

static bool infer_norm(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return want_picture(&in[0], &in[2], err) && dio_want_float(&in[1], "affine", err) &&
           dio_want_dims(&in[1], 3, 3, "affine", err) &&
           dio_want_dim(&in[1], 0, in[0].dim[0], "affine", err) &&
           dio_want_dim(&in[1], 1, 3, "affine", err) &&
           dio_want_dim(&in[1], 2, in[0].dim[1], "affine", err);
}

/* The rows that count, kept within the stripe whatever the data says. */
static struct rows rows_of(const dio_view *span, int64_t height)
{
    int64_t first = (int64_t)dio_view_get(span, 0), count = (int64_t)dio_view_get(span, 1);
    struct rows r = {first < 0 ? 0 : first > height ? height : first};
    r.end = count < 0 ? r.first : count > height - r.first ? height : r.first + count;
    return r;
}

/* --- references --- */

static void moments_reference(const dio_call *c)
{
    const dio_view *x = &c->in[0];
    const int64_t groups = c->out[0].dim[1], height = x->dim[2], width = x->dim[3];
    const int64_t channels = x->dim[1] / groups;
    const struct rows r = rows_of(&c->in[1], height);
    const int64_t count = channels * (r.end - r.first) * width;
    for (int64_t g = 0; g < x->dim[0] * groups; g++) {
        double sum = 0, squares = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t k = 0; k < count; k++) {
                int64_t plane = g * channels + k / ((r.end - r.first) * width);
                int64_t at = r.first * width + k % ((r.end - r.first) * width);
                double v = dio_view_get(x, plane * height * width + at);
                sum += pass ? 0 : v;
                squares += pass ? (v - sum / (double)count) * (v - sum / (double)count) : 0;
            }
        dio_view_set(&c->out[0], 3 * g, count ? sum / (double)count : 0);
        dio_view_set(&c->out[0], 3 * g + 1, 0);
        dio_view_set(&c->out[0], 3 * g + 2, count ? squares / (double)count : 0);
    }
}

static double activated(double y, dio_act act)
{
    return act == DIO_ACT_SILU ? y / (1 + exp(-y)) : y;
}

static void norm_reference(const dio_call *c)
{
    const dio_view *x = &c->in[0], *affine = &c->in[1];
    const struct norm_attrs *a = c->attrs;
    const int64_t channels = x->dim[1], size = x->dim[2] * x->dim[3];
    const struct rows r = rows_of(&c->in[2], x->dim[2]);
    for (int64_t i = 0, n = dio_view_count(x); i < n; i++) {
        int64_t row = i % size / x->dim[3], plane = i / size;
        int64_t at = plane / channels * 3 * channels + plane % channels;
        double y =
            (dio_view_get(x, i) - dio_view_get(affine, at)) * dio_view_get(affine, at + channels) +
            dio_view_get(affine, at + 2 * channels);
        dio_view_set(&c->out[0], i, row >= r.first && row < r.end ? activated(y, a->act) : 0);
    }
}

/* --- fast --- */

struct job {
    const dio_call *c;
    struct rows rows;
    int64_t height, width, channels; /* of a group, or of all */
    int act;
};

/* Sums of n deviations and of their squares. */
static void deviations(const dio_cpu *cpu, const float *x, int64_t n, float mean, double *sum,
                       double *squares)
{
    float d[DIO_SUM_SPAN];
    for (int64_t i = 0; i < n; i += DIO_SUM_SPAN) {
        int64_t count = n - i < DIO_SUM_SPAN ? n - i : DIO_SUM_SPAN;
        cpu->axpb(d, x + i, count, 1, -mean);
        *sum += cpu->sum(d, count);
        *squares += cpu->sum_squares(d, count);
    }
}

static void moments_group(void *user, int64_t group, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *cpu = j->c->cpu;
    const int64_t plane = j->height * j->width, n = (j->rows.end - j->rows.first) * j->width;
    const float *x =
        (const float *)j->c->in[0].data + group * j->channels * plane + j->rows.first * j->width;
    float *out = (float *)j->c->out[0].data + 3 * group;
    double count = (double)n * (double)j->channels, sum = 0, rest = 0, squares = 0;
    for (int64_t k = 0; k < j->channels; k++)
        sum += dio_long_sum(cpu, x + k * plane, n);
    out[0] = count > 0 ? (float)(sum / count) : 0;
    for (int64_t k = 0; k < j->channels; k++)
        deviations(cpu, x + k * plane, n, out[0], &rest, &squares);
    out[1] = count > 0 ? (float)(rest / count) : 0;
    out[2] = count > 0 ? (float)(squares / count) : 0;
}

static struct job job_of(const dio_call *c, const dio_view *span, int64_t groups)
{
    const dio_view *x = &c->in[0];
    return (struct job){.c = c,
                        .rows = rows_of(span, x->dim[2]),
                        .height = x->dim[2],
                        .width = x->dim[3],
                        .channels = x->dim[1] / groups};
}

static void moments_cpu(const dio_call *c)
{
    struct job j = job_of(c, &c->in[1], c->out[0].dim[1]);
    dio_gang_run(c->out[0].dim[0] * c->out[0].dim[1], moments_group, &j);
}

static void norm_plane(void *user, int64_t plane, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *cpu = j->c->cpu;
    const int64_t size = j->height * j->width, channel = plane % j->channels;
    const int64_t first = j->rows.first * j->width, end = j->rows.end * j->width;
    const float *x = (const float *)j->c->in[0].data + plane * size;
    const float *affine =
        (const float *)j->c->in[1].data + plane / j->channels * 3 * j->channels + channel;
    float *y = (float *)j->c->out[0].data + plane * size;
    memset(y, 0, (size_t)first * sizeof *y);
    memset(y + end, 0, (size_t)(size - end) * sizeof *y);
    for (int64_t i = first; i < end; i += DIO_SUM_SPAN) { /* so many stay in the first cache */
        int64_t n = end - i < DIO_SUM_SPAN ? end - i : DIO_SUM_SPAN;
        cpu->axpb(y + i, x + i, n, 1, -affine[0]);
        cpu->axpb(y + i, y + i, n, affine[j->channels], affine[2 * j->channels]);
        if (j->act >= 0)
            cpu->unary[j->act](y + i, y + i, n, 0, 0);
    }
}

static void norm_cpu(const dio_call *c)
{
    const struct norm_attrs *a = c->attrs;
    struct job j = job_of(c, &c->in[2], 1);
    j.act = dio_act_unary(a->act);
    dio_gang_run(c->in[0].dim[0] * c->in[0].dim[1], norm_plane, &j);
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){6 * n, 8 * n};
}

#define MOMENTS(groups_) (&(const struct moments_attrs){groups_})
#define NORM(act_)       (&(const struct norm_attrs){act_})

const dio_op dio_op_stripe_moments = {
    .name = "stripe_moments",
    .doc =
        "of each group of channels in span[1] rows of x [B,C,H,W] from span[0] on: a first mean m, "
        "mean(x - m), mean((x - m)^2) -> [B,G,3]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(struct moments_attrs),
    .infer = infer_moments,
    .reference = moments_reference,
    .cpu = moments_cpu,
    .cost = cost,
    .tol = 2e-7f, /* measured 2.6e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 6, 5, 3), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .attrs = MOMENTS(3),
             .below = 6},
            {.in = {DIO_T(DIO_F32, 1, 4, 9, 700), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .attrs = MOMENTS(1),
             .below = 8},
            {.in = {DIO_T(DIO_F32, 1, 5, 4, 4), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .attrs = MOMENTS(2),
             .refused = "5 channels do not split into 2 groups"},
            {.in = {DIO_T(DIO_F32, 1, 4, 4, 4), DIO_T(DIO_F32, 2)},
             .n_in = 2,
             .attrs = MOMENTS(2),
             .refused = "the rows must be i32"},
            {0},
        },
};

const dio_op dio_op_stripe_norm = {
    .name = "stripe_norm",
    .doc = "y = act((x - affine[b,0,c]) * affine[b,1,c] + affine[b,2,c]) in span[1] rows of "
           "x [B,C,H,W] from span[0] on, 0 elsewhere",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(struct norm_attrs),
    .infer = infer_norm,
    .reference = norm_reference,
    .cpu = norm_cpu,
    .cost = cost,
    .tol = 2e-7f, /* measured 3.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 5, 7), DIO_T(DIO_F32, 2, 3, 3), DIO_T(DIO_I32, 2)},
             .n_in = 3,
             .attrs = NORM(DIO_ACT_SILU),
             .below = 6},
            {.in = {DIO_T(DIO_F32, 1, 2, 6, 500), DIO_T(DIO_F32, 1, 3, 2), DIO_T(DIO_I32, 2)},
             .n_in = 3,
             .attrs = NORM(DIO_ACT_NONE),
             .below = 7},
            {.in = {DIO_T(DIO_F32, 1, 2, 6, 5), DIO_T(DIO_F32, 1, 2, 2), DIO_T(DIO_I32, 2)},
             .n_in = 3,
             .attrs = NORM(DIO_ACT_NONE),
             .refused = "affine must have size 3 in dimension 1, not f32[1,2,2]"},
            {0},
        },
};

dio_val dio_stripe_moments(dio_graph *g, dio_val x, dio_val span, int groups)
{
    struct moments_attrs a = {groups};
    return dio_emit1(g, &dio_op_stripe_moments, &a, (dio_val[]){x, span}, 2);
}

dio_val dio_stripe_norm(dio_graph *g, dio_val x, dio_val affine, dio_val span, dio_act act)
{
    struct norm_attrs a = {act};
    if (act != DIO_ACT_NONE && act != DIO_ACT_SILU)
        return dio_graph_fail(g, "stripe_norm: of the activations it knows SiLU alone");
    return dio_emit1(g, &dio_op_stripe_norm, &a, (dio_val[]){x, affine, span}, 3);
}
