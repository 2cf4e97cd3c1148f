/* conditional.c: a small generator of pictures of a kind: noise and a label to RGB or RGBA.
 *
 *   z, label -> [ leaky_relu(linear) ] x layers                          e [B,E]
 *   input: linear(e) -> [B,W0,first,first]
 *   for each width: x = upsample(x) (but for the first)
 *     h = conv1(leaky_relu(film1(x, e)));  h = conv2(leaky_relu(film2(h, e)));  x = skip(x) + h
 *     (from level light_from on without film2 and conv2: that is where the time goes)
 *   tanh(conv(leaky_relu(film(x, e))))                                   [B,C,size,size]
 *
 * With `shuffle` n, the last conv makes n*n times the channels, which become pixels: the dear full
 * size is never computed in. With `palette` n, the label's last 3n numbers are colours: the mapping
 * does not see them, and conv gives each pixel a share a of each colour, a rest b and an alpha:
 *   2 (sum of a_k 4 (colour_k - 0.6) + b) - 1, 2 sigmoid(alpha) - 1
 * (around zero and about as wide as the other inputs: shares of raw colours learn four times
 * slower). A shading is linear in the colour that is shaded, so that colours never seen are right
 * as well.
 *
 *   film(x, e) = norm(x) * (1 + scale(e)) + shift(e), norm over groups of channels of one picture
 *
 * Ours, no paper's: residual blocks of nearest upsampling, and the label acts at every norm, so
 * that a few hundred thousand weights keep kinds apart. Nothing is shared between the pictures of a
 * batch: a picture is the same alone, and there are no running statistics to keep.
 *
 * With `templates` t, each number of the label that the mapping sees has t learned maps of the last
 * level's size, which join its input: what all pictures of a kind have in common is remembered in
 * its place, and noise mixes the maps by their scales.
 *
 * Names: mapping.N, input, templates, blocks.N.{film1,conv1,film2,conv2,skip}, out.{film,conv}.
 * skip is 1x1 and there only where the width changes.
 */
#include <math.h>

#include "vision/models/generators.h"

enum { LEVELS = 10 };

struct config {
    int z_dim, label_dim, channels, first, embed_dim, layers, groups, light_from, shuffle, palette;
    int templates;
    bool premultiplied;
    const dio_value *widths;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, z_dim, "32", 1, 4096, "numbers of noise"),
    DIO_FIELD(struct config, label_dim, "0", 0, 4096, "numbers of the label; 0: it takes none"),
    DIO_FIELD(struct config, channels, "4", 1, 4, "of the picture: 4 RGBA, 3 RGB, 1 grey"),
    DIO_FIELD(struct config, first, "4", 1, 64, "pixels a side of the smallest map"),
    DIO_FIELD(struct config, embed_dim, "128", 1, 4096, "width of noise and label together"),
    DIO_FIELD(struct config, layers, "2", 1, 16, "of the mapping"),
    DIO_FIELD(struct config, groups, "8", 0, 1024, "channels are normalised in so many; 0: not"),
    DIO_FIELD(struct config, light_from, "10", 0, LEVELS,
              "levels from here on have one convolution"),
    DIO_FIELD(struct config, templates, "0", 0, 1024, "learned maps of each kind; 0: none"),
    DIO_FIELD(struct config, premultiplied, "false", 0, 0, "colours come multiplied by alpha"),
    DIO_FIELD(struct config, shuffle, "1", 1, 4, "pixels a side that one of the last map becomes"),
    DIO_FIELD(struct config, palette, "0", 0, 16, "colours at the label's end; 0: none"),
    DIO_FIELD(struct config, widths, "[128, 96, 64, 48, 32]", 0, 0,
              "channels of each level, each twice as large as the one before"),
    {0},
};

struct film {
    dio_nn_linear scale_shift;
    int width;
};

struct block {
    struct film film1, film2;
    dio_nn_conv2d conv1, conv2, skip;
};

struct model {
    struct config c;
    int levels, width[LEVELS];
    dio_nn_linear *mapping;
    dio_nn_linear input, templates;
    struct block block[LEVELS];
    struct film film;
    dio_nn_conv2d out;
};

/* Numbers of the label that the mapping sees, and maps that the last convolution gives. */
static int seen(const struct config *c)
{
    return c->label_dim - 3 * c->palette;
}

static int maps(const struct config *c)
{
    return c->channels + c->palette;
}

