/* rules_word.c: words: short forms, Roman numbers, capitals that are spelled or read, and the rest
 * as they stand. */
#include <string.h>

#include "audio/phones/scan.h"

enum dot { NONE, MAY, NEEDED };
enum place { ANY, TITLE, STREET, NUMBER, END };

static const struct {
    const char *form, *words;
    enum dot dot;
    enum place place;
} briefs[] = {
#define DIO_BRIEF(form, words, dot, place) {form, words, dot, place},
#include "audio/phones/en/brief.def"
#undef DIO_BRIEF
};

static const char *const roman_cardinals[] = {
#define DIO_ROMAN_CARDINAL(word) word,
#define DIO_ROMAN_NAME(word)
#include "audio/phones/en/roman.def"
#undef DIO_ROMAN_CARDINAL
#undef DIO_ROMAN_NAME
};

static const char *const roman_names[] = {
#define DIO_ROMAN_CARDINAL(word)
#define DIO_ROMAN_NAME(word) word,
#include "audio/phones/en/roman.def"
#undef DIO_ROMAN_CARDINAL
#undef DIO_ROMAN_NAME
};

static const char *const spelled[] = {
#define DIO_SPELL(word) word,
#define DIO_READ(word)
#include "audio/phones/en/capitals.def"
#undef DIO_SPELL
#undef DIO_READ
};

