/* lm.c: a language model from its folder and back, and its place in a graph. */
#include "text/lm.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tensor/ops.h"

enum { CONFIG_LIMIT = 16 << 20, IGNORED_TARGET = -100 };

/* --- opening and closing --- */

static dio_lm *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a language model");
        return NULL;
    }
    dio_lm *lm = dio_arena_alloc(a, sizeof *lm);
    lm->arena = a;
    return lm;
}

/* The model, or NULL. Once its arena has run dry, what was read and what was said may be torn. */
static dio_lm *finish(dio_lm *lm, bool ok, dio_error *err)
{
    if (dio_arena_failed(lm->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a language model");
    }
    if (ok)
        return lm;
    dio_lm_close(lm);
    return NULL;
}

static bool build(dio_lm *lm, const dio_value *config, dio_error *err)
{
    lm->config = config;
    lm->family = dio_model_find(dio_text_models, config, err);
    if (!lm->family)
        return false;
    lm->ops = lm->family->ops;
    lm->model = dio_model_build(lm->family, config, lm->arena, err);
    if (!lm->model)
        return false;
    lm->ops->shape(lm->model, &lm->shape);
    return dio_walk_init(&lm->walk, lm->family->walk, lm->model, NULL, err);
}

static bool load(dio_lm *lm, dio_dtype dtype, dio_error *err)
{
    dio_weights *w = dio_weights_open(lm->dir, err);
    if (!w)
        return false;
    bool ok = dio_walk_load(&lm->walk, w, dtype, 0, "", NULL, err);
    dio_weights_close(w);
    return ok;
}

dio_lm *dio_lm_open(const char *dir, const dio_lm_options *options, dio_error *err)
{
    dio_lm_options o = options ? *options : (dio_lm_options){0};
    dio_lm *lm = start(err);
    if (!lm)
        return NULL;
    lm->dir = dio_arena_strdup(lm->arena, dir);
    const char *path = dio_path_join(lm->arena, dir, "config.json");
    dio_value *config = dio_value_read(lm->arena, path, CONFIG_LIMIT, err);
    bool ok = config && build(lm, config, err) && load(lm, o.dtype, err) &&
              (!o.adapter || dio_lm_load_lora(lm, o.adapter, err));
    return finish(lm, ok, err);
}

/* A config can ask for more than the machine has; the kernel would find out by killing us. */
static bool fits(const dio_lm *lm, dio_dtype dtype, dio_error *err)
{
    double need = (double)dio_walk_parameters(&lm->walk) * (dtype == DIO_BF16 ? 2 : 4);
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return need < have ||
           dio_fail(err,
                    "a model of this config has %lld parameters, %.1f GB; this machine has %.1f "
                    "GB of memory",
                    (long long)dio_walk_parameters(&lm->walk), need / 1e9, have / 1e9);
}

dio_lm *dio_lm_create(const dio_value *config, uint64_t seed, dio_dtype dtype, dio_error *err)
{
    dio_lm *lm = start(err);
    if (!lm)
        return NULL;
    /* A copy by way of text, so that what is saved later is what JSON can say. */
    char *text = dio_json_write(lm->arena, config, 0);
    dio_value *copy =
        text ? dio_json_parse(lm->arena, "config.json", text, strlen(text), err) : NULL;
    bool ok = copy && build(lm, copy, err) && fits(lm, dtype, err) &&
              dio_walk_draw(&lm->walk, seed, dtype, 0, err);
    return finish(lm, ok, err);
}

void dio_lm_close(dio_lm *lm)
{
    if (!lm)
        return;
    dio_walk_clear(&lm->walk);
    dio_walk_deinit(&lm->walk);
    dio_arena_destroy(lm->arena);
}

/* --- saving --- */

static const char *torch_name(dio_dtype t)
{
    return t == DIO_BF16 ? "bfloat16" : t == DIO_F16 ? "float16" : "float32";
}

/* What most of the weights are in, when they stay as they are. */
static dio_dtype dtype_of(const dio_lm *lm, dio_dtype asked)
{
    for (int i = 0; asked == DIO_DTYPES && i < lm->walk.count; i++) {
        const dio_tensor *t = *lm->walk.items[i].slot;
        if (t && t->type.nd > 1)
            return t->type.dtype;
    }
    return asked;
}

static char *config_text(const dio_lm *lm, dio_dtype dtype, dio_arena *a)
{
    dio_value *map = dio_value_map(a);
    for (int i = 0; i < lm->config->map.count; i++) {
        const char *key = lm->config->map.keys[i]->string.text;
        if (strcmp(key, "torch_dtype") != 0 && strcmp(key, "dtype") != 0)
            dio_map_set(a, map, key, lm->config->map.items[i]);
    }
    dio_map_set(a, map, "torch_dtype", dio_value_string(a, torch_name(dtype)));
    return dio_json_write(a, map, 2);
}

bool dio_lm_save(const dio_lm *lm, const char *dir, dio_dtype dtype, dio_error *err)
{
    static const dio_weights_meta meta[] = {{"format", "pt"}};
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving a model");
    char *text = config_text(lm, dtype_of(lm, dtype), a);
    bool ok = (text || dio_fail_memory(err, "config.json")) && dio_dir_make(dir, err) &&
              dio_walk_save(&lm->walk, dio_path_join(a, dir, "model.safetensors"), dtype, 0, "",
                            meta, 1, err) &&
              dio_file_write(dio_path_join(a, dir, "config.json"), text, strlen(text), err);
    dio_arena_destroy(a);
    return ok;
}

/* --- in a graph --- */

dio_val dio_lm_zeros(dio_graph *g, int64_t rows, int64_t width)
{
    dio_val zero = dio_scalar(g, 0);
    return dio_expand(g, zero, 2, (int64_t[]){rows, width});
}

dio_val dio_lm_start(dio_graph *g, const dio_lm_io *io)
{
    int64_t rows = dio_dim(g, io->ids, 0);
    if (io->cap > 0)
        return io->start;
    int32_t few[256] = {0};
    if (rows > 256) { /* a batch that large is rare; its zeros come from an operator */
        dio_val zero = dio_const(g, dio_type_1d(DIO_I32, 1), few);
        return dio_expand(g, zero, 1, &rows);
    }
    return dio_const(g, dio_type_1d(DIO_I32, rows), few);
}

static bool check(dio_graph *g, const dio_lm *lm, const dio_lm_io *io)
{
    if (!dio_graph_ok(g))
        return false;
    dio_type t = dio_type_of(g, io->ids);
    if (t.dtype != DIO_I32 || t.nd != 2) {
        char text[DIO_TYPE_TEXT];
        dio_graph_fail(g, "ids must be i32[B,T], not %s", dio_type_text(&t, text));
    } else if (lm->shape.positions && t.dim[1] > lm->shape.positions) {
        dio_graph_fail(g, "a text of %lld ids is longer than the %d that this model can read",
                       (long long)t.dim[1], lm->shape.positions);
    } else if (io->cap % 64) {
        dio_graph_fail(g, "a cache of %lld positions: a multiple of 64 is needed",
                       (long long)io->cap);
    }
    return dio_graph_ok(g);
}

void dio_lm_forward(dio_graph *g, const dio_lm *lm, dio_lm_io *io)
{
    io->logits = io->hidden = DIO_NONE;
    for (int i = 0; i < DIO_LM_MAX_CARRY; i++)
        io->carry_out[i] = DIO_NONE;
    if (!check(g, lm, io))
        return;
    lm->ops->forward(g, lm->model, io);
    if (io->want == DIO_LM_HIDDEN)
        return;
    dio_val hidden = io->hidden;
    int64_t count = dio_dim(g, io->ids, 1);
    if (io->want == DIO_LM_LAST && count > 1)
        hidden = dio_slice(g, hidden, 1, count - 1, 1, 1);
    io->logits = lm->ops->scores(g, lm->model, hidden);
    dio_tap(g, io->logits, "logits");
}

dio_val dio_lm_loss(dio_graph *g, const dio_lm *lm, dio_lm_io *io, dio_val targets, float smoothing)
{
    io->want = DIO_LM_ALL;
    dio_lm_forward(g, lm, io);
    return dio_cross_entropy(g, io->logits, targets, IGNORED_TARGET, smoothing);
}

bool dio_lm_is_end(const dio_lm *lm, int id)
{
    for (int i = 0; i < lm->shape.n_ends; i++)
        if (lm->shape.ends[i] == id)
            return true;
    return false;
}
