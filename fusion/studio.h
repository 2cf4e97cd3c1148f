#pragma once
/* studio.h: what the steps of a run share: fonts, palettes, presets, models. Each is opened when a
 * step first asks for it, once, and closed with the studio. One thread at a time. */
#include "base/arena.h"
#include "base/error.h"
#include "fusion/font.h"
#include "fusion/palette.h"
#include "fusion/preset.h"

typedef struct dio_studio dio_studio;

/* `assets` is the folder with fonts.yaml, palettes.yaml and presets/. */
dio_studio *dio_studio_create(const char *assets, dio_error *err);
void dio_studio_destroy(dio_studio *s); /* NULL is fine */

const char *dio_studio_assets(const dio_studio *s);
dio_fonts *dio_studio_fonts(dio_studio *s, dio_error *err);
const dio_palettes *dio_studio_palettes(dio_studio *s, dio_error *err);
const dio_preset *dio_studio_preset(dio_studio *s, const char *name, dio_error *err);
