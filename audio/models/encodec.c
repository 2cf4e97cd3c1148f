/* encodec.c: EnCodec's decoder (arXiv:2210.13438) as transformers publishes it: codes to sound.
 *
 *   codes [B,Q,T] -> sum of the codebooks' rows -> conv 7 -> x + LSTM(x)            (all frames)
 *     -> [ elu -> transposed conv -> block x n ] x ratios -> elu -> conv 7          (in chunks)
 *   block: shortcut(x) + conv1(elu(conv3(elu(x)))), the n-th with a dilation of growth^n
 *
 * decoder.layers.N counts activations too, as torch's list does. The encoder's weights, the running
 * sums of the codebooks and what else training left in the file are passed over.
 *
 * Traps
 *  - everything is causal: padding stands on the left, and reflects; transposed convolutions lose
 *    their right end;
 *  - where a signal is too short to reflect, zeros are put behind it first;
 *  - the LSTM sees all frames before its own: only what follows it can be cut into chunks;
 *  - the 48 kHz stereo model normalises over time and is not causal: it is refused.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/nn/config.h"
#include "audio/reach.h"
#include "audio/vocoder.h"
#include "tensor/nn.h"

enum { RATIOS = 8, BLOCKS = 4, LSTMS = 4, WIDTH_MOST = 4096, HOP_MOST = 8192 };

struct config {
    int hidden_size, num_filters, num_residual_layers, kernel_size, last_kernel_size;
    int residual_kernel_size, dilation_growth_rate, compress, num_lstm_layers, codebook_size;
    int sampling_rate, audio_channels;
    bool use_causal_conv, use_conv_shortcut, normalize;
    float trim_right_ratio;
    const char *norm_type, *pad_mode;
    const dio_value *upsampling_ratios, *target_bandwidths;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, hidden_size, "128", 1, WIDTH_MOST, "numbers of a code's row"),
    DIO_FIELD(struct config, num_filters, "32", 1, 1024, "channels at the end"),
    DIO_FIELD(struct config, num_residual_layers, "1", 0, BLOCKS, "blocks of a stage"),
    DIO_FIELD(struct config, kernel_size, "7", 1, 31, "of the first convolution"),
    DIO_FIELD(struct config, last_kernel_size, "7", 1, 31, "of the last"),
    DIO_FIELD(struct config, residual_kernel_size, "3", 1, 31, "of the blocks'"),
    DIO_FIELD(struct config, dilation_growth_rate, "2", 1, 8, "from block to block"),
    DIO_FIELD(struct config, compress, "2", 1, 64, "how much narrower a block is inside"),
    DIO_FIELD(struct config, num_lstm_layers, "2", 1, LSTMS, "of the LSTM"),
    DIO_FIELD(struct config, codebook_size, "1024", 1, 1 << 20, "codes of a codebook"),
    DIO_FIELD(struct config, sampling_rate, "24000", 1000, 384000, "samples a second"),
    DIO_FIELD(struct config, audio_channels, "1", 1, 8, "1"),
    DIO_FIELD(struct config, use_causal_conv, "true", 0, 0, "true"),
    DIO_FIELD(struct config, use_conv_shortcut, "true", 0, 0, "whether shortcuts are learned"),
    DIO_FIELD(struct config, normalize, "false", 0, 0, "false"),
    DIO_FIELD(struct config, trim_right_ratio, "1.0", 0, 1, "1"),
    DIO_FIELD(struct config, norm_type, "weight_norm", 0, 0, "weight_norm"),
    DIO_FIELD(struct config, pad_mode, "reflect", 0, 0, "reflect"),
    DIO_FIELD(struct config, upsampling_ratios, "[8, 5, 4, 2]", 0, 0, "of the stages"),
    DIO_FIELD(struct config, target_bandwidths, "[1.5, 3.0, 6.0, 12.0, 24.0]", 0, 0, "kbit/s"),
    {0},
};

struct block {
    dio_nn_conv1d wide, point, shortcut;
};

struct model {
    struct config c;
    int stages, ratio[RATIOS], hop, books;
    dio_tensor *table[DIO_VOCODER_CODEBOOKS];
    dio_nn_conv1d first, last, up[RATIOS];
    dio_nn_rnn lstm[LSTMS];
    struct block block[RATIOS][BLOCKS];
};

/* --- config --- */

static bool check(const struct config *c, const dio_value *json, dio_error *err)
{
    if (c->audio_channels != 1 || !c->use_causal_conv || c->normalize || c->trim_right_ratio < 1 ||
        strcmp(c->norm_type, "weight_norm") != 0 || strcmp(c->pad_mode, "reflect") != 0)
        return dio_value_fail(json, err,
                              "an EnCodec of %d channels, %s, %s: the causal one of one "
                              "channel is supported (encodec_24khz)",
                              c->audio_channels, c->norm_type,
                              c->use_causal_conv ? "causal" : "not causal");
    if ((c->num_filters * 2) % c->compress)
        return dio_value_fail(json, err, "compress: %d channels cannot be made %d times narrower",
                              c->num_filters * 2, c->compress);
    return true;
}

