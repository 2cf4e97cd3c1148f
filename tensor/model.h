#pragma once
/* model.h: what a model family says about itself.
 *
 * A family is one file in <module>/models/ that ends in a `const dio_model`, and one line in that
 * module's models.def. From these come the loader, `diorama models`, the documentation, the tests
 * on tiny random weights and what `probe` can run.
 *
 * A model that is built, with its weights, is a dio_network (network.h).
 *
 * What a kind of model can do (a language model: tokens in, scores out) is a table of functions
 * that its module declares; `ops` points at it. See text/lm.h for kind "lm".
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "base/value.h"
#include "tensor/walk.h"
#include "tensor/weights.h"

typedef struct dio_model {
    const char *name; /* "llama" */
    const char *doc;  /* one line */
    const char *kind; /* "lm" */
    /* Values of model_type or _class_name in config.json; NULL-terminated. */
    const char *const *types;
    const dio_field *config; /* keys of config.json that matter */
    size_t size;             /* bytes of the family's struct, which begins with its config */
    /* Checks what ranges cannot (heads divide, sizes agree), derives the rest, and takes memory
     * for layers from the arena. json is the whole config.json, for keys in several forms. */
    bool (*setup)(void *model, const dio_value *json, dio_arena *a, dio_error *err);
    dio_walk_fn *walk;
    const void *ops;
    /* The config.json that a file's tensors imply, for files that come without one; false, without
     * a message, when the file is not of this family. NULL: config.json is needed. */
    bool (*infer)(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err);
    /* Computes from the weights what is the same in every run; NULL: nothing. */
    bool (*prepare)(void *model, dio_error *err);
    void (*close)(void *model); /* gives back what prepare made; NULL: nothing */
    const char *const *tiny;    /* config.json texts of small models for tests; NULL-terminated */
} dio_model;

/* A module's families, made from its models.def. */
typedef struct dio_model_set {
    const dio_model *const *items;
    int count;
} dio_model_set;

/* The family that answers to the config's model_type (or _class_name, as diffusers writes); NULL
 * with a message that lists what there is and, when one is near, names it. */
const dio_model *dio_model_find(dio_model_set set, const dio_value *config, dio_error *err);

/* A zeroed struct of the family with its config read and checked, in the arena; NULL with the
 * place in config.json. A key whose value is null counts as absent. */
void *dio_model_build(const dio_model *family, const dio_value *config, dio_arena *a,
                      dio_error *err);
