/* stylegan2.c: the generator of StyleGAN2 (arXiv:1912.04958), as NVlabs/stylegan2-ada-pytorch has
 * it.
 *
 *   mapping: z, label -> normalise each, concat -> [ lrelu(fc) ] x layers = w; drawn to w_avg by
 * psi b4: const -> conv1 -> x;  img = torgb(x) b8, b16, ...: x = conv1(conv0(x)), conv0 doubles the
 * size;  img = up(img) + torgb(x)
 *
 *   conv: lrelu(d * (w * (s x)) + strength noise + bias) sqrt 2, clamped
 *         s = affine(w) for each channel in, d = 1 / sqrt(sum of (w s)^2) for each channel out
 *
 * Other architectures: "orig" has the last torgb alone; "resnet" adds a 1x1 conv of x doubled, both
 * sides by sqrt 1/2.
 *
 * Traps
 *  - weights are stored with spread 1; 1/sqrt(fan in) comes at run time: for all but the
 * convolutions that d scales anyway. The mapping's are stored 100 times too large and learn as
 * slowly;
 *  - a doubling convolution is transposed, with stride 2, and then filtered: [1,3,3,1] in each axis
 *    with gain 4, since three of four numbers were zeros;
 *  - torgb is not demodulated, has a linear activation and takes the w of the next conv0;
 *  - files carry resample_filter at every layer: config.json says it once.
 *
 * Scaling x by s and the result by d instead of the weights lets all pictures of a batch share one
 * convolution; d needs only sums of squares of each 3x3, taken once. (Filter and doubling together
 * would be one 3x3 convolution to 4 times the channels: measured, it is no faster by Winograd.)
 */
#include <math.h>
#include <string.h>

#include "vision/models/generators.h"
#include "vision/models/modulated.h"

enum { BLOCKS = 11, FIRST = 4, TAPS = 8 };
enum architecture { SKIP, ORIG, RESNET };
static const char *const architectures[] = {"skip", "orig", "resnet", NULL};
static const float GAIN = 1.41421356f, EPS = 1e-8f;

struct config {
    int z_dim, c_dim, w_dim, img_resolution, img_channels, channel_base, channel_max;
    int mapping_layers, embed_features, layer_features, architecture;
    float lr_multiplier, conv_clamp;
    bool use_noise;
    const dio_value *resample_filter;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, z_dim, "512", 1, MAX_CHANNELS, "numbers of noise"),
    DIO_FIELD(struct config, c_dim, "0", 0, MAX_CHANNELS, "numbers of the label; 0: it takes none"),
    DIO_FIELD(struct config, w_dim, "512", 1, MAX_CHANNELS, "width of w"),
    DIO_FIELD(struct config, img_resolution, NULL, FIRST, MAX_SIDE, "pixels a side: a power of 2"),
    DIO_FIELD(struct config, img_channels, "3", 1, 4, "of the picture: 4 RGBA, 3 RGB, 1 grey"),
    DIO_FIELD(struct config, channel_base, "32768", 1, 1 << 24, "channels times pixels a side"),
    DIO_FIELD(struct config, channel_max, "512", 1, MAX_CHANNELS, "channels at most"),
    DIO_FIELD(struct config, mapping_layers, "8", 1, 64, "of the mapping"),
    DIO_FIELD(struct config, embed_features, "0", 0, MAX_CHANNELS, "of the label; 0: as w"),
    DIO_FIELD(struct config, layer_features, "0", 0, MAX_CHANNELS, "within the mapping; 0: as w"),
    DIO_FIELD_WORDS(struct config, architecture, "skip", architectures, "of the blocks"),
    DIO_FIELD(struct config, lr_multiplier, "0.01", 1e-6, 100, "of the mapping's weights"),
    DIO_FIELD(struct config, conv_clamp, "0", 0, 1e9, "largest result of a layer; 0: any"),
    DIO_FIELD(struct config, use_noise, "true", 0, 0, "layers add noise"),
    DIO_FIELD(struct config, resample_filter, "[1, 3, 3, 1]", 0, 0, "taps of the filter"),
    {0},
};

struct fc {
    dio_tensor *w, *b;
};

struct layer {
    struct fc affine;
    dio_tensor *w, *b, *noise, *strength;
    dio_tensor *squares; /* [O,I]: of each 3x3, summed */
    dio_tensor *turned;  /* of a doubling one: [I,O,3,3] */
};

struct block {
    int res, in, out;
    dio_tensor *constant, *skip;
    struct layer conv0, conv1, torgb;
};

struct model {
    struct config c;
    int blocks;
    float taps[TAPS]; /* for one axis of a doubling: they sum to 2 */
    int n_taps;
    struct fc *mapping, embed;
    dio_tensor *average;
    struct block block[BLOCKS];
};