static int64_t template_numbers(const struct model *m)
{
    int side = m->c.first << (m->levels - 1);
    return (int64_t)m->c.templates * side * side;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    if (m->c.channels == 2)
        return dio_value_fail(json, err, "channels: 1, 3 or 4, not 2");
    if (m->c.palette && (m->c.label_dim < 3 * m->c.palette || m->c.channels < 3))
        return dio_value_fail(json, err,
                              "palette: %d colours need %d label numbers and 3 or 4 "
                              "channels",
                              m->c.palette, 3 * m->c.palette);
    if (m->c.templates && seen(&m->c) < 1)
        return dio_value_fail(json, err, "templates: there is no label that could have them");
    if (!read_widths(m->c.widths, json, "widths", m->width, LEVELS, &m->levels, err))
        return false;
    for (int i = 0; m->c.groups && i < m->levels; i++)
        if (m->width[i] % m->c.groups)
            return dio_value_fail(m->c.widths, err, "widths: %d does not divide into %d groups",
                                  m->width[i], m->c.groups);
    if (m->c.groups && m->c.templates % m->c.groups)
        return dio_value_fail(json, err, "templates: %d does not divide into %d groups",
                              m->c.templates, m->c.groups);
    if (((int64_t)m->c.first << (m->levels - 1)) * m->c.shuffle > MAX_SIDE)
        return dio_value_fail(json, err, "%d levels from %d pixels: pictures are at most %d a side",
                              m->levels, m->c.first, MAX_SIDE);
    m->mapping = dio_arena_try(a, (size_t)m->c.layers * sizeof *m->mapping);
    return m->mapping || dio_fail_memory(err, "a generator's layers");
}

/* What keeps the spread of numbers through a leaky ReLU. */
static dio_init he(int64_t in)
{
    return dio_init_normal(sqrtf(2 / (float)in));
}

/* Fresh, it leaves the norm as it is. */
static void walk_film(dio_walk *w, struct film *f, const char *name, int embed, int width)
{
    f->width = width;
    dio_nn_linear_walk(w, &f->scale_shift, name, embed, 2 * width, DIO_NN_BIAS,
                       dio_init_normal(0.1f / sqrtf((float)embed)), dio_init_fill(0));
}

static void walk_block(dio_walk *w, struct model *m, int i)
{
    struct block *b = &m->block[i];
    int in = i ? m->width[i - 1] : m->width[0], out = m->width[i], embed = m->c.embed_dim;
    if (i == m->levels - 1)
        in += m->c.templates;
    dio_walk_enter(w, "blocks.%d", i);
    walk_film(w, &b->film1, "film1", embed, in);
    dio_nn_conv2d_walk(w, &b->conv1, "conv1", in, out, 3, DIO_NN_BIAS, he(9 * in));
    if (i < m->c.light_from) {
        walk_film(w, &b->film2, "film2", embed, out);
        dio_nn_conv2d_walk(w, &b->conv2, "conv2", out, out, 3, DIO_NN_BIAS,
                           dio_init_normal(0.5f * sqrtf(2 / (float)(9 * out))));
    }
    if (in != out)
        dio_nn_conv2d_walk(w, &b->skip, "skip", in, out, 1, 0,
                           dio_init_normal(1 / sqrtf((float)in)));
    dio_walk_leave(w);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    dio_init zero = dio_init_fill(0);
    for (int i = 0; i < c->layers; i++) {
        int in = i ? c->embed_dim : c->z_dim + seen(c);
        dio_walk_enter(w, "mapping");
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        dio_nn_linear_walk(w, &m->mapping[i], name, in, c->embed_dim, DIO_NN_BIAS, he(in), zero);
        dio_walk_leave(w);
    }
    dio_nn_linear_walk(w, &m->input, "input", c->embed_dim,
                       (int64_t)m->width[0] * c->first * c->first, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)c->embed_dim)), zero);
    if (c->templates)
        dio_nn_linear_walk(w, &m->templates, "templates", seen(c), template_numbers(m), 0,
                           dio_init_normal(0.02f), zero);
    for (int i = 0; i < m->levels; i++)
        walk_block(w, m, i);
    int last = m->width[m->levels - 1];
    dio_walk_enter(w, "out");
    walk_film(w, &m->film, "film", c->embed_dim, last);
    dio_nn_conv2d_walk(w, &m->out, "conv", last, (int64_t)maps(c) * c->shuffle * c->shuffle, 3,
                       DIO_NN_BIAS,
                       dio_init_normal((c->palette ? 0.2f : 1) / sqrtf((float)(9 * last))));
    dio_walk_leave(w);
}

static void shape(const void *model, dio_generator_shape *out)
{
    const struct model *m = model;
    int side = (m->c.first << (m->levels - 1)) * m->c.shuffle;
    *out = (dio_generator_shape){.z = m->c.z_dim,
                                 .labels = m->c.label_dim,
                                 .channels = m->c.channels,
                                 .width = side,
                                 .height = side,
                                 .draw = DIO_DRAW_TORCH,
                                 .premultiplied = m->c.premultiplied && m->c.channels == 4};
}

static dio_val bend(dio_graph *g, dio_val x)
{
    return dio_leaky_relu(g, x, 0.2f);
}

static dio_val film(dio_graph *g, const struct model *m, const struct film *f, dio_val x, dio_val e)
{
    int64_t batch = dio_dim(g, e, 0);
    dio_val both = dio_nn_linear_forward(g, &f->scale_shift, e, DIO_ACT_NONE);
    dio_val scale = dio_slice(g, both, 1, 0, f->width, 1);
    dio_val shift = dio_slice(g, both, 1, f->width, f->width, 1);
    if (m->c.groups)
        x = dio_group_norm(g, x, DIO_NONE, DIO_NONE, m->c.groups, 1e-5f);
    x = dio_mul(g, x, dio_reshape4(g, dio_axpb(g, scale, 1, 1), batch, f->width, 1, 1));
    return dio_add(g, x, dio_reshape4(g, shift, batch, f->width, 1, 1));
}

