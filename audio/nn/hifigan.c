/* hifigan.c: HiFi-GAN's generator. */
#include "audio/nn/hifigan.h"

#include <math.h>
#include <stdio.h>

#include "audio/nn/config.h"

enum {
    CHANNELS_MOST = 8192,
    RATE_MOST = 64,
    KERNEL_MOST = 128,
    DILATION_MOST = 512,
    HOP_MOST = 8192,
    ENDS = 7, /* the kernel of the first and the last convolution */
    STEP_MOST = 64,
};

/* --- config --- */

static bool check_stages(const dio_hifigan_shape *s, const dio_value *at, dio_error *err)
{
    int hop = 1;
    for (int i = 0; i < s->stages; i++) {
        if (s->kernel[i] < s->rate[i] || (s->kernel[i] - s->rate[i]) % 2)
            return dio_value_fail(
                at, err,
                "upsample_kernel_sizes: a kernel of %d over a rate of %d: it must "
                "be larger by an even number",
                s->kernel[i], s->rate[i]);
        hop *= s->rate[i];
        if (hop > HOP_MOST)
            return dio_value_fail(at, err, "upsample_rates: a frame of more than %d samples",
                                  HOP_MOST);
    }
    if (s->channels % (1 << s->stages))
        return dio_value_fail(at, err,
                              "upsample_initial_channel: %d channels cannot be halved %d times",
                              s->channels, s->stages);
    return true;
}

static bool read_dilations(dio_hifigan_shape *s, const dio_value *list, dio_error *err)
{
    if (list->kind != DIO_LIST || list->list.count != s->kernels)
        return dio_value_fail(
            list, err, "resblock_dilation_sizes: a list for each of the %d kernels is needed",
            s->kernels);
    for (int i = 0; i < s->kernels; i++) {
        if (!dio_config_ints(list->list.items[i], "resblock_dilation_sizes", 1, DILATION_MOST,
                             s->dilation[i], DIO_HIFIGAN_DILATIONS, &s->dilations[i], err))
            return false;
        if (s->block_kernel[i] % 2 == 0)
            return dio_value_fail(list, err,
                                  "resblock_kernel_sizes: %d is even: a residual block "
                                  "would not keep its length",
                                  s->block_kernel[i]);
    }
    return true;
}

/* --- tiles --- */

static int64_t common(int64_t a, int64_t b)
{
    return b ? common(b, a % b) : a;
}

static dio_conv_tile tile_of(const dio_hifigan_shape *s, int stage, int kernel, int dilation)
{
    const int64_t channels = s->channels >> (stage + 1);
    return dio_conv_tile_of(channels, channels, kernel, dilation);
}

/* Frames of which every stage makes a whole number of every block's tiles; 0: more than are worth
 * it. */
static int step_of(const dio_hifigan_shape *s)
{
    int64_t step = 1, made = 1;
    for (int i = 0; i < s->stages; i++) {
        made *= s->rate[i];
        for (int j = 0; j < s->kernels; j++)
            for (int n = s->single ? 0 : -1; n < s->dilations[j]; n++) {
                const int dilation = n < 0 ? 1 : s->dilation[j][n]; /* the second half's, first */
                int64_t places = tile_of(s, i, s->block_kernel[j], dilation).places;
                places /= common(places, made);
                step = step / common(step, places) * places;
                if (step > STEP_MOST)
                    return 0;
            }
    }
    return (int)step;
}

bool dio_hifigan_setup(dio_hifigan *h, const dio_value *rates, const dio_value *kernels,
                       const dio_value *block_kernels, const dio_value *block_dilations,
                       dio_arena *a, dio_error *err)
{
    dio_hifigan_shape *s = &h->s;
    int n;
    if (!dio_config_ints(rates, "upsample_rates", 1, RATE_MOST, s->rate, DIO_HIFIGAN_STAGES,
                         &s->stages, err) ||
        !dio_config_ints(kernels, "upsample_kernel_sizes", 1, KERNEL_MOST, s->kernel,
                         DIO_HIFIGAN_STAGES, &n, err))
        return false;
    if (n != s->stages)
        return dio_value_fail(kernels, err, "upsample_kernel_sizes: %d kernels for %d rates", n,
                              s->stages);
    if (!check_stages(s, rates, err) ||
        !dio_config_ints(block_kernels, "resblock_kernel_sizes", 1, KERNEL_MOST, s->block_kernel,
                         DIO_HIFIGAN_KERNELS, &s->kernels, err) ||
        !read_dilations(s, block_dilations, err))
        return false;
    h->step = step_of(s);
    h->block = dio_arena_try(a, (size_t)(s->stages * s->kernels) * sizeof *h->block);
    return h->block || dio_fail_memory(err, "a vocoder's layers");
}

/* --- weights --- */

static void walk_block(dio_walk *w, const dio_hifigan_shape *s, dio_hifigan_block *b, int channels,
                       int kernel, int dilations)
{
    dio_init init = dio_init_normal(1 / sqrtf((float)(channels * kernel)));
    for (int half = 0; half < (s->single ? 1 : 2); half++) {
        dio_walk_enter(w, "%s", s->single ? "convs" : half ? "convs2" : "convs1");
        for (int i = 0; i < dilations; i++) {
            char name[16];
            snprintf(name, sizeof name, "%d", i);
            dio_nn_conv1d_walk(w, half ? &b->convs2[i] : &b->convs1[i], name, channels, channels,
                               kernel, DIO_NN_BIAS, init);
        }
        dio_walk_leave(w);
    }
}

