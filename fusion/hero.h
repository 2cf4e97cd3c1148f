#pragma once
/* hero.h: a picture behind the words of an ad.
 *
 * An opaque picture takes the ground's place: it covers the canvas, drifts a little, and where
 * words stand it is drawn towards the palette's sky as far as they need to be read: at least
 * 4.5:1 against the ink, at every pixel. A picture with a clear backdrop is a cut-out: without
 * its clear margins it stands before the sun, where no words go, and the ground stays. Where the
 * preset has a panel beside the words, either stands there.
 */
#include "fusion/canvas.h"
#include "fusion/palette.h"
#include "fusion/preset.h"
#include "vision/image.h"

typedef struct dio_hero dio_hero;

/* Destroy with dio_hero_destroy (NULL is fine). The picture is not kept. */
dio_hero *dio_hero_create(dio_image *picture, const dio_preset *preset, const dio_palette *palette,
                          dio_space space, dio_error *err);
void dio_hero_destroy(dio_hero *h);

/* Whether it hides everything behind it. */
bool dio_hero_covers(const dio_hero *h);
/* Rows y0..y1-1 (both even) of the moment `seconds`. */
void dio_hero_draw(const dio_hero *h, double seconds, dio_canvas *c, int y0, int y1);
