/* rules_when.c: dates, weekdays and times of day. Dates in digits alone are read month first, the
 * American way, unless that makes no sense. */
#include <string.h>

#include "audio/phones/scan.h"

static const struct {
    const char *name, *brief, *other;
} months[] = {
#define DIO_MONTH(number, name, brief, other) {name, brief, other},
#define DIO_WEEKDAY(name, brief, other)
#include "audio/phones/en/calendar.def"
#undef DIO_MONTH
#undef DIO_WEEKDAY
};

static const struct {
    const char *name, *brief, *other;
} weekdays[] = {
#define DIO_MONTH(number, name, brief, other)
#define DIO_WEEKDAY(name, brief, other) {name, brief, other},
#include "audio/phones/en/calendar.def"
#undef DIO_MONTH
#undef DIO_WEEKDAY
};

static bool is_word(const struct scan *s, size_t begin, size_t end, const char *word)
{
    return strlen(word) == end - begin && dio_scan_says(s, begin, word);
}

const char *dio_month_name(int month)
{
    return months[month - 1].name;
}

int dio_month_at(const struct scan *s, size_t at, size_t *end)
{
    size_t past = dio_scan_letters(s, at);
    if (!dio_is_upper(dio_scan_at(s, at)) || !dio_scan_ends(s, past) || !dio_scan_begins(s, at))
        return 0;
    for (int i = 0; i < 12; i++) {
        bool whole = is_word(s, at, past, months[i].name);
        *end = past;
        if (whole)
            return i + 1;
        if (is_word(s, at, past, months[i].brief) || is_word(s, at, past, months[i].other)) {
            *end += dio_scan_at(s, past) == '.';
            return i + 1;
        }
    }
    return 0;
}

/* A day of the month, with or without its letters. */
static int day_at(const struct scan *s, size_t at, size_t *end)
{
    static const char *const letters[] = {"st", "nd", "rd", "th"};
    size_t digits = dio_scan_digits(s, at), past = dio_scan_letters(s, digits);
    int day = 0;
    if (digits == at || digits - at > 2)
        return 0;
    for (size_t i = at; i < digits; i++)
        day = day * 10 + s->text[i] - '0';
    *end = past;
    if (past > digits && dio_scan_find(s, digits, past, letters, 4) < 0)
        return 0;
    if (dio_scan_at(s, past) == '.' && dio_is_digit(dio_scan_at(s, past + 1)))
        return 0; /* APR 3.99% */
    return day >= 1 && day <= 31 && dio_scan_ends(s, past) ? day : 0;
}

/* ", 2026" or " 2026" at `at`: says it and returns its end; else `at`. */
static size_t say_year_after(struct scan *s, size_t at)
{
    size_t begin = dio_scan_spaces(s, at + (dio_scan_at(s, at) == ','));
    size_t end = dio_scan_digits(s, begin);
    if (begin == at || end - begin != 4 || !dio_scan_ends(s, end) || s->text[begin] == '0' ||
        s->text[begin] > '2')
        return at;
    dio_say_year(s, s->text + begin, 4);
    return end;
}

static void say_day(struct scan *s, int day)
{
    dio_say_small(s, day);
    dio_say_last_ordinal(s);
}

/* June 13th, 2026; June 13-15; June 2026 */
static size_t month_first(struct scan *s, size_t at)
{
    bool wide;
    size_t end, past;
    int month = dio_month_at(s, at, &end), until;
    if (!month)
        return 0;
    size_t next = dio_scan_spaces(s, end);
    int day = next > end ? day_at(s, next, &past) : 0;
    if (!day || dio_scan_at(s, past) == ':' || dio_scan_at(s, past) == '%') {
        size_t digits = dio_scan_digits(s, next);
        if (next == end || digits - next != 4 || !dio_scan_ends(s, digits))
            return 0;
        dio_say(s, dio_month_name(month));
        return say_year_after(s, end);
    }
    dio_say(s, dio_month_name(month));
    say_day(s, day);
    size_t dash = dio_scan_dash(s, past, &wide);
    if (dash && (until = day_at(s, past + dash, &next)) > 0) {
        dio_say(s, "to");
        say_day(s, until);
        past = next;
    }
    return say_year_after(s, past);
}

