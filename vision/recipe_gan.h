#pragma once
/* recipe_gan.h: a recipe of kind gan, read and checked; private to training. */
#include "tensor/train_adversarial.h"
#include "vision/critic.h"
#include "vision/gallery.h"
#include "vision/generator.h"

typedef struct dio_recipe_gan {
    int version;
    const char *kind, *name, *licence, *doc;
    const dio_value *generator, *discriminator, *data, *train, *generator_rates,
        *discriminator_rates;
    int batch;
    uint64_t seed;
    const char *save; /* "f16", "bf16" or "f32" */

    /* what those subtrees hold */
    dio_adversarial_options options;
    const char *root; /* the recipe's folder */
} dio_recipe_gan;

extern const dio_field dio_recipe_gan_fields[];
extern const dio_recipe_part dio_recipe_gan_parts[];

bool dio_recipe_gan_read(dio_recipe_gan *r, const dio_recipe_run *run, dio_error *err);

/* A network's config with what the pictures imply filled in where it says nothing: z_dim,
 * label_dim, channels and size. */
dio_value *dio_recipe_gan_config(const dio_value *given, const dio_gallery_shape *pictures,
                                 dio_arena *a);

/* One training by such a recipe. */
typedef struct dio_gan_job {
    const dio_recipe_run *run;
    dio_recipe_gan recipe;
    dio_gallery gallery;
    dio_generator *generator;
    dio_critic *critic;
    dio_train_weight *g_weights, *d_weights;
    int n_g, n_d;
    char identity[65];
    /* the batch in hand: which one it is, and its numbers */
    dio_split split;
    int64_t index;
    dio_gallery_batch batch;
    /* values of the graph that is being built */
    dio_adversarial_part part;
    dio_val z, label, real;
    dio_generator_io io;
    dio_adversarial_running running[DIO_GENERATOR_RUNNING];
    dio_plan *sheet; /* that draws samples; made when first wanted */
} dio_gan_job;

/* Puts batch `index` of a split in hand. */
bool dio_gan_take(dio_gan_job *j, dio_split split, int64_t index, dio_error *err);
/* samples/NAME.png in the run's folder: made pictures, each beside the one that it should equal
 * where the source knows its noise. */
bool dio_gan_sheet(dio_gan_job *j, const char *name, dio_error *err);