/* --- config --- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    struct config *c = &m->c;
    if (c->img_resolution & (c->img_resolution - 1))
        return dio_value_fail(json, err, "img_resolution: %d is no power of 2", c->img_resolution);
    if (c->img_channels == 2)
        return dio_value_fail(json, err, "img_channels: 1, 3 or 4, not 2");
    if (c->channel_base < c->img_resolution)
        return dio_value_fail(json, err, "channel_base: %d leaves no channel at %d pixels",
                              c->channel_base, c->img_resolution);
    c->embed_features = c->embed_features ? c->embed_features : c->w_dim;
    c->layer_features = c->layer_features ? c->layer_features : c->w_dim;
    for (int res = FIRST; res <= c->img_resolution; res *= 2) {
        struct block *b = &m->block[m->blocks++];
        b->res = res;
        b->in = res > FIRST ? least(c->channel_base / (res / 2), c->channel_max) : 0;
        b->out = least(c->channel_base / res, c->channel_max);
    }
    m->mapping = dio_arena_try(a, (size_t)c->mapping_layers * sizeof *m->mapping);
    if (!m->mapping)
        return dio_fail_memory(err, "a generator's layers");
    return read_taps(c->resample_filter, json, "resample_filter", m->taps, TAPS, &m->n_taps, err);
}

/* --- weights --- */

static void walk_fc(dio_walk *w, struct fc *f, const char *name, int64_t in, int64_t out,
                    float spread, float bias)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &f->w, "weight", dio_init_normal(spread), out, in);
    DIO_WEIGHT(w, &f->b, "bias", dio_init_fill(bias), out);
    dio_walk_leave(w);
}

static void walk_layer(dio_walk *w, const struct model *m, struct layer *l, const char *name,
                       const struct block *b, int in, bool noise)
{
    bool rgb = strcmp(name, "torgb") == 0;
    int64_t out = rgb ? m->c.img_channels : b->out, kernel = rgb ? 1 : 3;
    dio_walk_enter(w, "%s", name);
    walk_fc(w, &l->affine, "affine", m->c.w_dim, in, 1, 1);
    DIO_WEIGHT(w, &l->w, "weight", dio_init_normal(1), out, in, kernel, kernel);
    DIO_WEIGHT(w, &l->b, "bias", dio_init_fill(0), out);
    if (noise) {
        DIO_WEIGHT(w, &l->noise, "noise_const", dio_init_normal(1), b->res, b->res);
        dio_walk_weight(w, &l->strength, "noise_strength", dio_init_fill(0), DIO_WEIGHT_F32, 0,
                        NULL);
    }
    dio_walk_leave(w);
}

static bool has_rgb(const struct model *m, int i)
{
    return m->c.architecture == SKIP || i == m->blocks - 1;
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    dio_walk_ignore(w, ".resample_filter");
    dio_walk_enter(w, "mapping");
    if (c->c_dim)
        walk_fc(w, &m->embed, "embed", c->c_dim, c->embed_features, 1, 0);
    for (int i = 0; i < c->mapping_layers; i++) {
        int in = i ? c->layer_features : c->z_dim + (c->c_dim ? c->embed_features : 0);
        char name[16];
        snprintf(name, sizeof name, "fc%d", i);
        walk_fc(w, &m->mapping[i], name, in,
                i < c->mapping_layers - 1 ? c->layer_features : c->w_dim, 1 / c->lr_multiplier, 0);
    }
    DIO_WEIGHT(w, &m->average, "w_avg", dio_init_fill(0), c->w_dim);
    dio_walk_leave(w);
    dio_walk_enter(w, "synthesis");
    for (int i = 0; i < m->blocks; i++) {
        struct block *b = &m->block[i];
        dio_walk_enter(w, "b%d", b->res);
        if (!b->in)
            DIO_WEIGHT(w, &b->constant, "const", dio_init_normal(1), b->out, FIRST, FIRST);
        else
            walk_layer(w, m, &b->conv0, "conv0", b, b->in, c->use_noise);
        walk_layer(w, m, &b->conv1, "conv1", b, b->out, c->use_noise);
        if (has_rgb(m, i))
            walk_layer(w, m, &b->torgb, "torgb", b, b->out, false);
        if (b->in && c->architecture == RESNET)
            DIO_WEIGHT(w, &b->skip, "skip.weight", dio_init_normal(1), b->out, b->in, 1, 1);
        dio_walk_leave(w);
    }
    dio_walk_leave(w);
}

static void shape(const void *model, dio_generator_shape *out)
{
    const struct config *c = &((const struct model *)model)->c;
    *out = (dio_generator_shape){.z = c->z_dim,
                                 .labels = c->c_dim,
                                 .channels = c->img_channels,
                                 .width = c->img_resolution,
                                 .height = c->img_resolution,
                                 .draw = DIO_DRAW_NUMPY,
                                 .truncates = true};
}

