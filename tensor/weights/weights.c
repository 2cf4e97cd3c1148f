/* weights.c: the set of named tensors, and the choice of a reader.
 * Names are found by an open hash table, because a checkpoint has thousands and every one is
 * looked up: a scan would take the square of their number. */
#include "tensor/weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DIO_READER(name) extern const dio_weights_reader dio_weights_reader_##name;
#include "tensor/weights/readers.def"
#undef DIO_READER

#define DIO_READER(name) &dio_weights_reader_##name,
const dio_weights_reader *const dio_weights_readers[] = {
#include "tensor/weights/readers.def"
};
#undef DIO_READER
const int dio_weights_readers_count =
    (int)(sizeof dio_weights_readers / sizeof dio_weights_readers[0]);

enum { MAGIC_BYTES = 64 };

struct meta {
    const char *key, *value;
};

struct dio_weights {
    dio_arena *arena;
    const char *path;
    const dio_weights_reader *reader; /* of the first file */
    dio_tensor **items;
    int count, cap;
    int *table; /* index + 1 of an item, or 0; its size is a power of two above 2 * count */
    int table_size;
    struct meta *metas;
    int n_metas, cap_metas;
};

static uint64_t hash(const char *s)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a, 64 bits */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h ^ h >> 29;
}

/* The place of `name` in the table: where it is, or the empty place where it belongs. */
static int *slot_of(const dio_weights *w, const char *name)
{
    uint64_t mask = (uint64_t)w->table_size - 1;
    for (uint64_t i = hash(name) & mask;; i = (i + 1) & mask)
        if (!w->table[i] || strcmp(w->items[w->table[i] - 1]->name, name) == 0)
            return &w->table[i];
}

static bool grow_table(dio_weights *w)
{
    if (2 * w->count + 2 < w->table_size)
        return true;
    int size = w->table_size ? 2 * w->table_size : 64;
    int *fresh = dio_arena_try(w->arena, (size_t)size * sizeof *fresh);
    if (!fresh)
        return false;
    w->table = fresh;
    w->table_size = size;
    for (int i = 0; i < w->count; i++)
        *slot_of(w, w->items[i]->name) = i + 1;
    return true;
}

/* A tensor over the file's own bytes, or over a copy where those are not aligned to their type:
 * published files with a header of odd length exist, and no kernel reads across. */
static dio_tensor *tensor_at(const char *name, const dio_type *type, dio_map_file *file,
                             size_t offset, dio_error *err)
{
    size_t bytes = dio_type_bytes(type);
    const unsigned char *data = (const unsigned char *)dio_map_data(file) + offset;
    if (bytes == 0 || (uintptr_t)data % dio_dtype_size(type->dtype)) {
        dio_tensor *copy = dio_tensor_create(name, type, err);
        if (copy && bytes) {
            memcpy(dio_tensor_data(copy), data, bytes);
            dio_map_release(file, offset, bytes);
        }
        return copy;
    }
    dio_buffer *b = dio_buffer_map(file, offset, bytes);
    if (!b) {
        dio_fail_memory(err, "a tensor");
        return NULL;
    }
    dio_tensor *t = dio_tensor_wrap(name, type, b, 0, err);
    dio_buffer_unref(b);
    return t;
}

bool dio_weights_put(dio_weights *w, dio_tensor *t, dio_error *err)
{
    if (!grow_table(w) || !dio_arena_grow(w->arena, &w->items, w->count, &w->cap, sizeof *w->items))
        return dio_fail_memory(err, "the list of tensors");
    int *slot = slot_of(w, t->name);
    if (*slot)
        return dio_fail(err, "tensor \"%.200s\" is there twice", t->name);
    w->items[w->count++] = dio_tensor_ref(t);
    *slot = w->count;
    return true;
}

bool dio_weights_add(dio_weights *w, const char *name, const dio_type *type, dio_map_file *file,
                     size_t offset, dio_error *err)
{
    dio_tensor *t = tensor_at(name, type, file, offset, err);
    bool ok = t && dio_weights_put(w, t, err);
    dio_tensor_unref(t);
    return ok;
}

void dio_weights_add_meta(dio_weights *w, const char *key, const char *value)
{
    if (!dio_arena_grow(w->arena, &w->metas, w->n_metas, &w->cap_metas, sizeof *w->metas))
        return;
    w->metas[w->n_metas++] =
        (struct meta){dio_arena_strdup(w->arena, key), dio_arena_strdup(w->arena, value)};
}

