/* norm.c: layer norm and RMS norm over the last axis, group norm over channels and space. */
#include "tensor/nn.h"

void dio_nn_layer_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &n->w, "weight", dio_init_fill(1), width);
    DIO_WEIGHT(w, &n->b, "bias", dio_init_fill(0), width);
    dio_walk_leave(w);
}

void dio_nn_rms_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &n->w, "weight", dio_init_fill(1), width);
    dio_walk_leave(w);
}

dio_val dio_nn_layer_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, float eps)
{
    return dio_layer_norm(g, x, dio_param(g, n->w), dio_param(g, n->b), eps);
}

dio_val dio_nn_rms_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, float eps)
{
    return dio_rms_norm(g, x, dio_param(g, n->w), eps);
}

void dio_nn_group_norm_walk(dio_walk *w, dio_nn_norm *n, const char *name, int64_t width)
{
    dio_nn_layer_norm_walk(w, n, name, width);
}

dio_val dio_nn_group_norm_forward(dio_graph *g, const dio_nn_norm *n, dio_val x, int groups,
                                  float eps)
{
    return dio_group_norm(g, x, dio_param(g, n->w), dio_param(g, n->b), groups, eps);
}
