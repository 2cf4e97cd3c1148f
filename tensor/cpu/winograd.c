/* winograd.c: 3x3 convolutions of stride 1 with a quarter of the multiplications.
 *
 * The result is cut into tiles of 4x4 (2x2 where there are few), counted from its first row and
 * column through all pictures of the batch. A tile's 6x6 numbers are transformed, so are the
 * kernel's 3x3, the product of both is summed over the channels, in rising order, at each of 36
 * points, and 36 sums give back 16 results:
 *
 *     v [36][c][tiles] = in(x)     u [36][o][c] = kernel(w)     y = out(u x v) + bias
 *
 * Tiles go in blocks, whose v the whole gang makes and then reads from the last cache. An item is
 * some rows of u against a part of the block: it transforms its kernels for some channels at a time
 * (u would be four times the kernel, and halves as stored eight times: too much to keep),
 * multiplies on the register tile of gemm, and transforms its sums back while they are in the
 * second cache. Where u is small and there are many blocks, it is made once for all.
 *
 * Lanes are tiles and sums have one order: threads, batch and blocks change no bit. */
#include "tensor/cpu/winograd.h"

#include "base/gang.h"
#include "tensor/cpu/parts.h"
#include "tensor/cpu/wino_grid.h"

enum {
    V_FLOATS = 4 << 20, /* of a block's v: 16 MB, half of a last cache */
    U_FLOATS = 3 << 20, /* of all kernels up to which they are made once */
    DEPTH = 128,        /* channels whose kernels an item makes at a time */
    PANELS = 2,         /* register tiles high of an item's rows */
    PART = 128,         /* tiles of an item */
    CHANNELS = 16,      /* of an item of the first transform */
    PAD = 16,           /* floats between points: their lines must not meet in one set of a cache */
};

/* In sixteenths of a cycle for one kernel of 3x3, measured with AVX-512: multiplications in vectors
 * of tiles, the pictures' transforms shared by the other side's channels, the kernel's own. */
static int64_t effort(int64_t tiles, int points, int64_t in, int64_t out, int64_t kernel, int64_t c,
                      int64_t o)
{
    return round_up(tiles, 16) * (points + in / o + out / c) + kernel;
}

int dio_wino_tile(int64_t c, int64_t o, int64_t oh, int64_t ow)
{
    if (c < 1 || o < 1)
        return 0;
    const int64_t plain = 9 * oh * ow + oh * ow * 32 / o + 20;
    const int64_t four = effort(parts_of(oh, 4) * parts_of(ow, 4), 36, 250, 170, 190, c, o);
    const int64_t two = effort(parts_of(oh, 2) * parts_of(ow, 2), 16, 110, 80, 110, c, o);
    if (plain <= four && plain <= two)
        return 0;
    return four <= two ? 4 : 2;
}

struct job {
    const dio_cpu *cpu;
    const dio_wino *p;
    int m, points;
    dio_wino_grid grid;
    int64_t tiles;         /* of all pictures */
    int64_t block, blocks; /* tiles of a block */
    int64_t panels, high;  /* of u; their rows, at most */
    bool kept;             /* u is made once */
    int64_t depth;         /* channels at a time */
    int64_t u_step, u_panel, v_step, v_panel, m_step, sums;
    float *u, *v, *rooms; /* a room a thread: kernels, sums */
    int64_t room;
    int64_t first, count; /* the block at hand */
};