/* What is the same in every run. */
static bool prepare_layer(struct layer *l, bool up, dio_error *err)
{
    l->squares = modulated_squares(l->w, err);
    if (l->squares && up)
        l->turned = modulated_turned(l->w, err);
    return l->squares && (!up || l->turned);
}

static bool prepare(void *model, dio_error *err)
{
    struct model *m = model;
    bool ok = true;
    for (int i = 0; ok && i < m->blocks; i++) {
        struct block *b = &m->block[i];
        ok =
            (!b->in || prepare_layer(&b->conv0, true, err)) && prepare_layer(&b->conv1, false, err);
    }
    return ok;
}

static void close_layer(struct layer *l)
{
    dio_tensor_unref(l->squares);
    dio_tensor_unref(l->turned);
}

static void close_model(void *model)
{
    struct model *m = model;
    for (int i = 0; i < m->blocks; i++) {
        close_layer(&m->block[i].conv0);
        close_layer(&m->block[i].conv1);
    }
}

/* --- mapping --- */

/* Inputs scaled in the place of weights: numbers are few. */
static dio_val fc(dio_graph *g, const struct fc *f, dio_val x, float rate)
{
    float gain = rate / sqrtf((float)f->w->type.dim[1]);
    dio_val b = dio_param(g, f->b);
    if (rate != 1)
        b = dio_axpb(g, b, rate, 0);
    return dio_linear(g, dio_axpb(g, x, gain, 0), dio_param(g, f->w), b, DIO_ACT_NONE);
}

static dio_val normalised(dio_graph *g, dio_val x)
{
    dio_val mean = dio_mean(g, dio_square(g, x), 2, true);
    return dio_mul(g, x, dio_rsqrt(g, dio_axpb(g, mean, 1, EPS)));
}

static dio_val map(dio_graph *g, const struct model *m, const dio_generator_io *io)
{
    float rate = m->c.lr_multiplier;
    dio_val x = normalised(g, io->z);
    if (m->c.c_dim) {
        dio_val label = normalised(g, fc(g, &m->embed, io->label, 1));
        x = dio_concat(g, (dio_val[]){x, label}, 2, 1);
    }
    for (int i = 0; i < m->c.mapping_layers; i++)
        x = dio_axpb(g, dio_leaky_relu(g, fc(g, &m->mapping[i], x, rate), 0.2f), GAIN, 0);
    return dio_tap(g, x, "mapping");
}

/* --- synthesis --- */

/* One pass: w as it is and drawn to the mean, and how many layers have taken one. */
struct pass {
    const struct model *m;
    dio_generator_io *io;
    dio_val w, drawn;
    int taken;
};

static dio_val w_at(const struct pass *p, int i)
{
    return !p->io->cutoff || i < p->io->cutoff ? p->drawn : p->w;
}

static dio_val by_channel(dio_graph *g, dio_val v)
{
    return dio_reshape4(g, v, dio_dim(g, v, 0), dio_dim(g, v, 1), 1, 1);
}

static dio_val noise_of(dio_graph *g, struct pass *p, const struct layer *l, int res)
{
    dio_generator_io *io = p->io;
    if (!l->strength || io->noise == DIO_NOISE_NONE)
        return DIO_NONE;
    dio_val noise = dio_param(g, l->noise);
    if (io->noise == DIO_NOISE_RANDOM) {
        char name[32];
        dio_type t = dio_type_4d(DIO_F32, dio_dim(g, io->z, 0), 1, res, res);
        snprintf(name, sizeof name, "noise.%d", io->n_noises);
        io->noises[io->n_noises++] = t;
        noise = dio_input(g, name, t);
    }
    return dio_mul(g, noise, dio_param(g, l->strength));
}

/* Twice the size: [B,O,2H,2W]. */
static dio_val doubled(dio_graph *g, const struct model *m, const struct layer *l, dio_val x)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.stride[0] = a.stride[1] = 2;
    x = dio_conv_transpose(g, x, dio_param(g, l->turned), DIO_NONE, a);
    return dio_fir(g, x, m->taps, m->n_taps, 1, 1, (m->n_taps + 1) / 2 - 1, (m->n_taps - 2) / 2);
}

static dio_val enlarged(dio_graph *g, const struct model *m, dio_val x)
{
    return dio_fir(g, x, m->taps, m->n_taps, 2, 1, (m->n_taps + 1) / 2, (m->n_taps - 2) / 2);
}

