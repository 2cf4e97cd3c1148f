/* bench_image_ops.c: what diffusion models and GANs spend their time on, at the sizes of Stable
 * Diffusion 1.5 at 512x512 and of its decoder. Convolutions count the operations of plain sums,
 * whatever way they take: their share of the peak may be above 1. */
#include "bench/one_graph.h"
#include "tensor/ops.h"

struct spec {
    dio_val (*build)(dio_graph *g, const void *user, dio_error *err);
    int64_t batch, c, o, size; /* pictures (0: one), channels in and out, pixels a side */
    int kernel, stride;
    int64_t keys; /* of attention over size x size queries; 0: the same number */
    int heads;
    dio_dtype dtype; /* of the weight */
    bool train, bytes;
};

static dio_val picture(dio_graph *g, const char *name, const struct spec *s, int64_t channels)
{
    return dio_input(g, name, dio_type_4d(DIO_F32, s->batch, channels, s->size, s->size));
}

static dio_val conv_of(dio_graph *g, const struct spec *s, dio_val x, dio_error *err)
{
    const dio_type t = dio_type_4d(DIO_F32, s->o, s->c, s->kernel, s->kernel);
    dio_conv_attrs a = dio_conv_defaults();
    a.stride[0] = a.stride[1] = s->stride;
    a.pad[0] = a.pad[1] = s->kernel / 2;
    return dio_conv(g, x, dio_one_graph_weight(g, t, s->dtype, err),
                    dio_input(g, "b", dio_type_1d(DIO_F32, s->o)), a);
}

static dio_val conv(dio_graph *g, const void *user, dio_error *err)
{
    return conv_of(g, user, picture(g, "a", user, ((const struct spec *)user)->c), err);
}

/* From half the size. */
static dio_val conv_up(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const int64_t half = s->size / 2;
    const dio_val x = dio_input(g, "a", dio_type_4d(DIO_F32, s->batch, s->c, half, half));
    return conv_of(g, s, dio_upsample_nearest(g, x, half * 2, half * 2), err);
}

/* Forward and both gradients. */
static dio_val conv_train(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val x = picture(g, "a", s, s->c), y = conv_of(g, s, x, err);
    const dio_type kernel = dio_type_4d(DIO_F32, s->o, s->c, s->kernel, s->kernel);
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = a.pad[1] = s->kernel / 2;
    const dio_val w = dio_one_graph_weight(g, kernel, DIO_F32, err);
    const dio_val dx = dio_conv_transpose(g, y, w, DIO_NONE, a);
    const dio_val dw = dio_conv_weights(g, x, y, kernel, a);
    return dio_add(g, dio_sum(g, dx, 15, false), dio_sum(g, dw, 15, false));
}

/* As in a residual block: 32 groups, then SiLU. */
static dio_val norm(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val w = dio_input(g, "b", dio_type_1d(DIO_F32, s->c));
    const dio_val b = dio_input(g, "c", dio_type_1d(DIO_F32, s->c));
    (void)err;
    return dio_silu(g, dio_group_norm(g, picture(g, "a", s, s->c), w, b, 32, 1e-5f));
}

static dio_val attention(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const int64_t places = s->size * s->size, keys = s->keys ? s->keys : places;
    const dio_type q = dio_type_4d(DIO_F32, s->batch, places, s->heads, s->c / s->heads);
    const dio_type k = dio_type_4d(DIO_F32, s->batch, keys, s->heads, s->c / s->heads);
    (void)err;
    return dio_attention(g, dio_input(g, "a", q), dio_input(g, "b", k), dio_input(g, "c", k),
                         DIO_NONE, (dio_attention_attrs){0});
}

static dio_val linear(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val x = dio_input(g, "a", dio_type_2d(DIO_F32, s->size * s->size, s->c));
    const dio_val w = dio_one_graph_weight(g, dio_type_2d(DIO_F32, s->o, s->c), s->dtype, err);
    return dio_linear(g, x, w, dio_input(g, "b", dio_type_1d(DIO_F32, s->o)), DIO_ACT_NONE);
}

static double work_of(const struct spec *s)
{
    const double places = (double)(s->batch * s->size * s->size), c = (double)s->c;
    if (s->bytes)
        return 2 * 4 * places * c;
    if (s->heads)
        return 4 * places * (double)(s->keys ? s->keys : s->size * s->size) * c;
    if (!s->kernel)
        return 2 * places * c * (double)s->o;
    return (s->train ? 6 : 2) * places * c * (double)(s->o * s->kernel * s->kernel) /
           (s->stride * s->stride);
}

