/* film_palette.c: colours counted, grouped, and found again. */
#include "fusion/film_palette.h"

#include <stdlib.h>
#include <string.h>

#include "fusion/colour.h"
#include "vision/quantise.h"

enum { BITS = 5, BINS = 1 << (3 * BITS), ROUNDS = 4 };

struct bin {
    uint64_t count, sum[3];
};

struct dio_film_palette {
    struct bin bin[BINS];
};

/* A colour that occurs, and the group it belongs to. */
struct point {
    double weight, at[3];
    int group;
};

dio_film_palette *dio_film_palette_create(dio_error *err)
{
    dio_film_palette *p = calloc(1, sizeof *p);
    if (!p)
        dio_fail_memory(err, "a palette");
    return p;
}

void dio_film_palette_destroy(dio_film_palette *p)
{
    free(p);
}

static dio_image *as_bytes(dio_image *image, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, dio_form_alpha(&image->form) ? 4 : 3,
                           false};
    return dio_image_convert(image, &form, err);
}

bool dio_film_palette_add(dio_film_palette *p, dio_image *image, dio_error *err)
{
    dio_image *bytes = as_bytes(image, err);
    if (!bytes)
        return false;
    int n = bytes->form.channels;
    for (int y = 0; y < bytes->height; y++) {
        const uint8_t *row = dio_image_row(bytes, y);
        for (int x = 0; x < bytes->width; x++, row += n) {
            if (n == 4 && row[3] < 128)
                continue;
            struct bin *b = &p->bin[(row[0] >> 3) << 10 | (row[1] >> 3) << 5 | row[2] >> 3];
            b->count++;
            for (int c = 0; c < 3; c++)
                b->sum[c] += row[c];
        }
    }
    dio_image_unref(bytes);
    return true;
}

/* ---- groups ---- */

struct group {
    double weight, mean[3], spread[3]; /* spread: weighted sum of squares from the mean */
};

static void measure(const struct point *p, int points, struct group *g, int groups)
{
    memset(g, 0, (size_t)groups * sizeof *g);
    for (int i = 0; i < points; i++) {
        struct group *o = &g[p[i].group];
        o->weight += p[i].weight;
        for (int c = 0; c < 3; c++)
            o->mean[c] += p[i].weight * p[i].at[c];
    }
    for (int k = 0; k < groups; k++)
        for (int c = 0; c < 3 && g[k].weight > 0; c++)
            g[k].mean[c] /= g[k].weight;
    for (int i = 0; i < points; i++) {
        struct group *o = &g[p[i].group];
        for (int c = 0; c < 3; c++) {
            double d = p[i].at[c] - o->mean[c];
            o->spread[c] += p[i].weight * d * d;
        }
    }
}

/* The group whose colours are worst served; -1 when none could be served better. */
static int worst(const struct group *g, int groups, int *axis)
{
    int found = -1;
    double most = 1e-9;
    for (int k = 0; k < groups; k++) {
        for (int c = 0; c < 3; c++) {
            if (g[k].spread[c] > most) {
                most = g[k].spread[c];
                found = k;
                *axis = c;
            }
        }
    }
    return found;
}

static int split_all(struct point *p, int points, struct group *g, int most)
{
    int groups = 1, axis = 0;
    for (; groups < most; groups++) {
        measure(p, points, g, groups);
        int k = worst(g, groups, &axis);
        if (k < 0)
            break;
        for (int i = 0; i < points; i++)
            if (p[i].group == k && p[i].at[axis] > g[k].mean[axis])
                p[i].group = groups;
    }
    return groups;
}

static int nearest(const double at[3], const struct group *g, int groups)
{
    int best = 0;
    double least = 1e9;
    for (int k = 0; k < groups; k++) {
        double d = 0;
        for (int c = 0; c < 3; c++)
            d += (at[c] - g[k].mean[c]) * (at[c] - g[k].mean[c]);
        if (g[k].weight > 0 && d < least) {
            least = d;
            best = k;
        }
    }
    return best;
}

