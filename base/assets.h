#pragma once
/* assets.h: where the things that ship with the program lie: house models, presets, fonts. */
#include "base/arena.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The assets folder: $DIORAMA_ASSETS; else the nearest `assets` or `share/diorama/assets` above
 * the running program, or the shared library that this is in (a build tree, an installation). NULL
 * with a message that says where it looked. */
const char *dio_assets_dir(dio_arena *a, dio_error *err);

/* A model's folder by the name that users write: house/NAME is assets/models/NAME, anything else
 * is a path. NULL with a message, naming the house models, when there is no such folder. */
const char *dio_assets_model(dio_arena *a, const char *name, dio_error *err);

/* Names of the house models, "house/NAME", sorted; count in *count. */
const char *const *dio_assets_models(dio_arena *a, int *count, dio_error *err);

#ifdef __cplusplus
}
#endif
