/* gemm.c: products of any shape from the register tile.
 *
 * B is cut into blocks of KC x NC, laid out in panels once by the whole gang, and kept in the last
 * cache; each item then lays out its rows of A for its own thread and walks the panels. A weight
 * that was packed before is used where it stands (f32, pairs) or widened block by block (halves).
 * Few rows over a packed weight take the strips, which stream it once at the memory's speed.
 *
 * No cut changes a bit: an element's sum is one chain over k, and between blocks of k it rests in
 * C as the same float that the register held.
 */
#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/gemm_impl.h"
#include "tensor/cpu/parts.h"

enum {
    KC = 1024,      /* C is read and written once in KC: what that costs outweighs that a panel of
                       B, 32 columns, comes from the second cache for every tile */
    MC = 112,       /* rows of A, MC x KC floats: under half of a 1 MB second cache */
    NC = 1024,      /* columns of B laid out at a time: 4 MB in the last cache */
    NC_ALONE = 512, /* the same when each thread has a product of its own */
    ROWS = 8,       /* of an operand whose rows lie along the panels: read whole, some at a time,
                       they come from memory twice as fast as a panel's width of each */
    STRIP_MOST = 8, /* rows up to which strips serve: two rounds over panels in cache */
    COLUMNS_MOST = 512, /* rows up to which a thread widens its own columns of a packed weight */
    DIRECT_MOST = 8,    /* rows up to which laying out B would cost more than it gives */
};

struct job {
    const dio_cpu *cpu;
    const dio_gemm *p;
    bool alone;    /* one thread has this product to itself */
    bool pairs;    /* the fast mode's: see gemm_impl.h */
    int64_t lanes; /* along k, in which depths are counted here */
    float *b_room; /* panels [kc][nr] of the block at hand */
    float *a_room; /* a_size lanes for each thread; for strips A in pairs, [m][lanes] */
    int64_t a_size;
    int64_t kc, nc;        /* block sizes of this product */
    int64_t blocks;        /* of rows, equal within one */
    int64_t j0, k0;        /* the block at hand: its first column and k */
    int64_t width, depth;  /* and its extent */
    int64_t groups, group; /* column groups of an item row, and their width */
};

static struct job job_of(const dio_cpu *cpu, const dio_gemm *p, bool alone)
{
    return (struct job){.cpu = cpu,
                        .p = p,
                        .alone = alone,
                        .pairs = dio_gemm_in_pairs(cpu, p->b_dtype),
                        .lanes = dio_gemm_lanes(cpu, p->b_dtype, p->k)};
}

static void spread(struct job *j, int64_t items, dio_gang_fn *fn)
{
    if (j->alone)
        for (int64_t i = 0; i < items; i++)
            fn(j, i, 0);
    else
        dio_gang_steal(items, fn, j);
}

/* Bias and activation, once the sums of these elements are complete. */
static void finish(const dio_cpu *cpu, const dio_gemm *p, int64_t i0, int64_t rows, int64_t j0,
                   int64_t cols)
{
    const int act = dio_act_unary(p->act);
    if (!p->bias && !p->row_bias && act < 0)
        return;
    for (int64_t i = i0; i < i0 + rows; i++) {
        float *c = p->c + i * p->c_row + j0;
        if (p->row_bias)
            cpu->add(c, c, p->row_bias + i, cols, 1, 0);
        if (p->bias)
            cpu->add(c, c, p->bias + j0, cols, 1, 1);
        if (act >= 0)
            cpu->unary[act](c, c, cols, 0, 0);
    }
}

/* Packed as the tiles read it. */
static bool stands(const struct job *j)
{
    return j->p->packed && (j->p->b_dtype == DIO_F32 || j->pairs);
}

/* B's rows can be read where they are. */
static bool direct(const dio_gemm *p)
{
    return !p->packed && p->b_dtype == DIO_F32 && p->b_col == 1 && p->m <= DIRECT_MOST;
}

/* An item is one panel, or some rows of all panels when they lie along B's rows. */
static void lay_out_b(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const int64_t nr = j->cpu->nr, panels = parts_of(j->width, nr);
    const bool rows = j->p->b_col == 1;
    const int64_t first = rows ? 0 : item, last = rows ? panels : item + 1;
    const int64_t k = rows ? item * ROWS : 0, depth = rows ? least(ROWS, j->depth - k) : j->depth;
    for (int64_t i = first; i < last; i++)
        dio_gemm_pack_b(j->cpu, j->p, j->j0 + i * nr, j->k0 + k, depth,
                        j->b_room + (i * j->depth + k) * nr);
}

