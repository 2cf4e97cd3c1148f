/* convnext.c: rows for what works across channels, columns for the convolution along time. */
#include "audio/nn/convnext.h"

#include <math.h>

static const int swapped[] = {0, 2, 1};

void dio_convnext_walk(dio_walk *w, dio_convnext *n, int64_t width, int64_t hidden, int kernel,
                       float gamma)
{
    n->kernel = kernel;
    dio_walk_enter(w, "dwconv");
    DIO_WEIGHT(w, &n->depth_w, "weight", dio_init_normal(1 / sqrtf((float)kernel)), width, 1,
               kernel);
    DIO_WEIGHT(w, &n->depth_b, "bias", dio_init_fill(0), width);
    dio_walk_leave(w);
    dio_nn_layer_norm_walk(w, &n->norm, "norm", width);
    dio_nn_linear_walk(w, &n->up, "pwconv1", width, hidden, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)width)), dio_init_fill(0));
    dio_nn_linear_walk(w, &n->down, "pwconv2", hidden, width, DIO_NN_BIAS,
                       dio_init_normal(1 / sqrtf((float)hidden)), dio_init_fill(0));
    dio_walk_weight(w, &n->gamma, "gamma", dio_init_fill(gamma), DIO_WEIGHT_NO_DECAY, 1, &width);
}

static dio_val along_time(dio_graph *g, dio_val x, dio_tensor *w, dio_tensor *b, int groups)
{
    dio_conv_attrs a = dio_conv_defaults();
    dio_val kernel = dio_param(g, w);
    a.groups = groups;
    a.pad[0] = (int)dio_dim(g, kernel, 2) / 2;
    x = dio_conv(g, dio_permute(g, x, swapped), kernel, dio_param(g, b), a);
    return dio_permute(g, x, swapped);
}

dio_val dio_convnext_forward(dio_graph *g, const dio_convnext *n, dio_val x, dio_val there)
{
    dio_val h = along_time(g, x, n->depth_w, n->depth_b, (int)dio_dim(g, x, 2));
    h = dio_nn_layer_norm_forward(g, &n->norm, h, 1e-6f);
    h = dio_nn_linear_forward(g, &n->up, h, DIO_ACT_GELU);
    h = dio_nn_linear_forward(g, &n->down, h, DIO_ACT_NONE);
    x = dio_add(g, x, dio_mul(g, h, dio_param(g, n->gamma)));
    return there == DIO_NONE ? x : dio_mul(g, x, there);
}

void dio_row_conv_walk(dio_walk *w, dio_row_conv *c, const char *name, int64_t in, int64_t out,
                       int kernel)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &c->w, "weight", dio_init_normal(1 / sqrtf((float)(in * kernel))), out, in,
               kernel);
    DIO_WEIGHT(w, &c->b, "bias", dio_init_fill(0), out);
    dio_walk_leave(w);
}

dio_val dio_row_conv_forward(dio_graph *g, const dio_row_conv *c, dio_val x)
{
    return along_time(g, x, c->w, c->b, 1);
}
