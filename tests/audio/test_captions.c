/* test_captions.c: cues are cut where subtitlers cut; files are what players read; times survive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/captions.h"
#include "base/str.h"

enum { RATE = 1000, EACH = 300 };

/* Each word lasts 0.3 seconds; a sentence ends with . ! or ?, and half a second of pause follows.
 */
static dio_times *spoken(dio_arena *a, const char *text)
{
    dio_times *t = dio_arena_alloc(a, sizeof *t);
    char *rest = dio_arena_strdup(a, text);
    t->rate = RATE;
    t->words = dio_arena_alloc(a, 64 * sizeof *t->words);
    t->sentences = dio_arena_alloc(a, 64 * sizeof *t->sentences);
    t->phones = dio_arena_alloc(a, 64 * sizeof *t->phones);
    int64_t at = 200;
    for (char *w; (w = strtok_r(rest, " ", &rest));) {
        dio_timed_sentence *s = &t->sentences[t->n_sentences];
        if (!s->count) {
            s->first = t->n_words;
            s->start = at;
        }
        t->phones[t->n_phones++] = (dio_timed_phone){"ah1", at, at + EACH, t->n_words};
        t->words[t->n_words++] = (dio_timed_word){w, at, at + EACH, t->n_sentences};
        at += EACH;
        s->count++;
        s->end = at;
        if (strchr(".!?", w[strlen(w) - 1])) {
            t->n_sentences++;
            at += 500;
        }
    }
    if (t->sentences[t->n_sentences].count)
        t->n_sentences++;
    t->length = at;
    return t;
}

static dio_captions *cut(dio_arena *a, const char *text, int chars, int lines)
{
    dio_error err = {0};
    dio_caption_rules r = dio_caption_rules_default();
    r.chars = chars;
    r.lines = lines;
    dio_captions *c = dio_captions_cut(a, spoken(a, text), &r, &err);
    if (!c)
        fail_msg("%s", err.message);
    return c;
}

static void cues_end_where_one_breathes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int chars, lines, count;
        const char *want[4];
    } cases[] = {
        {"Meet Lumo.", 42, 2, 1, {"Meet Lumo."}},
        {"", 42, 2, 0, {0}},
        {"Meet Lumo. It glows.", 42, 2, 2, {"Meet Lumo.", "It glows."}},
        {"Read on until midnight, and let the others sleep in peace.",
         42,
         2,
         1,
         {"Read on until midnight,\nand let the others sleep in peace."}},
        {"Read on until midnight, and let the others sleep.",
         25,
         1,
         2,
         {"Read on until midnight,", "and let the others sleep."}},
        {"A Donaudampfschifffahrtsgesellschaft ticket.",
         20,
         2,
         3,
         {"A", "Donaudampfschifffahrtsgesellschaft", "ticket."}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_captions *c = cut(a, cases[i].text, cases[i].chars, cases[i].lines);
        assert_int_equal(c->count, cases[i].count);
        for (int k = 0; k < c->count; k++)
            assert_string_equal(c->cues[k].text, cases[i].want[k]);
        dio_arena_destroy(a);
    }
}

static void lines_are_never_too_long(void **state)
{
    (void)state;
    static const char text[] =
        "Eight hours of even light, no glare and no hum: the small lamp that lets you stay up with "
        "your book. Twenty percent off until Sunday night, and free delivery. Try it for thirty "
        "nights!";
    for (int chars = 12; chars <= 60; chars += 4) {
        for (int lines = 1; lines <= 3; lines++) {
            dio_arena *a = dio_arena_create();
            dio_captions *c = cut(a, text, chars, lines);
            int next = 0;
            for (int i = 0; i < c->count; i++) {
                char copy[400], *rest = copy;
                int n = 0;
                snprintf(copy, sizeof copy, "%s", c->cues[i].text);
                for (char *line; (line = strtok_r(rest, "\n", &rest)); n++)
                    assert_true((int)dio_utf8_count(line, strlen(line)) <= chars);
                assert_true(n <= lines);
                assert_int_equal(c->cues[i].first, next);
                next += c->cues[i].count;
                assert_true(c->cues[i].end > c->cues[i].start);
                if (i)
                    assert_true(c->cues[i].start >= c->cues[i - 1].end);
            }
            assert_int_equal(next, c->times->n_words);
            dio_arena_destroy(a);
        }
    }
}

static void files_are_as_players_read_them(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_captions *c = cut(a, "Rock & <roll>. {Now}!", 42, 2);
    assert_string_equal(dio_captions_srt(a, c),
                        "1\r\n00:00:00,200 --> 00:00:01,400\r\nRock & <roll>.\r\n\r\n"
                        "2\r\n00:00:01,600 --> 00:00:02,400\r\n{Now}!\r\n\r\n");
    assert_string_equal(dio_captions_vtt(a, c),
                        "WEBVTT\n\n00:00:00.200 --> 00:00:01.400\nRock &amp; &lt;roll&gt;.\n\n"
                        "00:00:01.600 --> 00:00:02.400\n{Now}!\n");
    const char *ass = strstr(dio_captions_ass(a, c, 1080, 1920), "Dialogue");
    assert_string_equal(ass, "Dialogue: 0,0:00:00.20,0:00:01.40,Default,,0,0,0,,"
                             "{\\k30}Rock {\\k30}& {\\k60}<roll>.\n"
                             "Dialogue: 0,0:00:01.60,0:00:02.40,Default,,0,0,0,,{\\k80}(Now)!\n");
    dio_arena_destroy(a);
}

