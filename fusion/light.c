/* light.c: into linear light once a picture, out of it once a frame. */
#include "fusion/light.h"

#include <math.h>
#include <string.h>

#include "base/rows.h"
#include "vision/srgb.h"

const dio_form dio_light_form = {DIO_DEPTH_U16, DIO_CURVE_LINEAR, 4, true};

/* ---- in ---- */

dio_glow dio_glow_of(dio_rgb c, float alpha)
{
    return (dio_glow){dio_srgb_to_linear(c.r) * alpha, dio_srgb_to_linear(c.g) * alpha,
                      dio_srgb_to_linear(c.b) * alpha, alpha};
}

dio_image *dio_light_of(dio_image *image, dio_error *err)
{
    return dio_image_convert(image, &dio_light_form, err);
}

dio_image *dio_light_of_argb(const void *argb, int w, int h, int stride, dio_error *err)
{
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, true};
    dio_image *image = dio_image_create(w, h, &form, err);
    if (!image)
        return NULL;
    for (int y = 0; y < h; y++) {
        const uint8_t *from = (const uint8_t *)argb + (size_t)y * (size_t)stride;
        uint8_t *to = dio_image_row(image, y);
        for (int x = 0; x < w; x++, to += 4) {
            uint32_t v;
            memcpy(&v, from + 4 * (size_t)x, 4);
            to[0] = (uint8_t)(v >> 16);
            to[1] = (uint8_t)(v >> 8);
            to[2] = (uint8_t)v;
            to[3] = (uint8_t)(v >> 24);
        }
    }
    dio_image *light = dio_light_of(image, err);
    dio_image_unref(image);
    return light;
}

/* under * (1 - alpha), alpha in 0..65535; rounded. */
static uint16_t let_through(uint16_t under, uint32_t alpha)
{
    return (uint16_t)((under * (65535u - alpha) + 32767u) / 65535u);
}

void dio_light_add_mask(dio_image *light, const uint8_t *mask, int stride, int x, int y, int w,
                        int h, dio_glow c)
{
    const float full[4] = {c.r * 65535, c.g * 65535, c.b * 65535, c.a * 65535};
    uint16_t value[256][4];
    for (int m = 0; m < 256; m++)
        for (int k = 0; k < 4; k++)
            value[m][k] = (uint16_t)lrintf(full[k] * (float)m / 255);
    for (int i = y < 0 ? -y : 0; i < h && y + i < light->height; i++) {
        uint16_t *row = dio_image_row(light, y + i);
        for (int j = x < 0 ? -x : 0; j < w && x + j < light->width; j++) {
            const uint16_t *v = value[mask[(size_t)i * (size_t)stride + (size_t)j]];
            uint16_t *p = row + 4 * (size_t)(x + j);
            for (int k = 0; v[3] && k < 4; k++)
                p[k] = (uint16_t)(v[k] + let_through(p[k], v[3]));
        }
    }
}

void dio_light_over(dio_image *under, const dio_image *over)
{
    size_t n = (size_t)under->width * (size_t)under->height;
    uint16_t *p = dio_image_row(under, 0);
    const uint16_t *q = dio_image_row(over, 0);
    for (size_t i = 0; i < n; i++, p += 4, q += 4)
        for (int k = 0; q[3] && k < 4; k++)
            p[k] = (uint16_t)(q[k] + let_through(p[k], q[3]));
}

/* ---- out ---- */

/* sRGB's curve, 0..255. The power is a polynomial of the square root, which hardware has for whole
 * vectors; coefficients by least squares, sharpened towards equal extremes: within 0.041 codes. */
static inline float coded(float v)
{
    float x = v > 0 ? v : 0;
    x = x < 1 ? x : 1;
    float s = sqrtf(x);
    float p = -0.85520643f;
    p = p * s + 3.15486336f;
    p = p * s - 4.71824503f;
    p = p * s + 3.75314379f;
    p = p * s - 1.86384535f;
    p = p * s + 1.57146049f;
    p = p * s - 0.04209861f;
    float low = 12.92f * x;
    return 255.0f * (x <= 0.0031308f ? low : p);
}

DIO_WIDE static void code_row(const float *restrict in, int n, float *restrict r, float *restrict g,
                              float *restrict b)
{
    for (int i = 0; i < n; i++) {
        r[i] = coded(in[4 * i]);
        g[i] = coded(in[4 * i + 1]);
        b[i] = coded(in[4 * i + 2]);
    }
}

