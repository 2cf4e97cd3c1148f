/* unet_2d_condition.c: the UNet of Stable Diffusion (arXiv:2112.10752), matched against diffusers
 * 0.42.1's UNet2DConditionModel: SD 1.x, SD 2.x, SDXL, their inpainting forms, and what was
 * distilled from them by taking blocks out.
 *
 *   time_embedding(sinusoid(t)) [+ add_embedding(pooled, sinusoid(time_ids))] -> e
 *   conv_in -> down_blocks: [ resnet(e) [-> attention(text)] ] x n -> half size
 *           -> mid_block:   resnet -> attention -> resnet
 *           -> up_blocks:   [ cat(x, skip) -> resnet(e) [-> attention(text)] ] x n+1 -> double size
 *           -> conv_norm_out -> silu -> conv_out
 *
 * Every residual block, conv_in and every halving on the way down leaves a skip, which the way up
 * takes in reverse.
 *
 * Traps
 *  - the size to double to is that of the next skip: halving 33 gives 17, and twice 17 is 34;
 *  - a resnet's first channel count on the way up is that of two different levels together;
 *  - the last level neither halves nor doubles;
 *  - silu is applied to e anew in every residual block, with the same result: once is enough;
 *  - SDXL's time_ids are embedded one by one and laid side by side behind the pooled text. */
#include <math.h>
#include <stdio.h>

#include "vision/models/unet_model.h"

enum { SKIPS = UNET_LEVELS * (UNET_DEPTH + 1) + 1, NAME = 32, TAP = 96 };

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    return unet_config_read(model, json, a, err);
}

/* --- weights --- */

static void walk_block(dio_walk *w, const struct unet *m, struct unet_block *b, int attentions,
                       const char *sampler)
{
    for (int i = 0; b->cross && i < attentions; i++) {
        char name[NAME];
        snprintf(name, sizeof name, "attentions.%d", i);
        dio_nn_transformer_walk(w, &b->attention[i], name);
    }
    for (int i = 0; i < b->count; i++) {
        char name[NAME];
        snprintf(name, sizeof name, "resnets.%d", i);
        dio_nn_resnet_walk(w, &b->resnet[i], name, b->in[i], b->width, m->time_width);
    }
    if (b->resample)
        dio_nn_resample_walk(w, &b->sampler, sampler, b->width);
}

static void walk_conv(dio_walk *w, dio_nn_conv2d *c, const char *name, int in, int out)
{
    dio_nn_conv2d_walk(w, c, name, in, out, 3, DIO_NN_BIAS,
                       dio_init_uniform(1 / sqrtf(9 * (float)in)));
}

static void walk(dio_walk *w, void *model)
{
    struct unet *m = model;
    const struct unet_config *c = &m->c;
    int first = m->down[0].width;
    walk_conv(w, &m->conv_in, "conv_in", c->in_channels, first);
    dio_nn_time_walk(w, &m->time, "time_embedding", first, m->time_width, c->time_cond_proj_dim);
    if (m->text_time)
        dio_nn_time_walk(w, &m->added, "add_embedding", c->projection_class_embeddings_input_dim,
                         m->time_width, 0);
    for (int i = 0; i < m->levels; i++) {
        dio_walk_enter(w, "down_blocks.%d", i);
        walk_block(w, m, &m->down[i], m->down[i].count, "downsamplers.0");
        dio_walk_leave(w);
    }
    if (m->has_mid) {
        dio_walk_enter(w, "mid_block");
        walk_block(w, m, &m->mid, 1, "");
        dio_walk_leave(w);
    }
    for (int i = 0; i < m->levels; i++) {
        dio_walk_enter(w, "up_blocks.%d", i);
        walk_block(w, m, &m->up[i], m->up[i].count, "upsamplers.0");
        dio_walk_leave(w);
    }
    dio_nn_group_norm_walk(w, &m->norm_out, "conv_norm_out", first);
    walk_conv(w, &m->conv_out, "conv_out", first, c->out_channels);
}

/* --- forward --- */

/* What every block reads, and the skips that the way down leaves. */
struct pass {
    dio_graph *g;
    const struct unet *m;
    dio_nn_plane plane;
    dio_val time, context;
    dio_val skip[SKIPS];
    int n_skips;
};

/* The guidance scale w as a vector: sinusoids of 1000 (w - 1) with frequencies of their own. */
static dio_val guidance_embedding(dio_graph *g, dio_val scale, int width)
{
    dio_val w = dio_axpb(g, dio_axpb(g, scale, 1, -1), 1000, 0); /* in torch's two roundings */
    return dio_nn_sinusoid(g, w, width, false, 1);
}

static dio_val embed_time(dio_graph *g, const struct unet *m, const dio_unet_io *io)
{
    const struct unet_config *c = &m->c;
    dio_val t =
        dio_nn_sinusoid(g, io->timestep, m->down[0].width, c->flip_sin_to_cos, c->freq_shift);
    dio_val cond = c->time_cond_proj_dim
                       ? guidance_embedding(g, io->guidance, c->time_cond_proj_dim)
                       : DIO_NONE;
    dio_val e = dio_tap(g, dio_nn_time_forward(g, &m->time, t, cond), "time_embedding");
    if (!m->text_time)
        return e;
    int64_t batch = dio_dim(g, io->time_ids, 0), ids = dio_dim(g, io->time_ids, 1);
    int64_t width = c->addition_time_embed_dim, count = batch * ids;
    dio_val flat = dio_reshape(g, io->time_ids, 1, &count);
    dio_val places = dio_nn_sinusoid(g, flat, (int)width, c->flip_sin_to_cos, c->freq_shift);
    dio_val both[2] = {io->pooled, dio_reshape2(g, places, batch, ids * width)};
    dio_val added = dio_nn_time_forward(g, &m->added, dio_concat(g, both, 2, 1), DIO_NONE);
    return dio_add(g, e, dio_tap(g, added, "add_embedding"));
}

