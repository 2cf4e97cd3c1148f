/* conv2d.c: convolution over pictures, with a low-rank adapter beside it when the walk asked for
 * one (LoRA on a convolution: the first of its two goes over the picture as the layer itself does,
 * the second is 1x1). */
#include <math.h>

#include "tensor/nn.h"

static void walk_lora(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t in, int64_t out,
                      int64_t kernel)
{
    int64_t rank = dio_walk_lora(w, name, &c->lora_scale);
    float bound = 1 / sqrtf((float)(in * kernel * kernel));
    if (!rank)
        return;
    dio_walk_enter(w, "%s", name);
    dio_walk_weight(w, &c->lora_a, "lora_A.weight", dio_init_uniform(bound), DIO_WEIGHT_LORA, 4,
                    (int64_t[]){rank, in, kernel, kernel});
    dio_walk_weight(w, &c->lora_b, "lora_B.weight", dio_init_fill(0), DIO_WEIGHT_LORA, 4,
                    (int64_t[]){out, rank, 1, 1});
    dio_walk_leave(w);
}

void dio_nn_conv2d_walk(dio_walk *w, dio_nn_conv2d *c, const char *name, int64_t in, int64_t out,
                        int64_t kernel, unsigned flags, dio_init init)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &c->w, "weight", init, out, in, kernel, kernel);
    if (flags & DIO_NN_BIAS)
        DIO_WEIGHT(w, &c->b, "bias", dio_init_fill(0), out);
    dio_walk_leave(w);
    walk_lora(w, c, name, in, out, kernel);
}

dio_val dio_nn_conv2d_forward(dio_graph *g, const dio_nn_conv2d *c, dio_val x, int stride, int pad,
                              unsigned wrap)
{
    dio_conv_attrs a = dio_conv_defaults(), point = dio_conv_defaults();
    a.stride[0] = a.stride[1] = stride;
    a.pad[0] = a.pad[1] = pad;
    if (pad && wrap & DIO_NN_WRAP_Y) {
        x = dio_pad(g, x, 2, pad, pad, DIO_PAD_CIRCULAR);
        a.pad[0] = 0;
    }
    if (pad && wrap & DIO_NN_WRAP_X) {
        x = dio_pad(g, x, 3, pad, pad, DIO_PAD_CIRCULAR);
        a.pad[1] = 0;
    }
    dio_val y = dio_conv(g, x, dio_param(g, c->w), c->b ? dio_param(g, c->b) : DIO_NONE, a);
    if (!c->lora_a)
        return y;
    dio_val low = dio_conv(g, x, dio_param(g, c->lora_a), DIO_NONE, a);
    dio_val up = dio_conv(g, low, dio_param(g, c->lora_b), DIO_NONE, point);
    return dio_add(g, y, dio_axpb(g, up, c->lora_scale, 0));
}
