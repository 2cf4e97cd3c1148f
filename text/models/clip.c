/* clip.c: CLIP's text model (openai/CLIP and open_clip, matched against transformers'
 * CLIPTextModel and CLIPTextModelWithProjection).
 *
 *   ids -> token_embedding + position_embedding
 *       -> [ x += out_proj(attend(q_proj, k_proj, v_proj of layer_norm1 x))
 *            x += fc2(act(fc1(layer_norm2 x))) ] x layers        hidden_states.0 .. layers
 *       -> final_layer_norm                                      last_hidden_state [B,T,C]
 *       -> the row of the end token                              pooler_output [B,C]
 *       -> text_projection                                       text_embeds [B,P]
 *
 * Shapes: x [B,T,C], T at most 77; attention is causal and nothing else is masked: padding is read.
 *
 * Traps
 *  - SD 1.x and SDXL's first encoder (CLIP-L) compute x * sigmoid(1.702 x), "quick_gelu"; SD 2
 * (ViT-H) and SDXL's second (bigG) the exact GELU;
 *  - hidden_states.N, the last one too, come before the final norm: last_hidden_state is its own
 * tap;
 *  - SDXL reads the last but one without the norm, but pools from the last with it;
 *  - published configs say eos_token_id 2, which is wrong and by agreement means: pool where the id
 * is largest (<|endoftext|> is the last of the vocabulary);
 *  - projection_dim stands in every config, but only a CLIPTextModelWithProjection has the layer;
 *  - files carry embeddings.position_ids, which are no weights; transformers 5 writes the bare
 * model without the "text_model." before its names.
 */
#include <math.h>
#include <string.h>

#include "text/encoder.h"
#include "text/models/common.h"

struct config {
    const char *hidden_act;
    int vocab_size, hidden_size, intermediate_size, projection_dim, num_hidden_layers;
    int num_attention_heads, max_position_embeddings;
    float layer_norm_eps, initializer_factor;
};

static const dio_field fields[] = {
    DIO_FIELD(struct config, hidden_act, "quick_gelu", 0, 0, "of the MLP"),
    DIO_FIELD(struct config, vocab_size, "49408", 1, MAX_VOCAB, "ids"),
    DIO_FIELD(struct config, hidden_size, "512", 1, MAX_WIDTH, "width of the residual stream"),
    DIO_FIELD(struct config, intermediate_size, "2048", 1, 4 * MAX_WIDTH, "width of the MLP"),
    DIO_FIELD(struct config, projection_dim, "512", 1, MAX_WIDTH, "width of the projection"),
    DIO_FIELD(struct config, num_hidden_layers, "12", 1, MAX_LAYERS, "layers"),
    DIO_FIELD(struct config, num_attention_heads, "8", 1, MAX_HEADS, "heads"),
    DIO_FIELD(struct config, max_position_embeddings, "77", 3, MAX_POSITIONS, "longest text"),
    DIO_FIELD(struct config, layer_norm_eps, "1e-5", 0, 1, "of every norm"),
    DIO_FIELD(struct config, initializer_factor, "1", 0, 1000, "spread of fresh weights"),
    {0},
};

struct layer {
    dio_nn_norm norm1, norm2;
    dio_nn_linear q, k, v, out, fc1, fc2;
};

struct model {
    struct config c;
    dio_act act;
    bool projects;
    int end_id;
    dio_nn_embedding tokens, places;
    struct layer *layer;
    dio_nn_norm last;
    dio_nn_linear projection; /* empty when there is none */
};

/* "architectures" names the class that was saved. */
static bool read_class(struct model *m, const dio_value *json, dio_error *err)
{
    const dio_value *list = dio_map_get(json, "architectures");
    const dio_value *name =
        list && list->kind == DIO_LIST && list->list.count == 1 ? list->list.items[0] : NULL;
    bool text = name && name->kind == DIO_STRING;
    m->projects = text && !strcmp(name->string.text, "CLIPTextModelWithProjection");
    if (!list || list->kind == DIO_NULL || m->projects ||
        (text && !strcmp(name->string.text, "CLIPTextModel")))
        return true;
    return dio_value_fail(list, err,
                          "architectures: neither [\"CLIPTextModel\"] nor "
                          "[\"CLIPTextModelWithProjection\"]");
}

