/* test_cli_probe.c: `diorama probe` on a language model and on a text encoder: every tap is written
 * under its official name; what it cannot run is refused. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tensor/weights.h"

#define GOLDEN DIORAMA_SOURCE "/tests/golden/"

static void written(const char *model, const char *const *names)
{
    dio_error err = {0};
    char folder[512], inputs[512];
    snprintf(folder, sizeof folder, GOLDEN "%s", model);
    snprintf(inputs, sizeof inputs, GOLDEN "%s/golden.safetensors", model);
    struct cli_case c = {
        {"probe", "-m", folder, "--inputs", inputs, "--taps", "t.safetensors"}, 0, "", NULL};
    cli_check(&c);
    dio_weights *w = dio_weights_open("t.safetensors", &err);
    assert_non_null(w);
    for (int i = 0; names[i]; i++)
        if (!dio_weights_find(w, names[i]))
            fail_msg("%s: no tap %s", model, names[i]);
    dio_weights_close(w);
}

static void taps_of_each_kind(void **state)
{
    (void)state;
    written("lm/gpt2", (const char *const[]){"input_ids", "hidden_states.0", "hidden_states.2",
                                             "logits", NULL});
    written("clip/clip-l", (const char *const[]){"input_ids", "hidden_states.0", "hidden_states.3",
                                                 "last_hidden_state", "pooler_output", NULL});
    written("clip/big-g", (const char *const[]){"last_hidden_state", "text_embeds", NULL});
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct cli_case cases[] = {
        {{"probe", "-m", "none", "--inputs", "i", "--taps", "t"}, 2, "diorama: ~none~", "t"},
        {{"probe", "-m", GOLDEN "clip/clip-l", "--inputs", "none", "--taps", "t"},
         2,
         "diorama: ~none~",
         "t"},
        {{"probe", "-m", GOLDEN "clip/clip-l", "--inputs", GOLDEN "clip/prompts.safetensors",
          "--taps", "t"},
         2,
         "diorama: ~: has no tensor \"input_ids\"",
         "t"},
        {{"probe", "-m", GOLDEN "lm/llama2", "--inputs", GOLDEN "clip/clip-l/golden.safetensors",
          "--taps", "t"},
         2,
         "diorama: input_ids: ~ is outside the model's 0 to 95",
         "t"},
    };
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
    assert_int_equal(mkdir("b", 0777), 0);
    cli_put("b/config.json", "{\"model_type\":\"clip_text_modell\"}");
    struct cli_case near = {{"probe", "-m", "b", "--inputs", "i", "--taps", "t"},
                            2,
                            "diorama: b/config.json:1:15: model_type \"clip_text_modell\" is not "
                            "supported; did you mean \"clip_text_model\"? (there are ~)",
                            "t"};
    cli_check(&near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taps_of_each_kind),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
