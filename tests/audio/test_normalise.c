/* test_normalise.c: every line of normalise_cases.txt says what it should; rules, breaks and spans
 * of a few; what is refused, with its sentence; long and empty texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audio/phones/normalise.h"
#include "base/file.h"
#include "base/str.h"

enum { LEAST_CASES = 300 };

static bool normalise(dio_arena *a, const char *text, dio_spoken *out, dio_error *err)
{
    dio_normalise_input in = {.text = text, .length = strlen(text)};
    return dio_normalise(a, &in, out, err);
}

static void join(const dio_spoken *s, dio_str *out)
{
    for (int i = 0; i < s->count; i++)
        for (int k = 0; k < s->items[i].count; k++) {
            if (out->length)
                dio_str_putc(out, ' ');
            dio_str_puts(out, s->items[i].words[k]);
        }
}

/* "\n" in the file stands for the end of a line. */
static void unescape(char *text)
{
    char *to = text;
    for (; *text; text++)
        if (text[0] == '\\' && text[1] == 'n')
            *to++ = '\n', text++;
        else
            *to++ = *text;
    *to = '\0';
}

static bool case_holds(char *line)
{
    char *tab = strchr(line, '\t');
    assert_non_null(tab);
    *tab = '\0';
    unescape(line);
    dio_arena *a = dio_arena_create();
    dio_spoken s;
    dio_str said = {0};
    dio_error err = {0};
    bool good = normalise(a, line, &s, &err);
    join(&s, &said);
    if (!good || strcmp(said.text ? said.text : "", tab + 1) != 0) {
        fprintf(stderr, "\"%s\"\n  wants: %s\n  says:  %s%s\n", line, tab + 1,
                good && said.text ? said.text : "", err.message);
        good = false;
    }
    dio_str_deinit(&said);
    dio_arena_destroy(a);
    return good;
}

static void cases_are_said_as_written_down(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    size_t length;
    int count = 0, wrong = 0;
    char *text = dio_file_read(a, "tests/audio/normalise_cases.txt", 1 << 20, &length, &err), *next;
    assert_non_null(text);
    for (char *line = text; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (*line == '\0' || (*line == '#' && !strchr(line, '\t')))
            continue;
        count++;
        wrong += !case_holds(line);
    }
    print_message("%d cases, %d wrong\n", count, wrong);
    assert_true(count >= LEAST_CASES);
    assert_int_equal(wrong, 0);
    dio_arena_destroy(a);
}

static void pieces_know_their_rule_break_and_source(void **state)
{
    (void)state;
    static const char text[] = "Was $49.95 — “now” 20% off! Why wait?";
    static const struct {
        const char *source, *rule;
        dio_break after;
        char mark;
    } want[] = {
        {"Was", "word", DIO_BREAK_NONE, 0},        {"$49.95", "money", DIO_BREAK_MINOR, ','},
        {"now", "word", DIO_BREAK_NONE, 0},        {"20%", "percent", DIO_BREAK_NONE, 0},
        {"off", "word", DIO_BREAK_SENTENCE, '!'},  {"Why", "word", DIO_BREAK_NONE, 0},
        {"wait", "word", DIO_BREAK_SENTENCE, '?'},
    };
    dio_arena *a = dio_arena_create();
    dio_spoken s;
    dio_error err = {0};
    assert_true(normalise(a, text, &s, &err));
    assert_int_equal(s.count, 7);
    for (int i = 0; i < s.count; i++) {
        const dio_said *p = &s.items[i];
        assert_int_equal(p->end - p->begin, strlen(want[i].source));
        assert_memory_equal(text + p->begin, want[i].source, p->end - p->begin);
        assert_string_equal(p->rule, want[i].rule);
        assert_int_equal(p->after, want[i].after);
        assert_int_equal(p->mark, want[i].mark);
    }
    dio_arena_destroy(a);
}

