/* attention_grad.c: the gradient of attention; weights are made again from log sum exp. */
#include <math.h>

#include "base/gang.h"
#include "tensor/ops/attention_ops.h"

enum { DOUT, Q, K, V, OUT, LSE, MASK };

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const dio_type absent = {.nd = -1}, *mask = n_in > MASK ? &in[MASK] : &absent;
    if (!dio_want_float(&in[K], "the keys", err) || !dio_want_dims(&in[K], 4, 4, "the keys", err) ||
        !dio_want_same(&in[K], &in[V], "the keys and the values", err) ||
        !dio_attention_infer(&in[Q], in[K].dim[0], in[K].dim[2], in[K].dim[3], attrs, err) ||
        !dio_want_same(&in[Q], &in[DOUT], "the queries and the gradient", err) ||
        !dio_want_same(&in[Q], &in[OUT], "the queries and the output", err) ||
        !dio_want_float(&in[LSE], "log sum exp", err) ||
        !dio_want_dims(&in[LSE], 3, 3, "log sum exp", err))
        return false;
    const int64_t whole[4] = {in[Q].dim[0], in[Q].dim[2], in[Q].dim[1], in[K].dim[1]};
    for (int i = 0; i < 3; i++)
        if (!dio_want_dim(&in[LSE], i, whole[i], "log sum exp", err))
            return false;
    if (mask->nd >= 0 && !dio_attention_want_mask(mask, whole, err))
        return false;
    out[0] = in[Q];
    out[1] = in[K];
    out[2] = in[V];
    out[3] = dio_type_make(DIO_F32, 4, whole);
    return true;
}

static dio_attention_size size_of(const dio_call *c)
{
    const dio_view *q = &c->in[Q], *k = &c->in[K];
    return (dio_attention_size){q->dim[0], q->dim[1], q->dim[2], k->dim[2], k->dim[1], q->dim[3]};
}

/* Weight of key s for a query, and the gradient of its score: after the mask and before the cap. */
struct slope {
    double weight, masked, product;
};

static struct slope slope_of(const dio_call *c, const dio_attention_truth *x, int64_t b, int64_t h,
                             int64_t t, int64_t s)
{
    const dio_attention_size *z = &x->z;
    const int64_t q = ((b * z->time + t) * z->heads + h) * z->size;
    const int64_t v = ((b * z->keys + s) * z->key_heads + h / (z->heads / z->key_heads)) * z->size;
    double capped = 0, score = dio_attention_score(x, b, h, t, s, &capped), d = 0, delta = 0;
    if (score == -INFINITY)
        return (struct slope){0, 0, 0};
    for (int64_t i = 0; i < z->size; i++) {
        const double dout = dio_view_get(&c->in[DOUT], q + i);
        d += dout * dio_view_get(&c->in[V], v + i);
        delta += dout * dio_view_get(&c->in[OUT], q + i);
    }
    struct slope r = {.weight =
                          exp(score - dio_view_get(&c->in[LSE], (b * z->heads + h) * z->time + t))};
    r.masked = r.weight * (d - delta);
    const double cap = (double)x->attrs.softcap;
    r.product = r.masked * (cap > 0 ? 1 - capped * capped / (cap * cap) : 1);
    return r;
}

static void query_reference(const dio_call *c, const dio_attention_truth *x, int64_t b, int64_t h,
                            int64_t t)
{
    const dio_attention_size *z = &x->z;
    const int64_t q = ((b * z->time + t) * z->heads + h) * z->size, group = z->heads / z->key_heads;
    for (int64_t i = 0; i < z->size && c->out[0].data; i++) {
        double sum = 0;
        for (int64_t s = 0; s < z->keys; s++)
            sum += slope_of(c, x, b, h, t, s).product *
                   dio_attention_dense(&c->in[K], z, b, h / group, s, i);
        dio_view_set(&c->out[0], q + i, sum * (double)x->attrs.scale);
    }
    for (int64_t s = 0; s < z->keys && c->out[3].data; s++)
        dio_view_set(&c->out[3], ((b * z->heads + h) * z->time + t) * z->keys + s,
                     slope_of(c, x, b, h, t, s).masked);
}

static void key_reference(const dio_call *c, const dio_attention_truth *x, int64_t b, int64_t h,
                          int64_t s)
{
    const dio_attention_size *z = &x->z;
    const int64_t group = z->heads / z->key_heads;
    for (int64_t i = 0; i < z->size; i++) {
        double dk = 0, dv = 0;
        for (int64_t g = 0; g < group; g++)
            for (int64_t t = 0; t < z->time; t++) {
                const int64_t q = ((b * z->time + t) * z->heads + h * group + g) * z->size + i;
                const struct slope w = slope_of(c, x, b, h * group + g, t, s);
                dk += w.product * dio_view_get(&c->in[Q], q);
                dv += w.weight * dio_view_get(&c->in[DOUT], q);
            }
        const int64_t at = ((b * z->keys + s) * z->key_heads + h) * z->size + i;
        if (c->out[1].data)
            dio_view_set(&c->out[1], at, dk * (double)x->attrs.scale);
        if (c->out[2].data)
            dio_view_set(&c->out[2], at, dv);
    }
}

