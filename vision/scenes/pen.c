/* pen.c: bodies by their distance functions; edges are one texel soft. */
#include "vision/scenes/pen.h"

#include <math.h>

static float clamp(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static void blend(float *to, float value, float cover)
{
    *to += (value - *to) * cover;
}

static void colour(float *t, const brush *b, float cover)
{
    blend(&t[TEXEL_SECOND], b->second, cover);
    blend(&t[TEXEL_ACCENT], b->accent, cover);
    blend(&t[TEXEL_TONE], b->tone, cover);
    blend(&t[TEXEL_OWN], b->own, cover);
    blend(&t[TEXEL_GLOW], b->glow, cover);
    for (int k = 0; k < 3; k++)
        blend(&t[TEXEL_RED + k], b->rgb[k], cover);
}

/* `inside`: distance from the edge, in units of the square. */
static void put(shape *s, int x, int y, float inside, const brush *b, float nx, float ny,
                float height)
{
    float cover = clamp(inside / shape_texel(s) + 0.5f, 0, 1);
    if (cover <= 0)
        return;
    float *t = shape_at(s, x, y), *total = &s->cover[y * s->side[0] + x];
    /* The first body on a texel gives it all its colour: cover alone makes the edge. */
    float share = *total > 0 ? cover : 1;
    colour(t, b, share);
    blend(&t[TEXEL_X], nx, share);
    blend(&t[TEXEL_Y], ny, share);
    blend(&t[TEXEL_HEIGHT], height, share);
    *total += (1 - *total) * cover;
}

/* Half the width at y by cubic Hermite pieces, and how fast it changes. */
static bool profile(const point *p, int n, float y, float *w, float *slope)
{
    if (y < p[0].y || y > p[n - 1].y)
        return false;
    int i = 0;
    while (i < n - 2 && y > p[i + 1].y)
        i++;
    float h = p[i + 1].y - p[i].y, t = h > 0 ? (y - p[i].y) / h : 0;
    float straight = h > 0 ? (p[i + 1].x - p[i].x) / h : 0, m0 = straight, m1 = straight;
    if (i > 0 && p[i].y - p[i - 1].y > 0.02f)
        m0 = 0.5f * (straight + (p[i].x - p[i - 1].x) / (p[i].y - p[i - 1].y));
    if (i < n - 2 && p[i + 2].y - p[i + 1].y > 0.02f)
        m1 = 0.5f * (straight + (p[i + 2].x - p[i + 1].x) / (p[i + 2].y - p[i + 1].y));
    float a = h * (m0 + m1) - 2 * (p[i + 1].x - p[i].x);
    float c = 3 * (p[i + 1].x - p[i].x) - h * (2 * m0 + m1);
    *w = p[i].x + t * (h * m0 + t * (c + t * a));
    *slope = h > 0 ? (h * m0 + t * (2 * c + 3 * t * a)) / h : 0;
    return true;
}

void pen_lathe(shape *s, const brush *b, float cx, const point *p, int n)
{
    for (int y = 0; y < s->side[0]; y++) {
        float at = shape_place(s, y), edge = fminf(at - p[0].y, p[n - 1].y - at), w, slope;
        if (edge < -shape_texel(s) || !profile(p, n, clamp(at, p[0].y, p[n - 1].y), &w, &slope) ||
            w <= 0)
            continue;
        slope = clamp(slope, -3, 3);
        for (int x = 0; x < s->side[0]; x++) {
            float u = (shape_place(s, x) - cx) / w, in = 1 - fabsf(u);
            u = clamp(u, -0.995f, 0.995f);
            float z = sqrtf(1 - u * u), scale = 1 / sqrtf(1 + slope * slope);
            put(s, x, y, fminf(in * w, edge), b, u * scale, -slope * scale, z * w);
        }
    }
}

void pen_plate(shape *s, const brush *b, float cx, float cy, float w, float h, float radius,
               float bevel)
{
    for (int y = 0; y < s->side[0]; y++)
        for (int x = 0; x < s->side[0]; x++) {
            float px = shape_place(s, x) - cx, py = shape_place(s, y) - cy;
            float qx = fabsf(px) - w + radius, qy = fabsf(py) - h + radius;
            float ox = fmaxf(qx, 0), oy = fmaxf(qy, 0), far = sqrtf(ox * ox + oy * oy);
            float inside = radius - far - fminf(fmaxf(qx, qy), 0);
            float gx = far > 0 ? ox / far : qx > qy, gy = far > 0 ? oy / far : qx <= qy;
            float lean = bevel > 0 ? clamp(1 - inside / bevel, 0, 0.95f) : 0;
            put(s, x, y, inside, b, copysignf(gx, px) * lean, copysignf(gy, py) * lean,
                0.1f + bevel * sqrtf(1 - lean * lean));
        }
}

void pen_ellipse(shape *s, const brush *b, float cx, float cy, float rx, float ry, float dome)
{
    for (int y = 0; y < s->side[0]; y++)
        for (int x = 0; x < s->side[0]; x++) {
            float u = (shape_place(s, x) - cx) / rx, v = (shape_place(s, y) - cy) / ry;
            float r = sqrtf(u * u + v * v);
            float z = sqrtf(fmaxf(1 - r * r, 0.01f));
            float ny = dome > 0 ? v * dome : -0.8f;
            put(s, x, y, (1 - r) * fminf(rx, ry), b, clamp(u * dome, -0.99f, 0.99f),
                clamp(ny, -0.99f, 0.99f), 0.1f + z * dome * fminf(rx, ry));
        }
}

void pen_tube(shape *s, const brush *b, const point *p, int n, float r)
{
    for (int y = 0; y < s->side[0]; y++)
        for (int x = 0; x < s->side[0]; x++) {
            float best = 1e9f, bx = 0, by = 0, px = shape_place(s, x), py = shape_place(s, y);
            for (int i = 0; i + 1 < n; i++) {
                float ex = p[i + 1].x - p[i].x, ey = p[i + 1].y - p[i].y;
                float t =
                    ((px - p[i].x) * ex + (py - p[i].y) * ey) / fmaxf(ex * ex + ey * ey, 1e-9f);
                t = clamp(t, 0, 1);
                float dx = px - p[i].x - t * ex, dy = py - p[i].y - t * ey, d = dx * dx + dy * dy;
                if (d < best)
                    best = d, bx = dx, by = dy;
            }
            best = sqrtf(best);
            if (best > r + shape_texel(s))
                continue;
            float k = clamp(best / r, 0, 0.97f), unit = best > 0 ? k / best : 0;
            put(s, x, y, r - best, b, bx * unit, by * unit, 0.05f + r * sqrtf(1 - k * k));
        }
}

void pen_arc(shape *s, const brush *b, float cx, float cy, float rx, float ry, float from, float to,
             float r)
{
    point p[25];
    for (int i = 0; i < 25; i++) {
        float a = 6.2831853f * (from + (to - from) * (float)i / 24);
        p[i] = (point){cx + rx * cosf(a), cy + ry * sinf(a)};
    }
    pen_tube(s, b, p, 25, r);
}

void pen_face(shape *s, const brush *b, const point *p, int n, float nx, float ny)
{
    for (int y = 0; y < s->side[0]; y++)
        for (int x = 0; x < s->side[0]; x++) {
            float inside = 1e9f, px = shape_place(s, x), py = shape_place(s, y);
            for (int i = 0; i < n; i++) {
                point a = p[i], c = p[(i + 1) % n];
                float ex = c.x - a.x, ey = c.y - a.y;
                float d = (ex * (py - a.y) - ey * (px - a.x)) / sqrtf(ex * ex + ey * ey);
                inside = fminf(inside, d);
            }
            put(s, x, y, inside, b, nx, ny, 0.2f);
        }
}

void pen_dye(shape *s, const brush *b, float cx, float cy, float w, float h, float radius)
{
    for (int y = 0; y < s->side[0]; y++)
        for (int x = 0; x < s->side[0]; x++) {
            float qx = fabsf(shape_place(s, x) - cx) - w + radius;
            float qy = fabsf(shape_place(s, y) - cy) - h + radius;
            float ox = fmaxf(qx, 0), oy = fmaxf(qy, 0);
            float inside = radius - sqrtf(ox * ox + oy * oy) - fminf(fmaxf(qx, qy), 0);
            float cover = clamp(inside / shape_texel(s) + 0.5f, 0, 1);
            if (cover > 0 && s->cover[y * s->side[0] + x] > 0)
                colour(shape_at(s, x, y), b, cover);
        }
}
