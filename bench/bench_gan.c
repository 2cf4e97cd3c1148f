/* bench_gan.c: pictures in one pass, with drawn weights of published shapes: an upscaler from
 * 256x256 to 1024x1024, StyleGAN2 at 512x512. Convolutions count the operations of plain sums. */
#include "bench/bench.h"
#include "vision/generator.h"
#include "vision/upscaler.h"

struct spec {
    bool upscaler;
    const char *config, *tiny;
    int size; /* of the upscaler's input */
};

struct made {
    dio_upscaler *upscaler;
    dio_generator *generator;
    dio_plan *plan;
};

static dio_val build(struct made *m, dio_graph *g, int size)
{
    if (m->upscaler) {
        dio_type t = dio_type_4d(DIO_F32, 1, m->upscaler->shape.channels, size, size);
        return dio_upscaler_forward(g, m->upscaler, dio_input(g, "x", t));
    }
    dio_generator_io io = {.z = dio_input(g, "z", dio_type_2d(DIO_F32, 1, m->generator->shape.z)),
                           .label = DIO_NONE};
    dio_generator_forward(g, m->generator, &io);
    return io.out;
}

static bool make(dio_bench_run *r, const struct spec *s, struct made *m, dio_error *err)
{
    dio_value *config = dio_bench_config(r, s->config, s->tiny, err);
    if (config && s->upscaler)
        m->upscaler = dio_upscaler_create(config, 1, err);
    else if (config)
        m->generator = dio_generator_create(config, 1, err);
    dio_graph *g = m->upscaler || m->generator ? dio_graph_create() : NULL;
    if (!g)
        return false;
    dio_val y = build(m, g, r->tiny ? 16 : s->size);
    m->plan = dio_plan_create(g, &y, 1, false, r->device, NULL, err);
    dio_graph_destroy(g);
    return m->plan != NULL;
}

static bool run(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                dio_error *err)
{
    struct made m = {0};
    *value = make(r, b->attrs, &m, err) ? dio_bench_plan(r, r->seconds, m.plan, reached, err) : -1;
    dio_plan_destroy(m.plan);
    dio_upscaler_close(m.upscaler);
    dio_generator_close(m.generator);
    return *value >= 0;
}

#define FIGURE(symbol, name, doc, ...)                                                             \
    DIO_FIGURE(symbol, name, doc, "s", DIO_PEAK_FMA, run, &(const struct spec){__VA_ARGS__})

FIGURE(image_rrdb, "image.upscale.rrdb6", "RRDBNet of 6 blocks, 128 to 512", .upscaler = true,
       .size = 128, .config = "{\"_class_name\":\"RRDBNet\",\"num_block\":6}",
       .tiny = "{\"_class_name\":\"RRDBNet\",\"num_block\":1,\"num_feat\":8,\"num_grow_ch\":4}")
FIGURE(image_stylegan2, "image.stylegan2.512", "StyleGAN2 of 512x512, config f",
       .config = "{\"model_type\":\"stylegan2\",\"img_resolution\":512}",
       .tiny = "{\"model_type\":\"stylegan2\",\"img_resolution\":8,\"channel_max\":8,\"z_dim\":8,"
               "\"w_dim\":8}")
