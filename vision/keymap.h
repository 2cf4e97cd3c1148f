#pragma once
/* keymap.h: names of weights as the first release (LDM) gave them, and as diffusers does.
 *
 * A map is one list of pairs of module names, made for a network's layout, and serves both ways:
 * the longest pair that a name begins with, up to a dot, is exchanged. Private to vision/.
 */
#include "base/arena.h"
#include "base/error.h"
#include "tensor/weights.h"

typedef struct dio_keymap_pair {
    const char *theirs, *ours; /* LDM's; diffusers' */
} dio_keymap_pair;

typedef struct dio_keymap {
    dio_keymap_pair *pairs;
    int count, cap;
    dio_arena *arena;
} dio_keymap;

enum { DIO_KEYMAP_LEVELS = 16, DIO_KEYMAP_BLOCKS = 64 };

/* How a UNet is put together, as far as names tell. */
typedef struct dio_unet_layout {
    int levels;
    int resnets[DIO_KEYMAP_LEVELS]; /* on the way down; one more on the way up */
    bool cross[DIO_KEYMAP_LEVELS];  /* transformers after them, on the way down */
    bool up_cross[DIO_KEYMAP_LEVELS];
    bool mid;
} dio_unet_layout;

/* From a set with LDM's names behind `prefix`. False when it holds no UNet. */
bool dio_unet_layout_theirs(dio_unet_layout *l, const dio_weights *w, const char *prefix);
/* From diffusers' names, one after the other. Begin with a zeroed layout. */
void dio_unet_layout_see(dio_unet_layout *l, const char *ours);

bool dio_keymap_unet(dio_keymap *m, const dio_unet_layout *l, dio_arena *a, dio_error *err);
bool dio_keymap_vae(dio_keymap *m, int levels, dio_arena *a, dio_error *err);
/* A fused in_proj is no row of it: three of theirs in one. */
bool dio_keymap_open_clip(dio_keymap *m, int layers, dio_arena *a, dio_error *err);

/* The name with its module exchanged, in the arena; NULL: no pair fits. */
const char *dio_keymap_ours(const dio_keymap *m, const char *theirs);
const char *dio_keymap_theirs(const dio_keymap *m, const char *ours);
