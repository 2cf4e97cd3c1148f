#pragma once
/* colour.h: the few facts about colour that a composer needs.
 *
 * A dio_rgb is sRGB as written in a file: gamma-coded, 0..1. Blends of solid things happen in
 * that space, as every design tool does it; blends between far hues go through OKLab, which has
 * no grey valley in the middle (Ottosson 2020). A dio_space turns colours into the three planes
 * of a picture: R'G'B' for a PNG, Y'CbCr BT.709 in studio range for a film. Both are affine, so
 * alpha blending may happen after the turn, plane by plane.
 */
#include <stdbool.h>

#include "base/error.h"

typedef struct dio_rgb {
    float r, g, b;
} dio_rgb;

typedef enum dio_space {
    DIO_SPACE_RGB,   /* three full planes, 0..255 */
    DIO_SPACE_BT709, /* Y' 16..235, Cb and Cr 16..240 at half width and height */
} dio_space;

/* "#rrggbb" only. */
bool dio_colour_parse(const char *text, dio_rgb *out, dio_error *err);

/* A share t of b in a, through OKLab; the result is clamped to what a screen shows. */
dio_rgb dio_colour_mix(dio_rgb a, dio_rgb b, float t);

typedef struct dio_lab {
    float l, a, b;
} dio_lab;
dio_lab dio_colour_lab(dio_rgb c);
dio_rgb dio_colour_from_lab(dio_lab c);

/* WCAG 2 contrast ratio, 1..21. Large text needs 3, other text 4.5. */
float dio_colour_contrast(dio_rgb a, dio_rgb b);

/* The three plane values of a colour, 0..255, not rounded. */
void dio_colour_planes(dio_rgb c, dio_space space, float out[3]);
