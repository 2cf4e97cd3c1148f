/* sprite_palette.c: three colours that go together, from a seed: often those that a thing has in
 * most games, else any harmony. In OKLCh: lightness, chroma, hue in degrees. */
#include "vision/sources/sprite_palette.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "vision/srgb.h"

enum { STREAM = 0x70616c65 };

struct lch {
    float l, c, h, spread; /* hue is drawn from h - spread .. h + spread */
};

/* By name; what is not listed has any colours. */
static const struct {
    const char *name;
    struct lch colour[3];
} natural[] = {
    {"slime", {{0.75f, 0.17f, 140, 60}, {0.45f, 0.11f, 170, 40}, {0.65f, 0.16f, 60, 40}}},
    {"ghost", {{0.92f, 0.03f, 240, 60}, {0.70f, 0.09f, 270, 40}, {0.75f, 0.13f, 10, 30}}},
    {"bat", {{0.48f, 0.10f, 300, 30}, {0.60f, 0.14f, 330, 40}, {0.80f, 0.16f, 90, 30}}},
    {"beetle", {{0.58f, 0.16f, 150, 90}, {0.40f, 0.05f, 280, 60}, {0.84f, 0.15f, 90, 30}}},
    {"myconid", {{0.60f, 0.20f, 27, 20}, {0.85f, 0.06f, 80, 20}, {0.96f, 0.03f, 90, 20}}},
    {"golem", {{0.64f, 0.03f, 80, 60}, {0.55f, 0.11f, 140, 40}, {0.82f, 0.15f, 200, 60}}},
    {"watcher", {{0.58f, 0.15f, 320, 50}, {0.72f, 0.14f, 10, 30}, {0.78f, 0.16f, 110, 50}}},
    {"chick", {{0.88f, 0.15f, 95, 10}, {0.96f, 0.05f, 95, 10}, {0.62f, 0.19f, 30, 20}}},
    {"sword", {{0.80f, 0.02f, 250, 60}, {0.47f, 0.09f, 50, 20}, {0.80f, 0.14f, 85, 20}}},
    {"dagger", {{0.78f, 0.03f, 230, 60}, {0.42f, 0.10f, 20, 40}, {0.75f, 0.13f, 80, 60}}},
    {"axe", {{0.74f, 0.02f, 250, 60}, {0.52f, 0.09f, 60, 15}, {0.62f, 0.17f, 30, 40}}},
    {"hammer", {{0.66f, 0.02f, 260, 60}, {0.50f, 0.09f, 60, 15}, {0.80f, 0.14f, 85, 20}}},
    {"spear", {{0.80f, 0.02f, 240, 60}, {0.55f, 0.09f, 65, 15}, {0.60f, 0.19f, 25, 30}}},
    {"bow", {{0.58f, 0.12f, 30, 40}, {0.56f, 0.10f, 60, 15}, {0.82f, 0.14f, 85, 20}}},
    {"staff", {{0.80f, 0.13f, 85, 20}, {0.45f, 0.08f, 55, 20}, {0.72f, 0.17f, 230, 90}}},
    {"shield", {{0.78f, 0.03f, 250, 60}, {0.52f, 0.16f, 260, 120}, {0.82f, 0.14f, 85, 20}}},
    {"gem", {{0.66f, 0.19f, 250, 180}, {0.50f, 0.10f, 280, 60}, {0.92f, 0.08f, 100, 60}}},
    {"coin", {{0.82f, 0.15f, 85, 12}, {0.60f, 0.11f, 70, 15}, {0.90f, 0.13f, 95, 10}}},
    {"key", {{0.80f, 0.15f, 85, 15}, {0.55f, 0.11f, 60, 20}, {0.62f, 0.18f, 20, 60}}},
    {"ring", {{0.82f, 0.14f, 85, 15}, {0.74f, 0.12f, 80, 15}, {0.62f, 0.19f, 250, 150}}},
    {"scroll", {{0.88f, 0.06f, 85, 10}, {0.50f, 0.09f, 55, 15}, {0.56f, 0.19f, 25, 20}}},
    {"book", {{0.48f, 0.15f, 25, 180}, {0.80f, 0.13f, 85, 15}, {0.70f, 0.17f, 230, 90}}},
    {"chest", {{0.54f, 0.10f, 58, 12}, {0.66f, 0.03f, 250, 60}, {0.84f, 0.15f, 88, 10}}},
    {"heart", {{0.60f, 0.22f, 22, 18}, {0.40f, 0.14f, 350, 30}, {0.92f, 0.05f, 20, 40}}},
    {"apple", {{0.60f, 0.20f, 28, 25}, {0.45f, 0.08f, 55, 15}, {0.68f, 0.17f, 138, 15}}},
    {"crown", {{0.84f, 0.15f, 87, 10}, {0.50f, 0.18f, 20, 40}, {0.62f, 0.19f, 255, 120}}},
    {"bomb", {{0.50f, 0.16f, 25, 40}, {0.72f, 0.07f, 75, 20}, {0.85f, 0.16f, 80, 15}}},
    {"round flask", {{0.66f, 0.19f, 20, 180}, {0.60f, 0.09f, 60, 12}, {0.82f, 0.13f, 85, 30}}},
    {"cone flask", {{0.70f, 0.18f, 140, 180}, {0.60f, 0.09f, 60, 12}, {0.72f, 0.16f, 40, 90}}},
    {"vial", {{0.68f, 0.18f, 200, 180}, {0.60f, 0.09f, 60, 12}, {0.90f, 0.06f, 90, 40}}},
    {"jar", {{0.66f, 0.17f, 320, 180}, {0.58f, 0.09f, 60, 12}, {0.60f, 0.19f, 20, 40}}},
    {"elixir", {{0.72f, 0.17f, 90, 180}, {0.80f, 0.12f, 85, 20}, {0.66f, 0.18f, 300, 120}}},
    {"grass", {{0.66f, 0.17f, 138, 18}, {0.58f, 0.13f, 160, 20}, {0.75f, 0.16f, 20, 180}}},
    {"cobble", {{0.66f, 0.02f, 260, 90}, {0.42f, 0.03f, 280, 60}, {0.58f, 0.13f, 138, 20}}},
    {"brick", {{0.55f, 0.13f, 35, 18}, {0.72f, 0.03f, 70, 30}, {0.63f, 0.12f, 50, 20}}},
    {"planks", {{0.60f, 0.10f, 62, 14}, {0.45f, 0.08f, 55, 14}, {0.60f, 0.02f, 260, 60}}},
    {"water", {{0.62f, 0.14f, 240, 22}, {0.48f, 0.13f, 260, 20}, {0.93f, 0.03f, 210, 30}}},
    {"lava", {{0.70f, 0.20f, 48, 15}, {0.35f, 0.04f, 20, 40}, {0.90f, 0.15f, 95, 10}}},
    {"sand", {{0.84f, 0.09f, 82, 10}, {0.72f, 0.09f, 70, 12}, {0.60f, 0.04f, 60, 40}}},
    {"snow", {{0.78f, 0.08f, 240, 20}, {0.82f, 0.09f, 215, 20}, {0.97f, 0.02f, 230, 60}}},
};
enum { NATURAL = sizeof natural / sizeof natural[0] };

