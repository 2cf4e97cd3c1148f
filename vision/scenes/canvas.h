#pragma once
/* canvas.h: private to scenes/: where a plan's items are on a canvas, in units of its shorter side
 * from its upper left corner, and where a place of the canvas is within an item's square. */
#include "vision/scenes/guide.h"

/* An item's square: its middle, half its side, how it is turned; -1: mirrored. */
typedef struct canvas_square {
    float x, y, half, cos, sin, sign;
} canvas_square;

typedef struct canvas {
    float wide, tall, cell; /* one of the first two is 1; cell: what the window counts in */
    float horizon;
    bool stands, wrap_x, wrap_y;
    canvas_square square[DIO_SCENE_ITEMS];
} canvas;

void canvas_set(canvas *c, const dio_scene *s, const dio_guide_window *w);
/* From the square's middle; half its side is 1: right and down as the subject's own. */
void canvas_local(const canvas *c, const canvas_square *q, float x, float y, float *u, float *v);
/* How far off a square's middle is, the shorter way round where the canvas wraps. */
float canvas_right_of(const canvas *c, const canvas_square *q, float x);
float canvas_below(const canvas *c, const canvas_square *q, float y);
