/* train_adversarial.c: the plans of two networks that learn from each other, and their turns. */
#include "tensor/train_adversarial.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/ops.h"
#include "tensor/train_impl.h"

static const char *const losses[] = {"nonsaturating", "hinge", "relativistic", NULL};

typedef dio_adversarial_options ao;
const dio_field dio_adversarial_fields[] = {
    DIO_FIELD(ao, steps, NULL, 1, 1e9, "updates of the generator in all"),
    DIO_FIELD(ao, warmup, "0", 0, 1e9, "steps over which the learning rates rise from 0"),
    DIO_FIELD(ao, min_lr, "1", 0, 1, "share of the rates that the cosine ends at; 1: constant"),
    DIO_FIELD_WORDS(ao, loss, "nonsaturating", losses, "nonsaturating, hinge or relativistic"),
    DIO_FIELD(ao, r1, "1", 0, 1e6, "penalty on the score's gradient at real samples; 0: none"),
    DIO_FIELD(ao, r2, "0", 0, 1e6, "the same at made samples"),
    DIO_FIELD(ao, penalty_every, "16", 1, 1e6, "updates of the discriminator between penalties"),
    DIO_FIELD(ao, critic_steps, "1", 1, 100, "updates of the discriminator in a step"),
    DIO_FIELD(ao, ema, "0.999", 0, 0.999999, "decay of the generator's averaged weights; 0: none"),
    DIO_FIELD(ao, match, "0", 0, 1e6,
              "weight of the distance from the very sample, where the source knows its noise"),
    DIO_FIELD(ao, alone, "0", 0, 1e9,
              "first steps without the critic: the generator learns the match alone"),
    DIO_FIELD(ao, log_every, "10", 1, 1e9, "steps between lines of loss.csv"),
    DIO_FIELD(ao, eval_every, "250", 1, 1e9, "steps between validations and sheets of samples"),
    DIO_FIELD(ao, eval_batches, "4", 1, 1e6, "batches of a validation"),
    DIO_FIELD(ao, checkpoint_every, "250", 1, 1e9, "steps between checkpoints"),
    {0},
};

typedef dio_adversarial_rates ar;
const dio_field dio_adversarial_rate_fields[] = {
    DIO_FIELD(ar, lr, "0.001", 0, 10, "learning rate"),
    DIO_FIELD(ar, beta1, "0", 0, 0.99999, "AdamW's first moment"),
    DIO_FIELD(ar, beta2, "0.99", 0, 0.999999, "AdamW's second moment"),
    DIO_FIELD(ar, eps, "1e-8", 1e-16, 1, "AdamW's epsilon"),
    DIO_FIELD(ar, weight_decay, "0", 0, 1, "AdamW's decay; norms and biases have none"),
    DIO_FIELD(ar, clip, "0", 0, 1e9, "gradients longer than this are scaled down; 0: never"),
    {0},
};

enum { GENERATOR, DISCRIMINATOR, GROUPS };
enum { LOSS_D, PENALTY, REAL, FAKE, MATCH };
static const char *const extras[] = {"discriminator", "penalty", "real", "fake", "match", NULL};

/* Outputs of the plans before those that keep updates alive begin with the loss and the gradient's
 * length (dio_train_updates); these come behind all of them. */
enum { MORE = 3 };

struct adversary {
    dio_train_run run; /* first: steps and validations get back to the rest by it */
    const dio_adversarial_task *task;
    const dio_adversarial_options *o;
    dio_train_group groups[GROUPS];
    dio_train_options rates[GROUPS];
    dio_plan *penalised; /* the discriminator's update with penalties; NULL: never, or always */
    dio_plan *matching;  /* the generator's update without the critic; NULL: none are to be made */
    int more[GROUPS];    /* where the MORE outputs begin */
    double penalty, match; /* the latest */
};

/* --- graphs --- */

static dio_val mean_of(dio_graph *g, dio_val v)
{
    return dio_mean(g, v, (1u << dio_type_of(g, v).nd) - 1, false);
}

static dio_val loss_d(dio_graph *g, int loss, dio_val r, dio_val f)
{
    if (loss == DIO_HINGE)
        return dio_add(g, mean_of(g, dio_relu(g, dio_axpb(g, r, -1, 1))),
                       mean_of(g, dio_relu(g, dio_axpb(g, f, 1, 1))));
    if (loss == DIO_RELATIVISTIC)
        return mean_of(g, dio_softplus(g, dio_sub(g, f, r)));
    return dio_add(g, mean_of(g, dio_softplus(g, dio_neg(g, r))), mean_of(g, dio_softplus(g, f)));
}

