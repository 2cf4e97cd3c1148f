/* sprite_draw.c: parts by signed distance, light and tones. */
#include "vision/sources/sprite_draw.h"

#include <math.h>
#include <string.h>

static const float USUAL_OUTLINE = 0.055f, USUAL_BEVEL = 0.25f, PIXEL = 2.0f / SPRITE_FINE;
static const float FAR = 4;

/* --- shapes --- */

static struct dio_shape *add(dio_sprite *s, float left, float top, float right, float bottom)
{
    if (s->shapes == SPRITE_SHAPES) /* no part has as many; the last would give way */
        s->shapes--;
    struct dio_shape *p = &s->shape[s->shapes++];
    *p = (struct dio_shape){.left = left, .top = top, .right = right, .bottom = bottom};
    p->join = s->join;
    p->soft = s->soft;
    return p;
}

void sprite_ellipse(dio_sprite *s, float x, float y, float rx, float ry)
{
    struct dio_shape *p = add(s, x - rx, y - ry, x + rx, y + ry);
    p->kind = SHAPE_ELLIPSE;
    memcpy(p->a, (float[4]){x, y, rx, ry}, 4 * sizeof(float));
}

void sprite_limb(dio_sprite *s, float x0, float y0, float r0, float x1, float y1, float r1)
{
    float r = fmaxf(r0, r1);
    struct dio_shape *p =
        add(s, fminf(x0, x1) - r, fminf(y0, y1) - r, fmaxf(x0, x1) + r, fmaxf(y0, y1) + r);
    p->kind = SHAPE_LIMB;
    memcpy(p->a, (float[6]){x0, y0, r0, x1, y1, r1}, 6 * sizeof(float));
}

void sprite_bend(dio_sprite *s, const float from[3], const float by[2], const float to[3])
{
    enum { PIECES = 6 };
    float x = from[0], y = from[1], r = from[2];
    for (int i = 1; i <= PIECES; i++) {
        float t = (float)i / PIECES, k = 1 - t;
        float nx = k * k * from[0] + 2 * k * t * by[0] + t * t * to[0];
        float ny = k * k * from[1] + 2 * k * t * by[1] + t * t * to[1];
        float nr = sprite_mix(from[2], to[2], t);
        sprite_limb(s, x, y, r, nx, ny, nr);
        x = nx;
        y = ny;
        r = nr;
    }
}

void sprite_turned_box(dio_sprite *s, float x, float y, float w, float h, float round, float c,
                       float si)
{
    float n = 1 / sqrtf(c * c + si * si), reach = w + h;
    struct dio_shape *p = add(s, x - reach, y - reach, x + reach, y + reach);
    p->kind = SHAPE_BOX;
    p->round = round;
    memcpy(p->a, (float[6]){x, y, w, h, c * n, si * n}, 6 * sizeof(float));
}

void sprite_box(dio_sprite *s, float x, float y, float w, float h, float round)
{
    sprite_turned_box(s, x, y, w, h, round, 1, 0);
}

void sprite_polygon(dio_sprite *s, int n, const float (*corner)[2], float round)
{
    float box[4] = {FAR, FAR, -FAR, -FAR};
    for (int i = 0; i < n; i++) {
        box[0] = fminf(box[0], corner[i][0] - round);
        box[1] = fminf(box[1], corner[i][1] - round);
        box[2] = fmaxf(box[2], corner[i][0] + round);
        box[3] = fmaxf(box[3], corner[i][1] + round);
    }
    struct dio_shape *p = add(s, box[0], box[1], box[2], box[3]);
    p->kind = SHAPE_POLYGON;
    p->corners = n;
    p->round = round;
    memcpy(p->corner, corner, (size_t)n * sizeof *corner);
}

void sprite_soft(dio_sprite *s, float soft)
{
    s->soft = soft;
}

void sprite_cut(dio_sprite *s)
{
    s->join = JOIN_CUT;
}

