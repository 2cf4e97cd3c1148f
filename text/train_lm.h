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
#include <signal.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/train.h"

typedef struct dio_train_lm_report {
    dio_train_result run;
    double test_loss;   /* mean cross-entropy, nats a token, on the test split */
    int64_t parameters, tokens_per_step;
    double seconds;
    const char *model_dir;
} dio_train_lm_report;

/* Messages on the way (making the tokenizer, counting weights), then progress of the steps. */
typedef struct dio_train_lm_hooks {
    void (*say)(void *user, const char *line);
    dio_train_report_fn *progress;
    void *user;
    const volatile sig_atomic_t *cancel;
} dio_train_lm_hooks;

/* `recipe` is the parsed file at `path`. */
bool dio_train_lm(const dio_value *recipe, const char *path, const char *dir, bool resume,
                  dio_device *device, const dio_train_lm_hooks *hooks, dio_arena *a,
                  dio_train_lm_report *report, dio_error *err);

/* Keys of a recipe of kind lm, for documentation and the schema. */
extern const dio_field dio_recipe_lm_fields[];
