/* rrdbnet.c: RRDBNet, the network of ESRGAN (arXiv:1809.00219) and Real-ESRGAN.
 *
 *   x -> unfold -> conv_first = f
 *   f -> [ RRDB ] x num_block -> conv_body -> + f
 *     -> [ upsample 2x, conv_up, lrelu ] x ups -> conv_hr -> lrelu -> conv_last
 *
 *   RRDB: x + 0.2 rdb3(rdb2(rdb1(x)))
 *   rdb:  x + 0.2 conv5(x, x1, x2, x3, x4), xN = lrelu(convN(x, x1, ..)) of num_grow_ch channels
 * each
 *
 * lrelu is leaky with slope 0.2, kernels are 3x3. The network makes its input 4 times as wide; the
 * forms for scale 2 and 1 first fold 2x2 or 4x4 pixels into one, with 4 or 16 times the channels.
 *
 * Stages: conv_first; each RRDB; everything after, which reads f again.
 *
 * Names have changed twice: Real-ESRGAN's (conv_first, body.N.rdb1.conv1, conv_body, conv_up1, ..),
 * ESRGAN's (RRDB_trunk.N.RDB1.conv1, trunk_conv, upconv1, HRconv, ..) and those before (model.0,
 * model.1.sub.N.RDB1.conv1.0, model.3, ..), where the scale follows from how many numbers there
 * are.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vision/models/upscalers.h"

enum naming { NEW, TRUNK, OLD };
static const char *const namings[] = {"new", "trunk", "old", NULL};

struct config {
    int num_in_ch, num_out_ch, num_feat, num_block, num_grow_ch, scale, ups, naming;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, num_in_ch, "3", 1, 3, "channels of the picture"),
    DIO_FIELD(struct config, num_out_ch, "3", 1, 3, "channels of the result: as many"),
    DIO_FIELD(struct config, num_feat, "64", 1, MAX_FEATURES, "channels between blocks"),
    DIO_FIELD(struct config, num_block, "23", 1, MAX_BLOCKS, "blocks"),
    DIO_FIELD(struct config, num_grow_ch, "32", 1, MAX_FEATURES, "channels that a layer adds"),
    DIO_FIELD(struct config, scale, "4", 1, MAX_SCALE, "times as wide"),
    DIO_FIELD(struct config, ups, "2", 0, DIO_UPSCALER_DOUBLINGS,
              "doublings at the end: of what was folded first"),
    DIO_FIELD_WORDS(struct config, naming, "new", namings, "which names the weights have"),
    {0},
};

struct rdb {
    dio_nn_conv2d conv[5];
};

struct model {
    struct config c;
    int fold;        /* pixels a side that become one */
    struct rdb *rdb; /* three a block */
    dio_nn_conv2d first, body, up[DIO_UPSCALER_DOUBLINGS], hr, last;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    struct config *c = &m->c;
    if (c->num_in_ch != c->num_out_ch || c->num_in_ch == 2)
        return dio_value_fail(json, err,
                              "an upscaler of %d to %d channels: pictures of 3 (RGB) or 1 (grey) "
                              "are supported, in and out alike",
                              c->num_in_ch, c->num_out_ch);
    m->fold = (1 << c->ups) / c->scale;
    if (m->fold * c->scale != 1 << c->ups)
        return dio_value_fail(json, err, "%d doublings cannot give a scale of %d", c->ups,
                              c->scale);
    m->rdb = dio_arena_try(a, 3 * (size_t)c->num_block * sizeof *m->rdb);
    return m->rdb || dio_fail_memory(err, "an upscaler's layers");
}

/* --- weights --- */

struct names {
    const char *first, *rdb, *conv, *body, *up, *hr, *last; /* %d: block and part, up's number */
};

static const struct names spelled[] = {
    [NEW] = {"conv_first", "body.%d.rdb%d", "conv%d", "conv_body", "conv_up%d", "conv_hr",
             "conv_last"},
    [TRUNK] = {"conv_first", "RRDB_trunk.%d.RDB%d", "conv%d", "trunk_conv", "upconv%d", "HRconv",
               "conv_last"},
    [OLD] = {"model.0", "model.1.sub.%d.RDB%d", "conv%d.0", "model.1.sub.%d", "model.%d",
             "model.%d", "model.%d"},
};

