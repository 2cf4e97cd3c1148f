/* painter.c: prompt -> wish -> plan -> guide and underpainting -> latents -> pixels. */
#include "vision/painter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/rng.h"
#include "tensor/ops.h"
#include "tensor/nn.h"
#include "tensor/plan.h"
#include "vision/colour_match.h"
#include "vision/painter_net.h"
#include "vision/scenes/lexicon.h"
#include "vision/scenes/underpaint.h"

enum {
    STEPS = 1, /* nearly all of a picture follows from what is asked for: more steps add grain */
    SIDE = 512,
    LARGE_FROM = 352, /* pixels of the shorter side from which the large decoder draws */
    PROMPT_BYTES = 1 << 16,
    GRID = 1024, /* of the noise's places: canvases are smaller */
    STREAM_NOISE = 0x7061696e,
};

struct dio_painter {
    dio_network *autoencoder, *flow;
    dio_autoencoder_shape shape;
    dio_flow_shape guide;
    dio_image *portraits;
    dio_lexicon *lexicon;
};

/* --- opening --- */

static bool check_guide(const dio_painter *p, const char *dir, dio_error *err)
{
    const dio_flow_shape *g = &p->guide;
    if (g->map != DIO_GUIDE_MAP || g->wish != dio_guide_wish_size())
        return dio_fail(err,
                        "%s: made for another grammar of scenes (%d and %d numbers of a guide; "
                        "this program has %d and %d): train it again",
                        dir, g->wish, g->map, dio_guide_wish_size(), DIO_GUIDE_MAP);
    if (g->channels != p->shape.channels)
        return dio_fail(
            err, "%s: flow and autoencoder do not belong together: latents of %d and %d numbers",
            dir, g->channels, p->shape.channels);
    return true;
}

dio_painter *dio_painter_open(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_painter *p = calloc(1, sizeof *p);
    dio_arena *a = dio_arena_create();
    bool ok = p && a;
    if (!ok)
        dio_fail_memory(err, "the painter");
    const char *assets = ok ? dio_assets_dir(a, err) : NULL;
    if (assets) {
        p->lexicon = dio_lexicon_open(dio_path_join(a, assets, "scenes/words.yaml"), err);
        p->autoencoder = p->lexicon
                             ? dio_network_open(&dio_painter_autoencoder,
                                                dio_path_join(a, dir, "autoencoder"), keep, err)
                             : NULL;
        p->flow = p->autoencoder ? dio_network_open(&dio_painter_flow,
                                                    dio_path_join(a, dir, "flow"), keep, err)
                                 : NULL;
    }
    ok = assets && p->flow;
    if (ok) {
        ((const dio_autoencoder_ops *)p->autoencoder->family->ops)
            ->shape(p->autoencoder->model, &p->shape);
        ((const dio_flow_ops *)p->flow->family->ops)->shape(p->flow->model, &p->guide);
        ok = check_guide(p, dir, err);
    }
    if (ok) {
        p->portraits = dio_portraits_read(dio_path_join(a, dir, "subjects.png"), err);
        ok = p->portraits != NULL;
    }
    dio_arena_destroy(a);
    if (ok)
        return p;
    dio_painter_close(p);
    return NULL;
}

void dio_painter_close(dio_painter *p)
{
    if (!p)
        return;
    dio_lexicon_close(p->lexicon);
    dio_image_unref(p->portraits);
    dio_network_close(p->autoencoder);
    dio_network_close(p->flow);
    free(p);
}

/* --- one picture --- */

struct job {
    dio_painter *p;
    dio_device *device;
    dio_painter_request r;
    dio_scene scene;
    dio_guide_window window; /* the whole canvas */
    unsigned wrap;
    bool large;
    int pixels;       /* a latent, each way */
    float *x, *under; /* [C,h,w] */
    dio_error *err;
};

