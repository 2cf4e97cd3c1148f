/* winograd_weights.c: the gradient of a 3x3 kernel with a quarter of the multiplications.
 *
 * It is winograd.c's forward pass read backwards. A tile's 6x6 numbers are transformed as there, so
 * are the 4x4 gradients of its results; at each of 36 points their products are summed over the
 * tiles, in rising order, and 36 sums give the kernel's 9 gradients:
 *
 *     u [36][o][c] = sum over tiles of slope(y) [36][o][t] x in(x) [36][c][t]     w = back(u)
 *
 * Tiles go in blocks. Of a block an item transforms a panel of channels and turns it, so that the
 * register tile finds tiles along k; then an item is a panel of c at one point, over all of o. A
 * strip's lanes are not its tiles in order, so strips go whole: where there is no tile, y is zero.
 */
#include "tensor/cpu/winograd.h"

#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/parts.h"
#include "tensor/cpu/wino_grid.h"

enum {
    POINTS = 36,
    FLOATS = 2 << 20,   /* of a block's two operands: 8 MB */
    U_FLOATS = 4 << 20, /* of the sums, at most */
    PAD = 16,           /* floats between points: see winograd.c */
};

/* In sixteenths of a cycle, as in winograd.c, and what unfolding and turning take. */
bool dio_wino_weights_serve(int64_t c, int64_t o, int64_t oh, int64_t ow)
{
    const int64_t tiles = parts_of(oh, 4) * parts_of(ow, 4);
    if (c < 1 || o < 1 || POINTS * o * round_up(c, 32) > U_FLOATS)
        return false;
    return tiles * (36 * o * c + 466 * c + 400 * o) < oh * ow * (9 * o * c + 88 * c + 4 * o);
}

/* A side of the products: panels `wide` channels wide, [36][panels][block][wide]. */
struct side {
    const float *from;
    int64_t channels, h, w, py, px;
    void (*transform)(const dio_wino_in *p);
    int64_t wide, panels;
    float *to;
    int64_t step; /* between points */
};

struct job {
    const dio_cpu *cpu;
    dio_wino_grid grid;
    int64_t tiles, block;
    struct side x, y;
    float *u, *rooms; /* [36][o][c in whole panels]; [36][nr][nr] a thread */
    int64_t u_row, u_step, room;
    float *out;
    int64_t first, count; /* the block at hand */
    const struct side *side;
};

/* Where a panel's channels begin: panels of y are equally high, those of x whole but the last. */
static int64_t channel_of(const struct job *j, const struct side *s, int64_t panel)
{
    return s == &j->y ? part(s->channels, s->panels, panel) : least(panel * s->wide, s->channels);
}

static void set_side(struct side *s, int64_t wide, int64_t block)
{
    s->wide = wide;
    s->panels = parts_of(s->channels, wide);
    s->step = s->panels * block * wide + PAD;
}

static struct job job_of(const dio_cpu *cpu, const dio_wino *p)
{
    struct job j = {.cpu = cpu, .grid = {4, parts_of(p->oh, 4), parts_of(p->ow, 4)}};
    j.tiles = p->batch * j.grid.down * j.grid.across;
    const int64_t nr = cpu->nr, wide = round_up(p->c, nr) + round_up(p->o, cpu->mr);
    j.block = FLOATS / (POINTS * wide) / nr * nr;
    j.block = j.block < nr ? nr : j.block;
    j.block = least(j.block, round_up(j.tiles, nr));
    j.x = (struct side){.from = p->x,
                        .channels = p->c,
                        .h = p->h,
                        .w = p->w,
                        .py = p->py,
                        .px = p->px,
                        .transform = cpu->wino_in};
    j.y = (struct side){
        .from = p->y, .channels = p->o, .h = p->oh, .w = p->ow, .transform = cpu->wino_slope};
    set_side(&j.x, nr, j.block);
    set_side(&j.y, cpu->mr, j.block);
    j.u_row = j.x.panels * nr;
    j.u_step = p->o * j.u_row + PAD;
    j.room = POINTS * (nr * nr + PAD);
    return j;
}

size_t dio_wino_weights_work(const dio_cpu *cpu, const dio_wino *p)
{
    const struct job j = job_of(cpu, p);
    const int64_t sides = round_up(POINTS * j.x.step, PAD) + round_up(POINTS * j.y.step, PAD);
    const int64_t floats = round_up(POINTS * j.u_step, PAD) + sides + dio_gang_size() * j.room;
    return (size_t)floats * sizeof(float);
}