/* 13 June 2026; the 13th of June */
static size_t day_first(struct scan *s, size_t at)
{
    size_t past, end;
    int day = day_at(s, at, &past);
    if (!day || !dio_scan_begins(s, at))
        return 0;
    size_t next = dio_scan_spaces(s, past);
    bool of = dio_scan_says(s, next, "of ");
    if (of)
        next = dio_scan_spaces(s, next + 3);
    int month = next > past ? dio_month_at(s, next, &end) : 0;
    if (!month)
        return 0;
    if (strcmp(dio_scan_last(s), "the") != 0)
        dio_say(s, "the");
    say_day(s, day);
    dio_say(s, "of");
    dio_say(s, dio_month_name(month));
    return say_year_after(s, end);
}

/* Three numbers with one sign between: their places and the end; 0 when it is no date. */
static size_t three_at(const struct scan *s, size_t at, size_t begin[3], int value[3], char *sign)
{
    size_t end = at;
    if (!dio_scan_begins(s, at))
        return 0;
    for (int i = 0; i < 3; i++) {
        begin[i] = end;
        end = dio_scan_digits(s, end);
        value[i] = 0;
        if (end == begin[i] || end - begin[i] > 4)
            return 0;
        for (size_t k = begin[i]; k < end; k++)
            value[i] = value[i] * 10 + s->text[k] - '0';
        if (i == 2)
            break;
        char c = dio_scan_at(s, end);
        if ((c != '/' && c != '-' && c != '.') || (i == 1 && c != *sign))
            return 0;
        *sign = c;
        end++;
    }
    bool more = dio_scan_at(s, end) == *sign && dio_is_digit(dio_scan_at(s, end + 1));
    return dio_scan_ends(s, end) && !more ? end : 0;
}

static size_t say_three(struct scan *s, const size_t begin[3], const int value[3], size_t end,
                        int year, int month, int day)
{
    size_t ends[3] = {begin[1] - 1, begin[2] - 1, end};
    size_t digits = ends[year] - begin[year];
    if (value[month] < 1 || value[month] > 12 || value[day] < 1 || value[day] > 31 ||
        (digits != 4 && digits != 2))
        return 0;
    dio_say(s, dio_month_name(value[month]));
    say_day(s, value[day]);
    if (digits == 4)
        dio_say_year(s, s->text + begin[year], 4);
    else if (value[year] < 10) {
        dio_say(s, "oh");
        dio_say_small(s, value[year]);
    } else
        dio_say_small(s, value[year]);
    return end;
}

size_t dio_rule_date_as(struct scan *s, size_t at, const char *format)
{
    size_t begin[3], end, past;
    int value[3];
    char sign = 0;
    if (!(end = three_at(s, at, begin, value, &sign))) {
        past = month_first(s, at);
        return past ? past : day_first(s, at);
    }
    size_t first = begin[1] - begin[0] - 1, last = end - begin[2];
    if (strcmp(format, "ymd") == 0 || (!*format && first == 4))
        return first == 4 || *format ? say_three(s, begin, value, end, 0, 1, 2) : 0;
    if (!*format && last != 4 && (sign != '/' || last != 2 || first > 2))
        return 0;
    bool days_first = strcmp(format, "dmy") == 0 || (!*format && (value[0] > 12 || sign == '.'));
    return days_first ? say_three(s, begin, value, end, 2, 1, 0)
                      : say_three(s, begin, value, end, 2, 0, 1);
}

size_t dio_rule_date(struct scan *s, size_t at)
{
    return dio_rule_date_as(s, at, "");
}

/* Index of the weekday in [at, *end); `brief`: whether it is a short form. */
static int weekday_at(const struct scan *s, size_t at, size_t *end, bool *brief)
{
    *end = dio_scan_letters(s, at);
    for (int i = 0; i < 7; i++) {
        *brief = !is_word(s, at, *end, weekdays[i].name);
        if (!*brief || is_word(s, at, *end, weekdays[i].brief) ||
            is_word(s, at, *end, weekdays[i].other))
            return i;
    }
    return -1;
}

/* Short names of weekdays, where a dot, a dash or a date shows that they are (sat, sun and wed are
 * words, too). */
