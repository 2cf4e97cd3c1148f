/* transformer.c: attention among the elements of a picture and from them to a text.
 *
 *   x [B,C,H,W] -> norm -> proj_in -> [B,HW,C]
 *     [ x += self(norm1 x)
 *       x += cross(norm2 x, context)
 *       x += ff(norm3 x) ] x count
 *   -> proj_out -> [B,C,H,W] + x
 *
 * Traps: the group norm's eps is 1e-6 whatever norm_eps says, the layer norms' 1e-5; GEGLU gates
 * by its second half, with the erf form of GELU; proj_in and proj_out are linear layers or 1x1
 * convolutions by what the config says, and only their stored shape differs. */
#include <math.h>
#include <stdio.h>

#include "vision/nn.h"

enum { FF = 4 }; /* width of the MLP over the model's */

static const float GROUP_EPS = 1e-6f, LAYER_EPS = 1e-5f;

static void walk_linear(dio_walk *w, dio_nn_linear *l, const char *name, int64_t in, int64_t out,
                        unsigned flags)
{
    dio_nn_linear_walk(w, l, name, in, out, flags, dio_init_uniform(1 / sqrtf((float)in)),
                       dio_init_fill(0));
}

static void walk_cross(dio_walk *w, dio_nn_cross *c, const char *name, int64_t width,
                       int64_t context)
{
    dio_walk_enter(w, "%s", name);
    walk_linear(w, &c->q, "to_q", width, width, 0);
    walk_linear(w, &c->k, "to_k", context, width, 0);
    walk_linear(w, &c->v, "to_v", context, width, 0);
    walk_linear(w, &c->out, "to_out.0", width, width, DIO_NN_BIAS);
    dio_walk_leave(w);
}

static void walk_block(dio_walk *w, dio_nn_transformer_block *b, int64_t width, int64_t context)
{
    dio_nn_layer_norm_walk(w, &b->norm1, "norm1", width);
    walk_cross(w, &b->self, "attn1", width, width);
    dio_nn_layer_norm_walk(w, &b->norm2, "norm2", width);
    walk_cross(w, &b->cross, "attn2", width, context);
    dio_nn_layer_norm_walk(w, &b->norm3, "norm3", width);
    walk_linear(w, &b->ff_in, "ff.net.0.proj", width, 2 * FF * width, DIO_NN_BIAS);
    walk_linear(w, &b->ff_out, "ff.net.2", FF * width, width, DIO_NN_BIAS);
}

static void walk_projection(dio_walk *w, dio_nn_transformer *t, dio_nn_linear *l, dio_nn_conv2d *c,
                            const char *name)
{
    if (t->linear)
        walk_linear(w, l, name, t->width, t->width, DIO_NN_BIAS);
    else
        dio_nn_conv2d_walk(w, c, name, t->width, t->width, 1, DIO_NN_BIAS,
                           dio_init_uniform(1 / sqrtf((float)t->width)));
}

void dio_nn_transformer_walk(dio_walk *w, dio_nn_transformer *t, const char *name)
{
    dio_walk_enter(w, "%s", name);
    dio_nn_group_norm_walk(w, &t->norm, "norm", t->width);
    walk_projection(w, t, &t->proj_in, &t->conv_in, "proj_in");
    for (int i = 0; i < t->count; i++) {
        dio_walk_enter(w, "transformer_blocks.%d", i);
        walk_block(w, &t->blocks[i], t->width, t->context);
        dio_walk_leave(w);
    }
    walk_projection(w, t, &t->proj_out, &t->conv_out, "proj_out");
    dio_walk_leave(w);
}

static dio_val attend(dio_graph *g, const dio_nn_cross *c, dio_val x, dio_val context, int heads)
{
    dio_nn_cache none = {.start = DIO_NONE};
    dio_val q = dio_nn_linear_forward(g, &c->q, x, DIO_ACT_NONE);
    dio_val k = dio_nn_linear_forward(g, &c->k, context, DIO_ACT_NONE);
    dio_val v = dio_nn_linear_forward(g, &c->v, context, DIO_ACT_NONE);
    dio_val y = dio_nn_attend(g, dio_nn_split_heads(g, q, heads), dio_nn_split_heads(g, k, heads),
                              dio_nn_split_heads(g, v, heads), &none, (dio_attention_attrs){0});
    return dio_nn_linear_forward(g, &c->out, y, DIO_ACT_NONE);
}

static dio_val feed_forward(dio_graph *g, const dio_nn_transformer_block *b, dio_val x, int width)
{
    dio_val h = dio_nn_linear_forward(g, &b->ff_in, x, DIO_ACT_NONE);
    dio_val value = dio_slice(g, h, 2, 0, FF * width, 1);
    dio_val gate = dio_slice(g, h, 2, FF * width, FF * width, 1);
    return dio_nn_linear_forward(g, &b->ff_out, dio_glu(g, gate, value, DIO_ACT_GELU),
                                 DIO_ACT_NONE);
}

static dio_val block(dio_graph *g, const dio_nn_transformer *t, int i, dio_val x, dio_val context,
                     const char *tap)
{
    const dio_nn_transformer_block *b = &t->blocks[i];
    dio_val h = dio_nn_layer_norm_forward(g, &b->norm1, x, LAYER_EPS);
    h = dio_tap(g, attend(g, &b->self, h, h, t->heads), "%s.transformer_blocks.%d.attn1", tap, i);
    x = dio_add(g, x, h);
    h = dio_nn_layer_norm_forward(g, &b->norm2, x, LAYER_EPS);
    h = attend(g, &b->cross, h, context, t->heads);
    x = dio_add(g, x, dio_tap(g, h, "%s.transformer_blocks.%d.attn2", tap, i));
    h = dio_nn_layer_norm_forward(g, &b->norm3, x, LAYER_EPS);
    h = dio_tap(g, feed_forward(g, b, h, t->width), "%s.transformer_blocks.%d.ff", tap, i);
    return dio_tap(g, dio_add(g, x, h), "%s.transformer_blocks.%d", tap, i);
}

dio_val dio_nn_transformer_forward(dio_graph *g, const dio_nn_transformer *t, dio_val x,
                                   dio_val context, const dio_nn_plane *p, const char *tap)
{
    int64_t batch = dio_dim(g, x, 0), h = dio_dim(g, x, 2), w = dio_dim(g, x, 3);
    dio_val y = dio_nn_group_norm_forward(g, &t->norm, x, p->groups, GROUP_EPS);
    if (!t->linear)
        y = dio_nn_conv2d_forward(g, &t->conv_in, y, 1, 0, 0);
    y = dio_transpose(g, dio_reshape3(g, y, batch, t->width, h * w), 1, 2);
    if (t->linear)
        y = dio_nn_linear_forward(g, &t->proj_in, y, DIO_ACT_NONE);
    for (int i = 0; i < t->count; i++)
        y = block(g, t, i, y, context, tap);
    if (t->linear)
        y = dio_nn_linear_forward(g, &t->proj_out, y, DIO_ACT_NONE);
    y = dio_reshape4(g, dio_transpose(g, y, 1, 2), batch, t->width, h, w);
    if (!t->linear)
        y = dio_nn_conv2d_forward(g, &t->conv_out, y, 1, 0, 0);
    return dio_tap(g, dio_add(g, y, x), "%s", tap);
}
