/* products.c: the things that advertisements are about, turned on a lathe and cut from plates.
 * Every product has several forms: slimmer, rounder, with another closure or label. */
#include <math.h>
#include <stddef.h>

#include "base/rng.h"
#include "vision/scenes/pen.h"
#include "vision/scenes/scene.h"

static const brush body = {0}, second = {.second = 1}, accent = {.accent = 1};
static const brush dark = {.tone = -0.5f}, light = {.tone = 0.45f};
static const brush second_dark = {.second = 1, .tone = -0.4f};
static const brush second_light = {.second = 1, .tone = 0.4f};
static const brush ink = {.own = true, .rgb = {0.03f, 0.03f, 0.04f}};
static const brush white = {.own = true, .rgb = {0.86f, 0.85f, 0.82f}};
static const brush cork = {.own = true, .rgb = {0.50f, 0.30f, 0.16f}};
static const brush steel = {.own = true, .rgb = {0.55f, 0.56f, 0.58f}};
static const brush leaf = {.own = true, .rgb = {0.10f, 0.30f, 0.09f}};
static const brush leaf_light = {.own = true, .rgb = {0.20f, 0.44f, 0.13f}};

#define LATHE(s, b, cx, ...)                                                                       \
    pen_lathe(s, b, cx, (const point[]){__VA_ARGS__},                                              \
              (int)(sizeof((const point[]){__VA_ARGS__}) / sizeof(point)))
#define FACE(s, b, nx, ny, ...)                                                                    \
    pen_face(s, b, (const point[]){__VA_ARGS__},                                                   \
             (int)(sizeof((const point[]){__VA_ARGS__}) / sizeof(point)), nx, ny)
#define TUBE(s, b, r, ...)                                                                         \
    pen_tube(s, b, (const point[]){__VA_ARGS__},                                                   \
             (int)(sizeof((const point[]){__VA_ARGS__}) / sizeof(point)), r)

/* A number of the form's own in lo..hi. */
static float vary(int form, int k, float lo, float hi)
{
    return lo + (hi - lo) * dio_uniform(0x70726f64, (uint64_t)form, (uint64_t)k);
}

static bool coin(int form, int k)
{
    return vary(form, k, 0, 1) < 0.5f;
}

/* A label, sometimes with an emblem and lines that stand for words. */
static void label(shape *s, int form, float cy, float w, float h)
{
    bool inverted = coin(form, 30);
    pen_dye(s, inverted ? &accent : &second_light, 0, cy, w, h, 0.02f);
    const brush *mark = inverted ? &second_light : coin(form, 31) ? &accent : &dark;
    int kind = (int)vary(form, 32, 0, 3);
    if (kind == 0)
        pen_dye(s, mark, 0, cy - 0.28f * h, 0.28f * fminf(w, h), 0.28f * fminf(w, h),
                0.28f * fminf(w, h));
    if (kind == 1)
        pen_dye(s, mark, 0, cy - 0.2f * h, 0.55f * w, 0.16f * h, 0.02f);
    if (kind == 2)
        pen_dye(s, mark, 0, cy - 0.55f * h, w, 0.12f * h, 0);
    pen_dye(s, mark, 0, cy + 0.28f * h, 0.55f * w, 0.05f * h, 0.01f);
    pen_dye(s, mark, 0, cy + 0.52f * h, 0.38f * w, 0.05f * h, 0.01f);
}

static void bottle(shape *s, int form)
{
    float w = vary(form, 0, 0.24f, 0.36f), neck = vary(form, 1, 0.085f, 0.12f);
    float shoulder = vary(form, 2, -0.42f, -0.10f), round = vary(form, 3, 0.10f, 0.30f);
    LATHE(s, &body, 0, {neck, -0.86f}, {neck, shoulder - round},
          {w * 0.55f, shoulder - round * 0.4f}, {w, shoulder + 0.06f}, {w, 0.4f}, {w, 0.93f},
          {w * 0.93f, 0.98f});
    const brush *cap = coin(form, 4) ? &accent : coin(form, 5) ? &cork : &second;
    float high = vary(form, 6, 0.10f, 0.2f);
    LATHE(s, cap, 0, {neck * 1.1f, -0.98f}, {neck * 1.22f, -0.965f}, {neck * 1.22f, -0.98f + high});
    label(s, form, vary(form, 7, 0.32f, 0.45f), w, vary(form, 8, 0.2f, 0.34f));
}