static dio_val resnet(struct pass *p, const struct unet_block *b, int i, dio_val x,
                      const char *name)
{
    x = dio_nn_resnet_forward(p->g, &b->resnet[i], x, p->time, &p->plane);
    return dio_tap(p->g, x, "%s.resnets.%d", name, i);
}

static dio_val attention(struct pass *p, const struct unet_block *b, int i, dio_val x,
                         const char *name)
{
    char tap[TAP];
    snprintf(tap, sizeof tap, "%s.attentions.%d", name, i);
    return dio_nn_transformer_forward(p->g, &b->attention[i], x, p->context, &p->plane, tap);
}

static dio_val go_down(struct pass *p, int level, dio_val x)
{
    const struct unet_block *b = &p->m->down[level];
    char name[NAME];
    snprintf(name, sizeof name, "down_blocks.%d", level);
    for (int i = 0; i < b->count; i++) {
        x = resnet(p, b, i, x, name);
        if (b->cross)
            x = attention(p, b, i, x, name);
        p->skip[p->n_skips++] = x;
    }
    if (!b->resample)
        return x;
    x = dio_nn_downsample_forward(p->g, &b->sampler, x, p->m->c.downsample_padding, p->plane.wrap);
    p->skip[p->n_skips++] = x;
    return dio_tap(p->g, x, "%s.downsamplers.0", name);
}

static dio_val go_up(struct pass *p, int level, dio_val x)
{
    const struct unet_block *b = &p->m->up[level];
    dio_graph *g = p->g;
    char name[NAME];
    snprintf(name, sizeof name, "up_blocks.%d", level);
    for (int i = 0; i < b->count; i++) {
        dio_val both[2] = {x, p->skip[--p->n_skips]};
        x = resnet(p, b, i, dio_concat(g, both, 2, 1), name);
        if (b->cross)
            x = attention(p, b, i, x, name);
    }
    if (!b->resample)
        return x;
    dio_val next = p->skip[p->n_skips - 1];
    x = dio_nn_upsample_forward(g, &b->sampler, x, dio_dim(g, next, 2), dio_dim(g, next, 3),
                                p->plane.wrap);
    return dio_tap(g, x, "%s.upsamplers.0", name);
}

static dio_val go_through_mid(struct pass *p, dio_val x)
{
    const struct unet_block *b = &p->m->mid;
    x = resnet(p, b, 0, x, "mid_block");
    x = attention(p, b, 0, x, "mid_block");
    return resnet(p, b, 1, x, "mid_block");
}

static void forward(dio_graph *g, const void *model, dio_unet_io *io)
{
    const struct unet *m = model;
    const struct unet_config *c = &m->c;
    struct pass p = {.g = g, .m = m, .context = io->context};
    p.plane = (dio_nn_plane){c->norm_num_groups, c->norm_eps,
                             (io->tile_x ? DIO_NN_WRAP_X : 0) | (io->tile_y ? DIO_NN_WRAP_Y : 0)};
    p.time = dio_silu(g, embed_time(g, m, io));
    dio_val x = dio_nn_conv2d_forward(g, &m->conv_in, io->sample, 1, 1, p.plane.wrap);
    p.skip[p.n_skips++] = dio_tap(g, x, "conv_in");
    for (int i = 0; i < m->levels; i++)
        x = go_down(&p, i, x);
    if (m->has_mid)
        x = go_through_mid(&p, x);
    for (int i = 0; i < m->levels; i++)
        x = go_up(&p, i, x);
    x = dio_nn_group_norm_forward(g, &m->norm_out, x, c->norm_num_groups, c->norm_eps);
    x = dio_nn_conv2d_forward(g, &m->conv_out, dio_silu(g, x), 1, 1, p.plane.wrap);
    io->out = dio_tap(g, x, "conv_out");
}

static void shape(const void *model, dio_unet_shape *out)
{
    const struct unet *m = model;
    const struct unet_config *c = &m->c;
    *out = (dio_unet_shape){.in_channels = c->in_channels,
                            .out_channels = c->out_channels,
                            .context = m->context,
                            .sample_size = m->sample_size,
                            .step = 1 << (m->levels - 1),
                            .text_time = m->text_time,
                            .guidance = c->time_cond_proj_dim};
    if (!m->text_time)
        return;
    out->time_id_width = c->addition_time_embed_dim;
    out->added_width = c->projection_class_embeddings_input_dim;
    out->pooled = out->added_width - 6 * out->time_id_width;
}

static const dio_unet_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_unet_2d_condition = {
    .name = "unet_2d_condition",
    .doc = "UNet of Stable Diffusion 1.x, 2.x and XL",
    .kind = "unet",
    .types = (const char *const[]){"UNet2DConditionModel", NULL},
    .config = unet_fields,
    .size = sizeof(struct unet),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"UNet2DConditionModel\",\"block_out_channels\":[16,32],"
            "\"down_block_types\":[\"CrossAttnDownBlock2D\",\"DownBlock2D\"],"
            "\"up_block_types\":[\"UpBlock2D\",\"CrossAttnUpBlock2D\"],\"layers_per_block\":1,"
            "\"cross_attention_dim\":24,\"attention_head_dim\":2,\"norm_num_groups\":8}",
            NULL},
};
