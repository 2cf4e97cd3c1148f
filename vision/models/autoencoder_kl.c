/* autoencoder_kl.c: the autoencoder of Stable Diffusion 1.x, 2.x and SDXL (arXiv:2112.10752,
 * matched against diffusers' AutoencoderKL).
 *
 *   encoder: conv_in -> [ resnet x layers, half ] -> mid -> norm, silu, conv_out -> quant_conv
 *   decoder: post_quant_conv -> conv_in -> mid -> [ resnet x (layers + 1), double ] -> norm, silu,
 *            conv_out
 *   mid: resnet -> attention of every place to every other, one head -> resnet
 *   resnet: x + conv2(silu(norm2(conv1(silu(norm1 x))))), x through conv_shortcut where widths
 * differ
 *
 * Traps
 *  - halving pads one row below and one column right, nothing above and left;
 *  - the last block of each half keeps the size; up_blocks run over the widths backwards;
 *  - every norm's eps is 1e-6, whatever the UNet's is;
 *  - the encoder gives mean and log variance side by side, the latter to be held within -30..20;
 *  - older files call the attention's projections query, key, value and proj_attn, and checkpoints
 *    of the first release store them as 1x1 convolutions.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vision/models/vae_common.h"
#include "vision/nn.h"

enum { MAX_BLOCKS = 8, MAX_LAYERS = 8, MAX_WIDTH = 8192, MAX_PICTURE = 64 };
static const float EPS = 1e-6F;

struct config {
    int in_channels, out_channels, layers_per_block, latent_channels, norm_num_groups;
    const char *act_fn;
    const dio_value *down_block_types, *up_block_types, *block_out_channels;
    const dio_value *latents_mean, *latents_std;
    float scaling_factor, shift_factor;
    bool force_upcast, use_quant_conv, use_post_quant_conv, mid_block_add_attention;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, in_channels, "3", 1, MAX_PICTURE, "channels of the picture read"),
    DIO_FIELD(struct config, out_channels, "3", 1, MAX_PICTURE, "channels of the picture made"),
    DIO_FIELD(struct config, layers_per_block, "1", 1, MAX_LAYERS, "residual blocks a size"),
    DIO_FIELD(struct config, latent_channels, "4", 1, DIO_VAE_LATENTS, "channels of the latents"),
    DIO_FIELD(struct config, norm_num_groups, "32", 1, MAX_WIDTH, "groups of every norm"),
    DIO_FIELD(struct config, act_fn, "silu", 0, 0, "activation: silu"),
    DIO_FIELD(struct config, down_block_types, "[\"DownEncoderBlock2D\"]", 0, 0,
              "DownEncoderBlock2D, one for each width"),
    DIO_FIELD(struct config, up_block_types, "[\"UpDecoderBlock2D\"]", 0, 0,
              "UpDecoderBlock2D, one for each width"),
    DIO_FIELD(struct config, block_out_channels, "[64]", 0, 0, "widths, the picture's size first"),
    DIO_FIELD(struct config, latents_mean, "[]", 0, 0,
              "of each latent channel, in place of a shift"),
    DIO_FIELD(struct config, latents_std, "[]", 0, 0, "of each latent channel"),
    DIO_FIELD(struct config, scaling_factor, "0.18215", 0, 1e6,
              "raw latents times this are the diffusion model's"),
    DIO_FIELD(struct config, shift_factor, "0", -1e6, 1e6, "taken from raw latents before"),
    DIO_FIELD(struct config, force_upcast, "true", 0, 0, "does not survive half precision"),
    DIO_FIELD(struct config, use_quant_conv, "true", 0, 0, "a 1x1 convolution after the encoder"),
    DIO_FIELD(struct config, use_post_quant_conv, "true", 0, 0, "and one before the decoder"),
    DIO_FIELD(struct config, mid_block_add_attention, "true", 0, 0, "attention in the middle"),
    {0},
};

struct attention {
    dio_nn_norm norm;
    dio_nn_linear q, k, v, out;
};

struct middle {
    dio_nn_resnet resnet[2];
    struct attention attention;
};

struct half {
    dio_nn_conv2d conv_in, conv_out, quant;
    dio_nn_resnet resnet[MAX_BLOCKS][MAX_LAYERS + 1];
    dio_nn_conv2d resample[MAX_BLOCKS]; /* of all blocks but the last */
    struct middle mid;
    dio_nn_norm norm_out;
};

