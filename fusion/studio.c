/* studio.c: opened when asked for. A failure is not remembered: the next step that asks hears the
 * same sentence again, which is the cheapest way to tell it. */
#include "fusion/studio.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "fusion/hashes.h"

struct entry {
    const char *name; /* as it was asked for: a name or a path */
    const dio_preset *preset;
    struct entry *next;
};

/* A model is opened as a writer of ads, as a language model, or as both. */
struct model {
    const char *name, *path; /* path: where it lies, once that was looked up */
    dio_copywriter *writer;
    dio_lm *lm;
    dio_tokenizer *tokenizer;
    dio_upscaler *upscaler;
    dio_speaker *speaker;
    struct model *next;
};

struct dio_studio {
    dio_arena *arena;
    const char *assets, *device_kind;
    dio_fonts *fonts;
    dio_palettes palettes;
    struct entry *presets;
    dio_device *device;
    struct model *models;
    dio_painting *painting;
    char *painting_key;
    dio_hashes *hashes; /* borrowed */
    struct touched *touched;
    int touches, touches_cap;
    bool untold; /* there was no memory to note one */
    char epoch[DIO_HASH_TEXT];
};

struct touched {
    dio_touch what;
    char *name;
};

dio_studio *dio_studio_create(const char *assets, dio_error *err)
{
    dio_studio *s = calloc(1, sizeof *s);
    if (s && !(s->arena = dio_arena_create())) {
        free(s);
        s = NULL;
    }
    if (!s) {
        dio_fail_memory(err, "a studio");
        return NULL;
    }
    s->assets = dio_arena_strdup(s->arena, assets);
    s->device_kind = "auto";
    return s;
}

void dio_studio_destroy(dio_studio *s)
{
    if (!s)
        return;
    for (struct model *m = s->models; m; m = m->next) {
        dio_copywriter_close(m->writer);
        dio_tokenizer_destroy(m->tokenizer);
        dio_lm_close(m->lm);
        dio_upscaler_close(m->upscaler);
        dio_speaker_close(m->speaker);
    }
    dio_painting_close(s->painting);
    free(s->painting_key);
    dio_device_close(s->device);
    dio_fonts_close(s->fonts);
    dio_studio_trace(s);
    free(s->touched);
    dio_arena_destroy(s->arena);
    free(s);
}

const char *dio_studio_assets(const dio_studio *s)
{
    return s->assets;
}

dio_fonts *dio_studio_fonts(dio_studio *s, dio_error *err)
{
    if (!s->fonts)
        s->fonts = dio_fonts_open(s->assets, err);
    return s->fonts;
}

bool dio_studio_starved(const dio_studio *s)
{
    return dio_arena_failed(s->arena);
}

/* Nothing that the arena gave since it failed may be kept. */
static bool is_sound(const dio_studio *s, dio_error *err)
{
    return !dio_arena_failed(s->arena) || dio_fail_memory(err, "a studio");
}

const dio_palettes *dio_studio_palettes(dio_studio *s, dio_error *err)
{
    if (!is_sound(s, err) ||
        (!s->palettes.list && !dio_palettes_read(s->arena, s->assets, &s->palettes, err)))
        return NULL;
    return is_sound(s, err) ? &s->palettes : NULL;
}

const dio_preset *dio_studio_preset(dio_studio *s, const char *name, dio_error *err)
{
    for (const struct entry *e = s->presets; e; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e->preset;
    }
    if (!is_sound(s, err))
        return NULL;
    const dio_preset *preset = dio_preset_read(s->arena, s->assets, name, err);
    if (!preset)
        return NULL;
    struct entry *e = dio_arena_alloc(s->arena, sizeof *e);
    *e = (struct entry){dio_arena_strdup(s->arena, name), preset, s->presets};
    if (!is_sound(s, err))
        return NULL;
    s->presets = e;
    return preset;
}

void dio_studio_use(dio_studio *s, const char *device)
{
    s->device_kind = dio_arena_strdup(s->arena, device);
}

dio_device *dio_studio_device(dio_studio *s, dio_error *err)
{
    dio_studio_touch(s, DIO_TOUCH_DEVICE, s->device_kind);
    if (!s->device)
        s->device = dio_device_open(s->device_kind, err);
    return s->device;
}

