/* sprite_terrain.c: the ground, as tiles whose left edge meets the right and whose top meets the
 * bottom. main is most of it, second what lies in it, accent what is scattered on top. */
#include <math.h>
#include <stddef.h>

#include "vision/sources/sprite_draw.h"

/* Outlines are lists of points, read along the line. */
/* clang-format off */

/* Across a tile once: 0..1 in x and y. */
typedef dio_tint pattern_fn(const dio_sprite *s, float x, float y);

static void cover(dio_sprite *s, pattern_fn *pattern)
{
    for (int y = 0; y < SPRITE_FINE; y++)
        for (int x = 0; x < SPRITE_FINE; x++)
            sprite_dot(s, x, y, pattern(s, ((float)x + 0.5f) / SPRITE_FINE,
                                        ((float)y + 0.5f) / SPRITE_FINE));
}

static float cloud(float x, float y, int period, uint32_t seed)
{
    return 0.62f * sprite_noise(x * (float)period, y * (float)period, period, seed) +
           0.38f * sprite_noise(2 * x * (float)period, 2 * y * (float)period, 2 * period, seed + 1);
}

static float step_tone(float t, int n)
{
    float q = t * (float)n, f = floorf(q);
    return (f + sprite_smooth(0.3f, 0.7f, q - f)) / (float)n;
}

/* The nearest of cells that lie on a shaken lattice: distance to its border, and its number. */
struct cell {
    float border, dx, dy;
    int id;
};

static struct cell cell_at(float x, float y, int n, float shake, uint32_t seed)
{
    struct cell c = {4, 0, 0, 0};
    float best[2] = {9, 9}, bx = 0, by = 0, px = x * (float)n, py = y * (float)n;
    int ix = (int)floorf(px), iy = (int)floorf(py);
    for (int pass = 0; pass < 2; pass++)
        for (int j = -2; j <= 2; j++)
            for (int i = -2; i <= 2; i++) {
                int cx = ix + i, cy = iy + j, wx = (cx % n + n) % n, wy = (cy % n + n) % n;
                float ox = (float)cx + 0.5f + shake * (sprite_hash(wx, wy, seed) - 0.5f);
                float oy = (float)cy + 0.5f + shake * (sprite_hash(wx, wy, seed + 9) - 0.5f);
                float dx = px - ox, dy = py - oy, d = dx * dx + dy * dy;
                if (pass == 0 && d < best[0]) {
                    best[0] = d;
                    bx = ox;
                    by = oy;
                    c.id = wy * n + wx;
                    c.dx = dx;
                    c.dy = dy;
                } else if (pass == 1) {
                    float ex = ox - bx, ey = oy - by, e = sqrtf(ex * ex + ey * ey);
                    if (e > 1e-4f)
                        c.border = fminf(c.border, ((ox + bx) / 2 - px) * ex / e +
                                                       ((oy + by) / 2 - py) * ey / e);
                }
            }
    return c;
}

