/* autoencoder_tiny.c: TAESD, a small autoencoder that speaks Stable Diffusion's latents
 * (github.com/madebyollin/taesd, matched against its code and diffusers' AutoencoderTiny).
 *
 *   encoder: (x + 1) / 2 -> conv -> [ block x n ], with a halving convolution before all but the
 *            first -> conv
 *   decoder: 3 tanh(x / 3) -> conv, relu -> [ block x n, double, conv ] -> the last without
 * doubling
 *            -> 2 y - 1
 *   block: relu(conv(relu(conv(relu(conv x)))) + x)
 *
 * Traps
 *  - the convolutions that change the size have no bias; halving pads on all sides, unlike the
 * KL's;
 *  - the author's decoder counts its layers from 1, since its clamp is layer 0; diffusers' from 0;
 *  - the author's files are two, without "encoder." and "decoder.", and without a config.json;
 *  - the author's pictures are 0..1, diffusers' and ours -1..1.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vision/models/vae_common.h"

enum { MAX_BLOCKS = 8, MAX_LAYERS = 16, MAX_WIDTH = 4096, MAX_PICTURE = 64 };

struct config {
    int in_channels, out_channels, latent_channels, upsampling_scaling_factor;
    const char *act_fn, *upsample_fn;
    const dio_value *encoder_block_out_channels, *decoder_block_out_channels;
    const dio_value *num_encoder_blocks, *num_decoder_blocks;
    float scaling_factor, shift_factor;
    bool force_upcast;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, in_channels, "3", 1, MAX_PICTURE, "channels of the picture read"),
    DIO_FIELD(struct config, out_channels, "3", 1, MAX_PICTURE, "channels of the picture made"),
    DIO_FIELD(struct config, latent_channels, "4", 1, DIO_VAE_LATENTS, "channels of the latents"),
    DIO_FIELD(struct config, upsampling_scaling_factor, "2", 1, 64, "how much a size grows: 2"),
    DIO_FIELD(struct config, act_fn, "relu", 0, 0, "activation: relu"),
    DIO_FIELD(struct config, upsample_fn, "nearest", 0, 0, "how it grows: nearest"),
    DIO_FIELD(struct config, encoder_block_out_channels, "[64, 64, 64, 64]", 0, 0,
              "widths of the encoder"),
    DIO_FIELD(struct config, decoder_block_out_channels, "[64, 64, 64, 64]", 0, 0,
              "widths of the decoder"),
    DIO_FIELD(struct config, num_encoder_blocks, "[1, 3, 3, 3]", 0, 0, "blocks at each size"),
    DIO_FIELD(struct config, num_decoder_blocks, "[3, 3, 3, 1]", 0, 0, "blocks at each size"),
    DIO_FIELD(struct config, scaling_factor, "1", 0, 1e6,
              "raw latents times this are the diffusion model's"),
    DIO_FIELD(struct config, shift_factor, "0", -1e6, 1e6, "taken from raw latents before"),
    DIO_FIELD(struct config, force_upcast, "false", 0, 0, "does not survive half precision"),
    {0},
};

struct block {
    dio_nn_conv2d conv[3];
};

struct half {
    int sizes, width[MAX_BLOCKS], blocks[MAX_BLOCKS];
    dio_nn_conv2d first, last, change[MAX_BLOCKS];
    struct block block[MAX_BLOCKS][MAX_LAYERS];
    bool there;
    bool author; /* named as the author names it */
    bool bare;   /* and without "encoder." or "decoder." */
};

struct model {
    struct config c;
    dio_vae_shape shape;
    struct half encoder, decoder;
};

/* --- the config --- */

static bool read_half(struct half *h, const dio_value *widths, const dio_value *blocks,
                      const char *names[2], const dio_value *json, dio_error *err)
{
    int n;
    if (!dio_vae_ints(widths, names[0], 1, MAX_WIDTH, MAX_BLOCKS, h->width, &h->sizes, json, err) ||
        !dio_vae_ints(blocks, names[1], 0, MAX_LAYERS, MAX_BLOCKS, h->blocks, &n, json, err))
        return false;
    if (n != h->sizes)
        return dio_value_fail(dio_vae_place(json, names[1]), err, "%s has %d entries and %s has %d",
                              names[1], n, names[0], h->sizes);
    for (int i = 1; i < n; i++) /* neither diffusers nor the author changes widths in between */
        if (h->width[i] != h->width[i - 1])
            return dio_value_fail(dio_vae_place(json, names[0]), err,
                                  "%s: %d after %d: the widths must be equal", names[0],
                                  h->width[i], h->width[i - 1]);
    h->there = true;
    return true;
}

