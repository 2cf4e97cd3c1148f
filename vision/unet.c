/* unet.c: a UNet from its folder or its parts, and its place in a graph. */
#include "vision/unet.h"

#include <stdio.h>
#include "vision/models.h"

static void ready(void *owner)
{
    dio_unet *u = owner;
    u->ops = u->net.family->ops;
    u->ops->shape(u->net.model, &u->shape);
}

static const dio_network_kind kind = {.what = "a UNet",
                                      .kind = "unet",
                                      .families = &dio_vision_models,
                                      .size = sizeof(dio_unet),
                                      .ready = ready,
                                      .finite = true};

dio_unet *dio_unet_open(const char *dir, dio_dtype keep, dio_error *err)
{
    return dio_network_open(&kind, dir, keep, err);
}

dio_unet *dio_unet_build(const dio_value *config, const dio_weights *from, dio_dtype keep,
                         dio_error *err)
{
    return dio_network_build(&kind, config, from, keep, err);
}

dio_unet *dio_unet_create(const dio_value *config, uint64_t seed, dio_dtype keep, dio_error *err)
{
    return dio_network_create(&kind, config, seed, keep, err);
}

void dio_unet_close(dio_unet *u)
{
    dio_network_close(u);
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
        u->ops->forward(g, u->net.model, io);
}
