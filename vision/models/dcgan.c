/* dcgan.c: the generator of DCGAN (arXiv:1511.06434), under the names of pytorch/examples.
 *
 *   z [B,Z,1,1] -> [ relu(batch_norm(conv_transpose(x))) ] x levels -> tanh(conv_transpose(x))
 *
 * main.N is torch's Sequential: each level counts three (convolution, norm, ReLU), so weights are
 * main.0.weight, main.1.weight (the norm's), main.3.weight, ... Kernels are 4; the first, which
 * opens one pixel to 4x4, has stride 1, the others stride 2 and padding 1.
 *
 * Traps
 *  - no biases beside the norms;
 *  - saved from several GPUs, names begin with "module.";
 *  - num_batches_tracked is no weight.
 */
#include "vision/models/generators.h"

#include <string.h>

enum { LEVELS = 12, KERNEL = 4 };
static const float EPS = 1e-5f;

struct config {
    int z_dim, channels;
    const dio_value *widths;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, z_dim, "100", 1, MAX_CHANNELS, "numbers of noise"),
    DIO_FIELD(struct config, channels, "3", 1, 4, "of the picture: 4 RGBA, 3 RGB, 1 grey"),
    DIO_FIELD(struct config, widths, "[512, 256, 128, 64]", 0, 0,
              "channels after each level; the first has 4x4 pixels"),
    {0},
};

struct level {
    dio_tensor *conv, *w, *b, *mean, *var;
};

struct model {
    struct config c;
    int levels, width[LEVELS];
    struct level level[LEVELS];
    dio_tensor *last;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)a;
    if (m->c.channels == 2)
        return dio_value_fail(json, err, "channels: 1, 3 or 4, not 2");
    return read_widths(m->c.widths, json, "widths", m->width, LEVELS - 3, &m->levels, err);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    dio_init conv = dio_init_normal(0.02f);
    dio_walk_base(w, "module.");
    dio_walk_ignore(w, ".num_batches_tracked");
    dio_walk_enter(w, "module.main");
    int in = m->c.z_dim;
    for (int i = 0; i < m->levels; in = m->width[i++]) {
        struct level *l = &m->level[i];
        dio_walk_enter(w, "%d", 3 * i);
        DIO_WEIGHT(w, &l->conv, "weight", conv, in, m->width[i], KERNEL, KERNEL);
        dio_walk_leave(w);
        dio_walk_enter(w, "%d", 3 * i + 1);
        DIO_WEIGHT(w, &l->w, "weight", dio_init_fill(1), m->width[i]);
        DIO_WEIGHT(w, &l->b, "bias", dio_init_fill(0), m->width[i]);
        DIO_WEIGHT(w, &l->mean, "running_mean", dio_init_fill(0), m->width[i]);
        DIO_WEIGHT(w, &l->var, "running_var", dio_init_fill(1), m->width[i]);
        dio_walk_leave(w);
    }
    dio_walk_enter(w, "%d", 3 * m->levels);
    DIO_WEIGHT(w, &m->last, "weight", conv, in, m->c.channels, KERNEL, KERNEL);
    dio_walk_leave(w);
    dio_walk_leave(w);
}

static void shape(const void *model, dio_generator_shape *out)
{
    const struct model *m = model;
    int side = 4 << m->levels;
    *out = (dio_generator_shape){.z = m->c.z_dim,
                                 .channels = m->c.channels,
                                 .width = side,
                                 .height = side,
                                 .draw = DIO_DRAW_TORCH};
}

/* torch keeps 0.9 of what was and takes 0.1 of the batch. */
static void keep(dio_graph *g, dio_generator_io *io, dio_tensor *weight, dio_val now)
{
    if (io->n_running == DIO_GENERATOR_RUNNING)
        return;
    io->running[io->n_running].weight = weight;
    io->running[io->n_running++].value =
        dio_add(g, dio_axpb(g, dio_param(g, weight), 0.9f, 0), dio_axpb(g, now, 0.1f, 0));
}

static dio_val norm(dio_graph *g, const struct level *l, dio_val x, dio_generator_io *io)
{
    dio_val w = dio_param(g, l->w), b = dio_param(g, l->b), mean, var;
    if (!io->training)
        return dio_batch_norm_eval(g, x, w, b, dio_param(g, l->mean), dio_param(g, l->var), EPS);
    x = dio_batch_norm(g, x, w, b, EPS, &mean, &var);
    keep(g, io, l->mean, mean);
    keep(g, io, l->var, var);
    return x;
}

static void forward(dio_graph *g, const void *model, dio_generator_io *io)
{
    const struct model *m = model;
    dio_conv_attrs first = dio_conv_defaults(), next = first;
    next.stride[0] = next.stride[1] = 2;
    next.pad[0] = next.pad[1] = 1;
    dio_val x = dio_reshape4(g, io->z, dio_dim(g, io->z, 0), m->c.z_dim, 1, 1);
    for (int i = 0; i < m->levels; i++) {
        const struct level *l = &m->level[i];
        x = dio_conv_transpose(g, x, dio_param(g, l->conv), DIO_NONE, i ? next : first);
        x = dio_relu(g, dio_tap(g, norm(g, l, x, io), "main.%d", 3 * i + 1));
    }
    io->out = dio_tanh(g, dio_conv_transpose(g, x, dio_param(g, m->last), DIO_NONE, next));
}

/* --- from a state dict alone --- */

static const dio_tensor *find(const dio_weights *from, dio_arena *a, int n)
{
    const dio_tensor *t = dio_weights_find(from, dio_arena_printf(a, "main.%d.weight", n));
    return t ? t : dio_weights_find(from, dio_arena_printf(a, "module.main.%d.weight", n));
}

static bool infer(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err)
{
    const dio_tensor *t = find(from, a, 0);
    int n = 0;
    if (!t || t->type.nd != 4 || !find(from, a, 1) || find(from, a, 1)->type.nd != 1)
        return false;
    dio_value *map = dio_value_map(a), *widths = dio_value_list(a);
    dio_map_set(a, map, "model_type", dio_value_string(a, "dcgan"));
    dio_map_set(a, map, "z_dim", dio_value_int(a, t->type.dim[0]));
    for (const dio_tensor *norm; (norm = find(from, a, 3 * n + 1)) && n < LEVELS; n++)
        dio_list_add(a, widths, dio_value_int(a, norm->type.nd ? norm->type.dim[0] : 0));
    t = find(from, a, 3 * n);
    dio_map_set(a, map, "widths", widths);
    if (t && t->type.nd == 4)
        dio_map_set(a, map, "channels", dio_value_int(a, t->type.dim[1]));
    *config = map;
    return !dio_arena_failed(a) || dio_fail_memory(err, "a generator's config");
}

static const dio_generator_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_dcgan = {
    .name = "dcgan",
    .doc = "DCGAN: transposed convolutions, batch norms, ReLU",
    .kind = "generator",
    .types = (const char *const[]){"dcgan", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .infer = infer,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"dcgan\",\"z_dim\":12,\"widths\":[16,8],\"channels\":3}", NULL},
};
