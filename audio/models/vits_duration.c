/* vits_duration.c: how long symbols last in VITS.
 * Drawn durations run a flow backwards: two numbers for each symbol, of which the first decides by
 * a network how the second is bent, then they change places. Networks read the hidden states. */
#include <math.h>

#include "audio/models/vits.h"

static const float EPS = 1e-5f;

/* Over the channels of x [B,C,T]. */
static dio_val norm(dio_graph *g, const dio_nn_norm *n, dio_val x, float eps)
{
    x = dio_nn_layer_norm_forward(g, n, dio_transpose(g, x, 1, 2), eps);
    return dio_transpose(g, x, 1, 2);
}

static dio_val dds(dio_graph *g, const struct vits *m, const struct vits_dds *d, dio_val x)
{
    int kernel = m->c.duration_predictor_kernel_size, dilation = 1;
    for (int i = 0; i < m->c.depth_separable_num_layers; i++, dilation *= kernel) {
        int pad = (kernel - 1) * dilation / 2;
        dio_val h = dio_nn_conv1d_forward(g, &d->depth[i], x, pad, dilation, m->c.hidden_size);
        h = dio_gelu(g, norm(g, &d->norm_1[i], h, EPS));
        h = dio_nn_conv1d_forward(g, &d->point[i], h, 0, 1, 1);
        x = dio_add(g, x, dio_gelu(g, norm(g, &d->norm_2[i], h, EPS)));
    }
    return x;
}

/* z [B,2,T], backwards. */
static dio_val conv_flow(dio_graph *g, const struct vits *m, const struct vits_conv_flow *f,
                         dio_val z, dio_val hidden)
{
    int64_t b = dio_dim(g, z, 0), t = dio_dim(g, z, 2);
    dio_val first = dio_slice(g, z, 1, 0, 1, 1), second = dio_slice(g, z, 1, 1, 1, 1);
    dio_val h = dio_add(g, dio_nn_conv1d_forward(g, &f->pre, first, 0, 1, 1), hidden);
    h = dio_nn_conv1d_forward(g, &f->proj, dds(g, m, &f->dds, h), 0, 1, 1);
    second = dio_spline(g, dio_reshape2(g, second, b, t), dio_transpose(g, h, 1, 2),
                        m->c.duration_predictor_flow_bins, m->c.duration_predictor_tail_bound,
                        1 / sqrtf((float)m->c.hidden_size), true);
    return dio_concat(g, (dio_val[]){first, dio_reshape3(g, second, b, 1, t)}, 2, 1);
}

static dio_val drawn(dio_graph *g, const struct vits *m, dio_val x, dio_val z, dio_val speaker)
{
    const struct vits_drawn *d = &m->drawn;
    int64_t b = dio_dim(g, x, 0), t = dio_dim(g, x, 2);
    x = dio_nn_conv1d_forward(g, &d->pre, x, 0, 1, 1);
    if (speaker != DIO_NONE)
        x = dio_add(g, x, dio_nn_conv1d_forward(g, &d->cond, speaker, 0, 1, 1));
    x = dio_tap(g, dds(g, m, &d->dds, x), "duration_predictor.conv_dds");
    x = dio_tap(g, dio_nn_conv1d_forward(g, &d->proj, x, 0, 1, 1), "duration_predictor.conv_proj");
    for (int i = m->c.duration_predictor_num_flows; i >= 2; i--) {
        z = conv_flow(g, m, &d->flow[i], dio_flip(g, z, 1), x);
        dio_tap(g, z, "duration_predictor.flows.%d", i);
    }
    z = dio_sub(g, dio_flip(g, z, 1), dio_param(g, d->translate));
    z = dio_mul(g, z, dio_exp(g, dio_neg(g, dio_param(g, d->log_scale))));
    dio_tap(g, z, "duration_predictor.flows.0");
    return dio_reshape2(g, dio_slice(g, z, 1, 0, 1, 1), b, t);
}

static dio_val computed(dio_graph *g, const struct vits *m, dio_val x, dio_val speaker)
{
    const struct vits_computed *d = &m->computed;
    int64_t b = dio_dim(g, x, 0), t = dio_dim(g, x, 2);
    int pad = m->c.duration_predictor_kernel_size / 2;
    float eps = m->c.layer_norm_eps;
    if (speaker != DIO_NONE)
        x = dio_add(g, x, dio_nn_conv1d_forward(g, &d->cond, speaker, 0, 1, 1));
    x = norm(g, &d->norm_1, dio_relu(g, dio_nn_conv1d_forward(g, &d->conv_1, x, pad, 1, 1)), eps);
    x = norm(g, &d->norm_2, dio_relu(g, dio_nn_conv1d_forward(g, &d->conv_2, x, pad, 1, 1)), eps);
    return dio_reshape2(g, dio_nn_conv1d_forward(g, &d->proj, x, 0, 1, 1), b, t);
}

dio_val vits_durations(dio_graph *g, const struct vits *m, dio_val x, dio_val noise,
                       dio_val speaker)
{
    x = m->c.use_stochastic_duration_prediction ? drawn(g, m, x, noise, speaker)
                                                : computed(g, m, x, speaker);
    return dio_tap(g, x, "duration_predictor");
}
