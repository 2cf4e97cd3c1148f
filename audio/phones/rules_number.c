/* rules_number.c: numbers, fractions, ordinals, versions, and the dash between two of them. */
#include <string.h>

#include "audio/phones/scan.h"

static const char *const year_after[] = {
#define DIO_YEAR_AFTER(word) word,
#define DIO_DENOMINATOR(value, one, many)
#define DIO_COUNTED(word)
#include "audio/phones/en/numbers.def"
#undef DIO_YEAR_AFTER
#undef DIO_DENOMINATOR
#undef DIO_COUNTED
};

static const struct {
    int value;
    const char *one, *many;
} denominators[] = {
#define DIO_YEAR_AFTER(word)
#define DIO_DENOMINATOR(value, one, many) {value, one, many},
#define DIO_COUNTED(word)
#include "audio/phones/en/numbers.def"
#undef DIO_YEAR_AFTER
#undef DIO_DENOMINATOR
#undef DIO_COUNTED
};

static const char *const counted[] = {
#define DIO_YEAR_AFTER(word)
#define DIO_DENOMINATOR(value, one, many)
#define DIO_COUNTED(word) word,
#include "audio/phones/en/numbers.def"
#undef DIO_YEAR_AFTER
#undef DIO_DENOMINATOR
#undef DIO_COUNTED
};

