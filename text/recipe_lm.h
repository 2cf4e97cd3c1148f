#pragma once
/* recipe_lm.h: a recipe of kind lm, read and checked; private to training. */
#include "base/arena.h"
#include "base/value.h"
#include "tensor/train.h"
#include "text/source.h"

typedef struct dio_recipe_tokenizer {
    const char *path; /* a published tokenizer; or, empty: one is made */
    int vocab_size;
    const char *style; /* "gpt2" or "llama3" */
    bool split_digits;
    int documents; /* of the training split that it is made from */
    int min_frequency;
} dio_recipe_tokenizer;

enum { DIO_RECIPE_TARGETS = 64 };

typedef struct dio_recipe_lora {
    int rank;
    double alpha;
    const dio_value *targets; /* null, or a list of at most DIO_RECIPE_TARGETS strings */
} dio_recipe_lora;

typedef struct dio_recipe_lm {
    int version;
    const char *kind, *name, *licence, *doc;
    const char *start;
    const dio_value *model, *tokenizer, *data, *train, *lora;
    int sequence, batch;
    uint64_t seed;
    int test_batches;
    const char *save; /* "bf16" or "f32" */

    /* what those subtrees hold */
    dio_train_options options;
    dio_recipe_tokenizer tok;
    dio_recipe_lora adapter; /* rank 0: none */
    const dio_source_kind *source;
    void *source_params;
    const char *root; /* the recipe's folder */
} dio_recipe_lm;

bool dio_recipe_lm_read(dio_recipe_lm *r, const dio_value *recipe, const char *path, dio_arena *a,
                        dio_error *err);
