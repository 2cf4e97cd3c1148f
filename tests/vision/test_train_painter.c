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
#include "tensor/recipe.h"
#include "vision/painter.h"

extern const dio_recipe_kind dio_recipe_kind_autoencoder, dio_recipe_kind_flow;

static char root[] = "/tmp/diorama-painter-XXXXXX";
static dio_device *device;

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
    "        middle_blocks: 1, tile_side: 4, tile_channels: 4}\n"
    "scenes: 24\nheld: 8\n"
    "train: {steps: 6, ema: 0.9, log_every: 2, eval_every: 4, eval_batches: 1,\n"
    "        checkpoint_every: 2}\n";

struct stop {
    int64_t at;
    volatile sig_atomic_t cancel;
};

static void progress(void *user, const dio_train_progress *p)
{
    struct stop *s = user;
    s->cancel = s->at > 0 && p->step >= s->at;
}

static char *in_root(dio_arena *a, const char *name)
{
    return dio_path_join(a, root, name);
}

static bool run(dio_arena *a, const char *text, const char *dir, int at, bool resume,
                dio_recipe_report *report, dio_error *err)
{
    struct stop s = {.at = at};
    const dio_recipe_kind *kind =
        strstr(text, "kind: flow") ? &dio_recipe_kind_flow : &dio_recipe_kind_autoencoder;
    const char *path = in_root(a, "recipe.yaml");
    const dio_value *recipe = dio_yaml_parse(a, path, text, strlen(text), err);
    dio_recipe_hooks hooks = {.progress = progress, .user = &s, .cancel = &s.cancel};
    dio_recipe_run r = {recipe, path, in_root(a, dir), resume, device, &hooks, a};
    return recipe && kind->run(&r, report, err);
}

static void train(dio_arena *a, const char *text, const char *dir, int at, bool resume)
{
    dio_recipe_report report;
    dio_error err = {0};
    if (!run(a, text, dir, at, resume, &report, &err))
        fail_msg("%s", err.message);
    assert_int_equal(report.run.cancelled, at > 0);
}

static void same_file(dio_arena *a, const char *x, const char *y, const char *name)
{
    char hx[DIO_HASH_TEXT], hy[DIO_HASH_TEXT];
    dio_error err = {0};
    if (!dio_hash_file(dio_path_join(a, in_root(a, x), name), hx, &err) ||
        !dio_hash_file(dio_path_join(a, in_root(a, y), name), hy, &err))
        fail_msg("%s", err.message);
    assert_string_equal(hx, hy);
}

/* Whole; and stopped after four of six steps with another number of threads, and resumed. */
static void repeat(const char *text, const char *dir, const char *const *names, int count)
{
    dio_arena *a = dio_arena_create();
    const char *broken = dio_arena_printf(a, "%s-broken", dir);
    int threads = dio_gang_size();
    train(a, text, dir, 0, false);
    dio_gang_resize(threads == 1 ? 2 : 1);
    train(a, text, broken, 4, false);
    dio_gang_resize(threads);
    train(a, text, broken, 0, true);
    for (int i = 0; i < count; i++)
        same_file(a, dir, broken, names[i]);
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
                                        "model_index.json"};
    (void)state;
    repeat(paints, "paints", names, 5);
}

/* After the flow. */
static void what_was_trained_paints(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_painter *p = dio_painter_open(in_root(a, "paints"), DIO_F32, &err);
    if (!p)
        fail_msg("%s", err.message);
    dio_painter_request r = {.prompt = "a cup", .width = 256, .height = 256, .steps = 1};
    dio_image *image = NULL;
    assert_true(dio_painter_paint(p, device, &r, &image, &err));
    assert_int_equal(image->width, 256);
    dio_image_unref(image);
    dio_painter_close(p);
    dio_arena_destroy(a);
}