static void lay_out_a(const struct job *j, int64_t i0, int64_t rows, float *out)
{
    const int64_t mr = j->cpu->mr, tiles = parts_of(rows, mr);
    const int64_t step = j->p->a_row == 1 ? ROWS : j->depth;
    for (int64_t k = 0; k < j->depth; k += step)
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t i = part(rows, tiles, t);
            dio_gemm_pack_a(j->cpu, j->p, i0 + i, (int)(part(rows, tiles, t + 1) - i), j->k0 + k,
                            least(step, j->depth - k), out + (t * j->depth + k) * mr);
        }
}

/* The panel that starts at column `col` of C, and its row stride. */
static const float *panel(const struct job *j, int64_t col, int64_t *row)
{
    const dio_gemm *p = j->p;
    *row = j->cpu->nr;
    if (stands(j))
        return (const float *)p->packed + col * j->lanes + j->k0 * j->cpu->nr;
    if (!direct(p))
        return j->b_room + (col - j->j0) * j->depth;
    *row = p->b_row;
    return (const float *)p->b + j->k0 * p->b_row + col;
}

/* One block of rows times one group of panels. The block's tiles are equally high too: a tile of 13
 * rows is as fast for its size as one of 14, a tile of 2 is not. */
static void do_block(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const dio_gemm *p = j->p;
    const dio_cpu *cpu = j->cpu;
    void (*const tile)(const dio_tile *t) = j->pairs ? cpu->pairs->tile : cpu->tile;
    const int64_t block = item / j->groups, i0 = part(p->m, j->blocks, block);
    const int64_t rows = part(p->m, j->blocks, block + 1) - i0;
    const int64_t tiles = parts_of(rows, cpu->mr), step = cpu->mr * j->depth;
    const int64_t from = j->j0 + item % j->groups * j->group;
    const int64_t to = least(from + j->group, j->j0 + j->width);
    float *a = j->a_room + thread * j->a_size;
    lay_out_a(j, i0, rows, a);
    dio_tile t = {.k = j->depth,
                  .a_row = 1,
                  .a_col = cpu->mr,
                  .c_row = p->c_row,
                  .accumulate = p->accumulate || j->k0 > 0};
    for (int64_t col = from; col < to; col += cpu->nr) {
        t.b = panel(j, col, &t.b_row);
        t.cols = (int)least(cpu->nr, to - col);
        for (int64_t r = 0; r < tiles; r++) {
            const int64_t i = part(rows, tiles, r);
            t.a = a + r * step;
            t.rows = (int)(part(rows, tiles, r + 1) - i);
            t.c = p->c + (i0 + i) * p->c_row + col;
            tile(&t);
        }
    }
    if (j->k0 + j->depth >= j->lanes)
        finish(cpu, p, i0, rows, from, to - from);
}

/* Blocks of about equal size: K = 1100 is two of 550, not 1024 and 76. */
static int64_t even(int64_t whole, int64_t most, int64_t step)
{
    const int64_t parts = parts_of(whole, most);
    return parts ? round_up(parts_of(whole, parts), step) : step;
}

static void set_blocks(struct job *j, int threads)
{
    const dio_gemm *p = j->p;
    const int64_t mr = j->cpu->mr;
    j->kc = even(j->lanes, KC, 1);
    j->nc = even(p->n, j->alone ? NC_ALONE : NC, j->cpu->nr);
    j->blocks = parts_of(p->m, MC);
    if (!j->alone) { /* the same number for each thread, at least two */
        j->blocks = round_up(j->blocks, threads);
        j->blocks = j->blocks < 2 * threads ? 2 * threads : j->blocks;
    }
    j->blocks = least(j->blocks, parts_of(p->m, mr));
    j->a_size = round_up(parts_of(parts_of(p->m, j->blocks), mr) * mr * j->kc, 16);
}

