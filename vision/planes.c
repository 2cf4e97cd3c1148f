/* planes.c: bytes to planes of floats and back. */
#include "vision/planes.h"

#include <math.h>

#include "vision/blend.h"
#include "vision/resize.h"

static const dio_form rgb_form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
static const dio_form rgba_form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
static const dio_form grey_form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 1, false};

static dio_image *resized(dio_image *image, int width, int height, dio_error *err)
{
    dio_resize how = {.filter = DIO_FILTER_LANCZOS, .coded = true};
    return dio_image_resize(image, width, height, &how, err);
}

static dio_image *flat_rgb(dio_image *image, dio_error *err)
{
    static const float white[3] = {1, 1, 1};
    dio_image *flat = dio_image_flatten(image, white, err);
    dio_image *rgb = flat ? dio_image_convert(flat, &rgb_form, err) : NULL;
    dio_image_unref(flat);
    return rgb;
}

dio_image *dio_planes_from_image(dio_image *image, int width, int height, float *out,
                                 dio_error *err)
{
    dio_image *rgb = flat_rgb(image, err);
    dio_image *sized = rgb ? resized(rgb, width, height, err) : NULL;
    dio_image_unref(rgb);
    if (!sized)
        return NULL;
    size_t plane = (size_t)width * (size_t)height;
    for (int y = 0; y < height; y++) {
        const uint8_t *row = dio_image_row(sized, y);
        for (int x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                out[c * plane + (size_t)y * (size_t)width + (size_t)x] =
                    2.0f * ((float)row[3 * x + (int)c] / 255.0f) - 1.0f;
    }
    return sized;
}

/* Luma of ITU-R 601, as Pillow makes "L" of colours. */
static uint8_t luma(const uint8_t p[4])
{
    unsigned l = (19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 0x8000u) >> 16;
    return (uint8_t)((l * p[3] + 127) / 255);
}

static dio_image *grey_mask(dio_image *mask, dio_error *err)
{
    dio_image *rgba = dio_image_convert(mask, &rgba_form, err);
    dio_image *grey = rgba ? dio_image_create(mask->width, mask->height, &grey_form, err) : NULL;
    for (int y = 0; grey && y < grey->height; y++) {
        const uint8_t *from = dio_image_row(rgba, y);
        uint8_t *to = dio_image_row(grey, y);
        for (int x = 0; x < grey->width; x++)
            to[x] = luma(from + 4 * (size_t)x);
    }
    dio_image_unref(rgba);
    return grey;
}

dio_image *dio_planes_from_mask(dio_image *mask, int width, int height, float *out, dio_error *err)
{
    dio_image *grey = grey_mask(mask, err);
    dio_image *sized = grey ? resized(grey, width, height, err) : NULL;
    dio_image_unref(grey);
    for (int y = 0; sized && y < height; y++) {
        const uint8_t *row = dio_image_row(sized, y);
        for (int x = 0; x < width; x++)
            out[(size_t)y * (size_t)width + (size_t)x] = row[x] >= 128;
    }
    return sized;
}

void dio_planes_shrink(const float *from, int height, int width, int h, int w, float *out)
{
    float down = (float)height / (float)h, across = (float)width / (float)w;
    for (int y = 0; y < h; y++) {
        int row = (int)floorf((float)y * down);
        row = row < height ? row : height - 1;
        for (int x = 0; x < w; x++) {
            int column = (int)floorf((float)x * across);
            column = column < width ? column : width - 1;
            *out++ = from[(size_t)row * (size_t)width + (size_t)column];
        }
    }
}

dio_image *dio_planes_to_image(const float *planes, int width, int height, dio_error *err)
{
    dio_image *image = dio_image_create(width, height, &rgb_form, err);
    size_t plane = (size_t)width * (size_t)height;
    for (int y = 0; image && y < height; y++) {
        uint8_t *row = dio_image_row(image, y);
        for (size_t i = 0; i < 3 * (size_t)width; i++) {
            float v = planes[i % 3 * plane + (size_t)y * (size_t)width + i / 3];
            if (isnan(v)) {
                dio_image_unref(image);
                dio_fail(err, "the picture's pixel %zu, %d is not a number: the VAE overflowed",
                         i / 3, y);
                return NULL;
            }
            float share = v / 2 + 0.5f;
            row[i] = (uint8_t)rintf((share < 0 ? 0 : share > 1 ? 1 : share) * 255.0f);
        }
    }
    return image;
}
