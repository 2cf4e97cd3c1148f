/* llama.c: Llama 1 to 3, SmolLM, Mistral, Qwen 2, 2.5 and 3: one decoder, told apart by config.
 *
 *   ids -> embed -> [ x += o(attend(rope(norm_q q), rope(norm_k k), v)) over input_layernorm(x)
 *                     x += down(silu(gate h) * up h)   over post_attention_layernorm(x) ] x layers
 *       -> norm -> lm_head (or the embedding itself, when tied)
 *
 * Shapes: x [B,T,C], q [B,T,K,D], k v [B,T,Kv,D]; K*D need not be C.
 * Matched against transformers 5 (LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM,
 * Qwen3ForCausalLM).
 *
 * Traps
 *  - rotation is by halves (i, i + D/2), not by pairs, in all the published weights;
 *  - Qwen 2 has biases on q, k, v only and always; Llama's attention_bias adds one to o too;
 *  - Qwen 3 normalises q and k per head before it rotates them;
 *  - sliding_window counts only with use_sliding_window in Qwen, and only from layer
 *    max_window_layers on; in Mistral it counts always, and absent means 4096, null means none;
 *  - num_key_value_heads absent means as many as heads in Llama, 8 in Mistral, 32 in Qwen. */
#include <string.h>

#include "text/models/common.h"

struct config {
    const char *model_type, *hidden_act;
    int vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads;
    int num_key_value_heads, head_dim, max_position_embeddings, sliding_window, max_window_layers;
    float rms_norm_eps, initializer_range;
    double rope_theta;
    bool tie_word_embeddings, attention_bias, mlp_bias, use_sliding_window;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, model_type, NULL, 0, 0, "llama, mistral, qwen2 or qwen3"),
    DIO_FIELD(struct config, hidden_act, "silu", 0, 0, "activation of the gate"),
    DIO_FIELD(struct config, vocab_size, NULL, 1, MAX_VOCAB, "ids"),
    DIO_FIELD(struct config, hidden_size, NULL, 1, MAX_WIDTH, "width of the residual stream"),
    DIO_FIELD(struct config, intermediate_size, NULL, 1, 4 * MAX_WIDTH, "width of the MLP"),
    DIO_FIELD(struct config, num_hidden_layers, NULL, 1, MAX_LAYERS, "layers"),
    DIO_FIELD(struct config, num_attention_heads, NULL, 1, MAX_HEADS, "query heads"),
    DIO_FIELD(struct config, num_key_value_heads, "0", 0, MAX_HEADS,
              "key and value heads; 0: what the family means by its absence"),
    DIO_FIELD(struct config, head_dim, "0", 0, 2 * DIO_ROPE_MAX,
              "channels of a head; 0: hidden_size / heads (Qwen 3: 128)"),
    DIO_FIELD(struct config, max_position_embeddings, "2048", 1, MAX_POSITIONS, "longest text"),
    DIO_FIELD(struct config, sliding_window, "0", 0, MAX_POSITIONS,
              "how far back a position sees; 0: all"),
    DIO_FIELD(struct config, max_window_layers, "28", 0, MAX_LAYERS,
              "Qwen: the first layers without a window"),
    DIO_FIELD(struct config, rms_norm_eps, "1e-6", 0, 1, "of every norm"),
    DIO_FIELD(struct config, initializer_range, "0.02", 0, 10, "spread of fresh weights"),
    DIO_FIELD(struct config, rope_theta, "10000", 1.000001, 1e12, "base of the rotation"),
    DIO_FIELD(struct config, tie_word_embeddings, "false", 0, 0, "output layer is the embedding"),
    DIO_FIELD(struct config, attention_bias, "false", 0, 0, "biases on q, k, v and o"),
    DIO_FIELD(struct config, mlp_bias, "false", 0, 0, "biases in the MLP"),
    DIO_FIELD(struct config, use_sliding_window, "false", 0, 0, "Qwen: sliding_window counts"),
    {0},
};

