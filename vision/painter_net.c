/* painter_net.c: the painter's networks from their folders and back. */
#include "vision/painter_net.h"

#include <string.h>

#include "base/file.h"
#include "vision/models.h"

enum { CONFIG_LIMIT = 1 << 20 };

static dio_painter_net *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a network");
        return NULL;
    }
    dio_painter_net *n = dio_arena_alloc(a, sizeof *n);
    n->arena = a;
    return n;
}

static dio_painter_net *finish(dio_painter_net *n, bool ok, dio_error *err)
{
    if (dio_arena_failed(n->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a network");
    }
    if (ok)
        return n;
    dio_painter_net_close(n);
    return NULL;
}

static bool build(dio_painter_net *n, const dio_value *config, const char *kind, dio_error *err)
{
    n->config = config;
    n->family = dio_model_find(dio_vision_models, config, err);
    if (!n->family)
        return false;
    if (strcmp(n->family->kind, kind) != 0)
        return dio_value_fail(config, err,
                              "%s is a model of kind %s, where one of kind %s is needed",
                              n->family->name, n->family->kind, kind);
    n->ops = n->family->ops;
    n->model = dio_model_build(n->family, config, n->arena, err);
    return n->model && dio_walk_init(&n->walk, n->family->walk, n->model, NULL, err);
}

dio_painter_net *dio_painter_net_open(const char *dir, const char *kind, dio_dtype keep,
                                      dio_error *err)
{
    dio_painter_net *n = start(err);
    if (!n)
        return NULL;
    dio_value *config =
        dio_value_read(n->arena, dio_path_join(n->arena, dir, "config.json"), CONFIG_LIMIT, err);
    dio_weights *from = config ? dio_weights_open(dir, err) : NULL;
    bool ok = from && build(n, config, kind, err) &&
              dio_walk_load(&n->walk, from, keep, 0, "", NULL, err) &&
              dio_walk_finite(&n->walk, err);
    dio_weights_close(from);
    return finish(n, ok, err);
}

dio_painter_net *dio_painter_net_create(const dio_value *config, const char *kind, uint64_t seed,
                                        dio_error *err)
{
    dio_painter_net *n = start(err);
    if (!n)
        return NULL;
    char *text = dio_json_write(n->arena, config, 0);
    dio_value *copy =
        text ? dio_json_parse(n->arena, "config.json", text, strlen(text), err) : NULL;
    return finish(n,
                  copy && build(n, copy, kind, err) &&
                      dio_walk_fits(4 * dio_walk_parameters(&n->walk), err) &&
                      dio_walk_draw(&n->walk, seed, DIO_F32, 0, err),
                  err);
}

bool dio_painter_net_save(const dio_painter_net *n, const char *dir, dio_dtype dtype,
                          dio_error *err)
{
    static const dio_weights_meta meta[] = {{"format", "pt"}};
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving a model");
    char *text = dio_json_write(a, n->config, 2);
    bool ok = (text || dio_fail_memory(err, "config.json")) && dio_dir_make(dir, err) &&
              dio_walk_save(&n->walk, dio_path_join(a, dir, "model.safetensors"), dtype, 0, "",
                            meta, 1, err) &&
              dio_file_write(dio_path_join(a, dir, "config.json"), text, strlen(text), err);
    dio_arena_destroy(a);
    return ok;
}

void dio_painter_net_close(dio_painter_net *n)
{
    if (!n)
        return;
    dio_walk_clear(&n->walk);
    dio_walk_deinit(&n->walk);
    dio_arena_destroy(n->arena);
}
