#pragma once
/* typeset.h: one text set into lines, at a size that fits.
 *
 * The text is broken into as few lines as its width allows, then narrowed until one more line
 * would be needed: lines of even length, no lone last word. A text that is too long is set
 * smaller, down to the style's least size, and refused with its name below that.
 */
#include <stdbool.h>

#include "base/error.h"
#include "fusion/canvas.h"
#include "fusion/font.h"

typedef struct dio_style {
    bool display;      /* the headline family, not the one of running text */
    int weight;        /* 100..900 */
    float size, least; /* pixels a em: wanted, and the smallest that can be read */
    float leading;     /* line distance, in parts of the font's own */
    float tracking;    /* added between letters, in parts of the em */
    int lines;         /* at most so many */
    bool one_line;     /* rather smaller than in more than one */
    bool upper;        /* set in capitals */
    bool breaks;       /* typed line ends break lines; else they are spaces */
    bool end;          /* lines end together, at the side their script ends */
} dio_style;

typedef struct dio_typeset dio_typeset;

/* Sets `text` into a width of `width` pixels at the style's size times `factor` (at most 1, never
 * below `least`) or smaller. Lines start at the side their script begins, or are centred. `name`
 * says in messages which text it is. Destroy with dio_typeset_destroy (NULL is fine). */
dio_typeset *dio_typeset_create(dio_fonts *fonts, const char *name, const char *text,
                                const dio_style *style, float factor, int width, bool centred,
                                dio_error *err);
void dio_typeset_destroy(dio_typeset *t);

/* The size it was set at. */
float dio_typeset_size(const dio_typeset *t);
/* Is it at its least size, so that no smaller factor can help? */
bool dio_typeset_least(const dio_typeset *t);
/* Does its script run from right to left? */
bool dio_typeset_rtl(const dio_typeset *t);

/* What it covers, ink and line heights, relative to its own top left corner (0, 0). */
int dio_typeset_width(const dio_typeset *t);
int dio_typeset_height(const dio_typeset *t);

/* The ink of one line, in the same coordinates. */
int dio_typeset_lines(const dio_typeset *t);
dio_box dio_typeset_ink(const dio_typeset *t, int line);

/* For who draws in other ways than dio_typeset_draw: the layout, how many of our pixels one of its
 * pixels takes, and where its origin lies in our coordinates. */
PangoLayout *dio_typeset_layout(const dio_typeset *t, double *scale, double *x, double *y);

/* Draws one line, or all (line -1), with the corner (0, 0) at (x, y) of the surface. */
void dio_typeset_draw(const dio_typeset *t, int line, cairo_t *cr, double x, double y,
                      dio_rgb colour, double alpha);
