/* vocos.c: Vocos (arXiv:2306.00814), as its authors publish it: config.yaml and pytorch_model.bin.
 *
 *   mel [B,T,C], or the sum of the codebooks' rows -> conv 7 -> norm
 *     -> [ x + gamma * pw2(gelu(pw1(norm(depthwise 7(x))))) ] x layers -> norm -> out
 *     -> magnitudes and phases -> inverse STFT
 *
 * The network runs at the frames' rate throughout, which is why it is fast.
 *
 * config.yaml is the tree of a training: feature_extractor, backbone and head, each with a
 * class_path and init_args. Its classes say what this file is.
 *
 * Traps
 *  - a magnitude is min(exp(x), 100);
 *  - `padding: center` is torch.istft's, and T frames give T-1 times the hop; with `same` the ends
 * are trimmed by (n_fft - hop) / 2 and all T do;
 *  - over EnCodec's codes the norms' scale and shift depend on the bandwidth, which the number of
 *    codebooks tells; the shift of the features' norm is no bias: both come from tables;
 *  - the buffers in the file (windows, the mel filterbank) follow from the config.
 */
#include <math.h>
#include <string.h>

#include "audio/nn/config.h"
#include "audio/reach.h"
#include "audio/vocoder.h"
#include "tensor/nn.h"

enum { LAYERS_MOST = 64, WIDTH_MOST = 8192, KERNEL = 7, BANDWIDTHS = 8 };
enum { CODE_WIDTH = 128, CODE_ENTRIES = 1024, CODE_RATE = 75, CODE_BITS = 10 }; /* EnCodec's */
static const float EPS = 1e-6f;

struct config {
    const dio_value *feature_extractor, *backbone, *head;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, feature_extractor, NULL, 0, 0, "class_path and init_args"),
    DIO_FIELD(struct config, backbone, NULL, 0, 0, "class_path and init_args"),
    DIO_FIELD(struct config, head, NULL, 0, 0, "class_path and init_args"),
    {0},
};

struct features {
    int sample_rate, n_fft, hop_length, n_mels, padding;
    const dio_value *bandwidths; /* of EnCodec, kbit/s */
};

static const char *const paddings[] = {"center", "same", NULL};

static const dio_field feature_fields[] = {
    DIO_FIELD(struct features, sample_rate, "24000", 1000, 384000, "samples a second"),
    DIO_FIELD(struct features, n_fft, "1024", 16, 65536, "samples of a spectrum"),
    DIO_FIELD(struct features, hop_length, "256", 1, 65536, "samples a frame"),
    DIO_FIELD(struct features, n_mels, "100", 1, 1024, "bands"),
    DIO_FIELD_WORDS(struct features, padding, "center", paddings, "of the sound's ends"),
    DIO_FIELD(struct features, bandwidths, "[1.5, 3.0, 6.0, 12.0]", 0, 0, "kbit/s"),
    {0},
};

struct backbone {
    int input_channels, dim, intermediate_dim, num_layers, adanorm_num_embeddings;
};

static const dio_field backbone_fields[] = {
    DIO_FIELD(struct backbone, input_channels, NULL, 1, WIDTH_MOST, "numbers of a frame"),
    DIO_FIELD(struct backbone, dim, NULL, 1, WIDTH_MOST, "channels"),
    DIO_FIELD(struct backbone, intermediate_dim, NULL, 1, 4 * WIDTH_MOST,
              "channels within a block"),
    DIO_FIELD(struct backbone, num_layers, NULL, 1, LAYERS_MOST, "blocks"),
    DIO_FIELD(struct backbone, adanorm_num_embeddings, "0", 0, BANDWIDTHS, "norms to choose from"),
    {0},
};

struct head {
    int n_fft, hop_length, padding;
};

