/* overlay.c: where a layer stands, and how it comes and goes. */
#include "fusion/overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/overlay_kinds.h"

const dio_overlay_kind *const dio_overlay_kinds[] = {
    &dio_overlay_text,  &dio_overlay_image,    &dio_overlay_shape,
    &dio_overlay_logo,  &dio_overlay_button,   &dio_overlay_lower_third,
    &dio_overlay_badge, &dio_overlay_captions, NULL,
};

const char *const dio_overlay_moves[] = {"none", "fade",  "rise", "drop",
                                         "left", "right", "grow", NULL};
enum move { NONE, FADE, RISE, DROP, LEFT, RIGHT, GROW };

enum { LEVELS = 5 }; /* of turned pictures: down to a thirtieth */

/* ---- drawings ---- */

bool dio_drawing_add(dio_drawing *d, dio_image *light, double x, double y, double density,
                     double delay, dio_error *err)
{
    if (!light)
        return false;
    if (d->count == d->cap) {
        int cap = d->cap ? 2 * d->cap : 4;
        dio_piece *more =
            cap <= 4 * DIO_PIECES ? realloc(d->piece, (size_t)cap * sizeof *more) : NULL;
        if (!more) {
            dio_image_unref(light);
            return dio_fail_memory(err, "a layer");
        }
        d->piece = more;
        d->cap = cap;
    }
    d->piece[d->count++] = (dio_piece){.light = light,
                                       .x = x,
                                       .y = y,
                                       .w = light->width / density,
                                       .h = light->height / density,
                                       .delay = delay};
    return true;
}

void dio_drawing_deinit(dio_drawing *d)
{
    for (int i = 0; i < d->count; i++) {
        for (int k = 0; k < d->piece[i].levels; k++)
            dio_image_unref(d->piece[i].level[k]);
        dio_image_unref(d->piece[i].light);
    }
    free(d->piece);
    *d = (dio_drawing){0};
}

size_t dio_drawing_bytes(const dio_drawing *d)
{
    size_t bytes = 0;
    for (int i = 0; i < d->count; i++)
        bytes += 8 * (size_t)d->piece[i].light->width * (size_t)d->piece[i].light->height;
    return bytes;
}

/* ---- building ---- */

static const struct dio_overlay_common *common(const dio_overlay_plan *p)
{
    return p->params;
}

/* Where the box's corner goes, along one side: anchored at lo, in the middle, or at hi. */
static int anchored(int side, int lo, int hi, double size, double in)
{
    double at = side < 0 ? lo + in : side > 0 ? hi - size - in : (lo + hi - size) / 2 + in;
    return (int)lrint(at);
}

static dio_box place_box(const dio_overlay_plan *p, const dio_screen *s, double w, double h)
{
    const struct dio_overlay_common *c = common(p);
    dio_box in = p->safe ? s->safe : (dio_box){0, 0, s->width, s->height};
    return (dio_box){anchored(p->side_x, in.x, in.x + in.w, w, c->x * s->unit),
                     anchored(p->side_y, in.y, in.y + in.h, h, c->y * s->unit), (int)ceil(w),
                     (int)ceil(h)};
}

static bool turns(const dio_overlay_plan *p)
{
    return p->motion.count[DIO_TRACK_ROTATION] || p->motion.rest[DIO_TRACK_ROTATION] != 0;
}

bool dio_overlay_prefix(const dio_overlay_plan *plan, dio_error *err)
{
    dio_error_prefix(err, "layer %d (%s)", plan->number, plan->kind->name);
    return dio_error_at(err, plan->at->file, plan->at->line, plan->at->column);
}

bool dio_overlay_build(const dio_overlay_plan *plan, const dio_screen *screen, dio_drawing *out,
                       dio_box *box, dio_error *err)
{
    double most = dio_motion_most(&plan->motion, DIO_TRACK_SCALE);
    double density = fmin(fmax(most, 1), 4);
    *out = (dio_drawing){0};
    bool ok = plan->kind->build(plan->params, screen, density, out, err);
    if (ok && plan->mask.any)
        ok = dio_mask_apply(&plan->mask, screen, density, out, err);
    for (int i = 0; ok && i < out->count; i++) {
        dio_piece *p = &out->piece[i];
        p->opaque = dio_image_opaque(p->light);
        p->levels = turns(plan) ? LEVELS : 0;
        ok = !p->levels || dio_light_levels(p->light, LEVELS, p->level, err);
    }
    if (!ok) {
        dio_drawing_deinit(out);
        return dio_overlay_prefix(plan, err);
    }
    *box = place_box(plan, screen, out->w, out->h);
    return true;
}

/* ---- moments ---- */

