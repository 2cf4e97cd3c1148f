/* test_train_painter.c: kinds autoencoder and flow on networks small enough for a test: runs agree
 * bit for bit for any threads, a run that was stopped and resumed ends as one that was not, the
 * folder that comes out paints, and recipes with a mistake are refused at their place. */
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
#include "recipe_case.h"
#include "vision/painter.h"

extern const dio_recipe_kind dio_recipe_kind_autoencoder, dio_recipe_kind_flow;

static const dio_recipe_kind *const kinds[] = {&dio_recipe_kind_autoencoder, &dio_recipe_kind_flow,
                                               NULL};

static const char pictures[] =
    "version: 1\nkind: autoencoder\nname: test/pictures\nseed: 3\nbatch: 2\ntest_batches: 1\n"
    "model: {model_type: picture-autoencoder, latent_channels: 6, encode_0: 8, encode_1: 8,\n"
    "        decode_0: 8, decode_1: 8, decode_large: 8, decode_blocks: 1}\n"
    "data: {kind: sprites, only: slime}\n"
    "train: {steps: 6, ema: 0.9, log_every: 2, eval_every: 4, eval_batches: 1,\n"
    "        checkpoint_every: 2}\n";

static const char paints[] =
    "version: 1\nkind: flow\nname: test/paints\nseed: 4\nbatch: 2\ntest_batches: 1\n"
    "autoencoder: pictures\n"
    "model: {model_type: scene-flow, widths: [8, 16], embed: 16, groups: 4, blocks: 1,\n"
    "        middle_blocks: 1}\n"
    "scenes: 24\nheld: 8\n"
    "train: {steps: 6, ema: 0.9, log_every: 2, eval_every: 4, eval_batches: 1,\n"
    "        checkpoint_every: 2}\n";

/* Whole; and stopped after four of six steps with another number of threads, and resumed. */
static void repeat(const char *text, const char *dir, const char *const *names, int count)
{
    dio_arena *a = dio_arena_create();
    const char *broken = dio_arena_printf(a, "%s-broken", dir);
    int threads = dio_gang_size();
    recipe_train(a, text, dir, 0, false);
    dio_gang_resize(threads == 1 ? 2 : 1);
    recipe_train(a, text, broken, 4, false);
    dio_gang_resize(threads);
    recipe_train(a, text, broken, 0, true);
    for (int i = 0; i < count; i++)
        recipe_same_file(a, dir, broken, names[i]);
    dio_arena_destroy(a);
}

static void an_autoencoder_repeats_and_resumes(void **state)
{
    static const char *const names[] = {"model.safetensors", "checkpoint.safetensors",
                                        "training.json", "config.json"};
    (void)state;
    repeat(pictures, "pictures", names, 4);
}

/* After the autoencoder. */
static void a_flow_repeats_and_resumes(void **state)
{
    static const char *const names[] = {"flow/model.safetensors", "autoencoder/model.safetensors",
                                        "checkpoint.safetensors", "training.json",
                                        "model_index.json",       "subjects.png"};
    (void)state;
    repeat(paints, "paints", names, 6);
}

/* After the flow. */
static void what_was_trained_paints(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_painter *p = dio_painter_open(recipe_path(a, "paints"), DIO_F32, &err);
    if (!p)
        fail_msg("%s", err.message);
    dio_painter_request r = {.prompt = "a cup", .width = 256, .height = 256, .steps = 1};
    dio_image *image = NULL;
    assert_true(dio_painter_paint(p, recipe_device, &r, &image, &err));
    assert_int_equal(image->width, 256);
    dio_image_unref(image);
    dio_painter_close(p);
    dio_arena_destroy(a);
}

static void wrong_recipes(void **state)
{
    (void)state;
    recipe_refused(pictures, "model: {", "x-model: {", 1, "model: a recipe says what config.json");
    recipe_refused(pictures, "picture-autoencoder", "picture-autoencodr", 7,
                   "did you mean \"picture-autoencoder\"?");
    recipe_refused(pictures, "model_type: picture-autoencoder, latent_channels: 6",
                   "model_type: unet", 7, "unet");
    recipe_refused(pictures, "latent_channels: 6", "latent_channels: 4", 7,
                   "latent_channels: 4 is below 5");
    recipe_refused(pictures, "kind: sprites, only: slime", "kind: files, path: ., size: 24", 9,
                   "0 pictures to train on");
    recipe_refused(pictures, "kind: sprites, only: slime", "kind: scenes, size: 72", 9,
                   "multiples of 16 are needed");
    recipe_refused(pictures, "kind: sprites, only: slime", "kind: scenes, size: 513", 9,
                   "size: 513 is above full, 512");
    recipe_refused(pictures, "kind: sprites", "kind: sprite", 9, "did you mean \"sprites\"?");
    recipe_refused(pictures, "batch: 2", "batch: 0", 5, "batch: 0 is below 1");
    recipe_refused(pictures, "batch: 2", "batch: 2\nsave: f8", 6, "save: f16 or f32, not \"f8\"");
    recipe_refused(pictures, "train: {", "x-train: {", 1, "train: a recipe says how many steps");
    recipe_refused(pictures, "ema: 0.9", "emma: 0.9", 10, "did you mean \"ema\"?");
    recipe_refused(pictures, "batch: 2", "batch: 2\nnoise: -1", 6, "noise: -1 is below 0");
    recipe_refused(paints, "autoencoder: pictures", "autoencoder: nowhere", 0,
                   "nowhere/config.json");
    recipe_refused(paints, "autoencoder: pictures", "x-autoencoder: pictures", 1, "autoencoder");
    recipe_refused(paints, "scenes: 24", "scenes: 8", 10, "none are left to learn from");
    recipe_refused(paints, "scenes: 24", "sharpest: 0", 10, "sharpest: 0 is below 0.01");
    recipe_refused(paints, "widths: [8, 16]", "widths: [8, 18]", 8,
                   "18 does not divide into 4 groups");
    recipe_refused(paints, "widths: [8, 16]", "widths: []", 8, "a list of 1 to 4 channel counts");
    recipe_refused(paints, "widths: [8, 16]", "widths: [1.5]", 8, "whole numbers from 1 to 1024");
    recipe_refused(paints, "model_type: scene-flow", "model_type: picture-autoencoder", 8,
                   "picture-autoencoder is a model of kind autoencoder, not a flow");
}

static void strangers_are_refused(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_recipe_report report;
    dio_error err = {0}, other = {0};
    assert_false(recipe_run(a, pictures, "pictures", 0, false, &report, &err));
    assert_non_null(strstr(err.message, "add --resume"));
    assert_false(recipe_run(a, paints, "pictures", 0, true, &report, &other));
    assert_non_null(strstr(other.message, "belongs to another recipe"));
    dio_arena_destroy(a);
}

static int setup(void **state)
{
    (void)state;
    return recipe_open(kinds);
}

static int teardown(void **state)
{
    (void)state;
    return recipe_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_autoencoder_repeats_and_resumes),
        cmocka_unit_test(a_flow_repeats_and_resumes),
        cmocka_unit_test(what_was_trained_paints),
        cmocka_unit_test(wrong_recipes),
        cmocka_unit_test(strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
