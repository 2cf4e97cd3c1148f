/* vocoder_open.c: where published vocoders lie on a disk.
 * A folder holds a config (config.json, config.yaml) and weights under a usual name, or, of those
 * that training scripts write, the last by name (g_02500000 is HiFi-GAN's). A file of weights is
 * taken with the config beside it, or without one when a family knows it by its shapes. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/models.h"
#include "audio/vocoder_impl.h"
#include "base/file.h"

enum { CONFIG_LIMIT = 4 << 20 };

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static const char *config_in(dio_arena *a, const char *dir)
{
    static const char *const names[] = {"config.json", "config.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = dio_path_join(a, dir, names[i]);
        if (path && dio_file_exists(path))
            return path;
    }
    return NULL;
}

static bool is_usual(dio_arena *a, const char *dir)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                        "pytorch_model.bin", "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = dio_path_join(a, dir, names[i]);
        if (path && dio_file_exists(path))
            return true;
    }
    return false;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

static int is_weights(const struct dirent *e)
{
    const char *n = e->d_name;
    return strncmp(n, "g_", 2) == 0 || strncmp(n, "generator", 9) == 0 || ends_in(n, ".pt") ||
           ends_in(n, ".pth") || ends_in(n, ".bin") || ends_in(n, ".safetensors");
}

/* The last by name of what a training script may have written; NULL with a message. */
static const char *trained(dio_arena *a, const char *dir, dio_error *err)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, is_weights, alphasort);
    const char *path = NULL;
    if (n > 0)
        path = dio_path_join(a, dir, list[n - 1]->d_name);
    else
        dio_fail(err, "there are no weights in this folder: model.safetensors, pytorch_model.bin, "
                      "or a training script's (g_02500000, best_netG.pt)");
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    if (!path)
        dio_error_at(err, dir, 0, 0);
    return path;
}

static dio_weights *weights_of(dio_arena *a, const char *path, dio_error *err)
{
    if (is_folder(path) && !is_usual(a, path))
        path = trained(a, path, err);
    return path ? dio_weights_open(path, err) : NULL;
}

/* The config that tensors imply, by the first family that knows their names. */
static dio_value *implied(dio_arena *a, const dio_weights *from, dio_error *err)
{
    const dio_model_set *set = &dio_audio_models;
    dio_value *config = NULL;
    for (int i = 0; i < set->count; i++) {
        const dio_model *m = set->items[i];
        if (!m->infer || strcmp(m->kind, dio_vocoder_kind.kind) != 0)
            continue;
        if (m->infer(from, a, &config, err))
            return config;
        if (err->kind != DIO_ERROR_NONE)
            return NULL;
    }
    dio_fail(err, "no vocoder is known by these tensors alone, and there is no config.json or "
                  "config.yaml beside them");
    dio_error_at(err, dio_weights_path(from), 0, 0);
    return NULL;
}

/* A wrong config is refused before any weights are looked for. */
static bool open_configured(dio_vocoder *v, const char *path, const char *config_path,
                            dio_error *err)
{
    dio_arena *a = v->net.arena;
    const dio_value *config = dio_value_read(a, config_path, CONFIG_LIMIT, err);
    if (!config || !dio_vocoder_make(v, config, err))
        return false;
    dio_weights *from = weights_of(a, path, err);
    bool ok = from && dio_vocoder_load(v, from, err);
    dio_weights_close(from);
    return ok;
}

static bool open_bare(dio_vocoder *v, const char *path, dio_error *err)
{
    dio_weights *from = weights_of(v->net.arena, path, err);
    dio_weights *folded = from ? dio_weights_folded(from, err) : NULL;
    const dio_value *config = folded ? implied(v->net.arena, folded, err) : NULL;
    bool ok = config && dio_vocoder_make(v, config, err) && dio_vocoder_load(v, folded, err);
    dio_weights_close(folded);
    dio_weights_close(from);
    return ok;
}

dio_vocoder *dio_vocoder_open(const char *path, dio_error *err)
{
    dio_vocoder *v = dio_network_begin(&dio_vocoder_kind, err);
    if (!v)
        return NULL;
    dio_arena *a = v->net.arena;
    const char *dir = is_folder(path) ? path : dio_path_dir(a, path);
    const char *config = config_in(a, dir);
    bool ok = config ? open_configured(v, path, config, err) : open_bare(v, path, err);
    return dio_network_end(v, ok, err);
}
