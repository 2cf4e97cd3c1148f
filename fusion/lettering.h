#pragma once
/* lettering.h: a set text as light: shadow, outline and letters, each in linear light over the
 * other; whole, or in the pieces that an animation moves. */
#include "fusion/overlay.h"
#include "fusion/typeset.h"

typedef struct dio_lettering {
    dio_rgb colour;
    double outline; /* pixels outside the letters; 0: none */
    dio_rgb outline_colour;
    double shadow_x, shadow_y, shadow_blur; /* pixels */
    double shadow;                          /* opacity; 0: none */
    dio_rgb shadow_colour;
    enum { DIO_BY_LAYER, DIO_BY_LINE, DIO_BY_WORD } by;
    double each; /* seconds between pieces */
} dio_lettering;

/* Adds the text's pieces with the typeset's corner at (x, y) of the drawing. */
bool dio_lettering_draw(const dio_lettering *how, const dio_typeset *set, double x, double y,
                        double density, dio_drawing *out, dio_error *err);

/* A8 coverage blurred by three boxes, which come close to a Gaussian of standard deviation `sigma`;
 * rows of `stride` bytes. */
bool dio_blur_mask(uint8_t *mask, int w, int h, int stride, double sigma, dio_error *err);
