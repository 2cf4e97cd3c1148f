/* srvgg.c: SRVGGNetCompact of Real-ESRGAN (realesr-animevideov3, realesr-general-x4v3).
 *
 *   x -> conv -> prelu -> [ conv -> prelu ] x num_conv -> conv -> pixel_shuffle
 *   x ---------------------- nearest upsampling ------------------------ + ->
 *
 * Kernels 3x3, nothing is normalised and nothing happens at the large size but the last step, so a
 * pixel sees num_conv + 2 around it and the whole network is one stage.
 *
 * body.N is the n-th of convolutions and activations, which take turns: body.0.weight is the first
 * convolution's, body.1.weight its activation's slopes [C], and so on.
 *
 * Traps
 *  - act_type "relu" and "leakyrelu" leave no weights behind, and a file cannot say which it was;
 *    what is published has PReLU.
 */
#include <math.h>
#include <stdio.h>

#include "vision/models/upscalers.h"

struct config {
    int num_in_ch, num_out_ch, num_feat, num_conv, upscale;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, num_in_ch, "3", 1, 3, "channels of the picture"),
    DIO_FIELD(struct config, num_out_ch, "3", 1, 3, "channels of the result: as many"),
    DIO_FIELD(struct config, num_feat, "64", 1, MAX_FEATURES, "channels within"),
    DIO_FIELD(struct config, num_conv, "16", 0, MAX_BLOCKS, "convolutions between first and last"),
    DIO_FIELD(struct config, upscale, "4", 1, MAX_SCALE, "times as wide"),
    {0},
};

struct layer {
    dio_nn_conv2d conv;
    dio_tensor *slope;
};

struct model {
    struct config c;
    struct layer *layer; /* num_conv + 2; the last has no slope */
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    if (m->c.num_in_ch != m->c.num_out_ch || m->c.num_in_ch == 2)
        return dio_value_fail(json, err,
                              "an upscaler of %d to %d channels: pictures of 3 (RGB) or 1 (grey) "
                              "are supported, in and out alike",
                              m->c.num_in_ch, m->c.num_out_ch);
    m->layer = dio_arena_try(a, (size_t)(m->c.num_conv + 2) * sizeof *m->layer);
    return m->layer || dio_fail_memory(err, "an upscaler's layers");
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    int last = c->num_conv + 1, in = c->num_in_ch;
    char name[24];
    dio_walk_enter(w, "body");
    for (int i = 0; i <= last; i++, in = c->num_feat) {
        int out = i < last ? c->num_feat : c->num_out_ch * c->upscale * c->upscale;
        snprintf(name, sizeof name, "%d", 2 * i);
        dio_nn_conv2d_walk(w, &m->layer[i].conv, name, in, out, 3, DIO_NN_BIAS,
                           dio_init_normal(sqrtf(2 / (float)(9 * in))));
        if (i == last)
            break;
        dio_walk_enter(w, "%d", 2 * i + 1);
        DIO_WEIGHT(w, &m->layer[i].slope, "weight", dio_init_fill(0.25f), c->num_feat);
        dio_walk_leave(w);
    }
    dio_walk_leave(w);
}

static void shape(const void *model, dio_upscaler_shape *out)
{
    const struct config *c = &((const struct model *)model)->c;
    *out = (dio_upscaler_shape){
        .scale = c->upscale, .multiple = 1, .channels = c->num_in_ch, .stages = 1};
}

static void stage(const void *model, int i, dio_upscaler_stage *out)
{
    const struct config *c = &((const struct model *)model)->c;
    (void)i;
    *out = (dio_upscaler_stage){.layers = {c->num_conv + 2},
                                .channels = c->num_in_ch,
                                .out = c->num_out_ch,
                                .scale = c->upscale};
}

static dio_val forward(dio_graph *g, const void *model, int i, dio_val x, dio_val skip)
{
    const struct model *m = model;
    int last = m->c.num_conv + 1;
    (void)i, (void)skip;
    dio_val h = x;
    for (int n = 0; n < last; n++) {
        h = dio_tap(g, dio_nn_conv2d_forward(g, &m->layer[n].conv, h, 1, 1, 0), "body.%d", 2 * n);
        h = dio_prelu(g, h, dio_param(g, m->layer[n].slope));
    }
    h = dio_tap(g, dio_nn_conv2d_forward(g, &m->layer[last].conv, h, 1, 1, 0), "body.%d", 2 * last);
    int up = m->c.upscale;
    if (up == 1)
        return dio_add(g, h, x);
    dio_val base = dio_upsample_nearest(g, x, up * dio_dim(g, x, 2), up * dio_dim(g, x, 3));
    return dio_add(g, dio_pixel_shuffle(g, h, up), base);
}

/* --- from a file alone --- */

static const dio_tensor *body(const dio_weights *from, int i)
{
    char name[32];
    snprintf(name, sizeof name, "body.%d.weight", i);
    return dio_weights_find(from, name);
}

static bool infer(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err)
{
    const dio_tensor *first = body(from, 0), *slope = body(from, 1);
    int last = 0;
    if (!first || first->type.nd != 4 || dio_weights_find(from, "conv_first.weight"))
        return false;
    if (!slope)
        return dio_fail(err,
                        "%s: an SRVGGNetCompact without PReLU: the file does not say which "
                        "activation it was trained with",
                        dio_weights_path(from));
    while (last <= MAX_BLOCKS && body(from, 2 * last + 2))
        last++;
    int64_t out = body(from, 2 * last)->type.dim[0], in = first->type.dim[1];
    int64_t up = in > 0 && out % in == 0 ? (int64_t)lround(sqrt((double)(out / in))) : 0;
    if (last < 1 || up < 1 || up * up * in != out)
        return dio_fail(err,
                        "%s: %lld channels in and %lld out are no square number of pixels each: "
                        "not an SRVGGNetCompact",
                        dio_weights_path(from), (long long)in, (long long)out);
    dio_value *map = dio_value_map(a);
    dio_map_set(a, map, "_class_name", dio_value_string(a, "SRVGGNetCompact"));
    dio_map_set(a, map, "num_in_ch", dio_value_int(a, in));
    dio_map_set(a, map, "num_out_ch", dio_value_int(a, in));
    dio_map_set(a, map, "num_feat", dio_value_int(a, first->type.dim[0]));
    dio_map_set(a, map, "num_conv", dio_value_int(a, last - 1));
    dio_map_set(a, map, "upscale", dio_value_int(a, up));
    *config = map;
    return true;
}

static const dio_upscaler_ops ops = {.shape = shape, .stage = stage, .forward = forward};

const dio_model dio_model_srvgg = {
    .name = "srvgg",
    .doc = "SRVGGNetCompact: Real-ESRGAN's small upscalers",
    .kind = "upscaler",
    .types = (const char *const[]){"SRVGGNetCompact", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .infer = infer,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"SRVGGNetCompact\",\"num_feat\":8,\"num_conv\":2,\"upscale\":4}",
            NULL},
};
