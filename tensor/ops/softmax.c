/* softmax.c: softmax and its logarithm over the last axis. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the operand", err) &&
           dio_want_dims(&in[0], 1, DIO_MAX_DIMS, "the operand", err);
}

static void reference(const dio_call *c, bool logarithm)
{
    int64_t width, rows = dio_view_rows(&c->in[0], &width);
    for (int64_t r = 0; r < rows; r++) {
        double top = -INFINITY, sum = 0;
        for (int64_t i = 0; i < width; i++)
            top = fmax(top, dio_view_get(&c->in[0], r * width + i));
        for (int64_t i = 0; i < width; i++)
            sum += exp(dio_view_get(&c->in[0], r * width + i) - top);
        for (int64_t i = 0; i < width; i++) {
            double x = dio_view_get(&c->in[0], r * width + i) - top;
            dio_view_set(&c->out[0], r * width + i, logarithm ? x - log(sum) : exp(x) / sum);
        }
    }
}

static void softmax_reference(const dio_call *c)
{
    reference(c, false);
}

static void log_softmax_reference(const dio_call *c)
{
    reference(c, true);
}

struct job {
    const dio_call *c;
    int64_t rows, width, block;
};

static void softmax_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *k = j->c->cpu;
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    for (int64_t r = item * j->block; r < end; r++) {
        const float *x = (const float *)j->c->in[0].data + r * j->width;
        float *y = (float *)j->c->out[0].data + r * j->width;
        float sum = k->exp_sum(y, x, j->width, k->max_of(x, j->width));
        k->axpb(y, y, j->width, 1 / sum, 0);
    }
}

static void log_softmax_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_cpu *k = j->c->cpu;
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    for (int64_t r = item * j->block; r < end; r++) {
        const float *x = (const float *)j->c->in[0].data + r * j->width;
        float *y = (float *)j->c->out[0].data + r * j->width;
        float top = k->max_of(x, j->width);
        float shift = logf(k->exp_sum(y, x, j->width, top)) + top;
        k->axpb(y, x, j->width, 1, -shift);
    }
}

static void run(const dio_call *c, dio_gang_fn *fn)
{
    struct job j = {.c = c};
    j.rows = dio_view_rows(&c->in[0], &j.width);
    j.block = dio_row_block(j.width);
    if (j.rows && j.width)
        dio_gang_run((j.rows + j.block - 1) / j.block, fn, &j);
}

static void softmax_cpu(const dio_call *c)
{
    run(c, softmax_rows);
}

/* x is read after y is written, so this one does not work in place. */
static void log_softmax_cpu(const dio_call *c)
{
    run(c, log_softmax_rows);
}

static void softmax_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    unsigned last = 1u << (dio_type_of(g, n->in[0]).nd - 1);
    dio_val s = dio_sum(g, dio_mul(g, gout[0], n->out[0]), last, true);
    gin[0] = dio_mul(g, dio_sub(g, gout[0], s), n->out[0]);
}

static void log_softmax_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    unsigned last = 1u << (dio_type_of(g, n->in[0]).nd - 1);
    dio_val s = dio_sum(g, gout[0], last, true);
    gin[0] = dio_sub(g, gout[0], dio_mul(g, dio_exp(g, n->out[0]), s));
}

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 3, 5, 37)}, .n_in = 1, .lo = -6, .hi = 6},
    {.in = {DIO_T(DIO_F32, 1)}, .n_in = 1},
    {.in = {DIO_T(DIO_F32, 2, 1000)}, .n_in = 1, .lo = -90, .hi = 90, .no_grad = true},
    {.in = {DIO_T_SCALAR}, .n_in = 1, .refused = "dimensions"},
    {0},
};

const dio_op dio_op_softmax = {
    .name = "softmax",
    .doc = "y = e^x / sum e^x over the last axis",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .infer = infer,
    .reference = softmax_reference,
    .cpu = softmax_cpu,
    .grad = softmax_grad,
    .tol = 1e-7f, /* measured 2.1e-8 */
    .cases = cases,
};

const dio_op dio_op_log_softmax = {
    .name = "log_softmax",
    .doc = "y = x - ln sum e^x over the last axis",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .infer = infer,
    .reference = log_softmax_reference,
    .cpu = log_softmax_cpu,
    .grad = log_softmax_grad,
    .tol = 3.4e-7f, /* measured 8.4e-8 */
    .cases = cases,
};

dio_val dio_softmax(dio_graph *g, dio_val x)
{
    return dio_emit1(g, &dio_op_softmax, NULL, &x, 1);
}

dio_val dio_log_softmax(dio_graph *g, dio_val x)
{
    return dio_emit1(g, &dio_op_log_softmax, NULL, &x, 1);
}
