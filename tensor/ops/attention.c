/* attention.c: softmax(q k^T * scale) v without ever holding the scores (arXiv:2205.14135).
 *
 * Keys are first laid out as transposed tiles of 64 positions, the layout that a cache keeps them
 * in; from there on attention_cached is the same code and gives the same bits. A query that sees
 * no key gives zeros. The second output, log sum exp of each query's scores, is for the backward.
 */
#include "base/gang.h"
#include "tensor/graph_impl.h"
#include "tensor/ops/attention_ops.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    const dio_attention_attrs *a = attrs;
    if (!dio_want_float(&in[1], "the keys", err) || !dio_want_dims(&in[1], 4, 4, "the keys", err) ||
        !dio_want_float(&in[2], "the values", err) ||
        !dio_want_same(&in[1], &in[2], "the keys and the values", err) ||
        !dio_attention_infer(&in[0], in[1].dim[0], in[1].dim[2], in[1].dim[3], a, err))
        return false;
    const int64_t whole[4] = {in[0].dim[0], in[0].dim[2], in[0].dim[1], in[1].dim[1]};
    if (a->causal && whole[2] > whole[3])
        return dio_fail(err, "causal: %lld queries cannot sit at the end of %lld keys",
                        (long long)whole[2], (long long)whole[3]);
    if (n_in > 3 && in[3].nd >= 0 && !dio_attention_want_mask(&in[3], whole, err))
        return false;
    out[0] = in[0];
    out[1] = dio_type_3d(DIO_F32, whole[0], whole[1], whole[2]);
    return true;
}

static dio_attention_size size_of(const dio_call *c)
{
    const dio_view *q = &c->in[0], *k = &c->in[1];
    return (dio_attention_size){q->dim[0], q->dim[1], q->dim[2], k->dim[2], k->dim[1], q->dim[3]};
}

static void reference(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    const dio_attention_truth x = {
        .z = z,
        .attrs = dio_attention_resolve(c->attrs, z.size),
        .q = c->in[0],
        .k = c->in[1],
        .v = c->in[2],
        .mask = dio_attention_mask(&c->in[3], &z),
        .key = dio_attention_dense,
        .value = dio_attention_dense,
    };
    dio_attention_reference(&x, &c->out[0], &c->out[1]);
}

/* The keys' tiles, then each thread's scratch. */
static int64_t tiles_size(const dio_attention_size *z)
{
    return z->batch * z->key_heads * dio_attention_tiles(z);
}

struct job {
    dio_attend a;
    const dio_call *c;
    int64_t blocks, share;
    float *tiles, *scratch;
};

static void do_block(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t heads = item / j->blocks;
    /* The last blocks of a causal head see the most keys: they start first. */
    dio_attend_block(&j->a, heads / j->a.key_heads, heads % j->a.key_heads,
                     j->blocks - 1 - item % j->blocks, j->scratch + thread * j->share);
}

static void cpu(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    struct job j = {.c = c,
                    .tiles = c->work,
                    .scratch = (float *)c->work + tiles_size(&z),
                    .share = dio_attend_scratch(c->cpu, z.size, false)};
    j.a = (dio_attend){
        .cpu = c->cpu,
        .attrs = dio_attention_resolve(c->attrs, z.size),
        .batch = z.batch,
        .time = z.time,
        .heads = z.heads,
        .key_heads = z.key_heads,
        .size = z.size,
        .keys = z.keys,
        .q = c->in[0].data,
        .tiles = j.tiles,
        .v = c->in[2].data,
        .v_batch = z.keys * z.key_heads * z.size,
        .v_head = z.size,
        .v_row = z.key_heads * z.size,
        .mask = dio_attention_mask(&c->in[3], &z),
        .out = c->out[0].data,
        .lse = c->out[1].data,
    };
    j.blocks = dio_attend_blocks(&j.a);
    dio_attention_lay_out(c->cpu, &z, c->in[1].data, j.tiles);
    dio_gang_steal(z.batch * z.key_heads * j.blocks, do_block, &j);
}

static size_t workspace(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    return (size_t)(tiles_size(&z) + dio_gang_size() * dio_attend_scratch(c->cpu, z.size, false)) *
           sizeof(float);
}

