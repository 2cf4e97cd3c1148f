/* narrator_acoustic.c: the house narrator's first half: from phones to a mel spectrogram.
 *
 *   x = phone + stress + mark + speaker + linear(place)                      [B,T,C]
 *   x = convnext x `encoder_layers`;  duration = linear(twice(x))            [B,T,1]
 *   y = (row of x that the frame's phone has) + linear(within)               [B,F,C]
 *   melody = linear(twice(y)): pitch, voicing, energy                        [B,F,3]
 *   y = y + linear(melody), convnext x `decoder_layers`, norm, linear        [B,F,mels]
 *   twice(x) = norm(silu(conv(norm(silu(conv(x))))))
 *
 * Ours; the parts are FastSpeech 2's (arXiv:2006.04558) with ConvNeXt blocks for attention. There
 * is nothing to guess: the teacher always says the same phones in the same way, so that plain
 * regression is enough. What a convolution does not see, where in its phrase and sentence a phone
 * stands and how those end, is told (`place`).
 *
 * Trap: the decoder learns from the teacher's melody, not from the one that is found, and a frame's
 * phone from the teacher's times. So the three steps can be asked for apart.
 */
#include <math.h>
#include <string.h>

#include "audio/narrator_net.h"
#include "audio/nn/convnext.h"

enum { LAYERS = 16, NAMES = 2000 };

struct config {
    const char *phones, *speakers;
    int width, hidden, kernel, encoder_layers, decoder_layers, mels;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, phones, NULL, 1, NAMES, "names of the phones, in order of their ids"),
    DIO_FIELD(struct config, speakers, NULL, 1, NAMES, "names of the speakers, in order"),
    DIO_FIELD(struct config, width, "192", 4, 2048, "channels"),
    DIO_FIELD(struct config, hidden, "576", 4, 8192, "channels inside a block"),
    DIO_FIELD(struct config, kernel, "7", 3, 7, "how far a block sees; odd"),
    DIO_FIELD(struct config, encoder_layers, "4", 1, LAYERS, "blocks over phones"),
    DIO_FIELD(struct config, decoder_layers, "6", 1, LAYERS, "blocks over frames"),
    DIO_FIELD(struct config, mels, "100", 1, 512, "bands of a frame"),
    {0},
};

struct twice {
    dio_row_conv conv1, conv2;
    dio_nn_norm norm1, norm2;
    dio_nn_linear out;
};

struct model {
    struct config c;
    int n_phones, n_speakers;
    dio_nn_embedding phone, stress, mark, speaker;
    dio_nn_linear place, within, melody, out;
    dio_convnext encoder[LAYERS], decoder[LAYERS];
    struct twice durations, melodies;
    dio_nn_norm norm_out;
};

/* A logarithm of a mel is about mean plus or minus spread. */
static const float mel_mean = -5, mel_spread = 2.5f;

static int count_names(const char *names)
{
    int n = 0;
    for (const char *p = names; *p; p += strcspn(p, " ")) {
        p += strspn(p, " ");
        n += *p != 0;
    }
    return n;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)a;
    if (m->c.kernel % 2 == 0)
        return dio_value_fail(dio_map_get(json, "kernel"), err, "kernel: %d is not odd",
                              m->c.kernel);
    m->n_phones = count_names(m->c.phones);
    m->n_speakers = count_names(m->c.speakers);
    if (m->n_phones < 1)
        return dio_value_fail(dio_map_get(json, "phones"), err, "phones: none are named");
    if (m->n_speakers < 1 || m->n_speakers > DIO_NARRATOR_SPEAKERS)
        return dio_value_fail(dio_map_get(json, "speakers"), err,
                              "speakers: %d are named; there are 1 to %d", m->n_speakers,
                              DIO_NARRATOR_SPEAKERS);
    return true;
}

static void walk_linear(dio_walk *w, dio_nn_linear *l, const char *name, int in, int out)
{
    dio_nn_linear_walk(w, l, name, in, out, DIO_NN_BIAS, dio_init_normal(1 / sqrtf((float)in)),
                       dio_init_fill(0));
}

static void walk_twice(dio_walk *w, struct twice *t, const char *name, int width, int out)
{
    dio_walk_enter(w, "%s", name);
    dio_row_conv_walk(w, &t->conv1, "conv1", width, width, 3);
    dio_nn_layer_norm_walk(w, &t->norm1, "norm1", width);
    dio_row_conv_walk(w, &t->conv2, "conv2", width, width, 3);
    dio_nn_layer_norm_walk(w, &t->norm2, "norm2", width);
    walk_linear(w, &t->out, "out", width, out);
    dio_walk_leave(w);
}

