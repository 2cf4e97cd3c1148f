/* maker_generator.c: GAN generators as makers of pictures: one pass from a seed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "vision/generator.h"
#include "vision/maker.h"
#include "vision/models.h"

enum { CONFIG_LIMIT = 1 << 20 };

struct maker {
    dio_generator *generator;
    dio_device *device;
};

static bool config_says_so(const char *dir, const char *file)
{
    dio_error quiet = {0};
    dio_arena *a = dio_arena_create();
    if (!a)
        return false;
    const char *path = dio_path_join(a, dir, file);
    dio_value *config =
        dio_file_exists(path) ? dio_value_read(a, path, CONFIG_LIMIT, &quiet) : NULL;
    const dio_model *m = config ? dio_model_find(dio_vision_models, config, &quiet) : NULL;
    bool yes = m && strcmp(m->kind, "generator") == 0;
    dio_arena_destroy(a);
    return yes;
}

/* Whether a family knows the file by its tensors' names and shapes alone. */
static bool tensors_say_so(const char *path)
{
    dio_error quiet = {0};
    dio_value *config;
    bool yes = false;
    dio_arena *a = dio_arena_create();
    dio_weights *w = a ? dio_weights_open(path, &quiet) : NULL;
    for (int i = 0; w && !yes && i < dio_vision_models.count; i++) {
        const dio_model *m = dio_vision_models.items[i];
        yes = m->infer && strcmp(m->kind, "generator") == 0 && m->infer(w, a, &config, &quiet);
    }
    dio_weights_close(w);
    dio_arena_destroy(a);
    return yes;
}

static bool opens(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return false;
    if (S_ISDIR(s.st_mode))
        return config_says_so(path, "config.json") || config_says_so(path, "stylegan2.json");
    return tensors_say_so(path);
}

static void close_model(void *self)
{
    struct maker *m = self;
    if (m)
        dio_generator_close(m->generator);
    free(m);
}

static void *open_model(const char *path, const dio_diffuser_options *options, dio_device *device,
                        dio_error *err)
{
    (void)options; /* none is among `takes` */
    struct maker *m = calloc(1, sizeof *m);
    if (!m) {
        dio_fail_memory(err, "a generator");
        return NULL;
    }
    m->device = device;
    m->generator = dio_generator_open(path, err);
    if (m->generator)
        return m;
    close_model(m);
    return NULL;
}

static bool check(const dio_generator *g, const dio_maker_request *r, dio_error *err)
{
    if (!(r->truncation >= 0 && r->truncation <= 2))
        return dio_fail(err, "truncation: %g is outside 0 to 2", r->truncation);
    if (r->truncation != 1 && !g->shape.truncates)
        return dio_fail(err, "truncation: this generator has no mean to be drawn to");
    if (r->label >= 0 && g->shape.labels == 0)
        return dio_fail(err, "label: this generator takes none");
    if (r->label >= g->shape.labels && r->label >= 0)
        return dio_fail(err, "label: %d is outside 0 to %d", r->label, g->shape.labels - 1);
    return true;
}

static bool make(void *self, const dio_maker_request *r, dio_image **pictures, dio_error *err)
{
    const struct maker *m = self;
    if (!check(m->generator, r, err))
        return false;
    size_t labels = (size_t)m->generator->shape.labels;
    float *label = calloc(labels + 1, sizeof *label);
    if (!label)
        return dio_fail_memory(err, "a label");
    if (r->label >= 0)
        label[r->label] = 1;
    dio_generator_options o = {.label = labels ? label : NULL, .pull = (float)(1 - r->truncation)};
    bool ok = true;
    int made = 0;
    for (; ok && made < r->r.count; made += ok) {
        uint64_t seed = r->r.seeds ? r->r.seeds[made] : r->r.seed + (uint64_t)made;
        if (r->r.cancel && *r->r.cancel)
            ok = dio_fail_retry(err, "stopped on request");
        ok = ok && dio_generator_paint(m->generator, m->device, seed, &o, &pictures[made], err);
        if (ok && r->r.progress && !r->r.progress(r->r.user, made + 1, r->r.count, err)) {
            made++; /* this one, too, is given back */
            ok = false;
            break;
        }
    }
    for (int i = 0; !ok && i < made; i++) {
        dio_image_unref(pictures[i]);
        pictures[i] = NULL;
    }
    free(label);
    return ok;
}

static const char *const takes[] = {"truncation", "label", NULL};

const dio_maker dio_maker_generator = {
    .name = "generator",
    .doc = "StyleGAN2, DCGAN and conditional generators: a picture in one pass from a seed",
    .looks = "the folder of a generator (config.json or stylegan2.json and weights) or a DCGAN's "
             "weights",
    .takes = takes,
    .opens = opens,
    .open = open_model,
    .make = make,
    .close = close_model,
};
