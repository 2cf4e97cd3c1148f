#pragma once
/* gallery.h: where the pictures that a model learns from come from.
 *
 * A source hands out pictures by (split, index): the same index is always the same picture, so a
 * run can be resumed, repeated and checked without remembering what it saw. A source is one file in
 * sources/ that ends in a `const dio_gallery_kind dio_gallery_<name>`, and one line in
 * sources/galleries.def; one that draws with fonts lives in draw/, with a line in
 * draw/galleries_drawn.def, and a build without those libraries says so when it is asked for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/field.h"
#include "tensor/recipe.h"

/* What every picture of a source has. */
typedef struct dio_gallery_shape {
    int channels; /* 1 grey, 3 RGB, 4 RGBA with colours multiplied by alpha; sRGB numbers */
    int height, width;
    int labels; /* numbers that say what is seen: 0 or 1 for kinds, 0..1 for colours */
    int noise;  /* numbers that it was drawn by, standard normal over all; 0: not known */
} dio_gallery_shape;

/* One picture: memory of the caller's, of the shape's sizes; NULL where it is not wanted. */
typedef struct dio_picture {
    float *pixels;       /* [C,H,W], -1..1 */
    float *labels;       /* [labels] */
    float *noise;        /* [noise] */
    const char *caption; /* set by the source, in the arena: what one would ask for; NULL: none */
} dio_picture;

typedef struct dio_gallery_kind {
    const char *name, *doc;
    const dio_field *params; /* keys of the recipe's `data:` beside `kind` */
    size_t params_size;
    /* `root` is the recipe's folder: relative paths start there. NULL with a message. */
    void *(*open)(const void *params, const char *root, uint64_t seed, dio_arena *a,
                  dio_error *err);
    void (*close)(void *source);
    void (*shape)(void *source, dio_gallery_shape *out);
    /* Pictures of a split; 0: without end. */
    int64_t (*count)(void *source, dio_split split);
    /* Called from several threads at once, each with an arena of its own. */
    bool (*picture)(void *source, dio_split split, int64_t index, dio_picture *out, dio_arena *a,
                    dio_error *err);
    /* What label i is about: "sword", "main red"; NULL when the source has no labels. */
    const char *(*label)(void *source, int i);
} dio_gallery_kind;

/* What was built; NULL with a message that lists what there is. */
const dio_gallery_kind *dio_gallery_find(const char *name, dio_error *err);
int dio_gallery_count(void);
const dio_gallery_kind *dio_gallery_at(int i);

/* A source that a recipe's `data:` opened. */
typedef struct dio_gallery {
    const dio_gallery_kind *kind;
    void *source;
    dio_gallery_shape shape;
    uint64_t seed;
} dio_gallery;

/* Opens what `data:` names; messages have its place. */
bool dio_gallery_open(dio_gallery *p, const dio_value *recipe, const dio_value *data,
                      const char *root, uint64_t seed, dio_arena *a, dio_error *err);
void dio_gallery_close(dio_gallery *p);

/* Where a batch goes; NULL where it is not wanted. */
typedef struct dio_gallery_batch {
    float *pixels; /* [B,C,H,W] */
    float *labels; /* [B,labels] */
    float *noise;  /* [B,noise] */
} dio_gallery_batch;

/* Batch number `step` of a split: `rows` pictures, the same for any number of threads. */
bool dio_gallery_fill(const dio_gallery *p, dio_split split, int64_t step, int rows,
                      const dio_gallery_batch *out, dio_error *err);
