/* diffuser_case.c: goldens of whole pipelines, opened. */
#include "tests/vision/diffuser_case.h"

#include <stdio.h>
#include <string.h>

#include "vision/image_io.h"

void must(bool ok, const dio_error *err)
{
    char text[2048];
    if (!ok)
        fail_msg("%s", dio_error_text(err, text, sizeof text));
}

void golden_open(struct diffuser_golden *g, const char *name)
{
    dio_error err = {0};
    char path[256];
    *g = (struct diffuser_golden){.arena = dio_arena_create()};
    g->device = dio_device_cpu(&err);
    must(g->device != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/diffuser/%s", name);
    /* The weights are f16 in the files; diffusers computed in f32 from the same numbers. */
    g->diffuser =
        dio_diffuser_open(path, &(dio_diffuser_options){.keep = DIO_F32}, g->device, &err);
    must(g->diffuser != NULL, &err);
    snprintf(path, sizeof path, "tests/golden/diffuser/%s/golden.safetensors", name);
    g->weights = dio_weights_open(path, &err);
    must(g->weights != NULL, &err);
    const char *text = dio_weights_meta_find(g->weights, "cases");
    g->cases = dio_json_parse(g->arena, "cases", text, strlen(text), &err);
    must(g->cases != NULL, &err);
    g->init = dio_image_read("tests/golden/diffuser/init.png", &err);
    g->mask = dio_image_read("tests/golden/diffuser/mask.png", &err);
    must(g->init && g->mask, &err);
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
    r.width = 40;
    r.height = 24;
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
