#pragma once
/* attend_impl.h: a block of queries and what it sees; for attend.c and attend_grad.c. */
#include "tensor/cpu/attend.h"

enum { TILE = DIO_KEY_TILE };

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t group_of(const dio_attend *a)
{
    return a->heads / a->key_heads;
}

/* A block at work. */
struct block {
    const dio_attend *a;
    int64_t b, h;        /* batch, key head */
    int64_t first, rows; /* rows of this block; row = t * group + g */
    int64_t origin;      /* position of t = 0 */
    int64_t keys;        /* keys that exist for this block */
    float *q;            /* [rows/mr][D][mr] */
    float *s;            /* [rows][64] */
    float *o;            /* [rows][D] */
    float *top, *sum;    /* [rows] */
};

static inline int64_t time_of(const struct block *k, int64_t row)
{
    return (k->first + row) / group_of(k->a);
}

static inline int64_t position_of(const struct block *k, int64_t row)
{
    return k->origin + time_of(k, row);
}

static inline int64_t head_of(const struct block *k, int64_t row)
{
    return k->h * group_of(k->a) + (k->first + row) % group_of(k->a);
}

/* Where a row's D numbers are in a [B,T,K,D] tensor. */
static inline int64_t place_of(const struct block *k, int64_t row)
{
    const dio_attend *a = k->a;
    return ((k->b * a->time + time_of(k, row)) * a->heads + head_of(k, row)) * a->size;
}

static inline void begin(struct block *k, const dio_attend *a, int64_t b, int64_t h, int64_t block,
                         float *scratch)
{
    const int64_t each = dio_attend_rows(a->cpu), all = a->time * group_of(a);
    *k = (struct block){.a = a, .b = b, .h = h, .first = block * each};
    k->rows = least(each, all - k->first);
    k->origin = a->start ? a->start[b] : a->keys - a->time;
    k->keys = a->keys;
    if (a->attrs.causal) /* nothing past the last query is read: it may not be written yet */
        k->keys = least(k->keys, position_of(k, k->rows - 1) + 1);
    k->q = scratch;
    k->s = k->q + each * a->size;
    k->o = k->s + each * TILE;
    k->top = k->o + each * a->size;
    k->sum = k->top + each;
}

/* Rows of a [B,T,K,D] tensor as tiles of A: [rows/mr][D][mr]. */
static inline void pack_rows(const struct block *k, const float *from, float *out)
{
    const dio_attend *a = k->a;
    const int64_t mr = a->cpu->mr;
    for (int64_t r = 0; r < k->rows; r += mr) {
        const int64_t rows = least(mr, k->rows - r);
        float *to = out + r * a->size;
        if (group_of(a) == 1) { /* neighbours are a fixed step apart */
            a->cpu->transpose(to, mr, from + place_of(k, r), a->heads * a->size, rows, a->size);
            continue;
        }
        for (int64_t i = 0; i < rows; i++)
            a->cpu->transpose(to + i, mr, from + place_of(k, r + i), a->size, 1, a->size);
    }
}

/* The keys j0.. of a tile that a row sees: from..to. */
static inline void sight(const struct block *k, int64_t row, int64_t j0, int *from, int *to)
{
    const dio_attention_attrs *t = &k->a->attrs;
    const int64_t at = position_of(k, row);
    int64_t lo = 0, hi = k->keys;
    if (t->causal)
        hi = least(hi, at + 1);
    if (t->window > 0 && at - t->window + 1 > 0)
        lo = at - t->window + 1;
    *from = (int)(lo <= j0 ? 0 : least(lo - j0, TILE));
    *to = (int)(hi <= j0 ? 0 : least(hi - j0, TILE));
}

/* The tiles that any row of the block sees, in positions. */
static inline void reach(const struct block *k, int64_t *from, int64_t *to)
{
    const int window = k->a->attrs.window;
    const int64_t first = position_of(k, 0) - window + 1;
    *from = window > 0 && first > 0 ? first / TILE * TILE : 0;
    *to = k->keys;
}

static inline const float *tile_at(const struct block *k, const float *tiles, int64_t j0)
{
    const dio_attend *a = k->a;
    const int64_t each = (a->keys + TILE - 1) / TILE * TILE * a->size;
    return tiles + (k->b * a->key_heads + k->h) * each + j0 * a->size;
}

/* C (+)= A B over any number of rows and columns. */
static inline void product(const dio_cpu *cpu, dio_tile t, int64_t rows, int64_t cols,
                           int64_t tile_step)
{
    const dio_tile whole = t;
    for (int64_t j = 0; j < cols; j += cpu->nr)
        for (int64_t i = 0; i < rows; i += cpu->mr) {
            t.a = whole.a + (tile_step ? i * tile_step : i * whole.a_row);
            t.b = whole.b + j;
            t.c = whole.c + i * whole.c_row + j;
            t.rows = (int)least(cpu->mr, rows - i);
            t.cols = (int)least(cpu->nr, cols - j);
            cpu->tile(&t);
        }
}

/* The rows low..high of the block that see any key of the tile: neighbours, because positions rise
 * with the row. False when there are none. */
static inline bool rows_of_tile(const struct block *k, int64_t j0, int64_t *low, int64_t *high)
{
    int from = 0, to = 0;
    *low = 0;
    *high = k->rows;
    for (; *low < *high && from >= to; (*low)++)
        sight(k, *low, j0, &from, &to);
    if (from >= to)
        return false;
    (*low)--;
    for (from = to = 0; from >= to; (*high)--)
        sight(k, *high - 1, j0, &from, &to);
    (*high)++;
    return true;
}

/* s [rows][64] = packed rows x tile [D][64], for the rows low..high (and a few more, where a tile
 * of A begins before them) and the keys that exist. */
static inline void against_tile(const struct block *k, const float *packed, const float *tile,
                                int64_t j0, int64_t low, int64_t high, float *s)
{
    const dio_cpu *cpu = k->a->cpu;
    const int64_t first = low / cpu->mr * cpu->mr;
    const int64_t keys = least(TILE, (k->keys - j0 + cpu->nr - 1) / cpu->nr * cpu->nr);
    product(cpu,
            (dio_tile){.k = k->a->size,
                       .a = packed + first * k->a->size,
                       .a_row = 1,
                       .a_col = cpu->mr,
                       .b = tile,
                       .b_row = TILE,
                       .c = s + first * TILE,
                       .c_row = TILE},
            high - first, keys, k->a->size);
}

static inline void set_mask(const struct block *k, int64_t row, int64_t j0, dio_score_row *r)
{
    const dio_view *m = &k->a->mask;
    if (!m->data)
        return;
    r->mask = (const float *)m->data + k->b * m->stride[0] + head_of(k, row) * m->stride[1] +
              time_of(k, row) * m->stride[2] + j0 * m->stride[3];
    r->mask_step = m->stride[3];
}
