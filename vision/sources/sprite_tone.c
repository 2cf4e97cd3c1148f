/* sprite_tone.c: numbers that are the same everywhere, and the tones of a colour. */
#include <math.h>

#include "vision/sources/sprite_draw.h"

/* --- numbers --- */

float sprite_mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

float sprite_u(const dio_sprite *s, int i, float lo, float hi)
{
    return lo + (hi - lo) * s->u[i];
}

float sprite_clamp(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

float sprite_smooth(float lo, float hi, float x)
{
    float t = sprite_clamp((x - lo) / (hi - lo));
    return t * t * (3 - 2 * t);
}

float sprite_hash(int x, int y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^ seed * 0xcb1ab31fu;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)((h ^ h >> 15) >> 8) / 16777216.0f;
}

static int wrap(int i, int period)
{
    return period ? ((i % period) + period) % period : i;
}

float sprite_noise(float x, float y, int period, uint32_t seed)
{
    float fx = floorf(x), fy = floorf(y);
    int ix = (int)fx, iy = (int)fy;
    float tx = x - fx, ty = y - fy;
    tx = tx * tx * (3 - 2 * tx);
    ty = ty * ty * (3 - 2 * ty);
    int x0 = wrap(ix, period), x1 = wrap(ix + 1, period);
    int y0 = wrap(iy, period), y1 = wrap(iy + 1, period);
    float top = sprite_mix(sprite_hash(x0, y0, seed), sprite_hash(x1, y0, seed), tx);
    float low = sprite_mix(sprite_hash(x0, y1, seed), sprite_hash(x1, y1, seed), tx);
    return 2 * sprite_mix(top, low, ty) - 1;
}

/* A parabola through each half circle, bent once (off by 0.001). */
float sprite_sin(float turns)
{
    float t = turns - floorf(turns);
    float p = t < 0.5f ? 16 * t * (0.5f - t) : -16 * (t - 0.5f) * (1 - t);
    return 0.775f * p + 0.225f * p * fabsf(p);
}

float sprite_cos(float turns)
{
    return sprite_sin(turns + 0.25f);
}

/* --- colours --- */

dio_tint sprite_tint(float r, float g, float b)
{
    return (dio_tint){r, g, b};
}

dio_tint sprite_blend(dio_tint a, dio_tint b, float t)
{
    return (dio_tint){sprite_mix(a.r, b.r, t), sprite_mix(a.g, b.g, t), sprite_mix(a.b, b.b, t)};
}

dio_tint sprite_scale(dio_tint a, float by)
{
    return (dio_tint){a.r * by, a.g * by, a.b * by};
}

dio_tint sprite_ramp(dio_tint base, float tone)
{
    static const dio_tint night = {0.16f, 0.09f, 0.30f}, sun = {1, 0.96f, 0.80f},
                          white = {1, 0.995f, 0.96f};
    dio_tint deep = sprite_blend(sprite_scale(base, 0.40f), night, 0.36f);
    dio_tint dark = sprite_blend(sprite_scale(base, 0.72f), night, 0.14f);
    dio_tint light = sprite_blend(base, sun, 0.34f), bright = sprite_blend(base, white, 0.74f);
    if (tone < 0.25f)
        return sprite_blend(deep, dark, sprite_clamp(tone * 4));
    if (tone < 0.5f)
        return sprite_blend(dark, base, tone * 4 - 1);
    if (tone < 0.75f)
        return sprite_blend(base, light, tone * 4 - 2);
    return sprite_blend(light, bright, sprite_clamp(tone * 4 - 3));
}