void dio_hifigan_walk(dio_walk *w, dio_hifigan *h)
{
    const dio_hifigan_shape *s = &h->s;
    int in = s->channels;
    char name[24];
    dio_nn_conv1d_walk(w, &h->pre, "conv_pre", s->in, in, ENDS, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)(ENDS * s->in))));
    for (int i = 0; i < s->stages; i++, in /= 2) {
        snprintf(name, sizeof name, "%s.%d", s->ups, i);
        dio_nn_conv1d_transpose_walk(
            w, &h->up[i], name, in, in / 2, s->kernel[i], DIO_NN_BIAS,
            dio_init_normal(sqrtf((float)s->rate[i] / (float)(s->kernel[i] * in))));
        for (int j = 0; j < s->kernels; j++) {
            int n = i * s->kernels + j;
            dio_walk_enter(w, "resblocks.%d", n);
            walk_block(w, s, &h->block[n], in / 2, s->block_kernel[j], s->dilations[j]);
            dio_walk_leave(w);
        }
    }
    dio_nn_conv1d_walk(w, &h->post, "conv_post", in, 1, ENDS, s->no_bias ? 0 : DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)(ENDS * in))));
    if (s->cond)
        dio_nn_conv1d_walk(w, &h->cond, "cond", s->cond, s->channels, 1, DIO_NN_BIAS,
                           dio_init_normal(0.02f));
}

/* --- graph --- */

static dio_val along(dio_graph *g, const dio_hifigan *h, const dio_nn_conv1d *c, dio_val x,
                     int kernel, int dilation)
{
    const int pad = (kernel - 1) * dilation / 2;
    return h->step ? dio_nn_conv1d_tiles_forward(g, c, x, pad, dilation)
                   : dio_nn_conv1d_forward(g, c, x, pad, dilation, 1);
}

static dio_val residual(dio_graph *g, const dio_hifigan *net, const dio_hifigan_block *b, int j,
                        dio_val x)
{
    const dio_hifigan_shape *s = &net->s;
    int kernel = s->block_kernel[j];
    for (int i = 0; i < s->dilations[j]; i++) {
        dio_val h = dio_leaky_relu(g, x, s->slope);
        h = along(g, net, &b->convs1[i], h, kernel, s->dilation[j][i]);
        if (!s->single)
            h = along(g, net, &b->convs2[i], dio_leaky_relu(g, h, s->slope), kernel, 1);
        x = dio_add(g, h, x);
    }
    return x;
}

dio_val dio_hifigan_forward(dio_graph *g, const dio_hifigan *h, dio_val x, dio_val cond,
                            const char *tap)
{
    const dio_hifigan_shape *s = &h->s;
    x = dio_tap(g, dio_nn_conv1d_forward(g, &h->pre, x, ENDS / 2, 1, 1), "%sconv_pre", tap);
    if (s->cond)
        x = dio_add(g, x, dio_nn_conv1d_forward(g, &h->cond, cond, 0, 1, 1));
    for (int i = 0; i < s->stages; i++) {
        x = dio_nn_conv1d_transpose_forward(g, &h->up[i], dio_leaky_relu(g, x, s->slope),
                                            s->rate[i], (s->kernel[i] - s->rate[i]) / 2, 0);
        dio_tap(g, x, "%s%s.%d", tap, s->ups, i);
        dio_val sum = DIO_NONE;
        for (int j = 0; j < s->kernels; j++) {
            int n = i * s->kernels + j;
            dio_val y = dio_tap(g, residual(g, h, &h->block[n], j, x), "%sresblocks.%d", tap, n);
            sum = j ? dio_add(g, sum, y) : y;
        }
        x = dio_axpb(g, sum, 1 / (float)s->kernels, 0);
    }
    x = dio_nn_conv1d_forward(g, &h->post, dio_leaky_relu(g, x, 0.01f), ENDS / 2, 1, 1);
    return dio_tanh(g, dio_tap(g, x, "%sconv_post", tap));
}

/* --- geometry --- */

int dio_hifigan_hop(const dio_hifigan *h)
{
    int hop = 1;
    for (int i = 0; i < h->s.stages; i++)
        hop *= h->s.rate[i];
    return hop;
}

static void reach_conv(const dio_hifigan *h, dio_reach *r, int stage, int kernel, int dilation)
{
    const dio_conv_tile tile =
        h->step ? tile_of(&h->s, stage, kernel, dilation) : (dio_conv_tile){1, 0, 0};
    dio_reach_tiles(r, tile, kernel, dilation, (kernel - 1) * dilation / 2);
}

/* Of the blocks that stand side by side, the one that sees farthest counts. */
static void reach_blocks(const dio_hifigan *h, int stage, dio_reach *r)
{
    const dio_hifigan_shape *s = &h->s;
    dio_reach most = *r;
    for (int j = 0; j < s->kernels; j++) {
        dio_reach block = *r;
        for (int i = 0; i < s->dilations[j]; i++) {
            if (!s->single)
                reach_conv(h, &block, stage, s->block_kernel[j], 1);
            reach_conv(h, &block, stage, s->block_kernel[j], s->dilation[j][i]);
        }
        most.first = block.first < most.first ? block.first : most.first;
        most.last = block.last > most.last ? block.last : most.last;
    }
    *r = most;
}

void dio_hifigan_reach(const dio_hifigan *h, dio_reach *r)
{
    const dio_hifigan_shape *s = &h->s;
    dio_reach_conv(r, ENDS, 1, ENDS / 2);
    for (int i = s->stages - 1; i >= 0; i--) {
        reach_blocks(h, i, r);
        dio_reach_up(r, s->kernel[i], s->rate[i], (s->kernel[i] - s->rate[i]) / 2);
    }
    dio_reach_conv(r, ENDS, 1, ENDS / 2);
}
