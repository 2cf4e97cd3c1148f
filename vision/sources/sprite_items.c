/* sprite_items.c: what the hero picks up. main is the thing itself, second its trim, accent its
 * jewel or seal. */
#include <stddef.h>

#include "vision/sources/sprite_draw.h"

/* Outlines are lists of points, read along the line. */
/* clang-format off */

/* u: 0 width, 1 table, 2 crown, 3 depth */
static void gem(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.56f, 0.76f), t = sprite_u(s, 1, 0.30f, 0.44f);
    float top = sprite_u(s, 2, -0.62f, -0.44f), low = sprite_u(s, 3, 0.56f, 0.78f), mid = -0.12f;
    const float all[6][2] = {{-t, top}, {t, top}, {w, mid}, {0.0f, low}, {0, low}, {-w, mid}};
    const struct {
        float corner[4][2];
        int n;
        float tone;
    } facets[] = {
        {{{-t, top}, {-t * 0.55f, mid}, {-w, mid}}, 3, 0.80f},
        {{{-t, top}, {0, top}, {-t * 0.55f, mid}}, 3, 0.62f},
        {{{0, top}, {t * 0.55f, mid}, {-t * 0.55f, mid}}, 3, 0.92f},
        {{{0, top}, {t, top}, {t * 0.55f, mid}}, 3, 0.52f},
        {{{t, top}, {w, mid}, {t * 0.55f, mid}}, 3, 0.34f},
        {{{-w, mid}, {-t * 0.55f, mid}, {0, low}}, 3, 0.56f},
        {{{-t * 0.55f, mid}, {t * 0.55f, mid}, {0, low}}, 3, 0.40f},
        {{{t * 0.55f, mid}, {w, mid}, {0, low}}, 3, 0.12f},
    };
    sprite_polygon(s, 6, all, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->main, .flat = true});
    for (int i = 0; i < 8; i++) {
        sprite_polygon(s, facets[i].n, facets[i].corner, 0.014f);
        sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, facets[i].tone), .flat = true});
    }
    sprite_limb(s, -t * 0.8f, top + 0.06f, 0.02f, -t * 0.1f, top + 0.06f, 0.02f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(1, 1, 1), .flat = true});
    sprite_polygon(s, 8, (const float[8][2]){{0.44f, -0.72f}, {0.48f, -0.60f}, {0.60f, -0.56f},
                                             {0.48f, -0.52f}, {0.44f, -0.40f}, {0.40f, -0.52f},
                                             {0.28f, -0.56f}, {0.40f, -0.60f}}, 0.004f);
    sprite_fill(s, &(dio_paint){.base = sprite_blend(s->accent, sprite_tint(1, 1, 1), 0.6f),
                                .flat = true, .outline = -1});
}

/* u: 0 radius, 1 turn, 2 rim, 3 emblem */
static void coin(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.56f, 0.72f), turn = sprite_u(s, 1, 0.66f, 1.0f);
    float rim = sprite_u(s, 2, 0.10f, 0.18f), e = sprite_u(s, 3, 0.20f, 0.34f) * r * 1.5f;
    sprite_ellipse(s, 0.12f * (1.2f - turn), 0.05f, r * turn, r);
    sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->main, 0.12f), .bevel = 0.1f, .metal = true});
    sprite_ellipse(s, -0.04f, 0, r * turn, r);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.12f, .gloss = 0.7f, .metal = true});
    sprite_ellipse(s, -0.04f, 0, (r - rim) * turn, r - rim);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.36f), .bevel = 0.4f});
    float x = -0.04f;
    const float star[10][2] = {{x, -e}, {x + 0.26f * e * turn, -0.32f * e}, {x + e * turn, -0.30f * e},
                               {x + 0.40f * e * turn, 0.16f * e}, {x + 0.62f * e * turn, 0.86f * e},
                               {x, 0.42f * e}, {x - 0.62f * e * turn, 0.86f * e},
                               {x - 0.40f * e * turn, 0.16f * e}, {x - e * turn, -0.30f * e},
                               {x - 0.26f * e * turn, -0.32f * e}};
    sprite_polygon(s, 10, star, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.12f, .gloss = 0.5f, .outline = 0.03f});
    sprite_turned_box(s, -0.3f, -0.3f, 0.06f, 1.2f, 0, 1, 0.75f);
    sprite_keep(s);
    sprite_ellipse(s, -0.04f, 0, r * turn, r);
    sprite_fill(s, &(dio_paint){.base = sprite_tint(1, 1, 0.95f), .flat = true, .alpha = 0.62f, .outline = -1});
}

