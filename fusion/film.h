#pragma once
/* film.h: an ad as a short film: scenes of words over a moving ground.
 *
 * First the headline, then what is behind it, then the card with product and button. Every text
 * is set and drawn once; a frame is the ground of its moment and a few blends. A frame depends
 * on its number alone: any frame can be asked for, in any order.
 */
#include "fusion/design.h"

typedef struct dio_film dio_film;

/* Everything is laid out here, so that whatever does not fit is said before a frame is made.
 * Destroy with dio_film_destroy (NULL is fine). */
dio_film *dio_film_create(dio_fonts *fonts, const dio_preset *preset, const dio_palette *palette,
                          const dio_words *words, double seconds, uint64_t seed, dio_space space,
                          dio_error *err);
void dio_film_destroy(dio_film *f);

int dio_film_frames(const dio_film *f);

/* Draws frame i (0-based). */
void dio_film_frame(dio_film *f, int i, dio_canvas *out);

/* What is seen when, for whoever wants to check: boxes of texts and the frames they live in. */
typedef struct dio_film_box {
    const char *name;
    dio_box box;
    int scene, first, last;
} dio_film_box;
int dio_film_boxes(const dio_film *f, const dio_film_box **boxes);
/* The captions', in their seconds; false when there are no more. */
bool dio_film_caption(const dio_film *f, int i, dio_box *box, double *start, double *end);
