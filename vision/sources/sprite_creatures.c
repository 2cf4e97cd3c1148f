/* sprite_creatures.c: those that meet the hero. main is the body, second its belly, wings or cap,
 * accent what catches the eye. */
#include <stddef.h>

#include "vision/sources/sprite_draw.h"

/* Outlines are lists of points, read along the line. */
/* clang-format off */

static const dio_tint white = {0.98f, 0.98f, 0.95f}, black = {0.10f, 0.07f, 0.14f};

/* A round eye that looks a little to the left, with a light in it. */
static void eye(dio_sprite *s, float x, float y, float r, dio_tint iris)
{
    sprite_ellipse(s, x, y, r, r * 1.12f);
    sprite_fill(s, &(dio_paint){.base = white, .flat = true, .outline = 0.035f});
    sprite_ellipse(s, x - 0.12f * r, y + 0.12f * r, 0.66f * r, 0.76f * r);
    sprite_mark(s, &(dio_paint){.base = iris, .flat = true});
    sprite_ellipse(s, x - 0.12f * r, y + 0.16f * r, 0.40f * r, 0.50f * r);
    sprite_mark(s, &(dio_paint){.base = black, .flat = true});
    sprite_ellipse(s, x - 0.34f * r, y - 0.28f * r, 0.26f * r, 0.26f * r);
    sprite_mark(s, &(dio_paint){.base = white, .flat = true});
}

/* A dark bead with a light in it. */
static void bead(dio_sprite *s, float x, float y, float r)
{
    sprite_ellipse(s, x, y, r, r * 1.3f);
    sprite_fill(s, &(dio_paint){.base = black, .flat = true, .outline = -1});
    sprite_ellipse(s, x - 0.3f * r, y - 0.45f * r, 0.38f * r, 0.42f * r);
    sprite_mark(s, &(dio_paint){.base = white, .flat = true});
}

/* A mouth: a dark crescent; bend above 0 smiles. */
static void mouth(dio_sprite *s, float y, float w, float bend)
{
    sprite_bend(s, (float[]){-w, y, 0.025f}, (float[]){0, y + bend}, (float[]){w, y, 0.025f});
    sprite_fill(s, &(dio_paint){.base = black, .flat = true, .outline = -1});
}

/* u: 0 width, 1 height, 2 eyes apart, 3 eye size, 4 smile, 5 drip, 6 bubble */
static void slime(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.58f, 0.82f), h = sprite_u(s, 1, 0.46f, 0.78f), base = 0.74f;
    float lean = sprite_u(s, 5, -0.15f, 0.15f);
    sprite_soft(s, 0.30f);
    sprite_ellipse(s, lean * 0.5f, base - h * 0.72f, w * 0.84f, h * 0.80f);
    sprite_ellipse(s, 0, base - 0.18f, w, 0.20f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.62f, .gloss = 0.9f});
    sprite_bend(s, (float[]){-w, base - 0.06f, 0.07f}, (float[]){0, base + 0.10f},
                (float[]){w, base - 0.06f, 0.07f});
    sprite_mark(s, &(dio_paint){.base = s->second, .flat = true, .alpha = 0.3f});
    float b = sprite_u(s, 6, 0.05f, 0.11f);
    sprite_ellipse(s, w * 0.52f, base - 0.34f, b, b);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.8f), .flat = true, .alpha = 0.3f});
    sprite_ellipse(s, w * 0.30f, base - 0.16f, b * 0.6f, b * 0.6f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.8f), .flat = true, .alpha = 0.3f});
    float apart = sprite_u(s, 2, 0.17f, 0.30f), r = sprite_u(s, 3, 0.11f, 0.17f);
    float y = base - h * 0.82f;
    eye(s, -apart, y, r, s->accent);
    eye(s, apart, y, r, s->accent);
    mouth(s, y + 0.24f, 0.12f, sprite_u(s, 4, -0.02f, 0.16f));
}