/* The recipe `text` with `part` replaced by `other` is refused on `line` with `message`. */
static void refused(const char *text, const char *part, const char *other, int line,
                    const char *message)
{
    dio_arena *a = dio_arena_create();
    dio_recipe_report report;
    dio_error err = {0};
    const char *at = strstr(text, part);
    assert_non_null(at);
    const char *bad =
        dio_arena_printf(a, "%.*s%s%s", (int)(at - text), text, other, at + strlen(part));
    assert_false(run(a, bad, "wrong", 0, false, &report, &err));
    if (!strstr(err.message, message) || err.line != line)
        fail_msg("line %d \"%s\" is not line %d \"%s\"", err.line, err.message, line, message);
    assert_false(dio_file_exists(in_root(a, "wrong/checkpoint.safetensors")));
    assert_false(dio_file_exists(in_root(a, "wrong/model.safetensors")));
    dio_arena_destroy(a);
}

static void wrong_recipes(void **state)
{
    (void)state;
    refused(pictures, "model: {", "x-model: {", 1, "model: a recipe says what config.json");
    refused(pictures, "picture-autoencoder", "picture-autoencodr", 7,
            "did you mean \"picture-autoencoder\"?");
    refused(pictures, "model_type: picture-autoencoder, latent_channels: 6", "model_type: unet", 7,
            "unet");
    refused(pictures, "latent_channels: 6", "latent_channels: 4", 7,
            "latent_channels: 4 is below 5");
    refused(pictures, "kind: sprites, only: slime", "kind: files, path: ., size: 24", 9,
            "0 pictures to train on");
    refused(pictures, "kind: sprites, only: slime", "kind: scenes, size: 72", 9,
            "multiples of 16 are needed");
    refused(pictures, "kind: sprites, only: slime", "kind: scenes, size: 513", 9,
            "size: 513 is above full, 512");
    refused(pictures, "kind: sprites", "kind: sprite", 9, "did you mean \"sprites\"?");
    refused(pictures, "batch: 2", "batch: 0", 5, "batch: 0 is below 1");
    refused(pictures, "batch: 2", "batch: 2\nsave: f8", 6, "save: f16 or f32, not \"f8\"");
    refused(pictures, "train: {", "x-train: {", 1, "train: a recipe says how many steps");
    refused(pictures, "ema: 0.9", "emma: 0.9", 10, "did you mean \"ema\"?");
    refused(pictures, "batch: 2", "batch: 2\nnoise: -1", 6, "noise: -1 is below 0");
    refused(paints, "autoencoder: pictures", "autoencoder: nowhere", 0, "nowhere/config.json");
    refused(paints, "autoencoder: pictures", "x-autoencoder: pictures", 1, "autoencoder");
    refused(paints, "scenes: 24", "scenes: 8", 10, "none are left to learn from");
    refused(paints, "scenes: 24", "sharpest: 0", 10, "sharpest: 0 is below 0.01");
    refused(paints, "widths: [8, 16]", "widths: [8, 18]", 8, "18 does not divide into 4 groups");
    refused(paints, "widths: [8, 16]", "widths: []", 8, "a list of 1 to 4 channel counts");
    refused(paints, "widths: [8, 16]", "widths: [1.5]", 8, "whole numbers from 1 to 1024");
    refused(paints, "tile_channels: 4", "tile_channels: 7", 8, "latents, which have 6 numbers");
    refused(paints, "model_type: scene-flow", "model_type: picture-autoencoder", 8,
            "picture-autoencoder is a model of kind autoencoder, not a flow");
}

static void strangers_are_refused(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_recipe_report report;
    dio_error err = {0}, other = {0};
    assert_false(run(a, pictures, "pictures", 0, false, &report, &err));
    assert_non_null(strstr(err.message, "add --resume"));
    assert_false(run(a, paints, "pictures", 0, true, &report, &other));
    assert_non_null(strstr(other.message, "belongs to another recipe"));
    dio_arena_destroy(a);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    device = dio_device_open("cpu", &err);
    return mkdtemp(root) && device ? 0 : -1;
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
        cmocka_unit_test(an_autoencoder_repeats_and_resumes),
        cmocka_unit_test(a_flow_repeats_and_resumes),
        cmocka_unit_test(what_was_trained_paints),
        cmocka_unit_test(wrong_recipes),
        cmocka_unit_test(strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
