/* timeline.c: what is seen in a frame is listed first, then its rows are made in pairs. */
#include "fusion/timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"

/* Bytes of drawn layers that are kept when they are not seen; more are drawn again. */
static const size_t keep_bytes = (size_t)192 << 20;

enum { BAND = 16 }; /* rows a thread takes at a time; even */

struct layer {
    dio_drawing drawing;
    dio_box box;
    bool drawn;
};

/* One piece in this frame. */
struct op {
    const dio_image *light;
    const dio_blend_mode *blend;
    float opacity;
    bool upright, hides;
    dio_axis x, y;
    dio_turned turned;
    int x0, x1, y0, y1; /* of a turned one */
};

struct dio_timeline {
    const dio_timeline_plan *plan;
    struct layer *layer;
    size_t layer_bytes;
    dio_shot *shot[2]; /* the moment's, and the one that comes */
    int shown[2];      /* which they are; -1: none */
    struct op *op;
    int ops, op_cap;
    /* This frame's. */
    dio_turn turn;
    bool turning, hidden;
    dio_glow background, turn_colour;
    dio_canvas *out;
    float *light;
    /* Each thread's: two rows, twice, and what sampling needs. */
    float *room;
    size_t room_floats, thread_floats, scratch;
};

/* ---- life ---- */

static double end_of(const dio_timeline *t, const dio_overlay_plan *o)
{
    const struct dio_overlay_common *c = o->params;
    double film = (double)t->plan->frames / t->plan->screen.fps;
    return c->end > 0 && c->end < film ? c->end : film;
}

static bool draw_layer(dio_timeline *t, int i, dio_error *err)
{
    struct layer *l = &t->layer[i];
    if (l->drawn)
        return true;
    if (!dio_overlay_build(&t->plan->overlay[i], &t->plan->screen, &l->drawing, &l->box, err))
        return false;
    l->drawn = true;
    t->layer_bytes += dio_drawing_bytes(&l->drawing);
    return true;
}

static void drop_layer(dio_timeline *t, int i)
{
    struct layer *l = &t->layer[i];
    if (!l->drawn)
        return;
    t->layer_bytes -= dio_drawing_bytes(&l->drawing);
    dio_drawing_deinit(&l->drawing);
    l->drawn = false;
}

dio_timeline *dio_timeline_create(const dio_timeline_plan *plan, dio_error *err)
{
    dio_timeline *t = calloc(1, sizeof *t);
    if (t)
        t->layer = calloc((size_t)plan->overlays + 1, sizeof *t->layer);
    if (!t || !t->layer) {
        free(t);
        dio_fail_memory(err, "a timeline");
        return NULL;
    }
    t->plan = plan;
    t->shown[0] = t->shown[1] = -1;
    t->background = dio_glow_of(plan->screen.background, 1);
    for (int i = 0; i < plan->overlays; i++) {
        if (!draw_layer(t, i, err)) {
            dio_timeline_destroy(t);
            return NULL;
        }
        if (t->layer_bytes > keep_bytes)
            drop_layer(t, i);
    }
    return t;
}

void dio_timeline_destroy(dio_timeline *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->plan->overlays; i++)
        drop_layer(t, i);
    dio_shot_close(t->shot[0]);
    dio_shot_close(t->shot[1]);
    for (int i = 0; i < t->op_cap; i++) {
        dio_axis_deinit(&t->op[i].x);
        dio_axis_deinit(&t->op[i].y);
    }
    free(t->op);
    free(t->layer);
    free(t->room);
    free(t);
}

bool dio_timeline_box(const dio_timeline *t, int i, const char **name, dio_box *box, double *start,
                      double *end)
{
    if (i < 0 || i >= t->plan->overlays)
        return false;
    const dio_overlay_plan *o = &t->plan->overlay[i];
    *name = o->kind->name;
    *box = t->layer[i].box;
    *start = ((const struct dio_overlay_common *)o->params)->start;
    *end = end_of(t, o);
    return true;
}

/* ---- what is seen ---- */

/* Has clip k open in place `slot`; it may be open in the other one. */
static bool show(dio_timeline *t, int slot, int k, dio_error *err)
{
    if (t->shown[slot] == k)
        return true;
    if (k >= 0 && t->shown[1 - slot] == k) {
        dio_shot *s = t->shot[slot];
        int was = t->shown[slot];
        t->shot[slot] = t->shot[1 - slot];
        t->shown[slot] = k;
        t->shot[1 - slot] = s;
        t->shown[1 - slot] = was;
        return true;
    }
    dio_shot_close(t->shot[slot]);
    t->shot[slot] = NULL;
    t->shown[slot] = -1;
    if (k < 0)
        return true;
    t->shot[slot] = dio_shot_open(&t->plan->shot[k], &t->plan->screen, err);
    if (!t->shot[slot])
        return dio_error_prefix(err, "clip %d", k + 1);
    t->shown[slot] = k;
    return true;
}