/* u: 0 width, 1 tail, 2 arms, 3 eyes, 4 mouth, 5 height */
static void ghost(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.44f, 0.60f), top = sprite_u(s, 5, -0.50f, -0.30f);
    float tail = sprite_u(s, 1, -0.45f, 0.45f), arm = sprite_u(s, 2, -0.24f, 0.30f);
    for (int side = -1; side <= 1; side += 2) {
        sprite_bend(s, (float[]){(float)side * w * 0.8f, 0.12f, 0.15f},
                    (float[]){(float)side * (w + 0.18f), 0.20f},
                    (float[]){(float)side * (w + 0.20f), 0.12f - arm, 0.09f});
        sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.2f});
    }
    sprite_soft(s, 0.20f);
    sprite_ellipse(s, 0, top + w * 0.72f, w, w * 0.98f);
    sprite_limb(s, 0, 0.1f, w * 0.94f, tail * 0.35f, 0.45f, w * 0.62f);
    sprite_bend(s, (float[]){tail * 0.35f, 0.50f, w * 0.55f}, (float[]){tail * 0.6f, 0.82f},
                (float[]){tail * 1.3f, 0.84f, 0.04f});
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.55f, .gloss = 0.35f});
    sprite_bend(s, (float[]){-w * 0.5f, 0.62f, 0.10f}, (float[]){tail * 0.6f, 0.92f},
                (float[]){tail * 1.3f, 0.84f, 0.10f});
    sprite_mark(s, &(dio_paint){.base = s->second, .flat = true, .alpha = 0.35f});
    float e = sprite_u(s, 3, 0.09f, 0.15f), y = top + w * 0.66f;
    bead(s, -w * 0.38f, y, e);
    bead(s, w * 0.38f, y, e);
    for (int side = -1; side <= 1; side += 2) {
        sprite_ellipse(s, (float)side * w * 0.62f, y + e * 2.0f, 0.09f, 0.055f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .flat = true, .outline = -1, .alpha = 0.25f});
    }
    sprite_ellipse(s, 0, y + e * 2.1f, sprite_u(s, 4, 0.05f, 0.10f), sprite_u(s, 4, 0.05f, 0.14f));
    sprite_fill(s, &(dio_paint){.base = black, .flat = true, .outline = -1});
}

/* u: 0 span, 1 lift of the wings, 2 ears, 3 body, 4 eyes, 5 scallops */
static void bat(dio_sprite *s)
{
    float span = sprite_u(s, 0, 0.76f, 0.90f), lift = sprite_u(s, 1, -0.50f, 0.12f);
    float body = sprite_u(s, 3, 0.27f, 0.36f), dip = sprite_u(s, 5, 0.10f, 0.24f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        float low = 0.46f + lift * 0.35f;
        const float wing[8][2] = {{k * 0.12f, -0.12f},           {k * span * 0.44f, lift * 0.8f - 0.24f},
                                  {k * span * 0.66f, lift - 0.20f}, {k * span, lift + 0.10f},
                                  {k * span * 0.99f, lift + 0.58f}, {k * span * 0.66f, low},
                                  {k * span * 0.34f, low + 0.02f},  {k * 0.12f, 0.36f}};
        sprite_polygon(s, 8, wing, 0.02f);
        sprite_cut(s);
        sprite_ellipse(s, k * span * 0.84f, lift * 0.7f + 0.60f, span * 0.15f, 0.14f + dip);
        sprite_ellipse(s, k * span * 0.50f, low + 0.08f, span * 0.15f, 0.06f + dip);
        sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.14f});
        sprite_limb(s, k * span * 0.5f, lift * 0.8f - 0.14f, 0.022f, k * span * 0.98f, lift + 0.50f, 0.012f);
        sprite_limb(s, k * span * 0.5f, lift * 0.8f - 0.14f, 0.022f, k * span * 0.66f, low - 0.05f, 0.012f);
        sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->second, 0.08f), .flat = true});
    }
    float ear = sprite_u(s, 2, 0.22f, 0.38f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_polygon(s, 3, (const float[3][2]){{k * body * 0.25f, -body * 0.7f},
                                                 {k * body * 0.95f, -body * 0.8f - ear},
                                                 {k * body * 1.0f, -body * 0.2f}}, 0.03f);
        sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.12f});
        sprite_polygon(s, 3, (const float[3][2]){{k * body * 0.5f, -body * 0.7f},
                                                 {k * body * 0.88f, -body * 0.7f - ear * 0.7f},
                                                 {k * body * 0.86f, -body * 0.4f}}, 0.0f);
        sprite_mark(s, &(dio_paint){.base = s->accent, .flat = true});
    }
    sprite_soft(s, 0.12f);
    sprite_ellipse(s, 0, 0.03f, body, body * 1.06f);
    sprite_ellipse(s, 0, 0.24f, body * 0.62f, body * 0.7f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.34f, .gloss = 0.3f});
    sprite_ellipse(s, 0, 0.30f, body * 0.46f, body * 0.44f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.72f), .flat = true, .alpha = 0.2f});
    float e = sprite_u(s, 4, 0.085f, 0.125f);
    eye(s, -body * 0.40f, -0.02f, e, s->accent);
    eye(s, body * 0.40f, -0.02f, e, s->accent);
    mouth(s, 0.17f, 0.09f, 0.05f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side * 0.055f;
        sprite_polygon(s, 3, (const float[3][2]){{k - 0.03f, 0.18f}, {k + 0.03f, 0.18f},
                                                 {k, 0.27f}}, 0.004f);
        sprite_fill(s, &(dio_paint){.base = white, .flat = true, .outline = -1});
    }
}

