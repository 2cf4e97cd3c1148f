/* torch_legacy.c: what torch.save wrote before 1.6, and still writes when asked to.
 *
 *     pickle: a magic number    pickle: 1001    pickle: facts about the machine
 *     pickle: the object        pickle: [KEY, ..]
 *     then for each KEY in that order: how many numbers (8 bytes), and their bytes
 *
 * The bytes stand wherever the pickles before them end, so hardly a storage is aligned to its type;
 * torch_state.c copies those. */
#include <string.h>

#include "tensor/weights/little.h"
#include "tensor/weights/torch_state.h"

enum { PROTOCOL = 1001, COUNT_BYTES = 8, MAGIC_WITHIN = 32 };

/* 0x1950a86a20f9469cfc6c, least byte first. */
static const uint8_t MAGIC[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

/* Any pickle: what is not torch's is told so. */
static bool magic(const uint8_t *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
}

/* The magic number is looked for before anything of a stranger's pickle is interpreted. */
static bool has_magic(const dio_pickle *p)
{
    for (size_t i = 0; i < MAGIC_WITHIN && i + sizeof MAGIC <= p->size; i++)
        if (memcmp(p->bytes + i, MAGIC, sizeof MAGIC) == 0)
            return true;
    return false;
}

static bool check_head(dio_pickle *p, dio_error *err)
{
    const dio_pickle_value *v;
    if (!has_magic(p))
        return dio_fail(err,
                        "this is a pickle, but none that torch.save has written: only weights are "
                        "read from pickles; save the model's state_dict()");
    if (!(v = dio_pickle_run(p, err)))
        return false;
    if (v->kind != DIO_PICKLE_BYTES || v->text.length != sizeof MAGIC ||
        memcmp(v->text.bytes, MAGIC, sizeof MAGIC) != 0)
        return dio_pickle_fail(p, err, "the first pickle is not the magic number of torch.save");
    if (!(v = dio_pickle_run(p, err)))
        return false;
    if (v->kind != DIO_PICKLE_INT || v->integer != PROTOCOL)
        return dio_pickle_fail(p, err, "the second pickle is not %d, the one version there is",
                               PROTOCOL);
    if (!(v = dio_pickle_run(p, err)))
        return false;
    const dio_pickle_value *little = dio_pickle_get(v, "little_endian");
    if (v->kind != DIO_PICKLE_DICT)
        return dio_pickle_fail(p, err, "the third pickle, about the machine, is not a dict");
    return !little || (little->kind == DIO_PICKLE_BOOL && little->integer) ||
           dio_pickle_fail(p, err,
                           "the checkpoint was saved on a machine of another byte order, which "
                           "is not supported");
}

/* The storage of a key, whose bytes begin at p->at. */
static bool place_one(dio_pickle *p, const dio_pickle_value *key, dio_error *err)
{
    size_t left = p->size - p->at;
    p->op_at = p->at;
    if (key->kind != DIO_PICKLE_TEXT)
        return dio_pickle_fail(p, err, "the list of storages holds %s, not a key",
                               dio_pickle_kind_name(key->kind));
    int n = key->text.length < 64 ? (int)key->text.length : 64;
    dio_pickle_storage *s = dio_torch_storage(p, key->text.bytes, key->text.length);
    if (!s)
        return dio_pickle_fail(p, err, "storage \"%.*s\" is listed, but no tensor is in it", n,
                               key->text.bytes);
    if (s->placed)
        return dio_pickle_fail(p, err, "storage \"%.*s\" is listed twice", n, key->text.bytes);
    if (left < COUNT_BYTES || left - COUNT_BYTES < s->bytes)
        return dio_pickle_fail(p, err,
                               "storage \"%.*s\" takes %zu bytes and their number, but %zu are "
                               "left: the file was cut short",
                               n, key->text.bytes, s->bytes, left);
    uint64_t count = dio_little64(p->bytes + p->at);
    if (count != s->count)
        return dio_pickle_fail(p, err,
                               "storage \"%.*s\" has %llu numbers, but tensors are told of %zu", n,
                               key->text.bytes, (unsigned long long)count, s->count);
    s->offset = p->at + COUNT_BYTES;
    s->placed = true;
    p->at = s->offset + s->bytes;
    return true;
}

static bool place(dio_pickle *p, const dio_pickle_value *keys, dio_error *err)
{
    if (keys->kind != DIO_PICKLE_LIST)
        return dio_pickle_fail(p, err, "the fifth pickle is %s, not the list of storages",
                               dio_pickle_kind_name(keys->kind));
    for (int i = 0; i < keys->list.count; i++)
        if (!place_one(p, keys->list.items[i], err))
            return false;
    p->op_at = p->at;
    if (p->at != p->size)
        return dio_pickle_fail(p, err, "bytes left over after the last storage: %zu",
                               p->size - p->at);
    for (int i = 0; i < p->n_storages; i++) {
        const dio_pickle_storage *s = p->storages[i];
        if (!s->placed)
            return dio_pickle_fail(p, err,
                                   "storage \"%.*s\", named at byte %zu, is not in the file",
                                   s->key_length, s->key, s->at);
    }
    return true;
}

static bool read(dio_weights *w, const char *path, dio_map_file *file, dio_error *err)
{
    (void)path;
    dio_pickle p = {
        .arena = dio_arena_create(), .bytes = dio_map_data(file), .size = dio_map_size(file)};
    if (!p.arena)
        return dio_fail_memory(err, "a checkpoint");
    const dio_pickle_value *root = check_head(&p, err) ? dio_pickle_run(&p, err) : NULL;
    const dio_pickle_value *keys = root ? dio_pickle_run(&p, err) : NULL;
    bool ok = keys && dio_torch_storages(&p, err) && place(&p, keys, err) &&
              dio_torch_state(w, file, &p, root, err);
    dio_arena_destroy(p.arena);
    return ok;
}

const dio_weights_reader dio_weights_reader_torch_legacy = {
    .name = "torch (before 1.6)",
    .doc = "a checkpoint of the older torch.save",
    .magic = magic,
    .read = read,
};
