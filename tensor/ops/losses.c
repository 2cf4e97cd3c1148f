/* losses.c: means over all elements of a function of two tensors of one shape.
 * Each loss is one row function; spans of a fixed length are summed apart and their sums, in
 * double, in order. Gradients are built from other operators, so they can be differentiated
 * again. */
#include <math.h>

#include "base/gang.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    float beta; /* smooth_l1_loss: where the parabola ends */
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    *out = (dio_type){DIO_F32, 0, {0}};
    if (!dio_want_float(&in[0], "a", err) || !dio_want_float(&in[1], "b", err) ||
        !dio_want_same(&in[0], &in[1], "a and b", err))
        return false;
    if (!dio_type_count(&in[0]))
        return dio_fail(err, "there is nothing to average");
    if (!(a->beta >= 0))
        return dio_fail(err, "beta %g is below 0", (double)a->beta);
    return true;
}

/* --- references --- */

typedef double formula(double a, double b, double beta);

static double f_mse(double a, double b, double beta)
{
    (void)beta;
    return (a - b) * (a - b);
}

static double f_l1(double a, double b, double beta)
{
    (void)beta;
    return fabs(a - b);
}

static double f_smooth_l1(double a, double b, double beta)
{
    double d = fabs(a - b);
    return d < beta ? 0.5 * d * d / beta : d - 0.5 * beta;
}

static double f_bce(double z, double t, double beta)
{
    (void)beta;
    return fmax(z, 0) - z * t + log1p(exp(-fabs(z)));
}

static void reference(const dio_call *c, formula *f)
{
    const struct attrs *a = c->attrs;
    double sum = 0;
    int64_t n = dio_view_count(&c->in[0]);
    for (int64_t i = 0; i < n; i++)
        sum += f(dio_view_get(&c->in[0], i), dio_view_get(&c->in[1], i), a->beta);
    dio_view_set(&c->out[0], 0, sum / (double)n);
}

/* --- rows --- */

typedef void row_fn(const dio_cpu *cpu, float *y, const float *a, const float *b, int64_t n,
                    float beta);

static void r_mse(const dio_cpu *cpu, float *y, const float *a, const float *b, int64_t n,
                  float beta)
{
    (void)beta;
    cpu->sub(y, a, b, n, 1, 1);
    cpu->mul(y, y, y, n, 1, 1);
}

static void r_l1(const dio_cpu *cpu, float *y, const float *a, const float *b, int64_t n,
                 float beta)
{
    (void)beta;
    cpu->sub(y, a, b, n, 1, 1);
    cpu->unary[DIO_U_ABS](y, y, n, 0, 0);
}

static void r_smooth_l1(const dio_cpu *cpu, float *y, const float *a, const float *b, int64_t n,
                        float beta)
{
    r_l1(cpu, y, a, b, n, beta);
    float scale = beta > 0 ? 0.5f / beta : 0, shift = 0.5f * beta;
    for (int64_t i = 0; i < n; i++)
        y[i] = y[i] < beta ? y[i] * y[i] * scale : y[i] - shift;
}

/* softplus(-|z|) + max(z, 0) - z t: no exponential that could overflow. */
static void r_bce(const dio_cpu *cpu, float *y, const float *z, const float *t, int64_t n,
                  float beta)
{
    (void)beta;
    cpu->unary[DIO_U_ABS](y, z, n, 0, 0);
    cpu->unary[DIO_U_NEG](y, y, n, 0, 0);
    cpu->unary[DIO_U_SOFTPLUS](y, y, n, 0, 0);
    for (int64_t i = 0; i < n; i++)
        y[i] += (z[i] > 0 ? z[i] : 0) - z[i] * t[i];
}

enum { ROW = 1024 };

