/* test_tokenizer_bad.c: files that are wrong, each refused with its exact message and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/text/tokenizer_bad.h"
#include "text/tokenizer.h"

static dio_tokenizer *create(const char *text, size_t size, dio_error *err)
{
    dio_tokenizer_source source = {.tokenizer = text, .tokenizer_size = size};
    *err = (dio_error){0};
    return dio_tokenizer_create(&source, err);
}

static void expect(const char *text, size_t size, const char *message)
{
    dio_error err;
    char shown[2048];
    dio_tokenizer *t = create(text, size, &err);
    assert_null(t);
    assert_string_equal(dio_error_text(&err, shown, sizeof shown), message);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
}

static void test_good(void **state)
{
    (void)state;
    dio_error err;
    dio_tokenizer *t = create(tokenizer_good, strlen(tokenizer_good), &err);
    assert_non_null(t);
    dio_tokenizer_destroy(t);
}

static void test_rows(void **state)
{
    (void)state;
    dio_str text = {0};
    for (int i = 0; i < TOKENIZER_BAD; i++) {
        assert_true(tokenizer_bad_text(i, &text));
        expect(text.text, text.length, tokenizer_bad[i].message);
    }
    dio_str_deinit(&text);
    print_message("  %d wrong files\n", TOKENIZER_BAD);
}

/* A file cut anywhere is refused, whatever is left of it. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t n = 0; n < strlen(tokenizer_good); n++) {
        dio_error err;
        char *part = malloc(n + 1);
        memcpy(part, tokenizer_good, n);
        assert_null(create(part, n, &err));
        assert_true(err.message[0]);
        free(part);
    }
}

static char *with_model(const char *vocab, const char *merges)
{
    static const char format[] = "{\"version\":\"1.0\",\"model\":{\"vocab\":{%s},\"merges\":[%s]}}";
    size_t size = strlen(format) + strlen(vocab) + strlen(merges) + 64; /* and a decoder */
    char *text = malloc(size);
    snprintf(text, size, format, vocab, merges);
    return text;
}

static char *repeat(const char *unit, size_t times)
{
    size_t n = strlen(unit);
    char *text = malloc(n * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * n, unit, n);
    text[n * times] = '\0';
    return text;
}

/* Sizes: a token above 4096 bytes, ten million merges, a file of nothing but depth. */
static void test_sizes(void **state)
{
    (void)state;
    char *name = repeat("x", 4097), *vocab = malloc(4200);
    sprintf(vocab, "\"%s\":0", name);
    char *file = with_model(vocab, "");
    expect(file, strlen(file),
           "tokenizer.json:1:36: a token of 4097 bytes: at most 4096 are "
           "supported");
    free(file);
    vocab[0] = '\0';
    sprintf(vocab, "\"a\":0,\"b\":1,\"ab\":2");
    char *many = repeat("\"a b\",", 10 * 1000 * 1000);
    many[strlen(many) - 1] = '\0';
    file = with_model(vocab, many);
    expect(file, strlen(file),
           "tokenizer.json: the file has 10000003 commas: no tokenizer has "
           "more than 3145728 tokens and merges");
    free(file);
    free(many);
    many = repeat("[", 100 * 1000);
    expect(many, strlen(many), "tokenizer.json:1:65: lists and maps are nested more than 64 deep");
    free(many);
    free(vocab);
    free(name);
}

/* "<0xZZ>" and "<0x-1>" are words like others, not bytes. */
static void test_byte_names(void **state)
{
    (void)state;
    char *file = with_model("\"<0xZZ>\":0,\"<0x-1>\":1,\"<0x41>\":2,\"<0x041>\":3,\"a\":4", "");
    char *end = strrchr(file, '}');
    strcpy(end, ",\"decoder\":{\"type\":\"ByteFallback\"}}");
    dio_error err;
    dio_tokenizer *t = create(file, strlen(file), &err);
    assert_non_null(t);
    dio_str text = {0};
    static const int32_t ids[] = {0, 1, 2, 3};
    assert_true(dio_tokenizer_decode(t, ids, 4, false, &text, &err));
    assert_string_equal(text.text, "<0xZZ><0x-1>A<0x041>");
    dio_str_deinit(&text);
    dio_tokenizer_destroy(t);
    free(file);
}