static bool set_shot(dio_timeline *t, int slot, int frame, const dio_shift *view, dio_error *err)
{
    if (t->shown[slot] < 0)
        return true;
    const dio_shot_plan *p = &t->plan->shot[t->shown[slot]];
    double seconds = (double)(frame - p->first) / t->plan->screen.fps;
    return dio_shot_set(t->shot[slot], seconds, view, err) ||
           dio_error_prefix(err, "clip %d", t->shown[slot] + 1);
}

/* The clip of the frame, and the one before while it still goes. */
static bool set_shots(dio_timeline *t, int frame, dio_error *err)
{
    const dio_timeline_plan *plan = t->plan;
    const dio_shift still = {1, 0, 0};
    int k = plan->shots - 1;
    while (k > 0 && plan->shot[k].first > frame)
        k--;
    const dio_shot_plan *p = &plan->shot[k];
    t->turning = frame < p->first + p->turn;
    if (!t->turning)
        return show(t, 0, k, err) && set_shot(t, 0, frame, &still, err);
    /* Progress at the middle of the frame's time: the first already shows a little of the new. */
    double u = (frame - p->first + 0.5) / p->turn;
    p->transition->at(dio_easing_at(&p->turn_easing, u), &p->how, &t->turn);
    t->turn_colour = dio_glow_of(p->turn_colour, 1);
    return show(t, 0, k - 1, err) && show(t, 1, k, err) &&
           set_shot(t, 0, frame, &t->turn.from, err) && set_shot(t, 1, frame, &t->turn.to, err);
}

static struct op *next_op(dio_timeline *t, dio_error *err)
{
    if (t->ops == t->op_cap) {
        int cap = t->op_cap ? 2 * t->op_cap : 32;
        struct op *more = realloc(t->op, (size_t)cap * sizeof *more);
        if (!more) {
            dio_fail_memory(err, "a frame");
            return NULL;
        }
        memset(more + t->op_cap, 0, (size_t)(cap - t->op_cap) * sizeof *more);
        t->op = more;
        t->op_cap = cap;
    }
    return &t->op[t->ops++];
}

static int within(double v, int most)
{
    return v < 0 ? 0 : v > most ? most : (int)v;
}

static bool set_op(dio_timeline *t, const dio_overlay_plan *plan, const dio_piece *piece,
                   const dio_placed *at, dio_error *err)
{
    const dio_screen *s = &t->plan->screen;
    struct op *op = next_op(t, err);
    if (!op)
        return false;
    op->blend = plan->blend;
    op->opacity = at->opacity;
    op->upright = at->upright;
    op->hides = false;
    op->light = at->upright ? piece->light : piece->level[at->level];
    if (!at->upright) {
        op->turned = at->turned;
        op->x0 = within(floor(at->x[0]), s->width);
        op->x1 = within(ceil(at->x[1]), s->width);
        op->y0 = within(floor(at->y[0]), s->height);
        op->y1 = within(ceil(at->y[1]), s->height);
        return true;
    }
    if (!dio_axis_set(&op->x, op->light->width, at->x[0], at->x[1], 0, s->width, err) ||
        !dio_axis_set(&op->y, op->light->height, at->y[0], at->y[1], 0, s->height, err))
        return dio_overlay_prefix(plan, err);
    op->x0 = op->x.from;
    op->x1 = op->x.to;
    op->y0 = op->y.from;
    op->y1 = op->y.to;
    op->hides = piece->opaque && at->opacity >= 1 && op->blend == &dio_blend_modes[0] &&
                op->x.whole && op->y.whole && op->x0 == 0 && op->y0 == 0 && op->x1 == s->width &&
                op->y1 == s->height;
    return true;
}

static bool set_layers(dio_timeline *t, int frame, dio_error *err)
{
    double seconds = (double)frame / t->plan->screen.fps;
    t->ops = 0;
    t->hidden = false;
    for (int i = 0; i < t->plan->overlays; i++) {
        const dio_overlay_plan *o = &t->plan->overlay[i];
        double end = end_of(t, o);
        bool seen =
            seconds >= ((const struct dio_overlay_common *)o->params)->start && seconds < end;
        if (!seen) {
            if (t->layer_bytes > keep_bytes)
                drop_layer(t, i);
            continue;
        }
        if (!draw_layer(t, i, err))
            return false;
        for (int k = 0; k < t->layer[i].drawing.count; k++) {
            const dio_piece *piece = &t->layer[i].drawing.piece[k];
            dio_placed at;
            dio_overlay_place(o, &t->plan->screen, &t->layer[i].box, piece, seconds, end, &at);
            if (at.opacity > 0 && !set_op(t, o, piece, &at, err))
                return false;
            if (t->ops && t->op[t->ops - 1].hides && at.opacity > 0) {
                struct op top = t->op[t->ops - 1]; /* nothing below it is seen */
                t->op[t->ops - 1] = t->op[0];
                t->op[0] = top;
                t->ops = 1;
                t->hidden = true;
            }
        }
    }
    return true;
}