static void jar(shape *s, int form)
{
    float w = vary(form, 0, 0.5f, 0.66f), top = vary(form, 1, -0.62f, -0.36f);
    LATHE(s, &body, 0, {w * 0.82f, top}, {w * 0.86f, top + 0.05f}, {w, top + 0.22f}, {w, 0.4f},
          {w, 0.84f}, {w * 0.9f, 0.97f});
    const brush *lid = coin(form, 2) ? &accent : coin(form, 3) ? &steel : &second;
    LATHE(s, lid, 0, {w * 0.84f, top - 0.22f}, {w * 0.9f, top - 0.19f}, {w * 0.9f, top + 0.02f});
    label(s, form, 0.35f, w * vary(form, 4, 0.6f, 1.0f), vary(form, 5, 0.22f, 0.32f));
}

static void can(shape *s, int form)
{
    float w = vary(form, 0, 0.34f, 0.48f), top = vary(form, 1, -0.96f, -0.7f);
    LATHE(s, &body, 0, {w * 0.8f, top}, {w, top + 0.11f}, {w, 0.2f}, {w, 0.86f}, {w * 0.8f, 0.97f});
    pen_ellipse(s, &steel, 0, top, w * 0.82f, 0.06f, 0);
    pen_ellipse(s, &(brush){.own = true, .rgb = {0.3f, 0.3f, 0.31f}}, 0, top + 0.008f, w * 0.7f,
                0.04f, 0);
    label(s, form, 0.1f, w, vary(form, 2, 0.3f, 0.5f));
}

static void box(shape *s, int form)
{
    float top = vary(form, 0, -0.85f, -0.25f), rise = 0.16f, left = vary(form, 1, -0.8f, -0.6f);
    float middle = vary(form, 2, 0.05f, 0.4f), right = -left;
    FACE(s, &body, -0.35f, 0.0f, {left, top + rise * 0.6f}, {middle, top + rise * 1.5f},
         {middle, 0.98f}, {left, 0.80f});
    FACE(s, &dark, 0.65f, 0.0f, {middle, top + rise * 1.5f}, {right, top + rise * 0.4f},
         {right, 0.74f}, {middle, 0.98f});
    FACE(s, &light, 0, -0.85f, {left, top + rise * 0.6f}, {middle - 0.25f, top - rise * 0.4f},
         {right, top + rise * 0.4f}, {middle, top + rise * 1.5f});
    float cx = 0.5f * (left + middle);
    pen_dye(s, coin(form, 3) ? &accent : &second, cx, 0.42f, 0.22f * (middle - left) + 0.06f,
            vary(form, 4, 0.12f, 0.26f), coin(form, 5) ? 0.12f : 0.02f);
    if (coin(form, 6))
        FACE(s, &second_light, 0, -0.85f, {middle - 0.42f, top + rise * 0.1f},
             {middle - 0.32f, top - rise * 0.1f}, {right - 0.22f, top + rise * 0.75f},
             {right - 0.34f, top + rise * 0.95f});
}

static void pouch(shape *s, int form)
{
    float w = vary(form, 0, 0.5f, 0.62f);
    pen_plate(s, &body, 0, 0.08f, w, 0.9f, 0.06f, 0.3f);
    pen_plate(s, &dark, 0, -0.82f, w * 0.98f, 0.12f, 0.02f, 0.03f);
    if (coin(form, 1))
        pen_plate(s, &accent, 0, -0.7f, w * 1.0f, 0.035f, 0.02f, 0.02f);
    label(s, form, 0.2f, w * vary(form, 2, 0.55f, 0.8f), vary(form, 3, 0.3f, 0.42f));
}