/* Ends in s, and counts nothing. */
static const char *const not_counted[] = {
    "is",   "was",    "has",    "this", "as",    "its",     "us",
    "does", "always", "versus", "plus", "minus", "brings",  "comes",
    "sees", "marks",  "starts", "ends", "sales", "results", "trends",
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* "2000 words": the next word is the plural of something. */
static bool counts_things(const struct scan *s, size_t at)
{
    size_t begin = dio_scan_spaces(s, at), end = begin;
    while (dio_is_lower(dio_scan_at(s, end)))
        end++;
    if (begin == at || end == begin || !dio_scan_ends(s, end))
        return false;
    if (dio_scan_find(s, begin, end, counted, COUNT(counted)) >= 0)
        return true;
    return end - begin > 2 && s->text[end - 1] == 's' && s->text[end - 2] != 's' &&
           dio_scan_find(s, begin, end, not_counted, COUNT(not_counted)) < 0;
}

static bool reads_as_year(const struct scan *s, const struct number *x)
{
    if (!dio_is_year(x) || counts_things(s, x->end))
        return false;
    return dio_number_value(x) >= 1900 ||
           dio_word_in(dio_scan_last(s), year_after, COUNT(year_after));
}

/* The sign right before a number that begins a piece. */
static size_t sign_at(struct scan *s, size_t at, bool *minus)
{
    bool wide, begins = at == 0 || strchr(" (\n[=<>", s->text[at - 1]);
    *minus = begins && dio_scan_at(s, at) == '-' && !dio_scan_is(s, at, "--");
    if (begins && dio_scan_at(s, at) == '+' && dio_is_digit(dio_scan_at(s, at + 1)))
        dio_say(s, "plus");
    else if (!*minus || !dio_scan_dash(s, at, &wide))
        return at;
    return at + 1;
}

static size_t year_range(struct scan *s, const struct amount *x)
{
    size_t n = strlen(x->until.digits);
    bool second = n == 2 || dio_is_year(&x->until);
    if (!x->range || x->scale || !second || !reads_as_year(s, &x->value) ||
        counts_things(s, x->end) || *x->until.fraction)
        return 0;
    dio_say_year(s, x->value.digits, 4);
    dio_say(s, "to");
    dio_say_year(s, x->until.digits, n);
    return x->end;
}

size_t dio_rule_number(struct scan *s, size_t at)
{
    struct amount x;
    bool minus;
    size_t begin = sign_at(s, at, &minus);
    if (!dio_scan_begins(s, at) && !dio_is_digit(s->text[at - 1]))
        return 0;
    if (dio_scan_digits(s, begin) - begin > 39) { /* no number has a name for it */
        size_t end = dio_scan_digits(s, begin);
        dio_say_digits(s, s->text + begin, end - begin);
        return end;
    }
    if ((dio_scan_at(s, begin) == '.' && !dio_is_digit(dio_scan_at(s, begin + 1))) ||
        !dio_amount_at(s, begin, false, &x) || !dio_scan_ends(s, x.end))
        return 0;
    x.value.minus = minus;
    if (dio_scan_is(s, x.value.end, "K") && x.end == x.value.end + 1 && !x.range &&
        strchr("248", *x.value.digits) && !x.value.digits[1] && !*x.value.fraction)
        return 0; /* a picture's size: mixed.c's */
    size_t end = year_range(s, &x);
    if (end)
        return end;
    if (*x.value.digits == '0' && x.value.digits[1] && !*x.value.fraction && !x.range) {
        dio_say_digits(s, x.value.digits, strlen(x.value.digits));
        return x.value.end;
    }
    if (!x.range && !x.scale && !minus && reads_as_year(s, &x.value))
        dio_say_year(s, x.value.digits, 4);
    else
        dio_say_amount(s, &x);
    return x.end;
}

/* Between a number and its ordinal's letters; 0 when there are none. */
static size_t ordinal_letters(const struct scan *s, size_t at)
{
    static const char *const letters[] = {"st", "nd", "rd", "th"};
    size_t end = dio_scan_letters(s, at);
    return dio_scan_find(s, at, end, letters, 4) >= 0 && dio_scan_ends(s, end) ? end : 0;
}

size_t dio_rule_ordinal(struct scan *s, size_t at)
{
    struct number x;
    if (!dio_is_digit(dio_scan_at(s, at)) || !dio_number_at(s, at, &x) || *x.fraction)
        return 0;
    size_t end = ordinal_letters(s, x.end);
    if (end)
        dio_say_ordinal(s, x.digits, strlen(x.digits));
    return end;
}

static const char *const decade_after[] = {"the", "early", "late", "mid", "his", "her", "their"};

size_t dio_rule_decade(struct scan *s, size_t at)
{
    size_t begin = at + (dio_scan_at(s, at) == '\''), end = dio_scan_digits(s, begin);
    size_t n = end - begin, past = end + (dio_scan_at(s, end) == '\'');
    bool century = n == 4 && dio_scan_is(s, begin + 2, "00");
    if ((n != 2 && n != 4) || dio_scan_at(s, end - 1) != '0' || dio_scan_at(s, past) != 's' ||
        !dio_scan_ends(s, past + 1) || (n == 2 && s->text[begin] == '0'))
        return 0;
    /* 30s is a length of time, the '30s are not. */
    if (n == 2 && begin == at && s->text[begin] < '7' &&
        !dio_word_in(dio_scan_last(s), decade_after, COUNT(decade_after)))
        return 0;
    if (n == 4 && dio_scan_is(s, begin, "2000"))
        dio_say(s, "two thousand");
    else if (century)
        dio_say_pairs(s, s->text + begin, 4);
    else
        dio_say_year(s, s->text + begin, n);
    dio_say_plural(s);
    return past + 1;
}

static bool part_of(int value, const char **one, const char **many)
{
    for (int i = 0; i < COUNT(denominators); i++)
        if (denominators[i].value == value) {
            *one = denominators[i].one;
            *many = denominators[i].many;
            return true;
        }
    return false;
}

/* "3/4" at `at`: its two numbers, and where it ends. */
static size_t fraction_at(const struct scan *s, size_t at, int *top, int *bottom)
{
    size_t slash = dio_scan_digits(s, at), end = dio_scan_digits(s, slash + 1);
    if (slash == at || slash - at > 4 || dio_scan_at(s, slash) != '/' || end == slash + 1 ||
        end - slash > 5 || dio_scan_at(s, end) == '/' ||
        (dio_scan_at(s, end) == '.' && dio_is_digit(dio_scan_at(s, end + 1))))
        return 0;
    struct number a, b;
    dio_number_at(s, at, &a);
    dio_number_at(s, slash + 1, &b);
    *top = dio_number_value(&a);
    *bottom = dio_number_value(&b);
    return end;
}

static void say_fraction(struct scan *s, int top, int bottom, bool whole)
{
    const char *one, *many;
    bool named = part_of(bottom, &one, &many) && top >= 1 && top < bottom;
    if (whole)
        dio_say(s, named && top == 1 ? (bottom == 8 ? "and an" : "and a") : "and");
    if (named && top == 1) {
        if (!whole)
            dio_say(s, "one");
        dio_say(s, one);
    } else if (named) {
        dio_say_small(s, top);
        dio_say(s, many);
    } else {
        dio_say_small(s, top);
        dio_say(s, "over");
        dio_say_small(s, bottom);
    }
}

/* Written with a stroke, and no fraction. */
static bool say_known_pair(struct scan *s, int top, int bottom)
{
    static const struct {
        int top, bottom;
        const char *words;
    } pairs[] = {
        {24, 7, "twenty four seven"}, {9, 11, "nine eleven"},  {50, 50, "fifty fifty"},
        {20, 20, "twenty twenty"},    {60, 40, "sixty forty"}, {80, 20, "eighty twenty"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].top == top && pairs[i].bottom == bottom) {
            dio_say(s, pairs[i].words);
            return true;
        }
    return false;
}

static const char *const date_after[] = {
    "by", "on", "until", "till", "before", "through", "ends", "starts", "since",
};

/* "by 12/24": a day of the year. */
static bool say_day_of_year(struct scan *s, int month, int day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31 ||
        !dio_word_in(dio_scan_last(s), date_after, COUNT(date_after)))
        return false;
    dio_say(s, dio_month_name(month));
    dio_say_small(s, day);
    dio_say_last_ordinal(s);
    return true;
}

