#pragma once
/* nn.h: layer blocks of networks over pictures, named as diffusers names them.
 *
 * Each block is a struct of weight slots with `_walk` and `_forward`, as in tensor/nn.h. Pictures
 * are [B,C,H,W].
 */
#include "tensor/nn.h"

/* What all blocks of one network share. */
typedef struct dio_nn_plane {
    int groups; /* of every group norm */
    float eps;  /* of a residual block's norms */
    unsigned wrap;
} dio_nn_plane;

/* --- residual block: conv(act(norm)) twice beside x, which a 1x1 shortcut brings to width --- */
typedef struct dio_nn_resnet {
    dio_nn_norm norm1, norm2;
    dio_nn_conv2d conv1, conv2, shortcut; /* no shortcut where in and out are equal */
    dio_nn_linear time;                   /* none where `time` is 0 */
} dio_nn_resnet;
/* time: width of the embedding of time that is added between, or 0. */
void dio_nn_resnet_walk(dio_walk *w, dio_nn_resnet *r, const char *name, int64_t in, int64_t out,
                        int64_t time);
/* time [B,..]: silu has been applied; DIO_NONE where there is none. */
dio_val dio_nn_resnet_forward(dio_graph *g, const dio_nn_resnet *r, dio_val x, dio_val time,
                              const dio_nn_plane *p);

/* --- half and double size: "downsamplers.0.conv", "upsamplers.0.conv" --- */
void dio_nn_resample_walk(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t channels);
/* pad 1 on all sides, or pad 0: one on the right and at the bottom, as VAEs do. */
dio_val dio_nn_downsample_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int pad,
                                  unsigned wrap);
/* To h x w by the nearest element, and a convolution after it. */
dio_val dio_nn_upsample_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int64_t h,
                                int64_t w, unsigned wrap);

/* --- transformer over the elements of a picture (diffusers' Transformer2DModel) --- */
typedef struct dio_nn_cross {
    dio_nn_linear q, k, v, out;
} dio_nn_cross;
typedef struct dio_nn_transformer_block {
    dio_nn_norm norm1, norm2, norm3;
    dio_nn_cross self, cross;
    dio_nn_linear ff_in, ff_out; /* GEGLU: the first half times gelu of the second */
} dio_nn_transformer_block;
typedef struct dio_nn_transformer {
    int width, heads, context;        /* set these, */
    int count;                        /* this, */
    bool linear;                      /* this (how the projections are stored), */
    dio_nn_transformer_block *blocks; /* and room for `count`, before the walk */
    dio_nn_norm norm;
    dio_nn_conv2d conv_in, conv_out;
    dio_nn_linear proj_in, proj_out;
} dio_nn_transformer;
void dio_nn_transformer_walk(dio_walk *w, dio_nn_transformer *t, const char *name);
/* context [B,T,Cc]; `tap` names this block, and what its layers give is tapped below it. */
dio_val dio_nn_transformer_forward(dio_graph *g, const dio_nn_transformer *t, dio_val x,
                                   dio_val context, const dio_nn_plane *p, const char *tap);

/* --- embedding of time --- */
/* sin and cos of x [N] times falling frequencies -> [N,width] (get_timestep_embedding). */
dio_val dio_nn_sinusoid(dio_graph *g, dio_val x, int width, bool flip_sin_to_cos, float shift);
typedef struct dio_nn_time {
    dio_nn_linear linear_1, linear_2;
    dio_nn_linear cond; /* none unless `cond` is above 0 */
} dio_nn_time;
void dio_nn_time_walk(dio_walk *w, dio_nn_time *t, const char *name, int64_t in, int64_t out,
                      int64_t cond);
/* linear_2(silu(linear_1(x + cond))); cond DIO_NONE: nothing is added. */
dio_val dio_nn_time_forward(dio_graph *g, const dio_nn_time *t, dio_val x, dio_val cond);
