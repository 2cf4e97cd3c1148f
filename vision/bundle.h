#pragma once
/* bundle.h: a checkpoint of Stable Diffusion, as it was published, as named parts.
 *
 * A bundle is a diffusers folder (model_index.json; shards, variants, .bin) or a single file in
 * the names of the first release (LDM, as web front ends share them): safetensors or a checkpoint
 * of torch. Either way its parts come out as diffusers and transformers name their weights, with
 * the configs that they would have; of a single file, configs are inferred from names and shapes.
 *
 *     dio_bundle *b = dio_bundle_open("v1-5-pruned.safetensors", NULL, err);
 *     dio_unet *u = dio_unet_build(dio_bundle_config(b, "unet"),
 *                                  dio_bundle_weights(b, "unet", err), DIO_DTYPES, err);
 *     dio_bundle_close(b);
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/value.h"
#include "tensor/weights.h"

typedef struct dio_bundle dio_bundle;

typedef enum dio_bundle_kind {
    DIO_BUNDLE_SD1,
    DIO_BUNDLE_SD2,
    DIO_BUNDLE_SDXL,
    DIO_BUNDLE_VAE, /* a file with an autoencoder and nothing else */
} dio_bundle_kind;

/* variant: "fp16" takes NAME.fp16.safetensors where a part has it; NULL: the plain file, or, where
 * there is none, the fp16 or bf16 one. NULL with a message that says what is missing or which kind
 * of model this is that we cannot run. */
dio_bundle *dio_bundle_open(const char *path, const char *variant, dio_error *err);
/* What the bundle gave dies with it; models that were built from it do not. NULL is fine. */
void dio_bundle_close(dio_bundle *b);

dio_bundle_kind dio_bundle_kind_get(const dio_bundle *b);

/* `part` is "unet", "vae", "text_encoder", "text_encoder_2", "scheduler" or "model_index" (what the
 * pipeline itself is set to: _class_name, force_zeros_for_empty_prompt). NULL: there is none. */
const dio_value *dio_bundle_config(const dio_bundle *b, const char *part);
/* Weights of one of the first four, opened when first asked for. NULL with a message. */
const dio_weights *dio_bundle_weights(dio_bundle *b, const char *part, dio_error *err);

/* The folder with the files of tokenizer 1 or 2: `given` (a folder that the user named, or NULL)
 * before the bundle's own; single files carry none, and tokenizer files are looked for beside
 * them. Lives as long as the bundle. NULL with a message that says where to put which files. */
const char *dio_bundle_tokenizer(dio_bundle *b, int number, const char *given, dio_error *err);

/* What had to be assumed because the file does not say (a sentence for the user), or NULL. */
const char *dio_bundle_remark(const dio_bundle *b);