static void tube(shape *s, int form)
{
    float w = vary(form, 0, 0.26f, 0.36f);
    LATHE(s, &body, 0, {w * 1.08f, -0.98f}, {w * 1.08f, -0.9f}, {w, -0.2f}, {w, 0.5f},
          {w * 0.94f, 0.62f});
    pen_dye(s, &dark, 0, -0.95f, w * 1.1f, 0.045f, 0);
    LATHE(s, coin(form, 1) ? &accent : &second, 0, {w * 0.72f, 0.6f}, {w * 0.76f, 0.66f},
          {w * 0.76f, 0.97f});
    label(s, form, -0.15f, w * 0.9f, vary(form, 2, 0.3f, 0.45f));
}

static void dropper(shape *s, int form)
{
    float w = vary(form, 0, 0.32f, 0.44f), sh = vary(form, 1, -0.12f, 0.05f);
    LATHE(s, &body, 0, {0.14f, sh - 0.16f}, {0.16f, sh - 0.1f}, {w * 0.92f, sh}, {w, sh + 0.1f},
          {w, 0.6f}, {w, 0.9f}, {w * 0.9f, 0.98f});
    LATHE(s, coin(form, 2) ? &steel : &accent, 0, {0.19f, sh - 0.34f}, {0.19f, sh - 0.12f});
    LATHE(s, (&(brush){.own = true, .rgb = {0.05f, 0.05f, 0.06f}}), 0, {0.05f, sh - 0.86f},
          {0.12f, sh - 0.8f}, {0.13f, sh - 0.55f}, {0.13f, sh - 0.33f});
    label(s, form, 0.5f * (sh + 1.0f), w, vary(form, 3, 0.2f, 0.27f));
}

static void perfume(shape *s, int form)
{
    float w = vary(form, 0, 0.42f, 0.62f), top = vary(form, 1, -0.35f, -0.1f);
    float radius = coin(form, 2) ? 0.06f : vary(form, 3, 0.15f, 0.4f);
    LATHE(s, &steel, 0, {0.13f, top - 0.2f}, {0.13f, top + 0.05f});
    pen_plate(s, &body, 0, 0.5f * (top + 0.98f), w, 0.5f * (0.98f - top), radius, 0.16f);
    pen_plate(s, &light, 0, 0.5f * (top + 0.98f) + 0.05f, w * 0.78f, 0.5f * (0.98f - top) * 0.72f,
              radius * 0.6f, 0.05f);
    LATHE(s, coin(form, 4) ? &accent : &second, 0, {0.2f, top - 0.56f}, {0.22f, top - 0.53f},
          {0.22f, top - 0.17f});
    pen_dye(s, coin(form, 5) ? &accent : &second_dark, 0, 0.4f, w * 0.4f, 0.09f, 0.01f);
}

static void mug(shape *s, int form)
{
    float w = vary(form, 0, 0.46f, 0.58f), top = vary(form, 1, -0.6f, -0.35f);
    float taper = vary(form, 2, 0.72f, 1.0f);
    pen_arc(s, &body, w * 0.9f, 0.25f, 0.34f, 0.34f, -0.22f, 0.26f, 0.085f);
    LATHE(s, &body, -0.1f, {w, top}, {w, 0.1f}, {w * taper, 0.86f}, {w * taper * 0.9f, 0.97f});
    pen_ellipse(s, &light, -0.1f, top, w, 0.115f, 0);
    pen_ellipse(s, &(brush){.own = true, .rgb = {0.10f, 0.045f, 0.02f}}, -0.1f, top + 0.022f,
                w * 0.88f, 0.085f, 0);
    if (coin(form, 3))
        pen_dye(s, &second, -0.1f, 0.25f, w, vary(form, 4, 0.08f, 0.2f), 0);
    else if (coin(form, 5))
        pen_dye(s, &accent, -0.1f, 0.2f, 0.16f, 0.16f, 0.16f);
}

