/* ground.c: sky on a grid, sun and hills by the row, dither at the end. */
#include "fusion/ground.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/rows.h"

enum {
    CELL = 32, /* pixels between grid points; clouds of 300 px bend by 0.15 levels in between */
    CELL_LOG2 = 5,
    ONE = 64, /* one level of a byte in 10.6 fixed point */
    BLOBS = 3,
    WAVES = 3, /* sines that make a hill's outline */
    WIDEST = 8192,
};
/* How much of the glow is held back behind texts. */
static const float calm_share = 0.72f;
static const uint64_t stream_ground = 0x67726f756e640001;

struct wave {
    float height, length, phase, speed; /* pixels, pixels, radians, pixels a second */
};

struct hill {
    float base; /* mean height of the crest, pixels from the top */
    struct wave wave[WAVES];
    int16_t top[3], foot[3]; /* colour of its crest and of the picture's lower edge, 10.6 */
    int16_t shade[3];        /* what its shadow darkens towards */
    int32_t *crest[2];       /* [w] and, every second of them, [w/2]; 1/256 pixel, for the moment */
    int highest, lowest;     /* of crest, in pixels */
};

struct blob {
    float x, y, radius, swing, period, phase; /* parts of the shorter side; seconds */
    dio_lab lab;
    float weight;
};

struct dio_ground {
    dio_space space;
    int w, h;
    dio_palette palette;
    dio_lab deep, mid, glow; /* of the palette */
    dio_scenery scenery;
    struct blob blob[BLOBS];
    struct hill hill[DIO_HILLS];
    float sun_x, sun_y, sun_r; /* pixels, for the moment */
    int16_t sun_top[3], sun_bottom[3];
    int grid_w, grid_h;
    int16_t *grid[3]; /* [grid_h, grid_w] 10.6 */
    float shadow;     /* pixels a hill's shadow reaches up */
};

static void fixed(dio_rgb c, dio_space space, int16_t out[3])
{
    float v[3];
    dio_colour_planes(c, space, v);
    for (int i = 0; i < 3; i++)
        out[i] = (int16_t)lrintf(v[i] * ONE);
}

/* ---- composing: everything random is drawn here, from the seed alone ---- */

static void plan_blobs(dio_ground *g, dio_rng *rng)
{
    const dio_rgb colour[BLOBS] = {g->palette.mid, g->palette.glow, g->palette.deep};
    /* The bright cloud is weak: it may pass behind a text. */
    const float weight[BLOBS] = {0.75f, 0.12f, 0.6f};
    for (int i = 0; i < BLOBS; i++) {
        struct blob *b = &g->blob[i];
        b->x = 0.15f + 0.7f * dio_rng_uniform(rng);
        b->y = 0.10f + 0.5f * dio_rng_uniform(rng);
        b->radius = 0.28f + 0.14f * dio_rng_uniform(rng);
        b->swing = 0.10f + 0.08f * dio_rng_uniform(rng);
        b->period = 11 + 6 * dio_rng_uniform(rng);
        b->phase = 6.2832f * dio_rng_uniform(rng);
        b->lab = dio_colour_lab(colour[i]);
        b->weight = weight[i];
    }
}

static bool plan_hill(dio_ground *g, int k, dio_rng *rng, dio_error *err)
{
    struct hill *hill = &g->hill[k];
    float unit = (float)(g->w < g->h ? g->w : g->h);
    float room = fmaxf(1 - g->scenery.horizon, 0) * (float)g->h;
    /* Near hills stand lower, roll wider and drift faster: the eye reads it as depth. */
    hill->base = g->scenery.horizon * (float)g->h + room * (0.06f + 0.30f * (float)k);
    const float length[WAVES] = {1.25f, 0.56f, 0.23f}, height[WAVES] = {0.060f, 0.022f, 0.005f};
    for (int i = 0; i < WAVES; i++) {
        hill->wave[i] = (struct wave){
            .height = fminf(unit * height[i] * (0.75f + 0.5f * dio_rng_uniform(rng)), room * 0.15f),
            .length = unit * length[i] * (0.8f + 0.5f * dio_rng_uniform(rng)),
            .phase = 6.2832f * dio_rng_uniform(rng),
            .speed = unit * 0.010f * (1 + 0.9f * (float)k) * (i == 0 ? 1.0f : 1.15f),
        };
    }
    fixed(g->palette.hill[k], g->space, hill->top);
    dio_rgb night = dio_colour_mix(g->palette.hill[DIO_HILLS - 1], (dio_rgb){0, 0, 0}, 0.4f);
    fixed(dio_colour_mix(g->palette.hill[k], night, 0.30f), g->space, hill->foot);
    fixed(night, g->space, hill->shade); /* a shadow has the hue of the scene, not grey */
    hill->crest[0] = malloc((size_t)g->w * sizeof **hill->crest);
    hill->crest[1] = malloc((size_t)g->w / 2 * sizeof **hill->crest);
    return hill->crest[0] && hill->crest[1] ? true : dio_fail_memory(err, "a ground");
}