void sprite_keep(dio_sprite *s)
{
    s->join = JOIN_KEEP;
}

void sprite_add(dio_sprite *s)
{
    s->join = JOIN_ADD;
}

void sprite_place(dio_sprite *s, float c, float si, float scale, float x, float y)
{
    float n = 1 / sqrtf(c * c + si * si);
    s->cosine = c * n;
    s->sine = si * n;
    s->scale = scale;
    s->shift_x = x;
    s->shift_y = y;
}

/* --- distances --- */

static float to_ellipse(const float *a, float x, float y)
{
    float px = (x - a[0]) / a[2], py = (y - a[1]) / a[3];
    float k = sqrtf(px * px + py * py);
    float qx = px / a[2], qy = py / a[3], slope = sqrtf(qx * qx + qy * qy);
    return slope > 1e-6f ? k * (k - 1) / slope : -fminf(a[2], a[3]);
}

static float to_limb(const float *a, float x, float y)
{
    float bx = a[3] - a[0], by = a[4] - a[1], px = x - a[0], py = y - a[1];
    float t = sprite_clamp((px * bx + py * by) / (bx * bx + by * by + 1e-9f));
    float dx = px - t * bx, dy = py - t * by;
    return sqrtf(dx * dx + dy * dy) - sprite_mix(a[2], a[5], t);
}

static float to_box(const struct dio_shape *p, float x, float y)
{
    const float *a = p->a;
    float px = x - a[0], py = y - a[1];
    float qx = fabsf(px * a[4] + py * a[5]) - a[2] + p->round;
    float qy = fabsf(py * a[4] - px * a[5]) - a[3] + p->round;
    float ox = fmaxf(qx, 0), oy = fmaxf(qy, 0);
    return sqrtf(ox * ox + oy * oy) + fminf(fmaxf(qx, qy), 0) - p->round;
}

static float to_polygon(const struct dio_shape *p, float x, float y)
{
    float least = FAR * FAR;
    bool inside = false;
    for (int i = 0, j = p->corners - 1; i < p->corners; j = i++) {
        const float *a = p->corner[i], *b = p->corner[j];
        float ex = b[0] - a[0], ey = b[1] - a[1], wx = x - a[0], wy = y - a[1];
        float t = sprite_clamp((wx * ex + wy * ey) / (ex * ex + ey * ey + 1e-9f));
        float dx = wx - t * ex, dy = wy - t * ey;
        least = fminf(least, dx * dx + dy * dy);
        if ((a[1] > y) != (b[1] > y) && x < ex * (y - a[1]) / (b[1] - a[1]) + a[0])
            inside = !inside;
    }
    return (inside ? -sqrtf(least) : sqrtf(least)) - p->round;
}

static float to_shape(const struct dio_shape *p, float x, float y)
{
    switch (p->kind) {
    case SHAPE_ELLIPSE:
        return to_ellipse(p->a, x, y);
    case SHAPE_LIMB:
        return to_limb(p->a, x, y);
    case SHAPE_BOX:
        return to_box(p, x, y);
    default:
        return to_polygon(p, x, y);
    }
}

static float soft_min(float a, float b, float k)
{
    float h = k > 0 ? fmaxf(k - fabsf(a - b), 0) / k : 0;
    return fminf(a, b) - h * h * k * 0.25f;
}

static float to_part(const dio_sprite *s, float x, float y)
{
    float d = FAR;
    for (int i = 0; i < s->shapes; i++) {
        const struct dio_shape *p = &s->shape[i];
        float e = to_shape(p, x, y);
        if (p->join == JOIN_ADD)
            d = soft_min(d, e, p->soft);
        else if (p->join == JOIN_CUT)
            d = -soft_min(-d, e, p->soft);
        else
            d = -soft_min(-d, -e, p->soft);
    }
    return d;
}

/* --- painting --- */

struct window {
    int x0, y0, x1, y1;
};

