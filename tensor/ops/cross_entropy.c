/* cross_entropy.c: the mean over counted rows of -log softmax(logits)[target], smoothed or not.
 *
 * The normalised logits are never held: the forward keeps one number a row (log sum exp), from
 * which the backward makes the gradient, in place of the logits when nobody else needs them.
 * A row whose target is `ignore`, or outside the vocabulary, does not count; with no counted row
 * the loss is 0 (torch gives NaN, which would end a training run on an empty batch).
 * Smoothing e: the target's share is 1 - e, and e is spread evenly over all V.
 */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int ignore;
    float smoothing;
};

extern const dio_op dio_op_cross_entropy_grad;

static bool want_rows(const dio_type *x, const dio_type *target, dio_error *err)
{
    if (!dio_want_float(x, "the logits", err) ||
        !dio_want_dims(x, 1, DIO_MAX_DIMS, "the logits", err))
        return false;
    if (target->dtype != DIO_I32)
        return dio_fail(err, "the targets must be i32, not %s", dio_dtype_name(target->dtype));
    if (!dio_want_dims(target, x->nd - 1, x->nd - 1, "the targets", err))
        return false;
    for (int i = 0; i < target->nd; i++)
        if (!dio_want_dim(target, i, x->dim[i], "the targets", err))
            return false;
    if (x->dim[x->nd - 1] < 1)
        return dio_fail(err, "the logits have an empty vocabulary");
    return true;
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!want_rows(&in[0], &in[1], err))
        return false;
    if (!(a->smoothing >= 0 && a->smoothing <= 1))
        return dio_fail(err, "smoothing: %g is not in 0..1", (double)a->smoothing);
    out[0] = (dio_type){.dtype = DIO_F32};
    out[1] = in[1];
    out[1].dtype = DIO_F32;
    return true;
}

/* The row's target, or -1 when the row does not count. */
static int64_t target_of(const dio_call *c, int64_t row)
{
    const struct attrs *a = c->attrs;
    const int32_t t = ((const int32_t *)c->in[1].data)[dio_view_offset(&c->in[1], row)];
    return t != a->ignore && t >= 0 && t < c->in[0].dim[c->in[0].nd - 1] ? t : -1;
}

static int64_t counted(const dio_call *c, int64_t rows)
{
    int64_t n = 0;
    for (int64_t i = 0; i < rows; i++)
        n += target_of(c, i) >= 0;
    return n;
}

static void reference(const dio_call *c)
{
    const double e = (double)((const struct attrs *)c->attrs)->smoothing;
    int64_t width, rows = dio_view_rows(&c->in[0], &width), n = counted(c, rows);
    double loss = 0;
    for (int64_t i = 0; i < rows; i++) {
        double top = -INFINITY, sum = 0, mean = 0;
        for (int64_t k = 0; k < width; k++)
            top = fmax(top, dio_view_get(&c->in[0], i * width + k));
        for (int64_t k = 0; k < width; k++) {
            sum += exp(dio_view_get(&c->in[0], i * width + k) - top);
            mean += dio_view_get(&c->in[0], i * width + k) / (double)width;
        }
        const double lse = top + log(sum);
        const int64_t t = target_of(c, i);
        if (t >= 0)
            loss += lse - (1 - e) * dio_view_get(&c->in[0], i * width + t) - e * mean;
        if (c->out[1].data)
            dio_view_set(&c->out[1], i, lse);
    }
    dio_view_set(&c->out[0], 0, n ? loss / (double)n : 0);
}

/* Exponentials are summed over pieces that stay in the first cache and are then forgotten. */
enum { PIECE = 2048 };

static double log_sum_exp(const dio_cpu *cpu, const float *x, int64_t n)
{
    float room[PIECE];
    const float top = cpu->max_of(x, n);
    double sum = 0;
    for (int64_t at = 0; at < n; at += PIECE)
        sum += (double)cpu->exp_sum(room, x + at, n - at < PIECE ? n - at : PIECE, top);
    return (double)top + log(sum);
}

static void do_row(void *user, int64_t row, int thread)
{
    (void)thread;
    const dio_call *c = user;
    const double e = (double)((const struct attrs *)c->attrs)->smoothing;
    const int64_t width = c->in[0].dim[c->in[0].nd - 1], t = target_of(c, row);
    const float *x = (const float *)c->in[0].data + row * width;
    double *loss = c->work;
    const double lse = log_sum_exp(c->cpu, x, width);
    loss[row] = 0;
    if (t >= 0)
        loss[row] = lse - (1 - e) * (double)x[t];
    if (t >= 0 && e > 0)
        loss[row] -= e * (double)c->cpu->sum(x, width) / (double)width;
    if (c->out[1].data)
        ((float *)c->out[1].data)[row] = (float)lse;
}

static void cpu(const dio_call *c)
{
    int64_t width, rows = dio_view_rows(&c->in[0], &width), n = counted(c, rows);
    dio_gang_run(rows, do_row, (void *)(uintptr_t)c);
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum += ((const double *)c->work)[i];
    *(float *)c->out[0].data = n ? (float)(sum / (double)n) : 0;
}

static size_t workspace(const dio_call *c)
{
    int64_t width;
    return (size_t)dio_view_rows(&c->in[0], &width) * sizeof(double);
}

static dio_cost cost(const dio_call *c)
{
    const double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){12 * n, 4 * n}; /* an exponential is about ten */
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_emit1(g, &dio_op_cross_entropy_grad, n->attrs,
                       (dio_val[]){n->in[0], n->in[1], n->out[1], gout[0]}, 4);
}

