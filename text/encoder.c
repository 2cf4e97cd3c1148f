/* encoder.c: a text encoder from its folder, and its place in a graph. */
#include "text/encoder.h"

#include <string.h>

#include "tensor/network.h"
#include "tensor/ops.h"

struct dio_text_encoder {
    dio_network net;
    const dio_text_encoder_ops *ops;
    dio_text_encoder_shape shape;
};

/* --- opening and closing --- */

static void ready(void *owner)
{
    dio_text_encoder *e = owner;
    e->ops = e->net.family->ops;
    e->ops->shape(e->net.model, &e->shape);
}

static const dio_network_kind kind = {.what = "a text encoder",
                                      .kind = "text-encoder",
                                      .families = &dio_text_encoders,
                                      .size = sizeof(dio_text_encoder),
                                      .ready = ready};

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
    return dio_network_make(&e->net, with_class(config, from, e->net.arena), err) &&
           dio_network_list(&e->net, err) && dio_network_load(&e->net, from, keep, err);
}

dio_text_encoder *dio_text_encoder_open(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_text_encoder *e = dio_network_begin(&kind, err);
    if (!e)
        return NULL;
    const dio_value *config = dio_network_config(&e->net, dir, err);
    /* A wrong config is refused before any weights are looked for. */
    bool ok = config && dio_model_find(dio_text_encoders, config, err);
    dio_weights *from = ok ? dio_weights_open(dir, err) : NULL;
    ok = from && build_from(e, config, from, keep, err);
    dio_weights_close(from);
    return dio_network_end(e, ok, err);
}

dio_text_encoder *dio_text_encoder_build(const dio_value *config, const dio_weights *from,
                                         dio_dtype keep, dio_error *err)
{
    dio_text_encoder *e = dio_network_begin(&kind, err);
    return e ? dio_network_end(e, build_from(e, config, from, keep, err), err) : NULL;
}

dio_text_encoder *dio_text_encoder_create(const dio_value *config, uint64_t seed, dio_dtype keep,
                                          dio_error *err)
{
    return dio_network_create(&kind, config, seed, keep, err);
}

void dio_text_encoder_close(dio_text_encoder *e)
{
    dio_network_close(e);
}

/* --- what it is --- */

dio_text_encoder_shape dio_text_encoder_shape_get(const dio_text_encoder *e)
{
    return e->shape;
}

const dio_model *dio_text_encoder_family(const dio_text_encoder *e)
{
    return e->net.family;
}

dio_walk *dio_text_encoder_walk(dio_text_encoder *e)
{
    return &e->net.walk;
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
    dio_tensor **slot = e->ops->table(e->net.model), *old = *slot;
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
        for (int i = 0; i < e->net.walk.count; i++)
            if (e->net.walk.items[i].slot == slot)
                e->net.walk.items[i].type.dim[0] = type.dim[0];
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
        e->ops->forward(g, e->net.model, io);
}
