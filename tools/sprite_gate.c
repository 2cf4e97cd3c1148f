/* sprite_gate.c: the house sprites against their promises: sprite_gate MODEL [COUNT].
 *
 * On held-out requests (kind, colours and the numbers that shape a sprite), for each the true
 * sprite is known. Measured: how far alpha overlaps; how far a wished colour is off where the truth
 * shows it, and the mean colour, in dE2000; the seams of terrain; whether a small classifier,
 * trained here on true sprites alone, sees the kind that was asked for; and how near the nearest of
 * 4000 training sprites is, beside how near it is to true sprites that nobody trained on. For
 * developers; not installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/nn.h"
#include "tensor/plan.h"
#include "tools/gate.h"
#include "vision/gallery.h"
#include "vision/generator.h"
#include "vision/seam.h"
#include "vision/sprites.h"

enum {
    SIDE = 64,
    PLANE = SIDE * SIDE,
    SIZE = 4 * PLANE,
    GROUPS = 5,
    BATCH = 16,
    NEIGHBOURS = 4000,
    SMALL = 16 * 16 * 4,
    STEPS = 500,
    LEVELS = 4,
    COLOURS = 3,
    TILES = 64
};

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
    return dio_nn_linear_forward(g, &c->out, dio_reshape2(g, x, dio_dim(g, x, 0), -1),
                                 DIO_ACT_NONE);
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
    dio_train_task task = {
        .user = c, .items = BATCH, .item_name = "sprites", .loss = loss, .fill = fill};
    gate_train(w, walk, c, task, STEPS, 0.002, device);
    dio_graph *g = dio_graph_create();
    dio_val y = scores(g, c, dio_input(g, "x", dio_type_4d(DIO_F32, BATCH, 4, SIDE, SIDE)));
    dio_plan *p = dio_plan_create(g, &y, 1, false, device, &(dio_plan_options){0}, &err);
    gate_must(p != NULL, &err);
    dio_graph_destroy(g);
    return p;
}

/* How many of a batch are seen as what was asked for. */
static int seen(dio_plan *p, const float *pixels, const float *labels, int width, int kinds)
{
    dio_error err = {0};
    gate_must(dio_plan_set(p, "x", pixels, BATCH * SIZE * sizeof(float), &err) &&
                  dio_plan_run(p, &err),
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

/* [4,SIDE,SIDE] of -1..1 as bytes, pixel by pixel. */
static void bytes_of(const float *p, uint8_t *out)
{
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 4; c++)
            out[4 * i + c] =
                (uint8_t)lrintf(fminf(fmaxf(p[c * PLANE + i] * 0.5f + 0.5f, 0), 1) * 255);
}

/* Means over 4x4 pixels: what neighbours are compared by. */
static void shrink(const float *p, float *out)
{
    memset(out, 0, SMALL * sizeof *out);
    for (int i = 0; i < SIZE; i++)
        out[i / PLANE * 256 + i % PLANE / SIDE / 4 * 16 + i % SIDE / 4] += p[i] / 16;
}

struct gate {
    dio_device *device;
    dio_generator *generator;
    dio_gallery gallery;
    dio_plan *plan, *judge;
    float *pixels, *labels, *z; /* of a batch */
    float *near;
    int width, kinds;
};

static void open_all(struct gate *g, struct classifier *c, const char *dir, dio_arena *a)
{
    static const char text[] = "data: {kind: sprites}";
    static int32_t target[BATCH];
    static dio_walk walk_of_judge;
    dio_error err = {0};
    g->device = dio_device_open("cpu", &err);
    g->generator = g->device ? dio_generator_open(dir, &err) : NULL;
    const dio_value *recipe =
        g->generator ? dio_yaml_parse(a, "gate", text, sizeof text - 1, &err) : NULL;
    gate_must(recipe && dio_gallery_open(&g->gallery, recipe, dio_map_get(recipe, "data"), ".", 1,
                                         a, &err),
              &err);
    g->width = g->gallery.shape.labels;
    g->kinds = g->width - GROUPS - 3 * COLOURS;
    g->pixels = gate_numbers(BATCH * SIZE);
    g->labels = gate_numbers((size_t)BATCH * (size_t)g->width);
    g->z = gate_numbers((size_t)BATCH * (size_t)g->gallery.shape.noise);
    *c = (struct classifier){.kinds = g->kinds,
                             .gallery = &g->gallery,
                             .pixels = g->pixels,
                             .labels = g->labels,
                             .target = target};
    g->judge = train(c, &walk_of_judge, g->device);
    dio_graph *graph = dio_graph_create();
    gate_must(graph || dio_fail_memory(&err, "a graph"), &err);
    dio_generator_io io = {
        .z = dio_input(graph, "z", dio_type_2d(DIO_F32, BATCH, g->generator->shape.z)),
        .label = dio_input(graph, "label", dio_type_2d(DIO_F32, BATCH, g->width))};
    dio_generator_forward(graph, g->generator, &io);
    g->plan = dio_plan_create(graph, &io.out, 1, false, g->device, &(dio_plan_options){0}, &err);
    gate_must(g->plan != NULL, &err);
    dio_graph_destroy(graph);
}

static void draw_neighbours(struct gate *g)
{
    dio_error err = {0};
    g->near = gate_numbers((size_t)NEIGHBOURS * SMALL);
    for (int b = 0; b < NEIGHBOURS / BATCH; b++) {
        const dio_gallery_batch out = {.pixels = g->pixels};
        gate_must(dio_gallery_fill(&g->gallery, DIO_SPLIT_TRAIN, b, BATCH, &out, &err), &err);
        for (int i = 0; i < BATCH; i++)
            shrink(g->pixels + i * SIZE, g->near + (size_t)(b * BATCH + i) * SMALL);
    }
}

/* Batch b of held-out requests: the truth in g->pixels; what the generator makes is returned. */
static const float *make(struct gate *g, int b)
{
    dio_error err = {0};
    const dio_gallery_batch out = {g->pixels, g->labels, g->z};
    size_t z = (size_t)BATCH * (size_t)g->gallery.shape.noise * sizeof(float);
    size_t labels = (size_t)BATCH * (size_t)g->width * sizeof(float);
    gate_must(dio_gallery_fill(&g->gallery, DIO_SPLIT_TEST, b, BATCH, &out, &err) &&
                  dio_plan_set(g->plan, "z", g->z, z, &err) &&
                  dio_plan_set(g->plan, "label", g->labels, labels, &err) &&
                  dio_plan_run(g->plan, &err),
              &err);
    return dio_plan_output(g->plan, 0, NULL);
}

static double nearest(const struct gate *g, const float *sprite)
{
    float small[SMALL];
    shrink(sprite, small);
    return gate_nearest(small, g->near, NEIGHBOURS, SMALL);
}

/* As the program gives it for these colours; bytes multiplied by alpha. */
static void finish(const float *planes, const float *colour, uint8_t *rgba)
{
    static const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 4, false};
    dio_error err = {0};
    dio_sprite_request r = {.colours = COLOURS};
    memcpy(r.rgb, colour, sizeof r.rgb);
    dio_image *image = dio_image_create(SIDE, SIDE, &form, &err);
    gate_must(image && dio_sprites_finish(planes, &r, image, &err), &err);
    memcpy(rgba, dio_image_row(image, 0), SIZE);
    dio_image_unref(image);
    for (int i = 0; i < SIZE; i++)
        if (i % 4 < 3)
            rgba[i] = (uint8_t)((rgba[i] * rgba[i / 4 * 4 + 3] + 127) / 255);
}

