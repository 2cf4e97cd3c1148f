/* test_lm_files.c: the same model from another kind of file: pytorch_model.bin in place of
 * model.safetensors gives every weight the same bytes. */
#include "tests/text/lm_case.h"

static void test_bin(void **state)
{
    dio_error err = {0};
    dio_lm_options options = {.dtype = DIO_DTYPES};
    (void)state;
    dio_lm *bin = dio_lm_open("tests/golden/torch/llama3-bf16", &options, &err);
    must(bin != NULL, &err);
    dio_lm *lm = dio_lm_open("tests/golden/lm/llama3-bf16", &options, &err);
    must(lm != NULL, &err);
    assert_int_equal(bin->net.walk.count, lm->net.walk.count);
    for (int i = 0; i < lm->net.walk.count; i++) {
        const dio_tensor *a = *bin->net.walk.items[i].slot, *b = *lm->net.walk.items[i].slot;
        assert_true(dio_type_equal(&a->type, &b->type));
        assert_memory_equal(dio_tensor_data(a), dio_tensor_data(b), dio_type_bytes(&b->type));
    }
    dio_lm_close(bin);
    dio_lm_close(lm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