/* An item is a panel of channels and nr tiles: transformed [36][channels][tiles], then turned. */
static void bring(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const struct side *s = j->side;
    const int64_t nr = j->cpu->nr, lanes = j->cpu->lanes, at = item / s->panels * nr;
    const int64_t panel = item % s->panels, c = channel_of(j, s, panel);
    const int64_t high = channel_of(j, s, panel + 1) - c, step = nr * nr + PAD;
    float *room = j->rooms + thread * j->room;
    for (int64_t t = at; t < at + nr; t += lanes) {
        dio_tile_run run[DIO_WINO_LANES];
        const int64_t count = least(lanes, j->count - t);
        const dio_wino_in in = {
            .x = s->from + c * s->h * s->w,
            .image = s->channels * s->h * s->w,
            .plane = s->h * s->w,
            .h = s->h,
            .w = s->w,
            .row = s->w,
            .py = s->py,
            .px = s->px,
            .channels = high,
            .run = run,
            .runs = dio_wino_runs(&j->grid, j->first + t, count > 0 ? count : 0, run),
            .m = 4,
            .v = room + t - at,
            .v_step = step};
        if (count > 0)
            s->transform(&in);
    }
    /* Whole vectors of channels turn fastest; nobody reads what lies past the last. */
    const int64_t rows = least(s->wide, round_up(high, lanes));
    float *to = s->to + panel * j->block * s->wide + at * s->wide;
    for (int point = 0; point < POINTS; point++)
        j->cpu->transpose(to + point * s->step, s->wide, room + point * step, nr, rows,
                          least(nr, round_up(j->count - at, lanes)));
}

static void bring_side(struct job *j, const struct side *s)
{
    j->side = s;
    dio_gang_run(parts_of(j->count, j->cpu->nr) * s->panels, bring, j);
}

/* A point and a panel of c. */
static void multiply(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const int64_t point = item / j->x.panels, panel = item % j->x.panels, nr = j->cpu->nr;
    const int64_t left = j->x.channels - panel * nr;
    dio_tile t = {.k = round_up(j->count, j->cpu->lanes),
                  .a_row = 1,
                  .a_col = j->y.wide,
                  .b_row = nr,
                  .c_row = j->u_row,
                  .cols = (int)(left < nr ? left : nr),
                  .accumulate = j->first > 0};
    t.b = j->x.to + point * j->x.step + panel * j->block * nr;
    for (int64_t i = 0; i < j->y.panels; i++) {
        const int64_t o = channel_of(j, &j->y, i);
        t.a = j->y.to + point * j->y.step + i * j->block * j->y.wide;
        t.rows = (int)(channel_of(j, &j->y, i + 1) - o);
        t.c = j->u + point * j->u_step + o * j->u_row + panel * nr;
        j->cpu->tile(&t);
    }
}

/* Six numbers to three, `step` apart: the transpose of what a kernel goes through. */
static void back(const float *u, int64_t step, float *g)
{
    const float s = 0.70710678118654752f, r = 1.41421356237309505f;
    const float near = u[step] + u[2 * step], far = u[3 * step] + u[4 * step];
    g[0] = u[0] + (far * (1.0f / 6) - near * (2.0f / 3));
    g[1] = (u[3 * step] - u[4 * step]) * (r / 6) - (u[step] - u[2 * step]) * (s * 2 / 3);
    g[2] = (far - near) * (1.0f / 3) + u[5 * step];
}

static void bring_back(void *user, int64_t o, int thread)
{
    (void)thread;
    const struct job *j = user;
    for (int64_t c = 0; c < j->x.channels; c++) {
        float u[POINTS], mid[6 * 3], *w = j->out + (o * j->x.channels + c) * 9;
        for (int point = 0; point < POINTS; point++)
            u[point] = j->u[point * j->u_step + o * j->u_row + c];
        for (int row = 0; row < 6; row++)
            back(u + row * 6, 1, mid + row * 3);
        for (int col = 0; col < 3; col++) {
            float g[3];
            back(mid + col, 3, g);
            for (int row = 0; row < 3; row++)
                w[row * 3 + col] = g[row];
        }
    }
}

void dio_wino_weights_run(const dio_cpu *cpu, const dio_wino *p, float *w, void *work)
{
    struct job j = job_of(cpu, p);
    memset(w, 0, (size_t)(p->o * p->c * 9) * sizeof *w);
    if (!j.tiles)
        return;
    j.out = w;
    j.u = work;
    j.x.to = j.u + round_up(POINTS * j.u_step, PAD);
    j.y.to = j.x.to + round_up(POINTS * j.x.step, PAD);
    j.rooms = j.y.to + round_up(POINTS * j.y.step, PAD);
    for (; j.first < j.tiles; j.first += j.block) {
        j.count = least(j.block, j.tiles - j.first);
        bring_side(&j, &j.x);
        bring_side(&j, &j.y);
        dio_gang_steal(POINTS * j.x.panels, multiply, &j);
    }
    dio_gang_run(p->o, bring_back, &j);
}
