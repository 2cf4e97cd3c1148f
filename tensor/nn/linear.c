/* linear.c: y = act(x w^T + b), with a low-rank adapter beside it when the walk asked for one
 * (LoRA, arXiv:2106.09685): y += scale * (x a^T) b^T, a drawn and b zero at first. */
#include <math.h>

#include "tensor/nn.h"

static void walk_lora(dio_walk *w, dio_nn_linear *l, const char *name, int64_t in, int64_t out)
{
    int64_t rank = dio_walk_lora(w, name, &l->lora_scale);
    if (!rank)
        return;
    dio_walk_enter(w, "%s", name);
    dio_walk_weight(w, &l->lora_a, "lora_A.weight", dio_init_uniform(1 / sqrtf((float)in)),
                    DIO_WEIGHT_LORA, 2, (int64_t[]){rank, in});
    dio_walk_weight(w, &l->lora_b, "lora_B.weight", dio_init_fill(0), DIO_WEIGHT_LORA, 2,
                    (int64_t[]){out, rank});
    dio_walk_leave(w);
}

void dio_nn_linear_walk(dio_walk *w, dio_nn_linear *l, const char *name, int64_t in, int64_t out,
                        unsigned flags, dio_init init, dio_init bias)
{
    l->kn = flags & DIO_NN_KN;
    dio_walk_enter(w, "%s", name);
    if (l->kn)
        DIO_WEIGHT(w, &l->w, "weight", init, in, out);
    else
        DIO_WEIGHT(w, &l->w, "weight", init, out, in);
    if (flags & DIO_NN_BIAS)
        DIO_WEIGHT(w, &l->b, "bias", bias, out);
    dio_walk_leave(w);
    walk_lora(w, l, name, in, out);
}

dio_val dio_nn_linear_forward(dio_graph *g, const dio_nn_linear *l, dio_val x, dio_act act)
{
    dio_val w = dio_param(g, l->w), b = l->b ? dio_param(g, l->b) : DIO_NONE;
    dio_act first = l->lora_a ? DIO_ACT_NONE : act;
    dio_val y = l->kn ? dio_linear_kn(g, x, w, b, first) : dio_linear(g, x, w, b, first);
    if (!l->lora_a)
        return y;
    dio_val low = dio_linear(g, x, dio_param(g, l->lora_a), DIO_NONE, DIO_ACT_NONE);
    dio_val up = dio_linear(g, low, dio_param(g, l->lora_b), DIO_NONE, DIO_ACT_NONE);
    y = dio_add(g, y, dio_axpb(g, up, l->lora_scale, 0));
    return act == DIO_ACT_NONE ? y : dio_activate(g, y, act);
}