static bool read_end(struct model *m, const dio_value *json, dio_error *err)
{
    const dio_value *v = dio_map_get(json, "eos_token_id");
    m->end_id = 49407;
    if (v && v->kind == DIO_LIST && v->list.count == 1)
        v = v->list.items[0];
    if (v && v->kind != DIO_NULL) {
        if (v->kind != DIO_INT || v->integer < 0 || v->integer >= MAX_VOCAB)
            return dio_value_fail(v, err, "eos_token_id: not an id below %d", MAX_VOCAB);
        m->end_id = (int)v->integer;
    }
    if (m->end_id == 2)
        m->end_id = -1;
    return true;
}

static bool setup(void *model, const dio_value *json, dio_arena *a, dio_error *err)
{
    struct model *m = model;
    const struct config *c = &m->c;
    if (c->hidden_size % c->num_attention_heads)
        return dio_value_fail(place_of(json, "num_attention_heads"), err,
                              "hidden_size %d does not divide into num_attention_heads %d",
                              c->hidden_size, c->num_attention_heads);
    m->layer = dio_arena_try(a, (size_t)c->num_hidden_layers * sizeof *m->layer);
    if (!m->layer)
        return dio_fail_memory(err, "a model's layers");
    return read_class(m, json, err) && read_end(m, json, err) &&
           read_act(c->hidden_act, json, "hidden_act", &m->act, err);
}

static void walk_layer(dio_walk *w, struct layer *l, const struct config *c)
{
    int64_t width = c->hidden_size, mlp = c->intermediate_size;
    float f = c->initializer_factor, root = 1 / sqrtf((float)width);
    float shrink = 1 / sqrtf(2 * (float)c->num_hidden_layers);
    dio_init in = dio_init_normal(f * root * shrink), out = dio_init_normal(f * root);
    dio_init fc = dio_init_normal(f * root * sqrtf(0.5f)), zero = dio_init_fill(0);
    dio_nn_linear_walk(w, &l->k, "self_attn.k_proj", width, width, DIO_NN_BIAS, in, zero);
    dio_nn_linear_walk(w, &l->v, "self_attn.v_proj", width, width, DIO_NN_BIAS, in, zero);
    dio_nn_linear_walk(w, &l->q, "self_attn.q_proj", width, width, DIO_NN_BIAS, in, zero);
    dio_nn_linear_walk(w, &l->out, "self_attn.out_proj", width, width, DIO_NN_BIAS, out, zero);
    dio_nn_layer_norm_walk(w, &l->norm1, "layer_norm1", width);
    dio_nn_linear_walk(w, &l->fc1, "mlp.fc1", width, mlp, DIO_NN_BIAS, fc, zero);
    dio_nn_linear_walk(w, &l->fc2, "mlp.fc2", mlp, width, DIO_NN_BIAS, in, zero);
    dio_nn_layer_norm_walk(w, &l->norm2, "layer_norm2", width);
}

static void walk(dio_walk *w, void *model)
{
    struct model *m = model;
    const struct config *c = &m->c;
    dio_init init = dio_init_normal(0.02f * c->initializer_factor);
    int64_t width = c->hidden_size;
    dio_walk_base(w, "text_model.");
    dio_walk_ignore(w, "embeddings.position_ids");
    dio_walk_enter(w, "text_model");
    dio_nn_embedding_walk(w, &m->tokens, "embeddings.token_embedding", c->vocab_size, width, init);
    dio_nn_embedding_walk(w, &m->places, "embeddings.position_embedding",
                          c->max_position_embeddings, width, init);
    for (int i = 0; i < c->num_hidden_layers; i++) {
        dio_walk_enter(w, "encoder.layers.%d", i);
        walk_layer(w, &m->layer[i], c);
        dio_walk_leave(w);
    }
    dio_nn_layer_norm_walk(w, &m->last, "final_layer_norm", width);
    dio_walk_leave(w);
    if (m->projects)
        dio_nn_linear_walk(w, &m->projection, "text_projection", width, c->projection_dim, 0,
                           dio_init_normal(c->initializer_factor / sqrtf((float)width)),
                           dio_init_fill(0));
}

static dio_val attend(dio_graph *g, const struct model *m, const struct layer *l, dio_val x)
{
    int64_t heads = m->c.num_attention_heads;
    dio_nn_cache none = {.start = DIO_NONE};
    dio_val q = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->q, x, DIO_ACT_NONE), heads);
    dio_val k = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->k, x, DIO_ACT_NONE), heads);
    dio_val v = dio_nn_split_heads(g, dio_nn_linear_forward(g, &l->v, x, DIO_ACT_NONE), heads);
    dio_val y = dio_nn_attend(g, q, k, v, &none, (dio_attention_attrs){.causal = true});
    return dio_nn_linear_forward(g, &l->out, y, DIO_ACT_NONE);
}