static void tumbler(shape *s, int form)
{
    float w = vary(form, 0, 0.4f, 0.52f), top = vary(form, 1, -0.85f, -0.6f),
          low = vary(form, 2, 0.62f, 0.9f);
    brush clear = {.second = 1, .tone = 0.75f};
    LATHE(s, &clear, 0, {w, top}, {w * (0.5f + 0.5f * low), 0.3f}, {w * low, 0.97f});
    float fill = top + vary(form, 3, 0.22f, 0.5f), k = w * 0.93f;
    LATHE(s, &body, 0, {k, fill}, {k * (0.52f + 0.48f * low), 0.35f}, {k * low, 0.9f});
    pen_ellipse(s, &light, 0, fill, k, 0.09f, 0);
    if (coin(form, 4)) {
        pen_plate(s, &(brush){.second = 1, .tone = 0.9f}, -0.14f, fill + 0.12f, 0.14f, 0.13f, 0.04f,
                  0.08f);
        pen_plate(s, &(brush){.second = 1, .tone = 0.8f}, 0.15f, fill + 0.2f, 0.13f, 0.13f, 0.04f,
                  0.08f);
    }
    if (coin(form, 5))
        TUBE(s, &accent, 0.035f, {0.05f, fill}, {0.3f, top - 0.15f}, {0.42f, -0.97f});
    else
        pen_ellipse(s, &accent, w * 0.9f, top + 0.02f, 0.2f, 0.2f, 0.5f);
    pen_ellipse(s, &clear, 0, top, w, 0.03f, 0);
}

static void lamp(shape *s, int form)
{
    float w = vary(form, 0, 0.5f, 0.72f), top = vary(form, 1, 0.3f, 0.8f),
          high = vary(form, 2, 0.5f, 0.68f);
    LATHE(s, coin(form, 3) ? &steel : &second, 0, {0.045f, -0.4f}, {0.05f, 0.8f});
    if (coin(form, 4))
        LATHE(s, &second, 0, {0.07f, 0.1f}, {0.22f, 0.35f}, {0.26f, 0.6f}, {0.12f, 0.88f});
    LATHE(s, &second, 0, {0.1f, 0.84f}, {0.34f, 0.9f}, {0.4f, 0.98f});
    brush shade = body;
    shade.glow = coin(form, 5) ? 0.5f : 0.15f;
    LATHE(s, &shade, 0, {w * top, -0.95f}, {w, -0.95f + high});
    pen_ellipse(s, &(brush){.own = true, .rgb = {1.0f, 0.86f, 0.55f}, .glow = 1}, 0, -0.95f + high,
                w * 0.96f, 0.06f, 0);
}

static void candle(shape *s, int form)
{
    float w = vary(form, 0, 0.36f, 0.5f), top = vary(form, 1, -0.35f, 0.0f);
    LATHE(s, &body, 0, {w, top}, {w, 0.5f}, {w, 0.9f}, {w * 0.93f, 0.97f});
    pen_ellipse(s, &light, 0, top, w, 0.1f, 0);
    pen_ellipse(s, &(brush){.second = 1, .tone = 0.5f, .glow = 0.45f}, 0, top + 0.02f, w * 0.86f,
                0.075f, 0);
    TUBE(s, &ink, 0.02f, {0, top + 0.01f}, {0.015f, top - 0.14f});
    LATHE(s, (&(brush){.own = true, .rgb = {1.0f, 0.62f, 0.16f}, .glow = 1}), 0,
          {0.004f, top - 0.62f}, {0.05f, top - 0.44f}, {0.105f, top - 0.24f}, {0.07f, top - 0.12f},
          {0.01f, top - 0.08f});
    LATHE(s, (&(brush){.own = true, .rgb = {1.0f, 0.93f, 0.66f}, .glow = 1}), 0,
          {0.004f, top - 0.42f}, {0.04f, top - 0.28f}, {0.05f, top - 0.2f}, {0.01f, top - 0.11f});
    label(s, form, top + 0.55f, w * vary(form, 2, 0.6f, 1), 0.2f);
}

