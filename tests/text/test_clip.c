/* test_clip.c: CLIP's text models against transformers, on the goldens of tools/golden/clip.py:
 * every tap and output; the pooled token's place; rows that do not know of each other; refusals. */
#include "tests/text/lm_case.h"

#include "text/encoder.h"

#define FOLDER "tests/golden/clip/"
enum { B = 2, T = 77 };

struct golden {
    dio_text_encoder *e;
    dio_weights *w;
    dio_device *device;
    int32_t *ids, ends[B];
};

static void open_golden(struct golden *g, const char *name, dio_dtype keep)
{
    char path[256];
    int64_t n;
    dio_error err = {0};
    snprintf(path, sizeof path, FOLDER "%s", name);
    g->e = dio_text_encoder_open(path, keep, &err);
    must(g->e != NULL, &err);
    snprintf(path, sizeof path, FOLDER "%s/golden.safetensors", name);
    g->w = dio_weights_open(path, &err);
    must(g->w != NULL, &err);
    const char *kind = getenv("DIORAMA_TEST_DEVICE");
    g->device = dio_device_open(kind ? kind : "cpu", &err);
    must(g->device != NULL, &err);
    g->ids = golden_ids(g->w, "input_ids", &n);
    assert_int_equal(n, B * T);
    for (int b = 0; b < B; b++)
        g->ends[b] = dio_text_encoder_end(g->e, g->ids + b * T, T);
}

static void close_golden(struct golden *g)
{
    free(g->ids);
    dio_device_close(g->device);
    dio_weights_close(g->w);
    dio_text_encoder_close(g->e);
}

static dio_plan *plan_of(struct golden *g, int rows, int skip, bool norm)
{
    dio_error err = {0};
    dio_graph *graph = dio_graph_create();
    dio_text_encoder_io io = {.ids = dio_input(graph, "input_ids", dio_type_2d(DIO_I32, rows, T)),
                              .ends = dio_input(graph, "ends", dio_type_1d(DIO_I32, rows)),
                              .skip = skip,
                              .norm = norm};
    dio_text_encoder_forward(graph, g->e, &io);
    dio_val outputs[] = {io.hidden, io.pooled};
    dio_plan *p = dio_plan_create(graph, outputs, 2, true, g->device, NULL, &err);
    must(p != NULL, &err);
    dio_graph_destroy(graph);
    return p;
}

static void run(struct golden *g, dio_plan *p, int first, int rows)
{
    dio_error err = {0};
    must(dio_plan_set(p, "input_ids", g->ids + first * T, (size_t)(rows * T) * sizeof *g->ids,
                      &err) &&
             dio_plan_set(p, "ends", g->ends + first, (size_t)rows * sizeof *g->ends, &err) &&
             dio_plan_run(p, &err),
         &err);
}

/* Every tensor of the golden has its tap. */
static void check_taps(void **state)
{
    struct golden g;
    double away = 0;
    int compared = 0;
    open_golden(&g, *state, DIO_F32);
    dio_plan *p = plan_of(&g, B, 0, false);
    run(&g, p, 0, B);
    for (int i = 0; i < dio_plan_tap_count(p); i++) {
        const char *name;
        dio_type type;
        double scale;
        const float *data = dio_plan_tap(p, i, &name, &type);
        const dio_tensor *want = dio_weights_find(g.w, name);
        if (!want)
            continue;
        assert_true(dio_type_equal(&type, &want->type));
        double d = worst(data, dio_tensor_data(want), dio_type_count(&type), &scale) / scale;
        away = d > away ? d : away;
        compared++;
    }
    print_message("%-10s %d taps within %.2e of their largest\n", (const char *)*state, compared,
                  away);
    assert_int_equal(compared, dio_weights_count(g.w) - 1);
    assert_true(away <= 4e-6); /* measured 1.0e-6 */
    dio_plan_destroy(p);
    close_golden(&g);
}