static const dio_field head_fields[] = {
    DIO_FIELD(struct head, n_fft, NULL, 4, 4096, "samples of a window"),
    DIO_FIELD(struct head, hop_length, NULL, 1, 4096, "samples a frame"),
    DIO_FIELD_WORDS(struct head, padding, "center", paddings, "what becomes of the ends"),
    {0},
};

/* A norm, or several of which the bandwidth chooses one. */
struct norm {
    dio_nn_norm one;
    dio_tensor *scale, *shift; /* [n,C] */
};

struct layer {
    dio_nn_conv1d depth;
    struct norm norm;
    dio_nn_linear wide, narrow;
    dio_tensor *gamma;
};

struct model {
    struct config c;
    struct features f;
    struct backbone b;
    struct head h;
    bool codes;
    int codebooks[BANDWIDTHS], n_bandwidths;
    dio_tensor *table; /* [codebooks * entries, width] */
    dio_nn_conv1d embed;
    struct norm norm;
    struct layer *layer;
    dio_nn_norm final;
    dio_nn_linear out;
    dio_tensor *window; /* Hann's, made by prepare */
};

/* --- config --- */

/* Reads init_args of a part whose class_path must end in one of the names; which in *which. */
static bool read_part(const dio_value *part, const char *what, const char *const *names, int *which,
                      const dio_field *part_fields, void *out, dio_arena *a, dio_error *err)
{
    const dio_value *path = dio_map_get(part, "class_path"), *args = dio_map_get(part, "init_args");
    if (!path || path->kind != DIO_STRING)
        return dio_value_fail(part, err, "%s: a class_path is needed", what);
    const char *dot = strrchr(path->string.text, '.');
    const char *name = dot ? dot + 1 : path->string.text;
    for (*which = 0; names[*which]; ++*which)
        if (strcmp(names[*which], name) == 0)
            return dio_fields_read(part_fields, out, args, what, 0, a, NULL, NULL, err);
    return dio_value_fail(path, err, "%s: %.80s is not supported, %s%s%s is", what, name, names[0],
                          names[1] ? " or " : "", names[1] ? names[1] : "");
}

static bool read_bandwidths(struct model *m, dio_error *err)
{
    const dio_value *list = m->f.bandwidths;
    if (list->kind != DIO_LIST || list->list.count != m->b.adanorm_num_embeddings)
        return dio_value_fail(list, err, "bandwidths: a list of %d, as adanorm_num_embeddings says",
                              m->b.adanorm_num_embeddings);
    m->n_bandwidths = list->list.count;
    for (int i = 0; i < m->n_bandwidths; i++) {
        const dio_value *v = list->list.items[i];
        double rate = v->kind == DIO_INT ? (double)v->integer : v->kind == DIO_REAL ? v->real : 0;
        double books = rate * 1000 / (CODE_RATE * CODE_BITS);
        if (!(books >= 1 && books <= DIO_VOCODER_CODEBOOKS))
            return dio_value_fail(v, err, "bandwidths: kbit/s of EnCodec, 0.75 to 48");
        m->codebooks[i] = (int)books;
    }
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    static const char *const sources[] = {"MelSpectrogramFeatures", "EncodecFeatures", NULL};
    static const char *const backbones[] = {"VocosBackbone", NULL};
    static const char *const heads[] = {"ISTFTHead", NULL};
    struct model *m = model;
    int source, which;
    (void)json;
    if (!read_part(m->c.feature_extractor, "feature_extractor", sources, &source, feature_fields,
                   &m->f, a, err) ||
        !read_part(m->c.backbone, "backbone", backbones, &which, backbone_fields, &m->b, a, err) ||
        !read_part(m->c.head, "head", heads, &which, head_fields, &m->h, a, err))
        return false;
    m->codes = source == 1;
    if (m->h.n_fft % 2 || m->h.hop_length > m->h.n_fft ||
        (m->h.padding == 1 && (m->h.n_fft - m->h.hop_length) % 2))
        return dio_value_fail(m->c.head, err,
                              "head: a window of %d over hops of %d cannot be undone", m->h.n_fft,
                              m->h.hop_length);
    if (m->codes && m->b.input_channels != CODE_WIDTH)
        return dio_value_fail(m->c.backbone, err,
                              "input_channels: %d, where EnCodec's codes have %d",
                              m->b.input_channels, CODE_WIDTH);
    if (m->codes != (m->b.adanorm_num_embeddings > 0))
        return dio_value_fail(
            m->c.backbone, err,
            "adanorm_num_embeddings goes with EncodecFeatures, and with them only");
    m->layer = dio_arena_try(a, (size_t)m->b.num_layers * sizeof *m->layer);
    if (!m->layer)
        return dio_fail_memory(err, "a vocoder's layers");
    return !m->codes || read_bandwidths(m, err);
}