/* "4.8/5": a mark out of five or ten. */
static size_t mark_at(struct scan *s, size_t at)
{
    struct number x;
    size_t end;
    if (!dio_number_at(s, at, &x) || !*x.fraction || dio_scan_at(s, x.end) != '/')
        return 0;
    end = dio_scan_digits(s, x.end + 1);
    if (!dio_scan_ends(s, end) || !(dio_scan_is(s, x.end, "/5") || dio_scan_is(s, x.end, "/10")) ||
        end > x.end + 3)
        return 0;
    dio_say_value(s, &x);
    dio_say(s, "out of");
    dio_say_cardinal(s, s->text + x.end + 1, end - x.end - 1);
    return end;
}

size_t dio_rule_fraction(struct scan *s, size_t at)
{
    static const char *const rated[] = {"stars", "star", "rating"};
    int top, bottom;
    bool whole = false;
    size_t end = mark_at(s, at);
    if (end || !dio_scan_begins(s, at))
        return end;
    end = fraction_at(s, at, &top, &bottom);
    if (!end) { /* 1 1/2: a whole number before it */
        size_t digits = dio_scan_digits(s, at), next = digits + 1;
        if (digits == at || digits - at > 4 || !strchr(" -", dio_scan_at(s, digits)) ||
            !(end = fraction_at(s, next, &top, &bottom)) || top >= bottom)
            return 0;
        dio_say_cardinal(s, s->text + at, digits - at);
        whole = true;
    }
    size_t next = dio_scan_spaces(s, end), past = dio_scan_letters(s, next);
    if (!dio_scan_ends(s, end) || dio_scan_at(s, end) == '%')
        return 0;
    if (!whole && (say_day_of_year(s, top, bottom) || say_known_pair(s, top, bottom)))
        return end;
    if (!whole && (dio_scan_find(s, next, past, rated, COUNT(rated)) >= 0)) {
        dio_say_small(s, top);
        dio_say(s, "out of");
        dio_say_small(s, bottom);
    } else {
        say_fraction(s, top, bottom, whole);
    }
    if (dio_scan_at(s, end) != '"' || !dio_scan_ends(s, end + 1) || top >= bottom)
        return end;
    dio_say(s, whole ? "inches" : "inch");
    return end + 1;
}

