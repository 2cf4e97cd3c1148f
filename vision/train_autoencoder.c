/* train_autoencoder.c: recipes of kind autoencoder.
 *
 * Pictures come at the large size. The encoder sees them halved; the small picture is held to the
 * halved ones, the large one to themselves. Noise on the latents in training makes the decoder
 * forgive what the flow gets a little wrong, and spreads the latents out. What counts are
 * differences of pixels, and of steps between neighbours: those keep edges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/ops.h"
#include "vision/gallery.h"
#include "vision/painter_train.h"

enum { STREAM = 0x6e6f6973, MOMENTS = 24 };

typedef dio_painter_recipe pr;
static const dio_field fields[] = {
    DIO_FIELD(pr, version, NULL, 0, 0, "of the recipe language: 1"),
    DIO_FIELD(pr, kind, NULL, 0, 0, "autoencoder"),
    DIO_FIELD(pr, name, NULL, 1, 80, "the model's name"),
    DIO_FIELD(pr, licence, "unknown", 1, 80, "SPDX name of the trained weights' licence"),
    DIO_FIELD(pr, doc, "", 0, 2000, "what it is for"),
    DIO_FIELD(pr, model, "null", 0, 0, "a fresh model's config.json"),
    DIO_FIELD(pr, data, "null", 0, 0, "where the pictures come from, RGBA: kind and its keys"),
    DIO_FIELD(pr, train, "null", 0, 0, "the optimiser's keys"),
    DIO_FIELD(pr, batch, "4", 1, 1024, "pictures in a step"),
    DIO_FIELD(pr, seed, "1", 0, 0, "of weights and data"),
    DIO_FIELD(pr, noise, "0.05", 0, 2, "added to latents in training"),
    DIO_FIELD(pr, edges, "0.2", 0, 100, "weight of differences between neighbours"),
    DIO_FIELD(pr, test_batches, "16", 0, 100000, "batches of the closing test"),
    DIO_FIELD(pr, save, "f16", 0, 0, "f16 or f32: how the weights are stored"),
    {0},
};

struct work {
    dio_gallery gallery;
    dio_autoencoder_shape shape;
    float *pixels, *noise; /* of one batch */
    size_t pixel_bytes, noise_bytes;
    int h, w; /* of latents */
};

static const dio_autoencoder_ops *ops_of(const dio_painter_job *j)
{
    return j->net->family->ops;
}

static dio_val difference(dio_graph *g, dio_val a, int axis)
{
    int64_t n = dio_dim(g, a, axis) - 1;
    return dio_sub(g, dio_slice(g, a, axis, 1, n, 1), dio_slice(g, a, axis, 0, n, 1));
}

/* Charbonnier's: the absolute value, but even where errors are small already, so that what is
 * learned first are the subjects and not the walls. */
static dio_val size_of(dio_graph *g, dio_val d)
{
    const float soft = 0.1f;
    dio_val root = dio_sqrt(g, dio_axpb(g, dio_square(g, d), 1, soft * soft));
    return dio_axpb(g, dio_mean(g, root, 0xf, false), 1, -soft);
}

static dio_val distance(dio_graph *g, dio_val a, dio_val b, float edges)
{
    dio_val d = dio_sub(g, a, b), sum = size_of(g, d);
    for (int axis = 2; axis < 4; axis++)
        sum = dio_add(g, sum, dio_axpb(g, size_of(g, difference(g, d, axis)), edges, 0));
    return sum;
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    dio_painter_job *j = user;
    struct work *k = j->user;
    const dio_gallery_shape *s = &k->gallery.shape;
    float edges = (float)j->recipe.edges;
    dio_val large = dio_input(
        g, "pictures", dio_type_4d(DIO_F32, j->recipe.batch, s->channels, s->height, s->width));
    dio_val small = dio_avg_pool(g, large, 2, 2, 0), more;
    dio_val z = ops_of(j)->encode(g, j->net->model, small, 0);
    if (training)
        z = dio_add(g, z, dio_input(g, "noise", dio_type_of(g, z)));
    dio_val got = ops_of(j)->decode(g, j->net->model, z, 0, &more);
    return dio_add(g, distance(g, got, small, edges), distance(g, more, large, edges));
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    dio_painter_job *j = user;
    struct work *k = j->user;
    dio_gallery_batch batch = {.pixels = k->pixels};
    if (!dio_gallery_fill(&k->gallery, training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID, step,
                          j->recipe.batch, &batch, err) ||
        !dio_plan_set(p, "pictures", k->pixels, k->pixel_bytes, err))
        return false;
    if (!training)
        return true;
    size_t n = k->noise_bytes / sizeof *k->noise;
    dio_normal(j->recipe.seed, STREAM, (uint64_t)step * n, k->noise, n);
    size_t plane = (size_t)k->h * (size_t)k->w, channels = (size_t)k->shape.channels;
    for (size_t i = 0; i < n; i++) /* the picture in small is to be believed more */
        k->noise[i] *= (float)j->recipe.noise * (i / plane % channels < 4 ? 0.2f : 1);
    return dio_plan_set(p, "noise", k->noise, k->noise_bytes, err);
}

