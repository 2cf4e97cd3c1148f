/* blend.c: "over", span by span, writing only runs of pixels that change. */
#include "vision/blend.h"

#include <string.h>

#include "base/gang.h"
#include "vision/pixels.h"

static const dio_form light = {DIO_DEPTH_F32, DIO_CURVE_LINEAR, 4, true};

struct job {
    dio_pixels pixels;
    dio_image *base;
    const dio_lay *lay;
    float opacity;
    int x0, y0, width; /* of the base: what the two have in common */
};

static size_t pixel_bytes(const dio_image *image)
{
    return dio_image_row_bytes(image) / (size_t)image->width;
}

static float clamp(float v)
{
    return v > 0 ? v < 1 ? v : 1 : 0;
}

/* n pixels of the upper picture, from its (x, y) on, weighed by opacity and mask. */
static void read_top(const struct job *j, int x, int y, int n, float (*v)[4])
{
    const dio_image *top = j->lay->top, *mask = j->lay->mask;
    float weight[DIO_SPAN];
    const unsigned char *row = dio_image_row(top, y);
    dio_pixels_read(&j->pixels, &top->form, row + (size_t)x * pixel_bytes(top), n, &light, v[0]);
    if (mask) {
        dio_form as = mask->form;
        as.depth = DIO_DEPTH_F32;
        row = dio_image_row(mask, y);
        dio_pixels_read(&j->pixels, &mask->form, row + (size_t)x * pixel_bytes(mask), n, &as,
                        weight);
    }
    for (int i = 0; i < n; i++) {
        float w = j->opacity * (mask ? clamp(weight[i]) : 1);
        for (int c = 0; c < 4; c++)
            v[i][c] = w > 0 ? w * v[i][c] : 0;
        v[i][3] = clamp(v[i][3]); /* a resized alpha may have rung */
    }
}

/* n pixels that all change. */
static void mix(const struct job *j, int x, int y, int n, float (*top)[4])
{
    float v[DIO_SPAN][4];
    unsigned char *row = dio_image_row(j->base, y);
    row += (size_t)x * pixel_bytes(j->base);
    dio_pixels_read(&j->pixels, &j->base->form, row, n, &light, v[0]);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 4; c++)
            v[i][c] = top[i][c] + v[i][c] * (1 - top[i][3]);
    dio_pixels_write(&j->pixels, &light, v[0], n, &j->base->form, row);
}

static void over_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int y = j->y0 + (int)item;
    float top[DIO_SPAN][4];
    for (int x = 0; x < j->width; x += DIO_SPAN) {
        int n = j->width - x < DIO_SPAN ? j->width - x : DIO_SPAN;
        int base_x = j->x0 + x;
        read_top(j, base_x - j->lay->x, y - j->lay->y, n, top);
        for (int first = 0, last; first < n; first = last + 1) {
            for (last = first; last < n && top[last][3] > 0; last++)
                continue;
            if (last > first)
                mix(j, base_x + first, y, last - first, top + first);
        }
    }
}

static bool check(const dio_lay *lay, dio_error *err)
{
    const dio_image *top = lay->top, *mask = lay->mask;
    if (!(lay->opacity >= 0 && lay->opacity <= 1))
        return dio_fail(err, "an opacity of %g is not in 0..1", (double)lay->opacity);
    if (mask && mask->form.channels != 1)
        return dio_fail(err, "a mask has one channel, not %d", mask->form.channels);
    if (mask && (mask->width != top->width || mask->height != top->height))
        return dio_fail(err, "a mask of %d x %d pixels does not fit a picture of %d x %d",
                        mask->width, mask->height, top->width, top->height);
    return true;
}

bool dio_image_over(dio_image **base, const dio_lay *lay, dio_error *err)
{
    if (!check(lay, err) || !dio_image_writable(base, err))
        return false;
    struct job j = {.base = *base, .lay = lay, .opacity = lay->opacity};
    int64_t x1 = (int64_t)lay->x + lay->top->width, y1 = (int64_t)lay->y + lay->top->height;
    j.x0 = lay->x > 0 ? lay->x : 0;
    j.y0 = lay->y > 0 ? lay->y : 0;
    x1 = x1 < j.base->width ? x1 : j.base->width;
    y1 = y1 < j.base->height ? y1 : j.base->height;
    j.width = (int)(x1 - j.x0);
    dio_srgb_bytes_init(&j.pixels.bytes);
    if (x1 > j.x0 && y1 > j.y0)
        dio_gang_run(y1 - j.y0, over_row, &j);
    return true;
}

dio_image *dio_image_flatten(dio_image *image, const float rgb[3], dio_error *err)
{
    if (!dio_form_alpha(&image->form))
        return dio_image_ref(image);
    /* A coloured ground needs colours. */
    bool grey = image->form.channels == 2 && rgb[0] == rgb[1] && rgb[1] == rgb[2];
    dio_form form = {image->form.depth, image->form.curve, grey ? 1 : 3, false};
    dio_form ground = {DIO_DEPTH_F32, DIO_CURVE_SRGB, 3, false};
    dio_image *flat = dio_image_like(image, image->width, image->height, &form, err);
    if (!flat)
        return NULL;
    dio_pixels pixels;
    float v[DIO_SPAN * 4], one[3] = {rgb[0], rgb[1], rgb[2]};
    unsigned char first[3 * sizeof(float)];
    dio_srgb_bytes_init(&pixels.bytes);
    memcpy(v, one, sizeof one);
    dio_pixels_write(&pixels, &ground, v, 1, &form, first);
    size_t size = pixel_bytes(flat);
    for (int y = 0; y < flat->height; y++)
        for (int x = 0; x < flat->width; x++)
            memcpy((unsigned char *)dio_image_row(flat, y) + (size_t)x * size, first, size);
    if (dio_image_over(&flat, &(dio_lay){.top = image, .opacity = 1}, err))
        return flat;
    dio_image_unref(flat);
    return NULL;
}
