#pragma once
/* subtitles.h: captions of what is spoken, set into a film.
 *
 * They stand on ground of their own at the foot of the texts' zone, which is off the picture's
 * focus; all other texts get what is left of it. Each cue is set once; all are of one size.
 */
#include "fusion/design.h"

typedef struct dio_subtitles dio_subtitles;

/* Where they go, and what is left for other texts. */
dio_box dio_subtitles_strip(const dio_preset *preset);
dio_box dio_subtitles_rest(const dio_preset *preset);

/* How captions are cut that will be set in this format: characters a line. */
dio_caption_rules dio_subtitles_rules(const dio_preset *preset);

/* The captions are not kept. Destroy with dio_subtitles_destroy (NULL is fine). */
dio_subtitles *dio_subtitles_create(dio_fonts *fonts, const dio_preset *preset,
                                    const dio_palette *palette, const dio_captions *captions,
                                    dio_space space, dio_error *err);
void dio_subtitles_destroy(dio_subtitles *s);

/* Rows y0..y1-1 (both even) of the moment `seconds`. */
void dio_subtitles_draw(const dio_subtitles *s, double seconds, dio_canvas *c, int y0, int y1);

/* All that cue i covers, and when; false when there are no more. */
bool dio_subtitles_box(const dio_subtitles *s, int i, dio_box *box, double *start, double *end);
