/* painter_gate.c: the house painter against its promises: painter_gate MODEL [COUNT [JUDGE STEPS]].
 *
 * Prompts are the captions of scenes that nobody trained on, each with five colours of another
 * scene. For each the true scene is known: what the lexicon reads from the prompt, drawn by rule.
 * Measured: how far the painting is from a wished colour where the truth shows it, and from the
 * truth's mean colour, in dE2000; how far alpha overlaps with the truth, painted and after encoding
 * and decoding the truth; whether a classifier trained on drawn scenes sees the subject; how near
 * the nearest of 4000 training scenes is, beside how near it is to drawn ones; seams of tiles. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "tools/gate.h"
#include "tools/painter_judge.h"
#include "vision/painter.h"
#include "vision/painter_train.h"
#include "vision/scenes/lexicon.h"
#include "vision/seam.h"

enum {
    SIDE = 256,
    PLANE = SIDE * SIDE,
    NEIGHBOURS = 4000,
    THUMB = 16,
    SMALL = THUMB * THUMB * 3,
    TILES = 32,
    HELD = 512, /* of assets/recipes/painter.yaml: the first are not trained on */
};
static const uint64_t first_seed = 0x68656c64206f7574; /* "held out" */

struct gate {
    dio_device *device;
    dio_painter *painter;
    dio_atlas *atlas;
    dio_lexicon *lexicon;
    painter_judge *judge;
    dio_network *autoencoder;
    dio_plan *again; /* a picture encoded and decoded */
    float *near;     /* training scenes, small */
};

/* One request, its truth and its painting, rgba [SIDE,SIDE,4] multiplied by alpha. */
struct request {
    char *prompt;
    uint64_t seed;
    int subject;
    bool alpha;
    uint8_t palette[DIO_ROLES][3];
    dio_scene scene;
    uint8_t truth[4 * PLANE], painted[4 * PLANE];
};

static void ask(const struct gate *g, struct request *r, int i, dio_arena *a)
{
    dio_scene_wish any = dio_scene_any();
    dio_scene s, other;
    r->seed = first_seed + (uint64_t)i;
    r->alpha = i % 4 == 0;
    any.alpha = r->alpha;
    dio_scene_plan(&s, &any, 1, r->seed);
    dio_scene_plan(&other, &any, 1, r->seed + 0x10000000);
    r->subject = s.subject;
    r->prompt = dio_scene_caption(&s, a);
    dio_scene_wish wish = dio_scene_any();
    wish.alpha = r->alpha;
    wish.colours = DIO_ROLES;
    for (int k = 0; k < DIO_ROLES; k++)
        for (int c = 0; c < 3; c++) {
            r->palette[k][c] = (uint8_t)lrintf(255 * other.palette[k][c]);
            wish.palette[k][c] = (float)r->palette[k][c] / 255;
        }
    dio_lexicon_read(g->lexicon, r->prompt, &wish, NULL);
    dio_scene_plan(&r->scene, &wish, 1, r->seed);
    dio_atlas_draw(g->atlas, &r->scene, &(dio_window){SIDE, SIDE, 0, 0, SIDE, SIDE}, r->truth);
}

static void paint(const struct gate *g, struct request *r)
{
    dio_error err = {0};
    dio_image *image = NULL;
    dio_painter_request wish = {.prompt = r->prompt,
                                .width = SIDE,
                                .height = SIDE,
                                .seed = r->seed,
                                .palette = (const uint8_t(*)[3])r->palette,
                                .colours = DIO_ROLES,
                                .alpha = r->alpha};
    gate_must(dio_painter_paint(g->painter, g->device, &wish, &image, &err), &err);
    int channels = image->form.channels;
    for (int i = 0; i < PLANE; i++) {
        const uint8_t *from =
            (const uint8_t *)dio_image_row(image, i / SIDE) + (size_t)(i % SIDE * channels);
        int alpha = r->alpha ? from[3] : 255;
        for (int c = 0; c < 3; c++)
            r->painted[4 * i + c] = (uint8_t)((from[c] * alpha + 127) / 255);
        r->painted[4 * i + 3] = (uint8_t)alpha;
    }
    dio_image_unref(image);
}

