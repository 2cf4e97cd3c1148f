/* test_prompt_grammar.c: brackets, weights and breaks against stable-diffusion-webui's own parser,
 * on the prompts of tools/golden/clip.py; what is refused, with its sentence. */
#include "tests/text/lm_case.h"

#include "base/file.h"
#include "text/prompt.h"

static bool spans_are(const dio_prompt_spans *spans, const dio_value *want)
{
    if (spans->count != want->list.count)
        return false;
    for (int i = 0; i < spans->count; i++) {
        const dio_prompt_span *s = &spans->items[i];
        const dio_value *text = want->list.items[i]->list.items[0];
        const dio_value *weight = want->list.items[i]->list.items[1];
        if (s->breaks != (weight->kind == DIO_NULL))
            return false;
        if (!s->breaks && (s->weight != weight->real || s->length != text->string.length ||
                           memcmp(s->text, text->string.text, s->length) != 0))
            return false;
    }
    return true;
}

/* The same spans, and weights to the last bit, as webui's parser; what it dies of is refused. */
static void test_grammar(void **state)
{
    (void)state;
    size_t size;
    dio_error err = {0};
    int rows = 0, same = 0, refused = 0;
    dio_arena *a = dio_arena_create();
    const char *text = dio_file_read(a, "tests/golden/clip/grammar.jsonl", 1 << 20, &size, &err);
    must(text != NULL, &err);
    for (size_t at = 0; at < size; rows++) {
        const char *end = memchr(text + at, '\n', size - at);
        const dio_value *row =
            dio_json_parse(a, "grammar.jsonl", text + at, (size_t)(end - text) - at, &err);
        must(row != NULL, &err);
        at = (size_t)(end - text) + 1;
        const dio_value *prompt = row->list.items[0], *want = row->list.items[1];
        dio_prompt_spans spans;
        dio_error why = {0};
        bool ok = dio_prompt_parse(a, prompt->string.text, prompt->string.length, &spans, &why);
        bool right =
            ok ? want->kind == DIO_LIST && spans_are(&spans, want) : want->kind == DIO_NULL;
        refused += !ok;
        same += right;
        if (!right)
            print_message("  differs: %s\n",
                          dio_json_quote(a, prompt->string.text, prompt->string.length));
    }
    print_message("grammar: %d of %d prompts alike, %d of them refused\n", same, rows, refused);
    assert_true(rows > 1000);
    assert_int_equal(same, rows);
    dio_arena_destroy(a);
}

static void parse_fails(const char *text, size_t n, const char *says)
{
    dio_error err = {0};
    dio_prompt_spans spans;
    dio_arena *a = dio_arena_create();
    assert_false(dio_prompt_parse(a, text, n, &spans, &err));
    assert_string_equal(err.message, says);
    assert_int_equal(err.kind, DIO_ERROR_INVALID);
    dio_arena_destroy(a);
}

static void test_grammar_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"a\xff", "the prompt is not UTF-8 at byte 1 (0xFF)"},
        {"(a\xed\xa0\x80:1.2)", "the prompt is not UTF-8 at byte 2 (0xED)"},
        {"(red:1.2.3)", "the weight \"1.2.3\" at byte 5 of the prompt is not a number"},
        {"(red:.)", "the weight \".\" at byte 5 of the prompt is not a number"},
        {"(red:101)", "the weight of \"red\" comes to 101: -100 to 100 are supported"},
        {"(red:-1000)", "the weight of \"red\" comes to -1000: -100 to 100 are supported"},
        {"((red:99):99)", "the weight of \"red\" comes to 9801: -100 to 100 are supported"},
        {"(red:1000000000000000000000000000000)",
         "the weight of \"red\" comes to 1e+30: -100 to 100 are supported"},
        {"(red:1000000000000000000000000000000000000000000000000000000000000)",
         "the weight \"1000000000000000000000000000000000000000\" at byte 5 of the prompt is not a "
         "number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        parse_fails(rows[i].text, strlen(rows[i].text), rows[i].says);
    char *big = malloc(1 << 20);
    memset(big, 'a', 1 << 20);
    parse_fails(big, 1 << 20, "a prompt of 1048576 bytes is above 65536: shorten it");
    memset(big, '(', 1000);
    parse_fails(big, 1000,
                "the prompt has more than 256 brackets open at byte 256: close some, or write \\( "
                "for the character");
    memset(big, '[', 1000);
    parse_fails(big, 1000,
                "the prompt has more than 256 brackets open at byte 256: close some, or write \\[ "
                "for the character");
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_grammar_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
