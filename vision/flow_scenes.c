/* flow_scenes.c: scenes for the flow's training, drawn and encoded once.
 *
 * A training picture is a window of 24x24 latents of a canvas of any shape, 24 to 40 latents on its
 * shorter side: the map says where the window is, so that one graph learns all sizes. What it is to
 * become and what is shown of it, its underpainting, are encoded from the pixels of that window
 * alone, one like the other. What else the flow is told about a scene follows from its seed again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/gang.h"
#include "base/rng.h"
#include "tensor/plan.h"
#include "vision/painter_train.h"
#include "vision/scenes/underpaint.h"

enum {
    SIDE = DIO_FLOW_SIDE,
    LONGEST = 40,              /* latents of a canvas's shorter side, at most */
    TOGETHER = 4,              /* scenes that are encoded together, */
    PICTURES = 2 * TOGETHER,   /* of two pictures each */
    STREAM_SCENE = 0x666c6f77, /* train_flow.c has those that follow */
};
const float dio_flow_unit = 1.0f / 4096;

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

bool dio_flow_subjects_need(dio_flow_subjects *s, dio_error *err)
{
    if (!s->atlas)
        s->atlas = dio_atlas_open(err);
    if (s->atlas && !s->portraits)
        s->portraits = dio_portraits_draw(s->atlas, err);
    return s->portraits != NULL;
}

void dio_flow_subjects_clean(dio_flow_subjects *s)
{
    dio_image_unref(s->portraits);
    dio_atlas_close(s->atlas);
}

/* --- drawing --- */

struct drawing {
    const dio_flow_subjects *subjects;
    uint64_t seed;
    int64_t first;
    int scale;
    float *pixels; /* [TOGETHER, 2, 4, side, side] */
    uint8_t *bytes;
};

/* A scene's picture, or its underpainting. */
static void draw_one(void *user, int64_t item, int thread)
{
    struct drawing *d = user;
    dio_scene s;
    dio_guide_window w;
    (void)thread;
    dio_flow_scene(d->seed, d->first + item / 2, &s, &w);
    int k = d->scale, side = SIDE * k;
    size_t plane = (size_t)side * (size_t)side;
    uint8_t *rgba = d->bytes + (size_t)item * plane * 4;
    if (item % 2 == 0) {
        const dio_window in = {w.full_w * k, w.full_h * k, w.x * k, w.y * k, side, side};
        dio_atlas_draw(d->subjects->atlas, &s, &in, rgba);
    } else {
        const dio_guide_window in = {w.full_w * k, w.full_h * k, w.x * k,  w.y * k,
                                     side,         side,         w.wrap_x, w.wrap_y};
        dio_underpaint(d->subjects->portraits, &s, &in, rgba);
    }
    dio_encoder_pixels(rgba, plane, d->pixels + (size_t)item * plane * 4);
}

static dio_plan *encode_plan(const dio_network *autoencoder, int side, dio_device *device,
                             dio_error *err)
{
    const dio_autoencoder_ops *ops = autoencoder->family->ops;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_val x = dio_input(g, "pictures", dio_type_4d(DIO_F32, PICTURES, 4, side, side));
    dio_val z = ops->encode(g, autoencoder->model, x, 0);
    dio_plan *p = dio_plan_create(g, &z, 1, false, device, NULL, err);
    dio_graph_destroy(g);
    return p;
}

/* `numbers` of a picture. */
static bool encode_some(struct drawing *d, dio_plan *p, size_t numbers, FILE *file, dio_error *err)
{
    int16_t packed[64 * SIDE * SIDE];
    size_t side = (size_t)(SIDE * d->scale), bytes = PICTURES * 4 * side * side * sizeof(float);
    dio_gang_steal(PICTURES, draw_one, d);
    if (!dio_plan_set(p, "pictures", d->pixels, bytes, err) || !dio_plan_run(p, err))
        return false;
    const float *z = dio_plan_output(p, 0, NULL);
    for (int i = 0; i < PICTURES; i++, z += numbers) {
        for (size_t n = 0; n < numbers; n++)
            packed[n] = (int16_t)lrintf(fminf(fmaxf(z[n], -7.9f), 7.9f) / dio_flow_unit);
        if (fwrite(packed, sizeof *packed, numbers, file) != numbers)
            return dio_fail_retry(err, "the file of latents cannot be written: is the disk full?");
    }
    return true;
}

/* Goes on where the file ends. */
static bool draw_scenes(dio_painter_job *j, const dio_network *autoencoder,
                        dio_flow_subjects *subjects, FILE *file, dio_error *err)
{
    dio_autoencoder_shape shape;
    ((const dio_autoencoder_ops *)autoencoder->family->ops)->shape(autoencoder->model, &shape);
    struct drawing d = {.subjects = subjects, .seed = j->recipe.seed, .scale = shape.scale};
    size_t numbers = (size_t)shape.channels * SIDE * SIDE, record = 2 * numbers * sizeof(int16_t);
    size_t side = (size_t)(SIDE * d.scale), pixels = PICTURES * 4 * side * side;
    fseek(file, 0, SEEK_END);
    d.first = ftell(file) / (long)record / TOGETHER * TOGETHER;
    if (d.first >= j->recipe.scenes)
        return true;
    dio_plan *p = dio_flow_subjects_need(subjects, err)
                      ? encode_plan(autoencoder, (int)side, j->run->device, err)
                      : NULL;
    d.pixels = malloc(pixels * sizeof *d.pixels);
    d.bytes = malloc(pixels);
    bool ok = p && ((d.pixels && d.bytes) || dio_fail_memory(err, "pictures"));
    ok = ok && (fseek(file, (long)d.first * (long)record, SEEK_SET) == 0);
    for (; ok && d.first < j->recipe.scenes && !*j->run->hooks->cancel; d.first += TOGETHER) {
        if (d.first % 1000 < TOGETHER)
            dio_recipe_say(j->run, "drawing scenes: %lld of %d", (long long)d.first,
                           j->recipe.scenes);
        ok = encode_some(&d, p, numbers, file, err);
    }
    free(d.pixels);
    free(d.bytes);
    dio_plan_destroy(p);
    return ok;
}

bool dio_flow_latents(dio_painter_job *j, const dio_network *autoencoder,
                      dio_flow_subjects *subjects, dio_map_file **out, dio_error *err)
{
    dio_arena *a = j->run->a;
    char digest[DIO_HASH_TEXT];
    const char *from = j->recipe.autoencoder;
    from = from[0] == '/' ? from : dio_path_join(a, j->root, from);
    if (!dio_hash_file(dio_path_join(a, from, "model.safetensors"), digest, err))
        return false;
    /* Named after what it was made with: another encoder begins anew. */
    const char *path = dio_path_join(a, j->run->dir,
                                     dio_arena_printf(a, "latent-pairs-%.12s-%llu.bin", digest,
                                                      (unsigned long long)j->recipe.seed));
    FILE *file = fopen(path, dio_file_exists(path) ? "r+b" : "w+b");
    if (!file)
        return dio_fail_retry(err, "%s: cannot be written", path);
    bool ok = draw_scenes(j, autoencoder, subjects, file, err);
    if (fclose(file) != 0 && ok)
        ok = dio_fail_retry(err, "%s: cannot be written: is the disk full?", path);
    if (!ok || *j->run->hooks->cancel)
        return ok;
    *out = dio_map_open(path, err);
    return *out != NULL;
}