/* The same in a moment, for tests. */
static struct spec reduced(struct spec s)
{
    s.batch = 1;
    s.size = s.size < 8 ? s.size : 8;
    s.c = s.heads ? s.heads * 8 : 32;
    s.o = s.o < 8 ? s.o : 8;
    return s;
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    struct spec full = *(const struct spec *)b->attrs;
    full.batch = full.batch ? full.batch : 1;
    const struct spec few = reduced(full), *s = r->tiny ? &few : &full;
    const dio_one_graph one = {.build = s->build, .user = s, .train = s->train, .work = work_of(s)};
    return dio_one_graph_run(r, &one, value, reached, err);
}

#define FIGURE(symbol, name, doc, unit, peak, ...)                                                 \
    DIO_FIGURE(symbol, name, doc, unit, peak, run, &(const struct spec){__VA_ARGS__})
#define FLOPS(symbol, name, doc, ...)                                                              \
    FIGURE(symbol, name, doc, "GFLOP/s", DIO_PEAK_FMA, __VA_ARGS__)
#define BYTES(symbol, name, doc, ...)                                                              \
    FIGURE(symbol, name, doc, "GB/s", DIO_PEAK_READ, .bytes = true, __VA_ARGS__)
#define CONV(c_, o_, size_) .build = conv, .c = c_, .o = o_, .size = size_, .kernel = 3, .stride = 1

FLOPS(image_conv_64, "image.conv.320.64", "3x3, 320 -> 320 channels at 64x64, kernels in f16",
      CONV(320, 320, 64), .dtype = DIO_F16)
FLOPS(image_conv_32, "image.conv.640.32", "640 -> 640 at 32x32, f16", CONV(640, 640, 32),
      .dtype = DIO_F16)
FLOPS(image_conv_16, "image.conv.1280.16", "1280 -> 1280 at 16x16, f16", CONV(1280, 1280, 16),
      .dtype = DIO_F16)
FLOPS(image_conv_8, "image.conv.1280.8", "1280 -> 1280 at 8x8, f16", CONV(1280, 1280, 8),
      .dtype = DIO_F16)
FLOPS(image_conv_wide, "image.conv.960.64", "960 -> 320 at 64x64, f16", CONV(960, 320, 64),
      .dtype = DIO_F16)
FLOPS(image_conv_512, "image.conv.128.512", "128 -> 128 at 512x512, f32", CONV(128, 128, 512))
FLOPS(image_conv_gan, "image.conv.64.256", "64 -> 64 at 256x256, f32", CONV(64, 64, 256))
FLOPS(image_conv_up, "image.conv.up.256.256", "3x3 over twice the size, 256 -> 256 at 256x256",
      .build = conv_up, .c = 256, .o = 256, .size = 256, .kernel = 3, .stride = 1)
FLOPS(image_conv_1x1, "image.conv.1x1", "1x1, 640 -> 320 at 64x64, f16", .build = conv, .c = 640,
      .o = 320, .size = 64, .kernel = 1, .stride = 1, .dtype = DIO_F16)
FLOPS(image_conv_down, "image.conv.down", "3x3 with stride 2, 320 -> 320 from 64x64, f16",
      .build = conv, .c = 320, .o = 320, .size = 64, .kernel = 3, .stride = 2, .dtype = DIO_F16)
FLOPS(image_conv_train, "image.conv.train", "32 pictures of 64 -> 64 at 32x32, with gradients",
      .build = conv_train, .batch = 32, .c = 64, .o = 64, .size = 32, .kernel = 3, .stride = 1,
      .train = true)
BYTES(image_norm, "image.norm.320.64", "group norm and SiLU, 320 channels at 64x64", .build = norm,
      .c = 320, .size = 64)
BYTES(image_norm_512, "image.norm.128.512", "the same, 128 channels at 512x512", .build = norm,
      .c = 128, .size = 512)
FLOPS(image_self_64, "image.attention.64", "self-attention over 64x64, 8 heads of 40",
      .build = attention, .c = 320, .size = 64, .heads = 8)
FLOPS(image_self_32, "image.attention.32", "over 32x32, 8 heads of 80", .build = attention,
      .c = 640, .size = 32, .heads = 8)
FLOPS(image_self_16, "image.attention.16", "over 16x16, 8 heads of 160", .build = attention,
      .c = 1280, .size = 16, .heads = 8)
FLOPS(image_cross, "image.attention.cross", "64x64 places to 77 tokens, 8 heads of 40",
      .build = attention, .c = 320, .size = 64, .heads = 8, .keys = 77)
FLOPS(image_vae_attention, "image.attention.vae", "over 64x64, one head of 512", .build = attention,
      .c = 512, .size = 64, .heads = 1)
FLOPS(image_linear, "image.linear.320.64", "4096 places, 320 -> 2560, f16", .build = linear,
      .c = 320, .o = 2560, .size = 64, .dtype = DIO_F16)
