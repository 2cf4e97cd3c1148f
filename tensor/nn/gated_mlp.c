/* gated_mlp.c: down(act(gate x) * up x), the feed-forward part of Llama and its kin
 * (arXiv:2002.05202). */
#include "tensor/nn.h"

void dio_nn_gated_mlp_walk(dio_walk *w, dio_nn_gated_mlp *m, const char *name, int64_t width,
                           int64_t hidden, unsigned flags, dio_init init)
{
    dio_init zero = dio_init_fill(0);
    dio_walk_enter(w, "%s", name);
    dio_nn_linear_walk(w, &m->gate, "gate_proj", width, hidden, flags, init, zero);
    dio_nn_linear_walk(w, &m->up, "up_proj", width, hidden, flags, init, zero);
    dio_nn_linear_walk(w, &m->down, "down_proj", hidden, width, flags, init, zero);
    dio_walk_leave(w);
}

dio_val dio_nn_gated_mlp_forward(dio_graph *g, const dio_nn_gated_mlp *m, dio_val x, dio_act act)
{
    dio_val gate = dio_nn_linear_forward(g, &m->gate, x, DIO_ACT_NONE);
    dio_val up = dio_nn_linear_forward(g, &m->up, x, DIO_ACT_NONE);
    return dio_nn_linear_forward(g, &m->down, dio_glu(g, gate, up, act), DIO_ACT_NONE);
}
