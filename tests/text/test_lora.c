/* test_lora.c: an adapter beside a layer does what the same product added to its weight does; it
 * is written as PEFT writes it, read back to the same bits, and refused where it does not fit. */
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/value.h"
#include "tests/text/lm_case.h"

enum { T = 20 };

static char dir[] = "/tmp/dio_lora_XXXXXX";
static dio_device *device;
static const char *const llama_targets[] = {"q_proj", "v_proj", "down_proj"};
static const char *const gpt2_targets[] = {"c_attn", "c_proj"};

static dio_lm *make(const char *json)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_lm *lm =
        dio_lm_create(dio_json_parse(a, "tiny", json, strlen(json), &err), 3, DIO_F32, &err);
    must(lm != NULL, &err);
    dio_arena_destroy(a);
    return lm;
}

static float *logits_of(const dio_lm *lm, int64_t *n)
{
    dio_error err = {0};
    int32_t ids[T];
    for (int i = 0; i < T; i++)
        ids[i] = (int32_t)dio_below(1, 2, (uint64_t)i, (uint32_t)lm->shape.vocab);
    dio_graph *g = dio_graph_create();
    dio_lm_io io = {.ids = dio_input(g, "ids", dio_type_2d(DIO_I32, 1, T))};
    dio_lm_forward(g, lm, &io);
    dio_plan *p = dio_plan_create(g, &io.logits, 1, false, device, NULL, &err);
    must(p != NULL && dio_plan_set(p, "ids", ids, sizeof ids, &err) && dio_plan_run(p, &err), &err);
    *n = (int64_t)T * lm->shape.vocab;
    float *out = malloc((size_t)*n * sizeof *out);
    memcpy(out, dio_plan_output(p, 0, NULL), (size_t)*n * sizeof *out);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return out;
}

/* Fills b, which starts at zero, so that the adapter does something. */
static void stir(dio_lm *lm)
{
    for (int i = 0; i < lm->net.walk.count; i++) {
        const dio_weight *w = &lm->net.walk.items[i];
        if (dio_walk_chosen(w, DIO_WEIGHT_LORA))
            dio_normal(8, (uint64_t)i, 0, dio_tensor_data(*w->slot),
                       (size_t)dio_type_count(&w->type));
    }
}

static dio_tensor *weight_of(dio_lm *lm, const char *layer, const char *end)
{
    char name[512];
    int n = snprintf(name, sizeof name, "%s.%s", layer, end);
    assert_in_range(n, 1, sizeof name - 1);
    for (int i = 0; i < lm->net.walk.count; i++)
        if (strcmp(lm->net.walk.items[i].name, name) == 0)
            return *lm->net.walk.items[i].slot;
    fail_msg("no weight %s", name);
    return NULL;
}

/* w += scale * b a in the plain model, by plain loops; kn: w is [in,out]. */
static void merge(dio_lm *plain, dio_lm *with, const char *layer, float scale, bool kn)
{
    dio_tensor *a = weight_of(with, layer, "lora_A.weight"),
               *b = weight_of(with, layer, "lora_B.weight");
    dio_tensor *w = weight_of(plain, layer, "weight");
    int64_t rank = a->type.dim[0], in = a->type.dim[1], out = b->type.dim[0];
    float *pa = dio_tensor_data(a), *pb = dio_tensor_data(b), *pw = dio_tensor_data(w);
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < in; i++) {
            double sum = 0;
            for (int64_t r = 0; r < rank; r++)
                sum += (double)pb[o * rank + r] * (double)pa[r * in + i];
            pw[kn ? i * out + o : o * in + i] += (float)((double)scale * sum);
        }
}

