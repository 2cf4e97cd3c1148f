/* narrator_vocoder.c: the house narrator's second half: from mels and a source to a wave.
 *
 *   x = norm(conv([mel, melody]))                                            [B,F,C]
 *   x = norm(convnext x `layers`);  tone, breath, turn = linear(x)           each [B,F,bins]
 *   out = istft(exp(tone) e^(i turn) stft(pulses) + exp(breath) stft(noise))
 *
 * Ours, after Vocos (arXiv:2306.00814), whose network need not be told twice what a frame sounds
 * like; but a phase it has to invent, for which Vocos needs a critic. Here it has one: pulses at
 * the pitch's distance, and noise. What is left to learn is two filters a frame and how far pulses
 * are smeared, for which comparing spectra is enough.
 *
 * Training needs gradients, so there the spectra are products in the graph. They are two thirds of
 * its work: who speaks asks for the filters alone (`filters`) and takes spectra by FFT
 * (narrator_sound.c).
 *
 * Trap: whoever computes filters in parts gives each part `context` frames more on both sides and
 * drops what they gave.
 */
#include <math.h>
#include <stdlib.h>

#include "audio/narrator_net.h"
#include "audio/nn/convnext.h"

enum { LAYERS = 16, KERNEL = 7 };

struct config {
    int width, hidden, layers, mels;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, width, "224", 4, 2048, "channels"),
    DIO_FIELD(struct config, hidden, "672", 4, 8192, "channels inside a block"),
    DIO_FIELD(struct config, layers, "6", 1, LAYERS, "blocks"),
    DIO_FIELD(struct config, mels, "100", 1, 512, "bands of a frame"),
    {0},
};

struct model {
    struct config c;
    dio_row_conv embed;
    dio_nn_norm norm_in, norm_out;
    dio_convnext block[LAYERS];
    dio_nn_linear tone, breath, turn;
};

/* As in narrator_acoustic.c. */
static const float mel_mean = -5, mel_spread = 2.5f;

/* exp of a filter's number is at most this: nothing that speaks is louder. */
static const float loudest = 6;

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    (void)model, (void)json, (void)a, (void)err;
    return true; /* ranges say all */
}

static void walk_head(dio_walk *w, const struct config *c, dio_nn_linear *l, const char *name,
                      float bias)
{
    dio_nn_linear_walk(w, l, name, c->width, DIO_NARRATOR_FFT / 2 + 1, DIO_NN_BIAS,
                       dio_init_normal(0.2f / sqrtf((float)c->width)), dio_init_fill(bias));
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    dio_row_conv_walk(w, &m->embed, "embed", c->mels + 2, c->width, KERNEL);
    dio_nn_layer_norm_walk(w, &m->norm_in, "norm_in", c->width);
    for (int i = 0; i < c->layers; i++) {
        dio_walk_enter(w, "block.%d", i);
        dio_convnext_walk(w, &m->block[i], c->width, c->hidden, KERNEL, 1 / (float)c->layers);
        dio_walk_leave(w);
    }
    dio_nn_layer_norm_walk(w, &m->norm_out, "norm_out", c->width);
    walk_head(w, c, &m->tone, "tone", -4);
    walk_head(w, c, &m->breath, "breath", -5);
    walk_head(w, c, &m->turn, "turn", 0);
}

static int mels(const void *model)
{
    return ((const struct model *)model)->c.mels;
}

static int context(const void *model)
{
    return (((const struct model *)model)->c.layers + 1) * (KERNEL / 2);
}

/* Hann, periodic. */
static dio_val window(dio_graph *g)
{
    float data[DIO_NARRATOR_FFT];
    for (int i = 0; i < DIO_NARRATOR_FFT; i++)
        data[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / DIO_NARRATOR_FFT));
    return dio_const(g, dio_type_1d(DIO_F32, DIO_NARRATOR_FFT), data);
}

static const dio_stft_attrs spectra = {
    .n_fft = DIO_NARRATOR_FFT, .hop = DIO_NARRATOR_HOP, .win = DIO_NARRATOR_FFT, .center = true};