struct model {
    struct config c;
    int width[MAX_BLOCKS], blocks;
    dio_vae_shape shape;
    bool old_names, as_convolutions; /* of the attention's projections */
    struct half encoder, decoder;
};

/* --- the config --- */

static bool check_widths(struct model *m, const dio_value *json, dio_error *err)
{
    const struct config *c = &m->c;
    if (!dio_vae_ints(c->block_out_channels, "block_out_channels", 1, MAX_WIDTH, MAX_BLOCKS,
                      m->width, &m->blocks, json, err) ||
        !dio_vae_words(c->down_block_types, "down_block_types", "DownEncoderBlock2D", m->blocks,
                       json, err) ||
        !dio_vae_words(c->up_block_types, "up_block_types", "UpDecoderBlock2D", m->blocks, json,
                       err))
        return false;
    for (int i = 0; i < m->blocks; i++)
        if (m->width[i] % c->norm_num_groups)
            return dio_value_fail(dio_vae_place(json, "block_out_channels"), err,
                                  "%d channels do not split into norm_num_groups, %d", m->width[i],
                                  c->norm_num_groups);
    return true;
}

static bool is_given(const dio_value *list)
{
    return list->kind != DIO_LIST || list->list.count > 0;
}

static bool read_spread(struct model *m, const dio_value *json, dio_error *err)
{
    const struct config *c = &m->c;
    m->shape.standardised = is_given(c->latents_mean) || is_given(c->latents_std);
    if (!m->shape.standardised)
        return true;
    if (!dio_vae_numbers(c->latents_mean, "latents_mean", c->latent_channels, m->shape.mean, json,
                         err) ||
        !dio_vae_numbers(c->latents_std, "latents_std", c->latent_channels, m->shape.std, json,
                         err))
        return false;
    for (int i = 0; i < c->latent_channels; i++)
        if (m->shape.std[i] <= 0)
            return dio_value_fail(dio_vae_place(json, "latents_std"), err,
                                  "latents_std: %g is not above 0", (double)m->shape.std[i]);
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    (void)a;
    struct model *m = model;
    const struct config *c = &m->c;
    if (strcmp(c->act_fn, "silu") != 0 && strcmp(c->act_fn, "swish") != 0)
        return dio_value_fail(dio_vae_place(json, "act_fn"), err,
                              "act_fn \"%.40s\" is not supported (there is silu)", c->act_fn);
    if (!(c->scaling_factor > 0))
        return dio_value_fail(dio_vae_place(json, "scaling_factor"), err,
                              "scaling_factor must be above 0");
    if (!check_widths(m, json, err) || !read_spread(m, json, err))
        return false;
    m->shape.image_channels = c->out_channels;
    m->shape.latent_channels = c->latent_channels;
    m->shape.scale = 1 << (m->blocks - 1);
    m->shape.scaling_factor = c->scaling_factor;
    m->shape.shift_factor = c->shift_factor;
    m->shape.force_upcast = c->force_upcast;
    m->shape.encodes = m->shape.decodes = true;
    if (c->in_channels != c->out_channels)
        return dio_value_fail(dio_vae_place(json, "in_channels"), err,
                              "in_channels %d and out_channels %d must be equal", c->in_channels,
                              c->out_channels);
    return true;
}

static bool look(void *model, const dio_weights *const *from, int n, dio_error *err)
{
    (void)n; /* both halves are in one file */
    (void)err;
    struct model *m = model;
    for (int i = 0; i < dio_weights_count(from[0]); i++) {
        const dio_tensor *t = dio_weights_at(from[0], i);
        const char *at = strstr(t->name, "mid_block.attentions.0.");
        if (!at)
            continue;
        at += strlen("mid_block.attentions.0.");
        m->old_names |= strncmp(at, "query.", 6) == 0;
        m->as_convolutions |= t->type.nd == 4;
    }
    return true;
}

/* --- weights --- */

static dio_init fresh(int64_t fan_in)
{
    return dio_init_uniform(1 / sqrtf((float)fan_in));
}

static void projection_walk(dio_walk *w, const struct model *m, dio_nn_linear *l, const char *name,
                            int64_t width)
{
    dio_walk_enter(w, "%s", name);
    if (m->as_convolutions)
        DIO_WEIGHT(w, &l->w, "weight", fresh(width), width, width, 1, 1);
    else
        DIO_WEIGHT(w, &l->w, "weight", fresh(width), width, width);
    DIO_WEIGHT(w, &l->b, "bias", dio_init_fill(0), width);
    dio_walk_leave(w);
}

