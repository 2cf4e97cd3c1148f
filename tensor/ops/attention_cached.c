/* attention_cached.c: attention of new tokens over a cache of keys and values.
 *
 * The same blocks and tiles as attention.c, reading the cache where it lies: bit for bit the
 * numbers that attention gives over the same keys, whatever the chunk of queries.
 */
#include "base/gang.h"
#include "tensor/ops/attention_ops.h"

enum { Q, KEYS, VALUES, START };

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    if (!dio_want_float(&in[KEYS], "the key cache", err) ||
        !dio_want_dims(&in[KEYS], 5, 5, "the key cache", err) ||
        !dio_want_dim(&in[KEYS], 4, DIO_KEY_TILE, "the key cache", err) ||
        !dio_want_float(&in[VALUES], "the value cache", err) ||
        !dio_want_dims(&in[VALUES], 4, 4, "the value cache", err) ||
        !dio_want_dim(&in[VALUES], 0, in[KEYS].dim[0], "the value cache", err) ||
        !dio_want_dim(&in[VALUES], 1, in[KEYS].dim[1], "the value cache", err) ||
        !dio_want_dim(&in[VALUES], 2, in[KEYS].dim[2] * DIO_KEY_TILE, "the value cache", err) ||
        !dio_want_dim(&in[VALUES], 3, in[KEYS].dim[3], "the value cache", err) ||
        !dio_attention_infer(&in[Q], in[KEYS].dim[0], in[KEYS].dim[1], in[KEYS].dim[3], attrs,
                             err) ||
        !dio_want_dims(&in[START], 1, 1, "the starts", err) ||
        !dio_want_dim(&in[START], 0, in[Q].dim[0], "the starts", err))
        return false;
    if (in[START].dtype != DIO_I32)
        return dio_fail(err, "the starts must be i32, not %s", dio_dtype_name(in[START].dtype));
    out[0] = in[Q];
    return true;
}

static dio_attention_size size_of(const dio_call *c)
{
    const dio_view *q = &c->in[Q];
    return (dio_attention_size){
        q->dim[0], q->dim[1], q->dim[2], c->in[KEYS].dim[1], c->in[VALUES].dim[2], q->dim[3]};
}

/* What came before is always seen; what comes after never. */
static dio_attention_attrs attrs_of(const dio_call *c)
{
    dio_attention_attrs a = dio_attention_resolve(c->attrs, c->in[Q].dim[3]);
    a.causal = true;
    return a;
}

static double key_at(const dio_view *v, const dio_attention_size *z, int64_t b, int64_t h,
                     int64_t s, int64_t i)
{
    const int64_t tile = (b * z->key_heads + h) * (z->keys / DIO_KEY_TILE) + s / DIO_KEY_TILE;
    return dio_view_get(v, (tile * z->size + i) * DIO_KEY_TILE + s % DIO_KEY_TILE);
}

static double value_at(const dio_view *v, const dio_attention_size *z, int64_t b, int64_t h,
                       int64_t s, int64_t i)
{
    return dio_view_get(v, ((b * z->key_heads + h) * z->keys + s) * z->size + i);
}

static void reference(const dio_call *c)
{
    const dio_attention_truth x = {
        .z = size_of(c),
        .attrs = attrs_of(c),
        .q = c->in[Q],
        .k = c->in[KEYS],
        .v = c->in[VALUES],
        .key = key_at,
        .value = value_at,
        .start = c->in[START].data,
    };
    dio_attention_reference(&x, &c->out[0], &(dio_view){0});
}

struct job {
    dio_attend a;
    float *scratch;
    int64_t blocks, share;
};

static void do_block(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t heads = item / j->blocks;
    dio_attend_block(&j->a, heads / j->a.key_heads, heads % j->a.key_heads,
                     j->blocks - 1 - item % j->blocks, j->scratch + thread * j->share);
}

static void cpu(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    struct job j = {.scratch = c->work, .share = dio_attend_scratch(c->cpu, z.size, false)};
    j.a = (dio_attend){
        .cpu = c->cpu,
        .attrs = attrs_of(c),
        .batch = z.batch,
        .time = z.time,
        .heads = z.heads,
        .key_heads = z.key_heads,
        .size = z.size,
        .keys = z.keys,
        .q = c->in[Q].data,
        .tiles = c->in[KEYS].data,
        .v = c->in[VALUES].data,
        .v_batch = z.key_heads * z.keys * z.size,
        .v_head = z.keys * z.size,
        .v_row = z.size,
        .start = c->in[START].data,
        .out = c->out[0].data,
    };
    j.blocks = dio_attend_blocks(&j.a);
    dio_gang_steal(z.batch * z.key_heads * j.blocks, do_block, &j);
}

static size_t workspace(const dio_call *c)
{
    return (size_t)(dio_gang_size() * dio_attend_scratch(c->cpu, c->in[Q].dim[3], false)) *
           sizeof(float);
}

/* As if the cache were full: what a step may cost. */
static dio_cost cost(const dio_call *c)
{
    const dio_attention_size z = size_of(c);
    return dio_attention_cost(&z, true);
}

#define ATTRS(...)                                                                                 \
    .attrs = &(dio_attention_attrs)                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define CASE(B, T, K, Kv, tiles, D)                                                                \
    DIO_T(DIO_F32, B, T, K, D), DIO_T(DIO_F32, B, Kv, tiles, D, 64),                               \
        DIO_T(DIO_F32, B, Kv, tiles * 64, D), DIO_T(DIO_I32, B)

const dio_op dio_op_attention_cached = {
    .name = "attention_cached",
    .doc = "attention of q [B,T,K,D] at start[b] + t over a cache, up to each query's own position",
    .n_in_min = 4,
    .n_in_max = 4,
    .n_out = 1,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(dio_attention_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .cost = cost,
    .tol = 3e-7f, /* measured 6.5e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {CASE(2, 1, 4, 2, 3, 8)}, .n_in = 4, .below = 190, ATTRS(0)},
            {.in = {CASE(1, 40, 2, 2, 2, 33)}, .n_in = 4, .below = 80, ATTRS(.window = 30)},
            {.in = {CASE(1, 5, 3, 1, 2, 64)}, .n_in = 4, .below = 120, ATTRS(.softcap = 3)},
            {.in = {CASE(1, 5, 3, 2, 2, 64)},
             .n_in = 4,
             ATTRS(0),
             .refused = "3 query heads do not share 2 key heads evenly"},
            {.in = {DIO_T(DIO_F32, 1, 1, 2, 8), DIO_T(DIO_F32, 1, 2, 2, 8, 64),
                    DIO_T(DIO_F32, 1, 2, 64, 8), DIO_T(DIO_I32, 1)},
             .n_in = 4,
             ATTRS(0),
             .refused = "the value cache must have size 128"},
            {0},
        },
};

dio_val dio_attention_cached(dio_graph *g, dio_val q, dio_val keys, dio_val values, dio_val start,
                             dio_attention_attrs attrs)
{
    return dio_emit1(g, &dio_op_attention_cached, &attrs, (dio_val[]){q, keys, values, start}, 4);
}
