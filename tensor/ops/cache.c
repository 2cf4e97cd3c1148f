/* cache.c: keys and values of the tokens seen so far, in the layout that attention reads.
 *
 * Keys lie as transposed tiles of 64 positions [B,Kv,cap/64,D,64], values as rows [B,Kv,cap,D].
 * Where a token goes is an input, so that one plan serves every position. Kernels cannot fail: a
 * position outside the cache is not written; whoever feeds positions keeps within `cap`.
 */
#include "base/gang.h"
#include "tensor/cpu/attend.h"
#include "tensor/op.h"
#include "tensor/ops.h"

enum { TILE = DIO_KEY_TILE };

dio_type dio_cache_key_type(int64_t batch, int64_t heads, int64_t cap, int64_t size)
{
    return dio_type_make(DIO_F32, 5,
                         (int64_t[]){batch, heads, (cap + TILE - 1) / TILE, size, TILE});
}

dio_type dio_cache_value_type(int64_t batch, int64_t heads, int64_t cap, int64_t size)
{
    return dio_type_4d(DIO_F32, batch, heads, (cap + TILE - 1) / TILE * TILE, size);
}

static bool want_tokens(const dio_type *x, const dio_type *start, int64_t batch, int64_t heads,
                        int64_t size, dio_error *err)
{
    if (!dio_want_float(x, "the tokens", err) || !dio_want_dims(x, 4, 4, "the tokens", err) ||
        !dio_want_dim(x, 0, batch, "the tokens", err) ||
        !dio_want_dim(x, 2, heads, "the tokens", err) ||
        !dio_want_dim(x, 3, size, "the tokens", err) ||
        !dio_want_dims(start, 1, 1, "the starts", err) ||
        !dio_want_dim(start, 0, batch, "the starts", err))
        return false;
    if (start->dtype != DIO_I32)
        return dio_fail(err, "the starts must be i32, not %s", dio_dtype_name(start->dtype));
    return true;
}

static bool key_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                      dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the cache", err) &&
           dio_want_dims(&in[0], 5, 5, "the cache", err) &&
           dio_want_dim(&in[0], 4, TILE, "the cache", err) &&
           want_tokens(&in[1], &in[2], in[0].dim[0], in[0].dim[1], in[0].dim[3], err);
}

static bool value_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                        dio_error *err)
{
    (void)n_in;
    (void)attrs;
    out[0] = in[0];
    return dio_want_float(&in[0], "the cache", err) &&
           dio_want_dims(&in[0], 4, 4, "the cache", err) &&
           want_tokens(&in[1], &in[2], in[0].dim[0], in[0].dim[1], in[0].dim[3], err);
}

/* Number i of token (b, t) of head h goes to which place of the cache; -1: none. */
static int64_t place(const dio_call *c, bool key, int64_t b, int64_t t, int64_t h, int64_t i)
{
    const dio_view *cache = &c->out[0];
    const int64_t heads = cache->dim[1], size = c->in[1].dim[3];
    const int64_t cap = key ? cache->dim[2] * TILE : cache->dim[2];
    const int64_t at = ((const int32_t *)c->in[2].data)[b * c->in[2].stride[0]] + t;
    if (at < 0 || at >= cap)
        return -1;
    const int64_t head = (b * heads + h) * cap * size;
    return key ? head + (at / TILE * size + i) * TILE + at % TILE : head + at * size + i;
}

static void reference(const dio_call *c, bool key)
{
    const dio_view *x = &c->in[1];
    for (int64_t n = 0; n < dio_view_count(x); n++) {
        const int64_t i = n % x->dim[3], h = n / x->dim[3] % x->dim[2];
        const int64_t token = n / x->dim[3] / x->dim[2];
        const int64_t at = place(c, key, token / x->dim[1], token % x->dim[1], h, i);
        if (at >= 0)
            dio_view_set(&c->out[0], at, dio_view_get(x, n));
    }
}

struct job {
    const dio_call *c;
    bool key;
};

