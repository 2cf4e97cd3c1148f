#pragma once
/* light.h: pictures as a compositor wants them, and the way back to what encoders take.
 *
 * A light picture is a dio_image of one form: linear light, RGBA, 16 bits, colours multiplied by
 * alpha. Sixteen bits of light keep every byte of sRGB: its darkest step is 20 of theirs. Rows in
 * work are floats of the same meaning, [W][4], 1.0 for 65535. Sums of light are what lenses and
 * screens make; sums of codes are darker than either.
 */
#include "fusion/canvas.h"
#include "vision/image.h"

extern const dio_form dio_light_form;

/* A linear premultiplied colour. */
typedef struct dio_glow {
    float r, g, b, a;
} dio_glow;

/* Of a colour as files say it, with an opacity 0..1. */
dio_glow dio_glow_of(dio_rgb colour, float alpha);

/* The picture in light's form; a new reference. */
dio_image *dio_light_of(dio_image *image, dio_error *err);
/* From premultiplied ARGB words as Cairo draws them. */
dio_image *dio_light_of_argb(const void *argb, int w, int h, int stride, dio_error *err);
/* Coverage, one byte a pixel, in one colour, laid over what is there already. */
void dio_light_add_mask(dio_image *light, const uint8_t *mask, int stride, int x, int y, int w,
                        int h, dio_glow colour);
/* One light picture over another of the same size. */
void dio_light_over(dio_image *under, const dio_image *over);

/* Rows y0..y1-1 (both even for film) of a frame: from rows[y1-y0][w][4] to the canvas's planes.
 * Alpha is forgotten: what is not covered is black. Rounded to the nearest code. */
void dio_light_planes(const float *rows, int y0, int y1, dio_canvas *out);
/* The same to an 8-bit RGBA picture, straight alpha: for films with alpha and for tests. */
void dio_light_bytes(const float *row, int n, uint8_t *rgba);
