/* train_gan.c: kind gan: a generator of pictures that learns against a critic.
 *
 *     version: 1
 *     kind: gan
 *     name: house/sprites
 *     generator: {model_type: conditional-generator, widths: [128, 96, 64, 48, 32]}
 *     discriminator: {model_type: projection-critic, widths: [24, 48, 96, 128, 160]}
 *     data: {kind: sprites}
 *     train: {steps: 8000, loss: nonsaturating, r1: 1, match: 10}
 *
 * A source that knows the noise its pictures were drawn by lets the generator learn from pairs:
 * `match` weighs the distance from the very picture beside the critic's opinion. The run's folder
 * ends up holding a generator that opens as published ones do, and samples/ shows it on the way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "vision/recipe_gan.h"

enum { NOISE = 0x67616e7a };

/* --- batches --- */

static bool make_batch(dio_gan_job *j, dio_error *err)
{
    const dio_gallery_shape *s = &j->gallery.shape;
    size_t rows = (size_t)j->recipe.batch * sizeof(float), z = (size_t)j->generator->shape.z;
    j->batch.pixels =
        dio_arena_try(j->run->a, rows * (size_t)s->channels * (size_t)s->height * (size_t)s->width);
    j->batch.labels = dio_arena_try(j->run->a, rows * (size_t)(s->labels + 1));
    j->batch.noise = dio_arena_try(j->run->a, rows * z);
    j->index = -1;
    return (j->batch.pixels && j->batch.labels && j->batch.noise) ||
           dio_fail_memory(err, "a batch of pictures");
}

bool dio_gan_take(dio_gan_job *j, dio_split split, int64_t index, dio_error *err)
{
    size_t z = (size_t)j->generator->shape.z * (size_t)j->recipe.batch;
    if (j->index == index && j->split == split)
        return true;
    dio_gallery_batch out = j->batch;
    if (!j->gallery.shape.noise) { /* a picture's noise is not known: any will do */
        dio_normal(j->recipe.seed, NOISE + (uint64_t)split, (uint64_t)index * z, out.noise, z);
        out.noise = NULL;
    }
    j->index = -1;
    if (!dio_gallery_fill(&j->gallery, split, index, j->recipe.batch, &out, err))
        return false;
    j->index = index;
    j->split = split;
    return true;
}

/* --- the task --- */

/* The generator learns from made pictures alone unless something holds them to real ones. */
static bool wants_real(const dio_gan_job *j)
{
    const dio_adversarial_options *o = &j->recipe.options;
    return j->part != DIO_PART_GENERATOR || o->loss == DIO_RELATIVISTIC || o->match > 0;
}

static void inputs(void *user, dio_graph *g, dio_adversarial_part part)
{
    dio_gan_job *j = user;
    const dio_gallery_shape *s = &j->gallery.shape;
    int rows = j->recipe.batch;
    j->part = part;
    j->z = dio_input(g, "z", dio_type_2d(DIO_F32, rows, j->generator->shape.z));
    j->label = j->real = DIO_NONE;
    if (s->labels)
        j->label = dio_input(g, "label", dio_type_2d(DIO_F32, rows, s->labels));
    if (wants_real(j))
        j->real =
            dio_input(g, "real", dio_type_4d(DIO_F32, rows, s->channels, s->height, s->width));
}

static dio_val real(void *user, dio_graph *g)
{
    (void)g;
    return ((dio_gan_job *)user)->real;
}

static dio_val fake(void *user, dio_graph *g)
{
    dio_gan_job *j = user;
    j->io = (dio_generator_io){
        .z = j->z, .label = j->label, .training = j->part != DIO_PART_VALIDATION};
    dio_generator_forward(g, j->generator, &j->io);
    return j->io.out;
}

static const dio_adversarial_running *running(void *user, int *count)
{
    dio_gan_job *j = user;
    *count = j->io.n_running;
    for (int i = 0; i < *count; i++)
        j->running[i] = (dio_adversarial_running){j->io.running[i].weight, j->io.running[i].value};
    return j->running;
}

static dio_val score(void *user, dio_graph *g, dio_val x)
{
    dio_gan_job *j = user;
    return dio_critic_forward(g, j->critic, x, j->label);
}

/* Differences between neighbours along an axis. */
static dio_val steps_along(dio_graph *g, dio_val x, int axis)
{
    int64_t n = dio_dim(g, x, axis) - 1;
    return dio_sub(g, dio_slice(g, x, axis, 1, n, 1), dio_slice(g, x, axis, 0, n, 1));
}