static bool plan(dio_ground *g, uint64_t seed, dio_error *err)
{
    dio_rng rng = {seed, stream_ground, 0};
    g->deep = dio_colour_lab(g->palette.deep);
    g->mid = dio_colour_lab(g->palette.mid);
    g->glow = dio_colour_lab(g->palette.glow);
    plan_blobs(g, &rng);
    for (int k = 0; k < DIO_HILLS; k++) {
        if (!plan_hill(g, k, &rng, err))
            return false;
    }
    fixed(g->palette.sun_top, g->space, g->sun_top);
    fixed(g->palette.sun_bottom, g->space, g->sun_bottom);
    g->shadow = 0.055f * (float)(g->w < g->h ? g->w : g->h);
    g->grid_w = g->w / CELL + 2;
    g->grid_h = g->h / CELL + 2;
    for (int i = 0; i < 3; i++) {
        g->grid[i] = malloc((size_t)g->grid_w * (size_t)g->grid_h * sizeof **g->grid);
        if (!g->grid[i])
            return dio_fail_memory(err, "a ground");
    }
    return true;
}

dio_ground *dio_ground_create(const dio_palette *palette, const dio_scenery *scenery,
                              dio_space space, int w, int h, uint64_t seed, dio_error *err)
{
    if (w < 16 || h < 16 || w > WIDEST || h > WIDEST || w % 2 || h % 2) {
        dio_fail(err, "a picture of %dx%d: both sides must be even and in 16..%d", w, h, WIDEST);
        return NULL;
    }
    dio_ground *g = calloc(1, sizeof *g);
    if (!g) {
        dio_fail_memory(err, "a ground");
        return NULL;
    }
    *g = (dio_ground){.space = space, .w = w, .h = h, .palette = *palette, .scenery = *scenery};
    if (!plan(g, seed, err)) {
        dio_ground_destroy(g);
        return NULL;
    }
    dio_ground_at(g, 0);
    return g;
}

void dio_ground_destroy(dio_ground *g)
{
    if (!g)
        return;
    for (int i = 0; i < 3; i++)
        free(g->grid[i]);
    for (int k = 0; k < DIO_HILLS; k++) {
        free(g->hill[k].crest[0]);
        free(g->hill[k].crest[1]);
    }
    free(g);
}

/* ---- one moment ---- */

static float bell(float dx, float dy, float radius)
{
    return expf(-(dx * dx + dy * dy) / (2 * radius * radius));
}

static dio_lab toward(dio_lab a, dio_lab b, float t)
{
    return (dio_lab){a.l + (b.l - a.l) * t, a.a + (b.a - a.a) * t, a.b + (b.b - a.b) * t};
}

/* How far a point is inside the calm box: 1 in it, 0 from `soft` pixels outside on. */
static float calm_at(const dio_box *box, float soft, float x, float y)
{
    float dx = fmaxf(fmaxf((float)box->x - x, x - (float)(box->x + box->w)), 0);
    float dy = fmaxf(fmaxf((float)box->y - y, y - (float)(box->y + box->h)), 0);
    float t = fmaxf(1 - sqrtf(dx * dx + dy * dy) / soft, 0);
    return t * t * (3 - 2 * t);
}

/* The sky at a point: a ramp from deep to glow, three slow clouds of colour, the sun's halo. */
static dio_lab sky_at(const dio_ground *g, float x, float y, double seconds)
{
    float unit = (float)(g->w < g->h ? g->w : g->h);
    float v = y / (g->scenery.horizon * (float)g->h);
    v = v < 0 ? 0 : v > 1.15f ? 1.15f : v;
    float low = (v - 0.6f) / 0.55f;
    float bright = 1 - calm_share * calm_at(&g->scenery.calm, 0.2f * unit, x, y);
    dio_lab c = low < 0 ? toward(g->deep, g->mid, v / 0.6f)
                        : toward(g->mid, g->glow, 0.8f * bright * low * low);
    for (int i = 0; i < BLOBS; i++) {
        const struct blob *b = &g->blob[i];
        float turn = 6.2832f * (float)(seconds / (double)b->period) + b->phase;
        float bx = (b->x * (float)g->w + b->swing * unit * cosf(turn));
        float by = (b->y * (float)g->h + b->swing * unit * sinf(turn));
        c = toward(c, b->lab, b->weight * bell(x - bx, y - by, b->radius * unit));
    }
    return toward(c, g->glow, 0.85f * bright * bell(x - g->sun_x, y - g->sun_y, 1.25f * g->sun_r));
}

