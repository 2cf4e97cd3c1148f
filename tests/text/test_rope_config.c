/* test_rope_config.c: rope_scaling and rope_parameters of config.json become the frequencies that
 * transformers makes of them; and what is wrong in them is refused. */
#include "tests/text/lm_case.h"

#include "base/value.h"
#include "tests/worst.h"
#include "text/models/common.h"

static dio_value *parse(dio_arena *a, const char *text)
{
    dio_error err = {0};
    dio_value *v = dio_json_parse(a, "config.json", text, strlen(text), &err);
    must(v != NULL, &err);
    return v;
}

static double number_of(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

/* The case's own attributes serve as a config.json of the older style. False for those of `dynamic`
 * beyond their positions: we do not go there. */
static bool check_case(const char *name, const dio_value *attrs, const dio_tensor *want)
{
    dio_error err = {0};
    dio_rope_spec spec;
    float inv_freq[DIO_ROPE_MAX], factor;
    int head = (int)number_of(attrs, "head_dim");
    int positions = (int)number_of(attrs, "max_position_embeddings");
    if (number_of(attrs, "length") > positions)
        return false;
    must(read_rope(&spec, attrs, head, positions, number_of(attrs, "rope_theta"), &err), &err);
    dio_rope_frequencies(&spec, inv_freq, &factor);
    const float *expect = dio_tensor_data(want);
    double d = 0;
    assert_int_equal(spec.size / 2, dio_type_count(&want->type));
    for (int i = 0; i < spec.size / 2; i++) {
        double e = fabs((double)(inv_freq[i] / expect[i]) - 1);
        d = worse(d, e);
    }
    print_message("%-22s frequencies within %.1e, factor %.9g\n", name, d, (double)factor);
    assert_true(d <= 5e-7); /* relative; measured 2.4e-7: f32 powf here against torch's */
    assert_true(fabs((double)factor - number_of(attrs, "attention_factor")) < 1e-7);
    return true;
}

static void test_tables(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    dio_weights *w = dio_weights_open("tests/golden/ops/rope_tables.safetensors", &err);
    must(w != NULL, &err);
    dio_value *attrs = parse(a, dio_weights_meta_find(w, "attrs"));
    int checked = 0;
    for (int i = 0; i < attrs->map.count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.out.inv_freq", attrs->map.keys[i]->string.text);
        checked += check_case(attrs->map.keys[i]->string.text, attrs->map.items[i],
                              dio_weights_find(w, name));
    }
    assert_int_equal(checked, 9);
    dio_weights_close(w);
    dio_arena_destroy(a);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"{\"rope_scaling\":{\"rope_type\":\"longrope\",\"factor\":2}}",
         "config.json:1:17: rope_type \"longrope\" is not supported (default, linear, dynamic, "
         "yarn "
         "and llama3 are)"},
        {"{\"rope_scaling\":{\"type\":\"linear\"}}",
         "config.json:1:17: rope_type \"linear\" needs \"factor\""},
        {"{\"rope_scaling\":{\"type\":\"linear\",\"factor\":\"2\"}}",
         "config.json:1:43: factor: a string, not a number"},
        {"{\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}}",
         "config.json:1:43: factor: 0 is outside 0.001 to 1e+06"},
        {"{\"rope_scaling\":7}", "config.json:1:17: rope parameters: an integer, not a map"},
        {"{\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8}}",
         "config.json:1:17: rope_type \"llama3\" needs \"low_freq_factor\""},
        {"{\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,"
         "\"high_freq_factor\":4}}",
         "config.json:1:17: high_freq_factor 4 is not above low_freq_factor 4"},
        {"{\"partial_rotary_factor\":0.1}",
         "config.json:1:1: head_dim: 1 channels of a head would rotate; an even number from 2 to "
         "1024 is needed"},
    };
    dio_arena *a = dio_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char said[2048];
        dio_error err = {0};
        dio_rope_spec spec;
        assert_false(read_rope(&spec, parse(a, cases[i].json), 16, 2048, 10000, &err));
        assert_string_equal(dio_error_text(&err, said, sizeof said), cases[i].says);
    }
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