/* At least three numbers with dots between, or two after a v. Four of up to 255: an address. */
size_t dio_rule_version(struct scan *s, size_t at)
{
    size_t begin = at, end;
    int parts = 0;
    bool v = dio_to_lower(dio_scan_at(s, at)) == 'v';
    begin += v;
    if (v && dio_scan_at(s, begin) == '.' && dio_is_digit(dio_scan_at(s, begin + 1)))
        begin++;
    for (end = begin; end - begin < 40 && dio_is_digit(dio_scan_at(s, end));) {
        end = dio_scan_digits(s, end);
        end += dio_scan_at(s, end) == '.' && dio_is_digit(dio_scan_at(s, end + 1));
    }
    for (size_t i = begin; i < end; i++)
        parts += dio_is_digit(s->text[i]) && (i + 1 == end || s->text[i + 1] == '.');
    int least = !v ? 3 : dio_scan_at(s, at) == 'V' ? 2 : 1; /* a V6 is an engine */
    if (!dio_scan_ends(s, end) || parts < least || end - begin > 40)
        return 0;
    if (v)
        dio_say(s, "version");
    for (size_t i = begin, k; i < end; i = k + 1) {
        k = dio_scan_digits(s, i);
        if (i > begin)
            dio_say(s, parts == 4 ? "dot" : "point");
        if (parts == 4 && k - i == 3)
            dio_say_digits(s, s->text + i, 3);
        else
            dio_say_cardinal(s, s->text + i, k - i);
    }
    return end;
}

/* At least three groups of digits with hyphens between: an ISBN, a serial number. */
size_t dio_rule_serial(struct scan *s, size_t at)
{
    size_t end = at, begin = at;
    int groups = 0;
    while (groups < 12 && dio_is_digit(dio_scan_at(s, begin))) {
        end = dio_scan_digits(s, begin);
        groups++;
        if (dio_scan_at(s, end) != '-')
            break;
        begin = end + 1;
    }
    if (groups < 3 || !dio_scan_begins(s, at) || !dio_scan_ends(s, end))
        return 0;
    for (size_t i = at; i < end; i++)
        if (dio_is_digit(s->text[i]))
            dio_say_digits(s, s->text + i, 1);
        else
            dio_say(s, ",");
    return end;
}

size_t dio_rule_span(struct scan *s, size_t at)
{
    bool wide;
    if (dio_scan_at(s, at) == ':' && s->numeric && at > 0 && dio_is_digit(s->text[at - 1]) &&
        dio_is_digit(dio_scan_at(s, at + 1))) { /* 16:9 */
        dio_say(s, "to");
        return at + 1;
    }
    size_t dash = dio_scan_dash(s, at, &wide), before = at;
    if (!dash || at == 0)
        return 0;
    size_t next = at + dash;
    if (wide)
        next = dio_scan_spaces(s, next);
    while (wide && before > 0 && s->text[before - 1] == ' ')
        before--;
    char c = dio_scan_at(s, next);
    bool letters = before > 0 && next == at + dash && before == at && dio_is_upper(c) &&
                   dio_is_upper(s->text[before - 1]) && dio_scan_ends(s, next + 1) &&
                   dio_scan_begins(s, before - 1);
    bool numbers = s->numeric && (dio_is_digit(c) || strchr("$.", c) || (c & 0x80)) && c;
    struct amount probe;
    if (numbers && dio_is_digit(c) && !dio_amount_at(s, next, false, &probe))
        return 0;
    if (!letters && !numbers)
        return 0;
    dio_say(s, "to");
    return next;
}
