/* train_flow.c: recipes of kind flow: the house painter's second half.
 *
 * Scenes are drawn and encoded once, into a file of the run's folder that a later run goes on from;
 * what the flow is told about each follows from its seed again. A training picture is a window of
 * 24x24 latents of a canvas of any shape, 24 to 40 latents on its shorter side: the map says where
 * the window is, so that one graph learns all sizes.
 *
 * Rectified flow: x = t z + (1 - t) noise. The network says z; the error counts by 1 / (1 - t)^2,
 * which is the velocity's, up to `sharpest`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gang.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "vision/painter_train.h"
#include "vision/scenes/guide.h"

enum {
    SIDE = 24,    /* latents of a window */
    LONGEST = 40, /* latents of a canvas's shorter side, at most */
    TOGETHER = 8, /* scenes that are encoded together */
    STREAM_SCENE = 0x666c6f77,
    STREAM_PICK,
    STREAM_TIME,
    STREAM_NOISE,
};
static const float unit = 1.0f / 4096; /* latents are kept as 16-bit numbers of this size */

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
    dio_atlas *atlas; /* or NULL so far */
    dio_autoencoder_shape shape;
    dio_flow_shape flow;
    dio_map_file *latents; /* [scenes, C, SIDE, SIDE] of 16 bits */
    size_t record;         /* bytes of one */
    float mean[64], spread[64];
    float *x, *target, *wish, *map, *shares; /* of one batch */
    int32_t *places;
};

/* --- which scene --- */

void dio_flow_scene(uint64_t seed, int64_t index, dio_scene *s, dio_guide_window *w)
{
    uint32_t r[4], q[4];
    dio_philox(seed, STREAM_SCENE, 2 * (uint64_t)index, r);
    dio_philox(seed, STREAM_SCENE, 2 * (uint64_t)index + 1, q);
    float u = (float)(r[0] >> 8) / 16777216, v = (float)(r[1] >> 8) / 16777216;
    int shorter =
        u < 0.25f ? SIDE : (int)(SIDE * powf((float)LONGEST / SIDE, (u - 0.25f) / 0.75f) + 0.5f);
    int longer = q[0] % 5 < 2 ? shorter : (int)((float)shorter * (1 + 0.78f * v) + 0.5f);
    bool wide = q[0] >> 31;
    *w = (dio_guide_window){
        wide ? longer : shorter, wide ? shorter : longer, 0, 0, SIDE, SIDE, false, false};
    w->x = (int)(q[1] % (uint32_t)(w->full_w - SIDE + 1));
    w->y = (int)(q[2] % (uint32_t)(w->full_h - SIDE + 1));
    dio_scene_wish wish = dio_scene_any();
    wish.alpha = q[3] % 100 < 15;
    dio_scene_plan(s, &wish, (float)w->full_w / (float)w->full_h, (uint64_t)r[2] << 32 | r[3]);
    w->wrap_x = w->wrap_y = s->frame == DIO_FRAME_PATTERN && q[0] % 2;
}

/* --- drawing and encoding them once --- */

struct drawing {
    const dio_atlas *atlas;
    uint64_t seed;
    int64_t first;
    int scale;
    float *pixels; /* [TOGETHER, 4, side, side] */
    uint8_t *bytes;
};

static void draw_one(void *user, int64_t item, int thread)
{
    struct drawing *d = user;
    dio_scene s;
    dio_guide_window w;
    (void)thread;
    dio_flow_scene(d->seed, d->first + item, &s, &w);
    int k = d->scale, side = SIDE * k;
    size_t plane = (size_t)side * (size_t)side;
    uint8_t *rgba = d->bytes + (size_t)item * plane * 4;
    float *out = d->pixels + (size_t)item * plane * 4;
    dio_atlas_draw(d->atlas, &s,
                   &(dio_window){w.full_w * k, w.full_h * k, w.x * k, w.y * k, side, side}, rgba);
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < 4; c++)
            out[c * plane + i] = (float)rgba[4 * i + c] * (1 / 127.5f) - 1;
}

static dio_plan *encode_plan(dio_painter_job *j, struct work *k, dio_error *err)
{
    const dio_autoencoder_ops *ops = k->autoencoder->family->ops;
    int side = SIDE * k->shape.scale;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_val x = dio_input(g, "pictures", dio_type_4d(DIO_F32, TOGETHER, 4, side, side));
    dio_val z = ops->encode(g, k->autoencoder->model, x, 0);
    dio_plan *p = dio_plan_create(g, &z, 1, false, j->run->device, NULL, err);
    dio_graph_destroy(g);
    return p;
}