static dio_cost cost(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    return dio_attention_cost(&z, ((const dio_attention_attrs *)c->attrs)->causal);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_val mask = n->n_in > 3 ? n->in[3] : DIO_NONE;
    dio_val out[4];
    dio_emit(g, &dio_op_attention_grad, n->attrs,
             (dio_val[]){gout[0], n->in[0], n->in[1], n->in[2], n->out[0], n->out[1], mask}, 7,
             out);
    for (int i = 0; i < 3; i++)
        gin[i] = out[i];
    if (mask != DIO_NONE) {
        const dio_type type = dio_type_of(g, mask);
        gin[3] = dio_sum_to(g, out[3], &type);
    }
}

#define ATTRS(...)                                                                                 \
    .attrs = &(dio_attention_attrs)                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define QKV(B, T, K, S, Kv, D)                                                                     \
    DIO_T(DIO_F32, B, T, K, D), DIO_T(DIO_F32, B, S, Kv, D), DIO_T(DIO_F32, B, S, Kv, D)

const dio_op dio_op_attention = {
    .name = "attention",
    .doc = "softmax(q k^T scale + mask) v: q [B,T,K,D], k v [B,S,Kv,D], mask over [B,K,T,S]",
    .n_in_min = 3,
    .n_in_max = 4,
    .n_out = 2,
    .attrs_size = sizeof(dio_attention_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 2e-6f, /* measured 9.4e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {QKV(2, 5, 4, 5, 4, 8)}, .n_in = 3, .lo = -2, .hi = 2, ATTRS(.causal = true)},
            {.in = {QKV(1, 3, 4, 7, 2, 6)}, .n_in = 3, .lo = -2, .hi = 2, ATTRS(.scale = 0.5f)},
            {.in = {QKV(2, 4, 2, 9, 1, 5), DIO_T(DIO_F32, 2, 1, 4, 9)},
             .n_in = 4,
             .lo = -2,
             .hi = 2,
             ATTRS(.softcap = 2)},
            {.in = {QKV(1, 6, 2, 6, 2, 3), DIO_T(DIO_F32, 6, 1)},
             .n_in = 4,
             .lo = -2,
             .hi = 2,
             ATTRS(.causal = true, .window = 3)},
            {.in = {QKV(1, 130, 3, 200, 1, 40)},
             .n_in = 3,
             .lo = -2,
             .hi = 2,
             .no_grad = true,
             ATTRS(.causal = true, .window = 70)},
            {.in = {QKV(1, 70, 2, 70, 2, 64), DIO_T(DIO_F32, 2, 70, 70)},
             .n_in = 4,
             .lo = -3,
             .hi = 3,
             .no_grad = true,
             ATTRS(.causal = true)},
            {.in = {QKV(1, 1, 1, 1, 1, 1)}, .n_in = 3, ATTRS(0)},
            {.in = {QKV(1, 3, 4, 7, 3, 6)},
             .n_in = 3,
             ATTRS(0),
             .refused = "4 query heads do not share 3 key heads evenly"},
            {.in = {QKV(1, 3, 2, 2, 2, 6)},
             .n_in = 3,
             ATTRS(.causal = true),
             .refused = "causal: 3 queries cannot sit at the end of 2 keys"},
            {.in = {DIO_T(DIO_F32, 1, 3, 2, 5), DIO_T(DIO_F32, 1, 3, 2, 6),
                    DIO_T(DIO_F32, 1, 3, 2, 6)},
             .n_in = 3,
             ATTRS(0),
             .refused = "the queries must have size 6 in dimension 3"},
            {.in = {QKV(1, 3, 2, 4, 2, 6), DIO_T(DIO_F32, 3, 5)},
             .n_in = 4,
             ATTRS(0),
             .refused = "the mask f32[3,5] does not broadcast to [1,2,3,4]"},
            {.in = {QKV(1, 3, 2, 4, 2, 6)},
             .n_in = 3,
             ATTRS(.window = -1),
             .refused = "window: -1 is negative"},
            {0},
        },
};

dio_val dio_attention(dio_graph *g, dio_val q, dio_val k, dio_val v, dio_val mask,
                      dio_attention_attrs attrs)
{
    dio_val out[2];
    dio_emit(g, &dio_op_attention, &attrs, (dio_val[]){q, k, v, mask}, 4, out);
    return out[0];
}