static void check(const char *json, const char *const *targets, int n_targets, int wrapped, bool kn)
{
    dio_error err = {0};
    int64_t n;
    double scale;
    dio_lm *plain = make(json), *with = make(json);
    float *before = logits_of(plain, &n);
    must(dio_lm_add_lora(with, 4, 8, targets, n_targets, 21, &err), &err);
    float *fresh = logits_of(with, &n); /* b is zero: nothing has changed yet */
    assert_true(worst(fresh, before, n, NULL) == 0);
    stir(with);
    float *got = logits_of(with, &n);
    int count = 0;
    for (int i = 0; i < with->net.walk.count; i++) {
        char layer[512];
        const char *name = with->net.walk.items[i].name, *end = strstr(name, ".lora_A.weight");
        if (!end)
            continue;
        snprintf(layer, sizeof layer, "%.*s", (int)(end - name), name);
        merge(plain, with, layer, 2, kn);
        count++;
    }
    assert_int_equal(count, wrapped);
    float *want = logits_of(plain, &n);
    double d = worst(got, want, n, &scale), moved = worst(got, before, n, NULL);
    print_message("adapter moved logits by %.2f of %.2f; merged ones differ by %.1e\n", moved,
                  scale, d);
    assert_true(moved > 0.1 * scale);
    assert_true(d < 4e-5 * scale); /* measured 9.2e-6 */

    must(dio_lm_save(with, dir, DIO_F32, &err) && dio_lm_save_lora(with, dir, &err), &err);
    dio_lm *back = dio_lm_open(dir, &(dio_lm_options){.adapter = dir}, &err);
    must(back != NULL, &err);
    float *again = logits_of(back, &n);
    assert_memory_equal(again, got, (size_t)n * sizeof *got);
    dio_lm_close(back);
    dio_lm_close(plain);
    dio_lm_close(with);
    free(before), free(fresh), free(got), free(want), free(again);
}

static void test_llama(void **state)
{
    (void)state;
    check("{\"model_type\":\"llama\",\"vocab_size\":64,\"hidden_size\":32,\"intermediate_size\":48,"
          "\"num_hidden_layers\":2,\"num_attention_heads\":4,\"initializer_range\":0.2}",
          llama_targets, 3, 6, false);
    dio_error err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/adapter_model.safetensors", dir);
    dio_weights *w = dio_weights_open(path, &err);
    must(w != NULL, &err);
    assert_int_equal(dio_weights_count(w), 12);
    assert_non_null(dio_weights_find(w, "base_model.model.model.layers.1.self_attn.q_proj.lora_A"
                                        ".weight"));
    dio_weights_close(w);
}

static void test_gpt2(void **state)
{
    (void)state;
    check("{\"model_type\":\"gpt2\",\"vocab_size\":64,\"n_embd\":32,\"n_layer\":2,\"n_head\":4,"
          "\"n_positions\":64,\"initializer_range\":0.2}",
          gpt2_targets, 2, 6, true);
}

/* Runs after test_gpt2: the folder holds that model. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"{\"target_modules\":[\"c_attn\"]}", "1:1: adapter_config.json needs the key \"r\": rank"},
        {"{\"r\":4,\"target_modules\":[]}", "1:25: target_modules must be a list of 1 to 64 names"},
        {"{\"r\":4,\"target_modules\":[\"c_attn\"],\"use_dora\":true}",
         "1:1: use_rslora, use_dora and bias are not supported"},
        {"{\"r\":4,\"target_modules\":[\"c_attn\"],\"peft_type\":\"IA3\"}",
         "1:1: peft_type \"IA3\" is not supported (LORA is)"},
    };
    char path[128], said[4096];
    snprintf(path, sizeof path, "%s/adapter_config.json", dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dio_error err = {0};
        must(dio_file_write(path, cases[i].json, strlen(cases[i].json), &err), &err);
        assert_null(dio_lm_open(dir, &(dio_lm_options){.adapter = dir}, &err));
        dio_error_text(&err, said, sizeof said);
        assert_string_equal(said + strlen(path) + 1, cases[i].says);
    }
    dio_error err = {0};
    const char *rank = "{\"r\":5,\"target_modules\":[\"c_attn\"]}";
    must(dio_file_write(path, rank, strlen(rank), &err), &err);
    assert_null(dio_lm_open(dir, &(dio_lm_options){.adapter = dir}, &err));
    if (!strstr(err.message,
                "base_model.model.transformer.h.0-1.attn.c_attn.lora_A.weight is f32[4,32]"
                ", not [5,32]"))
        fail_msg("%s", err.message);
    dio_error_clear(&err);
    const char *none = "{\"r\":4,\"target_modules\":[\"q_proj\"]}";
    must(dio_file_write(path, none, strlen(none), &err), &err);
    assert_null(dio_lm_open(dir, &(dio_lm_options){.adapter = dir}, &err));
    assert_string_equal(err.message,
                        "adapter: none of the target modules (\"q_proj\") is a layer of "
                        "this model");
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    device = dio_device_cpu(&err);
    return device && mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    dio_device_close(device);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_llama),
        cmocka_unit_test(test_gpt2),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
