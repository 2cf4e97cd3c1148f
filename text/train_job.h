#pragma once
/* train_job.h: private to text/: what the parts of a training run share. */
#include "base/file.h"
#include "text/batch.h"
#include "text/lm.h"
#include "text/recipe_lm.h"
#include "text/tokenizer.h"
#include "text/train_lm.h"

typedef struct dio_train_job {
    const dio_recipe_run *run;
    dio_recipe_lm recipe;
    dio_lm *lm;
    dio_tokenizer *tokenizer;
    void *source;
    dio_batcher batcher;
    dio_train_weight *weights;
    int n_weights;
    int32_t *ids, *targets;
    char identity[DIO_HASH_TEXT];
    const char *dir;
    bool made_dir, made_tokenizer; /* what a run that comes to nothing takes away again */
    dio_arena *a;
} dio_train_job;

/* Finds what is wrong with `model:` at its place in the recipe, before anything is made. */
bool dio_train_check_config(dio_train_job *j, dio_error *err);

/* The run's tokenizer in its folder: kept, copied or made. Then the model, drawn or gone on from.
 */
bool dio_train_open_tokenizer(dio_train_job *j, dio_error *err);
bool dio_train_open_model(dio_train_job *j, dio_error *err);