/* Weights kept as they are stored, in f16 and bf16, give the same numbers as widened ones. */
static void check_kept(void **state)
{
    struct golden wide, kept;
    open_golden(&wide, *state, DIO_F32);
    open_golden(&kept, *state, DIO_DTYPES);
    assert_int_not_equal((*dio_text_encoder_walk(kept.e)->items[0].slot)->type.dtype, DIO_F32);
    dio_plan *a = plan_of(&wide, B, 0, false), *b = plan_of(&kept, B, 0, false);
    run(&wide, a, 0, B);
    run(&kept, b, 0, B);
    for (int i = 0; i < 2; i++) {
        dio_type type;
        const void *x = dio_plan_output(a, i, &type), *y = dio_plan_output(b, i, &type);
        assert_memory_equal(x, y, dio_type_bytes(&type));
    }
    dio_plan_destroy(a);
    dio_plan_destroy(b);
    close_golden(&wide);
    close_golden(&kept);
}

/* A row's bits are its own: alone or in a batch. */
static void check_rows(void **state)
{
    struct golden g;
    open_golden(&g, *state, DIO_F32);
    dio_plan *both = plan_of(&g, B, 1, false), *one = plan_of(&g, 1, 1, false);
    run(&g, both, 0, B);
    for (int b = 0; b < B; b++) {
        run(&g, one, b, 1);
        for (int i = 0; i < 2; i++) {
            dio_type type;
            const char *all = dio_plan_output(both, i, NULL);
            const char *own = dio_plan_output(one, i, &type);
            assert_memory_equal(all + (size_t)b * dio_type_bytes(&type), own,
                                dio_type_bytes(&type));
        }
    }
    dio_plan_destroy(both);
    dio_plan_destroy(one);
    close_golden(&g);
}

/* skip n is hidden_states[-1-n]; all layers may go. With the norm over it, skip changes nothing
 * else. */
static void check_skip(void **state)
{
    struct golden g;
    open_golden(&g, *state, DIO_F32);
    int layers = dio_text_encoder_shape_get(g.e).layers;
    for (int skip = 1; skip <= layers; skip++) {
        char name[64];
        double scale;
        dio_type type;
        dio_plan *p = plan_of(&g, B, skip, false);
        run(&g, p, 0, B);
        snprintf(name, sizeof name, "hidden_states.%d", layers - skip);
        const float *want = dio_tensor_data(dio_weights_find(g.w, name));
        const float *got = dio_plan_output(p, 0, &type);
        assert_true(worst(got, want, dio_type_count(&type), &scale) <= 4e-6 * scale);
        dio_plan_destroy(p);
    }
    close_golden(&g);
}

/* --- where the pooled token stands --- */

static void test_ends(void **state)
{
    (void)state;
    static const int32_t row[] = {812, 5, 813, 900, 813}, none[] = {1, 2, 3};
    dio_error err = {0};
    dio_text_encoder *old = dio_text_encoder_open(FOLDER "clip-l", DIO_F32, &err);
    must(old != NULL, &err);
    dio_text_encoder *new = dio_text_encoder_open(FOLDER "vit-h", DIO_F32, &err);
    must(new != NULL, &err);
    assert_int_equal(dio_text_encoder_end(old, row, 5), 3);
    assert_int_equal(dio_text_encoder_end(old, none, 3), 2);
    assert_int_equal(dio_text_encoder_end(new, row, 5), 2);
    assert_int_equal(dio_text_encoder_end(new, none, 3), 0);
    assert_int_equal(dio_text_encoder_shape_get(new).projection, 0);
    dio_text_encoder_close(old);
    dio_text_encoder_close(new);
}

/* A config without "architectures" goes by the weights; one that has no projection passes it over
 * in no case. */
