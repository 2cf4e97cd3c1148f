/* bench_signal_ops.c: what vocoders spend their time on: convolutions along a signal, at the sizes
 * of HiFi-GAN V1 over four seconds. */
#include "bench/one_graph.h"
#include "tensor/ops.h"

struct spec {
    int64_t c, o, time; /* channels in and out, places of the input */
    int kernel, dilation;
    int up; /* 0: plain; else transposed, places made of one */
    bool tiles;
};

static dio_val conv(dio_graph *g, const void *user, dio_error *err)
{
    const struct spec *s = user;
    const dio_val x = dio_input(g, "a", dio_type_3d(DIO_F32, 1, s->c, s->time));
    const dio_val bias = dio_input(g, "b", dio_type_1d(DIO_F32, s->o));
    const dio_type type = s->up ? dio_type_3d(DIO_F32, s->c, s->o, s->kernel)
                                : dio_type_3d(DIO_F32, s->o, s->c, s->kernel);
    const dio_val w = dio_one_graph_weight(g, type, DIO_F32, err);
    dio_conv_attrs a = dio_conv_defaults();
    a.dilation[0] = s->dilation;
    a.tiles = s->tiles;
    a.pad[0] = (s->up ? s->kernel - s->up : (s->kernel - 1) * s->dilation) / 2;
    a.stride[0] = s->up ? s->up : 1;
    return s->up ? dio_conv_transpose(g, x, w, bias, a) : dio_conv(g, x, w, bias, a);
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    struct spec s = *(const struct spec *)b->attrs;
    if (r->tiny) {
        s.c = s.o = s.tiles ? 16 : 8;
        s.time = 64;
    }
    /* Every tap of every input: the few beyond the ends are counted, too, and tiles as if they were
     * plain sums. */
    const double work = 2.0 * (double)(s.c * s.o * s.time) * s.kernel;
    const dio_one_graph one = {.build = conv, .user = &s, .work = work};
    return dio_one_graph_run(r, &one, value, reached, err);
}

#define SIGNAL(symbol, name, doc, ...)                                                             \
    DIO_FIGURE(symbol, name, doc, "GFLOP/s", DIO_PEAK_FMA, run, &(const struct spec){__VA_ARGS__})

SIGNAL(audio_conv_first, "audio.conv.256",
       "256 -> 256 channels, kernel 11, dilation 5, 2752 places", .c = 256, .o = 256, .time = 2752,
       .kernel = 11, .dilation = 5)
SIGNAL(audio_conv_third, "audio.conv.64", "64 -> 64, kernel 7, dilation 3, 44032 places", .c = 64,
       .o = 64, .time = 44032, .kernel = 7, .dilation = 3)
SIGNAL(audio_conv_last, "audio.conv.32", "32 -> 32, kernel 3, 88064 places", .c = 32, .o = 32,
       .time = 88064, .kernel = 3, .dilation = 1)
SIGNAL(audio_conv_first_tiles, "audio.conv.256-tiles", "the first by tiles", .c = 256, .o = 256,
       .time = 2752, .kernel = 11, .dilation = 5, .tiles = true)
SIGNAL(audio_conv_third_tiles, "audio.conv.64-tiles", "the second by tiles", .c = 64, .o = 64,
       .time = 44032, .kernel = 7, .dilation = 3, .tiles = true)
SIGNAL(audio_conv_last_tiles, "audio.conv.32-tiles", "the third by tiles", .c = 32, .o = 32,
       .time = 88064, .kernel = 3, .dilation = 1, .tiles = true)
SIGNAL(audio_conv_up, "audio.conv.up", "transposed, 512 -> 256, kernel 16, 344 places to 2752",
       .c = 512, .o = 256, .time = 344, .kernel = 16, .dilation = 1, .up = 8)