/* Seen from above. u: 0 width, 1 length, 2 spots, 3 spot size, 4 horns, 5 head */
static void beetle(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.46f, 0.62f), h = sprite_u(s, 1, 0.50f, 0.64f);
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < 3; i++) {
            float k = (float)side, y = 0.0f + 0.28f * (float)i, out = 0.24f - 0.03f * (float)i;
            sprite_bend(s, (float[]){k * w * 0.7f, y, 0.055f},
                        (float[]){k * (w + out), y - 0.16f + 0.12f * (float)i},
                        (float[]){k * (w + out), y + 0.06f + 0.10f * (float)i, 0.035f});
            sprite_fill(s, &(dio_paint){.base = sprite_scale(s->second, 0.6f), .bevel = 0.06f});
        }
    float horn = sprite_u(s, 4, 0.14f, 0.32f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_bend(s, (float[]){k * 0.12f, -0.56f, 0.05f}, (float[]){k * 0.42f, -0.66f},
                    (float[]){k * 0.24f, -0.62f - horn, 0.025f});
        sprite_fill(s, &(dio_paint){.base = sprite_scale(s->second, 0.7f), .bevel = 0.06f});
    }
    sprite_ellipse(s, 0, -0.42f, sprite_u(s, 5, 0.26f, 0.36f), 0.26f);
    sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.22f, .gloss = 0.5f});
    bead(s, -0.16f, -0.50f, 0.065f);
    bead(s, 0.16f, -0.50f, 0.065f);
    sprite_ellipse(s, 0, 0.20f, w, h);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.5f, .gloss = 1});
    float r = sprite_u(s, 3, 0.07f, 0.13f), spread = sprite_u(s, 2, 0.40f, 0.62f);
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < 3; i++) {
            sprite_ellipse(s, (float)side * w * (i == 1 ? 0.62f : spread * 0.72f),
                           0.20f + h * 0.52f * (float)(i - 1), r, r * 1.1f);
            sprite_mark(s, &(dio_paint){.base = s->accent, .bevel = 0.3f});
        }
    sprite_limb(s, 0, -0.4f, 0.02f, 0, 0.9f, 0.02f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(s->main, 0.02f), .flat = true});
}

/* u: 0 cap width, 1 cap height, 2 stalk, 3 spots, 4 eyes, 5 feet */
static void myconid(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.60f, 0.84f), h = sprite_u(s, 1, 0.48f, 0.70f);
    float stalk = sprite_u(s, 2, 0.26f, 0.40f), rim = 0.04f;
    dio_tint skin = sprite_blend(s->second, sprite_tint(0.98f, 0.92f, 0.80f), 0.45f);
    for (int side = -1; side <= 1; side += 2) {
        sprite_ellipse(s, (float)side * stalk * 0.55f, 0.78f, sprite_u(s, 5, 0.15f, 0.21f), 0.11f);
        sprite_fill(s, &(dio_paint){.base = skin, .bevel = 0.12f});
    }
    sprite_soft(s, 0.1f);
    sprite_limb(s, 0, 0.05f, stalk * 0.86f, 0, 0.50f, stalk);
    sprite_fill(s, &(dio_paint){.base = skin, .bevel = 0.34f});
    sprite_ellipse(s, 0, 0.02f, w, 0.24f);
    sprite_mark(s, &(dio_paint){.base = sprite_ramp(skin, 0.1f), .flat = true, .alpha = 0.35f});
    float e = sprite_u(s, 4, 0.055f, 0.085f);
    bead(s, -stalk * 0.45f, 0.36f, e);
    bead(s, stalk * 0.45f, 0.36f, e);
    mouth(s, 0.53f, 0.07f, 0.07f);
    sprite_ellipse(s, 0, rim + 0.05f, w, h + 0.05f);
    sprite_keep(s);
    sprite_soft(s, 0.14f);
    sprite_box(s, 0, rim - 0.5f, 1, 0.62f, 0);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.5f, .gloss = 0.6f});
    float r = sprite_u(s, 3, 0.10f, 0.17f);
    const float at[5][3] = {{-0.05f, -0.62f, 1}, {-0.58f, -0.16f, 0.8f}, {0.50f, -0.34f, 0.9f},
                            {-0.30f, -0.24f, 0.5f}, {0.12f, -0.12f, 0.6f}};
    for (int i = 0; i < 5; i++) {
        sprite_ellipse(s, at[i][0] * w, at[i][1] * h, r * at[i][2], r * at[i][2] * 0.85f);
        sprite_mark(s, &(dio_paint){.base = s->accent, .bevel = 0.2f});
    }
}

