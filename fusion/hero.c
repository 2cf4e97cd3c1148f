/* hero.c: a picture turned into planes or a layer once, with its scrim in it; moved by rows. */
#include "fusion/hero.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vision/resize.h"

enum { STEPS = 64 }; /* of the scrim */

/* The scrim aims above the 4.5:1 that it promises: bytes are rounded, and films lose a little. */
static const float contrast = 4.8f;
static const double drift_share = 0.025, drift_period = 24, bob_share = 0.006, bob_period = 7;

struct dio_hero {
    dio_space space;
    int w, h, drift; /* of the canvas; rows that the picture is taller */
    uint8_t *memory; /* planes of an opaque picture, [h + drift] rows each; or */
    uint8_t *plane[3];
    dio_layer *layer; /* a cut-out, or a picture beside the words, */
    bool still;       /* which does not move */
};

/* --- an opaque picture --- */

static dio_image *to_form(dio_image *image, int channels, dio_error *err)
{
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false};
    return dio_image_convert(image, &form, err);
}

/* The middle of the picture, as large as covers w x h. */
static dio_image *cover(dio_image *image, int w, int h, dio_error *err)
{
    double scale = fmax((double)w / image->width, (double)h / image->height);
    int sw = (int)fmax(w, lrint(image->width * scale));
    int sh = (int)fmax(h, lrint(image->height * scale));
    dio_image *large =
        dio_image_size_check(sw, sh, err) ? dio_image_resize(image, sw, sh, NULL, err) : NULL;
    dio_image *part = large ? dio_image_crop(large, (sw - w) / 2, (sh - h) / 2, w, h, err) : NULL;
    dio_image_unref(large);
    dio_image *rgb = part ? to_form(part, 3, err) : NULL;
    dio_image_unref(part);
    return rgb;
}

/* How far inside of where words stand: 1 in it, 0 from `soft` pixels outside on. The picture moves
 * beneath the words by `drift` rows. */
static float inside(const dio_box *zone, int drift, float soft, int x, int y)
{
    float dx = fmaxf(fmaxf((float)(zone->x - x), (float)(x - (zone->x + zone->w - 1))), 0);
    float dy = fmaxf(fmaxf((float)(zone->y - y), (float)(y - (zone->y + zone->h - 1 + drift))), 0);
    float t = fmaxf(1 - sqrtf(dx * dx + dy * dy) / soft, 0);
    return t * t * (3 - 2 * t);
}

struct scrim {
    float light[256];  /* of a byte */
    float ink;         /* luminance */
    bool above;        /* the sky is lighter than the ink */
    uint8_t colour[3]; /* what pixels are drawn towards */
};

static float luminance(const struct scrim *s, const uint8_t p[3])
{
    return 0.2126f * s->light[p[0]] + 0.7152f * s->light[p[1]] + 0.0722f * s->light[p[2]];
}

static void mix(const struct scrim *s, const uint8_t p[3], int step, uint8_t out[3])
{
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((p[c] * (STEPS - step) + s->colour[c] * step + STEPS / 2) / STEPS);
}

/* On the sky's side of the ink, and far enough from it. */
static bool can_be_read(const struct scrim *s, const uint8_t p[3], int step)
{
    uint8_t mixed[3];
    mix(s, p, step, mixed);
    float l = luminance(s, mixed) + 0.05f, ink = s->ink + 0.05f;
    return (s->above ? l / ink : ink / l) >= contrast;
}

/* The least step at which the pixel lets words be read. Light goes one way from the pixel to the
 * sky but for what rounding does, which the last loop mends. */
static int least_step(const struct scrim *s, const uint8_t p[3])
{
    int low = 0, high = STEPS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (can_be_read(s, p, middle))
            high = middle;
        else
            low = middle + 1;
    }
    while (low < STEPS && !can_be_read(s, p, low))
        low++;
    return low;
}

static void scrim_init(struct scrim *s, const dio_palette *palette)
{
    for (int i = 0; i < 256; i++) {
        float v = (float)i / 255;
        s->light[i] = v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
    }
    const float ink[3] = {palette->ink.r, palette->ink.g, palette->ink.b};
    uint8_t bytes[3];
    for (int c = 0; c < 3; c++)
        bytes[c] = (uint8_t)lrintf(255 * ink[c]);
    s->ink = luminance(s, bytes);
    dio_rgb sky = dio_colour_contrast(palette->deep, palette->ink) >
                          dio_colour_contrast(palette->mid, palette->ink)
                      ? palette->deep
                      : palette->mid;
    s->colour[0] = (uint8_t)lrintf(255 * sky.r);
    s->colour[1] = (uint8_t)lrintf(255 * sky.g);
    s->colour[2] = (uint8_t)lrintf(255 * sky.b);
    s->above = luminance(s, s->colour) > s->ink;
}

