/* critic.c: a critic from its config. */
#include "vision/critic.h"

#include "vision/models.h"

static void ready(void *owner)
{
    dio_critic *c = owner;
    c->ops = c->net.family->ops;
    c->ops->shape(c->net.model, &c->shape);
}

static const dio_network_kind kind = {.what = "a critic",
                                      .kind = "critic",
                                      .families = &dio_vision_models,
                                      .size = sizeof(dio_critic),
                                      .ready = ready};

dio_critic *dio_critic_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    return dio_network_create(&kind, config, seed, DIO_F32, err);
}

void dio_critic_close(dio_critic *c)
{
    dio_network_close(c);
}

dio_val dio_critic_forward(dio_graph *g, const dio_critic *c, dio_val pixels, dio_val label)
{
    const dio_critic_shape *s = &c->shape;
    dio_type t = dio_type_of(g, pixels);
    if (t.nd != 4 || t.dim[1] != s->channels || t.dim[2] != s->size || t.dim[3] != s->size)
        return dio_graph_fail(g, "the critic scores pictures [B,%d,%d,%d]", s->channels, s->size,
                              s->size);
    if (s->labels && (label == DIO_NONE || dio_dim(g, label, -1) != s->labels))
        return dio_graph_fail(g, "the critic takes labels of %d numbers", s->labels);
    return c->ops->forward(g, c->net.model, pixels, label);
}