/* u: 0 shoulders, 1 head, 2 arms, 3 crack, 4 eyes, 5 legs */
static void golem(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.40f, 0.54f), arm = sprite_u(s, 2, 0.15f, 0.22f);
    float head = sprite_u(s, 1, 0.22f, 0.32f), legs = sprite_u(s, 5, 0.16f, 0.23f);
    const dio_paint stone = {
        .base = s->main, .bevel = 0.20f, .grain = 0.10f, .texture = GRAIN_STONE};
    dio_paint dark = stone;
    dark.base = sprite_blend(s->main, s->second, 0.6f);
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, (float)side * 0.24f, 0.70f, legs, 0.18f, 0.08f);
        sprite_fill(s, &dark);
    }
    sprite_polygon(s, 6, (const float[6][2]){{-w, -0.22f}, {-w * 0.7f, -0.36f}, {w * 0.7f, -0.36f},
                                             {w, -0.20f}, {w * 0.62f, 0.52f}, {-w * 0.62f, 0.52f}},
                   0.06f);
    sprite_fill(s, &stone);
    float crack = sprite_u(s, 3, -0.12f, 0.12f);
    sprite_polygon(s, 6, (const float[6][2]){{crack - 0.02f, -0.04f}, {crack + 0.11f, 0.08f},
                                             {crack + 0.05f, 0.12f}, {crack + 0.13f, 0.30f},
                                             {crack - 0.05f, 0.14f}, {crack + 0.01f, 0.10f}}, 0.012f);
    sprite_mark(s, &(dio_paint){.base = s->accent, .glow = true, .bevel = 0.05f});
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_limb(s, k * (w + 0.10f), -0.16f, arm, k * (w + 0.20f), 0.26f, arm * 0.8f);
        sprite_fill(s, &stone);
        sprite_box(s, k * (w + 0.20f), 0.44f, arm * 1.05f, 0.17f, 0.09f);
        sprite_fill(s, &dark);
    }
    sprite_box(s, 0, -0.50f, head, 0.24f, 0.10f);
    sprite_fill(s, &stone);
    sprite_box(s, 0, -0.62f, head * 1.05f, 0.07f, 0.05f);
    sprite_mark(s, &(dio_paint){.base = s->second, .bevel = 0.1f});
    float e = sprite_u(s, 4, 0.05f, 0.085f);
    for (int side = -1; side <= 1; side += 2) {
        sprite_box(s, (float)side * head * 0.48f, -0.46f, e, e * 0.75f, 0.03f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .glow = true, .bevel = 0.06f, .outline = 0.025f});
    }
}

/* u: 0 size, 1 iris, 2 look, 3 stalks, 4 lids, 5 teeth */
static void watcher(dio_sprite *s)
{
    float r = sprite_u(s, 0, 0.44f, 0.56f), stalk = sprite_u(s, 3, 0.16f, 0.28f);
    static const float way[5][2] = {{-0.92f, -0.38f}, {-0.52f, -0.85f}, {0, -1}, {0.52f, -0.85f},
                                    {0.92f, -0.38f}};
    for (int i = 0; i < 5; i++) {
        float x = way[i][0] * r, y = 0.10f + way[i][1] * r;
        float ox = way[i][0] * (r + stalk), oy = 0.10f + way[i][1] * (r + stalk);
        sprite_bend(s, (float[]){x * 0.9f, y * 0.9f, 0.06f}, (float[]){x * 1.05f, oy},
                    (float[]){ox, oy, 0.05f});
        sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.07f});
        sprite_ellipse(s, ox, oy, 0.085f, 0.085f);
        sprite_fill(s, &(dio_paint){.base = s->second, .bevel = 0.1f, .gloss = 0.8f});
        sprite_ellipse(s, ox - 0.01f, oy + 0.01f, 0.035f, 0.045f);
        sprite_mark(s, &(dio_paint){.base = black, .flat = true});
    }
    sprite_ellipse(s, 0, 0.12f, r, r * 0.98f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.45f, .gloss = 0.3f});
    sprite_ellipse(s, 0, 0.12f + r * 0.66f, r * 0.56f, r * 0.20f);
    sprite_mark(s, &(dio_paint){.base = sprite_tint(0.30f, 0.07f, 0.14f), .flat = true});
    for (int i = -2; i <= 2; i++) {
        float x = (float)i * r * 0.20f, top = 0.12f + r * (0.50f + 0.02f * (float)(i * i));
        sprite_polygon(s, 3, (const float[3][2]){{x - 0.04f, top}, {x + 0.04f, top},
                                                 {x, top + sprite_u(s, 5, 0.07f, 0.14f)}}, 0.005f);
        sprite_mark(s, &(dio_paint){.base = white, .flat = true});
    }
    float look = sprite_u(s, 2, -0.10f, 0.10f), open = sprite_u(s, 4, 0.50f, 0.62f) * r;
    float iris = sprite_u(s, 1, 0.50f, 0.72f) * open;
    sprite_ellipse(s, 0, 0.0f, open * 1.1f, open);
    sprite_fill(s, &(dio_paint){.base = white, .bevel = 0.3f, .outline = 0.045f});
    sprite_ellipse(s, look, 0.01f, iris, iris);
    sprite_mark(s, &(dio_paint){.base = s->accent, .glow = true, .bevel = iris});
    sprite_ellipse(s, look, 0.01f, iris * 0.42f, iris * 0.62f);
    sprite_mark(s, &(dio_paint){.base = black, .flat = true});
    sprite_ellipse(s, look - iris * 0.4f, -iris * 0.4f, iris * 0.26f, iris * 0.26f);
    sprite_mark(s, &(dio_paint){.base = white, .flat = true});
}