static void walk_conv(dio_walk *w, dio_nn_conv2d *c, const char *format, int number, int64_t in,
                      int64_t out)
{
    char name[64];
    snprintf(name, sizeof name, format, number); /* from the table above */
    dio_nn_conv2d_walk(w, c, name, in, out, 3, DIO_NN_BIAS,
                       dio_init_normal(0.1f * sqrtf(2 / (float)(9 * in))));
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    const struct names *n = &spelled[c->naming];
    int64_t f = c->num_feat, grow = c->num_grow_ch, fold = m->fold;
    bool old = c->naming == OLD;
    walk_conv(w, &m->first, n->first, 0, c->num_in_ch * fold * fold, f);
    for (int i = 0; i < 3 * c->num_block; i++) {
        dio_walk_enter(w, n->rdb, i / 3, i % 3 + 1);
        for (int k = 0; k < 5; k++)
            walk_conv(w, &m->rdb[i].conv[k], n->conv, k + 1, f + k * grow, k < 4 ? grow : f);
        dio_walk_leave(w);
    }
    walk_conv(w, &m->body, n->body, c->num_block, f, f);
    for (int i = 0; i < c->ups; i++)
        walk_conv(w, &m->up[i], n->up, old ? 3 + 3 * i : i + 1, f, f);
    walk_conv(w, &m->hr, n->hr, 2 + 3 * c->ups, f, f);
    walk_conv(w, &m->last, n->last, 4 + 3 * c->ups, f, c->num_out_ch);
}

/* --- the graph --- */

static void shape(const void *model, dio_upscaler_shape *out)
{
    const struct model *m = model;
    *out = (dio_upscaler_shape){.scale = m->c.scale,
                                .multiple = m->fold,
                                .channels = m->c.num_in_ch,
                                .stages = m->c.num_block + 2};
}

static void stage(const void *model, int i, dio_upscaler_stage *out)
{
    const struct model *m = model;
    int f = m->c.num_feat, last = m->c.num_block + 1;
    *out = (dio_upscaler_stage){.layers = {15}, .channels = f, .out = f, .scale = 1};
    if (i == 0) {
        out->channels = m->c.num_in_ch * m->fold * m->fold;
        out->layers[0] = 1;
    } else if (i == last) {
        out->out = m->c.num_out_ch;
        out->scale = 1 << m->c.ups;
        out->first = true;
        out->layers[0] = 1;
        for (int k = 1; k <= m->c.ups; k++)
            out->layers[k] = 1;
        out->layers[m->c.ups] += 2;
    }
}

static dio_val bend(dio_graph *g, dio_val x)
{
    return dio_leaky_relu(g, x, 0.2f);
}

static dio_val conv(dio_graph *g, const dio_nn_conv2d *c, dio_val x)
{
    return dio_nn_conv2d_forward(g, c, x, 1, 1, 0);
}

static dio_val add_fifth(dio_graph *g, dio_val x, dio_val h)
{
    return dio_add(g, dio_axpb(g, h, 0.2f, 0), x);
}

static dio_val rdb(dio_graph *g, const struct rdb *r, dio_val x)
{
    dio_val all[5] = {x};
    for (int k = 1; k < 5; k++)
        all[k] = bend(g, conv(g, &r->conv[k - 1], k > 1 ? dio_concat(g, all, k, 1) : x));
    return add_fifth(g, x, conv(g, &r->conv[4], dio_concat(g, all, 5, 1)));
}

static dio_val rrdb(dio_graph *g, const struct model *m, int i, dio_val x)
{
    dio_val h = x;
    for (int k = 0; k < 3; k++)
        h = rdb(g, &m->rdb[3 * i + k], h);
    return dio_tap(g, add_fifth(g, x, h), "body.%d", i);
}

static dio_val tail(dio_graph *g, const struct model *m, dio_val x, dio_val skip)
{
    x = dio_add(g, skip, dio_tap(g, conv(g, &m->body, x), "conv_body"));
    for (int i = 0; i < m->c.ups; i++) {
        x = dio_upsample_nearest(g, x, 2 * dio_dim(g, x, 2), 2 * dio_dim(g, x, 3));
        x = bend(g, dio_tap(g, conv(g, &m->up[i], x), "conv_up%d", i + 1));
    }
    return conv(g, &m->last, bend(g, conv(g, &m->hr, x)));
}

