/* test_beam.c: beam search finds what transformers' generate found, with the same scores. */
#include "base/value.h"
#include "tests/text/lm_case.h"
#include "tests/worst.h"

static dio_weights *golden;
static dio_device *device;

static double number_of(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

/* Ends of the case, where it has its own, in place of the model's. */
static void set_ends(dio_lm *lm, const dio_value *attrs)
{
    const dio_value *ends = dio_map_get(attrs, "eos_token_id");
    if (!ends)
        return;
    lm->shape.n_ends = ends->list.count;
    for (int i = 0; i < ends->list.count; i++)
        lm->shape.ends[i] = (int)ends->list.items[i]->integer;
}

static int32_t *ids_of(const char *name, const char *what, int64_t *n)
{
    char key[128];
    snprintf(key, sizeof key, "%s.%s", name, what);
    return golden_ids(golden, key, n);
}

static void check_case(const char *name, const dio_value *attrs)
{
    dio_error err = {0};
    char path[256], key[128];
    int64_t n_prompt, n_ids, n_texts, at = 0;
    snprintf(path, sizeof path, "tests/golden/lm/%s", dio_map_get(attrs, "model")->string.text);
    dio_lm *lm = dio_lm_open(path, NULL, &err);
    must(lm != NULL, &err);
    set_ends(lm, attrs);
    int32_t *prompt = ids_of(name, "prompt", &n_prompt), *ids = ids_of(name, "ids", &n_ids);
    int32_t *lengths = ids_of(name, "lengths", &n_texts);
    dio_generate_request r = {.prompt = prompt, .n_prompt = n_prompt};
    r.params = (dio_generate_params){.max_tokens = (int)number_of(attrs, "max_new_tokens"),
                                     .top_p = 1,
                                     .repetition_penalty = 1,
                                     .beams = (int)number_of(attrs, "num_beams"),
                                     .variants = (int)n_texts,
                                     .length_penalty = number_of(attrs, "length_penalty")};
    dio_texts *out = dio_generate(lm, NULL, device, &r, &err);
    must(out != NULL, &err);
    snprintf(key, sizeof key, "%s.scores", name);
    const float *scores = dio_tensor_data(dio_weights_find(golden, key));
    double d = 0;
    for (int i = 0; i < n_texts; i++) {
        const dio_text *t = &out->items[i];
        assert_int_equal(t->n_ids, lengths[i]);
        assert_memory_equal(t->ids, ids + at, (size_t)lengths[i] * sizeof *ids);
        at += lengths[i];
        d = worse(d, fabs(t->score - (double)scores[i]) / (1 + fabs((double)scores[i])));
        assert_int_equal(t->finish,
                         t->n_ids < r.params.max_tokens ? DIO_FINISH_STOP : DIO_FINISH_LENGTH);
    }
    print_message("%-10s %d texts, scores within %.1e\n", name, (int)n_texts, d);
    assert_true(d < 3e-6); /* of the score; measured 7.8e-7 */
    dio_texts_destroy(out);
    dio_lm_close(lm);
    free(prompt);
    free(ids);
    free(lengths);
}

static void test_goldens(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    golden = dio_weights_open("tests/golden/beam.safetensors", &err);
    must(golden != NULL, &err);
    device = dio_device_cpu(&err);
    must(device != NULL, &err);
    const char *text = dio_weights_meta_find(golden, "attrs");
    dio_value *cases = dio_json_parse(a, "attrs", text, strlen(text), &err);
    must(cases != NULL, &err);
    assert_int_equal(cases->map.count, 7);
    for (int i = 0; i < cases->map.count; i++)
        check_case(cases->map.keys[i]->string.text, cases->map.items[i]);
    dio_device_close(device);
    dio_weights_close(golden);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_goldens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
