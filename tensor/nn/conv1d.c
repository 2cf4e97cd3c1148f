/* conv1d.c: convolution along time, and its transpose, which makes more of it. */
#include "tensor/nn.h"

static void walk(dio_walk *w, dio_nn_conv1d *c, const char *name, const int64_t *dim, int64_t out,
                 unsigned flags, dio_init init)
{
    dio_walk_enter(w, "%s", name);
    dio_walk_weight(w, &c->w, "weight", init, 0, 3, dim);
    if (flags & DIO_NN_BIAS)
        DIO_WEIGHT(w, &c->b, "bias", dio_init_fill(0), out);
    dio_walk_leave(w);
}

void dio_nn_conv1d_walk(dio_walk *w, dio_nn_conv1d *c, const char *name, int64_t in, int64_t out,
                        int64_t kernel, unsigned flags, dio_init init)
{
    walk(w, c, name, (int64_t[]){out, in, kernel}, out, flags, init);
}

void dio_nn_conv1d_transpose_walk(dio_walk *w, dio_nn_conv1d *c, const char *name, int64_t in,
                                  int64_t out, int64_t kernel, unsigned flags, dio_init init)
{
    walk(w, c, name, (int64_t[]){in, out, kernel}, out, flags, init);
}

static dio_val bias(dio_graph *g, const dio_nn_conv1d *c)
{
    return c->b ? dio_param(g, c->b) : DIO_NONE;
}

dio_val dio_nn_conv1d_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int pad,
                              int dilation, int groups)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = pad;
    a.dilation[0] = dilation;
    a.groups = groups;
    return dio_conv(g, x, dio_param(g, c->w), bias(g, c), a);
}

dio_val dio_nn_conv1d_tiles_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int pad,
                                    int dilation)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.pad[0] = pad;
    a.dilation[0] = dilation;
    a.tiles = true;
    return dio_conv(g, x, dio_param(g, c->w), bias(g, c), a);
}

dio_val dio_nn_conv1d_transpose_forward(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int stride,
                                        int pad, int more)
{
    dio_conv_attrs a = dio_conv_defaults();
    a.stride[0] = stride;
    a.pad[0] = pad;
    a.output_pad[0] = more;
    return dio_conv_transpose(g, x, dio_param(g, c->w), bias(g, c), a);
}
