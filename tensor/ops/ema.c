/* ema.c: the moving average of a weight, in place: a = d a + (1 - d) w. */
#include "tensor/cpu/cpu.h"
#include "tensor/ops/adamw.h"
#include "tensor/ops/spans.h"

struct attrs {
    float decay;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the average", err) &&
           dio_want_same(&in[0], &in[1], "average and weight", err);
}

static void reference(const dio_call *c)
{
    double d = ((const struct attrs *)c->attrs)->decay;
    for (int64_t i = 0, n = dio_view_count(&c->in[0]); i < n; i++)
        dio_view_set(&c->out[0], i,
                     d * dio_view_get(&c->in[0], i) + (1 - d) * dio_view_get(&c->in[1], i));
}

static void span(void *user, int64_t item, int thread)
{
    (void)thread;
    const dio_call *c = user;
    float d = ((const struct attrs *)c->attrs)->decay;
    int64_t at = item * DIO_SPAN, n = dio_span_length(dio_view_count(&c->in[0]), item);
    float *restrict a = (float *)c->out[0].data + at;
    const float *restrict w = (const float *)c->in[1].data + at;
    for (int64_t i = 0; i < n; i++)
        a[i] = d * a[i] + (1 - d) * w[i];
}

static void cpu(const dio_call *c)
{
    dio_gang_run(dio_span_count(dio_view_count(&c->in[0])), span, (void *)(uintptr_t)c);
}

const dio_op dio_op_ema = {
    .name = "ema",
    .doc = "the moving average of a weight, in place",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_WRITES | DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .tol = 1.2e-7f, /* measured 3.0e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 7), DIO_T(DIO_F32, 5, 7)},
             .n_in = 2,
             .attrs = &(struct attrs){0.99f}},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_F32, 7)},
             .n_in = 2,
             .attrs = &(struct attrs){0.99f},
             .refused = "differ"},
            {0},
        },
};

dio_val dio_ema(dio_graph *g, dio_val average, dio_val w, float decay)
{
    return dio_emit1(g, &dio_op_ema, &(struct attrs){decay}, (dio_val[]){average, w}, 2);
}
