/* test_config_bad.c: config.json files that are wrong (config_bad.h), each refused with its exact
 * sentence; and weights that do not belong to their config. */
#include "tests/text/config_bad.h"
#include "tests/text/lm_case.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

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
    for (int i = 0; i < CONFIG_BAD; i++) {
        dio_error err = {0};
        put("config.json", config_bad[i].json);
        dio_lm *lm = dio_lm_open(dir, NULL, &err);
        if (lm)
            fail_msg("accepted: %s", config_bad[i].json);
        assert_int_equal(err.kind, DIO_ERROR_INVALID);
        dio_error_text(&err, said, sizeof said);
        const char *after =
            strncmp(said, prefix, strlen(prefix)) == 0 ? said + strlen(prefix) : said;
        if (strcmp(after, config_bad[i].says) != 0) {
            print_error("%s\n  said %s\n  want %s\n", config_bad[i].json, after,
                        config_bad[i].says);
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