static void middle_walk(dio_walk *w, const struct model *m, struct middle *mid)
{
    int64_t width = m->width[m->blocks - 1];
    bool old = m->old_names;
    struct attention *a = &mid->attention;
    dio_walk_enter(w, "mid_block");
    dio_nn_resnet_walk(w, &mid->resnet[0], "resnets.0", width, width, 0);
    dio_nn_resnet_walk(w, &mid->resnet[1], "resnets.1", width, width, 0);
    if (m->c.mid_block_add_attention) {
        dio_walk_enter(w, "attentions.0");
        dio_nn_group_norm_walk(w, &a->norm, "group_norm", width);
        projection_walk(w, m, &a->q, old ? "query" : "to_q", width);
        projection_walk(w, m, &a->k, old ? "key" : "to_k", width);
        projection_walk(w, m, &a->v, old ? "value" : "to_v", width);
        projection_walk(w, m, &a->out, old ? "proj_attn" : "to_out.0", width);
        dio_walk_leave(w);
    }
    dio_walk_leave(w);
}

static void blocks_walk(dio_walk *w, struct model *m, struct half *h, bool up)
{
    int last = m->blocks - 1, in = up ? m->width[last] : m->width[0];
    int layers = m->c.layers_per_block + (up ? 1 : 0);
    for (int i = 0; i <= last; i++) {
        int out = m->width[up ? last - i : i];
        dio_walk_enter(w, "%s.%d", up ? "up_blocks" : "down_blocks", i);
        for (int j = 0; j < layers; j++) {
            char name[32];
            snprintf(name, sizeof name, "resnets.%d", j);
            dio_nn_resnet_walk(w, &h->resnet[i][j], name, j ? out : in, out, 0);
        }
        if (i < last)
            dio_nn_resample_walk(w, &h->resample[i], up ? "upsamplers.0" : "downsamplers.0", out);
        dio_walk_leave(w);
        in = out;
    }
}

static void half_walk(dio_walk *w, struct model *m, struct half *h, bool up)
{
    const struct config *c = &m->c;
    int64_t first = m->width[up ? m->blocks - 1 : 0], last = m->width[up ? 0 : m->blocks - 1];
    int64_t in = up ? c->latent_channels : c->in_channels;
    int64_t out = up ? c->out_channels : 2 * (int64_t)c->latent_channels;
    dio_walk_enter(w, up ? "decoder" : "encoder");
    dio_nn_conv2d_walk(w, &h->conv_in, "conv_in", in, first, 3, DIO_NN_BIAS, fresh(9 * in));
    blocks_walk(w, m, h, up);
    middle_walk(w, m, &h->mid);
    dio_nn_group_norm_walk(w, &h->norm_out, "conv_norm_out", last);
    dio_nn_conv2d_walk(w, &h->conv_out, "conv_out", last, out, 3, DIO_NN_BIAS, fresh(9 * last));
    dio_walk_leave(w);
    int64_t wide = up ? in : out;
    if (up ? c->use_post_quant_conv : c->use_quant_conv)
        dio_nn_conv2d_walk(w, &h->quant, up ? "post_quant_conv" : "quant_conv", wide, wide, 1,
                           DIO_NN_BIAS, fresh(wide));
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    half_walk(w, m, &m->encoder, false);
    half_walk(w, m, &m->decoder, true);
}

/* --- stages --- */

static dio_stage *convolution(dio_stages *s, const dio_nn_conv2d *conv, int channels)
{
    dio_stage *t = dio_stage_add(s, DIO_STAGE_CONV);
    t->conv = conv;
    t->channels = channels;
    return t;
}

static void normed(const struct model *m, dio_stage *t, const dio_nn_norm *norm)
{
    t->norm = norm;
    t->groups = m->c.norm_num_groups;
    t->eps = EPS;
    t->before = t->kind == DIO_STAGE_CONV ? DIO_ACT_SILU : DIO_ACT_NONE;
}

static void point(dio_stages *s, const dio_nn_conv2d *conv, int channels, const char *name)
{
    dio_stage *t = convolution(s, conv, channels);
    t->kernel = 1;
    t->pad[0] = t->pad[1] = 0;
    dio_stage_name(s, "%s", name);
}

