/* attend_grad.c: attention backwards, one key head at a time.
 *
 * Weights are made again from log sum exp, tile by tile. With w the weights and s the scores:
 * dv += w^T dout, dw = dout v^T, ds = w (dw - sum(dout * out)), dq += ds k, dk += ds^T q.
 * Blocks of queries go in order, and tiles of keys within them: every sum has one order.
 */
#include <string.h>

#include "tensor/cpu/attend.h"
#include "tensor/cpu/attend_impl.h"

/* What a block needs besides its forward's scratch; there, o gathers dq, top is log sum exp and
 * sum is delta = sum(dout * out). */
struct back {
    struct block k;
    float *dout;      /* as k.q: tiles of A */
    float *q_rows;    /* [rows][D], scaled */
    float *dout_rows; /* [rows][D] */
    float *d;         /* [rows][64] */
    float *dmask;     /* [64] */
};

static void take_rows(struct back *x)
{
    const struct block *k = &x->k;
    const dio_attend *a = k->a;
    for (int64_t r = 0; r < k->rows; r++) {
        const int64_t at = place_of(k, r);
        a->cpu->axpb(x->q_rows + r * a->size, a->q + at, a->size, a->attrs.scale, 0);
        memcpy(x->dout_rows + r * a->size, a->dout + at, (size_t)a->size * sizeof(float));
        k->top[r] = a->lse[(k->b * a->heads + head_of(k, r)) * a->time + time_of(k, r)];
        k->sum[r] = a->cpu->dot(a->dout + at, a->out + at, a->size);
    }
    pack_rows(k, a->q, k->q);
    pack_rows(k, a->dout, x->dout);
    memset(k->o, 0, (size_t)(k->rows * a->size) * sizeof(float));
}

static void begin_back(struct back *x, const dio_attend *a, int64_t b, int64_t h, int64_t block,
                       float *scratch)
{
    const int64_t each = dio_attend_rows(a->cpu);
    begin(&x->k, a, b, h, block, scratch);
    x->dout = x->k.sum + each;
    x->q_rows = x->dout + each * a->size;
    x->dout_rows = x->q_rows + each * a->size;
    x->d = x->dout_rows + each * a->size;
    x->dmask = x->d + each * TILE;
    take_rows(x);
}

static void do_row(const struct back *x, int64_t r, int64_t j0)
{
    const struct block *k = &x->k;
    const dio_attend *a = k->a;
    dio_score_row row = {.s = k->s + r * TILE,
                         .scale = a->attrs.scale,
                         .d = x->d + r * TILE,
                         .lse = k->top[r],
                         .delta = k->sum[r],
                         .softcap = a->attrs.softcap,
                         .dmask = a->dmask ? x->dmask : NULL};
    sight(k, r, j0, &row.from, &row.to);
    set_mask(k, r, j0, &row);
    a->cpu->score_row_grad(&row);
    if (a->dmask)
        memcpy(a->dmask + ((k->b * a->heads + head_of(k, r)) * a->time + time_of(k, r)) * a->keys +
                   j0 + row.from,
               x->dmask + row.from, (size_t)(row.to - row.from) * sizeof(float));
}

/* The tile's weights w and gradients d give their shares of dq, dk and dv. */
static void do_tile(const struct back *x, int64_t j0)
{
    const struct block *k = &x->k;
    const dio_attend *a = k->a;
    const dio_cpu *cpu = a->cpu;
    const int64_t n = least(TILE, k->keys - j0), row = a->key_heads * a->size;
    const int64_t at = ((k->b * a->keys + j0) * a->key_heads + k->h) * a->size;
    int64_t low, high;
    if (!rows_of_tile(k, j0, &low, &high))
        return;
    against_tile(k, k->q, tile_at(k, a->tiles, j0), j0, low, high, k->s);
    against_tile(k, x->dout, tile_at(k, a->v_tiles, j0), j0, low, high, x->d);
    for (int64_t r = low; r < high; r++)
        do_row(x, r, j0);
    dio_tile t = {.k = high - low,
                  .a = k->s + low * TILE,
                  .a_row = 1,
                  .a_col = TILE,
                  .b = x->dout_rows + low * a->size,
                  .b_row = a->size,
                  .c = a->dv ? a->dv + at : NULL,
                  .c_row = row,
                  .accumulate = true};
    if (a->dv)
        product(cpu, t, n, a->size, 0);
    t.a = x->d + low * TILE;
    t.b = x->q_rows + low * a->size;
    t.c = a->dk ? a->dk + at : NULL;
    if (a->dk)
        product(cpu, t, n, a->size, 0);
    t = (dio_tile){.k = n,
                   .a = x->d + low * TILE,
                   .a_row = TILE,
                   .a_col = 1,
                   .b = a->k + at,
                   .b_row = row,
                   .c = k->o + low * a->size,
                   .c_row = a->size,
                   .accumulate = true};
    if (a->dq)
        product(cpu, t, high - low, a->size, 0);
}

/* Sums start from nothing, and what no block reaches has no gradient. */
static void clear(const dio_attend *a, int64_t b, int64_t h)
{
    const int64_t group = group_of(a);
    float *const sums[2] = {a->dk, a->dv};
    for (int i = 0; i < 2; i++)
        for (int64_t s = 0; s < a->keys && sums[i]; s++)
            memset(sums[i] + ((b * a->keys + s) * a->key_heads + h) * a->size, 0,
                   (size_t)a->size * sizeof(float));
    if (a->dmask)
        memset(a->dmask + (b * a->heads + h * group) * a->time * a->keys, 0,
               (size_t)(group * a->time * a->keys) * sizeof(float));
}

void dio_attend_grad(const dio_attend *a, int64_t b, int64_t h, float *scratch)
{
    clear(a, b, h);
    for (int64_t block = 0; block < dio_attend_blocks(a); block++) {
        struct back x;
        int64_t from, to;
        begin_back(&x, a, b, h, block, scratch);
        reach(&x.k, &from, &to);
        for (int64_t j0 = from; j0 < to; j0 += TILE)
            do_tile(&x, j0);
        for (int64_t r = 0; r < x.k.rows && a->dq; r++)
            a->cpu->axpb(a->dq + place_of(&x.k, r), x.k.o + r * a->size, a->size, a->attrs.scale,
                         0);
    }
}
