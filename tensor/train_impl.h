#pragma once
/* train_impl.h: one run's inside, for train.c (the loop), train_step.c (its plans) and
 * checkpoint.c (its state on disk). */
#include "tensor/graph.h"
#include "tensor/train.h"

/* What a run remembers from step to step beside its tensors. */
typedef struct dio_train_state {
    int64_t step;
    double best;
    int64_t best_step;
    int stale; /* validations since the best */
} dio_train_state;

typedef struct dio_train_run {
    const dio_train_task *task;
    const dio_train_options *o;
    dio_device *device;
    const char *dir;
    dio_plan *train, *eval;
    dio_val *w, *m, *v, *average; /* by weight, numbers in the training graph */
    float **host_w;               /* copies aside while averages are validated */
    dio_train_state state;
} dio_train_run;

/* Makes both plans. */
bool dio_train_plans(dio_train_run *r, dio_error *err);
/* One step: its loss and gradient norm. */
bool dio_train_step(dio_train_run *r, double *loss, double *norm, double *lr, dio_error *err);
/* The mean loss over the validation batches, with the averaged weights when there are any. */
bool dio_train_validate(dio_train_run *r, double *loss, dio_error *err);
/* Learning rate of a step. */
double dio_train_rate(const dio_train_options *o, int64_t step);

bool dio_train_checkpoint(dio_train_run *r, dio_error *err);
/* False without an error when there is no checkpoint. */
bool dio_train_restore(dio_train_run *r, bool *found, dio_error *err);
/* best.safetensors: written, and read back into the task's weights. */
bool dio_train_save_best(dio_train_run *r, dio_error *err);
bool dio_train_load_best(dio_train_run *r, dio_error *err);
/* Drops lines of loss.csv after the restored step, so that a resumed log reads as one. */
bool dio_train_trim_log(dio_train_run *r, dio_error *err);
