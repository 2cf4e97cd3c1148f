/* line.c: convolutions along a signal, on a register tile that reads the signal itself.
 *
 *     plain        y[o,q]           = bias[o] + sum over c,k of w[o,c,k] x[c, q s + k d - p]
 *     transposed   y[o,q s + j d - p] = bias[o] + sum over c,i of w[c,o,k] x[c, q - i n d / s]
 *                                     with n = s / gcd(s,d), k = j + i n, j < n
 *
 * Neither makes columns: a tile of outputs and places goes over a few channels' rows, each read
 * once a tap, some places on. A transposed convolution is a plain one of n times the outputs and of
 * few taps, whose results stand side by side; a stride in a plain one parts what it reads into n
 * phases instead.
 *
 * Kernels are laid out once a call, as the tile reads them. An item is some outputs over a block of
 * places: it copies what these read, with zeros beyond the ends, into a panel that stays in its
 * thread's second cache. Every sum is one chain from the bias, over channels and then taps in
 * rising order: neither blocks, threads, batch nor the signal's length change a bit. */
#include "tensor/cpu/line.h"

#include <string.h>

#include "base/gang.h"
#include "tensor/cpu/conv_span.h"
#include "tensor/cpu/parts.h"

enum {
    PANEL = 96 << 10,     /* floats: 384 KB of a second cache of 1 MB; kernels take some, too */
    PANEL_MOST = 1 << 20, /* of one channel over NARROW places */
    NARROW = 64,          /* at least a register tile's */
    TAPS_MOST = 1 << 16,
    BLOCK_TILES = 4,       /* of a block for which channels are counted */
    BLOCK_PLACES = 4096,   /* at most */
    ITEMS = 8,             /* a thread has at least, so that threads end together */
    LEAST_PANELS = 4,      /* of kernels, that an item takes: they share its copy of the signal */
    ALONE = 1 << 14,       /* floats of kernels that one thread lays out before others are awake */
    LINE = 16,             /* floats of a cache line */
    PIECE = 512,           /* of a kernel in halves, widened at a time */
    TILE_FLOATS = 14 * 32, /* of a register tile, at most */
};

struct job {
    const dio_cpu *cpu;
    const dio_line *p;
    int64_t in, from, to;    /* channels a group; places of a row read, and made */
    int64_t outs, rows;      /* channels made, and rows of sums: phases of each where transposed */
    int64_t phases, made;    /* that taps belong to; of these, made beside each other */
    int64_t read;            /* or parts of a panel's row */
    int64_t period, taps;    /* from a tap of a row to the next; of a row */
    int64_t first, places;   /* q */
    int64_t reach;           /* places beyond its own that a sum reads */
    int64_t most, depth;     /* places and channels of a panel */
    int64_t span, row;       /* floats of a part of its row, and of a row */
    int64_t tiles, blocks;   /* of places */
    int64_t panels, parts;   /* of rows, and of those over items */
    int64_t *at;             /* [taps]: where in a panel's row they read */
    float *w, *bias, *rooms; /* [groups][panels][in][taps][rows]; [groups][rows]; one a thread */
    int64_t room;
};

static int64_t common(int64_t a, int64_t b)
{
    return b ? common(b, a % b) : a;
}

/* Floats of a panel's row for n places. Odd lines: rows must not meet in one set of a cache. */
static int64_t row_floats(const struct job *j, int64_t n)
{
    return (parts_of(j->read * (n + j->reach), LINE) | 1) * LINE;
}

