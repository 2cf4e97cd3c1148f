/* underpaint.c: the ground, then one item after the other. */
#include "vision/scenes/underpaint.h"

#include <math.h>
#include <string.h>

#include "vision/scenes/canvas.h"
#include "vision/srgb.h"

enum { SIDE = DIO_PORTRAIT_SIDE };

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* --- the ground --- */

static void lay_ground(const canvas *c, const dio_scene *s, const dio_guide_window *w,
                       uint8_t *rgba)
{
    size_t row = (size_t)w->w * 4;
    if (s->alpha) {
        memset(rgba, 0, row * (size_t)w->h);
        return;
    }
    for (int j = 0; j < w->h; j++) {
        float below = ((float)(w->y + j) + 0.5f) - c->horizon / c->cell + 0.5f;
        float floor = dio_scene_floor(s) ? clamp(below, 0, 1) : 0;
        uint8_t *to = rgba + (size_t)j * row, pixel[4] = {0, 0, 0, 255};
        for (int k = 0; k < 3; k++) {
            float ground = s->palette[DIO_ROLE_GROUND][k];
            ground += (s->palette[DIO_ROLE_FLOOR][k] - ground) * floor;
            pixel[k] = (uint8_t)(clamp(ground, 0, 1) * 255 + 0.5f);
        }
        for (int i = 0; i < w->w; i++)
            memcpy(to + 4 * i, pixel, 4);
    }
}

/* --- an item --- */

/* A portrait in the item's colours: sRGB 0..1, multiplied by alpha. */
struct paint {
    float texel[SIDE][SIDE][4];
    int portrait; /* -1: none so far */
    float tone;
};

/* Items of a pattern share one. */
static void mix_paint(struct paint *p, const dio_image *portraits, const dio_scene *s,
                      const dio_scene_item *it)
{
    int portrait = dio_portrait_of(s, it);
    if (p->portrait == portrait && p->tone == it->tone)
        return;
    p->portrait = portrait;
    p->tone = it->tone;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float *to = p->texel[y][x], rgb[3];
            to[3] = dio_portrait_texel(portraits, portrait, s, x, y, rgb);
            for (int k = 0; k < 3; k++)
                to[k] =
                    to[3] > 0 ? to[3] * clamp(dio_srgb_from_linear(rgb[k] * it->tone), 0, 1) : 0;
        }
}

/* Adds what lies at a place of the square; beyond the portrait's edge there is nothing. */
static void add_tap(const struct paint *p, float u, float v, float sum[4])
{
    float fx = (u / DIO_PORTRAIT_REACH * 0.5f + 0.5f) * SIDE - 0.5f,
          fy = (v / DIO_PORTRAIT_REACH * 0.5f + 0.5f) * SIDE - 0.5f;
    if (!(fx > -1 && fy > -1 && fx < SIDE && fy < SIDE))
        return;
    int x = (int)floorf(fx), y = (int)floorf(fy);
    float a = fx - (float)x, b = fy - (float)y;
    for (int n = 0; n < 4; n++) {
        int at_x = x + n % 2, at_y = y + n / 2;
        float share = (n % 2 ? a : 1 - a) * (n / 2 ? b : 1 - b);
        if (at_x < 0 || at_y < 0 || at_x >= SIDE || at_y >= SIDE)
            continue;
        for (int k = 0; k < 4; k++)
            sum[k] += share * p->texel[at_y][at_x][k];
    }
}

struct laying {
    const canvas *c;
    const canvas_square *q;
    const struct paint *paint;
    int taps;   /* each way, in a pixel: at least one a texel */
    float edge; /* pixels that a texel's width of edge is drawn over */
};

/* Stretched, an outline would be as wide as a texel: it is made as narrow as a pixel again, about
 * where it is half. */
static void lay_pixel(const struct laying *l, float x, float y, uint8_t to[4])
{
    float sum[4] = {0}, u, v, step = l->c->cell / (float)l->taps;
    x -= 0.5f * l->c->cell - 0.5f * step;
    y -= 0.5f * l->c->cell - 0.5f * step;
    for (int j = 0; j < l->taps; j++)
        for (int i = 0; i < l->taps; i++) {
            canvas_local(l->c, l->q, x + (float)i * step, y + (float)j * step, &u, &v);
            add_tap(l->paint, u, v, sum);
        }
    float share = 1 / (float)(l->taps * l->taps), cover = sum[3] * share;
    float alpha = clamp((cover - 0.5f) * l->edge + 0.5f, 0, 1);
    if (cover <= 0 || alpha <= 0)
        return;
    for (int k = 0; k < 4; k++) {
        float over = k < 3 ? fminf(sum[k] * share / cover, 1) * alpha : alpha;
        to[k] = (uint8_t)(over * 255 + (float)to[k] * (1 - alpha) + 0.5f);
    }
}

static void lay_item(const struct laying *l, const dio_guide_window *w, uint8_t *rgba)
{
    float reach = l->q->half * DIO_PORTRAIT_REACH * 1.4143f + l->c->cell; /* however it is turned */
    for (int j = 0; j < w->h; j++) {
        float y = ((float)(w->y + j) + 0.5f) * l->c->cell;
        if (fabsf(canvas_below(l->c, l->q, y)) > reach)
            continue;
        for (int i = 0; i < w->w; i++) {
            float x = ((float)(w->x + i) + 0.5f) * l->c->cell;
            if (fabsf(canvas_right_of(l->c, l->q, x)) <= reach)
                lay_pixel(l, x, y, rgba + ((size_t)j * (size_t)w->w + (size_t)i) * 4);
        }
    }
}

void dio_underpaint(const dio_image *portraits, const dio_scene *s, const dio_guide_window *w,
                    uint8_t *rgba)
{
    canvas c;
    struct paint paint;
    paint.portrait = -1;
    canvas_set(&c, s, w);
    lay_ground(&c, s, w, rgba);
    for (int i = 0; i < s->items; i++) {
        mix_paint(&paint, portraits, s, &s->item[i]);
        float texel = 2 * c.square[i].half * DIO_PORTRAIT_REACH / SIDE / c.cell; /* in pixels */
        lay_item(&(struct laying){&c, &c.square[i], &paint, texel < 1 ? (int)ceilf(1 / texel) : 1,
                                  fmaxf(texel, 1)},
                 w, rgba);
    }
}
