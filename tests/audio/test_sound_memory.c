/* test_sound_memory.c: sounds are read, written, resampled, looked at, mixed, mastered and composed
 * while memory runs out at one place after the other: every time it either succeeds or says so. */
#include "tests/fail_alloc.h"

#include <stdio.h>
#include <unistd.h>

#include "audio/bed.h"
#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/mel.h"
#include "audio/mix.h"
#include "audio/resample.h"

enum { EACH = 400 };

static dio_clip *sound;
static char path[64];

static bool done(dio_clip *clip)
{
    dio_clip_unref(clip);
    return clip != NULL;
}

static bool reading(dio_error *err)
{
    return done(dio_clip_read("tests/golden/sound/pcm24.wav", err)) &&
           done(dio_clip_read("tests/golden/sound/flac16.flac", err));
}

static bool writing(dio_error *err)
{
    bool ok = dio_clip_write(sound, path, NULL, err);
    unlink(path);
    return ok;
}

static bool other_rates(dio_error *err)
{
    return done(dio_clip_resample(sound, 44100, err));
}

static bool mels(dio_error *err)
{
    dio_mel *m = dio_mel_create(dio_mel_dialect_find("vocos"), err);
    dio_tensor *t = m ? dio_mel_of_clip(m, sound, err) : NULL;
    dio_tensor_unref(t);
    dio_mel_destroy(m);
    return t != NULL;
}

static bool mixing(dio_error *err)
{
    const dio_mix_part parts[] = {{.clip = sound, .fade_in = 0.01},
                                  {.clip = sound, .start = 0.1, .loop = true, .fade_out = 0.1}};
    const dio_mix_form form = {.rate = 48000, .channels = 2, .seconds = 0.5};
    dio_clip *key = dio_clip_resample(sound, 48000, err);
    dio_clip *mix = key ? dio_mix(parts, 2, &form, err) : NULL;
    bool ok = mix && dio_clip_duck(&mix, key, 100, NULL, err);
    dio_clip_unref(key);
    dio_clip_unref(mix);
    return ok;
}

static bool mastering(dio_error *err)
{
    const dio_master how = {.lufs = -14, .true_peak = -3, .voice = true, .fade_in = 0.01};
    dio_clip *clip = dio_clip_ref(sound);
    bool ok = dio_clip_master(&clip, &how, NULL, err);
    dio_clip_unref(clip);
    return ok;
}

static bool composing(dio_error *err)
{
    const dio_bed bed = {.seconds = 1, .rate = 16000, .seed = 1};
    return done(dio_bed_make(&bed, err));
}

static void memory_runs_out(void **state)
{
    (void)state;
    dio_error err = {0};
    sound = dio_clip_create(24000, 1, 9000, &err);
    assert_non_null(sound);
    for (int i = 0; i < 9000; i++)
        dio_clip_channel(sound, 0)[i] = (float)(i * 37 % 200 - 100) / 150;
    snprintf(path, sizeof path, "/tmp/dio-sound-memory-%ld.wav", (long)getpid());
    fail_alloc_sweep("reading", reading, false, EACH);
    fail_alloc_sweep("writing", writing, false, EACH);
    fail_alloc_sweep("another rate", other_rates, false, EACH);
    fail_alloc_sweep("mels", mels, false, EACH);
    fail_alloc_sweep("mixing", mixing, false, EACH);
    fail_alloc_sweep("mastering", mastering, false, EACH);
    fail_alloc_sweep("composing", composing, false, EACH);
    dio_clip_unref(sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
