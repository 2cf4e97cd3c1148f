/* upscaler.c: an upscaler from its file. */
#include "vision/upscaler.h"

#include <string.h>

#include "base/file.h"
#include "tensor/ops.h"
#include "vision/models.h"

enum { CONFIG_LIMIT = 1 << 20 };

static dio_upscaler *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "an upscaler");
        return NULL;
    }
    dio_upscaler *u = dio_arena_alloc(a, sizeof *u);
    u->arena = a;
    return u;
}

/* The upscaler, or NULL. Once its arena has run dry, what was said may be torn. */
static dio_upscaler *finish(dio_upscaler *u, bool ok, dio_error *err)
{
    if (dio_arena_failed(u->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "an upscaler");
    }
    if (ok)
        return u;
    dio_upscaler_close(u);
    return NULL;
}

static bool build(dio_upscaler *u, const dio_value *config, dio_error *err)
{
    u->config = config;
    const dio_model *family = dio_model_find(dio_vision_models, config, err);
    if (!family)
        return false;
    if (strcmp(family->kind, "upscaler") != 0)
        return dio_value_fail(config, err, "%s is a model of kind %s, not an upscaler",
                              family->name, family->kind);
    u->family = family;
    u->ops = family->ops;
    u->model = dio_model_build(family, config, u->arena, err);
    if (!u->model)
        return false;
    u->ops->shape(u->model, &u->shape);
    return dio_walk_init(&u->walk, family->walk, u->model, NULL, err);
}

/* The config that a file implies, by the first family that knows its names. */
static bool infer(dio_upscaler *u, const dio_weights *from, dio_value **config, dio_error *err)
{
    for (int i = 0; i < dio_vision_models.count; i++) {
        const dio_model *m = dio_vision_models.items[i];
        if (strcmp(m->kind, "upscaler") != 0)
            continue;
        const dio_upscaler_ops *ops = m->ops;
        if (ops->infer(from, u->arena, config, err))
            return true;
        if (err->kind != DIO_ERROR_NONE)
            return false;
    }
    return dio_fail(err,
                    "%s: no upscaler has these tensors: RRDBNet (ESRGAN, Real-ESRGAN) and "
                    "SRVGGNetCompact are known",
                    dio_weights_path(from));
}

dio_upscaler *dio_upscaler_open(const char *path, dio_error *err)
{
    dio_upscaler *u = start(err);
    if (!u)
        return NULL;
    const char *named = dio_path_join(u->arena, path, "config.json");
    bool has = dio_file_exists(named);
    dio_value *config = has ? dio_value_read(u->arena, named, CONFIG_LIMIT, err) : NULL;
    dio_weights *from = has && !config ? NULL : dio_weights_open(path, err);
    bool ok = from && (config || infer(u, from, &config, err)) && build(u, config, err) &&
              dio_walk_load(&u->walk, from, DIO_F32, 0, "", NULL, err) &&
              dio_walk_finite(&u->walk, err);
    dio_weights_close(from);
    return finish(u, ok, err);
}

dio_upscaler *dio_upscaler_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    dio_upscaler *u = start(err);
    /* A copy by way of text, since the caller's may go. */
    char *text = u ? dio_json_write(u->arena, config, 0) : NULL;
    dio_value *copy =
        text ? dio_json_parse(u->arena, "config.json", text, strlen(text), err) : NULL;
    bool ok = copy && build(u, copy, err) &&
              dio_walk_fits(4 * dio_walk_parameters(&u->walk), err) &&
              dio_walk_draw(&u->walk, seed, DIO_F32, 0, err);
    return u ? finish(u, ok, err) : NULL;
}

void dio_upscaler_close(dio_upscaler *u)
{
    if (!u)
        return;
    dio_walk_clear(&u->walk);
    dio_walk_deinit(&u->walk);
    dio_arena_destroy(u->arena);
}

dio_val dio_upscaler_forward(dio_graph *g, const dio_upscaler *u, dio_val x)
{
    const dio_upscaler_shape *s = &u->shape;
    dio_type t = dio_type_of(g, x);
    char text[DIO_TYPE_TEXT];
    if (dio_graph_ok(g) && (t.dtype != DIO_F32 || t.nd != 4 || t.dim[1] != s->channels ||
                            t.dim[2] % s->multiple || t.dim[3] % s->multiple))
        return dio_graph_fail(g, "a picture must be f32[B,%d,H,W], sides multiples of %d, not %s",
                              s->channels, s->multiple, dio_type_text(&t, text));
    if (s->multiple > 1)
        x = dio_pixel_unshuffle(g, x, s->multiple);
    dio_val first = DIO_NONE;
    for (int i = 0; i < s->stages; i++) {
        x = u->ops->forward(g, u->model, i, x, first);
        first = i ? first : x;
    }
    return x;
}
