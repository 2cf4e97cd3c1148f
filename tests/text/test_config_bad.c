/* test_config_bad.c: config.json files that contradict themselves or ask for the absurd, each with
 * the exact sentence it is refused with; and weights that do not belong to their config. Cases
 * M1..M6 are classes of published weaknesses: layer counts beyond all tables, heads of zero or
 * that do not divide, vocabularies that disagree with the embedding, missing tensors, foreign ids.
 */
#include "tests/text/lm_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define LLAMA(extra)                                                                               \
    "{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"     \
    "\"num_hidden_layers\":2,\"num_attention_heads\":4" extra "}"
#define GPT2(extra)                                                                                \
    "{\"model_type\":\"gpt2\",\"vocab_size\":96,\"n_embd\":32,\"n_head\":4" extra "}"

static const struct {
    const char *json, *says;
} table[] = {
    {"{\"a\":1}", "1:1: a config.json needs a \"model_type\" that is a string"},
    {"[]", "1:1: a config.json needs a \"model_type\" that is a string"},
    {"{\"model_type\":7}", "1:1: a config.json needs a \"model_type\" that is a string"},
    {"{\"model_type\":\"lama\"}",
     "1:15: model_type \"lama\" is not supported; did you mean \"llama\"? (there are gpt2, llama, "
     "mistral, qwen2, qwen3, gru, lstm)"},
    {"{\"model_type\":\"mamba2\"}",
     "1:15: model_type \"mamba2\" is not supported (there are gpt2, llama, mistral, qwen2, qwen3, "
     "gru, lstm)"},
    {"{\"model_type\":\"llama\",\"vocab_size\":96}",
     "1:1: config.json needs the key \"hidden_size\": width of the residual stream"},
    {LLAMA(",\"hidden_size\":32"),
     "1:125: key \"hidden_size\" appears twice in this map: first on line 1"},
    /* M1: layers */
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_attention_heads\":4,\"num_hidden_layers\":513}",
     "1:123: num_hidden_layers: 513 is above 512"},
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_attention_heads\":4,\"num_hidden_layers\":4294967295}",
     "1:123: num_hidden_layers: 4294967295 is above 512"},
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_attention_heads\":4,\"num_hidden_layers\":-1}",
     "1:123: num_hidden_layers: -1 is below 1"},
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_attention_heads\":4,\"num_hidden_layers\":\"two\"}",
     "1:123: num_hidden_layers: expected an integer, found a string \"two\""},
    {GPT2(",\"n_layer\":1e9"), "1:71: n_layer: 1000000000 is above 512"},
    /* M2: heads */
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_hidden_layers\":2,\"num_attention_heads\":0}",
     "1:123: num_attention_heads: 0 is below 1"},
    {"{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_hidden_layers\":2,\"num_attention_heads\":5}",
     "1:123: hidden_size 32 does not divide into num_attention_heads 5"},
    {LLAMA(",\"num_key_value_heads\":3"),
     "1:147: num_attention_heads 4 is not a multiple of num_key_value_heads 3"},
    {LLAMA(",\"head_dim\":7"),
     "1:136: head_dim: 7 channels of a head would rotate; an even number from 2 to 1024 is "
     "needed"},
    {LLAMA(",\"head_dim\":100000"), "1:136: head_dim: 100000 is above 1024"},
    {"{\"model_type\":\"gpt2\",\"n_embd\":30,\"n_head\":4}",
     "1:43: n_embd 30 does not divide into n_head 4"},
    /* M6: ids */
    {LLAMA(",\"eos_token_id\":96"), "1:140: eos_token_id: not an id below vocab_size, 96"},
    {LLAMA(",\"eos_token_id\":-1"), "1:140: eos_token_id: not an id below vocab_size, 96"},
    {LLAMA(",\"bos_token_id\":1000"), "1:140: bos_token_id: not an id below vocab_size, 96"},
    {LLAMA(",\"eos_token_id\":[1,\"x\"]"), "1:143: eos_token_id: not an id below vocab_size, 96"},
    {LLAMA(",\"eos_token_id\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"),
     "1:179: eos_token_id: more than 16 ids"},
    /* what would quietly compute something else */
    {LLAMA(",\"hidden_act\":\"xielu\""),
     "1:138: hidden_act: activation \"xielu\" is not supported (silu, gelu, gelu_new, "
     "gelu_pytorch_tanh, quick_gelu, relu and tanh are)"},
    {LLAMA(",\"rms_norm_eps\":-1"), "1:140: rms_norm_eps: -1 is below 0"},
    {LLAMA(",\"max_position_embeddings\":9223372036854775807"),
     "1:151: max_position_embeddings: 9223372036854775807 is above 16777216"},
    {"{\"model_type\":\"qwen3\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
     "\"layer_types\":[\"full_attention\"]}",
     "1:163: layer_types has 1 entries for 2 layers"},
    {"{\"model_type\":\"qwen3\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"
     "\"num_hidden_layers\":1,\"num_attention_heads\":4,\"num_key_value_heads\":2,"
     "\"layer_types\":[\"linear_attention\"]}",
     "1:164: layer_types: only full_attention and sliding_attention are supported"},
    {"{\"model_type\":\"gru\",\"vocab_size\":96,\"embedding_size\":24,\"hidden_size\":32,"
     "\"num_layers\":1,\"tie_embeddings\":true}",
     "1:106: tie_embeddings needs embedding_size 24 to equal hidden_size 32"},
    {"{\"model_type\":\"gru\",\"vocab_size\":96,\"embedding_size\":24,\"hidden_size\":32,"
     "\"num_layers\":33}",
     "1:87: num_layers: 33 is above 32"},
};