/* u: 0 bow, 1 length, 2 teeth, 3 tooth size, 4 hole */
static void key(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.26f, 0.38f), end = sprite_u(s, 1, 0.72f, 1.0f);
    float tooth = sprite_u(s, 3, 0.14f, 0.26f), hole = sprite_u(s, 4, 0.42f, 0.60f) * r;
    sprite_place(s, 1, -0.8f, 0.96f, 0, 0);
    sprite_soft(s, 0.05f);
    sprite_limb(s, 0, -0.3f, 0.075f, 0, end, 0.075f);
    sprite_box(s, tooth * 0.6f, end - 0.06f, tooth * 0.6f, 0.07f, 0.02f);
    sprite_box(s, tooth * 0.5f, end - 0.30f, tooth * 0.5f, 0.06f, 0.02f);
    sprite_ellipse(s, 0, -0.52f, r, r);
    sprite_ellipse(s, -r * 0.80f, -0.52f, r * 0.42f, r * 0.42f);
    sprite_ellipse(s, r * 0.80f, -0.52f, r * 0.42f, r * 0.42f);
    sprite_ellipse(s, 0, -0.52f - r * 0.85f, r * 0.42f, r * 0.42f);
    sprite_cut(s);
    sprite_soft(s, 0);
    sprite_ellipse(s, 0, -0.52f, hole, hole);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.13f, .gloss = 0.6f, .metal = true});
    sprite_box(s, 0, -0.10f, 0.14f, 0.055f, 0.04f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.07f, .gloss = 0.5f});
    sprite_ellipse(s, 0, -0.52f - r * 0.85f, 0.075f, 0.075f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.08f, .gloss = 1, .outline = 0.03f});
}

/* u: 0 radius, 1 band, 2 stone, 3 setting */
static void ring(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.44f, 0.54f), band = sprite_u(s, 1, 0.11f, 0.18f);
    float stone = sprite_u(s, 2, 0.19f, 0.32f), y = 0.24f;
    sprite_ellipse(s, 0, y, r + band * 0.5f, r + band * 0.5f);
    sprite_cut(s);
    sprite_ellipse(s, 0, y, r - band * 0.5f, r - band * 0.5f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = band * 0.6f, .gloss = 0.9f, .metal = true});
    float top = y - r - stone * 0.45f;
    sprite_polygon(s, 4, (const float[4][2]){{-stone * 0.95f, top}, {stone * 0.95f, top},
                                             {stone * 0.45f, top + stone * 1.0f},
                                             {-stone * 0.45f, top + stone * 1.0f}}, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .metal = true});
    const float cut[6][2] = {{-stone * 0.55f, top - stone * 0.72f}, {stone * 0.55f, top - stone * 0.72f},
                             {stone, top - stone * 0.1f}, {stone * 0.45f, top + stone * 0.62f},
                             {-stone * 0.45f, top + stone * 0.62f}, {-stone, top - stone * 0.1f}};
    sprite_polygon(s, 6, cut, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = stone * 0.6f, .gloss = 1});
    sprite_polygon(s, 4, (const float[4][2]){{-stone * 0.5f, top - stone * 0.5f}, {0, top - stone * 0.55f},
                                             {-stone * 0.2f, top}, {-stone * 0.65f, top - 0.02f}}, 0.01f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->accent, 0.95f), .flat = true, .alpha = 0.15f});
}

