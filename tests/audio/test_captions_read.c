/* test_captions_read.c: caption files as people, editors and attackers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/captions.h"
#include "audio/captions_read.h"

static int setup(void **state)
{
    *state = dio_arena_create();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    dio_arena_destroy(*state);
    return 0;
}

static const dio_cue_file *read_text(dio_arena *a, const char *text)
{
    dio_error err = {0};
    const dio_cue_file *f = dio_captions_read(a, "x.srt", text, strlen(text), &err);
    if (!f)
        fail_msg("%s", err.message);
    return f;
}

static void is_cue(const dio_cue_text *c, double start, double end, const char *text)
{
    assert_true(fabs(c->start - start) < 1e-9);
    assert_true(fabs(c->end - end) < 1e-9);
    assert_string_equal(c->text, text);
}

static void srt_is_read(void **state)
{
    const dio_cue_file *f = read_text(*state, "\xef\xbb\xbf"
                                              "1\r\n00:00:01,000 --> 00:00:02,500 X1:10\r\n"
                                              "Light &amp; <i>shade</i>\r\n{\\an8}for all\r\n\r\n"
                                              "\r\n2\r\n01:00:00,5 --> 01:00:01,250\r\n3 < 4\r\n");
    assert_string_equal(f->format, "SRT");
    assert_int_equal(f->count, 2);
    is_cue(&f->cues[0], 1, 2.5, "Light & shade\nfor all");
    is_cue(&f->cues[1], 3600.5, 3601.25, "3 < 4");
    assert_int_equal(f->cues[0].line, 2);
    assert_int_equal(f->cues[1].line, 8);
    assert_int_equal(dio_cue_lines(&f->cues[0]), 2);
    assert_int_equal(dio_cue_chars(&f->cues[0]), 20);
    assert_int_equal(dio_cue_longest(&f->cues[0]), 13);
    assert_null(f->cues[0].markup);
}

static void webvtt_is_read(void **state)
{
    const dio_cue_file *f =
        read_text(*state, "WEBVTT - a film\nKind: captions\n\nNOTE 00:01.000 --> 00:02.000\nnot "
                          "this\n\nSTYLE\n::cue { color: red }\n\nintro\n"
                          "00:01.000 --> 00:02.000 align:start line:0\n<v Ann>Good "
                          "<00:00:01.500><c.loud>evening</c>\n\n"
                          "00:00:02.000 --> 00:00:03.000\nÄpfel &lt;3\n");
    assert_string_equal(f->format, "WebVTT");
    assert_int_equal(f->count, 2);
    is_cue(&f->cues[0], 1, 2, "Good evening");
    is_cue(&f->cues[1], 2, 3, "Äpfel <3");
    assert_int_equal(dio_cue_chars(&f->cues[1]), 8);
    assert_null(f->cues[0].markup);
}

/* Case 33: what a reader must survive, and a checker tell. */
static void bad_cues_are_cues(void **state)
{
    const dio_cue_file *f =
        read_text(*state, "1\n-00:00:01,000 --> 00:00:00,500\nearly\n\n"
                          "2\n00:00:05,000 --> 00:00:04,000\nbackwards\n\n"
                          "3\n00:00:04,500 --> 00:00:06,000\n<script>alert('x')</script><img "
                          "src=x onerror=y>\n\n"
                          "4\n00:00:06,000 --> 00:00:07,000\n\a\x01tab\there<!-- c -->\n");
    assert_int_equal(f->count, 4);
    is_cue(&f->cues[0], -1, 0.5, "early");
    is_cue(&f->cues[1], 5, 4, "backwards");
    is_cue(&f->cues[2], 4.5, 6, "alert('x')");
    assert_string_equal(f->cues[2].markup, "script");
    is_cue(&f->cues[3], 6, 7, "tab here");
    assert_string_equal(f->cues[3].markup, "!");
}

static void refuse(dio_arena *a, const char *text, int line, const char *message)
{
    dio_error err = {0};
    assert_null(dio_captions_read(a, "x.srt", text, strlen(text), &err));
    assert_string_equal(err.message, message);
    assert_int_equal(err.line, line);
    assert_string_equal(err.file, "x.srt");
}

static void what_cannot_be_told_apart_is_refused(void **state)
{
    dio_arena *a = *state;
    refuse(a, "", 1, "there is no cue in it");
    refuse(a, "WEBVTT\n\nNOTE empty\n", 1, "there is no cue in it");
    refuse(a, "Hello\nthere\n", 1,
           "cue 1: its times are missing; write 00:00:01,000 --> 00:00:02,500");
    refuse(a, "1\n00:00:0x,000 --> 00:00:02,000\nx\n", 2,
           "cue 1: \"00:00:0x,000 --> 00:00:02,000\" is no pair of times; write 00:00:01,000 --> "
           "00:00:02,500");
    refuse(a, "1\n00:61:00,000 --> 00:62:02,000\nx\n", 2,
           "cue 1: \"00:61:00,000 --> 00:62:02,000\" is no pair of times; write 00:00:01,000 --> "
           "00:00:02,500");
    refuse(a, "WEBVTT\n\n00:01.000 --> \nx\n", 3,
           "cue 1: \"00:01.000 --> \" is no pair of times; write 00:00:01.000 --> 00:00:02.500");
    refuse(a, "1\n00:00:01,000 --> 00:00:02,000\nx\n2\n00:00:02,000 --> 00:00:03,000\ny\n", 5,
           "cue 1: a time stands in its text: an empty line before it is missing");
    refuse(a, "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\nL\xe4mpchen\n", 6,
           "captions are UTF-8, and this is not");
    char *large = dio_arena_try(a, 40000);
    strcpy(large, "1\n00:00:01,000 --> 00:00:02,000\n");
    memset(large + strlen(large), 'x', 30000);
    refuse(a, large, 3, "cue 1: its text is longer than 16384 bytes");
}

/* What we write we read: the same times to the millisecond, the same words. */
static void our_own_come_back(void **state)
{
    dio_arena *a = *state;
    static dio_timed_word words[] = {{"Light", 100, 400, 0},
                                     {"&", 500, 600, 0},
                                     {"<shade>,", 700, 1100, 0},
                                     {"tonight.", 1200, 1900, 0}};
    static dio_timed_sentence sentence = {100, 1900, 0, 4};
    dio_times times = {.rate = 1000,
                       .length = 2000,
                       .words = words,
                       .sentences = &sentence,
                       .n_words = 4,
                       .n_sentences = 1};
    dio_error err = {0};
    dio_caption_rules rules = dio_caption_rules_default();
    const dio_captions *c = dio_captions_cut(a, &times, &rules, &err);
    assert_non_null(c);
    const dio_cue_file *f = read_text(a, dio_captions_vtt(a, c));
    assert_int_equal(f->count, c->count);
    for (int k = 0; k < f->count; k++) {
        assert_true(fabs(f->cues[k].start - c->cues[k].start) < 1e-3);
        assert_true(fabs(f->cues[k].end - c->cues[k].end) < 1e-3);
        assert_string_equal(f->cues[k].text, c->cues[k].text);
        assert_null(f->cues[k].markup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srt_is_read),       cmocka_unit_test(webvtt_is_read),
        cmocka_unit_test(bad_cues_are_cues), cmocka_unit_test(what_cannot_be_told_apart_is_refused),
        cmocka_unit_test(our_own_come_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
