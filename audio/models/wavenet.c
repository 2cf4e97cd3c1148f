/* wavenet.c: the WaveNet vocoder (arXiv:1609.03499) as github.com/r9y9/wavenet_vocoder has it.
 *
 *   mel [B,T,C] -> pad -> conv -> [ stretch -> conv over time ] x scales -> c [B,C,S]
 *   x [B,1,S], the samples before -> 1x1 -> [ layer ] x n -> relu(sum of skips / sqrt(n)) -> 1x1
 *     -> relu -> 1x1 -> what is said of the next sample [B,O,S]
 *   layer: a, b = dilated causal conv(x) + 1x1(c); h = tanh(a) sigmoid(b); skip = 1x1(h);
 *     x = (1x1(h) + x) / sqrt(2); dilations double within a stack
 *
 * Of the next sample is said either a mixture of logistics (weights, means, logarithms of scales:
 * O = 3 x components) or the weights of O mu-law classes. It is drawn from that and goes in again:
 * wavenet_draw.c. The whole runs once a sample, and not before the last one is there. The authors'
 * preset (3.7 million weights) takes some 13 s of one core for a second of sound, and the paper's
 * size about 7 times that: small ones are for use, large ones for patience.
 *
 * config.json is the authors' preset; what it says of training is passed over. A checkpoint is
 * {'state_dict': ...} beside an optimizer's state.
 *
 * Traps
 *  - mels are normalised by the means and spreads of the data set, which no file here says: the
 *    dialect is not known;
 *  - cin_pad frames are repeated at both ends, then cut off or convolved away, as the network is;
 *  - postprocess and global_gain_scale undo what was done to the training's sound.
 */
#include "audio/models/wavenet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/nn/config.h"

enum { WIDTH_MOST = 4096, DILATIONS_MOST = 16, HOP_MOST = 8192 };

#define FIELD(member, fallback, lo, hi, doc)                                                       \
    DIO_FIELD(struct wavenet_config, member, fallback, lo, hi, doc)

static const dio_field fields[] = {
    FIELD(input_type, "raw", 0, 0, "what a sample is: raw, mulaw or mulaw-quantize"),
    FIELD(quantize_channels, "65536", 2, 65536, "steps of mu-law, and one more"),
    FIELD(output_distribution, "Logistic", 0, 0, "what samples are drawn from, unless classes"),
    FIELD(postprocess, "", 0, 0, "inv_preemphasis, or nothing"),
    FIELD(global_gain_scale, "1", 0, 1000, "what samples are divided by; 0: 1"),
    FIELD(sample_rate, "22050", 1000, 384000, "samples a second"),
    FIELD(hop_size, "256", 1, HOP_MOST, "samples of a frame"),
    FIELD(out_channels, "256", 1, WIDTH_MOST, "numbers said of a sample"),
    FIELD(layers, "20", 1, WAVENET_LAYERS, "in all"),
    FIELD(stacks, "2", 1, WAVENET_LAYERS, "of layers; in each, dilations begin at 1"),
    FIELD(residual_channels, "512", 1, WIDTH_MOST, "between layers"),
    FIELD(gate_channels, "512", 2, WIDTH_MOST, "within a layer, both halves"),
    FIELD(skip_out_channels, "512", 1, WIDTH_MOST, "from each layer to the end"),
    FIELD(kernel_size, "3", 1, 32, "of the dilated convolutions"),
    FIELD(cin_channels, "80", -1, WIDTH_MOST, "numbers of a frame"),
    FIELD(cin_pad, "0", 0, 64, "frames repeated at both ends"),
    FIELD(gin_channels, "-1", -1, WIDTH_MOST, "of a speaker; above 0 is not supported"),
    FIELD(upsample_conditional_features, "true", 0, 0, "stretch frames by a network"),
    FIELD(upsample_net, "ConvInUpsampleNetwork", 0, 0, "which: that, or UpsampleNetwork"),
    FIELD(upsample_params, "{upsample_scales: [4, 4, 4, 4]}", 0, 0, "its scales"),
    {0},
};

struct stretching {
    const dio_value *upsample_scales;
    const char *upsample_activation, *mode;
    int freq_axis_kernel_size;
};

