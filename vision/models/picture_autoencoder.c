/* picture_autoencoder.c: the house painter's autoencoder.
 *
 *   encode  x [B,4,H,W] -> unshuffle 4 -> conv -> block -> down -> block -> down -> blocks
 *           -> conv -> 3 tanh(z / 3)                                        [B,C,H/16,W/16]
 *   decode  z -> conv -> blocks -> up -> blocks -> up -> blocks = h         [B,w0,H/4,W/4]
 *           picture: shuffle 4 of conv(h)                                   [B,4,H,W]
 *           large:   up -> block, shuffle 4 of conv                         [B,4,2H,2W]
 *   block   x + conv(relu(conv(relu(x))))
 *
 * Ours, after TAESD (madebyollin/taesd): no norms, so that a place depends on its surroundings
 * alone and any size is fine. Pixels come out of shuffled channels: no layer works at full size,
 * which makes it some ten times cheaper than TAESD's decoder. The large picture is learned from
 * scenes drawn at twice the size that the encoder saw: it adds edges, not detail.
 *
 * mean and spread are the latents' moments over training pictures; no gradient moves them.
 */
#include <math.h>
#include <stdio.h>

#include "tensor/nn.h"
#include "vision/painter_net.h"

enum { LEVELS = 3, BLOCKS = 8, SHUFFLE = 4, MAX_WIDTH = 1024 };

struct config {
    int latent_channels, encode_0, encode_1, encode_2, decode_0, decode_1, decode_2, decode_large;
    int encode_blocks, decode_blocks, large_blocks;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, latent_channels, "16", 1, 64, "numbers a latent"),
    DIO_FIELD(struct config, encode_0, "64", 8, MAX_WIDTH, "encoder's channels at a quarter"),
    DIO_FIELD(struct config, encode_1, "96", 8, MAX_WIDTH, "at an eighth"),
    DIO_FIELD(struct config, encode_2, "128", 8, MAX_WIDTH, "at a sixteenth"),
    DIO_FIELD(struct config, decode_0, "64", 8, MAX_WIDTH, "decoder's channels at a quarter"),
    DIO_FIELD(struct config, decode_1, "96", 8, MAX_WIDTH, "at an eighth"),
    DIO_FIELD(struct config, decode_2, "128", 8, MAX_WIDTH, "at a sixteenth"),
    DIO_FIELD(struct config, decode_large, "48", 8, MAX_WIDTH, "at half the small picture's size"),
    DIO_FIELD(struct config, encode_blocks, "1", 1, BLOCKS, "residual blocks a level; one more last"),
    DIO_FIELD(struct config, decode_blocks, "2", 1, BLOCKS, "residual blocks a level; one more first"),
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
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)json, (void)a, (void)err;
    for (int i = 0; i < LEVELS; i++) {
        m->encode[i].blocks = m->c.encode_blocks + (i == LEVELS - 1);
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
        dio_nn_conv2d_walk(w, &l->block[i].conv1, "conv1", width, width, 3, DIO_NN_BIAS, he(width, 1));
        /* Small at first, so that a deep stack begins as its skips. */
        dio_nn_conv2d_walk(w, &l->block[i].conv2, "conv2", width, width, 3, DIO_NN_BIAS, he(width, 0.3f));
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
    const int decode[] = {c->decode_2, c->decode_1, c->decode_0};
    char name[32];
    for (int i = 0; i < LEVELS; i++) {
        snprintf(name, sizeof name, "encoder.%d", i);
        walk_level(w, &m->encode[i], name, i ? encode[i - 1] : pixels, encode[i]);
    }
    dio_nn_conv2d_walk(w, &m->encode_out, "encoder.out", c->encode_2, c->latent_channels, 3,
                       DIO_NN_BIAS, he(c->encode_2, 0.7f));
    for (int i = 0; i < LEVELS; i++) {
        snprintf(name, sizeof name, "decoder.%d", i);
        walk_level(w, &m->decode[i], name, i ? decode[i - 1] : c->latent_channels, decode[i]);
    }
    dio_nn_conv2d_walk(w, &m->small_out, "decoder.small", c->decode_0, pixels, 3, DIO_NN_BIAS,
                       he(c->decode_0, 0.3f));
    walk_level(w, &m->large, "decoder.large", c->decode_0, c->decode_large);
    dio_nn_conv2d_walk(w, &m->large_out, "decoder.large_out", c->decode_large, pixels, 3,
                       DIO_NN_BIAS, he(c->decode_large, 0.3f));
    DIO_WEIGHT(w, &m->mean, "latents.mean", dio_init_fill(0), c->latent_channels);
    DIO_WEIGHT(w, &m->spread, "latents.spread", dio_init_fill(1), c->latent_channels);
}