/* NULL: no memory, which path_of tells. */
static struct model *model_of(dio_studio *s, const char *name)
{
    for (struct model *m = s->models; m; m = m->next) {
        if (strcmp(m->name, name) == 0)
            return m;
    }
    struct model *m = dio_arena_alloc(s->arena, sizeof *m);
    *m = (struct model){.name = dio_arena_strdup(s->arena, name), .next = s->models};
    return dio_arena_failed(s->arena) ? NULL : (s->models = m);
}

/* Where a model lies, NULL with a message; what is made with it depends on it. */
static const char *path_of(dio_studio *s, struct model *m, dio_error *err)
{
    if (!is_sound(s, err))
        return NULL;
    if (!m->path)
        m->path = dio_assets_model(s->arena, m->name, err);
    if (!is_sound(s, err))
        return NULL;
    if (m->path)
        dio_studio_touch(s, DIO_TOUCH_MODEL, m->name);
    dio_studio_touch(s, DIO_TOUCH_DEVICE, s->device_kind); /* also where a model opens its own */
    return m->path;
}

dio_copywriter *dio_studio_copywriter(dio_studio *s, const char *model, dio_error *err)
{
    dio_device *device = dio_studio_device(s, err);
    struct model *m = model_of(s, model);
    const char *path = device ? path_of(s, m, err) : NULL;
    if (path && !m->writer)
        m->writer = dio_copywriter_open(model, device, err);
    return path ? m->writer : NULL;
}

const dio_lm *dio_studio_lm(dio_studio *s, const char *model, const dio_tokenizer **tokenizer,
                            dio_error *err)
{
    dio_device *device = dio_studio_device(s, err);
    struct model *m = model_of(s, model);
    const char *path = device ? path_of(s, m, err) : NULL;
    if (!path)
        return NULL;
    if (!m->tokenizer && !(m->tokenizer = dio_tokenizer_load(path, err)))
        return NULL;
    if (!m->lm)
        m->lm = dio_lm_open(path, &(dio_lm_options){.dtype = DIO_DTYPES}, err);
    *tokenizer = m->tokenizer;
    return m->lm;
}

dio_speaker *dio_studio_speaker(dio_studio *s, const char *model, dio_error *err)
{
    struct model *m = model_of(s, model);
    const char *path = path_of(s, m, err);
    if (path && !m->speaker)
        m->speaker = dio_speaker_open(path, err);
    return path ? m->speaker : NULL;
}

const dio_upscaler *dio_studio_upscaler(dio_studio *s, const char *model, dio_error *err)
{
    struct model *m = model_of(s, model);
    const char *path = path_of(s, m, err);
    if (path && !m->upscaler)
        m->upscaler = dio_upscaler_open(path, err);
    return path ? m->upscaler : NULL;
}

/* All that the open model depends on. */
static char *painting_key(const char *model, const dio_diffuser_options *o)
{
    dio_str key = {0};
    dio_str_printf(&key, "%s\n%s", model, o->vae ? o->vae : "");
    for (int i = 0; i < o->n_loras; i++)
        dio_str_printf(&key, "\n%s %.17g", o->loras[i].path, o->loras[i].scale);
    if (!key.failed)
        return key.text;
    dio_str_deinit(&key);
    return NULL;
}

dio_painting *dio_studio_painting(dio_studio *s, const char *model,
                                  const dio_diffuser_options *options, dio_error *err)
{
    char *key = painting_key(model, options);
    if (!key) {
        dio_fail_memory(err, "a picture model");
        return NULL;
    }
    dio_device *device = dio_studio_device(s, err);
    const char *path = device ? path_of(s, model_of(s, model), err) : NULL;
    if (path && options->vae)
        dio_studio_touch(s, DIO_TOUCH_FILE, options->vae);
    for (int i = 0; path && i < options->n_loras; i++)
        dio_studio_touch(s, DIO_TOUCH_FILE, options->loras[i].path);
    if (s->painting && path && strcmp(s->painting_key, key) == 0) {
        free(key);
        return s->painting;
    }
    dio_painting_close(s->painting);
    free(s->painting_key);
    s->painting = NULL;
    s->painting_key = key;
    return s->painting = path ? dio_painting_open(path, options, device, err) : NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* What a model is read from; the rest of its folder does not change what it makes. */
static bool is_of_model(const char *name)
{
    static const char *const ends[] = {".safetensors", ".json", ".bin", ".pth", ".pt", ".ckpt"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(name, ends[i]))
            return true;
    return false;
}

/* The files of a folder and, as models of several networks have them, of the folders in it, under
 * their path from the model's. */
static bool put_hashes(dio_studio *s, dio_value *files, dio_arena *a, const char *dir,
                       const char *before, dio_error *err)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, NULL, alphasort);
    char hash[DIO_HASH_TEXT];
    bool ok = true;
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name, *path = dio_path_join(a, dir, name);
        struct stat st;
        bool folder = !*before && *name != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        if (ok && folder) {
            ok = put_hashes(s, files, a, path, dio_arena_printf(a, "%s/", name), err);
        } else if (ok && is_of_model(name)) {
            ok = dio_studio_hash(s, path, hash, err);
            dio_map_set(a, files, dio_arena_printf(a, "%s%s", before, name),
                        dio_value_string(a, hash));
        }
        free(list[i]);
    }
    free(list);
    return ok;
}

