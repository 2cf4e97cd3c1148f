/* test_cli_bad.c: every wrong file of the readers' own tables, given to the command: the same
 * sentence, exit code 2, nothing on standard output, at little cost. What the tables do not hold
 * because it has to be built is in the readers' tests and in test_cli_model.c. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tensor/safetensors_bad.h"
#include "tests/text/config_bad.h"
#include "tests/text/tokenizer_bad.h"

/* Measured: 36 MiB, of which 32 are the program and its libraries, and 0.04 s; a line that is read
 * up to its limit of 64 MiB, 95 MiB and 1.0 s. */
enum { PEAK_KIB = 64 * 1024, LINE_KIB = 256 * 1024 };

static void refused(const char *const *args, const char *before, const char *says)
{
    char err[2048];
    struct cli_case c = {.code = 2, .err = err};
    for (int i = 0; args[i]; i++)
        c.args[i] = args[i];
    snprintf(err, sizeof err, "diorama: %s%s", before, says);
    cli_check(&c);
}

/* S2 to S13 and S16; S1, S14 and S17 follow. */
static void files_of_weights(void **state)
{
    static const char *const inspect[] = {"inspect", "x.safetensors", NULL};
    (void)state;
    for (int i = 0; i < SAFETENSORS_BAD; i++) {
        assert_true(safetensors_bad_put(i, "x.safetensors"));
        refused(inspect, "x.safetensors", safetensors_bad[i].says);
    }
    cli_put("x.safetensors", "1234567");
    refused(
        inspect, "x.safetensors",
        ": a safetensors file begins with 8 bytes that give its header's length; this one has 7 "
        "in all");
    static char deep[100005] = "{\"a\":";
    memset(deep + 5, '[', sizeof deep - 5);
    assert_true(safetensors_put("x.safetensors", deep, sizeof deep, sizeof deep, 0));
    refused(inspect, "x.safetensors", ":1:69: lists and maps are nested more than 64 deep");
}

static void indexes_of_shards(void **state)
{
    static const char *const text[] = {"inspect", "i.safetensors.index.json", NULL};
    static const char *const rows[][2] = {
        {"../../x.safetensors",
         "i.safetensors.index.json:1:20: weight_map: \"../../x.safetensors\" is not the plain name "
         "of a .safetensors or .bin file beside the index"},
        {"none.safetensors",
         "i.safetensors.index.json:1:20: cannot open ./none.safetensors: No such "
         "file or directory"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char index[256];
        snprintf(index, sizeof index, "{\"weight_map\":{\"a\":\"%s\"}}", rows[i][0]);
        cli_put("i.safetensors.index.json", index);
        refused(text, "", rows[i][1]);
    }
}

static void configurations(void **state)
{
    static const char *const text[] = {"text", "-m", "b", "-p", "the lamp", NULL};
    (void)state;
    for (int i = 0; i < CONFIG_BAD; i++) {
        cli_model(config_bad[i].json);
        refused(text, "b/config.json:", config_bad[i].says);
    }
}

static void tokenizers(void **state)
{
    static const char *const tokenize[] = {"tokenize", "-m", "b", NULL};
    dio_str text = {0};
    (void)state;
    cli_model(NULL);
    for (int i = 0; i < TOKENIZER_BAD; i++) {
        assert_true(tokenizer_bad_text(i, &text));
        cli_put_bytes("b/tokenizer.json", text.text, text.length);
        refused(tokenize, "b/", tokenizer_bad[i].message);
    }
    dio_str_deinit(&text);
}

/* X3: more text than an int can count, of which no more is read than it takes to see that. */
static void a_line_of_two_gigabytes(void **state)
{
    static const char *const tokenize[] = {"tokenize", "-m", "m", NULL};
    (void)state;
    cli_put("zeros", "");
    assert_int_equal(truncate("zeros", (off_t)INT32_MAX + 2), 0); /* takes no room on the disk */
    cli_input_from("zeros");
    cli_bound(LINE_KIB, 10);
    refused(tokenize, "", "standard input:1:1: the line is longer than 67108864 bytes");
    cli_bound(PEAK_KIB, 1);
    cli_input_from(NULL);
}

static int begin(void **state)
{
    int failed = cli_begin_with_model(state);
    cli_bound(PEAK_KIB, 1);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_weights),        cmocka_unit_test(indexes_of_shards),
        cmocka_unit_test(configurations),          cmocka_unit_test(tokenizers),
        cmocka_unit_test(a_line_of_two_gigabytes),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