static struct job job_of(const dio_cpu *cpu, const dio_wino *p)
{
    const int tile = dio_wino_tile(p->c, p->o, p->oh, p->ow);
    struct job j = {.cpu = cpu, .p = p, .m = tile == 2 ? 2 : 4};
    j.points = (j.m + 2) * (j.m + 2);
    j.grid = (dio_wino_grid){j.m, parts_of(p->oh, j.m), parts_of(p->ow, j.m)};
    j.tiles = p->batch * j.grid.down * j.grid.across;
    int64_t most = V_FLOATS / (j.points * p->c) / cpu->nr * cpu->nr;
    most = most < 2 * cpu->nr ? 2 * cpu->nr : most;
    j.blocks = parts_of(j.tiles, most);
    j.block = round_up(parts_of(j.tiles, j.blocks ? j.blocks : 1), cpu->nr);
    j.panels = parts_of(p->o, cpu->mr);
    j.high = parts_of(p->o, j.panels);
    const int64_t whole = p->c * cpu->mr + PAD;
    j.kept = j.panels * j.points * whole <= U_FLOATS && j.tiles > 2 * PART;
    j.depth = j.kept ? p->c : parts_of(p->c, parts_of(p->c, DEPTH));
    j.u_step = round_up(j.depth * cpu->mr, PAD) + PAD;
    j.u_panel = j.points * j.u_step;
    j.v_panel = p->c * cpu->nr;
    j.v_step = parts_of(j.block, cpu->nr) * j.v_panel + PAD;
    j.m_step = PANELS * j.high * PART + PAD;
    j.sums = j.points * j.m_step;
    j.room = j.sums + (j.kept ? 0 : PANELS * j.u_panel);
    return j;
}

static int64_t u_floats(const struct job *j)
{
    return j->kept ? j->panels * j->u_panel : 0;
}

size_t dio_wino_work(const dio_cpu *cpu, const dio_wino *p)
{
    const struct job j = job_of(cpu, p);
    const int64_t floats = u_floats(&j) + j.points * j.v_step + dio_gang_size() * j.room;
    return (size_t)round_up(floats + 3 * PAD, PAD) * sizeof(float);
}

/* --- tiles --- */

static void bring_in(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const dio_wino *p = j->p;
    const int64_t lanes = j->cpu->lanes, chunks = parts_of(p->c, CHANNELS);
    const int64_t strip = item / chunks, c = item % chunks * CHANNELS, at = strip * lanes;
    dio_tile_run run[DIO_WINO_LANES];
    const int runs = dio_wino_runs(&j->grid, j->first + at, least(lanes, j->count - at), run);
    const dio_wino_in in = {
        .x = p->x + c * p->h * p->w,
        .image = p->c * p->h * p->w,
        .plane = p->h * p->w,
        .row = p->w,
        .h = p->h,
        .w = p->w,
        .py = p->py,
        .px = p->px,
        .channels = least(CHANNELS, p->c - c),
        .run = run,
        .runs = runs,
        .m = j->m,
        .v = j->v + at / j->cpu->nr * j->v_panel + at % j->cpu->nr + c * j->cpu->nr,
        .v_step = j->v_step,
    };
    j->cpu->wino_in(&in);
}

/* --- kernels --- */

/* Rows of a panel. */
static int64_t row_of(const struct job *j, int64_t panel)
{
    return part(j->p->o, j->panels, panel);
}

static void transform_kernels(const struct job *j, int64_t panel, int64_t c, int64_t depth,
                              float *u)
{
    const dio_wino *p = j->p;
    const int64_t o = row_of(j, panel), from = o * p->lane + c * p->channel;
    const dio_wino_kernel kernel = {
        .w = (const char *)p->kernel + (size_t)from * dio_dtype_size(p->dtype),
        .dtype = (int)p->dtype,
        .lane = p->lane,
        .channel = p->channel,
        .channels = depth,
        .lanes = (int)(row_of(j, panel + 1) - o),
        .m = j->m,
        .flip = p->flip,
        .u = u,
        .u_step = j->u_step,
    };
    j->cpu->wino_kernel(&kernel);
}

static void keep_kernels(void *user, int64_t panel, int thread)
{
    (void)thread;
    const struct job *j = user;
    transform_kernels(j, panel, 0, j->p->c, j->u + panel * j->u_panel);
}

/* --- products --- */

/* An item's rows and tiles, and where its sums are. */
struct item {
    int64_t panel, panels; /* register tiles high */
    int64_t at, strips;    /* its first tile within the block */
    float *u, *sums;
};

