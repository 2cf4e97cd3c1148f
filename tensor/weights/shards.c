/* shards.c: NAME.safetensors.index.json or NAME.bin.index.json, the table of a model cut into
 * several files.
 *
 *     {"metadata": {..}, "weight_map": {TENSOR: FILE, ..}}
 *
 * A name in it comes from outside, so only plain names of .safetensors and .bin files are
 * taken: they lie beside the index. What they hold their bytes say, but never an index again. Every
 * tensor named must be found. */
#include <string.h>

#include "base/value.h"
#include "tensor/weights.h"

enum { LIMIT = 100000000, FILES = 1024 };

struct shards {
    const dio_value *names[FILES]; /* where the index first names each */
    int count;
};

/* A map in JSON, which no format of tensors begins like. */
static bool magic(const uint8_t *bytes, size_t n)
{
    return n > 1 && bytes[0] == '{' && memchr(" \t\r\n\"", bytes[1], 5);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n > k && strcmp(name + n - k, end) == 0;
}

static bool is_plain(const char *name)
{
    return strlen(name) <= 255 && name[0] != '.' && !strpbrk(name, "/\\") &&
           (ends_with(name, ".safetensors") || ends_with(name, ".bin"));
}

static bool add_name(struct shards *s, const dio_value *v, dio_error *err)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->names[i]->string.text, v->string.text) == 0)
            return true;
    if (s->count == FILES)
        return dio_value_fail(v, err, "weight_map names more than %d files", FILES);
    s->names[s->count++] = v;
    return true;
}

static bool read_names(struct shards *s, const dio_value *map, dio_error *err)
{
    for (int i = 0; i < map->map.count; i++) {
        const dio_value *v = map->map.items[i];
        if (v->kind != DIO_STRING)
            return dio_value_fail(v, err, "weight_map: tensor \"%.200s\" names no file",
                                  map->map.keys[i]->string.text);
        if (!is_plain(v->string.text))
            return dio_value_fail(v, err,
                                  "weight_map: \"%.200s\" is not the plain name of a "
                                  ".safetensors or .bin file beside the index",
                                  v->string.text);
        if (!add_name(s, v, err))
            return false;
    }
    return true;
}

/* The index may not name a tensor that its shard does not have. */
static bool check_names(dio_weights *w, const dio_value *map, dio_error *err)
{
    for (int i = 0; i < map->map.count; i++)
        if (!dio_weights_find(w, map->map.keys[i]->string.text))
            return dio_value_fail(map->map.keys[i], err, "tensor \"%.200s\" is not in %.200s",
                                  map->map.keys[i]->string.text, map->map.items[i]->string.text);
    if (dio_weights_count(w) != map->map.count)
        return dio_value_fail(map, err, "the shards hold %d tensors, weight_map names %d",
                              dio_weights_count(w), map->map.count);
    return true;
}

static bool read_shard(dio_weights *w, const char *dir, const dio_value *name, dio_arena *a,
                       dio_error *err)
{
    if (dio_weights_read(w, dio_path_join(a, dir, name->string.text), err))
        return true;
    return err->file[0] ? false : dio_error_at(err, name->file, name->line, name->column);
}

static bool read_index(dio_weights *w, const char *path, dio_map_file *file, dio_arena *a,
                       dio_error *err)
{
    struct shards *s = dio_arena_alloc(a, sizeof *s);
    dio_value *root = dio_json_parse(a, path, dio_map_data(file), dio_map_size(file), err);
    if (!root)
        return false;
    dio_value *map = dio_map_get(root, "weight_map");
    if (!map || map->kind != DIO_MAP)
        return dio_value_fail(root, err, "an index of shards needs a map \"weight_map\"");
    const char *dir = dio_path_dir(a, path);
    if (!read_names(s, map, err))
        return false;
    for (int i = 0; i < s->count; i++)
        if (!read_shard(w, dir, s->names[i], a, err))
            return false;
    return check_names(w, map, err);
}

static bool read(dio_weights *w, const char *path, dio_map_file *file, dio_error *err)
{
    if (dio_map_size(file) > LIMIT)
        return dio_fail(err, "an index of %zu bytes is above the limit of %d", dio_map_size(file),
                        LIMIT);
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "an index of shards");
    bool ok = read_index(w, path, file, a, err);
    dio_arena_destroy(a);
    return ok;
}

const dio_weights_reader dio_weights_reader_shards = {
    .name = "shards",
    .doc = "an index of files that hold one model together",
    .suffix = ".index.json",
    .index = true,
    .magic = magic,
    .read = read,
};