/* Rows ends[b] of x [B,T,C] -> [B,C]. */
static dio_val pick(dio_graph *g, dio_val x, dio_val ends)
{
    int64_t rows = dio_dim(g, x, 0), width = dio_dim(g, x, 2);
    int64_t wide[] = {rows, 1, width};
    dio_val at = dio_expand(g, dio_reshape3(g, ends, rows, 1, 1), 3, wide);
    return dio_reshape2(g, dio_gather(g, x, 1, at), rows, width);
}

static void forward(dio_graph *g, const void *model, dio_text_encoder_io *io)
{
    const struct model *m = model;
    const int layers = m->c.num_hidden_layers;
    const float eps = m->c.layer_norm_eps;
    dio_val start = dio_const(g, dio_type_1d(DIO_I32, 1), (int32_t[]){0});
    dio_val place =
        dio_embedding_range(g, dio_param(g, m->places.w), start, dio_dim(g, io->ids, 1));
    dio_val x = dio_add(g, dio_nn_embedding_forward(g, &m->tokens, io->ids), place);
    dio_val kept = x;
    dio_tap(g, x, "hidden_states.%d", 0);
    for (int i = 0; i < layers; i++) {
        const struct layer *l = &m->layer[i];
        x = dio_add(g, x, attend(g, m, l, dio_nn_layer_norm_forward(g, &l->norm1, x, eps)));
        dio_val h = dio_nn_layer_norm_forward(g, &l->norm2, x, eps);
        h = dio_nn_linear_forward(g, &l->fc1, h, m->act);
        x = dio_add(g, x, dio_nn_linear_forward(g, &l->fc2, h, DIO_ACT_NONE));
        dio_tap(g, x, "hidden_states.%d", i + 1);
        if (i + 1 == layers - io->skip)
            kept = x;
    }
    x = dio_tap(g, dio_nn_layer_norm_forward(g, &m->last, x, eps), "last_hidden_state");
    if (io->skip && io->norm)
        kept = dio_nn_layer_norm_forward(g, &m->last, kept, eps);
    io->hidden = io->skip ? kept : x;
    if (io->ends == DIO_NONE)
        return;
    io->pooled = dio_tap(g, pick(g, x, io->ends), "pooler_output");
    if (m->projects)
        io->pooled = dio_tap(g, dio_nn_linear_forward(g, &m->projection, io->pooled, DIO_ACT_NONE),
                             "text_embeds");
}

static void shape(const void *model, dio_text_encoder_shape *out)
{
    const struct model *m = model;
    *out = (dio_text_encoder_shape){.vocab = m->c.vocab_size,
                                    .width = m->c.hidden_size,
                                    .layers = m->c.num_hidden_layers,
                                    .positions = m->c.max_position_embeddings,
                                    .projection = m->projects ? m->c.projection_dim : 0,
                                    .end_id = m->end_id};
}

static dio_tensor **table(void *model)
{
    return &((struct model *)model)->tokens.w;
}

static const dio_text_encoder_ops ops = {.shape = shape, .forward = forward, .table = table};

#define TINY                                                                                       \
    "\"model_type\":\"clip_text_model\",\"vocab_size\":96,\"hidden_size\":32,"                     \
    "\"num_attention_heads\":4,\"intermediate_size\":64,\"projection_dim\":24,"                    \
    "\"num_hidden_layers\":3"

const dio_model dio_model_clip = {
    .name = "clip",
    .doc = "CLIP's text model: layer norms, learned positions, causal; OpenAI's and open_clip's",
    .kind = "text-encoder",
    .types = (const char *const[]){"clip_text_model", NULL},
    .config = fields,
    .size = sizeof(struct model),
    .setup = setup,
    .walk = walk,
    .ops = &ops,
    .tiny =
        (const char *const[]){
            "{" TINY ",\"architectures\":[\"CLIPTextModel\"],\"eos_token_id\":2}",
            "{" TINY ",\"architectures\":[\"CLIPTextModelWithProjection\"],\"eos_token_id\":95,"
            "\"hidden_act\":\"gelu\"}",
            NULL},
};