static void walk_blocks(dio_walk *w, const struct config *c, dio_convnext *blocks, int layers,
                        const char *name)
{
    for (int i = 0; i < layers; i++) {
        dio_walk_enter(w, "%s.%d", name, i);
        dio_convnext_walk(w, &blocks[i], c->width, c->hidden, c->kernel, 1 / (float)layers);
        dio_walk_leave(w);
    }
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    const dio_init drawn = dio_init_normal(0.5f);
    dio_nn_embedding_walk(w, &m->phone, "phone", m->n_phones, c->width, drawn);
    dio_nn_embedding_walk(w, &m->stress, "stress", DIO_NARRATOR_STRESSES, c->width, drawn);
    dio_nn_embedding_walk(w, &m->mark, "mark", DIO_NARRATOR_MARKS, c->width, drawn);
    dio_nn_embedding_walk(w, &m->speaker, "speaker", m->n_speakers, c->width, drawn);
    walk_linear(w, &m->place, "place", DIO_NARRATOR_PLACE, c->width);
    walk_blocks(w, c, m->encoder, c->encoder_layers, "encoder");
    walk_twice(w, &m->durations, "duration", c->width, 1);
    walk_linear(w, &m->within, "within", DIO_NARRATOR_WITHIN, c->width);
    walk_twice(w, &m->melodies, "melodies", c->width, 3);
    walk_linear(w, &m->melody, "melody", 3, c->width);
    walk_blocks(w, c, m->decoder, c->decoder_layers, "decoder");
    dio_nn_layer_norm_walk(w, &m->norm_out, "norm_out", c->width);
    walk_linear(w, &m->out, "out", c->width, c->mels);
}

/* A row near a gap must not see what the first convolution made of the gap: hence `there`. */
static dio_val twice(dio_graph *g, const struct twice *t, dio_val x, dio_val there)
{
    x = dio_silu(g, dio_row_conv_forward(g, &t->conv1, x));
    x = dio_mul(g, dio_nn_layer_norm_forward(g, &t->norm1, x, 1e-5f), there);
    x = dio_silu(g, dio_row_conv_forward(g, &t->conv2, x));
    x = dio_nn_layer_norm_forward(g, &t->norm2, x, 1e-5f);
    return dio_nn_linear_forward(g, &t->out, x, DIO_ACT_NONE);
}

static void encode(dio_graph *g, const void *model, dio_acoustic_phones *io)
{
    const struct model *m = model;
    dio_val x = dio_nn_linear_forward(g, &m->place, io->place, DIO_ACT_NONE);
    x = dio_add(g, x, dio_nn_embedding_forward(g, &m->phone, io->phone));
    x = dio_add(g, x, dio_nn_embedding_forward(g, &m->stress, io->stress));
    x = dio_add(g, x, dio_nn_embedding_forward(g, &m->mark, io->mark));
    x = dio_add(g, x, dio_nn_embedding_forward(g, &m->speaker, io->speaker));
    x = dio_mul(g, x, io->there);
    for (int i = 0; i < m->c.encoder_layers; i++)
        x = dio_tap(g, dio_convnext_forward(g, &m->encoder[i], x, io->there), "encoder.%d", i);
    io->encoded = x;
    io->duration = dio_tap(g, twice(g, &m->durations, x, io->there), "duration");
}

static void lay(dio_graph *g, const void *model, dio_acoustic_frames *io)
{
    const struct model *m = model;
    dio_val rows = dio_reshape2(g, io->encoded, -1, m->c.width);
    dio_val y = dio_embedding(g, rows, io->phone);
    y = dio_add(g, y, dio_nn_linear_forward(g, &m->within, io->within, DIO_ACT_NONE));
    io->laid = dio_tap(g, dio_mul(g, y, io->there), "laid");
    io->melody = dio_tap(g, twice(g, &m->melodies, io->laid, io->there), "melody");
}

static dio_val decode(dio_graph *g, const void *model, dio_val laid, dio_val melody, dio_val there)
{
    const struct model *m = model;
    dio_val y = dio_nn_linear_forward(g, &m->melody, melody, DIO_ACT_NONE);
    y = dio_mul(g, dio_add(g, laid, y), there);
    for (int i = 0; i < m->c.decoder_layers; i++)
        y = dio_tap(g, dio_convnext_forward(g, &m->decoder[i], y, there), "decoder.%d", i);
    y = dio_nn_layer_norm_forward(g, &m->norm_out, y, 1e-5f);
    y = dio_nn_linear_forward(g, &m->out, y, DIO_ACT_NONE);
    return dio_tap(g, dio_axpb(g, y, mel_spread, mel_mean), "mel");
}

static void shape(const void *model, dio_acoustic_shape *out)
{
    const struct model *m = model;
    *out = (dio_acoustic_shape){.phones = m->n_phones,
                                .speakers = m->n_speakers,
                                .mels = m->c.mels,
                                .width = m->c.width,
                                .lay_context = 2, /* twice(): two convolutions of three */
                                .decode_context = m->c.decoder_layers * (m->c.kernel / 2),
                                .phone_names = m->c.phones,
                                .speaker_names = m->c.speakers};
}

static const dio_acoustic_ops ops = {shape, encode, lay, decode};

const dio_model dio_model_narrator_acoustic = {
    .name = "narrator-acoustic",
    .doc = "phones to a mel spectrogram, with durations, pitch and energy on the way",
    .kind = "narrator-acoustic",
    .types = (const char *const[]){"narrator-acoustic", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny = (const char *const[]){"{\"model_type\":\"narrator-acoustic\",\"phones\":\"pau aa b\","
                                  "\"speakers\":\"house deep\",\"width\":16,\"hidden\":32,"
                                  "\"encoder_layers\":1,\"decoder_layers\":2,\"mels\":20}",
                                  NULL},
};
