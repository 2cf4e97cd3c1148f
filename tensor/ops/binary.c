/* binary.c: two operands, element by element, broadcasting as numpy does.
 *
 * One body for all: operands are walked row by row; a row's operand is a span (step 1) or one
 * number (step 0), and an odd stride is gathered first. */
#include <math.h>

#include "tensor/cpu/cpu.h"
#include "tensor/graph_impl.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    char left[DIO_TYPE_TEXT], right[DIO_TYPE_TEXT];
    if (!dio_want_float(&in[0], "the first operand", err) ||
        !dio_want_float(&in[1], "the second operand", err))
        return false;
    int nd = in[0].nd > in[1].nd ? in[0].nd : in[1].nd;
    out[0] = (dio_type){DIO_F32, nd, {0}};
    for (int i = 0; i < nd; i++) {
        int ia = i - (nd - in[0].nd), ib = i - (nd - in[1].nd);
        int64_t a = ia < 0 ? 1 : in[0].dim[ia], b = ib < 0 ? 1 : in[1].dim[ib];
        if (a != b && a != 1 && b != 1)
            return dio_fail(err, "%s and %s do not broadcast", dio_type_text(&in[0], left),
                            dio_type_text(&in[1], right));
        out[0].dim[i] = a == 1 ? b : a;
    }
    return true;
}

static void reference(const dio_call *c, double (*f)(double, double))
{
    dio_view a = dio_broadcast(&c->in[0], &c->out[0]), b = dio_broadcast(&c->in[1], &c->out[0]);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, f(dio_view_get(&a, i), dio_view_get(&b, i)));
}

typedef void span_fn(float *z, const float *x, const float *y, int64_t n, int x_step, int y_step);

enum { GATHER = 1024 };

struct job {
    dio_view in[2], out;
    span_fn *fn;
    int64_t rows, width, block;
};

/* The operand as a span or one number; odd strides go through `room`. */
static const float *operand(const float *from, int64_t stride, int64_t n, float *room, int *step)
{
    *step = stride != 0;
    if (stride == 0 || stride == 1)
        return from;
    for (int64_t i = 0; i < n; i++)
        room[i] = from[i * stride];
    return room;
}

static void do_row(const struct job *j, int64_t row)
{
    float room[2][GATHER];
    const float *base[2];
    int64_t stride[2];
    for (int k = 0; k < 2; k++) {
        base[k] = (const float *)j->in[k].data + dio_row_offset(&j->in[k], row);
        stride[k] = j->in[k].nd ? j->in[k].stride[j->in[k].nd - 1] : 0;
    }
    float *out = (float *)j->out.data + row * j->width;
    bool odd = stride[0] > 1 || stride[1] > 1;
    int64_t most = odd ? GATHER : j->width;
    for (int64_t at = 0; at < j->width; at += most) {
        int64_t n = j->width - at < most ? j->width - at : most;
        int step[2];
        const float *x = operand(base[0] + at * stride[0], stride[0], n, room[0], &step[0]);
        const float *y = operand(base[1] + at * stride[1], stride[1], n, room[1], &step[1]);
        j->fn(out + at, x, y, n, step[0], step[1]);
    }
}

static void do_rows(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t end = (item + 1) * j->block < j->rows ? (item + 1) * j->block : j->rows;
    for (int64_t r = item * j->block; r < end; r++)
        do_row(j, r);
}

/* Both dense and of one shape: one long row, cut into spans. */
static void flatten(struct job *j)
{
    bool flat = true;
    for (int k = 0; k < 2; k++)
        flat &= dio_view_is_dense(&j->in[k]);
    int64_t n = dio_view_count(&j->out);
    if (!flat || n < 2)
        return;
    int64_t width = DIO_SPAN;
    while (n % width)
        width /= 2;
    if (width < 64)
        return;
    for (int k = 0; k < 2; k++)
        j->in[k] = (dio_view){j->in[k].data, DIO_F32, 2, {n / width, width}, {width, 1}};
    j->out = (dio_view){j->out.data, DIO_F32, 2, {n / width, width}, {width, 1}};
}

static void run(const dio_call *c, span_fn *fn)
{
    struct job j = {.out = c->out[0], .fn = fn};
    for (int k = 0; k < 2; k++)
        j.in[k] = dio_broadcast(&c->in[k], &c->out[0]);
    flatten(&j);
    j.rows = dio_view_rows(&j.out, &j.width);
    j.block = dio_row_block(j.width);
    if (j.rows && j.width)
        dio_gang_run((j.rows + j.block - 1) / j.block, do_rows, &j);
}

static dio_val to_operand(dio_graph *g, const dio_node *n, int i, dio_val v)
{
    dio_type t = dio_type_of(g, n->in[i]);
    return dio_sum_to(g, v, &t);
}

static void add_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = to_operand(g, n, 0, gout[0]);
    gin[1] = to_operand(g, n, 1, gout[0]);
}

static void sub_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = to_operand(g, n, 0, gout[0]);
    gin[1] = to_operand(g, n, 1, dio_neg(g, gout[0]));
}