static void by_tiles(struct job *j, int threads)
{
    const dio_gemm *p = j->p;
    const int64_t nr = j->cpu->nr;
    for (j->j0 = 0; j->j0 < p->n; j->j0 += j->nc) {
        j->width = least(j->nc, p->n - j->j0);
        const int64_t panels = parts_of(j->width, nr);
        j->groups = j->alone ? 1 : least(parts_of(2 * threads, j->blocks), panels);
        j->group = parts_of(panels, j->groups) * nr;
        j->groups = parts_of(j->width, j->group);
        j->k0 = 0;
        do {
            j->depth = least(j->kc, j->lanes - j->k0);
            if (!stands(j) && !direct(p))
                spread(j, p->b_col == 1 ? parts_of(j->depth, ROWS) : panels, lay_out_b);
            spread(j, j->blocks * j->groups, do_block);
            j->k0 += j->kc;
        } while (j->k0 < j->lanes);
    }
}

/* Few rows, a weight in halves: what widening it costs is then worth keeping in one second cache.
 * All of A is laid out, and an item widens two panels and takes them through it. */
enum { ITEM_PANELS = 2 };

static bool may_be_columns(const struct job *j)
{
    return !j->alone && j->p->b_dtype != DIO_F32 && !j->pairs && j->p->m <= COLUMNS_MOST;
}

static bool is_columns(const struct job *j)
{
    return may_be_columns(j) && j->p->packed;
}

static void lay_out_tile(void *user, int64_t tile, int thread)
{
    (void)thread;
    const struct job *j = user;
    const int64_t tiles = parts_of(j->p->m, j->cpu->mr), i = part(j->p->m, tiles, tile);
    dio_gemm_pack_a(j->cpu, j->p, i, (int)(part(j->p->m, tiles, tile + 1) - i), j->k0, j->depth,
                    j->a_room + tile * j->depth * j->cpu->mr);
}

static void do_columns(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const dio_gemm *p = j->p;
    const int64_t nr = j->cpu->nr, mr = j->cpu->mr, tiles = parts_of(p->m, mr);
    const int64_t from = item * ITEM_PANELS * nr, to = least(from + ITEM_PANELS * nr, p->n);
    float *b = j->b_room + thread * ITEM_PANELS * j->kc * nr;
    for (int64_t col = from; col < to; col += nr)
        dio_gemm_pack_b(j->cpu, p, col, j->k0, j->depth, b + (col - from) * j->depth);
    dio_tile t = {.k = j->depth,
                  .a_row = 1,
                  .a_col = mr,
                  .b_row = nr,
                  .c_row = p->c_row,
                  .accumulate = p->accumulate || j->k0 > 0};
    for (int64_t r = 0; r < tiles; r++) {
        const int64_t i = part(p->m, tiles, r);
        t.a = j->a_room + r * j->depth * mr;
        t.rows = (int)(part(p->m, tiles, r + 1) - i);
        for (int64_t col = from; col < to; col += nr) {
            t.b = b + (col - from) * j->depth;
            t.cols = (int)least(nr, to - col);
            t.c = p->c + i * p->c_row + col;
            j->cpu->tile(&t);
        }
    }
    if (j->k0 + j->depth >= j->lanes)
        finish(j->cpu, p, 0, p->m, from, to - from);
}

static void by_columns(struct job *j)
{
    const int64_t panels = parts_of(j->p->n, j->cpu->nr);
    for (j->k0 = 0; j->k0 < j->lanes; j->k0 += j->kc) {
        j->depth = least(j->kc, j->lanes - j->k0);
        spread(j, parts_of(j->p->m, j->cpu->mr), lay_out_tile);
        spread(j, parts_of(panels, ITEM_PANELS), do_columns);
    }
}

/* Floats of A laid out whole, up to a cache line's end. */
static int64_t columns_a(const struct job *j)
{
    return round_up(parts_of(j->p->m, j->cpu->mr) * j->cpu->mr * j->kc, 16);
}

static bool is_strip(const dio_gemm *p)
{
    return p->packed && p->m <= STRIP_MOST;
}

/* Panels of one item: as many as a strip has in flight, so that threads get equal shares of a
 * narrow weight too (768 columns are 6 items); with a second round of rows, few enough to stay in
 * the second cache for it. */
static int64_t strip_panels(const dio_gemm *p)
{
    return p->m <= DIO_STRIP_ROWS ? 4 : 2;
}

