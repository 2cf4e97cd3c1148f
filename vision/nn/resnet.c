/* resnet.c: residual blocks, and the convolutions that change a picture's size between them. */
#include <math.h>

#include "vision/nn.h"

/* As torch draws a fresh convolution. */
static dio_init fresh(int64_t fan_in)
{
    return dio_init_uniform(1 / sqrtf((float)fan_in));
}

void dio_nn_resnet_walk(dio_walk *w, dio_nn_resnet *r, const char *name, int64_t in, int64_t out,
                        int64_t time)
{
    dio_walk_enter(w, "%s", name);
    dio_nn_group_norm_walk(w, &r->norm1, "norm1", in);
    dio_nn_conv2d_walk(w, &r->conv1, "conv1", in, out, 3, DIO_NN_BIAS, fresh(9 * in));
    if (time)
        dio_nn_linear_walk(w, &r->time, "time_emb_proj", time, out, DIO_NN_BIAS, fresh(time),
                           dio_init_fill(0));
    dio_nn_group_norm_walk(w, &r->norm2, "norm2", out);
    dio_nn_conv2d_walk(w, &r->conv2, "conv2", out, out, 3, DIO_NN_BIAS, fresh(9 * out));
    if (in != out)
        dio_nn_conv2d_walk(w, &r->shortcut, "conv_shortcut", in, out, 1, DIO_NN_BIAS, fresh(in));
    dio_walk_leave(w);
}

dio_val dio_nn_resnet_forward(dio_graph *g, const dio_nn_resnet *r, dio_val x, dio_val time,
                              const dio_nn_plane *p)
{
    dio_val h = dio_silu(g, dio_nn_group_norm_forward(g, &r->norm1, x, p->groups, p->eps));
    h = dio_nn_conv2d_forward(g, &r->conv1, h, 1, 1, p->wrap);
    if (r->time.w) {
        dio_val t = dio_nn_linear_forward(g, &r->time, time, DIO_ACT_NONE);
        h = dio_add(g, h, dio_reshape4(g, t, dio_dim(g, t, 0), dio_dim(g, t, 1), 1, 1));
    }
    h = dio_silu(g, dio_nn_group_norm_forward(g, &r->norm2, h, p->groups, p->eps));
    h = dio_nn_conv2d_forward(g, &r->conv2, h, 1, 1, p->wrap);
    if (r->shortcut.w)
        x = dio_nn_conv2d_forward(g, &r->shortcut, x, 1, 0, 0);
    return dio_add(g, x, h);
}

void dio_nn_resample_walk(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t channels)
{
    dio_walk_enter(w, "%s", name);
    dio_nn_conv2d_walk(w, c, "conv", channels, channels, 3, DIO_NN_BIAS, fresh(9 * channels));
    dio_walk_leave(w);
}

dio_val dio_nn_downsample_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int pad,
                                  unsigned wrap)
{
    if (pad == 0) {
        x = dio_pad(g, x, 2, 0, 1, wrap & DIO_NN_WRAP_Y ? DIO_PAD_CIRCULAR : DIO_PAD_ZERO);
        x = dio_pad(g, x, 3, 0, 1, wrap & DIO_NN_WRAP_X ? DIO_PAD_CIRCULAR : DIO_PAD_ZERO);
    }
    return dio_nn_conv2d_forward(g, c, x, 2, pad, wrap);
}

dio_val dio_nn_upsample_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int64_t h,
                                int64_t w, unsigned wrap)
{
    return dio_nn_conv2d_forward(g, c, dio_upsample_nearest(g, x, h, w), 1, 1, wrap);
}