struct layer {
    dio_nn_norm before_attention, before_mlp, norm_q, norm_k;
    dio_nn_linear q, k, v, o;
    dio_nn_gated_mlp mlp;
    int window; /* 0: sees everything before it */
};

struct model {
    struct config c;
    dio_lm_shape shape;
    dio_act act;
    bool bias_qkv, bias_o, norm_qk;
    float inv_freq[DIO_ROPE_MAX], rope_factor;
    int rope_size;
    dio_nn_embedding embed;
    struct layer *layer;
    dio_nn_norm norm;
    dio_nn_linear head; /* empty when tied */
};

/* --- config --- */

static bool is(const struct model *m, const char *type)
{
    return strcmp(m->c.model_type, type) == 0;
}

static void fill_defaults(struct model *m, const dio_value *json)
{
    struct config *c = &m->c;
    bool qwen = is(m, "qwen2") || is(m, "qwen3");
    const dio_value *heads = dio_map_get(json, "num_key_value_heads");
    if (c->num_key_value_heads == 0 && !heads && !is(m, "llama"))
        c->num_key_value_heads = is(m, "mistral") ? 8 : 32;
    if (c->num_key_value_heads == 0)
        c->num_key_value_heads = c->num_attention_heads;
    if (c->head_dim == 0)
        c->head_dim = is(m, "qwen3") ? 128 : c->hidden_size / c->num_attention_heads;
    if (!dio_map_get(json, "max_position_embeddings") && !is(m, "llama"))
        c->max_position_embeddings = qwen ? 32768 : 131072;
    if (!dio_map_get(json, "sliding_window") && !is(m, "llama"))
        c->sliding_window = 4096;
    if (is(m, "llama") || (qwen && !c->use_sliding_window))
        c->sliding_window = 0;
    m->bias_qkv = is(m, "qwen2") || (!is(m, "mistral") && c->attention_bias);
    m->bias_o = (is(m, "llama") || is(m, "qwen3")) && c->attention_bias;
    m->norm_qk = is(m, "qwen3");
    if (!is(m, "llama"))
        c->mlp_bias = false;
}

static bool check_heads(const struct model *m, const dio_value *json, dio_error *err)
{
    const struct config *c = &m->c;
    const dio_value *v = dio_map_get(json, "head_dim");
    if ((!v || v->kind == DIO_NULL) && c->hidden_size % c->num_attention_heads && !m->norm_qk)
        return dio_value_fail(place_of(json, "num_attention_heads"), err,
                              "hidden_size %d does not divide into num_attention_heads %d",
                              c->hidden_size, c->num_attention_heads);
    if (c->num_attention_heads % c->num_key_value_heads)
        return dio_value_fail(place_of(json, "num_key_value_heads"), err,
                              "num_attention_heads %d is not a multiple of num_key_value_heads %d",
                              c->num_attention_heads, c->num_key_value_heads);
    return true;
}

