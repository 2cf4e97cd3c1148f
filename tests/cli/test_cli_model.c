/* test_cli_model.c: model folders that are broken, incomplete, contradictory, absurd, or do not
 * belong together: each is refused by name and place before memory is asked for. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/weights.h"

static const char *const ask[] = {"text", "-m", "b", "-p", "the lamp", "-n", "2", NULL};

/* `text` on b/ ends with code 2 and says so. */
static void refused(const char *err)
{
    struct cli_case c = {.code = 2, .err = err};
    memcpy(c.args, ask, sizeof ask);
    cli_check(&c);
}

static void files_that_are_missing(void **state)
{
    (void)state;
    cli_model(NULL);
    unlink("b/config.json");
    refused("diorama: cannot open b/config.json: No such file or directory");
    cli_model(NULL);
    unlink("b/model.safetensors");
    refused("diorama: b: there is neither model.safetensors nor pytorch_model.bin (nor diffusion_ "
            "before either), and no index of shards of either");
    cli_model(NULL);
    unlink("b/tokenizer.json");
    refused(
        "diorama: b: there is no tokenizer.json, and no vocab.json with merges.txt; other kinds "
        "of tokenizer (such as tokenizer.model) are not supported");
}

static void texts_that_are_no_config(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"", "diorama: b/config.json:1:1: not valid JSON: the text ends too early"},
        {"[]", "diorama: b/config.json:1:1: a config.json needs a \"model_type\" (or "
               "\"_class_name\") that is a string"},
        {"{\"model_type\":\"llama\",",
         "diorama: b/config.json:1:22: not valid JSON: the text ends too early"},
        {"{\"model_type\":\"ll\xff"
         "ama\"}",
         "diorama: b/config.json:1:18: byte 0xff is not valid UTF-8"},
        {"{\"model_type\":\"llama\",\"model_type\":\"gpt2\"}",
         "diorama: b/config.json:1:23: key \"model_type\" appears twice in this map: first on line "
         "1"},
        {"{\"model_type\":\"lama\"}",
         "diorama: b/config.json:1:15: model_type \"lama\" is not supported; did you mean "
         "\"llama\"? (there are gpt2, llama, mistral, qwen2, qwen3, gru, lstm)"},
        {"{\"model_type\":\"llama\"}",
         "diorama: b/config.json:1:1: config.json needs the key \"vocab_size\": ids"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_model(cases[i].text);
        refused(cases[i].err);
    }
}

/* The config with one more key before the others (a key twice is an error) or another value. */
static void config_with(const char *key, const char *value)
{
    char text[1024], mark[64];
    snprintf(mark, sizeof mark, "\"%s\":", key);
    const char *at = strstr(cli_config, mark);
    if (!at) {
        snprintf(text, sizeof text, "{%s%s,%s", mark, value, cli_config + 1);
    } else {
        const char *rest = at + strlen(mark);
        rest += strcspn(rest, ",}");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - cli_config + (long)strlen(mark)),
                 cli_config, value, rest);
    }
    cli_model(text);
}

