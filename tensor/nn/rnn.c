/* rnn.c: one layer of torch.nn.GRU or LSTM, one direction. torch draws all of it uniformly from
 * +-1/sqrt(H), biases too. */
#include <math.h>
#include <stdio.h>

#include "tensor/nn.h"

void dio_nn_rnn_walk(dio_walk *w, dio_nn_rnn *r, int layer, int gates, int64_t in, int64_t hidden)
{
    char name[32];
    dio_init init = dio_init_uniform(1 / sqrtf((float)hidden));
    snprintf(name, sizeof name, "weight_ih_l%d", layer);
    dio_walk_weight(w, &r->w_ih, name, init, DIO_WEIGHT_F32, 2, (int64_t[]){gates * hidden, in});
    snprintf(name, sizeof name, "weight_hh_l%d", layer);
    dio_walk_weight(w, &r->w_hh, name, init, DIO_WEIGHT_F32, 2,
                    (int64_t[]){gates * hidden, hidden});
    snprintf(name, sizeof name, "bias_ih_l%d", layer);
    DIO_WEIGHT(w, &r->b_ih, name, init, gates * hidden);
    snprintf(name, sizeof name, "bias_hh_l%d", layer);
    DIO_WEIGHT(w, &r->b_hh, name, init, gates * hidden);
}

dio_val dio_nn_rnn_forward(dio_graph *g, const dio_nn_rnn *r, dio_val x, dio_val h0, dio_val c0,
                           dio_val *h, dio_val *c)
{
    dio_val w_ih = dio_param(g, r->w_ih), w_hh = dio_param(g, r->w_hh);
    dio_val b_ih = dio_param(g, r->b_ih), b_hh = dio_param(g, r->b_hh);
    return c ? dio_lstm(g, x, h0, c0, w_ih, w_hh, b_ih, b_hh, h, c)
             : dio_gru(g, x, h0, w_ih, w_hh, b_ih, b_hh, h);
}