/* Rounded down. */
static int64_t quotient(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

static void set_geometry(struct job *j)
{
    const dio_conv_shape *s = j->p->s;
    const bool back = j->p->back;
    const int64_t n = s->sw / common(s->sw, s->dw);
    j->phases = least(n, s->kw);
    j->made = back ? j->phases : 1;
    j->read = back ? 1 : j->phases;
    j->in = back ? s->o : s->c;
    j->outs = back ? s->c : s->o;
    j->rows = j->outs * j->made;
    j->from = back ? s->ow : s->w;
    j->to = back ? s->w : s->ow;
    j->period = back ? n : 1;
    j->taps = parts_of(s->kw, j->period);
    j->reach = back ? (j->taps - 1) * (n * s->dw / s->sw) : (s->kw - 1) * s->dw / s->sw;
    j->first = back ? quotient(s->pw - (j->made - 1) * s->dw, s->sw) : 0;
    j->places = back ? quotient(s->pw + s->w - 1, s->sw) - j->first + 1 : s->ow;
}

static struct job job_of(const dio_cpu *cpu, const dio_line *p)
{
    struct job j = {.cpu = cpu, .p = p};
    set_geometry(&j);
    const int64_t nr = cpu->nr, images = p->s->batch * p->s->groups, threads = dio_gang_size();
    const int64_t depth = PANEL / row_floats(&j, BLOCK_TILES * nr);
    j.depth = parts_of(j.in, parts_of(j.in, depth > 1 ? depth : 1));
    j.most = (PANEL / (j.depth ? j.depth : 1) / j.read - j.reach) / nr * nr;
    j.most = j.most < nr ? nr : least(j.most, BLOCK_PLACES);
    j.span = j.most + j.reach;
    j.row = row_floats(&j, j.most);
    j.tiles = parts_of(j.places, nr);
    j.blocks = parts_of(j.tiles, j.most / nr);
    j.blocks = least(j.tiles, round_up(j.blocks, threads));
    j.panels = parts_of(j.rows, cpu->mr);
    j.parts = 1;
    while (images * j.blocks * j.parts < ITEMS * threads && j.panels / j.parts >= 2 * LEAST_PANELS)
        j.parts *= 2;
    const int64_t lay = cpu->mr * PIECE;
    j.room = round_up(lay > j.depth * j.row ? lay : j.depth * j.row, LINE) + LINE;
    return j;
}

bool dio_line_serves(const dio_conv_shape *s)
{
    const dio_line p = {.s = s};
    struct job j = {.p = &p};
    if (s->h != 1 || s->kh != 1 || s->ph != 0 || s->c < 1 || s->o < 1 || s->kw < 1 ||
        s->kw > TAPS_MOST)
        return false;
    set_geometry(&j);
    return j.reach < PANEL_MOST / j.read && row_floats(&j, NARROW) <= PANEL_MOST;
}

static int64_t at_floats(const struct job *j)
{
    return round_up(j->taps * (int64_t)(sizeof *j->at / sizeof(float)), LINE);
}

static int64_t bias_floats(const struct job *j)
{
    return round_up(j->p->s->groups * j->rows, LINE);
}

static int64_t kernel_floats(const struct job *j)
{
    return round_up(j->p->s->groups * j->rows * j->in * j->taps, LINE);
}

size_t dio_line_work(const dio_cpu *cpu, const dio_line *p)
{
    const struct job j = job_of(cpu, p);
    const int64_t rooms = dio_gang_size() * j.room;
    return (size_t)(at_floats(&j) + bias_floats(&j) + kernel_floats(&j) + rooms) * sizeof(float);
}

static void find_taps(struct job *j)
{
    const dio_conv_shape *s = j->p->s;
    for (int64_t k = 0; k < j->taps; k++)
        j->at[k] = j->p->back ? j->reach - k * (j->period * s->dw / s->sw)
                              : k % j->phases * j->span + k * s->dw / s->sw;
}

static void spread_bias(struct job *j)
{
    for (int64_t i = 0; i < j->p->s->groups * j->rows; i++)
        j->bias[i] = j->p->bias ? j->p->bias[i / j->made] : 0;
}

/* --- kernels --- */

/* Where panel i begins. */
static int64_t row_of(const struct job *j, int64_t i)
{
    return part(j->rows, j->panels, i);
}

static float *panel_at(const struct job *j, int64_t group, int64_t i)
{
    return j->w + (group * j->rows + row_of(j, i)) * j->in * j->taps;
}

/* Rows are outputs, one after the other in memory. */
static void lay_out(const struct job *j, int64_t group, int64_t i, float *room)
{
    const int64_t depth = j->in * j->taps, o = row_of(j, i), rows = row_of(j, i + 1) - o;
    const int64_t from = (group * j->rows + o) * depth;
    const dio_dtype dtype = j->p->s->kernel;
    float *to = panel_at(j, group, i);
    if (dtype == DIO_F32) {
        j->cpu->transpose(to, rows, (const float *)j->p->kernel + from, depth, rows, depth);
        return;
    }
    const uint16_t *w = (const uint16_t *)j->p->kernel + from;
    for (int64_t k = 0; k < depth; k += PIECE) {
        const int64_t n = least(PIECE, depth - k);
        for (int64_t r = 0; r < rows; r++)
            j->cpu->to_f32(room + r * PIECE, w + r * depth + k, (int)dtype, n);
        j->cpu->transpose(to + k * rows, rows, room, PIECE, rows, n);
    }
}

/* Of the kernel of the convolution that is transposed, whose inputs the rows are: [in][outs][kw].
 * Where phases have unequal numbers of taps, zeros are the last. */
static void lay_out_back(const struct job *j, int64_t group, int64_t i)
{
    const int64_t o = row_of(j, i), rows = row_of(j, i + 1) - o, kw = j->p->s->kw;
    float *to = panel_at(j, group, i);
    for (int64_t c = 0; c < j->in; c++, to += j->taps * rows) {
        const float *from = (const float *)j->p->kernel + (group * j->in + c) * j->outs * kw;
        if (j->made == 1 && j->period == 1) {
            j->cpu->transpose(to, rows, from + o * kw, kw, rows, kw);
            continue;
        }
        for (int64_t r = 0, run; r < rows; r += run) { /* phases of one output */
            const int64_t phase = (o + r) % j->made;
            const float *tap = from + (o + r) / j->made * kw + phase;
            run = least(j->made - phase, rows - r);
            for (int64_t k = 0; k < j->taps; k++) {
                const int64_t left = kw - phase - k * j->period;
                for (int64_t n = 0; n < run; n++)
                    to[k * rows + r + n] = n < left ? tap[k * j->period + n] : 0;
            }
        }
    }
}

static void lay_out_panel(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    if (j->p->back)
        lay_out_back(j, item / j->panels, item % j->panels);
    else
        lay_out(j, item / j->panels, item % j->panels, j->rooms + thread * j->room);
}

/* --- signals --- */

/* x[start + i step] for `count` i, zeros where there is none. */
static void copy_places(const struct job *j, float *to, int64_t count, const float *x,
                        int64_t start, int64_t step)
{
    void (*const leaky)(float *, const float *, int64_t, float, float) =
        j->cpu->unary[DIO_U_LEAKY_RELU];
    int64_t lo, hi;
    inside(start, step, j->from, count, &lo, &hi);
    memset(to, 0, (size_t)lo * sizeof *to);
    for (int64_t i = lo; i < hi && step > 1; i++)
        to[i] = x[start + i * step];
    const float *from = step > 1 ? to + lo : x + start + lo;
    if (hi > lo && j->p->leaky)
        leaky(to + lo, from, hi - lo, j->p->slope, 0);
    else if (hi > lo && step == 1)
        memcpy(to + lo, from, (size_t)(hi - lo) * sizeof *to);
    memset(to + hi, 0, (size_t)(count - hi) * sizeof *to);
}

/* What an item works on. */
struct item {
    int64_t image, group, panel, last; /* of kernels */
    int64_t q, places;
    int64_t c, depth; /* channels at hand */
    float *x;         /* their rows */
};

static void copy_rows(const struct job *j, const struct item *i)
{
    const dio_conv_shape *s = j->p->s;
    const int64_t row = (i->image * s->groups + i->group) * j->in + i->c;
    const int64_t count = round_up(i->places, j->cpu->nr) + j->reach, q = i->q;
    for (int64_t c = 0; c < i->depth; c++)
        for (int64_t r = 0; r < j->read; r++)
            copy_places(j, i->x + c * j->row + r * j->span, count, j->p->x + (row + c) * j->from,
                        j->p->back ? q - j->reach : q * s->sw + r * s->dw % s->sw - s->pw,
                        j->p->back ? 1 : s->sw);
}

/* --- products --- */

/* A tile whose rows are phases: its sums to where they stand, or from there. */
static void interleave(const struct job *j, const struct item *i, const dio_line_tile *t, int64_t o,
                       int64_t q, bool out)
{
    const dio_conv_shape *s = j->p->s;
    for (int64_t r = 0; r < t->rows; r++) {
        const int64_t channel = (i->image * s->groups + i->group) * j->outs + (o + r) / j->made;
        const int64_t start = q * s->sw + (o + r) % j->made * s->dw - s->pw;
        float *y = j->p->y + channel * j->to, *sum = t->y + r * t->y_row;
        int64_t lo, hi;
        inside(start, s->sw, j->to, t->cols, &lo, &hi);
        for (int64_t n = lo; n < hi && out; n++)
            y[start + n * s->sw] = sum[n];
        for (int64_t n = lo; n < hi && !out; n++)
            sum[n] = y[start + n * s->sw];
    }
}

static void do_panel(const struct job *j, const struct item *i, int64_t panel)
{
    const int64_t nr = j->cpu->nr, o = row_of(j, panel), rows = row_of(j, panel + 1) - o;
    const bool apart = j->p->back && j->p->s->sw > 1;
    const int64_t row = (i->image * j->p->s->groups + i->group) * j->rows + o;
    float room[TILE_FLOATS] = {0};
    dio_line_tile t = {.channels = i->depth,
                       .taps = j->taps,
                       .w = panel_at(j, i->group, panel) + i->c * j->taps * rows,
                       .x_row = j->row,
                       .at = j->at,
                       .bias = j->bias + i->group * j->rows + o,
                       .y = room,
                       .y_row = apart ? nr : j->to,
                       .rows = (int)rows,
                       .accumulate = i->c > 0};
    for (int64_t at = 0; at < i->places; at += nr) {
        const int64_t y = row * j->to + i->q - j->first + at;
        t.cols = (int)least(nr, i->places - at);
        t.x = i->x + at;
        if (!apart)
            t.y = j->p->y + y;
        if (j->p->add && i->c + i->depth == j->in)
            t.add = j->p->add + y;
        if (apart && t.accumulate)
            interleave(j, i, &t, o, i->q + at, false);
        j->cpu->line(&t);
        if (apart)
            interleave(j, i, &t, o, i->q + at, true);
    }
}

static void do_item(void *user, int64_t item, int thread)
{
    const struct job *j = user;
    const int64_t block = item / j->parts % j->blocks, share = item % j->parts;
    const int64_t signal = item / j->parts / j->blocks, nr = j->cpu->nr;
    const int64_t from = part(j->tiles, j->blocks, block) * nr;
    const int64_t to = least(part(j->tiles, j->blocks, block + 1) * nr, j->places);
    struct item i = {.image = signal / j->p->s->groups,
                     .group = signal % j->p->s->groups,
                     .panel = part(j->panels, j->parts, share),
                     .last = part(j->panels, j->parts, share + 1),
                     .q = j->first + from,
                     .places = to - from,
                     .x = j->rooms + thread * j->room};
    for (i.c = 0; i.c < j->in; i.c += j->depth) {
        i.depth = least(j->depth, j->in - i.c);
        copy_rows(j, &i);
        for (int64_t panel = i.panel; panel < i.last; panel++)
            do_panel(j, &i, panel);
    }
}

/* Places that no tap reaches. */
static void fill_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const float bias = j->p->bias ? j->p->bias[item % (j->p->s->groups * j->outs)] : 0;
    for (int64_t i = 0; i < j->to; i++)
        j->p->y[item * j->to + i] = bias;
}

void dio_line_run(const dio_cpu *cpu, const dio_line *p, void *work)
{
    struct job j = job_of(cpu, p);
    const int64_t images = p->s->batch * p->s->groups;
    if (j.places < 1 || !images)
        return;
    j.at = work;
    j.bias = (float *)work + at_floats(&j);
    j.w = j.bias + bias_floats(&j);
    j.rooms = j.w + kernel_floats(&j);
    find_taps(&j);
    spread_bias(&j);
    if (p->back && j.phases < p->s->sw)
        dio_gang_run(images * j.outs, fill_row, &j);
    if (kernel_floats(&j) > ALONE)
        dio_gang_run(p->s->groups * j.panels, lay_out_panel, &j);
    else
        for (int64_t i = 0; i < p->s->groups * j.panels; i++)
            lay_out_panel(&j, i, 0);
    dio_gang_steal(images * j.blocks * j.parts, do_item, &j);
}
