/* upscale_tiles.c: one stage of an upscaler over a whole map, tile by tile.
 *
 * A window is computed as if there were nothing around it, so what lies near its edges is wrong;
 * only what is far enough inside is kept, or what is at the picture's own edge. Convolution works
 * in squares of 4x4 results (tensor/cpu/winograd.h), and a wrong number spoils, if only by
 * rounding, its whole square: windows begin at multiples of 4, and each layer costs 4 pixels of
 * margin. So tiles change no bit.
 *
 * Where the picture goes on at its other side it is laid out with a margin of itself. All windows
 * of one axis but the last are of one size, and those of one size share a plan. */
#include "vision/upscale_tiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"

enum { SQUARE = 4 };

static int64_t round_up(int64_t x, int64_t to)
{
    return (x + to - 1) / to * to;
}

/* How far from a window's edge results are right, in pixels of the map: counted from the largest
 * size back to the map's own. */
static int64_t margin_of(const dio_upscaler_stage *s)
{
    int64_t margin = 0;
    for (int k = DIO_UPSCALER_DOUBLINGS; k >= 0; k--)
        margin = round_up((k < DIO_UPSCALER_DOUBLINGS ? (margin + 1) / 2 : 0) +
                              (int64_t)SQUARE * s->layers[k],
                          SQUARE);
    return margin;
}

/* --- windows of one axis --- */

struct axis {
    int64_t size; /* of the map */
    int64_t
        before;  /* of the map's own other side that is laid before it; 0 unless it goes on there */
    int64_t all; /* with what is laid before and behind */
    int64_t margin, window, step;
    int count;
};

/* Tiles of about `tile`: as many as cover the axis. */
static struct axis axis_of(int64_t size, int64_t margin, bool wrap, int64_t tile)
{
    struct axis a = {.size = size, .before = wrap ? margin : 0, .margin = margin, .count = 1};
    a.all = size + 2 * a.before;
    a.step = round_up(tile, SQUARE);
    a.window = a.step + 2 * margin;
    if (a.window >= a.all)
        a.window = a.step = a.all;
    else
        a.count += (int)((a.all - a.window + a.step - 1) / a.step);
    return a;
}

struct window {
    int64_t at, size; /* within all */
    int64_t from, to; /* what is kept of it, within the map */
};

static struct window window_of(const struct axis *a, int i)
{
    struct window w = {.at = i * a->step};
    int64_t end = w.at + a->window < a->all ? w.at + a->window : a->all;
    w.size = end - w.at;
    w.from = (i ? w.at + a->margin : 0) - a->before;
    w.to = (end < a->all ? end - a->margin : a->all) - a->before;
    w.from = w.from > 0 ? w.from : 0;
    w.to = w.to < a->size ? w.to : a->size;
    return w;
}

/* --- in and out --- */

struct move {
    const dio_map *map;
    const struct axis *ya, *xa;
    struct window y, x;
    float *in;         /* [C, y.size, x.size] */
    const float *done; /* [C, y.size*scale, x.size*scale] */
    int64_t scale;
};

static int64_t around(int64_t at, int64_t size)
{
    int64_t r = at % size;
    return r < 0 ? r + size : r;
}

static void lay_row(const struct move *m, const float *row, float *to)
{
    int64_t from = m->x.at - m->xa->before;
    for (int64_t x = 0; x < m->x.size;) {
        int64_t at = around(from + x, m->map->w), n = m->map->w - at;
        n = n < m->x.size - x ? n : m->x.size - x;
        memcpy(to + x, row + at, (size_t)n * sizeof *to);
        x += n;
    }
}

static void lay_plane(void *user, int64_t c, int thread)
{
    (void)thread;
    const struct move *m = user;
    for (int64_t y = 0; y < m->y.size; y++) {
        int64_t at = around(m->y.at - m->ya->before + y, m->map->h);
        lay_row(m, m->map->data + (c * m->map->h + at) * m->map->w,
                m->in + (c * m->y.size + y) * m->x.size);
    }
}

static void keep_plane(void *user, int64_t c, int thread)
{
    (void)thread;
    const struct move *m = user;
    int64_t s = m->scale, n = (m->x.to - m->x.from) * s, wide = m->x.size * s;
    int64_t left = (m->x.from + m->xa->before - m->x.at) * s;
    int64_t top = (m->y.from + m->ya->before - m->y.at) * s;
    for (int64_t y = 0; y < (m->y.to - m->y.from) * s; y++)
        memcpy(m->map->data + (c * m->map->h + m->y.from * s + y) * m->map->w + m->x.from * s,
               m->done + (c * m->y.size * s + top + y) * wide + left, (size_t)n * sizeof(float));
}

/* --- one window --- */

struct run {
    const dio_tiles *t;
    dio_upscaler_stage s;
    struct axis y, x;
    dio_plan *plan;
    int64_t plan_h, plan_w;
    float *in;     /* one window's input */
    double pixels; /* that windows have, for progress */
    double done;
};

