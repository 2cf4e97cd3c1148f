/* vits.c: VITS (arXiv:2106.06103) under the names of transformers (facebook/mms-tts-*,
 * kakao-enterprise/vits-*); Piper's voices come here, too, by way of audio/piper.c.
 *
 *   ids -> embedding * sqrt(C) -> [ attention with relative places -> norm -> convs -> norm ] x
 * layers
 *     -> means, spreads of the latents        (vits_text.c)
 *     -> durations: drawn by a flow of splines, or computed        (vits_duration.c)
 *   latents, each symbol's for as many frames as it lasts -> coupling flow, backwards -> HiFi-GAN
 *                                                                  (vits_flow.c)
 *
 * Training also has posterior_encoder, duration_predictor.post_* and duration_predictor.flows.1,
 * which published files may hold: they are left out before loading (voice_open.c).
 *
 * Traps
 *  - the decoder's last convolution has no bias, and its last slope is 0.01;
 *  - of the duration flows, that of number 1 is skipped;
 *  - weight norm stays on in the coupling flow of published files, and not in the decoder;
 *  - `resblock` "2" is an addition of ours, for Piper's smaller voices.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/models/vits.h"

enum { WIDTH_MOST = 4096, LAYERS_MOST = 64, SYMBOLS_MOST = 1 << 20 };

static const dio_field fields[] = {
    DIO_FIELD(struct vits_config, vocab_size, "38", 1, SYMBOLS_MOST, "symbols"),
    DIO_FIELD(struct vits_config, hidden_size, "192", 1, WIDTH_MOST, "channels"),
    DIO_FIELD(struct vits_config, num_hidden_layers, "6", 1, LAYERS_MOST, "layers over the text"),
    DIO_FIELD(struct vits_config, num_attention_heads, "2", 1, 64, "heads of attention"),
    DIO_FIELD(struct vits_config, window_size, "4", 0, 256, "places beside it that have a vector"),
    DIO_FIELD(struct vits_config, use_bias, "true", 0, 0, "whether attention has biases"),
    DIO_FIELD(struct vits_config, ffn_dim, "768", 1, 4 * WIDTH_MOST, "channels between the convs"),
    DIO_FIELD(struct vits_config, ffn_kernel_size, "3", 1, 31, "of the convs"),
    DIO_FIELD(struct vits_config, flow_size, "192", 2, WIDTH_MOST, "numbers of a frame; even"),
    DIO_FIELD(struct vits_config, hidden_act, "relu", 0, 0, "relu"),
    DIO_FIELD(struct vits_config, layer_norm_eps, "1e-5", 0, 1, "of the text's norms"),
    DIO_FIELD(struct vits_config, use_stochastic_duration_prediction, "true", 0, 0,
              "whether durations are drawn"),
    DIO_FIELD(struct vits_config, num_speakers, "1", 1, 1 << 16, "speakers"),
    DIO_FIELD(struct vits_config, speaker_embedding_size, "0", 0, WIDTH_MOST, "numbers of one"),
    DIO_FIELD(struct vits_config, upsample_initial_channel, "512", 2, 2 * WIDTH_MOST,
              "the decoder's channels before its first stage"),
    DIO_FIELD(struct vits_config, upsample_rates, "[8, 8, 2, 2]", 0, 0, "of the decoder's stages"),
    DIO_FIELD(struct vits_config, upsample_kernel_sizes, "[16, 16, 4, 4]", 0, 0, "of the same"),
    DIO_FIELD(struct vits_config, resblock_kernel_sizes, "[3, 7, 11]", 0, 0,
              "of a stage's residual blocks"),
    DIO_FIELD(struct vits_config, resblock_dilation_sizes, "[[1, 3, 5], [1, 3, 5], [1, 3, 5]]", 0,
              0, "in each of them"),
    DIO_FIELD(struct vits_config, resblock, "1", 0, 0, "kind of residual blocks, 1 or 2"),
    DIO_FIELD(struct vits_config, leaky_relu_slope, "0.1", 0, 1, "of the decoder"),
    DIO_FIELD(struct vits_config, depth_separable_channels, "2", 0, 0, "of the duration flow: 2"),
    DIO_FIELD(struct vits_config, depth_separable_num_layers, "3", 1, VITS_DDS,
              "of its depthwise convolutions"),
    DIO_FIELD(struct vits_config, duration_predictor_flow_bins, "10", 2, 64, "of its splines"),
    DIO_FIELD(struct vits_config, duration_predictor_tail_bound, "5.0", 0.1, 1000, "of the same"),
    DIO_FIELD(struct vits_config, duration_predictor_kernel_size, "3", 1, 15, "odd"),
    DIO_FIELD(struct vits_config, duration_predictor_num_flows, "4", 1, VITS_FLOWS, "splines"),
    DIO_FIELD(struct vits_config, duration_predictor_filter_channels, "256", 1, WIDTH_MOST,
              "channels, where durations are computed"),
    DIO_FIELD(struct vits_config, prior_encoder_num_flows, "4", 1, VITS_FLOWS, "couplings"),
    DIO_FIELD(struct vits_config, prior_encoder_num_wavenet_layers, "4", 1, VITS_WAVENET,
              "layers of one"),
    DIO_FIELD(struct vits_config, wavenet_kernel_size, "5", 1, 31, "odd"),
    DIO_FIELD(struct vits_config, wavenet_dilation_rate, "1", 1, 4, "from layer to layer"),
    DIO_FIELD(struct vits_config, sampling_rate, "16000", 1000, 384000, "samples a second"),
    DIO_FIELD(struct vits_config, speaking_rate, "1.0", 0.05, 20, "speed"),
    DIO_FIELD(struct vits_config, noise_scale, "0.667", 0, 10, "how far latents are drawn"),
    DIO_FIELD(struct vits_config, noise_scale_duration, "0.8", 0, 10, "how far durations are"),
    {0},
};

static bool check(const struct vits_config *c, const dio_value *json, dio_error *err)
{
    if (c->hidden_size % c->num_attention_heads)
        return dio_value_fail(json, err, "hidden_size: %d channels do not split into %d heads",
                              c->hidden_size, c->num_attention_heads);
    if (strcmp(c->hidden_act, "relu") != 0)
        return dio_value_fail(json, err, "hidden_act: \"relu\" is supported, not \"%.40s\"",
                              c->hidden_act);
    if (c->depth_separable_channels != 2)
        return dio_value_fail(json, err, "depth_separable_channels: 2 is supported, not %d",
                              c->depth_separable_channels);
    if (c->flow_size % 2)
        return dio_value_fail(json, err, "flow_size: %d cannot be halved", c->flow_size);
    if (c->wavenet_kernel_size % 2 == 0 || c->duration_predictor_kernel_size % 2 == 0)
        return dio_value_fail(json, err,
                              "wavenet_kernel_size and duration_predictor_kernel_size "
                              "must be odd, or lengths would change");
    if ((c->num_speakers > 1) != (c->speaker_embedding_size > 0))
        return dio_value_fail(json, err,
                              "num_speakers %d and speaker_embedding_size %d do not go together",
                              c->num_speakers, c->speaker_embedding_size);
    if (strcmp(c->resblock, "1") != 0 && strcmp(c->resblock, "2") != 0)
        return dio_value_fail(json, err, "resblock: \"1\" or \"2\", not \"%.40s\"", c->resblock);
    double widest = pow(c->wavenet_dilation_rate, c->prior_encoder_num_wavenet_layers - 1);
    double deepest = pow(c->duration_predictor_kernel_size, c->depth_separable_num_layers - 1);
    if (widest > 4096 || deepest > 4096)
        return dio_value_fail(json, err, "dilations of %g and %g places are above 4096", widest,
                              deepest);
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct vits *m = model;
    const struct vits_config *c = &m->c;
    if (!check(c, json, err))
        return false;
    m->layer = dio_arena_try(a, (size_t)c->num_hidden_layers * sizeof *m->layer);
    if (!m->layer)
        return dio_fail_memory(err, "a voice's layers");
    m->decoder.s = (dio_hifigan_shape){.in = c->flow_size,
                                       .channels = c->upsample_initial_channel,
                                       .single = c->resblock[0] == '2',
                                       .no_bias = true,
                                       .cond = c->speaker_embedding_size,
                                       .slope = c->leaky_relu_slope,
                                       .ups = "upsampler"};
    return dio_hifigan_setup(&m->decoder, c->upsample_rates, c->upsample_kernel_sizes,
                             c->resblock_kernel_sizes, c->resblock_dilation_sizes, a, err);
}

/* --- weights --- */

