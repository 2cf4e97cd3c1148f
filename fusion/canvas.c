/* canvas.c: layers turned into planes once, blended by rows. */
#include "fusion/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/rows.h"

/* One plane of a layer: premultiplied colour and its alpha, at the plane's own size. */
struct part {
    uint8_t *colour, *alpha;
    int w, h;
};

struct dio_layer {
    dio_space space;
    int x, y; /* of the canvas; x is even */
    int w, h;
    struct part part[3];
};

int dio_space_shift(dio_space space, int plane)
{
    return space == DIO_SPACE_BT709 && plane > 0;
}

bool dio_canvas_init(dio_canvas *c, dio_space space, int w, int h, dio_error *err)
{
    *c = (dio_canvas){.space = space, .w = w, .h = h};
    for (int i = 0; i < 3; i++) {
        int s = dio_space_shift(space, i);
        dio_plane *p = &c->plane[i];
        *p = (dio_plane){.w = w >> s, .h = h >> s, .stride = ((w >> s) + 63) / 64 * 64};
        size_t bytes;
        if (!dio_mul_size((size_t)p->stride, (size_t)p->h, &bytes) ||
            !(p->data = aligned_alloc(64, bytes))) {
            dio_canvas_deinit(c);
            return dio_fail_memory(err, "a picture");
        }
        memset(p->data, 0, bytes);
    }
    return true;
}

void dio_canvas_deinit(dio_canvas *c)
{
    for (int i = 0; i < 3; i++) {
        free(c->plane[i].data);
        c->plane[i].data = NULL;
    }
}

/* Plane value = offset * alpha + the premultiplied channels by weights; all in 0..255. */
struct turn {
    float offset, r, g, b;
};

static struct turn turn_of(dio_space space, int plane)
{
    float zero[3], r[3], g[3], b[3];
    dio_colour_planes((dio_rgb){0, 0, 0}, space, zero);
    dio_colour_planes((dio_rgb){1, 0, 0}, space, r);
    dio_colour_planes((dio_rgb){0, 1, 0}, space, g);
    dio_colour_planes((dio_rgb){0, 0, 1}, space, b);
    int i = plane;
    return (struct turn){zero[i] / 255, (r[i] - zero[i]) / 255, (g[i] - zero[i]) / 255,
                         (b[i] - zero[i]) / 255};
}

/* Sums the argb pixels under sample (px, py) of a plane: 1 of them, or up to 2 x 2. */
static int gather(const uint8_t *argb, int w, int h, int stride, int pad, int shift, int px, int py,
                  int sum[4])
{
    memset(sum, 0, 4 * sizeof *sum);
    for (int dy = 0; dy <= shift; dy++) {
        for (int dx = 0; dx <= shift; dx++) {
            int x = (px << shift) + dx - pad, y = (py << shift) + dy;
            if (x < 0 || y < 0 || x >= w || y >= h)
                continue;
            uint32_t v;
            memcpy(&v, argb + (size_t)y * (size_t)stride + (size_t)x * 4, 4);
            sum[0] += v >> 24;
            sum[1] += v >> 16 & 255;
            sum[2] += v >> 8 & 255;
            sum[3] += v & 255;
        }
    }
    return 1 << (2 * shift);
}

static void fill_part(struct part *p, const uint8_t *argb, int w, int h, int stride, int pad,
                      int shift, struct turn turn)
{
    for (int y = 0; y < p->h; y++) {
        for (int x = 0; x < p->w; x++) {
            int sum[4];
            int n = gather(argb, w, h, stride, pad, shift, x, y, sum);
            float v = turn.offset * (float)sum[0] + turn.r * (float)sum[1] +
                      turn.g * (float)sum[2] + turn.b * (float)sum[3];
            size_t at = (size_t)y * (size_t)p->w + (size_t)x;
            p->alpha[at] = (uint8_t)((sum[0] + n / 2) / n);
            p->colour[at] = (uint8_t)lrintf(fminf(fmaxf(v / (float)n, 0), p->alpha[at]));
        }
    }
}

dio_layer *dio_layer_create(const void *argb, int w, int h, int stride, int x, int y,
                            dio_space space, dio_error *err)
{
    dio_layer *l = calloc(1, sizeof *l);
    if (!l) {
        dio_fail_memory(err, "a layer");
        return NULL;
    }
    int pad = x & 1;
    *l = (dio_layer){.space = space, .x = x - pad, .y = y, .w = w + pad, .h = h};
    for (int i = 0; i < 3; i++) {
        int s = dio_space_shift(space, i);
        struct part *p = &l->part[i];
        p->w = (l->w + s) >> s;
        p->h = (l->h + s) >> s;
        p->colour = malloc((size_t)p->w * (size_t)p->h);
        p->alpha = malloc((size_t)p->w * (size_t)p->h);
        if (!p->colour || !p->alpha) {
            dio_layer_destroy(l);
            dio_fail_memory(err, "a layer");
            return NULL;
        }
        fill_part(p, argb, w, h, stride, pad, s, turn_of(space, i));
    }
    return l;
}