const dio_value *dio_studio_model_facts(dio_studio *s, const char *model, dio_arena *a,
                                        dio_error *err)
{
    const char *path = path_of(s, model_of(s, model), err);
    struct stat st;
    if (!path)
        return NULL;
    dio_value *facts = dio_value_map(a), *files = dio_value_map(a);
    char hash[DIO_HASH_TEXT];
    bool ok = true;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        ok = put_hashes(s, files, a, path, "", err);
    } else {
        ok = dio_studio_hash(s, path, hash, err);
        const char *slash = strrchr(path, '/');
        dio_map_set(a, files, slash ? slash + 1 : path, dio_value_string(a, hash));
    }
    dio_map_set(a, facts, "name", dio_value_string(a, model));
    dio_map_set(a, facts, "sha256", files);
    return ok ? facts : NULL;
}

/* ---- what results depend on ---- */

void dio_studio_remember(dio_studio *s, dio_hashes *h)
{
    s->hashes = h;
}

bool dio_studio_hash(dio_studio *s, const char *path, char *out, dio_error *err)
{
    if (s->hashes)
        return dio_hashes_path(s->hashes, path, out, err);
    dio_hashes *h = dio_hashes_open(NULL, err);
    bool ok = h && dio_hashes_path(h, path, out, err);
    dio_hashes_close(h);
    return ok;
}

void dio_studio_trace(dio_studio *s)
{
    for (int i = 0; i < s->touches; i++)
        free(s->touched[i].name);
    s->touches = 0;
    s->untold = false;
}

void dio_studio_touch(dio_studio *s, dio_touch what, const char *name)
{
    for (int i = 0; i < s->touches; i++)
        if (s->touched[i].what == what && strcmp(s->touched[i].name, name) == 0)
            return;
    if (s->touches == s->touches_cap) {
        int cap = s->touches_cap ? 2 * s->touches_cap : 16;
        struct touched *list = realloc(s->touched, (size_t)cap * sizeof *list);
        s->untold = s->untold || !list;
        if (!list)
            return;
        s->touched = list;
        s->touches_cap = cap;
    }
    char *copy = strdup(name);
    s->untold = s->untold || !copy;
    if (copy)
        s->touched[s->touches++] = (struct touched){what, copy};
}

bool dio_studio_told_all(const dio_studio *s)
{
    return !s->untold;
}

const char *dio_studio_touched(const dio_studio *s, int i, dio_touch *what)
{
    if (i >= s->touches)
        return NULL;
    *what = s->touched[i].what;
    return s->touched[i].name;
}

bool dio_studio_device_hash(dio_studio *s, char *out, dio_error *err)
{
    dio_device *d = dio_studio_device(s, err);
    dio_str text = {0};
    if (!d)
        return false;
    dio_str_printf(&text, "%s %.*s %s", d->kind, (int)strcspn(d->name, ","), d->name, d->math);
    bool ok = !text.failed || dio_fail_memory(err, "a key");
    ok = ok && dio_hash_bytes(text.text, text.length, out, err);
    dio_str_deinit(&text);
    return ok;
}

const char *dio_studio_epoch(dio_studio *s, const char *hash)
{
    if (hash)
        memcpy(s->epoch, hash, DIO_HASH_TEXT);
    return *s->epoch ? s->epoch : NULL;
}
