/* test_train_gan.c: kind gan on networks small enough for a test: two runs agree bit for bit for
 * any threads, a run that was stopped and resumed ends as one that was not, what comes out opens
 * and paints, and recipes with a mistake are refused at their place. */
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
#include "vision/generator.h"
#include "vision/image_io.h"
#include "vision/recipe_gan.h"
#include "vision/sprites.h"

extern const dio_recipe_kind dio_recipe_kind_gan;

static const dio_recipe_kind *const kinds[] = {&dio_recipe_kind_gan, NULL};

/* Pairs, with a match, a warm-up without the critic, and colours by shares. */
static const char sprites[] =
    "version: 1\nkind: gan\nname: test/sprites\nseed: 3\nbatch: 4\nsave: f32\n"
    "generator: {model_type: conditional-generator, embed_dim: 16, groups: 4, first: 4,\n"
    "            widths: [8, 8, 8, 8], shuffle: 2, palette: 3, premultiplied: true}\n"
    "discriminator: {model_type: projection-critic, widths: [4, 4, 8, 8], feature_dim: 8}\n"
    "data: {kind: sprites, only: slime}\n"
    "train: {steps: 6, alone: 2, match: 5, r1: 1, penalty_every: 2, ema: 0.9, log_every: 2,\n"
    "        eval_every: 4, eval_batches: 1, checkpoint_every: 2}\n"
    "generator_rates: {lr: 0.002}\n"
    "discriminator_rates: {lr: 0.002}\n";

/* A user's own pictures, whose noise nobody knows; the generator has running statistics. */
static const char files[] =
    "version: 1\nkind: gan\nname: test/files\nseed: 4\nbatch: 3\nsave: f32\n"
    "generator: {model_type: dcgan, z_dim: 5, widths: [8, 4]}\n"
    "discriminator: {model_type: projection-critic, widths: [4, 8], feature_dim: 8}\n"
    "data: {kind: files, path: ., size: 16, valid: 0.4}\n"
    "train: {steps: 6, loss: hinge, r1: 0.5, penalty_every: 1, critic_steps: 2, ema: 0.5,\n"
    "        log_every: 1, eval_every: 3, checkpoint_every: 2}\n";

static void runs_repeat_and_resume(void **state)
{
    static const char *const recipes[] = {sprites, files};
    (void)state;
    for (int k = 0; k < 2; k++) {
        dio_arena *a = dio_arena_create();
        const char *whole = dio_arena_printf(a, "whole%d", k);
        const char *again = dio_arena_printf(a, "again%d", k);
        const char *broken = dio_arena_printf(a, "broken%d", k);
        int threads = dio_gang_size();
        recipe_train(a, recipes[k], whole, 0, false);
        dio_gang_resize(threads == 1 ? 2 : 1);
        recipe_train(a, recipes[k], again, 0, false);
        dio_gang_resize(threads);
        recipe_train(a, recipes[k], broken, 4, false);
        recipe_train(a, recipes[k], broken, 0, true);
        static const char *const names[] = {"model.safetensors", "checkpoint.safetensors",
                                            "training.json"};
        for (int i = 0; i < 3; i++) {
            recipe_same_file(a, whole, again, names[i]);
            recipe_same_file(a, whole, broken, names[i]);
        }
        assert_true(
            dio_file_exists(dio_path_join(a, recipe_path(a, whole), "samples/0000006.png")));
        dio_arena_destroy(a);
    }
}

/* After runs_repeat_and_resume. */
static void what_was_trained_paints(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_generator *n = dio_generator_open(recipe_path(a, "whole1"), &err);
    assert_non_null(n);
    dio_image *image = NULL;
    assert_true(dio_generator_paint(n, recipe_device, 1, NULL, &image, &err));
    assert_int_equal(image->width, 16);
    dio_image_unref(image);
    dio_generator_close(n);
    dio_sprites *s = dio_sprites_open(recipe_path(a, "whole0"), recipe_device, &err);
    if (!s)
        fail_msg("%s", err.message);
    dio_sprite_request r = {.kind = "weapon", .seed = 5, .colours = 1, .rgb = {{1, 0, 0}}};
    int kind = dio_sprites_choose(s, &r, &err);
    assert_string_equal(dio_sprites_group(s, kind), "weapon");
    dio_image *pictures[3] = {dio_sprites_paint(s, &r, &err)};
    dio_sprite_request other = {.kind = "gem", .seed = 5};
    pictures[1] = dio_sprites_paint(s, &other, &err);
    pictures[2] = dio_sprites_paint(s, &r, &err);
    assert_memory_equal(dio_image_row(pictures[0], 0), dio_image_row(pictures[2], 0), 64 * 64 * 4);
    dio_image *sheet = dio_sprites_sheet(pictures, 3, 2, 1, &err);
    assert_int_equal(sheet->width, 129);
    assert_int_equal(sheet->height, 129);
    assert_memory_equal((uint8_t *)dio_image_row(sheet, 66) + 0, dio_image_row(pictures[2], 1),
                        64 * 4);
    dio_image_unref(sheet);
    for (int i = 0; i < 3; i++)
        dio_image_unref(pictures[i]);
    assert_null(dio_sprites_paint(s, &(dio_sprite_request){.kind = "swort"}, &err));
    assert_non_null(strstr(err.message, "did you mean \"sword\"?"));
    dio_sprites_close(s);
    dio_arena_destroy(a);
}

