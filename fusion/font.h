#pragma once
/* font.h: the fonts a picture may use, and no others.
 *
 * A private FontConfig holds the folders that assets/fonts.yaml names: whatever else is installed
 * on a machine can neither improve nor change a picture. A character that none of them has is an
 * error that names it; nothing is ever drawn as an empty box.
 */
#include <pango/pangocairo.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct dio_fonts dio_fonts;

/* Reads `assets`/fonts.yaml. Destroy with dio_fonts_close (NULL is fine). */
dio_fonts *dio_fonts_open(const char *assets, dio_error *err);
void dio_fonts_close(dio_fonts *f);

/* For layouts; belongs to f. One thread at a time. */
PangoContext *dio_fonts_context(dio_fonts *f);

/* Family names for headlines and for running text. */
const char *dio_fonts_display(const dio_fonts *f);
const char *dio_fonts_text(const dio_fonts *f);

/* False when the layout has a character that no font has; `what` names the text in the message. */
bool dio_fonts_cover(const dio_fonts *f, PangoLayout *layout, const char *what, dio_error *err);
