/* vits_text.c: VITS over the text: means and spreads of what is to be said.
 *
 * Attention adds to each score a product of the query with a vector of the distance, where that is
 * at most `window` places, and to each result the sum of the distances' other vectors under the
 * same weights. Scores by distance are a band; the band becomes a matrix, and back, by giving rows
 * another length: in rows one shorter each begins one further on. */
#include <math.h>

#include "audio/models/vits.h"

dio_val vits_speaker(dio_graph *g, const struct vits *m, int speaker)
{
    if (m->c.num_speakers <= 1)
        return DIO_NONE;
    dio_val row = dio_slice(g, dio_param(g, m->speakers.w), 0, speaker, 1, 1);
    return dio_reshape3(g, row, 1, m->c.speaker_embedding_size, 1);
}

/* x [N,T,2w+1], by distance, to [N,T,T], by place; 0 beyond the window. */
static dio_val to_places(dio_graph *g, dio_val x, int window)
{
    int64_t n = dio_dim(g, x, 0), t = dio_dim(g, x, 1), wide = t + 2 * window;
    x = dio_reshape2(g, dio_pad(g, x, 2, 0, t, DIO_PAD_ZERO), n, t * (wide + 1));
    x = dio_reshape3(g, dio_slice(g, x, 1, 0, t * wide, 1), n, t, wide);
    return dio_slice(g, x, 2, window, t, 1);
}

/* And back. */
static dio_val to_distances(dio_graph *g, dio_val x, int window)
{
    int64_t n = dio_dim(g, x, 0), t = dio_dim(g, x, 1), wide = t + 2 * window;
    x = dio_reshape2(g, dio_pad(g, x, 2, window, window, DIO_PAD_ZERO), n, t * wide);
    x = dio_reshape3(g, dio_pad(g, x, 1, 0, t, DIO_PAD_ZERO), n, t, wide + 1);
    return dio_slice(g, x, 2, 0, 2 * window + 1, 1);
}

/* [B,T,C] to [B*K,T,D]. */
static dio_val heads(dio_graph *g, dio_val x, int64_t count)
{
    int64_t b = dio_dim(g, x, 0), t = dio_dim(g, x, 1), size = dio_dim(g, x, 2) / count;
    x = dio_transpose(g, dio_reshape4(g, x, b, t, count, size), 1, 2);
    return dio_reshape3(g, x, b * count, t, size);
}

static dio_val attend(dio_graph *g, const struct vits *m, const struct vits_layer *l, dio_val x)
{
    int64_t b = dio_dim(g, x, 0), t = dio_dim(g, x, 1), count = m->c.num_attention_heads;
    int64_t size = m->c.hidden_size / count;
    dio_val q = dio_nn_linear_forward(g, &l->q, x, DIO_ACT_NONE);
    q = heads(g, dio_axpb(g, q, 1 / sqrtf((float)size), 0), count);
    dio_val k = heads(g, dio_nn_linear_forward(g, &l->k, x, DIO_ACT_NONE), count);
    dio_val v = heads(g, dio_nn_linear_forward(g, &l->v, x, DIO_ACT_NONE), count);
    dio_val scores = dio_matmul(g, q, k, false, true);
    if (l->rel_k) {
        dio_val near = dio_matmul(g, q, dio_param(g, l->rel_k), false, true);
        scores = dio_add(g, scores, to_places(g, near, m->c.window_size));
    }
    dio_val weights = dio_softmax(g, scores), y = dio_matmul(g, weights, v, false, false);
    if (l->rel_v) {
        dio_val near = to_distances(g, weights, m->c.window_size);
        y = dio_add(g, y, dio_matmul(g, near, dio_param(g, l->rel_v), false, false));
    }
    y = dio_transpose(g, dio_reshape4(g, y, b, count, t, size), 1, 2);
    return dio_nn_linear_forward(g, &l->out, dio_reshape3(g, y, b, t, m->c.hidden_size),
                                 DIO_ACT_NONE);
}

/* As many places out as in, the odd one of an even kernel on the right. */
static dio_val conv_same(dio_graph *g, const dio_nn_conv1d *c, dio_val x, int kernel)
{
    x = dio_pad(g, x, 2, (kernel - 1) / 2, kernel / 2, DIO_PAD_ZERO);
    return dio_nn_conv1d_forward(g, c, x, 0, 1, 1);
}

static dio_val layer(dio_graph *g, const struct vits *m, const struct vits_layer *l, dio_val x)
{
    int kernel = m->c.ffn_kernel_size;
    float eps = m->c.layer_norm_eps;
    x = dio_nn_layer_norm_forward(g, &l->norm, dio_add(g, x, attend(g, m, l, x)), eps);
    dio_val h = dio_relu(g, conv_same(g, &l->conv_1, dio_transpose(g, x, 1, 2), kernel));
    h = dio_transpose(g, conv_same(g, &l->conv_2, h, kernel), 1, 2);
    return dio_nn_layer_norm_forward(g, &l->final_norm, dio_add(g, x, h), eps);
}

void vits_text(dio_graph *g, const void *model, dio_voice_text *io)
{
    const struct vits *m = model;
    dio_val x = dio_nn_embedding_forward(g, &m->tokens, io->ids);
    x = dio_axpb(g, x, sqrtf((float)m->c.hidden_size), 0);
    for (int i = 0; i < m->c.num_hidden_layers; i++)
        x = dio_tap(g, layer(g, m, &m->layer[i], x), "text_encoder.encoder.layers.%d", i);
    x = dio_transpose(g, x, 1, 2);
    dio_val stats = dio_nn_conv1d_forward(g, &m->project, x, 0, 1, 1);
    stats = dio_transpose(g, dio_tap(g, stats, "text_encoder.project"), 1, 2);
    io->means = dio_slice(g, stats, 2, 0, m->c.flow_size, 1);
    io->logs = dio_slice(g, stats, 2, m->c.flow_size, m->c.flow_size, 1);
    io->durations = vits_durations(g, m, x, io->noise, vits_speaker(g, m, io->speaker));
}