static dio_val conv(dio_graph *g, struct pass *p, const struct block *b, const struct layer *l,
                    dio_val x, float gain)
{
    const struct model *m = p->m;
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = a.pad[1] = 1;
    dio_val s = fc(g, &l->affine, w_at(p, p->taken++), 1);
    dio_val sums =
        dio_linear(g, dio_square(g, s), dio_param(g, l->squares), DIO_NONE, DIO_ACT_NONE);
    dio_val d = dio_rsqrt(g, dio_axpb(g, sums, 1, EPS));
    x = dio_mul(g, x, by_channel(g, s));
    x = l->turned ? doubled(g, m, l, x) : dio_conv(g, x, dio_param(g, l->w), DIO_NONE, a);
    x = dio_mul(g, x, by_channel(g, d));
    dio_val noise = noise_of(g, p, l, b->res);
    if (noise != DIO_NONE)
        x = dio_add(g, x, noise);
    x = dio_add(g, x, dio_reshape4(g, dio_param(g, l->b), 1, b->out, 1, 1));
    x = dio_axpb(g, dio_leaky_relu(g, x, 0.2f), GAIN * gain, 0);
    float most = m->c.conv_clamp * gain;
    return most > 0 ? dio_clamp(g, x, -most, most) : x;
}

/* 1x1 to colours, its weights scaled by s: they are fewer than x. */
static dio_val colours(dio_graph *g, const struct pass *p, const struct block *b, dio_val x)
{
    const struct layer *l = &b->torgb;
    const struct config *c = &p->m->c;
    int64_t batch = dio_dim(g, x, 0), side = b->res, n = c->img_channels;
    dio_val s = dio_axpb(g, fc(g, &l->affine, w_at(p, p->taken), 1), 1 / sqrtf((float)b->out), 0);
    dio_val w = dio_reshape3(g, dio_param(g, l->w), 1, n, b->out);
    w = dio_mul(g, w, dio_reshape3(g, s, batch, 1, b->out));
    dio_val y = dio_matmul(g, w, dio_reshape3(g, x, batch, b->out, side * side), false, false);
    y = dio_add(g, y, dio_reshape3(g, dio_param(g, l->b), 1, n, 1));
    if (c->conv_clamp > 0)
        y = dio_clamp(g, y, -c->conv_clamp, c->conv_clamp);
    return dio_reshape4(g, y, batch, n, side, side);
}

static dio_val beside(dio_graph *g, const struct model *m, const struct block *b, dio_val x)
{
    dio_val y = dio_conv(g, x, dio_param(g, b->skip), DIO_NONE, dio_conv_defaults());
    return dio_axpb(g, enlarged(g, m, y), sqrtf(0.5f / (float)b->in), 0);
}

static dio_val run_block(dio_graph *g, struct pass *p, const struct block *b, dio_val x)
{
    bool resnet = b->in && p->m->c.architecture == RESNET;
    if (!b->in) {
        int64_t dim[] = {dio_dim(g, p->w, 0), b->out, FIRST, FIRST};
        x = dio_expand(g, dio_param(g, b->constant), 4, dim);
    }
    dio_val side = resnet ? beside(g, p->m, b, x) : DIO_NONE;
    if (b->in)
        x = conv(g, p, b, &b->conv0, x, 1);
    x = conv(g, p, b, &b->conv1, x, resnet ? sqrtf(0.5f) : 1);
    dio_tap(g, x, "synthesis.b%d.conv1", b->res);
    return resnet ? dio_add(g, side, x) : x;
}

static void forward(dio_graph *g, const void *model, dio_generator_io *io)
{
    const struct model *m = model;
    struct pass p = {.m = m, .io = io, .w = map(g, m, io)};
    dio_val x = DIO_NONE, picture = DIO_NONE;
    p.drawn = p.w;
    if (io->pull != 0)
        p.drawn = dio_add(g, dio_axpb(g, p.w, 1 - io->pull, 0),
                          dio_axpb(g, dio_param(g, m->average), io->pull, 0));
    for (int i = 0; i < m->blocks; i++) {
        const struct block *b = &m->block[i];
        x = run_block(g, &p, b, x);
        if (picture != DIO_NONE)
            picture = enlarged(g, m, picture);
        if (has_rgb(m, i)) {
            dio_val y = dio_tap(g, colours(g, &p, b, x), "synthesis.b%d.torgb", b->res);
            picture = picture != DIO_NONE ? dio_add(g, picture, y) : y;
        }
    }
    io->out = picture;
}

static const dio_generator_ops ops = {.shape = shape, .forward = forward};

const dio_model dio_model_stylegan2 = {
    .name = "stylegan2",
    .doc = "StyleGAN2: mapping, modulated convolutions, noise",
    .kind = "generator",
    .types = (const char *const[]){"stylegan2", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .prepare = prepare,
    .close = close_model,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"stylegan2\",\"z_dim\":16,\"w_dim\":16,\"img_resolution\":32,"
            "\"channel_base\":256,\"channel_max\":16,\"mapping_layers\":2}",
            NULL},
};