static void fill_grid(dio_ground *g, double seconds)
{
    for (int j = 0; j < g->grid_h; j++) {
        for (int i = 0; i < g->grid_w; i++) {
            int16_t v[3];
            dio_lab c = sky_at(g, (float)(i * CELL), (float)(j * CELL), seconds);
            fixed(dio_colour_from_lab(c), g->space, v);
            for (int p = 0; p < 3; p++)
                g->grid[p][j * g->grid_w + i] = v[p];
        }
    }
}

static void roll_hill(struct hill *hill, int w, double seconds)
{
    hill->highest = WIDEST;
    hill->lowest = -WIDEST;
    for (int x = 0; x < w; x++) {
        double y = (double)hill->base;
        for (int i = 0; i < WAVES; i++) {
            const struct wave *q = &hill->wave[i];
            double at = (x + (double)q->speed * seconds) / (double)q->length;
            y -= (double)q->height * sin(6.283185307179586 * at + (double)q->phase);
        }
        hill->crest[0][x] = (int32_t)lrint(y * 256);
        if (x % 2 == 0)
            hill->crest[1][x / 2] = hill->crest[0][x];
        int row = (int)floor(y);
        hill->highest = row < hill->highest ? row : hill->highest;
        hill->lowest = row + 1 > hill->lowest ? row + 1 : hill->lowest;
    }
}

void dio_ground_at(dio_ground *g, double seconds)
{
    float unit = (float)(g->w < g->h ? g->w : g->h);
    g->sun_x = g->scenery.sun_x * (float)g->w;
    /* The sun rises by 2 % of the shorter side over 10 s: felt rather than seen. */
    g->sun_y = g->scenery.sun_y * (float)g->h - 0.002f * unit * (float)seconds;
    g->sun_r = g->scenery.sun_r * unit;
    fill_grid(g, seconds);
    for (int k = 0; k < DIO_HILLS; k++)
        roll_hill(&g->hill[k], g->w, seconds);
}

/* ---- rows ---- */

/* n samples between two grid points, whose values come in multiplied by CELL. */
DIO_ROWS static void stretch(int32_t left, int32_t right, int log2_cell, int n, int16_t *out)
{
    int32_t base = left << log2_cell, step = right - left;
    int down = log2_cell + CELL_LOG2;
    for (int k = 0; k < n; k++)
        out[k] = (int16_t)((base + step * k) >> down);
}

/* Stretches the grid to one row of plane p; shift is how much the plane is shrunk. */
static void sky_row(const dio_ground *g, int p, int shift, int y, int n, int16_t *row)
{
    int full = (y << shift) + shift, log2_cell = CELL_LOG2 - shift;
    int j = full / CELL, f = full % CELL, cell = 1 << log2_cell;
    const int16_t *above = g->grid[p] + (size_t)j * (size_t)g->grid_w, *below = above + g->grid_w;
    int left = above[0] * (CELL - f) + below[0] * f;
    for (int i = 0, x = 0; x < n; i++, x += cell) {
        int right = above[i + 1] * (CELL - f) + below[i + 1] * f;
        stretch(left, right, log2_cell, n - x < cell ? n - x : cell, row + x);
        left = right;
    }
}

/* A horizontal slice of the sun: opaque, with soft ends. */
static void sun_row(const dio_ground *g, int p, int shift, int y, int n, int16_t *row)
{
    float scale = (float)(1 << shift), full = ((float)y + 0.5f) * scale;
    float dy = full - g->sun_y;
    if (fabsf(dy) >= g->sun_r + scale)
        return;
    float t = 0.5f + 0.5f * dy / g->sun_r;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    float colour = (float)g->sun_top[p] + ((float)g->sun_bottom[p] - (float)g->sun_top[p]) * t;
    /* Pixels less than `core` from the middle are wholly inside; the rest needs the distance. */
    float inner = (g->sun_r - 2 * scale) * (g->sun_r - 2 * scale) - dy * dy;
    float core = inner > 0 ? sqrtf(inner) : 0;
    int x0 = (int)floorf((g->sun_x - g->sun_r) / scale) - 1;
    int x1 = (int)ceilf((g->sun_x + g->sun_r) / scale) + 1;
    x0 = x0 < 0 ? 0 : x0;
    x1 = x1 > n ? n : x1;
    for (int x = x0; x < x1; x++) {
        float dx = ((float)x + 0.5f) * scale - g->sun_x;
        if (fabsf(dx) < core) {
            row[x] = (int16_t)colour;
            continue;
        }
        float cover = (g->sun_r - sqrtf(dx * dx + dy * dy)) / scale + 0.5f;
        cover = cover < 0 ? 0 : cover > 1 ? 1 : cover;
        row[x] = (int16_t)(row[x] + (int)((colour - (float)row[x]) * cover));
    }
}