/* u: 0 width, 1 height, 2 curl, 3 lines, 4 seal */
static void scroll(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.42f, 0.58f), h = sprite_u(s, 1, 0.44f, 0.60f);
    float r = sprite_u(s, 2, 0.10f, 0.15f);
    dio_tint paper = sprite_blend(s->main, sprite_tint(0.96f, 0.90f, 0.74f), 0.5f);
    sprite_box(s, 0, 0, w, h, 0.02f);
    sprite_fill(s, &(dio_paint){.base = paper, .bevel = 0.18f});
    for (int i = 0; i < 4; i++) {
        float y = -h * 0.52f + 0.30f * h * (float)i;
        float end = sprite_mix(0.3f, 0.8f, i == 3 ? 0.1f : sprite_u(s, 3, 0.5f, 1)) * w;
        sprite_limb(s, -w * 0.68f, y, 0.022f, end, y, 0.022f);
        sprite_mark(s, &(dio_paint){.base = sprite_ramp(paper, 0.06f), .flat = true, .alpha = 0.15f});
    }
    for (int side = -1; side <= 1; side += 2) {
        float y = (float)side * h;
        for (int end = -1; end <= 1; end += 2) {
            sprite_limb(s, (float)end * (w + 0.12f), y, r * 0.62f, (float)end * (w + 0.18f), y, r * 0.5f);
            sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .gloss = 0.7f});
        }
        sprite_box(s, 0, y, w + 0.10f, r, r * 0.8f);
        sprite_fill(s, &(dio_paint){.base = sprite_ramp(paper, 0.55f), .bevel = r});
    }
    float seal = sprite_u(s, 4, 0.12f, 0.19f);
    sprite_polygon(s, 4, (const float[4][2]){{w * 0.42f - 0.07f, h * 0.5f}, {w * 0.42f + 0.07f, h * 0.5f},
                                             {w * 0.42f + 0.10f, h * 0.5f + 0.34f},
                                             {w * 0.42f - 0.06f, h * 0.5f + 0.30f}}, 0.01f);
    sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->accent, 0.3f), .bevel = 0.1f});
    sprite_ellipse(s, w * 0.42f, h * 0.48f, seal, seal);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.12f, .gloss = 0.6f});
}

/* u: 0 width, 1 height, 2 spine, 3 emblem, 4 corners */
static void book(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.48f, 0.60f), h = sprite_u(s, 1, 0.60f, 0.76f);
    float e = sprite_u(s, 3, 0.15f, 0.25f), corner = sprite_u(s, 4, 0.14f, 0.22f);
    sprite_box(s, 0.05f, 0.06f, w, h, 0.06f);
    sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->main, 0.15f), .bevel = 0.1f});
    sprite_box(s, 0.04f, 0.07f, w * 0.94f, h * 0.93f, 0.02f);
    sprite_fill(s, &(dio_paint){.base = sprite_tint(0.95f, 0.90f, 0.78f), .bevel = 0.05f, .outline = 0.02f});
    sprite_box(s, -0.02f, -0.02f, w, h, 0.06f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.12f, .gloss = 0.2f, .grain = 0.03f,
                                .texture = GRAIN_CLOTH});
    sprite_box(s, -0.02f - w + 0.10f, 0, sprite_u(s, 2, 0.07f, 0.12f), 1, 0);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.2f), .flat = true});
    for (int i = 0; i < 4; i++) {
        float x = -0.02f + (i & 1 ? w : -w), y = -0.02f + (i & 2 ? h : -h);
        sprite_turned_box(s, x, y, corner, corner, 0, 1, 1);
        sprite_mark(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .gloss = 0.4f, .metal = true});
    }
    sprite_turned_box(s, 0.06f, -0.04f, e, e, 0.02f, 1, 1);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .metal = true, .outline = 0.035f});
    sprite_ellipse(s, 0.06f, -0.04f, e * 0.62f, e * 0.62f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = e, .gloss = 1, .outline = 0.03f});
}