/* As many codebooks as the widest band takes. */
static bool read_books(struct model *m, const dio_value *json, dio_error *err)
{
    const dio_value *list = m->c.target_bandwidths;
    double most = 0, frames = ceil((double)m->c.sampling_rate / m->hop);
    double bits = fmax(1, ceil(log2(m->c.codebook_size)));
    for (int i = 0; list->kind == DIO_LIST && i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        double x = v->kind == DIO_INT ? (double)v->integer : v->kind == DIO_REAL ? v->real : 0;
        most = x > most ? x : most;
    }
    double books = floor(1000 * most / (frames * bits));
    if (!(books >= 1 && books <= DIO_VOCODER_CODEBOOKS))
        return dio_value_fail(json, err,
                              "target_bandwidths: %g kbit/s are %g codebooks: there are "
                              "1 to %d",
                              most, books, DIO_VOCODER_CODEBOOKS);
    m->books = (int)books;
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)a;
    if (!check(&m->c, json, err) || !dio_config_ints(m->c.upsampling_ratios, "upsampling_ratios", 1,
                                                     64, m->ratio, RATIOS, &m->stages, err))
        return false;
    m->hop = 1;
    for (int i = 0; i < m->stages; i++) {
        m->hop *= m->ratio[i];
        if (m->hop > HOP_MOST)
            return dio_value_fail(json, err, "upsampling_ratios: a frame of more than %d samples",
                                  HOP_MOST);
    }
    return read_books(m, json, err);
}

/* --- weights --- */

static void conv(dio_walk *w, dio_nn_conv1d *c, const char *name, int in, int out, int kernel)
{
    dio_walk_enter(w, "%s", name);
    dio_nn_conv1d_walk(w, c, "conv", in, out, kernel, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)(in * kernel))));
    dio_walk_leave(w);
}

static void walk_stage(dio_walk *w, struct model *m, int i, int width, int *at)
{
    dio_walk_enter(w, "%d", *at + 2); /* an activation stands before it */
    dio_nn_conv1d_transpose_walk(w, &m->up[i], "conv", width, width / 2, 2 * m->ratio[i],
                                 DIO_NN_BIAS, dio_init_normal(1 / sqrtf((float)(2 * width))));
    dio_walk_leave(w);
    *at += 2;
    for (int n = 0; n < m->c.num_residual_layers; n++) {
        struct block *b = &m->block[i][n];
        int inside = width / 2 / m->c.compress;
        dio_walk_enter(w, "%d", ++*at);
        conv(w, &b->wide, "block.1", width / 2, inside, m->c.residual_kernel_size);
        conv(w, &b->point, "block.3", inside, width / 2, 1);
        if (m->c.use_conv_shortcut)
            conv(w, &b->shortcut, "shortcut", width / 2, width / 2, 1);
        dio_walk_leave(w);
    }
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    int width = c->num_filters << m->stages, at = 1;
    char name[16];
    dio_walk_ignore(w, ".codebook.inited");
    dio_walk_ignore(w, ".codebook.cluster_size");
    dio_walk_ignore(w, ".codebook.embed_avg");
    for (int q = 0; q < m->books; q++) {
        dio_walk_enter(w, "quantizer.layers.%d.codebook", q);
        DIO_WEIGHT(w, &m->table[q], "embed", dio_init_normal(1), c->codebook_size, c->hidden_size);
        dio_walk_leave(w);
    }
    dio_walk_enter(w, "decoder.layers");
    conv(w, &m->first, "0", c->hidden_size, width, c->kernel_size);
    dio_walk_enter(w, "1.lstm");
    for (int i = 0; i < c->num_lstm_layers; i++)
        dio_nn_rnn_walk(w, &m->lstm[i], i, 4, width, width);
    dio_walk_leave(w);
    for (int i = 0; i < m->stages; i++, width /= 2)
        walk_stage(w, m, i, width, &at);
    snprintf(name, sizeof name, "%d", at + 2);
    conv(w, &m->last, name, width, 1, c->last_kernel_size);
    dio_walk_leave(w);
}

/* --- graph --- */

static int dilation_of(const struct model *m, int n)
{
    int d = 1;
    while (n-- > 0)
        d *= m->c.dilation_growth_rate;
    return d;
}

static void shape(const void *model, dio_vocoder_shape *out)
{
    const struct model *m = model;
    dio_reach r = {0, m->hop - 1};
    dio_reach_conv(&r, m->c.last_kernel_size, 1, m->c.last_kernel_size - 1);
    for (int i = m->stages - 1; i >= 0; i--) {
        int kernel = m->c.residual_kernel_size;
        for (int n = 0; n < m->c.num_residual_layers; n++)
            dio_reach_conv(&r, kernel, dilation_of(m, n), (kernel - 1) * dilation_of(m, n));
        dio_reach_up(&r, 2 * m->ratio[i], m->ratio[i], 0);
    }
    *out = (dio_vocoder_shape){.rate = m->c.sampling_rate,
                               .hop = m->hop,
                               .codebooks = m->books,
                               .entries = m->c.codebook_size,
                               .least = 1,
                               .before = (int)-r.first,
                               .after = r.last > 0 ? (int)r.last : 0,
                               .prelude = true,
                               .input = "audio_codes",
                               .output = "audio_values",
                               .channel = true};
}

