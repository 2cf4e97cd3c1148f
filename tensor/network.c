/* network.c: a network from its files, its parts or a seed, and back to a folder. */
#include "tensor/network.h"

#include <string.h>

#include "base/file.h"

enum { CONFIG_LIMIT = 16 << 20 };

/* --- pieces --- */

void *dio_network_begin(const dio_network_kind *kind, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, kind->what);
        return NULL;
    }
    dio_network *n = dio_arena_alloc(a, kind->size);
    n->kind = kind;
    n->arena = a;
    return n;
}

void *dio_network_end(void *owner, bool ok, dio_error *err)
{
    dio_network *n = owner;
    if (dio_arena_failed(n->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, n->kind->what);
    }
    if (ok)
        return owner;
    dio_network_close(owner);
    return NULL;
}

void dio_network_close(void *owner)
{
    dio_network *n = owner;
    if (!n)
        return;
    if (n->model && n->family->close)
        n->family->close(n->model);
    dio_walk_clear(&n->walk);
    dio_walk_deinit(&n->walk);
    dio_arena_destroy(n->arena);
}

/* A copy by way of text: what is saved later is what JSON can say. */
static bool keep_config(dio_network *n, const dio_value *config, dio_error *err)
{
    char *text = dio_json_write(n->arena, config, 0);
    n->config = text ? dio_json_parse(n->arena, "config.json", text, strlen(text), err) : NULL;
    return n->config != NULL;
}

bool dio_network_make(dio_network *n, const dio_value *config, dio_error *err)
{
    const dio_network_kind *kind = n->kind;
    n->family = dio_model_find(*kind->families, config, err);
    if (!n->family)
        return false;
    if (strcmp(n->family->kind, kind->kind) != 0)
        return dio_value_fail(config, err, "%s is a model of kind %s, not %s", n->family->name,
                              n->family->kind, kind->what);
    n->model = dio_model_build(n->family, config, n->arena, err);
    if (n->model && kind->ready)
        kind->ready(n);
    return n->model && keep_config(n, config, err);
}

bool dio_network_list(dio_network *n, dio_error *err)
{
    return dio_walk_init(&n->walk, n->family->walk, n->model, NULL, err);
}

static bool prepare(dio_network *n, dio_error *err)
{
    return !n->family->prepare || n->family->prepare(n->model, err);
}

static bool load(dio_network *n, const dio_weights *from, dio_dtype keep, dio_error *err)
{
    if (!dio_walk_load(&n->walk, from, keep, 0, "", NULL, err))
        return false;
    if (n->kind->finite && !dio_walk_finite(&n->walk, err))
        return dio_error_at(err, dio_weights_path(from), 0, 0);
    return prepare(n, err);
}

bool dio_network_load(dio_network *n, const dio_weights *from, dio_dtype keep, dio_error *err)
{
    if (!n->kind->weight_norm)
        return load(n, from, keep, err);
    dio_weights *folded = dio_weights_folded(from, err);
    bool ok = folded && load(n, folded, keep, err);
    dio_weights_close(folded);
    return ok;
}

/* --- opening --- */

/* The config's path in the folder; NULL when it is not there and need not be. */
static const char *config_path(dio_network *n, const char *dir)
{
    static const char *const usual[] = {"config.json", NULL};
    const char *const *names = n->kind->configs ? n->kind->configs : usual;
    for (int i = 0; names[i]; i++) {
        const char *path = dio_path_join(n->arena, dir, names[i]);
        if (dio_file_exists(path))
            return path;
    }
    return n->kind->unknown ? NULL : dio_path_join(n->arena, dir, names[0]);
}

const dio_value *dio_network_config(dio_network *n, const char *dir, dio_error *err)
{
    return dio_value_read(n->arena, config_path(n, dir), CONFIG_LIMIT, err);
}

/* The config that a file implies, by the first family that knows its names. */
static bool infer(dio_network *n, const dio_weights *from, dio_value **config, dio_error *err)
{
    const dio_model_set *set = n->kind->families;
    for (int i = 0; i < set->count; i++) {
        const dio_model *m = set->items[i];
        if (!m->infer || strcmp(m->kind, n->kind->kind) != 0)
            continue;
        if (m->infer(from, n->arena, config, err))
            return true;
        if (err->kind != DIO_ERROR_NONE)
            return false;
    }
    return dio_fail(err, "%s: %s", dio_weights_path(from), n->kind->unknown);
}

static bool make_and_list(dio_network *n, const dio_value *config, dio_error *err)
{
    return dio_network_make(n, config, err) && dio_network_list(n, err);
}

/* A wrong config is refused before any weights are looked for. */
static bool open_with_config(dio_network *n, const char *dir, dio_dtype keep, dio_error *err)
{
    const dio_value *config = dio_network_config(n, dir, err);
    if (!config || !make_and_list(n, config, err))
        return false;
    dio_weights *from = dio_weights_open(dir, err);
    bool ok = from && dio_network_load(n, from, keep, err);
    dio_weights_close(from);
    return ok;
}

static bool open_bare(dio_network *n, const char *path, dio_dtype keep, dio_error *err)
{
    dio_value *config;
    dio_weights *from = dio_weights_open(path, err);
    bool ok = from && infer(n, from, &config, err) && make_and_list(n, config, err) &&
              dio_network_load(n, from, keep, err);
    dio_weights_close(from);
    return ok;
}

void *dio_network_open(const dio_network_kind *kind, const char *path, dio_dtype keep,
                       dio_error *err)
{
    dio_network *n = dio_network_begin(kind, err);
    if (!n)
        return NULL;
    bool configured = config_path(n, path) != NULL;
    return dio_network_end(
        n, configured ? open_with_config(n, path, keep, err) : open_bare(n, path, keep, err), err);
}

void *dio_network_build(const dio_network_kind *kind, const dio_value *config,
                        const dio_weights *from, dio_dtype keep, dio_error *err)
{
    dio_network *n = dio_network_begin(kind, err);
    if (!n)
        return NULL;
    bool ok =
        config && from && make_and_list(n, config, err) && dio_network_load(n, from, keep, err);
    return dio_network_end(n, ok, err);
}

void *dio_network_create(const dio_network_kind *kind, const dio_value *config, uint64_t seed,
                         dio_dtype keep, dio_error *err)
{
    dio_network *n = dio_network_begin(kind, err);
    if (!n)
        return NULL;
    bool ok = make_and_list(n, config, err) && dio_walk_draw(&n->walk, seed, keep, 0, err) &&
              prepare(n, err);
    return dio_network_end(n, ok, err);
}

/* --- saving --- */

bool dio_network_save_as(const dio_network *n, const char *text, const char *dir, dio_dtype dtype,
                         dio_error *err)
{
    static const dio_weights_meta meta[] = {{"format", "pt"}};
    if (!text)
        return dio_fail_memory(err, "config.json");
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving a model");
    bool ok = dio_dir_make(dir, err) &&
              dio_walk_save(&n->walk, dio_path_join(a, dir, "model.safetensors"), dtype, 0, "",
                            meta, 1, err) &&
              dio_file_write(dio_path_join(a, dir, "config.json"), text, strlen(text), err);
    dio_arena_destroy(a);
    return ok;
}

bool dio_network_save(const dio_network *n, const char *dir, dio_dtype dtype, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving a model");
    bool ok = dio_network_save_as(n, dio_json_write(a, n->config, 2), dir, dtype, err);
    dio_arena_destroy(a);
    return ok;
}
