/* bundle.c: the parts of a checkpoint by name, and the tokenizer's files that belong to it. */
#include "vision/bundle.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "vision/bundle_impl.h"

const char *const bundle_part_names[PARTS + 1] = {
    "unet", "vae", "text_encoder", "text_encoder_2", "scheduler", "model_index", NULL};

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

dio_bundle *dio_bundle_open(const char *path, const char *variant, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a checkpoint");
        return NULL;
    }
    dio_bundle *b = dio_arena_alloc(a, sizeof *b);
    b->arena = a;
    b->path = dio_arena_strdup(a, path);
    b->folder = is_folder(path);
    bool ok = b->folder ? bundle_open_folder(b, variant, err) : bundle_open_file(b, err);
    if (dio_arena_failed(a)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a checkpoint");
    }
    if (ok)
        return b;
    dio_bundle_close(b);
    return NULL;
}

void dio_bundle_close(dio_bundle *b)
{
    if (!b)
        return;
    for (int i = 0; i < PARTS; i++)
        dio_weights_close(b->part[i].weights);
    dio_weights_close(b->file);
    dio_arena_destroy(b->arena);
}

dio_bundle_kind dio_bundle_kind_get(const dio_bundle *b)
{
    return b->kind;
}

const char *dio_bundle_remark(const dio_bundle *b)
{
    return b->remark;
}

static int part_of(const char *name)
{
    for (int i = 0; i < PARTS; i++)
        if (strcmp(bundle_part_names[i], name) == 0)
            return i;
    return -1;
}

const dio_value *dio_bundle_config(const dio_bundle *b, const char *part)
{
    int i = part_of(part);
    return i < 0 ? NULL : b->part[i].config;
}

const dio_weights *dio_bundle_weights(dio_bundle *b, const char *part, dio_error *err)
{
    int i = part_of(part);
    if (i < 0 || i >= PART_WEIGHTS || !b->part[i].config) {
        dio_fail(err, "%s: this checkpoint has no %s", b->path, part);
        return NULL;
    }
    struct part *p = &b->part[i];
    if (!p->weights)
        p->weights = b->folder ? dio_weights_open(p->path, err) : bundle_file_weights(b, i, err);
    return p->weights;
}

/* --- tokenizers --- */

static bool has_tokenizer(dio_arena *a, const char *dir)
{
    return dio_file_exists(dio_path_join(a, dir, "tokenizer.json")) ||
           (dio_file_exists(dio_path_join(a, dir, "vocab.json")) &&
            dio_file_exists(dio_path_join(a, dir, "merges.txt")));
}

/* dir itself, or the folder of that number within it; SDXL's two differ by their padding alone, so
 * that one may stand for the other. */
static const char *tokenizer_in(dio_arena *a, const char *dir, int number)
{
    const char *names[] = {number == 2 ? "tokenizer_2" : "tokenizer",
                           number == 2 ? "tokenizer" : "tokenizer_2"};
    for (int i = 0; i < 2; i++) {
        const char *inside = dio_path_join(a, dir, names[i]);
        if (has_tokenizer(a, inside))
            return inside;
    }
    return has_tokenizer(a, dir) ? dir : NULL;
}

const char *dio_bundle_tokenizer(dio_bundle *b, int number, const char *given, dio_error *err)
{
    dio_arena *a = b->arena;
    const char *own = b->folder ? b->path : dio_path_dir(a, b->path);
    const char *found = tokenizer_in(a, given ? given : own, number);
    if (found)
        return found;
    if (given)
        dio_fail(
            err,
            "%s: there is no tokenizer.json, nor vocab.json with merges.txt, in this folder or "
            "in tokenizer/ within it",
            given);
    else if (b->folder)
        dio_fail(err, "%s: tokenizer/ with vocab.json and merges.txt is missing from this folder",
                 b->path);
    else
        dio_fail(
            err,
            "%s: a single file carries no tokenizer: put vocab.json and merges.txt of CLIP "
            "(openai/clip-vit-large-patch14) into a folder tokenizer/ beside it, or name their "
            "folder with --tokenizer",
            b->path);
    return NULL;
}