/* The pixels that the shapes and `reach` around them can touch. */
static struct window window_of(const dio_sprite *s, float reach)
{
    struct window w = {SPRITE_FINE, SPRITE_FINE, 0, 0};
    for (int i = 0; i < s->shapes; i++) {
        const struct dio_shape *p = &s->shape[i];
        if (p->join != JOIN_ADD)
            continue;
        for (int k = 0; k < 4; k++) {
            float x = (k & 1 ? p->right + reach : p->left - reach) * s->scale;
            float y = (k & 2 ? p->bottom + reach : p->top - reach) * s->scale;
            float px = (x * s->cosine - y * s->sine + s->shift_x + 1) / PIXEL;
            float py = (x * s->sine + y * s->cosine + s->shift_y + 1) / PIXEL;
            w.x0 = (int)fminf((float)w.x0, floorf(px) - 1);
            w.y0 = (int)fminf((float)w.y0, floorf(py) - 1);
            w.x1 = (int)fmaxf((float)w.x1, ceilf(px) + 2);
            w.y1 = (int)fmaxf((float)w.y1, ceilf(py) + 2);
        }
    }
    w.x0 = w.x0 < 0 ? 0 : w.x0;
    w.y0 = w.y0 < 0 ? 0 : w.y0;
    w.x1 = w.x1 > SPRITE_FINE ? SPRITE_FINE : w.x1;
    w.y1 = w.y1 > SPRITE_FINE ? SPRITE_FINE : w.y1;
    return w;
}

/* A pixel's place in the drawing. */
static void place_of(const dio_sprite *s, int px, int py, float *x, float *y)
{
    float qx = ((float)px + 0.5f) * PIXEL - 1 - s->shift_x;
    float qy = ((float)py + 0.5f) * PIXEL - 1 - s->shift_y;
    *x = (qx * s->cosine + qy * s->sine) / s->scale;
    *y = (qy * s->cosine - qx * s->sine) / s->scale;
}

/* Distances in the picture's own measure. */
static void measure(dio_sprite *s, struct window w)
{
    for (int py = w.y0; py < w.y1; py++)
        for (int px = w.x0; px < w.x1; px++) {
            float x, y;
            place_of(s, px, py, &x, &y);
            s->distance[py * SPRITE_FINE + px] = to_part(s, x, y) * s->scale;
        }
}

static void lay(float *pixel, dio_tint c, float alpha)
{
    pixel[0] += (c.r - pixel[0]) * alpha;
    pixel[1] += (c.g - pixel[1]) * alpha;
    pixel[2] += (c.b - pixel[2]) * alpha;
    pixel[3] += (1 - pixel[3]) * alpha;
}

static float coverage(float distance)
{
    return sprite_clamp(0.5f - distance / PIXEL);
}

static float texture_at(const dio_paint *p, float x, float y)
{
    if (p->texture == GRAIN_STONE)
        return 0.6f * sprite_noise(5 * x + 9, 5 * y + 4, 0, 7) +
               0.4f * sprite_noise(11 * x, 11 * y, 0, 8);
    if (p->texture == GRAIN_WOOD)
        return sprite_noise(14 * x + 1.2f * sprite_noise(2 * x, 3 * y, 0, 5), 1.6f * y, 0, 3);
    if (p->texture == GRAIN_CLOTH)
        return 0.5f * sprite_sin(4.5f * (x + y)) * sprite_sin(4.5f * (x - y));
    return 0;
}

/* Tones in four soft steps: a ramp, as one paints it by hand. */
static float steps(float tone)
{
    float q = 4 * sprite_clamp(tone), f = floorf(q);
    return (f + sprite_smooth(0.25f, 0.75f, q - f)) / 4;
}

