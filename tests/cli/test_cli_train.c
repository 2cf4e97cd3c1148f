/* test_cli_train.c: recipes with a mistake are refused at their place before anything is made;
 * a run that comes to nothing leaves nothing; another recipe does not go on with a run. */
#include "tests/cli/cli_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cli_case run = {{"train", "bad.yaml", "-o", "o", "-q"}, 0, "", NULL};

/* The recipe with `part` replaced by `other` becomes bad.yaml. */
static void recipe_with(const char *part, const char *other)
{
    char text[8192];
    const char *at = strstr(cli_recipe, part);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - cli_recipe), cli_recipe, other,
             at + strlen(part));
    cli_put("bad.yaml", text);
}

/* Training by bad.yaml into o/ ends so, and there is no o/ afterwards. */
static void refused(int code, const char *err)
{
    struct cli_case c = run;
    c.code = code;
    c.err = err;
    c.absent = "o";
    cli_check(&c);
}

static void texts_that_are_no_recipe(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"", "diorama: bad.yaml:1:1: recipe: expected a map, found nothing"},
        {"- a\n- b\n", "diorama: bad.yaml:1:1: recipe: expected a map, found a list"},
        {"version: 1\nkind: lm\n\tname: x",
         "diorama: bad.yaml:3:1: a tab stands in the indentation: use spaces"},
        {"version: 1\nkind: lm\nkind: lm\n",
         "diorama: bad.yaml:3:1: key \"kind\" appears twice in this map: first on line 2"},
        {"version: *v\n", "diorama: bad.yaml:1:10: alias *v: no anchor &v stands before it"},
        {"version: [1\n", "diorama: bad.yaml:~: not valid YAML: ~"},
        {"version: 1\nname: \xff\n", "diorama: bad.yaml:2:7: byte 0xff is not valid UTF-8"},
        {"\xff\xfe"
         "v",
         "diorama: bad.yaml:1:1: the text is UTF-16 or UTF-32: save it as UTF-8"},
        {"version: 1\n\"\\e[31mcolour\": 1\nkind: lm\nname: x\n",
         "diorama: bad.yaml:2:1: unknown key \"?[31mcolour\" in recipe: it knows ~"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_put("bad.yaml", cases[i].text);
        refused(2, cases[i].err);
    }
    char deep[5000];
    memset(deep, '[', sizeof deep);
    cli_put_bytes("bad.yaml", deep, sizeof deep);
    refused(2, "diorama: bad.yaml:1:~: lists and maps are nested more than 64 deep (~ brackets are "
               "open here)");
}