/* u: 0 patches, 1 blades, 2 flowers, 3 bend */
static dio_tint grass_at(const dio_sprite *s, float x, float y)
{
    float tone = 0.40f + sprite_u(s, 0, 0.06f, 0.22f) * cloud(x, y, 4, 21);
    dio_tint c = sprite_blend(s->main, s->second, 0.30f * sprite_smooth(0, 0.5f, cloud(x, y, 3, 31)));
    enum { BLADES = 7 };
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++) {
            int cx = (int)floorf(x * BLADES) + i, cy = (int)floorf(y * BLADES) + j;
            int wx = (cx + BLADES) % BLADES, wy = (cy + BLADES) % BLADES;
            float bx = ((float)cx + 0.2f + 0.6f * sprite_hash(wx, wy, 5)) / BLADES;
            float by = ((float)cy + 0.3f + 0.6f * sprite_hash(wx, wy, 6)) / BLADES;
            float tall = sprite_u(s, 1, 0.06f, 0.13f), up = (by - y) / tall;
            float lean = sprite_u(s, 3, -0.05f, 0.05f) * up * up;
            if (up < 0 || up > 1)
                continue;
            for (int k = -1; k <= 1; k++) {
                float off = x - bx - (float)k * (0.018f + 0.016f * up) - lean;
                float width = 0.013f * (1.1f - up);
                if (fabsf(off) < width)
                    tone = sprite_mix(0.30f, 0.78f, up) + (off < 0 ? 0.06f : -0.04f);
            }
        }
    c = sprite_ramp(c, step_tone(tone, 5));
    int n = 3;
    for (int i = 0; i < n * n; i++) {
        float fx = ((float)(i % n) + 0.2f + 0.6f * sprite_hash(i, 1, 77)) / (float)n;
        float fy = ((float)(i / n) + 0.2f + 0.6f * sprite_hash(i, 2, 77)) / (float)n;
        float dx = x - fx, dy = y - fy, d = sqrtf(dx * dx + dy * dy);
        if (sprite_hash(i, 3, 77) > s->u[2] || d > 0.045f)
            continue;
        c = d < 0.016f ? sprite_tint(1, 0.92f, 0.55f)
                       : sprite_ramp(s->accent, dx + dy < 0 ? 0.72f : 0.46f);
    }
    return c;
}

/* u: 0 shake, 1 gap, 2 moss, 3 size, 4 round */
static dio_tint cobble_at(const dio_sprite *s, float x, float y)
{
    int n = s->u[3] > 0.5f ? 4 : 5;
    struct cell c = cell_at(x, y, n, sprite_u(s, 0, 0.35f, 0.75f), 3);
    float gap = sprite_u(s, 1, 0.05f, 0.12f), soft = sprite_u(s, 4, 0.10f, 0.24f);
    float edge = c.border - gap;
    if (edge < 0) {
        float moss = sprite_smooth(0.1f, 0.4f, cloud(x, y, 4, 40) + sprite_u(s, 2, -0.6f, 0.5f));
        return sprite_blend(sprite_ramp(s->second, 0.02f), sprite_ramp(s->accent, 0.35f), moss);
    }
    float side = 1 - fminf(edge / soft, 1), length = sqrtf(c.dx * c.dx + c.dy * c.dy) + 1e-4f;
    float light = -(c.dx + c.dy) / length * 0.7f * side;
    float tone = 0.46f + 0.34f * light + 0.16f * (sprite_hash(c.id, 0, 12) - 0.5f) +
                 0.07f * cloud(x, y, 9, 14);
    return sprite_ramp(s->main, step_tone(tone, 6));
}

/* u: 0 rows, 1 gap, 2 wear, 3 lights */
static dio_tint brick_at(const dio_sprite *s, float x, float y)
{
    int rows = s->u[0] > 0.5f ? 6 : 4, across = rows / 2;
    float py = y * (float)rows, row = floorf(py);
    float px = x * (float)across + ((int)row & 1 ? 0.5f : 0);
    float col = floorf(px), fx = px - col, fy = py - row;
    float gap = sprite_u(s, 1, 0.06f, 0.12f), aspect = 2;
    int id = ((int)col % across + across) % across + 17 * (int)row;
    float wear = sprite_u(s, 2, 0, 0.06f) * cloud(x, y, 8, 50);
    float l = fx * aspect, r = (1 - fx) * aspect, t = fy, b = 1 - fy;
    float edge = fminf(fminf(l, r), fminf(t, b)) - gap - wear;
    if (edge < 0)
        return sprite_ramp(s->second, 0.16f + 0.10f * cloud(x, y, 10, 51));
    float tone = 0.46f + 0.20f * (sprite_hash(id, 3, 52) - 0.5f) + 0.06f * cloud(x, y, 10, 53);
    if (fminf(t, l) - gap - wear < 0.10f)
        tone += 0.20f;
    else if (fminf(b, r) - gap - wear < 0.10f)
        tone -= 0.22f;
    bool lit = sprite_hash(id, 4, 54) < sprite_u(s, 3, 0, 0.3f);
    return sprite_ramp(lit ? s->accent : s->main, step_tone(tone, 6));
}

