#pragma once
/* ground.h: what a text stands on: a slowly moving sky, a sun and paper hills, as in a diorama.
 *
 * The sky is a smooth field, so it is worked out on a coarse grid and stretched; the hills are
 * opaque shapes with a soft shadow on whatever is behind them. Rows are made in 10.6 fixed point
 * and dithered to bytes, so that slow gradients show no steps. The same code makes a film's Y'CbCr
 * and a poster's RGB.
 */
#include <stdint.h>

#include "base/error.h"
#include "fusion/canvas.h"
#include "fusion/palette.h"

typedef struct dio_scenery {
    float horizon;      /* where the far hills begin, in parts of the height from the top */
    float sun_x, sun_y; /* centre of the sun, in parts of width and height */
    float sun_r;        /* radius, in parts of the shorter side */
    dio_box calm;       /* where texts stand: glow is held back there, so that they can be read */
} dio_scenery;

typedef struct dio_ground dio_ground;

/* Destroy with dio_ground_destroy (NULL is fine). w and h are even. */
dio_ground *dio_ground_create(const dio_palette *palette, const dio_scenery *scenery,
                              dio_space space, int w, int h, uint64_t seed, dio_error *err);
void dio_ground_destroy(dio_ground *g);

/* Works out the moment `seconds`; then rows y0..y1-1 (both even) of the canvas can be drawn, by
 * any number of threads. */
void dio_ground_at(dio_ground *g, double seconds);
void dio_ground_draw(const dio_ground *g, dio_canvas *c, int y0, int y1);
