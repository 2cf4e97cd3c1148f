/* sprite_gate.c: the house sprites against their promises: sprite_gate MODEL [COUNT].
 *
 * On held-out requests (kind, colours and the numbers that shape a sprite), for each the true sprite
 * is known. Measured: how far alpha overlaps; how far the mean colour is off, in dE2000; whether a
 * small classifier, trained here on true sprites alone, sees the kind that was asked for; and how near
 * the nearest of 4000 training sprites is, beside how near it is to true sprites that nobody trained
 * on. For developers; not installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "tensor/nn.h"
#include "tensor/plan.h"
#include "tensor/train.h"
#include "vision/gallery.h"
#include "vision/generator.h"
#include "vision/srgb.h"

enum { SIDE = 64, PLANE = SIDE * SIDE, SIZE = 4 * PLANE, GROUPS = 5, BATCH = 16, NEIGHBOURS = 4000,
       SMALL = 16 * 16 * 4, STEPS = 500, LEVELS = 4 };

static void must(bool ok, const dio_error *err)
{
    if (ok)
        return;
    fprintf(stderr, "sprite_gate: %s\n", err->message);
    exit(1);
}

/* --- a classifier of kinds --- */

struct classifier {
    dio_nn_conv2d conv[LEVELS];
    dio_nn_linear out;
    int kinds;
    const dio_gallery *gallery;
    float *pixels, *labels;
    int32_t *target;
};

static void walk(dio_walk *w, void *model)
{
    static const int width[LEVELS + 1] = {4, 16, 32, 64, 96};
    struct classifier *c = model;
    for (int i = 0; i < LEVELS; i++) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", i);
        dio_nn_conv2d_walk(w, &c->conv[i], name, width[i], width[i + 1], 3, DIO_NN_BIAS,
                           dio_init_normal(sqrtf(2.0f / (float)(9 * width[i]))));
    }
    dio_nn_linear_walk(w, &c->out, "out", 96 * 16, c->kinds, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf(96 * 16)), dio_init_fill(0));
}

static dio_val scores(dio_graph *g, const struct classifier *c, dio_val x)
{
    for (int i = 0; i < LEVELS; i++)
        x = dio_leaky_relu(g, dio_nn_conv2d_forward(g, &c->conv[i], x, 2, 1, 0), 0.1f);
    return dio_nn_linear_forward(g, &c->out, dio_reshape2(g, x, dio_dim(g, x, 0), -1), DIO_ACT_NONE);
}

static dio_val loss(void *user, dio_graph *g, bool training)
{
    (void)training;
    dio_val x = dio_input(g, "x", dio_type_4d(DIO_F32, BATCH, 4, SIDE, SIDE));
    dio_val y = dio_input(g, "y", dio_type_1d(DIO_I32, BATCH));
    return dio_cross_entropy(g, scores(g, user, x), y, -1, 0.05f);
}

static int kind_of(const float *label, int kinds)
{
    int k = 0;
    while (k < kinds - 1 && label[GROUPS + k] < 0.5f)
        k++;
    return k;
}

static bool fill(void *user, dio_plan *p, int64_t step, bool training, dio_error *err)
{
    struct classifier *c = user;
    const dio_gallery_batch out = {.pixels = c->pixels, .labels = c->labels};
    if (!dio_gallery_fill(c->gallery, training ? DIO_SPLIT_TRAIN : DIO_SPLIT_VALID, step + 1000000,
                          BATCH, &out, err))
        return false;
    for (int i = 0; i < BATCH; i++)
        c->target[i] = kind_of(c->labels + i * c->gallery->shape.labels, c->kinds);
    return dio_plan_set(p, "x", c->pixels, BATCH * SIZE * sizeof(float), err) &&
           dio_plan_set(p, "y", c->target, BATCH * sizeof(int32_t), err);
}

static dio_plan *train(struct classifier *c, dio_walk *w, dio_device *device)
{
    dio_error err = {0};
    dio_train_weight weights[2 * LEVELS + 2];
    must(dio_walk_init(w, walk, c, NULL, &err) && dio_walk_draw(w, 7, DIO_F32, 0, &err), &err);
    for (int i = 0; i < w->count; i++)
        weights[i] = (dio_train_weight){w->items[i].name, *w->items[i].slot, true};
    dio_train_task task = {.user = c, .weights = weights, .n_weights = w->count, .items = BATCH,
                           .item_name = "sprites", .identity = "gate", .loss = loss, .fill = fill};
    dio_train_options o = {.steps = STEPS, .warmup = 20, .lr = 0.002, .min_lr = 0.05, .beta1 = 0.9,
                           .beta2 = 0.99, .eps = 1e-8, .clip = 1, .log_every = STEPS,
                           .eval_every = STEPS, .eval_batches = 1, .checkpoint_every = STEPS};
    char dir[] = "/tmp/sprite-gate-XXXXXX", command[64];
    dio_train_result result;
    must(mkdtemp(dir) != NULL, &err);
    bool ok = dio_train(&task, &o, device, dir, false, NULL, NULL, NULL, &result, &err);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        fprintf(stderr, "sprite_gate: %s remains\n", dir);
    must(ok, &err);
    dio_graph *g = dio_graph_create();
    dio_val y = scores(g, c, dio_input(g, "x", dio_type_4d(DIO_F32, BATCH, 4, SIDE, SIDE)));
    dio_plan *p = dio_plan_create(g, &y, 1, false, device, &(dio_plan_options){0}, &err);
    must(p != NULL, &err);
    dio_graph_destroy(g);
    return p;
}