/* layer_types, where a config has it, decides; else the family's rule does. */
static bool read_windows(struct model *m, const dio_value *json, dio_error *err)
{
    const struct config *c = &m->c;
    const dio_value *types = dio_map_get(json, "layer_types");
    bool listed = types && types->kind == DIO_LIST && !is(m, "mistral") && !is(m, "llama");
    if (listed && types->list.count != c->num_hidden_layers)
        return dio_value_fail(types, err, "layer_types has %d entries for %d layers",
                              types->list.count, c->num_hidden_layers);
    for (int i = 0; i < c->num_hidden_layers; i++) {
        bool slides = is(m, "mistral") || i >= c->max_window_layers;
        if (listed) {
            const dio_value *v = types->list.items[i];
            slides = v->kind == DIO_STRING && strcmp(v->string.text, "sliding_attention") == 0;
            if (!slides && (v->kind != DIO_STRING || strcmp(v->string.text, "full_attention")))
                return dio_value_fail(v, err,
                                      "layer_types: only full_attention and "
                                      "sliding_attention are supported");
        }
        m->layer[i].window = slides ? c->sliding_window : 0;
    }
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    struct config *c = &m->c;
    dio_rope_spec rope;
    fill_defaults(m, json);
    m->shape = (dio_lm_shape){.vocab = c->vocab_size,
                              .width = c->hidden_size,
                              .layers = c->num_hidden_layers,
                              .positions = c->max_position_embeddings,
                              .cache_layers = c->num_hidden_layers,
                              .cache_heads = c->num_key_value_heads,
                              .cache_size = c->head_dim};
    m->layer = dio_arena_try(a, (size_t)c->num_hidden_layers * sizeof *m->layer);
    if (!m->layer)
        return dio_fail_memory(err, "a model's layers");
    if (!check_heads(m, json, err) || !read_ends(&m->shape, json, err) ||
        !read_act(c->hidden_act, json, "hidden_act", &m->act, err) || !read_windows(m, json, err) ||
        !read_rope(&rope, json, c->head_dim, c->max_position_embeddings, c->rope_theta, err))
        return false;
    m->rope_size = rope.size;
    dio_rope_frequencies(&rope, m->inv_freq, &m->rope_factor);
    return true;
}

/* --- weights --- */

static void walk_layer(dio_walk *w, const struct model *m, struct layer *l)
{
    const struct config *c = &m->c;
    dio_init init = dio_init_normal(c->initializer_range), zero = dio_init_fill(0);
    unsigned bias = m->bias_qkv ? DIO_NN_BIAS : 0;
    int64_t width = c->hidden_size, q = (int64_t)c->num_attention_heads * c->head_dim;
    int64_t kv = (int64_t)c->num_key_value_heads * c->head_dim;
    dio_walk_enter(w, "self_attn");
    dio_nn_linear_walk(w, &l->q, "q_proj", width, q, bias, init, zero);
    dio_nn_linear_walk(w, &l->k, "k_proj", width, kv, bias, init, zero);
    dio_nn_linear_walk(w, &l->v, "v_proj", width, kv, bias, init, zero);
    dio_nn_linear_walk(w, &l->o, "o_proj", q, width, m->bias_o ? DIO_NN_BIAS : 0, init, zero);
    if (m->norm_qk) {
        dio_nn_rms_norm_walk(w, &l->norm_q, "q_norm", c->head_dim);
        dio_nn_rms_norm_walk(w, &l->norm_k, "k_norm", c->head_dim);
    }
    dio_walk_leave(w);
    dio_nn_gated_mlp_walk(w, &l->mlp, "mlp", width, c->intermediate_size,
                          c->mlp_bias ? DIO_NN_BIAS : 0, init);
    dio_nn_rms_norm_walk(w, &l->before_attention, "input_layernorm", width);
    dio_nn_rms_norm_walk(w, &l->before_mlp, "post_attention_layernorm", width);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    dio_init init = dio_init_normal(m->c.initializer_range), zero = dio_init_fill(0);
    dio_walk_base(w, "model.");
    dio_walk_ignore(w, ".rotary_emb.inv_freq"); /* a buffer in files of 2023 */
    dio_walk_enter(w, "model");
    dio_nn_embedding_walk(w, &m->embed, "embed_tokens", m->c.vocab_size, m->c.hidden_size, init);
    for (int i = 0; i < m->c.num_hidden_layers; i++) {
        dio_walk_enter(w, "layers.%d", i);
        walk_layer(w, m, &m->layer[i]);
        dio_walk_leave(w);
    }
    dio_nn_rms_norm_walk(w, &m->norm, "norm", m->c.hidden_size);
    dio_walk_leave(w);
    if (m->c.tie_word_embeddings)
        dio_walk_ignore(w, "lm_head.weight"); /* a second copy of the embedding */
    else
        dio_nn_linear_walk(w, &m->head, "lm_head", m->c.hidden_size, m->c.vocab_size, 0, init,
                           zero);
}

/* --- forward --- */