/* What nine in ten pixels of the zone need: an even veil lies better than a patchwork. */
static int even_step(const struct scrim *s, const dio_image *image, const dio_box *zone, int drift)
{
    int counts[STEPS + 1] = {0}, all = 0, seen = 0, step = 0;
    for (int y = zone->y; y < zone->y + zone->h + drift && y < image->height; y += 4) {
        const uint8_t *row = dio_image_row(image, y);
        for (int x = zone->x; x < zone->x + zone->w; x += 4, all++)
            counts[least_step(s, row + 3 * (size_t)x)]++;
    }
    while (step < STEPS && (seen += counts[step]) * 10 < all * 9)
        step++;
    return step;
}

static void lay_scrim(dio_image *image, const dio_preset *preset, const dio_palette *palette,
                      int drift)
{
    struct scrim s;
    scrim_init(&s, palette);
    int even = even_step(&s, image, &preset->zone, drift);
    float soft = 0.25f * (float)(preset->width < preset->height ? preset->width : preset->height);
    for (int y = 0; y < image->height; y++) {
        uint8_t *row = dio_image_row(image, y);
        for (int x = 0; x < image->width; x++, row += 3) {
            float share = inside(&preset->zone, drift, soft, x, y);
            if (share <= 0)
                continue;
            int need = least_step(&s, row);
            int step = (int)ceilf(share * (float)(need > even ? need : even));
            mix(&s, row, step, row);
        }
    }
}

static bool to_planes(dio_hero *h, const dio_image *image, dio_error *err)
{
    size_t whole = (size_t)h->w * (size_t)(h->h + h->drift);
    h->memory = malloc(3 * whole);
    if (!h->memory)
        return dio_fail_memory(err, "a picture behind words");
    for (int p = 0; p < 3; p++) {
        int s = dio_space_shift(h->space, p), cell = 1 << s;
        h->plane[p] = h->memory + (size_t)p * whole;
        uint8_t *to = h->plane[p];
        for (int y = 0; y < (h->h + h->drift) >> s; y++)
            for (int x = 0; x < h->w >> s; x++) {
                float sum = 0, v[3];
                for (int k = 0; k < cell * cell; k++) {
                    const uint8_t *from =
                        (const uint8_t *)dio_image_row(image, y * cell + k / cell) +
                        3 * (size_t)(x * cell + k % cell);
                    dio_colour_planes(
                        (dio_rgb){(float)from[0] / 255, (float)from[1] / 255, (float)from[2] / 255},
                        h->space, v);
                    sum += v[p];
                }
                *to++ = (uint8_t)lrintf(sum / (float)(cell * cell));
            }
    }
    return true;
}

static bool make_backdrop(dio_hero *h, dio_image *picture, const dio_preset *preset,
                          const dio_palette *palette, dio_error *err)
{
    h->drift = (int)(drift_share * h->h) & ~1;
    dio_image *image = cover(picture, h->w, h->h + h->drift, err);
    bool ok = image && dio_image_writable(&image, err);
    if (ok) {
        lay_scrim(image, preset, palette, h->drift);
        ok = to_planes(h, image, err);
    }
    dio_image_unref(image);
    return ok;
}

/* --- a cut-out --- */

/* A square before the sun, as large as keeps it off the words and on the canvas: what is seen of
 * the picture fills it. */
static dio_box stand(const dio_preset *p)
{
    const dio_scenery *s = &p->scenery;
    float unit = (float)(p->width < p->height ? p->width : p->height);
    float x = s->sun_x * (float)p->width, y = s->sun_y * (float)p->height;
    int air = (int)(0.025f * unit); /* to the words */
    dio_box words = {p->zone.x - air, p->zone.y - air, p->zone.w + 2 * air, p->zone.h + 2 * air};
    dio_box box = {0};
    for (float r = 1.5f * s->sun_r * unit; r > 8; r *= 0.96f) {
        box = (dio_box){(int)(x - r), (int)(y - r), (int)(2 * r), (int)(2 * r)};
        bool on =
            box.x >= 0 && box.y >= 0 && box.x + box.w <= p->width && box.y + box.h <= p->height;
        if (on && !dio_box_meet(box, words))
            break;
    }
    return box;
}

/* Without the clear margins around what is seen; as it is when nothing is. */
static dio_image *trim(dio_image *picture, dio_error *err)
{
    enum { FAINT = 16 }; /* of 255: nobody sees it */
    dio_image *rgba = to_form(picture, 4, err);
    if (!rgba)
        return NULL;
    int x0 = rgba->width, y0 = rgba->height, x1 = 0, y1 = 0;
    for (int y = 0; y < rgba->height; y++) {
        const uint8_t *p = dio_image_row(rgba, y);
        for (int x = 0; x < rgba->width; x++) {
            if (p[4 * x + 3] < FAINT)
                continue;
            x0 = x < x0 ? x : x0;
            x1 = x >= x1 ? x + 1 : x1;
            y0 = y < y0 ? y : y0;
            y1 = y + 1;
        }
    }
    dio_image *part =
        x0 < x1 ? dio_image_crop(rgba, x0, y0, x1 - x0, y1 - y0, err) : dio_image_ref(rgba);
    dio_image_unref(rgba);
    return part;
}

