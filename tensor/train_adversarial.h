#pragma once
/* train_adversarial.h: two networks that learn from each other (Goodfellow et al. 2014,
 * arXiv:1406.2661): a generator that makes samples, a discriminator that scores how real they are.
 *
 * A step moves the discriminator's weights `critic_steps` times and then the generator's once; each
 * has its own plan, rate and moments. What is learned from is the task's affair: it appends both
 * networks to a graph and fills inputs. The loop, the average of the generator's weights, the log,
 * checkpoints that resume bit for bit and cancelling are those of train.h.
 *
 * Losses, with r and f the scores of real and of made samples:
 *   nonsaturating   D: softplus(-r) + softplus(f)      G: softplus(-f)
 *   hinge           D: relu(1 - r) + relu(1 + f)       G: -f            (arXiv:1705.02894)
 *   relativistic    D: softplus(f - r)                 G: softplus(r - f), paired in the batch
 *                                                                       (arXiv:1807.00734)
 * R1 (arXiv:1801.04406) adds r1 / 2 times the squared gradient of r with respect to the real
 * sample, R2 the same for made ones; with penalty_every = k they are taken in every k-th update, k
 * times as strong (arXiv:1912.04958). The discriminator's operators then need second derivatives.
 */
#include "tensor/train.h"

enum dio_adversarial_loss { DIO_NONSATURATING, DIO_HINGE, DIO_RELATIVISTIC };

/* Of one network. */
typedef struct dio_adversarial_rates {
    double lr, beta1, beta2, eps, weight_decay, clip;
} dio_adversarial_rates;

typedef struct dio_adversarial_options {
    int steps, warmup;
    double min_lr;
    int loss; /* enum dio_adversarial_loss */
    double r1, r2;
    int penalty_every, critic_steps;
    double ema, match;
    int alone; /* first steps in which the generator learns the match alone, at half the cost */
    int log_every, eval_every, eval_batches, checkpoint_every;
    dio_adversarial_rates generator, discriminator; /* subtrees of their own */
} dio_adversarial_options;

extern const dio_field dio_adversarial_fields[];      /* all but the two subtrees */
extern const dio_field dio_adversarial_rate_fields[]; /* one subtree */

/* Which plan a graph or a batch is for. */
typedef enum dio_adversarial_part {
    DIO_PART_DISCRIMINATOR,
    DIO_PART_GENERATOR,
    DIO_PART_VALIDATION,
} dio_adversarial_part;

/* A weight that no gradient moves is to become this value: a batch norm's running statistics. */
typedef struct dio_adversarial_running {
    dio_tensor *weight;
    dio_val value;
} dio_adversarial_running;

typedef struct dio_adversarial_task {
    void *user;
    const dio_train_weight *generator, *discriminator;
    int n_generator, n_discriminator;
    int64_t items; /* real samples in an update */
    const char *item_name, *identity;
    /* Makes the inputs of a plan; the calls below are about that graph until the next. */
    void (*inputs)(void *user, dio_graph *g, dio_adversarial_part part);
    /* Samples [B,...], an input: for the discriminator. */
    dio_val (*real)(void *user, dio_graph *g);
    dio_val (*fake)(void *user, dio_graph *g); /* as many made ones */
    /* Scores [B] or [B,...]. */
    dio_val (*score)(void *user, dio_graph *g, dio_val samples);
    /* A distance of the made samples from those that they should equal, a scalar that the generator
     * keeps small, `match` times; validation reports it. NULL: there is none. */
    dio_val (*match)(void *user, dio_graph *g, dio_val fake);
    /* What `fake` appended that is to be kept; NULL: nothing. */
    const dio_adversarial_running *(*running)(void *user, int *count);
    /* Sets the inputs of update 0, 1, ... of a part. Depends on (part, index) alone. */
    bool (*fill)(void *user, dio_plan *p, dio_adversarial_part part, int64_t index, dio_error *err);
    /* At every validation, while the generator's averages stand in its weights' place on the
     * device: a chance to draw samples. NULL: none. */
    bool (*look)(void *user, int64_t step, dio_error *err);
} dio_adversarial_task;

/* As dio_train. At the end the task's weights hold the generator's averages and the latest
 * discriminator. result->best is the latest validation. */
bool dio_train_adversarial(const dio_adversarial_task *task, const dio_adversarial_options *options,
                           dio_device *device, const char *dir, bool resume,
                           const volatile sig_atomic_t *cancel, dio_train_report_fn *report,
                           void *user, dio_train_result *result, dio_error *err);
