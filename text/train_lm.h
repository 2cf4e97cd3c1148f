#pragma once
/* train_lm.h: a language model trained by a recipe.
 *
 *     version: 1
 *     kind: lm
 *     name: house/copywriter
 *     model: {model_type: llama, hidden_size: 256, ...}   # what config.json will hold
 *     tokenizer: {vocab_size: 3072}                        # made from the data; or {path: DIR}
 *     data: {kind: copy, path: ../corpus}
 *     sequence: 256
 *     batch: 16
 *     train: {steps: 4000, lr: 0.002, warmup: 200}
 *
 * `start: DIR` in place of `model:` goes on from a published model (full weights, or an adapter
 * with `lora: {rank: 8, ...}`). The run's folder ends up holding a model that opens as published
 * ones do: config.json, model.safetensors, tokenizer.json; or adapter_config.json and
 * adapter_model.safetensors.
 */
#include "tensor/recipe.h"

/* The report's items are tokens, its losses cross-entropy in nats a token. */
extern const dio_recipe_kind dio_recipe_kind_lm;

/* Keys of a recipe of kind lm. */
extern const dio_field dio_recipe_lm_fields[];
extern const dio_recipe_part dio_recipe_lm_parts[];
