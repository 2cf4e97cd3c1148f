/* test_utterance.c: sentences, words, syllables and phones hang together; explain; empty, tiny,
 * long and all-punctuation inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/phones/utterance.h"
#include "base/str.h"

static dio_utterance *read_text(dio_arena *a, const char *text)
{
    dio_error err = {0};
    dio_utterance *u = dio_utterance_read(a, text, strlen(text), NULL, &err);
    assert_non_null(u);
    return u;
}

/* Everything lies in order and nothing is left over. */
static void check(const dio_utterance *u, size_t length)
{
    int word = 0, syllable = 0, phone = 0;
    for (int i = 0; i < u->sentence_count; i++) {
        assert_int_equal(u->sentences[i].first, word);
        assert_true(u->sentences[i].count > 0);
        word += u->sentences[i].count;
    }
    assert_int_equal(word, u->word_count);
    for (int i = 0; i < u->word_count; i++) {
        const dio_word *w = &u->words[i];
        assert_true(w->begin <= w->end && w->end <= length);
        assert_true(i == 0 || (w->begin >= u->words[i - 1].begin && w->piece >= w[-1].piece));
        assert_int_equal(w->first_syllable, syllable);
        assert_int_equal(w->first_phone, phone);
        assert_true(w->phones > 0 && w->syllables > 0 && *w->spoken);
        syllable += w->syllables;
        phone += w->phones;
    }
    assert_int_equal(syllable, u->syllable_count);
    assert_int_equal(phone, u->phone_count);
    phone = 0;
    for (int i = 0; i < u->syllable_count; i++) {
        assert_int_equal(u->syllables[i].first, phone);
        assert_true(u->syllables[i].count > 0);
        phone += u->syllables[i].count;
    }
    assert_int_equal(phone, u->phone_count);
    for (int i = 0; i < u->phone_count; i++)
        assert_true(u->phones[i] > DIO_PHONE_pau && u->phones[i] < DIO_PHONES && u->stress[i] <= 1);
}

static void a_text_becomes_sentences_of_words(void **state)
{
    (void)state;
    static const char text[] = "Only $5 today! Call 555-0199.\n\nWhy wait?";
    dio_arena *a = dio_arena_create();
    dio_utterance *u = read_text(a, text);
    check(u, strlen(text));
    assert_int_equal(u->sentence_count, 3);
    assert_int_equal(u->word_count, 14);
    assert_int_equal(u->sentences[0].mark, '!');
    assert_int_equal(u->sentences[1].mark, '.');
    assert_int_equal(u->sentences[2].mark, '?');
    assert_int_equal(u->words[1].piece, u->words[2].piece); /* five dollars */
    assert_memory_equal(text + u->words[2].begin, "$5", 2);
    assert_int_equal(u->words[3].pause_ms, 450);
    assert_int_equal(u->words[7].after, DIO_BREAK_MINOR); /* between the groups of the number */
    assert_int_equal(u->words[7].pause_ms, 200);
    assert_int_equal(u->words[11].after, DIO_BREAK_PARAGRAPH);
    assert_int_equal(u->words[11].pause_ms, 700);
    dio_utterance_options options = {.break_ms = {[DIO_BREAK_SENTENCE] = 900}};
    dio_error err = {0};
    u = dio_utterance_read(a, text, strlen(text), &options, &err);
    assert_int_equal(u->words[3].pause_ms, 900);
    dio_arena_destroy(a);
}

static void phones_stand_where_they_are_given(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_utterance *u = read_text(a, "Say [[D AY0 ER0 AE1 M AH0]]!");
    check(u, strlen("Say [[D AY0 ER0 AE1 M AH0]]!"));
    assert_int_equal(u->word_count, 2);
    assert_int_equal(u->words[1].phones, 6);
    assert_int_equal(u->words[1].syllables, 4);
    assert_int_equal(u->words[1].from, DIO_FROM_TEXT);
    static const char wrong[] = "Hello,\n  [[D AY0 ER9]] there";
    assert_null(dio_utterance_read(a, wrong, strlen(wrong), NULL, &err));
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    assert_non_null(strstr(err.message, "\"ER9\" is no phone of ARPAbet"));
    dio_arena_destroy(a);
}

static void explain_shows_text_words_and_phones(void **state)
{
    (void)state;
    static const char text[] = "Dr. Lee paid $5.";
    dio_arena *a = dio_arena_create();
    assert_string_equal(
        dio_utterance_explain(a, read_text(a, text), text),
        "1 sentences, 5 words, 18 phones\n"
        "sentence 1\n"
        "  Dr.                  brief      doctor           d aa1 k . t er0  [letters]\n"
        "  Lee                  word       lee              l iy1  [letters]\n"
        "  paid                 word       paid             p ey1 d  [letters]\n"
        "  $5                   money      five             f ay1 v  [letters]\n"
        "                                  dollars          d aa1 . l er0 z  [letters]\n"
        "  .                    sentence, pause 450 ms\n");
    dio_arena_destroy(a);
}

static void any_length_behaves(void **state)
{
    (void)state;
    static const char *const nothing[] = {"",   " ", "...",  "?!?!", "\n\n\n",
                                          "——", "🎉", "\"\"", "()"};
    dio_arena *a = dio_arena_create();
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        dio_utterance *u = read_text(a, nothing[i]);
        assert_int_equal(u->word_count, 0);
        assert_int_equal(u->sentence_count, 0);
        assert_non_null(dio_utterance_explain(a, u, nothing[i]));
    }
    for (char c = ' '; c < 0x7F; c++) {
        char one[2] = {c, 0};
        check(read_text(a, one), 1);
    }
    dio_str text = {0};
    for (int i = 0; i < 2000; i++)
        dio_str_puts(&text, i % 5 ? "record " : "read, ");
    dio_utterance *u = read_text(a, text.text);
    check(u, text.length);
    assert_int_equal(u->word_count, 2000);
    assert_int_equal(u->sentence_count, 1);
    dio_str_clear(&text);
    for (int i = 0; i < 3000; i++)
        dio_str_putc(&text, "bcdfgae"[i % 7]);
    check(read_text(a, text.text), text.length);
    dio_str_deinit(&text);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_becomes_sentences_of_words),
        cmocka_unit_test(phones_stand_where_they_are_given),
        cmocka_unit_test(explain_shows_text_words_and_phones),
        cmocka_unit_test(any_length_behaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