static void test_class(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *config = dio_value_read(a, FOLDER "big-g/config.json", 1 << 16, &err);
    must(config != NULL, &err);
    dio_value *bare = dio_value_map(a);
    for (int i = 0; i < config->map.count; i++)
        if (strcmp(config->map.keys[i]->string.text, "architectures") != 0)
            dio_map_set(a, bare, config->map.keys[i]->string.text, config->map.items[i]);
    dio_weights *w = dio_weights_open(FOLDER "big-g", &err);
    must(w != NULL, &err);
    dio_text_encoder *e = dio_text_encoder_build(bare, w, DIO_DTYPES, &err);
    must(e != NULL, &err);
    assert_int_equal(dio_text_encoder_shape_get(e).projection, 28);
    dio_text_encoder_close(e);
    dio_weights_close(w);
    dio_arena_destroy(a);
}

/* --- what is refused --- */

#define CLIP(extra) "{\"model_type\":\"clip_text_model\",\"vocab_size\":96" extra "}"

static const struct {
    const char *json, *says; /* after "config.json:" */
} bad[] = {
    {"{\"model_type\":\"clip\"}",
     "1:15: model_type \"clip\" is not supported (there are clip_text_model)"},
    {"{\"hidden_size\":8}",
     "1:1: a config.json needs a \"model_type\" (or \"_class_name\") that is a string"},
    {CLIP(",\"hidden_size\":30,\"num_attention_heads\":4"),
     "1:88: hidden_size 30 does not divide into num_attention_heads 4"},
    {CLIP(",\"num_attention_heads\":0"), "1:71: num_attention_heads: 0 is below 1"},
    {CLIP(",\"num_hidden_layers\":100000"), "1:69: num_hidden_layers: 100000 is above 512"},
    {CLIP(",\"hidden_size\":1e12"), "1:63: hidden_size: 1000000000000 is above 65536"},
    {CLIP(",\"max_position_embeddings\":2"), "1:75: max_position_embeddings: 2 is below 3"},
    {CLIP(",\"layer_norm_eps\":\"small\""),
     "1:66: layer_norm_eps: expected a number, found a string \"small\""},
    {CLIP(",\"hidden_act\":\"gelu_fast\""),
     "1:62: hidden_act: activation \"gelu_fast\" is not supported (silu, gelu, gelu_new, "
     "gelu_pytorch_tanh, quick_gelu, relu and tanh are)"},
    {CLIP(",\"eos_token_id\":-1"), "1:64: eos_token_id: not an id below 4194304"},
    {CLIP(",\"eos_token_id\":\"</s>\""), "1:64: eos_token_id: not an id below 4194304"},
    {CLIP(",\"architectures\":[\"CLIPModel\"]"),
     "1:65: architectures: neither [\"CLIPTextModel\"] nor [\"CLIPTextModelWithProjection\"]"},
};

static void test_configs(void **state)
{
    (void)state;
    char said[2048];
    int wrong = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dio_error err = {0};
        dio_arena *a = dio_arena_create();
        dio_value *config =
            dio_json_parse(a, "config.json", bad[i].json, strlen(bad[i].json), &err);
        dio_text_encoder *e = config ? dio_text_encoder_create(config, 1, DIO_F32, &err) : NULL;
        if (e)
            fail_msg("accepted: %s", bad[i].json);
        dio_error_text(&err, said, sizeof said);
        if (strncmp(said, "config.json:", 12) != 0 || strcmp(said + 12, bad[i].says) != 0) {
            print_error("%s\n  said %s\n  want %s\n", bad[i].json, said, bad[i].says);
            wrong++;
        }
        dio_arena_destroy(a);
    }
    assert_int_equal(wrong, 0);
}

static void refused(const char *config, const char *weights, const char *want)
{
    char said[2048];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_value *v = dio_json_parse(a, "config.json", config, strlen(config), &err);
    must(v != NULL, &err);
    dio_weights *w = dio_weights_open(weights, &err);
    must(w != NULL, &err);
    assert_null(dio_text_encoder_build(v, w, DIO_F32, &err));
    assert_string_equal(dio_error_text(&err, said, sizeof said), want);
    dio_weights_close(w);
    dio_arena_destroy(a);
}