static dio_tint lit(const dio_sprite *s, const dio_paint *p, int px, int py, float bevel)
{
    static const float LIGHT[3] = {-0.50f, -0.64f, 0.585f}, HALF[3] = {-0.28f, -0.36f, 0.89f};
    const float *d = &s->distance[py * SPRITE_FINE + px];
    float x, y, gx = d[px + 1 < SPRITE_FINE] - d[-(px > 0)];
    float gy = d[py + 1 < SPRITE_FINE ? SPRITE_FINE : 0] - d[py > 0 ? -SPRITE_FINE : 0];
    float length = sqrtf(gx * gx + gy * gy) + 1e-6f, t = sprite_clamp(-*d / bevel);
    float side = (1 - t) * (1 - 0.5f * t * t);
    float nx = gx / length * side, ny = gy / length * side;
    float nz = sqrtf(fmaxf(0.02f, 1 - nx * nx - ny * ny));
    float light = nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2];
    float shine = nx * HALF[0] + ny * HALF[1] + nz * HALF[2];
    place_of(s, px, py, &x, &y);
    float screen_y = ((float)py + 0.5f) * PIXEL - 1;
    float tone =
        0.10f + 0.68f * (light + 0.12f) - 0.07f * screen_y + p->grain * texture_at(p, x, y);
    if (p->glow)
        tone = 0.45f + 0.6f * t;
    if (p->metal)
        tone += 0.16f * sprite_sin(1.1f * light + 0.35f * (x - y));
    dio_tint c = sprite_ramp(p->base, steps(tone));
    float spot = sprite_smooth(0.955f, 0.985f, shine) * p->gloss * sprite_smooth(0.05f, 0.3f, t);
    float bounce = sprite_smooth(0.15f, 0.55f, -light) * 0.22f;
    c = sprite_blend(c, sprite_ramp(p->base, 0.62f), bounce);
    return sprite_blend(c, sprite_tint(1, 1, 0.97f), spot);
}

static dio_tint ink(dio_tint base)
{
    return sprite_blend(sprite_scale(base, 0.26f), sprite_tint(0.09f, 0.05f, 0.14f), 0.55f);
}

static void part_done(dio_sprite *s)
{
    s->shapes = 0;
    s->join = JOIN_ADD;
    s->soft = 0;
}

void sprite_fill(dio_sprite *s, const dio_paint *p)
{
    float outline = p->outline > 0 ? p->outline : p->outline < 0 ? 0 : USUAL_OUTLINE;
    float bevel = (p->bevel > 0 ? p->bevel : USUAL_BEVEL) * s->scale, solid = 1 - p->alpha;
    struct window w = window_of(s, outline + 0.02f);
    memset(s->last, 0, sizeof s->last);
    measure(s, w);
    for (int py = w.y0; py < w.y1; py++)
        for (int px = w.x0; px < w.x1; px++) {
            int at = py * SPRITE_FINE + px;
            float inside = coverage(s->distance[at]);
            if (outline > 0)
                lay(s->pixel[at], ink(p->base), coverage(s->distance[at] - outline) * (1 - inside));
            s->last[at] = inside;
            if (inside > 0)
                lay(s->pixel[at], p->flat ? p->base : lit(s, p, px, py, bevel), inside * solid);
        }
    part_done(s);
}

void sprite_mark(dio_sprite *s, const dio_paint *p)
{
    float bevel = (p->bevel > 0 ? p->bevel : USUAL_BEVEL) * s->scale, solid = 1 - p->alpha;
    struct window w = window_of(s, 0.02f);
    measure(s, w);
    for (int py = w.y0; py < w.y1; py++)
        for (int px = w.x0; px < w.x1; px++) {
            int at = py * SPRITE_FINE + px;
            float inside = coverage(s->distance[at]) * s->last[at];
            if (inside > 0)
                lay(s->pixel[at], p->flat ? p->base : lit(s, p, px, py, bevel), inside * solid);
        }
    part_done(s);
}

void sprite_dot(dio_sprite *s, int x, int y, dio_tint c)
{
    float *p = s->pixel[y * SPRITE_FINE + x];
    p[0] = sprite_clamp(c.r);
    p[1] = sprite_clamp(c.g);
    p[2] = sprite_clamp(c.b);
    p[3] = 1;
}
