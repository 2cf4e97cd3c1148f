#pragma once
/* vits.h: VITS's parts, for vits*.c. Private to audio/models/. */
#include "audio/nn/hifigan.h"
#include "audio/voice.h"
#include "tensor/nn.h"

enum { VITS_FLOWS = 16, VITS_WAVENET = 16, VITS_DDS = 8 };

struct vits_config {
    int vocab_size, hidden_size, num_hidden_layers, num_attention_heads, window_size, ffn_dim;
    int ffn_kernel_size, flow_size, num_speakers, speaker_embedding_size;
    int upsample_initial_channel, depth_separable_channels, depth_separable_num_layers;
    int duration_predictor_flow_bins, duration_predictor_kernel_size, duration_predictor_num_flows;
    int duration_predictor_filter_channels, prior_encoder_num_flows;
    int prior_encoder_num_wavenet_layers, wavenet_kernel_size, wavenet_dilation_rate, sampling_rate;
    bool use_bias, use_stochastic_duration_prediction;
    float layer_norm_eps, leaky_relu_slope, duration_predictor_tail_bound;
    float speaking_rate, noise_scale, noise_scale_duration;
    const char *hidden_act, *resblock;
    const dio_value *upsample_rates, *upsample_kernel_sizes;
    const dio_value *resblock_kernel_sizes, *resblock_dilation_sizes;
};

struct vits_layer {
    dio_nn_linear q, k, v, out;
    dio_tensor *rel_k, *rel_v; /* [1, 2 window + 1, D] */
    dio_nn_norm norm, final_norm;
    dio_nn_conv1d conv_1, conv_2;
};

/* Depthwise convolutions of growing dilation, each with a pointwise one behind it. */
struct vits_dds {
    dio_nn_conv1d depth[VITS_DDS], point[VITS_DDS];
    dio_nn_norm norm_1[VITS_DDS], norm_2[VITS_DDS];
};

struct vits_conv_flow {
    dio_nn_conv1d pre, proj;
    struct vits_dds dds;
};

/* Durations that are drawn. Flow 1 is of training alone. */
struct vits_drawn {
    dio_nn_conv1d pre, proj, cond;
    struct vits_dds dds;
    dio_tensor *translate, *log_scale; /* flow 0 */
    struct vits_conv_flow flow[VITS_FLOWS + 1];
};

/* Durations that are computed. */
struct vits_computed {
    dio_nn_conv1d conv_1, conv_2, proj, cond;
    dio_nn_norm norm_1, norm_2;
};

struct vits_coupling {
    dio_nn_conv1d pre, post, cond;
    dio_nn_conv1d in[VITS_WAVENET], skip[VITS_WAVENET];
};

struct vits {
    struct vits_config c;
    dio_nn_embedding tokens, speakers;
    struct vits_layer *layer;
    dio_nn_conv1d project;
    struct vits_drawn drawn;
    struct vits_computed computed;
    struct vits_coupling coupling[VITS_FLOWS];
    dio_hifigan decoder;
};

/* The speaker's row [1,size,1], or DIO_NONE where there is one only. */
dio_val vits_speaker(dio_graph *g, const struct vits *m, int speaker);
void vits_text(dio_graph *g, const void *model, dio_voice_text *io);
/* Their logarithms [B,T] of hidden states [B,C,T]. */
dio_val vits_durations(dio_graph *g, const struct vits *m, dio_val x, dio_val noise,
                       dio_val speaker);
dio_val vits_flow(dio_graph *g, const void *model, dio_val z, int speaker);
dio_val vits_decode(dio_graph *g, const void *model, dio_val z, int speaker);
