/* encoder.c: a text encoder from its folder, and its place in a graph. */
#include "text/encoder.h"

#include <string.h>

#include "base/file.h"
#include "tensor/ops.h"

enum { CONFIG_LIMIT = 16 << 20 };

struct dio_text_encoder {
    const dio_model *family;
    const dio_text_encoder_ops *ops;
    void *model; /* the family's struct */
    dio_text_encoder_shape shape;
    dio_walk walk;
    dio_arena *arena;
};

/* --- opening and closing --- */

static dio_text_encoder *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a text encoder");
        return NULL;
    }
    dio_text_encoder *e = dio_arena_alloc(a, sizeof *e);
    e->arena = a;
    return e;
}

static dio_text_encoder *finish(dio_text_encoder *e, bool ok, dio_error *err)
{
    if (dio_arena_failed(e->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a text encoder");
    }
    if (ok)
        return e;
    dio_text_encoder_close(e);
    return NULL;
}

static bool build(dio_text_encoder *e, const dio_value *config, dio_error *err)
{
    e->family = dio_model_find(dio_text_encoders, config, err);
    if (!e->family)
        return false;
    e->ops = e->family->ops;
    e->model = dio_model_build(e->family, config, e->arena, err);
    if (!e->model)
        return false;
    e->ops->shape(e->model, &e->shape);
    return dio_walk_init(&e->walk, e->family->walk, e->model, NULL, err);
}

/* The config, with the class that the weights speak for where it names none. */
static const dio_value *with_class(const dio_value *config, const dio_weights *from, dio_arena *a)
{
    const dio_value *said = dio_map_get(config, "architectures");
    if (config->kind != DIO_MAP || (said && said->kind != DIO_NULL) ||
        !dio_weights_find(from, "text_projection.weight"))
        return config;
    dio_value *copy = dio_value_map(a), *list = dio_value_list(a);
    copy->file = config->file;
    copy->line = config->line;
    copy->column = config->column;
    for (int i = 0; i < config->map.count; i++)
        dio_map_set(a, copy, config->map.keys[i]->string.text, config->map.items[i]);
    dio_list_add(a, list, dio_value_string(a, "CLIPTextModelWithProjection"));
    dio_map_set(a, copy, "architectures", list);
    return copy;
}

static bool build_from(dio_text_encoder *e, const dio_value *config, const dio_weights *from,
                       dio_dtype keep, dio_error *err)
{
    return build(e, with_class(config, from, e->arena), err) &&
           dio_walk_load(&e->walk, from, keep, 0, "", NULL, err);
}

dio_text_encoder *dio_text_encoder_open(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_text_encoder *e = start(err);
    if (!e)
        return NULL;
    const char *path = dio_path_join(e->arena, dir, "config.json");
    const dio_value *config = dio_value_read(e->arena, path, CONFIG_LIMIT, err);
    /* A wrong config is refused before any weights are looked for. */
    bool ok = config && dio_model_find(dio_text_encoders, config, err);
    dio_weights *from = ok ? dio_weights_open(dir, err) : NULL;
    ok = from && build_from(e, config, from, keep, err);
    dio_weights_close(from);
    return finish(e, ok, err);
}

dio_text_encoder *dio_text_encoder_build(const dio_value *config, const dio_weights *from,
                                         dio_dtype keep, dio_error *err)
{
    dio_text_encoder *e = start(err);
    return e ? finish(e, build_from(e, config, from, keep, err), err) : NULL;
}

dio_text_encoder *dio_text_encoder_create(const dio_value *config, uint64_t seed, dio_dtype keep,
                                          dio_error *err)
{
    dio_text_encoder *e = start(err);
    if (!e)
        return NULL;
    bool ok = build(e, config, err) &&
              dio_walk_fits(dio_walk_parameters(&e->walk) * (keep == DIO_BF16 ? 2 : 4), err) &&
              dio_walk_draw(&e->walk, seed, keep, 0, err);
    return finish(e, ok, err);
}

void dio_text_encoder_close(dio_text_encoder *e)
{
    if (!e)
        return;
    dio_walk_clear(&e->walk);
    dio_walk_deinit(&e->walk);
    dio_arena_destroy(e->arena);
}

/* --- what it is --- */

dio_text_encoder_shape dio_text_encoder_shape_get(const dio_text_encoder *e)
{
    return e->shape;
}

const dio_model *dio_text_encoder_family(const dio_text_encoder *e)
{
    return e->family;
}

dio_walk *dio_text_encoder_walk(dio_text_encoder *e)
{
    return &e->walk;
}

int32_t dio_text_encoder_end(const dio_text_encoder *e, const int32_t *ids, int64_t count)
{
    int64_t at = 0;
    if (e->shape.end_id >= 0) {
        while (at < count && ids[at] != e->shape.end_id)
            at++;
        return at < count ? (int32_t)at : 0;
    }
    for (int64_t i = 1; i < count; i++)
        if (ids[i] > ids[at])
            at = i;
    return (int32_t)at;
}

bool dio_text_encoder_extend(dio_text_encoder *e, const dio_tensor *rows, int32_t *first,
                             dio_error *err)
{
    dio_tensor **slot = e->ops->table(e->model), *old = *slot;
    char text[DIO_TYPE_TEXT];
    if (rows->type.dtype != DIO_F32 || rows->type.nd != 2 || rows->type.dim[1] != e->shape.width)
        return dio_fail(err, "vectors of %s: a text encoder %d wide takes f32[n,%d]",
                        dio_type_text(&rows->type, text), e->shape.width, e->shape.width);
    dio_type type = old->type;
    type.dim[0] += rows->type.dim[0];
    if (type.dim[0] > INT32_MAX || !dio_walk_fits((int64_t)dio_type_bytes(&type), err))
        return dio_fail(err, "%lld vectors are too many for one table",
                        (long long)rows->type.dim[0]);
    dio_tensor *kept = dio_tensor_convert(rows, type.dtype, err);
    dio_tensor *table = kept ? dio_tensor_create(old->name, &type, err) : NULL;
    if (table) {
        size_t bytes = dio_type_bytes(&old->type);
        memcpy(dio_tensor_data(table), dio_tensor_data(old), bytes);
        memcpy((char *)dio_tensor_data(table) + bytes, dio_tensor_data(kept),
               dio_type_bytes(&kept->type));
        *first = e->shape.vocab;
        e->shape.vocab = (int)type.dim[0];
        *slot = table;
        for (int i = 0; i < e->walk.count; i++)
            if (e->walk.items[i].slot == slot)
                e->walk.items[i].type.dim[0] = type.dim[0];
        dio_tensor_unref(old);
    }
    dio_tensor_unref(kept);
    return table != NULL;
}

/* --- in a graph --- */

static bool check(dio_graph *g, const dio_text_encoder *e, const dio_text_encoder_io *io)
{
    char text[DIO_TYPE_TEXT];
    if (!dio_graph_ok(g))
        return false;
    dio_type ids = dio_type_of(g, io->ids);
    if (ids.dtype != DIO_I32 || ids.nd != 2)
        dio_graph_fail(g, "ids must be i32[B,T], not %s", dio_type_text(&ids, text));
    else if (ids.dim[1] > e->shape.positions)
        dio_graph_fail(g, "a row of %lld ids is longer than the %d that this text encoder reads",
                       (long long)ids.dim[1], e->shape.positions);
    else if (io->skip < 0 || io->skip > e->shape.layers)
        dio_graph_fail(g, "%d layers cannot be skipped: the text encoder has %d", io->skip,
                       e->shape.layers);
    if (!dio_graph_ok(g) || io->ends == DIO_NONE)
        return dio_graph_ok(g);
    dio_type ends = dio_type_of(g, io->ends);
    if (ends.dtype != DIO_I32 || ends.nd != 1 || ends.dim[0] != ids.dim[0])
        dio_graph_fail(g, "ends must be i32[%lld], not %s", (long long)ids.dim[0],
                       dio_type_text(&ends, text));
    return dio_graph_ok(g);
}

void dio_text_encoder_forward(dio_graph *g, const dio_text_encoder *e, dio_text_encoder_io *io)
{
    io->hidden = io->pooled = DIO_NONE;
    if (check(g, e, io))
        e->ops->forward(g, e->model, io);
}