static size_t more(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool make_room(dio_timeline *t, dio_error *err)
{
    size_t row = 4 * (size_t)t->plan->screen.width;
    t->scratch = 2 * row;
    for (int i = 0; i < 2; i++)
        if (t->shot[i])
            t->scratch = more(t->scratch, dio_shot_scratch(t->shot[i]));
    for (int i = 0; i < t->ops; i++)
        if (t->op[i].upright)
            t->scratch = more(t->scratch, row + dio_sample_scratch(&t->op[i].x));
    t->thread_floats = (t->scratch + 4 * row + 15) / 16 * 16;
    size_t all = t->thread_floats * (size_t)dio_gang_size();
    if (all <= t->room_floats)
        return true;
    free(t->room);
    t->room_floats = 0;
    if (!(t->room = aligned_alloc(64, all * sizeof(float))))
        return dio_fail_memory(err, "a frame's rows");
    t->room_floats = all;
    return true;
}

/* ---- rows ---- */

static void fill(float *row, int n, dio_glow c)
{
    for (int i = 0; i < n; i++, row += 4) {
        row[0] = c.r;
        row[1] = c.g;
        row[2] = c.b;
        row[3] = c.a;
    }
}

/* The shot over the background; what covers needs none. */
static void shot_row(const dio_timeline *t, int slot, int y, float *scratch, float *row)
{
    const dio_shot *s = t->shown[slot] < 0 ? NULL : t->shot[slot];
    if (!s || !dio_shot_covers(s))
        fill(row, t->plan->screen.width, t->background);
    if (s)
        dio_shot_row(s, y, 1, scratch, row);
}

static void base_row(const dio_timeline *t, int y, float *scratch, float *row, float *other)
{
    shot_row(t, 0, y, scratch, row);
    if (!t->turning)
        return;
    if (t->turn.over) {
        dio_shot_row(t->shot[1], y, t->turn.share_to, scratch, row);
        return;
    }
    shot_row(t, 1, y, scratch, other);
    dio_turn_rows(&t->turn, t->turn_colour, 0, y, t->plan->screen.width, row, other);
}

static void op_row(const struct op *op, int y, float *scratch, size_t used, float *row)
{
    if (y < op->y0 || y >= op->y1 || op->x1 <= op->x0)
        return;
    float *out = scratch + used;
    int n = op->x1 - op->x0;
    if (op->upright)
        dio_sample_row(op->light, &op->x, &op->y, y, scratch, out);
    else
        dio_sample_turned(op->light, &op->turned, op->x0, y, n, out);
    op->blend->rows(row + 4 * (size_t)op->x0, out, n, op->opacity);
}

static void row_of(const dio_timeline *t, int y, float *scratch, float *row, float *other)
{
    if (!t->hidden)
        base_row(t, y, scratch, row, other);
    for (int i = 0; i < t->ops; i++) {
        const struct op *op = &t->op[i];
        op_row(op, y, scratch, op->upright ? dio_sample_scratch(&op->x) : 0, row);
    }
}

/* A dio_gang_fn: rows of one band, two at a time, since they share their chroma. */
static void band(void *user, int64_t item, int thread)
{
    const dio_timeline *t = user;
    int h = t->plan->screen.height, w = t->plan->screen.width;
    float *scratch = t->room + t->thread_floats * (size_t)thread;
    float *rows = scratch + t->scratch, *other = rows + 8 * (size_t)w;
    int y1 = (int)(item + 1) * BAND < h ? (int)(item + 1) * BAND : h;
    for (int y = (int)item * BAND; y < y1; y += 2) {
        int n = y1 - y < 2 ? 1 : 2;
        for (int k = 0; k < n; k++)
            row_of(t, y + k, scratch, rows + 4 * (size_t)k * (size_t)w, other);
        if (t->out)
            dio_light_planes(rows, y, y + n, t->out);
        else
            memcpy(t->light + 4 * (size_t)y * (size_t)w, rows,
                   4 * (size_t)n * (size_t)w * sizeof *rows);
    }
}

static bool make(dio_timeline *t, int i, dio_error *err)
{
    if (!set_shots(t, i, err) || !set_layers(t, i, err) || !make_room(t, err))
        return false;
    dio_gang_run((t->plan->screen.height + BAND - 1) / BAND, band, t);
    return true;
}

bool dio_timeline_frame(dio_timeline *t, int i, dio_canvas *out, dio_error *err)
{
    t->out = out;
    return make(t, i, err);
}

bool dio_timeline_light(dio_timeline *t, int i, float *out, dio_error *err)
{
    t->out = NULL;
    t->light = out;
    return make(t, i, err);
}