static void stem(shape *s, float x0, float y0, float x1, float y1, const brush *b)
{
    TUBE(s, &leaf, 0.016f, {x0, y0}, {0.5f * (x0 + x1) + 0.05f * (y1 - y0), 0.5f * (y0 + y1)},
         {x1, y1});
    pen_ellipse(s, b, x1, y1, 0.085f, 0.085f, 0.9f);
    pen_ellipse(s, b, x1 - 0.06f, y1 + 0.07f, 0.065f, 0.065f, 0.9f);
    pen_ellipse(s, b, x1 + 0.07f, y1 + 0.06f, 0.06f, 0.06f, 0.9f);
}

static void vase(shape *s, int form)
{
    float w = vary(form, 0, 0.3f, 0.46f), neck = vary(form, 1, 0.1f, 0.2f), top = 0.02f;
    int stems = 3 + (int)vary(form, 2, 0, 3);
    for (int i = 0; i < stems; i++) {
        float lean = ((float)i + 0.5f) / (float)stems - 0.5f;
        stem(s, 0.1f * lean, top + 0.1f, 1.2f * lean + vary(form, 40 + i, -0.08f, 0.08f),
             vary(form, 10 + i, -0.92f, -0.5f) + 0.3f * fabsf(lean),
             i % 2            ? &accent
             : coin(form, 20) ? &leaf_light
                              : &second_light);
    }
    LATHE(s, &body, 0, {neck * 1.25f, top}, {neck, top + 0.14f}, {w * 0.8f, 0.36f}, {w, 0.6f},
          {w * 0.8f, 0.86f}, {w * 0.55f, 0.98f});
    if (coin(form, 3))
        pen_dye(s, &second, 0, 0.58f, w, 0.06f, 0);
}

static void bowl(shape *s, int form)
{
    float w = vary(form, 0, 0.72f, 0.88f), top = vary(form, 1, -0.05f, 0.12f);
    int heap = 7;
    for (int i = 0; i < heap; i++) {
        float x = w * 0.72f * (2 * ((float)i + 0.5f) / (float)heap - 1);
        float r = vary(form, 10 + i, 0.15f, 0.22f);
        pen_ellipse(s,
                    i % 3 == 0   ? &accent
                    : i % 3 == 1 ? &second
                                 : &second_light,
                    x, top - 0.02f - 0.16f * (1 - x * x / (w * w)), r, r, 0.95f);
    }
    LATHE(s, &body, 0, {w, top}, {w * 0.97f, top + 0.12f}, {w * 0.72f, top + 0.5f},
          {w * 0.4f, top + 0.74f}, {w * 0.38f, top + 0.84f});
    if (coin(form, 2))
        pen_dye(s, &dark, 0, top + 0.08f, w, 0.03f, 0);
}

static void pot(shape *s, int form)
{
    float w = vary(form, 0, 0.56f, 0.7f), top = vary(form, 1, -0.35f, -0.05f);
    TUBE(s, &second, 0.055f, {-w, top + 0.16f}, {-w - 0.2f, top + 0.18f}, {-w - 0.2f, top + 0.32f},
         {-w, top + 0.34f});
    TUBE(s, &second, 0.055f, {w, top + 0.16f}, {w + 0.2f, top + 0.18f}, {w + 0.2f, top + 0.32f},
         {w, top + 0.34f});
    LATHE(s, &body, 0, {w, top}, {w, 0.5f}, {w, 0.84f}, {w * 0.9f, 0.97f});
    LATHE(s, &light, 0, {0.05f, top - 0.26f}, {w * 0.7f, top - 0.16f}, {w * 1.03f, top - 0.02f},
          {w * 1.03f, top + 0.03f});
    pen_ellipse(s, &accent, 0, top - 0.32f, 0.1f, 0.085f, 0.95f);
}