/* sRGB of an OKLCh, its chroma drawn in until it fits. */
static dio_tint tint_of(float l, float c, float degrees)
{
    float turns = degrees / 360;
    for (int i = 0; i < 24; i++, c *= 0.9f) {
        float a = c * sprite_cos(turns), b = c * sprite_sin(turns);
        float rgb[3];
        dio_srgb_from_oklab((const float[3]){l, a, b}, rgb);
        if (fminf(rgb[0], fminf(rgb[1], rgb[2])) >= 0 && fmaxf(rgb[0], fmaxf(rgb[1], rgb[2])) <= 1)
            return (dio_tint){dio_srgb_from_linear(rgb[0]), dio_srgb_from_linear(rgb[1]),
                              dio_srgb_from_linear(rgb[2])};
    }
    float grey = dio_srgb_from_linear(l * l * l);
    return (dio_tint){grey, grey, grey};
}

static float draw(dio_rng *r, float lo, float hi)
{
    return lo + (hi - lo) * dio_rng_uniform(r);
}

/* A colour at random in a box of OKLCH: hue, chroma, lightness are drawn one after the other, for
 * C leaves the order of a call's arguments to the compiler. */
static dio_tint draw_tint(dio_rng *r, const float l[2], const float c[2], float h, float spread)
{
    const float hue = spread > 0 ? h + draw(r, -spread, spread) : h;
    const float chroma = draw(r, c[0], c[1]);
    return tint_of(draw(r, l[0], l[1]), chroma, hue);
}

static void free_harmony(dio_rng *r, dio_tint out[3])
{
    static const float turns[5][2] = {{30, 180}, {-40, 150}, {180, 60}, {120, 240}, {20, 200}};
    const float *t = turns[dio_rng_below(r, 5)];
    float h = draw(r, 0, 360);
    static const float light[3][2] = {{0.50f, 0.84f}, {0.38f, 0.86f}, {0.60f, 0.92f}};
    static const float chroma[3][2] = {{0.04f, 0.20f}, {0.03f, 0.16f}, {0.08f, 0.20f}};
    out[0] = draw_tint(r, light[0], chroma[0], h, 0);
    out[1] = draw_tint(r, light[1], chroma[1], h + t[0], 15);
    out[2] = draw_tint(r, light[2], chroma[2], h + t[1], 15);
}

void dio_sprite_palette(const char *name, uint64_t seed, uint64_t index, bool usual,
                        dio_tint out[3])
{
    dio_rng r = {seed, STREAM, index * 64};
    bool own = dio_rng_uniform(&r) < 0.55f || usual;
    for (int i = 0; own && i < NATURAL; i++) {
        if (strcmp(natural[i].name, name) != 0)
            continue;
        for (int k = 0; k < 3; k++) {
            const struct lch *c = &natural[i].colour[k];
            const float hue = c->h + draw(&r, -c->spread, c->spread);
            const float chroma = c->c * draw(&r, 0.75f, 1.15f);
            out[k] = tint_of(c->l + draw(&r, -0.07f, 0.06f), chroma, hue);
        }
        return;
    }
    free_harmony(&r, out);
}
