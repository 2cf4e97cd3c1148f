/* embedding.c: a table of rows, looked up by id; read the other way it scores ids. */
#include "tensor/nn.h"

void dio_nn_embedding_walk(dio_walk *w, dio_nn_embedding *e, const char *name, int64_t rows,
                           int64_t width, dio_init init)
{
    dio_walk_enter(w, "%s", name);
    DIO_WEIGHT(w, &e->w, "weight", init, rows, width);
    dio_walk_leave(w);
}

dio_val dio_nn_embedding_forward(dio_graph *g, const dio_nn_embedding *e, dio_val ids)
{
    return dio_embedding(g, dio_param(g, e->w), ids);
}

dio_val dio_nn_embedding_scores(dio_graph *g, const dio_nn_embedding *e, dio_val x)
{
    return dio_linear(g, x, dio_param(g, e->w), DIO_NONE, DIO_ACT_NONE);
}