static void kettle(shape *s, int form)
{
    float w = vary(form, 0, 0.5f, 0.6f), top = vary(form, 1, -0.3f, -0.1f);
    pen_arc(s, &second, 0, top + 0.08f, w * 0.78f, 0.62f, 0.54f, 0.96f, 0.06f);
    TUBE(s, &body, 0.085f, {-w * 0.8f, 0.5f}, {-w - 0.16f, 0.22f}, {-w - 0.26f, top + 0.02f});
    LATHE(s, &body, 0, {w * 0.5f, top}, {w * 0.84f, top + 0.25f}, {w, 0.55f}, {w * 0.98f, 0.88f},
          {w * 0.9f, 0.97f});
    LATHE(s, &light, 0, {0.1f, top - 0.12f}, {w * 0.5f, top}, {w * 0.53f, top + 0.04f});
    pen_ellipse(s, coin(form, 2) ? &accent : &second, 0, top - 0.17f, 0.09f, 0.08f, 0.95f);
}

static void speaker(shape *s, int form)
{
    float w = vary(form, 0, 0.5f, 0.7f), top = vary(form, 1, -0.9f, -0.5f),
          h = 0.5f * (0.97f - top);
    float cy = 0.97f - h, r = fminf(w * 0.72f, h * 0.6f);
    pen_plate(s, &body, 0, cy, w, h, coin(form, 2) ? 0.08f : 0.3f, 0.08f);
    pen_ellipse(s, &second_dark, 0, cy + h * 0.25f, r, r, 0.3f);
    pen_ellipse(s, &ink, 0, cy + h * 0.25f, r * 0.8f, r * 0.8f, -0.6f);
    pen_ellipse(s, coin(form, 3) ? &accent : &second_light, 0, cy + h * 0.25f, r * 0.34f, r * 0.34f,
                0.9f);
    if (h > 0.6f) {
        pen_ellipse(s, &second_dark, 0, cy - h * 0.55f, r * 0.42f, r * 0.42f, 0.3f);
        pen_ellipse(s, &ink, 0, cy - h * 0.55f, r * 0.3f, r * 0.3f, 0.8f);
    }
}

static void phone(shape *s, int form)
{
    float w = vary(form, 0, 0.42f, 0.5f), tall = 0.97f;
    pen_plate(s, &ink, 0, 0, w, tall, 0.12f, 0.05f);
    pen_plate(s, &(brush){.tone = 0.1f, .glow = 0.6f}, 0, 0, w - 0.05f, tall - 0.06f, 0.08f, 0);
    pen_dye(s, &(brush){.second = 1, .glow = 0.6f}, 0, -0.5f, w - 0.12f, vary(form, 1, 0.16f, 0.3f),
            0.06f);
    int rows = 2 + (int)vary(form, 2, 0, 3);
    for (int i = 0; i < rows; i++) {
        float y = 0.02f + 0.19f * (float)i;
        pen_dye(s, &(brush){.accent = 1, .glow = 0.6f}, -w + 0.2f, y, 0.06f, 0.06f, 0.06f);
        pen_dye(s, &(brush){.tone = 0.7f, .glow = 0.6f}, 0.08f, y, w - 0.28f, 0.035f, 0.03f);
    }
    pen_dye(s, &(brush){.accent = 1, .glow = 0.7f}, 0, 0.76f, w - 0.16f, 0.075f, 0.07f);
    pen_dye(s, &ink, 0, -0.86f, 0.1f, 0.025f, 0.025f);
}

