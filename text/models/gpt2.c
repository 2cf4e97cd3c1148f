/* gpt2.c: GPT-2 (openai/gpt-2, matched against transformers' GPT2LMHeadModel).
 *
 *   ids -> wte + wpe[position] -> [ x += c_proj(attend(c_attn(ln_1 x)))
 *                                   x += c_proj(gelu(c_fc(ln_2 x))) ] x layers
 *       -> ln_f -> wte again
 *
 * Shapes: x [B,T,C], c_attn gives q k v side by side [B,T,3C].
 *
 * Traps
 *  - linear weights are stored [in,out] ("Conv1D"), the other way round from everything else;
 *  - "gelu_new" is the tanh form;
 *  - the first published files have no "transformer." before names and carry the causal mask as
 *    attn.bias and attn.masked_bias, which are no weights;
 *  - a fresh c_proj is drawn with 0.02 / sqrt(2 layers), for the residual stream to keep its size.
 */
#include <math.h>

#include "text/models/common.h"

struct config {
    const char *activation_function;
    int vocab_size, n_embd, n_layer, n_head, n_inner, n_positions;
    float layer_norm_epsilon, initializer_range;
    bool scale_attn_weights, scale_attn_by_inverse_layer_idx, tie_word_embeddings;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, activation_function, "gelu_new", 0, 0, "of the MLP"),
    DIO_FIELD(struct config, vocab_size, "50257", 1, MAX_VOCAB, "ids"),
    DIO_FIELD(struct config, n_embd, "768", 1, MAX_WIDTH, "width of the residual stream"),
    DIO_FIELD(struct config, n_layer, "12", 1, MAX_LAYERS, "layers"),
    DIO_FIELD(struct config, n_head, "12", 1, MAX_HEADS, "heads"),
    DIO_FIELD(struct config, n_inner, "0", 0, 4 * MAX_WIDTH, "width of the MLP; 0: 4 n_embd"),
    DIO_FIELD(struct config, n_positions, "1024", 1, MAX_POSITIONS, "longest text"),
    DIO_FIELD(struct config, layer_norm_epsilon, "1e-5", 0, 1, "of every norm"),
    DIO_FIELD(struct config, initializer_range, "0.02", 0, 10, "spread of fresh weights"),
    DIO_FIELD(struct config, scale_attn_weights, "true", 0, 0, "scores over sqrt(head size)"),
    DIO_FIELD(struct config, scale_attn_by_inverse_layer_idx, "false", 0, 0,
              "scores over the layer's number, too"),
    DIO_FIELD(struct config, tie_word_embeddings, "true", 0, 0, "output layer is the embedding"),
    {0},
};

struct layer {
    dio_nn_norm ln_1, ln_2;
    dio_nn_linear attn, attn_proj, fc, mlp_proj;
};

struct model {
    struct config c;
    dio_lm_shape shape;
    dio_act act;
    dio_nn_embedding wte, wpe;
    struct layer *layer;
    dio_nn_norm ln_f;
    dio_nn_linear head; /* empty when tied */
};

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    struct config *c = &m->c;
    if (c->n_embd % c->n_head)
        return dio_value_fail(place_of(json, "n_head"), err,
                              "n_embd %d does not divide into n_head %d", c->n_embd, c->n_head);
    if (c->n_inner == 0)
        c->n_inner = 4 * c->n_embd;
    m->shape = (dio_lm_shape){.vocab = c->vocab_size,
                              .width = c->n_embd,
                              .layers = c->n_layer,
                              .positions = c->n_positions,
                              .cache_layers = c->n_layer,
                              .cache_heads = c->n_head,
                              .cache_size = c->n_embd / c->n_head};
    m->layer = dio_arena_try(a, (size_t)c->n_layer * sizeof *m->layer);
    if (!m->layer)
        return dio_fail_memory(err, "a model's layers");
    return read_ends(&m->shape, json, err) &&
           read_act(c->activation_function, json, "activation_function", &m->act, err);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    const unsigned kind = DIO_NN_BIAS | DIO_NN_KN;
    dio_init init = dio_init_normal(c->initializer_range), zero = dio_init_fill(0);
    dio_init proj = dio_init_normal(c->initializer_range / sqrtf(2 * (float)c->n_layer));
    int64_t width = c->n_embd;
    dio_walk_base(w, "transformer.");
    dio_walk_ignore(w, ".attn.bias");
    dio_walk_ignore(w, ".attn.masked_bias");
    dio_walk_enter(w, "transformer");
    dio_nn_embedding_walk(w, &m->wte, "wte", c->vocab_size, width, init);
    dio_nn_embedding_walk(w, &m->wpe, "wpe", c->n_positions, width, init);
    for (int i = 0; i < c->n_layer; i++) {
        struct layer *l = &m->layer[i];
        dio_walk_enter(w, "h.%d", i);
        dio_nn_layer_norm_walk(w, &l->ln_1, "ln_1", width);
        dio_nn_linear_walk(w, &l->attn, "attn.c_attn", width, 3 * width, kind, init, zero);
        dio_nn_linear_walk(w, &l->attn_proj, "attn.c_proj", width, width, kind, proj, zero);
        dio_nn_layer_norm_walk(w, &l->ln_2, "ln_2", width);
        dio_nn_linear_walk(w, &l->fc, "mlp.c_fc", width, c->n_inner, kind, init, zero);
        dio_nn_linear_walk(w, &l->mlp_proj, "mlp.c_proj", c->n_inner, width, kind, proj, zero);
        dio_walk_leave(w);
    }
    dio_nn_layer_norm_walk(w, &m->ln_f, "ln_f", width);
    dio_walk_leave(w);
    if (c->tie_word_embeddings)
        dio_walk_ignore(w, "lm_head.weight");
    else
        dio_nn_linear_walk(w, &m->head, "lm_head", width, c->vocab_size, 0, init, zero);
}