/* offset + weights . R'G'B', to the nearest; all results lie in 0..255. */
struct turn {
    float offset, r, g, b;
};

static void turns_of(dio_space space, struct turn turn[3])
{
    float zero[3], r[3], g[3], b[3];
    dio_colour_planes((dio_rgb){0, 0, 0}, space, zero);
    dio_colour_planes((dio_rgb){1, 0, 0}, space, r);
    dio_colour_planes((dio_rgb){0, 1, 0}, space, g);
    dio_colour_planes((dio_rgb){0, 0, 1}, space, b);
    for (int i = 0; i < 3; i++)
        turn[i] = (struct turn){zero[i] + 0.5f, (r[i] - zero[i]) / 255, (g[i] - zero[i]) / 255,
                                (b[i] - zero[i]) / 255};
}

DIO_WIDE static void full_row(const float *restrict r, const float *restrict g,
                              const float *restrict b, int n, struct turn t, uint8_t *restrict out)
{
    for (int i = 0; i < n; i++)
        out[i] = (uint8_t)(int)(t.offset + t.r * r[i] + t.g * g[i] + t.b * b[i]);
}

/* Two rows to one of half the length, a mean of four. */
DIO_WIDE static void halve_row(const float *restrict a, const float *restrict b, int n,
                               float *restrict out)
{
    for (int i = 0; i < n; i++)
        out[i] = 0.25f * ((a[2 * i] + a[2 * i + 1]) + (b[2 * i] + b[2 * i + 1]));
}

enum { SPAN = 512 }; /* pixels of a row coded at a time; even */

static void put(const float *rgb[3], int n, struct turn t, const dio_plane *p, int x, int y)
{
    full_row(rgb[0], rgb[1], rgb[2], n, t, p->data + (size_t)y * (size_t)p->stride + x);
}

/* Two rows of at most SPAN pixels from (x, y) on, and the chroma that they share. */
static void film_span(const float *rows, int w, int x, int y, int n, const struct turn turn[3],
                      dio_canvas *out)
{
    float full[2][3][SPAN], half[3][SPAN / 2];
    for (int k = 0; k < 2; k++) {
        float(*f)[SPAN] = full[k];
        code_row(rows + 4 * ((size_t)k * (size_t)w + (size_t)x), n, f[0], f[1], f[2]);
        put((const float *[3]){f[0], f[1], f[2]}, n, turn[0], &out->plane[0], x, y + k);
    }
    for (int c = 0; c < 3; c++)
        halve_row(full[0][c], full[1][c], n / 2, half[c]);
    for (int i = 1; i < 3; i++)
        put((const float *[3]){half[0], half[1], half[2]}, n / 2, turn[i], &out->plane[i], x / 2,
            y / 2);
}

static void rgb_span(const float *row, int x, int y, int n, const struct turn turn[3],
                     dio_canvas *out)
{
    float f[3][SPAN];
    code_row(row + 4 * (size_t)x, n, f[0], f[1], f[2]);
    for (int i = 0; i < 3; i++)
        put((const float *[3]){f[0], f[1], f[2]}, n, turn[i], &out->plane[i], x, y);
}

void dio_light_planes(const float *rows, int y0, int y1, dio_canvas *out)
{
    struct turn turn[3];
    turns_of(out->space, turn);
    int w = out->w, step = out->space == DIO_SPACE_BT709 ? 2 : 1;
    for (int y = y0; y + step <= y1; y += step)
        for (int x = 0; x < w; x += SPAN) {
            const float *from = rows + 4 * (size_t)(y - y0) * (size_t)w;
            int n = w - x < SPAN ? w - x : SPAN;
            if (step == 2)
                film_span(from, w, x, y, n, turn, out);
            else
                rgb_span(from, x, y, n, turn, out);
        }
}

void dio_light_bytes(const float *row, int n, uint8_t *rgba)
{
    for (int i = 0; i < n; i++, row += 4, rgba += 4) {
        float a = fminf(fmaxf(row[3], 0), 1);
        for (int k = 0; k < 3; k++)
            rgba[k] = a > 0 ? (uint8_t)(coded(row[k] / a) + 0.5f) : 0;
        rgba[3] = (uint8_t)(255 * a + 0.5f);
    }
}
