#pragma once
/* config_bad.h: config.json files that contradict themselves or ask for the absurd, each with the
 * sentence that it is refused with. M1, M2 and M6 are classes of published weaknesses: layer counts
 * beyond all tables, heads of zero or that do not divide, foreign ids. test_config_bad.c gives them
 * to the reader, test_cli_bad.c to the command. */

#define LLAMA(extra)                                                                               \
    "{\"model_type\":\"llama\",\"vocab_size\":96,\"hidden_size\":32,\"intermediate_size\":48,"     \
    "\"num_hidden_layers\":2,\"num_attention_heads\":4" extra "}"
#define GPT2(extra)                                                                                \
    "{\"model_type\":\"gpt2\",\"vocab_size\":96,\"n_embd\":32,\"n_head\":4" extra "}"

static const struct config_bad {
    const char *json, *says; /* after "config.json:" */
} config_bad[] = {
    {"{\"a\":1}",
     "1:1: a config.json needs a \"model_type\" (or \"_class_name\") that is a string"},
    {"[]", "1:1: a config.json needs a \"model_type\" (or \"_class_name\") that is a string"},
    {"{\"model_type\":7}",
     "1:1: a config.json needs a \"model_type\" (or \"_class_name\") that is a string"},
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

enum { CONFIG_BAD = sizeof config_bad / sizeof config_bad[0] };
