/* canvas.c: items on a canvas. */
#include "vision/scenes/canvas.h"

#include <math.h>

void canvas_set(canvas *c, const dio_scene *s, const dio_guide_window *w)
{
    float shorter = (float)(w->full_w < w->full_h ? w->full_w : w->full_h);
    bool pattern = s->frame == DIO_FRAME_PATTERN; /* which goes on at the other side anyway */
    *c = (canvas){.wide = (float)w->full_w / shorter,
                  .tall = (float)w->full_h / shorter,
                  .cell = 1 / shorter,
                  .stands = dio_scene_stands(s),
                  .wrap_x = w->wrap_x || pattern,
                  .wrap_y = w->wrap_y || pattern};
    c->horizon = s->horizon * c->tall;
    for (int i = 0; i < s->items; i++) {
        const dio_scene_item *it = &s->item[i];
        float half = 0.5f * it->size;
        c->square[i] = (canvas_square){it->x * c->wide,
                                       it->y * c->tall - (c->stands ? DIO_SCENE_FOOT * half : 0),
                                       half,
                                       cosf(it->angle),
                                       sinf(it->angle),
                                       it->flip ? -1 : 1};
    }
}

/* Of a distance on a ring, the shorter way round. */
static float round_way(float d, float length, bool wraps)
{
    return wraps ? d - length * floorf(d / length + 0.5f) : d;
}

float canvas_right_of(const canvas *c, const canvas_square *q, float x)
{
    return round_way(x - q->x, c->wide, c->wrap_x);
}

float canvas_below(const canvas *c, const canvas_square *q, float y)
{
    return round_way(y - q->y, c->tall, c->wrap_y);
}

void canvas_local(const canvas *c, const canvas_square *q, float x, float y, float *u, float *v)
{
    float dx = canvas_right_of(c, q, x) / q->half, dy = canvas_below(c, q, y) / q->half;
    *u = (dx * q->cos + dy * q->sin) * q->sign;
    *v = -dx * q->sin + dy * q->cos;
}