static void resnet(const struct model *m, dio_stages *s, const dio_nn_resnet *r, int channels,
                   const char *name)
{
    int x = s->count - 1;
    normed(m, convolution(s, &r->conv1, channels), &r->norm1);
    dio_stage_name(s, "%s.conv1", name);
    dio_stage *t = convolution(s, &r->conv2, channels);
    normed(m, t, &r->norm2);
    t->residual = x;
    t->shortcut = r->shortcut.w ? &r->shortcut : NULL;
    dio_stage_name(s, "%s", name);
}

static void middle(const struct model *m, dio_stages *s, const struct middle *mid, const char *half)
{
    char name[64];
    int width = m->width[m->blocks - 1];
    const struct attention *a = &mid->attention;
    snprintf(name, sizeof name, "%s.mid_block.resnets.0", half);
    resnet(m, s, &mid->resnet[0], width, name);
    if (m->c.mid_block_add_attention) {
        dio_stage *t = dio_stage_add(s, DIO_STAGE_ATTEND);
        normed(m, t, &a->norm);
        t->q = &a->q, t->k = &a->k, t->v = &a->v, t->out = &a->out;
        dio_stage_name(s, "%s.mid_block.attentions.0", half);
    }
    snprintf(name, sizeof name, "%s.mid_block.resnets.1", half);
    resnet(m, s, &mid->resnet[1], width, name);
}

static void blocks(const struct model *m, dio_stages *s, const struct half *h, bool up)
{
    int last = m->blocks - 1, layers = m->c.layers_per_block + (up ? 1 : 0);
    for (int i = 0; i <= last; i++) {
        char name[64];
        int width = m->width[up ? last - i : i];
        const char *side = up ? "decoder.up_blocks" : "encoder.down_blocks";
        for (int j = 0; j < layers; j++) {
            snprintf(name, sizeof name, "%s.%d.resnets.%d", side, i, j);
            resnet(m, s, &h->resnet[i][j], width, name);
        }
        if (i == last)
            return;
        dio_stage *t = convolution(s, &h->resample[i], width);
        t->up = up ? 2 : 1;
        t->stride = up ? 1 : 2;
        t->pad[0] = up ? 1 : 0;
        dio_stage_name(s, "%s.%d.%s.0", side, i, up ? "upsamplers" : "downsamplers");
    }
}

static void ending(const struct model *m, dio_stages *s, const struct half *h, int channels,
                   const char *half)
{
    normed(m, convolution(s, &h->conv_out, channels), &h->norm_out);
    dio_stage_name(s, "%s.conv_out", half);
}

static void encoder(const void *model, dio_stages *s)
{
    const struct model *m = model;
    const struct half *h = &m->encoder;
    dio_stage_add(s, DIO_STAGE_INPUT)->channels = m->c.in_channels;
    convolution(s, &h->conv_in, m->width[0]);
    dio_stage_name(s, "encoder.conv_in");
    blocks(m, s, h, false);
    middle(m, s, &h->mid, "encoder");
    ending(m, s, h, 2 * m->c.latent_channels, "encoder");
    if (m->c.use_quant_conv)
        point(s, &h->quant, 2 * m->c.latent_channels, "quant_conv");
}

static void decoder(const void *model, dio_stages *s)
{
    const struct model *m = model;
    const struct half *h = &m->decoder;
    dio_stage_add(s, DIO_STAGE_INPUT)->channels = m->c.latent_channels;
    if (m->c.use_post_quant_conv)
        point(s, &h->quant, m->c.latent_channels, "post_quant_conv");
    convolution(s, &h->conv_in, m->width[m->blocks - 1]);
    dio_stage_name(s, "decoder.conv_in");
    middle(m, s, &h->mid, "decoder");
    blocks(m, s, h, true);
    ending(m, s, h, m->c.out_channels, "decoder");
}

static void shape(const void *model, dio_vae_shape *out)
{
    *out = ((const struct model *)model)->shape;
}

static const dio_vae_ops ops = {
    .shape = shape, .look = look, .encoder = encoder, .decoder = decoder};

const dio_model dio_model_autoencoder_kl = {
    .name = "autoencoder_kl",
    .doc = "AutoencoderKL: Stable Diffusion's pictures to latents and back",
    .kind = "vae",
    .types = (const char *const[]){"AutoencoderKL", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"AutoencoderKL\",\"block_out_channels\":[8,16],\"norm_num_groups\":"
            "4,"
            "\"down_block_types\":[\"DownEncoderBlock2D\",\"DownEncoderBlock2D\"],"
            "\"up_block_types\":[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"]}",
            NULL},
};