/* Padding on the left that reflects, with zeros behind where there is too little to reflect. */
static dio_val causal(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int kernel, int dilation)
{
    int64_t pad = (int64_t)(kernel - 1) * dilation, length = dio_dim(g, x, 2);
    int64_t more = pad >= length ? pad - length + 1 : 0;
    if (pad)
        x = dio_pad(g, dio_pad(g, x, 2, 0, more, DIO_PAD_ZERO), 2, pad, 0, DIO_PAD_REFLECT);
    if (more)
        x = dio_slice(g, x, 2, 0, pad + length, 1);
    return dio_nn_conv1d_forward(g, c, x, 0, dilation, 1);
}

static dio_val zeros(dio_graph *g, int64_t batch, int64_t width)
{
    return dio_expand(g, dio_scalar(g, 0), 2, (int64_t[]){batch, width});
}

/* codes [B,Q,T] to what the LSTM gives [B,T,C]. */
static dio_val prelude(dio_graph *g, const void *model, dio_val x)
{
    const struct model *m = model;
    int64_t batch = dio_dim(g, x, 0), books = dio_dim(g, x, 1), frames = dio_dim(g, x, 2);
    dio_val sum = DIO_NONE, h, c;
    for (int64_t q = 0; q < books; q++) {
        dio_val ids = dio_reshape2(g, dio_slice(g, x, 1, q, 1, 1), batch, frames);
        dio_val e = dio_embedding(g, dio_param(g, m->table[q]), ids);
        sum = q ? dio_add(g, sum, e) : e;
    }
    sum = causal(g, &m->first, dio_transpose(g, sum, 1, 2), m->c.kernel_size, 1);
    sum = dio_transpose(g, dio_tap(g, sum, "decoder.layers.0"), 1, 2);
    dio_val y = sum, none = zeros(g, batch, dio_dim(g, sum, 2));
    for (int i = 0; i < m->c.num_lstm_layers; i++)
        y = dio_nn_rnn_forward(g, &m->lstm[i], y, none, none, &h, &c);
    return dio_add(g, y, sum);
}

static dio_val block(dio_graph *g, const struct model *m, const struct block *b, dio_val x, int n)
{
    dio_val h = causal(g, &b->wide, dio_elu(g, x, 1), m->c.residual_kernel_size, dilation_of(m, n));
    h = dio_nn_conv1d_forward(g, &b->point, dio_elu(g, h, 1), 0, 1, 1);
    return dio_add(g, b->shortcut.w ? dio_nn_conv1d_forward(g, &b->shortcut, x, 0, 1, 1) : x, h);
}

static dio_val forward(dio_graph *g, const void *model, dio_val x, int codebooks)
{
    const struct model *m = model;
    int at = 1;
    (void)codebooks;
    x = dio_tap(g, dio_transpose(g, x, 1, 2), "decoder.layers.1");
    for (int i = 0; i < m->stages; i++) {
        int64_t length = dio_dim(g, x, 2) * m->ratio[i];
        x = dio_nn_conv1d_transpose_forward(g, &m->up[i], dio_elu(g, x, 1), m->ratio[i], 0, 0);
        x = dio_slice(g, x, 2, 0, length, 1);
        dio_tap(g, x, "decoder.layers.%d", at += 2);
        for (int n = 0; n < m->c.num_residual_layers; n++)
            x = dio_tap(g, block(g, m, &m->block[i][n], x, n), "decoder.layers.%d", ++at);
    }
    x = causal(g, &m->last, dio_elu(g, x, 1), m->c.last_kernel_size, 1);
    dio_tap(g, x, "decoder.layers.%d", at + 2);
    return dio_reshape2(g, x, dio_dim(g, x, 0), dio_dim(g, x, 2));
}

static const dio_vocoder_ops ops = {
    .shape = shape,
    .prelude = prelude,
    .forward = forward,
    .unused = (const char *const[]){"encoder.", NULL},
};

const dio_model dio_model_encodec = {
    .name = "encodec",
    .doc = "EnCodec's decoder: codes of 24 kHz sound",
    .kind = "vocoder",
    .types = (const char *const[]){"encodec", "EncodecModel", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"encodec\",\"hidden_size\":8,\"num_filters\":4,\"codebook_size\":16,"
            "\"sampling_rate\":1200,\"upsampling_ratios\":[4,2],\"target_bandwidths\":[0.75,2.25]}",
            NULL},
};