static void forced_pieces_are_read_as_asked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dio_reading reading;
        const char *value, *words;
    } cases[] = {
        {"NASA4", DIO_READ_CHARACTERS, "", "N A S A four"},
        {"1234", DIO_READ_DIGITS, "", "one two three four"},
        {"1999", DIO_READ_CARDINAL, "", "one thousand nine hundred ninety nine"},
        {"-12", DIO_READ_CARDINAL, "", "minus twelve"},
        {"XII", DIO_READ_CARDINAL, "", "X I I"},
        {"7", DIO_READ_ORDINAL, "", "seventh"},
        {"3/4/2026", DIO_READ_DATE, "dmy", "april third twenty twenty six"},
        {"3/4/2026", DIO_READ_DATE, "", "march fourth twenty twenty six"},
        {"8:05", DIO_READ_TIME, "", "eight oh five"},
        {"5550199", DIO_READ_TELEPHONE, "", "five five five zero one nine nine"},
        {"$5", DIO_READ_CURRENCY, "", "five dollars"},
        {"soon", DIO_READ_DATE, "", "soon"},
        {"H&M", DIO_READ_ALIAS, "H and $5", "H and five dollars"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_forced f = {0, strlen(cases[i].text), cases[i].reading, cases[i].value, ""};
        if (cases[i].reading == DIO_READ_DATE)
            f.format = cases[i].value;
        dio_normalise_input in = {
            .text = cases[i].text, .length = f.end, .forced = &f, .forced_count = 1};
        dio_spoken s;
        dio_error err = {0};
        dio_str said = {0};
        assert_true(dio_normalise(a, &in, &s, &err));
        assert_int_equal(s.count, 1);
        join(&s, &said);
        assert_string_equal(said.text, cases[i].words);
        dio_str_deinit(&said);
        dio_arena_destroy(a);
    }
}

static void what_cannot_be_said_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        int line, column;
    } cases[] = {
        {"Hi\nи",
         "U+0438 \"и\" is Cyrillic: only English in Latin letters can be spoken; write it "
         "in Latin letters or give its phones",
         2, 1},
        {"ad 中文",
         "U+4E2D \"中\" is Han: only English in Latin letters can be spoken; write it in "
         "Latin letters or give its phones",
         1, 4},
        {"שלום",
         "U+05E9 \"ש\" is Hebrew: only English in Latin letters can be spoken; write it in "
         "Latin letters or give its phones",
         1, 1},
        {"a\x01", "U+0001 is a control character: remove it", 1, 2},
        {"a \xff", "the text is not UTF-8 at byte 2", 1, 3},
        {"1 ∮ 2",
         "U+222E \"∮\" is no character that the English rules can say: write it in words "
         "or remove it",
         1, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_spoken s;
        dio_error err = {0};
        assert_false(normalise(a, cases[i].text, &s, &err));
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        dio_arena_destroy(a);
    }
}

static void any_length_is_fine(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_spoken s;
    dio_error err = {0};
    assert_true(normalise(a, "", &s, &err));
    assert_int_equal(s.count, 0);
    assert_true(normalise(a, "x", &s, &err));
    assert_int_equal(s.count, 1);
    dio_str text = {0};
    for (int i = 0; i < 2000; i++)
        dio_str_puts(&text, i % 7 ? "lamp " : "42 ");
    assert_true(normalise(a, text.text, &s, &err));
    assert_int_equal(s.count, 2000);
    dio_str_clear(&text);
    for (int i = 0; i < 3000; i++)
        dio_str_puts(&text, "?!.,");
    assert_true(normalise(a, text.text, &s, &err));
    assert_int_equal(s.count, 0);
    dio_str_clear(&text);
    for (int i = 0; i < 2000; i++)
        dio_str_puts(&text, "a1-.$(");
    assert_true(normalise(a, text.text, &s, &err));
    dio_str_clear(&text);
    for (int i = 0; i <= DIO_SPEECH_BYTES; i++)
        dio_str_putc(&text, 'a');
    assert_false(normalise(a, text.text, &s, &err));
    assert_string_equal(err.message, "the text has 1048577 bytes; at most 1048576 are spoken in "
                                     "one call: cut it at the end of a sentence");
    dio_str_deinit(&text);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_said_as_written_down),
        cmocka_unit_test(pieces_know_their_rule_break_and_source),
        cmocka_unit_test(forced_pieces_are_read_as_asked),
        cmocka_unit_test(what_cannot_be_said_is_named),
        cmocka_unit_test(any_length_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