/* --- measures --- */

/* Appends one number for each wished colour that takes at least 1 % of the truth. */
static int palette(const struct request *r, const uint8_t *rgba, double *to)
{
    int n = 0;
    for (int role = 0; role < DIO_ROLES; role++)
        n += gate_wished_difference(r->palette[role], r->truth, rgba, PLANE, to + n);
    return n;
}

static void shrink(const uint8_t *rgba, int side, float *out)
{
    int part = side / THUMB;
    memset(out, 0, SMALL * sizeof *out);
    for (int i = 0; i < side * side; i++)
        for (int c = 0; c < 3; c++)
            out[(i / side / part * THUMB + i % side / part) * 3 + c] +=
                (float)rgba[4 * i + c] / (255.0f * (float)(part * part));
}

/* Square training scenes whose whole canvas is drawn small. */
static float *draw_neighbours(const struct gate *g)
{
    enum { AT = 64 };
    float *near = gate_numbers((size_t)NEIGHBOURS * SMALL);
    uint8_t *rgba = (uint8_t *)gate_numbers(AT * AT);
    for (int64_t i = HELD, n = 0; n < NEIGHBOURS; i++) {
        dio_scene s;
        dio_guide_window w;
        dio_flow_scene(1, i, &s, &w);
        if (w.full_w != w.full_h)
            continue;
        dio_atlas_draw(g->atlas, &s, &(dio_window){AT, AT, 0, 0, AT, AT}, rgba);
        shrink(rgba, AT, near + n++ * SMALL);
    }
    free(rgba);
    return near;
}

static double nearest(const struct gate *g, const uint8_t *rgba)
{
    float small[SMALL];
    shrink(rgba, SIDE, small);
    return gate_nearest(small, g->near, NEIGHBOURS, SMALL);
}

/* --- a picture encoded and decoded --- */

static dio_plan *again_plan(const struct gate *g)
{
    dio_error err = {0};
    const dio_autoencoder_ops *ops = g->autoencoder->family->ops;
    dio_graph *graph = dio_graph_create();
    gate_must(graph || dio_fail_memory(&err, "a graph"), &err);
    dio_val x = dio_input(graph, "x", dio_type_4d(DIO_F32, 1, 4, SIDE, SIDE));
    dio_val z = ops->encode(graph, g->autoencoder->model, x, 0);
    dio_val y = ops->decode(graph, g->autoencoder->model, z, 0, NULL);
    dio_plan *p = dio_plan_create(graph, &y, 1, false, g->device, NULL, &err);
    gate_must(p != NULL, &err);
    dio_graph_destroy(graph);
    return p;
}

static double overlap_again(const struct gate *g, const struct request *r)
{
    static float x[4 * PLANE];
    static uint8_t again[4 * PLANE];
    dio_error err = {0};
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 4; c++)
            x[c * PLANE + i] = (float)r->truth[4 * i + c] / 127.5f - 1;
    gate_must(dio_plan_set(g->again, "x", x, sizeof x, &err) && dio_plan_run(g->again, &err), &err);
    const float *y = dio_plan_output(g->again, 0, NULL);
    for (int i = 0; i < PLANE; i++)
        again[4 * i + 3] = y[3 * PLANE + i] > 0 ? 255 : 0;
    return gate_overlap(again, r->truth, PLANE);
}

/* --- the run --- */

static void open_all(struct gate *g, const char *dir, int judge_steps)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    g->device = dio_device_open("cpu", &err);
    g->painter = g->device ? dio_painter_open(dir, DIO_F32, &err) : NULL;
    g->atlas = g->painter ? dio_atlas_open(&err) : NULL;
    const char *assets = g->atlas ? dio_assets_dir(a, &err) : NULL;
    gate_must(assets != NULL, &err);
    g->lexicon = dio_lexicon_open(dio_path_join(a, assets, "scenes/words.yaml"), &err);
    gate_must(g->lexicon != NULL, &err);
    g->autoencoder = dio_network_open(&dio_painter_autoencoder,
                                      dio_path_join(a, dir, "autoencoder"), DIO_F32, &err);
    gate_must(g->autoencoder != NULL, &err);
    g->again = again_plan(g);
    g->near = draw_neighbours(g);
    g->judge = painter_judge_train(g->atlas, judge_steps, g->device);
    dio_arena_destroy(a);
}

