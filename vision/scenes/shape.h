#pragma once
/* shape.h: private to scenes/: what a subject's form looks like from the front: a square of texels
 * with cover, colour, slope and height, from which any material can be lit at any size. */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Numbers of a texel. */
enum {
    TEXEL_RED, /* its own colour, linear light */
    TEXEL_GREEN,
    TEXEL_BLUE,
    TEXEL_SECOND, /* share of the second role's colour, and of the accent's; the rest is the first
                   */
    TEXEL_ACCENT,
    TEXEL_TONE,     /* -1 dark .. 1 light, within its role */
    TEXEL_DISTANCE, /* to the outline, inside positive; half the square's side is 1 */
    TEXEL_X,        /* the surface's normal: right, */
    TEXEL_Y,        /* and down */
    TEXEL_HEIGHT,   /* towards the viewer, 0 at the outline */
    TEXEL_OWN,      /* 1: of its own material, whatever is asked for: a label, a screen, cork */
    TEXEL_GLOW,     /* shines by itself */
    TEXELS
};

enum { SHAPE_RIM = 8, SHAPE_MIPS = 4, SHADE_SIDE = 64, SHADE_LEVELS = 4 };

typedef struct shape {
    int side[SHAPE_MIPS];         /* texels; the first has a rim of SHAPE_RIM around -1..1 */
    float *texel[SHAPE_MIPS];     /* [side,side,TEXELS] */
    float *cover;                 /* [side,side] while it is drawn */
    float *shade[SHADE_LEVELS];   /* the outline blurred more and more, over -2..2: for shadows */
    float left, right, top, foot; /* extents, and where it touches the ground */
    bool painted;                 /* has no colours of its own */
} shape;

extern const float shade_blur[SHADE_LEVELS]; /* sigma; half the square's side is 1 */

bool shape_alloc(shape *s, int side, dio_error *err);
void shape_free(shape *s);
/* Middle of a texel in the square's coordinates, and the size of one. */
float shape_place(const shape *s, int i);
float shape_texel(const shape *s);
/* From cover and colours to the rest: distance, bled colours, extents, shadows, smaller copies. */
bool shape_finish(shape *s, dio_error *err);
/* Height and normals of a cushion of the outline; 1: as round as a ball. */
bool shape_inflate(shape *s, float height, dio_error *err);

/* products.c: draws a product in its form 0..DIO_SUBJECT_FORMS-1. */
void product_draw(shape *s, int draw, int form);
/* glyph.c: glyphs of the emoji font. */
typedef struct glyphs glyphs;
glyphs *glyphs_open(dio_error *err);
void glyphs_close(glyphs *g);
bool glyph_draw(glyphs *g, shape *s, const char *name, uint32_t code, bool stands, dio_error *err);

static inline float *shape_at(const shape *s, int x, int y)
{
    return s->texel[0] + ((long)y * s->side[0] + x) * TEXELS;
}