struct job {
    const dio_call *c;
    row_fn *row;
    int64_t n;
    double *sums; /* one a span */
};

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct attrs *attrs = j->c->attrs;
    int64_t first = item * DIO_SPAN, end = first + dio_span_length(j->n, item);
    const float *a = j->c->in[0].data, *b = j->c->in[1].data;
    double sum = 0;
    float y[ROW];
    for (int64_t i = first; i < end; i += ROW) {
        int64_t n = end - i < ROW ? end - i : ROW;
        j->row(j->c->cpu, y, a + i, b + i, n, attrs->beta);
        sum += j->c->cpu->sum(y, n);
    }
    j->sums[item] = sum;
}

static void run(const dio_call *c, row_fn *row)
{
    struct job j = {c, row, dio_view_count(&c->in[0]), c->work};
    double sum = 0;
    dio_gang_run(dio_span_count(j.n), span, &j);
    for (int64_t i = 0; i < dio_span_count(j.n); i++)
        sum += j.sums[i];
    *(float *)c->out[0].data = (float)(sum / (double)j.n);
}

static size_t workspace(const dio_call *c)
{
    return (size_t)dio_span_count(dio_view_count(&c->in[0])) * sizeof(double);
}

/* --- gradients --- */

extern const dio_op dio_op_sign;

/* gout / n */
static dio_val share(dio_graph *g, const dio_node *n, const dio_val *gout, float scale)
{
    dio_type t = dio_type_of(g, n->in[0]);
    return dio_axpb(g, gout[0], scale / (float)dio_type_count(&t), 0);
}

/* Of losses of the difference: b's gradient is a's with the other sign. */
static void difference(dio_graph *g, dio_val slope, dio_val scale, dio_val *gin)
{
    gin[0] = dio_mul(g, slope, scale);
    gin[1] = dio_neg(g, gin[0]);
}

static void grad_mse(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    difference(g, dio_sub(g, n->in[0], n->in[1]), share(g, n, gout, 2), gin);
}

static void grad_l1(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val d = dio_sub(g, n->in[0], n->in[1]);
    difference(g, dio_emit1(g, &dio_op_sign, NULL, &d, 1), share(g, n, gout, 1), gin);
}

static void grad_smooth_l1(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    if (!(a->beta > 0)) {
        grad_l1(g, n, gout, gin);
        return;
    }
    dio_val d = dio_sub(g, n->in[0], n->in[1]);
    difference(g, dio_clamp(g, dio_axpb(g, d, 1 / a->beta, 0), -1, 1), share(g, n, gout, 1), gin);
}

static void grad_bce(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val scale = share(g, n, gout, 1);
    gin[0] = dio_mul(g, dio_sub(g, dio_sigmoid(g, n->in[0]), n->in[1]), scale);
    gin[1] = dio_neg(g, dio_mul(g, n->in[0], scale));
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){4 * n, 8 * n};
}

/* --- sign --- */

static bool sign_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "x", err);
}

static void sign_reference(const dio_call *c)
{
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        double x = dio_view_get(&c->in[0], i);
        dio_view_set(&c->out[0], i, (x > 0) - (x < 0));
    }
}

static void sign_span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const float *x = (const float *)j->c->in[0].data + item * DIO_SPAN;
    float *y = (float *)j->c->out[0].data + item * DIO_SPAN;
    for (int64_t i = 0, n = dio_span_length(j->n, item); i < n; i++)
        y[i] = (float)((x[i] > 0) - (x[i] < 0));
}

static void sign_cpu(const dio_call *c)
{
    struct job j = {.c = c, .n = dio_view_count(&c->out[0])};
    dio_gang_run(dio_span_count(j.n), sign_span, &j);
}

const dio_op dio_op_sign = {
    .name = "sign",
    .doc = "y = -1, 0 or 1; its gradient is zero wherever there is one",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_INPLACE | DIO_OP_NODIFF | DIO_OP_FLAT,
    .infer = sign_infer,
    .reference = sign_reference,
    .cpu = sign_cpu,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 21)}, .n_in = 1},
            {.in = {DIO_T(DIO_F32, 1)}, .n_in = 1},
            {.in = {DIO_T(DIO_I32, 4)}, .n_in = 1, .refused = "x must be f32, not i32"},
            {0},
        },
};

