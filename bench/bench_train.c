/* bench_train.c: training steps of the house copywriter: the recipe's model, batch and optimiser
 * through dio_train, on random ids (a step takes the same time whatever it reads).
 *
 * Counted are six operations for every number of the linear layers (the tied output layer once)
 * and token, and twelve for every number of the heads' width and pair of a query with a key that
 * it sees: the forward products and their two gradients. What an implementation computes twice,
 * and all that is no product, counts nothing. */
#include "base/assets.h"
#include "base/file.h"
#include "base/rng.h"
#include "bench/bench.h"
#include "bench/scratch.h"
#include "tensor/ops.h"
#include "tensor/train.h"
#include "text/lm.h"

enum { WARM = 2 /* steps before the clock counts */, LEAST = 6 };

struct job {
    dio_lm *lm;
    dio_train_weight *weights;
    int n_weights, batch, length, vocab;
    int32_t *ids, *targets;
    double start, limit, best; /* seconds; of one step */
    volatile sig_atomic_t stop;
    const dio_bench_run *run;
};

static int64_t number(const dio_value *map, const char *key, int64_t otherwise)
{
    const dio_value *v = dio_map_get(map, key);
    return v && v->kind == DIO_INT ? v->integer : otherwise;
}

static dio_value *read_recipe(dio_arena *a, dio_error *err)
{
    const char *dir = dio_assets_dir(a, err);
    return dir ? dio_value_read(a, dio_path_join(a, dir, "recipes/copywriter.yaml"), 1 << 20, err)
               : NULL;
}

static bool open_model(struct job *j, dio_bench_run *r, dio_error *err)
{
    dio_arena *a = r->arena;
    dio_value *recipe = read_recipe(a, err);
    if (!recipe)
        return false;
    dio_value *config = dio_map_get(recipe, "model");
    j->vocab = (int)number(dio_map_get(recipe, "tokenizer"), "vocab_size", 0);
    j->batch = r->tiny ? 1 : (int)number(recipe, "batch", 0);
    j->length = r->tiny ? 16 : (int)number(recipe, "sequence", 0);
    if (!config || j->vocab < 1 || j->batch < 1 || j->length < 1)
        return dio_value_fail(recipe, err, "the recipe lacks a model, its vocabulary or its batch");
    dio_map_set(a, config, "vocab_size", dio_value_int(a, j->vocab));
    if (r->tiny)
        dio_map_set(a, config, "num_hidden_layers", dio_value_int(a, 1));
    j->lm = dio_lm_create(config, 1, DIO_F32, err);
    if (!j->lm)
        return false;
    const dio_walk *w = &j->lm->net.walk;
    j->weights = dio_arena_try(a, (size_t)(w->count + 1) * sizeof *j->weights);
    size_t ids = (size_t)j->batch * (size_t)j->length * sizeof *j->ids;
    j->ids = dio_arena_try(a, ids);
    j->targets = dio_arena_try(a, ids);
    if (!j->weights || !j->ids || !j->targets)
        return dio_fail_memory(err, "a training step");
    for (int i = 0; i < w->count; i++)
        j->weights[j->n_weights++] = (dio_train_weight){w->items[i].name, *w->items[i].slot,
                                                        !(w->items[i].flags & DIO_WEIGHT_NO_DECAY)};
    return true;
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    struct job *j = user;
    (void)training;
    dio_type t = dio_type_2d(DIO_I32, j->batch, j->length);
    dio_lm_io io = {.ids = dio_input(g, "ids", t), .start = DIO_NONE, .seed = DIO_NONE};
    return dio_lm_loss(g, j->lm, &io, dio_input(g, "targets", t), 0);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    struct job *j = user;
    size_t n = (size_t)j->batch * (size_t)j->length;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)step * n + i;
        j->ids[i] = (int32_t)dio_below(1, training, at, (uint32_t)j->vocab);
        j->targets[i] = (int32_t)dio_below(2, training, at, (uint32_t)j->vocab);
    }
    return dio_plan_set(p, "ids", j->ids, n * sizeof *j->ids, err) &&
           dio_plan_set(p, "targets", j->targets, n * sizeof *j->targets, err);
}

static void watch(void *user, const dio_train_progress *p)
{
    struct job *j = user;
    double seconds = j->batch * j->length / p->items_per_second;
    dio_error cancelled = {0};
    if (!dio_bench_goes_on(j->run, &cancelled))
        j->stop = 1;
    if (p->step <= WARM)
        return;
    j->best = j->best == 0 || seconds < j->best ? seconds : j->best;
    if (p->step >= LEAST && dio_bench_now() - j->start > j->limit)
        j->stop = 1;
}

static bool is_matrix(const dio_type *t)
{
    return t->nd == 2;
}

static double step_flops(const struct job *j)
{
    const dio_value *c = j->lm->net.config;
    double linear = 0, tokens = (double)j->batch * j->length;
    for (int i = 0; i < j->lm->net.walk.count; i++)
        if (is_matrix(&j->lm->net.walk.items[i].type))
            linear += (double)dio_type_count(&j->lm->net.walk.items[i].type);
    double heads = (double)number(c, "num_attention_heads", 0) * (double)number(c, "head_dim", 0);
    double pairs = tokens * (j->length + 1) / 2;
    return 6 * linear * tokens + 12 * heads * pairs * j->lm->shape.layers;
}

static bool steps(struct job *j, dio_bench_run *r, const char *dir, dio_error *err)
{
    dio_train_result result;
    dio_train_options o = {.steps = 1000000,
                           .warmup = 100,
                           .lr = 1e-4,
                           .min_lr = 0.1,
                           .weight_decay = 0.05,
                           .beta1 = 0.9,
                           .beta2 = 0.95,
                           .eps = 1e-8,
                           .clip = 1,
                           .ema = 0.997,
                           .log_every = 1,
                           .eval_every = 1000000,
                           .eval_batches = 1,
                           .checkpoint_every = 1000000};
    dio_train_task task = {.user = j,
                           .weights = j->weights,
                           .n_weights = j->n_weights,
                           .items = (int64_t)j->batch * j->length,
                           .item_name = "tokens",
                           .identity = "bench",
                           .loss = loss,
                           .fill = fill};
    j->start = dio_bench_now();
    j->limit = 6 * r->seconds;
    return dio_train(&task, &o, r->device, dir, false, &j->stop, watch, j, &result, err);
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    struct job j = {.run = r};
    (void)b;
    const char *dir = dio_scratch_make(r->arena, err);
    bool ok = dir && open_model(&j, r, err) && steps(&j, r, dir, err) && dio_bench_goes_on(r, err);
    if (ok) {
        *value = j.batch * j.length / j.best;
        *reached = step_flops(&j) / j.best / 1e9;
    }
    dio_lm_close(j.lm);
    dio_scratch_remove(dir);
    return ok;
}

DIO_FIGURE(text_train, "text.train.copywriter",
           "a training step of the copywriter as its recipe has it", "tok/s", DIO_PEAK_FMA, run,
           NULL)
