#pragma once
/* painter_train.h: what the painter's two trainings share. Private to vision/. */
#include "tensor/recipe.h"
#include "vision/painter_net.h"
#include "vision/scenes/guide.h"

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
    int scenes;              /* flow: how many scenes are drawn and kept as latents, */
    int held;                /* the first of which are for validation */
    double sharpest;         /* flow: least 1 - t that the loss is divided by */
    double first;            /* flow: share of a batch that is at t = 0 */
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
/* Writes the network into `dir`, and training.json into the run's folder. */
bool dio_painter_job_save(const dio_painter_job *j, const char *dir,
                          const dio_recipe_report *report, dio_error *err);

/* Scene `index` of a flow's training with `seed`, and the window of it that is seen. */
void dio_flow_scene(uint64_t seed, int64_t index, dio_scene *s, dio_guide_window *w);

/* The flow's pictures of subjects become latents of them, of which they have no more numbers a
 * place. Its weights are f32 and drawn; the guide is this program's. */
bool dio_flow_tiles(dio_network *flow, const dio_network *autoencoder, const dio_atlas *atlas,
                    dio_device *device, dio_error *err);