static dio_val attend(dio_graph *g, const struct model *m, const struct layer *l, dio_val x,
                      const dio_nn_cache *cache, dio_val start, dio_val inv_freq)
{
    const struct config *c = &m->c;
    dio_val q = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->q, x, DIO_ACT_NONE),
                                   c->num_attention_heads);
    dio_val k = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->k, x, DIO_ACT_NONE),
                                   c->num_key_value_heads);
    dio_val v = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->v, x, DIO_ACT_NONE),
                                   c->num_key_value_heads);
    if (m->norm_qk) {
        q = dio_nn_rms_norm_forward(g, &l->norm_q, q, c->rms_norm_eps);
        k = dio_nn_rms_norm_forward(g, &l->norm_k, k, c->rms_norm_eps);
    }
    q = dio_rope(g, q, start, inv_freq, false, m->rope_factor);
    k = dio_rope(g, k, start, inv_freq, false, m->rope_factor);
    dio_attention_attrs attrs = {.causal = true, .window = l->window};
    return dio_nn_linear_forward(g, &l->o, dio_nn_attend(g, q, k, v, cache, attrs), DIO_ACT_NONE);
}

static void forward(dio_graph *g, const void *model, dio_lm_io *io)
{
    const struct model *m = model;
    float eps = m->c.rms_norm_eps;
    dio_val start = dio_lm_start(g, io);
    dio_val inv_freq = dio_const(g, dio_type_1d(DIO_F32, m->rope_size / 2), m->inv_freq);
    dio_val x = drop(g, dio_nn_embedding_forward(g, &m->embed, io->ids), io, 0);
    for (int i = 0; i < m->c.num_hidden_layers; i++) {
        const struct layer *l = &m->layer[i];
        dio_nn_cache cache = {.start = start, .cap = io->cap, .layer = i};
        dio_tap(g, x, "hidden_states.%d", i);
        dio_val h = dio_nn_rms_norm_forward(g, &l->before_attention, x, eps);
        h = attend(g, m, l, h, &cache, start, inv_freq);
        x = dio_add(g, x, drop(g, h, io, 2 * i + 1));
        h = dio_nn_rms_norm_forward(g, &l->before_mlp, x, eps);
        h = dio_nn_gated_mlp_forward(g, &l->mlp, h, m->act);
        x = dio_add(g, x, drop(g, h, io, 2 * i + 2));
    }
    io->hidden = dio_nn_rms_norm_forward(g, &m->norm, x, eps);
    dio_tap(g, io->hidden, "hidden_states.%d", m->c.num_hidden_layers);
}

static dio_val scores(dio_graph *g, const void *model, dio_val hidden)
{
    const struct model *m = model;
    return m->c.tie_word_embeddings ? dio_nn_embedding_scores(g, &m->embed, hidden)
                                    : dio_nn_linear_forward(g, &m->head, hidden, DIO_ACT_NONE);
}

static void shape(const void *model, dio_lm_shape *out)
{
    *out = ((const struct model *)model)->shape;
}

static const dio_lm_ops ops = {.shape = shape, .forward = forward, .scores = scores};

const dio_model dio_model_llama = {
    .name = "llama",
    .doc = "Llama 1 to 3, SmolLM, Mistral, Qwen 2, 2.5 and 3",
    .kind = "lm",
    .types = (const char *const[]){"llama", "mistral", "qwen2", "qwen3", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":"
            "48,"
            "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
            "\"max_position_embeddings\":256,\"eos_token_id\":2,\"initializer_range\":0.3}",
            "{\"model_type\":\"mistral\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_"
            "size\":48,"
            "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
            "\"max_position_embeddings\":256,\"sliding_window\":8,\"initializer_range\":0.3}",
            "{\"model_type\":\"qwen3\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":"
            "48,"
            "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
            "\"head_dim\":16,\"max_position_embeddings\":256,\"tie_word_embeddings\":true,"
            "\"initializer_range\":0.3}",
            NULL},
};