static dio_val blocks(dio_graph *g, const struct level *l, dio_val x, unsigned wrap)
{
    for (int i = 0; i < l->blocks; i++) {
        dio_val h = dio_nn_conv2d_forward(g, &l->block[i].conv1, dio_relu(g, x), 1, 1, wrap);
        x = dio_add(g, x, dio_nn_conv2d_forward(g, &l->block[i].conv2, dio_relu(g, h), 1, 1, wrap));
    }
    return x;
}

static dio_val encode(dio_graph *g, const void *model, dio_val x, unsigned wrap)
{
    const struct model *m = model;
    x = dio_pixel_unshuffle(g, x, SHUFFLE);
    for (int i = 0; i < LEVELS; i++) {
        x = dio_nn_conv2d_forward(g, &m->encode[i].change, x, i ? 2 : 1, 1, wrap);
        x = blocks(g, &m->encode[i], x, wrap);
        dio_tap(g, x, "encoder.%d", i);
    }
    x = dio_nn_conv2d_forward(g, &m->encode_out, dio_relu(g, x), 1, 1, wrap);
    x = dio_axpb(g, dio_tanh(g, dio_axpb(g, x, 1.0f / 3, 0)), 3, 0);
    return dio_tap(g, x, "latents");
}

static dio_val grow(dio_graph *g, const struct level *l, dio_val x, bool larger, unsigned wrap)
{
    if (larger)
        x = dio_upsample_nearest(g, x, 2 * dio_dim(g, x, 2), 2 * dio_dim(g, x, 3));
    return blocks(g, l, dio_nn_conv2d_forward(g, &l->change, x, 1, 1, wrap), wrap);
}

static dio_val decode(dio_graph *g, const void *model, dio_val z, unsigned wrap, dio_val *large)
{
    const struct model *m = model;
    dio_val x = z;
    for (int i = 0; i < LEVELS; i++) {
        x = grow(g, &m->decode[i], x, i > 0, wrap);
        dio_tap(g, x, "decoder.%d", i);
    }
    dio_val small = dio_nn_conv2d_forward(g, &m->small_out, dio_relu(g, x), 1, 1, wrap);
    if (large) {
        dio_val h = dio_tap(g, grow(g, &m->large, x, true, wrap), "decoder.large");
        h = dio_nn_conv2d_forward(g, &m->large_out, dio_relu(g, h), 1, 1, wrap);
        *large = dio_tap(g, dio_pixel_shuffle(g, h, SHUFFLE), "large");
    }
    return dio_tap(g, dio_pixel_shuffle(g, small, SHUFFLE), "small");
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
    *out = (dio_autoencoder_shape){.channels = m->c.latent_channels, .scale = SHUFFLE << (LEVELS - 1)};
}

static const dio_autoencoder_ops ops = {shape, encode, decode, moments};

const dio_model dio_model_picture_autoencoder = {
    .name = "picture-autoencoder",
    .doc = "RGBA pictures to latents of a sixteenth and back, at that size or twice it",
    .kind = "autoencoder",
    .types = (const char *const[]){"picture-autoencoder", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"picture-autoencoder\",\"latent_channels\":4,\"encode_0\":8,"
            "\"encode_1\":8,\"encode_2\":16,\"decode_0\":8,\"decode_1\":8,\"decode_2\":16,"
            "\"decode_large\":8,\"decode_blocks\":1}",
            NULL},
};