static void configs_that_contradict_themselves(void **state)
{
    static const struct {
        const char *key, *value, *err;
    } cases[] = {
        {"num_attention_heads", "3", "hidden_size 32 does not divide into num_attention_heads 3"},
        {"num_attention_heads", "0", "num_attention_heads: 0 is below 1"},
        {"num_key_value_heads", "3",
         "num_attention_heads 4 is not a multiple of num_key_value_heads 3"},
        {"num_key_value_heads", "[1]", "num_key_value_heads: expected an integer, found a list"},
        {"hidden_size", "65536",
         "head_dim: 16384 channels of a head would rotate; an even number from 2 to 1024 is "
         "needed"},
        {"hidden_size", "1e30", "hidden_size: expected an integer, found a number 1e30"},
        {"num_hidden_layers", "100000", "num_hidden_layers: 100000 is above 512"},
        {"vocab_size", "9223372036854775808",
         "number 9223372036854775808 is too large: integers have 64 bits, others end at 1.8e308"},
        {"intermediate_size", "1000000000", "intermediate_size: 1000000000 is above 262144"},
        {"head_dim", "7",
         "head_dim: 7 channels of a head would rotate; an even number from 2 to 1024 is needed"},
        {"eos_token_id", "300", "eos_token_id: not an id below vocab_size, 300"},
        {"hidden_act", "\"selu\"",
         "hidden_act: activation \"selu\" is not supported (silu, gelu, gelu_new, "
         "gelu_pytorch_tanh, quick_gelu, relu and tanh are)"},
        {"rope_scaling", "{\"type\":\"longrope\"}",
         "rope_type \"longrope\" is not supported (default, linear, dynamic, yarn and llama3 are)"},
        {"rope_scaling", "{\"rope_type\":\"linear\",\"factor\":0}",
         "factor: 0 is outside 0.001 to 1e+06"},
        {"rms_norm_eps", "-1", "rms_norm_eps: -1 is below 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char err[512];
        config_with(cases[i].key, cases[i].value);
        snprintf(err, sizeof err, "diorama: b/config.json:1:~: %s", cases[i].err);
        refused(err);
    }
}

static void configs_that_do_not_fit_the_weights(void **state)
{
    (void)state;
    config_with("vocab_size", "4194304");
    refused("diorama: b/model.safetensors: the weights do not fit the model: 2 misshapen: "
            "model.embed_tokens.weight is f32[300,32], not [4194304,32], lm_head.weight is "
            "f32[300,32], not [4194304,32]");
    config_with("num_hidden_layers", "512");
    refused("diorama: b/model.safetensors: the weights do not fit the model: 4590 missing: "
            "model.layers.2-511.self_attn.q_proj.weight, "
            "model.layers.2-511.self_attn.k_proj.weight, "
            "model.layers.2-511.self_attn.v_proj.weight, "
            "model.layers.2-511.self_attn.o_proj.weight, model.layers.2-511.mlp.gate_proj.weight, "
            "model.layers.2-511.mlp.up_proj.weight, model.layers.2-511.mlp.down_proj.weight, "
            "model.layers.2-511.input_layernorm.weight, "
            "model.layers.2-511.post_attention_layernorm.weight");
    config_with("attention_bias", "true");
    refused("diorama: b/model.safetensors: the weights do not fit the model: 8 missing: "
            "model.layers.0-1.self_attn.q_proj.bias, model.layers.0-1.self_attn.k_proj.bias, "
            "model.layers.0-1.self_attn.v_proj.bias, model.layers.0-1.self_attn.o_proj.bias");
}

/* --- tensors -------------------------------------------------------------------------------------
 */

enum { MOST = 64 };

/* b/model.safetensors anew: without tensors whose name has `without` in it, with `other` in place
 * of the one of its name or besides. */
static void weights_with(const char *without, dio_tensor *other)
{
    dio_error err = {0};
    dio_tensor *all[MOST];
    int n = 0;
    bool replaced = false;
    cli_model(NULL);
    dio_weights *w = dio_weights_open("m/model.safetensors", &err);
    assert_non_null(w);
    for (int i = 0; i < dio_weights_count(w) && n < MOST - 1; i++) {
        dio_tensor *t = dio_weights_at(w, i);
        bool same = other && strcmp(t->name, other->name) == 0;
        if (without && strstr(t->name, without))
            continue;
        replaced |= same;
        all[n++] = same ? other : t;
    }
    if (other && !replaced)
        all[n++] = other;
    assert_true(dio_weights_write("b/model.safetensors", all, NULL, n, NULL, 0, &err));
    dio_weights_close(w);
}

static dio_tensor *tensor(const char *name, dio_dtype dtype, int64_t n, float value)
{
    dio_error err = {0};
    dio_type type = dio_type_1d(dtype, n);
    dio_tensor *t = dio_tensor_create(name, &type, &err);
    assert_non_null(t);
    for (int64_t i = 0; i < n && dtype == DIO_F32; i++)
        ((float *)dio_tensor_data(t))[i] = value;
    return t;
}

static void tensors_that_are_missing_or_too_many(void **state)
{
    (void)state;
    dio_tensor *spare = tensor("spare.weight", DIO_F32, 1, 0);
    dio_tensor *norm = tensor("model.norm.weight", DIO_F32, 16, 0);
    dio_tensor *whole = tensor("model.norm.weight", DIO_I64, 32, 0);
    weights_with("o_proj", NULL);
    refused("diorama: b/model.safetensors: the weights do not fit the model: 2 missing: "
            "model.layers.0-1.self_attn.o_proj.weight");
    weights_with(NULL, spare);
    refused("diorama: b/model.safetensors: the weights do not fit the model: 1 unused: "
            "spare.weight");
    weights_with("o_proj", norm);
    refused("diorama: b/model.safetensors: the weights do not fit the model: 2 missing: "
            "model.layers.0-1.self_attn.o_proj.weight; 1 misshapen: model.norm.weight is f32[16], "
            "not [32]");
    weights_with(NULL, whole);
    refused("diorama: b/model.safetensors: the weights do not fit the model: 1 misshapen: "
            "model.norm.weight is i64[32], not f32[32]");
    dio_tensor_unref(spare);
    dio_tensor_unref(norm);
    dio_tensor_unref(whole);
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    dio_tensor *norm = tensor("model.norm.weight", DIO_F32, 32, (float)strtod("nan", NULL));
    weights_with(NULL, norm);
    refused(
        "diorama: the model's scores at position 0 are not numbers: its weights are damaged, or "
        "too large for their type");
    dio_tensor_unref(norm);
}

static void files_that_were_cut(void **state)
{
    size_t n;
    (void)state;
    char *bytes = cli_read("m/model.safetensors", &n);
    cli_model(NULL);
    cli_put_bytes("b/model.safetensors", bytes, 0);
    refused("diorama: b/model.safetensors: a safetensors file begins with 8 bytes that give its "
            "header's length; this one has 0 in all");
    cli_put_bytes("b/model.safetensors", bytes, 1000);
    refused(
        "diorama: b/model.safetensors: the header's length of ~ bytes is more than the 992 that "
        "follow: the file was cut short, or is no safetensors file");
    cli_put_bytes("b/model.safetensors", bytes, n - 1);
    refused("diorama: b/model.safetensors:1:~: tensor \"~\" ends at byte ~ of the data, but the "
            "file has ~: it was cut short");
    bytes[3] = 0x7f; /* a header of 2 GB */
    cli_put_bytes("b/model.safetensors", bytes, n);
    refused("diorama: b/model.safetensors: ~");
    free(bytes);
}

/* --- tokenizers ----------------------------------------------------------------------------------
 */

static void tokenizers_that_do_not_fit(void **state)
{
    (void)state;
    cli_model(NULL);
    cli_copy(DIORAMA_SOURCE "/tests/golden/tokenizers/gpt2/tokenizer.json", "b/tokenizer.json");
    refused("diorama: the tokenizer has 1000 tokens and the model only 300: they do not belong "
            "together");
    cli_put("b/tokenizer.json", "");
    refused("diorama: b/tokenizer.json:1:1: not valid JSON: the text ends too early");
    cli_put("b/tokenizer.json", "[]");
    refused("diorama: b/tokenizer.json:1:1: a tokenizer is a list: an object is expected");
    cli_put("b/tokenizer.json", "{\"version\":\"1.0\",\"model\":{\"type\":\"Unigram\"}}");
    refused("diorama: b/tokenizer.json:1:34: model \"Unigram\" is not supported; known is: BPE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_missing),
        cmocka_unit_test(texts_that_are_no_config),
        cmocka_unit_test(configs_that_contradict_themselves),
        cmocka_unit_test(configs_that_do_not_fit_the_weights),
        cmocka_unit_test(tensors_that_are_missing_or_too_many),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(files_that_were_cut),
        cmocka_unit_test(tokenizers_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, cli_begin_with_model, cli_end);
}