static void do_head(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_view *x = &j->c->in[1];
    const int64_t b = item / x->dim[2], h = item % x->dim[2], size = x->dim[3];
    const int64_t step = j->key ? TILE : 1;
    for (int64_t t = 0; t < x->dim[1]; t++) {
        const int64_t at = place(j->c, j->key, b, t, h, 0);
        const float *from = (const float *)x->data + ((b * x->dim[1] + t) * x->dim[2] + h) * size;
        float *to = (float *)j->c->out[0].data + at;
        for (int64_t i = 0; i < size && at >= 0; i++)
            to[i * step] = from[i];
    }
}

static void run(const dio_call *c, bool key)
{
    struct job j = {c, key};
    dio_gang_run(c->in[1].dim[0] * c->in[1].dim[2], do_head, &j);
}

static dio_cost cost(const dio_call *c)
{
    return (dio_cost){0, 8 * (double)dio_view_count(&c->in[1])};
}

static void key_reference(const dio_call *c)
{
    reference(c, true);
}

static void value_reference(const dio_call *c)
{
    reference(c, false);
}

static void key_cpu(const dio_call *c)
{
    run(c, true);
}

static void value_cpu(const dio_call *c)
{
    run(c, false);
}

const dio_op dio_op_cache_write_key = {
    .name = "cache_write_key",
    .doc = "writes x [B,T,Kv,D] at start[b] + t into [B,Kv,cap/64,D,64]; returns the cache",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_WRITES | DIO_OP_NODIFF,
    .infer = key_infer,
    .reference = key_reference,
    .cpu = key_cpu,
    .cost = cost,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 2, 5, 64), DIO_T(DIO_F32, 2, 7, 3, 5), DIO_T(DIO_I32, 2)},
             .n_in = 3,
             .below = 100},
            {.in = {DIO_T(DIO_F32, 1, 2, 2, 4, 64), DIO_T(DIO_F32, 1, 90, 2, 4), DIO_T(DIO_I32, 1)},
             .n_in = 3,
             .below = 60},
            {.in = {DIO_T(DIO_F32, 1, 2, 2, 4, 64), DIO_T(DIO_F32, 1, 9, 3, 4), DIO_T(DIO_I32, 1)},
             .n_in = 3,
             .refused = "the tokens must have size 2 in dimension 2"},
            {.in = {DIO_T(DIO_F32, 1, 2, 2, 4, 32), DIO_T(DIO_F32, 1, 9, 2, 4), DIO_T(DIO_I32, 1)},
             .n_in = 3,
             .refused = "the cache must have size 64 in dimension 4"},
            {0},
        },
};

const dio_op dio_op_cache_write_value = {
    .name = "cache_write_value",
    .doc = "writes x [B,T,Kv,D] at start[b] + t into [B,Kv,cap,D]; returns the cache",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out = 1,
    .flags = DIO_OP_WRITES | DIO_OP_NODIFF,
    .infer = value_infer,
    .reference = value_reference,
    .cpu = value_cpu,
    .cost = cost,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 128, 5), DIO_T(DIO_F32, 2, 7, 3, 5), DIO_T(DIO_I32, 2)},
             .n_in = 3,
             .below = 100},
            {.in = {DIO_T(DIO_F32, 1, 1, 64, 1), DIO_T(DIO_F32, 1, 1, 1, 1), DIO_T(DIO_I32, 1)},
             .n_in = 3,
             .below = 64},
            {.in = {DIO_T(DIO_F32, 2, 3, 128, 5), DIO_T(DIO_F32, 2, 7, 3, 5), DIO_T(DIO_F32, 2)},
             .n_in = 3,
             .refused = "the starts must be i32, not f32"},
            {0},
        },
};

dio_val dio_cache_write_key(dio_graph *g, dio_val cache, dio_val x, dio_val start)
{
    return dio_emit1(g, &dio_op_cache_write_key, NULL, (dio_val[]){cache, x, start}, 3);
}

dio_val dio_cache_write_value(dio_graph *g, dio_val cache, dio_val x, dio_val start)
{
    return dio_emit1(g, &dio_op_cache_write_value, NULL, (dio_val[]){cache, x, start}, 3);
}
