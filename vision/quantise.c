/* quantise.c: nearest colours, a threshold pattern for any palette, error diffusion.
 *
 * The ordered dither asks, for each pixel alone, which sixteen colours of the palette would give
 * its light together, sorts them by brightness, and takes the one that the pixel's place in a 4 x 4
 * pattern says (T. Knoll, US patent 6606166, expired in 2019). It needs no evenly spaced palette,
 * as adding a pattern to the picture would. */
#include "vision/quantise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gang.h"
#include "vision/pixels.h"

enum { MIX = 16, SIDE = 4 };

struct colours {
    int count;
    float linear[DIO_PALETTE_MOST][3], lab[DIO_PALETTE_MOST][3];
    float luminance[DIO_PALETTE_MOST];
    uint8_t rgb[DIO_PALETTE_MOST][3];
};

struct job {
    dio_pixels pixels;
    struct colours colours;
    const dio_image *from;
    dio_image *to;
    dio_quantise how;
    float strength;
};

static const dio_form light = {DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, false};

/* Differences of hue and chroma count twice: OKLab understates them beside lightness (deltaEOK2 of
 * color.js), and a grey that turns brown is worse than one that turns a little darker. */
static void look(const float linear[3], float lab[3])
{
    dio_srgb_oklab(linear, lab);
    lab[1] *= 2;
    lab[2] *= 2;
}

static void fill(struct job *j, const uint8_t (*rgb)[3], int count)
{
    struct colours *c = &j->colours;
    dio_srgb_bytes_init(&j->pixels.bytes);
    c->count = count;
    for (int i = 0; i < count; i++) {
        memcpy(c->rgb[i], rgb[i], 3);
        for (int k = 0; k < 3; k++)
            c->linear[i][k] = j->pixels.bytes.linear[rgb[i][k]]; /* as pixels are read */
        look(c->linear[i], c->lab[i]);
        c->luminance[i] = dio_srgb_luminance(c->linear[i]);
    }
}

/* The first of those that look nearest. */
static int nearest(const struct colours *c, const float linear[3])
{
    float lab[3], least = 0;
    int best = -1;
    look(linear, lab);
    for (int i = 0; i < c->count; i++) {
        float l = lab[0] - c->lab[i][0], a = lab[1] - c->lab[i][1], b = lab[2] - c->lab[i][2];
        float distance = l * l + a * a + b * b;
        if (best < 0 || distance < least) {
            best = i;
            least = distance;
        }
    }
    return best;
}

static float within(float v, float least, float most)
{
    return v > least ? v < most ? v : most : least; /* NaN: least */
}

static float clamp(float v)
{
    return within(v, 0, 1);
}

/* Sixteen colours that make up `linear` together; each is chosen for what the ones before it lack.
 * The k-th darkest is returned. */
static int mixed(const struct job *j, const float linear[3], int k)
{
    const struct colours *c = &j->colours;
    int list[MIX];
    float lack[3] = {0};
    for (int n = 0; n < MIX; n++) {
        float goal[3];
        for (int i = 0; i < 3; i++)
            goal[i] = clamp(linear[i] + j->strength * lack[i]);
        int best = nearest(c, goal), at = n;
        bool exact = true;
        for (int i = 0; i < 3; i++) {
            exact = exact && linear[i] == c->linear[best][i];
            lack[i] += linear[i] - c->linear[best][i];
        }
        if (exact && n == 0)
            return best; /* nothing to mix */
        for (; at > 0 && c->luminance[list[at - 1]] > c->luminance[best]; at--)
            list[at] = list[at - 1];
        list[at] = best;
    }
    return list[k];
}

/* Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973. */
static const uint8_t pattern[SIDE][SIDE] = {
    {0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};

/* The result's pixel: colour i with this alpha; false when it is clear. */
static bool solid(const struct job *j, float alpha)
{
    return j->how.keep_alpha ? alpha > 0 : alpha >= 0.5f;
}

static void put(const struct job *j, uint8_t *row, int x, int i, float alpha)
{
    int channels = j->to->form.channels;
    uint8_t *out = row + (size_t)x * (size_t)channels;
    memcpy(out, j->colours.rgb[i], 3);
    if (channels == 4)
        out[3] = j->how.keep_alpha ? (uint8_t)lrintf(clamp(alpha) * 255) : 255;
}

static void place_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int y = (int)item, width = j->from->width;
    size_t size = dio_image_row_bytes(j->from) / (size_t)width;
    const unsigned char *in = dio_image_row(j->from, y);
    uint8_t *out = dio_image_row(j->to, y);
    float v[DIO_SPAN][4];
    for (int x = 0; x < width; x += DIO_SPAN) {
        int n = width - x < DIO_SPAN ? width - x : DIO_SPAN;
        dio_pixels_read(&j->pixels, &j->from->form, in + (size_t)x * size, n, &light, v[0]);
        for (int i = 0; i < n; i++) {
            if (!solid(j, v[i][3]))
                continue;
            float colour[3] = {clamp(v[i][0]), clamp(v[i][1]), clamp(v[i][2])};
            int best = j->how.dither == DIO_DITHER_ORDERED
                           ? mixed(j, colour, pattern[y % SIDE][(x + i) % SIDE])
                           : nearest(&j->colours, colour);
            put(j, out, x + i, best, v[i][3]);
        }
    }
}

