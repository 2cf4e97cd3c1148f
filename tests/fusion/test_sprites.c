/* test_sprites.c: image.sprites in a whole run, on a generator that was trained for two steps: the
 * sheet, its atlas, the same bytes again, and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/fusion.h"
#include "step_case.h"
#include "tensor/recipe.h"
#include "vision/image_io.h"

extern const dio_recipe_kind dio_recipe_kind_gan;

static const char recipe_text[] =
    "version: 1\nkind: gan\nname: test/sprites\nbatch: 2\nsave: f16\n"
    "generator: {model_type: conditional-generator, embed_dim: 8, groups: 4, widths: [8, 8, 8, "
    "8],\n"
    "            shuffle: 2, palette: 3, templates: 4, premultiplied: true}\n"
    "discriminator: {model_type: projection-critic, widths: [4, 4], feature_dim: 4}\n"
    "data: {kind: sprites}\ntrain: {steps: 2}\n";

static const char form[] = "version: 1\nname: sprites\ndefaults: {seed: 5}\nsteps:\n"
                           "  - id: sheet\n    uses: image.sprites@1\n    with: {model: %s, %s}\n"
                           "outputs:\n"
                           "  sheet: {from: \"${{ steps.sheet.outputs.image }}\", path: s.png}\n"
                           "  atlas: {from: \"${{ steps.sheet.outputs.atlas }}\", path: s.json}\n";

static char dir[64] = "/tmp/diorama-sprites-XXXXXX";

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    if (!mkdtemp(dir))
        return -1;
    dio_arena *a = dio_arena_create();
    dio_device *device = dio_device_open("cpu", &err);
    const dio_value *recipe =
        dio_yaml_parse(a, "r.yaml", recipe_text, sizeof recipe_text - 1, &err);
    dio_recipe_hooks hooks = {0};
    dio_recipe_run r = {recipe, "r.yaml", dio_path_join(a, dir, "model"), false, device, &hooks, a};
    dio_recipe_report report;
    bool ok = recipe && dio_recipe_kind_gan.run(&r, &report, &err);
    dio_device_close(device);
    dio_arena_destroy(a);
    return ok ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

/* False with the first problem, before the run or in it. */
static bool run(dio_arena *a, const char *with, const char *out, dio_error *err)
{
    const char *text = dio_arena_printf(a, form, dio_path_join(a, dir, "model"), with);
    return step_run(a, dir, text, out, err);
}

static int64_t number(const dio_value *map, const char *key)
{
    const dio_value *v = dio_map_get(map, key);
    assert_non_null(v);
    return v->integer;
}

static void a_sheet_and_its_atlas(void **state)
{
    static const char with[] = "kinds: [slime, weapon, round flask], variations: 2, columns: 4, "
                               "gap: 1, scale: 2, palette: \"#ff0000,#00ff00\", sheet: s.png";
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    if (!run(a, with, "one", &err) || !run(a, with, "two", &err))
        fail_msg("%s", err.message);
    char one[DIO_HASH_TEXT], two[DIO_HASH_TEXT];
    assert_true(dio_hash_file(dio_path_join(a, dir, "one/s.png"), one, &err));
    assert_true(dio_hash_file(dio_path_join(a, dir, "two/s.png"), two, &err));
    assert_string_equal(one, two);
    dio_image *sheet = dio_image_read(dio_path_join(a, dir, "one/s.png"), &err);
    assert_non_null(sheet);
    assert_int_equal(sheet->width, 4 * 130 - 2); /* sprites of 128, gaps of 2 */
    assert_int_equal(sheet->height, 2 * 130 - 2);
    assert_int_equal(sheet->form.channels, 4);
    dio_image_unref(sheet);
    const dio_value *atlas = dio_value_read(a, dio_path_join(a, dir, "one/s.json"), 1 << 20, &err);
    const dio_value *frames = dio_map_get(atlas, "frames");
    assert_non_null(frames);
    assert_int_equal(frames->map.count, 6);
    assert_string_equal(frames->map.keys[5]->string.text, "round-flask-5");
    const dio_value *last = dio_map_get(frames->map.items[5], "frame");
    assert_int_equal(number(last, "x"), 130);
    assert_int_equal(number(last, "y"), 130);
    assert_int_equal(number(last, "w"), 128);
    assert_string_equal(dio_map_get(frames->map.items[2], "group")->string.text, "weapon");
    assert_string_equal(dio_map_get(dio_map_get(atlas, "meta"), "image")->string.text, "s.png");
    dio_arena_destroy(a);
}

static void what_cannot_be(void **state)
{
    static const struct {
        const char *with, *message;
    } cases[] = {
        {"kinds: slime", "kinds: expected a list of names, found a string"},
        {"kinds: []", "kinds: expected a list of names"},
        {"kinds: [[slime]]", "kinds: expected a name, found a list"},
        {"kinds: [slim]", "there are no sprites of kind \"slim\"; did you mean \"slime\"?"},
        {"palette: \"#ffffff,#ffffff,#ffffff,#ffffff\"", "palette: a sprite has 3 colours, not 4"},
        {"palette: \"#xyz\"",
         "t.yaml:7:11: error: palette: \"#xyz\" is no colour; expected six hexadecimal digits"},
        {"variations: 257", "variations: 257 is above 256"},
        {"kinds: [a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a], variations: 256",
         "4352 sprites: at most 4096 lie on a sheet"},
        {"scale: 0", "scale: 0 is below 1"},
        {"colums: 2", "did you mean \"columns\"?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].with, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, err.message, cases[i].message);
        assert_false(dio_file_exists(dio_path_join(a, dir, "bad/s.png")));
        dio_arena_destroy(a);
    }
}

/* pipelines/game-sprites.yaml as it is shipped, with the house's own generator. */
static void the_house_makes_a_game(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const char *to = dio_path_join(a, dir, "game");
    dio_pipeline *p = dio_pipeline_open("pipelines/game-sprites.yaml", "assets", &err);
    if (!p)
        fail_msg("%s", err.message);
    if (!dio_pipeline_check(p, &(dio_check_options){.out = to}))
        fail_msg("%s", dio_pipeline_problems(p, NULL));
    if (!dio_pipeline_run(p, &(dio_run_options){.out = to, .device = "cpu"}, &err))
        fail_msg("%s", err.message);
    dio_pipeline_close(p);
    dio_image *sheet = dio_image_read(dio_path_join(a, to, "game-things.png"), &err);
    assert_non_null(sheet);
    assert_int_equal(sheet->width, 8 * 64); /* 12 kinds, 4 of each */
    assert_int_equal(sheet->height, 6 * 64);
    assert_false(dio_image_opaque(sheet));
    dio_image_unref(sheet);
    assert_true(dio_file_exists(dio_path_join(a, to, "game-ground.json")));
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sheet_and_its_atlas),
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(the_house_makes_a_game),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
