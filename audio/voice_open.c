/* voice_open.c: a voice from the files that are published.
 * Weights of training alone are left out before loading, so that what is left must be used whole.
 */
#include <stdio.h>
#include <string.h>

#include "audio/piper.h"
#include "audio/voice_impl.h"
#include "base/file.h"

enum { CONFIG_LIMIT = 16 << 20 };

/* Of training alone. */
static const char *const unused[] = {"posterior_encoder.", "duration_predictor.post_",
                                     "duration_predictor.flows.1.", NULL};

static bool load(dio_voice *v, const dio_value *config, const dio_weights *from, dio_error *err)
{
    if (!dio_network_make(&v->net, config, err) || !dio_network_list(&v->net, err))
        return false;
    dio_weights *needed = dio_weights_without(from, unused, err);
    bool ok = needed && dio_network_load(&v->net, needed, DIO_F32, err);
    dio_weights_close(needed);
    return ok;
}

dio_voice *dio_voice_build(const dio_value *config, const dio_weights *from, dio_error *err)
{
    dio_voice *v = dio_network_begin(&dio_voice_kind, err);
    return v ? dio_network_end(v, config && from && load(v, config, from, err), err) : NULL;
}

static bool open_folder(dio_voice *v, const char *dir, dio_error *err)
{
    dio_arena *a = v->net.arena;
    const dio_value *config = dio_network_config(&v->net, dir, err);
    dio_weights *from = config ? dio_weights_open(dir, err) : NULL;
    bool ok = from && load(v, config, from, err);
    dio_weights_close(from);
    if (ok && dio_file_exists(dio_path_join(a, dir, "vocab.json"))) {
        v->symbols = dio_symbols_open(dir, v->shape.symbols, err);
        ok = v->symbols != NULL;
    }
    return ok;
}

static bool is_piper(const char *path)
{
    size_t n = strlen(path);
    return n > 5 && strcmp(path + n - 5, ".onnx") == 0;
}

static bool open_piper(dio_voice *v, const char *path, dio_error *err)
{
    dio_arena *a = v->net.arena;
    dio_value *config = NULL;
    dio_weights *from = NULL;
    const char *name = dio_arena_printf(a, "%s.json", path);
    dio_value *json = name ? dio_value_read(a, name, CONFIG_LIMIT, err) : NULL;
    bool ok =
        json && dio_piper_read(path, json, a, &config, &from, err) && load(v, config, from, err);
    dio_weights_close(from);
    if (ok) {
        v->symbols = dio_symbols_piper(json, v->shape.symbols, err);
        ok = v->symbols || dio_error_at(err, name, 0, 0);
    }
    return ok;
}

dio_voice *dio_voice_open(const char *path, dio_error *err)
{
    dio_voice *v = dio_network_begin(&dio_voice_kind, err);
    if (!v)
        return NULL;
    bool ok = is_piper(path) ? open_piper(v, path, err) : open_folder(v, path, err);
    if (!ok) {
        dio_symbols_destroy(v->symbols);
        v->symbols = NULL;
    }
    return dio_network_end(v, ok, err);
}
