/* test_cli_usage.c: command lines as they are mistyped: each is refused with one sentence that says
 * what to write instead, on standard error, with exit code 2, and nothing is begun. */
#include "tests/cli/cli_run.h"

#include <string.h>

static void commands_and_options(void **state)
{
    static const struct cli_case cases[] = {
        {{"x"}, 2, "diorama: there is no command \"x\" (see diorama --help)", NULL},
        {{"txt"}, 2, "diorama: there is no command \"txt\", did you mean \"text\"?", NULL},
        {{""}, 2, "diorama: there is no command \"\" (see diorama --help)", NULL},
        {{"\x1b[31m\xff"}, 2, "diorama: there is no command \"?[31m?\" (see diorama --help)", NULL},
        {{"text"},
         2,
         "diorama: diorama text needs --prompt, what to go on from (see diorama text --help)",
         NULL},
        {{"text", "--promt", "x"},
         2,
         "diorama: unknown option --promt: did you mean --prompt?",
         NULL},
        {{"text", "-p"}, 2, "diorama: -p needs a value (see diorama text --help)", NULL},
        {{"text", "-z"}, 2, "diorama: unknown option -z (see diorama text --help)", NULL},
        {{"text", "extra"},
         2,
         "diorama: one argument too many: \"extra\" (see diorama text --help)",
         NULL},
        {{"text", "--json=maybe"}, 2, "diorama: --json: expected yes or no, found \"maybe\"", NULL},
        {{"text", "--no-json=1"},
         2,
         "diorama: --no-json takes no value (see diorama text --help)",
         NULL},
        {{"inspect"},
         2,
         "diorama: diorama inspect needs TARGET, a weights file, a model's folder or house/NAME "
         "(see diorama inspect --help)",
         NULL},
        {{"train"},
         2,
         "diorama: diorama train needs RECIPE, the recipe, a YAML file (see diorama train --help)",
         NULL},
        {{"ops", "extra"},
         2,
         "diorama: one argument too many: \"extra\" (see diorama ops --help)",
         NULL},
    };
    (void)state;
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void values_out_of_range(void **state)
{
    static const struct cli_case cases[] = {
        {{"text", "-p", "x", "-n", "0"}, 2, "diorama: -n: 0 is below 1", NULL},
        {{"text", "-p", "x", "-n", "1e9"},
         2,
         "diorama: -n: expected an integer, found \"1e9\"",
         NULL},
        {{"text", "-p", "x", "-n", "99999999999999999999"},
         2,
         "diorama: -n: expected an integer, found \"99999999999999999999\"",
         NULL},
        {{"text", "-p", "x", "-n", ""}, 2, "diorama: -n: expected an integer, found \"\"", NULL},
        {{"text", "-p", "x", "--temperature", "nan"},
         2,
         "diorama: --temperature: expected a number, found \"nan\"",
         NULL},
        {{"text", "-p", "x", "--temperature=-1"}, 2, "diorama: --temperature: -1 is below 0", NULL},
        {{"text", "-p", "x", "--temperature=1e999"},
         2,
         "diorama: --temperature: expected a number, found \"1e999\"",
         NULL},
        {{"text", "-p", "x", "--top-p", "0"}, 2, "diorama: --top-p: 0 is below 1e-06", NULL},
        {{"text", "-p", "x", "--beams", "257"}, 2, "diorama: --beams: 257 is above 256", NULL},
        {{"text", "-p", "x", "--seed", "-1"},
         2,
         "diorama: --seed: expected an integer from 0 to 18446744073709551615, found \"-1\"",
         NULL},
        {{"text", "-p", "x", "--seed", "18446744073709551616"},
         2,
         "diorama: --seed: expected an integer from 0 to 18446744073709551615, found "
         "\"18446744073709551616\"",
         NULL},
        {{"text", "-p", "x", "--threads", "100000"},
         2,
         "diorama: --threads: 100000 is above 1024",
         NULL},
        {{"text", "-p", "x", "--dtype", "f16"},
         2,
         "diorama: --dtype \"f16\": bf16, f32 or auto",
         NULL},
        {{"text", "-p",
          "a\xff"
          "b"},
         2,
         "diorama: -p: the text is not valid UTF-8",
         NULL},
        {{"text", "-p", "x", "--stop", "\xc3"},
         2,
         "diorama: --stop: the text is not valid UTF-8",
         NULL},
        {{"text", "-p", "x", "--ban=\xed\xa0\x80"},
         2,
         "diorama: --ban: the text is not valid UTF-8",
         NULL},
    };
    (void)state;
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void files_that_are_not_there(void **state)
{
    static const struct cli_case cases[] = {
        {{"inspect", "nothing"},
         2,
         "diorama: model \"nothing\": there is no such folder; house models are named house/NAME",
         NULL},
        {{"inspect", "/dev/null"}, 2, "diorama: /dev/null is not a regular file", NULL},
        {{"inspect", "plain.txt"},
         2,
         "diorama: plain.txt: not a file of weights that is known here: safetensors and "
         "checkpoints of PyTorch are",
         NULL},
        {{"inspect", "house/no-such-model"},
         2,
         "diorama: model \"house/no-such-model\" is not installed",
         NULL},
        {{"inspect", "."},
         2,
         "diorama: cannot open ./config.json: No such file or directory",
         NULL},
        {{"text", "-m", "nothing", "-p", "x"},
         2,
         "diorama: model \"nothing\": there is no such folder; house models are named house/NAME",
         NULL},
        {{"text", "-m", "plain.txt", "-p", "x"},
         2,
         "diorama: cannot open plain.txt/config.json: Not a directory",
         NULL},
        {{"tokenize", "-m", "plain.txt"},
         2,
         "diorama: plain.txt: there is no tokenizer.json, and no vocab.json with merges.txt; other "
         "kinds of tokenizer (such as tokenizer.model) are not supported",
         NULL},
        {{"train", "nothing.yaml"},
         2,
         "diorama: cannot open nothing.yaml: No such file or directory",
         "out"},
        {{"train", "."}, 2, "diorama: . is a folder, not a file", "out"},
        {{"train", "/dev/zero"}, 2, "diorama: /dev/zero is not a regular file", "out"},
    };
    (void)state;
    cli_put("plain.txt", "words, no model\n");
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void what_is_asked_for_comes_on_standard_output(void **state)
{
    static const char *const asked[][3] = {{"--help", NULL},
                                           {"text", "--help", NULL},
                                           {"--version", NULL},
                                           {"ops", NULL},
                                           {"models", NULL}};
    static struct cli_result r;
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        cli_run(asked[i], NULL, 0, &r);
        assert_int_equal(r.code, 0);
        assert_string_equal(r.err, "");
        assert_true(strlen(r.out) > 5);
    }
    cli_run((const char *const[]){NULL}, NULL, 0, &r);
    assert_int_equal(r.code, 2);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "Usage: diorama COMMAND"));
}

static void a_full_disk_is_not_a_mistake_of_the_user(void **state)
{
    static const struct cli_case full = {
        {"ops"}, 75, "diorama: cannot write standard output: No space left on device", NULL};
    (void)state;
    cli_output_to("/dev/full");
    cli_check(&full);
    cli_output_to(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_options),
        cmocka_unit_test(values_out_of_range),
        cmocka_unit_test(files_that_are_not_there),
        cmocka_unit_test(what_is_asked_for_comes_on_standard_output),
        cmocka_unit_test(a_full_disk_is_not_a_mistake_of_the_user),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
