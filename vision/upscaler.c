/* upscaler.c: an upscaler from its file. */
#include "vision/upscaler.h"

#include "tensor/ops.h"
#include "vision/models.h"

static void ready(void *owner)
{
    dio_upscaler *u = owner;
    u->ops = u->net.family->ops;
    u->ops->shape(u->net.model, &u->shape);
}

static const dio_network_kind kind = {
    .what = "an upscaler",
    .kind = "upscaler",
    .families = &dio_vision_models,
    .size = sizeof(dio_upscaler),
    .ready = ready,
    .finite = true,
    .unknown = "no upscaler has these tensors: RRDBNet (ESRGAN, Real-ESRGAN) and SRVGGNetCompact "
               "are known",
};

dio_upscaler *dio_upscaler_open(const char *path, dio_error *err)
{
    return dio_network_open(&kind, path, DIO_F32, err);
}

dio_upscaler *dio_upscaler_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    return dio_network_create(&kind, config, seed, DIO_F32, err);
}

void dio_upscaler_close(dio_upscaler *u)
{
    dio_network_close(u);
}

dio_val dio_upscaler_forward(dio_graph *g, const dio_upscaler *u, dio_val x)
{
    const dio_upscaler_shape *s = &u->shape;
    dio_type t = dio_type_of(g, x);
    char text[DIO_TYPE_TEXT];
    if (dio_graph_ok(g) && (t.dtype != DIO_F32 || t.nd != 4 || t.dim[1] != s->channels ||
                            t.dim[2] % s->multiple || t.dim[3] % s->multiple))
        return dio_graph_fail(g, "a picture must be f32[B,%d,H,W], sides multiples of %d, not %s",
                              s->channels, s->multiple, dio_type_text(&t, text));
    if (s->multiple > 1)
        x = dio_pixel_unshuffle(g, x, s->multiple);
    dio_val first = DIO_NONE;
    for (int i = 0; i < s->stages; i++) {
        x = u->ops->forward(g, u->net.model, i, x, first);
        first = i ? first : x;
    }
    return x;
}
