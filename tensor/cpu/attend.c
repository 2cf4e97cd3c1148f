/* attend.c: see attend.h. Products run on the register tile, the softmax between them on
 * score_row; a block's scores (rows x 64) and sums (rows x D) stay in the second cache.
 */
#include "tensor/cpu/attend.h"

#include <math.h>
#include <string.h>

#include "tensor/cpu/attend_impl.h"

enum { TILES_OF_ROWS = 4 };

int64_t dio_attend_rows(const dio_cpu *cpu)
{
    return TILES_OF_ROWS * cpu->mr;
}

int64_t dio_attend_blocks(const dio_attend *a)
{
    const int64_t rows = a->time * group_of(a), each = dio_attend_rows(a->cpu);
    return (rows + each - 1) / each;
}

/* Queries, scores, sums, two numbers a row; backwards gradients and rows beside the tiles. */
int64_t dio_attend_scratch(const dio_cpu *cpu, int64_t size, bool backward)
{
    const int64_t rows = dio_attend_rows(cpu), forward = rows * (2 * size + TILE + 2);
    return forward + (backward ? rows * (3 * size + TILE) + TILE : 0) + 16;
}

static const float *values_at(const struct block *k, int64_t j0)
{
    const dio_attend *a = k->a;
    return a->v + k->b * a->v_batch + k->h * a->v_head + j0 * a->v_row;
}

/* One tile of keys: scores, weights, weighted values. Rows that see none of it are left alone. */
static void do_tile(const struct block *k, int64_t j0)
{
    const dio_attend *a = k->a;
    int64_t low, high;
    if (!rows_of_tile(k, j0, &low, &high))
        return;
    against_tile(k, k->q, tile_at(k, a->tiles, j0), j0, low, high, k->s);
    for (int64_t r = low; r < high; r++) {
        dio_score_row row = {.s = k->s + r * TILE,
                             .scale = a->attrs.scale,
                             .softcap = a->attrs.softcap,
                             .top = k->top + r,
                             .sum = k->sum + r,
                             .out = k->o + r * a->size,
                             .size = a->size};
        sight(k, r, j0, &row.from, &row.to);
        set_mask(k, r, j0, &row);
        a->cpu->score_row(&row);
    }
    product(a->cpu,
            (dio_tile){.k = least(TILE, k->keys - j0),
                       .a = k->s + low * TILE,
                       .a_row = TILE,
                       .a_col = 1,
                       .b = values_at(k, j0),
                       .b_row = a->v_row,
                       .c = k->o + low * a->size,
                       .c_row = a->size,
                       .accumulate = true},
            high - low, a->size, 0);
}

/* out = o / sum. Adding 0 turns -0 into 0: a weight of 0 times what an unseen key holds may or
 * may not have been added, which no other number can tell. */
static void end(const struct block *k)
{
    const dio_attend *a = k->a;
    for (int64_t r = 0; r < k->rows; r++) {
        const float scale = k->sum[r] > 0 ? 1 / k->sum[r] : 0;
        a->cpu->axpb(a->out + place_of(k, r), k->o + r * a->size, a->size, scale, 0);
        if (a->lse) /* no key seen: every weight will be 0 again */
            a->lse[(k->b * a->heads + head_of(k, r)) * a->time + time_of(k, r)] =
                k->sum[r] > 0 ? (float)((double)k->top[r] + log((double)k->sum[r])) : INFINITY;
    }
}

void dio_attend_block(const dio_attend *a, int64_t b, int64_t h, int64_t block, float *scratch)
{
    struct block k;
    int64_t from, to;
    begin(&k, a, b, h, block, scratch);
    pack_rows(&k, a->q, k.q);
    memset(k.o, 0, (size_t)(k.rows * a->size) * sizeof *k.o);
    for (int64_t r = 0; r < k.rows; r++) {
        k.top[r] = -INFINITY;
        k.sum[r] = 0;
    }
    reach(&k, &from, &to);
    for (int64_t j0 = from; j0 < to; j0 += TILE)
        do_tile(&k, j0);
    end(&k);
}

void dio_attend_tiles(const dio_cpu *cpu, const float *x, int64_t row, int64_t count, int64_t size,
                      float *tiles)
{
    for (int64_t j0 = 0; j0 < count; j0 += TILE, tiles += TILE * size) {
        const int64_t n = least(TILE, count - j0);
        if (n < TILE)
            memset(tiles, 0, (size_t)(TILE * size) * sizeof *tiles);
        cpu->transpose(tiles, TILE, x + j0 * row, row, n, size);
    }
}