static void do_strip(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_gemm *p = j->p;
    const int64_t width = strip_panels(p) * j->cpu->nr, col = item * width;
    void (*const strip)(const dio_strip *s) = j->pairs ? j->cpu->pairs->strip : j->cpu->strip;
    const size_t size = p->b_dtype == DIO_F32 || j->pairs ? 4 : 2;
    const float *a = j->pairs ? j->a_room : p->a;
    dio_strip s = {.k = j->lanes,
                   .a_row = j->pairs ? j->lanes : p->a_row,
                   .a_col = j->pairs ? 1 : p->a_col,
                   .c_row = p->c_row,
                   .packed = (const char *)p->packed + (size_t)(col * j->lanes) * size,
                   .dtype = p->b_dtype,
                   .cols = least(width, p->n - col),
                   .accumulate = p->accumulate};
    for (int64_t r = 0; r < p->m; r += DIO_STRIP_ROWS) {
        s.rows = (int)least(DIO_STRIP_ROWS, p->m - r);
        s.a = a + r * s.a_row;
        s.c = p->c + r * p->c_row + col;
        strip(&s);
    }
    finish(j->cpu, p, 0, p->m, col, s.cols);
}

/* Strips run in contiguous ranges: a thread streams its own part of the weight, every time. */
static void by_strips(struct job *j)
{
    const int64_t width = strip_panels(j->p) * j->cpu->nr;
    const int64_t items = parts_of(j->p->n, width);
    for (int64_t i = 0; i < j->p->m && j->pairs; i++)
        dio_gemm_round_a(j->cpu, j->p, i, 0, j->lanes, j->a_room + i * j->lanes);
    if (j->alone)
        for (int64_t i = 0; i < items; i++)
            do_strip(j, i, 0);
    else
        dio_gang_run(items, do_strip, j);
}

static void run_one(const dio_cpu *cpu, const dio_gemm *p, bool alone, void *work)
{
    struct job j = job_of(cpu, p, alone);
    const int threads = alone ? 1 : dio_gang_size();
    if (p->m <= 0 || p->n <= 0)
        return;
    j.a_room = j.b_room = work;
    if (is_strip(p)) {
        by_strips(&j);
        return;
    }
    set_blocks(&j, threads);
    if (is_columns(&j)) {
        j.b_room += columns_a(&j);
        by_columns(&j);
        return;
    }
    if (!stands(&j) && !direct(p))
        j.a_room += j.kc * j.nc;
    by_tiles(&j, threads);
}

/* Of whatever way it goes: a plan asks before its weights are packed. Blocks of equal width make
 * fewer columns wider at times (2100 are three of 704, 2040 are two of 1024): room is for those. */
static size_t bytes_of(const dio_cpu *cpu, const dio_gemm *p, bool alone, int threads)
{
    struct job j = job_of(cpu, p, alone);
    set_blocks(&j, threads);
    const int64_t widest = least(round_up(p->n, cpu->nr), alone ? NC_ALONE : NC);
    int64_t most = j.kc * widest + threads * j.a_size;
    const int64_t strips = j.pairs ? least(p->m, STRIP_MOST) * j.lanes : 0;
    most = most > strips ? most : strips;
    if (may_be_columns(&j)) {
        const int64_t columns = columns_a(&j) + threads * ITEM_PANELS * j.kc * cpu->nr;
        most = most > columns ? most : columns;
    }
    return (size_t)round_up(most, 64) * sizeof(float);
}

size_t dio_gemm_work(const dio_cpu *cpu, const dio_gemm *p)
{
    const int threads = dio_gang_size();
    if (p->m <= 0 || p->n <= 0)
        return 64;
    const size_t together = bytes_of(cpu, p, false, threads);
    const size_t alone = bytes_of(cpu, p, true, 1) * (size_t)threads;
    return together > alone ? together : alone;
}

struct batch {
    const dio_cpu *cpu;
    const dio_gemm *p;
    char *work;
    size_t share;
};

static void do_product(void *user, int64_t item, int thread)
{
    const struct batch *b = user;
    run_one(b->cpu, &b->p[item], true, b->work + (size_t)thread * b->share);
}

void dio_gemm_run(const dio_cpu *cpu, const dio_gemm *p, int count, void *work)
{
    const int threads = dio_gang_size();
    /* Few products are each cut among all threads; many go one to a thread. */
    if (count < 2 * threads) {
        for (int i = 0; i < count; i++)
            run_one(cpu, &p[i], false, work);
        return;
    }
    struct batch b = {cpu, p, work, 0};
    for (int i = 0; i < count; i++) {
        size_t bytes = p[i].m > 0 && p[i].n > 0 ? bytes_of(cpu, &p[i], true, 1) : 0;
        b.share = b.share < bytes ? bytes : b.share;
    }
    dio_gang_steal(count, do_product, &b);
}
