/* dropout.c: zeroes elements by chance and scales the rest. The chance of element i is a word of
 * Philox at (seed, stream, i / 4), so the mask depends on nothing but the seed, the stream and the
 * place; the gradient draws the same mask again. */
#include "base/rng.h"
#include "tensor/op.h"
#include "tensor/ops.h"
#include "tensor/ops/spans.h"

struct attrs {
    int stream;
    float p;
};

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    char text[DIO_TYPE_TEXT];
    out[0] = in[0];
    if (!dio_want_float(&in[0], "x", err))
        return false;
    if (in[1].dtype != DIO_I32 || in[1].nd != 1 || in[1].dim[0] != 2)
        return dio_fail(err, "the seed must be i32[2], not %s", dio_type_text(&in[1], text));
    if (!(a->p >= 0 && a->p < 1))
        return dio_fail(err, "probability %g is not within 0 <= p < 1", (double)a->p);
    return true;
}

/* Low word first. */
static uint64_t seed_of(const dio_view *v)
{
    uint32_t low = (uint32_t)(int32_t)dio_view_get(v, 0);
    uint32_t high = (uint32_t)(int32_t)dio_view_get(v, 1);
    return (uint64_t)high << 32 | low;
}

/* A 24-bit number below this drops the element. */
static uint32_t threshold(const struct attrs *a)
{
    return (uint32_t)((double)a->p * (1 << 24));
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    uint64_t seed = seed_of(&c->in[1]);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        uint32_t w[4];
        dio_philox(seed, (uint64_t)(uint32_t)a->stream, (uint64_t)i / 4, w);
        bool keep = w[i % 4] >> 8 >= threshold(a);
        dio_view_set(&c->out[0], i,
                     keep ? dio_view_get(&c->in[0], i) * (double)(1 / (1 - a->p)) : 0);
    }
}

struct job {
    const dio_call *c;
    uint64_t seed;
    int64_t n;
};

static void drop_span(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct attrs *a = j->c->attrs;
    const float *x = j->c->in[0].data;
    float *y = j->c->out[0].data, scale = 1 / (1 - a->p);
    int64_t first = item * DIO_SPAN, end = first + dio_span_length(j->n, item);
    for (int64_t i = first; i < end; i += 4) { /* a span begins at a multiple of 4 */
        uint32_t w[4];
        dio_philox(j->seed, (uint64_t)(uint32_t)a->stream, (uint64_t)i / 4, w);
        for (int64_t k = 0; k < 4 && i + k < end; k++)
            y[i + k] = w[k] >> 8 >= threshold(a) ? x[i + k] * scale : 0;
    }
}

static void cpu(const dio_call *c)
{
    struct job j = {c, seed_of(&c->in[1]), dio_view_count(&c->out[0])};
    dio_gang_run(dio_span_count(j.n), drop_span, &j);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_dropout(g, gout[0], n->in[1], a->stream, a->p);
}

static dio_cost cost(const dio_call *c)
{
    double n = (double)dio_view_count(&c->in[0]);
    return (dio_cost){16 * n, 8 * n}; /* ten rounds of Philox for four elements */
}

const dio_op dio_op_dropout = {
    .name = "dropout",
    .doc = "y = 0 with probability p, else x / (1 - p); seed i32[2], low word first",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_INPLACE,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cost = cost,
    .tol = 1e-7f, /* measured 0 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 5, 21), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .below = 1000,
             .attrs = &(struct attrs){3, 0.3f}},
            {.in = {DIO_T(DIO_F32, 1), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .below = 1000,
             .attrs = &(struct attrs){0, 0}},
            {.in = {DIO_T(DIO_F32, 40001), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .below = 1000,
             .attrs = &(struct attrs){1, 0.9f},
             .no_grad = true},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_I32, 2)},
             .n_in = 2,
             .attrs = &(struct attrs){0, 1},
             .refused = "probability 1 is not within 0 <= p < 1"},
            {.in = {DIO_T(DIO_F32, 5), DIO_T(DIO_I32, 3)},
             .n_in = 2,
             .attrs = &(struct attrs){0, 0.5f},
             .refused = "the seed must be i32[2], not i32[3]"},
            {0},
        },
};

dio_val dio_dropout(dio_graph *g, dio_val x, dio_val seed, int stream, float p)
{
    struct attrs a = {stream, p};
    return dio_emit1(g, &dio_op_dropout, &a, (dio_val[]){x, seed}, 2);
}
