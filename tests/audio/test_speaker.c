/* test_speaker.c: a text through the door: sound with times that follow it, lengths to the sample,
 * settings that are heard, the same bytes again, and what is refused. */
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

#include "audio/speaker.h"
#include "audio/times_io.h"
#include "base/file.h"
#include "base/gang.h"
#include "speaker_case.h"

static char dir[64] = "/tmp/diorama-speaker-XXXXXX";

struct fixture {
    dio_arena *a;
    dio_device *device;
    dio_speaker *speaker;
};

static int setup(void **state)
{
    static struct fixture f;
    dio_error err = {0};
    if (!mkdtemp(dir))
        return -1;
    f.a = dio_arena_create();
    speaker_make(f.a, dir);
    f.device = dio_device_open("cpu", &err);
    f.speaker = f.device ? dio_speaker_open(dir, &err) : NULL;
    if (!f.speaker)
        fail_msg("%s", err.message);
    *state = &f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dio_speaker_close(f->speaker);
    dio_device_close(f->device);
    dio_arena_destroy(f->a);
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static dio_speech_request asks(const char *text)
{
    return (dio_speech_request){.text = text, .length = strlen(text)};
}

static dio_speech say(struct fixture *f, const dio_speech_request *r)
{
    dio_error err = {0};
    dio_speech said;
    if (!dio_speaker_say(f->speaker, f->device, r, f->a, &said, &err))
        fail_msg("%s", err.message);
    return said;
}

static void words_are_as_they_were_written(void **state)
{
    static const char *const want[] = {"Lumo", "costs", "$5,", "state-of-the-art:", "\"Yes!\""};
    struct fixture *f = *state;
    const dio_speech_request r = asks("Lumo costs $5, state-of-the-art:\n\"Yes!\"");
    dio_speech s = say(f, &r);
    const dio_times *t = s.times;
    assert_int_equal(t->n_words, 5);
    int64_t at = 0;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(t->words[i].text, want[i]);
        assert_true(t->words[i].start >= at && t->words[i].end > t->words[i].start);
        at = t->words[i].end;
    }
    assert_int_equal(t->rate, s.clip->rate);
    assert_int_equal(t->length, s.clip->length);
    at = 0;
    for (int i = 0; i < t->n_phones; i++) { /* without a gap, to the last sample */
        assert_int_equal(t->phones[i].start, at);
        at = t->phones[i].end;
    }
    assert_int_equal(at, t->length);
    assert_string_equal(t->phones[0].name, "pau");
    dio_clip_unref(s.clip);
}

static void sentences_follow_each_other(void **state)
{
    struct fixture *f = *state;
    const dio_speech_request r = asks("One lamp. Two lamps? Three!");
    dio_speech s = say(f, &r);
    assert_int_equal(s.times->n_sentences, 3);
    assert_int_equal(s.times->sentences[1].first, 2);
    assert_int_equal(s.times->sentences[1].count, 2);
    assert_true(s.times->sentences[1].start >= s.times->sentences[0].end);
    dio_clip_unref(s.clip);
}

static void speech_fits_its_seconds(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_speech_request r = asks("Read on until midnight, and let the others sleep.");
    dio_speech s = say(f, &r);
    double usual = dio_clip_seconds(s.clip);
    dio_clip_unref(s.clip);
    for (int i = 0; i < 3; i++) { /* faster, slower, and so slow that silence is left */
        static const double share[] = {0.9, 1.1, 1.6};
        r.fit.seconds = usual * share[i];
        s = say(f, &r);
        assert_int_equal(s.clip->length, (int64_t)(r.fit.seconds * s.clip->rate + 0.5));
        assert_true(i == 0 ? s.rate > 1 : s.rate < 1);
        double spoken = (double)s.times->phones[s.times->n_phones - 1].end / s.times->rate;
        /* Within a frame of 10.7 ms, as durations are whole frames. */
        assert_true(i == 2 || r.fit.seconds - spoken < 0.03);
        dio_clip_unref(s.clip);
    }
    r.fit.seconds = usual * 0.7;
    dio_speech none;
    assert_false(dio_speaker_say(f->speaker, f->device, &r, f->a, &none, &err));
    assert_non_null(strstr(err.message, "shorten the text, allow a higher rate, or choose"));
    assert_null(none.clip);
    r.fit.then = DIO_FIT_STRETCH;
    s = say(f, &r);
    assert_true(s.rate > 1.25);
    assert_int_equal(s.clip->length, (int64_t)(r.fit.seconds * s.clip->rate + 0.5));
    dio_clip_unref(s.clip);
    r.fit.then = DIO_FIT_TRIM;
    s = say(f, &r);
    assert_true(s.rate == 1.25);
    assert_int_equal(s.clip->length, (int64_t)(r.fit.seconds * s.clip->rate + 0.5));
    assert_int_equal(s.times->phones[s.times->n_phones - 1].end, s.clip->length);
    dio_clip_unref(s.clip);
}