static bool check(dio_painter_job *j, struct work *k, dio_error *err)
{
    const dio_gallery_shape *s = &k->gallery.shape;
    ops_of(j)->shape(j->net->model, &k->shape);
    int step = 2 * k->shape.scale;
    if (s->channels != 4 || s->height % step || s->width % step)
        return dio_value_fail(j->recipe.data, err,
                              "data: pictures of %d channels and %dx%d; RGBA whose sides are "
                              "multiples of %d are needed",
                              s->channels, s->width, s->height, step);
    k->h = s->height / step;
    k->w = s->width / step;
    size_t batch = (size_t)j->recipe.batch;
    k->pixel_bytes = batch * 4 * (size_t)s->height * (size_t)s->width * sizeof(float);
    k->noise_bytes =
        batch * (size_t)k->shape.channels * (size_t)k->h * (size_t)k->w * sizeof(float);
    k->pixels = malloc(k->pixel_bytes);
    k->noise = malloc(k->noise_bytes);
    return k->pixels && k->noise ? true : dio_fail_memory(err, "a training batch");
}

/* Each channel's mean and spread over validation pictures, into the weights that hold them. */
static bool measure(dio_painter_job *j, struct work *k, dio_error *err)
{
    dio_tensor *mean, *spread;
    const dio_gallery_shape *s = &k->gallery.shape;
    int channels = k->shape.channels;
    double sum[64] = {0}, squares[64] = {0};
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(err, "the latents' moments");
    dio_val large = dio_input(
        g, "pictures", dio_type_4d(DIO_F32, j->recipe.batch, s->channels, s->height, s->width));
    dio_val z = ops_of(j)->encode(g, j->net->model, dio_avg_pool(g, large, 2, 2, 0), 0);
    dio_plan *p = dio_plan_create(g, &z, 1, false, j->run->device, NULL, err);
    bool ok = p != NULL;
    size_t plane = (size_t)k->h * (size_t)k->w;
    for (int i = 0; ok && i < MOMENTS; i++) {
        ok = fill(j, p, i, false, err) && dio_plan_run(p, err);
        const float *x = ok ? dio_plan_output(p, 0, NULL) : NULL;
        for (size_t n = 0; ok && n < (size_t)j->recipe.batch * (size_t)channels * plane; n++) {
            size_t c = n / plane % (size_t)channels;
            sum[c] += (double)x[n];
            squares[c] += (double)x[n] * (double)x[n];
        }
    }
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    ops_of(j)->moments(j->net->model, &mean, &spread);
    double count = (double)(MOMENTS * j->recipe.batch) * (double)plane;
    for (int c = 0; ok && c < channels; c++) {
        double m = sum[c] / count, v = squares[c] / count - m * m;
        ((float *)dio_tensor_data(mean))[c] = (float)m;
        ((float *)dio_tensor_data(spread))[c] = (float)sqrt(v > 1e-6 ? v : 1e-6);
    }
    return ok;
}

static bool run(const dio_recipe_run *r, dio_recipe_report *report, dio_error *err)
{
    struct work k = {0};
    dio_painter_job j = {.run = r, .user = &k};
    dio_train_task task = {.loss = loss, .fill = fill};
    *report = (dio_recipe_report){.test_loss = NAN};
    bool ok =
        dio_painter_recipe_read(&j, fields, err) &&
        dio_gallery_open(&k.gallery, r->recipe, j.recipe.data, j.root, j.recipe.seed, r->a, err) &&
        dio_painter_job_open(&j, &dio_painter_autoencoder, "latents.", err) && check(&j, &k, err) &&
        dio_painter_job_train(&j, &task, report, err);
    if (ok && !report->run.cancelled)
        ok = measure(&j, &k, err) && dio_painter_job_save(&j, r->dir, report, err);
    free(k.pixels);
    free(k.noise);
    dio_gallery_close(&k.gallery);
    dio_network_close(j.net);
    return ok;
}

const dio_recipe_kind dio_recipe_kind_autoencoder = {
    .name = "autoencoder",
    .doc = "pictures to few numbers and back: the house painter's decoder",
    .fields = fields,
    .run = run,
};
