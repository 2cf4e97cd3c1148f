#pragma once
/* recipe.h: what a kind of recipe says about itself.
 *
 * A recipe is a YAML file from which `diorama train` makes a model; its `kind:` says what kind of
 * model. A kind is one file, in the module that knows such models, that ends in a
 * `const dio_recipe_kind dio_recipe_kind_<name>`, and one line in cli/recipes.def. The command, its
 * messages and the documentation follow from it.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "base/value.h"
#include "tensor/device.h"
#include "tensor/train.h"

/* Messages on the way (making a tokenizer, counting weights), then progress of the steps. */
typedef struct dio_recipe_hooks {
    void (*say)(void *user, const char *line);
    dio_train_report_fn *progress;
    void *user;
    const volatile sig_atomic_t *cancel;
} dio_recipe_hooks;

/* One training by a recipe. */
typedef struct dio_recipe_run {
    const dio_value *recipe; /* the parsed file at `path` */
    const char *path, *dir;  /* `dir` is where the model goes */
    bool resume;
    dio_device *device;
    const dio_recipe_hooks *hooks;
    dio_arena *a;
} dio_recipe_run;

typedef struct dio_recipe_report {
    dio_train_result run;
    double test_loss; /* on what training never saw; NaN: none was made */
    int64_t parameters, items_per_step;
    double seconds;
} dio_recipe_report;

/* Keys of a map within a recipe: of `train:`. */
typedef struct dio_recipe_part {
    const char *key;
    const dio_field *fields;
} dio_recipe_part;

typedef struct dio_recipe_kind {
    const char *name, *doc;
    const dio_field *fields;      /* the recipe's own keys, `version` and `kind` among them */
    const dio_recipe_part *parts; /* ends with a NULL key; or NULL. For documentation. */
    bool (*run)(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err);
} dio_recipe_kind;

typedef struct dio_recipe_set {
    const dio_recipe_kind *const *items;
    int count;
} dio_recipe_set;

enum { DIO_RECIPE_VERSION = 1 };

/* What is learned from, what says when it is enough, and what is never looked at before the end. */
typedef enum dio_split { DIO_SPLIT_TRAIN, DIO_SPLIT_VALID, DIO_SPLIT_TEST } dio_split;

/* The kind that a recipe names, after a look at its version; NULL with a message that says what
 * there is. */
const dio_recipe_kind *dio_recipe_find(dio_recipe_set set, const dio_value *recipe, dio_error *err);

/* A line to whoever watches the run. */
void dio_recipe_say(const dio_recipe_run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The recipe's map without one key: what a reader of the other keys is given. */
dio_value *dio_recipe_without(const dio_value *map, const char *key, dio_arena *a);