/* Real and imaginary parts of a source's spectra, each [B,F,bins]. */
static void split(dio_graph *g, dio_val source, dio_val hann, dio_val *re, dio_val *im)
{
    dio_val s = dio_permute(g, dio_stft(g, source, hann, spectra), (int[]){3, 0, 2, 1});
    int64_t b = dio_dim(g, s, 1), f = dio_dim(g, s, 2), bins = dio_dim(g, s, 3);
    *re = dio_reshape3(g, dio_slice(g, s, 0, 0, 1, 1), b, f, bins);
    *im = dio_reshape3(g, dio_slice(g, s, 0, 1, 1, 1), b, f, bins);
}

static dio_val present(dio_graph *g, dio_val x, dio_val there)
{
    return there == DIO_NONE ? x : dio_mul(g, x, there);
}

static dio_val filter(dio_graph *g, const dio_nn_linear *l, dio_val x, dio_val there)
{
    dio_val y = dio_nn_linear_forward(g, l, x, DIO_ACT_NONE);
    return present(g, dio_exp(g, dio_minimum(g, y, dio_scalar(g, loudest))), there);
}

static void filters(dio_graph *g, const void *model, dio_narrator_filters *io)
{
    const struct model *m = model;
    dio_val parts[2] = {dio_axpb(g, io->mel, 1 / mel_spread, -mel_mean / mel_spread), io->melody};
    dio_val x = present(g, dio_concat(g, parts, 2, 2), io->there);
    x = dio_row_conv_forward(g, &m->embed, x);
    x = present(g, dio_nn_layer_norm_forward(g, &m->norm_in, x, 1e-6f), io->there);
    for (int i = 0; i < m->c.layers; i++)
        x = dio_tap(g, dio_convnext_forward(g, &m->block[i], x, io->there), "block.%d", i);
    x = dio_nn_layer_norm_forward(g, &m->norm_out, x, 1e-6f);
    dio_val tone = dio_tap(g, filter(g, &m->tone, x, io->there), "tone");
    io->breath = dio_tap(g, filter(g, &m->breath, x, io->there), "breath");
    dio_val turn = dio_nn_linear_forward(g, &m->turn, x, DIO_ACT_NONE);
    io->re = dio_mul(g, tone, dio_cos(g, turn));
    io->im = dio_mul(g, tone, dio_sin(g, turn));
}

/* (tone e^(i turn)) pulses + breath noise, as [B,bins,F,2]. */
static dio_val filtered(dio_graph *g, const dio_narrator_filters *f, dio_val pulses, dio_val noise)
{
    dio_val hann = window(g), re, im, noise_re, noise_im;
    split(g, pulses, hann, &re, &im);
    split(g, noise, hann, &noise_re, &noise_im);
    dio_val parts[2] = {
        dio_add(g, dio_sub(g, dio_mul(g, re, f->re), dio_mul(g, im, f->im)),
                dio_mul(g, noise_re, f->breath)),
        dio_add(g, dio_add(g, dio_mul(g, re, f->im), dio_mul(g, im, f->re)),
                dio_mul(g, noise_im, f->breath)),
    };
    int64_t b = dio_dim(g, re, 0), n = dio_dim(g, re, 1), bins = dio_dim(g, re, 2);
    for (int i = 0; i < 2; i++)
        parts[i] = dio_reshape4(g, parts[i], 1, b, n, bins);
    return dio_permute(g, dio_concat(g, parts, 2, 0), (int[]){1, 3, 2, 0});
}

static dio_val forward(dio_graph *g, const void *model, dio_val mel, dio_val melody, dio_val pulses,
                       dio_val noise, dio_val there)
{
    dio_narrator_filters io = {.mel = mel, .melody = melody, .there = there};
    filters(g, model, &io);
    dio_val spectrum = filtered(g, &io, pulses, noise);
    return dio_tap(g, dio_istft(g, spectrum, window(g), dio_dim(g, pulses, 1), spectra), "wave");
}

static const dio_narrator_vocoder_ops ops = {mels, context, filters, forward};

const dio_model dio_model_narrator_vocoder = {
    .name = "narrator-vocoder",
    .doc = "a mel spectrogram and a source of pulses and noise to a wave",
    .kind = "narrator-vocoder",
    .types = (const char *const[]){"narrator-vocoder", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny = (const char *const[]){"{\"model_type\":\"narrator-vocoder\",\"width\":16,\"hidden\":32,"
                                  "\"layers\":1,\"mels\":20}",
                                  NULL},
};
