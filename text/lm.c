/* lm.c: a language model from its folder and back, and its place in a graph. */
#include "text/lm.h"

#include <string.h>

#include "tensor/ops.h"

enum { IGNORED_TARGET = -100 };

/* --- opening and closing --- */

static void ready(void *owner)
{
    dio_lm *lm = owner;
    lm->ops = lm->net.family->ops;
    lm->ops->shape(lm->net.model, &lm->shape);
}

static const dio_network_kind kind = {.what = "a language model",
                                      .kind = "lm",
                                      .families = &dio_text_models,
                                      .size = sizeof(dio_lm),
                                      .ready = ready};

dio_lm *dio_lm_open(const char *dir, const dio_lm_options *options, dio_error *err)
{
    dio_lm_options o = options ? *options : (dio_lm_options){0};
    dio_lm *lm = dio_network_open(&kind, dir, o.dtype, err);
    if (!lm)
        return NULL;
    lm->dir = dio_arena_strdup(lm->net.arena, dir);
    return dio_network_end(lm, !o.adapter || dio_lm_load_lora(lm, o.adapter, err), err);
}

dio_lm *dio_lm_create(const dio_value *config, uint64_t seed, dio_dtype dtype, dio_error *err)
{
    return dio_network_create(&kind, config, seed, dtype, err);
}

void dio_lm_close(dio_lm *lm)
{
    dio_network_close(lm);
}

/* --- saving --- */

static const char *torch_name(dio_dtype t)
{
    return t == DIO_BF16 ? "bfloat16" : t == DIO_F16 ? "float16" : "float32";
}

/* What most of the weights are in, when they stay as they are. */
static dio_dtype dtype_of(const dio_walk *w, dio_dtype asked)
{
    for (int i = 0; asked == DIO_DTYPES && i < w->count; i++) {
        const dio_tensor *t = *w->items[i].slot;
        if (t && t->type.nd > 1)
            return t->type.dtype;
    }
    return asked;
}

static char *config_text(const dio_value *config, dio_dtype dtype, dio_arena *a)
{
    dio_value *map = dio_value_map(a);
    for (int i = 0; i < config->map.count; i++) {
        const char *key = config->map.keys[i]->string.text;
        if (strcmp(key, "torch_dtype") != 0 && strcmp(key, "dtype") != 0)
            dio_map_set(a, map, key, config->map.items[i]);
    }
    dio_map_set(a, map, "torch_dtype", dio_value_string(a, torch_name(dtype)));
    return dio_json_write(a, map, 2);
}

bool dio_lm_save(const dio_lm *lm, const char *dir, dio_dtype dtype, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "saving a model");
    char *text = config_text(lm->net.config, dtype_of(&lm->net.walk, dtype), a);
    bool ok = dio_network_save_as(&lm->net, text, dir, dtype, err);
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
    lm->ops->forward(g, lm->net.model, io);
    if (io->want == DIO_LM_HIDDEN)
        return;
    dio_val hidden = io->hidden;
    int64_t count = dio_dim(g, io->ids, 1);
    if (io->want == DIO_LM_LAST && count > 1)
        hidden = dio_slice(g, hidden, 1, count - 1, 1, 1);
    io->logits = lm->ops->scores(g, lm->net.model, hidden);
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
