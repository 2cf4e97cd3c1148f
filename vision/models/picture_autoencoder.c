/* picture_autoencoder.c: the house painter's autoencoder.
 *
 *   encode  x [B,4,H,W] -> unshuffle 4 -> conv -> block -> down -> blocks
 *           -> conv -> 3 tanh(z / 3)                                      [B,C-4,H/8,W/8]
 *           and before those numbers, the picture itself: twice its mean over 8x8
 *   decode  z -> conv -> blocks -> up -> blocks = h                         [B,w0,H/4,W/4]
 *           picture: shuffle 4 of conv(h) + the mean, stretched             [B,4,H,W]
 *           large:   up -> block, shuffle 4 of conv, + the mean             [B,4,2H,2W]
 *   block   x + conv(silu(conv(norm(x)))),  norm(x) = x / sqrt(mean of x^2 over the channels)
 *
 * Ours, after TAESD (madebyollin/taesd), but with a norm of every place by itself, without which
 * training only bears a quarter of the learning rate. A place depends on its surroundings alone and
 * any size is fine. Pixels come out of shuffled channels: no layer works at full size,
 * which makes it some ten times cheaper than TAESD's decoder. The large picture is learned from
 * scenes drawn at twice the size that the encoder saw: it adds edges, not detail.
 *
 * `levels` says how often it halves: 2 as drawn, 3 for latents of a sixteenth (which took ten times
 * the steps to the same error). That four of the numbers are the picture in small makes training
 * three times shorter (measured: half the error after 300 steps), and keeps colours and alpha where
 * the flow puts them.
 *
 * mean and spread are the latents' moments over training pictures; no gradient moves them.
 */
#include <math.h>
#include <stdio.h>

#include "tensor/nn.h"
#include "vision/painter_net.h"

enum { LEVELS = 3, BLOCKS = 8, SHUFFLE = 4, COARSE = 4, MAX_WIDTH = 1024 };

struct config {
    int latent_channels, encode_0, encode_1, encode_2, decode_0, decode_1, decode_2, decode_large;
    int encode_blocks, decode_blocks, large_blocks, levels;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, levels, "2", 1, LEVELS,
              "1: latents of a quarter; 2: an eighth; 3: a sixteenth"),
    DIO_FIELD(struct config, latent_channels, "8", COARSE + 1, 64, "numbers a latent"),
    DIO_FIELD(struct config, encode_0, "64", 8, MAX_WIDTH, "encoder's channels at a quarter"),
    DIO_FIELD(struct config, encode_1, "96", 8, MAX_WIDTH, "at an eighth"),
    DIO_FIELD(struct config, encode_2, "128", 8, MAX_WIDTH, "at a sixteenth"),
    DIO_FIELD(struct config, decode_0, "64", 8, MAX_WIDTH, "decoder's channels at a quarter"),
    DIO_FIELD(struct config, decode_1, "96", 8, MAX_WIDTH, "at an eighth"),
    DIO_FIELD(struct config, decode_2, "128", 8, MAX_WIDTH, "at a sixteenth"),
    DIO_FIELD(struct config, decode_large, "48", 8, MAX_WIDTH, "at half the small picture's size"),
    DIO_FIELD(struct config, encode_blocks, "1", 1, BLOCKS,
              "residual blocks a level; one more last"),
    DIO_FIELD(struct config, decode_blocks, "2", 1, BLOCKS,
              "residual blocks a level; one more first"),
    DIO_FIELD(struct config, large_blocks, "1", 1, BLOCKS, "of the large picture"),
    {0},
};

struct block {
    dio_nn_conv2d conv1, conv2;
};

struct level {
    dio_nn_conv2d change; /* of width, after the change of size */
    struct block block[BLOCKS + 1];
    int blocks;
};

struct model {
    struct config c;
    struct level encode[LEVELS], decode[LEVELS], large;
    dio_nn_conv2d encode_out, small_out, large_out;
    dio_tensor *mean, *spread;
    int levels, scale;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)json, (void)a, (void)err;
    m->levels = m->c.levels;
    m->scale = SHUFFLE << (m->levels - 1);
    for (int i = 0; i < m->levels; i++) {
        m->encode[i].blocks = m->c.encode_blocks + (i == m->levels - 1);
        m->decode[i].blocks = m->c.decode_blocks + (i == 0);
    }
    m->large.blocks = m->c.large_blocks;
    return true;
}