static void mistakes_in_a_recipe(void **state)
{
    static const struct {
        const char *part, *other, *err;
    } cases[] = {
        {"version: 1", "version: 2", "1:10: version 2: this program reads recipes of version 1"},
        {"kind: lm", "kind: lmm",
         "2:7: kind \"lmm\" does not exist; did you mean \"lm\"? (there are ~lm~)"},
        {"kind: lm", "kind: [lm]", "2:7: recipe: kind says what is trained, as in `kind: lm`"},
        {"steps: 2", "step: 2", "8:9: unknown key \"step\" in train: did you mean \"steps\"?"},
        {"steps: 2", "steps: -1", "8:16: steps: -1 is below 1"},
        {"warmup: 1", "lr: .nan", "8:~: .nan is not a finite number (quote it if it is text)"},
        {"kind: text", "kind: txt",
         "7:14: data kind \"txt\" does not exist, did you mean text: there are copy (the ad "
         "corpus) "
         "and text (files)"},
        {"model: {", "start: m\nmodel: {",
         "1:1: a recipe has either model (a fresh one) or start (a folder to go on from)"},
        {"save: f32", "save: f16", "12:7: save \"f16\": bf16 or f32"},
        {"vocab_size: 300", "vocab_size: 259", "6:25: vocab_size: 259 is below 260"},
        {"vocab_size: 300", "style: x", "6:12: tokenizer: style \"x\": gpt2 or llama3"},
        {"hidden_size: 32", "hidden_size: 33",
         "5:30: hidden_size 33 does not divide into num_attention_heads 4"},
        {"model_type: llama", "model_type: lama",
         "4:21: model_type \"lama\" is not supported; did you mean \"llama\"? (there are gpt2, "
         "llama, mistral, qwen2, qwen3, gru, lstm)"},
        {"sequence: 16", "sequence: 1000",
         "4:8: sequence 1000 is longer than the 64 positions of this model"},
        {"sequence: 16\nbatch: 2", "sequence: 65536\nbatch: 4096",
         "10:8: batch 4096 of sequence 65536: at most 16777216 tokens make a step"},
        {"save: f32", "lora: {targets: q_proj}",
         "12:17: lora: targets: expected a list of 1 to 64 names of layers, found a string"},
        {"save: f32", "lora: {targets: [nothing]}",
         "adapter: none of the target modules (\"nothing\") is a layer of this model"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char err[512];
        bool placed = cases[i].err[0] < 'a';
        recipe_with(cases[i].part, cases[i].other);
        snprintf(err, sizeof err, "diorama: %s%s", placed ? "bad.yaml:" : "", cases[i].err);
        refused(2, err);
    }
}

static void texts_to_learn_from(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"one document",
         "./b.txt: 1 documents to train on and 0 to validate with: both are needed; "
         "check separator and valid"},
        {"", "./b.txt: 0 documents to train on and 0 to validate with: both are needed; check "
             "separator and valid"},
        {"good\n\nb\xc3\x28"
         "d\n",
         "./b.txt: byte 7 is not UTF-8"},
    };
    (void)state;
    recipe_with("path: texts.txt", "path: b.txt");
    refused(2, "diorama: bad.yaml:7:7: cannot open ./b.txt: No such file or directory");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char err[512];
        cli_put("b.txt", cases[i].text);
        snprintf(err, sizeof err, "diorama: bad.yaml:7:7: %s", cases[i].err);
        refused(2, err);
    }
    cli_put_bytes("b.txt", "a\n\nb\0c\n", 7);
    refused(2, "diorama: bad.yaml:7:7: ./b.txt: byte 4 is a NUL, which no text has");
}

static void tokenizers_and_models_to_start_from(void **state)
{
    (void)state;
    recipe_with("tokenizer: {vocab_size: 300}", "tokenizer: {path: nothing}");
    refused(2, "diorama: cannot open ./nothing: No such file or directory");
    recipe_with("{vocab_size: 300}", "{path: " DIORAMA_SOURCE "/tests/golden/tokenizers/gpt2}");
    size_t n;
    char *text = cli_read("bad.yaml", &n);
    char *at = strstr(text, "model_type: llama");
    assert_non_null(at);
    char more[8192];
    snprintf(more, sizeof more, "%.*svocab_size: 300, %s", (int)(at - text), text, at);
    cli_put("bad.yaml", more);
    free(text);
    refused(2, "diorama: the model's vocab_size is 300 and the tokenizer has 1000 tokens: they do "
               "not belong together");
}

/* More than any machine has: refused by arithmetic, not by the kernel's killer. */
static void sizes_beyond_memory(void **state)
{
    (void)state;
    recipe_with("hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2,\n"
                "        num_attention_heads: 4",
                "hidden_size: 65536, intermediate_size: 262144, num_hidden_layers: 512, "
                "num_attention_heads: 64");
    refused(75, "diorama: bad.yaml:4:8: the model's weights need ~ MB of memory and the limit is ~ "
                "MB: use a smaller model");
}

