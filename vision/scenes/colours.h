#pragma once
/* colours.h: private to scenes/: palettes that go together. */
#include "vision/scenes/scene.h"

/* Fills s->palette: the wish's colours, and for the rest colours that suit them, drawn by the
 * scene's seed from place `first` on. */
void scene_colours(dio_scene *s, const dio_scene_wish *wish, int first);

/* OKLCH (hue in turns) to sRGB 0..1; chroma gives way where the screen cannot show it. */
void scene_oklch(float l, float c, float h, float srgb[3]);
void scene_to_oklch(const float srgb[3], float lch[3]);