#define SIZES(layers, act)                                                                         \
    "{\"model_type\":\"clip_text_model\",\"vocab_size\":814,\"hidden_size\":32,"                   \
    "\"intermediate_size\":" act ",\"num_attention_heads\":4,\"num_hidden_layers\":" layers "}"

/* Weights that belong to another config: what is missing, misshapen and unused, by name. */
static void test_weights(void **state)
{
    (void)state;
    refused(SIZES("4", "80"), FOLDER "clip-l",
            "tests/golden/clip/clip-l/model.safetensors: the weights do not fit the model: "
            "16 missing: text_model.encoder.layers.3.self_attn.k_proj.weight, "
            "text_model.encoder.layers.3.self_attn.k_proj.bias, "
            "text_model.encoder.layers.3.self_attn.v_proj.weight, "
            "text_model.encoder.layers.3.self_attn.v_proj.bias, "
            "text_model.encoder.layers.3.self_attn.q_proj.weight, "
            "text_model.encoder.layers.3.self_attn.q_proj.bias, "
            "text_model.encoder.layers.3.self_attn.out_proj.weight, "
            "text_model.encoder.layers.3.self_attn.out_proj.bias, "
            "text_model.encoder.layers.3.layer_norm1.weight, "
            "text_model.encoder.layers.3.layer_norm1.bias, "
            "text_model.encoder.layers.3.mlp.fc1.weight, "
            "text_model.encoder.layers.3.mlp.fc1.bias, "
            "text_model.encoder.layers.3.mlp.fc2.weight, "
            "text_model.encoder.layers.3.mlp.fc2.bias, "
            "text_model.encoder.layers.3.layer_norm2.weight and 1 more");
    refused(SIZES("3", "64"), FOLDER "clip-l",
            "tests/golden/clip/clip-l/model.safetensors: the weights do not fit the model: "
            "9 misshapen: text_model.encoder.layers.0-2.mlp.fc1.weight is f32[80,32], not "
            "[64,32], text_model.encoder.layers.0-2.mlp.fc1.bias is f32[80], not [64], "
            "text_model.encoder.layers.0-2.mlp.fc2.weight is f32[32,80], not [32,64]");
    refused(SIZES("2", "80"), FOLDER "clip-l",
            "tests/golden/clip/clip-l/model.safetensors: the weights do not fit the model: "
            "16 unused: text_model.encoder.layers.2.layer_norm1.bias, "
            "text_model.encoder.layers.2.layer_norm1.weight, "
            "text_model.encoder.layers.2.layer_norm2.bias, "
            "text_model.encoder.layers.2.layer_norm2.weight, "
            "text_model.encoder.layers.2.mlp.fc1.bias, "
            "text_model.encoder.layers.2.mlp.fc1.weight, "
            "text_model.encoder.layers.2.mlp.fc2.bias, "
            "text_model.encoder.layers.2.mlp.fc2.weight, "
            "text_model.encoder.layers.2.self_attn.k_proj.bias, "
            "text_model.encoder.layers.2.self_attn.k_proj.weight, "
            "text_model.encoder.layers.2.self_attn.out_proj.bias, "
            "text_model.encoder.layers.2.self_attn.out_proj.weight, "
            "text_model.encoder.layers.2.self_attn.q_proj.bias, "
            "text_model.encoder.layers.2.self_attn.q_proj.weight, "
            "text_model.encoder.layers.2.self_attn.v_proj.bias and 1 more");
}