/* u: 0 width, 1 lid, 2 bands, 3 lock */
static void chest(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.64f, 0.78f), lid = sprite_u(s, 1, 0.30f, 0.46f), y = 0.0f;
    float band = sprite_u(s, 2, 0.09f, 0.14f);
    const dio_paint wood = {.base = s->main, .bevel = 0.14f, .grain = 0.10f, .texture = GRAIN_WOOD};
    const dio_paint iron = {.base = s->second, .bevel = 0.09f, .gloss = 0.5f, .metal = true};
    sprite_box(s, 0, y + 0.34f, w, 0.36f, 0.05f);
    sprite_fill(s, &wood);
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, (float)side * (w - band), y + 0.34f, band, 0.5f, 0);
        sprite_mark(s, &iron);
    }
    sprite_box(s, 0, y + 0.66f, w, 0.06f, 0);
    sprite_mark(s, &iron);
    sprite_soft(s, 0.04f);
    sprite_ellipse(s, 0, y - 0.02f, w * 1.04f, lid + 0.12f);
    sprite_keep(s);
    sprite_box(s, 0, y - 0.5f, 1, 0.5f, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.3f, .gloss = 0.2f, .grain = 0.10f,
                                .texture = GRAIN_WOOD});
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, (float)side * (w - band), y - 0.3f, band, 0.6f, 0);
        sprite_mark(s, &iron);
    }
    sprite_box(s, 0, y, w * 1.05f, 0.075f, 0.03f);
    sprite_fill(s, &iron);
    float lock = sprite_u(s, 3, 0.12f, 0.18f);
    sprite_box(s, 0, y + 0.09f, lock, lock * 1.15f, 0.05f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.1f, .gloss = 0.8f});
    sprite_ellipse(s, 0, y + 0.06f, 0.04f, 0.04f);
    sprite_limb(s, 0, y + 0.08f, 0.02f, 0, y + 0.15f, 0.025f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(0.1f, 0.06f, 0.12f), .flat = true});
}

/* u: 0 width, 1 cleft, 2 length, 3 shine */
static void heart(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.34f, 0.42f), low = sprite_u(s, 2, 0.58f, 0.76f);
    float cleft = sprite_u(s, 1, 0.02f, 0.14f), shine = sprite_u(s, 3, 0.07f, 0.13f);
    sprite_soft(s, cleft);
    sprite_limb(s, -w * 0.92f, -0.24f, w, 0, low - 0.10f, 0.06f);
    sprite_limb(s, w * 0.92f, -0.24f, w, 0, low - 0.10f, 0.06f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.36f, .gloss = 0.5f});
    sprite_bend(s, (float[]){-w * 1.42f, -0.20f, shine * 0.6f}, (float[]){-w * 1.45f, -0.48f},
                (float[]){-w * 0.95f, -0.50f, shine * 0.8f});
    sprite_mark(s, &(dio_paint){.base = sprite_tint(1, 1, 1), .flat = true, .alpha = 0.12f});
    sprite_ellipse(s, w * 0.7f, 0.10f, w * 0.9f, 0.16f);
    sprite_mark(s, &(dio_paint){.base = s->second, .flat = true, .alpha = 0.78f});
}

/* u: 0 width, 1 dent, 2 leaf, 3 stalk */
static void apple(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.36f, 0.46f), h = sprite_u(s, 1, 0.48f, 0.60f);
    float leaf = sprite_u(s, 2, 0.24f, 0.40f), stalk = sprite_u(s, 3, -0.12f, 0.14f);
    sprite_bend(s, (float[]){0, -0.32f, 0.05f}, (float[]){0, -0.6f}, (float[]){stalk, -0.76f, 0.06f});
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.06f});
    sprite_soft(s, 0.50f);
    sprite_ellipse(s, -w * 0.50f, 0.16f, w * 0.94f, h * 0.96f);
    sprite_ellipse(s, w * 0.50f, 0.16f, w * 0.94f, h * 0.96f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.5f, .gloss = 0.9f});
    sprite_ellipse(s, 0, -0.28f, 0.17f, 0.07f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.05f), .flat = true, .alpha = 0.3f});
    sprite_ellipse(s, -w * 0.8f, -0.06f, 0.075f, 0.14f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(1, 1, 1), .flat = true, .alpha = 0.25f});
    sprite_polygon(s, 6, (const float[6][2]){{0.04f, -0.48f}, {0.06f + leaf * 0.4f, -0.48f - leaf * 0.55f},
                                             {0.06f + leaf * 0.9f, -0.52f - leaf * 0.62f},
                                             {0.08f + leaf * 1.35f, -0.50f - leaf * 0.4f},
                                             {0.08f + leaf * 1.0f, -0.44f - leaf * 0.05f},
                                             {0.06f + leaf * 0.4f, -0.42f + leaf * 0.1f}}, 0.02f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.14f});
}