/* What the label's kinds remember, beside the last level's input. */
static dio_val remember(dio_graph *g, const struct model *m, dio_val x, dio_val label)
{
    dio_val kinds = dio_slice(g, label, 1, 0, seen(&m->c), 1);
    dio_val t = dio_nn_linear_forward(g, &m->templates, kinds, DIO_ACT_NONE);
    t = dio_reshape4(g, t, dio_dim(g, x, 0), m->c.templates, dio_dim(g, x, 2), dio_dim(g, x, 3));
    return dio_concat(g, (dio_val[]){x, t}, 2, 1);
}

static dio_val block(dio_graph *g, const struct model *m, int i, dio_val x, dio_val e,
                     dio_val label)
{
    const struct block *b = &m->block[i];
    if (i)
        x = dio_upsample_nearest(g, x, 2 * dio_dim(g, x, 2), 2 * dio_dim(g, x, 3));
    if (i == m->levels - 1 && m->c.templates)
        x = remember(g, m, x, label);
    dio_val h = bend(g, film(g, m, &b->film1, x, e));
    h = dio_nn_conv2d_forward(g, &b->conv1, h, 1, 1, 0);
    if (b->conv2.w) {
        h = bend(g, film(g, m, &b->film2, h, e));
        h = dio_nn_conv2d_forward(g, &b->conv2, h, 1, 1, 0);
    }
    return dio_add(g, b->skip.w ? dio_nn_conv2d_forward(g, &b->skip, x, 1, 0, 0) : x, h);
}

/* Shares of the label's colours become colours. */
static dio_val mixed(dio_graph *g, const struct model *m, dio_val x, dio_val label)
{
    int n = m->c.palette;
    int64_t batch = dio_dim(g, x, 0), h = dio_dim(g, x, 2), w = dio_dim(g, x, 3);
    dio_val colours = dio_slice(g, label, 1, seen(&m->c), 3 * n, 1);
    colours = dio_reshape3(g, dio_axpb(g, colours, 4, -2.4f), batch, n, 3);
    dio_val shares = dio_reshape3(g, dio_slice(g, x, 1, 0, n, 1), batch, n, h * w);
    dio_val rgb = dio_reshape4(g, dio_matmul(g, colours, shares, true, false), batch, 3, h, w);
    rgb = dio_axpb(g, dio_add(g, rgb, dio_slice(g, x, 1, n, 3, 1)), 2, -1);
    if (m->c.channels == 3)
        return rgb;
    dio_val alpha = dio_sigmoid(g, dio_slice(g, x, 1, n + 3, 1, 1));
    return dio_concat(g, (dio_val[]){rgb, dio_axpb(g, alpha, 2, -1)}, 2, 1);
}

static void forward(dio_graph *g, const void *model, dio_generator_io *io)
{
    const struct model *m = model;
    dio_val e = io->z;
    if (seen(&m->c))
        e = dio_concat(g, (dio_val[]){io->z, dio_slice(g, io->label, 1, 0, seen(&m->c), 1)}, 2, 1);
    for (int i = 0; i < m->c.layers; i++)
        e = bend(g, dio_nn_linear_forward(g, &m->mapping[i], e, DIO_ACT_NONE));
    dio_tap(g, e, "mapping");
    dio_val x = dio_nn_linear_forward(g, &m->input, e, DIO_ACT_NONE);
    x = dio_reshape4(g, x, dio_dim(g, e, 0), m->width[0], m->c.first, m->c.first);
    for (int i = 0; i < m->levels; i++)
        x = dio_tap(g, block(g, m, i, x, e, io->label), "blocks.%d", i);
    x = bend(g, film(g, m, &m->film, x, e));
    x = dio_nn_conv2d_forward(g, &m->out, x, 1, 1, 0);
    if (m->c.shuffle > 1)
        x = dio_pixel_shuffle(g, x, m->c.shuffle);
    io->out = m->c.palette ? mixed(g, m, x, io->label) : dio_tanh(g, x);
}

static const dio_generator_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_conditional = {
    .name = "conditional",
    .doc = "noise and a label to a small picture, with alpha when asked for",
    .kind = "generator",
    .types = (const char *const[]){"conditional-generator", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"conditional-generator\",\"z_dim\":8,\"label_dim\":3,\"embed_dim\":"
            "16,"
            "\"widths\":[16,8],\"groups\":4,\"first\":4}",
            "{\"model_type\":\"conditional-generator\",\"z_dim\":8,\"embed_dim\":16,"
            "\"widths\":[8,8],\"groups\":4,\"first\":2,\"shuffle\":2}",
            "{\"model_type\":\"conditional-generator\",\"z_dim\":8,\"label_dim\":9,\"embed_dim\":"
            "16,"
            "\"widths\":[8],\"groups\":4,\"palette\":2,\"templates\":4}",
            NULL},
};
