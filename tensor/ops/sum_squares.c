/* sum_squares.c: the squared length of a tensor, for clipping by the global norm. Fixed blocks,
 * each by the row kernel's tree, added up in their order in double: the same for any threads. */
#include "tensor/cpu/cpu.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = (dio_type){DIO_F32, 0, {0}};
    return dio_want_float(&in[0], "the operand", err);
}

static void reference(const dio_call *c)
{
    double s = 0;
    for (int64_t i = 0, n = dio_view_count(&c->in[0]); i < n; i++)
        s += dio_view_get(&c->in[0], i) * dio_view_get(&c->in[0], i);
    dio_view_set(&c->out[0], 0, s);
}

static size_t workspace(const dio_call *c)
{
    return (size_t)dio_span_count(dio_view_count(&c->in[0])) * sizeof(float);
}

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    ((float *)c->work)[item] =
        c->cpu->sum_squares((const float *)c->in[0].data + item * DIO_SPAN,
                            dio_span_length(dio_view_count(&c->in[0]), item));
}

static void cpu(const dio_call *c)
{
    int64_t spans = dio_span_count(dio_view_count(&c->in[0]));
    double s = 0;
    dio_gang_run(spans, span, (void *)(uintptr_t)c);
    for (int64_t i = 0; i < spans; i++)
        s += ((const float *)c->work)[i];
    ((float *)c->out[0].data)[0] = (float)s;
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_mul(g, dio_axpb(g, n->in[0], 2, 0), gout[0]);
}

const dio_op dio_op_sum_squares = {
    .name = "sum_squares",
    .doc = "sum of x^2 over all elements, a scalar",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .tol = 3e-7f, /* measured 7.3e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 41)}, .n_in = 1},
            {.in = {DIO_T(DIO_F32, 40000)}, .n_in = 1, .no_grad = true},
            {.in = {DIO_T(DIO_I32, 3)}, .n_in = 1, .refused = "must be f32"},
            {0},
        },
};

dio_val dio_sum_squares(dio_graph *g, dio_val x)
{
    return dio_emit1(g, &dio_op_sum_squares, NULL, &x, 1);
}