static char dir[] = "/tmp/dio_config_XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    must(dio_file_write(path, text, strlen(text), &err), &err);
}

static void test_table(void **state)
{
    (void)state;
    char said[4096], prefix[128];
    int wrong = 0;
    snprintf(prefix, sizeof prefix, "%s/config.json:", dir);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        dio_error err = {0};
        put("config.json", table[i].json);
        dio_lm *lm = dio_lm_open(dir, NULL, &err);
        if (lm)
            fail_msg("accepted: %s", table[i].json);
        assert_int_equal(err.kind, DIO_ERROR_INVALID);
        dio_error_text(&err, said, sizeof said);
        const char *after =
            strncmp(said, prefix, strlen(prefix)) == 0 ? said + strlen(prefix) : said;
        if (strcmp(after, table[i].says) != 0) {
            print_error("%s\n  said %s\n  want %s\n", table[i].json, after, table[i].says);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void open_wrong(const char *json, char *said, int size)
{
    dio_error err = {0};
    put("config.json", json);
    dio_lm *lm = dio_lm_open(dir, NULL, &err);
    if (lm)
        fail_msg("accepted: %s", json);
    dio_error_text(&err, said, size);
}

/* M4, M5: weights of one config under another. */
static void test_weights(void **state)
{
    (void)state;
    char said[4096], want[4096];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const char *json = LLAMA(",\"num_key_value_heads\":2");
    dio_value *config = dio_json_parse(a, "c", json, strlen(json), &err);
    dio_lm *lm = dio_lm_create(config, 1, DIO_F32, &err);
    must(lm != NULL, &err);
    must(dio_lm_save(lm, dir, DIO_F32, &err), &err);
    dio_lm_close(lm);
    lm = dio_lm_open(dir, NULL, &err);
    must(lm != NULL, &err);
    dio_lm_close(lm);

    open_wrong("{\"model_type\":\"llama\",\"vocab_size\":97,\"hidden_size\":32,"
               "\"intermediate_size\":48,\"num_hidden_layers\":3,\"num_attention_heads\":4,"
               "\"num_key_value_heads\":2,\"attention_bias\":true}",
               said, sizeof said);
    snprintf(want, sizeof want,
             "%s/model.safetensors: the weights do not fit the model: 21 missing: "
             "model.layers.0-2.self_attn.q_proj.bias, model.layers.0-2.self_attn.k_proj.bias, "
             "model.layers.0-2.self_attn.v_proj.bias, model.layers.0-2.self_attn.o_proj.bias, "
             "model.layers.2.self_attn.q_proj.weight, model.layers.2.self_attn.k_proj.weight, "
             "model.layers.2.self_attn.v_proj.weight, model.layers.2.self_attn.o_proj.weight, "
             "model.layers.2.mlp.gate_proj.weight, model.layers.2.mlp.up_proj.weight, "
             "model.layers.2.mlp.down_proj.weight, model.layers.2.input_layernorm.weight, "
             "model.layers.2.post_attention_layernorm.weight; 2 misshapen: "
             "model.embed_tokens.weight is f32[96,32], not [97,32], lm_head.weight is f32[96,32], "
             "not [97,32]",
             dir);
    assert_string_equal(said, want);

    open_wrong("{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,"
               "\"intermediate_size\":48,\"num_hidden_layers\":1,\"num_attention_heads\":4,"
               "\"num_key_value_heads\":2}",
               said, sizeof said);
    snprintf(want, sizeof want,
             "%s/model.safetensors: the weights do not fit the model: 9 unused: ", dir);
    assert_memory_equal(said, want, strlen(want));
    dio_arena_destroy(a);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_weights),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