static void conv(dio_walk *w, dio_nn_conv1d *c, const char *name, int in, int out, int kernel)
{
    dio_nn_conv1d_walk(w, c, name, in, out, kernel, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)(in * kernel))));
}

static void numbered(dio_walk *w, dio_nn_conv1d *c, const char *list, int i, int in, int out,
                     int kernel)
{
    char name[48];
    snprintf(name, sizeof name, "%s.%d", list, i);
    conv(w, c, name, in, out, kernel);
}

static void walk_layer(dio_walk *w, const struct vits_config *c, struct vits_layer *l)
{
    int width = c->hidden_size, size = width / c->num_attention_heads;
    dio_init init = dio_init_normal(1 / sqrtf((float)width)), none = dio_init_fill(0);
    dio_init place = dio_init_normal(1 / sqrtf((float)size));
    unsigned bias = c->use_bias ? DIO_NN_BIAS : 0;
    dio_walk_enter(w, "attention");
    dio_nn_linear_walk(w, &l->q, "q_proj", width, width, bias, init, none);
    dio_nn_linear_walk(w, &l->k, "k_proj", width, width, bias, init, none);
    dio_nn_linear_walk(w, &l->v, "v_proj", width, width, bias, init, none);
    dio_nn_linear_walk(w, &l->out, "out_proj", width, width, bias, init, none);
    if (c->window_size) {
        DIO_WEIGHT(w, &l->rel_k, "emb_rel_k", place, 1, 2 * c->window_size + 1, size);
        DIO_WEIGHT(w, &l->rel_v, "emb_rel_v", place, 1, 2 * c->window_size + 1, size);
    }
    dio_walk_leave(w);
    dio_nn_layer_norm_walk(w, &l->norm, "layer_norm", width);
    conv(w, &l->conv_1, "feed_forward.conv_1", width, c->ffn_dim, c->ffn_kernel_size);
    conv(w, &l->conv_2, "feed_forward.conv_2", c->ffn_dim, width, c->ffn_kernel_size);
    dio_nn_layer_norm_walk(w, &l->final_norm, "final_layer_norm", width);
}

