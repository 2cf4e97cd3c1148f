/* unet.c: a UNet from its folder or its parts, and its place in a graph. */
#include "vision/unet.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "vision/models.h"

enum { CONFIG_LIMIT = 16 << 20 };

static dio_unet *start(dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a UNet");
        return NULL;
    }
    dio_unet *u = dio_arena_alloc(a, sizeof *u);
    u->arena = a;
    return u;
}

/* The UNet, or NULL. Once its arena has run dry, what was read and what was said may be torn. */
static dio_unet *finish(dio_unet *u, bool ok, dio_error *err)
{
    if (dio_arena_failed(u->arena)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a UNet");
    }
    if (ok)
        return u;
    dio_unet_close(u);
    return NULL;
}

static bool make(dio_unet *u, const dio_value *config, dio_error *err)
{
    u->family = dio_model_find(dio_vision_models, config, err);
    if (!u->family)
        return false;
    if (strcmp(u->family->kind, "unet") != 0)
        return dio_value_fail(config, err, "a model of kind \"%s\" stands where a UNet is needed",
                              u->family->kind);
    u->ops = u->family->ops;
    u->model = dio_model_build(u->family, config, u->arena, err);
    if (!u->model)
        return false;
    u->ops->shape(u->model, &u->shape);
    return dio_walk_init(&u->walk, u->family->walk, u->model, NULL, err);
}

static bool load(dio_unet *u, const dio_weights *from, dio_dtype keep, dio_error *err)
{
    return dio_walk_load(&u->walk, from, keep, 0, "", NULL, err) &&
           (dio_walk_finite(&u->walk, err) || dio_error_at(err, dio_weights_path(from), 0, 0));
}

dio_unet *dio_unet_build(const dio_value *config, const dio_weights *from, dio_dtype keep,
                         dio_error *err)
{
    dio_unet *u = start(err);
    if (!u)
        return NULL;
    bool ok = from && config && make(u, config, err) && load(u, from, keep, err);
    return finish(u, ok, err);
}

dio_unet *dio_unet_open(const char *dir, dio_dtype keep, dio_error *err)
{
    dio_unet *u = start(err);
    if (!u)
        return NULL;
    const char *path = dio_path_join(u->arena, dir, "config.json");
    const dio_value *config = dio_value_read(u->arena, path, CONFIG_LIMIT, err);
    bool ok = config && make(u, config, err);
    dio_weights *w = ok ? dio_weights_open(dir, err) : NULL;
    ok = w && load(u, w, keep, err);
    dio_weights_close(w);
    return finish(u, ok, err);
}

dio_unet *dio_unet_create(const dio_value *config, uint64_t seed, dio_dtype keep, dio_error *err)
{
    dio_unet *u = start(err);
    if (!u)
        return NULL;
    bool ok = make(u, config, err) && dio_walk_draw(&u->walk, seed, keep, 0, err);
    return finish(u, ok, err);
}

void dio_unet_close(dio_unet *u)
{
    if (!u)
        return;
    dio_walk_clear(&u->walk);
    dio_walk_deinit(&u->walk);
    dio_arena_destroy(u->arena);
}

/* --- in a graph --- */

/* "f32[2,4,*,*]": any number may stand for a star. */
static const char *wanted_text(const dio_type *t, char out[DIO_TYPE_TEXT])
{
    int n = snprintf(out, DIO_TYPE_TEXT, "f32[");
    for (int i = 0; i < t->nd; i++) {
        const char *comma = i ? "," : "";
        n += t->dim[i] < 0 ? snprintf(out + n, DIO_TYPE_TEXT - (size_t)n, "%s*", comma)
                           : snprintf(out + n, DIO_TYPE_TEXT - (size_t)n, "%s%lld", comma,
                                      (long long)t->dim[i]);
    }
    snprintf(out + n, DIO_TYPE_TEXT - (size_t)n, "]");
    return out;
}

/* Whether v is f32 with these dims; -1: any of 1 or more. Else says what is wrong. */
static bool want(dio_graph *g, dio_val v, const char *name, dio_type type)
{
    char have[DIO_TYPE_TEXT], need[DIO_TYPE_TEXT];
    if (!dio_graph_ok(g))
        return false;
    dio_type t = dio_type_of(g, v);
    bool ok = t.dtype == DIO_F32 && t.nd == type.nd;
    for (int i = 0; ok && i < t.nd; i++)
        ok = t.dim[i] > 0 && (type.dim[i] < 0 || t.dim[i] == type.dim[i]);
    if (!ok)
        dio_graph_fail(g, "%s must be %s, not %s", name, wanted_text(&type, need),
                       dio_type_text(&t, have));
    return ok;
}

static bool want_added(dio_graph *g, const dio_unet_shape *s, const dio_unet_io *io, int64_t batch)
{
    if (!want(g, io->pooled, "text_embeds", dio_type_2d(DIO_F32, batch, -1)) ||
        !want(g, io->time_ids, "time_ids", dio_type_2d(DIO_F32, batch, -1)))
        return false;
    int64_t pooled = dio_dim(g, io->pooled, 1), ids = dio_dim(g, io->time_ids, 1);
    if (pooled + ids * s->time_id_width == s->added_width)
        return true;
    dio_graph_fail(g,
                   "text_embeds %lld wide and %lld time_ids of %d each make %lld, and this UNet "
                   "takes %d",
                   (long long)pooled, (long long)ids, s->time_id_width,
                   (long long)(pooled + ids * s->time_id_width), s->added_width);
    return false;
}

void dio_unet_forward(dio_graph *g, const dio_unet *u, dio_unet_io *io)
{
    const dio_unet_shape *s = &u->shape;
    io->out = DIO_NONE;
    int64_t batch =
        dio_graph_ok(g) && dio_type_of(g, io->sample).nd ? dio_dim(g, io->sample, 0) : -1;
    if (want(g, io->sample, "sample", dio_type_4d(DIO_F32, batch, s->in_channels, -1, -1)) &&
        want(g, io->timestep, "timestep", dio_type_1d(DIO_F32, batch)) &&
        want(g, io->context, "encoder_hidden_states",
             dio_type_3d(DIO_F32, batch, -1, s->context)) &&
        (!s->text_time || want_added(g, s, io, batch)) &&
        (!s->guidance || want(g, io->guidance, "guidance", dio_type_1d(DIO_F32, batch))))
        u->ops->forward(g, u->model, io);
}