static void book(shape *s, int form)
{
    float w = vary(form, 0, 0.56f, 0.68f), top = vary(form, 1, -0.95f, -0.75f),
          h = 0.5f * (0.96f - top);
    float cy = 0.96f - h;
    pen_plate(s, &dark, 0.05f, cy + 0.02f, w, h, 0.03f, 0.02f);
    pen_plate(s, &white, 0.06f, cy + 0.01f, w - 0.03f, h - 0.04f, 0.01f, 0.02f);
    pen_plate(s, &body, -0.01f, cy - 0.01f, w - 0.02f, h - 0.01f, 0.03f, 0.03f);
    pen_dye(s, &dark, -w + 0.07f, cy, 0.035f, h, 0);
    int kind = (int)vary(form, 2, 0, 3);
    if (kind == 0)
        pen_dye(s, &accent, 0.05f, cy + 0.18f, 0.26f, 0.26f, 0.26f);
    if (kind == 1)
        pen_dye(s, &second, 0.05f, cy + 0.35f * h, w, 0.3f * h, 0);
    if (kind == 2)
        for (int i = 0; i < 3; i++)
            pen_dye(s, i % 2 ? &accent : &second, 0.05f, cy + 0.05f + 0.17f * (float)i, w - 0.2f,
                    0.045f, 0.04f);
    pen_dye(s, &second_light, 0.05f, cy - 0.55f * h, w * 0.55f, 0.05f, 0.01f);
    pen_dye(s, &second_light, 0.05f, cy - 0.38f * h, w * 0.36f, 0.035f, 0.01f);
}

static void wall_clock(shape *s, int form)
{
    float r = 0.88f, cy = 0.1f, a = 6.2832f * vary(form, 0, 0, 1),
          c = 6.2832f * vary(form, 1, 0, 1);
    pen_ellipse(s, &body, 0, cy, r, r, 0.9f);
    pen_ellipse(s, coin(form, 2) ? &white : &second_light, 0, cy, r * 0.84f, r * 0.84f, 0.08f);
    for (int i = 0; i < 12; i++) {
        float t = 6.2832f * (float)i / 12, in = i % 3 ? 0.68f : 0.6f;
        TUBE(s, &ink, 0.022f, {r * in * cosf(t), cy + r * in * sinf(t)},
             {r * 0.74f * cosf(t), cy + r * 0.74f * sinf(t)});
    }
    TUBE(s, &ink, 0.035f, {0, cy}, {0.36f * cosf(a), cy + 0.36f * sinf(a)});
    TUBE(s, &ink, 0.026f, {0, cy}, {0.54f * cosf(c), cy + 0.54f * sinf(c)});
    pen_ellipse(s, &accent, 0, cy, 0.07f, 0.07f, 0.9f);
}

static void armchair(shape *s, int form)
{
    float w = vary(form, 0, 0.62f, 0.78f), back = vary(form, 1, -0.85f, -0.5f),
          round = vary(form, 2, 0.12f, 0.3f);
    const brush *legs = coin(form, 3) ? &cork : &ink;
    TUBE(s, legs, 0.04f, {-w + 0.1f, 0.7f}, {-w + 0.04f, 0.96f});
    TUBE(s, legs, 0.04f, {w - 0.1f, 0.7f}, {w - 0.04f, 0.96f});
    pen_plate(s, &body, 0, 0.5f * (back + 0.5f), w * 0.86f, 0.5f * (0.5f - back), round, 0.22f);
    pen_plate(s, &light, 0, 0.36f, w * 0.74f, 0.16f, 0.1f, 0.12f);
    pen_plate(s, &dark, 0, 0.62f, w * 0.8f, 0.15f, 0.06f, 0.08f);
    pen_plate(s, &body, -w + 0.06f, 0.42f, 0.16f, 0.36f, 0.14f, 0.15f);
    pen_plate(s, &body, w - 0.06f, 0.42f, 0.16f, 0.36f, 0.14f, 0.15f);
    if (coin(form, 4))
        pen_plate(s, coin(form, 5) ? &accent : &second, vary(form, 6, -0.2f, 0.2f), 0.1f, 0.26f,
                  0.2f, 0.08f, 0.16f);
}

