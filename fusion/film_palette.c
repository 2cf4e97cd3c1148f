/* film_palette.c: colours counted, grouped, and found again. */
#include "fusion/film_palette.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/colour.h"

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

enum { FINE = 6, CUBE = 1 << (3 * FINE), UNKNOWN = 0xffff };

struct dio_film_mapper {
    const dio_film_colours *colours;
    dio_lab lab[DIO_FILM_COLOURS];
    int8_t dither[8][8];    /* what is added to a number, by its place */
    uint16_t nearest[CUBE]; /* by the upper bits of a colour; found when it first occurs */
};

/* How far a colour is from its nearest neighbour, in steps of a byte: the mean. Dither has to reach
 * half of that to either side to mix them, and more is only noise. */
static double spacing(const dio_film_colours *c)
{
    double sum = 0;
    for (int i = 0; i < c->count; i++) {
        int least = 255;
        for (int k = 0; k < c->count; k++) {
            int most = 0;
            for (int n = 0; n < 3; n++) {
                int d = abs(c->rgb[i][n] - c->rgb[k][n]);
                most = d > most ? d : most;
            }
            least = k != i && most < least ? most : least;
        }
        sum += least;
    }
    return c->count > 1 ? fmin(sum / c->count, 64) : 0;
}

dio_film_mapper *dio_film_mapper_create(const dio_film_colours *c, dio_error *err)
{
    dio_film_mapper *m = malloc(sizeof *m);
    if (!m) {
        dio_fail_memory(err, "a palette");
        return NULL;
    }
    m->colours = c;
    memset(m->nearest, 0xff, sizeof m->nearest);
    for (int i = 0; i < c->count; i++)
        m->lab[i] = dio_colour_lab((dio_rgb){(float)c->rgb[i][0] / 255, (float)c->rgb[i][1] / 255,
                                             (float)c->rgb[i][2] / 255});
    double reach = spacing(c);
    for (int y = 0; y < 8; y++) {
        for (int x = 0; x < 8; x++) {
            int v = 0; /* Bayer's pattern: the bits of x ^ y and y, the lowest first */
            for (int bit = 0; bit < 3; bit++)
                v = v << 2 | ((x ^ y) >> bit & 1) << 1 | (y >> bit & 1);
            m->dither[y][x] = (int8_t)lrint(reach * ((v + 0.5) / 64 - 0.5));
        }
    }
    return m;
}

void dio_film_mapper_destroy(dio_film_mapper *m)
{
    free(m);
}

static int find(dio_film_mapper *m, int r, int g, int b)
{
    enum { SHIFT = 8 - FINE };
    int at = (r >> SHIFT) << 2 * FINE | (g >> SHIFT) << FINE | b >> SHIFT;
    if (m->nearest[at] != UNKNOWN)
        return m->nearest[at];
    const float half = (1 << SHIFT) / 2, scale = 1.0f / 255;
    dio_lab c =
        dio_colour_lab((dio_rgb){((float)(r & ~3) + half) * scale, ((float)(g & ~3) + half) * scale,
                                 ((float)(b & ~3) + half) * scale});
    float least = 1e9f;
    for (int i = 0; i < m->colours->count; i++) {
        float dl = c.l - m->lab[i].l, da = c.a - m->lab[i].a, db = c.b - m->lab[i].b;
        float d = dl * dl + da * da + db * db;
        if (d < least) {
            least = d;
            m->nearest[at] = (uint16_t)i;
        }
    }
    return m->nearest[at];
}

static int clamp(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

void dio_film_mapper_map(dio_film_mapper *m, const dio_image *image, uint8_t *out, int stride)
{
    int n = image->form.channels;
    for (int y = 0; y < image->height; y++) {
        const uint8_t *row = dio_image_row(image, y);
        for (int x = 0; x < image->width; x++, row += n) {
            int d = m->dither[y & 7][x & 7];
            bool clear = m->colours->clear && n == 4 && row[3] < 128;
            out[(ptrdiff_t)y * stride + x] =
                (uint8_t)(clear ? m->colours->count
                                : find(m, clamp(row[0] + d), clamp(row[1] + d), clamp(row[2] + d)));
        }
    }
}

static void paint(dio_film_mapper *m, const dio_image *from, dio_image *to, uint8_t *numbers)
{
    int n = from->form.channels;
    dio_film_mapper_map(m, from, numbers, from->width);
    for (int y = 0; y < from->height; y++) {
        const uint8_t *in = dio_image_row(from, y), *number = numbers + (ptrdiff_t)y * from->width;
        uint8_t *out = dio_image_row(to, y);
        for (int x = 0; x < from->width; x++, in += n, out += n) {
            bool clear = n == 4 && in[3] == 0;
            for (int c = 0; c < 3; c++)
                out[c] = clear ? 0 : m->colours->rgb[number[x]][c];
            if (n == 4)
                out[3] = in[3];
        }
    }
}

dio_image *dio_film_colours_picture(const dio_film_colours *c, dio_image *image, dio_error *err)
{
    dio_image *bytes = as_bytes(image, err), *out = NULL;
    dio_film_mapper *m = bytes ? dio_film_mapper_create(c, err) : NULL;
    uint8_t *numbers = m ? malloc((size_t)image->width * (size_t)image->height) : NULL;
    if (m && !numbers)
        dio_fail_memory(err, "a palette");
    if (numbers)
        out = dio_image_like(bytes, bytes->width, bytes->height, &bytes->form, err);
    if (out)
        paint(m, bytes, out, numbers);
    free(numbers);
    dio_film_mapper_destroy(m);
    dio_image_unref(bytes);
    return out;
}