/* u: 0 boards, 1 gap, 2 grain, 3 joints */
static dio_tint planks_at(const dio_sprite *s, float x, float y)
{
    int boards = s->u[0] > 0.5f ? 5 : 4;
    float py = y * (float)boards, row = floorf(py), fy = py - row;
    float joint = sprite_hash((int)row, 1, 60) * 0.6f + 0.2f + sprite_u(s, 3, -0.1f, 0.1f);
    float gap = sprite_u(s, 1, 0.05f, 0.10f), jx = fabsf(x - joint);
    if (fy < gap || jx < 0.011f)
        return sprite_ramp(s->main, 0.0f);
    float wave = 0.05f * sprite_noise(x * 3, row * 7, 3, 61);
    float grain = sprite_noise(x * 3 + row, (fy + wave) * 7 + row * 9, 0, 62);
    grain = sprite_noise(x * 2, (fy + wave) * 8 + 31 * row, 2, 62);
    float tone = 0.44f + sprite_u(s, 2, 0.08f, 0.20f) * grain +
                 0.14f * (sprite_hash((int)row, x < joint, 63) - 0.5f);
    if (fy < gap + 0.12f)
        tone += 0.18f;
    if (fy > 0.88f)
        tone -= 0.16f;
    float nail = fminf(fabsf(jx - 0.05f), 1), ny = fminf(fabsf(fy - 0.30f), fabsf(fy - 0.75f));
    if (nail < 0.014f && ny < 0.06f)
        return sprite_ramp(s->accent, 0.3f);
    return sprite_ramp(s->main, step_tone(tone, 7));
}

/* u: 0 swell, 1 foam, 2 drift, 3 deep */
static dio_tint water_at(const dio_sprite *s, float x, float y)
{
    float drift = sprite_u(s, 2, 0, 1);
    float wx = x + 0.05f * sprite_sin(y * 2 + drift), wy = y + 0.04f * sprite_sin(x + 0.3f + drift);
    struct cell c = cell_at(wx - floorf(wx), wy - floorf(wy), 4, 0.8f, 70);
    float line = sprite_smooth(sprite_u(s, 1, 0.06f, 0.13f), 0.02f, c.border);
    float tone = 0.42f + sprite_u(s, 0, 0.08f, 0.2f) * cloud(x, y, 3, 71);
    dio_tint base = sprite_blend(s->main, s->second,
                                 sprite_u(s, 3, 0.2f, 0.7f) * sprite_smooth(-0.2f, 0.6f, cloud(x, y, 2, 72)));
    dio_tint foam = sprite_blend(sprite_ramp(s->main, 0.85f), s->accent, 0.15f);
    return sprite_blend(sprite_ramp(base, step_tone(tone, 6)), foam, line * 0.8f);
}

/* u: 0 cracks, 1 heat, 2 shake, 3 crust */
static dio_tint lava_at(const dio_sprite *s, float x, float y)
{
    struct cell c = cell_at(x, y, 3, sprite_u(s, 2, 0.5f, 0.9f), 80);
    float width = sprite_u(s, 0, 0.10f, 0.24f) + 0.07f * cloud(x, y, 6, 81);
    float edge = c.border - width;
    if (edge < 0) {
        float heat = fminf(-edge / width, 1);
        return sprite_ramp(s->main, sprite_mix(0.40f, sprite_u(s, 1, 0.85f, 1.0f), heat));
    }
    float length = sqrtf(c.dx * c.dx + c.dy * c.dy) + 1e-4f, side = 1 - fminf(edge / 0.16f, 1);
    float tone = 0.28f + 0.30f * side * -(c.dx + c.dy) / length + 0.16f * cloud(x, y, 8, 82);
    dio_tint crust = sprite_blend(s->second, sprite_tint(0.24f, 0.17f, 0.20f), sprite_u(s, 3, 0.3f, 0.75f));
    dio_tint c0 = sprite_ramp(crust, step_tone(tone, 5));
    return sprite_blend(sprite_ramp(s->main, 0.25f), c0, sprite_smooth(0, 0.07f, edge));
}

