#pragma once
/* underpaint.h: a scene as a plain picture: what the painter's flow paints over. Private to
 * vision/.
 *
 * The ground flat above the horizon, the floor flat below it, and every item laid in its place
 * from the small picture of its subject, back to front: no lamp, shadow, material or backdrop. The
 * flow is shown it encoded, in the numbers that it is to answer in, so that whatever is inside a
 * subject comes through, turned and scaled as it may be.
 */
#include "vision/scenes/guide.h"
#include "vision/scenes/portraits.h"

/* A window of a canvas that is counted in pixels: rgba [h,w,4] sRGB bytes, colours multiplied by
 * alpha. Any window is the same part of the whole. Safe from several threads. */
void dio_underpaint(const dio_image *portraits, const dio_scene *s, const dio_guide_window *w,
                    uint8_t *rgba);