/* --- weights --- */

static void walk_norm(dio_walk *w, const struct model *m, struct norm *n, const char *name)
{
    int rows = m->b.adanorm_num_embeddings, width = m->b.dim;
    if (!rows) {
        dio_nn_layer_norm_walk(w, &n->one, name, width);
        return;
    }
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &n->scale, "scale.weight", dio_init_fill(1), rows, width);
    DIO_WEIGHT(w, &n->shift, "shift.weight", dio_init_fill(0), rows, width);
    dio_walk_leave(w);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    int width = m->b.dim, wide = m->b.intermediate_dim;
    dio_init init = dio_init_normal(0.02f), none = dio_init_fill(0);
    dio_walk_ignore(w, "mel_spec.spectrogram.window");
    dio_walk_ignore(w, "mel_spec.mel_scale.fb");
    dio_walk_ignore(w, "istft.window");
    if (m->codes)
        DIO_WEIGHT(w, &m->table, "feature_extractor.codebook_weights", init,
                   m->codebooks[m->n_bandwidths - 1] * CODE_ENTRIES, CODE_WIDTH);
    dio_walk_enter(w, "backbone");
    dio_nn_conv1d_walk(w, &m->embed, "embed", m->b.input_channels, width, KERNEL, DIO_NN_BIAS,
                       init);
    walk_norm(w, m, &m->norm, "norm");
    for (int i = 0; i < m->b.num_layers; i++) {
        struct layer *l = &m->layer[i];
        dio_walk_enter(w, "convnext.%d", i);
        dio_nn_conv1d_walk(w, &l->depth, "dwconv", 1, width, KERNEL, DIO_NN_BIAS,
                           dio_init_normal(0.3f));
        walk_norm(w, m, &l->norm, "norm");
        dio_nn_linear_walk(w, &l->wide, "pwconv1", width, wide, DIO_NN_BIAS, init, none);
        dio_nn_linear_walk(w, &l->narrow, "pwconv2", wide, width, DIO_NN_BIAS, init, none);
        DIO_WEIGHT(w, &l->gamma, "gamma", dio_init_fill(1 / (float)m->b.num_layers), width);
        dio_walk_leave(w);
    }
    dio_nn_layer_norm_walk(w, &m->final, "final_layer_norm", width);
    dio_walk_leave(w);
    dio_nn_linear_walk(w, &m->out, "head.out", width, m->h.n_fft + 2, DIO_NN_BIAS, init, none);
}

static bool prepare(void *model, dio_error *err)
{
    struct model *m = model;
    dio_type type = dio_type_1d(DIO_F32, m->h.n_fft);
    m->window = dio_tensor_create("window", &type, err);
    if (!m->window)
        return false;
    float *x = dio_tensor_data(m->window);
    for (int i = 0; i < m->h.n_fft; i++)
        x[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / m->h.n_fft));
    return true;
}

static void close_model(void *model)
{
    struct model *m = model;
    dio_tensor_unref(m->window);
}

/* --- graph --- */

