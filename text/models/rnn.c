/* rnn.c: language models on torch.nn.GRU and torch.nn.LSTM.
 *
 *   ids -> embedding -> rnn layers -> output (or the embedding itself, when tied)
 *
 * Shapes: embedding [V,E], states [B,H] a layer (an LSTM has two). Nobody publishes a config for
 * these, so the keys are ours; weights have torch's names and gate order (GRU r z n, with the
 * reset gate applied after the hidden product and its bias; LSTM i f g o). Text may be of any
 * length: what has been read is in the state. */
#include <math.h>
#include <string.h>

#include "text/models/common.h"

struct config {
    const char *model_type;
    int vocab_size, embedding_size, hidden_size, num_layers;
    bool tie_embeddings;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, model_type, NULL, 0, 0, "gru or lstm"),
    DIO_FIELD(struct config, vocab_size, NULL, 1, MAX_VOCAB, "ids"),
    DIO_FIELD(struct config, embedding_size, NULL, 1, MAX_WIDTH, "width of the embedding"),
    DIO_FIELD(struct config, hidden_size, NULL, 1, MAX_WIDTH, "width of a state"),
    DIO_FIELD(struct config, num_layers, NULL, 1, DIO_LM_MAX_CARRY / 2, "layers"),
    DIO_FIELD(struct config, tie_embeddings, "false", 0, 0, "output layer is the embedding"),
    {0},
};

struct model {
    struct config c;
    dio_lm_shape shape;
    bool lstm;
    dio_nn_embedding embed;
    dio_nn_rnn layer[DIO_LM_MAX_CARRY / 2];
    dio_nn_linear output; /* its weight is absent when tied; its bias is there always */
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    struct config *c = &m->c;
    (void)a;
    m->lstm = strcmp(c->model_type, "lstm") == 0;
    if (c->tie_embeddings && c->embedding_size != c->hidden_size)
        return dio_value_fail(place_of(json, "tie_embeddings"), err,
                              "tie_embeddings needs embedding_size %d to equal hidden_size %d",
                              c->embedding_size, c->hidden_size);
    m->shape =
        (dio_lm_shape){.vocab = c->vocab_size, .width = c->hidden_size, .layers = c->num_layers};
    m->shape.carry = c->num_layers * (m->lstm ? 2 : 1);
    for (int i = 0; i < m->shape.carry; i++)
        m->shape.carry_type[i] = dio_type_2d(DIO_F32, 1, c->hidden_size);
    return read_ends(&m->shape, json, err);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    dio_init uniform = dio_init_uniform(1 / sqrtf((float)c->hidden_size));
    /* Tied, the embedding scores as well and must be drawn like an output layer. */
    dio_nn_embedding_walk(w, &m->embed, "embedding", c->vocab_size, c->embedding_size,
                          c->tie_embeddings ? uniform : dio_init_normal(1));
    dio_walk_enter(w, "rnn");
    for (int i = 0; i < c->num_layers; i++)
        dio_nn_rnn_walk(w, &m->layer[i], i, m->lstm ? 4 : 3, i ? c->hidden_size : c->embedding_size,
                        c->hidden_size);
    dio_walk_leave(w);
    if (!c->tie_embeddings) {
        dio_nn_linear_walk(w, &m->output, "output", c->hidden_size, c->vocab_size, DIO_NN_BIAS,
                           uniform, uniform);
        return;
    }
    dio_walk_ignore(w, "output.weight");
    dio_walk_enter(w, "output");
    DIO_WEIGHT(w, &m->output.b, "bias", uniform, c->vocab_size);
    dio_walk_leave(w);
}

static dio_val state_in(dio_graph *g, const struct model *m, const dio_lm_io *io, int i)
{
    return io->carries ? io->carry_in[i]
                       : dio_lm_zeros(g, dio_dim(g, io->ids, 0), m->c.hidden_size);
}

/* carry 0..layers-1 are the h, the LSTM's c follow. */
static void forward(dio_graph *g, const void *model, dio_lm_io *io)
{
    const struct model *m = model;
    int n = m->c.num_layers;
    dio_val x = dio_nn_embedding_forward(g, &m->embed, io->ids);
    x = drop(g, x, io, 0);
    dio_tap(g, x, "hidden_states.%d", 0);
    for (int i = 0; i < n; i++) {
        dio_val h0 = state_in(g, m, io, i);
        dio_val c0 = m->lstm ? state_in(g, m, io, n + i) : DIO_NONE;
        x = dio_nn_rnn_forward(g, &m->layer[i], x, h0, c0, &io->carry_out[i],
                               m->lstm ? &io->carry_out[n + i] : NULL);
        dio_tap(g, x, "hidden_states.%d", i + 1);
        x = drop(g, x, io, i + 1);
    }
    io->hidden = x;
    dio_tap(g, x, "hidden");
}

static dio_val scores(dio_graph *g, const void *model, dio_val hidden)
{
    const struct model *m = model;
    if (!m->c.tie_embeddings)
        return dio_nn_linear_forward(g, &m->output, hidden, DIO_ACT_NONE);
    return dio_linear(g, hidden, dio_param(g, m->embed.w), dio_param(g, m->output.b), DIO_ACT_NONE);
}

static void shape(const void *model, dio_lm_shape *out)
{
    *out = ((const struct model *)model)->shape;
}

static const dio_lm_ops ops = {.shape = shape, .forward = forward, .scores = scores};

const dio_model dio_model_rnn = {
    .name = "rnn",
    .doc = "GRU and LSTM language models of torch.nn",
    .kind = "lm",
    .types = (const char *const[]){"gru", "lstm", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"gru\",\"vocab_size\":96,\"embedding_size\":24,\"hidden_size\":32,"
            "\"num_layers\":2,\"eos_token_id\":2}",
            "{\"model_type\":\"lstm\",\"vocab_size\":96,\"embedding_size\":32,\"hidden_size\":32,"
            "\"num_layers\":2,\"tie_embeddings\":true}",
            NULL},
};
