/* toom.c: convolutions of stride 1 along a signal with about half of the multiplications.
 *
 * Toom and Cook's way, as Winograd's for pictures (winograd.c): four results of a kernel of r taps
 * need not 4 r products but one at each of r + 3 points. A tile is four results that stand as far
 * apart as the kernel's taps, so tiles of a dilated kernel interleave; it is lane
 * t * dilation + phase. Its numbers are transformed, so are the kernel's taps, products are summed
 * over the channels at each point, and the sums give back the results:
 *
 *     v [points][c][lanes] = in(x)     u [points][o][c][pieces] = kernel(w)     y = out(u v) + bias
 *
 * A long kernel is cut into pieces of four taps: what piece i + 1 reads is what piece i reads for
 * the next tile, so one v serves all, `dilation` lanes on. That is a convolution along v, which the
 * register tile of line.c computes. Products for a result, by kernel:
 *
 *     taps    3     5     7     11
 *     points  6     8    10      7 with 3 pieces
 *     plain   3     5     7     11
 *     here  1.5   2.0   2.5   5.25
 *
 * An item is some outputs over a block of tiles, whose v it makes in its thread's second cache.
 * Tiles are counted from place 0, whatever block they fall into, and each is computed alike:
 * neither blocks, threads, batch nor the signal's length change a bit. Where a signal is cut does,
 * unless at a multiple of a tile: dio_conv_tile_of says it to those who cut. */
#include "tensor/cpu/toom.h"

#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/conv_span.h"
#include "tensor/cpu/parts.h"

enum {
    M = DIO_TOOM_RESULTS,
    PANEL = 112 << 10, /* floats of a block's v: 448 KB of a second cache of 1 MB */
    LANES_MOST = 512,
    ITEMS = 4,        /* a thread has at least */
    LEAST_PANELS = 4, /* of kernels, that an item takes: they share its v */
    CHANNELS = 32,    /* whose kernels are laid out at a time */
    LINE = 16,        /* floats of a cache line */
};

struct job {
    const dio_cpu *cpu;
    const dio_line *p;
    dio_toom_form form;
    int64_t d, tiles;      /* of the signal */
    int64_t blocks, most;  /* of tiles; tiles of one, at most */
    int64_t panels, parts; /* of outputs, and of those over items */
    int64_t v_row;         /* floats of a point and channel of v, with what later pieces read */
    int64_t part, x_row;   /* floats of a quarter of a signal's row; of the row */
    int64_t y_part;        /* of a row of results */
    int64_t x, parts_at, v, sums, y, row, room; /* where a thread's rooms begin; all of it */
    int64_t at[DIO_TOOM_PIECES];
    float *u, *rooms;
};

/* Lanes that are made for so many tiles. */
static int64_t lanes_of(const struct job *j, int64_t tiles)
{
    return round_up(round_up(tiles * j->d, j->cpu->nr) + (j->form.pieces - 1) * j->d, LINE);
}

/* Tiles whose numbers those lanes read. */
static int64_t reads_of(const struct job *j, int64_t tiles)
{
    return parts_of(lanes_of(j, tiles), j->d) + (j->form.points - 1) / M;
}

static int64_t odd_lines(int64_t floats)
{
    return (parts_of(floats, LINE) | 1) * LINE;
}

static void set_rooms(struct job *j)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t reads = reads_of(j, j->most), slack = 4 * LINE, mr = j->cpu->mr;
    j->v_row = odd_lines(lanes_of(j, j->most));
    j->part = odd_lines(reads * j->d + slack);
    j->x_row = odd_lines(M * reads * j->d + M * slack);
    j->y_part = odd_lines(j->most * j->d + slack);
    j->x = 0;
    j->parts_at = j->x + j->x_row;
    j->v = j->parts_at + M * j->part;
    j->sums = j->v + j->form.points * s->c * j->v_row;
    j->y = j->sums + j->form.points * mr * j->cpu->nr;
    j->row = j->y + mr * M * j->y_part;
    j->room = j->row + odd_lines(M * j->most * j->d + M * slack);
    const int64_t lay = round_up(2 * mr * CHANNELS * s->kw, LINE);
    j->room = j->room > lay ? j->room : lay;
}