static void shape(const void *model, dio_vocoder_shape *out)
{
    const struct model *m = model;
    int n = m->h.n_fft, hop = m->h.hop_length, side = KERNEL / 2;
    bool centred = m->h.padding == 0;
    dio_reach r = {0, hop - 1};
    dio_reach_up(&r, n, hop, centred ? n / 2 : (n - hop) / 2);
    for (int i = 0; i <= m->b.num_layers; i++)
        dio_reach_conv(&r, KERNEL, 1, side);
    *out = (dio_vocoder_shape){.rate = m->f.sample_rate,
                               .hop = hop,
                               .features = m->codes ? 0 : m->b.input_channels,
                               .codebooks = m->codes ? m->codebooks[m->n_bandwidths - 1] : 0,
                               .entries = m->codes ? CODE_ENTRIES : 0,
                               .trim = centred ? hop : 0,
                               .least = centred ? 2 : 1,
                               .prelude = m->codes,
                               .before = (int)-r.first,
                               .after = (int)r.last};
    out->input = m->codes ? "codes" : "mel";
    out->output = "audio";
    out->channels_first = true;
    out->mel = *dio_mel_dialect_find("vocos");
    out->known = !m->codes;
    out->mel.rate = m->f.sample_rate;
    out->mel.n_fft = out->mel.win = m->f.n_fft;
    out->mel.hop = m->f.hop_length;
    out->mel.mels = m->f.n_mels;
    out->mel.fmax = m->f.sample_rate / 2.0;
    out->mel.padding = m->f.padding == 1 ? DIO_FRAMING_SAME : DIO_FRAMING_CENTRE;
}

/* codes [B,Q,T] to the sum of their rows [B,T,C]. */
static dio_val prelude(dio_graph *g, const void *model, dio_val x)
{
    const struct model *m = model;
    int books = (int)dio_dim(g, x, 1);
    int64_t batch = dio_dim(g, x, 0), frames = dio_dim(g, x, 2);
    dio_val sum = DIO_NONE;
    if (!m->codes)
        return x;
    for (int i = 0; i < books; i++) {
        dio_val ids = dio_reshape2(g, dio_slice(g, x, 1, i, 1, 1), batch, frames);
        dio_val rows =
            dio_slice(g, dio_param(g, m->table), 0, (int64_t)i * CODE_ENTRIES, CODE_ENTRIES, 1);
        dio_val e = dio_embedding(g, rows, ids);
        sum = i ? dio_add(g, sum, e) : e;
    }
    return sum;
}

static dio_val normed(dio_graph *g, const struct model *m, const struct norm *n, dio_val x,
                      int which)
{
    int64_t width = m->b.dim;
    if (!n->scale)
        return dio_nn_layer_norm_forward(g, &n->one, x, EPS);
    dio_val scale = dio_slice(g, dio_param(g, n->scale), 0, which, 1, 1);
    dio_val shift = dio_slice(g, dio_param(g, n->shift), 0, which, 1, 1);
    return dio_layer_norm(g, x, dio_reshape(g, scale, 1, &width), dio_reshape(g, shift, 1, &width),
                          EPS);
}

static dio_val block(dio_graph *g, const struct model *m, const struct layer *l, dio_val x,
                     int which)
{
    dio_val h = dio_transpose(g, x, 1, 2);
    h = dio_nn_conv1d_forward(g, &l->depth, h, KERNEL / 2, 1, m->b.dim);
    h = normed(g, m, &l->norm, dio_transpose(g, h, 1, 2), which);
    h = dio_nn_linear_forward(g, &l->wide, h, DIO_ACT_GELU);
    h = dio_nn_linear_forward(g, &l->narrow, h, DIO_ACT_NONE);
    return dio_add(g, x, dio_mul(g, h, dio_param(g, l->gamma)));
}