static bool encode_some(struct work *k, dio_plan *p, struct drawing *d, FILE *file, dio_error *err)
{
    int16_t packed[64 * SIDE * SIDE];
    size_t numbers = k->record / sizeof *packed;
    size_t bytes = (size_t)TOGETHER * 4 * (size_t)(SIDE * d->scale) * (size_t)(SIDE * d->scale) *
                   sizeof(float);
    dio_gang_steal(TOGETHER, draw_one, d);
    if (!dio_plan_set(p, "pictures", d->pixels, bytes, err) || !dio_plan_run(p, err))
        return false;
    const float *z = dio_plan_output(p, 0, NULL);
    for (int i = 0; i < TOGETHER; i++) {
        for (size_t n = 0; n < numbers; n++)
            packed[n] =
                (int16_t)lrintf(fminf(fmaxf(z[(size_t)i * numbers + n], -7.9f), 7.9f) / unit);
        if (fwrite(packed, k->record, 1, file) != 1)
            return dio_fail_retry(err, "the file of latents cannot be written: is the disk full?");
    }
    return true;
}

/* Takes seconds, so only when something is to be drawn. */
static bool open_atlas(struct work *k, dio_error *err)
{
    if (!k->atlas)
        k->atlas = dio_atlas_open(err);
    return k->atlas != NULL;
}

/* Goes on where the file ends. */
static bool draw_scenes(dio_painter_job *j, struct work *k, const char *path, FILE *file,
                        dio_error *err)
{
    struct drawing d = {.seed = j->recipe.seed, .scale = k->shape.scale};
    size_t pixels = (size_t)TOGETHER * 4 * (size_t)(SIDE * d.scale) * (size_t)(SIDE * d.scale);
    fseek(file, 0, SEEK_END);
    d.first = ftell(file) / (long)k->record / TOGETHER * TOGETHER;
    if (d.first >= j->recipe.scenes)
        return true;
    dio_plan *p = open_atlas(k, err) ? encode_plan(j, k, err) : NULL;
    d.atlas = k->atlas;
    d.pixels = malloc(pixels * sizeof *d.pixels);
    d.bytes = malloc(pixels);
    bool ok = p && ((d.pixels && d.bytes) || dio_fail_memory(err, "pictures"));
    ok = ok && (fseek(file, (long)d.first * (long)k->record, SEEK_SET) == 0);
    for (; ok && d.first < j->recipe.scenes && !*j->run->hooks->cancel; d.first += TOGETHER) {
        if (d.first % 1000 < TOGETHER)
            dio_recipe_say(j->run, "drawing scenes: %lld of %d", (long long)d.first,
                           j->recipe.scenes);
        ok = encode_some(k, p, &d, file, err);
    }
    (void)path;
    free(d.pixels);
    free(d.bytes);
    dio_plan_destroy(p);
    return ok;
}

static bool open_latents(dio_painter_job *j, struct work *k, dio_error *err)
{
    k->record = (size_t)k->shape.channels * SIDE * SIDE * sizeof(int16_t);
    char digest[DIO_HASH_TEXT];
    const char *from = dio_path_join(j->run->a, j->root, j->recipe.autoencoder);
    from = j->recipe.autoencoder[0] == '/' ? j->recipe.autoencoder : from;
    if (!dio_hash_file(dio_path_join(j->run->a, from, "model.safetensors"), digest, err))
        return false;
    /* Named after what it was made with: another encoder begins anew. */
    const char *path = dio_path_join(j->run->a, j->run->dir,
                                     dio_arena_printf(j->run->a, "latents-%.12s-%llu.bin", digest,
                                                      (unsigned long long)j->recipe.seed));
    FILE *file = fopen(path, dio_file_exists(path) ? "r+b" : "w+b");
    if (!file)
        return dio_fail_retry(err, "%s: cannot be written", path);
    bool ok = draw_scenes(j, k, path, file, err);
    fclose(file);
    if (!ok || *j->run->hooks->cancel)
        return ok;
    k->latents = dio_map_open(path, err);
    return k->latents != NULL;
}

