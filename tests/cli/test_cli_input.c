/* test_cli_input.c: texts that have broken tokenizers elsewhere, through `tokenize` and `text`:
 * floods of one character, text without an end, bytes that are no text, tags spelled by users,
 * towers of accents. Also requests for more than there is memory. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_case tokenize = {{"tokenize", "-m", "m"}, 0, "", NULL};

/* `text` with the prompt `p` on m/ ends so. */
static void prompt(const char *p, int code, const char *err)
{
    struct cli_case c = {{"text", "-m", "m", "-p", p, "-n", "2"}, code, err, NULL};
    cli_check(&c);
}

/* X1: long runs. What takes more than linear time shows in the case's limit. */
static void floods_of_one_character(void **state)
{
    static const struct {
        char c;
        size_t n;
    } floods[] = {{'A', 50000}, {'Z', 131072}, {' ', 43000}, {'\n', 100000}, {'x', 1 << 20}};
    (void)state;
    for (size_t i = 0; i < sizeof floods / sizeof floods[0]; i++) {
        char *text = malloc(floods[i].n);
        assert_non_null(text);
        memset(text, floods[i].c, floods[i].n);
        cli_check_input(&tokenize, text, floods[i].n);
        free(text);
    }
}

static void prompts_longer_than_the_model_reads(void **state)
{
    char *text = malloc(100001);
    assert_non_null(text);
    (void)state;
    memset(text, 'A', 100000);
    text[100000] = '\0';
    prompt(text, 2, "diorama: the prompt has ~ tokens and the model reads 64 at most: shorten it");
    free(text);
    prompt("", 2,
           "diorama: the prompt is empty, and a model needs at least one token to go on from");
}

/* X2: invalid, overlong, surrogates. */
static void bytes_that_are_no_text(void **state)
{
    static const struct {
        const char *text, *at;
    } bad[] = {
        {"good\nb\xff"
         "d\n",
         "1 (0xFF)"},
        {"good\n\xc0\xaf\n", "0 (0xC0)"},
        {"good\n\xed\xa0\x80\n", "0 (0xED)"},
        {"good\n\xf4\x90\x80\x80\n", "0 (0xF4)"},
        {"good\n\xe2\x82", "0 (0xE2)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char err[128];
        struct cli_case c = {{"tokenize", "-m", "m"}, 2, err, NULL};
        snprintf(err, sizeof err, "diorama: standard input:2:1: the text is not UTF-8 at byte %s",
                 bad[i].at);
        cli_check_input(&c, bad[i].text, strlen(bad[i].text));
    }
}

static void a_nul_is_a_character_like_others(void **state)
{
    static struct cli_result r;
    (void)state;
    cli_run(tokenize.args, "a\0b\n", 4, &r);
    assert_int_equal(r.code, 0);
    int commas = 0;
    for (const char *p = r.out; *p; p++)
        commas += *p == ',';
    assert_int_equal(commas, 2);
}

/* X4: a text that spells a special token is text, unless it is asked to be more. */
static void tags_are_text(void **state)
{
    static struct cli_result r;
    (void)state;
    cli_run(tokenize.args, "<|endoftext|>\n", 14, &r);
    assert_int_equal(r.code, 0);
    assert_null(strstr(r.out, "[0]"));
    cli_run((const char *const[]){"tokenize", "-m", "m", "--parse", NULL}, "<|endoftext|>\n", 14,
            &r);
    assert_string_equal(r.out, "[0]\n");
}

/* X5: one letter under 60 000 accents. */
static void towers_of_accents(void **state)
{
    enum { ACCENTS = 60000 };
    char *text = malloc(1 + 2 * ACCENTS);
    (void)state;
    assert_non_null(text);
    text[0] = 'a';
    for (int i = 0; i < ACCENTS; i++)
        memcpy(text + 1 + 2 * i, "\xcc\x81", 2);
    cli_check_input(&tokenize, text, 1 + 2 * ACCENTS);
    free(text);
}

/* 256 texts of a million tokens each: the keys and values alone are beyond any machine. */
static void more_than_there_is_memory(void **state)
{
    static const struct cli_case c = {
        {"text", "-m", "b", "-p", "the", "-n", "1048576", "--variants", "256"},
        75,
        "diorama: this needs ~ MB of memory (~ MB of it intermediates) and the limit is ~ MB: use "
        "a "
        "smaller size or batch",
        NULL};
    (void)state;
    char *config = strdup(cli_config), *at = strstr(config, "64,\"vocab");
    char text[1024];
    snprintf(text, sizeof text, "%.*s16777216%s", (int)(at - config), config, at + 2);
    free(config);
    cli_model(text);
    cli_check(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floods_of_one_character),
        cmocka_unit_test(prompts_longer_than_the_model_reads),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(a_nul_is_a_character_like_others),
        cmocka_unit_test(tags_are_text),
        cmocka_unit_test(towers_of_accents),
        cmocka_unit_test(more_than_there_is_memory),
    };
    return cmocka_run_group_tests(tests, cli_begin_with_model, cli_end);
}