static void check_sprites(struct gate *g, int batches)
{
    int n = batches * BATCH, right = 0, truly = 0, shaped = 0, shown = 0;
    double *iou = calloc(7 * (size_t)n, sizeof *iou), *mean = iou + n, *made = mean + n;
    double *drawn = made + n, *wished = drawn + n;
    uint8_t truth[SIZE], sprite[SIZE];
    dio_error err = {0};
    gate_must(iou || dio_fail_memory(&err, "measures"), &err);
    for (int b = 0; b < batches; b++) {
        const float *out = make(g, b);
        right += seen(g->judge, out, g->labels, g->width, g->kinds);
        truly += seen(g->judge, g->pixels, g->labels, g->width, g->kinds);
        out = dio_plan_output(g->plan, 0, NULL);
        for (int i = 0; i < BATCH; i++) {
            const float *label = g->labels + i * g->width, *colour = label + g->width - 3 * COLOURS;
            bytes_of(g->pixels + i * SIZE, truth);
            finish(out + i * SIZE, colour, sprite);
            if (label[GROUPS - 1] < 0.5f) /* terrain covers all */
                iou[shaped++] = gate_overlap(sprite, truth, PLANE);
            for (int k = 0; k < COLOURS; k++, colour += 3) {
                const uint8_t rgb[3] = {(uint8_t)lrintf(255 * colour[0]),
                                        (uint8_t)lrintf(255 * colour[1]),
                                        (uint8_t)lrintf(255 * colour[2])};
                shown += gate_wished_difference(rgb, truth, sprite, PLANE, wished + shown);
            }
            mean[b * BATCH + i] = gate_mean_difference(truth, sprite, PLANE);
            made[b * BATCH + i] = nearest(g, out + i * SIZE);
            drawn[b * BATCH + i] = nearest(g, g->pixels + i * SIZE);
        }
    }
    printf("%d held-out requests, %d of them with a shape\n", n, shaped);
    gate_report("alpha overlap with the truth (IoU)", iou, shaped);
    gate_report("wished colours where they belong, dE2000", wished, shown);
    gate_report("mean colour, dE2000", mean, n);
    gate_report("nearest training sprite: made", made, n);
    gate_report("nearest training sprite: drawn", drawn, n);
    printf("kind recognised: %.1f %% of made, %.1f %% of drawn sprites\n", 100.0 * right / n,
           100.0 * truly / n);
    free(iou);
}

/* The ground's seams, as the program makes it. */
static void check_tiles(const struct gate *g, const char *dir)
{
    double x[TILES], y[TILES];
    dio_error err = {0};
    dio_sprites *s = dio_sprites_open(dir, g->device, &err);
    gate_must(s != NULL, &err);
    for (int i = 0; i < TILES; i++) {
        const dio_sprite_request r = {.kind = "terrain", .seed = 1000 + (uint64_t)i};
        dio_seam seam;
        dio_image *image = dio_sprites_paint(s, &r, &err);
        gate_must(image && dio_image_seam(image, &seam, &err), &err);
        x[i] = (double)seam.x;
        y[i] = (double)seam.y;
        dio_image_unref(image);
    }
    gate_report("seams of terrain, left against right", x, TILES);
    gate_report("seams of terrain, top against bottom", y, TILES);
    dio_sprites_close(s);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: sprite_gate MODEL [COUNT]\n"), 2;
    struct gate g = {0};
    struct classifier c;
    dio_arena *a = dio_arena_create();
    open_all(&g, &c, argv[1], a);
    draw_neighbours(&g);
    check_sprites(&g, ((argc > 2 ? atoi(argv[2]) : 500) + BATCH - 1) / BATCH);
    check_tiles(&g, argv[1]);
    return 0;
}