static bool check_word(const char *key, const char *is, const char *want, const dio_value *json,
                       dio_error *err)
{
    return strcmp(is, want) == 0 ||
           dio_value_fail(dio_vae_place(json, key), err,
                          "%s \"%.40s\" is not supported (there is %s)", key, is, want);
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    (void)a;
    struct model *m = model;
    const struct config *c = &m->c;
    const char *encoder[] = {"encoder_block_out_channels", "num_encoder_blocks"};
    const char *decoder[] = {"decoder_block_out_channels", "num_decoder_blocks"};
    if (!check_word("act_fn", c->act_fn, "relu", json, err) ||
        !check_word("upsample_fn", c->upsample_fn, "nearest", json, err) ||
        !read_half(&m->encoder, c->encoder_block_out_channels, c->num_encoder_blocks, encoder, json,
                   err) ||
        !read_half(&m->decoder, c->decoder_block_out_channels, c->num_decoder_blocks, decoder, json,
                   err))
        return false;
    if (c->upsampling_scaling_factor != 2)
        return dio_value_fail(dio_vae_place(json, "upsampling_scaling_factor"), err,
                              "upsampling_scaling_factor %d is not supported (there is 2)",
                              c->upsampling_scaling_factor);
    if (m->encoder.sizes != m->decoder.sizes || c->in_channels != c->out_channels)
        return dio_value_fail(json, err,
                              "the encoder takes %d channels through %d sizes, the "
                              "decoder %d through %d: they must be equal",
                              c->in_channels, m->encoder.sizes, c->out_channels, m->decoder.sizes);
    if (!(c->scaling_factor > 0))
        return dio_value_fail(dio_vae_place(json, "scaling_factor"), err,
                              "scaling_factor must be above 0");
    m->shape = (dio_vae_shape){.image_channels = c->out_channels,
                               .latent_channels = c->latent_channels,
                               .scale = 1 << (m->decoder.sizes - 1),
                               .scaling_factor = c->scaling_factor,
                               .shift_factor = c->shift_factor,
                               .force_upcast = c->force_upcast,
                               .tiny = true,
                               .encodes = true,
                               .decodes = true};
    return true;
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* What one file has. Bare names are of one half: the decoder's begin with 1, the encoder's with 0.
 */
static void look_at(struct model *m, const dio_weights *from)
{
    bool encoder = false, decoder = false, zero = false, one = false;
    for (int i = 0; i < dio_weights_count(from); i++) {
        const char *name = dio_weights_at(from, i)->name;
        encoder |= begins(name, "encoder.");
        decoder |= begins(name, "decoder.");
        zero |= strcmp(name, "0.weight") == 0;
        one |= strcmp(name, "1.weight") == 0;
        m->encoder.author |= begins(name, "encoder.") && isdigit((unsigned char)name[8]);
        m->decoder.author |= begins(name, "decoder.") && isdigit((unsigned char)name[8]);
    }
    m->encoder.there |= encoder || zero;
    m->decoder.there |= decoder || one;
    m->encoder.bare |= zero && !encoder;
    m->decoder.bare |= one && !decoder;
    m->encoder.author |= m->encoder.bare;
    m->decoder.author |= m->decoder.bare;
}

static bool look(void *model, const dio_weights *const *from, int n, dio_error *err)
{
    struct model *m = model;
    m->encoder.there = m->decoder.there = false;
    for (int i = 0; i < n; i++)
        look_at(m, from[i]);
    m->shape.encodes = m->encoder.there;
    m->shape.decodes = m->decoder.there;
    if (m->encoder.there || m->decoder.there)
        return true;
    dio_fail(err, "there is no TAESD encoder or decoder in these weights");
    return dio_error_at(err, dio_weights_path(from[0]), 0, 0);
}

/* --- weights --- */

static void conv_walk(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t in, int64_t out,
                      bool bias)
{
    dio_nn_conv2d_walk(w, c, name, in, out, 3, bias ? DIO_NN_BIAS : 0,
                       dio_init_uniform(1 / sqrtf(9 * (float)in)));
}

static void layer_walk(dio_walk *w, dio_nn_conv2d *c, int at, int64_t in, int64_t out, bool bias)
{
    char name[16];
    snprintf(name, sizeof name, "%d", at);
    conv_walk(w, c, name, in, out, bias);
}

static void block_walk(dio_walk *w, struct block *b, int at, int64_t width)
{
    dio_walk_enter(w, "%d.conv", at);
    conv_walk(w, &b->conv[0], "0", width, width, true);
    conv_walk(w, &b->conv[1], "2", width, width, true);
    conv_walk(w, &b->conv[2], "4", width, width, true);
    dio_walk_leave(w);
}

/* layers.N of diffusers; of the author N, or N + 1 in the decoder. */
static void half_walk(dio_walk *w, struct half *h, bool up, int64_t in, int64_t out)
{
    int at = h->author && up ? 1 : 0;
    if (!h->there)
        return;
    if (!h->bare)
        dio_walk_enter(w, "%s%s", up ? "decoder" : "encoder", h->author ? "" : ".layers");
    layer_walk(w, &h->first, at, in, h->width[0], true);
    at += up ? 2 : 1; /* the decoder's relu is a layer */
    for (int i = 0; i < h->sizes; i++) {
        if (i > 0 && !up)
            layer_walk(w, &h->change[i], at++, h->width[i], h->width[i], false);
        for (int j = 0; j < h->blocks[i]; j++)
            block_walk(w, &h->block[i][j], at++, h->width[i]);
        if (i + 1 < h->sizes && up) {
            layer_walk(w, &h->change[i], at + 1, h->width[i], h->width[i], false);
            at += 2; /* the doubling is a layer */
        }
    }
    layer_walk(w, &h->last, at, h->width[h->sizes - 1], out, true);
    if (!h->bare)
        dio_walk_leave(w);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    half_walk(w, &m->encoder, false, m->c.in_channels, m->c.latent_channels);
    half_walk(w, &m->decoder, true, m->c.latent_channels, m->c.out_channels);
}

/* --- stages; taps under diffusers' names, whatever the file's are --- */

static dio_stage *convolution(dio_stages *s, const dio_nn_conv2d *conv, int channels, dio_act after)
{
    dio_stage *t = dio_stage_add(s, DIO_STAGE_CONV);
    t->conv = conv;
    t->channels = channels;
    t->after = after;
    return t;
}

static void blocks(dio_stages *s, const struct half *h, int size, const char *half, int *at)
{
    for (int j = 0; j < h->blocks[size]; j++, ++*at) {
        const struct block *b = &h->block[size][j];
        int x = s->count - 1, width = h->width[size];
        convolution(s, &b->conv[0], width, DIO_ACT_RELU);
        convolution(s, &b->conv[1], width, DIO_ACT_RELU);
        convolution(s, &b->conv[2], width, DIO_ACT_RELU)->residual = x;
        dio_stage_name(s, "%s.layers.%d", half, *at);
    }
}

static void line(dio_stages *s, float a, float b)
{
    dio_stage *t = dio_stage_add(s, DIO_STAGE_LINE);
    t->a = a;
    t->b = b;
}

static void encoder(const void *model, dio_stages *s)
{
    const struct model *m = model;
    const struct half *h = &m->encoder;
    int at = 1;
    dio_stage_add(s, DIO_STAGE_INPUT)->channels = m->c.in_channels;
    line(s, 0.5F, 0.5F);
    convolution(s, &h->first, h->width[0], DIO_ACT_NONE);
    dio_stage_name(s, "encoder.layers.0");
    for (int i = 0; i < h->sizes; i++) {
        if (i > 0) {
            convolution(s, &h->change[i], h->width[i], DIO_ACT_NONE)->stride = 2;
            dio_stage_name(s, "encoder.layers.%d", at++);
        }
        blocks(s, h, i, "encoder", &at);
    }
    convolution(s, &h->last, m->c.latent_channels, DIO_ACT_NONE);
    dio_stage_name(s, "encoder.layers.%d", at);
}

static void decoder(const void *model, dio_stages *s)
{
    const struct model *m = model;
    const struct half *h = &m->decoder;
    int at = 2;
    dio_stage_add(s, DIO_STAGE_INPUT)->channels = m->c.latent_channels;
    dio_stage_add(s, DIO_STAGE_SQUASH);
    convolution(s, &h->first, h->width[0], DIO_ACT_RELU);
    dio_stage_name(s, "decoder.layers.1");
    for (int i = 0; i < h->sizes; i++) {
        blocks(s, h, i, "decoder", &at);
        if (i + 1 < h->sizes) {
            convolution(s, &h->change[i], h->width[i], DIO_ACT_NONE)->up = 2;
            dio_stage_name(s, "decoder.layers.%d", at + 1);
            at += 2;
        }
    }
    convolution(s, &h->last, m->c.out_channels, DIO_ACT_NONE);
    dio_stage_name(s, "decoder.layers.%d", at);
    line(s, 2, -1);
}

static void shape(const void *model, dio_vae_shape *out)
{
    *out = ((const struct model *)model)->shape;
}

static const dio_vae_ops ops = {
    .shape = shape, .look = look, .encoder = encoder, .decoder = decoder};

const dio_model dio_model_autoencoder_tiny = {
    .name = "autoencoder_tiny",
    .doc = "AutoencoderTiny (TAESD): a small autoencoder of Stable Diffusion's latents",
    .kind = "vae",
    .types = (const char *const[]){"AutoencoderTiny", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"AutoencoderTiny\",\"encoder_block_out_channels\":[8,8],"
            "\"decoder_block_out_channels\":[8,8],\"num_encoder_blocks\":[1,2],"
            "\"num_decoder_blocks\":[2,1]}",
            NULL},
};