/* Colours and edges: a blurred edge is far off in the second. */
static dio_val match(void *user, dio_graph *g, dio_val x)
{
    dio_val y = ((dio_gan_job *)user)->real;
    dio_val sum = dio_l1_loss(g, x, y);
    for (int axis = 2; axis <= 3; axis++)
        sum = dio_add(g, sum, dio_l1_loss(g, steps_along(g, x, axis), steps_along(g, y, axis)));
    return sum;
}

static bool fill(void *user, dio_plan *p, dio_adversarial_part part, int64_t index, dio_error *err)
{
    dio_gan_job *j = user;
    const dio_gallery_shape *s = &j->gallery.shape;
    size_t rows = (size_t)j->recipe.batch * sizeof(float);
    size_t pixels = (size_t)s->channels * (size_t)s->height * (size_t)s->width;
    j->part = part;
    return dio_gan_take(j, part == DIO_PART_VALIDATION ? DIO_SPLIT_VALID : DIO_SPLIT_TRAIN, index,
                        err) &&
           dio_plan_set(p, "z", j->batch.noise, rows * (size_t)j->generator->shape.z, err) &&
           (!s->labels ||
            dio_plan_set(p, "label", j->batch.labels, rows * (size_t)s->labels, err)) &&
           (!wants_real(j) || dio_plan_set(p, "real", j->batch.pixels, rows * pixels, err));
}

static bool look(void *user, int64_t step, dio_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "%07lld", (long long)step);
    return dio_gan_sheet(user, name, err);
}

/* --- the run --- */

static bool list_weights(const dio_walk *w, dio_arena *a, dio_train_weight **out, int *n,
                         dio_error *err)
{
    *n = 0;
    *out = dio_arena_try(a, (size_t)(w->count + 1) * sizeof **out);
    if (!*out)
        return dio_fail_memory(err, "the list of weights");
    for (int i = 0; i < w->count; i++)
        (*out)[(*n)++] = (dio_train_weight){w->items[i].name, *w->items[i].slot,
                                            !(w->items[i].flags & DIO_WEIGHT_NO_DECAY)};
    return true;
}

/* Both networks, which have to agree with each other and with the pictures. */
static bool open_networks(dio_gan_job *j, dio_error *err)
{
    const dio_recipe_gan *r = &j->recipe;
    const dio_gallery_shape *s = &j->gallery.shape;
    const dio_value *generator = dio_recipe_gan_config(r->generator, s, j->run->a);
    const dio_value *critic = dio_recipe_gan_config(r->discriminator, s, j->run->a);
    if (!(j->generator = dio_generator_create(generator, r->seed, err)) ||
        !(j->critic = dio_critic_create(critic, r->seed + 1, err)))
        return false;
    const dio_generator_shape *g = &j->generator->shape;
    const dio_critic_shape *d = &j->critic->shape;
    if (g->width != s->width || g->height != s->height || g->channels != s->channels ||
        g->labels != s->labels || (s->noise && g->z != s->noise))
        return dio_value_fail(r->generator, err,
                              "generator: makes %dx%d pictures of %d channels from %d and %d "
                              "numbers; the data are %dx%d of %d channels with %d labels and %d "
                              "numbers of noise",
                              g->width, g->height, g->channels, g->labels, g->z, s->width,
                              s->height, s->channels, s->labels, s->noise);
    if (d->size != s->width || s->width != s->height || d->channels != s->channels ||
        d->labels != s->labels)
        return dio_value_fail(r->discriminator, err,
                              "discriminator: scores %dx%d pictures of %d channels with %d labels; "
                              "the data are %dx%d of %d channels with %d",
                              d->size, d->size, d->channels, d->labels, s->width, s->height,
                              s->channels, s->labels);
    return true;
}

