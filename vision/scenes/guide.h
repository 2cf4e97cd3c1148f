#pragma once
/* guide.h: a scene in numbers: what the painter's flow is told. Private to vision/.
 *
 * The wish is one vector: what was chosen, the palette, the lamp. The map says of every latent
 * where it is: in the square of the item that is there, against the horizon, in the picture; and
 * which colours of the palette belong there. Places and shares say which learned picture of a
 * subject lies there, and which part of it; what it is learned from first is the subject alone, as
 * dio_guide_tile draws it.
 */
#include "vision/scenes/scene.h"

enum { DIO_GUIDE_MAP = 29 };

/* Numbers of the wish; learned pictures: one a glyph, DIO_SUBJECT_FORMS a product. */
int dio_guide_wish_size(void);
int dio_guide_tiles(void);

/* Picture `tile` as a scene of aspect 1: its subject cut out, in its own colours and soft light. */
void dio_guide_tile(int tile, dio_scene *s);

/* Part [x, x+w) x [y, y+h) of a canvas of full_w x full_h latents. `wrap_x`: its left edge goes on
 * where the right one ends. */
typedef struct dio_guide_window {
    int full_w, full_h, x, y, w, h;
    bool wrap_x, wrap_y;
} dio_guide_window;

void dio_guide_wish(const dio_scene *s, const dio_guide_window *w, float *out);
void dio_guide_map(const dio_scene *s, const dio_guide_window *w, float *out); /* [MAP,h,w] */
/* places, shares [h*w,4]; `side` places a side of a learned picture. */
void dio_guide_places(const dio_scene *s, const dio_guide_window *w, int side, int32_t *places,
                      float *shares);
