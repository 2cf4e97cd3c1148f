/* sprite_weapons.c: what the hero carries, drawn upright and laid aslant with the point to the
 * upper right. main is the metal, second the grip or shaft, accent guard, gem and binding. */
#include <stddef.h>

#include "vision/sources/sprite_draw.h"

/* Outlines are lists of points, read along the line. */
/* clang-format off */

/* A gem in a setting. */
static void gem(dio_sprite *s, float x, float y, float r)
{
    sprite_ellipse(s, x, y, r, r);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = r, .gloss = 1, .outline = 0.04f});
}

static void aslant(dio_sprite *s, float scale)
{
    sprite_place(s, 1, 1, scale, 0, 0);
}

/* A grip from y0 down to y1 with bands across it. */
static void grip(dio_sprite *s, float y0, float y1, float r)
{
    sprite_box(s, 0, (y0 + y1) / 2, r, (y1 - y0) / 2, r * 0.6f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = r * 1.3f});
    for (int i = 0; i < 3; i++) {
        float y = sprite_mix(y0, y1, 0.22f + 0.28f * (float)i);
        sprite_turned_box(s, 0, y, r * 1.4f, 0.022f, 0.01f, 1, 0.35f);
        sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->second, 0.12f), .flat = true});
    }
}

/* A pointed blade from y0 up to y1, its right half in shade. */
static void blade(dio_sprite *s, float y0, float y1, float w, float taper, float tip)
{
    const float whole[7][2] = {{-w, y0},          {-w * taper, y1 + tip}, {0, y1}, {w * taper, y1 + tip},
                               {w, y0},           {w * 0.5f, y0 + 0.04f}, {-w * 0.5f, y0 + 0.04f}};
    const float half[4][2] = {{0, y0 + 0.05f}, {0, y1 - 0.05f}, {w * 2, y1 + tip}, {w * 2, y0 + 0.05f}};
    sprite_polygon(s, 7, whole, 0.012f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = w * 0.5f, .gloss = 0.5f, .metal = true});
    sprite_polygon(s, 4, half, 0);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.22f), .flat = true, .alpha = 0.25f});
    sprite_limb(s, -w * 0.62f, y0, 0.012f, -w * taper * 0.55f, y1 + tip, 0.012f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.95f), .flat = true});
}

/* u: 0 length, 1 width, 2 taper, 3 guard, 4 guard's bend, 5 tip, 6 pommel */
static void sword(dio_sprite *s)
{
    float top = sprite_u(s, 0, -1.18f, -0.92f), w = sprite_u(s, 1, 0.11f, 0.19f);
    float guard = sprite_u(s, 3, 0.26f, 0.42f), bend = sprite_u(s, 4, -0.16f, 0.16f);
    aslant(s, 0.98f);
    blade(s, 0.36f, top, w, sprite_u(s, 2, 0.62f, 1.0f), sprite_u(s, 5, 0.14f, 0.36f));
    sprite_limb(s, 0, top + 0.4f, 0.018f, 0, 0.3f, 0.024f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.06f), .flat = true});
    grip(s, 0.40f, 0.86f, 0.085f);
    sprite_bend(s, (float[]){-guard, 0.38f + bend, 0.065f}, (float[]){0, 0.38f - bend},
                (float[]){guard, 0.38f + bend, 0.065f});
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.09f, .gloss = 0.6f, .metal = true});
    gem(s, 0, 0.39f, 0.085f);
    float r = sprite_u(s, 6, 0.09f, 0.14f);
    sprite_ellipse(s, 0, 0.94f, r, r);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.13f, .gloss = 0.8f});
}

