/* test_prompt_words.c: words that stand for vectors (textual inversion): where they are found in a
 * prompt, what diffusers makes of them, and files that are refused. */
#include "tests/text/prompt_case.h"

#include <unistd.h>

static void test_words(void **state)
{
    (void)state;
    struct fixture f = {0};
    dio_error err = {0};
    dio_prompt_result out;
    open_all(&f);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    must(words != NULL, &err);
    dio_prompt_encoder e[] = {{f.clip_l, f.tokenizer}, {f.big_g, f.tokenizer_2}};
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/my-style.pt", NULL, &err), &err);
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/learned.bin", NULL, &err), &err);
    must(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/params.safetensors", "two", &err),
         &err);
    assert_int_equal(dio_prompt_words_count(words), 3);
    assert_string_equal(dio_prompt_words_name(words, 0), "my-style");
    assert_string_equal(dio_prompt_words_name(words, 1), "<cat-toy>");
    assert_string_equal(dio_prompt_words_name(words, 2), "two");
    assert_int_equal(dio_text_encoder_shape_get(f.clip_l).vocab, 814 + 3 + 1 + 2);
    const char *prompt = "a photo of a <cat-toy>, My-Style, soft light";
    dio_prompt_job job = job_of(&f, &prompt, 1);
    job.words = words;
    must(dio_prompt_encode(&job, f.device, &out, &err), &err);
    near(out.context, "diffusers.words", &f, out.tokens * out.width);
    dio_prompt_result_deinit(&out);
    dio_prompt_words_destroy(words);
    words = dio_prompt_words_create(&err);
    must(dio_prompt_words_add(words, e, 2, FOLDER "embeddings/xl.safetensors", NULL, &err), &err);
    assert_string_equal(dio_prompt_words_name(words, 0), "xl");
    dio_prompt_words_destroy(words);
    struct fixture *own = malloc(sizeof f);
    *own = f;
    tear_down((void **)&own);
}

/* Ids of a prompt of one chunk with the words "two" (2 vectors) and "my-style" (3). */
static void ids_are(struct fixture *f, const dio_prompt_words *words, const char *prompt,
                    const int32_t *want, int n)
{
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    must(dio_prompt_parse(f->arena, prompt, strlen(prompt), &spans, &err) &&
             dio_prompt_tokenize(f->arena, &spans, f->tokenizer, words, 0, T, &rows, &err),
         &err);
    int found = 0;
    for (int i = 0; i < rows.chunks * T; i++)
        if (rows.ids[i] >= 814) {
            assert_true(found < n);
            assert_int_equal(rows.ids[i], want[found]);
            found++;
        }
    assert_int_equal(found, n);
}

static void test_word_places(void **state)
{
    (void)state;
    struct fixture f = {0};
    dio_error err = {0};
    open_all(&f);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    dio_prompt_encoder e = {f.clip_l, f.tokenizer};
    must(dio_prompt_words_add(words, &e, 1, FOLDER "embeddings/params.safetensors", "two", &err) &&
             dio_prompt_words_add(words, &e, 1, FOLDER "embeddings/my-style.pt", "two-tone", &err),
         &err);
    ids_are(&f, words, "twofold, untwo, two_, étwo", NULL, 0);
    ids_are(&f, words, "(Two:1.2), two", (int32_t[]){814, 815, 814, 815}, 4);
    ids_are(&f, words, "two-tone", (int32_t[]){816, 817, 818}, 3);
    ids_are(&f, words, "two-", (int32_t[]){814, 815}, 2);
    /* 74 tokens, and no room for 2 vectors: they go into the next chunk together. */
    dio_prompt_spans spans;
    dio_prompt_rows rows;
    dio_str text = {0};
    for (int i = 0; i < 74; i++)
        dio_str_puts(&text, "a ");
    dio_str_puts(&text, "two");
    must(dio_prompt_parse(f.arena, text.text, text.length, &spans, &err) &&
             dio_prompt_tokenize(f.arena, &spans, f.tokenizer, words, 0, T, &rows, &err),
         &err);
    assert_int_equal(rows.chunks, 2);
    assert_int_equal(rows.ids[75], 813);
    assert_int_equal(rows.ids[T + 1], 814);
    assert_int_equal(rows.ids[T + 2], 815);
    dio_str_deinit(&text);
    dio_prompt_words_destroy(words);
    struct fixture *own = malloc(sizeof f);
    *own = f;
    tear_down((void **)&own);
}

