/* hifigan.c: HiFi-GAN (arXiv:2010.05646), as its authors and as transformers publish it.
 *
 *   mel [B,T,C] -> (x - mean) / scale -> the generator of nn/hifigan.h -> samples [B,T*hop]
 *
 * transformers (SpeechT5HifiGan, FastSpeech2ConformerHifiGan; model_type "hifigan", newer
 * ones speecht5_hifigan): config.json
 * and model.safetensors or pytorch_model.bin; upsampler.N; buffers mean and scale, which
 * normalize_before puts to use; residual blocks of kind 1 only.
 *
 * The authors: config.json, known by its `resblock` and `upsample_rates`, beside a torch pickle
 * g_02500000 of {'generator': state_dict}; ups.N; `resblock` says the kind, "1" (V1, V2) or "2"
 * (V3). What the config says of training is passed over.
 */
#include <string.h>

#include "audio/nn/hifigan.h"
#include "audio/vocoder.h"

enum { WIDTH_MOST = 4096, CHANNELS_MOST = 8192 };

struct config {
    int model_in_dim, num_mels, upsample_initial_channel, sampling_rate, n_fft, win_size;
    float leaky_relu_slope, fmin, fmax;
    bool normalize_before;
    const char *resblock;
    const dio_value *upsample_rates, *upsample_kernel_sizes;
    const dio_value *resblock_kernel_sizes, *resblock_dilation_sizes;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, model_in_dim, "80", 1, WIDTH_MOST, "numbers of a frame"),
    DIO_FIELD(struct config, num_mels, "80", 1, WIDTH_MOST, "the same, in the authors' config"),
    DIO_FIELD(struct config, upsample_initial_channel, "512", 2, CHANNELS_MOST,
              "channels before the first stage; each halves them"),
    DIO_FIELD(struct config, sampling_rate, "16000", 1000, 384000, "samples a second"),
    DIO_FIELD(struct config, n_fft, "1024", 16, 65536, "of the mels, in the authors' config"),
    DIO_FIELD(struct config, win_size, "1024", 16, 65536, "the same"),
    DIO_FIELD(struct config, fmin, "0", 0, 192000, "the same, Hz"),
    DIO_FIELD(struct config, fmax, "8000", 0, 192000, "the same, Hz; 0: half the rate"),
    DIO_FIELD(struct config, leaky_relu_slope, "0.1", 0, 1, "of all activations but the last"),
    DIO_FIELD(struct config, normalize_before, "true", 0, 0, "whether mean and scale are used"),
    DIO_FIELD(struct config, resblock, "1", 0, 0, "kind of residual blocks, 1 or 2"),
    DIO_FIELD(struct config, upsample_rates, "[4, 4, 4, 4]", 0, 0, "of the stages"),
    DIO_FIELD(struct config, upsample_kernel_sizes, "[8, 8, 8, 8]", 0, 0, "of the stages"),
    DIO_FIELD(struct config, resblock_kernel_sizes, "[3, 7, 11]", 0, 0,
              "of the residual blocks of a stage"),
    DIO_FIELD(struct config, resblock_dilation_sizes, "[[1, 3, 5], [1, 3, 5], [1, 3, 5]]", 0, 0,
              "in each of them"),
    {0},
};

struct model {
    struct config c;
    bool authors;
    dio_tensor *mean, *scale;
    dio_hifigan net;
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    const struct config *c = &m->c;
    const dio_value *name = dio_map_get(json, "_class_name");
    m->authors = name && name->kind == DIO_STRING && strcmp(name->string.text, "HiFiGAN") == 0;
    if (strcmp(c->resblock, "1") != 0 && strcmp(c->resblock, "2") != 0)
        return dio_value_fail(dio_map_get(json, "resblock"), err,
                              "resblock: \"1\" or \"2\", not \"%.40s\"", c->resblock);
    m->net.s = (dio_hifigan_shape){.in = m->authors ? c->num_mels : c->model_in_dim,
                                   .channels = c->upsample_initial_channel,
                                   .single = c->resblock[0] == '2',
                                   .slope = c->leaky_relu_slope,
                                   .ups = m->authors ? "ups" : "upsampler"};
    return dio_hifigan_setup(&m->net, c->upsample_rates, c->upsample_kernel_sizes,
                             c->resblock_kernel_sizes, c->resblock_dilation_sizes, a, err);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    if (m->authors) {
        dio_walk_base(w, "generator.");
        dio_walk_enter(w, "generator");
        dio_hifigan_walk(w, &m->net);
        dio_walk_leave(w);
        return;
    }
    DIO_WEIGHT(w, &m->mean, "mean", dio_init_fill(0), m->net.s.in);
    DIO_WEIGHT(w, &m->scale, "scale", dio_init_fill(1), m->net.s.in);
    dio_hifigan_walk(w, &m->net);
}