static dio_val loss_g(dio_graph *g, int loss, dio_val r, dio_val f)
{
    if (loss == DIO_HINGE)
        return dio_neg(g, mean_of(g, f));
    if (loss == DIO_RELATIVISTIC)
        return mean_of(g, dio_softplus(g, dio_sub(g, r, f)));
    return mean_of(g, dio_softplus(g, dio_neg(g, f)));
}

/* The squared length of the score's gradient at the samples, mean over the batch. */
static dio_val penalty(dio_graph *g, dio_val score, dio_val samples)
{
    dio_val grad;
    dio_type t = dio_type_of(g, score);
    dio_backward(g, dio_sum(g, score, (1u << t.nd) - 1, false), &samples, 1, &grad);
    if (grad == DIO_NONE)
        return dio_graph_fail(g, "the score does not depend on the samples");
    dio_type s = dio_type_of(g, samples);
    dio_val sum = dio_sum(g, dio_square(g, grad), (1u << s.nd) - 1, false);
    return dio_axpb(g, sum, s.dim[0] > 0 ? 1.0f / (float)s.dim[0] : 1, 0);
}

/* Appends the discriminator's loss; more[0..2]: penalty (or nothing), mean scores. */
static dio_val discriminate(struct adversary *a, dio_graph *g, bool penalised, dio_val *more)
{
    const dio_adversarial_task *task = a->task;
    task->inputs(task->user, g, DIO_PART_DISCRIMINATOR);
    dio_val real = task->real(task->user, g), fake = task->fake(task->user, g);
    dio_val r = task->score(task->user, g, real), f = task->score(task->user, g, fake);
    dio_val loss = loss_d(g, a->o->loss, r, f), sum = DIO_NONE;
    float times = (float)a->o->penalty_every / 2;
    if (penalised && a->o->r1 > 0)
        sum = dio_axpb(g, penalty(g, r, real), (float)a->o->r1 * times, 0);
    if (penalised && a->o->r2 > 0) {
        dio_val r2 = dio_axpb(g, penalty(g, f, fake), (float)a->o->r2 * times, 0);
        sum = sum == DIO_NONE ? r2 : dio_add(g, sum, r2);
    }
    more[0] = sum == DIO_NONE ? dio_scalar(g, 0) : sum;
    more[1] = mean_of(g, r);
    more[2] = mean_of(g, f);
    return sum == DIO_NONE ? loss : dio_add(g, loss, sum);
}

/* Appends the generator's loss; more[0]: the adversarial part, more[1]: the distance. */
static dio_val generate(struct adversary *a, dio_graph *g, bool matching, dio_val *more)
{
    const dio_adversarial_task *task = a->task;
    task->inputs(task->user, g, DIO_PART_GENERATOR);
    dio_val fake = task->fake(task->user, g), r = DIO_NONE, loss = dio_scalar(g, 0);
    more[0] = more[1] = more[2] = loss;
    if (!matching) {
        if (a->o->loss == DIO_RELATIVISTIC)
            r = task->score(task->user, g, task->real(task->user, g));
        more[0] = loss = loss_g(g, a->o->loss, r, task->score(task->user, g, fake));
    }
    if (task->match && a->o->match > 0) {
        more[1] = task->match(task->user, g, fake);
        loss = dio_add(g, loss, dio_axpb(g, more[1], (float)a->o->match, 0));
    }
    return loss;
}

/* `special`: the discriminator's with penalties, the generator's without the critic. `main`: the
 * plan that holds the group's states. */
static dio_plan *make_plan(struct adversary *a, int which, bool special, bool main, dio_error *err)
{
    dio_train_group *t = &a->groups[which];
    dio_graph *g = dio_graph_create();
    dio_val *w = calloc((size_t)t->n + 1, sizeof *w), more[MORE];
    dio_val *out = calloc(2 * (size_t)t->n + 2 + MORE, sizeof *out);
    dio_plan *plan = NULL;
    if (!g || !w || !out) {
        dio_fail_memory(err, "a training graph");
        goto done;
    }
    dio_train_params(t, g, w);
    dio_val loss =
        which == GENERATOR ? generate(a, g, special, more) : discriminate(a, g, special, more);
    t->n_running = 0;
    if (which == GENERATOR && a->task->running)
        t->running = a->task->running(a->task->user, &t->n_running);
    int n = dio_train_updates(t, g, loss, w, main, out);
    a->more[which] = n;
    for (int i = 0; i < MORE; i++)
        out[n + i] = more[i];
    dio_plan_options options = {.train = true};
    plan = dio_plan_create(g, out, n + MORE, false, a->run.device, &options, err);
done:
    free(w);
    free(out);
    dio_graph_destroy(g);
    return plan;
}

