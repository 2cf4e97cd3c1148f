/* test_house_narrator.c: the narrator that ships, with its own weights: what it says has words
 * where its times say, at the pitch and loudness of speech, in four voices; odd texts do no harm.
 * That it is understood is measured by tools/narrator/gate.py, with a recogniser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "audio/speaker.h"
#include "tests/audio/signals.h"

static dio_device *device;
static dio_speaker *narrator;
static dio_arena *arena;

static const char line[] = "Good morning! You are welcome, we are open all year.";

static dio_speech say(const char *text, const char *speaker, double rate, double semitones)
{
    dio_error err = {0};
    dio_speech out = {0};
    const dio_speech_request r = {.text = text,
                                  .length = strlen(text),
                                  .speaker = speaker,
                                  .rate = rate,
                                  .semitones = semitones};
    if (!dio_speaker_say(narrator, device, &r, arena, &out, &err))
        fail_msg("%s", err.message);
    for (int64_t i = 0; i < out.clip->length; i++)
        assert_true(fabsf(dio_clip_channel(out.clip, 0)[i]) < 1);
    return out;
}

/* Pitch in Hz of 40 ms around `at` by the greatest normalised autocorrelation; 0: none above 0.8.
 */
static double pitch_at(const dio_clip *clip, int64_t at)
{
    enum { WINDOW = 960, SHORTEST = 24000 / 400, LONGEST = 24000 / 70 };
    const float *x = dio_clip_channel(clip, 0) + at - WINDOW / 2;
    double best = 0.8;
    int lag = 0;
    if (at < WINDOW || at + WINDOW + LONGEST > clip->length)
        return 0;
    for (int l = SHORTEST; l < LONGEST; l++) {
        double xy = 0, xx = 1e-9, yy = 1e-9;
        for (int i = 0; i < WINDOW; i++) {
            xy += (double)x[i] * (double)x[i + l];
            xx += (double)x[i] * (double)x[i];
            yy += (double)x[i + l] * (double)x[i + l];
        }
        if (xy / sqrt(xx * yy) > best + 0.02) { /* not its double */
            best = xy / sqrt(xx * yy);
            lag = l;
        }
    }
    return lag ? 24000.0 / lag : 0;
}

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the middles of phones that are said on a pitch, which are most of the line. */
static double median_pitch(const dio_speech *said)
{
    double all[128];
    int n = 0;
    for (int i = 0; i < said->times->n_phones && n < 128; i++) {
        const dio_timed_phone *p = &said->times->phones[i];
        const double hertz = p->word < 0 ? 0 : pitch_at(said->clip, (p->start + p->end) / 2);
        if (hertz > 0)
            all[n++] = hertz;
    }
    assert_true(n > said->times->n_phones / 3);
    qsort(all, (size_t)n, sizeof *all, rising);
    return all[n / 2];
}

static void words_sound_where_their_times_say(void **state)
{
    (void)state;
    dio_speech s = say(line, NULL, 1, 0);
    assert_int_equal(s.times->n_words, 10);
    assert_int_equal(s.times->n_sentences, 2);
    double quietest = 1, loudest_pause = 0;
    for (int i = 0; i < s.times->n_words; i++) {
        const dio_timed_word *w = &s.times->words[i];
        const double rms = signal_rms(s.clip, 0, w->start, w->end);
        quietest = rms < quietest ? rms : quietest;
        assert_in_range(w->end - w->start, 24000 / 25, 24000); /* 40 ms to 1 s a word */
    }
    for (int i = 0; i < s.times->n_phones; i++) {
        const dio_timed_phone *p = &s.times->phones[i];
        const int64_t third = (p->end - p->start) / 3;
        const double rms = signal_rms(s.clip, 0, p->start + third, p->end - third);
        if (p->word < 0 && rms > loudest_pause)
            loudest_pause = rms;
    }
    assert_true(signal_db(quietest) > -24);      /* -20.2 */
    assert_true(signal_db(loudest_pause) < -55); /* -68.3 */
    dio_clip_unref(s.clip);
}

static void voices_differ_and_pitch_is_as_asked(void **state)
{
    (void)state;
    static const char *const names[] = {"deep", "gruff", "house", "bright"};
    double hertz[4];
    for (int i = 0; i < 4; i++) {
        dio_speech s = say(line, names[i], 1, 0);
        hertz[i] = median_pitch(&s);
        dio_clip_unref(s.clip);
    }
    assert_true(hertz[2] > 140 && hertz[2] < 210); /* its teacher's: a woman's voice */
    assert_true(hertz[0] < 0.8 * hertz[2] && hertz[1] < 0.9 * hertz[2]);
    assert_true(hertz[3] > 1.1 * hertz[2]);
    dio_speech s = say(line, NULL, 1, 3);
    const double up = 12 * log2(median_pitch(&s) / hertz[2]);
    assert_true(fabs(up - 3) < 0.3); /* 0.16; a lag is 0.13 */
    dio_clip_unref(s.clip);
}

/* A text without words is refused; one phone, and some 2,000 without an end, are said. */
static void odd_texts_do_no_harm(void **state)
{
    (void)state;
    enum { WORDS = 520 };
    dio_error err = {0};
    dio_speech out = {0};
    const dio_speech_request none = {.text = "?! ... --", .length = 9};
    assert_false(dio_speaker_say(narrator, device, &none, arena, &out, &err));
    assert_null(out.clip);
    dio_speech s = say("Oh", NULL, 1, 0);
    assert_true(dio_clip_seconds(s.clip) < 1.5);
    dio_clip_unref(s.clip);
    char *text = dio_arena_alloc(arena, WORDS * 6 + 1);
    for (int i = 0; i < WORDS; i++)
        memcpy(text + i * 6, "river ", 6);
    s = say(text, NULL, 4, 0);
    assert_int_equal(s.times->n_words, WORDS);
    assert_true(s.times->n_phones > 2000);
    dio_clip_unref(s.clip);
}

static int begin(void **state)
{
    dio_error err = {0};
    (void)state;
    arena = dio_arena_create();
    device = dio_device_open("cpu", &err);
    narrator = dio_speaker_open("assets/models/narrator", &err);
    return arena && device && narrator ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dio_speaker_close(narrator);
    dio_device_close(device);
    dio_arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_sound_where_their_times_say),
        cmocka_unit_test(voices_differ_and_pitch_is_as_asked),
        cmocka_unit_test(odd_texts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