static bool check(struct job *j)
{
    dio_painter_request *r = &j->r;
    if (!r->prompt || strlen(r->prompt) > PROMPT_BYTES)
        return dio_fail(j->err, "prompt: a text of at most %d bytes is needed", PROMPT_BYTES);
    if (r->steps < 0 || r->steps > DIO_PAINTER_STEPS)
        return dio_fail(j->err, "steps: %d is outside 1 to %d", r->steps, DIO_PAINTER_STEPS);
    if (r->colours < 0 || r->colours > DIO_PAINTER_COLOURS)
        return dio_fail(j->err, "palette: %d colours; 1 to %d are heard", r->colours,
                        DIO_PAINTER_COLOURS);
    r->width = r->width ? r->width : SIDE;
    r->height = r->height ? r->height : SIDE;
    if (r->width < DIO_PAINTER_LEAST || r->height < DIO_PAINTER_LEAST ||
        r->width > DIO_PAINTER_MOST || r->height > DIO_PAINTER_MOST)
        return dio_fail(j->err,
                        "size: %dx%d; house/painter paints %d to %d pixels a side: upscale what is "
                        "to be larger",
                        r->width, r->height, DIO_PAINTER_LEAST, DIO_PAINTER_MOST);
    r->steps = r->steps ? r->steps : STEPS;
    return true;
}

static void compose(struct job *j)
{
    const dio_painter_request *r = &j->r;
    dio_scene_wish wish = dio_scene_any();
    wish.colours = r->colours;
    wish.alpha = r->alpha;
    for (int i = 0; i < r->colours; i++)
        for (int k = 0; k < 3; k++)
            wish.palette[i][k] = (float)r->palette[i][k] / 255;
    dio_lexicon_read(j->p->lexicon, r->prompt, &wish, NULL);
    if (r->alpha && wish.frame == DIO_SCENE_ANY) /* a cut-out is of one thing */
        wish.frame = DIO_FRAME_CENTRE;
    if (r->tile_x || r->tile_y) { /* only what repeats can go on at the other side */
        wish.frame = wish.frame == DIO_SCENE_ANY ? DIO_FRAME_PATTERN : wish.frame;
        wish.backdrop = DIO_BACKDROP_PLAIN;
    }
    int shorter = r->width < r->height ? r->width : r->height;
    j->large = shorter >= LARGE_FROM;
    j->pixels = j->p->shape.scale * (j->large ? 2 : 1);
    int w = (r->width + j->pixels - 1) / j->pixels, h = (r->height + j->pixels - 1) / j->pixels;
    j->window = (dio_guide_window){w, h, 0, 0, w, h, r->tile_x, r->tile_y};
    j->wrap = (r->tile_x ? DIO_NN_WRAP_X : 0) | (r->tile_y ? DIO_NN_WRAP_Y : 0);
    dio_scene_plan(&j->scene, &wish, (float)w / (float)h, r->seed);
}

/* A place's noise depends on where it is from the middle: a larger canvas begins as this one does.
 */
static bool draw_noise(struct job *j)
{
    int w = j->window.w, h = j->window.h;
    j->x = malloc((size_t)j->p->shape.channels * (size_t)w * (size_t)h * sizeof *j->x);
    if (!j->x)
        return dio_fail_memory(j->err, "noise");
    for (int c = 0; c < j->p->shape.channels; c++)
        for (int y = 0; y < h; y++) {
            uint64_t row = (uint64_t)(GRID / 2 + y - h / 2),
                     first = row * GRID + (uint64_t)(GRID / 2 - w / 2);
            dio_normal(j->r.seed, STREAM_NOISE + (uint64_t)c, first,
                       j->x + ((size_t)c * (size_t)h + (size_t)y) * (size_t)w, (size_t)w);
        }
    return true;
}

/* --- what is painted over --- */

/* The encoder sees the small picture's pixels, however large the picture will be. */
static dio_plan *encode_plan(struct job *j)
{
    const dio_autoencoder_ops *ops = j->p->autoencoder->family->ops;
    dio_tensor *mean, *spread;
    int64_t c = j->p->shape.channels, scale = j->p->shape.scale;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(j->err, "a graph");
        return NULL;
    }
    ops->moments(j->p->autoencoder->model, &mean, &spread);
    dio_val x = dio_input(g, "picture",
                          dio_type_4d(DIO_F32, 1, 4, j->window.h * scale, j->window.w * scale));
    dio_val z = ops->encode(g, j->p->autoencoder->model, x, j->wrap);
    z = dio_sub(g, z, dio_reshape4(g, dio_param(g, mean), 1, c, 1, 1));
    z = dio_div(g, z, dio_reshape4(g, dio_param(g, spread), 1, c, 1, 1));
    dio_plan *p = dio_plan_create(g, &z, 1, false, j->device, NULL, j->err);
    dio_graph_destroy(g);
    return p;
}

