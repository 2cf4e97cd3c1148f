/* test_prompt_memory.c: text encoders, tokenizers, words and prompts while memory runs out at one
 * place after the other: every time the work either succeeds or says so. */
#include "tests/fail_alloc.h"

#include "text/prompt.h"

#define FOLDER "tests/golden/clip/"

enum { EACH = 400 };

static dio_device *device;
static dio_text_encoder *clip_l, *big_g;
static dio_tokenizer *tokenizer, *tokenizer_2;
static dio_prompt_words *words;

static bool open_encoder(dio_error *err)
{
    dio_text_encoder *e = dio_text_encoder_open(FOLDER "big-g", DIO_F32, err);
    dio_text_encoder_close(e);
    return e != NULL;
}

static bool open_tokenizer(dio_error *err)
{
    dio_tokenizer *t = dio_tokenizer_load(FOLDER "tokenizer_2", err);
    dio_tokenizer_destroy(t);
    return t != NULL;
}

static bool add_words(dio_error *err)
{
    dio_text_encoder *e = dio_text_encoder_open(FOLDER "clip-l", DIO_F32, err);
    dio_prompt_words *w = e ? dio_prompt_words_create(err) : NULL;
    dio_prompt_encoder pair = {e, tokenizer};
    bool ok = w && dio_prompt_words_add(w, &pair, 1, FOLDER "embeddings/my-style.pt", NULL, err) &&
              dio_prompt_words_add(w, &pair, 1, FOLDER "embeddings/learned.bin", NULL, err);
    dio_prompt_words_destroy(w);
    dio_text_encoder_close(e);
    return ok;
}

static bool encode(dio_error *err)
{
    static const char *const prompts[] = {
        "a (red:1.3) fox, [blurry] two", NULL,
        "((deep) (brackets:0.7)) BREAK a second chunk, with \\(escapes\\)"};
    dio_prompt_job job = {.encoders = {{clip_l, tokenizer}, {big_g, tokenizer_2}},
                          .n_encoders = 2,
                          .words = words,
                          .prompts = prompts,
                          .n_prompts = 3,
                          .penultimate = true};
    dio_prompt_result out;
    bool ok = dio_prompt_encode(&job, device, &out, err);
    if (!ok && (out.context || out.pooled))
        return dio_fail(err, "a result is left of what failed");
    dio_prompt_result_deinit(&out);
    return ok;
}

static void test_opening(void **state)
{
    (void)state;
    fail_alloc_sweep("a text encoder of shards", open_encoder, false, EACH);
    fail_alloc_sweep("CLIP's tokenizer", open_tokenizer, false, EACH);
    fail_alloc_sweep("embeddings", add_words, false, EACH);
}

static void test_prompts(void **state)
{
    (void)state;
    dio_error err = {0};
    device = dio_device_open("cpu", &err);
    clip_l = dio_text_encoder_open(FOLDER "clip-l", DIO_F32, &err);
    big_g = dio_text_encoder_open(FOLDER "big-g", DIO_F32, &err);
    tokenizer = dio_tokenizer_load(FOLDER "tokenizer", &err);
    tokenizer_2 = dio_tokenizer_load(FOLDER "tokenizer_2", &err);
    words = dio_prompt_words_create(&err);
    assert_true(device && clip_l && big_g && tokenizer && tokenizer_2 && words);
    dio_prompt_encoder pair[] = {{clip_l, tokenizer}, {big_g, tokenizer_2}};
    assert_true(
        dio_prompt_words_add(words, pair, 2, FOLDER "embeddings/xl.safetensors", "two", &err));
    fail_alloc_sweep("prompts", encode, false, EACH);
    dio_prompt_words_destroy(words);
    dio_tokenizer_destroy(tokenizer);
    dio_tokenizer_destroy(tokenizer_2);
    dio_text_encoder_close(clip_l);
    dio_text_encoder_close(big_g);
    dio_device_close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_opening),
                                       cmocka_unit_test(test_prompts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
