/* test_ssml.c: what each element does to words, pauses and prosody; what is refused, with its
 * sentence and place; hostile markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audio/phones/utterance.h"
#include "base/str.h"

static dio_utterance *read_ssml(dio_arena *a, const char *text, dio_error *err)
{
    dio_utterance_options options = {.ssml = true};
    return dio_utterance_read(a, text, strlen(text), &options, err);
}

static void join(const dio_utterance *u, dio_str *out)
{
    for (int i = 0; i < u->word_count; i++)
        dio_str_printf(out, "%s%s", i ? " " : "", u->words[i].spoken);
}

static void elements_say_what_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *ssml, *words;
    } cases[] = {
        {"<speak>Hello, world!</speak>", "hello world"},
        {"<?xml version=\"1.0\"?><!-- hi --><speak version='1.1' xml:lang=\"en-US\">Hi</speak> ",
         "hi"},
        {"<speak>Tom &amp; Jerry &lt;3 caf&#233; caf&#xE9;</speak>",
         "tom and jerry less than three cafe cafe"},
        {"<speak><![CDATA[a < b]]></speak>", "a less than B"},
        {"<speak><p><s>One</s><s>Two</s></p></speak>", "one two"},
        {"<speak><sub alias=\"world wide web\">WWW</sub> rules</speak>", "world wide web rules"},
        {"<speak><say-as interpret-as=\"characters\">AB1</say-as></speak>", "A B one"},
        {"<speak><say-as interpret-as=\"digits\">2026</say-as></speak>", "two zero two six"},
        {"<speak><say-as interpret-as=\"cardinal\">2026</say-as></speak>",
         "two thousand twenty six"},
        {"<speak><say-as interpret-as=\"ordinal\">3</say-as></speak>", "third"},
        {"<speak><say-as interpret-as=\"date\" format=\"dmy\">4/7/2026</say-as></speak>",
         "july fourth twenty twenty six"},
        {"<speak><say-as interpret-as=\"time\">8:05</say-as></speak>", "eight oh five"},
        {"<speak><say-as interpret-as=\"telephone\">555 01</say-as></speak>",
         "five five five zero one"},
        {"<speak><say-as interpret-as=\"currency\">$2</say-as></speak>", "two dollars"},
        {"<speak>a <phoneme ph=\"təˈmɑtoʊ\">tomato</phoneme></speak>", "a tomato"},
        {"<speak>5 <emphasis>km</emphasis> is <prosody rate=\"fast\">far</prosody></speak>",
         "five kilometers is far"},
        {"<speak/>", ""},
        {"<speak></speak>", ""},
        {"<speak> <break/> </speak>", ""},
        {"<speak>say [[HH AH0 L OW1]] now</speak>", "say HH AH0 L OW1 now"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_str said = {0};
        dio_utterance *u = read_ssml(a, cases[i].ssml, &err);
        if (!u)
            fprintf(stderr, "%s: %s\n", cases[i].ssml, err.message);
        assert_non_null(u);
        join(u, &said);
        assert_string_equal(said.text ? said.text : "", cases[i].words);
        dio_str_deinit(&said);
        dio_arena_destroy(a);
    }
}

static void pauses_and_prosody_reach_the_words(void **state)
{
    (void)state;
    static const char ssml[] =
        "<speak><break time='250ms'/>One<break time=\"1.5s\"/> two, <break strength='none'/>three "
        "<prosody rate='80%' pitch='+2st' volume='-3dB'>four <prosody rate='+25%' pitch='-12%'>five"
        "</prosody> <emphasis level='strong'>six</emphasis></prosody> seven<mark name='here'/>. "
        "<s>eight</s> nine</speak>";
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_utterance *u = read_ssml(a, ssml, &err);
    assert_non_null(u);
    assert_int_equal(u->word_count, 9);
    assert_int_equal(u->lead_ms, 250);
    assert_int_equal(u->words[0].pause_ms, 1500);
    assert_true(u->words[0].pause_asked);
    assert_int_equal(u->words[1].pause_ms, 0);
    assert_int_equal(u->words[1].after, DIO_BREAK_MINOR);
    assert_int_equal(u->words[2].pause_ms, 0);
    assert_false(u->words[2].pause_asked);
    assert_true(u->words[2].prosody.rate == 1.0f);
    assert_true(u->words[3].prosody.rate == 0.8f);
    assert_true(u->words[3].prosody.pitch_st == 2.0f);
    assert_true(u->words[3].prosody.volume_db == -3.0f);
    assert_float_equal(u->words[4].prosody.rate, 1.0f, 1e-6f);
    assert_float_equal(u->words[4].prosody.pitch_st, 2.0f - 2.21309f, 1e-4f);
    assert_int_equal(u->words[5].prosody.emphasis, DIO_EMPHASIS_STRONG);
    assert_true(u->words[5].prosody.rate == 0.8f);
    assert_int_equal(u->words[6].prosody.emphasis, DIO_EMPHASIS_NONE);
    assert_true(u->words[6].prosody.rate == 1.0f);
    assert_int_equal(u->words[6].after, DIO_BREAK_SENTENCE);
    assert_int_equal(u->words[7].after, DIO_BREAK_SENTENCE);
    assert_int_equal(u->sentence_count, 3);
    assert_int_equal(u->mark_count, 1);
    assert_string_equal(u->marks[0].name, "here");
    assert_int_equal(u->marks[0].word, 7);
    assert_memory_equal(ssml + u->words[4].begin, "five", 4);
    assert_int_equal(u->words[4].end - u->words[4].begin, 4);
    dio_arena_destroy(a);
}

static void entities_keep_their_bytes(void **state)
{
    (void)state;
    static const char ssml[] = "<speak>caf&#233; caf\xC3\xA9!</speak>";
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_utterance *u = read_ssml(a, ssml, &err);
    assert_non_null(u);
    assert_int_equal(u->word_count, 2);
    assert_int_equal(u->words[0].begin, 7);
    assert_int_equal(u->words[0].end, 16);
    assert_int_equal(u->words[1].begin, 17);
    assert_int_equal(u->words[1].end, 22);
    dio_arena_destroy(a);
}

static const struct {
    const char *ssml, *message;
    int line, column;
} refusals[] = {
    {"", "SSML begins with <speak>", 1, 1},
    {"Hello", "text outside of <speak>", 1, 1},
    {"<p>Hi</p>", "SSML begins with <speak>", 1, 1},
    {"<speak>Hi", "<speak> is never closed", 1, 1},
    {"<speak>Hi</speak>x", "text outside of <speak>", 1, 18},
    {"<speak></speak><speak/>", "there is one <speak>", 1, 16},
    {"<speak><speak/></speak>", "<speak> stands around everything, once", 1, 8},
    {"<speak>\n <audio src=\"x\"/></speak>",
     "<audio> is not read: there are speak, p, s, break, prosody, emphasis, sub, phoneme, "
     "say-as and mark",
     2, 2},
    {"<speak><prosdy rate=\"1\">a</prosdy></speak>",
     "<prosdy> is not read (did you mean prosody?): there are speak, p, s, break, prosody, "
     "emphasis, sub, phoneme, say-as and mark",
     1, 8},
    {"<speak><lang xml:lang=\"fr\">oui</lang></speak>",
     "<lang>: only English is spoken; give the phones of a foreign word with <phoneme>", 1, 8},
    {"<speak xml:lang=\"de\">ja</speak>", "xml:lang: \"de\": only English is spoken", 1, 8},
    {"<speak><break tme=\"1s\"/></speak>", "<break> has no attribute \"tme\" that is read", 1, 15},
    {"<speak><break time=\"1 min\"/></speak>",
     "time: \"1 min\" is no length of time: write 500ms or 1.5s", 1, 15},
    {"<speak><break time=\"61s\"/></speak>", "time: \"61s\" is above 60 seconds", 1, 15},
    {"<speak><break time=\"-1s\"/></speak>",
     "time: \"-1s\" is no length of time: write 500ms or 1.5s", 1, 15},
    {"<speak><break strength=\"huge\"/></speak>",
     "strength: \"huge\" is none of none, x-weak, weak, medium, strong, x-strong", 1, 15},
    {"<speak><break>x</break></speak>", "<break> holds nothing", 1, 15},
    {"<speak><prosody>x</prosody></speak>", "<prosody> needs rate, pitch or volume", 1, 8},
    {"<speak><prosody rate=\"quick\">x</prosody></speak>",
     "rate: \"quick\": write x-slow, slow, medium, fast, x-fast, 120%, +10% or 1.2", 1, 17},
    {"<speak><prosody rate=\"900%\">x</prosody></speak>",
     "rate: \"900%\" leaves 0.25 to 4 times as fast", 1, 17},
    {"<speak><prosody pitch=\"+20Hz\">x</prosody></speak>",
     "pitch: \"+20Hz\": write x-low, low, medium, high, x-high, +2st or -10%", 1, 17},
    {"<speak><prosody pitch=\"+30st\">x</prosody></speak>",
     "pitch: \"+30st\" leaves -24 to 24 semitones", 1, 17},
    {"<speak><prosody volume=\"50\">x</prosody></speak>",
     "volume: \"50\": write silent, x-soft, soft, medium, loud, x-loud or +6dB", 1, 17},
    {"<speak><sub>x</sub></speak>", "<sub> needs alias=\"...\"", 1, 8},
    {"<speak><sub alias=\"y\">x<break/></sub></speak>", "<sub> holds text only", 1, 24},
    {"<speak><sub alias=\"мир\">x</sub></speak>",
     "alias: U+043C \"м\" is Cyrillic: only English in Latin letters can be spoken; write it "
     "in "
     "Latin letters or give its phones",
     1, 25},
    {"<speak><phoneme alphabet=\"x-arpabet\" ph=\"HH QQ\">x</phoneme></speak>", NULL, 1, 38},
    {"<speak><phoneme alphabet=\"x-sampa\" ph=\"a\">x</phoneme></speak>",
     "alphabet: \"x-sampa\" is none of ipa, x-arpabet", 1, 17},
    {"<speak><say-as interpret-as=\"shout\">x</say-as></speak>",
     "interpret-as: \"shout\" is none of characters, spell-out, digits, cardinal, number, "
     "ordinal, date, time, telephone, currency",
     1, 16},
    {"<speak><s>a</p></speak>", "</p> closes <s>", 1, 12},
    {"<speak>a & b</speak>", "an & that begins no entity: write &amp;", 1, 10},
    {"<speak>a &nbsp; b</speak>",
     "&nbsp; is not known: there are &amp; &lt; &gt; &quot; &apos; and characters by number "
     "(&#233;)",
     1, 10},
    {"<speak>&#0;</speak>", "&#0; names no character", 1, 8},
    {"<speak>&#xD800;</speak>", "&#xD800; names no character", 1, 8},
    {"<speak>&#x110000;</speak>", "&#x110000; names no character", 1, 8},
    {"<speak>a < b</speak>", "a name is expected here; write &lt; for a < that begins no tag", 1,
     11},
    {"<!DOCTYPE speak [<!ENTITY a \"aaaa\">]><speak>&a;</speak>",
     "DOCTYPE is not read: remove it, and write characters in place of entities", 1, 1},
    {"<speak><?php ?></speak>", "declarations and processing instructions are not read", 1, 8},
    {"<speak><!-- x</speak>", "this comment is never closed by -->", 1, 8},
    {"<speak><break time=\"1s", "this quote is never closed", 1, 20},
    {"<speak><break time=1s/></speak>", "the value of an attribute stands in quotes", 1, 20},
    {"<speak><break time/></speak>", "\"time\" has no value: write time=\"...\"", 1, 19},
    {"<speak><break time='1s' time='2s'/></speak>", "<break> has \"time\" twice", 1, 25},
    {"<speak>\nок</speak>",
     "U+043E \"о\" is Cyrillic: only English in Latin letters can be spoken; write it in Latin "
     "letters or give its phones",
     2, 1},
    {"<speak>a [[QQ]]</speak>", NULL, 1, 10},
    {"<speak>a [[HH AH0</speak>",
     "the [[ that begins phones here is not closed by ]] within 1024 bytes: close it, or remove it",
     1, 10},
};

static void what_is_not_read_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        dio_utterance *u = read_ssml(a, refusals[i].ssml, &err);
        if (u || err.line != refusals[i].line || err.column != refusals[i].column ||
            (refusals[i].message && strcmp(err.message, refusals[i].message) != 0))
            fprintf(stderr, "%s\n  %d:%d: %s\n", refusals[i].ssml, err.line, err.column,
                    err.message);
        assert_null(u);
        if (refusals[i].message)
            assert_string_equal(err.message, refusals[i].message);
        assert_int_equal(err.line, refusals[i].line);
        assert_int_equal(err.column, refusals[i].column);
        assert_string_equal(err.file, "ssml");
        dio_arena_destroy(a);
    }
}

static void bombs_are_refused_before_they_go_off(void **state)
{
    (void)state;
    dio_str text = {0};
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_str_puts(&text, "<speak>");
    for (int i = 0; i < 30; i++)
        dio_str_puts(&text, "<emphasis>");
    assert_null(read_ssml(a, text.text, &err));
    assert_string_equal(err.message, "more than 16 elements within each other");
    dio_str_clear(&text);
    err = (dio_error){0};
    dio_str_puts(&text, "<speak>");
    for (int i = 0; i < 60000; i++)
        dio_str_puts(&text, "<break/>");
    assert_null(read_ssml(a, text.text, &err));
    assert_string_equal(err.message, "more than 50000 tags");
    dio_str_clear(&text);
    err = (dio_error){0};
    dio_str_puts(&text, "<speak><sub alias=\"");
    for (int i = 0; i < 2000; i++)
        dio_str_putc(&text, 'x');
    dio_str_puts(&text, "\">y</sub></speak>");
    assert_null(read_ssml(a, text.text, &err));
    assert_string_equal(err.message, "a value longer than 1024 bytes");
    dio_str_clear(&text);
    err = (dio_error){0};
    dio_str_puts(&text, "<speak>");
    for (int i = 0; i < 80000; i++)
        dio_str_puts(&text, "<![CDATA[]]>");
    dio_str_puts(&text, "hi</speak>");
    assert_non_null(read_ssml(a, text.text, &err));
    dio_str_clear(&text);
    dio_str_puts(&text, "<speak>");
    for (int i = 0; i < 9; i++)
        dio_str_printf(&text, "<break time='60s' strength='%s'/>", i % 2 ? "weak" : "none");
    dio_str_puts(&text, "hi</speak>");
    dio_utterance *u = read_ssml(a, text.text, &err);
    assert_non_null(u);
    assert_int_equal(u->lead_ms, 60000);
    dio_str_deinit(&text);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_say_what_they_should),
        cmocka_unit_test(pauses_and_prosody_reach_the_words),
        cmocka_unit_test(entities_keep_their_bytes),
        cmocka_unit_test(what_is_not_read_is_refused_with_its_place),
        cmocka_unit_test(bombs_are_refused_before_they_go_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