/* u: 0 body, 1 height, 2 wing, 3 crest, 4 eyes, 5 beak */
static void chick(dio_sprite *s)
{
    float w = sprite_u(s, 0, 0.46f, 0.62f), h = sprite_u(s, 1, 0.50f, 0.62f);
    dio_tint orange = {0.95f, 0.58f, 0.16f};
    for (int side = -1; side <= 1; side += 2) {
        sprite_limb(s, (float)side * 0.18f, 0.60f, 0.04f, (float)side * 0.20f, 0.80f, 0.04f);
        sprite_limb(s, (float)side * 0.20f - 0.08f, 0.84f, 0.04f, (float)side * 0.20f + 0.08f, 0.84f,
                    0.04f);
        sprite_fill(s, &(dio_paint){.base = orange, .bevel = 0.05f});
    }
    float crest = sprite_u(s, 3, 0.10f, 0.28f);
    for (int i = -1; i <= 1; i++) {
        sprite_limb(s, (float)i * 0.06f, -0.45f, 0.07f, (float)i * 0.16f - 0.02f,
                    -0.50f - crest + 0.05f * (float)(i * i), 0.04f);
        sprite_fill(s, &(dio_paint){.base = s->accent, .bevel = 0.08f});
    }
    sprite_soft(s, 0.2f);
    sprite_ellipse(s, 0, 0.22f, w, h * 0.86f);
    sprite_ellipse(s, 0, -0.16f, w * 0.80f, h * 0.68f);
    sprite_fill(s, &(dio_paint){.base = s->main, .bevel = 0.5f, .gloss = 0.25f});
    sprite_ellipse(s, -0.02f, 0.42f, w * 0.62f, h * 0.50f);
    sprite_mark(s, &(dio_paint){.base = s->second, .bevel = 0.5f});
    float wing = sprite_u(s, 2, -0.20f, 0.34f);
    for (int side = -1; side <= 1; side += 2) {
        float k = (float)side;
        sprite_bend(s, (float[]){k * w * 0.86f, 0.10f, 0.13f}, (float[]){k * (w + 0.12f), 0.26f},
                    (float[]){k * (w + 0.14f), 0.22f + wing * 0.8f, 0.05f});
        sprite_fill(s, &(dio_paint){.base = sprite_ramp(s->main, 0.42f), .bevel = 0.14f});
    }
    float e = sprite_u(s, 4, 0.075f, 0.115f), y = -0.20f;
    bead(s, -w * 0.40f, y, e);
    bead(s, w * 0.40f, y, e);
    float beak = sprite_u(s, 5, 0.10f, 0.16f);
    sprite_polygon(s, 4, (const float[4][2]){{-beak, -0.06f}, {0, -0.15f}, {beak, -0.06f},
                                             {0, 0.10f}}, 0.02f);
    sprite_fill(s, &(dio_paint){.base = orange, .bevel = 0.1f, .outline = 0.035f});
}

const dio_sprite_kind dio_sprite_creatures[] = {
    {"creature", "slime", slime},     {"creature", "ghost", ghost},   {"creature", "bat", bat},
    {"creature", "beetle", beetle},   {"creature", "myconid", myconid},
    {"creature", "golem", golem},     {"creature", "watcher", watcher},
    {"creature", "chick", chick},     {NULL, NULL, NULL},
};
