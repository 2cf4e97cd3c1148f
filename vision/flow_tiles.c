/* flow_tiles.c: what the flow's pictures of subjects are before training: latents of each subject
 * alone. Learned from noise they took most of a training; begun with these, shapes are right from
 * the first steps, and what is left to learn is how materials and lights change them. */
#include <stdlib.h>
#include <string.h>

#include "tensor/ops.h"
#include "tensor/plan.h"
#include "vision/painter_train.h"

struct tiles {
    const dio_network *autoencoder;
    dio_autoencoder_shape shape;
    dio_flow_shape flow;
    const float *mean, *spread;
    int side; /* pixels */
    float *pixels;
    uint8_t *rgba;
};

static dio_plan *encode_plan(const struct tiles *t, dio_device *device, dio_error *err)
{
    const dio_autoencoder_ops *ops = t->autoencoder->family->ops;
    dio_graph *g = dio_graph_create();
    if (!g) {
        dio_fail_memory(err, "a graph");
        return NULL;
    }
    dio_val x = dio_input(g, "picture", dio_type_4d(DIO_F32, 1, 4, t->side, t->side));
    dio_val z = ops->encode(g, t->autoencoder->model, x, 0);
    dio_plan *p = dio_plan_create(g, &z, 1, false, device, NULL, err);
    dio_graph_destroy(g);
    return p;
}

/* One subject, drawn and encoded, into rows [side * side, channels]. */
static bool put_tile(const struct tiles *t, const dio_atlas *atlas, dio_plan *p, int tile,
                     float *rows, dio_error *err)
{
    dio_scene s;
    size_t plane = (size_t)t->side * (size_t)t->side;
    size_t places = (size_t)t->flow.tile_side * (size_t)t->flow.tile_side;
    dio_guide_tile(tile, &s);
    dio_atlas_draw(atlas, &s, &(dio_window){t->side, t->side, 0, 0, t->side, t->side}, t->rgba);
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < 4; c++)
            t->pixels[c * plane + i] = (float)t->rgba[4 * i + c] * (1 / 127.5f) - 1;
    if (!dio_plan_set(p, "picture", t->pixels, 4 * plane * sizeof *t->pixels, err) ||
        !dio_plan_run(p, err))
        return false;
    const float *z = dio_plan_output(p, 0, NULL);
    for (size_t i = 0; i < places; i++)
        for (int c = 0; c < t->flow.tile_channels; c++)
            *rows++ = (z[(size_t)c * places + i] - t->mean[c]) / t->spread[c];
    return true;
}

bool dio_flow_tiles(dio_network *flow, const dio_network *autoencoder, const dio_atlas *atlas,
                    dio_device *device, dio_error *err)
{
    struct tiles t = {.autoencoder = autoencoder};
    const dio_autoencoder_ops *ops = autoencoder->family->ops;
    const dio_flow_ops *flow_ops = flow->family->ops;
    dio_tensor *mean, *spread;
    ops->shape(autoencoder->model, &t.shape);
    flow_ops->shape(flow->model, &t.flow);
    ops->moments(autoencoder->model, &mean, &spread);
    t.mean = dio_tensor_data(mean);
    t.spread = dio_tensor_data(spread);
    t.side = t.flow.tile_side * t.shape.scale;
    size_t plane = (size_t)t.side * (size_t)t.side;
    size_t numbers =
        (size_t)t.flow.tile_side * (size_t)t.flow.tile_side * (size_t)t.flow.tile_channels;
    dio_plan *p = encode_plan(&t, device, err);
    t.pixels = malloc(4 * plane * sizeof *t.pixels);
    t.rgba = malloc(4 * plane);
    bool ok = p && ((t.pixels && t.rgba) || dio_fail_memory(err, "pictures of subjects"));
    float *rows = ok ? dio_tensor_data(flow_ops->tiles(flow->model)) : NULL;
    for (int i = 0; ok && i < t.flow.tiles; i++, rows += numbers)
        ok = put_tile(&t, atlas, p, i, rows, err);
    free(t.pixels);
    free(t.rgba);
    dio_plan_destroy(p);
    return ok;
}