static void mul_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = to_operand(g, n, 0, dio_mul(g, gout[0], n->in[1]));
    gin[1] = to_operand(g, n, 1, dio_mul(g, gout[0], n->in[0]));
}

static void div_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val by_b = dio_div(g, gout[0], n->in[1]);
    gin[0] = to_operand(g, n, 0, by_b);
    gin[1] = to_operand(g, n, 1, dio_neg(g, dio_mul(g, by_b, n->out[0])));
}

/* 1 where the output is this operand, for max and min; the second takes ties. */
static dio_val step_of(dio_graph *g, dio_val difference)
{
    return dio_relu(g,
                    dio_sub(g, dio_scalar(g, 1), dio_relu(g, dio_axpb(g, difference, 1e30f, 0))));
}

static void pick_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    /* out - b is 0 where b was taken; clamped to 0..1 it masks a's share. */
    dio_val gap = dio_abs(g, dio_sub(g, n->out[0], n->in[1]));
    dio_val is_b = step_of(g, gap);
    gin[1] = to_operand(g, n, 1, dio_mul(g, gout[0], is_b));
    gin[0] = to_operand(g, n, 0, dio_mul(g, gout[0], dio_axpb(g, is_b, -1, 1)));
}

static double f_add(double a, double b)
{
    return a + b;
}

static double f_sub(double a, double b)
{
    return a - b;
}

static double f_mul(double a, double b)
{
    return a * b;
}

static double f_div(double a, double b)
{
    return a / b;
}

static double f_max(double a, double b)
{
    return a > b ? a : b;
}

static double f_min(double a, double b)
{
    return a < b ? a : b;
}

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 3, 5, 7), DIO_T(DIO_F32, 3, 5, 7)}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 3, 5, 33), DIO_T(DIO_F32, 33)}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 4, 1, 3), DIO_T(DIO_F32, 5, 1)}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 2, 17), DIO_T_SCALAR}, .n_in = 2},
    {.in = {DIO_T_SCALAR, DIO_T_SCALAR}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 3, 2), DIO_T(DIO_F32, 3, 3)}, .n_in = 2, .refused = "do not broadcast"},
    {.in = {DIO_T(DIO_I32, 3), DIO_T(DIO_F32, 3)}, .n_in = 2, .refused = "must be f32"},
    {0},
};

/* Differences stay away from the kink where gradients are checked. */
static const dio_op_case pick_cases[] = {
    {.in = {DIO_T(DIO_F32, 3, 3), DIO_T(DIO_F32, 3, 3)}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 2, 3), DIO_T_SCALAR}, .n_in = 2},
    {.in = {DIO_T(DIO_F32, 3, 5, 33), DIO_T(DIO_F32, 33)}, .n_in = 2, .no_grad = true},
    {.in = {DIO_T(DIO_F32, 3, 2), DIO_T(DIO_F32, 3, 3)}, .n_in = 2, .refused = "do not broadcast"},
    {0},
};

/* Divisors away from zero. */
static const dio_op_case div_cases[] = {
    {.in = {DIO_T(DIO_F32, 3, 5, 7), DIO_T(DIO_F32, 5, 1)}, .n_in = 2, .lo = 0.5f, .hi = 2},
    {.in = {DIO_T(DIO_F32, 40), DIO_T(DIO_F32, 40)}, .n_in = 2, .lo = 0.5f, .hi = 2},
    {0},
};

#define BINARY(name_, doc_, kernel, grad_, cases_)                                                 \
    static void name_##_reference(const dio_call *c)                                               \
    {                                                                                              \
        reference(c, f_##kernel);                                                                  \
    }                                                                                              \
    static void name_##_cpu(const dio_call *c)                                                     \
    {                                                                                              \
        run(c, c->cpu->kernel);                                                                    \
    }                                                                                              \
    const dio_op dio_op_##name_ = {                                                                \
        .name = #name_,                                                                            \
        .doc = doc_,                                                                               \
        .n_in_min = 2,                                                                             \
        .n_in_max = 2,                                                                             \
        .n_out = 1,                                                                                \
        .flags = DIO_OP_STRIDED | DIO_OP_INPLACE,                                                  \
        .infer = infer,                                                                            \
        .reference = name_##_reference,                                                            \
        .cpu = name_##_cpu,                                                                        \
        .grad = grad_,                                                                             \
        .tol = 1e-7f, /* measured 0 */                                                             \
        .cases = cases_,                                                                           \
    };                                                                                             \
    dio_val dio_##name_(dio_graph *g, dio_val a, dio_val b)                                        \
    {                                                                                              \
        return dio_emit1(g, &dio_op_##name_, NULL, (dio_val[]){a, b}, 2);                          \
    }

BINARY(add, "z = x + y", add, add_grad, cases)
BINARY(sub, "z = x - y", sub, sub_grad, cases)
BINARY(mul, "z = x * y", mul, mul_grad, cases)
BINARY(div, "z = x / y", div, div_grad, div_cases)
BINARY(maximum, "z = max(x, y)", max, pick_grad, pick_cases)
BINARY(minimum, "z = min(x, y)", min, pick_grad, pick_cases)