static bool underpaint(struct job *j)
{
    int k = j->p->shape.scale, w = j->window.w * k, h = j->window.h * k;
    size_t plane = (size_t)w * (size_t)h,
           bytes = plane / (size_t)(k * k) * sizeof(float) * (size_t)j->p->shape.channels;
    dio_plan *plan = encode_plan(j);
    uint8_t *rgba = malloc(4 * plane);
    float *pixels = malloc(4 * plane * sizeof *pixels);
    j->under = malloc(bytes);
    bool ok = plan && ((rgba && pixels && j->under) || dio_fail_memory(j->err, "an underpainting"));
    if (ok) {
        const dio_guide_window whole = {w, h, 0, 0, w, h, j->window.wrap_x, j->window.wrap_y};
        dio_underpaint(j->p->portraits, &j->scene, &whole, rgba);
        dio_encoder_pixels(rgba, plane, pixels);
        ok = dio_plan_set(plan, "picture", pixels, 4 * plane * sizeof *pixels, j->err) &&
             dio_plan_run(plan, j->err);
    }
    if (ok)
        memcpy(j->under, dio_plan_output(plan, 0, NULL), bytes);
    free(rgba);
    free(pixels);
    dio_plan_destroy(plan);
    return ok;
}

/* --- from noise to pixels --- */

static dio_plan *step_plan(struct job *j)
{
    const dio_flow_ops *ops = j->p->flow->family->ops;
    const dio_flow_shape *f = &j->p->guide;
    int64_t w = j->window.w, h = j->window.h;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(j->err, "a graph");
        return NULL;
    }
    dio_flow_io io = {.x = dio_input(g, "x", dio_type_4d(DIO_F32, 1, f->channels, h, w)),
                      .t = dio_input(g, "t", dio_type_1d(DIO_F32, 1)),
                      .wish = dio_input(g, "wish", dio_type_2d(DIO_F32, 1, f->wish)),
                      .map = dio_input(g, "map", dio_type_4d(DIO_F32, 1, f->map, h, w)),
                      .under = dio_input(g, "under", dio_type_4d(DIO_F32, 1, f->channels, h, w)),
                      .wrap = j->wrap};
    ops->forward(g, j->p->flow->model, &io);
    dio_plan *p = dio_plan_create(g, &io.out, 1, false, j->device, NULL, j->err);
    dio_graph_destroy(g);
    return p;
}

static bool set_guide(struct job *j, dio_plan *plan)
{
    size_t n = (size_t)j->window.w * (size_t)j->window.h, f = sizeof(float);
    float *wish = malloc((size_t)j->p->guide.wish * f), *map = malloc(n * DIO_GUIDE_MAP * f);
    size_t latents = n * (size_t)j->p->shape.channels * f;
    bool ok = (wish && map) || dio_fail_memory(j->err, "a picture's guide");
    if (ok) {
        dio_guide_wish(&j->scene, &j->window, wish);
        dio_guide_map(&j->scene, &j->window, map);
    }
    ok = ok && dio_plan_set(plan, "wish", wish, (size_t)j->p->guide.wish * f, j->err) &&
         dio_plan_set(plan, "map", map, n * DIO_GUIDE_MAP * f, j->err) &&
         dio_plan_set(plan, "under", j->under, latents, j->err);
    free(wish);
    free(map);
    return ok;
}

static bool stopped(const struct job *j, int step)
{
    return (j->r.cancel && *j->r.cancel) ||
           (j->r.progress && !j->r.progress(j->r.user, step, j->r.steps));
}

/* Euler's steps along x' = (z - x) / (1 - t), z being what the network says now. */
static bool flow(struct job *j)
{
    size_t n = (size_t)j->p->shape.channels * (size_t)j->window.w * (size_t)j->window.h;
    dio_plan *plan = step_plan(j);
    bool ok = plan && set_guide(j, plan);
    for (int i = 0; ok && i < j->r.steps; i++) {
        float t = (float)i / (float)j->r.steps, share = 1 / (float)(j->r.steps - i);
        ok = dio_plan_set(plan, "x", j->x, n * sizeof *j->x, j->err) &&
             dio_plan_set(plan, "t", &t, sizeof t, j->err) && dio_plan_run(plan, j->err);
        const float *z = ok ? dio_plan_output(plan, 0, NULL) : NULL;
        for (size_t k = 0; ok && k < n; k++)
            j->x[k] += (z[k] - j->x[k]) * share;
        ok = ok && !stopped(j, i + 1);
    }
    dio_plan_destroy(plan);
    return ok;
}

