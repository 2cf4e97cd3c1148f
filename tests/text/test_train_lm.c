/* test_train_lm.c: the trainer's promises on a model small enough for a test: it learns, two runs
 * agree bit for bit, and a run that was stopped and resumed ends as one that was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/gang.h"
#include "base/value.h"
#include "text/lm.h"
#include "text/tokenizer.h"
#include "text/train_lm.h"

static const char *const families[] = {
    "{model_type: llama, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2,"
    " num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64,"
    " rms_norm_eps: 0.00001, rope_theta: 10000.0, tie_word_embeddings: true, hidden_act: silu}",
    "{model_type: gpt2, n_embd: 32, n_layer: 2, n_head: 4, n_positions: 64}",
    "{model_type: gru, embedding_size: 32, hidden_size: 32, num_layers: 1}",
};

static const char recipe_form[] =
    "version: 1\nkind: lm\nname: test/tiny\nsave: f32\nseed: 3\n"
    "model: %s\n"
    "tokenizer: {vocab_size: 300, documents: 400}\n"
    "data: {kind: text, path: text.txt, valid: 0.2, test: 0.1}\n"
    "sequence: 24\nbatch: 4\ntest_batches: 2\n"
    "train: {steps: %d, warmup: 4, lr: 0.01, log_every: 2, eval_every: 5, eval_batches: 2,"
    " checkpoint_every: 4, ema: 0.9}\n";

static char root[] = "/tmp/diorama-train-XXXXXX";
static dio_device *device;

static char *in_root(dio_arena *a, const char *name)
{
    return dio_path_join(a, root, name);
}

static void write_text(dio_arena *a)
{
    dio_error err = {0};
    dio_str s = {0};
    static const char *const things[] = {"lamp", "kettle", "chair", "coat", "bread"};
    static const char *const verbs[] = {"shines", "sings", "rests", "warms", "rises"};
    for (int i = 0; i < 400; i++)
        dio_str_printf(&s, "The %s %s at %d.\n\n", things[i % 5], verbs[i % 5], i % 24);
    assert_true(dio_file_write(in_root(a, "text.txt"), s.text, s.length, &err));
    dio_str_deinit(&s);
}

struct stop {
    int64_t at;
    volatile sig_atomic_t cancel;
    double first, last;
};

static void progress(void *user, const dio_train_progress *p)
{
    struct stop *s = user;
    if (s->first == 0)
        s->first = p->loss;
    s->last = p->loss;
    s->cancel = s->at > 0 && p->step >= s->at;
}

/* Trains in root/dir; stops after step `at` when it is above 0. */
static struct stop train(dio_arena *a, const char *model, const char *dir, int at, bool resume)
{
    dio_error err = {0};
    struct stop s = {.at = at};
    char *text = dio_arena_printf(a, recipe_form, model, 20);
    const char *path = in_root(a, "recipe.yaml");
    dio_value *recipe = dio_yaml_parse(a, path, text, strlen(text), &err);
    dio_recipe_hooks hooks = {.progress = progress, .user = &s, .cancel = &s.cancel};
    dio_recipe_run run = {recipe, path, in_root(a, dir), resume, device, &hooks, a};
    dio_recipe_report r;
    if (!recipe || !dio_recipe_kind_lm.run(&run, &r, &err))
        fail_msg("%s", err.message);
    assert_int_equal(r.run.cancelled, at > 0);
    return s;
}

static void same_file(dio_arena *a, const char *x, const char *y, const char *name)
{
    char hx[DIO_HASH_TEXT], hy[DIO_HASH_TEXT];
    dio_error err = {0};
    assert_true(dio_hash_file(dio_path_join(a, in_root(a, x), name), hx, &err));
    assert_true(dio_hash_file(dio_path_join(a, in_root(a, y), name), hy, &err));
    assert_string_equal(hx, hy);
}

static void runs_repeat_and_resume(void **state)
{
    (void)state;
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        dio_arena *a = dio_arena_create();
        const char *whole = dio_arena_printf(a, "whole%zu", f);
        const char *again = dio_arena_printf(a, "again%zu", f);
        const char *broken = dio_arena_printf(a, "broken%zu", f);
        struct stop s = train(a, families[f], whole, 0, false);
        print_message("family %zu: loss %.3f to %.3f in 20 steps\n", f, s.first, s.last);
        assert_true(s.last < s.first - 1.5); /* measured: 3.07 to 3.20 */
        int threads = dio_gang_size();
        dio_gang_resize(threads == 1 ? 2 : 1);
        train(a, families[f], again, 0, false);
        dio_gang_resize(threads);
        train(a, families[f], broken, 10, false);
        train(a, families[f], broken, 0, true);
        same_file(a, whole, again, "model.safetensors");
        same_file(a, whole, again, "checkpoint.safetensors");
        same_file(a, whole, broken, "model.safetensors");
        same_file(a, whole, broken, "checkpoint.safetensors");
        dio_arena_destroy(a);
    }
}

/* A checkpoint of another recipe, and a folder that is in use, are refused. */
static void strangers_are_refused(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    const char *path = in_root(a, "recipe.yaml");
    dio_recipe_hooks hooks = {0};
    dio_recipe_report r;
    for (int resume = 0; resume < 2; resume++) {
        dio_error err = {0};
        char *text = dio_arena_printf(a, recipe_form, families[0], resume ? 21 : 20);
        dio_value *recipe = dio_yaml_parse(a, path, text, strlen(text), &err);
        dio_recipe_run run = {recipe, path, in_root(a, "whole0"), resume, device, &hooks, a};
        assert_false(dio_recipe_kind_lm.run(&run, &r, &err));
        assert_non_null(strstr(err.message, resume ? "belongs to another recipe" : "--resume"));
    }
    dio_arena_destroy(a);
}

static void wrong_recipes(void **state)
{
    (void)state;
    static const struct {
        const char *recipe, *message;
    } cases[] = {
        {"version: 1\nkind: lm\nname: x\ntrain: {steps: 1}\n",
         "data: a recipe says where its text comes from"},
        {"version: 1\nkind: lm\nname: x\ntrain: {steps: 1}\ndata: {kind: texts}\n",
         "did you mean text"},
        {"version: 1\nkind: lm\nname: x\nsequense: 4\n", "did you mean"},
        {"version: 1\nkind: lm\nname: x\ndata: {kind: text, path: text.txt}\ntrain: {steps: 1}\n",
         "either model"},
        {"version: 1\nkind: lm\nname: x\nmodel: {}\ndata: {kind: text, path: text.txt}\n"
         "train: {steps: 0}\n",
         "steps"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_recipe_hooks hooks = {0};
        dio_recipe_report r;
        const char *path = in_root(a, "recipe.yaml");
        dio_value *recipe = dio_yaml_parse(a, path, cases[i].recipe, strlen(cases[i].recipe), &err);
        assert_non_null(recipe);
        dio_recipe_run run = {recipe, path, in_root(a, "wrong"), false, device, &hooks, a};
        assert_false(dio_recipe_kind_lm.run(&run, &r, &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, err.message, cases[i].message);
        dio_arena_destroy(a);
    }
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    device = dio_device_open("cpu", &err);
    bool ok = mkdtemp(root) && device;
    if (ok)
        write_text(a);
    dio_arena_destroy(a);
    return ok ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    dio_device_close(device);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_repeat_and_resume),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(wrong_recipes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
