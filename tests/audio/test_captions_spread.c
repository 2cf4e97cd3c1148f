/* test_captions_spread.c: a translation gets the times of what is spoken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "audio/captions.h"
#include "audio/captions_spread.h"

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

/* Two sentences, at 1 to 3 and at 4 to 5 seconds. */
static const dio_times *spoken(void)
{
    static dio_timed_word words[] = {
        {"Read", 1000, 2000, 0}, {"on.", 2000, 3000, 0}, {"Sleep.", 4000, 5000, 1}};
    static dio_timed_sentence sentences[] = {{1000, 3000, 0, 2}, {4000, 5000, 2, 1}};
    static const dio_times t = {.rate = 1000,
                                .length = 6000,
                                .words = words,
                                .sentences = sentences,
                                .n_words = 3,
                                .n_sentences = 2};
    return &t;
}

static void in_order(const dio_times *t, int64_t start, int64_t end)
{
    assert_int_equal(t->words[0].start, start);
    assert_int_equal(t->words[t->n_words - 1].end, end);
    for (int i = 0; i < t->n_words; i++) {
        assert_true(t->words[i].start < t->words[i].end);
        assert_true(i == 0 || t->words[i].start >= t->words[i - 1].end);
    }
}

static void sentence_goes_to_sentence(void **state)
{
    dio_error err = {0};
    const dio_times *t =
        dio_times_spread(*state, " Lies\tnoch  weiter!\nSchlaf gut", spoken(), &err);
    assert_non_null(t);
    assert_int_equal(t->n_sentences, 2);
    assert_int_equal(t->n_words, 5);
    in_order(t, 1000, 5000);
    assert_int_equal(t->words[2].end, 3000);
    assert_int_equal(t->words[3].start, 4000);
    /* "Lies" has 5 parts of 5 + 5 + 8: its letters, and a space. */
    assert_int_equal(t->words[0].end, 1556);
    assert_int_equal(t->sentences[1].first, 3);
    assert_int_equal(t->sentences[1].start, 4000);
}

static void other_counts_go_over_all(void **state)
{
    dio_error err = {0};
    const dio_times *t = dio_times_spread(*state, "Eins. Zwei. Drei.", spoken(), &err);
    assert_int_equal(t->n_sentences, 3);
    in_order(t, 1000, 5000);
    assert_int_equal(t->words[1].start, 1000 + 4000 / 3);
    const dio_times *alone = dio_times_spread_over(*state, "Eins zwei.", 0.5, 2, &err);
    assert_int_equal(alone->rate, 48000);
    in_order(alone, 24000, 120000);
    assert_int_equal(alone->length, 120000);
}

/* What comes of it can be cut and written as any captions. */
static void captions_follow(void **state)
{
    dio_error err = {0};
    dio_caption_rules rules = dio_caption_rules_default();
    const dio_times *t = dio_times_spread(*state, "Lies weiter. Schlaf。", spoken(), &err);
    const dio_captions *c = dio_captions_cut(*state, t, &rules, &err);
    assert_int_equal(c->count, 2);
    assert_string_equal(c->cues[0].text, "Lies weiter.");
    assert_true(c->cues[1].start == 4.0);
    dio_error_clear(&err);
    assert_non_null(dio_times_read(*state, dio_times_value(*state, t), &err));
}

static void what_has_no_words_is_refused(void **state)
{
    dio_error err = {0};
    const dio_times silent = {.rate = 1000, .length = 1000};
    assert_null(dio_times_spread(*state, " \n\t", spoken(), &err));
    assert_string_equal(err.message, "the text has no words");
    dio_error_clear(&err);
    assert_null(dio_times_spread(*state, "word", &silent, &err));
    assert_string_equal(err.message, "nothing is spoken that the text could follow");
    dio_error_clear(&err);
    char *many = dio_arena_try(*state, 2 * DIO_SPREAD_WORDS + 8);
    for (int i = 0; i <= DIO_SPREAD_WORDS; i++)
        memcpy(many + 2 * i, "a ", 3);
    assert_null(dio_times_spread(*state, many, spoken(), &err));
    assert_string_equal(err.message, "the text has more than 20000 words");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_goes_to_sentence),
        cmocka_unit_test(other_counts_go_over_all),
        cmocka_unit_test(captions_follow),
        cmocka_unit_test(what_has_no_words_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