dio_arena *dio_weights_arena(dio_weights *w)
{
    return w->arena;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Names lie: .bin, .pth and .ckpt are used for every format there is. The name only counts where
 * the bytes say nothing, so that the reader which was meant can say what is wrong. */
static const dio_weights_reader *choose(const char *path, dio_map_file *file)
{
    size_t n = dio_map_size(file);
    for (int i = 0; i < dio_weights_readers_count; i++)
        if (dio_weights_readers[i]->magic(dio_map_data(file), n < MAGIC_BYTES ? n : MAGIC_BYTES))
            return dio_weights_readers[i];
    for (int i = 0; i < dio_weights_readers_count; i++)
        if (dio_weights_readers[i]->suffix && ends_with(path, dio_weights_readers[i]->suffix))
            return dio_weights_readers[i];
    return NULL;
}

static bool read_file(dio_weights *w, const char *path, bool shard, dio_error *err)
{
    dio_map_file *file = dio_map_open(path, err);
    if (!file)
        return false;
    const dio_weights_reader *reader = choose(path, file);
    bool ok = false;
    if (!reader)
        dio_fail(err, "not a file of weights that is known here: safetensors and "
                      "checkpoints of PyTorch are");
    else if (shard && reader->index)
        dio_fail(err, "an index of shards stands where a shard should");
    else
        ok = reader->read(w, path, file, err);
    if (ok && !w->reader)
        w->reader = reader;
    dio_map_unref(file);
    return ok || dio_error_at(err, path, 0, 0);
}

bool dio_weights_read(dio_weights *w, const char *path, dio_error *err)
{
    return read_file(w, path, true, err);
}

/* In a folder, the index of shards or the one file, safetensors first; any other path as it is. */
static const char *file_at(dio_arena *a, const char *path, dio_error *err)
{
    static const char *const names[] = {"model.safetensors.index.json",
                                        "model.safetensors",
                                        "pytorch_model.bin.index.json",
                                        "pytorch_model.bin",
                                        "diffusion_pytorch_model.safetensors.index.json",
                                        "diffusion_pytorch_model.safetensors",
                                        "diffusion_pytorch_model.bin.index.json",
                                        "diffusion_pytorch_model.bin"};
    struct stat s;
    if (stat(path, &s) < 0 || !S_ISDIR(s.st_mode))
        return dio_arena_strdup(a, path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *inside = dio_path_join(a, path, names[i]);
        if (dio_file_exists(inside))
            return inside;
    }
    dio_fail(err,
             "%s: there is neither %s nor %s (nor diffusion_ before either), and no index of "
             "shards of either",
             path, names[1], names[3]);
    return NULL;
}

static dio_weights *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "weights");
        return NULL;
    }
    dio_weights *w = dio_arena_alloc(a, sizeof *w);
    w->arena = a;
    return w;
}

dio_weights *dio_weights_like(const dio_weights *other, dio_error *err)
{
    dio_weights *w = start(err);
    if (!w)
        return NULL;
    w->path = dio_arena_strdup(w->arena, other->path);
    w->reader = other->reader;
    if (w->path && grow_table(w) && !dio_arena_failed(w->arena))
        return w;
    dio_fail_memory(err, "weights");
    dio_weights_close(w);
    return NULL;
}

dio_weights *dio_weights_open(const char *path, dio_error *err)
{
    dio_weights *w = start(err);
    if (!w)
        return NULL;
    w->path = file_at(w->arena, path, err);
    if (w->path && grow_table(w) && read_file(w, w->path, false, err) &&
        !dio_arena_failed(w->arena))
        return w;
    dio_fail_memory(err, "weights"); /* where nothing was said before */
    dio_weights_close(w);
    return NULL;
}

void dio_weights_close(dio_weights *w)
{
    if (!w)
        return;
    for (int i = 0; i < w->count; i++)
        dio_tensor_unref(w->items[i]);
    dio_arena_destroy(w->arena);
}

int dio_weights_count(const dio_weights *w)
{
    return w->count;
}

dio_tensor *dio_weights_at(const dio_weights *w, int i)
{
    return w->items[i];
}

dio_tensor *dio_weights_find(const dio_weights *w, const char *name)
{
    int found = *slot_of(w, name);
    return found ? w->items[found - 1] : NULL;
}

int dio_weights_meta_count(const dio_weights *w)
{
    return w->n_metas;
}

const char *dio_weights_meta_at(const dio_weights *w, int i, const char **key)
{
    *key = w->metas[i].key;
    return w->metas[i].value;
}

const char *dio_weights_meta_find(const dio_weights *w, const char *key)
{
    for (int i = 0; i < w->n_metas; i++)
        if (strcmp(w->metas[i].key, key) == 0)
            return w->metas[i].value;
    return NULL;
}

const char *dio_weights_path(const dio_weights *w)
{
    return w->path;
}

const char *dio_weights_format(const dio_weights *w)
{
    return w->reader->name;
}