/* The authors' configs say it; transformers' are SpeechT5's where rate and hop are. */
static void dialect(const struct model *m, dio_vocoder_shape *out)
{
    const struct config *c = &m->c;
    out->mel = *dio_mel_dialect_find(m->authors ? "hifigan" : "speecht5");
    out->known = m->authors || (out->rate == out->mel.rate && out->hop == out->mel.hop &&
                                out->features == out->mel.mels);
    if (!m->authors)
        return;
    out->mel.rate = out->rate;
    out->mel.hop = out->hop;
    out->mel.mels = out->features;
    out->mel.n_fft = c->n_fft;
    out->mel.win = c->win_size;
    out->mel.fmin = (double)c->fmin;
    out->mel.fmax = (double)c->fmax;
}

static void shape(const void *model, dio_vocoder_shape *out)
{
    const struct model *m = model;
    int hop = dio_hifigan_hop(&m->net);
    dio_reach r = {0, hop - 1};
    dio_hifigan_reach(&m->net, &r);
    *out = (dio_vocoder_shape){.rate = m->c.sampling_rate,
                               .hop = hop,
                               .features = m->net.s.in,
                               .least = 1,
                               .before = (int)-r.first,
                               .after = (int)r.last,
                               .step = m->net.step};
    out->input = m->authors ? "mel" : "spectrogram";
    out->output = m->authors ? "audio" : "waveform";
    out->channels_first = out->channel = m->authors;
    dialect(m, out);
}

static dio_val forward(dio_graph *g, const void *model, dio_val x, int codebooks)
{
    const struct model *m = model;
    (void)codebooks;
    if (!m->authors && m->c.normalize_before) {
        x = dio_sub(g, x, dio_param(g, m->mean));
        x = dio_div(g, x, dio_param(g, m->scale));
    }
    x = dio_hifigan_forward(g, &m->net, dio_transpose(g, x, 1, 2), DIO_NONE, "");
    return dio_reshape2(g, x, dio_dim(g, x, 0), dio_dim(g, x, 2));
}

static const dio_vocoder_ops ops = {
    .shape = shape,
    .forward = forward,
    .marks = (const char *const[]){"resblock", "upsample_rates", "resblock_kernel_sizes", NULL},
    .type = "HiFiGAN",
};

const dio_model dio_model_hifigan = {
    .name = "hifigan",
    .doc = "HiFi-GAN: vocoders of its authors (V1, V2, V3) and of transformers",
    .kind = "vocoder",
    .types = (const char *const[]){"hifigan", "speecht5_hifigan", "fastspeech2_conformer_hifigan",
                                   "HiFiGAN", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"hifigan\",\"model_in_dim\":8,\"upsample_initial_channel\":16,"
            "\"upsample_rates\":[4,2],\"upsample_kernel_sizes\":[8,4],"
            "\"resblock_kernel_sizes\":[3,5],\"resblock_dilation_sizes\":[[1,3],[1,3]]}",
            "{\"_class_name\":\"HiFiGAN\",\"resblock\":\"2\",\"num_mels\":8,"
            "\"upsample_initial_channel\":16,\"upsample_rates\":[3,2],"
            "\"upsample_kernel_sizes\":[7,4],\"resblock_kernel_sizes\":[3,5],"
            "\"resblock_dilation_sizes\":[[1,2],[2,6]]}",
            NULL},
};
