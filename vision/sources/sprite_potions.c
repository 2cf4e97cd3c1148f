/* sprite_potions.c: glass with something in it. main is the liquid, second the cork and cord,
 * accent the label or charm. Glass lets the ground show through. */
#include <stddef.h>

#include "vision/sources/sprite_draw.h"

/* Outlines are lists of points, read along the line. */
/* clang-format off */

enum { GLASS_CORNERS = 12 };

/* A bottle's outline: corners and rounding, or an ellipse when there are none. */
struct bottle {
    int corners;
    float corner[GLASS_CORNERS][2];
    float round;
    float x, y, rx, ry;        /* the ellipse */
    float neck, mouth, throat; /* half width of the neck, its top and its foot */
};

static void body(dio_sprite *s, const struct bottle *b, float inset)
{
    if (b->corners)
        sprite_polygon(s, b->corners, b->corner, b->round - inset);
    else
        sprite_ellipse(s, b->x, b->y, b->rx - inset, b->ry - inset);
}

/* Glass, liquid up to `level`, light on it, cork. u: 8 bubbles, 9 cork */
static void fill_bottle(dio_sprite *s, const struct bottle *b, float level, float width)
{
    dio_tint glass = sprite_blend(sprite_tint(0.86f, 0.93f, 0.96f), s->main, 0.10f);
    float neck = b->neck;
    float cork = sprite_u(s, 9, 0.10f, 0.20f);
    sprite_box(s, 0, b->mouth - cork * 0.4f, neck * 0.86f, cork, 0.04f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .grain = 0.06f, .texture = GRAIN_STONE});
    sprite_soft(s, 0.10f);
    body(s, b, 0);
    sprite_box(s, 0, (b->mouth + b->throat) / 2, neck, (b->throat - b->mouth) / 2, 0.02f);
    sprite_fill(s, &(dio_paint){.base = glass, .bevel = 0.2f, .alpha = 0.42f, .outline = 0.06f});
    sprite_soft(s, 0.10f);
    body(s, b, 0.065f);
    sprite_box(s, 0, (b->mouth + b->throat) / 2, neck - 0.06f, (b->throat - b->mouth) / 2, 0.02f);
    sprite_keep(s);
    sprite_soft(s, 0);
    sprite_box(s, 0, level + 1, 2, 1, 0);
    sprite_mark(s, &(dio_paint){.base = s->main, .bevel = 0.40f, .gloss = 0.2f});
    sprite_ellipse(s, 0, level, width, 0.055f);
    sprite_keep(s);
    body(s, b, 0.065f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.80f), .flat = true});
    float r = sprite_u(s, 8, 0.035f, 0.07f);
    const float at[4][3] = {{0.16f, 0.22f, 1}, {-0.10f, 0.36f, 0.8f}, {0.06f, 0.50f, 0.6f}, {0.24f, 0.44f, 0.7f}};
    for (int i = 0; i < 4; i++) {
        sprite_ellipse(s, at[i][0] * width * 2, level + at[i][1], r * at[i][2], r * at[i][2]);
        sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.86f), .flat = true, .alpha = 0.2f});
    }
    sprite_box(s, 0, b->mouth + 0.02f, neck + 0.07f, 0.055f, 0.05f);
    sprite_fill(s, &(dio_paint){.base = glass, .bevel = 0.07f, .gloss = 0.8f, .alpha = 0.1f, .outline = 0.045f});
}

static void streak(dio_sprite *s, float x0, float y0, float x1, float y1, float x2, float y2)
{
    sprite_bend(s, (float[]){x0, y0, 0.045f}, (float[]){x1, y1}, (float[]){x2, y2, 0.035f});
    sprite_fill(s, &(dio_paint){.base = sprite_tint(1, 1, 1), .flat = true, .outline = -1, .alpha = 0.22f});
}

/* u: 0 radius, 1 squash, 2 neck, 3 level */
static void round_flask(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.46f, 0.60f), ry = r * sprite_u(s, 1, 0.82f, 1.0f);
    float neck = sprite_u(s, 2, 0.15f, 0.22f), y = 0.84f - ry;
    struct bottle b = {.x = 0, .y = y, .rx = r, .ry = ry, .neck = neck,
                       .mouth = y - ry - 0.34f, .throat = y - ry * 0.5f};
    float level = y - sprite_u(s, 3, -0.25f, 0.42f) * ry;
    fill_bottle(s, &b, level, r * 0.88f);
    streak(s, -r * 0.62f, y + ry * 0.25f, -r * 0.80f, y - ry * 0.2f, -r * 0.42f, y - ry * 0.58f);
    sprite_box(s, 0, y - ry - 0.02f, neck + 0.05f, 0.045f, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.06f, .outline = 0.035f});
}

/* u: 0 foot, 1 shoulder, 2 neck, 3 level, 4 height */
static void cone_flask(dio_sprite *s)
{
    float foot = sprite_u(s, 0, 0.50f, 0.64f), neck = sprite_u(s, 2, 0.14f, 0.20f);
    float top = sprite_u(s, 4, -0.40f, -0.16f), low = 0.72f;
    struct bottle b = {.corners = 4,
                       .corner = {{-neck * 0.7f, top}, {neck * 0.7f, top}, {foot, low}, {-foot, low}},
                       .round = 0.09f,
                       .neck = neck,
                       .mouth = top - 0.34f,
                       .throat = top + 0.10f};
    float level = sprite_u(s, 3, 0.05f, 0.45f), t = (level - top) / (low - top);
    fill_bottle(s, &b, level, sprite_mix(neck, foot + 0.06f, t));
    streak(s, -foot * 0.72f, 0.56f, -foot * 0.55f, 0.2f, -foot * 0.34f, 0.02f);
    float r = sprite_u(s, 1, 0.09f, 0.14f);
    sprite_ellipse(s, 0.02f, top + 0.04f + r, r, r);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = r, .gloss = 0.9f, .outline = 0.035f});
}

