/* diffuser_case.c: goldens of whole pipelines, opened. */
#include "tests/vision/diffuser_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/worst.h"
#include "vision/image_io.h"

enum { PATH = 1024 };

void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

static void path_of(char path[PATH], const char *name, const char *file)
{
    const char *root = strchr(name, '/') ? "" : "tests/golden/diffuser/";
    snprintf(path, PATH, "%s%s%s%s", root, name, *file ? "/" : "", file);
}

void golden_read(struct diffuser_golden *g, const char *name)
{
    dio_error err = {0};
    char path[PATH];
    *g = (struct diffuser_golden){.arena = dio_arena_create()};
    g->device = dio_device_cpu(&err);
    must(g->device != NULL, &err);
    path_of(path, name, "golden.safetensors");
    g->weights = dio_weights_open(path, &err);
    must(g->weights != NULL, &err);
    const char *text = dio_weights_meta_find(g->weights, "cases");
    g->cases = dio_json_parse(g->arena, "cases", text, strlen(text), &err);
    must(g->cases != NULL, &err);
    g->init = dio_image_read("tests/golden/diffuser/init.png", &err);
    g->mask = dio_image_read("tests/golden/diffuser/mask.png", &err);
    must(g->init && g->mask, &err);
}

void golden_model(struct diffuser_golden *g, const char *path, dio_diffuser_options options)
{
    dio_error err = {0};
    /* The weights are f16 in the files; diffusers computed in f32 from the same numbers. */
    options.keep = DIO_F32;
    dio_diffuser_close(g->diffuser);
    g->diffuser = dio_diffuser_open(path, &options, g->device, &err);
    must(g->diffuser != NULL, &err);
}

void golden_open(struct diffuser_golden *g, const char *name)
{
    char path[PATH];
    golden_read(g, name);
    path_of(path, name, "");
    golden_model(g, path, (dio_diffuser_options){0});
}

void golden_close(struct diffuser_golden *g)
{
    dio_image_unref(g->init);
    dio_image_unref(g->mask);
    dio_weights_close(g->weights);
    dio_diffuser_close(g->diffuser);
    dio_device_close(g->device);
    dio_arena_destroy(g->arena);
}

const char *golden_text(const dio_value *c, const char *key)
{
    const dio_value *v = dio_map_get(c, key);
    return v && v->kind == DIO_STRING ? v->string.text : NULL;
}

static double number(const dio_value *c, const char *key, double fallback)
{
    const dio_value *v = dio_map_get(c, key);
    return !v ? fallback : v->kind == DIO_INT ? (double)v->integer : v->real;
}

static int pair_of(const dio_value *c, const char *key, int i)
{
    const dio_value *v = dio_map_get(c, key);
    return v ? (int)v->list.items[i]->integer : 0;
}

static int meta(const struct diffuser_golden *g, const char *key)
{
    return (int)strtol(dio_weights_meta_find(g->weights, key), NULL, 10);
}

dio_diffuser_request golden_request(const struct diffuser_golden *g, const dio_value *c,
                                    uint64_t seeds[CASE_SEEDS])
{
    dio_diffuser_request r = dio_diffuser_request_default();
    const dio_value *list = dio_map_get(c, "seeds");
    for (int i = 0; i < list->list.count; i++)
        seeds[i] = (uint64_t)list->list.items[i]->integer;
    r.seeds = seeds;
    r.count = list->list.count;
    r.prompt = golden_text(c, "prompt");
    r.negative = golden_text(c, "negative");
    r.scheduler = golden_text(c, "scheduler");
    r.schedule = dio_map_get(c, "config");
    r.steps = (int)number(c, "steps", 0);
    r.guidance = number(c, "guidance", DIO_USUAL);
    r.rescale = number(c, "rescale", 0);
    r.eta = number(c, "eta", 0);
    r.clip_skip = (int)number(c, "clip_skip", 0);
    r.strength = number(c, "strength", DIO_USUAL);
    r.original_width = pair_of(c, "original", 0);
    r.original_height = pair_of(c, "original", 1);
    r.crop_left = pair_of(c, "crop", 0);
    r.crop_top = pair_of(c, "crop", 1);
    r.width = meta(g, "width");
    r.height = meta(g, "height");
    r.init = dio_map_get(c, "init") ? g->init : NULL;
    r.mask = dio_map_get(c, "mask") ? g->mask : NULL;
    return r;
}

const dio_tensor *golden_tensor(const struct diffuser_golden *g, const dio_value *c,
                                const char *key)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", golden_text(c, "name"), key);
    const dio_tensor *t = dio_weights_find(g->weights, name);
    if (!t)
        fail_msg("the golden has no %s", name);
    return t;
}

/* --- runs --- */

static double worst_latent(const float *ours, const float *theirs, int64_t n)
{
    double worst = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = worse(worst, fabs((double)ours[i] - (double)theirs[i]));
        most = fmax(most, fabs((double)theirs[i]));
    }
    return worst / most;
}

static int worst_byte(const dio_image *ours, const uint8_t *theirs)
{
    int worst = 0;
    for (int y = 0; y < ours->height; y++) {
        const uint8_t *row = dio_image_row(ours, y);
        for (int x = 0; x < ours->width * 3; x++) {
            int off = abs((int)row[x] - (int)*theirs++);
            worst = off > worst ? off : worst;
        }
    }
    return worst;
}

struct golden_off golden_run(const struct diffuser_golden *g, const dio_value *c)
{
    uint64_t seeds[CASE_SEEDS];
    dio_error err = {0};
    dio_image *pictures[CASE_SEEDS];
    dio_diffuser_request r = golden_request(g, c, seeds);
    const dio_tensor *truth = golden_tensor(g, c, "latents");
    const dio_tensor *bytes = golden_tensor(g, c, "image");
    const uint8_t *picture = dio_tensor_data(bytes);
    int64_t n = dio_type_count(&truth->type), size = dio_type_count(&bytes->type) / r.count;
    float *latents = malloc((size_t)n * sizeof *latents);
    assert_int_equal(truth->type.dim[0], r.count);
    r.latents = latents;
    must(dio_diffuser_paint(g->diffuser, &r, pictures, &err), &err);
    struct golden_off off = {.latent = worst_latent(latents, dio_tensor_data(truth), n)};
    for (int i = 0; i < r.count; i++) {
        assert_int_equal(pictures[i]->width * pictures[i]->height * 3, size);
        int byte = worst_byte(pictures[i], picture + i * size);
        off.byte = byte > off.byte ? byte : off.byte;
        dio_image_unref(pictures[i]);
    }
    free(latents);
    print_message("%-18s latents %.1e, bytes %d\n", golden_text(c, "name"), off.latent, off.byte);
    return off;
}