/* [B,T,n_fft+2] to samples. */
static dio_val invert(dio_graph *g, const struct model *m, dio_val x)
{
    int64_t bins = m->h.n_fft / 2 + 1, frames = dio_dim(g, x, 1), batch = dio_dim(g, x, 0);
    int hop = m->h.hop_length;
    bool centred = m->h.padding == 0;
    dio_val mag = dio_exp(g, dio_slice(g, x, 2, 0, bins, 1));
    dio_val phase = dio_slice(g, x, 2, bins, bins, 1);
    mag = dio_minimum(g, mag, dio_scalar(g, 100));
    dio_val parts[2] = {dio_mul(g, mag, dio_cos(g, phase)), dio_mul(g, mag, dio_sin(g, phase))};
    for (int i = 0; i < 2; i++)
        parts[i] = dio_reshape4(g, dio_transpose(g, parts[i], 1, 2), batch, bins, frames, 1);
    dio_stft_attrs a = {.n_fft = m->h.n_fft, .hop = hop, .win = m->h.n_fft, .center = centred};
    dio_val y = dio_istft(g, dio_concat(g, parts, 2, 3), dio_param(g, m->window), 0, a);
    return centred ? y : dio_slice(g, y, 1, (m->h.n_fft - hop) / 2, frames * hop, 1);
}

static dio_val forward(dio_graph *g, const void *model, dio_val x, int codebooks)
{
    const struct model *m = model;
    int which = 0;
    while (m->codes && which < m->n_bandwidths && m->codebooks[which] != codebooks)
        which++;
    if (m->codes && which == m->n_bandwidths)
        return dio_graph_fail(g, "%d codebooks are none of this vocoder's bandwidths", codebooks);
    x = dio_nn_conv1d_forward(g, &m->embed, dio_transpose(g, x, 1, 2), KERNEL / 2, 1, 1);
    x = dio_transpose(g, dio_tap(g, x, "backbone.embed"), 1, 2);
    x = dio_tap(g, normed(g, m, &m->norm, x, which), "backbone.norm");
    for (int i = 0; i < m->b.num_layers; i++)
        x = dio_tap(g, block(g, m, &m->layer[i], x, which), "backbone.convnext.%d", i);
    x = dio_tap(g, dio_nn_layer_norm_forward(g, &m->final, x, EPS), "backbone.final_layer_norm");
    return invert(g, m, dio_tap(g, dio_nn_linear_forward(g, &m->out, x, DIO_ACT_NONE), "head.out"));
}

static const dio_vocoder_ops ops = {
    .shape = shape,
    .prelude = prelude,
    .forward = forward,
    .marks = (const char *const[]){"feature_extractor", "backbone", "head", NULL},
    .type = "Vocos",
};

#define VOCOS_TINY(features, more, padding)                                                        \
    "{\"_class_name\":\"Vocos\",\"feature_extractor\":{\"class_path\":\"" features                 \
    "\",\"init_args\":{\"bandwidths\":[1.5,3.0]}},\"backbone\":{\"class_path\":\"VocosBackbone\"," \
    "\"init_args\":{\"dim\":16,\"intermediate_dim\":24,\"num_layers\":2," more                     \
    "}},\"head\":{\"class_path\":\"ISTFTHead\",\"init_args\":{\"dim\":16,\"n_fft\":32,"            \
    "\"hop_length\":8,\"padding\":\"" padding "\"}}}"

const dio_model dio_model_vocos = {
    .name = "vocos",
    .doc = "Vocos: a vocoder at the frames' rate, over mels or EnCodec's codes",
    .kind = "vocoder",
    .types = (const char *const[]){"Vocos", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .prepare = prepare,
    .close = close_model,
    .tiny =
        (const char *const[]){
            VOCOS_TINY("MelSpectrogramFeatures", "\"input_channels\":8", "center"),
            VOCOS_TINY("EncodecFeatures", "\"input_channels\":128,\"adanorm_num_embeddings\":2",
                       "same"),
            NULL},
};