static void walk_text(dio_walk *w, struct vits *m)
{
    const struct vits_config *c = &m->c;
    dio_walk_enter(w, "text_encoder");
    dio_nn_embedding_walk(w, &m->tokens, "embed_tokens", c->vocab_size, c->hidden_size,
                          dio_init_normal(1 / sqrtf((float)c->hidden_size)));
    for (int i = 0; i < c->num_hidden_layers; i++) {
        dio_walk_enter(w, "encoder.layers.%d", i);
        walk_layer(w, c, &m->layer[i]);
        dio_walk_leave(w);
    }
    conv(w, &m->project, "project", c->hidden_size, 2 * c->flow_size, 1);
    dio_walk_leave(w);
}

static void walk_dds(dio_walk *w, const struct vits_config *c, struct vits_dds *d)
{
    int width = c->hidden_size, kernel = c->duration_predictor_kernel_size;
    char name[24];
    dio_walk_enter(w, "conv_dds");
    for (int i = 0; i < c->depth_separable_num_layers; i++) {
        numbered(w, &d->depth[i], "convs_dilated", i, 1, width, kernel);
        numbered(w, &d->point[i], "convs_pointwise", i, width, width, 1);
        snprintf(name, sizeof name, "norms_1.%d", i);
        dio_nn_layer_norm_walk(w, &d->norm_1[i], name, width);
        snprintf(name, sizeof name, "norms_2.%d", i);
        dio_nn_layer_norm_walk(w, &d->norm_2[i], name, width);
    }
    dio_walk_leave(w);
}

static void walk_drawn(dio_walk *w, struct vits *m)
{
    const struct vits_config *c = &m->c;
    struct vits_drawn *d = &m->drawn;
    int width = c->hidden_size, logits = 3 * c->duration_predictor_flow_bins - 1;
    conv(w, &d->pre, "conv_pre", width, width, 1);
    conv(w, &d->proj, "conv_proj", width, width, 1);
    walk_dds(w, c, &d->dds);
    if (c->speaker_embedding_size)
        conv(w, &d->cond, "cond", c->speaker_embedding_size, width, 1);
    DIO_WEIGHT(w, &d->translate, "flows.0.translate", dio_init_normal(0.3f), 2, 1);
    DIO_WEIGHT(w, &d->log_scale, "flows.0.log_scale", dio_init_normal(0.3f), 2, 1);
    for (int i = 2; i <= c->duration_predictor_num_flows; i++) {
        dio_walk_enter(w, "flows.%d", i);
        conv(w, &d->flow[i].pre, "conv_pre", 1, width, 1);
        walk_dds(w, c, &d->flow[i].dds);
        conv(w, &d->flow[i].proj, "conv_proj", width, logits, 1);
        dio_walk_leave(w);
    }
}