/* How many of a batch are seen as what was asked for. */
static int seen(dio_plan *p, const float *pixels, const float *labels, int width, int kinds)
{
    dio_error err = {0};
    must(dio_plan_set(p, "x", pixels, BATCH * SIZE * sizeof(float), &err) && dio_plan_run(p, &err),
         &err);
    const float *s = dio_plan_output(p, 0, NULL);
    int right = 0;
    for (int i = 0; i < BATCH; i++) {
        int best = 0;
        for (int k = 1; k < kinds; k++)
            best = s[i * kinds + k] > s[i * kinds + best] ? k : best;
        right += best == kind_of(labels + i * width, kinds);
    }
    return right;
}

/* --- measures --- */

static double overlap(const float *a, const float *b)
{
    int both = 0, any = 0;
    for (int i = 3 * PLANE; i < SIZE; i++) {
        both += a[i] > 0 && b[i] > 0;
        any += a[i] > 0 || b[i] > 0;
    }
    return any ? (double)both / any : 1;
}

/* CIELAB (D65) of a sprite's mean light. */
static void mean_lab(const float *p, double lab[3])
{
    double sum[3] = {0}, weight = 1e-9, f[3];
    for (int i = 0; i < PLANE; i++) {
        double alpha = (p[3 * PLANE + i] + 1) / 2;
        if (alpha < 0.5)
            continue;
        weight += alpha;
        for (int c = 0; c < 3; c++) {
            double v = (p[c * PLANE + i] + 1) / 2 / alpha;
            sum[c] += alpha * dio_srgb_to_linear((float)fmin(fmax(v, 0), 1));
        }
    }
    for (int c = 0; c < 3; c++)
        sum[c] /= weight;
    const double xyz[3] = {(0.4124564 * sum[0] + 0.3575761 * sum[1] + 0.1804375 * sum[2]) / 0.95047,
                           0.2126729 * sum[0] + 0.7151522 * sum[1] + 0.0721750 * sum[2],
                           (0.0193339 * sum[0] + 0.1191920 * sum[1] + 0.9503041 * sum[2]) / 1.08883};
    for (int c = 0; c < 3; c++)
        f[c] = xyz[c] > 216.0 / 24389 ? cbrt(xyz[c]) : (24389.0 / 27 * xyz[c] + 16) / 116;
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

static double hue_of(double b, double a)
{
    double h = a == 0 && b == 0 ? 0 : atan2(b, a);
    return h < 0 ? h + 2 * M_PI : h;
}

/* CIEDE2000 (Sharma, Wu, Dalal 2005). */
static double de2000(const double x[3], const double y[3])
{
    double c = (hypot(x[1], x[2]) + hypot(y[1], y[2])) / 2, c7 = pow(c, 7);
    double g = 0.5 * (1 - sqrt(c7 / (c7 + 6103515625.0)));
    double ax = (1 + g) * x[1], ay = (1 + g) * y[1];
    double cx = hypot(ax, x[2]), cy = hypot(ay, y[2]), hx = hue_of(x[2], ax), hy = hue_of(y[2], ay);
    double dh = hy - hx, h = hx + hy;
    if (cx * cy == 0)
        dh = 0;
    else if (fabs(hy - hx) <= M_PI)
        h /= 2;
    else {
        dh += hy <= hx ? 2 * M_PI : -2 * M_PI;
        h = h < 2 * M_PI ? h / 2 + M_PI : h / 2 - M_PI;
    }
    double dl = y[0] - x[0], dc = cy - cx, dd = 2 * sqrt(cx * cy) * sin(dh / 2);
    double l = (x[0] + y[0]) / 2 - 50, cm = (cx + cy) / 2, cm7 = pow(cm, 7);
    double t = 1 - 0.17 * cos(h - M_PI / 6) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + M_PI / 30) -
               0.20 * cos(4 * h - 63 * M_PI / 180);
    double turn = (h * 180 / M_PI - 275) / 25, rc = 2 * sqrt(cm7 / (cm7 + 6103515625.0));
    double rt = -sin(M_PI / 3 * exp(-turn * turn)) * rc;
    double sl = 1 + 0.015 * l * l / sqrt(20 + l * l), sc = 1 + 0.045 * cm, sh = 1 + 0.015 * cm * t;
    dl /= sl, dc /= sc, dd /= sh;
    return sqrt(dl * dl + dc * dc + dd * dd + rt * dc * dd);
}

/* Means over 4x4 pixels: what neighbours are compared by. */
static void shrink(const float *p, float *out)
{
    memset(out, 0, SMALL * sizeof *out);
    for (int i = 0; i < SIZE; i++)
        out[i / PLANE * 256 + i % PLANE / SIDE / 4 * 16 + i % SIDE / 4] += p[i] / 16;
}