/* scale_attn_weights and its companion; 0 stands for the usual 1/sqrt(D). */
static float scale_of(const struct config *c, int layer)
{
    float scale = c->scale_attn_weights ? 1 / sqrtf((float)(c->n_embd / c->n_head)) : 1;
    return c->scale_attn_by_inverse_layer_idx ? scale / (float)(layer + 1) : scale;
}

static dio_val attend(dio_graph *g, const struct model *m, int i, dio_val x, dio_nn_cache *cache)
{
    const struct layer *l = &m->layer[i];
    int64_t width = m->c.n_embd, heads = m->c.n_head;
    dio_attention_attrs attrs = {.causal = true, .scale = scale_of(&m->c, i)};
    dio_val qkv = dio_nn_linear_forward(g, &l->attn, x, DIO_ACT_NONE);
    dio_val q = dio_nn_split_heads(g, dio_slice(g, qkv, 2, 0, width, 1), heads);
    dio_val k = dio_nn_split_heads(g, dio_slice(g, qkv, 2, width, width, 1), heads);
    dio_val v = dio_nn_split_heads(g, dio_slice(g, qkv, 2, 2 * width, width, 1), heads);
    return dio_nn_linear_forward(g, &l->attn_proj, dio_nn_attend(g, q, k, v, cache, attrs),
                                 DIO_ACT_NONE);
}

static void forward(dio_graph *g, const void *model, dio_lm_io *io)
{
    const struct model *m = model;
    float eps = m->c.layer_norm_epsilon;
    dio_val start = dio_lm_start(g, io);
    dio_val places = dio_embedding_range(g, dio_param(g, m->wpe.w), start, dio_dim(g, io->ids, 1));
    dio_val x = dio_add(g, dio_nn_embedding_forward(g, &m->wte, io->ids), places);
    x = drop(g, x, io, 0);
    for (int i = 0; i < m->c.n_layer; i++) {
        const struct layer *l = &m->layer[i];
        dio_nn_cache cache = {.start = start, .cap = io->cap, .layer = i};
        dio_tap(g, x, "hidden_states.%d", i);
        dio_val h = attend(g, m, i, dio_nn_layer_norm_forward(g, &l->ln_1, x, eps), &cache);
        x = dio_add(g, x, drop(g, h, io, 2 * i + 1));
        h = dio_nn_linear_forward(g, &l->fc, dio_nn_layer_norm_forward(g, &l->ln_2, x, eps),
                                  m->act);
        h = dio_nn_linear_forward(g, &l->mlp_proj, h, DIO_ACT_NONE);
        x = dio_add(g, x, drop(g, h, io, 2 * i + 2));
    }
    io->hidden = dio_nn_layer_norm_forward(g, &m->ln_f, x, eps);
    dio_tap(g, io->hidden, "hidden_states.%d", m->c.n_layer);
}

static dio_val scores(dio_graph *g, const void *model, dio_val hidden)
{
    const struct model *m = model;
    return m->c.tie_word_embeddings ? dio_nn_embedding_scores(g, &m->wte, hidden)
                                    : dio_nn_linear_forward(g, &m->head, hidden, DIO_ACT_NONE);
}

static void shape(const void *model, dio_lm_shape *out)
{
    *out = ((const struct model *)model)->shape;
}

static const dio_lm_ops ops = {.shape = shape, .forward = forward, .scores = scores};

const dio_model dio_model_gpt2 = {
    .name = "gpt2",
    .doc = "GPT-2: layer norms, learned positions, GELU",
    .kind = "lm",
    .types = (const char *const[]){"gpt2", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"gpt2\",\"vocab_size\":96,\"n_embd\":32,\"n_layer\":2,\"n_head\":4,"
            "\"n_positions\":256,\"eos_token_id\":2,\"initializer_range\":0.3}",
            NULL},
};