static void markup_is_heard(void **state)
{
    struct fixture *f = *state;
    dio_speech_request r = asks("<speak>Rock &amp; roll <break time=\"2s\"/> now.</speak>");
    r.how.ssml = true;
    dio_speech s = say(f, &r);
    bool paused = false;
    for (int i = 1; i < s.times->n_phones; i++)
        paused = paused || (s.times->phones[i].word < 0 &&
                            s.times->phones[i].end - s.times->phones[i].start == 2 * 24000);
    for (int i = 1; i < s.times->n_phones && !paused; i++) /* to a frame */
        paused =
            llabs((long long)(s.times->phones[i].end - s.times->phones[i].start) - 48000) < 256;
    assert_true(paused);
    assert_string_equal(s.times->words[1].text, "&");
    assert_string_equal(s.times->words[3].text, "now.");
    dio_clip_unref(s.clip);
}

static void the_same_text_has_the_same_samples(void **state)
{
    struct fixture *f = *state;
    dio_speech_request r = asks("Try it tonight. Or tomorrow.");
    int threads = dio_gang_size();
    dio_speech a = say(f, &r);
    dio_gang_resize(threads == 1 ? 2 : 1);
    dio_speech b = say(f, &r);
    dio_gang_resize(threads);
    assert_int_equal(a.clip->length, b.clip->length);
    assert_memory_equal(dio_clip_channel(a.clip, 0), dio_clip_channel(b.clip, 0),
                        (size_t)a.clip->length * sizeof(float));
    r.seed = 1;
    dio_speech c = say(f, &r);
    assert_int_equal(a.clip->length, c.clip->length);
    assert_memory_not_equal(dio_clip_channel(a.clip, 0), dio_clip_channel(c.clip, 0),
                            (size_t)a.clip->length * sizeof(float));
    dio_clip_unref(a.clip);
    dio_clip_unref(b.clip);
    dio_clip_unref(c.clip);
}

static void files_of_times(void **state)
{
    static const char *const names[] = {"t.json", "t.visemes.json", "t.srt", "t.vtt", "t.ass"};
    struct fixture *f = *state;
    dio_error err = {0};
    const dio_speech_request r = asks("Try it tonight.");
    dio_speech s = say(f, &r);
    for (int i = 0; i < 5; i++) {
        const char *path = dio_path_join(f->a, dir, names[i]);
        if (!dio_times_write(s.times, path, NULL, 0, 0, &err))
            fail_msg("%s", err.message);
        assert_true(dio_file_exists(path));
    }
    const dio_value *v = dio_value_read(f->a, dio_path_join(f->a, dir, "t.json"), 1 << 20, &err);
    const dio_times *back = v ? dio_times_read(f->a, v, &err) : NULL;
    if (!back)
        fail_msg("%s", err.message);
    assert_int_equal(back->n_phones, s.times->n_phones);
    assert_false(dio_times_writes("t.txt", &err));
    assert_string_equal(err.message,
                        "t.txt: times are written to .json, .visemes.json, .srt, .vtt or .ass");
    dio_clip_unref(s.clip);
}