static struct job job_of(const dio_cpu *cpu, const dio_line *p)
{
    const dio_conv_shape *s = p->s;
    struct job j = {.cpu = cpu, .p = p, .form = dio_toom_form_of(s->kw), .d = s->dw};
    const int64_t threads = dio_gang_size();
    j.tiles = parts_of(s->ow, M * j.d);
    j.most = least(LANES_MOST, PANEL / (j.form.points * s->c)) / cpu->nr * cpu->nr / j.d;
    j.most =
        least(j.most < 1 ? 1 : j.most, j.tiles); /* whatever the threads: scratch is made for it */
    j.blocks = least(j.tiles, round_up(parts_of(j.tiles, j.most ? j.most : 1), threads));
    j.panels = parts_of(s->o, cpu->mr);
    j.parts = 1;
    while (s->batch * j.blocks * j.parts < ITEMS * threads &&
           j.panels / j.parts >= 2 * LEAST_PANELS)
        j.parts *= 2;
    for (int i = 0; i < j.form.pieces; i++)
        j.at[i] = i * j.d;
    set_rooms(&j);
    return j;
}

static int64_t kernel_floats(const struct job *j)
{
    const dio_conv_shape *s = j->p->s;
    return round_up(s->o * s->c * j->form.pieces * j->form.points, LINE);
}

size_t dio_toom_work(const dio_cpu *cpu, const dio_line *p)
{
    const struct job j = job_of(cpu, p);
    return (size_t)(kernel_floats(&j) + dio_gang_size() * j.room) * sizeof(float);
}

/* --- kernels --- */

static int64_t row_of(const struct job *j, int64_t panel)
{
    return part(j->p->s->o, j->panels, panel);
}

/* Numbers of one point of a panel of so many rows. */
static int64_t point_floats(const struct job *j, int64_t rows)
{
    return rows * j->p->s->c * j->form.pieces;
}

static float *panel_at(const struct job *j, int64_t panel)
{
    return j->u + j->form.points * point_floats(j, row_of(j, panel));
}

static void lay_out(void *user, int64_t panel, int thread)
{
    const struct job *j = user;
    const dio_conv_shape *s = j->p->s;
    const int64_t o = row_of(j, panel), rows = row_of(j, panel + 1) - o, depth = s->c * s->kw;
    float *room = j->rooms + thread * j->room, *wide = room + j->cpu->mr * CHANNELS * s->kw;
    float *u = panel_at(j, panel);
    for (int64_t c = 0; c < s->c; c += CHANNELS) {
        const int64_t count = least(CHANNELS, s->c - c), from = o * depth + c * s->kw;
        const float *w = (const float *)j->p->kernel + from;
        int64_t row = depth;
        if (s->kernel != DIO_F32) {
            row = count * s->kw;
            for (int64_t r = 0; r < rows; r++)
                j->cpu->to_f32(wide + r * row, (const uint16_t *)j->p->kernel + from + r * depth,
                               (int)s->kernel, row);
            w = wide;
        }
        j->cpu->transpose(room, rows, w, row, rows, count * s->kw);
        j->cpu->toom_kernel(&j->form, room, count, (int)s->kw, (int)rows,
                            u + c * j->form.pieces * rows, point_floats(j, rows));
    }
}

/* --- blocks --- */

struct item {
    int64_t image, panel, last; /* of kernels */
    int64_t tile, tiles;
    float *room;
};

/* Rows of a signal lie far apart, and a page is where the machine's own looking ahead ends. */
static void fetch(const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i += LINE)
        __builtin_prefetch(x + i, 0, 2);
}

/* A signal's numbers from the block's first on, zeros beside it. */
static void copy_row(const struct job *j, const struct item *i, const float *x, const float *next,
                     int64_t count)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t start = i->tile * M * j->d - s->pw;
    float *to = i->room + j->x;
    int64_t lo, hi;
    inside(start, 1, s->w, count, &lo, &hi);
    if (next)
        fetch(next + start + lo, hi - lo);
    memset(to, 0, (size_t)lo * sizeof *to);
    if (hi > lo && j->p->leaky)
        j->cpu->unary[DIO_U_LEAKY_RELU](to + lo, x + start + lo, hi - lo, j->p->slope, 0);
    else if (hi > lo)
        memcpy(to + lo, x + start + lo, (size_t)(hi - lo) * sizeof *to);
    memset(to + hi, 0, (size_t)(j->x_row - hi) * sizeof *to);
}

/* Where kernels are not dilated, and a block reads nothing beside the signal, it is read in place.
 */
