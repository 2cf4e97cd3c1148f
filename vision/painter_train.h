#pragma once
/* painter_train.h: what the painter's two trainings share. Private to vision/. */
#include "tensor/recipe.h"
#include "vision/painter_net.h"

typedef struct dio_painter_recipe {
    int version;
    const char *kind, *name, *licence, *doc;
    const dio_value *model, *train, *data;
    int batch, test_batches;
    uint64_t seed;
    const char *save;        /* "f16" or "f32" */
    const char *autoencoder; /* flow: the folder of a trained one */
    double noise;            /* autoencoder: added to latents in training */
    double edges;            /* autoencoder: weight of differences between neighbours */
    int scenes;              /* flow: how many scenes are drawn and kept as latents */
    double sharpest;         /* flow: least 1 - t that the loss is divided by */
} dio_painter_recipe;

/* One training: a network, what of it is trained, where it goes. */
typedef struct dio_painter_job {
    dio_painter_recipe recipe;
    dio_train_options options;
    const dio_recipe_run *run;
    dio_network *net;
    dio_train_weight *weights;
    int n_weights;
    char identity[65];
    const char *root; /* the recipe's folder */
    void *user;
} dio_painter_job;

bool dio_painter_recipe_read(dio_painter_job *j, const dio_field *fields, dio_error *err);
/* Makes the network and lists its weights, those of `leave` (a beginning of names) excepted. */
bool dio_painter_job_open(dio_painter_job *j, const dio_network_kind *kind, const char *leave,
                          dio_error *err);
/* Trains, tests by `task`'s own validation batches beyond those of training, fills the report. */
bool dio_painter_job_train(dio_painter_job *j, dio_train_task *task, dio_recipe_report *report,
                           dio_error *err);
/* Writes the network, and training.json, into `dir`. */
bool dio_painter_job_save(const dio_painter_job *j, const char *dir,
                          const dio_recipe_report *report, dio_error *err);