static double nearest(const float *small, const float *all)
{
    double best = INFINITY;
    for (int k = 0; k < NEIGHBOURS; k++) {
        double sum = 0;
        for (int i = 0; i < SMALL && sum < best; i++) {
            double d = (double)small[i] - all[k * SMALL + i];
            sum += d * d;
        }
        best = fmin(best, sum);
    }
    return sqrt(best / SMALL);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *all, int n)
{
    double sum = 0;
    qsort(all, (size_t)n, sizeof *all, by_size);
    for (int i = 0; i < n; i++)
        sum += all[i];
    printf("%-34s mean %7.4f  median %7.4f  5%% %7.4f  95%% %7.4f\n", what, sum / n, all[n / 2],
           all[n / 20], all[n - 1 - n / 20]);
}

static float *numbers(size_t n)
{
    float *p = calloc(n, sizeof *p);
    if (!p)
        exit(1);
    return p;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: sprite_gate MODEL [COUNT]\n"), 2;
    int batches = ((argc > 2 ? atoi(argv[2]) : 500) + BATCH - 1) / BATCH, n = batches * BATCH;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_device *device = dio_device_open("cpu", &err);
    dio_generator *gen = dio_generator_open(argv[1], &err);
    must(device && gen, &err);
    static const char text[] = "data: {kind: sprites}";
    dio_gallery gallery;
    const dio_value *recipe = dio_yaml_parse(a, "gate", text, sizeof text - 1, &err);
    must(recipe && dio_gallery_open(&gallery, recipe, dio_map_get(recipe, "data"), ".", 1, a, &err), &err);
    int width = gallery.shape.labels, kinds = width - GROUPS - 9;
    float *pixels = numbers(BATCH * SIZE), *labels = numbers((size_t)BATCH * (size_t)width);
    float *z = numbers((size_t)BATCH * (size_t)gallery.shape.noise);
    struct classifier c = {.kinds = kinds, .gallery = &gallery, .pixels = pixels, .labels = labels};
    int32_t target[BATCH];
    c.target = target;
    dio_walk w;
    dio_plan *judge = train(&c, &w, device);
    float *near = numbers((size_t)NEIGHBOURS * SMALL), small[SMALL];
    for (int b = 0; b < NEIGHBOURS / BATCH; b++) {
        must(dio_gallery_fill(&gallery, DIO_SPLIT_TRAIN, b, BATCH, &(dio_gallery_batch){.pixels = pixels}, &err), &err);
        for (int i = 0; i < BATCH; i++)
            shrink(pixels + i * SIZE, near + (size_t)(b * BATCH + i) * SMALL);
    }
    dio_graph *g = dio_graph_create();
    dio_generator_io io = {.z = dio_input(g, "z", dio_type_2d(DIO_F32, BATCH, gen->shape.z)),
                           .label = dio_input(g, "label", dio_type_2d(DIO_F32, BATCH, width))};
    dio_generator_forward(g, gen, &io);
    dio_plan *plan = dio_plan_create(g, &io.out, 1, false, device, &(dio_plan_options){0}, &err);
    must(plan != NULL, &err);
    double *iou = calloc(4 * (size_t)n, sizeof *iou), *de = iou + n, *made = de + n, *drawn = made + n;
    int right = 0, truly = 0, shaped = 0;
    for (int b = 0; b < batches; b++) {
        must(dio_gallery_fill(&gallery, DIO_SPLIT_TEST, b, BATCH, &(dio_gallery_batch){pixels, labels, z}, &err) &&
                 dio_plan_set(plan, "z", z, (size_t)BATCH * (size_t)gallery.shape.noise * sizeof *z, &err) &&
                 dio_plan_set(plan, "label", labels, (size_t)BATCH * (size_t)width * sizeof *labels, &err) &&
                 dio_plan_run(plan, &err), &err);
        const float *out = dio_plan_output(plan, 0, NULL);
        right += seen(judge, out, labels, width, kinds);
        truly += seen(judge, pixels, labels, width, kinds);
        for (int i = 0; i < BATCH; i++) {
            int at = b * BATCH + i;
            double x[3], y[3];
            if (labels[i * width + GROUPS - 1] < 0.5f) /* terrain covers all */
                iou[shaped++] = overlap(out + i * SIZE, pixels + i * SIZE);
            mean_lab(out + i * SIZE, x);
            mean_lab(pixels + i * SIZE, y);
            de[at] = de2000(x, y);
            shrink(out + i * SIZE, small);
            made[at] = nearest(small, near);
            shrink(pixels + i * SIZE, small);
            drawn[at] = nearest(small, near);
        }
    }
    printf("%d held-out requests, %d of them with a shape\n", n, shaped);
    report("alpha overlap with the truth (IoU)", iou, shaped);
    report("mean colour, dE2000", de, n);
    report("nearest training sprite: made", made, n);
    report("nearest training sprite: drawn", drawn, n);
    printf("kind recognised: %.1f %% of made, %.1f %% of drawn sprites\n", 100.0 * right / n, 100.0 * truly / n);
    return 0;
}
