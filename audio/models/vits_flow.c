/* vits_flow.c: from drawn latents to those that VITS's decoder knows, and to sound.
 * Each coupling, run backwards, takes from the second half of the channels what a small WaveNet
 * makes of the first; the channels' order is turned around before each. */
#include <math.h>

#include "audio/models/vits.h"

static dio_val gated(dio_graph *g, dio_val x, int width)
{
    dio_val a = dio_tanh(g, dio_slice(g, x, 1, 0, width, 1));
    return dio_mul(g, a, dio_sigmoid(g, dio_slice(g, x, 1, width, width, 1)));
}

static dio_val wavenet(dio_graph *g, const struct vits *m, const struct vits_coupling *p, dio_val x,
                       dio_val speaker)
{
    const struct vits_config *c = &m->c;
    int width = c->hidden_size, layers = c->prior_encoder_num_wavenet_layers, dilation = 1;
    dio_val sum = DIO_NONE, cond = DIO_NONE;
    if (speaker != DIO_NONE)
        cond = dio_nn_conv1d_forward(g, &p->cond, speaker, 0, 1, 1);
    for (int i = 0; i < layers; i++, dilation *= c->wavenet_dilation_rate) {
        int pad = (c->wavenet_kernel_size - 1) * dilation / 2;
        dio_val h = dio_nn_conv1d_tiles_forward(g, &p->in[i], x, pad, dilation);
        if (cond != DIO_NONE)
            h = dio_add(g, h, dio_slice(g, cond, 1, (int64_t)i * 2 * width, 2 * width, 1));
        h = dio_nn_conv1d_forward(g, &p->skip[i], gated(g, h, width), 0, 1, 1);
        bool last = i + 1 == layers;
        if (!last)
            x = dio_add(g, x, dio_slice(g, h, 1, 0, width, 1));
        dio_val skip = last ? h : dio_slice(g, h, 1, width, width, 1);
        sum = i ? dio_add(g, sum, skip) : skip;
    }
    return sum;
}

static dio_val coupling(dio_graph *g, const struct vits *m, const struct vits_coupling *p,
                        dio_val z, dio_val speaker)
{
    int half = m->c.flow_size / 2;
    dio_val first = dio_slice(g, z, 1, 0, half, 1), second = dio_slice(g, z, 1, half, half, 1);
    dio_val h = dio_nn_conv1d_forward(g, &p->pre, first, 0, 1, 1);
    h = dio_nn_conv1d_forward(g, &p->post, wavenet(g, m, p, h, speaker), 0, 1, 1);
    return dio_concat(g, (dio_val[]){first, dio_sub(g, second, h)}, 2, 1);
}

dio_val vits_flow(dio_graph *g, const void *model, dio_val z, int speaker)
{
    const struct vits *m = model;
    dio_val who = vits_speaker(g, m, speaker);
    z = dio_transpose(g, z, 1, 2);
    for (int i = m->c.prior_encoder_num_flows - 1; i >= 0; i--) {
        z = coupling(g, m, &m->coupling[i], dio_flip(g, z, 1), who);
        dio_tap(g, z, "flow.flows.%d", i);
    }
    return dio_transpose(g, z, 1, 2);
}

dio_val vits_decode(dio_graph *g, const void *model, dio_val z, int speaker)
{
    const struct vits *m = model;
    dio_val who = vits_speaker(g, m, speaker);
    dio_val y = dio_hifigan_forward(g, &m->decoder, dio_transpose(g, z, 1, 2), who, "decoder.");
    return dio_reshape2(g, y, dio_dim(g, y, 0), dio_dim(g, y, 2));
}
