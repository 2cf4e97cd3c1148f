/* colours.c: palettes by rules of thumb: a calm ground, a floor near it, a subject that stands out
 * by lightness first and hue second, a little of one accent. */
#include "vision/scenes/colours.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "vision/srgb.h"

static const uint64_t stream_colours = 0x7363656e65000002;

static bool to_linear(float l, float c, float h, float rgb[3])
{
    float a = c * cosf(6.2831853f * h), b = c * sinf(6.2831853f * h);
    dio_srgb_from_oklab((const float[3]){l, a, b}, rgb);
    for (int i = 0; i < 3; i++)
        if (rgb[i] < -1e-4f || rgb[i] > 1.0001f)
            return false;
    return true;
}

void scene_oklch(float l, float c, float h, float srgb[3])
{
    float rgb[3];
    for (int i = 0; i < 24 && !to_linear(l, c, h, rgb); i++)
        c *= 0.9f;
    for (int i = 0; i < 3; i++)
        srgb[i] = dio_srgb_from_linear(fminf(fmaxf(rgb[i], 0), 1));
}

void scene_to_oklch(const float srgb[3], float lch[3])
{
    float linear[3], lab[3];
    for (int i = 0; i < 3; i++)
        linear[i] = dio_srgb_to_linear(srgb[i]);
    dio_srgb_oklab(linear, lab);
    lch[0] = lab[0];
    lch[1] = sqrtf(lab[1] * lab[1] + lab[2] * lab[2]);
    lch[2] = atan2f(lab[2], lab[1]) / 6.2831853f;
}

static float within(float lo, float hi, float x)
{
    return fminf(fmaxf(x, lo), hi);
}

/* Hues that sit well against one another: near, a third of the circle off, opposite. */
static float other_hue(float h, float u, float v)
{
    static const float steps[] = {0.08f, -0.08f, 0.33f, -0.33f, 0.5f, 0.46f, 0.54f, 0.2f};
    return h + steps[(int)(u * 7.99f)] + 0.03f * (v - 0.5f);
}

void scene_colours(dio_scene *s, const dio_scene_wish *wish, int first)
{
    float u[16], lch[DIO_ROLES][3];
    for (int i = 0; i < 16; i++)
        u[i] = dio_uniform(s->seed, stream_colours, (uint64_t)(first + i));
    /* The ground: light, middle or dark. Lights that need darkness get it. */
    bool night =
        s->light == DIO_LIGHT_RIM || s->light == DIO_LIGHT_NEON || s->light == DIO_LIGHT_SPOT;
    float kind = u[0] * (night ? 0.45f : 1) + (night                             ? 0
                                               : s->backdrop == DIO_BACKDROP_SKY ? 0.3f
                                                                                 : 0);
    float *g = lch[DIO_ROLE_GROUND];
    g[0] = kind < 0.2f   ? 0.24f + 0.12f * u[1]
           : kind < 0.6f ? 0.48f + 0.28f * u[1]
                         : 0.84f + 0.10f * u[1];
    g[1] = kind < 0.2f   ? 0.05f * u[2] + 0.02f
           : kind < 0.6f ? 0.07f + 0.09f * u[2]
                         : 0.02f + 0.06f * u[2];
    g[2] = s->backdrop == DIO_BACKDROP_SKY ? 0.62f + 0.1f * (u[3] - 0.5f) : u[3];
    /* Dark yellow is mud: such grounds turn to orange or green, or pale. */
    float turn = g[2] - floorf(g[2]);
    if (kind < 0.6f && turn > 0.20f && turn < 0.37f)
        g[2] = turn < 0.27f ? 0.12f + 0.3f * (turn - 0.20f) : 0.40f + 0.5f * (turn - 0.27f);
    if (kind >= 0.2f && kind < 0.6f)
        g[0] += 0.04f;
    if (wish->colours > DIO_ROLE_GROUND)
        scene_to_oklch(wish->palette[DIO_ROLE_GROUND], g);
    bool light = g[0] > 0.66f;
    float *a = lch[DIO_ROLE_SUBJECT];
    a[2] = other_hue(g[2], u[4], u[5]);
    a[0] = light          ? 0.42f + 0.22f * u[6]
           : g[0] < 0.42f ? 0.66f + 0.2f * u[6]
           : u[7] < 0.5f  ? 0.86f + 0.06f * u[6]
                          : 0.30f + 0.1f * u[6];
    a[1] = 0.09f + 0.10f * u[8];
    turn = a[2] - floorf(a[2]);
    if (a[0] < 0.66f && turn > 0.22f && turn < 0.36f)
        a[0] += 0.16f;
    if (wish->colours > DIO_ROLE_SUBJECT)
        scene_to_oklch(wish->palette[DIO_ROLE_SUBJECT], a);
    float *b = lch[DIO_ROLE_SECOND];
    b[2] = a[2] + 0.16f * (u[9] - 0.5f);
    b[0] = a[0] > 0.6f ? a[0] - 0.24f - 0.1f * u[10] : a[0] + 0.26f + 0.1f * u[10];
    b[1] = within(0.03f, 0.14f, a[1] * (0.4f + 0.5f * u[11]));
    float *f = lch[DIO_ROLE_FLOOR];
    f[2] = g[2] + 0.12f * (u[12] - 0.5f);
    f[0] = within(0.16f, 0.95f,
                  g[0] + (light          ? -0.06f - 0.1f * u[13]
                          : g[0] < 0.42f ? 0.05f + 0.08f * u[13]
                                         : (u[13] - 0.5f) * 0.26f));
    f[1] = within(0.015f, 0.15f, g[1] * (0.8f + 0.8f * u[14]));
    float *c = lch[DIO_ROLE_ACCENT];
    c[2] = other_hue(a[2], u[15], u[5]);
    c[0] = 0.66f + 0.16f * u[2];
    c[1] = 0.13f + 0.06f * u[7];
    for (int i = 0; i < DIO_ROLES; i++) {
        scene_oklch(lch[i][0], lch[i][1], lch[i][2], s->palette[i]);
        if (i < wish->colours)
            memcpy(s->palette[i], wish->palette[i], sizeof s->palette[i]);
    }
}