/* What players would take for markup is what was said. */
static void words_are_no_markup(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_captions *c = cut(a, "<script>alert(1)</script> {\\an8}x & 1 --> 2.", 80, 1);
    assert_non_null(strstr(dio_captions_vtt(a, c),
                           "&lt;script&gt;alert(1)&lt;/script&gt; {\\an8}x &amp; 1 --&gt; 2."));
    const char *ass = strstr(dio_captions_ass(a, c, 640, 360), "Dialogue:");
    assert_non_null(strstr(ass, "(/an8)x"));
    assert_null(strstr(ass, "{\\an8}"));
    dio_arena_destroy(a);
}

static void times_survive_their_file(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_times *t = spoken(a, "One two. Three?");
    const char *text = dio_json_write(a, dio_times_value(a, t), 0);
    dio_value *v = dio_json_parse(a, "times.json", text, strlen(text), &err);
    dio_times *back = v ? dio_times_read(a, v, &err) : NULL;
    if (!back)
        fail_msg("%s", err.message);
    assert_string_equal(dio_json_write(a, dio_times_value(a, back), 0), text);
    assert_int_equal(back->words[2].start, t->words[2].start);
    dio_arena_destroy(a);
}

static void torn_times_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "times are a map with rate, seconds, phones, words, sentences"},
        {"{\"rate\":10}", "\"rate\" is a whole number of 1000 to 384000"},
        {"{\"rate\":8000,\"seconds\":-1}", "\"seconds\" is 0 to 86400, not -1"},
        {"{\"rate\":8000,\"seconds\":1,\"words\":[{\"start\":0.5,\"end\":1.5}]}",
         "0.5 to 1.5 seconds do not lie within 0 to 1"},
        {"{\"rate\":8000,\"seconds\":1,\"words\":["
         "{\"start\":0,\"end\":0.5,\"text\":\"a\",\"sentence\":0},"
         "{\"start\":0.4,\"end\":0.6,\"text\":\"b\",\"sentence\":0}]}",
         "begins before the one before it has ended"},
        {"{\"rate\":8000,\"seconds\":1,\"words\":["
         "{\"start\":0,\"end\":0.5,\"text\":\"a\",\"sentence\":0}],\"phones\":[],"
         "\"sentences\":[]}",
         "0 of 1 words are in a sentence"},
        {"{\"rate\":8000,\"seconds\":1,\"words\":["
         "{\"start\":0,\"end\":0.5,\"text\":\"a\",\"sentence\":0}],\"phones\":["
         "{\"start\":0,\"end\":0.5,\"phone\":\"ah\",\"word\":1}],\"sentences\":[]}",
         "\"word\" is a whole number of 0 to 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_value *v = dio_json_parse(a, "times.json", cases[i].text, strlen(cases[i].text), &err);
        assert_non_null(v);
        assert_null(dio_times_read(a, v, &err));
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.line, 1);
        dio_arena_destroy(a);
    }
}

static void mouths_follow_phones(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_timed_phone phones[] = {{"pau", 0, 100, -1},  {"b", 100, 200, 0}, {"p", 200, 250, 0},
                                {"AE1", 250, 400, 0}, {"p", 500, 600, 0}, {"ow", 600, 700, 0}};
    dio_times t = {.rate = 1000, .length = 700, .phones = phones, .n_phones = 6};
    dio_value *v = dio_times_visemes(a, &t, &err);
    assert_non_null(v);
    assert_string_equal(dio_json_write(a, v, 0),
                        "{\"visemes\":[{\"start\":0.0,\"end\":0.1,\"viseme\":\"sil\"},"
                        "{\"start\":0.1,\"end\":0.25,\"viseme\":\"PP\"},"
                        "{\"start\":0.25,\"end\":0.4,\"viseme\":\"E\"},"
                        "{\"start\":0.5,\"end\":0.6,\"viseme\":\"PP\"},"
                        "{\"start\":0.6,\"end\":0.7,\"viseme\":\"oh\"}]}");
    phones[3].name = "qq";
    assert_null(dio_times_visemes(a, &t, &err));
    assert_string_equal(err.message, "no mouth shape is known for the phone \"qq\"");
    dio_arena_destroy(a);
}

static void rules_are_held_to_ranges(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_caption_rules r = dio_caption_rules_default();
    r.chars = 7;
    assert_null(dio_captions_cut(a, spoken(a, "a."), &r, &err));
    assert_string_equal(err.message, "captions of 7 characters a line: there are 8 to 80");
    err = (dio_error){0};
    r = dio_caption_rules_default();
    r.lines = 4;
    assert_null(dio_captions_cut(a, spoken(a, "a."), &r, &err));
    assert_string_equal(err.message, "captions of 4 lines: there are 1 to 3");
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cues_end_where_one_breathes),
        cmocka_unit_test(lines_are_never_too_long),
        cmocka_unit_test(files_are_as_players_read_them),
        cmocka_unit_test(times_survive_their_file),
        cmocka_unit_test(words_are_no_markup),
        cmocka_unit_test(torn_times_are_refused),
        cmocka_unit_test(mouths_follow_phones),
        cmocka_unit_test(rules_are_held_to_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