static bool prepare(dio_gan_job *j, dio_error *err)
{
    const dio_recipe_run *run = j->run;
    dio_recipe_gan *r = &j->recipe;
    if (!dio_recipe_gan_read(r, run, err) || !dio_train_may_begin(run->dir, run->resume, err) ||
        !dio_gallery_open(&j->gallery, run->recipe, r->data, r->root, r->seed, run->a, err) ||
        !open_networks(j, err) || !make_batch(j, err))
        return false;
    if (r->options.match > 0 && !j->gallery.shape.noise)
        return dio_value_fail(r->train, err,
                              "train: match: the pictures of data kind \"%s\" come "
                              "without the noise that made them",
                              j->gallery.kind->name);
    if (r->options.alone > 0 && r->options.match <= 0)
        return dio_value_fail(r->train, err,
                              "train: alone: without match there is nothing to "
                              "learn alone");
    char *text = dio_json_write(run->a, run->recipe, 0);
    return (text || dio_fail_memory(err, "the recipe")) &&
           dio_hash_bytes(text, strlen(text), j->identity, err) &&
           list_weights(&j->generator->net.walk, run->a, &j->g_weights, &j->n_g, err) &&
           list_weights(&j->critic->net.walk, run->a, &j->d_weights, &j->n_d, err);
}

static bool save(dio_gan_job *j, const dio_recipe_report *report, dio_error *err)
{
    const dio_recipe_gan *r = &j->recipe;
    dio_arena *a = j->run->a;
    dio_value *v = dio_value_map(a), *labels = dio_value_list(a);
    dio_dtype dtype = strcmp(r->save, "f32") == 0   ? DIO_F32
                      : strcmp(r->save, "f16") == 0 ? DIO_F16
                                                    : DIO_BF16;
    for (int i = 0; i < j->gallery.shape.labels; i++)
        dio_list_add(a, labels, dio_value_string(a, j->gallery.kind->label(j->gallery.source, i)));
    dio_map_set(a, v, "name", dio_value_string(a, r->name));
    dio_map_set(a, v, "doc", dio_value_string(a, r->doc));
    dio_map_set(a, v, "licence", dio_value_string(a, r->licence));
    dio_map_set(a, v, "parameters", dio_value_int(a, report->parameters));
    dio_map_set(a, v, "steps", dio_value_int(a, report->run.steps));
    dio_map_set(a, v, "batch", dio_value_int(a, r->batch));
    if (isfinite(report->run.best))
        dio_map_set(a, v, "validation_distance", dio_value_real(a, report->run.best));
    dio_map_set(a, v, "labels", labels);
    dio_map_set(a, v, "identity", dio_value_string(a, j->identity));
    char *text = dio_json_write(a, v, 2);
    return dio_generator_save(j->generator, j->run->dir, dtype, err) &&
           (text ? dio_file_write(dio_path_join(a, j->run->dir, "training.json"), text,
                                  strlen(text), err)
                 : dio_fail_memory(err, "training.json"));
}

static bool train(dio_gan_job *j, dio_recipe_report *report, dio_error *err)
{
    struct timespec start, end;
    const dio_recipe_run *run = j->run;
    dio_adversarial_task task = {
        .user = j,
        .generator = j->g_weights,
        .discriminator = j->d_weights,
        .n_generator = j->n_g,
        .n_discriminator = j->n_d,
        .items = j->recipe.batch,
        .item_name = "pictures",
        .identity = j->identity,
        .inputs = inputs,
        .real = real,
        .fake = fake,
        .score = score,
        .match = j->gallery.shape.noise ? match : NULL,
        .running = running,
        .fill = fill,
        .look = look,
    };
    report->parameters = dio_walk_parameters(&j->generator->net.walk);
    report->items_per_step = task.items;
    dio_recipe_say(run,
                   "%s: generator of %.2f M parameters against a critic of %.2f M, %lld "
                   "pictures an update, on %s",
                   j->recipe.name, (double)report->parameters / 1e6,
                   (double)dio_walk_parameters(&j->critic->net.walk) / 1e6, (long long)task.items,
                   run->device->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!dio_train_adversarial(&task, &j->recipe.options, run->device, run->dir, run->resume,
                               run->hooks->cancel, run->hooks->progress, run->hooks->user,
                               &report->run, err))
        return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    report->seconds = (double)(end.tv_sec - start.tv_sec);
    return report->run.cancelled || save(j, report, err);
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    dio_gan_job j = {.run = r};
    bool made_dir = !dio_file_exists(r->dir);
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok = prepare(&j, err) && train(&j, report, err);
    if (!ok && made_dir && !dio_train_has_begun(r->dir))
        rmdir(r->dir); /* which a folder with anything in it survives */
    dio_plan_destroy(j.sheet);
    dio_gallery_close(&j.gallery);
    dio_critic_close(j.critic);
    dio_generator_close(j.generator);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_gan = {
    .name = "gan",
    .doc = "a generator of pictures that learns against a critic",
    .fields = dio_recipe_gan_fields,
    .parts = dio_recipe_gan_parts,
    .run = run,
};