size_t dio_rule_weekday(struct scan *s, size_t at)
{
    bool brief, other, wide;
    size_t end, past;
    if (!dio_is_upper(dio_scan_at(s, at)) || !dio_scan_begins(s, at))
        return 0;
    int day = weekday_at(s, at, &end, &brief);
    if (day < 0 || !dio_scan_ends(s, end))
        return 0;
    size_t next = dio_scan_spaces(s, end + (dio_scan_at(s, end) == ','));
    size_t gap = dio_scan_spaces(s, end + (dio_scan_at(s, end) == '.'));
    size_t dash = dio_scan_dash(s, gap, &wide), after = dio_scan_spaces(s, gap + dash);
    bool range = dash && weekday_at(s, after, &past, &other) >= 0;
    bool ranged = strcmp(dio_scan_last(s), "to") == 0 && s->said &&
                  strcmp(s->items[s->said - 1].rule, "weekday") == 0;
    bool dated = next > end && (dio_month_at(s, next, &past) || day_at(s, next, &past));
    bool dotted = dio_scan_at(s, end) == '.';
    if (!brief ? !range : !range && !ranged && !dated && !dotted)
        return 0;
    dio_say(s, weekdays[day].name);
    if (range) {
        dio_say(s, "to");
        return after;
    }
    return dotted && brief ? dio_scan_dot(s, end) : end;
}

/* am, p.m., A.M. after optional blanks: says A M and returns the end; else `at`. */
static size_t say_half(struct scan *s, size_t at)
{
    size_t i = dio_scan_spaces(s, at);
    char half = dio_to_lower(dio_scan_at(s, i));
    if (half != 'a' && half != 'p')
        return at;
    bool dots = dio_scan_at(s, i + 1) == '.';
    size_t m = i + 1 + dots;
    /* "8 am" is; "8 a man" and "I am" are not. */
    if (dio_to_lower(dio_scan_at(s, m)) != 'm' || !dio_scan_ends(s, m + 1) ||
        dio_scan_at(s, m + 1) == '\'')
        return at;
    dio_say(s, half == 'a' ? "A M" : "P M");
    return dots ? dio_scan_dot(s, m + 1) : m + 1;
}

static void say_clock(struct scan *s, int hour, int minute, bool half)
{
    if (minute < 0 || (minute == 0 && half)) {
        dio_say_small(s, hour);
    } else if (minute == 0) {
        dio_say_small(s, hour);
        dio_say(s, hour > 12 || hour == 0 ? "hundred hours" : "o'clock");
    } else {
        dio_say_small(s, hour);
        if (minute < 10)
            dio_say(s, "oh");
        dio_say_small(s, minute);
    }
}

static int two_digits(const struct scan *s, size_t at, size_t end)
{
    if (end - at != 2)
        return -1;
    return (s->text[at] - '0') * 10 + s->text[at + 1] - '0';
}

size_t dio_rule_clock(struct scan *s, size_t at)
{
    size_t end = dio_scan_digits(s, at), past;
    int hour = 0, minute = -1, second = -1, words = s->count;
    if (end == at || end - at > 2 || !dio_scan_begins(s, at))
        return 0;
    for (size_t i = at; i < end; i++)
        hour = hour * 10 + s->text[i] - '0';
    if (dio_scan_at(s, end) == ':') {
        past = dio_scan_digits(s, end + 1);
        minute = two_digits(s, end + 1, past);
        if (minute < 0 || minute > 59)
            return 0;
        end = past;
        if (dio_scan_at(s, end) == ':' && (past = dio_scan_digits(s, end + 1)) == end + 3) {
            second = two_digits(s, end + 1, past);
            end = past;
        }
    }
    if (hour > 24 || second > 59 ||
        (minute >= 0 && dio_scan_at(s, end) == '.' && dio_is_digit(dio_scan_at(s, end + 1))))
        return 0;
    /* The half of the day is said last, but decides how the hour is said. */
    past = say_half(s, end);
    bool half = past > end;
    s->count = words;
    if ((minute < 0 && !half) || (half && (hour > 12 || hour == 0)) ||
        (!half && !dio_scan_ends(s, end)))
        return 0;
    if (second >= 0 && !half) { /* a length of time, or the time of a log */
        dio_say_small(s, hour);
        dio_say(s, hour == 1 ? "hour" : "hours");
        dio_say_small(s, minute);
        dio_say(s, minute == 1 ? "minute" : "minutes");
        dio_say(s, "and");
        dio_say_small(s, second);
        dio_say(s, second == 1 ? "second" : "seconds");
        return end;
    }
    say_clock(s, hour, minute, half);
    return half                                               ? say_half(s, end)
           : dio_scan_says(s, end, " o'clock") && minute == 0 ? end + strlen(" o'clock")
                                                              : end;
}
