/* torch_zip.c: what torch.save has written since 1.6: an archive of a pickle and its storages.
 *
 *     NAME/data.pkl   the pickle, in which a storage is ("storage", type, KEY, place, numbers)
 *     NAME/data/KEY   that storage's bytes
 *     NAME/byteorder  "little" or "big"; early files have none, and are little
 *
 * NAME is any one folder. A TorchScript program looks much the same and brings code along; it is
 * refused for what it is. */
#include <stdio.h>
#include <string.h>

#include "tensor/weights/torch_state.h"
#include "tensor/weights/zip.h"

enum {
    PICKLE_LIMIT = 100000000, /* of bytes; the largest seen have some millions */
    FOLDER_LIMIT = 200,
    PATH_BYTES = FOLDER_LIMIT + 80,
};

static const char DATA[] = "/data.pkl";

static bool magic(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

struct archive {
    dio_zip zip;
    char folder[FOLDER_LIMIT + 1];
};

/* The entry of a name in the archive's folder. */
static const dio_zip_entry *find(const struct archive *a, const char *name, int n)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%.*s", a->folder, n, name);
    return dio_zip_find(&a->zip, path);
}

/* Whether the entry is FOLDER/data.pkl, with one folder only. */
static bool is_pickle(const dio_zip_entry *e)
{
    size_t n = sizeof DATA - 1;
    return e->name_length > n && memcmp(e->name + e->name_length - n, DATA, n) == 0 &&
           !memchr(e->name, '/', e->name_length - n);
}

static const dio_zip_entry *find_pickle(struct archive *a, dio_error *err)
{
    const dio_zip_entry *found = NULL;
    for (int i = 0; i < a->zip.count; i++) {
        const dio_zip_entry *e = &a->zip.entries[i];
        if (!is_pickle(e))
            continue;
        if (found) {
            dio_fail(err, "the zip archive holds two checkpoints, \"%.*s\" and \"%.*s\"",
                     (int)found->name_length, found->name, (int)e->name_length, e->name);
            return NULL;
        }
        found = e;
    }
    size_t n = found ? found->name_length - (sizeof DATA - 1) : 0;
    if (!found)
        dio_fail(err, "the zip archive is no checkpoint of torch.save: it has no NAME/data.pkl");
    else if (n > FOLDER_LIMIT)
        dio_fail(err, "the archive's folder has a name of %zu bytes, above the limit of %d", n,
                 FOLDER_LIMIT);
    else if (found->bytes > PICKLE_LIMIT)
        dio_fail(err, "data.pkl has %zu bytes, above the limit of %d", found->bytes, PICKLE_LIMIT);
    else
        snprintf(a->folder, sizeof a->folder, "%.*s", (int)n, found->name);
    return a->folder[0] ? found : NULL;
}

static bool check_kind(const struct archive *a, dio_error *err)
{
    const dio_zip_entry *order = find(a, "byteorder", 9);
    if (find(a, "constants.pkl", 13))
        return dio_fail(err, "this is a TorchScript program, not the weights of a model: save its "
                             "state_dict()");
    if (order && (order->bytes != 6 || memcmp(a->zip.bytes + order->offset, "little", 6) != 0))
        return dio_fail(err,
                        "the checkpoint was saved on a machine of another byte order, which is "
                        "not supported");
    return true;
}

/* Each storage is the entry of its key, and exactly as long as it says. */
static bool place(const struct archive *a, dio_pickle *p, dio_error *err)
{
    char path[80];
    for (int i = 0; i < p->n_storages; i++) {
        dio_pickle_storage *s = p->storages[i];
        int n = snprintf(path, sizeof path, "data/%.*s", s->key_length, s->key);
        const dio_zip_entry *e = find(a, path, n);
        p->op_at = s->at;
        if (!e)
            return dio_pickle_fail(p, err, "storage \"%.*s\" is not in the archive", s->key_length,
                                   s->key);
        if (e->bytes != s->bytes)
            return dio_pickle_fail(p, err,
                                   "storage \"%.*s\" is %zu numbers of %s, %zu bytes, but has "
                                   "%zu in the archive",
                                   s->key_length, s->key, s->count, dio_dtype_name(s->dtype),
                                   s->bytes, e->bytes);
        s->offset = e->offset;
    }
    return true;
}

static bool read_archive(dio_weights *w, dio_map_file *file, dio_arena *arena, dio_error *err)
{
    struct archive *a = dio_arena_alloc(arena, sizeof *a);
    if (!dio_zip_open(&a->zip, dio_map_data(file), dio_map_size(file), arena, err))
        return false;
    const dio_zip_entry *e = find_pickle(a, err);
    if (!e || !check_kind(a, err))
        return false;
    char *name = dio_arena_strndup(arena, e->name, e->name_length);
    dio_pickle p = {.arena = dio_arena_create(),
                    .name = name,
                    .bytes = a->zip.bytes + e->offset,
                    .size = e->bytes};
    if (!p.arena)
        return dio_fail_memory(err, "a pickle");
    const dio_pickle_value *root = dio_pickle_run(&p, err);
    p.op_at = p.at;
    bool ok =
        root && (p.at == p.size ||
                 dio_pickle_fail(&p, err, "bytes left over after the pickle: %zu", p.size - p.at));
    ok = ok && dio_torch_storages(&p, err) && place(a, &p, err) &&
         dio_torch_state(w, file, &p, root, err);
    dio_arena_destroy(p.arena);
    return ok;
}

static bool read(dio_weights *w, const char *path, dio_map_file *file, dio_error *err)
{
    dio_arena *arena = dio_arena_create();
    (void)path;
    if (!arena)
        return dio_fail_memory(err, "a checkpoint");
    bool ok = read_archive(w, file, arena, err);
    dio_arena_destroy(arena);
    return ok;
}

const dio_weights_reader dio_weights_reader_torch_zip = {
    .name = "torch",
    .doc = "a checkpoint of torch.save: the weights in it, and nothing else",
    .magic = magic,
    .read = read,
};
