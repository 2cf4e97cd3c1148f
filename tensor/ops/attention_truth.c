/* attention_truth.c: attention by its definition, one score after the other, in double. */
#include <math.h>

#include "base/gang.h"
#include "tensor/ops/attention_ops.h"
#include "tensor/ops/spans.h"

dio_attention_attrs dio_attention_resolve(const dio_attention_attrs *a, int64_t size)
{
    dio_attention_attrs r = *a;
    if (r.scale == 0)
        r.scale = (float)(1 / sqrt((double)size));
    return r;
}

bool dio_attention_infer(const dio_type *q, int64_t batch, int64_t key_heads, int64_t size,
                         const dio_attention_attrs *a, dio_error *err)
{
    if (!dio_want_float(q, "the queries", err) || !dio_want_dims(q, 4, 4, "the queries", err) ||
        !dio_want_dim(q, 0, batch, "the queries", err) ||
        !dio_want_dim(q, 3, size, "the queries", err))
        return false;
    if (key_heads < 1 || q->dim[2] % key_heads)
        return dio_fail(err, "%lld query heads do not share %lld key heads evenly",
                        (long long)q->dim[2], (long long)key_heads);
    if (a->window < 0)
        return dio_fail(err, "window: %d is negative", a->window);
    if (!(a->softcap >= 0))
        return dio_fail(err, "softcap: %g is negative", (double)a->softcap);
    return true;
}

bool dio_attention_want_mask(const dio_type *mask, const int64_t whole[4], dio_error *err)
{
    char text[DIO_TYPE_TEXT];
    bool fits = mask->nd <= 4;
    if (!dio_want_float(mask, "the mask", err))
        return false;
    for (int i = 0; i < mask->nd && fits; i++) {
        const int64_t d = mask->dim[mask->nd - 1 - i];
        fits = d == 1 || d == whole[3 - i];
    }
    return fits || dio_fail(err, "the mask %s does not broadcast to [%lld,%lld,%lld,%lld]",
                            dio_type_text(mask, text), (long long)whole[0], (long long)whole[1],
                            (long long)whole[2], (long long)whole[3]);
}

dio_view dio_attention_mask(const dio_view *mask, const dio_attention_size *z)
{
    const dio_view whole = {.nd = 4, .dim = {z->batch, z->heads, z->time, z->keys}};
    if (!mask->data)
        return (dio_view){0};
    return dio_broadcast(mask, &whole);
}

int64_t dio_attention_tiles(const dio_attention_size *z)
{
    return (z->keys + DIO_KEY_TILE - 1) / DIO_KEY_TILE * DIO_KEY_TILE * z->size;
}

struct layout {
    const dio_cpu *cpu;
    const dio_attention_size *z;
    const float *x;
    float *tiles;
};

static void lay_out(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct layout *j = user;
    const dio_attention_size *z = j->z;
    const int64_t b = item / z->key_heads, h = item % z->key_heads;
    dio_attend_tiles(j->cpu, j->x + (b * z->keys * z->key_heads + h) * z->size,
                     z->key_heads * z->size, z->keys, z->size,
                     j->tiles + item * dio_attention_tiles(z));
}

void dio_attention_lay_out(const dio_cpu *cpu, const dio_attention_size *z, const float *x,
                           float *tiles)
{
    struct layout j = {cpu, z, x, tiles};
    dio_gang_run(z->batch * z->key_heads, lay_out, &j);
}

dio_cost dio_attention_cost(const dio_attention_size *z, bool causal)
{
    const double rows = (double)(z->batch * z->heads * z->time), size = (double)z->size;
    /* A causal query sees half of the last `time` keys, on average. */
    const double seen = (double)z->keys - (causal ? 0.5 * (double)(z->time - 1) : 0);
    const double kv = (double)(z->batch * z->key_heads * z->keys) * size;
    return (dio_cost){rows * seen * (4 * size + 12), 4 * (2 * rows * size + 2 * kv)};
}

double dio_attention_dense(const dio_view *v, const dio_attention_size *z, int64_t b, int64_t h,
                           int64_t s, int64_t i)
{
    return dio_view_get(v, ((b * z->keys + s) * z->key_heads + h) * z->size + i);
}

static bool is_seen(const dio_attention_truth *x, int64_t b, int64_t t, int64_t s)
{
    const int64_t at = (x->start ? x->start[b] : x->z.keys - x->z.time) + t;
    return (!x->attrs.causal || s <= at) && (x->attrs.window == 0 || s > at - x->attrs.window);
}

double dio_attention_score(const dio_attention_truth *x, int64_t b, int64_t h, int64_t t, int64_t s,
                           double *capped)
{
    const dio_attention_size *z = &x->z;
    const int64_t shared = h / (z->heads / z->key_heads), q = ((b * z->time + t) * z->heads + h);
    const double cap = (double)x->attrs.softcap;
    double score = 0;
    if (!is_seen(x, b, t, s))
        return -INFINITY;
    for (int64_t i = 0; i < z->size; i++)
        score += dio_view_get(&x->q, q * z->size + i) * x->key(&x->k, z, b, shared, s, i);
    score *= (double)x->attrs.scale;
    if (cap > 0)
        score = cap * tanh(score / cap);
    if (capped)
        *capped = score;
    if (x->mask.data)
        score += dio_view_get(&x->mask, ((b * z->heads + h) * z->time + t) * z->keys + s);
    return score;
}

static void query(const dio_attention_truth *x, int64_t b, int64_t h, int64_t t,
                  const dio_view *out, const dio_view *lse)
{
    const dio_attention_size *z = &x->z;
    const int64_t shared = h / (z->heads / z->key_heads), at = (b * z->time + t) * z->heads + h;
    double top = -INFINITY, sum = 0;
    for (int64_t s = 0; s < z->keys; s++)
        top = fmax(top, dio_attention_score(x, b, h, t, s, NULL));
    for (int64_t s = 0; s < z->keys && top > -INFINITY; s++)
        sum += exp(dio_attention_score(x, b, h, t, s, NULL) - top);
    for (int64_t i = 0; i < z->size; i++)
        dio_view_set(out, at * z->size + i, 0);
    if (lse->data)
        dio_view_set(lse, (b * z->heads + h) * z->time + t, sum > 0 ? top + log(sum) : INFINITY);
    for (int64_t i = 0; i < z->size && sum > 0; i++) {
        double mean = 0;
        for (int64_t s = 0; s < z->keys; s++) {
            const double w = exp(dio_attention_score(x, b, h, t, s, NULL) - top);
            mean += w > 0 ? w * x->value(&x->v, z, b, shared, s, i) : 0;
        }
        dio_view_set(out, at * z->size + i, mean / sum);
    }
}

void dio_attention_reference(const dio_attention_truth *x, const dio_view *out, const dio_view *lse)
{
    for (int64_t b = 0; b < x->z.batch; b++)
        for (int64_t h = 0; h < x->z.heads; h++)
            for (int64_t t = 0; t < x->z.time; t++)
                query(x, b, h, t, out, lse);
}
