/* train.c: a run of one loss: what its recipe may say, and its parts put together. */
#include "tensor/train.h"

#include <math.h>

#include "tensor/train_impl.h"

typedef dio_train_options o; /* the lines below stay short */
const dio_field dio_train_fields[] = {
    DIO_FIELD(o, steps, NULL, 1, 1e9, "optimiser steps in all"),
    DIO_FIELD(o, warmup, "100", 0, 1e9, "steps over which the learning rate rises from 0"),
    DIO_FIELD(o, lr, "0.001", 1e-9, 10, "learning rate after warmup"),
    DIO_FIELD(o, min_lr, "0.1", 0, 1, "share of lr that the cosine ends at"),
    DIO_FIELD(o, weight_decay, "0.1", 0, 1, "AdamW's decay; norms and biases have none"),
    DIO_FIELD(o, beta1, "0.9", 0, 0.99999, "AdamW's first moment"),
    DIO_FIELD(o, beta2, "0.95", 0, 0.999999, "AdamW's second moment"),
    DIO_FIELD(o, eps, "1e-8", 1e-16, 1, "AdamW's epsilon"),
    DIO_FIELD(o, clip, "1.0", 0, 1e9, "gradients longer than this are scaled down; 0: never"),
    DIO_FIELD(o, ema, "0", 0, 0.999999, "decay of averaged weights; 0: none are kept"),
    DIO_FIELD(o, log_every, "10", 1, 1e9, "steps between lines of loss.csv"),
    DIO_FIELD(o, eval_every, "250", 1, 1e9, "steps between validations"),
    DIO_FIELD(o, eval_batches, "8", 1, 1e6, "batches of a validation"),
    DIO_FIELD(o, checkpoint_every, "250", 1, 1e9, "steps between checkpoints"),
    DIO_FIELD(o, patience, "0", 0, 1e6,
              "validations without a better one before stopping; 0: never"),
    {0},
};

bool dio_train(const dio_train_task *task, const dio_train_options *options, dio_device *device,
               const char *dir, bool resume, const volatile sig_atomic_t *cancel,
               dio_train_report_fn *report, void *user, dio_train_result *result, dio_error *err)
{
    dio_train_group group = {
        .prefix = "", .weights = task->weights, .n = task->n_weights, .o = options};
    dio_train_run r = {
        .task = task,
        .identity = task->identity,
        .item_name = task->item_name,
        .items = task->items,
        .o = options,
        .device = device,
        .dir = dir,
        .groups = &group,
        .n_groups = 1,
        .keeps_best = true,
        .step = dio_train_step,
        .validate = dio_train_validate,
        .state = {.best = INFINITY},
    };
    *result = (dio_train_result){0};
    bool ok = dio_train_may_begin(dir, resume, err) && dio_train_group_init(&group, err) &&
              dio_train_plans(&r, err) && dio_train_begin(&r, resume, err) &&
              dio_train_loop(&r, cancel, report, user, result, err);
    if (ok && !result->cancelled)
        ok = dio_train_load_best(&r, err);
    dio_plan_destroy(r.eval);
    dio_train_group_deinit(&group);
    return ok;
}