static void transform(const struct job *j, const struct item *i)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t reads = reads_of(j, i->tiles), start = i->tile * M - s->pw;
    const bool there = j->d == 1 && start >= 0 && start + M * round_up(reads, LINE) <= s->w;
    dio_toom_in in = {.form = &j->form,
                      .leaky = there && j->p->leaky,
                      .slope = j->p->slope,
                      .channels = 1,
                      .dilation = j->d,
                      .tiles = reads,
                      .parts = i->room + j->parts_at,
                      .part = j->part,
                      .v_point = s->c * j->v_row,
                      .lanes = lanes_of(j, i->tiles)};
    for (int64_t c = 0; c < s->c; c++) {
        const float *x = j->p->x + (i->image * s->c + c) * s->w;
        const float *next = c + 1 < s->c ? x + s->w : NULL;
        in.x = there ? x + start : i->room + j->x;
        in.v = i->room + j->v + c * j->v_row;
        if (!there)
            copy_row(j, i, x, next, M * reads * j->d);
        else if (next)
            fetch(next + start, M * reads);
        j->cpu->toom_in(&in);
    }
}

/* Results of one output, in the signal's order. */
static void write_row(const struct job *j, const struct item *i, int64_t o, const float *parts)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t first = i->tile * M * j->d, at = (i->image * s->o + o) * s->ow + first;
    const int64_t count = least(i->tiles * M * j->d, s->ow - first);
    const int64_t whole = j->d == 1 ? count / M / LINE * LINE : 0; /* tiles that go there at once */
    float *row = i->room + j->row, *y = j->p->y + at + M * whole;
    const float *add = j->p->add ? j->p->add + at : NULL;
    if (whole)
        j->cpu->toom_join(j->p->y + at, add, parts, j->y_part, 1, whole);
    j->cpu->toom_join(row, NULL, parts + whole, j->y_part, j->d, i->tiles - whole);
    if (add)
        j->cpu->add(y, row, add + M * whole, count - M * whole, 1, 1);
    else
        memcpy(y, row, (size_t)(count - M * whole) * sizeof *row);
}

static void do_panel(const struct job *j, const struct item *i, int64_t panel)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t nr = j->cpu->nr, mr = j->cpu->mr, o = row_of(j, panel);
    const int64_t rows = row_of(j, panel + 1) - o, lanes = i->tiles * j->d;
    float *sums = i->room + j->sums, *y = i->room + j->y;
    dio_toom_out out = {.form = &j->form,
                        .sums = sums,
                        .point = mr * nr,
                        .bias = j->p->bias ? j->p->bias + o : NULL,
                        .y_row = M * j->y_part,
                        .y_part = j->y_part,
                        .rows = (int)rows};
    dio_line_tile t = {.channels = s->c,
                       .taps = j->form.pieces,
                       .x_row = j->v_row,
                       .at = j->at,
                       .y_row = nr,
                       .rows = (int)rows};
    const int64_t first = i->tile * M * j->d, count = least(M * lanes, s->ow - first);
    for (int64_t r = 0; r < rows; r++) {
        const int64_t row = (i->image * s->o + o + r) * s->ow + first;
        fetch(j->p->y + row, count);
        if (j->p->add)
            fetch(j->p->add + row, count);
    }
    for (int64_t at = 0; at < lanes; at += nr) {
        t.cols = least(nr, lanes - at) > nr / 2 ? (int)nr : (int)nr / 2; /* whole vectors */
        for (int k = 0; k < j->form.points; k++) {
            t.w = panel_at(j, panel) + k * point_floats(j, rows);
            t.x = i->room + j->v + k * s->c * j->v_row + at;
            t.y = sums + k * mr * nr;
            j->cpu->line(&t);
        }
        out.y = y + at;
        out.lanes = t.cols;
        j->cpu->toom_out(&out);
    }
    for (int64_t r = 0; r < rows; r++)
        write_row(j, i, o + r, y + r * M * j->y_part);
}

static void do_item(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t block = item / j->parts % j->blocks, share = item % j->parts;
    struct item i = {.image = item / j->parts / j->blocks,
                     .panel = part(j->panels, j->parts, share),
                     .last = part(j->panels, j->parts, share + 1),
                     .tile = part(j->tiles, j->blocks, block),
                     .room = j->rooms + thread * j->room};
    i.tiles = part(j->tiles, j->blocks, block + 1) - i.tile;
    transform(j, &i);
    for (int64_t panel = i.panel; panel < i.last; panel++)
        do_panel(j, &i, panel);
}

void dio_toom_run(const dio_cpu *cpu, const dio_line *p, void *work)
{
    struct job j = job_of(cpu, p);
    if (!j.tiles || !p->s->batch)
        return;
    j.u = work;
    j.rooms = j.u + kernel_floats(&j);
    dio_gang_run(j.panels, lay_out, &j);
    dio_gang_steal(p->s->batch * j.blocks * j.parts, do_item, &j);
}
