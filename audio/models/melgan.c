/* melgan.c: MelGAN (arXiv:1910.06711), under the names of its authors.
 *
 *   mel -> pad 3 -> conv 7 -> [ leaky -> transposed conv -> block x n ] x ratios -> leaky -> pad 3
 *     -> conv 7 -> tanh
 *   block: 1x1(x) + 1x1(leaky(conv3(pad(leaky(x))))), the n-th with a dilation of 3^n
 *
 * model.N counts all of torch's Sequential, activations and padding too. A ratio r goes with a
 * kernel of 2r, so the weights' shapes say what the config (args.yml, a Python object) would.
 *
 * Traps
 *  - slopes are 0.2;
 *  - padding reflects, within the blocks too, so a clip needs frames enough to reflect;
 *  - an odd ratio pads one more and gives one more.
 */
#include <math.h>
#include <stdio.h>

#include "audio/nn/config.h"
#include "audio/reach.h"
#include "audio/vocoder.h"
#include "tensor/nn.h"

enum {
    RATIOS = 8,
    BLOCKS = 6, /* a dilation of 3^5 */
    ENDS = 7,
    WIDTH_MOST = 4096,
    NGF_MOST = 1024,
    RATIO_MOST = 64,
    HOP_MOST = 8192,
};
static const float SLOPE = 0.2f;

struct config {
    int input_size, ngf, n_residual_layers, sampling_rate;
    const dio_value *ratios;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, input_size, "80", 1, WIDTH_MOST, "numbers of a frame"),
    DIO_FIELD(struct config, ngf, "32", 1, NGF_MOST, "channels at the end"),
    DIO_FIELD(struct config, n_residual_layers, "3", 0, BLOCKS, "blocks of a stage"),
    DIO_FIELD(struct config, sampling_rate, "22050", 1000, 384000, "samples a second"),
    DIO_FIELD(struct config, ratios, "[8, 8, 2, 2]", 0, 0, "of the stages"),
    {0},
};

struct block {
    dio_nn_conv1d conv, point, shortcut;
};

struct model {
    struct config c;
    int stages, ratio[RATIOS], hop;
    dio_nn_conv1d first, last, up[RATIOS];
    struct block block[RATIOS][BLOCKS];
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    (void)a;
    if (!dio_config_ints(m->c.ratios, "ratios", 1, RATIO_MOST, m->ratio, RATIOS, &m->stages, err))
        return false;
    m->hop = 1;
    for (int i = 0; i < m->stages; i++) {
        m->hop *= m->ratio[i];
        if (m->hop > HOP_MOST)
            return dio_value_fail(json, err, "ratios: a frame of more than %d samples", HOP_MOST);
    }
    return true;
}

static dio_init scaled(int fan)
{
    return dio_init_normal(1 / sqrtf((float)fan));
}

static void walk_block(dio_walk *w, struct block *b, int width)
{
    dio_nn_conv1d_walk(w, &b->conv, "block.2", width, width, 3, DIO_NN_BIAS, scaled(6 * width));
    dio_nn_conv1d_walk(w, &b->point, "block.4", width, width, 1, DIO_NN_BIAS, scaled(2 * width));
    dio_nn_conv1d_walk(w, &b->shortcut, "shortcut", width, width, 1, DIO_NN_BIAS,
                       scaled(2 * width));
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    int width = m->c.ngf << m->stages, at = 1;
    char name[16];
    dio_walk_enter(w, "model");
    dio_nn_conv1d_walk(w, &m->first, "1", m->c.input_size, width, ENDS, DIO_NN_BIAS,
                       scaled(ENDS * m->c.input_size));
    for (int i = 0; i < m->stages; i++) {
        snprintf(name, sizeof name, "%d", at + 2); /* an activation stands before it */
        dio_nn_conv1d_transpose_walk(w, &m->up[i], name, width, width / 2, 2 * m->ratio[i],
                                     DIO_NN_BIAS, scaled(2 * width));
        width /= 2;
        at += 2;
        for (int n = 0; n < m->c.n_residual_layers; n++) {
            dio_walk_enter(w, "%d", ++at);
            walk_block(w, &m->block[i][n], width);
            dio_walk_leave(w);
        }
    }
    snprintf(name, sizeof name, "%d", at + 3); /* an activation and the padding */
    dio_nn_conv1d_walk(w, &m->last, name, width, 1, ENDS, DIO_NN_BIAS, scaled(ENDS * width));
    dio_walk_leave(w);
}

static int dilation_of(int n)
{
    int d = 1;
    while (n-- > 0)
        d *= 3;
    return d;
}

/* Reflecting p places takes more than p: of the frames, or of what a stage has made of them. */
static int frames_needed(const struct model *m)
{
    int least = ENDS / 2 + 1, made = 1;
    for (int i = 0; i < m->stages; i++) {
        made *= m->ratio[i];
        for (int n = 0; n < m->c.n_residual_layers; n++) {
            int need = dilation_of(n) / made + 1;
            least = need > least ? need : least;
        }
    }
    int need = ENDS / 2 / made + 1;
    return need > least ? need : least;
}

