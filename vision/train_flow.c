/* train_flow.c: recipes of kind flow: the house painter's second half, on flow_scenes.c's latents.
 *
 * Rectified flow: x = t z + (1 - t) noise. The network says z; the error counts by 1 / (1 - t)^2,
 * which is the velocity's, up to `sharpest`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/gang.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "vision/image_io.h"
#include "vision/painter_train.h"

enum {
    SIDE = DIO_FLOW_SIDE,
    STREAM_PICK = 0x666c6f78, /* flow_scenes.c has the one before */
    STREAM_TIME,
    STREAM_NOISE,
};

typedef dio_painter_recipe pr;
static const dio_field fields[] = {
    DIO_FIELD(pr, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(pr, kind, NULL, 0, 0, "flow"),
    DIO_FIELD(pr, name, NULL, 1, 80, "the model's name"),
    DIO_FIELD(pr, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(pr, doc, "", 0, 2000, "what it is for"),
    DIO_FIELD(pr, model, "null", 0, 0,
              "a fresh model's config.json, without the sizes of its guide"),
    DIO_FIELD(pr, autoencoder, NULL, 1, 4000, "folder of a trained autoencoder, from the recipe's"),
    DIO_FIELD(pr, train, "null", 0, 0, "the optimiser's keys"),
    DIO_FIELD(pr, scenes, "30000", 2, 10000000, "how many are drawn"),
    DIO_FIELD(pr, held, "512", 1, 1000000, "the first of them, for validation alone"),
    DIO_FIELD(pr, sharpest, "0.25", 0.01, 1, "1 - t below which errors count no more"),
    DIO_FIELD(pr, first, "0.5", 0, 1, "share of a batch at t = 0, where painting begins"),
    DIO_FIELD(pr, batch, "16", 1, 1024, "pictures in a step"),
    DIO_FIELD(pr, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(pr, test_batches, "16", 0, 100000, "batches of the closing test"),
    DIO_FIELD(pr, save, "f16", 0, 0, "f16 or f32: how the weights are stored"),
    {0},
};

struct work {
    dio_network *autoencoder;
    dio_autoencoder_shape shape;
    dio_flow_subjects subjects;
    int wish_size;
    dio_map_file *latents; /* of pictures and underpaintings */
    size_t numbers;        /* of one picture's: C * SIDE * SIDE */
    float mean[64], spread[64];
    float *x, *target, *under, *wish, *map; /* of one batch */
};

/* --- the task --- */

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_painter_job *j = user;
    const struct work *k = j->user;
    const dio_flow_ops *ops = j->net->family->ops;
    int64_t b = j->recipe.batch, c = k->shape.channels;
    (void)training;
    dio_flow_io io = {
        .x = dio_input(g, "x", dio_type_4d(DIO_F32, b, c, SIDE, SIDE)),
        .t = dio_input(g, "t", dio_type_1d(DIO_F32, b)),
        .wish = dio_input(g, "wish", dio_type_2d(DIO_F32, b, k->wish_size)),
        .map = dio_input(g, "map", dio_type_4d(DIO_F32, b, DIO_GUIDE_MAP, SIDE, SIDE)),
        .under = dio_input(g, "under", dio_type_4d(DIO_F32, b, c, SIDE, SIDE)),
    };
    dio_val target = dio_input(g, "target", dio_type_4d(DIO_F32, b, c, SIDE, SIDE));
    dio_val weight = dio_input(g, "weight", dio_type_1d(DIO_F32, b));
    ops->forward(g, j->net->model, &io);
    dio_val error = dio_square(g, dio_sub(g, io.out, target));
    return dio_mean(g, dio_mul(g, error, dio_reshape4(g, weight, b, 1, 1, 1)), 0xf, false);
}

/* Half at the beginning: there everything that is asked for has to be understood, and few steps
 * follow. */
static float time_at(const dio_painter_recipe *r, uint64_t seed, uint64_t stream, int64_t index)
{
    float n;
    if (dio_uniform(seed, stream, (uint64_t)(2 * index)) < (float)r->first)
        return 0;
    dio_normal(seed, stream + 16, (uint64_t)index, &n, 1);
    return 1 / (1 + expf(0.2f - 1.1f * n));
}

struct filling {
    const dio_painter_job *j;
    const struct work *k;
    int64_t step;
    bool training;
    float *t, *weight;
};

/* Latents as they are kept, as the flow sees them. */
static void unpack(const struct work *k, const int16_t *from, float *to)
{
    for (size_t i = 0; i < k->numbers; i++) {
        size_t c = i / (SIDE * SIDE);
        to[i] = ((float)from[i] * dio_flow_unit - k->mean[c]) / k->spread[c];
    }
}

static void fill_row(void *user, int64_t row, int thread)
{
    const struct filling *f = user;
    const struct work *k = f->k;
    uint64_t seed = f->j->recipe.seed + (f->training ? 0 : 1);
    int64_t at = f->step * f->j->recipe.batch + row, index;
    size_t numbers = k->numbers, plane = SIDE * SIDE;
    (void)thread;
    int held = f->j->recipe.held, most = f->j->recipe.scenes - held;
    index =
        f->training ? held + dio_below(seed, STREAM_PICK, (uint64_t)at, (uint32_t)most) : at % held;
    dio_scene s;
    dio_guide_window w;
    dio_flow_scene(f->j->recipe.seed, index, &s, &w);
    float *x = k->x + (size_t)row * numbers, *target = k->target + (size_t)row * numbers;
    float t = time_at(&f->j->recipe, seed, STREAM_TIME, at);
    const int16_t *z = (const int16_t *)dio_map_data(k->latents) + (size_t)index * 2 * numbers;
    unpack(k, z, target);
    unpack(k, z + numbers, k->under + (size_t)row * numbers);
    dio_normal(seed, STREAM_NOISE, (uint64_t)at * numbers, x, numbers);
    for (size_t i = 0; i < numbers; i++)
        x[i] = t * target[i] + (1 - t) * x[i];
    float away = fmaxf(1 - t, (float)f->j->recipe.sharpest);
    f->t[row] = t;
    f->weight[row] = 1 / (away * away);
    dio_guide_wish(&s, &w, k->wish + row * k->wish_size);
    dio_guide_map(&s, &w, k->map + (size_t)row * DIO_GUIDE_MAP * plane);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    dio_painter_job *j = user;
    struct work *k = j->user;
    float t[1024], weight[1024];
    size_t b = (size_t)j->recipe.batch, f = sizeof(float), latents = b * k->numbers * f;
    struct filling filling = {j, k, step, training, t, weight};
    dio_gang_run((int64_t)b, fill_row, &filling);
    return dio_plan_set(p, "x", k->x, latents, err) &&
           dio_plan_set(p, "target", k->target, latents, err) &&
           dio_plan_set(p, "under", k->under, latents, err) &&
           dio_plan_set(p, "t", t, b * f, err) && dio_plan_set(p, "weight", weight, b * f, err) &&
           dio_plan_set(p, "wish", k->wish, b * (size_t)k->wish_size * f, err) &&
           dio_plan_set(p, "map", k->map, b * SIDE * SIDE * DIO_GUIDE_MAP * f, err);
}

/* --- the run --- */

/* The recipe's config with what the guide and the autoencoder decide. */
static void complete_config(dio_painter_job *j, const struct work *k)
{
    dio_arena *a = j->run->a;
    dio_value *config = dio_value_map(a);
    const dio_value *given = j->recipe.model;
    for (int i = 0; i < given->map.count; i++)
        dio_map_set(a, config, given->map.keys[i]->string.text, given->map.items[i]);
    config->file = given->file;
    config->line = given->line;
    config->column = given->column;
    dio_map_set(a, config, "latent_channels", dio_value_int(a, k->shape.channels));
    dio_map_set(a, config, "map_channels", dio_value_int(a, DIO_GUIDE_MAP));
    dio_map_set(a, config, "wish_size", dio_value_int(a, dio_guide_wish_size()));
    j->recipe.model = config;
}

static bool open_autoencoder(dio_painter_job *j, struct work *k, dio_error *err)
{
    const char *from = j->recipe.autoencoder;
    if (from[0] != '/')
        from = dio_path_join(j->run->a, j->root, from);
    k->autoencoder = dio_network_open(&dio_painter_autoencoder, from, DIO_F32, err);
    if (!k->autoencoder)
        return false;
    dio_tensor *mean, *spread;
    const dio_autoencoder_ops *ops = k->autoencoder->family->ops;
    ops->shape(k->autoencoder->model, &k->shape);
    ops->moments(k->autoencoder->model, &mean, &spread);
    memcpy(k->mean, dio_tensor_data(mean), (size_t)k->shape.channels * sizeof(float));
    memcpy(k->spread, dio_tensor_data(spread), (size_t)k->shape.channels * sizeof(float));
    k->numbers = (size_t)k->shape.channels * SIDE * SIDE;
    k->wish_size = dio_guide_wish_size();
    complete_config(j, k);
    return true;
}

static bool make_room(const dio_painter_job *j, struct work *k, dio_error *err)
{
    size_t b = (size_t)j->recipe.batch, f = sizeof(float);
    k->x = malloc(b * k->numbers * f);
    k->target = malloc(b * k->numbers * f);
    k->under = malloc(b * k->numbers * f);
    k->wish = malloc(b * (size_t)k->wish_size * f);
    k->map = malloc(b * SIDE * SIDE * DIO_GUIDE_MAP * f);
    return k->x && k->target && k->under && k->wish && k->map
               ? true
               : dio_fail_memory(err, "a training batch");
}

static void clean(struct work *k)
{
    dio_map_unref(k->latents);
    dio_network_close(k->autoencoder);
    dio_flow_subjects_clean(&k->subjects);
    free(k->x);
    free(k->target);
    free(k->under);
    free(k->wish);
    free(k->map);
}

/* What the folder is, in the form of diffusers' folders. */
static bool write_index(const dio_painter_job *j, const struct work *k, dio_error *err)
{
    const dio_network *const nets[] = {k->autoencoder, j->net};
    dio_arena *a = j->run->a;
    dio_value *index = dio_value_map(a);
    dio_map_set(a, index, "_class_name", dio_value_string(a, "HousePainter"));
    for (int i = 0; i < 2; i++) {
        dio_value *part = dio_value_list(a);
        dio_list_add(a, part, dio_value_string(a, "diorama"));
        dio_list_add(a, part, dio_value_string(a, nets[i]->family->name));
        dio_map_set(a, index, nets[i]->family->kind, part);
    }
    char *text = dio_json_write(a, index, 2);
    return text ? dio_file_write(dio_path_join(a, j->run->dir, "model_index.json"), text,
                                 strlen(text), err)
                : dio_fail_memory(err, "model_index.json");
}

/* The painter's folder: autoencoder, flow and the subjects' pictures side by side. */
static bool save(const dio_painter_job *j, struct work *k, const dio_recipe_report *report,
                 dio_error *err)
{
    const char *dir = j->run->dir;
    return dio_network_save(k->autoencoder, dio_path_join(j->run->a, dir, "autoencoder"), DIO_F16,
                            err) &&
           dio_flow_subjects_need(&k->subjects, err) &&
           dio_image_write(k->subjects.portraits, dio_path_join(j->run->a, dir, "subjects.png"),
                           NULL, err) &&
           dio_painter_job_save(j, dio_path_join(j->run->a, dir, "flow"), report, err) &&
           write_index(j, k, err);
}

static bool check(const dio_painter_job *j, dio_error *err)
{
    const dio_painter_recipe *r = &j->recipe;
    return r->held < r->scenes ||
           dio_value_fail(
               dio_map_get(j->run->recipe, "scenes"), err,
               "scenes: %d, of which %d are held for validation: none are left to learn from",
               r->scenes, r->held);
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    struct work k = {0};
    dio_painter_job j = {.run = r, .user = &k};
    dio_train_task task = {.loss = loss, .fill = fill};
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok = dio_painter_recipe_read(&j, fields, err) && check(&j, err) &&
              open_autoencoder(&j, &k, err) &&
              dio_painter_job_open(&j, &dio_painter_flow, NULL, err) &&
              dio_flow_latents(&j, k.autoencoder, &k.subjects, &k.latents, err);
    if (ok && !k.latents)
        report->run.cancelled = true;
    else
        ok = ok && make_room(&j, &k, err) && dio_painter_job_train(&j, &task, report, err);
    if (ok && !report->run.cancelled)
        ok = save(&j, &k, report, err);
    clean(&k);
    dio_network_close(j.net);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_flow = {
    .name = "flow",
    .doc = "from noise to the latents of composed scenes: the house painter",
    .fields = fields,
    .run = run,
};
