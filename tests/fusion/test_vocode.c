/* test_vocode.c: audio.vocode in a whole run, on a small vocoder of transformers' and authors'
 * goldens: frames in, sound out, the same bytes again; and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/clip_io.h"
#include "audio/mel_dialect.h"
#include "base/file.h"
#include "tensor/weights.h"
#include "step_case.h"

static const char form[] = "version: 1\nname: vocode\nsteps:\n  - id: v\n    uses: audio.vocode@1\n"
                           "    with: {model: %s/tests/golden/vocoder/%s}\noutputs:\n"
                           "  a: {from: \"${{ steps.v.outputs.audio }}\", path: a.wav}\n";

static char dir[64] = "/tmp/diorama-vocode-XXXXXX", here[1024];

static const char golden[] = "tests/golden/vocoder/hifigan-v1.safetensors";

/* x of a golden [2,T,C], its first row, as a step takes it. */
static bool make_frames(const char *name, const char *dialect, dio_error *err)
{
    char path[256];
    dio_weights *w = dio_weights_open(golden, err);
    const dio_tensor *x = w ? dio_weights_find(w, "x") : NULL;
    if (!x)
        return false;
    const dio_type type = dio_type_2d(DIO_F32, x->type.dim[1], x->type.dim[2]);
    dio_tensor *mel = dio_tensor_create("mel", &type, err);
    if (!mel)
        return false;
    memcpy(dio_tensor_data(mel), dio_tensor_data(x), dio_type_bytes(&mel->type));
    snprintf(path, sizeof path, "%s/%s", dir, name);
    const dio_weights_meta meta = {"dialect", dialect};
    bool ok = dio_weights_write(path, &mel, NULL, 1, &meta, dialect != NULL, err);
    dio_tensor_unref(mel);
    dio_weights_close(w);
    return ok;
}

static int setup(void **state)
{
    (void)state;
    dio_error err = {0};
    char path[256];
    dio_arena *a = dio_arena_create();
    dio_mel_dialect dialect = *dio_mel_dialect_find("hifigan");
    dialect.hop = 8; /* the golden's, which is small */
    bool made = mkdtemp(dir) && getcwd(here, sizeof here) &&
                make_frames("mel.safetensors", dio_mel_dialect_json(&dialect, a), &err) &&
                make_frames("plain.safetensors", NULL, &err);
    dio_arena_destroy(a);
    if (!made)
        return -1;
    dio_clip *clip = dio_clip_create(22050, 2, 22050 / 4, &err);
    for (int64_t i = 0; clip && i < clip->length; i++)
        dio_clip_channel(clip, 0)[i] = (float)(0.3 * sin(0.06 * (double)i));
    snprintf(path, sizeof path, "%s/hum.wav", dir);
    bool ok = clip && dio_clip_write(clip, path, NULL, &err);
    dio_clip_unref(clip);
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
    return step_run(a, dir, dio_arena_printf(a, form, here, with), out, err);
}

static dio_clip *vocoded(dio_arena *a, const char *with, const char *out)
{
    dio_error err = {0};
    if (!run(a, with, out, &err))
        fail_msg("%s", err.message);
    dio_clip *clip = dio_clip_read(dio_path_join(a, dio_path_join(a, dir, out), "a.wav"), &err);
    if (!clip)
        fail_msg("%s", err.message);
    return clip;
}

static void frames_become_the_authors_sound(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_clip *clip = vocoded(a, "hifigan-v1, frames: mel.safetensors", "frames");
    dio_weights *w = dio_weights_open(golden, &err);
    const dio_tensor *y = dio_weights_find(w, "y");
    const float *want = dio_tensor_data(y);
    double most = 0;
    assert_int_equal(clip->length, y->type.dim[1]);
    for (int64_t i = 0; i < clip->length; i++)
        most = fmax(most, fabs((double)dio_clip_channel(clip, 0)[i] - (double)want[i]));
    print_message("off by %.2g\n", most);
    assert_true(most < 2.0 / 32768); /* 16 bits and their dither */
    dio_clip_unref(clip);
    dio_weights_close(w);
    dio_arena_destroy(a);
}

static void a_sound_is_taken_apart_and_put_together(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    char one[DIO_HASH_TEXT], two[DIO_HASH_TEXT];
    dio_clip *clip = vocoded(a, "hifigan-v1, sound: hum.wav", "one");
    assert_true(clip->length > 0);
    dio_clip_unref(clip);
    dio_clip_unref(vocoded(a, "hifigan-v1, sound: hum.wav", "two"));
    assert_true(dio_hash_file(dio_path_join(a, dir, "one/a.wav"), one, &err));
    assert_true(dio_hash_file(dio_path_join(a, dir, "two/a.wav"), two, &err));
    assert_string_equal(one, two);
    dio_arena_destroy(a);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *with, *message;
    } cases[] = {
        {"hifigan-v1", "either frames or a sound is made sound: give one of them"},
        {"hifigan-v1, frames: mel.safetensors, sound: hum.wav", "give one of them"},
        {"hifigan-v1, frames: plain.safetensors", "does not say in which dialect its mel is"},
        {"hifigan-v1, frames: mel.safetensors, dialect: hifi", "dialect: there is no \"hifi\""},
        {"hifigan-v1, frames: plain.safetensors, dialect: vocos", "24000"},
        {"hifigan-v1, frames: plain.safetensors, dialect: hifigan",
         "do not fit this vocoder: hop is 256, and 8 is wanted"},
        {"vocos-encodec, frames: mel.safetensors", "takes codes, and no tensor is called so"},
        {"hifigan-v1, sound: none.wav", "none.wav"},
        {"none, sound: hum.wav", "none"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].with, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s", err.message);
        assert_false(dio_file_exists(dio_path_join(a, dir, "bad/a.wav")));
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_the_authors_sound),
        cmocka_unit_test(a_sound_is_taken_apart_and_put_together),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