static dio_val forward(dio_graph *g, const void *model, int i, dio_val x, dio_val skip)
{
    const struct model *m = model;
    if (i == 0)
        return dio_tap(g, conv(g, &m->first, x), "conv_first");
    return i <= m->c.num_block ? rrdb(g, m, i - 1, x) : tail(g, m, x, skip);
}

/* --- from a file alone --- */

static const dio_tensor *find(const dio_weights *from, const char *format, int a, int b)
{
    char name[96];
    snprintf(name, sizeof name, format, a, b);
    return dio_weights_find(from, name);
}

static enum naming naming_of(const dio_weights *from)
{
    return find(from, "body.%d.rdb%d.conv1.weight", 0, 1)         ? NEW
           : find(from, "RRDB_trunk.%d.RDB%d.conv1.weight", 0, 1) ? TRUNK
                                                                  : OLD;
}

/* What number the last convolution has says how many doublings stand before it. */
static int doublings(const dio_weights *from, enum naming naming)
{
    int n = 0;
    if (naming == OLD)
        while (n < DIO_UPSCALER_DOUBLINGS && !find(from, "model.%d.weight", 4 + 3 * n, 0))
            n++;
    else
        while (n < DIO_UPSCALER_DOUBLINGS &&
               find(from, naming == NEW ? "conv_up%d.weight" : "upconv%d.weight", n + 1, 0))
            n++;
    return n;
}

static bool infer(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err)
{
    static const char *const blocks[] = {"body.%d.rdb%d.conv1.weight",
                                         "RRDB_trunk.%d.RDB%d.conv1.weight",
                                         "model.1.sub.%d.RDB%d.conv1.0.weight"};
    enum naming naming = naming_of(from);
    const dio_tensor *first =
        find(from, naming == OLD ? "model.0.weight" : "conv_first.weight", 0, 0);
    const dio_tensor *grow = find(from, blocks[naming], 0, 1);
    if (!first || first->type.nd != 4 || !grow || grow->type.nd != 4)
        return false;
    int n = 0, ups = doublings(from, naming), fold = 1;
    while (n <= MAX_BLOCKS && find(from, blocks[naming], n, 1))
        n++;
    const dio_tensor *last = naming == OLD ? find(from, "model.%d.weight", 4 + 3 * ups, 0)
                                           : find(from, "conv_last.weight", 0, 0);
    int64_t in = first->type.dim[1], out = last && last->type.nd ? last->type.dim[0] : 3;
    while (fold < 1 << ups && in > out * fold * fold)
        fold *= 2;
    if (in != out * fold * fold)
        return dio_fail(err,
                        "%s: an RRDBNet of %lld to %lld channels: neither a picture nor one folded",
                        dio_weights_path(from), (long long)in, (long long)out);
    dio_value *map = dio_value_map(a);
    dio_map_set(a, map, "_class_name", dio_value_string(a, "RRDBNet"));
    dio_map_set(a, map, "num_in_ch", dio_value_int(a, out));
    dio_map_set(a, map, "num_out_ch", dio_value_int(a, out));
    dio_map_set(a, map, "num_feat", dio_value_int(a, first->type.dim[0]));
    dio_map_set(a, map, "num_block", dio_value_int(a, n));
    dio_map_set(a, map, "num_grow_ch", dio_value_int(a, grow->type.dim[0]));
    dio_map_set(a, map, "ups", dio_value_int(a, ups));
    dio_map_set(a, map, "scale", dio_value_int(a, (1 << ups) / fold));
    dio_map_set(a, map, "naming", dio_value_string(a, namings[naming]));
    *config = map;
    return true;
}

static const dio_upscaler_ops ops = {.shape = shape, .stage = stage, .forward = forward};

const dio_model dio_model_rrdbnet = {
    .name = "rrdbnet",
    .doc = "RRDBNet: ESRGAN and Real-ESRGAN",
    .kind = "upscaler",
    .types = (const char *const[]){"RRDBNet", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .infer = infer,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"RRDBNet\",\"num_feat\":8,\"num_block\":2,\"num_grow_ch\":4}", NULL},
};