static dio_plan *plan_of(const struct run *r, int64_t h, int64_t w, dio_error *err)
{
    const dio_tiles *t = r->t;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_val x = dio_input(g, "x", dio_type_4d(DIO_F32, 1, t->x->channels, h, w)), skip = DIO_NONE;
    if (t->skip)
        skip = dio_input(g, "skip", dio_type_4d(DIO_F32, 1, t->skip->channels, h, w));
    dio_val y = t->upscaler->ops->forward(g, t->upscaler->net.model, t->stage, x, skip);
    dio_plan_options options = {.memory_limit = t->budget};
    dio_plan *plan = dio_plan_create(g, &y, 1, false, t->device, &options, err);
    dio_graph_destroy(g);
    return plan;
}

static bool set(struct run *r, const char *name, const dio_map *map, struct window y,
                struct window x, dio_error *err)
{
    struct move m = {.map = map, .ya = &r->y, .xa = &r->x, .y = y, .x = x, .in = r->in};
    dio_gang_run(map->channels, lay_plane, &m);
    return dio_plan_set(r->plan, name, r->in,
                        (size_t)(map->channels * y.size * x.size) * sizeof(float), err);
}

static bool run_window(struct run *r, struct window y, struct window x, dio_error *err)
{
    const dio_tiles *t = r->t;
    if (!set(r, "x", t->x, y, x, err) || (t->skip && !set(r, "skip", t->skip, y, x, err)) ||
        !dio_plan_run(r->plan, err))
        return false;
    struct move m = {.map = t->out,
                     .ya = &r->y,
                     .xa = &r->x,
                     .y = y,
                     .x = x,
                     .done = dio_plan_output(r->plan, 0, NULL),
                     .scale = r->s.scale};
    dio_gang_run(t->out->channels, keep_plane, &m);
    r->done += (double)y.size * (double)x.size / r->pixels;
    return !t->progress || t->progress(t->user, r->done < 1 ? r->done : 1, err);
}

/* --- all of them --- */

static bool is_last(const struct axis *a, int i)
{
    return i == a->count - 1;
}

/* Windows of one size: all but the last of an axis, or the last. */
static bool run_alike(struct run *r, bool last_y, bool last_x, dio_error *err)
{
    bool ok = true;
    struct window y = window_of(&r->y, last_y ? r->y.count - 1 : 0);
    struct window x = window_of(&r->x, last_x ? r->x.count - 1 : 0);
    if ((!last_y && r->y.count == 1) || (!last_x && r->x.count == 1))
        return true;
    if (r->plan_h != y.size || r->plan_w != x.size) {
        dio_plan_destroy(r->plan);
        r->plan = plan_of(r, r->plan_h = y.size, r->plan_w = x.size, err);
    }
    for (int i = 0; r->plan && ok && i < r->y.count; i++)
        for (int j = 0; ok && j < r->x.count; j++)
            if (is_last(&r->y, i) == last_y && is_last(&r->x, j) == last_x)
                ok = run_window(r, window_of(&r->y, i), window_of(&r->x, j), err);
    return r->plan && ok;
}

/* Windows that fit the budget: the whole map if it can be, else the longer side is cut further. The
 * first plan is kept. */
static bool choose(struct run *r, dio_error *err)
{
    const dio_tiles *t = r->t;
    int64_t margin = margin_of(&r->s), tall = t->tile ? t->tile : t->x->h,
            wide = t->tile ? t->tile : t->x->w;
    for (;;) {
        r->y = axis_of(t->x->h, margin, t->wrap_y, tall);
        r->x = axis_of(t->x->w, margin, t->wrap_x, wide);
        r->plan_h = r->y.window;
        r->plan_w = r->x.window;
        dio_error_clear(err);
        r->plan = plan_of(r, r->plan_h, r->plan_w, err);
        if (r->plan || t->tile)
            return r->plan != NULL;
        if (tall > SQUARE && (r->y.window >= r->x.window || wide <= SQUARE))
            tall = round_up((tall + 1) / 2, SQUARE);
        else if (wide > SQUARE)
            wide = round_up((wide + 1) / 2, SQUARE);
        else
            return false;
    }
}

static bool take_room(struct run *r, dio_error *err)
{
    int64_t channels = r->t->x->channels;
    if (r->t->skip && r->t->skip->channels > channels)
        channels = r->t->skip->channels;
    r->in = malloc((size_t)(channels * r->y.window * r->x.window) * sizeof *r->in);
    for (int i = 0; i < r->y.count; i++)
        for (int j = 0; j < r->x.count; j++)
            r->pixels += (double)window_of(&r->y, i).size * (double)window_of(&r->x, j).size;
    return r->in || dio_fail_memory(err, "a tile");
}

bool dio_tiles_run(const dio_tiles *t, dio_error *err)
{
    struct run r = {.t = t};
    t->upscaler->ops->stage(t->upscaler->net.model, t->stage, &r.s);
    bool ok = choose(&r, err) && take_room(&r, err);
    for (int part = 0; ok && part < 4; part++)
        ok = run_alike(&r, part & 2, part & 1, err);
    dio_plan_destroy(r.plan);
    free(r.in);
    return ok;
}