static dio_init he(int64_t in, float scale)
{
    return dio_init_normal(scale * sqrtf(2 / (float)(9 * in)));
}

static void walk_level(dio_walk *w, struct level *l, const char *name, int in, int width)
{
    dio_walk_enter(w, "%s", name);
    dio_nn_conv2d_walk(w, &l->change, "change", in, width, 3, DIO_NN_BIAS, he(in, 0.7f));
    for (int i = 0; i < l->blocks; i++) {
        dio_walk_enter(w, "blocks.%d", i);
        dio_nn_conv2d_walk(w, &l->block[i].conv1, "conv1", width, width, 3, DIO_NN_BIAS,
                           he(width, 1));
        /* Small at first, so that a deep stack begins as its skips. */
        dio_nn_conv2d_walk(w, &l->block[i].conv2, "conv2", width, width, 3, DIO_NN_BIAS,
                           he(width, 0.3f));
        dio_walk_leave(w);
    }
    dio_walk_leave(w);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    const int pixels = 4 * SHUFFLE * SHUFFLE;
    const int encode[] = {c->encode_0, c->encode_1, c->encode_2};
    const int widths[] = {c->decode_0, c->decode_1, c->decode_2}, *decode = widths + m->levels - 1;
    char name[32];
    for (int i = 0; i < m->levels; i++) {
        snprintf(name, sizeof name, "encoder.%d", i);
        walk_level(w, &m->encode[i], name, i ? encode[i - 1] : pixels, encode[i]);
    }
    dio_nn_conv2d_walk(w, &m->encode_out, "encoder.out", encode[m->levels - 1],
                       c->latent_channels - COARSE, 3, DIO_NN_BIAS,
                       he(encode[m->levels - 1], 0.7f));
    for (int i = 0; i < m->levels; i++) {
        snprintf(name, sizeof name, "decoder.%d", i);
        walk_level(w, &m->decode[i], name, i ? decode[1 - i] : c->latent_channels, decode[-i]);
    }
    dio_nn_conv2d_walk(w, &m->small_out, "decoder.small", c->decode_0, pixels, 3, DIO_NN_BIAS,
                       he(c->decode_0, 0.1f));
    walk_level(w, &m->large, "decoder.large", c->decode_0, c->decode_large);
    dio_nn_conv2d_walk(w, &m->large_out, "decoder.large_out", c->decode_large, pixels, 3,
                       DIO_NN_BIAS, he(c->decode_large, 0.1f));
    DIO_WEIGHT(w, &m->mean, "latents.mean", dio_init_fill(0), c->latent_channels);
    DIO_WEIGHT(w, &m->spread, "latents.spread", dio_init_fill(1), c->latent_channels);
}

static dio_val norm(dio_graph *g, dio_val x)
{
    dio_val power = dio_mean(g, dio_square(g, x), 1u << 1, true);
    return dio_mul(g, x, dio_rsqrt(g, dio_axpb(g, power, 1, 1e-4f)));
}

static dio_val blocks(dio_graph *g, const struct level *l, dio_val x, unsigned wrap)
{
    for (int i = 0; i < l->blocks; i++) {
        dio_val h = dio_nn_conv2d_forward(g, &l->block[i].conv1, norm(g, x), 1, 1, wrap);
        x = dio_add(g, x, dio_nn_conv2d_forward(g, &l->block[i].conv2, dio_silu(g, h), 1, 1, wrap));
    }
    return x;
}

