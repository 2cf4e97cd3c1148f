/* adamw.c: one optimiser step of one weight, in place (arXiv:1711.05101, as torch.optim.AdamW):
 *
 *     w -= lr decay w
 *     m  = b1 m + (1 - b1) s g          s: the clipping factor
 *     v  = b2 v + (1 - b2) (s g)^2
 *     w -= lr (m / c1) / (sqrt(v / c2) + eps)     c1 = 1 - b1^t, c2 = 1 - b2^t
 *
 * What changes from step to step (lr, c1, c2, s) is data, so one plan serves the whole run. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops/adamw.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    for (int i = 0; i < 4; i++)
        if (!dio_want_float(&in[i], "weight, moments and gradient", err) ||
            !dio_want_same(&in[0], &in[i], "weight, moments and gradient", err))
            return false;
    if (!dio_want_dims(&in[4], 1, 1, "the step's numbers", err) ||
        !dio_want_dim(&in[4], 0, DIO_ADAMW_NUMBERS, "the step's numbers", err) ||
        !dio_want_dims(&in[5], 0, 0, "the clipping factor", err))
        return false;
    for (int i = 0; i < 3; i++)
        out[i] = in[i];
    return true;
}

static void reference(const dio_call *c)
{
    const dio_adamw_attrs *a = c->attrs;
    const float *k = c->in[4].data;
    double s = ((const float *)c->in[5].data)[0];
    for (int64_t i = 0, n = dio_view_count(&c->in[0]); i < n; i++) {
        double w = dio_view_get(&c->in[0], i), g = s * dio_view_get(&c->in[3], i);
        double m = a->beta1 * dio_view_get(&c->in[1], i) + (1 - a->beta1) * g;
        double v = a->beta2 * dio_view_get(&c->in[2], i) + (1 - a->beta2) * g * g;
        w -= (double)k[DIO_ADAMW_LR] * a->decay * w;
        w -= k[DIO_ADAMW_LR] * (m / k[DIO_ADAMW_C1]) / (sqrt(v / k[DIO_ADAMW_C2]) + a->eps);
        dio_view_set(&c->out[1], i, m);
        dio_view_set(&c->out[2], i, v);
        dio_view_set(&c->out[0], i, w);
    }
}

/* One span; the compiler turns this into the best vectors it may use. */
static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const dio_adamw_attrs *a = c->attrs;
    const float *k = c->in[4].data;
    float s = ((const float *)c->in[5].data)[0], b1 = (float)a->beta1, b2 = (float)a->beta2;
    float keep = 1 - k[DIO_ADAMW_LR] * (float)a->decay, eps = (float)a->eps;
    float rate = k[DIO_ADAMW_LR] / k[DIO_ADAMW_C1], root = 1 / sqrtf(k[DIO_ADAMW_C2]);
    int64_t at = item * DIO_SPAN, n = dio_span_length(dio_view_count(&c->in[0]), item);
    float *restrict w = (float *)c->out[0].data + at, *restrict m = (float *)c->out[1].data + at;
    float *restrict v = (float *)c->out[2].data + at;
    const float *restrict g = (const float *)c->in[3].data + at;
    for (int64_t i = 0; i < n; i++) {
        float x = s * g[i];
        m[i] = b1 * m[i] + (1 - b1) * x;
        v[i] = b2 * v[i] + (1 - b2) * (x * x);
        w[i] = keep * w[i] - rate * m[i] / (sqrtf(v[i]) * root + eps);
    }
}

static void cpu(const dio_call *c)
{
    dio_gang_run(dio_span_count(dio_view_count(&c->in[0])), span, (void *)(uintptr_t)c);
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){14 * n, 28 * n};
}

const dio_op dio_op_adamw = {
    .name = "adamw",
    .doc = "one AdamW step of a weight and its moments, in place",
    .n_in_min = 6,
    .n_in_max = 6,
    .n_out = 3,
    .flags = DIO_OP_WRITES | DIO_OP_NODIFF,
    .attrs_size = sizeof(dio_adamw_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .cost = cost,
    .tol = 3e-7f, /* measured 6.7e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 7), DIO_T(DIO_F32, 5, 7), DIO_T(DIO_F32, 5, 7),
                    DIO_T(DIO_F32, 5, 7), DIO_T(DIO_F32, DIO_ADAMW_NUMBERS), DIO_T_SCALAR},
             .n_in = 6,
             .attrs = &(dio_adamw_attrs){0.9, 0.95, 1e-8, 0.1},
             .lo = 0.1f,
             .hi = 0.9f},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 4),
                    DIO_T(DIO_F32, DIO_ADAMW_NUMBERS), DIO_T_SCALAR},
             .n_in = 6,
             .attrs = &(dio_adamw_attrs){0.9, 0.95, 1e-8, 0.1},
             .refused = "differ"},
            {0},
        },
};

dio_val dio_adamw(dio_graph *g, dio_val w, dio_val m, dio_val v, dio_val grad, dio_val numbers,
                  dio_val clip, const dio_adamw_attrs *attrs)
{
    return dio_emit1(g, &dio_op_adamw, attrs, (dio_val[]){w, m, v, grad, numbers, clip}, 6);
}
