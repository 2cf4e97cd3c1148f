/* test_phones.c: phones by name and by IPA, syllables, the dictionary and its letters, heteronyms
 * in their sentences (heteronym_cases.txt), possessives, lexicon files and what is wrong with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audio/phones/dictionary.h"
#include "audio/phones/utterance.h"
#include "base/file.h"
#include "base/str.h"

static const char *spoken(const char *text, const char *wanted, char *out, size_t size)
{
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    dio_pronunciation p = {0};
    dio_utterance *u = dio_utterance_read(a, text, strlen(text), NULL, &err);
    assert_non_null(u);
    *out = '\0';
    for (int i = 0; i < u->word_count; i++) {
        const dio_word *w = &u->words[i];
        if (strcmp(w->spoken, wanted) != 0)
            continue;
        for (int k = 0; k < w->phones; k++)
            dio_pronunciation_add(&p, u->phones[w->first_phone + k], u->stress[w->first_phone + k]);
        dio_phones_write(&p, out, size);
        break;
    }
    dio_arena_destroy(a);
    return out;
}

static void phones_are_read_in_arpabet_and_ipa(void **state)
{
    (void)state;
    static const struct {
        const char *arpabet, *ipa, *phones;
    } cases[] = {
        {"HH AH0 L OW1", "həˈloʊ", "hh ax0 l ow1"},
        {"t er1 n", "tɜːn", "t er1 n"},
        {"K AE T", "kæt", "k ae1 t"},
        {"P IH0 . K AA1 N", "pɪˈkɑːn", "p ih0 k aa1 n"},
        {"CH ER1 CH", "ˈt͡ʃɝt͡ʃ", "ch er1 ch"},
        {"b aa1 d el", "ˈbɒdl̩", "b aa1 d ax0 l"},
        {"V IH1 ZH AX N", "ˈvɪʒən", "v ih1 zh ax0 n"},
        {"JH AW2 L", "/dʒaʊl/", "jh aw1 l"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        dio_pronunciation p;
        char text[256];
        assert_true(dio_phones_read(cases[i].arpabet, strlen(cases[i].arpabet), &p, &err));
        dio_phones_write(&p, text, sizeof text);
        assert_string_equal(text, cases[i].phones);
        assert_true(dio_phones_read_ipa(cases[i].ipa, strlen(cases[i].ipa), &p, &err));
        dio_phones_write(&p, text, sizeof text);
        assert_string_equal(text, cases[i].phones);
    }
}

static void wrong_phones_are_named(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_pronunciation p;
    assert_false(dio_phones_read("HH QX", 5, &p, &err));
    assert_non_null(strstr(err.message, "\"QX\" is no phone of ARPAbet (AA AE"));
    err = (dio_error){0};
    assert_false(dio_phones_read("T1", 2, &p, &err));
    assert_string_equal(err.message, "phones: \"T1\": only vowels have stress");
    err = (dio_error){0};
    assert_false(dio_phones_read(" . ", 3, &p, &err));
    assert_string_equal(err.message, "phones: there are none: write for example HH AH0 L OW1");
    err = (dio_error){0};
    char many[400] = "";
    for (int i = 0; i < 65; i++)
        strcat(many, "s ");
    assert_false(dio_phones_read(many, strlen(many), &p, &err));
    assert_string_equal(err.message, "phones: one word has at most 64 of them");
    err = (dio_error){0};
    assert_false(dio_phones_read_ipa("ça", 3, &p, &err));
    assert_string_equal(err.message, "phones: \"ç\" (U+00E7) is no sound of English in the "
                                     "International Phonetic Alphabet");
}

static void every_phone_has_a_name_that_finds_it(void **state)
{
    (void)state;
    assert_int_equal(DIO_PHONES, 41);
    assert_int_equal(DIO_PHONE_pau, 0);
    for (int i = 0; i < DIO_PHONES; i++) {
        const char *name = dio_phone_name(i);
        assert_int_equal(dio_phone_find(name, strlen(name)), i);
        dio_error err = {0};
        dio_pronunciation p;
        const char *ipa = dio_phone_ipa(i);
        if (i == DIO_PHONE_pau)
            continue;
        assert_true(dio_phones_read_ipa(ipa, strlen(ipa), &p, &err));
        assert_int_equal(p.count, 1);
        assert_int_equal(p.phones[0], i);
    }
}

static void syllables_take_the_consonants_they_may(void **state)
{
    (void)state;
    static const struct {
        const char *phones;
        int count, starts[6];
    } cases[] = {
        {"AH0 B AE1 N D AH0 N", 3, {0, 1, 4}},
        {"EH1 K S T R AH0", 2, {0, 2}},
        {"S IH1 NG IH0 NG", 2, {0, 3}},
        {"S T R EH1 NG K TH", 1, {0}},
        {"S", 1, {0}},
        {"AY1 D IY1 AX0", 3, {0, 1, 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        dio_pronunciation p;
        uint8_t starts[DIO_WORD_PHONES];
        assert_true(dio_phones_read(cases[i].phones, strlen(cases[i].phones), &p, &err));
        assert_int_equal(dio_syllables(&p, starts), cases[i].count);
        for (int k = 0; k < cases[i].count; k++)
            assert_int_equal(starts[k], cases[i].starts[k]);
    }
}

static void dictionary_and_letters_agree_with_the_cmu_dictionary(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        char tag;
        bool listed;
        const char *phones, *tags;
    } cases[] = {
        {"hello", '0', true, "hh ax0 l ow1", "0"},
        {"record", 'n', true, "r eh1 k er0 d", "nv"},
        {"record", 'v', true, "r ax0 k ao1 r d", "nv"},
        {"read", 'v', true, "r eh1 d", "0"},
        {"the", '0', false, "dh ax0", ""},
        {"wonderful", '0', false, "w ah1 n d er0 f ax0 l", ""},
        {"exact", '0', false, "ih0 g z ae1 k t", ""},
        {"zzz", '0', false, "z", ""},
        {"", '0', false, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_pronunciation p;
        char tags[8] = "", text[256];
        bool listed = dio_dictionary_find(cases[i].word, cases[i].tag, &p, tags);
        assert_int_equal(listed, cases[i].listed);
        if (!listed)
            dio_letters_read(cases[i].word, &p);
        dio_phones_write(&p, text, sizeof text);
        if (strcmp(cases[i].word, "zzz") != 0)
            assert_string_equal(text, cases[i].phones);
        if (listed)
            assert_string_equal(tags, cases[i].tags);
    }
}

static void heteronyms_follow_their_sentence(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    size_t length;
    int count = 0, wrong = 0;
    char *text = dio_file_read(a, "tests/audio/heteronym_cases.txt", 1 << 20, &length, &err), *next;
    assert_non_null(text);
    for (char *line = text; line && *line; line = next) {
        char out[256], *word, *phones;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (*line == '#')
            continue;
        word = strchr(line, '\t');
        assert_non_null(word);
        *word++ = '\0';
        phones = strchr(word, '\t');
        assert_non_null(phones);
        *phones++ = '\0';
        count++;
        if (strcmp(spoken(line, word, out, sizeof out), phones) != 0) {
            fprintf(stderr, "%s\n  \"%s\" wants %s, says %s\n", line, word, phones, out);
            wrong++;
        }
    }
    print_message("%d sentences, %d wrong\n", count, wrong);
    assert_true(count > 60);
    assert_int_equal(wrong, 0);
    dio_arena_destroy(a);
}

static void apostrophes_are_heard(void **state)
{
    (void)state;
    static const struct {
        const char *word, *phones;
    } cases[] = {
        {"jane's", "jh ey1 n z"},    {"cat's", "k ae1 t s"},
        {"boss's", "b aa1 s ax0 z"}, {"judge's", "jh ah1 jh ax0 z"},
        {"don't", "d ow1 n t"},      {"lamp'll", "l ae1 m p ax0 l"},
        {"who've", "hh uw1 v"},      {"o'clock", "ax0 k l aa1 k"},
        {"dogs", "d aa1 g z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[256];
        assert_string_equal(spoken(cases[i].word, cases[i].word, out, sizeof out), cases[i].phones);
    }
    char out[256];
    assert_string_equal(spoken("Two CEOs.", "O's", out, sizeof out), "ow1 z");
    assert_string_equal(spoken("WWW", "W", out, sizeof out), "d ah1 b ax0 l y uw0");
}

static void lexicons_come_before_everything(void **state)
{
    (void)state;
    static const char user[] = "\xEF\xBB\xBF# ours\n\nLumo\tL UW1 M OW0\r\nq4\tK Y UW1 F AO1 R\n"
                               "caf\xC3\xA9\tK AE1 F EY0\nnasa\tN AA1 S AA0";
    static const char project[] = "lumo\tX\n";
    static const char other[] = "lumo\tL AH1 M OW0\nat&t\tEY1 T IY1\n";
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    assert_null(dio_speech_lexicon_parse(a, "p.txt", project, strlen(project), &err));
    assert_string_equal(err.file, "p.txt");
    assert_int_equal(err.line, 1);
    err = (dio_error){0};
    dio_utterance_options options = {
        .user = dio_speech_lexicon_parse(a, "u.txt", user, strlen(user), &err),
        .project = dio_speech_lexicon_parse(a, "o.txt", other, strlen(other), &err)};
    assert_non_null(options.user);
    assert_non_null(options.project);
    assert_int_equal(dio_speech_lexicon_count(options.user), 4);
    static const char text[] = "LUMO Q4 café, NASA at AT&T.";
    dio_utterance *u = dio_utterance_read(a, text, strlen(text), &options, &err);
    static const struct {
        const char *spoken, *rule;
        dio_word_source from;
        int phones;
    } want[] = {
        {"lumo", "entry", DIO_FROM_USER, 4}, {"q4", "entry", DIO_FROM_USER, 6},
        {"cafe", "entry", DIO_FROM_USER, 4}, {"nasa", "entry", DIO_FROM_USER, 4},
        {"at", "word", DIO_FROM_LETTERS, 2}, {"at&t", "entry", DIO_FROM_PROJECT, 3},
    };
    assert_non_null(u);
    assert_int_equal(u->word_count, 6);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(u->words[i].spoken, want[i].spoken);
        assert_string_equal(u->words[i].rule, want[i].rule);
        assert_int_equal(u->words[i].from, want[i].from);
        assert_int_equal(u->words[i].phones, want[i].phones);
    }
    dio_arena_destroy(a);
}

static void wrong_lexicons_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int line;
    } cases[] = {
        {"a\tEY1\nlumo L UW1",
         "no tab: a line is a word, a tab and its phones (lumo<TAB>L UW1 M "
         "OW0)",
         2},
        {"a b\tEY1",
         "the word \"a b\" has other characters than letters, digits and - ' . & + / "
         "inside",
         1},
        {"\tEY1", "there is no word before the tab", 1},
        {"x\tEY1\n\ny\tEY1\nX\tEH1", "\"x\" is there twice, first in line 1: keep one", 4},
        {"x\t", "phones: there are none: write for example HH AH0 L OW1", 1},
        {"x\tEY1 \xff", "the lexicon is not UTF-8 at byte 6", 0},
        {"мир\tM IY1 R",
         "the word \"мир\" has other characters than letters, digits and - ' . & + "
         "/ inside",
         1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_null(
            dio_speech_lexicon_parse(a, "l.txt", cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.line, cases[i].line);
        dio_arena_destroy(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_are_read_in_arpabet_and_ipa),
        cmocka_unit_test(wrong_phones_are_named),
        cmocka_unit_test(every_phone_has_a_name_that_finds_it),
        cmocka_unit_test(syllables_take_the_consonants_they_may),
        cmocka_unit_test(dictionary_and_letters_agree_with_the_cmu_dictionary),
        cmocka_unit_test(heteronyms_follow_their_sentence),
        cmocka_unit_test(apostrophes_are_heard),
        cmocka_unit_test(lexicons_come_before_everything),
        cmocka_unit_test(wrong_lexicons_are_refused_with_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