void dio_layer_destroy(dio_layer *l)
{
    if (!l)
        return;
    for (int i = 0; i < 3; i++) {
        free(l->part[i].colour);
        free(l->part[i].alpha);
    }
    free(l);
}

/* dst = colour + dst (1 - alpha), with the division by 255 rounded (exact for 16-bit sums). */
DIO_ROWS static void blend_row(uint8_t *dst, const uint8_t *colour, const uint8_t *alpha, int n)
{
    for (int i = 0; i < n; i++) {
        uint16_t t = (uint16_t)(dst[i] * (255 - alpha[i]) + 128);
        uint16_t v = (uint16_t)(colour[i] + ((uint16_t)(t + (t >> 8)) >> 8));
        dst[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

/* The same with two source rows mixed by `low` and `high` (256 in all, pose alpha included). */
DIO_ROWS static void blend_rows(uint8_t *dst, const uint8_t *c0, const uint8_t *a0,
                                const uint8_t *c1, const uint8_t *a1, int low, int high, int n)
{
    const uint16_t p = (uint16_t)low, q = (uint16_t)high;
    for (int i = 0; i < n; i++) {
        uint16_t c = (uint16_t)((uint16_t)(c0[i] * p + c1[i] * q) >> 8);
        uint16_t a = (uint16_t)((uint16_t)(a0[i] * p + a1[i] * q) >> 8);
        uint16_t t = (uint16_t)(dst[i] * (255 - a) + 128);
        uint16_t v = (uint16_t)(c + ((uint16_t)(t + (t >> 8)) >> 8));
        dst[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

/* Where a span of `n` samples starting at `at` meets 0..limit-1. */
static bool clip_span(int at, int n, int limit, int *skip, int *count)
{
    *skip = at < 0 ? -at : 0;
    int end = at + n > limit ? limit - at : n;
    *count = end - *skip;
    return *count > 0;
}

static void blend_plane(const struct part *p, int x, int top_256, int alpha, dio_plane *out, int y0,
                        int y1)
{
    int skip, n;
    if (!clip_span(x, p->w, out->w, &skip, &n))
        return;
    int top = top_256 >> 8, f = top_256 & 255; /* floor, also below zero */
    int first = top > y0 ? top : y0;
    int last = top + p->h + (f > 0) < y1 ? top + p->h + (f > 0) : y1;
    for (int y = first; y < last; y++) {
        int i = y - top;
        uint8_t *dst = out->data + (size_t)y * (size_t)out->stride + x + skip;
        size_t at = (size_t)(i < p->h ? i : p->h - 1) * (size_t)p->w + (size_t)skip;
        size_t above = (size_t)(i > 0 ? i - 1 : 0) * (size_t)p->w + (size_t)skip;
        if (f == 0 && alpha == 256) {
            blend_row(dst, p->colour + at, p->alpha + at, n);
            continue;
        }
        int low = i > 0 ? f * alpha >> 8 : 0;
        int high = i < p->h ? (256 - f) * alpha >> 8 : 0;
        blend_rows(dst, p->colour + above, p->alpha + above, p->colour + at, p->alpha + at, low,
                   high, n);
    }
}

bool dio_layer_hidden(const dio_layer *l, dio_pose pose)
{
    float top = (float)l->y + pose.dy;
    return pose.alpha <= 0 ||
           (pose.clip_y1 > pose.clip_y0 &&
            (top >= (float)pose.clip_y1 || top + (float)l->h + 1 <= (float)pose.clip_y0));
}

void dio_layer_blend(const dio_layer *l, dio_pose pose, dio_canvas *c, int y0, int y1)
{
    if (dio_layer_hidden(l, pose))
        return;
    if (pose.clip_y1 > pose.clip_y0) {
        y0 = y0 > pose.clip_y0 ? y0 : pose.clip_y0;
        y1 = y1 < pose.clip_y1 ? y1 : pose.clip_y1;
    }
    int top = l->y * 256 + (int)lrintf(pose.dy * 256);
    for (int i = 0; i < 3; i++) {
        int s = dio_space_shift(l->space, i);
        /* Rounded up at both ends: neighbouring bands share no chroma row and miss none. */
        blend_plane(&l->part[i], l->x >> s, top >> s, pose.alpha, &c->plane[i], (y0 + s) >> s,
                    (y1 + s) >> s);
    }
}