/* u: 0 width, 1 points, 2 height, 3 jewels */
static void crown(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.58f, 0.72f), h = sprite_u(s, 2, 0.40f, 0.62f);
    float flare = sprite_u(s, 1, 1.0f, 1.22f), jewel = sprite_u(s, 3, 0.07f, 0.12f), y = 0.44f;
    sprite_ellipse(s, 0, y - 0.24f, w * 0.9f, 0.16f);
    sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->second, 0.2f), .bevel = 0.1f});
    const float points[9][2] = {{-w, y}, {-w * flare * 1.05f, y - 0.30f - h * 0.75f}, {-w * 0.5f, y - 0.36f},
                                {0, y - 0.34f - h}, {w * 0.5f, y - 0.36f},
                                {w * flare * 1.05f, y - 0.30f - h * 0.75f}, {w, y}, {w * 0.5f, y + 0.09f},
                                {-w * 0.5f, y + 0.09f}};
    sprite_polygon(s, 9, points, 0.03f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.16f, .gloss = 0.6f, .metal = true});
    sprite_bend(s, (float[]){-w * 1.02f, y - 0.04f, 0.085f}, (float[]){0, y + 0.15f},
                (float[]){w * 1.02f, y - 0.04f, 0.085f});
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.09f, .gloss = 0.3f, .outline = 0.04f});
    for (int i = -1; i <= 1; i++) {
        float k = (float)i;
        sprite_ellipse(s, k * w * 0.58f, y - 0.0f + 0.05f * (1 - k * k), jewel, jewel * 0.9f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.1f, .gloss = 1, .outline = 0.03f});
        sprite_ellipse(s, k * w * flare * 1.05f, y - 0.34f - h * (i ? 0.78f : 1.03f), 0.085f, 0.085f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.09f, .gloss = 1});
    }
}

/* u: 0 radius, 1 fuse, 2 spark, 3 band */
static void bomb(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.46f, 0.58f), fuse = sprite_u(s, 1, 0.10f, 0.34f);
    float spark = sprite_u(s, 2, 0.16f, 0.28f), x = -0.08f, y = 0.22f;
    dio_tint shell = sprite_blend(s->main, sprite_tint(0.20f, 0.19f, 0.24f), 0.55f);
    float fx = x + r * 0.62f + 0.12f, fy = y - r * 0.62f - 0.12f;
    sprite_bend(s, (float[]){fx - 0.06f, fy + 0.06f, 0.035f}, (float[]){fx, fy - fuse},
                (float[]){fx + fuse, fy - 0.16f, 0.035f});
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.05f});
    sprite_ellipse(s, x, y, r, r);
    sprite_fill(s, &(dio_paint){.base = shell, .bevel = r * 0.9f, .gloss = 1});
    sprite_turned_box(s, x, y, 2, sprite_u(s, 3, 0.05f, 0.12f), 0, 1, -1);
    sprite_mark(s, &(dio_paint){.base = s->main, .bevel = 0.2f, .gloss = 0.4f});
    sprite_turned_box(s, fx - 0.08f, fy + 0.08f, 0.14f, 0.09f, 0.03f, 1, 1);
    sprite_fill(s, &(dio_paint){.base = shell, .bevel = 0.08f, .metal = true});
    float sx = fx + fuse, sy = fy - 0.16f, k = spark;
    sprite_polygon(s, 8, (const float[8][2]){{sx, sy - k}, {sx + k * 0.3f, sy - k * 0.3f}, {sx + k, sy},
                                             {sx + k * 0.3f, sy + k * 0.3f}, {sx, sy + k},
                                             {sx - k * 0.3f, sy + k * 0.3f}, {sx - k, sy},
                                             {sx - k * 0.3f, sy - k * 0.3f}}, 0.01f);
    sprite_fill(s, &(dio_paint){.base = s->accent, .glow = true, .bevel = k * 0.6f, .outline = 0.03f});
    sprite_ellipse(s, sx, sy, k * 0.3f, k * 0.3f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(1, 1, 0.9f), .flat = true});
}

const dio_sprite_kind dio_sprite_items[] = {
    {"item", "gem", gem},       {"item", "coin", coin},   {"item", "key", key},
    {"item", "ring", ring},     {"item", "scroll", scroll}, {"item", "book", book},
    {"item", "chest", chest},   {"item", "heart", heart}, {"item", "apple", apple},
    {"item", "crown", crown},   {"item", "bomb", bomb},   {NULL, NULL, NULL},
};
