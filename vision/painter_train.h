#pragma once
/* painter_train.h: what the painter's two trainings share. Private to vision/. */
#include "base/file.h"
#include "tensor/recipe.h"
#include "vision/image.h"
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

/* --- flow_scenes.c: what the flow is trained on --- */

enum { DIO_FLOW_SIDE = 24 }; /* latents of a window, each way */

/* Scene `index` of a flow's training with `seed`, and the window of it that is seen. */
void dio_flow_scene(uint64_t seed, int64_t index, dio_scene *s, dio_guide_window *w);

/* What scenes are drawn with. Takes seconds to make, so NULL until it is needed. */
typedef struct dio_flow_subjects {
    dio_atlas *atlas;
    dio_image *portraits;
} dio_flow_subjects;
bool dio_flow_subjects_need(dio_flow_subjects *s, dio_error *err);
void dio_flow_subjects_clean(dio_flow_subjects *s);

/* The recipe's scenes as 16-bit numbers [scenes, 2, C, SIDE, SIDE] in units of dio_flow_unit: of
 * each the latents of its window, then those of its underpainting. Drawn and encoded once, into a
 * file of the run's folder; a later run goes on where it ends. *out stays NULL when the run was
 * stopped. Caller unrefs it. */
extern const float dio_flow_unit;
bool dio_flow_latents(dio_painter_job *j, const dio_network *autoencoder,
                      dio_flow_subjects *subjects, dio_map_file **out, dio_error *err);