static int gather(const dio_film_palette *p, struct point *out)
{
    int n = 0;
    for (int i = 0; i < BINS; i++) {
        const struct bin *b = &p->bin[i];
        if (!b->count)
            continue;
        double scale = 1 / (255.0 * (double)b->count);
        dio_lab lab = dio_colour_lab((dio_rgb){(float)((double)b->sum[0] * scale),
                                               (float)((double)b->sum[1] * scale),
                                               (float)((double)b->sum[2] * scale)});
        out[n++] = (struct point){.weight = (double)b->count,
                                  .at = {(double)lab.l, (double)lab.a, (double)lab.b}};
    }
    return n;
}

static uint8_t byte_of(float v)
{
    return (uint8_t)(v <= 0 ? 0 : v >= 1 ? 255 : (int)(255 * v + 0.5f));
}

void dio_film_palette_make(const dio_film_palette *p, int most, bool clear, dio_film_colours *out)
{
    struct group group[DIO_FILM_COLOURS];
    struct point *point = malloc(BINS * sizeof *point);
    *out = (dio_film_colours){.clear = clear, .count = 1};
    most -= clear;
    int points = point ? gather(p, point) : 0;
    int groups = points ? split_all(point, points, group, most) : 0;
    for (int round = 0; round < ROUNDS && groups; round++) {
        measure(point, points, group, groups);
        for (int i = 0; i < points; i++)
            point[i].group = nearest(point[i].at, group, groups);
    }
    if (groups) {
        measure(point, points, group, groups);
        out->count = 0;
    }
    for (int k = 0; k < groups; k++) {
        dio_rgb c = dio_colour_from_lab(
            (dio_lab){(float)group[k].mean[0], (float)group[k].mean[1], (float)group[k].mean[2]});
        if (group[k].weight <= 0)
            continue;
        uint8_t *to = out->rgb[out->count++];
        to[0] = byte_of(c.r);
        to[1] = byte_of(c.g);
        to[2] = byte_of(c.b);
    }
    free(point);
}

/* ---- pictures ---- */

/* Numbers of exact colours, by a table of open addresses. */
struct table {
    int16_t slot[4 * DIO_FILM_COLOURS];
};

static unsigned hash(const uint8_t *c)
{
    return ((unsigned)c[0] * 2654435761u ^ (unsigned)c[1] * 40503u * 97 ^ (unsigned)c[2] * 69069u) %
           (4 * DIO_FILM_COLOURS);
}

static int look_up(const dio_film_colours *c, const struct table *t, const uint8_t *rgb)
{
    for (unsigned h = hash(rgb);; h = (h + 1) % (4 * DIO_FILM_COLOURS))
        if (t->slot[h] < 0 || memcmp(c->rgb[t->slot[h]], rgb, 3) == 0)
            return t->slot[h] < 0 ? 0 : t->slot[h];
}

static void fill(const dio_film_colours *c, struct table *t)
{
    memset(t->slot, -1, sizeof t->slot);
    for (int i = 0; i < c->count; i++) {
        unsigned h = hash(c->rgb[i]);
        while (t->slot[h] >= 0)
            h = (h + 1) % (4 * DIO_FILM_COLOURS);
        t->slot[h] = (int16_t)i;
    }
}

bool dio_film_colours_map(const dio_film_colours *c, const dio_image *image, uint8_t *out,
                          int stride, dio_error *err)
{
    const dio_quantise how = {.dither = DIO_DITHER_ORDERED, .strength = 60};
    struct table table;
    dio_image *exact = dio_image_quantise(image, c->rgb, c->count, &how, err);
    if (!exact)
        return false;
    fill(c, &table);
    int n = exact->form.channels;
    for (int y = 0; y < exact->height; y++) {
        const uint8_t *row = dio_image_row(exact, y);
        for (int x = 0; x < exact->width; x++, row += n)
            out[(ptrdiff_t)y * stride + x] =
                (uint8_t)(c->clear && n == 4 && row[3] == 0 ? c->count : look_up(c, &table, row));
    }
    dio_image_unref(exact);
    return true;
}

dio_image *dio_film_colours_picture(const dio_film_colours *c, const dio_image *image,
                                    dio_error *err)
{
    const dio_quantise how = {.dither = DIO_DITHER_DIFFUSION, .keep_alpha = true};
    return dio_image_quantise(image, c->rgb, c->count, &how, err);
}
