/* scan.c: looking at the clean text, and keeping what is said. */
#include "audio/phones/scan.h"

#include <string.h>

bool dio_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool dio_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool dio_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

bool dio_is_alpha(char c)
{
    return dio_is_upper(c) || dio_is_lower(c);
}

bool dio_is_alnum(char c)
{
    return dio_is_alpha(c) || dio_is_digit(c);
}

char dio_to_lower(char c)
{
    return dio_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

char dio_scan_at(const struct scan *s, size_t i)
{
    return i < s->n ? s->text[i] : '\0';
}

bool dio_scan_is(const struct scan *s, size_t i, const char *literal)
{
    size_t k = strlen(literal);
    return i <= s->n && k <= s->n - i && memcmp(s->text + i, literal, k) == 0;
}

bool dio_scan_says(const struct scan *s, size_t i, const char *literal)
{
    for (; *literal; literal++, i++)
        if (dio_to_lower(dio_scan_at(s, i)) != dio_to_lower(*literal))
            return false;
    return true;
}

size_t dio_scan_letters(const struct scan *s, size_t i)
{
    for (size_t most = i + SCAN_RUN; i < most && dio_is_alpha(dio_scan_at(s, i));)
        i++;
    return i;
}

size_t dio_scan_digits(const struct scan *s, size_t i)
{
    for (size_t most = i + SCAN_RUN; i < most && dio_is_digit(dio_scan_at(s, i));)
        i++;
    return i;
}

size_t dio_scan_spaces(const struct scan *s, size_t i)
{
    while (dio_scan_at(s, i) == ' ')
        i++;
    return i;
}

bool dio_scan_ends(const struct scan *s, size_t i)
{
    return !dio_is_alnum(dio_scan_at(s, i));
}

bool dio_scan_begins(const struct scan *s, size_t i)
{
    return i == 0 || !dio_is_alnum(s->text[i - 1]);
}

size_t dio_scan_dash(const struct scan *s, size_t i, bool *wide)
{
    *wide = true;
    if (dio_scan_is(s, i, "–") || dio_scan_is(s, i, "—"))
        return 3;
    if (dio_scan_is(s, i, "--"))
        return 2;
    *wide = false;
    return dio_scan_at(s, i) == '-';
}

size_t dio_scan_dot(const struct scan *s, size_t i)
{
    if (dio_scan_at(s, i) != '.')
        return i;
    size_t next = i + 1;
    while (strchr("\"')]", dio_scan_at(s, next)) && dio_scan_at(s, next))
        next++;
    if (dio_scan_at(s, next) == '\0' || dio_scan_at(s, next) == '\n')
        return i;
    next = dio_scan_spaces(s, next);
    return dio_is_upper(dio_scan_at(s, next)) || !dio_scan_at(s, next) ? i : i + 1;
}

int dio_scan_find(const struct scan *s, size_t begin, size_t end, const char *const *list,
                  int count)
{
    for (int i = 0; i < count; i++)
        if (strlen(list[i]) == end - begin && dio_scan_says(s, begin, list[i]))
            return i;
    return -1;
}

const char *dio_scan_last(const struct scan *s)
{
    return s->count ? s->words[s->count - 1] : "";
}

bool dio_word_in(const char *word, const char *const *list, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, list[i]) == 0)
            return true;
    return false;
}

static void add(struct scan *s, const char *word, size_t n)
{
    char *kept = dio_arena_strndup(s->arena, word, n);
    if (!kept || !dio_arena_grow(s->arena, &s->words, s->count, &s->cap, sizeof *s->words)) {
        s->failed = true;
        return;
    }
    s->words[s->count++] = kept;
}

void dio_say_text(struct scan *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && text[end] != ' ')
            end++;
        for (; end - i > DIO_SPEECH_WORD; i += DIO_SPEECH_WORD)
            add(s, text + i, DIO_SPEECH_WORD);
        if (end > i)
            add(s, text + i, end - i);
        i = end + 1;
    }
}

void dio_say(struct scan *s, const char *words)
{
    dio_say_text(s, words, strlen(words));
}

void dio_say_word(struct scan *s, size_t begin, size_t end)
{
    char word[DIO_SPEECH_WORD];
    while (begin < end) {
        size_t n = 0;
        for (; begin < end && n < sizeof word; begin++)
            word[n++] = dio_to_lower(s->text[begin]);
        add(s, word, n);
    }
}

void dio_say_letters(struct scan *s, size_t begin, size_t end)
{
    for (; begin < end; begin++) {
        char c = s->text[begin];
        if (dio_is_lower(c))
            c = (char)(c - 'a' + 'A');
        if (dio_is_upper(c))
            add(s, &c, 1);
        else if (dio_is_digit(c))
            dio_say_digits(s, &c, 1);
    }
}