static void tent(shape *s, int form)
{
    float w = vary(form, 0, 0.85f, 0.95f), top = vary(form, 1, -0.6f, -0.35f),
          door = vary(form, 2, 0.3f, 0.45f);
    FACE(s, &dark, 0.55f, -0.3f, {0.0f, top}, {0.4f, top + 0.06f}, {w, 0.9f}, {door, 0.96f});
    FACE(s, &body, -0.35f, -0.25f, {0.0f, top}, {door + 0.08f, 0.96f}, {-w, 0.96f});
    brush inside = {.own = true, .rgb = {1.0f, 0.74f, 0.36f}, .glow = coin(form, 3) ? 0.9f : 0.4f};
    FACE(s, &inside, 0, 0, {-0.12f, top + 0.36f}, {0.1f, 0.96f}, {-door - 0.08f, 0.96f});
    FACE(s, &second, -0.5f, 0, {-0.1f, top + 0.34f}, {-0.06f, top + 0.46f}, {-door + 0.06f, 0.96f},
         {-door - 0.12f, 0.96f});
    TUBE(s, &accent, 0.022f, {0, top + 0.01f}, {0.4f, top + 0.07f});
}

/* A still life of solids: what stands for anything that has no form of its own. */
static void shapes(shape *s, int form)
{
    int kind = form % 4;
    if (kind == 0) {
        LATHE(s, &body, -0.32f, {0.005f, -0.8f}, {0.46f, 0.85f}, {0.42f, 0.96f});
        pen_ellipse(s, &second, 0.42f, 0.52f, 0.44f, 0.44f, 0.98f);
    } else if (kind == 1) {
        pen_arc(s, &body, 0, 0.1f, 0.56f, 0.8f, 0.5f, 1.0f, 0.2f);
        TUBE(s, &body, 0.2f, {-0.56f, 0.1f}, {-0.56f, 0.78f});
        TUBE(s, &body, 0.2f, {0.56f, 0.1f}, {0.56f, 0.78f});
        pen_ellipse(s, &accent, 0, 0.64f, 0.32f, 0.32f, 0.98f);
    } else if (kind == 2) {
        LATHE(s, &body, -0.1f, {0.4f, -0.25f}, {0.4f, 0.96f});
        pen_ellipse(s, &light, -0.1f, -0.25f, 0.4f, 0.08f, 0);
        pen_ellipse(s, &accent, -0.1f, -0.58f, 0.32f, 0.32f, 0.98f);
        pen_plate(s, &second, 0.52f, 0.66f, 0.28f, 0.3f, 0.03f, 0.05f);
    } else {
        FACE(s, &body, -0.35f, 0, {-0.8f, 0.1f}, {-0.1f, 0.26f}, {-0.1f, 0.97f}, {-0.8f, 0.78f});
        FACE(s, &dark, 0.6f, 0, {-0.1f, 0.26f}, {0.5f, 0.08f}, {0.5f, 0.76f}, {-0.1f, 0.97f});
        FACE(s, &light, 0, -0.85f, {-0.8f, 0.1f}, {-0.2f, -0.06f}, {0.5f, 0.08f}, {-0.1f, 0.26f});
        pen_ellipse(s, &second, -0.15f, -0.3f, 0.42f, 0.42f, 0.98f);
        pen_ellipse(s, &accent, 0.68f, 0.72f, 0.24f, 0.24f, 0.98f);
    }
}

static void sphere(shape *s, int form)
{
    float r = vary(form, 0, 0.78f, 0.95f);
    pen_ellipse(s, &body, 0, 0.97f - r, r, r, 0.98f);
    if (coin(form, 1))
        pen_dye(s, &second, 0, 0.97f - r, r, vary(form, 2, 0.1f, 0.3f), 0);
}

typedef void product_fn(shape *s, int form);
#define DIO_PRODUCT(name, fn, stands, size) fn,
#define DIO_GLYPH(name, code, stands, size)
static product_fn *const products[] = {
#include "vision/scenes/subjects.def"
};
#undef DIO_PRODUCT
#undef DIO_GLYPH

void product_draw(shape *s, int draw, int form)
{
    products[draw](s, form);
}