static void shape(const void *model, dio_vocoder_shape *out)
{
    const struct model *m = model;
    dio_reach r = {0, m->hop - 1};
    dio_reach_conv(&r, ENDS, 1, ENDS / 2);
    for (int i = m->stages - 1; i >= 0; i--) {
        for (int n = 0; n < m->c.n_residual_layers; n++)
            dio_reach_conv(&r, 3, dilation_of(n), dilation_of(n));
        dio_reach_up(&r, 2 * m->ratio[i], m->ratio[i], m->ratio[i] / 2 + m->ratio[i] % 2);
    }
    dio_reach_conv(&r, ENDS, 1, ENDS / 2);
    *out = (dio_vocoder_shape){.rate = m->c.sampling_rate,
                               .hop = m->hop,
                               .features = m->c.input_size,
                               .least = frames_needed(m),
                               .before = (int)-r.first,
                               .after = (int)r.last};
    out->input = "mel";
    out->output = "audio";
    out->channels_first = out->channel = true;
    out->mel = *dio_mel_dialect_find("melgan");
    out->known = true;
    out->mel.rate = m->c.sampling_rate;
    out->mel.hop = m->hop;
    out->mel.mels = m->c.input_size;
    out->mel.fmax = m->c.sampling_rate / 2.0;
}

static dio_val block(dio_graph *g, const struct block *b, dio_val x, int dilation)
{
    dio_val h = dio_pad(g, dio_leaky_relu(g, x, SLOPE), 2, dilation, dilation, DIO_PAD_REFLECT);
    h = dio_leaky_relu(g, dio_nn_conv1d_forward(g, &b->conv, h, 0, dilation, 1), SLOPE);
    h = dio_nn_conv1d_forward(g, &b->point, h, 0, 1, 1);
    return dio_add(g, dio_nn_conv1d_forward(g, &b->shortcut, x, 0, 1, 1), h);
}

static dio_val forward(dio_graph *g, const void *model, dio_val x, int codebooks)
{
    const struct model *m = model;
    int at = 1;
    (void)codebooks;
    x = dio_pad(g, dio_transpose(g, x, 1, 2), 2, ENDS / 2, ENDS / 2, DIO_PAD_REFLECT);
    x = dio_tap(g, dio_nn_conv1d_forward(g, &m->first, x, 0, 1, 1), "model.1");
    for (int i = 0; i < m->stages; i++) {
        int r = m->ratio[i];
        x = dio_nn_conv1d_transpose_forward(g, &m->up[i], dio_leaky_relu(g, x, SLOPE), r,
                                            r / 2 + r % 2, r % 2);
        dio_tap(g, x, "model.%d", at += 2);
        for (int n = 0; n < m->c.n_residual_layers; n++)
            x = dio_tap(g, block(g, &m->block[i][n], x, dilation_of(n)), "model.%d", ++at);
    }
    x = dio_pad(g, dio_leaky_relu(g, x, SLOPE), 2, ENDS / 2, ENDS / 2, DIO_PAD_REFLECT);
    x = dio_tap(g, dio_nn_conv1d_forward(g, &m->last, x, 0, 1, 1), "model.%d", at + 3);
    x = dio_tanh(g, x);
    return dio_reshape2(g, x, dio_dim(g, x, 0), dio_dim(g, x, 2));
}

/* --- from a file alone --- */

static const dio_tensor *weight(const dio_weights *from, int at, const char *rest)
{
    char name[48];
    snprintf(name, sizeof name, "model.%d.%sweight", at, rest);
    const dio_tensor *t = dio_weights_find(from, name);
    return t && t->type.nd == 3 ? t : NULL;
}

static bool infer(const dio_weights *from, dio_arena *a, dio_value **config, dio_error *err)
{
    const dio_tensor *first = weight(from, 1, ""), *up = weight(from, 3, "");
    dio_value *map = dio_value_map(a), *ratios = dio_value_list(a);
    int at = 1, blocks = 0, n = 0;
    (void)err;
    if (!first || first->type.dim[2] != ENDS || !up || weight(from, 2, "") ||
        !weight(from, 4, "block.2."))
        return false;
    while (weight(from, 4 + blocks, "block.2."))
        blocks++;
    for (; ratios->list.count < RATIOS && weight(from, at + 2 + blocks, "shortcut."); n++) {
        up = weight(from, at + 2, "");
        dio_list_add(a, ratios, dio_value_int(a, up ? up->type.dim[2] / 2 : 0));
        at += 2 + blocks;
    }
    dio_map_set(a, map, "_class_name", dio_value_string(a, "MelGAN"));
    dio_map_set(a, map, "input_size", dio_value_int(a, first->type.dim[1]));
    dio_map_set(a, map, "ngf", dio_value_int(a, first->type.dim[0] >> n));
    dio_map_set(a, map, "n_residual_layers", dio_value_int(a, blocks));
    dio_map_set(a, map, "ratios", ratios);
    *config = map;
    return true;
}

static const dio_vocoder_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_melgan = {
    .name = "melgan",
    .doc = "MelGAN: a small vocoder of 2019",
    .kind = "vocoder",
    .types = (const char *const[]){"MelGAN", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .infer = infer,
    .tiny =
        (const char *const[]){
            "{\"_class_name\":\"MelGAN\",\"input_size\":8,\"ngf\":4,\"n_residual_layers\":2,"
            "\"ratios\":[3,2]}",
            NULL},
};