/* Sums of `depth` channels from c on. */
static void multiply(const struct job *j, const struct item *i, int64_t c, int64_t depth)
{
    const dio_cpu *cpu = j->cpu;
    const int64_t wide = i->strips * cpu->lanes, first = row_of(j, i->panel);
    dio_tile t = {.k = depth,
                  .a_row = 1,
                  .a_col = cpu->mr,
                  .b_row = cpu->nr,
                  .c_row = PART,
                  .accumulate = c > 0};
    for (int point = 0; point < j->points; point++)
        for (int64_t col = 0; col < wide; col += cpu->nr) {
            t.cols = (int)least(cpu->nr, wide - col);
            t.b = j->v + point * j->v_step + (i->at + col) / cpu->nr * j->v_panel + c * cpu->nr;
            for (int64_t panel = 0; panel < i->panels; panel++) {
                const int64_t row = row_of(j, i->panel + panel);
                t.rows = (int)(row_of(j, i->panel + panel + 1) - row);
                t.a = i->u + panel * j->u_panel + point * j->u_step;
                t.c = i->sums + point * j->m_step + (row - first) * PART + col;
                cpu->tile(&t);
            }
        }
}

static void bring_out(const struct job *j, const struct item *i)
{
    const dio_wino *p = j->p;
    const int64_t lanes = j->cpu->lanes, o = row_of(j, i->panel);
    for (int64_t s = 0; s < i->strips; s++) {
        const int64_t at = i->at + s * lanes;
        dio_tile_run run[DIO_WINO_LANES];
        const int runs = dio_wino_runs(&j->grid, j->first + at, least(lanes, j->count - at), run);
        const dio_wino_out out = {
            .m_at = i->sums + s * lanes,
            .m_step = j->m_step,
            .m_row = PART,
            .y = p->y + o * p->oh * p->ow,
            .image = p->o * p->oh * p->ow,
            .plane = p->oh * p->ow,
            .h = p->oh,
            .w = p->ow,
            .bias = p->bias ? p->bias + o : NULL,
            .channels = row_of(j, i->panel + i->panels) - o,
            .run = run,
            .runs = runs,
            .m = j->m,
        };
        j->cpu->wino_out(&out);
    }
}

static void do_item(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t parts = parts_of(j->count, PART), at = item % parts * PART;
    struct item i = {.panel = item / parts * PANELS, .at = at};
    i.panels = least(PANELS, j->panels - i.panel);
    i.strips = parts_of(least(PART, j->count - at), j->cpu->lanes);
    i.sums = j->rooms + thread * j->room;
    i.u = j->kept ? j->u + i.panel * j->u_panel : i.sums + j->sums;
    for (int64_t c = 0; c < j->p->c; c += j->depth) {
        const int64_t depth = least(j->depth, j->p->c - c);
        for (int64_t panel = 0; panel < i.panels && !j->kept; panel++)
            transform_kernels(j, i.panel + panel, c, depth, i.u + panel * j->u_panel);
        multiply(j, &i, c, depth);
    }
    bring_out(j, &i);
}

void dio_wino_run(const dio_cpu *cpu, const dio_wino *p, void *work)
{
    struct job j = job_of(cpu, p);
    j.u = work;
    j.v = j.u + round_up(u_floats(&j), PAD);
    j.rooms = j.v + round_up(j.points * j.v_step, PAD);
    if (j.kept)
        dio_gang_run(j.panels, keep_kernels, &j);
    for (j.first = 0; j.first < j.tiles; j.first += j.block) {
        j.count = least(j.block, j.tiles - j.first);
        dio_gang_run(parts_of(j.count, cpu->lanes) * parts_of(p->c, CHANNELS), bring_in, &j);
        dio_gang_steal(parts_of(j.panels, PANELS) * parts_of(j.count, PART), do_item, &j);
    }
}
