#pragma once
/* wavenet.h: what wavenet*.c share. */
#include "audio/vocoder.h"
#include "tensor/nn.h"

enum { WAVENET_LAYERS = 64, WAVENET_SCALES = 8 };

struct wavenet_config {
    const char *input_type, *output_distribution, *postprocess, *upsample_net;
    int quantize_channels, sample_rate, hop_size, out_channels, layers, stacks, residual_channels,
        gate_channels, skip_out_channels, kernel_size, cin_channels, cin_pad, gin_channels;
    float global_gain_scale;
    bool upsample_conditional_features;
    const dio_value *upsample_params;
};

struct wavenet_layer {
    dio_nn_conv1d conv, cond, out, skip;
};

struct wavenet {
    struct wavenet_config c;
    bool classes; /* a sample is one of out_channels classes, else drawn of logistics */
    bool mulaw;   /* what is drawn is mu-law coded */
    bool wide;    /* frames are convolved before they are stretched */
    int scale[WAVENET_SCALES], scales, bands; /* bands: of a kernel over the mel's bands */
    int hop;
    dio_nn_conv1d first, last[2], conv_in;
    dio_tensor *up[WAVENET_SCALES];
    struct wavenet_layer layer[WAVENET_LAYERS];
};

int wavenet_dilation(const struct wavenet *m, int layer);

/* wavenet_draw.c */
bool wavenet_generate(const void *model, const dio_vocoder_draft *d, dio_error *err);
