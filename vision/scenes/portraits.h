#pragma once
/* portraits.h: a small picture of every subject alone, and of every form of those that have forms:
 * all that painting needs of the font. Private to vision/.
 *
 * They lie in one RGBA picture (a painter's subjects.png), DIO_PORTRAIT_SIDE pixels a side. A
 * subject with colours of its own has two: in its own, and in parts, as a product's are: the parts
 * that the palette colours in red (the subject's colour), green (its second) and blue (the
 * accent), from which dio_portrait_texel makes any palette.
 */
#include "vision/image.h"
#include "vision/scenes/scene.h"

enum { DIO_PORTRAIT_SIDE = 72, DIO_PORTRAIT_COLUMNS = 24 };

/* A portrait goes a little beyond its subject's square. */
#define DIO_PORTRAIT_REACH 1.1f

int dio_portraits(void);
/* The one that shows an item of a scene, as the scene wants it coloured. */
int dio_portrait_of(const dio_scene *s, const dio_scene_item *it);
/* What is drawn for it: a scene of aspect 1, its subject cut out in soft light from above. */
void dio_portrait_scene(int portrait, dio_scene *s);

/* All of them, sRGB of 8 bits with straight alpha. Caller unrefs. */
dio_image *dio_portraits_draw(const dio_atlas *atlas, dio_error *err);
/* From a file, which has to have their form and size. */
dio_image *dio_portraits_read(const char *path, dio_error *err);
/* A pixel of a portrait in the colours that the scene wants, linear light; gives its alpha. */
float dio_portrait_texel(const dio_image *portraits, int portrait, const dio_scene *s, int x, int y,
                         float rgb[3]);
