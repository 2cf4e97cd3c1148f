#pragma once
/* sprite_palette.h: colours for a sprite; private to vision/. */
#include "vision/sources/sprite_draw.h"

/* Main, second and accent for a thing of this name. `usual`: always its natural colours. */
void dio_sprite_palette(const char *name, uint64_t seed, uint64_t index, bool usual,
                        dio_tint out[3]);