/* What a graph cannot be built from poisons it, with a sentence. */
static void test_graphs(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, length, ends;
        dio_dtype type;
        int skip;
        const char *says;
    } rows[] = {
        {1, 78, 1, DIO_I32, 0,
         "a row of 78 ids is longer than the 77 that this text encoder reads"},
        {1, 77, 2, DIO_I32, 0, "ends must be i32[1], not i32[2]"},
        {1, 77, 1, DIO_F32, 0, "ids must be i32[B,T], not f32[1,77]"},
        {1, 77, 1, DIO_I32, 4, "4 layers cannot be skipped: the text encoder has 3"},
        {1, 77, 1, DIO_I32, -1, "-1 layers cannot be skipped: the text encoder has 3"},
    };
    dio_error err = {0};
    dio_text_encoder *e = dio_text_encoder_open(FOLDER "clip-l", DIO_F32, &err);
    must(e != NULL, &err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dio_error why = {0};
        dio_graph *g = dio_graph_create();
        dio_text_encoder_io io = {
            .ids = dio_input(g, "ids", dio_type_2d(rows[i].type, rows[i].rows, rows[i].length)),
            .ends = dio_input(g, "ends", dio_type_1d(DIO_I32, rows[i].ends)),
            .skip = rows[i].skip};
        dio_text_encoder_forward(g, e, &io);
        assert_false(dio_graph_ready(g, &why));
        assert_string_equal(why.message, rows[i].says);
        dio_graph_destroy(g);
    }
    dio_text_encoder_close(e);
}

/* Vectors join the table behind its ids. */
static void test_extend(void **state)
{
    (void)state;
    struct golden g;
    dio_error err = {0};
    int32_t first = 0;
    open_golden(&g, "clip-l", DIO_F32);
    dio_tensor **table = dio_text_encoder_walk(g.e)->items[0].slot;
    dio_type two = dio_type_2d(DIO_F32, 2, 32), wide = dio_type_2d(DIO_F32, 2, 33);
    dio_tensor *rows = dio_tensor_create("", &two, &err), *odd = dio_tensor_create("", &wide, &err);
    /* The new word is a copy of id 5: in place of it, nothing changes. */
    memcpy(dio_tensor_data(rows), (float *)dio_tensor_data(*table) + 5 * 32, 32 * sizeof(float));
    must(dio_text_encoder_extend(g.e, rows, &first, &err), &err);
    assert_int_equal(first, 814);
    assert_int_equal(dio_text_encoder_shape_get(g.e).vocab, 816);
    assert_int_equal((*table)->type.dim[0], 816);
    g.ids[3] = 5;
    g.ids[T + 3] = first;
    memcpy(g.ids + T, g.ids, 3 * sizeof *g.ids);
    memcpy(g.ids + T + 4, g.ids + 4, (T - 4) * sizeof *g.ids);
    g.ends[1] = g.ends[0];
    dio_plan *p = plan_of(&g, B, 0, false);
    run(&g, p, 0, B);
    const float *hidden = dio_plan_output(p, 0, NULL);
    assert_memory_equal(hidden, hidden + T * 32, T * 32 * sizeof *hidden);
    assert_false(dio_text_encoder_extend(g.e, odd, &first, &err));
    assert_string_equal(err.message,
                        "vectors of f32[2,33]: a text encoder 32 wide takes f32[n,32]");
    dio_tensor_unref(rows);
    dio_tensor_unref(odd);
    dio_plan_destroy(p);
    close_golden(&g);
}

#define WITH(check, name) cmocka_unit_test_prestate(check, (void *)(name))

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(check_taps, "clip-l"),     WITH(check_taps, "big-g"),
        WITH(check_taps, "vit-h"),      WITH(check_taps, "clip-bin"),
        WITH(check_kept, "big-g"),      WITH(check_kept, "clip-bin"),
        WITH(check_rows, "clip-l"),     WITH(check_rows, "big-g"),
        WITH(check_skip, "clip-l"),     WITH(check_skip, "big-g"),
        cmocka_unit_test(test_ends),    cmocka_unit_test(test_class),
        cmocka_unit_test(test_configs), cmocka_unit_test(test_weights),
        cmocka_unit_test(test_graphs),  cmocka_unit_test(test_extend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