static dio_plan *make_validation(struct adversary *a, dio_error *err)
{
    const dio_adversarial_task *task = a->task;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a validation graph");
        return NULL;
    }
    task->inputs(task->user, g, DIO_PART_VALIDATION);
    dio_val distance = task->match(task->user, g, task->fake(task->user, g));
    dio_plan_options options = {.train = true};
    dio_plan *plan = dio_plan_create(g, &distance, 1, false, a->run.device, &options, err);
    dio_graph_destroy(g);
    return plan;
}

static double flops_of(const dio_plan *plan)
{
    dio_plan_report report;
    dio_plan_report_get(plan, &report);
    return report.flops;
}

static bool make_plans(struct adversary *a, dio_error *err)
{
    bool wants = a->o->r1 > 0 || a->o->r2 > 0;
    int every = a->o->penalty_every;
    dio_train_group *g = &a->groups[GENERATOR], *d = &a->groups[DISCRIMINATOR];
    if (!(d->plan = make_plan(a, DISCRIMINATOR, wants && every == 1, true, err)) ||
        !(g->plan = make_plan(a, GENERATOR, false, true, err)))
        return false;
    if (wants && every > 1 &&
        (!(a->penalised = make_plan(a, DISCRIMINATOR, true, false, err)) ||
         !dio_plan_share_state(a->penalised, d->plan, err)))
        return false;
    if (a->o->alone > 0 && (!(a->matching = make_plan(a, GENERATOR, true, false, err)) ||
                            !dio_plan_share_state(a->matching, g->plan, err)))
        return false;
    if (a->task->match && !(a->run.eval = make_validation(a, err)))
        return false;
    double sometimes = a->penalised ? flops_of(a->penalised) / every : 0;
    double usually = flops_of(d->plan) * (a->penalised ? (double)(every - 1) / every : 1);
    a->run.flops = flops_of(g->plan) + a->o->critic_steps * (usually + sometimes);
    return dio_train_average_start(g, err);
}

/* --- turns --- */

static double output(dio_plan *p, int i)
{
    return *(const float *)dio_plan_output(p, i, NULL);
}

static bool is_sane(const struct adversary *a, const char *who, double loss, double norm,
                    dio_error *err)
{
    return (isfinite(loss) && isfinite(norm)) ||
           dio_fail(err,
                    "step %lld: the %s's loss is %g and its gradient's length %g: use a lower "
                    "learning rate or a stronger r1",
                    (long long)a->run.state.step, who, loss, norm);
}

static bool move_discriminator(struct adversary *a, int64_t update, dio_train_figures *f,
                               dio_error *err)
{
    const dio_adversarial_task *task = a->task;
    const dio_train_group *t = &a->groups[DISCRIMINATOR];
    bool penalised = a->penalised && update % a->o->penalty_every == 0;
    dio_plan *p = penalised ? a->penalised : t->plan;
    int at = a->more[DISCRIMINATOR];
    double lr;
    if (!dio_train_numbers(t, p, a->run.state.step, update, &lr, err) ||
        !task->fill(task->user, p, DIO_PART_DISCRIMINATOR, update, err) || !dio_plan_run(p, err))
        return false;
    double loss = output(p, 0);
    if (!is_sane(a, "discriminator", loss, output(p, 1), err))
        return false;
    if (penalised || a->o->penalty_every == 1)
        a->penalty = output(p, at);
    f->extra[LOSS_D] += (loss - output(p, at)) / a->o->critic_steps;
    f->extra[REAL] += output(p, at + 1) / a->o->critic_steps;
    f->extra[FAKE] += output(p, at + 2) / a->o->critic_steps;
    return true;
}