static const struct pair_row {
    const char *vocab, *merges, *config, *message;
} pairs[] = {
    {"{\"a\":0,\"b\":1,\"ab\":2}", "#version: 0.2\na b\n\nb a\n", NULL,
     "merges.txt:3:1: merge 1, \"\", is not two tokens with one space between them"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "ab\n", NULL,
     "merges.txt:1:1: merge 0, \"ab\", is not two tokens with one space between them"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a \xff\n", NULL,
     "merges.txt: the merges are not UTF-8 at byte 2"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a c\n", NULL,
     "merges.txt:1:1: merge 0 names \"c\", which the vocabulary does not have"},
    {"[\"a\"]", "", NULL,
     "vocab.json:1:1: the vocabulary is a list: an object of token to id is "
     "expected"},
    {"{\"a\":0}", "", "{\"tokenizer_class\":\"Qwen2Tokenizer\"}",
     "tokenizer_config.json:1:20: vocab.json and merges.txt are read in GPT-2's and CLIP's layout "
     "only; Qwen2Tokenizer needs its tokenizer.json"},
    {"{\"a\":0,\"<|startoftext|>\":1}", "", "{\"tokenizer_class\":\"CLIPTokenizer\"}",
     "vocab.json: CLIP's vocabulary has to have <|startoftext|> and <|endoftext|>"},
    {"{\"a\":0}", "", "{\"bos_token\":\"<s>\"}",
     "tokenizer_config.json:1:14: bos_token \"<s>\" is not in the vocabulary"},
    {"{\"a\":0}", "", "{\"eos_token\":5}",
     "tokenizer_config.json:1:14: eos_token is an integer: a token is expected"},
    {"{\"a\":0}", "", "{\"add_bos_token\":true}",
     "tokenizer_config.json:1:1: add_bos_token is true, but there is no bos_token"},
    {"{\"a\":0}", "", "{\"add_eos_token\":\"yes\"}",
     "tokenizer_config.json:1:18: add_eos_token is a string: true or false is expected"},
    {"{\"a\":0}", "", "{\"chat_template\":{}}",
     "tokenizer_config.json:1:18: chat_template is neither a string nor a list with a "
     "\"default\""},
    {"{\"a\":0}", "", "[]",
     "tokenizer_config.json:1:1: the configuration is a list: an object is expected"},
};

static void test_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct pair_row *r = &pairs[i];
        dio_error err = {0};
        char shown[2048];
        dio_tokenizer_source source = {.vocab = r->vocab,
                                       .vocab_size = strlen(r->vocab),
                                       .merges = r->merges,
                                       .merges_size = strlen(r->merges),
                                       .config = r->config,
                                       .config_size = r->config ? strlen(r->config) : 0};
        assert_null(dio_tokenizer_create(&source, &err));
        assert_string_equal(dio_error_text(&err, shown, sizeof shown), r->message);
    }
}

static void test_no_files(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_tokenizer_load("tests/text", &err));
    assert_string_equal(err.message,
                        "tests/text: there is no tokenizer.json, and no vocab.json with "
                        "merges.txt; other kinds of tokenizer (such as tokenizer.model) are not "
                        "supported");
}

/* An expression that backtracks for ever is stopped, and says so. */
static void test_slow_pattern(void **state)
{
    (void)state;
    static const char file[] =
        "{\"version\":\"1.0\",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
        "\"a*a*a*a*a*a*a*a*[bc]\"},\"behavior\":\"Isolated\",\"invert\":false},"
        "\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}";
    dio_error err;
    dio_tokenizer *t = create(file, strlen(file), &err);
    assert_non_null(t);
    char *text = repeat("a", 4000);
    dio_ids ids = {0};
    assert_false(dio_tokenizer_encode(t, text, 4000, (dio_encode_options){true, true}, &ids, &err));
    assert_string_equal(err.message, "the pattern could not be matched from byte 0 of 4000: match "
                                     "limit exceeded");
    dio_ids_deinit(&ids);
    free(text);
    dio_tokenizer_destroy(t);
}

/* Without a byte alphabet or an unknown token, a character may have no token: never dropped. */
static void test_no_token(void **state)
{
    (void)state;
    dio_error err;
    dio_ids ids = {0};
    dio_tokenizer *t = create(tokenizer_good, strlen(tokenizer_good), &err);
    assert_non_null(t);
    assert_false(dio_tokenizer_encode(t, "abz", 3, (dio_encode_options){true, true}, &ids, &err));
    assert_string_equal(err.message, "the text has U+007A, for which the vocabulary has neither a "
                                     "token nor bytes nor an unk_token");
    dio_ids_deinit(&ids);
    dio_tokenizer_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_rows),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_byte_names), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_no_files),   cmocka_unit_test(test_slow_pattern),
        cmocka_unit_test(test_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
