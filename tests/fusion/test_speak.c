/* test_speak.c: audio.speak in a whole run, by a narrator with drawn weights: sound, times and
 * captions agree, silence before the speech moves all of them, and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/clip_io.h"
#include "audio/times.h"
#include "base/file.h"
#include "speaker_case.h"
#include "step_case.h"

static const char form[] = "version: 1\nname: speak\nsteps:\n  - id: s\n    uses: audio.speak@1\n"
                           "    with: {model: %s/voice, text: Only today. Only here., %s}\n"
                           "outputs:\n"
                           "  a: {from: \"${{ steps.s.outputs.audio }}\", path: a.wav}\n"
                           "  t: {from: \"${{ steps.s.outputs.times }}\", path: t.json}\n"
                           "  c: {from: \"${{ steps.s.outputs.srt }}\", path: c%s}\n";

static char dir[64] = "/tmp/diorama-speak-XXXXXX";

static int setup(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    if (!mkdtemp(dir))
        return -1;
    speaker_make(a, dio_path_join(a, dir, "voice"));
    dio_arena_destroy(a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

struct spoken {
    dio_clip *clip;
    dio_times *times;
    const char *captions;
};

static const char *file_of(dio_arena *a, const char *out, const char *name)
{
    return dio_path_join(a, dio_path_join(a, dir, out), name);
}

static struct spoken speak(dio_arena *a, const char *with, const char *out)
{
    dio_error err = {0};
    size_t size;
    struct spoken s = {0};
    if (!step_run(a, dir, dio_arena_printf(a, form, dir, with, ".srt"), out, &err))
        fail_msg("%s", err.message);
    s.clip = dio_clip_read(file_of(a, out, "a.wav"), &err);
    s.times = dio_times_read(a, dio_value_read(a, file_of(a, out, "t.json"), 1 << 20, &err), &err);
    s.captions = dio_file_read(a, file_of(a, out, "c.srt"), 1 << 20, &size, &err);
    if (!s.clip || !s.times || !s.captions)
        fail_msg("%s", err.message);
    assert_int_equal(s.times->length, s.clip->length);
    return s;
}

static double first_cue(const char *srt)
{
    const char *at = strchr(srt, '\n') + 1; /* 00:00:02,600 */
    assert_int_equal(at[8], ',');
    const double minutes = strtod(at + 3, NULL);
    const double seconds = strtod(at + 6, NULL) + strtod(at + 9, NULL) / 1000;
    return 60 * minutes + seconds;
}

static void silence_before_speech_moves_its_times(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    struct spoken s = speak(a, "loudness: none", "plain");
    struct spoken late = speak(a, "loudness: none, lead: 2.5", "late");
    const int64_t by = 5 * s.clip->rate / 2;
    assert_int_equal(late.clip->length, s.clip->length + by);
    const float *x = dio_clip_channel(s.clip, 0), *y = dio_clip_channel(late.clip, 0);
    for (int64_t i = 0; i < late.clip->length; i++) /* files are dithered to 16 bits */
        assert_true(fabsf(y[i] - (i < by ? 0 : x[i - by])) < 2.5f / 32768);
    assert_int_equal(late.times->n_words, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(late.times->words[i].start, s.times->words[i].start + by);
    assert_float_equal(first_cue(late.captions) - first_cue(s.captions), 2.5, 1e-3);
    dio_clip_unref(s.clip);
    dio_clip_unref(late.clip);
    dio_arena_destroy(a);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *with, *suffix, *message;
    } cases[] = {
        {"lead: -1", ".srt", "lead: -1 is below 0"},
        {"lead: soon", ".srt", "lead: "},
        {"lead: 0", ".txt", "a name for text must end in .srt"},
        {"fit: {seconds: 0}", ".srt", "is below 0.1"},
        {"speaker: nobody", ".srt", "speaker: the narrator has no voice \"nobody\""},
    };
    dio_arena *a = dio_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        const char *text = dio_arena_printf(a, form, dir, cases[i].with, cases[i].suffix);
        assert_false(step_run(a, dir, text, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].message);
        assert_int_not_equal(access(file_of(a, "bad", "a.wav"), F_OK), 0);
        dio_error_clear(&err);
    }
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_before_speech_moves_its_times),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
