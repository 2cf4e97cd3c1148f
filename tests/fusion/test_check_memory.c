/* test_check_memory.c: `diorama check` where memory runs out at any allocation: a verdict or a
 * sentence, and nothing left behind. */
#define _GNU_SOURCE
#include "tests/fail_alloc.h"

#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "fusion/check.h"
#include "step_case.h"
#include "tests/audio/signals.h"
#include "vision/image_io.h"

enum { EACH = 200 };

static char dir[64] = "/tmp/diorama-check-memory-XXXXXX";

static const char captions[] = "1\n00:00:00,100 --> 00:00:01,500\n<b>Light</b> &amp; shade\n\n"
                               "2\n00:00:01,000 --> 00:00:00,900\nand <script>x</script>\n";

static bool check(const char *name, const char *preset, const char *with, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return dio_fail_memory(err, "a check");
    dio_verdict v;
    dio_check_job job = {"assets", dio_path_join(a, dir, name), preset,
                         with ? dio_path_join(a, dir, with) : NULL};
    bool ok = dio_asset_check(a, &job, &v, err);
    if (ok && !dio_verdict_text(a, &v, true))
        ok = dio_fail_memory(err, "a verdict");
    dio_arena_destroy(a);
    return ok;
}

static bool check_picture(dio_error *err)
{
    return check("a.png", "reels-9x16", "c.srt", err);
}

static bool check_sound(dio_error *err)
{
    return check("a.wav", "podcast", NULL, err);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    fail_alloc_sweep("a picture with captions", check_picture, false, EACH);
    fail_alloc_sweep("a sound", check_sound, false, EACH);
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, 3, false};
    dio_arena *a = dio_arena_create();
    bool ok = mkdtemp(dir) != NULL;
    dio_image *image = dio_image_create(64, 32, &form, &err);
    memset(dio_image_row(image, 0), 90, 32 * dio_image_row_bytes(image));
    dio_clip *tone = signal_tone(48000, 1, 1, 997, -16);
    ok = ok && dio_image_write(image, dio_path_join(a, dir, "a.png"), NULL, &err) &&
         dio_clip_write(tone, dio_path_join(a, dir, "a.wav"), NULL, &err) &&
         dio_file_write(dio_path_join(a, dir, "c.srt"), captions, strlen(captions), &err);
    dio_clip_unref(tone);
    dio_image_unref(image);
    dio_arena_destroy(a);
    return ok ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_may_run_out)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
