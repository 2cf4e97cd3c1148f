/* vocoder.c: a vocoder from its parts or a seed, and its network in a graph. */
#include "audio/vocoder_impl.h"

#include <string.h>

#include "audio/models.h"
#include "tensor/ops.h"

static void ready(void *owner)
{
    dio_vocoder *v = owner;
    v->ops = v->net.family->ops;
    v->ops->shape(v->net.model, &v->shape);
}

const dio_network_kind dio_vocoder_kind = {
    .what = "a vocoder",
    .kind = "vocoder",
    .families = &dio_audio_models,
    .size = sizeof(dio_vocoder),
    .ready = ready,
    .finite = true,
    .weight_norm = true,
};

/* --- making --- */

static bool has_marks(const dio_model *family, const dio_value *config)
{
    if (strcmp(family->kind, dio_vocoder_kind.kind) != 0)
        return false;
    const char *const *marks = ((const dio_vocoder_ops *)family->ops)->marks;
    if (!marks)
        return false;
    for (; *marks; marks++)
        if (!dio_map_get(config, *marks))
            return false;
    return true;
}

/* The config with its model's name: its own, or that of the family whose marks it bears. */
static const dio_value *named(dio_vocoder *v, const dio_value *config)
{
    const dio_model_set *set = &dio_audio_models;
    dio_arena *a = v->net.arena;
    if (config->kind != DIO_MAP || dio_map_get(config, "model_type") ||
        dio_map_get(config, "_class_name"))
        return config;
    for (int i = 0; i < set->count; i++) {
        if (!has_marks(set->items[i], config))
            continue;
        const dio_vocoder_ops *ops = set->items[i]->ops;
        dio_value *copy = dio_value_map(a);
        copy->file = config->file;
        dio_map_set(a, copy, "_class_name", dio_value_string(a, ops->type));
        for (int k = 0; k < config->map.count; k++)
            dio_map_set(a, copy, config->map.keys[k]->string.text, config->map.items[k]);
        return copy;
    }
    return config;
}

bool dio_vocoder_make(dio_vocoder *v, const dio_value *config, dio_error *err)
{
    return dio_network_make(&v->net, named(v, config), err) && dio_network_list(&v->net, err);
}

bool dio_vocoder_load(dio_vocoder *v, const dio_weights *from, dio_error *err)
{
    if (!v->ops->unused)
        return dio_network_load(&v->net, from, DIO_F32, err);
    dio_weights *needed = dio_weights_without(from, v->ops->unused, err);
    bool ok = needed && dio_network_load(&v->net, needed, DIO_F32, err);
    dio_weights_close(needed);
    return ok;
}

dio_vocoder *dio_vocoder_build(const dio_value *config, const dio_weights *from, dio_error *err)
{
    dio_vocoder *v = dio_network_begin(&dio_vocoder_kind, err);
    bool ok =
        v && config && from && dio_vocoder_make(v, config, err) && dio_vocoder_load(v, from, err);
    return v ? dio_network_end(v, ok, err) : NULL;
}

dio_vocoder *dio_vocoder_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    dio_vocoder *v = dio_network_begin(&dio_vocoder_kind, err);
    bool ok = v && dio_vocoder_make(v, config, err) &&
              dio_walk_draw(&v->net.walk, seed, DIO_F32, 0, err) &&
              (!v->net.family->prepare || v->net.family->prepare(v->net.model, err));
    return v ? dio_network_end(v, ok, err) : NULL;
}

bool dio_vocoder_save(const dio_vocoder *v, const char *dir, dio_dtype dtype, dio_error *err)
{
    return dio_network_save(&v->net, dir, dtype, err);
}

void dio_vocoder_close(dio_vocoder *v)
{
    dio_network_close(v);
}

int64_t dio_vocoder_length(const dio_vocoder *v, int64_t frames)
{
    return frames * v->shape.hop - v->shape.trim;
}

/* --- in a graph --- */

static bool check(dio_graph *g, const dio_vocoder *v, dio_val x)
{
    const dio_vocoder_shape *s = &v->shape;
    dio_type t = dio_type_of(g, x);
    char text[DIO_TYPE_TEXT];
    if (!dio_graph_ok(g))
        return false;
    if (s->features && (t.dtype != DIO_F32 || t.nd != 3 || t.dim[2] != s->features))
        dio_graph_fail(g, "frames must be f32[B,T,%d], not %s", s->features,
                       dio_type_text(&t, text));
    else if (!s->features && (t.dtype != DIO_I32 || t.nd != 3 || t.dim[1] > s->codebooks))
        dio_graph_fail(g, "codes must be i32[B,Q,T] of at most %d codebooks, not %s", s->codebooks,
                       dio_type_text(&t, text));
    else if (t.dim[s->features ? 1 : 2] < s->least)
        dio_graph_fail(g, "%lld frames: this vocoder needs %d at least",
                       (long long)t.dim[s->features ? 1 : 2], s->least);
    return dio_graph_ok(g);
}

dio_val dio_vocoder_teach(dio_graph *g, const dio_vocoder *v, dio_val wave, dio_val x)
{
    const dio_vocoder_shape *s = &v->shape;
    dio_type t = dio_type_of(g, wave);
    char text[DIO_TYPE_TEXT];
    if (!check(g, v, x))
        return DIO_NONE;
    int64_t count = dio_vocoder_length(v, dio_dim(g, x, 1));
    if (!v->ops->teach)
        dio_graph_fail(g, "this vocoder makes all samples at once: there is none to be taught");
    else if (t.dtype != DIO_F32 || t.nd != 3 || t.dim[1] != s->wave || t.dim[2] != count)
        dio_graph_fail(g, "a wave for these frames must be f32[B,%d,%lld], not %s", s->wave,
                       (long long)count, dio_type_text(&t, text));
    if (!dio_graph_ok(g))
        return DIO_NONE;
    return v->ops->teach(g, v->net.model, wave, v->ops->prelude(g, v->net.model, x));
}

dio_val dio_vocoder_forward(dio_graph *g, const dio_vocoder *v, dio_val x)
{
    if (dio_graph_ok(g) && !v->ops->forward)
        dio_graph_fail(g, "this vocoder draws each sample from those before it: it has no pass "
                          "over frames alone");
    if (!check(g, v, x))
        return DIO_NONE;
    int codebooks = v->shape.features ? 0 : (int)dio_dim(g, x, 1);
    if (v->ops->prelude)
        x = v->ops->prelude(g, v->net.model, x);
    return v->ops->forward(g, v->net.model, x, codebooks);
}