static const char *const read_words[] = {
#define DIO_SPELL(word)
#define DIO_READ(word) word,
#include "audio/phones/en/capitals.def"
#undef DIO_SPELL
#undef DIO_READ
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* Whether the last piece is a word that began with a capital, with nothing but a blank between. */
static bool after_name(const struct scan *s, size_t at)
{
    size_t i = at;
    if (i < 2 || s->text[i - 1] != ' ')
        return false;
    for (i--; i > 0 && dio_is_alnum(s->text[i - 1]) && at - i < SCAN_RUN;)
        i--;
    return i < at - 1 && (dio_is_upper(s->text[i]) || dio_is_digit(s->text[i]));
}

static bool before_name(const struct scan *s, size_t at)
{
    size_t next = dio_scan_spaces(s, at);
    return next > at && dio_is_upper(dio_scan_at(s, next));
}

/* A form with no capital is also one at the head of a sentence. */
static bool form_at(const struct scan *s, size_t at, const char *form)
{
    bool same = dio_scan_is(s, at, form);
    return same || (dio_is_lower(form[0]) && dio_scan_says(s, at, form) &&
                    dio_scan_is(s, at + 1, form + 1));
}

/* The value of well-formed Roman capitals, at most 3999; else 0. */
static int roman_value(const char *text, size_t n)
{
    static const struct {
        const char *letters;
        int value, most;
    } parts[] = {
        {"M", 1000, 3}, {"CM", 900, 1}, {"D", 500, 1}, {"CD", 400, 1}, {"C", 100, 3},
        {"XC", 90, 1},  {"L", 50, 1},   {"XL", 40, 1}, {"X", 10, 3},   {"IX", 9, 1},
        {"V", 5, 1},    {"IV", 4, 1},   {"I", 1, 3},
    };
    int value = 0;
    size_t i = 0;
    for (int p = 0; p < COUNT(parts); p++) {
        size_t k = strlen(parts[p].letters);
        for (int times = 0; times < parts[p].most && n - i >= k; times++) {
            if (memcmp(text + i, parts[p].letters, k) != 0)
                break;
            value += parts[p].value;
            i += k;
        }
    }
    return i == n ? value : 0;
}

static bool roman_at(const struct scan *s, size_t at)
{
    size_t end = dio_scan_letters(s, at);
    return end > at + 1 && end - at < 12 && roman_value(s->text + at, end - at) > 0;
}

static bool place_fits(const struct scan *s, size_t at, size_t end, const char *form,
                       enum place place)
{
    size_t next = dio_scan_spaces(s, end);
    switch (place) {
    case TITLE:
        return before_name(s, end) || dio_scan_is(s, end, " and ");
    case STREET:
        return after_name(s, at);
    case NUMBER:
        return (dio_is_digit(dio_scan_at(s, next)) || dio_scan_at(s, next) == '#') ||
               (dio_is_alpha(form[0]) && form[1] && roman_at(s, next));
    case ANY:
    case END:
        return true;
    }
    return false;
}

size_t dio_rule_brief(struct scan *s, size_t at)
{
    if (!dio_scan_begins(s, at))
        return 0;
    for (int i = 0; i < COUNT(briefs); i++) {
        if (!form_at(s, at, briefs[i].form))
            continue;
        size_t end = at + strlen(briefs[i].form);
        bool dot = briefs[i].dot != NONE && dio_scan_at(s, end) == '.';
        char last = s->text[end - 1];
        if ((dio_is_alpha(last) && !dio_scan_ends(s, end)) || (briefs[i].dot == NEEDED && !dot) ||
            (dio_scan_at(s, end) == '\'' && dio_is_alpha(last)))
            continue;
        if (!place_fits(s, at, end + dot, briefs[i].form, briefs[i].place))
            continue;
        /* "Elm St. Clair": between two names it is the saint's. */
        if (briefs[i].place == TITLE && after_name(s, at) && !dot)
            continue;
        dio_say(s, briefs[i].words);
        if (!dot)
            return end;
        bool ends = briefs[i].place == STREET || briefs[i].place == END;
        return ends ? dio_scan_dot(s, end) : end + 1;
    }
    return 0;
}

size_t dio_rule_roman(struct scan *s, size_t at)
{
    size_t end = dio_scan_letters(s, at);
    int value = end > at && end - at < 12 ? roman_value(s->text + at, end - at) : 0;
    const char *last = dio_scan_last(s);
    if (!value || !dio_scan_ends(s, end) || !dio_scan_begins(s, at) || !s->said || at == 0 ||
        dio_scan_at(s, end) == '\'')
        return 0;
    bool cardinal = dio_word_in(last, roman_cardinals, COUNT(roman_cardinals));
    bool named = dio_word_in(last, roman_names, COUNT(roman_names)) && value > 1;
    bool near = s->text[at - 1] == ' ' && !s->items[s->said - 1].after;
    if (!near)
        cardinal = named = false;
    /* Alone, only such as are no words and no short forms: II, VII, XIV. */
    for (size_t i = at; !cardinal && !named && i < end; i++)
        if (!strchr("IVX", s->text[i]) || end - at < 2)
            return 0;
    if (!cardinal && !named && near && after_name(s, at) && value < 4 && end - at == 2 &&
        !dio_scan_is(s, at, "II"))
        return 0;
    if (named)
        dio_say(s, "the");
    dio_say_small(s, value);
    if (named)
        dio_say_last_ordinal(s);
    return end;
}

/* At least two letters, each with its dot. */
size_t dio_rule_dotted(struct scan *s, size_t at)
{
    size_t end = at;
    int letters = 0;
    if (!dio_scan_begins(s, at))
        return 0;
    while (letters < 12 && dio_is_alpha(dio_scan_at(s, end)) && dio_scan_at(s, end + 1) == '.')
        end += 2, letters++;
    /* a single capital before a name: J. Smith */
    bool initial =
        letters == 1 && dio_is_upper(s->text[at]) && before_name(s, end) && s->text[at] != 'I';
    if ((letters < 2 && !initial) || dio_is_alnum(dio_scan_at(s, end)))
        return 0;
    dio_say_letters(s, at, end);
    size_t next = dio_scan_spaces(s, end);
    bool last = !dio_scan_at(s, next) || s->text[next] == '\n';
    return last && !initial ? end - 1 : end;
}

/* Whether what begins with these capitals could be English. */
static bool looks_readable(const struct scan *s, size_t begin, size_t end)
{
    static const char *const onsets[] = {
        "bl",  "br",  "ch",  "cl",  "cr",  "dr",  "dw",  "fl",  "fr", "gl",  "gr",
        "kn",  "ph",  "pl",  "pr",  "qu",  "sc",  "sh",  "sk",  "sl", "sm",  "sn",
        "sp",  "sq",  "st",  "sw",  "th",  "tr",  "tw",  "wh",  "wr", "sch", "scr",
        "shr", "spl", "spr", "str", "thr", "chr", "phr", "squ",
    };
    size_t vowel = begin;
    while (vowel < end && !strchr("AEIOUY", s->text[vowel]))
        vowel++;
    if (vowel == end)
        return false;
    return vowel - begin < 2 || dio_scan_find(s, begin, vowel, onsets, COUNT(onsets)) >= 0;
}

/* "BUY IT NOW": a neighbour in capitals that is read makes short ones read. */
static bool among_capitals(const struct scan *s, size_t begin, size_t end)
{
    size_t next = dio_scan_spaces(s, end), past = dio_scan_letters(s, next), i = begin;
    bool after =
        past > next + 1 && dio_is_upper(s->text[next]) && dio_is_upper(s->text[past - 1]) &&
        dio_scan_find(s, next, past, spelled, COUNT(spelled)) < 0 && looks_readable(s, next, past);
    while (i > 0 && s->text[i - 1] == ' ')
        i--;
    size_t stop = i;
    while (i > 0 && dio_is_upper(s->text[i - 1]) && stop - i < SCAN_RUN)
        i--;
    bool before = stop > i + 1 && stop < begin &&
                  dio_scan_find(s, i, stop, spelled, COUNT(spelled)) < 0 &&
                  looks_readable(s, i, stop);
    return before && after;
}

static bool reads_capitals(const struct scan *s, size_t begin, size_t end)
{
    bool joined = dio_scan_at(s, end) == '&' || (begin > 0 && s->text[begin - 1] == '&');
    if (joined && end - begin < 4) /* AT&T */
        return false;
    if (dio_scan_find(s, begin, end, read_words, COUNT(read_words)) >= 0)
        return true;
    if (among_capitals(s, begin, end) && looks_readable(s, begin, end))
        return true;
    if (dio_scan_find(s, begin, end, spelled, COUNT(spelled)) >= 0)
        return false;
    return end - begin > 3 && looks_readable(s, begin, end);
}

void dio_say_capitals(struct scan *s, size_t begin, size_t end)
{
    if (reads_capitals(s, begin, end))
        dio_say_word(s, begin, end);
    else
        dio_say_letters(s, begin, end);
}

size_t dio_rule_capitals(struct scan *s, size_t at)
{
    size_t end = at;
    while (dio_is_upper(dio_scan_at(s, end)) && end - at < SCAN_RUN)
        end++;
    bool several = dio_scan_at(s, end) == 's' && dio_scan_ends(s, end + 1);
    bool has = dio_scan_at(s, end) == '\'' && dio_to_lower(dio_scan_at(s, end + 1)) == 's' &&
               dio_scan_ends(s, end + 2);
    if (dio_scan_at(s, end) == '\'' && dio_is_upper(dio_scan_at(s, end + 1)) && end < at + 3)
        return 0; /* IT'S, WE'RE */
    if (end < at + 2 || !dio_scan_begins(s, at) || (!several && !dio_scan_ends(s, end)))
        return 0;
    bool read = reads_capitals(s, at, end);
    dio_say_capitals(s, at, end);
    if (!several && !has)
        return dio_scan_at(s, end) == '\'' && read && dio_is_upper(dio_scan_at(s, end + 1)) ? 0
                                                                                            : end;
    s->words[s->count - 1] =
        dio_arena_printf(s->arena, read && several ? "%ss" : "%s's", dio_scan_last(s));
    return end + (several ? 1 : 2);
}

/* Letters and digits in one: each run by itself. */
size_t dio_rule_mixed(struct scan *s, size_t at)
{
    size_t end = at, letters = 0, digits = 0;
    while (dio_is_alnum(dio_scan_at(s, end)) && end - at < DIO_SPEECH_WORD) {
        letters += dio_is_alpha(s->text[end]);
        digits += dio_is_digit(s->text[end++]);
    }
    if (!letters || !digits)
        return 0;
    for (size_t i = at, k; i < end; i = k) {
        bool figures = dio_is_digit(s->text[i]);
        for (k = i + 1; k < end && dio_is_digit(s->text[k]) == figures;)
            k++;
        bool lower = k - i > 2;
        for (size_t c = i; c < k; c++)
            lower = lower && (dio_is_lower(s->text[c]) || (c == i && k - i > 3));
        if (figures && (k - i == 4 || (k - i == 3 && k < end && s->text[k] == 'p')))
            dio_say_pairs(s, s->text + i, k - i);
        else if (figures && k - i > 4)
            dio_say_digits(s, s->text + i, k - i);
        else if (figures)
            dio_say_cardinal(s, s->text + i, k - i);
        else if (lower)
            dio_say_word(s, i, k);
        else
            dio_say_capitals(s, i, k);
    }
    return end;
}

/* What is numbered with letters: plan A. */
static const char *const lettered[] = {
    "plan",    "vitamin", "grade",  "team", "group",     "type",   "class", "option",
    "section", "exhibit", "series", "side", "hepatitis", "league", "level",
};

size_t dio_rule_word(struct scan *s, size_t at)
{
    size_t end = dio_scan_letters(s, at);
    if (end == at)
        return 0;
    while (dio_scan_at(s, end) == '\'' && dio_is_alpha(dio_scan_at(s, end + 1)) &&
           end - at < SCAN_RUN)
        end = dio_scan_letters(s, end + 1);
    /* A letter of its own is named, except the two that are words. */
    bool lone = end == at + 1 && (dio_is_upper(s->text[at]) || !strchr("aio", s->text[at]));
    bool article = lone && s->text[at] == 'A' && dio_scan_at(s, end) == ' ' &&
                   dio_is_alnum(dio_scan_at(s, end + 1)) &&
                   (at == 0 || strchr(" \n\"'([", s->text[at - 1])) &&
                   !dio_word_in(dio_scan_last(s), lettered, COUNT(lettered));
    bool by = lone && s->text[at] == 'x' && s->numeric && dio_scan_at(s, end) == ' ' &&
              dio_is_digit(dio_scan_at(s, end + 1));
    if (by)
        dio_say(s, "by");
    else if (lone && s->text[at] == 'I')
        dio_say(s, "i");
    else if (article)
        dio_say(s, "a");
    else if (lone)
        dio_say_letters(s, at, end);
    else
        dio_say_word(s, at, end);
    return end;
}