static void reference(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    const dio_attention_truth x = {
        .z = z,
        .attrs = dio_attention_resolve(c->attrs, z.size),
        .q = c->in[Q],
        .k = c->in[K],
        .v = c->in[V],
        .mask = dio_attention_mask(&c->in[MASK], &z),
        .key = dio_attention_dense,
        .value = dio_attention_dense,
    };
    for (int64_t b = 0; b < z.batch; b++) {
        for (int64_t h = 0; h < z.heads; h++)
            for (int64_t t = 0; t < z.time; t++)
                query_reference(c, &x, b, h, t);
        for (int64_t h = 0; h < z.key_heads; h++)
            for (int64_t s = 0; s < z.keys; s++)
                key_reference(c, &x, b, h, s);
    }
}

struct job {
    dio_attend a;
    float *scratch;
    int64_t share;
};

static void do_head(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    dio_attend_grad(&j->a, item / j->a.key_heads, item % j->a.key_heads,
                    j->scratch + thread * j->share);
}

static void cpu(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    const int64_t tiles = z.batch * z.key_heads * dio_attention_tiles(&z);
    float *k_tiles = c->work, *v_tiles = k_tiles + tiles;
    struct job j = {.scratch = v_tiles + tiles, .share = dio_attend_scratch(c->cpu, z.size, true)};
    j.a = (dio_attend){
        .cpu = c->cpu,
        .attrs = dio_attention_resolve(c->attrs, z.size),
        .batch = z.batch,
        .time = z.time,
        .heads = z.heads,
        .key_heads = z.key_heads,
        .size = z.size,
        .keys = z.keys,
        .q = c->in[Q].data,
        .tiles = k_tiles,
        .v = c->in[V].data,
        .mask = dio_attention_mask(&c->in[MASK], &z),
        .out = c->in[OUT].data,
        .lse = c->in[LSE].data,
        .k = c->in[K].data,
        .v_tiles = v_tiles,
        .dout = c->in[DOUT].data,
        .dq = c->out[0].data,
        .dk = c->out[1].data,
        .dv = c->out[2].data,
        .dmask = c->out[3].data,
    };
    dio_attention_lay_out(c->cpu, &z, c->in[K].data, k_tiles);
    dio_attention_lay_out(c->cpu, &z, c->in[V].data, v_tiles);
    dio_gang_steal(z.batch * z.key_heads, do_head, &j);
}

static size_t workspace(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    return (size_t)(2 * z.batch * z.key_heads * dio_attention_tiles(&z) +
                    dio_gang_size() * dio_attend_scratch(c->cpu, z.size, true)) *
           sizeof(float);
}

static dio_cost cost(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    dio_cost r = dio_attention_cost(&z, ((const dio_attention_attrs *)c->attrs)->causal);
    return (dio_cost){2.5 * r.flops, 2 * r.bytes}; /* five products for the forward's two */
}

#define ATTRS(...)                                                                                 \
    .attrs = &(dio_attention_attrs)                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define CASE(B, T, H, S, Kv, D)                                                                    \
    DIO_T(DIO_F32, B, T, H, D), DIO_T(DIO_F32, B, T, H, D), DIO_T(DIO_F32, B, S, Kv, D),           \
        DIO_T(DIO_F32, B, S, Kv, D), DIO_T(DIO_F32, B, T, H, D), DIO_T(DIO_F32, B, H, T)

const dio_op dio_op_attention_grad = {
    .name = "attention_grad",
    .doc = "dq, dk, dv, dmask of attention from dout, q, k, v, out, log sum exp and mask",
    .n_in_min = 6,
    .n_in_max = 7,
    .n_out = 4,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(dio_attention_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .cost = cost,
    .tol = 8e-7f, /* measured 2.0e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {CASE(2, 5, 4, 5, 2, 8)}, .n_in = 6, ATTRS(.causal = true)},
            {.in = {CASE(1, 4, 2, 9, 1, 5), DIO_T(DIO_F32, 2, 1, 9)},
             .n_in = 7,
             ATTRS(.softcap = 2)},
            {.in = {CASE(1, 33, 3, 70, 1, 20)}, .n_in = 6, ATTRS(.causal = true, .window = 9)},
            {.in = {CASE(1, 4, 2, 4, 2, 6), DIO_T(DIO_F32, 4, 5)},
             .n_in = 7,
             ATTRS(0),
             .refused = "the mask f32[4,5] does not broadcast"},
            {0},
        },
};
