#pragma once
/* lora_impl.h: what the files of LoRA share. Private to vision/.
 *
 * lora.c: reading a file's names; lora_match.c: whose layers they are; lora_apply.c: into the
 * weights or beside them. */
#include "base/arena.h"
#include "base/value.h"
#include "tensor/weights.h"
#include "vision/lora.h"

enum { LORA_LAYERS = 1 << 13, LORA_RANK = 1 << 12 };

/* One layer as a file has it. */
struct lora_layer {
    const char *key;  /* how its first tensor begins, for messages */
    const char *part; /* "unet", "text_encoder", "text_encoder_2" */
    const char *name; /* the layer, every dot an underscore */
    const dio_tensor *down, *up, *mid, *alpha;
};

struct dio_lora {
    dio_arena *arena;
    dio_weights *weights;
    struct lora_layer *layer;
    int count, cap;
    const dio_value *meta; /* diffusers' own note on ranks and alphas, or NULL */
};

/* A file's layer that has found its weight; down [rank][in], up [out][rank], in f32. in counts a
 * kernel's elements, too. */
struct lora_change {
    int item; /* of the target's walk */
    int rank;
    int64_t in, out;
    float scale; /* of everything: the caller's times alpha over rank */
    float *down, *up;
};

/* The changes to one target, by item. */
struct lora_changes {
    struct lora_change *change;
    int count, cap;
};

/* `name` with every dot an underscore, in the arena. */
char *lora_flat(dio_arena *a, const char *name);
/* Fills changes[i] for targets[i]. What belongs to no target, or does not fit it, is an error. */
bool lora_match(struct lora_changes *changes, const dio_lora_use *uses, int n,
                const dio_lora_target *targets, int n_targets, dio_arena *a, dio_error *err);