/* u: 0 length, 1 width, 2 guard, 3 curve, 4 pommel */
static void dagger(dio_sprite *s)
{
    float top = sprite_u(s, 0, -0.86f, -0.60f), w = sprite_u(s, 1, 0.15f, 0.24f);
    float curve = sprite_u(s, 3, 0.0f, 0.34f), guard = sprite_u(s, 2, 0.20f, 0.30f);
    aslant(s, 1.02f);
    sprite_polygon(s, 7, (const float[7][2]){{-w, 0.24f}, {-w * 0.95f, -0.10f},
                                             {-w * 0.4f + curve * 0.3f, top + 0.28f}, {curve, top},
                                             {w * 0.75f + curve * 0.4f, top + 0.40f},
                                             {w * 0.98f, -0.08f}, {w, 0.24f}}, 0.015f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.12f, .gloss = 0.6f, .metal = true});
    sprite_polygon(s, 5, (const float[5][2]){{0.02f, 0.3f}, {0.0f, -0.1f}, {curve, top - 0.1f},
                                             {w * 3, top}, {w * 3, 0.3f}}, 0);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.2f), .flat = true, .alpha = 0.3f});
    grip(s, 0.32f, 0.80f, 0.10f);
    sprite_box(s, 0, 0.28f, guard, 0.075f, 0.06f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.09f, .gloss = 0.6f, .metal = true});
    float r = sprite_u(s, 4, 0.10f, 0.15f);
    gem(s, 0, 0.88f, r);
}

/* u: 0 head, 1 sweep, 2 double, 3 shaft, 4 spike */
static void axe(dio_sprite *s)
{
    float head = sprite_u(s, 0, 0.40f, 0.60f), sweep = sprite_u(s, 1, 0.34f, 0.56f);
    float back = sprite_u(s, 2, 0.14f, 0.44f), r = sprite_u(s, 3, 0.07f, 0.095f);
    sprite_place(s, 1, 1, 0.90f, 0.05f, 0.07f);
    sprite_limb(s, 0, -0.92f, r, 0, 1.08f, r);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.12f, .grain = 0.08f, .texture = GRAIN_WOOD});
    sprite_polygon(s, 4, (const float[4][2]){{-0.06f, -1.0f}, {0, -1.0f - sprite_u(s, 4, 0.06f, 0.22f)},
                                             {0.06f, -1.0f}, {0, -0.8f}}, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.06f, .metal = true});
    sprite_polygon(s, 4, (const float[4][2]){{0.04f, -0.72f}, {back, -0.58f - back * 0.55f},
                                             {back, -0.46f + back * 0.55f}, {0.04f, -0.34f}}, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.10f, .gloss = 0.5f, .metal = true});
    sprite_polygon(s, 7, (const float[7][2]){{0, -0.76f}, {-head * 0.55f, -0.66f},
                                             {-head, -0.52f - sweep}, {-head * 1.28f, -0.70f},
                                             {-head * 1.30f, -0.34f}, {-head, -0.50f + sweep},
                                             {0, -0.30f}}, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.14f, .gloss = 0.5f, .metal = true});
    sprite_bend(s, (float[]){-head * 0.92f, -0.62f - sweep, 0.05f}, (float[]){-head * 1.12f, -0.52f},
                (float[]){-head * 0.92f, -0.42f + sweep, 0.05f});
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.92f), .flat = true, .alpha = 0.15f});
    sprite_box(s, 0, -0.53f, 0.13f, 0.26f, 0.05f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.10f, .gloss = 0.4f, .metal = true});
    gem(s, 0, -0.53f, 0.07f);
    grip(s, 0.66f, 1.02f, r + 0.02f);
}

/* u: 0 width, 1 height, 2 shaft, 3 bands, 4 pommel */
static void hammer(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.42f, 0.62f), h = sprite_u(s, 1, 0.22f, 0.32f);
    float r = sprite_u(s, 2, 0.075f, 0.105f), band = sprite_u(s, 3, 0.12f, 0.30f);
    aslant(s, 0.95f);
    sprite_limb(s, 0, -0.7f, r, 0, 1.06f, r);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.13f, .grain = 0.08f, .texture = GRAIN_WOOD});
    grip(s, 0.62f, 1.00f, r + 0.02f);
    sprite_ellipse(s, 0, 1.08f, sprite_u(s, 4, 0.09f, 0.14f), 0.10f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.12f, .gloss = 0.6f});
    sprite_box(s, 0, -0.62f, w, h, 0.06f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.15f, .gloss = 0.3f, .metal = true});
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, (float)side * w * 0.92f, -0.62f, 0.09f, h * 1.16f, 0.05f);
        sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->main, 0.6f), .bevel = 0.09f, .metal = true});
    }
    sprite_box(s, 0, -0.62f, band, h * 1.06f, 0.04f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.10f, .gloss = 0.5f});
    sprite_turned_box(s, 0, -0.62f, 0.085f, 0.085f, 0.01f, 1, 1);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.08f, .gloss = 0.9f, .outline = 0.035f});
}

