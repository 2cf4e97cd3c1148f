#pragma once
/* canvas.h: a picture of three planes, and layers that are drawn once and laid over it often.
 *
 * A layer is what Pango and Cairo drew: premultiplied, already in the planes of the canvas. It
 * costs a blend a frame, not a drawing. Layers may sit at fractional heights (rows are mixed in
 * pairs), because a title that eases into place in whole pixels visibly ticks; they stay at even
 * columns, where the half-size chroma planes meet the luma. All arithmetic is on integers, row
 * by row: any cut of the rows among threads gives the same bytes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "fusion/colour.h"

typedef struct dio_box {
    int x, y, w, h;
} dio_box;

typedef struct dio_plane {
    uint8_t *data;
    int w, h, stride;
} dio_plane;

/* Planes of a picture; their memory belongs to whoever filled this in. */
typedef struct dio_canvas {
    dio_space space;
    int w, h;
    dio_plane plane[3];
} dio_canvas;

/* Plane i of a picture w x h in that space: its size, and by how much it is shrunk (0 or 1). */
int dio_space_shift(dio_space space, int plane);

/* A canvas with its own memory. */
bool dio_canvas_init(dio_canvas *c, dio_space space, int w, int h, dio_error *err);
void dio_canvas_deinit(dio_canvas *c);

typedef struct dio_layer dio_layer;

/* From premultiplied ARGB words as Cairo draws them (w x h, stride in bytes), to be laid with its
 * top left corner at (x, y) of the canvas; x may be odd, the layer pads itself. */
dio_layer *dio_layer_create(const void *argb, int w, int h, int stride, int x, int y,
                            dio_space space, dio_error *err);
void dio_layer_destroy(dio_layer *l);

/* How a layer is laid this time. */
typedef struct dio_pose {
    float dy;             /* pixels below its place; may be fractional */
    int alpha;            /* 0..256 */
    int clip_y0, clip_y1; /* rows of the canvas it may touch; clip_y1 <= clip_y0: all */
} dio_pose;

/* Blends rows y0..y1-1 of the canvas (both even) only. */
void dio_layer_blend(const dio_layer *l, dio_pose pose, dio_canvas *c, int y0, int y1);

/* True when a pose leaves nothing to see. */
bool dio_layer_hidden(const dio_layer *l, dio_pose pose);