static const dio_field stretching_fields[] = {
    DIO_FIELD(struct stretching, upsample_scales, "[4, 4, 4, 4]", 0, 0, "one a stage"),
    DIO_FIELD(struct stretching, upsample_activation, "none", 0, 0, "none"),
    DIO_FIELD(struct stretching, mode, "nearest", 0, 0, "nearest"),
    DIO_FIELD(struct stretching, freq_axis_kernel_size, "1", 1, 31, "over the bands; odd"),
    {0},
};

static bool setup_stretching(struct wavenet *m, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct stretching s;
    const char *net = m->c.upsample_net;
    m->wide = strcmp(net, "ConvInUpsampleNetwork") == 0;
    m->hop = m->c.hop_size;
    m->bands = 1;
    if (!m->c.upsample_conditional_features)
        return true;
    if (!m->wide && strcmp(net, "UpsampleNetwork") != 0)
        return dio_value_fail(dio_map_get(json, "upsample_net"), err,
                              "upsample_net: \"%.60s\" is neither ConvInUpsampleNetwork nor "
                              "UpsampleNetwork",
                              net);
    if (!dio_fields_read(stretching_fields, &s, m->c.upsample_params, "upsample_params", 0, a, NULL,
                         NULL, err) ||
        !dio_config_ints(s.upsample_scales, "upsample_scales", 1, 64, m->scale, WAVENET_SCALES,
                         &m->scales, err))
        return false;
    if (strcmp(s.upsample_activation, "none") != 0 || strcmp(s.mode, "nearest") != 0 ||
        s.freq_axis_kernel_size % 2 == 0)
        return dio_value_fail(json, err,
                              "upsample_params: upsample_activation none, mode nearest and an odd "
                              "freq_axis_kernel_size are read");
    m->bands = s.freq_axis_kernel_size;
    int64_t hop = 1;
    for (int i = 0; i < m->scales && hop <= HOP_MOST; i++)
        hop *= m->scale[i];
    return hop == m->hop ||
           dio_value_fail(json, err, "upsample_scales: their product is not hop_size, %d", m->hop);
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct wavenet *m = model;
    const struct wavenet_config *c = &m->c;
    m->classes = strcmp(c->input_type, "mulaw-quantize") == 0;
    m->mulaw = m->classes || strcmp(c->input_type, "mulaw") == 0;
    if (!m->mulaw && strcmp(c->input_type, "raw") != 0)
        return dio_value_fail(json, err,
                              "input_type: \"%.40s\" is none of raw, mulaw, "
                              "mulaw-quantize",
                              c->input_type);
    if (c->cin_channels < 1 || c->gin_channels > 0)
        return dio_value_fail(json, err,
                              "a WaveNet as a vocoder hears frames (cin_channels) and "
                              "no speakers (gin_channels)");
    if (c->layers % c->stacks || c->layers / c->stacks > DILATIONS_MOST)
        return dio_value_fail(json, err,
                              "layers: %d do not make %d stacks of at most %d with as many each",
                              c->layers, c->stacks, DILATIONS_MOST);
    if (c->gate_channels % 2)
        return dio_value_fail(json, err, "gate_channels: %d has no halves", c->gate_channels);
    if (m->classes ? c->out_channels != c->quantize_channels : c->out_channels % 3)
        return dio_value_fail(json, err, "out_channels: %d are %s", c->out_channels,
                              m->classes ? "not quantize_channels" : "not three for a component");
    if (!m->classes && strcmp(c->output_distribution, "Logistic") != 0)
        return dio_value_fail(json, err, "output_distribution: \"%.40s\": Logistic is read",
                              c->output_distribution);
    if (*c->postprocess && strcmp(c->postprocess, "none") != 0 &&
        strcmp(c->postprocess, "inv_preemphasis") != 0)
        return dio_value_fail(json, err, "postprocess: \"%.40s\": inv_preemphasis is read",
                              c->postprocess);
    return setup_stretching(m, json, a, err);
}

int wavenet_dilation(const struct wavenet *m, int layer)
{
    return 1 << layer % (m->c.layers / m->c.stacks);
}

/* --- weights --- */

static void walk_conv(dio_walk *w, dio_nn_conv1d *c, const char *name, int in, int out, int kernel,
                      unsigned flags)
{
    dio_nn_conv1d_walk(w, c, name, in, out, kernel, flags,
                       dio_init_normal(1 / sqrtf((float)(in * kernel))));
}