static double unit(double v)
{
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

struct pose {
    double dx, dy, scale, opacity;
};

/* `away`: 1 out of place, 0 in it. */
static struct pose moved(enum move how, double away, double opacity, double far)
{
    struct pose p = {0, 0, 1, how == NONE ? 1 : opacity};
    p.dy = how == RISE ? away * far : how == DROP ? -away * far : 0;
    p.dx = how == LEFT ? away * far : how == RIGHT ? -away * far : 0;
    p.scale = how == GROW ? 1 - 0.7 * away : 1;
    return p;
}

/* Fast at first, then a long settling, as 1 - (1 - t)^4. */
static double rest_of(double t)
{
    double r = 1 - unit(t);
    return r * r * r * r;
}

static struct pose pose_at(const dio_overlay_plan *plan, const dio_screen *s,
                           const dio_piece *piece, double seconds, double end)
{
    const struct dio_overlay_common *c = common(plan);
    double come = (seconds - c->start - piece->delay) / c->enter_seconds;
    double left = (end - seconds) / c->leave_seconds;
    double far = fmin(fmax(0.6 * piece->h, 2 * s->unit), 12 * s->unit);
    struct pose in = {0, 0, 1, 1}, out = {0, 0, 1, 1};
    if (come < 0 && (c->enter != NONE || piece->delay > 0))
        return (struct pose){0, 0, 1, 0};
    if (come < 1)
        in = moved((enum move)c->enter, rest_of(come), unit(come / 0.6), far);
    if (left < 1)
        out = moved((enum move)c->leave, (1 - unit(left)) * (1 - unit(left)), unit(left), far);
    return (struct pose){in.dx - out.dx, in.dy - out.dy, in.scale * out.scale,
                         in.opacity * out.opacity};
}

/* Turned about the box's middle: the frame's pixels read the picture at the inverse of its way. */
static void turn(const dio_piece *piece, double mx, double my, double px, double py, double w,
                 double h, double degrees, dio_placed *out)
{
    double a = degrees * M_PI / 180, c = cos(a), s = sin(a);
    double most = piece->light->width / fmax(w, 1e-6);
    out->upright = false;
    out->level = 0;
    while (out->level + 1 < piece->levels && most > 2) {
        out->level++;
        most /= 2;
    }
    const dio_image *light = piece->level[out->level];
    double u = light->width / w, v = light->height / h;
    /* (x, y) - m, turned back, + m, is a place in the upright box whose corner is (px, py). */
    out->turned = (dio_turned){c * u,  s * u, (mx - c * mx - s * my - px) * u,
                               -s * v, c * v, (my + s * mx - c * my - py) * v};
    double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
    for (int i = 0; i < 4; i++) {
        double dx = px + (i & 1) * w - mx, dy = py + (i >> 1) * h - my;
        double x = mx + c * dx - s * dy, y = my + s * dx + c * dy;
        x0 = fmin(x0, x);
        x1 = fmax(x1, x);
        y0 = fmin(y0, y);
        y1 = fmax(y1, y);
    }
    out->x[0] = x0 - 2;
    out->x[1] = x1 + 2;
    out->y[0] = y0 - 2;
    out->y[1] = y1 + 2;
}

void dio_overlay_place(const dio_overlay_plan *plan, const dio_screen *screen, const dio_box *box,
                       const dio_piece *piece, double seconds, double end, dio_placed *out)
{
    double t = seconds - common(plan)->start;
    struct pose p = pose_at(plan, screen, piece, seconds, end);
    *out = (dio_placed){.upright = true};
    out->opacity = (float)(p.opacity * unit(dio_motion_at(&plan->motion, DIO_TRACK_OPACITY, t)));
    double scale = dio_motion_at(&plan->motion, DIO_TRACK_SCALE, t);
    if (out->opacity <= 0 || scale * p.scale <= 0.01) {
        out->opacity = 0;
        return;
    }
    double ox = dio_motion_at(&plan->motion, DIO_TRACK_X, t) * screen->unit;
    double oy = dio_motion_at(&plan->motion, DIO_TRACK_Y, t) * screen->unit;
    /* The piece grows about its own middle, then the layer about its own. */
    double w = piece->w * p.scale, h = piece->h * p.scale;
    double x = piece->x + p.dx + (piece->w - w) / 2, y = piece->y + p.dy + (piece->h - h) / 2;
    double mx = box->x + box->w / 2.0 + ox, my = box->y + box->h / 2.0 + oy;
    double px = mx + (x - box->w / 2.0) * scale, py = my + (y - box->h / 2.0) * scale;
    double degrees = turns(plan) ? dio_motion_at(&plan->motion, DIO_TRACK_ROTATION, t) : 0;
    w *= scale;
    h *= scale;
    if (degrees != 0) {
        turn(piece, mx, my, px, py, w, h, degrees, out);
        return;
    }
    out->x[0] = px;
    out->x[1] = px + w;
    out->y[0] = py;
    out->y[1] = py + h;
}