/* --- the four --- */

#define PAIR(...)                                                                                  \
    {                                                                                              \
        .in = {DIO_T(DIO_F32, __VA_ARGS__), DIO_T(DIO_F32, __VA_ARGS__)}, .n_in = 2,

#define LOSS(name_, kind, doc_, beta_)                                                             \
    static void name_##_reference(const dio_call *c)                                               \
    {                                                                                              \
        reference(c, f_##kind);                                                                    \
    }                                                                                              \
    static void name_##_cpu(const dio_call *c)                                                     \
    {                                                                                              \
        run(c, r_##kind);                                                                          \
    }                                                                                              \
    const dio_op dio_op_##name_ = {.name = #name_,                                                 \
                                   .doc = doc_,                                                    \
                                   .n_in_min = 2,                                                  \
                                   .n_in_max = 2,                                                  \
                                   .n_out = 1,                                                     \
                                   .attrs_size = sizeof(struct attrs),                             \
                                   .infer = infer,                                                 \
                                   .reference = name_##_reference,                                 \
                                   .cpu = name_##_cpu,                                             \
                                   .workspace = workspace,                                         \
                                   .grad = grad_##kind,                                            \
                                   .cost = cost,                                                   \
                                   .tol = 3e-7f, /* measured 6.6e-8 */                             \
                                   .cases = (const dio_op_case[]){PAIR(3, 5, 7).attrs =            \
                                                                      &(struct attrs){beta_},      \
                                                                  .lo = -3, .hi = 3},              \
                                   PAIR(1).attrs = &(struct attrs){beta_}},                        \
                 PAIR(5, 7001).attrs = &(struct attrs){beta_}, .no_grad = true                     \
    }                                                                                              \
    , PAIR(0).attrs = &(struct attrs){beta_}, .refused = "nothing to average"                      \
    }                                                                                              \
    ,                                                                                              \
        {.in = {DIO_T(DIO_F32, 2, 3), DIO_T(DIO_F32, 3)},                                          \
         .n_in = 2,                                                                                \
         .attrs = &(struct attrs){beta_},                                                          \
         .refused = "a and b differ: f32[2,3] and f32[3]"},                                        \
        {0},                                                                                       \
    }                                                                                              \
    ,                                                                                              \
    }                                                                                              \
    ;                                                                                              \
    static dio_val name_(dio_graph *g, dio_val a, dio_val b, float beta)                           \
    {                                                                                              \
        return dio_emit1(g, &dio_op_##name_, &(struct attrs){beta}, (dio_val[]){a, b}, 2);         \
    }

LOSS(mse_loss, mse, "mean of (a - b)^2", 0)
LOSS(l1_loss, l1, "mean of |a - b|", 0)
LOSS(smooth_l1_loss, smooth_l1,
     "mean of d = |a - b| < beta ? d^2 / (2 beta) : d - beta / 2 (arXiv:1504.08083)", 0.5f)
LOSS(bce_logits_loss, bce, "mean of -(t ln s + (1 - t) ln(1 - s)), s = sigmoid(z)", 0)

dio_val dio_mse_loss(dio_graph *g, dio_val a, dio_val b)
{
    return mse_loss(g, a, b, 0);
}

dio_val dio_l1_loss(dio_graph *g, dio_val a, dio_val b)
{
    return l1_loss(g, a, b, 0);
}

dio_val dio_smooth_l1_loss(dio_graph *g, dio_val a, dio_val b, float beta)
{
    return smooth_l1_loss(g, a, b, beta);
}

dio_val dio_bce_logits_loss(dio_graph *g, dio_val logits, dio_val target)
{
    return bce_logits_loss(g, logits, target, 0);
}