static void walk_stretching(dio_walk *w, struct wavenet *m)
{
    const struct wavenet_config *c = &m->c;
    char name[48];
    dio_walk_enter(w, "upsample_net");
    if (m->wide)
        walk_conv(w, &m->conv_in, "conv_in", c->cin_channels, c->cin_channels, 2 * c->cin_pad + 1,
                  0);
    for (int i = 0; i < m->scales; i++) {
        int taps = 2 * m->scale[i] + 1;
        snprintf(name, sizeof name, "%sup_layers.%d.weight", m->wide ? "upsample." : "", 2 * i + 1);
        DIO_WEIGHT(w, &m->up[i], name, dio_init_fill(1 / (float)(taps * m->bands)), 1, 1, m->bands,
                   taps);
    }
    dio_walk_leave(w);
}

static void walk(dio_walk *w, void *model)
{
    struct wavenet *m = model;
    const struct wavenet_config *c = &m->c;
    int residual = c->residual_channels, gate = c->gate_channels, skip = c->skip_out_channels;
    dio_walk_base(w, "state_dict.");
    dio_walk_enter(w, "state_dict");
    walk_conv(w, &m->first, "first_conv", m->classes ? c->out_channels : 1, residual, 1,
              DIO_NN_BIAS);
    for (int i = 0; i < c->layers; i++) {
        struct wavenet_layer *l = &m->layer[i];
        dio_walk_enter(w, "conv_layers.%d", i);
        walk_conv(w, &l->conv, "conv", residual, gate, c->kernel_size, DIO_NN_BIAS);
        walk_conv(w, &l->cond, "conv1x1c", c->cin_channels, gate, 1, 0);
        walk_conv(w, &l->out, "conv1x1_out", gate / 2, residual, 1, DIO_NN_BIAS);
        walk_conv(w, &l->skip, "conv1x1_skip", gate / 2, skip, 1, DIO_NN_BIAS);
        dio_walk_leave(w);
    }
    walk_conv(w, &m->last[0], "last_conv_layers.1", skip, skip, 1, DIO_NN_BIAS);
    walk_conv(w, &m->last[1], "last_conv_layers.3", skip, c->out_channels, 1, DIO_NN_BIAS);
    if (c->upsample_conditional_features)
        walk_stretching(w, m);
    dio_walk_leave(w);
}

static void shape(const void *model, dio_vocoder_shape *out)
{
    const struct wavenet *m = model;
    *out = (dio_vocoder_shape){.rate = m->c.sample_rate,
                               .hop = m->hop,
                               .features = m->c.cin_channels,
                               .least = 1,
                               .prelude = true,
                               .draws = m->classes ? 1 : m->c.out_channels / 3 + 1,
                               .wave = m->classes ? m->c.out_channels : 1,
                               .said = m->c.out_channels,
                               .input = "c",
                               .output = "y_hat",
                               .channels_first = true};
}

/* --- in a graph --- */

/* [B,1,C,T] to as many times as long, smoothed along time (and across bands). */
static dio_val stretch(dio_graph *g, const struct wavenet *m, dio_val x, int i)
{
    int64_t bands = dio_dim(g, x, 2), length = dio_dim(g, x, 3) * m->scale[i];
    dio_conv_attrs attrs = dio_conv_defaults();
    attrs.pad[0] = m->bands / 2;
    attrs.pad[1] = m->scale[i];
    x = dio_upsample_nearest(g, x, bands, length);
    return dio_conv(g, x, dio_param(g, m->up[i]), DIO_NONE, attrs);
}

