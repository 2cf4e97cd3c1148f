#pragma once
/* train_impl.h: one run's inside. A group is the weights that one plan moves; dio_train has one,
 * dio_train_adversarial two, and the rest is the same for both: train_loop.c (steps, log, stops),
 * train_group.c (the optimiser's part of a graph, averages), checkpoint.c (the state on disk). */
#include "tensor/graph.h"
#include "tensor/train.h"
#include "tensor/train_adversarial.h"

/* What a run remembers from step to step beside its tensors. */
typedef struct dio_train_state {
    int64_t step;
    double best;
    int64_t best_step;
    int stale; /* validations since the best */
} dio_train_state;

typedef struct dio_train_group {
    const char *prefix; /* before the names in files: "", "generator." */
    const dio_train_weight *weights;
    int n;
    const dio_train_options *o;             /* its rate, moments, clipping and average */
    const dio_adversarial_running *running; /* those that no gradient moves, while building */
    int n_running;
    dio_plan *plan;               /* the one that moves them */
    dio_val *w, *m, *v, *average; /* by weight, numbers in the plan's graph */
    float **host_w;               /* copies aside while averages stand in their place */
} dio_train_group;

/* What one step came to. */
typedef struct dio_train_figures {
    double loss, norm, lr;
    double extra[DIO_TRAIN_EXTRAS]; /* by run.extras */
} dio_train_figures;

typedef struct dio_train_run dio_train_run;
struct dio_train_run {
    const void *task; /* of the kind of run that step and validate are for */
    const char *identity, *item_name;
    int64_t items;
    const dio_train_options *o;
    dio_device *device;
    const char *dir;
    dio_train_group *groups;
    int n_groups;
    dio_plan *eval;
    double flops;              /* of a step */
    bool keeps_best;           /* best.safetensors is what a run is for; else the latest is */
    const char *const *extras; /* names of the extra figures, NULL-terminated; or NULL */
    bool (*step)(dio_train_run *r, dio_train_figures *f, dio_error *err);
    /* The loss that a validation comes to. */
    bool (*validate)(dio_train_run *r, double *loss, dio_error *err);
    dio_train_state state;
};

/* --- train_group.c --- */

bool dio_train_group_init(dio_train_group *g, dio_error *err);
void dio_train_group_deinit(dio_train_group *g);
/* The group's weights as values of a graph that is to move them. */
void dio_train_params(dio_train_group *t, dio_graph *g, dio_val *w);
/* Appends gradients of the loss, clipping, and the update of every weight. out[0] becomes the loss,
 * out[1] the gradient's length, then what keeps the updates alive: room for 2 + 2 n. Returns how
 * many. With `main`, the numbers are kept as the group's own. */
int dio_train_updates(dio_train_group *t, dio_graph *g, dio_val loss, const dio_val *w, bool main,
                      dio_val *out);
/* Sets the optimiser's numbers of update `t` (0, 1, ...) of step `step`; *lr is the rate. */
bool dio_train_numbers(const dio_train_group *t, dio_plan *plan, int64_t step, int64_t update,
                       double *lr, dio_error *err);
/* Averages start as the weights themselves. */
bool dio_train_average_start(dio_train_group *t, dio_error *err);
/* Puts the averages in the weights' place, or (back) the weights that were set aside. */
bool dio_train_average_swap(dio_train_group *t, bool back, dio_error *err);
/* The weights as they stand on the device, into the caller's tensors. */
bool dio_train_fetch(dio_train_group *t, dio_error *err);
/* Learning rate of a step. */
double dio_train_rate(const dio_train_options *o, int64_t step);

/* --- train_step.c: the one plan and the validation of dio_train --- */

bool dio_train_plans(dio_train_run *r, dio_error *err);
bool dio_train_step(dio_train_run *r, dio_train_figures *f, dio_error *err);
/* The mean loss over the validation batches, with the averaged weights when there are any. */
bool dio_train_validate(dio_train_run *r, double *loss, dio_error *err);

/* --- train_loop.c --- */

/* A folder, and in it what another run left or what this one goes on from. Plans exist by now. */
bool dio_train_begin(dio_train_run *r, bool resume, dio_error *err);
bool dio_train_loop(dio_train_run *r, const volatile sig_atomic_t *cancel,
                    dio_train_report_fn *report, void *user, dio_train_result *result,
                    dio_error *err);

/* --- checkpoint.c --- */

bool dio_train_checkpoint(dio_train_run *r, dio_error *err);
/* False without an error when there is no checkpoint. */
bool dio_train_restore(dio_train_run *r, bool *found, dio_error *err);
/* best.safetensors: written, and read back into the task's weights. */
bool dio_train_save_best(dio_train_run *r, dio_error *err);
bool dio_train_load_best(dio_train_run *r, dio_error *err);
/* Drops lines of loss.csv after the restored step, so that a resumed log reads as one. */
bool dio_train_trim_log(dio_train_run *r, dio_error *err);
