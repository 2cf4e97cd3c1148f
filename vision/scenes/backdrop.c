/* backdrop.c: walls, floors, skies and patterns, each a function of the place alone. */
#include "vision/scenes/stage.h"

static uint32_t scramble(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static float lattice(int x, int y, uint32_t salt)
{
    uint32_t h = scramble((uint32_t)x * 0x9e3779b1u ^ scramble((uint32_t)y + salt));
    return (float)(h >> 8) * (2.0f / 16777216) - 1;
}

float stage_noise(float x, float y, uint32_t salt)
{
    float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
    int i = (int)fx, j = (int)fy;
    u = u * u * (3 - 2 * u), v = v * v * (3 - 2 * v);
    float a = lattice(i, j, salt), b = lattice(i + 1, j, salt);
    float c = lattice(i, j + 1, salt), d = lattice(i + 1, j + 1, salt);
    return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v;
}

static float edge(const stage *t, float distance)
{
    return clampf(distance / t->pixel + 0.5f, 0, 1);
}

static void towards_white(float rgb[3], float k)
{
    mix3(rgb, (const float[3]){1, 1, 1}, k);
}

/* --- walls with a floor --- */

/* The floor: `soft` is how wide the bend between wall and floor is. */
static void put_floor(const stage *t, float y, float soft, const float floor[3], float rgb[3])
{
    float in = soft > 0 ? smooth(-soft, soft, y - t->horizon) : edge(t, y - t->horizon);
    float near = clampf((y - t->horizon) / (t->tall - t->horizon + 0.01f), 0, 1), lit[3];
    for (int i = 0; i < 3; i++)
        lit[i] = floor[i] * (0.94f + 0.10f * near);
    mix3(rgb, lit, in);
}

static void sweep(const stage *t, float x, float y, float rgb[3])
{
    (void)x;
    put_floor(t, y, 0.10f, t->palette[DIO_ROLE_FLOOR], rgb);
}

static void table(const stage *t, float x, float y, float rgb[3])
{
    float wood[3];
    float depth = fmaxf(y - t->horizon, 0) + 0.15f;
    for (int i = 0; i < 3; i++)
        wood[i] = t->palette[DIO_ROLE_FLOOR][i];
    if (t->scene->number[0] < 0.5f) { /* planks that run towards the viewer */
        float u = (x - 0.5f * t->wide) / depth * 0.9f + 4, plank = floorf(u), at = u - plank;
        float grain = stage_noise(u * 14, depth * 1.5f, 7) * 0.5f + lattice((int)plank, 3, 11);
        scale3(wood, 1 + 0.06f * grain);
        scale3(wood, 1 - 0.22f * (1 - smooth(0, 0.035f, fminf(at, 1 - at))));
    }
    put_floor(t, y, 0, wood, rgb);
    float under =
        smooth(0.05f, 0, y - t->horizon) * (y > t->horizon); /* the far edge catches light */
    towards_white(rgb, 0.10f * under);
}

/* A round stage under the actors. */
static void podium(const stage *t, float x, float y, float rgb[3])
{
    sweep(t, x, y, rgb);
    float cx = 0.5f * (t->left + t->right), r = fmaxf(0.62f * (t->right - t->left), 0.24f) + 0.05f;
    const actor *a = &t->actor[t->actors - 1];
    float top = a->standing ? a->foot : fmaxf(a->foot + 0.07f, t->horizon + 0.05f), ry = r * 0.20f,
          high = 0.06f + 0.12f * t->scene->number[0];
    float dx = (x - cx) / r;
    if (fabsf(dx) > 1.4f || y < top - 2 * ry)
        return;
    float curve = dx * dx < 1 ? ry * sqrtf(1 - dx * dx) : 0, side[3], lid[3];
    float away = sqrtf(dx * dx + (y - top - high) * (y - top - high) / (ry * ry));
    scale3(rgb, 1 - 0.32f * smooth(1.5f, 0.9f, away) * (y > top + high - ry)); /* contact shadow */
    float lamp = t->scene->direction[0] < 0 ? -1 : 1;
    for (int i = 0; i < 3; i++) {
        float base = t->palette[t->scene->number[1] < 0.5f ? DIO_ROLE_FLOOR : DIO_ROLE_GROUND][i];
        base += (1 - base) * 0.06f;
        side[i] = base * (0.74f + 0.22f * lamp * clampf(dx, -1, 1));
        lid[i] = base * 1.04f;
    }
    float body = fminf(edge(t, (1 - fabsf(dx)) * r),
                       fminf(edge(t, y - top), edge(t, top + high + curve - y)));
    mix3(rgb, side, body);
    float on = sqrtf(dx * dx + (y - top) * (y - top) / (ry * ry));
    mix3(rgb, lid, edge(t, (1 - on) * ry));
    towards_white(rgb, 0.25f * smooth(0.07f, 0.02f, fabsf(on - 0.985f)) * (y > top) *
                           edge(t, (1 - on) * ry));
}

static void arch(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    float cx = 0.5f * (t->left + t->right) + (n[0] - 0.5f) * 0.1f, w = 0.30f + 0.08f * n[1];
    float top = fmaxf(t->top - 0.13f, 0.05f), middle = top + w;
    float inside = y < middle ? w - hypotf(x - cx, y - middle) : w - fabsf(x - cx);
    const float *panel = t->palette[n[2] < 0.35f ? DIO_ROLE_ACCENT : DIO_ROLE_FLOOR];
    float lamp = t->scene->direction[0] < 0 ? -1 : 1, in[3];
    float shade = y < middle ? w - hypotf(x - cx - 0.03f * lamp, y - middle - 0.03f)
                             : w - fabsf(x - cx - 0.03f * lamp);
    for (int i = 0; i < 3; i++)
        in[i] = panel[i] * (1 - 0.28f * smooth(0.06f, -0.03f, shade));
    if (y < t->horizon)
        mix3(rgb, in, edge(t, inside));
    put_floor(t, y, n[3] < 0.5f ? 0 : 0.02f,
              t->palette[n[2] < 0.35f ? DIO_ROLE_FLOOR : DIO_ROLE_GROUND], rgb);
    scale3(rgb, 1 - 0.10f * smooth(0.05f, 0, y - t->horizon) * (y > t->horizon));
}

/* The light of a window lies on the wall, slanting. */
static void window(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    if (t->floor)
        put_floor(t, y, 0.012f, t->palette[DIO_ROLE_FLOOR], rgb);
    float lamp = t->scene->direction[0] < 0 ? 1 : -1, slant = 0.28f + 0.3f * n[0];
    float u = (x - (0.5f + 0.16f * lamp) * t->wide) * lamp - (y - 0.35f * t->tall) * slant;
    float v = y - (0.12f + 0.1f * n[1]) * t->tall, soft = 0.018f + 0.02f * n[2];
    float w = 0.36f, h = 0.62f * t->tall, bar = 0.016f;
    float in = smooth(-soft, soft, w - fabsf(u)) * smooth(-soft, soft, fminf(v, h - v));
    in *= 1 - 0.85f * smooth(bar + soft, bar - soft * 0.6f, fabsf(u));
    in *= 1 - 0.85f * smooth(bar + soft, bar - soft * 0.6f, fabsf(v - 0.42f * h));
    scale3(rgb, 0.86f + 0.30f * in);
    for (int i = 0; i < 3; i++)
        rgb[i] += in * (const float[]){0.045f, 0.030f, 0.008f}[i];
}

/* Shadows of leaves on the wall. */
static void leaves(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    if (t->floor)
        put_floor(t, y, 0.05f, t->palette[DIO_ROLE_FLOOR], rgb);
    float lamp = t->scene->direction[0] < 0 ? -1 : 1, dark = 0;
    for (int branch = 0; branch < 2; branch++) {
        float bx = (0.5f + lamp * (0.42f - 0.25f * (float)branch)) * t->wide,
              by = -0.12f + 0.25f * (float)branch * t->tall;
        float turn = 1.15f + 0.5f * n[branch] + 0.2f * (float)branch, c = cosf(turn),
              s = sinf(turn);
        float px = (x - bx) * -lamp, py = y - by, along = px * c + py * s,
              across = -px * s + py * c;
        across += 0.22f * along * along * (n[2 + branch] - 0.3f);
        for (int leaf = 0; leaf < 9; leaf++) {
            float side = leaf % 2 ? 1 : -1, base = 0.12f + 0.085f * (float)leaf;
            float length = 0.34f - 0.02f * (float)leaf, ca = 0.80f, sa = 0.6f * side;
            float lx = (along - base) * ca + across * sa, ly = -(along - base) * sa + across * ca;
            float w = 0.055f * sqrtf(fmaxf(lx * (length - lx), 0)) / (0.5f * length);
            if (lx > 0 && lx < length)
                dark = fmaxf(dark, smooth(-0.014f, 0.016f, w - fabsf(ly)));
        }
    }
    scale3(rgb, 1.03f - 0.30f * dark * (t->floor ? smooth(0.05f, -0.1f, y - t->horizon) : 1));
}

static void bokeh(const stage *t, float x, float y, float rgb[3])
{
    scale3(rgb, 1.05f - 0.3f * y / t->tall);
    for (int i = 0; i < 16; i++) {
        float u = lattice(i, (int)(t->scene->number[0] * 977), 1) * 0.5f + 0.5f;
        float v = lattice(i, (int)(t->scene->number[0] * 977), 2) * 0.5f + 0.5f;
        float q = lattice(i, (int)(t->scene->number[0] * 977), 3) * 0.5f + 0.5f;
        float r = 0.035f + 0.09f * q * q, d = hypotf(x - u * t->wide, y - v * t->horizon * 1.05f);
        if (d > r + 0.02f)
            continue;
        const float *c = t->palette[i % 3 == 0   ? DIO_ROLE_ACCENT
                                    : i % 3 == 1 ? DIO_ROLE_FLOOR
                                                 : DIO_ROLE_SECOND];
        float in = smooth(r + 0.008f, r - 0.008f, d) * (0.16f + 0.26f * (1 - q)) *
                   (0.75f + 0.25f * smooth(0.5f * r, r, d));
        for (int k = 0; k < 3; k++)
            rgb[k] += in * (0.75f * c[k] + 0.12f);
    }
    if (t->floor)
        put_floor(t, y, 0.03f, t->palette[DIO_ROLE_FLOOR], rgb);
}

static void hills(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    float v = clampf(y / t->horizon, 0, 1), sun[3], layer[3];
    towards_white(rgb, 0.42f * v * v);
    float sx = (0.2f + 0.6f * n[0]) * t->wide, sy = t->horizon * (0.35f + 0.4f * n[1]),
          r = 0.09f + 0.06f * n[2];
    for (int i = 0; i < 3; i++)
        sun[i] = 0.75f * t->palette[DIO_ROLE_ACCENT][i] + 0.25f;
    float d = hypotf(x - sx, y - sy);
    mix3(rgb, sun, 0.28f * expf(-d * d / (4 * r * r)));
    mix3(rgb, sun, edge(t, r - d));
    for (int k = 0; k < 3; k++) {
        float f = (float)k, base = t->horizon + (f - 1.6f) * 0.11f + 0.03f;
        float a = x * (2.6f - 0.5f * f) + 6.28f * n[3 + k],
              crest = base - 0.045f * sinf(a) - 0.018f * sinf(2.3f * a + 1);
        for (int i = 0; i < 3; i++)
            layer[i] = rgb[i];
        const float *floor = t->palette[DIO_ROLE_FLOOR];
        float far = 0.55f - 0.27f * f;
        for (int i = 0; i < 3; i++) {
            float deep = floor[i] * (0.72f + 0.14f * f);
            layer[i] =
                deep + (0.5f * t->palette[DIO_ROLE_GROUND][i] + 0.5f * sun[i] - deep) * far * 0.6f;
        }
        scale3(rgb,
               1 - 0.18f * smooth(-0.07f, 0, y - crest)); /* a hill's shadow on what is behind */
        scale3(layer, 1.05f - 0.25f * clampf((y - crest) / 0.5f, 0, 1));
        mix3(rgb, layer, edge(t, y - crest));
    }
}

/* --- without a floor --- */

static void sky(const stage *t, float x, float y, float rgb[3])
{
    towards_white(rgb, 0.45f * y / t->tall);
    int salt = (int)(t->scene->number[0] * 977);
    for (int i = 0; i < 5; i++) {
        float cx = (lattice(i, salt, 5) * 0.5f + 0.5f) * t->wide,
              size = 0.10f + 0.07f * lattice(i, salt, 7);
        float cy = (0.08f + 0.84f * ((float)i + 0.5f + 0.5f * lattice(i, salt, 6)) / 5) * t->tall,
              in = -1;
        for (int b = 0; b < 5; b++) {
            float bx = cx + ((float)b - 2) * size * 0.75f,
                  br = size *
                       (1 - 0.2f * fabsf((float)b - 2) + 0.25f * lattice(b, i, (uint32_t)salt));
            in = fmaxf(in, br - hypotf(x - bx, (y - cy) * 1.15f));
        }
        in = fminf(in, cy + 0.32f * size - y);
        float puff[3] = {0.97f, 0.97f, 0.98f};
        mix3(puff, rgb, clampf(0.10f + 0.5f * (y - cy + 0.3f * size) / size, 0.05f, 0.6f));
        mix3(rgb, puff, 0.94f * smooth(-0.006f, 0.006f, in));
    }
}

static void stripes(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    float turn = n[0] < 0.4f ? 0 : n[0] < 0.8f ? 0.785f : 1.571f, period = 0.12f + 0.14f * n[1];
    float u = (x * cosf(turn) + y * sinf(turn)) / period, at = u - floorf(u);
    float in = fminf(at, 0.5f - at) * period;
    mix3(rgb, t->palette[DIO_ROLE_FLOOR], edge(t, in));
}

static void sunburst(const stage *t, float x, float y, float rgb[3])
{
    float cx = 0.5f * (t->left + t->right), cy = t->top + 0.5f * fmaxf(t->actor[0].half * 2, 0.3f);
    float rays = 8 + floorf(10 * t->scene->number[0]), r = hypotf(x - cx, y - cy);
    float a = atan2f(y - cy, x - cx) / 6.2831853f * rays + t->scene->number[1], at = a - floorf(a);
    float in = fminf(at, 0.5f - at) / rays * 6.2831853f * r;
    mix3(rgb, t->palette[DIO_ROLE_FLOOR], edge(t, in));
    towards_white(rgb, 0.25f * expf(-r * r / 0.10f));
}

static void dots(const stage *t, float x, float y, float rgb[3])
{
    float period = 0.11f + 0.07f * t->scene->number[0], row = floorf(y / period);
    float u = x / period + 0.5f * fmodf(row, 2), v = y / period;
    float d = hypotf(u - floorf(u) - 0.5f, v - row - 0.5f) * period;
    mix3(rgb, t->palette[DIO_ROLE_FLOOR],
         edge(t, period * (0.18f + 0.14f * t->scene->number[1]) - d));
}

static void waves(const stage *t, float x, float y, float rgb[3])
{
    const float *n = t->scene->number;
    const int layers = 5;
    for (int k = 0; k < layers; k++) {
        float f = (float)(k + 1) / layers, base = (0.10f + 0.80f * f) * t->tall - 0.02f, sheet[3];
        float a = x * (3.2f + 1.5f * n[k]) + 6.28f * n[5 + k],
              crest = base - 0.055f * sinf(a) - 0.02f * sinf(1.9f * a);
        scale3(rgb, 1 - 0.24f * smooth(-0.055f, 0, y - crest) * (y < crest + t->pixel));
        for (int i = 0; i < 3; i++)
            sheet[i] = t->palette[DIO_ROLE_GROUND][i];
        mix3(sheet, t->palette[DIO_ROLE_FLOOR], f);
        if (k == layers - 2)
            mix3(sheet, t->palette[DIO_ROLE_ACCENT], 0.35f);
        mix3(rgb, sheet, edge(t, y - crest));
    }
}

static void gradient(const stage *t, float x, float y, float rgb[3])
{
    float turn = 6.2831853f * (0.125f + 0.25f * t->scene->number[0]), c = cosf(turn),
          s = sinf(turn);
    float u = (x / t->wide - 0.5f) * c + (y / t->tall - 0.5f) * s;
    mix3(rgb, t->palette[DIO_ROLE_FLOOR], smooth(-0.5f, 0.55f, u));
}

static void plain(const stage *t, float x, float y, float rgb[3])
{
    (void)t, (void)x, (void)y, (void)rgb;
}

typedef void backdrop_fn(const stage *t, float x, float y, float rgb[3]);
static backdrop_fn *const backdrops[DIO_BACKDROPS] = {
    plain, gradient, sweep,    podium, arch,  window, bokeh,  hills,
    sky,   stripes,  sunburst, dots,   waves, table,  leaves,
};

/* The lamp on the wall: brighter on its side, or a pool of light, or two colours. */
static void lamp(const stage *t, float x, float y, float rgb[3])
{
    const dio_scene *s = t->scene;
    float u = x / t->wide - 0.5f, v = y / t->tall - 0.5f, side = s->direction[0] < 0 ? -1 : 1;
    float cx = 0.5f * (t->left + t->right), cy = t->top + 0.55f * (t->tall * 0.6f);
    float near = hypotf(x - cx, (y - cy) * 0.85f), far = u * u + v * v;
    if (s->style == DIO_STYLE_FLAT || s->style == DIO_STYLE_PRINT)
        return;
    switch (s->light) {
    case DIO_LIGHT_SIDE:
        scale3(rgb, 0.97f + 0.22f * side * u);
        break;
    case DIO_LIGHT_RIM:
        scale3(rgb, 0.62f + 0.5f * expf(-near * near / 0.16f));
        break;
    case DIO_LIGHT_GOLDEN:
        for (int i = 0; i < 3; i++) {
            float warm = smooth(0.9f, -0.2f, hypotf(u - 0.6f * side, v + 0.35f));
            rgb[i] = rgb[i] * (1 + warm * (const float[]){0.16f, 0.06f, -0.08f}[i]) +
                     0.05f * warm * (const float[]){1, 0.6f, 0.2f}[i];
        }
        break;
    case DIO_LIGHT_NEON:
        for (int i = 0; i < 3; i++) {
            float l = smooth(0.85f, 0, hypotf(u - 0.5f * side, v)),
                  r = smooth(0.85f, 0, hypotf(u + 0.5f * side, v + 0.1f));
            rgb[i] = rgb[i] * 0.7f + 0.30f * l * t->palette[DIO_ROLE_ACCENT][i] +
                     0.22f * r * t->palette[DIO_ROLE_SECOND][i];
        }
        break;
    case DIO_LIGHT_SPOT:
        scale3(rgb, 0.5f + 0.58f * smooth(0.66f, 0.16f, near));
        break;
    default:
        scale3(rgb, 1.02f - 0.16f * far);
    }
    if (s->style == DIO_STYLE_STUDIO)
        scale3(rgb, 1.03f - 0.34f * far);
}

void stage_backdrop(const stage *t, float x, float y, float rgb[3])
{
    for (int i = 0; i < 3; i++)
        rgb[i] = t->palette[DIO_ROLE_GROUND][i];
    backdrops[t->scene->backdrop](t, x, y, rgb);
    lamp(t, x, y, rgb);
}