/* logits, target, log sum exp, gradient of the loss -> gradient of the logits */
static bool grad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!want_rows(&in[0], &in[1], err) || !dio_want_float(&in[2], "log sum exp", err) ||
        !dio_want_float(&in[3], "the loss's gradient", err) ||
        !dio_want_dims(&in[3], 0, 0, "the loss's gradient", err) ||
        !dio_want_dims(&in[2], in[1].nd, in[1].nd, "log sum exp", err))
        return false;
    for (int i = 0; i < in[1].nd; i++)
        if (!dio_want_dim(&in[2], i, in[1].dim[i], "log sum exp", err))
            return false;
    out[0] = in[0];
    return true;
}

static void grad_reference(const dio_call *c)
{
    const double e = (double)((const struct attrs *)c->attrs)->smoothing;
    int64_t width, rows = dio_view_rows(&c->in[0], &width), n = counted(c, rows);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t t = target_of(c, i);
        const double scale = t < 0 ? 0 : dio_view_get(&c->in[3], 0) / (double)n;
        for (int64_t k = 0; k < width; k++) {
            const double p =
                exp(dio_view_get(&c->in[0], i * width + k) - dio_view_get(&c->in[2], i));
            const double share = (k == t ? 1 - e : 0) + e / (double)width;
            dio_view_set(&c->out[0], i * width + k, t < 0 ? 0 : scale * (p - share));
        }
    }
}

struct job {
    const dio_call *c;
    int64_t width;
    float scale; /* gradient of the loss over the number of counted rows */
};

static void do_grad_row(void *user, int64_t row, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *cpu = j->c->cpu;
    const float e = ((const struct attrs *)j->c->attrs)->smoothing;
    const int64_t t = target_of(j->c, row);
    const float *x = (const float *)j->c->in[0].data + row * j->width;
    float *y = (float *)j->c->out[0].data + row * j->width;
    if (t < 0) {
        for (int64_t k = 0; k < j->width; k++)
            y[k] = 0;
        return;
    }
    cpu->exp_sum(y, x, j->width, ((const float *)j->c->in[2].data)[row]);
    cpu->axpb(y, y, j->width, j->scale, -j->scale * e / (float)j->width);
    y[t] -= j->scale * (1 - e);
}

static void grad_cpu(const dio_call *c)
{
    struct job j = {.c = c};
    int64_t rows = dio_view_rows(&c->in[0], &j.width), n = counted(c, rows);
    j.scale = *(const float *)c->in[3].data / (float)(n ? n : 1);
    dio_gang_run(rows, do_grad_row, &j);
}

#define ATTRS(...)                                                                                 \
    .attrs = &(struct attrs)                                                                       \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

const dio_op dio_op_cross_entropy = {
    .name = "cross_entropy",
    .doc = "mean of -log softmax(logits [..,V])[target i32 [..]] over rows that count",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 2,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 3.2e-7f, /* measured 7.9e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 5, 11), DIO_T(DIO_I32, 2, 5)},
             .n_in = 2,
             .below = 11,
             .lo = -3,
             .hi = 3,
             ATTRS(-100, 0)},
            {.in = {DIO_T(DIO_F32, 9, 7), DIO_T(DIO_I32, 9)},
             .n_in = 2,
             .below = 9,
             .lo = -3,
             .hi = 3,
             ATTRS(2, 0.1f)},
            {.in = {DIO_T(DIO_F32, 3, 5000), DIO_T(DIO_I32, 3)},
             .n_in = 2,
             .below = 5000,
             .lo = -80,
             .hi = 80,
             ATTRS(-100, 0.1f),
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_I32, 3)}, .n_in = 2, .below = 1, ATTRS(0, 0)},
            {.in = {DIO_T(DIO_F32, 6), {DIO_I32, 0, {0}}}, .n_in = 2, .below = 6, ATTRS(-1, 0)},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             ATTRS(-1, 0),
             .refused = "the targets must have size 3"},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_F32, 3)},
             .n_in = 2,
             ATTRS(-1, 0),
             .refused = "the targets must be i32, not f32"},
            {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_I32, 3)},
             .n_in = 2,
             ATTRS(-1, 1.5f),
             .refused = "smoothing: 1.5 is not in 0..1"},
            {0},
        },
};

const dio_op dio_op_cross_entropy_grad = {
    .name = "cross_entropy_grad",
    .doc = "gradient of cross_entropy's logits from logits, targets, log sum exp and the loss's",
    .n_in_min = 4,
    .n_in_max = 4,
    .n_out = 1,
    .flags = DIO_OP_INPLACE | DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = grad_infer,
    .reference = grad_reference,
    .cpu = grad_cpu,
    .tol = 1e-7f, /* measured 3.6e-9 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 9, 37), DIO_T(DIO_I32, 9), DIO_T(DIO_F32, 9), DIO_T_SCALAR},
             .n_in = 4,
             .below = 39,
             ATTRS(2, 0.1f)},
            {.in = {DIO_T(DIO_F32, 9, 3), DIO_T(DIO_I32, 9), DIO_T(DIO_F32, 8), DIO_T_SCALAR},
             .n_in = 4,
             ATTRS(2, 0),
             .refused = "log sum exp must have size 9"},
            {0},
        },
};

dio_val dio_cross_entropy(dio_graph *g, dio_val logits, dio_val target, int ignore, float smoothing)
{
    dio_val out[2];
    dio_emit(g, &dio_op_cross_entropy, &(struct attrs){ignore, smoothing},
             (dio_val[]){logits, target}, 2, out);
    return out[0];
}