static dio_plan *decode_plan(struct job *j)
{
    const dio_autoencoder_ops *ops = j->p->autoencoder->family->ops;
    dio_tensor *mean, *spread;
    int64_t c = j->p->shape.channels;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(j->err, "a graph");
        return NULL;
    }
    ops->moments(j->p->autoencoder->model, &mean, &spread);
    dio_val z = dio_input(g, "latents", dio_type_4d(DIO_F32, 1, c, j->window.h, j->window.w)),
            large = DIO_NONE;
    z = dio_mul(g, z, dio_reshape4(g, dio_param(g, spread), 1, c, 1, 1));
    z = dio_add(g, z, dio_reshape4(g, dio_param(g, mean), 1, c, 1, 1));
    dio_val small = ops->decode(g, j->p->autoencoder->model, z, j->wrap, j->large ? &large : NULL);
    dio_plan *p = dio_plan_create(g, j->large ? &large : &small, 1, false, j->device, NULL, j->err);
    dio_graph_destroy(g);
    return p;
}

static uint8_t byte_of(float v)
{
    return (uint8_t)(v > 0 ? v < 1 ? v * 255 + 0.5f : 255 : 0);
}

/* Alpha this near to none or all is meant to be it: else a cut-out stands in a faint mist. */
static const float haze = 0.1f;

/* What is beyond the size asked for is cut off evenly. */
static void put_pixels(const struct job *j, const float *from, dio_image *image)
{
    int w = j->window.w * j->pixels, h = j->window.h * j->pixels;
    int x0 = (w - image->width) / 2, y0 = (h - image->height) / 2;
    size_t plane = (size_t)w * (size_t)h;
    for (int y = 0; y < image->height; y++) {
        uint8_t *to = dio_image_row(image, y);
        for (int x = 0; x < image->width; x++, to += image->form.channels) {
            const float *p = from + (size_t)(y + y0) * (size_t)w + (size_t)(x + x0);
            float a = j->r.alpha ? fminf(fmaxf(p[3 * plane] * 0.5f + 0.5f, 0), 1) : 1;
            for (size_t c = 0; c < 3; c++)
                to[c] = a > haze ? byte_of((p[c * plane] * 0.5f + 0.5f) / a) : 0;
            if (j->r.alpha)
                to[3] = byte_of((a - haze) / (1 - 2 * haze));
        }
    }
}

static bool write_notes(const struct job *j, dio_image *image)
{
    char text[512];
    const dio_scene *s = &j->scene;
    snprintf(text, sizeof text, "house/painter, seed %llu, %d steps: %s, %s, %s light, %s, %s, %s",
             (unsigned long long)j->r.seed, j->r.steps, dio_subject_at(s->subject)->name,
             dio_material_names[s->material], dio_light_names[s->light], dio_frame_names[s->frame],
             dio_backdrop_names[s->backdrop], dio_style_names[s->style]);
    return dio_image_note_set(image, "Software", "diorama", j->err) &&
           dio_image_note_set(image, "Comment", text, j->err);
}

static bool decode(struct job *j, dio_image **out)
{
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, j->r.alpha ? 4 : 3, false};
    size_t bytes =
        (size_t)j->p->shape.channels * (size_t)j->window.w * (size_t)j->window.h * sizeof *j->x;
    dio_plan *plan = decode_plan(j);
    dio_image *image = plan ? dio_image_create(j->r.width, j->r.height, &form, j->err) : NULL;
    bool ok = image && dio_plan_set(plan, "latents", j->x, bytes, j->err) &&
              dio_plan_run(plan, j->err) && write_notes(j, image);
    if (ok)
        put_pixels(j, dio_plan_output(plan, 0, NULL), image);
    ok = ok && dio_image_colour_match(image, j->r.palette, j->r.colours, j->err);
    dio_plan_destroy(plan);
    if (ok)
        *out = image;
    else
        dio_image_unref(image);
    return ok;
}

bool dio_painter_paint(dio_painter *p, dio_device *device, const dio_painter_request *request,
                       dio_image **out, dio_error *err)
{
    struct job j = {.p = p, .device = device, .r = *request, .err = err};
    *out = NULL;
    if (!check(&j))
        return false;
    compose(&j);
    bool ok = underpaint(&j) && draw_noise(&j) && flow(&j) && decode(&j, out);
    free(j.x);
    free(j.under);
    return ok;
}
