/* test_tokenizer_pair.c: one tokenizer in different files: GPT-2's and CLIP's two files, what
 * transformers 5 saves in their place, and tokenizer.json, give the same ids. */
#include "tests/text/tokenizer_case.h"

static void same_ids(const struct fixture *f, const dio_tokenizer *one, const dio_tokenizer *two,
                     bool parse)
{
    dio_ids a = {0}, b = {0};
    for (int i = 0; i < STRINGS; i++) {
        const dio_value *s = f->strings[i];
        dio_ids_clear(&a);
        dio_ids_clear(&b);
        OK(dio_tokenizer_encode(one, s->string.text, s->string.length,
                                (dio_encode_options){true, parse}, &a, &err));
        OK(dio_tokenizer_encode(two, s->string.text, s->string.length,
                                (dio_encode_options){true, parse}, &b, &err));
        assert_int_equal(a.count, b.count);
        assert_true(!a.count || !memcmp(a.ids, b.ids, a.count * sizeof *a.ids));
    }
    dio_ids_deinit(&a);
    dio_ids_deinit(&b);
}

/* GPT-2's two files are the same tokenizer as its tokenizer.json. */
static void test_pair(void **state)
{
    dio_tokenizer *one = dio_tokenizer_load(FOLDER "/gpt2", &err);
    OK(one != NULL);
    dio_tokenizer *two = dio_tokenizer_load(FOLDER "/pair", &err);
    OK(two != NULL);
    same_ids(*state, one, two, true);
    assert_int_equal(dio_tokenizer_eos(two), dio_tokenizer_id(two, "<|endoftext|>"));
    dio_tokenizer_destroy(one);
    dio_tokenizer_destroy(two);
}

/* CLIP's as well, with the pad tokens of SD 1.5 and of SDXL's second tokenizer; and its text comes
 * back as words. */
static void test_pair_clip(void **state)
{
    static const char text[] = "An  Astronaut riding a HORSE, 8k\n";
    static const char *const folders[] = {"tests/golden/clip/tokenizer",
                                          "tests/golden/clip/tokenizer_2"};
    static const char *const pads[] = {"<|endoftext|>", "!"};
    dio_tokenizer *one = dio_tokenizer_load(FOLDER "/clip", &err);
    OK(one != NULL);
    for (int i = 0; i < 2; i++) {
        dio_ids ids = {0};
        dio_str back = {0};
        dio_tokenizer *two = dio_tokenizer_load(folders[i], &err);
        OK(two != NULL);
        same_ids(*state, one, two, i == 0); /* "!" is special in the second */
        assert_int_equal(dio_tokenizer_bos(two), dio_tokenizer_id(two, "<|startoftext|>"));
        assert_int_equal(dio_tokenizer_eos(two), dio_tokenizer_id(two, "<|endoftext|>"));
        assert_int_equal(dio_tokenizer_pad(two), dio_tokenizer_id(two, pads[i]));
        OK(dio_tokenizer_encode(two, text, strlen(text), (dio_encode_options){true, false}, &ids,
                                &err));
        OK(dio_tokenizer_decode(two, ids.ids, ids.count, true, &back, &err));
        assert_string_equal(back.text, "an astronaut riding a horse , 8 k");
        dio_ids_deinit(&ids);
        dio_str_deinit(&back);
        dio_tokenizer_destroy(two);
    }
    dio_tokenizer_destroy(one);
}

/* What transformers 5 saves in place of the two files is the same tokenizer, special tokens and
 * all. */
static void test_pair_saved(void **state)
{
    dio_tokenizer *one = dio_tokenizer_load("tests/golden/clip/tokenizer_2", &err);
    OK(one != NULL);
    dio_tokenizer *two = dio_tokenizer_load("tests/golden/clip/tokenizer_5", &err);
    OK(two != NULL);
    same_ids(*state, one, two, true);
    same_ids(*state, one, two, false);
    assert_int_equal(dio_tokenizer_pad(one), dio_tokenizer_pad(two));
    assert_int_equal(dio_tokenizer_eos(one), dio_tokenizer_eos(two));
    assert_true(dio_tokenizer_is_special(two, dio_tokenizer_pad(two)));
    dio_tokenizer_destroy(one);
    dio_tokenizer_destroy(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_pair_clip),
        cmocka_unit_test(test_pair_saved),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