static void close_all(struct gate *g)
{
    painter_judge_close(g->judge);
    dio_plan_destroy(g->again);
    dio_network_close(g->autoencoder);
    dio_lexicon_close(g->lexicon);
    dio_atlas_close(g->atlas);
    dio_painter_close(g->painter);
    dio_device_close(g->device);
    free(g->near);
}

static void check_pictures(const struct gate *g, int n)
{
    struct request *r = calloc(1, sizeof *r);
    double *of = (double *)calloc((size_t)n * 16, sizeof *of), *made = of + n, *drawn = made + n;
    double *cut = drawn + n, *again = cut + n, *wished = again + n, *shown = wished + 5 * (size_t)n;
    int seen = 0, truly = 0, cuts = 0, colours = 0, truths = 0;
    dio_error err = {0};
    gate_must((r && of) || dio_fail_memory(&err, "measures"), &err);
    for (int i = 0; i < n; i++) {
        dio_arena *a = dio_arena_create();
        ask(g, r, i, a);
        paint(g, r);
        seen += painter_judge_sees(g->judge, &r->scene, r->painted, SIDE) == r->subject;
        truly += painter_judge_sees(g->judge, &r->scene, r->truth, SIDE) == r->subject;
        colours += palette(r, r->painted, wished + colours);
        truths += palette(r, r->truth, shown + truths);
        of[i] = gate_mean_difference(r->truth, r->painted, PLANE);
        made[i] = nearest(g, r->painted);
        drawn[i] = nearest(g, r->truth);
        if (r->alpha) {
            cut[cuts] = gate_overlap(r->painted, r->truth, PLANE);
            again[cuts++] = overlap_again(g, r);
        }
        dio_arena_destroy(a);
    }
    printf("%d held-out prompts, %d of them cut out\n", n, cuts);
    gate_report("wished colours where they belong: painted", wished, colours);
    gate_report("wished colours where they belong: drawn", shown, truths);
    gate_report("mean colour of the picture, dE2000", of, n);
    gate_report("alpha overlap with the truth: painted", cut, cuts);
    gate_report("alpha overlap: truth encoded and decoded", again, cuts);
    gate_report("nearest training scene: painted", made, n);
    gate_report("nearest training scene: drawn", drawn, n);
    printf("subject recognised: %.1f %% of painted, %.1f %% of drawn scenes\n", 100.0 * seen / n,
           100.0 * truly / n);
    free(of);
    free(r);
}

static void check_tiles(const struct gate *g)
{
    double x[TILES], y[TILES];
    for (int i = 0; i < TILES; i++) {
        dio_error err = {0};
        dio_image *image = NULL;
        dio_seam seam;
        dio_arena *a = dio_arena_create();
        char *prompt = dio_arena_printf(a, "%s, a pattern",
                                        dio_subject_at(i * dio_subject_count() / TILES)->name);
        dio_painter_request wish = {.prompt = prompt,
                                    .width = SIDE,
                                    .height = SIDE,
                                    .seed = first_seed + (uint64_t)i,
                                    .tile_x = true,
                                    .tile_y = true};
        gate_must(dio_painter_paint(g->painter, g->device, &wish, &image, &err) &&
                      dio_image_seam(image, &seam, &err),
                  &err);
        x[i] = (double)seam.x;
        y[i] = (double)seam.y;
        dio_image_unref(image);
        dio_arena_destroy(a);
    }
    gate_report("seams of tiles, left against right", x, TILES);
    gate_report("seams of tiles, top against bottom", y, TILES);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return fprintf(stderr, "usage: painter_gate MODEL [COUNT [JUDGE STEPS]]\n"), 2;
    struct gate g = {0};
    open_all(&g, argv[1], argc > 3 ? atoi(argv[3]) : 4000);
    check_pictures(&g, argc > 2 ? atoi(argv[2]) : 500);
    check_tiles(&g);
    close_all(&g);
    return 0;
}