/* A row that a crest or its shadow crosses. `per_pixel` turns pixels into 1/256 of the reach. */
DIO_ROWS static void crest_row(const int32_t *crest, int y_256, int shift, int reach, int per_pixel,
                               int colour, int shade, int n, int16_t *row)
{
    for (int x = 0; x < n; x++) {
        int inside = (y_256 - crest[x]) >> shift; /* 1/256 sample below the crest */
        int cover = inside + 128;
        cover = cover < 0 ? 0 : cover > 256 ? 256 : cover;
        int dark = reach + (inside >> 8) * (1 << shift); /* pixels into the shadow */
        dark = dark < 0 ? 0 : dark > reach ? reach : dark;
        dark = dark * per_pixel >> 8;
        dark = dark * dark * 72 >> 16; /* 0..72 of 256, falling off smoothly */
        int v = row[x] + ((shade - row[x]) * dark >> 8);
        row[x] = (int16_t)(v + ((colour - v) * cover >> 8));
    }
}

/* One hill: below its crest its own colour, just above it a shadow on what is behind. */
static void hill_row(const dio_ground *g, const struct hill *hill, int p, int shift, int y, int n,
                     int16_t *row)
{
    int full = y << shift, reach = (int)g->shadow;
    if (full + 2 < hill->highest - reach)
        return;
    int depth = (full - hill->highest) * 256 / (g->h - hill->highest + 1);
    depth = depth < 0 ? 0 : depth;
    int colour = hill->top[p] + (hill->foot[p] - hill->top[p]) * depth / 256;
    if (full > hill->lowest + 1) {
        for (int x = 0; x < n; x++)
            row[x] = (int16_t)colour;
        return;
    }
    crest_row(hill->crest[shift], full * 256 + (128 << shift), shift, reach, 65536 / reach, colour,
              hill->shade[p], n, row);
}

/* The nearest hill that covers a whole row of the picture: what is behind need not be drawn. */
static int hiding(const dio_ground *g, int full)
{
    int k = DIO_HILLS - 1;
    while (k >= 0 && full <= g->hill[k].lowest + 1)
        k--;
    return k;
}

/* Bayer's matrix, made by its rule: thresholds 0..63 in an order that no eye can follow. */
static int threshold(int x, int y)
{
    int v = 0;
    for (int bit = 0; bit < 3; bit++) {
        int a = x >> bit & 1, b = y >> bit & 1;
        v = v << 2 | (a ^ b) << 1 | b;
    }
    return v;
}

DIO_ROWS static void dither_row(const int16_t *row, const int16_t add[8], int n, uint8_t *out)
{
    int x = 0;
    for (; x + 8 <= n; x += 8) {
        for (int i = 0; i < 8; i++)
            out[x + i] = (uint8_t)((uint16_t)(row[x + i] + add[i]) >> 6);
    }
    for (; x < n; x++)
        out[x] = (uint8_t)((uint16_t)(row[x] + add[x & 7]) >> 6);
}

static void draw_row(const dio_ground *g, int p, int shift, int y, int n, uint8_t *out)
{
    int16_t row[WIDEST], add[8];
    int back = hiding(g, y << shift);
    if (back < 0) {
        sky_row(g, p, shift, y, n, row);
        sun_row(g, p, shift, y, n, row);
        back = 0;
    }
    for (int k = back; k < DIO_HILLS; k++)
        hill_row(g, &g->hill[k], p, shift, y, n, row);
    for (int i = 0; i < 8; i++)
        add[i] = (int16_t)threshold(i, y & 7);
    dither_row(row, add, n, out);
}

void dio_ground_draw(const dio_ground *g, dio_canvas *c, int y0, int y1)
{
    for (int p = 0; p < 3; p++) {
        int shift = dio_space_shift(g->space, p);
        const dio_plane *plane = &c->plane[p];
        for (int y = y0 >> shift; y < y1 >> shift; y++)
            draw_row(g, p, shift, y, plane->w, plane->data + (size_t)y * (size_t)plane->stride);
    }
}
