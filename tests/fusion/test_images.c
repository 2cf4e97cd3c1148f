/* test_images.c: steps that make and change pictures, in runs of whole pipelines. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/fusion.h"
#include "vision/image_io.h"

/* Paths in a pipeline start at its own folder. */
#define PLACE                "tests/golden/diffuser/t.yaml"
#define STEP(id, uses, with) "  - id: " id "\n    uses: " uses "\n    with: {" with "}\n"
#define OUTPUT(id)           "  " id ": {from: \"${{ steps." id ".outputs.image }}\", path: " id ".png}\n"
#define SD                   "model: tests/golden/diffuser/sd, size: 40x24, steps: 3"

static const char all[] =
    "version: 1\nname: pictures\n"
    "inputs:\n  mask: {type: image, default: mask.png}\ndefaults: {seed: 5}\nsteps:\n" STEP(
        "made", "image.generate@1", SD ", prompt: a boat") STEP("other", "image.generate@1",
                                                                SD ", prompt: a boat, seed: 1")
        STEP("edited", "image.edit@1",
             SD ", prompt: mars, init: init.png, "
                "mask: \"${{ inputs.mask }}\", strength: 0.9")
            STEP("again", "image.edit@1", SD ", init: \"${{ steps.made.outputs.image }}\"")
                STEP("four", "image.palette@1",
                     "image: \"${{ steps.made.outputs.image }}\", "
                     "palette: \"#000000,#ffffff,#ff0000,#0000ff\"")
                    STEP("poster", "compose.image@1",
                         "headline: Red planet, palette: dusk, "
                         "hero: \"${{ steps.made.outputs.image }}\"") "outputs:\n" OUTPUT("made")
                        OUTPUT("other") OUTPUT("edited") OUTPUT("again") OUTPUT("four")
                            OUTPUT("poster");

static int setup(void **state)
{
    static char dir[64];
    strcpy(dir, "/tmp/diorama-images-XXXXXX");
    *state = dir;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    return nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static bool run(const char *source, const char *out, dio_error *err)
{
    dio_pipeline *p = dio_pipeline_parse(PLACE, source, strlen(source), "assets", err);
    assert_non_null(p);
    if (!dio_pipeline_check(p, &(dio_check_options){.out = out}))
        fail_msg("%s", dio_pipeline_problems(p, NULL));
    bool ok = dio_pipeline_run(p, &(dio_run_options){.out = out, .device = "cpu"}, err);
    dio_pipeline_close(p);
    return ok;
}

static dio_image *picture(const char *dir, const char *name)
{
    char path[256];
    dio_error err = {0};
    snprintf(path, sizeof path, "%s/%s.png", dir, name);
    dio_image *image = dio_image_read(path, &err);
    if (!image)
        fail_msg("%s: %s", path, err.message);
    return image;
}

static bool same(const dio_image *a, const dio_image *b)
{
    for (int y = 0; y < a->height; y++)
        if (memcmp(dio_image_row(a, y), dio_image_row(b, y), dio_image_row_bytes(a)) != 0)
            return false;
    return true;
}

static void pictures_of_a_pipeline(void **state)
{
    dio_error err = {0};
    if (!run(all, *state, &err))
        fail_msg("%s", err.message);
    dio_image *made = picture(*state, "made"), *other = picture(*state, "other");
    dio_image *edited = picture(*state, "edited"), *again = picture(*state, "again");
    dio_image *four = picture(*state, "four"), *poster = picture(*state, "poster");
    dio_image *init = picture("tests/golden/diffuser", "init");
    assert_int_equal(made->width, 40);
    assert_int_equal(made->height, 24);
    assert_false(same(made, other));
    assert_false(same(made, again));
    /* the mask's corner is black */
    assert_memory_equal(dio_image_row(edited, 0), dio_image_row(init, 0), 40 * 3);
    assert_false(same(edited, init));
    for (int y = 0; y < 24; y++) {
        const uint8_t *p = dio_image_row(four, y);
        for (int i = 0; i < 40 * 3; i++)
            assert_true(p[i] == 0 || p[i] == 255);
    }
    assert_int_equal(poster->width, 1080);
    assert_non_null(dio_image_note(made, "parameters"));
    dio_image *const whole[] = {made, other, edited, again, four, poster, init};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        dio_image_unref(whole[i]);
}

static void refused(void **state, const char *step, const char *message)
{
    char source[1024];
    dio_error err = {0};
    snprintf(source, sizeof source, "version: 1\nname: bad\nsteps:\n%soutputs:\n%s", step,
             OUTPUT("a"));
    assert_false(run(source, *state, &err));
    assert_string_equal(err.message, message);
    char path[128];
    snprintf(path, sizeof path, "%s/a.png", (const char *)*state);
    assert_int_equal(access(path, F_OK), -1);
}

static void what_only_a_run_can_tell(void **state)
{
    refused(state, STEP("a", "image.edit@1", SD ", init: ../../../assets/none.png"),
            "step a: init: path \"../../../assets/none.png\" is refused: it contains \"..\"");
    refused(state, STEP("a", "image.edit@1", SD ", init: /etc/passwd"),
            "step a: init: path \"/etc/passwd\" is refused: it is absolute: give it relative to "
            "the folder");
    refused(state, STEP("a", "image.edit@1", SD ", init: t.png"),
            "step a: init: cannot open tests/golden/diffuser/t.png: No such file or directory");
    refused(state, STEP("a", "image.generate@1", "model: tests/golden/diffuser/sd, size: 41x24"),
            "step a: width: 41 is not a multiple of 2, as this model needs it; 40 and 42 are");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_of_a_pipeline, setup, teardown),
        cmocka_unit_test_setup_teardown(what_only_a_run_can_tell, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
