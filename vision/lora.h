#pragma once
/* lora.h: low-rank changes to a model's weights, as files of them are shared.
 *
 * A file names layers and gives for each two thin matrices: W + scale * alpha / rank * up down.
 * Read are kohya's names (lora_unet_..., lora_te_..., lora_te1_..., lora_te2_..., on diffusers' or
 * on LDM's names of layers) and those of diffusers and PEFT (unet...lora_A, .lora.down,
 * processor.to_q_lora), for linear layers and convolutions. A key that is no layer of the models
 * given is an error that names it, as are other kinds of change (DoRA, LoHa, LoKr).
 *
 *     dio_lora *l = dio_lora_open("style.safetensors", err);
 *     dio_lora_use use = {l, 0.8f};
 *     dio_lora_target t = {"unet", &unet->net.walk, unet->net.family->walk, unet->net.model};
 *     if (!dio_lora_merge(&use, 1, &t, 1, err)) ...
 */
#include <stdbool.h>

#include "base/error.h"
#include "tensor/walk.h"

typedef struct dio_lora dio_lora;

/* A .safetensors file, or a checkpoint of torch. NULL with a message. */
dio_lora *dio_lora_open(const char *path, dio_error *err);
void dio_lora_close(dio_lora *l); /* NULL is fine */
/* Layers that it changes. */
int dio_lora_count(const dio_lora *l);

typedef struct dio_lora_use {
    const dio_lora *lora;
    float scale; /* any sign; 1: as trained */
} dio_lora_use;

/* A model that may be changed. */
typedef struct dio_lora_target {
    const char *part; /* "unet", "text_encoder" or "text_encoder_2" */
    dio_walk *walk;
    dio_walk_fn *fn; /* for dio_lora_attach: what made the walk, of what */
    void *model;
} dio_lora_target;

/* Adds the changes to the weights, computed in f32; a changed weight leaves its file for memory of
 * our own and keeps its type. Layers of every file must be layers of the targets. On failure no
 * weight is changed. */
bool dio_lora_merge(const dio_lora_use *uses, int n, const dio_lora_target *targets, int n_targets,
                    dio_error *err);
/* Puts the changes beside the layers instead, to be computed as their own products: weights stay
 * where they are, and another call with other uses replaces what this one put. Graphs that were
 * made before do not see it. */
bool dio_lora_attach(const dio_lora_use *uses, int n, const dio_lora_target *targets, int n_targets,
                     dio_error *err);