/* ---- diffusion ---- */

/* What pixels still lack in light, of this row and the next; one pixel wider at both ends. */
struct lack {
    float (*here)[3], (*below)[3];
    float (*row)[4]; /* the picture's */
};

/* Floyd and Steinberg, "An adaptive algorithm for spatial greyscale", 1976. Every other row goes
 * from right to left, so that the errors do not all drift one way. */
static void diffuse_row(const struct job *j, struct lack *e, int y)
{
    int width = j->from->width, step = y % 2 ? -1 : 1;
    uint8_t *out = dio_image_row(j->to, y);
    dio_pixels_read(&j->pixels, &j->from->form, dio_image_row(j->from, y), width, &light,
                    e->row[0]);
    for (int n = 0, x = step > 0 ? 0 : width - 1; n < width; n++, x += step) {
        if (!solid(j, e->row[x][3]))
            continue; /* and what it lacks is lost: nobody will see it */
        float goal[3], seen[3];
        for (int k = 0; k < 3; k++) {
            /* Below no light and above all of it nothing can be seen, but it must be carried on, or
             * the picture would brighten; not for ever, for a colour that no mix can reach. */
            goal[k] = within(clamp(e->row[x][k]) + e->here[x + 1][k], -1, 2);
            seen[k] = clamp(goal[k]);
        }
        int best = nearest(&j->colours, seen);
        put(j, out, x, best, e->row[x][3]);
        for (int k = 0; k < 3; k++) {
            float part = j->strength * (goal[k] - j->colours.linear[best][k]) / 16;
            e->here[x + 1 + step][k] += 7 * part;
            e->below[x + 1 - step][k] += 3 * part;
            e->below[x + 1][k] += 5 * part;
            e->below[x + 1 + step][k] += part;
        }
    }
}

static bool diffuse(const struct job *j, dio_error *err)
{
    size_t width = (size_t)j->from->width;
    struct lack e = {
        .here = calloc(width + 2, sizeof *e.here),
        .below = calloc(width + 2, sizeof *e.below),
        .row = calloc(width, sizeof *e.row),
    };
    bool ok = e.here && e.below && e.row;
    if (!ok)
        dio_fail_memory(err, "a picture's dither");
    for (int y = 0; ok && y < j->from->height; y++) {
        diffuse_row(j, &e, y);
        float(*old)[3] = e.here;
        e.here = e.below;
        e.below = old;
        memset(e.below, 0, (width + 2) * sizeof *e.below);
    }
    free(e.here);
    free(e.below);
    free(e.row);
    return ok;
}

static bool check(int count, const dio_quantise *how, dio_error *err)
{
    if (count < 1 || count > DIO_PALETTE_MOST)
        return dio_fail(err, "a palette of %d colours: 1 to %d are possible", count,
                        DIO_PALETTE_MOST);
    if (how->strength < 0 || how->strength > 100)
        return dio_fail(err, "a dither's strength of %d%% is not in 1..100", how->strength);
    return true;
}

dio_image *dio_image_quantise(const dio_image *image, const uint8_t (*rgb)[3], int count,
                              const dio_quantise *how, dio_error *err)
{
    static const dio_quantise plain;
    how = how ? how : &plain;
    if (!check(count, how, err))
        return NULL;
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, dio_form_alpha(&image->form) ? 4 : 3, false};
    struct job j = {.from = image, .how = *how};
    j.strength = how->strength ? (float)how->strength / 100 : 1;
    j.to = dio_image_like(image, image->width, image->height, &form, err);
    if (!j.to)
        return NULL;
    fill(&j, rgb, count);
    if (how->dither != DIO_DITHER_DIFFUSION) {
        dio_gang_run(image->height, place_row, &j);
    } else if (!diffuse(&j, err)) {
        dio_image_unref(j.to);
        return NULL;
    }
    return j.to;
}