/* u: 0 width, 1 height, 2 tag, 3 level */
static void vial(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.22f, 0.33f), top = sprite_u(s, 1, -0.50f, -0.30f), low = 0.74f;
    struct bottle b = {.corners = 4,
                       .corner = {{-w + 0.12f, top}, {w - 0.12f, top}, {w - 0.12f, low - 0.04f},
                                  {-w + 0.12f, low - 0.04f}},
                       .round = 0.12f,
                       .neck = w * 0.62f,
                       .mouth = top - 0.26f,
                       .throat = top + 0.05f};
    float level = sprite_u(s, 3, -0.20f, 0.28f);
    sprite_place(s, 1, 0.22f, 1, 0, 0);
    fill_bottle(s, &b, level, w - 0.06f);
    float tag = sprite_u(s, 2, 0.13f, 0.20f);
    sprite_box(s, 0, 0.30f, w + 0.01f, tag, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.12f, .outline = 0.035f});
    sprite_limb(s, -w * 0.5f, 0.27f, 0.022f, w * 0.5f, 0.27f, 0.022f);
    sprite_limb(s, -w * 0.5f, 0.35f, 0.022f, w * 0.2f, 0.35f, 0.022f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->accent, 0.05f), .flat = true});
    streak(s, -w * 0.62f, 0.06f, -w * 0.66f, -0.1f, -w * 0.62f, top + 0.12f);
}

/* u: 0 width, 1 height, 2 label, 3 level, 4 mark */
static void jar(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.46f, 0.58f), top = sprite_u(s, 1, -0.40f, -0.22f), low = 0.78f;
    struct bottle b = {.corners = 4,
                       .corner = {{-w + 0.14f, top + 0.1f}, {w - 0.14f, top + 0.1f},
                                  {w - 0.14f, low - 0.10f}, {-w + 0.14f, low - 0.10f}},
                       .round = 0.14f,
                       .neck = w * 0.66f,
                       .mouth = top - 0.14f,
                       .throat = top + 0.14f};
    float level = sprite_u(s, 3, -0.10f, 0.22f);
    fill_bottle(s, &b, level, w - 0.05f);
    float label = sprite_u(s, 2, 0.17f, 0.25f), mark = sprite_u(s, 4, 0.07f, 0.12f);
    sprite_box(s, 0.02f, 0.38f, w * 0.66f, label, 0.04f);
    sprite_fill(s, &(dio_paint){.base = sprite_tint(0.95f, 0.90f, 0.78f), .bevel = 0.15f, .outline = 0.035f});
    sprite_soft(s, 0.02f);
    sprite_limb(s, -mark * 0.55f, 0.34f, mark * 0.68f, 0.02f, 0.38f + mark * 0.9f, 0.02f);
    sprite_limb(s, mark * 0.55f + 0.04f, 0.34f, mark * 0.68f, 0.02f, 0.38f + mark * 0.9f, 0.02f);
    sprite_mark(s, &(dio_paint){.base = s->accent, .flat = true});
    streak(s, -w * 0.78f, 0.5f, -w * 0.84f, 0.2f, -w * 0.74f, -0.02f);
}

/* u: 0 width, 1 waist, 2 stopper, 3 level */
static void elixir(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.40f, 0.54f), waist = sprite_u(s, 1, -0.16f, 0.06f);
    float stop = sprite_u(s, 2, 0.12f, 0.20f), low = 0.80f;
    struct bottle b = {.corners = 6,
                       .corner = {{-0.08f, -0.34f}, {0.08f, -0.34f}, {w, waist + 0.22f},
                                  {0.10f, low - 0.08f}, {-0.10f, low - 0.08f}, {-w, waist + 0.22f}},
                       .round = 0.08f,
                       .neck = 0.13f,
                       .mouth = -0.56f,
                       .throat = -0.24f};
    float level = sprite_u(s, 3, -0.06f, 0.26f);
    fill_bottle(s, &b, level, w * 0.9f);
    sprite_turned_box(s, 0, -0.70f, stop, stop, 0.02f, 1, 1);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = stop, .gloss = 1});
    streak(s, -w * 0.82f, waist + 0.30f, -w * 0.66f, waist + 0.08f, -w * 0.38f, waist - 0.06f);
    sprite_polygon(s, 3, (const float[3][2]){{-0.2f, low + 0.06f}, {0.2f, low + 0.06f}, {0, low - 0.14f}}, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.08f, .metal = true, .gloss = 0.4f});
}

const dio_sprite_kind dio_sprite_potions[] = {
    {"potion", "round flask", round_flask},
    {"potion", "cone flask", cone_flask},
    {"potion", "vial", vial},
    {"potion", "jar", jar},
    {"potion", "elixir", elixir},
    {NULL, NULL, NULL},
};