static void wrong_recipes(void **state)
{
    (void)state;
    recipe_refused(sprites, "generator: {model_type: conditional-generator",
                   "x-g: {model_type: none", 1, "generator: a recipe of kind gan has its config");
    recipe_refused(sprites, "conditional-generator", "conditional-generatr", 7,
                   "did you mean \"conditional-generator\"?");
    recipe_refused(sprites, "model_type: conditional-generator", "model_type: projection-critic", 7,
                   "projection_critic is a model of kind critic, not a generator");
    recipe_refused(sprites, "shuffle: 2", "shuffle: 1", 7,
                   "makes 32x32 pictures of 4 channels from 54 and 12 numbers; the data are 64x64");
    recipe_refused(sprites, "widths: [4, 4, 8, 8]", "size: 32", 9, "scores 32x32 pictures");
    recipe_refused(sprites, "widths: [4, 4, 8, 8]", "widths: [4, 4, 8, 8, 8, 8, 8, 8]", 9,
                   "64 pixels cannot be halved 7 times");
    recipe_refused(sprites, "only: slime", "only: slim", 10,
                   "there is no group or kind of sprites");
    recipe_refused(sprites, "kind: sprites", "kind: sprite", 10, "did you mean \"sprites\"?");
    recipe_refused(sprites, "save: f32", "save: f8", 6, "save \"f8\": f16, bf16 or f32");
    recipe_refused(sprites, "match: 5, ", "", 11, "without match there is nothing to learn alone");
    recipe_refused(sprites, "penalty_every: 2", "penalty_every: 0", 11,
                   "penalty_every: 0 is below 1");
    recipe_refused(sprites, "train: {", "train: {loss: wasserstein, ", 11, "loss");
    recipe_refused(sprites, "ema: 0.9", "emma: 0.9", 11, "did you mean \"ema\"?");
    recipe_refused(sprites, "generator_rates: {lr: 0.002}", "generator_rates: {steps: 3}", 13,
                   "unknown key \"steps\"");
    recipe_refused(files, "loss: hinge", "match: 1", 10, "come without the noise that made them");
    recipe_refused(files, "z_dim: 5", "z_dim: 0", 7, "z_dim");
    recipe_refused(files, "path: .", "path: nowhere", 9, "is no folder that can be read");
    dio_arena *a = dio_arena_create();
    assert_false(dio_file_exists(recipe_path(a, "wrong"))); /* not even the folder was made */
    dio_arena_destroy(a);
}

static void strangers_are_refused(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_recipe_report report;
    dio_error err = {0}, other = {0};
    assert_false(recipe_run(a, sprites, "whole0", 0, false, &report, &err));
    assert_non_null(strstr(err.message, "add --resume"));
    assert_false(recipe_run(a, files, "whole0", 0, true, &report, &other));
    assert_non_null(strstr(other.message, "belongs to another recipe"));
    dio_arena_destroy(a);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    if (recipe_open(kinds) != 0)
        return -1;
    const dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    for (int i = 0; i < 10; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%d.png", recipe_root, i);
        dio_image *image = dio_image_create(16, 16, &form, &err);
        memset(dio_image_row(image, i), 20 * i, 16 * 3);
        if (!dio_image_write(image, path, NULL, &err))
            return -1;
        dio_image_unref(image);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return recipe_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_repeat_and_resume),
        cmocka_unit_test(what_was_trained_paints),
        cmocka_unit_test(wrong_recipes),
        cmocka_unit_test(strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
