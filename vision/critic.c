/* critic.c: a critic from its config. */
#include "vision/critic.h"

#include <string.h>

#include "tensor/ops.h"
#include "vision/models.h"

static bool build(dio_critic *c, const dio_value *config, dio_error *err)
{
    c->config = config;
    const dio_model *family = dio_model_find(dio_vision_models, config, err);
    if (!family)
        return false;
    if (strcmp(family->kind, "critic") != 0)
        return dio_value_fail(config, err, "%s is a model of kind %s, not a critic", family->name,
                              family->kind);
    c->family = family;
    c->ops = family->ops;
    c->model = dio_model_build(family, config, c->arena, err);
    if (!c->model)
        return false;
    c->ops->shape(c->model, &c->shape);
    return dio_walk_init(&c->walk, family->walk, c->model, NULL, err);
}

dio_critic *dio_critic_create(const dio_value *config, uint64_t seed, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    dio_critic *c = a ? dio_arena_try(a, sizeof *c) : NULL;
    if (!c) {
        dio_arena_destroy(a);
        dio_fail_memory(err, "a critic");
        return NULL;
    }
    c->arena = a;
    /* A copy by way of text: the recipe may go before the network does. */
    char *text = dio_json_write(a, config, 0);
    const dio_value *copy = text ? dio_json_parse(a, "critic", text, strlen(text), err) : NULL;
    bool ok = copy && build(c, copy, err) &&
              dio_walk_fits(4 * dio_walk_parameters(&c->walk), err) &&
              dio_walk_draw(&c->walk, seed, DIO_F32, 0, err);
    if (dio_arena_failed(a)) {
        dio_error_clear(err);
        ok = dio_fail_memory(err, "a critic");
    }
    if (ok)
        return c;
    dio_critic_close(c);
    return NULL;
}

void dio_critic_close(dio_critic *c)
{
    if (!c)
        return;
    dio_walk_clear(&c->walk);
    dio_walk_deinit(&c->walk);
    dio_arena_destroy(c->arena);
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
    return c->ops->forward(g, c->model, pixels, label);
}