/* Cairo's words: alpha, red, green, blue from the high byte down, multiplied by alpha. */
static void to_argb(const dio_image *image, uint32_t *out)
{
    for (int y = 0; y < image->height; y++) {
        const uint8_t *p = dio_image_row(image, y);
        for (int x = 0; x < image->width; x++, p += 4) {
            uint32_t word = p[3];
            for (int c = 0; c < 3; c++)
                word = word << 8 | (uint32_t)((p[c] * p[3] + 127) / 255);
            *out++ = word;
        }
    }
}

/* The picture as it is as a layer with its corner at (x, y). */
static bool to_layer(dio_hero *h, dio_image *image, int x, int y, dio_error *err)
{
    int w = image->width, hh = image->height;
    dio_image *rgba = to_form(image, 4, err);
    uint32_t *argb = rgba ? malloc((size_t)w * (size_t)hh * sizeof *argb) : NULL;
    if (argb) {
        to_argb(rgba, argb);
        h->layer = dio_layer_create(argb, w, hh, w * 4, x, y, h->space, err);
    } else if (rgba) {
        dio_fail_memory(err, "a picture behind words");
    }
    free(argb);
    dio_image_unref(rgba);
    return h->layer != NULL;
}

static bool make_cut_out(dio_hero *h, dio_image *picture, const dio_preset *preset, dio_error *err)
{
    const dio_box *panel = &preset->panel;
    int air = panel->w / 20 + 1;
    dio_box box =
        panel->w ? (dio_box){panel->x + air, panel->y + air, panel->w - 2 * air, panel->h - 2 * air}
                 : stand(preset);
    if (!(picture = trim(picture, err)))
        return false;
    double scale = fmin((double)box.w / picture->width, (double)box.h / picture->height);
    int w = (int)fmax(1, lrint(picture->width * scale));
    int hh = (int)fmax(1, lrint(picture->height * scale));
    dio_image *sized = dio_image_resize(picture, w, hh, NULL, err);
    dio_image_unref(picture);
    bool ok = sized && to_layer(h, sized, box.x + (box.w - w) / 2, box.y + (box.h - hh) / 2, err);
    dio_image_unref(sized);
    return ok;
}

/* An opaque picture that fills its own part of the format: behind the words of a very wide or very
 * tall one only a slice of it would be seen. */
static bool make_panel(dio_hero *h, dio_image *picture, const dio_preset *preset, dio_error *err)
{
    h->still = true;
    dio_image *part = cover(picture, preset->panel.w, preset->panel.h, err);
    bool ok = part && to_layer(h, part, preset->panel.x, preset->panel.y, err);
    dio_image_unref(part);
    return ok;
}

/* --- the hero --- */

dio_hero *dio_hero_create(dio_image *picture, const dio_preset *preset, const dio_palette *palette,
                          dio_space space, dio_error *err)
{
    dio_hero *h = calloc(1, sizeof *h);
    if (!h) {
        dio_fail_memory(err, "a picture behind words");
        return NULL;
    }
    h->space = space;
    h->w = preset->width;
    h->h = preset->height;
    bool ok = !dio_image_opaque(picture) ? make_cut_out(h, picture, preset, err)
              : preset->panel.w          ? make_panel(h, picture, preset, err)
                                         : make_backdrop(h, picture, preset, palette, err);
    if (ok)
        return h;
    dio_hero_destroy(h);
    return NULL;
}

void dio_hero_destroy(dio_hero *h)
{
    if (!h)
        return;
    dio_layer_destroy(h->layer);
    free(h->memory);
    free(h);
}

bool dio_hero_covers(const dio_hero *h)
{
    return h->memory != NULL;
}

/* Rows are mixed in pairs: a drift in whole pixels ticks. */
static void draw_rows(const dio_hero *h, int p, int at, dio_canvas *c, int y0, int y1)
{
    int shift = dio_space_shift(h->space, p), last = ((h->h + h->drift) >> shift) - 1;
    const dio_plane *to = &c->plane[p];
    for (int y = y0 >> shift; y < y1 >> shift; y++) {
        int place = (y << 8) + (at >> shift), row = place >> 8, f = place & 255;
        const uint8_t *a = h->plane[p] + (size_t)row * (size_t)to->w;
        const uint8_t *b = row < last ? a + to->w : a;
        uint8_t *out = to->data + (size_t)y * (size_t)to->stride;
        for (int x = 0; x < to->w; x++)
            out[x] = (uint8_t)((a[x] * (256 - f) + b[x] * f + 128) >> 8);
    }
}

void dio_hero_draw(const dio_hero *h, double seconds, dio_canvas *c, int y0, int y1)
{
    if (h->layer) {
        double dy = h->still ? 0 : bob_share * h->h * sin(2 * M_PI * seconds / bob_period);
        dio_layer_blend(h->layer, (dio_pose){.dy = (float)dy, .alpha = 256}, c, y0, y1);
        return;
    }
    int at = (int)lrint(128 * h->drift * (1 - cos(2 * M_PI * seconds / drift_period)));
    for (int p = 0; p < 3; p++)
        draw_rows(h, p, at, c, y0, y1);
}