/* u: 0 ripples, 1 bend, 2 pebbles, 3 speckle */
static dio_tint sand_at(const dio_sprite *s, float x, float y)
{
    float bend = sprite_u(s, 1, 0.04f, 0.12f);
    float wave = sprite_sin(y * 4 + bend * 4 * sprite_sin(x + 0.2f) + 0.35f * cloud(x, y, 3, 90));
    float tone = 0.48f + sprite_u(s, 0, 0.05f, 0.16f) * wave +
                 sprite_u(s, 3, 0.02f, 0.10f) * sprite_noise(x * 32, y * 32, 32, 91);
    dio_tint c = sprite_ramp(sprite_blend(s->main, s->second, 0.25f * sprite_smooth(0, 1, wave)),
                             step_tone(tone, 6));
    int n = 4;
    for (int i = 0; i < n * n; i++) {
        float fx = ((float)(i % n) + 0.25f + 0.5f * sprite_hash(i, 1, 92)) / (float)n;
        float fy = ((float)(i / n) + 0.25f + 0.5f * sprite_hash(i, 2, 92)) / (float)n;
        float r = 0.020f + 0.022f * sprite_hash(i, 3, 92), dx = (x - fx) / r, dy = (y - fy) / (0.8f * r);
        float d = dx * dx + dy * dy;
        if (sprite_hash(i, 4, 92) > 0.9f * s->u[2] || d > 1.7f)
            continue;
        c = d > 1 ? sprite_ramp(s->main, 0.12f)
                  : sprite_ramp(s->accent, sprite_smooth(0.9f, -0.9f, dx + dy) * 0.6f + 0.2f);
    }
    return c;
}

/* u: 0 drifts, 1 sparkle, 2 ice, 3 shade */
static dio_tint snow_at(const dio_sprite *s, float x, float y)
{
    dio_tint white = sprite_blend(sprite_tint(0.93f, 0.96f, 1), s->main, 0.16f);
    float drift = cloud(x + 0.06f * sprite_sin(y), y, 3, 100);
    float tone = 0.52f + sprite_u(s, 0, 0.10f, 0.26f) * drift;
    dio_tint c = sprite_ramp(sprite_blend(white, s->main, sprite_u(s, 3, 0.1f, 0.4f) * sprite_smooth(0.1f, -0.6f, drift)),
                             step_tone(tone, 5));
    float ice = sprite_smooth(0.30f, 0.42f, cloud(x, y, 2, 101) + sprite_u(s, 2, -0.25f, 0.25f));
    float streak = sprite_smooth(0.5f, 0.8f, sprite_sin((x + y) * 3));
    c = sprite_blend(c, sprite_ramp(s->second, 0.52f + 0.3f * streak), ice * 0.85f);
    int n = 5;
    for (int i = 0; i < n * n; i++) {
        float fx = ((float)(i % n) + 0.2f + 0.6f * sprite_hash(i, 1, 102)) / (float)n;
        float fy = ((float)(i / n) + 0.2f + 0.6f * sprite_hash(i, 2, 102)) / (float)n;
        float dx = fabsf(x - fx), dy = fabsf(y - fy);
        if (sprite_hash(i, 3, 102) < 0.7f * s->u[1] && (dx + dy < 0.022f || dx * dy < 0.00003f) && dx + dy < 0.032f)
            c = sprite_blend(s->accent, sprite_tint(1, 1, 1), 0.7f);
    }
    return c;
}

#define TILE(name)                                                                                 \
    static void name(dio_sprite *s)                                                                \
    {                                                                                              \
        cover(s, name##_at);                                                                       \
    }
TILE(grass)
TILE(cobble)
TILE(brick)
TILE(planks)
TILE(water)
TILE(lava)
TILE(sand)
TILE(snow)

const dio_sprite_kind dio_sprite_terrain[] = {
    {"terrain", "grass", grass}, {"terrain", "cobble", cobble}, {"terrain", "brick", brick},
    {"terrain", "planks", planks}, {"terrain", "water", water}, {"terrain", "lava", lava},
    {"terrain", "sand", sand},   {"terrain", "snow", snow},     {NULL, NULL, NULL},
};
