/* shot.c: a picture fitted into the frame, and the window that wanders over it. */
#include "fusion/shot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/blend_mode.h"

struct dio_shot {
    const dio_shot_plan *plan;
    const dio_screen *screen;
    void *state;
    dio_image *light; /* the state's */
    bool opaque;
    dio_axis x, y;
};

/* Zooms by equal factors in equal times: that is what looks steady. */
static dio_aim aim_at(const dio_shot_plan *p, double t)
{
    double u = dio_easing_at(&p->easing, t);
    return (dio_aim){p->from.zoom * pow(p->to.zoom / p->from.zoom, u),
                     p->from.x + (p->to.x - p->from.x) * u, p->from.y + (p->to.y - p->from.y) * u};
}

/* Frame pixels per picture pixel at zoom 1. */
static void fit_scale(dio_filling fit, const dio_screen *s, int w, int h, double scale[2])
{
    double sx = (double)s->width / w, sy = (double)s->height / h;
    scale[0] = fit == DIO_FILL_STRETCH ? sx : fit == DIO_FILL_COVER ? fmax(sx, sy) : fmin(sx, sy);
    scale[1] = fit == DIO_FILL_STRETCH ? sy : scale[0];
}

/* Edges along one side. A window that is narrower than the picture stays inside of it. */
static void place(double size, double frame, double aim, double edge[2])
{
    double middle = aim * size, half = frame / 2;
    if (size > frame)
        middle = fmin(fmax(middle, half), size - half);
    else
        middle = size / 2;
    edge[0] = half - middle;
    edge[1] = edge[0] + size;
}

void dio_shot_place(const dio_shot_plan *plan, const dio_screen *screen, int w, int h, double share,
                    double edge_x[2], double edge_y[2])
{
    dio_aim aim = aim_at(plan, share);
    double scale[2];
    fit_scale(plan->fit, screen, w, h, scale);
    place(w * scale[0] * aim.zoom, screen->width, aim.x, edge_x);
    place(h * scale[1] * aim.zoom, screen->height, aim.y, edge_y);
}

dio_shot *dio_shot_open(const dio_shot_plan *plan, const dio_screen *screen, dio_error *err)
{
    dio_shot *s = calloc(1, sizeof *s);
    if (!s) {
        dio_fail_memory(err, "a clip");
        return NULL;
    }
    s->plan = plan;
    s->screen = screen;
    if (plan->kind->open(plan, screen, &s->state, err))
        return s;
    dio_shot_close(s);
    return NULL;
}

void dio_shot_close(dio_shot *s)
{
    if (!s)
        return;
    if (s->state)
        s->plan->kind->close(s->state);
    dio_axis_deinit(&s->x);
    dio_axis_deinit(&s->y);
    free(s);
}

/* An edge of the frame-filling picture as the view shows it. */
static double seen(double edge, int side, double scale, double move)
{
    return (edge - side / 2.0) * scale + side / 2.0 + move;
}

/* The same, of the frame's own edge, within the frame. */
static int bound(int edge, int side, double scale, double move)
{
    return (int)fmin(fmax(rint(seen(edge, side, scale, move)), 0), side);
}

bool dio_shot_set(dio_shot *s, double seconds, const dio_shift *view, dio_error *err)
{
    const dio_screen *on = s->screen;
    double ex[2], ey[2];
    dio_image *light = NULL;
    if (!s->plan->kind->at(s->state, seconds, &light, err))
        return false;
    if (light != s->light) {
        s->light = light;
        s->opaque = dio_image_opaque(light);
    }
    dio_shot_place(s->plan, on, light->width, light->height, seconds / s->plan->duration, ex, ey);
    for (int i = 0; i < 2; i++) {
        ex[i] = seen(ex[i], on->width, view->scale, view->dx);
        ey[i] = seen(ey[i], on->height, view->scale, view->dy);
    }
    /* A picture that covers reaches beyond the frame: what moves is the frame's part of it. */
    int x0 = bound(0, on->width, view->scale, view->dx);
    int x1 = bound(on->width, on->width, view->scale, view->dx);
    int y0 = bound(0, on->height, view->scale, view->dy);
    int y1 = bound(on->height, on->height, view->scale, view->dy);
    return dio_axis_set(&s->x, light->width, ex[0], ex[1], x0, x1, err) &&
           dio_axis_set(&s->y, light->height, ey[0], ey[1], y0, y1, err);
}

bool dio_shot_covers(const dio_shot *s)
{
    return s->opaque && s->x.whole && s->y.whole && s->x.from == 0 && s->y.from == 0 &&
           s->x.to == s->screen->width && s->y.to == s->screen->height;
}

size_t dio_shot_scratch(const dio_shot *s)
{
    return dio_sample_scratch(&s->x) + 4 * (size_t)s->screen->width;
}

void dio_shot_row(const dio_shot *s, int y, float opacity, float *scratch, float *row)
{
    if (y < s->y.from || y >= s->y.to || s->x.to <= s->x.from)
        return;
    if (opacity == 1 && dio_shot_covers(s)) {
        dio_sample_row(s->light, &s->x, &s->y, y, scratch, row);
        return;
    }
    float *out = scratch + dio_sample_scratch(&s->x);
    dio_sample_row(s->light, &s->x, &s->y, y, scratch, out);
    dio_blend_modes[0].rows(row + 4 * (size_t)s->x.from, out, s->x.to - s->x.from, opacity);
}