/* --- the task --- */

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_painter_job *j = user;
    const struct work *k = j->user;
    const dio_flow_ops *ops = j->net->family->ops;
    int64_t b = j->recipe.batch, c = k->shape.channels, n = SIDE * SIDE;
    (void)training;
    dio_flow_io io = {
        .x = dio_input(g, "x", dio_type_4d(DIO_F32, b, c, SIDE, SIDE)),
        .t = dio_input(g, "t", dio_type_1d(DIO_F32, b)),
        .wish = dio_input(g, "wish", dio_type_2d(DIO_F32, b, k->flow.wish)),
        .map = dio_input(g, "map", dio_type_4d(DIO_F32, b, k->flow.map, SIDE, SIDE)),
        .places = dio_input(g, "places", dio_type_3d(DIO_I32, b, n, 4)),
        .shares = dio_input(g, "shares", dio_type_3d(DIO_F32, b, n, 4)),
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

static void fill_row(void *user, int64_t row, int thread)
{
    const struct filling *f = user;
    const struct work *k = f->k;
    uint64_t seed = f->j->recipe.seed + (f->training ? 0 : 1);
    int64_t at = f->step * f->j->recipe.batch + row, index;
    size_t numbers = k->record / sizeof(int16_t), plane = SIDE * SIDE;
    (void)thread;
    int held = f->j->recipe.held, most = f->j->recipe.scenes - held;
    index =
        f->training ? held + dio_below(seed, STREAM_PICK, (uint64_t)at, (uint32_t)most) : at % held;
    dio_scene s;
    dio_guide_window w;
    dio_flow_scene(f->j->recipe.seed, index, &s, &w);
    float *x = k->x + (size_t)row * numbers, *target = k->target + (size_t)row * numbers;
    float t = time_at(&f->j->recipe, seed, STREAM_TIME, at);
    const int16_t *z = (const int16_t *)dio_map_data(k->latents) + (size_t)index * numbers;
    dio_normal(seed, STREAM_NOISE, (uint64_t)at * numbers, x, numbers);
    for (size_t i = 0; i < numbers; i++) {
        size_t c = i / plane;
        target[i] = ((float)z[i] * unit - k->mean[c]) / k->spread[c];
        x[i] = t * target[i] + (1 - t) * x[i];
    }
    float away = fmaxf(1 - t, (float)f->j->recipe.sharpest);
    f->t[row] = t;
    f->weight[row] = 1 / (away * away);
    dio_guide_wish(&s, &w, k->wish + row * k->flow.wish);
    dio_guide_map(&s, &w, k->map + (size_t)row * DIO_GUIDE_MAP * plane);
    dio_guide_places(&s, &w, k->flow.tile_side, k->places + (size_t)row * plane * 4,
                     k->shares + (size_t)row * plane * 4);
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    dio_painter_job *j = user;
    struct work *k = j->user;
    float t[1024], weight[1024];
    size_t b = (size_t)j->recipe.batch, f = sizeof(float), n = SIDE * SIDE;
    struct filling filling = {j, k, step, training, t, weight};
    dio_gang_run((int64_t)b, fill_row, &filling);
    return dio_plan_set(p, "x", k->x, b * k->record * 2, err) &&
           dio_plan_set(p, "target", k->target, b * k->record * 2, err) &&
           dio_plan_set(p, "t", t, b * f, err) && dio_plan_set(p, "weight", weight, b * f, err) &&
           dio_plan_set(p, "wish", k->wish, b * (size_t)k->flow.wish * f, err) &&
           dio_plan_set(p, "map", k->map, b * n * DIO_GUIDE_MAP * f, err) &&
           dio_plan_set(p, "places", k->places, b * n * 4 * sizeof(int32_t), err) &&
           dio_plan_set(p, "shares", k->shares, b * n * 4 * f, err);
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
    dio_map_set(a, config, "tiles", dio_value_int(a, dio_guide_tiles()));
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
    complete_config(j, k);
    return true;
}

static bool make_room(const dio_painter_job *j, struct work *k, dio_error *err)
{
    size_t b = (size_t)j->recipe.batch, n = SIDE * SIDE, f = sizeof(float);
    k->x = malloc(b * k->record * 2);
    k->target = malloc(b * k->record * 2);
    k->wish = malloc(b * (size_t)k->flow.wish * f);
    k->map = malloc(b * n * DIO_GUIDE_MAP * f);
    k->places = malloc(b * n * 4 * sizeof(int32_t));
    k->shares = malloc(b * n * 4 * f);
    return k->x && k->target && k->wish && k->map && k->places && k->shares
               ? true
               : dio_fail_memory(err, "a training batch");
}

static void clean(struct work *k)
{
    dio_map_unref(k->latents);
    dio_network_close(k->autoencoder);
    dio_atlas_close(k->atlas);
    free(k->x);
    free(k->target);
    free(k->wish);
    free(k->map);
    free(k->places);
    free(k->shares);
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

/* The painter's folder: autoencoder and flow side by side. */
static bool save(const dio_painter_job *j, const struct work *k, const dio_recipe_report *report,
                 dio_error *err)
{
    const char *dir = j->run->dir;
    return dio_network_save(k->autoencoder, dio_path_join(j->run->a, dir, "autoencoder"), DIO_F16,
                            err) &&
           dio_painter_job_save(j, dio_path_join(j->run->a, dir, "flow"), report, err) &&
           write_index(j, k, err);
}

/* A run that goes on has them in its checkpoint. */
static bool begin_tiles(dio_painter_job *j, struct work *k, dio_error *err)
{
    const dio_recipe_run *r = j->run;
    const dio_flow_ops *ops = j->net->family->ops;
    ops->shape(j->net->model, &k->flow);
    if (k->flow.tile_channels > k->shape.channels)
        return dio_value_fail(j->recipe.model, err,
                              "tile_channels: %d, but they begin as latents, which have %d numbers",
                              k->flow.tile_channels, k->shape.channels);
    if (r->resume && dio_file_exists(dio_path_join(r->a, r->dir, "checkpoint.safetensors")))
        return true;
    return open_atlas(k, err) && dio_flow_tiles(j->net, k->autoencoder, k->atlas, r->device, err);
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
              dio_painter_job_open(&j, &dio_painter_flow, NULL, err) && begin_tiles(&j, &k, err) &&
              open_latents(&j, &k, err);
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