/* Frames [B,T,C] to what is heard at each sample [B,S,C]. */
static dio_val prelude(dio_graph *g, const void *model, dio_val x)
{
    const struct wavenet *m = model;
    int64_t rows = dio_dim(g, x, 0), frames = dio_dim(g, x, 1), width = dio_dim(g, x, 2);
    int64_t count = frames * m->hop;
    dio_val c = dio_transpose(g, x, 1, 2);
    if (m->c.upsample_conditional_features && m->c.cin_pad)
        c = dio_pad(g, c, 2, m->c.cin_pad, m->c.cin_pad, DIO_PAD_REPLICATE);
    if (m->c.upsample_conditional_features && m->wide)
        c = dio_nn_conv1d_forward(g, &m->conv_in, c, 0, 1, 1);
    if (!m->scales) {
        c = dio_upsample_nearest(g, c, count, 0);
    } else {
        c = dio_reshape4(g, c, rows, 1, width, dio_dim(g, c, 2));
        for (int i = 0; i < m->scales; i++)
            c = stretch(g, m, c, i);
        c = dio_reshape3(g, c, rows, width, dio_dim(g, c, 3));
        if (!m->wide && m->c.cin_pad)
            c = dio_slice(g, c, 2, (int64_t)m->c.cin_pad * m->hop, count, 1);
    }
    return dio_transpose(g, dio_tap(g, c, "upsample_net"), 1, 2);
}

static dio_val layer(dio_graph *g, const struct wavenet *m, int i, dio_val x, dio_val c,
                     dio_val *skip)
{
    const struct wavenet_layer *l = &m->layer[i];
    int dilation = wavenet_dilation(m, i);
    int64_t half = m->c.gate_channels / 2, before = (int64_t)(m->c.kernel_size - 1) * dilation;
    dio_val h = before ? dio_pad(g, x, 2, before, 0, DIO_PAD_ZERO) : x;
    h = dio_nn_conv1d_forward(g, &l->conv, h, 0, dilation, 1);
    h = dio_add(g, h, dio_nn_conv1d_forward(g, &l->cond, c, 0, 1, 1));
    h = dio_mul(g, dio_tanh(g, dio_slice(g, h, 1, 0, half, 1)),
                dio_sigmoid(g, dio_slice(g, h, 1, half, half, 1)));
    dio_val s = dio_nn_conv1d_forward(g, &l->skip, h, 0, 1, 1);
    *skip = i ? dio_add(g, *skip, s) : s;
    h = dio_add(g, dio_nn_conv1d_forward(g, &l->out, h, 0, 1, 1), x);
    return dio_tap(g, dio_axpb(g, h, sqrtf(0.5f), 0), "conv_layers.%d", i);
}

static dio_val teach(dio_graph *g, const void *model, dio_val wave, dio_val heard)
{
    const struct wavenet *m = model;
    dio_val c = dio_transpose(g, heard, 1, 2), skip = DIO_NONE;
    dio_val x = dio_nn_conv1d_forward(g, &m->first, wave, 0, 1, 1);
    for (int i = 0; i < m->c.layers; i++)
        x = layer(g, m, i, x, c, &skip);
    x = dio_relu(g, dio_axpb(g, skip, sqrtf(1 / (float)m->c.layers), 0));
    x = dio_relu(g, dio_nn_conv1d_forward(g, &m->last[0], x, 0, 1, 1));
    return dio_nn_conv1d_forward(g, &m->last[1], x, 0, 1, 1);
}

static const dio_vocoder_ops ops = {
    .shape = shape,
    .prelude = prelude,
    .teach = teach,
    .generate = wavenet_generate,
    .marks = (const char *const[]){"residual_channels", "gate_channels", "skip_out_channels", NULL},
    .type = "WaveNet",
    .unused = (const char *const[]){"optimizer.", NULL},
};

const dio_model dio_model_wavenet = {
    .name = "wavenet",
    .doc = "WaveNet: a vocoder that draws each sample after those before it; slow",
    .kind = "vocoder",
    .types = (const char *const[]){"WaveNet", NULL},
    .config = fields,
    .size = sizeof(struct wavenet),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"WaveNet\",\"out_channels\":6,\"layers\":4,\"stacks\":2,"
            "\"residual_channels\":8,\"gate_channels\":12,\"skip_out_channels\":10,"
            "\"cin_channels\":6,\"cin_pad\":1,\"hop_size\":8,"
            "\"upsample_params\":{\"upsample_scales\":[4,2]}}",
            "{\"_class_name\":\"WaveNet\",\"input_type\":\"mulaw-quantize\","
            "\"quantize_channels\":16,\"out_channels\":16,\"layers\":4,\"stacks\":1,"
            "\"residual_channels\":8,\"gate_channels\":8,\"skip_out_channels\":8,\"kernel_size\":2,"
            "\"cin_channels\":5,\"hop_size\":4,\"upsample_conditional_features\":false}",
            NULL},
};
