/* scene_flow.c: the house painter's flow: from noise to latents, guided.
 *
 *   e = linear(silu(linear([sinusoid(t), wish])))                            [B,E]
 *   s = t x / r,  r = t^2 + (1 - t)^2
 *   x = conv([s, map, u]),  u: the latents of the underpainting
 *   down: blocks -> half size -> blocks;  up: the same with skips
 *   out = s + d^2 (u - s) + d conv(silu(norm(x))),  d = (1 - t) / sqrt(r)
 *   block: x + conv(silu(film(norm(conv(silu(film(norm(x), e)))), e)))
 *   film(x, e) = x (1 + scale(e)) + shift(e)
 *
 * Ours. What an advertisement's picture needs is not variety but obedience: so the network is told
 * not only what is wanted but where (map: coordinates within the subject's own square, the horizon,
 * the picture's edges), and it is shown a plain picture of it, drawn by rule and encoded: what is
 * left to learn is how materials, lights and backdrops change it. Latents of the subjects alone,
 * laid where they stand, came before this and painted soft: an autoencoder's numbers for detail do
 * not bear being shifted, turned or scaled; pixels do, and are encoded where they lie. It gives the
 * clean latents, not the noise: a small network knows them far better (arXiv:2511.13720). Of x it
 * is shown what is known to be picture: nothing at first, where all that can be said follows from
 * what is wanted, and its answer is added to the underpainting.
 *
 * Sizes are free; where one is odd, halving rounds up and the way back cuts what is too much.
 */
#include <math.h>
#include <stdio.h>

#include "vision/nn.h"
#include "vision/painter_net.h"

enum { LEVELS = 4, BLOCKS = 8, MAX_WIDTH = 1024, TIME = 64 };

struct config {
    int latent_channels, map_channels, wish_size, embed, groups, blocks, middle_blocks;
    const dio_value *widths;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, latent_channels, "8", 1, 64, "numbers a latent"),
    DIO_FIELD(struct config, map_channels, NULL, 1, 256, "numbers that say where a place is"),
    DIO_FIELD(struct config, wish_size, NULL, 1, 4096, "numbers that say what is wanted"),
    DIO_FIELD(struct config, embed, "128", 8, 4096, "width of wish and time together"),
    DIO_FIELD(struct config, groups, "8", 1, 256, "channels are normalised in so many"),
    DIO_FIELD(struct config, blocks, "2", 1, BLOCKS,
              "residual blocks a level; one more on the way up"),
    DIO_FIELD(struct config, middle_blocks, "2", 1, BLOCKS, "at the smallest size"),
    DIO_FIELD(struct config, widths, "[64, 96, 96]", 0, 0, "channels of each level"),
    {0},
};

struct film {
    dio_nn_linear scale_shift;
};

struct block {
    dio_nn_norm norm1, norm2;
    struct film film1, film2;
    dio_nn_conv2d conv1, conv2, skip;
    int in, out;
};

struct model {
    struct config c;
    int levels, width[LEVELS];
    dio_nn_linear embed1, embed2;
    dio_nn_conv2d conv_in, conv_out, down_sample[LEVELS], up_sample[LEVELS];
    struct block down[LEVELS][BLOCKS], middle[BLOCKS], up[LEVELS][BLOCKS + 1];
    dio_nn_norm norm_out;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    const dio_value *list = m->c.widths;
    (void)a;
    if (!list || list->kind != DIO_LIST || list->list.count < 1 || list->list.count > LEVELS)
        return dio_value_fail(list ? list : json, err, "widths: a list of 1 to %d channel counts",
                              LEVELS);
    m->levels = list->list.count;
    for (int i = 0; i < m->levels; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind != DIO_INT || v->integer < 1 || v->integer > MAX_WIDTH)
            return dio_value_fail(v, err, "widths: whole numbers from 1 to %d", MAX_WIDTH);
        m->width[i] = (int)v->integer;
        if (m->width[i] % m->c.groups)
            return dio_value_fail(v, err, "widths: %d does not divide into %d groups", m->width[i],
                                  m->c.groups);
    }
    return true;
}

static dio_init he(int64_t in, float scale)
{
    return dio_init_normal(scale * sqrtf(2 / (float)(9 * in)));
}

static void walk_film(dio_walk *w, struct film *f, const char *name, int embed, int width)
{
    dio_nn_linear_walk(w, &f->scale_shift, name, embed, 2 * width, DIO_NN_BIAS,
                       dio_init_normal(0.3f / sqrtf((float)embed)), dio_init_fill(0));
}