/* u: 0 head length, 1 head width, 2 barbs, 3 tassel, 4 shaft */
static void spear(dio_sprite *s)
{
    float head = sprite_u(s, 0, 0.44f, 0.66f), w = sprite_u(s, 1, 0.14f, 0.23f);
    float r = sprite_u(s, 4, 0.055f, 0.075f), barb = sprite_u(s, 2, -0.06f, 0.18f);
    aslant(s, 1);
    sprite_limb(s, 0, -0.6f, r, 0, 1.20f, r);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .grain = 0.08f, .texture = GRAIN_WOOD});
    float y = -0.56f, tassel = sprite_u(s, 3, 0.16f, 0.40f);
    sprite_polygon(s, 5, (const float[5][2]){{-0.10f, y + 0.10f}, {0.10f, y + 0.10f},
                                             {0.15f, y + 0.10f + tassel}, {0, y + 0.05f + tassel * 0.8f},
                                             {-0.15f, y + 0.10f + tassel}}, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.12f});
    sprite_polygon(s, 6, (const float[6][2]){{0, y - head}, {w, y - head * 0.30f},
                                             {w * 0.8f, y + barb}, {0, y + 0.02f}, {-w * 0.8f, y + barb},
                                             {-w, y - head * 0.30f}}, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.10f, .gloss = 0.5f, .metal = true});
    sprite_polygon(s, 4, (const float[4][2]){{0, y - head - 0.1f}, {0, y + 0.2f}, {w * 3, y + 0.2f},
                                             {w * 3, y - head}}, 0);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.2f), .flat = true, .alpha = 0.3f});
    sprite_box(s, 0, y + 0.05f, 0.12f, 0.07f, 0.04f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.07f, .gloss = 0.7f, .metal = true});
    sprite_limb(s, 0, 1.06f, r + 0.03f, 0, 1.22f, r + 0.01f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.08f, .metal = true});
}

/* u: 0 height, 1 bend, 2 thickness, 3 recurve, 4 arrow */
static void bow(dio_sprite *s)
{
    float h = sprite_u(s, 0, 0.92f, 1.10f), bend = sprite_u(s, 1, 0.46f, 0.72f);
    float r = sprite_u(s, 2, 0.07f, 0.11f), curl = sprite_u(s, 3, 0.0f, 0.22f);
    sprite_place(s, 1, 0.85f, 0.92f, 0.16f, 0.16f);
    sprite_limb(s, 0.06f + curl, -h, 0.018f, 0.06f + curl, h, 0.018f);
    sprite_fill(s, &(dio_paint){.base = sprite_tint(0.94f, 0.92f, 0.86f), .flat = true, .outline = 0.03f});
    if (s->u[4] > 0.5f) {
        sprite_limb(s, -0.98f, 0, 0.035f, 0.34f, 0, 0.035f);
        sprite_fill(s, &(dio_paint){.base = sprite_tint(0.72f, 0.53f, 0.34f), .bevel = 0.05f});
        sprite_polygon(s, 4, (const float[4][2]){{-1.20f, 0}, {-0.92f, -0.12f}, {-0.97f, 0},
                                                 {-0.92f, 0.12f}}, 0.01f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.06f, .gloss = 0.4f});
    }
    sprite_soft(s, 0.03f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_bend(s, (float[]){-bend * 0.62f, 0, r}, (float[]){-bend * 0.72f, k * h * 0.66f},
                    (float[]){0.03f, k * h * 0.94f, r * 0.5f});
        sprite_limb(s, 0.03f, k * h * 0.94f, r * 0.5f, 0.06f + curl, k * h, r * 0.45f);
    }
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.12f, .grain = 0.07f, .texture = GRAIN_WOOD});
    sprite_box(s, -bend * 0.645f, 0, r * 1.35f, 0.20f, 0.06f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.1f, .gloss = 0.3f});
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, -bend * 0.645f, (float)side * 0.21f, r * 1.5f, 0.045f, 0.03f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.05f, .gloss = 0.8f, .outline = 0.035f});
    }
}