static char dir[] = "/tmp/dio_words_XXXXXX";

static void write_rows(const char *file, const char *name, dio_type type, float value)
{
    char path[256];
    dio_error err = {0};
    dio_tensor *t = dio_tensor_create(name, &type, &err);
    must(t != NULL, &err);
    for (int64_t i = 0; i < dio_type_count(&type); i++)
        ((float *)dio_tensor_data(t))[i] = value;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    must(dio_weights_write(path, &t, NULL, 1, NULL, 0, &err), &err);
    dio_tensor_unref(t);
}

static void test_words_bad(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *file;
        int encoders;
        const char *name, *says;
    } rows[] = {
        {"wide.safetensors", 1, NULL,
         "the vectors of \"wide\" are 24 wide, the text encoder's are 32: it was made for another "
         "model"},
        {"nan.safetensors", 1, NULL, "the vectors of \"nan\" hold numbers that are not finite"},
        {"deep.safetensors", 1, NULL,
         "the vectors of \"deep\" are f32[1,1,32]: numbers [n,width] are expected"},
        {"long.safetensors", 1, NULL, "\"long\" has 76 vectors: a chunk has room for 75"},
        {"one.safetensors", 2, NULL,
         "the embedding has no clip_l and clip_g: it is not for a model with two text encoders, "
         "such as SDXL"},
        {"other.safetensors", 1, NULL,
         "no embedding is in it: known are string_to_param, emb_params, and one matrix under the "
         "word's own name"},
        {"one.safetensors", 1, "", "an embedding needs a name of 1 to 256 bytes of UTF-8"},
        {"one.safetensors", 1, "TAKEN", "there is an embedding \"TAKEN\" already"},
    };
    dio_error err = {0};
    assert_non_null(mkdtemp(dir));
    write_rows("wide.safetensors", "emb_params", dio_type_2d(DIO_F32, 2, 24), 0);
    write_rows("nan.safetensors", "emb_params", dio_type_2d(DIO_F32, 2, 32), NAN);
    write_rows("deep.safetensors", "emb_params", dio_type_3d(DIO_F32, 1, 1, 32), 0);
    write_rows("long.safetensors", "emb_params", dio_type_2d(DIO_F32, 76, 32), 0);
    write_rows("one.safetensors", "emb_params", dio_type_2d(DIO_F32, 1, 32), 0);
    write_rows("other.safetensors", "a.weight", dio_type_2d(DIO_F32, 1, 32), 0);
    dio_prompt_words *words = dio_prompt_words_create(&err);
    dio_prompt_encoder e[] = {{f->clip_l, f->tokenizer}, {f->big_g, f->tokenizer_2}};
    char path[256], said[2048], want[2048];
    snprintf(path, sizeof path, "%s/one.safetensors", dir);
    must(dio_prompt_words_add(words, e, 1, path, "Taken", &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        dio_error why = {0};
        snprintf(path, sizeof path, "%s/%s", dir, rows[i].file);
        assert_false(dio_prompt_words_add(words, e, rows[i].encoders, path, rows[i].name, &why));
        snprintf(want, sizeof want, "%s: %s", path, rows[i].says);
        assert_string_equal(dio_error_text(&why, said, sizeof said), want);
    }
    dio_error why = {0};
    assert_false(dio_prompt_words_add(words, e, 1, FOLDER "embeddings/xl.safetensors", NULL, &why));
    assert_string_equal(why.message, "the embedding is for two text encoders (clip_l and clip_g), "
                                     "as in SDXL; this model has one");
    assert_int_equal(dio_prompt_words_count(words), 1);
    dio_prompt_words_destroy(words);
    snprintf(path, sizeof path, "rm -r %s", dir);
    assert_int_equal(system(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_word_places),
        cmocka_unit_test(test_words_bad),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
