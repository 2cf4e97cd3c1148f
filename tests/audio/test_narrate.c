/* test_narrate.c: a text read by a narrator that was drawn, not trained: what it sounds like is
 * nothing, but every phone, word and sentence has its time, and pauses and lengths are as asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "audio/narrate.h"
#include "audio/narrator_net.h"
#include "base/file.h"

static char root[64];
static dio_device *device;
static dio_narrator *narrator;
static dio_narrator_session *session;

static dio_utterance *read(dio_arena *a, const char *text, bool ssml)
{
    dio_error err = {0};
    dio_utterance_options o = {.ssml = ssml};
    dio_utterance *u = dio_utterance_read(a, text, strlen(text), &o, &err);
    if (!u)
        fail_msg("%s", err.message);
    return u;
}

static dio_clip *narrate(dio_arena *a, const char *text, bool ssml, const dio_narrate_options *o,
                         dio_times *times)
{
    dio_error err = {0};
    dio_clip *clip = NULL;
    if (!dio_narrate(session, read(a, text, ssml), text, o, a, &clip, times, &err))
        fail_msg("%s", err.message);
    assert_int_equal(times->length, clip->length);
    assert_int_equal(times->rate, clip->rate);
    return clip;
}

/* Phones meet, words hold theirs, sentences their words. */
static void hangs_together(const dio_times *t)
{
    for (int i = 0; i < t->n_phones; i++) {
        const dio_timed_phone *p = &t->phones[i];
        assert_true(p->start == (i ? t->phones[i - 1].end : 0) && p->end > p->start);
        assert_int_equal(p->word < 0, !strcmp(p->name, "pau"));
        if (p->word >= 0)
            assert_true(p->start >= t->words[p->word].start && p->end <= t->words[p->word].end);
    }
    assert_int_equal(t->phones[t->n_phones - 1].end, t->length);
    for (int i = 0; i < t->n_sentences; i++) {
        const dio_timed_sentence *s = &t->sentences[i];
        assert_int_equal(s->start, t->words[s->first].start);
        assert_int_equal(s->end, t->words[s->first + s->count - 1].end);
        for (int w = s->first; w < s->first + s->count; w++)
            assert_int_equal(t->words[w].sentence, i);
    }
}

static void every_word_has_its_time(void **state)
{
    (void)state;
    static const char *const words[] = {"Only", "$5,", "\"they\"", "said.", "Really?"};
    dio_arena *a = dio_arena_create();
    dio_times t;
    dio_clip *clip =
        narrate(a, "Only $5, \"they\" said. Really?", false, &(dio_narrate_options){0}, &t);
    hangs_together(&t);
    assert_int_equal(t.n_words, 5); /* "five dollars" is one as it is written */
    assert_int_equal(t.n_sentences, 2);
    for (int i = 0; i < 5; i++)
        assert_string_equal(t.words[i].text, words[i]);
    /* The usual pause between sentences, divided. */
    assert_int_equal(t.words[4].start - t.words[3].end, 24000 * 450 / 1000);
    dio_clip_unref(clip);
    dio_arena_destroy(a);
}

static void asked_pauses_and_lengths_are_kept(void **state)
{
    (void)state;
    const char *text = "<speak>One <break time=\"800ms\"/> two three four five six.</speak>";
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_times t;
    float rate;
    double length;
    dio_clip *clip = narrate(a, text, true, &(dio_narrate_options){0}, &t);
    hangs_together(&t);
    assert_int_equal(t.words[1].start - t.words[0].end, 24000 * 800 / 1000);
    double seconds = 0.9 * dio_clip_seconds(clip);
    dio_clip_unref(clip);
    const dio_utterance *u = read(a, text, true);
    dio_narrate_options o = {0};
    assert_true(dio_narrate_fit(session, u, &o, seconds, 0.5f, 2, &rate, &length, &err));
    assert_true(fabs(length - seconds) < 1e-3 && rate > 1);
    o.rate = rate;
    clip = narrate(a, text, true, &o, &t);
    assert_true(fabs(dio_clip_seconds(clip) - seconds) < 256.0 / 24000);
    assert_int_equal(t.words[1].start - t.words[0].end, 24000 * 800 / 1000);
    assert_true(dio_narrate_fit(session, u, &o, 0.1, 0.8f, 1.25f, &rate, &length, &err));
    assert_true(rate == 1.25f && length > 0.1);
    dio_clip_unref(clip);
    dio_arena_destroy(a);
}

static void odd_texts_are_read(void **state)
{
    (void)state;
    enum { WORDS = 700 };
    dio_arena *a = dio_arena_create();
    dio_times t;
    dio_clip *clip = narrate(a, "", false, &(dio_narrate_options){0}, &t);
    assert_int_equal(clip->length, 0);
    assert_int_equal(t.n_words, 0);
    dio_clip_unref(clip);
    clip = narrate(a, "?! ... --", false, &(dio_narrate_options){0}, &t);
    assert_int_equal(t.n_words, 0);
    dio_clip_unref(clip);
    /* Without an end for longer than the narrator takes at once. */
    char *text = dio_arena_alloc(a, WORDS * 6 + 1);
    for (int i = 0; i < WORDS; i++)
        memcpy(text + i * 6, "river ", 6);
    clip = narrate(a, text, false, &(dio_narrate_options){.rate = 4}, &t);
    hangs_together(&t);
    assert_int_equal(t.n_words, WORDS);
    assert_int_equal(t.n_sentences, 1);
    dio_clip_unref(clip);
    dio_arena_destroy(a);
}

static bool make(dio_arena *a, const dio_network_kind *kind, const char *name, const char *json,
                 dio_error *err)
{
    const dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), err);
    dio_network *n = config ? dio_network_create(kind, config, 1, DIO_F32, err) : NULL;
    bool ok = n && dio_network_save(n, dio_path_join(a, root, name), DIO_F16, err);
    dio_network_close(n);
    return ok;
}

static int begin(void **state)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    (void)state;
    snprintf(root, sizeof root, "/tmp/diorama-narrate-XXXXXX");
    bool ok =
        mkdtemp(root) &&
        make(
            a, &dio_narrator_acoustic, "acoustic",
            "{\"model_type\":\"narrator-acoustic\",\"phones\":\"pau aa ae ah ao aw ax ay b ch d dh "
            "eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh\","
            "\"speakers\":\"house\",\"width\":8,\"hidden\":8,\"encoder_layers\":1,"
            "\"decoder_layers\":1}",
            &err) &&
        make(a, &dio_narrator_vocoder, "vocoder",
             "{\"model_type\":\"narrator-vocoder\",\"width\":8,\"hidden\":8,\"layers\":1}", &err) &&
        (device = dio_device_open("cpu", &err)) &&
        (narrator = dio_narrator_open(root, DIO_F32, &err)) &&
        (session = dio_narrator_session_create(narrator, device, &err));
    dio_arena_destroy(a);
    return ok ? 0 : -1;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    dio_narrator_session_destroy(session);
    dio_narrator_close(narrator);
    dio_device_close(device);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_has_its_time),
        cmocka_unit_test(asked_pauses_and_lengths_are_kept),
        cmocka_unit_test(odd_texts_are_read),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