/* u: 0 orb, 1 prongs, 2 shaft, 3 twist, 4 bands */
static void staff(dio_sprite *s)
{
    float orb = sprite_u(s, 0, 0.19f, 0.29f), prong = sprite_u(s, 1, 0.06f, 0.22f);
    float r = sprite_u(s, 2, 0.065f, 0.09f), twist = sprite_u(s, 3, -0.12f, 0.12f);
    aslant(s, 0.98f);
    sprite_soft(s, 0.03f);
    sprite_bend(s, (float[]){0, -0.5f, r * 1.15f}, (float[]){twist * 2, 0.2f}, (float[]){0, 1.16f, r});
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.12f, .grain = 0.08f, .texture = GRAIN_WOOD});
    sprite_ellipse(s, 0, -0.84f, orb, orb);
    sprite_fill(s, &(dio_paint){.base = s->accent, .glow = true, .bevel = orb, .gloss = 1});
    sprite_ellipse(s, -orb * 0.36f, -0.84f - orb * 0.30f, orb * 0.24f, orb * 0.30f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(1, 1, 1), .flat = true, .alpha = 0.1f});
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_soft(s, 0.02f);
        sprite_bend(s, (float[]){k * 0.04f, -0.46f, 0.085f}, (float[]){k * (orb + 0.26f), -0.66f},
                    (float[]){k * (orb * 0.62f + 0.06f), -0.84f - orb * 0.6f - prong, 0.03f});
        sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.09f, .gloss = 0.4f, .metal = true});
    }
    sprite_box(s, 0, -0.46f, 0.13f, 0.10f, 0.05f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.09f, .gloss = 0.6f, .metal = true});
    sprite_box(s, 0, sprite_u(s, 4, 0.3f, 0.7f), r + 0.035f, 0.07f, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.07f, .gloss = 0.4f, .metal = true});
}

/* u: 0 width, 1 height, 2 point, 3 rim, 4 emblem, 5 cross */
static void shield(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.58f, 0.74f), h = sprite_u(s, 1, 0.70f, 0.82f);
    float point = sprite_u(s, 2, 0.05f, 0.44f), rim = sprite_u(s, 3, 0.10f, 0.16f);
    const float outer[9][2] = {{-w, -h * 0.86f}, {-w * 0.5f, -h * 0.96f}, {0, -h}, {w * 0.5f, -h * 0.96f},
                               {w, -h * 0.86f}, {w * 0.98f, 0.10f}, {w * 0.66f, h * (0.78f - 0.3f * point)},
                               {0, h}, {-w * 0.66f, h * (0.78f - 0.3f * point)}};
    float inner[10][2];
    for (int i = 0; i < 9; i++) {
        inner[i][0] = outer[i][0] * (1 - rim / w);
        inner[i][1] = outer[i][1] * (1 - rim / h);
    }
    inner[9][0] = inner[8][0] * 1.28f;
    inner[9][1] = 0.09f;
    float full[10][2];
    for (int i = 0; i < 9; i++) {
        full[i][0] = outer[i][0];
        full[i][1] = outer[i][1];
    }
    full[9][0] = -w * 0.98f;
    full[9][1] = 0.10f;
    sprite_polygon(s, 10, (const float(*)[2])full, 0.04f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.12f, .gloss = 0.5f, .metal = true});
    inner[9][0] = -w * 0.98f * (1 - rim / w);
    sprite_polygon(s, 10, (const float(*)[2])inner, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.30f, .outline = 0.04f});
    if (s->u[5] > 0.5f)
        sprite_box(s, 0, 0, w * 0.20f, 2, 0);
    else
        sprite_turned_box(s, 0, 0.0f, w * 0.22f, 2, 0, 1, 0.8f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->second, 0.72f), .bevel = 0.2f});
    float r = sprite_u(s, 4, 0.16f, 0.28f);
    sprite_ellipse(s, 0, -0.06f, r, r);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = r, .gloss = 0.9f, .metal = true});
    for (int i = 0; i < 4; i++) {
        float k = i & 1 ? 1.0f : -1.0f, y = i & 2 ? 0.22f : -h * 0.80f;
        sprite_ellipse(s, k * (w - rim * 0.5f), y, 0.045f, 0.045f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.05f, .gloss = 1, .outline = 0.025f});
    }
}

const dio_sprite_kind dio_sprite_weapons[] = {
    {"weapon", "sword", sword},   {"weapon", "dagger", dagger}, {"weapon", "axe", axe},
    {"weapon", "hammer", hammer}, {"weapon", "spear", spear},   {"weapon", "bow", bow},
    {"weapon", "staff", staff},   {"weapon", "shield", shield}, {NULL, NULL, NULL},
};