static void long_texts_are_parted(void **state)
{
    struct fixture *f = *state;
    enum { WORDS = 700 };
    char *text = dio_arena_try(f->a, WORDS * 6 + 1);
    for (int i = 0; i < WORDS; i++)
        strcat(text, i % 7 ? "lamp " : "over ");
    const dio_speech_request r = asks(text);
    dio_speech s = say(f, &r);
    assert_int_equal(s.times->n_words, WORDS);
    assert_int_equal(s.times->n_sentences, 1);
    assert_true(s.times->n_phones > 2000);
    dio_clip_unref(s.clip);
}

static void what_cannot_be_said_is_refused(void **state)
{
    static const struct {
        const char *text, *speaker;
        double rate;
        const char *message;
    } cases[] = {
        {"", NULL, 1, "the text says nothing: there is no word in it"},
        {"?! ... --", NULL, 1, "the text says nothing: there is no word in it"},
        {"a", "dep", 1, "speaker: the narrator has no voice \"dep\"; did you mean \"deep\"?"},
        {"a", NULL, 9, "rate: 9; speech has 0.25 to 4 times its usual one"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        dio_speech said;
        dio_speech_request r = asks(cases[i].text);
        r.speaker = cases[i].speaker;
        r.rate = cases[i].rate;
        assert_false(dio_speaker_say(f->speaker, f->device, &r, f->a, &said, &err));
        assert_string_equal(err.message, cases[i].message);
    }
    dio_error err = {0};
    assert_null(dio_speaker_open("/nowhere", &err));
    assert_non_null(strstr(err.message, "/nowhere: this cannot speak; what can is "));
}

static void one_letter_is_enough(void **state)
{
    struct fixture *f = *state;
    const dio_speech_request r = asks("A");
    dio_speech s = say(f, &r);
    assert_int_equal(s.times->n_words, 1);
    assert_true(s.clip->length > 0);
    dio_clip_unref(s.clip);
}

/* A voice of letters with drawn weights: what it says is noise, and its times are its own. */
static void published_voices_speak_too(void **state)
{
    static const char *const want[] = {"It", "costs", "$5.", "Say", "more,", "now!"};
    struct fixture *f = *state;
    dio_error err = {0};
    dio_speaker *s = dio_speaker_open("tests/golden/vits/mms", &err);
    if (!s)
        fail_msg("%s", err.message);
    dio_speech_request r = asks("It costs $5. Say more, now!");
    dio_speech said;
    r.fit.seconds = 1.5;
    if (!dio_speaker_say(s, f->device, &r, f->a, &said, &err))
        fail_msg("%s", err.message);
    assert_int_equal(said.clip->length, said.clip->rate * 3 / 2);
    assert_int_equal(said.times->n_words, 6);
    int64_t at = 0;
    for (int i = 0; i < 6; i++) {
        assert_string_equal(said.times->words[i].text, want[i]);
        assert_true(said.times->words[i].start >= at);
        assert_true(said.times->words[i].end > said.times->words[i].start);
        at = said.times->words[i].end;
    }
    assert_string_equal(said.times->phones[0].name, "i");
    dio_clip_unref(said.clip);
    r.semitones = 2;
    assert_false(dio_speaker_say(s, f->device, &r, f->a, &said, &err));
    assert_string_equal(err.message,
                        "pitch and volume: a published voice has neither; its rate can be set");
    err = (dio_error){0};
    r.semitones = 0;
    r.speaker = "7";
    assert_false(dio_speaker_say(s, f->device, &r, f->a, &said, &err));
    assert_string_equal(err.message, "speaker: this voice has the numbers 0 to 0, not \"7\"");
    dio_speaker_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_as_they_were_written),
        cmocka_unit_test(sentences_follow_each_other),
        cmocka_unit_test(speech_fits_its_seconds),
        cmocka_unit_test(markup_is_heard),
        cmocka_unit_test(the_same_text_has_the_same_samples),
        cmocka_unit_test(files_of_times),
        cmocka_unit_test(long_texts_are_parted),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(one_letter_is_enough),
        cmocka_unit_test(published_voices_speak_too),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