static void folders_that_cannot_be(void **state)
{
    static const struct cli_case cases[] = {
        {{"train", "r.yaml", "-o", "/proc/x", "-q"},
         2,
         "diorama: cannot make folder /proc/x: No such file or directory",
         "/proc/x"},
        {{"train", "r.yaml", "-o", "r.yaml/x", "-q"},
         2,
         "diorama: cannot make folder r.yaml/x: Not a directory",
         NULL},
        {{"train", "r.yaml", "-o", "r.yaml", "-q"}, 2, "diorama: ~r.yaml~", NULL},
    };
    (void)state;
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

static void runs_that_are_not_this_one(void **state)
{
    static const struct cli_case again = {
        {"train", "r.yaml", "-o", "m", "-q"},
        2,
        "diorama: m/checkpoint.safetensors exists: add --resume to go on from it, or name another "
        "folder",
        NULL};
    static const struct cli_case other = {
        {"train", "bad.yaml", "-o", "m", "-q", "--resume"},
        2,
        "diorama: m/checkpoint.safetensors belongs to another recipe: train in another folder, or "
        "remove it",
        NULL};
    static const struct cli_case cut = {
        {"train", "r.yaml", "-o", "m", "-q", "--resume"},
        2,
        "diorama: m/checkpoint.safetensors: the header's length of ~ bytes is more than the ~ that "
        "follow: the file was cut short, or is no safetensors file",
        NULL};
    static const struct cli_case gone = {
        {"train", "r.yaml", "-o", "m", "-q", "--resume"},
        2,
        "diorama: m/best.safetensors is gone, which the checkpoint beside it needs: begin anew in "
        "another folder",
        NULL};
    size_t n, before, after;
    (void)state;
    free(cli_read("m/model.safetensors", &before));
    cli_check(&again);
    recipe_with("steps: 2", "steps: 3");
    cli_check(&other);
    char *bytes = cli_read("m/checkpoint.safetensors", &n);
    cli_put_bytes("m/checkpoint.safetensors", bytes, 500);
    cli_check(&cut);
    cli_put_bytes("m/checkpoint.safetensors", bytes, n);
    rename("m/best.safetensors", "best");
    cli_check(&gone);
    rename("best", "m/best.safetensors");
    free(bytes);
    free(cli_read("m/model.safetensors", &after));
    assert_int_equal(before, after);
}

/* A folder where another recipe stopped before its first checkpoint: its tokenizer is not ours. */
static void what_another_run_left_is_not_used(void **state)
{
    static const struct cli_case anew = {{"train", "r.yaml", "-o", "n", "-q"}, 0, "", NULL};
    size_t a, b;
    (void)state;
    assert_int_equal(mkdir("n", 0777), 0);
    cli_copy(DIORAMA_SOURCE "/tests/golden/tokenizers/gpt2/tokenizer.json", "n/tokenizer.json");
    cli_put("n/loss.csv", "step,loss\n1,9.9\n");
    cli_check(&anew);
    char *want = cli_read("m/tokenizer.json", &a), *have = cli_read("n/tokenizer.json", &b);
    assert_string_equal(want, have);
    free(want);
    free(have);
    have = cli_read("n/loss.csv", &b);
    assert_null(strstr(have, "9.9"));
    free(have);
}

static void disks_that_are_full(void **state)
{
    static const struct cli_case full = {
        {"train", "r.yaml", "-o", "full", "-q"},
        75,
        "diorama: cannot write full/best.safetensors: File too large",
        "full/best.safetensors"};
    (void)state;
    cli_limit(0, 100000); /* less than the weights' 147 kB */
    cli_check(&full);
    cli_limit(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_are_no_recipe),
        cmocka_unit_test(mistakes_in_a_recipe),
        cmocka_unit_test(texts_to_learn_from),
        cmocka_unit_test(tokenizers_and_models_to_start_from),
        cmocka_unit_test(sizes_beyond_memory),
        cmocka_unit_test(folders_that_cannot_be),
        cmocka_unit_test(runs_that_are_not_this_one),
        cmocka_unit_test(what_another_run_left_is_not_used),
        cmocka_unit_test(disks_that_are_full),
    };
    return cmocka_run_group_tests(tests, cli_begin_with_model, cli_end);
}
