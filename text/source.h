#pragma once
/* source.h: where a language model's training text comes from.
 *
 * A source hands out documents by (split, index): the same index is always the same text, so a
 * run can be resumed, repeated and checked without remembering what it read. A source is one file
 * in sources/ that ends in a `const dio_source_kind`, and one line in sources.def.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "tensor/recipe.h"

typedef struct dio_source_kind {
    const char *name, *doc;
    const dio_field *params; /* keys of the recipe's `data:` beside `kind` */
    size_t params_size;
    /* `root` is the recipe's folder: relative paths start there. NULL with a message. */
    void *(*open)(const void *params, const char *root, uint64_t seed, dio_arena *a,
                  dio_error *err);
    void (*close)(void *source);
    /* Documents of a split; 0: without end. */
    int64_t (*count)(void *source, dio_split split);
    /* Document `index` in the arena; *learn is the offset from which the model is to learn (what
     * comes before is given, as a brief is). Called from several threads at once. */
    char *(*document)(void *source, dio_split split, int64_t index, dio_arena *a, size_t *learn);
    /* Special tokens of its documents, NULL-terminated; may be NULL. */
    const char *const *(*special)(void *source);
    /* Writes what goes into a trained model's folder beside its weights; may be NULL. */
    bool (*companions)(void *source, const char *dir, dio_error *err);
} dio_source_kind;

extern const dio_source_kind *const dio_source_kinds[];
extern const int dio_source_kinds_count;
/* NULL with a message that lists what there is. */
const dio_source_kind *dio_source_find(const char *name, dio_error *err);