static bool step(dio_train_run *r, dio_train_figures *f, dio_error *err)
{
    struct adversary *a = (struct adversary *)r;
    const dio_adversarial_task *task = a->task;
    const dio_train_group *t = &a->groups[GENERATOR];
    bool alone = r->state.step < a->o->alone;
    dio_plan *p = alone ? a->matching : t->plan;
    for (int i = 0; i < a->o->critic_steps && !alone; i++)
        if (!move_discriminator(a, (r->state.step - a->o->alone) * a->o->critic_steps + i, f, err))
            return false;
    if (!dio_train_numbers(t, p, r->state.step, r->state.step, &f->lr, err) ||
        !task->fill(task->user, p, DIO_PART_GENERATOR, r->state.step, err) || !dio_plan_run(p, err))
        return false;
    f->loss = output(p, a->more[GENERATOR]);
    f->norm = output(p, 1);
    f->extra[PENALTY] = a->penalty;
    f->extra[MATCH] = output(p, a->more[GENERATOR] + 1);
    if (!is_sane(a, "generator", output(p, 0), f->norm, err))
        return false;
    r->state.step++;
    return true;
}

static bool validate(dio_train_run *r, double *loss, dio_error *err)
{
    struct adversary *a = (struct adversary *)r;
    const dio_adversarial_task *task = a->task;
    double sum = 0;
    if (!dio_train_average_swap(&a->groups[GENERATOR], false, err))
        return false;
    for (int i = 0; r->eval && i < r->o->eval_batches; i++) {
        if (!task->fill(task->user, r->eval, DIO_PART_VALIDATION, i, err) ||
            !dio_plan_run(r->eval, err))
            return false;
        sum += output(r->eval, 0);
    }
    *loss = r->eval ? sum / r->o->eval_batches : NAN;
    r->state.best = *loss; /* the latest: a generator's weights have no best */
    r->state.best_step = r->state.step;
    if (task->look && !task->look(task->user, r->state.step, err))
        return false;
    return dio_train_average_swap(&a->groups[GENERATOR], true, err);
}

/* --- the run --- */

static dio_train_options rates_of(const dio_adversarial_options *o, const dio_adversarial_rates *r,
                                  double ema)
{
    return (dio_train_options){
        .steps = o->steps,
        .warmup = o->warmup,
        .lr = r->lr,
        .min_lr = o->min_lr,
        .weight_decay = r->weight_decay,
        .beta1 = r->beta1,
        .beta2 = r->beta2,
        .eps = r->eps,
        .clip = r->clip,
        .ema = ema,
        .log_every = o->log_every,
        .eval_every = o->eval_every,
        .eval_batches = o->eval_batches,
        .checkpoint_every = o->checkpoint_every,
    };
}

static bool finish(struct adversary *a, dio_error *err)
{
    return dio_train_average_swap(&a->groups[GENERATOR], false, err) &&
           dio_train_fetch(&a->groups[GENERATOR], err) &&
           dio_train_fetch(&a->groups[DISCRIMINATOR], err);
}

bool dio_train_adversarial(const dio_adversarial_task *task, const dio_adversarial_options *options,
                           dio_device *device, const char *dir, bool resume,
                           const volatile sig_atomic_t *cancel, dio_train_report_fn *report,
                           void *user, dio_train_result *result, dio_error *err)
{
    struct adversary a = {
        .task = task,
        .o = options,
        .rates = {rates_of(options, &options->generator, options->ema),
                  rates_of(options, &options->discriminator, 0)},
        .groups = {{.prefix = "generator.", .weights = task->generator, .n = task->n_generator},
                   {.prefix = "discriminator.",
                    .weights = task->discriminator,
                    .n = task->n_discriminator}},
    };
    a.groups[GENERATOR].o = &a.rates[GENERATOR];
    a.groups[DISCRIMINATOR].o = &a.rates[DISCRIMINATOR];
    a.run = (dio_train_run){
        .task = task,
        .identity = task->identity,
        .item_name = task->item_name,
        .items = task->items * options->critic_steps,
        .o = &a.rates[GENERATOR],
        .device = device,
        .dir = dir,
        .groups = a.groups,
        .n_groups = GROUPS,
        .extras = extras,
        .step = step,
        .validate = validate,
        .state = {.best = INFINITY},
    };
    *result = (dio_train_result){0};
    bool ok = dio_train_may_begin(dir, resume, err) &&
              dio_train_group_init(&a.groups[GENERATOR], err) &&
              dio_train_group_init(&a.groups[DISCRIMINATOR], err) && make_plans(&a, err) &&
              dio_train_begin(&a.run, resume, err) &&
              dio_train_loop(&a.run, cancel, report, user, result, err);
    if (ok && !result->cancelled)
        ok = finish(&a, err);
    dio_plan_destroy(a.run.eval);
    dio_plan_destroy(a.penalised);
    dio_plan_destroy(a.matching);
    dio_train_group_deinit(&a.groups[DISCRIMINATOR]);
    dio_train_group_deinit(&a.groups[GENERATOR]);
    return ok;
}
