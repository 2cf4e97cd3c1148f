#pragma once
/* guide.h: a scene in numbers: what the painter's flow is told. Private to vision/.
 *
 * The wish is one vector: what was chosen, the palette, the lamp. The map says of every latent
 * where it is: in the square of the item that is there, against the horizon, in the picture; and
 * which colours of the palette belong there. (What is there, underpaint.h shows.)
 */
#include "vision/scenes/scene.h"

enum { DIO_GUIDE_MAP = 29 };

int dio_guide_wish_size(void); /* numbers of the wish */

/* Part [x, x+w) x [y, y+h) of a canvas of full_w x full_h latents. `wrap_x`: its left edge goes on
 * where the right one ends. */
typedef struct dio_guide_window {
    int full_w, full_h, x, y, w, h;
    bool wrap_x, wrap_y;
} dio_guide_window;

void dio_guide_wish(const dio_scene *s, const dio_guide_window *w, float *out);
void dio_guide_map(const dio_scene *s, const dio_guide_window *w, float *out); /* [MAP,h,w] */