static void walk_block(dio_walk *w, const struct model *m, struct block *b, int in, int out)
{
    b->in = in;
    b->out = out;
    dio_nn_group_norm_walk(w, &b->norm1, "norm1", in);
    walk_film(w, &b->film1, "film1", m->c.embed, in);
    dio_nn_conv2d_walk(w, &b->conv1, "conv1", in, out, 3, DIO_NN_BIAS, he(in, 0.8f));
    dio_nn_group_norm_walk(w, &b->norm2, "norm2", out);
    walk_film(w, &b->film2, "film2", m->c.embed, out);
    dio_nn_conv2d_walk(w, &b->conv2, "conv2", out, out, 3, DIO_NN_BIAS, he(out, 0.25f));
    if (in != out)
        dio_nn_conv2d_walk(w, &b->skip, "skip", in, out, 1, 0,
                           dio_init_normal(1 / sqrtf((float)in)));
}

static void walk_blocks(dio_walk *w, struct model *m)
{
    for (int l = 0; l < m->levels; l++) {
        for (int i = 0; i < m->c.blocks; i++) {
            dio_walk_enter(w, "down.%d.%d", l, i);
            walk_block(w, m, &m->down[l][i], m->width[l], m->width[l]);
            dio_walk_leave(w);
        }
        if (l + 1 == m->levels)
            break;
        dio_walk_enter(w, "down.%d", l);
        dio_nn_conv2d_walk(w, &m->down_sample[l], "sample", m->width[l], m->width[l + 1], 3,
                           DIO_NN_BIAS, he(m->width[l], 0.7f));
        dio_walk_leave(w);
    }
    for (int i = 0; i < m->c.middle_blocks; i++) {
        int width = m->width[m->levels - 1];
        dio_walk_enter(w, "middle.%d", i);
        walk_block(w, m, &m->middle[i], width, width);
        dio_walk_leave(w);
    }
    for (int l = m->levels - 1; l >= 0; l--) {
        for (int i = 0; i < m->c.blocks; i++) { /* each takes a skip */
            dio_walk_enter(w, "up.%d.%d", l, i);
            walk_block(w, m, &m->up[l][i], 2 * m->width[l], m->width[l]);
            dio_walk_leave(w);
        }
        if (l == 0)
            break;
        dio_walk_enter(w, "up.%d", l);
        dio_nn_conv2d_walk(w, &m->up_sample[l], "sample", m->width[l], m->width[l - 1], 3,
                           DIO_NN_BIAS, he(m->width[l], 0.7f));
        dio_walk_leave(w);
    }
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    int in = c->latent_channels + c->map_channels + c->latent_channels;
    dio_nn_linear_walk(w, &m->embed1, "embed.0", TIME + c->wish_size, c->embed, DIO_NN_BIAS,
                       dio_init_normal(0.1f), dio_init_fill(0));
    dio_nn_linear_walk(w, &m->embed2, "embed.1", c->embed, c->embed, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)c->embed)), dio_init_fill(0));
    dio_nn_conv2d_walk(w, &m->conv_in, "conv_in", in, m->width[0], 3, DIO_NN_BIAS, he(in, 0.7f));
    walk_blocks(w, m);
    dio_nn_group_norm_walk(w, &m->norm_out, "norm_out", m->width[0]);
    dio_nn_conv2d_walk(w, &m->conv_out, "conv_out", m->width[0], c->latent_channels, 3, DIO_NN_BIAS,
                       he(m->width[0], 0.2f));
}

static dio_val film(dio_graph *g, const struct film *f, dio_val x, dio_val e)
{
    int64_t batch = dio_dim(g, x, 0), width = dio_dim(g, x, 1);
    dio_val y = dio_reshape4(g, dio_nn_linear_forward(g, &f->scale_shift, e, DIO_ACT_NONE), batch,
                             2 * width, 1, 1);
    x = dio_mul(g, x, dio_axpb(g, dio_slice(g, y, 1, 0, width, 1), 1, 1));
    return dio_add(g, x, dio_slice(g, y, 1, width, width, 1));
}

static dio_val block(dio_graph *g, const struct model *m, const struct block *b, dio_val x,
                     dio_val e, unsigned wrap)
{
    dio_val h = dio_nn_group_norm_forward(g, &b->norm1, x, m->c.groups, 1e-5f);
    h = dio_nn_conv2d_forward(g, &b->conv1, dio_silu(g, film(g, &b->film1, h, e)), 1, 1, wrap);
    h = dio_nn_group_norm_forward(g, &b->norm2, h, m->c.groups, 1e-5f);
    h = dio_nn_conv2d_forward(g, &b->conv2, dio_silu(g, film(g, &b->film2, h, e)), 1, 1, wrap);
    return dio_add(g, b->skip.w ? dio_nn_conv2d_forward(g, &b->skip, x, 1, 0, 0) : x, h);
}

