#pragma once
/* train.h: the training loop, for any model and any loss.
 *
 * A task says what is trained: its weights, the graph of its loss, and how to fill one step's
 * inputs. The loop does the rest: one plan that holds forward, backward, clipping, AdamW and the
 * moving average; warmup and cosine; validation with early stopping; checkpoints that resume bit
 * for bit; a CSV line for every logged step.
 *
 * In the run's folder: checkpoint.safetensors (weights, moments, averages, counters),
 * best.safetensors (the weights that validated best, averaged when there is an average), loss.csv.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/field.h"
#include "tensor/device.h"
#include "tensor/plan.h"

typedef struct dio_train_options {
    int steps, warmup;
    double lr, min_lr; /* cosine from lr to lr * min_lr */
    double weight_decay, beta1, beta2, eps, clip;
    double ema;
    int log_every, eval_every, eval_batches, checkpoint_every, patience;
} dio_train_options;

extern const dio_field dio_train_fields[];

typedef struct dio_train_weight {
    const char *name;
    dio_tensor *tensor; /* f32, in memory of its own; changed by training */
    bool decay;
} dio_train_weight;

typedef struct dio_train_task {
    void *user;
    const dio_train_weight *weights;
    int n_weights;
    int64_t items;         /* per step (tokens, pixels, samples): for rates */
    const char *item_name; /* "tokens" */
    const char *identity;  /* a checkpoint of another identity is not resumed: recipe's hash */
    /* Appends the loss, a scalar, to g. */
    dio_val (*loss)(void *user, dio_graph *g, bool training);
    /* Sets the inputs of step 0, 1, ... of training, or of validation batch 0, 1, ... It depends
     * on (seed, step) alone, never on what was asked before. */
    bool (*fill)(void *user, dio_plan *p, int64_t step, bool training, dio_error *err);
} dio_train_task;

enum { DIO_TRAIN_EXTRAS = 8 };

typedef struct dio_train_progress {
    int64_t step, steps;
    double loss;       /* mean since the last report */
    double validation; /* the latest; NaN before the first */
    double best;
    double lr, norm; /* gradient's length before clipping */
    double items_per_second, flops_per_second, seconds_left;
    bool evaluated;            /* this report is about a fresh validation */
    const char *item_name;     /* the task's */
    const char *const *extras; /* names of what else is measured, and the means since the last */
    double extra[DIO_TRAIN_EXTRAS];
    int n_extras;
} dio_train_progress;

typedef struct dio_train_result {
    int64_t steps; /* made in all */
    double best;   /* validation loss of best.safetensors */
    int64_t best_step;
    bool stopped_early, cancelled;
} dio_train_result;

typedef void dio_train_report_fn(void *user, const dio_train_progress *p);

/* Whether `dir` holds a checkpoint to go on from, and whether a run has begun to write there. */
bool dio_train_has_checkpoint(const char *dir);
bool dio_train_has_begun(const char *dir);
/* A folder with a checkpoint is refused without `resume`. */
bool dio_train_may_begin(const char *dir, bool resume, dio_error *err);

/* Trains in `dir`. With `resume`, goes on from its checkpoint when there is one; without, a folder
 * that holds a checkpoint is refused. A non-zero *cancel ends after the running step with a
 * checkpoint written. At the end the task's weights hold the best ones. */
bool dio_train(const dio_train_task *task, const dio_train_options *options, dio_device *device,
               const char *dir, bool resume, const volatile sig_atomic_t *cancel,
               dio_train_report_fn *report, void *user, dio_train_result *result, dio_error *err);