static void walk_computed(dio_walk *w, struct vits *m)
{
    const struct vits_config *c = &m->c;
    struct vits_computed *d = &m->computed;
    int wide = c->duration_predictor_filter_channels, kernel = c->duration_predictor_kernel_size;
    conv(w, &d->conv_1, "conv_1", c->hidden_size, wide, kernel);
    dio_nn_layer_norm_walk(w, &d->norm_1, "norm_1", wide);
    conv(w, &d->conv_2, "conv_2", wide, wide, kernel);
    dio_nn_layer_norm_walk(w, &d->norm_2, "norm_2", wide);
    conv(w, &d->proj, "proj", wide, 1, 1);
    if (c->speaker_embedding_size)
        conv(w, &d->cond, "cond", c->speaker_embedding_size, c->hidden_size, 1);
}

static void walk_coupling(dio_walk *w, const struct vits_config *c, struct vits_coupling *p)
{
    int width = c->hidden_size, layers = c->prior_encoder_num_wavenet_layers;
    conv(w, &p->pre, "conv_pre", c->flow_size / 2, width, 1);
    dio_walk_enter(w, "wavenet");
    if (c->speaker_embedding_size)
        conv(w, &p->cond, "cond_layer", c->speaker_embedding_size, 2 * width * layers, 1);
    for (int i = 0; i < layers; i++) {
        numbered(w, &p->in[i], "in_layers", i, width, 2 * width, c->wavenet_kernel_size);
        numbered(w, &p->skip[i], "res_skip_layers", i, width, i + 1 < layers ? 2 * width : width,
                 1);
    }
    dio_walk_leave(w);
    conv(w, &p->post, "conv_post", width, c->flow_size / 2, 1);
}

static void walk(dio_walk *w, void *model)
{
    struct vits *m = model;
    walk_text(w, m);
    dio_walk_enter(w, "duration_predictor");
    if (m->c.use_stochastic_duration_prediction)
        walk_drawn(w, m);
    else
        walk_computed(w, m);
    dio_walk_leave(w);
    for (int i = 0; i < m->c.prior_encoder_num_flows; i++) {
        dio_walk_enter(w, "flow.flows.%d", i);
        walk_coupling(w, &m->c, &m->coupling[i]);
        dio_walk_leave(w);
    }
    dio_walk_enter(w, "decoder");
    dio_hifigan_walk(w, &m->decoder);
    dio_walk_leave(w);
    if (m->c.num_speakers > 1)
        dio_nn_embedding_walk(w, &m->speakers, "embed_speaker", m->c.num_speakers,
                              m->c.speaker_embedding_size, dio_init_normal(1));
}

static void shape(const void *model, dio_voice_shape *out)
{
    const struct vits *m = model;
    int hop = dio_hifigan_hop(&m->decoder);
    dio_reach r = {0, hop - 1};
    dio_hifigan_reach(&m->decoder, &r);
    *out = (dio_voice_shape){.rate = m->c.sampling_rate,
                             .hop = hop,
                             .symbols = m->c.vocab_size,
                             .speakers = m->c.num_speakers,
                             .latent = m->c.flow_size,
                             .before = (int)-r.first,
                             .after = (int)r.last,
                             .step = m->decoder.step,
                             .draws = m->c.use_stochastic_duration_prediction,
                             .noise = m->c.noise_scale,
                             .noise_duration = m->c.noise_scale_duration,
                             .speed = m->c.speaking_rate};
}

static const dio_voice_ops ops = {
    .shape = shape, .text = vits_text, .flow = vits_flow, .decode = vits_decode};

const dio_model dio_model_vits = {
    .name = "vits",
    .doc = "VITS: speech from letters or phonemes (MMS, Piper)",
    .kind = "voice",
    .types = (const char *const[]){"vits", "VitsModel", NULL},
    .config = fields,
    .size = sizeof(struct vits),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"vits\",\"vocab_size\":12,\"hidden_size\":16,\"num_hidden_layers\":2,"
            "\"ffn_dim\":24,\"flow_size\":8,\"prior_encoder_num_flows\":2,"
            "\"prior_encoder_num_wavenet_layers\":2,\"upsample_initial_channel\":16,"
            "\"upsample_rates\":[4,2],\"upsample_kernel_sizes\":[8,4],"
            "\"resblock_kernel_sizes\":[3,5],\"resblock_dilation_sizes\":[[1,3],[1,3]]}",
            NULL},
};