static dio_val embed(dio_graph *g, const struct model *m, const dio_flow_io *io)
{
    dio_val parts[2] = {dio_nn_sinusoid(g, dio_axpb(g, io->t, 1000, 0), TIME, true, 0), io->wish};
    dio_val e = dio_nn_linear_forward(g, &m->embed1, dio_concat(g, parts, 2, 1), DIO_ACT_SILU);
    return dio_tap(g, dio_nn_linear_forward(g, &m->embed2, e, DIO_ACT_SILU), "embed");
}

/* With r = t^2 + (1 - t)^2: what of x is known to be picture, t x / r, and by how much it may be
 * off, (1 - t) / sqrt(r) (arXiv:2206.00364, section 5, for straight paths and latents of spread 1).
 */
static void known(dio_graph *g, const dio_flow_io *io, dio_val *share, dio_val *off)
{
    dio_val t = dio_reshape4(g, io->t, dio_dim(g, io->x, 0), 1, 1, 1), rest = dio_axpb(g, t, -1, 1);
    dio_val root = dio_rsqrt(g, dio_add(g, dio_square(g, t), dio_square(g, rest)));
    *share = dio_mul(g, io->x, dio_mul(g, t, dio_square(g, root)));
    *off = dio_mul(g, rest, root);
}

static void forward(dio_graph *g, const void *model, dio_flow_io *io)
{
    const struct model *m = model;
    dio_val e = embed(g, m, io), skips[LEVELS * BLOCKS], share, off;
    known(g, io, &share, &off);
    dio_val in[3] = {share, io->map, io->under};
    dio_val x = dio_nn_conv2d_forward(g, &m->conv_in, dio_concat(g, in, 3, 1), 1, 1, io->wrap);
    int n = 0;
    for (int l = 0; l < m->levels; l++) {
        for (int i = 0; i < m->c.blocks; i++) {
            x = skips[n++] = block(g, m, &m->down[l][i], x, e, io->wrap);
            dio_tap(g, x, "down.%d.%d", l, i);
        }
        if (l + 1 < m->levels)
            x = dio_nn_conv2d_forward(g, &m->down_sample[l], x, 2, 1, io->wrap);
    }
    for (int i = 0; i < m->c.middle_blocks; i++)
        x = dio_tap(g, block(g, m, &m->middle[i], x, e, io->wrap), "middle.%d", i);
    for (int l = m->levels - 1; l >= 0; l--) {
        for (int i = 0; i < m->c.blocks; i++) {
            dio_val with[2] = {x, skips[--n]};
            x = block(g, m, &m->up[l][i], dio_concat(g, with, 2, 1), e, io->wrap);
            dio_tap(g, x, "up.%d.%d", l, i);
        }
        if (l > 0) {
            dio_val to = skips[n - 1];
            x = dio_upsample_nearest(g, x, dio_dim(g, to, 2), dio_dim(g, to, 3));
            x = dio_nn_conv2d_forward(g, &m->up_sample[l], x, 1, 1, io->wrap);
        }
    }
    x = dio_silu(g, dio_nn_group_norm_forward(g, &m->norm_out, x, m->c.groups, 1e-5f));
    x = dio_mul(g, dio_nn_conv2d_forward(g, &m->conv_out, x, 1, 1, io->wrap), off);
    dio_val guess = dio_mul(g, dio_sub(g, io->under, share), dio_square(g, off));
    io->out = dio_tap(g, dio_add(g, dio_add(g, share, guess), x), "latents");
}

static void shape(const void *model, dio_flow_shape *out)
{
    const struct config *c = &((const struct model *)model)->c;
    *out = (dio_flow_shape){c->latent_channels, c->map_channels, c->wish_size};
}

static const dio_flow_ops ops = {shape, forward};

const dio_model dio_model_scene_flow = {
    .name = "scene-flow",
    .doc = "noise to latents of a picture, by what is wanted and where",
    .kind = "flow",
    .types = (const char *const[]){"scene-flow", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny = (const char *const[]){"{\"model_type\":\"scene-flow\",\"latent_channels\":4,\"map_"
                                  "channels\":5,\"wish_size\":9,"
                                  "\"embed\":16,\"groups\":4,\"blocks\":1,\"middle_blocks\":1,"
                                  "\"widths\":[8,16]}",
                                  NULL},
};