static dio_val encode(dio_graph *g, const void *model, dio_val x, unsigned wrap)
{
    const struct model *m = model;
    dio_val parts[2] = {dio_axpb(g, dio_avg_pool(g, x, m->scale, m->scale, 0), 2, 0)};
    x = dio_pixel_unshuffle(g, x, SHUFFLE);
    for (int i = 0; i < m->levels; i++) {
        x = dio_nn_conv2d_forward(g, &m->encode[i].change, x, i ? 2 : 1, 1, wrap);
        x = blocks(g, &m->encode[i], x, wrap);
        dio_tap(g, x, "encoder.%d", i);
    }
    x = dio_nn_conv2d_forward(g, &m->encode_out, norm(g, x), 1, 1, wrap);
    parts[1] = dio_axpb(g, dio_tanh(g, dio_axpb(g, x, 1.0f / 3, 0)), 3, 0);
    return dio_tap(g, dio_concat(g, parts, 2, 1), "latents");
}

static dio_val grow(dio_graph *g, const struct level *l, dio_val x, bool larger, unsigned wrap)
{
    if (larger)
        x = dio_upsample_nearest(g, x, 2 * dio_dim(g, x, 2), 2 * dio_dim(g, x, 3));
    return blocks(g, l, dio_nn_conv2d_forward(g, &l->change, x, 1, 1, wrap), wrap);
}

/* The picture in small, stretched by `scale`, on which everything else is painted. */
static dio_val stretch(dio_graph *g, dio_val z, int scale, unsigned wrap)
{
    dio_val x = dio_axpb(g, dio_slice(g, z, 1, 0, COARSE, 1), 0.5f, 0);
    int64_t h = dio_dim(g, x, 2), w = dio_dim(g, x, 3);
    bool y_wraps = wrap & DIO_NN_WRAP_Y, x_wraps = wrap & DIO_NN_WRAP_X;
    x = y_wraps ? dio_pad(g, x, 2, 1, 1, DIO_PAD_CIRCULAR) : x;
    x = x_wraps ? dio_pad(g, x, 3, 1, 1, DIO_PAD_CIRCULAR) : x;
    x = dio_upsample_linear(g, x, scale * dio_dim(g, x, 2), scale * dio_dim(g, x, 3), false);
    x = y_wraps ? dio_slice(g, x, 2, scale, scale * h, 1) : x;
    return x_wraps ? dio_slice(g, x, 3, scale, scale * w, 1) : x;
}

static dio_val decode(dio_graph *g, const void *model, dio_val z, unsigned wrap, dio_val *large)
{
    const struct model *m = model;
    dio_val x = z;
    for (int i = 0; i < m->levels; i++) {
        x = grow(g, &m->decode[i], x, i > 0, wrap);
        dio_tap(g, x, "decoder.%d", i);
    }
    dio_val small = dio_nn_conv2d_forward(g, &m->small_out, norm(g, x), 1, 1, wrap);
    if (large) {
        dio_val h = dio_tap(g, grow(g, &m->large, x, true, wrap), "decoder.large");
        h = dio_nn_conv2d_forward(g, &m->large_out, norm(g, h), 1, 1, wrap);
        h = dio_add(g, dio_pixel_shuffle(g, h, SHUFFLE), stretch(g, z, 2 * m->scale, wrap));
        *large = dio_tap(g, h, "large");
    }
    small = dio_add(g, dio_pixel_shuffle(g, small, SHUFFLE), stretch(g, z, m->scale, wrap));
    return dio_tap(g, small, "small");
}

static void moments(const void *model, dio_tensor **mean, dio_tensor **spread)
{
    const struct model *m = model;
    *mean = m->mean;
    *spread = m->spread;
}

static void shape(const void *model, dio_autoencoder_shape *out)
{
    const struct model *m = model;
    *out = (dio_autoencoder_shape){.channels = m->c.latent_channels, .scale = m->scale};
}

static const dio_autoencoder_ops ops = {shape, encode, decode, moments};

const dio_model dio_model_picture_autoencoder = {
    .name = "picture-autoencoder",
    .doc = "RGBA pictures to latents of an eighth and back, at that size or twice it",
    .kind = "autoencoder",
    .types = (const char *const[]){"picture-autoencoder", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"picture-autoencoder\",\"latent_channels\":6,\"encode_0\":8,"
            "\"encode_1\":8,\"encode_2\":16,\"decode_0\":8,\"decode_1\":8,\"decode_2\":16,"
            "\"decode_large\":8,\"decode_blocks\":1}",
            NULL},
};
