/* generator.c: a generator from its files and back, and the picture of a seed. */
#include "vision/generator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tensor/plan.h"
#include "vision/models.h"

/* --- opening and closing --- */

static void ready(void *owner)
{
    dio_generator *n = owner;
    n->ops = n->net.family->ops;
    n->ops->shape(n->net.model, &n->shape);
}

static const char *const configs[] = {"config.json", "stylegan2.json", NULL};

static const dio_network_kind kind = {
    .what = "a generator",
    .kind = "generator",
    .families = &dio_vision_models,
    .size = sizeof(dio_generator),
    .ready = ready,
    .finite = true,
    .configs = configs,
    .unknown = "no generator is known by these tensors alone: a folder with config.json and the "
               "weights is needed",
};

dio_generator *dio_generator_open(const char *path, dio_error *err)
{
    return dio_network_open(&kind, path, DIO_F32, err);
}

dio_generator *dio_generator_build(const dio_value *config, const dio_weights *from, dio_error *err)
{
    return dio_network_build(&kind, config, from, DIO_F32, err);
}

dio_generator *dio_generator_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    return dio_network_create(&kind, config, seed, DIO_F32, err);
}

bool dio_generator_save(const dio_generator *n, const char *dir, dio_dtype dtype, dio_error *err)
{
    return dio_network_save(&n->net, dir, dtype, err);
}

void dio_generator_close(dio_generator *n)
{
    dio_network_close(n);
}

/* --- in a graph --- */

static bool check(dio_graph *g, const char *what, dio_val v, int64_t batch, int64_t width)
{
    dio_type t = dio_type_of(g, v);
    char text[DIO_TYPE_TEXT];
    if (dio_graph_ok(g) &&
        (t.dtype != DIO_F32 || t.nd != 2 || t.dim[0] != batch || t.dim[1] != width))
        dio_graph_fail(g, "%s must be f32[%lld,%lld], not %s", what, (long long)batch,
                       (long long)width, dio_type_text(&t, text));
    return dio_graph_ok(g);
}

void dio_generator_forward(dio_graph *g, const dio_generator *n, dio_generator_io *io)
{
    io->out = DIO_NONE;
    io->n_running = io->n_noises = 0;
    int64_t batch = dio_dim(g, io->z, 0);
    if (check(g, "z", io->z, batch, n->shape.z) &&
        (!n->shape.labels || check(g, "label", io->label, batch, n->shape.labels)))
        n->ops->forward(g, n->net.model, io);
}

/* --- the picture of a seed --- */

void dio_generator_draw_z(const dio_generator *n, uint64_t seed, float *out)
{
    dio_torch_rng r;
    dio_torch_seed(&r, seed);
    if (n->shape.draw == DIO_DRAW_TORCH)
        dio_torch_normal(&r, out, (size_t)n->shape.z);
    else
        dio_numpy_normal(&r, out, (size_t)n->shape.z);
}

struct run {
    const dio_generator *n;
    const dio_generator_options *o;
    dio_generator_io io;
    dio_plan *plan;
    dio_error *err;
};

static bool make_plan(struct run *r, dio_device *device)
{
    const dio_generator_shape *s = &r->n->shape;
    dio_graph *g = dio_graph_create();
    if (!g)
        return dio_fail_memory(r->err, "a graph");
    r->io = (dio_generator_io){.z = dio_input(g, "z", dio_type_2d(DIO_F32, 1, s->z)),
                               .label = DIO_NONE,
                               .noise = r->o->noise,
                               .pull = r->o->pull,
                               .cutoff = r->o->cutoff};
    if (s->labels)
        r->io.label = dio_input(g, "label", dio_type_2d(DIO_F32, 1, s->labels));
    dio_generator_forward(g, r->n, &r->io);
    dio_plan_options options = {.memory_limit = r->o->memory_limit};
    r->plan = dio_plan_create(g, &r->io.out, 1, false, device, &options, r->err);
    dio_graph_destroy(g);
    return r->plan != NULL;
}

/* noise.0, noise.1, ...: each a stream of its own, of what the seed gives. */
static bool set_noises(struct run *r, uint64_t seed)
{
    bool ok = true;
    for (int i = 0; ok && i < r->io.n_noises; i++) {
        char name[32];
        size_t bytes = dio_type_bytes(&r->io.noises[i]);
        float *noise = malloc(bytes);
        if (!noise)
            return dio_fail_memory(r->err, "noise");
        snprintf(name, sizeof name, "noise.%d", i);
        dio_normal(seed, 1 + (uint64_t)i, 0, noise, bytes / sizeof *noise);
        ok = dio_plan_set(r->plan, name, noise, bytes, r->err);
        free(noise);
    }
    return ok;
}

static bool set_inputs(struct run *r, uint64_t seed)
{
    const dio_generator_shape *s = &r->n->shape;
    size_t room = (size_t)(s->z > s->labels ? s->z : s->labels);
    float *x = calloc(room, sizeof *x);
    if (!x)
        return dio_fail_memory(r->err, "noise");
    dio_generator_draw_z(r->n, seed, x);
    bool ok = dio_plan_set(r->plan, "z", x, (size_t)s->z * sizeof *x, r->err);
    for (int i = 0; i < s->labels; i++)
        x[i] = r->o->label ? r->o->label[i] : 0;
    ok = ok &&
         (!s->labels || dio_plan_set(r->plan, "label", x, (size_t)s->labels * sizeof *x, r->err));
    free(x);
    return ok && set_noises(r, seed);
}

/* -1..1 to 0..255, as StyleGAN2's generate.py does: floor(127.5 x + 128). */
static unsigned char byte_of(float x)
{
    float v = x * 127.5f + 128;
    return (unsigned char)(v > 0 ? v < 255 ? v : 255 : 0);
}

/* What is less than a byte's worth of alpha has no colour to speak of. */
static float divided(float colour, float alpha)
{
    return alpha < 1.0f / 255 ? -1 : 2 * ((colour + 1) / 2 / alpha) - 1;
}

static void put_pixels(const dio_generator_shape *s, const float *x, dio_image *image)
{
    int64_t plane = (int64_t)image->width * image->height;
    unsigned char *to = dio_image_row(image, 0);
    for (int64_t i = 0; i < plane; i++)
        for (int c = 0; c < s->channels; c++) {
            float v = x[c * plane + i];
            if (s->premultiplied)
                v = c < 3 ? divided(v, (x[3 * plane + i] + 1) / 2) : v;
            to[i * s->channels + c] = byte_of(v);
        }
}

bool dio_generator_paint(const dio_generator *n, dio_device *device, uint64_t seed,
                         const dio_generator_options *options, dio_image **out, dio_error *err)
{
    static const dio_generator_options usual;
    const dio_generator_shape *s = &n->shape;
    struct run r = {n, options ? options : &usual, {0}, NULL, err};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, s->channels, false};
    dio_image *image = dio_image_create(s->width, s->height, &form, err);
    bool ok = image && make_plan(&r, device) && set_inputs(&r, seed) && dio_plan_run(r.plan, err);
    if (ok)
        put_pixels(s, dio_plan_output(r.plan, 0, NULL), image);
    dio_plan_destroy(r.plan);
    if (!ok) {
        dio_image_unref(image);
        return false;
    }
    *out = image;
    return true;
}
