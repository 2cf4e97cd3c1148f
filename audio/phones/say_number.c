/* say_number.c: digits become words, the American way: no "and" within a number. */
#include <stdlib.h>
#include <string.h>

#include "audio/phones/scan.h"

static const char *const ones[] = {
    "zero",     "one",     "two",     "three",     "four",     "five",     "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
};

static const char *const tens[] = {
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
};

/* Names of the powers of a thousand; what is longer is said digit by digit. */
static const char *const scales[] = {
    "",           "thousand",   "million",   "billion",   "trillion", "quadrillion", "quintillion",
    "sextillion", "septillion", "octillion", "nonillion",
};
enum { SCALES = sizeof scales / sizeof *scales };

static void say_hundreds(struct scan *s, int value)
{
    if (value >= 100) {
        dio_say(s, ones[value / 100]);
        dio_say(s, "hundred");
        value %= 100;
        if (!value)
            return;
    }
    if (value >= 20) {
        dio_say(s, tens[value / 10]);
        value %= 10;
        if (!value)
            return;
    }
    dio_say(s, ones[value]);
}

void dio_say_small(struct scan *s, int value)
{
    if (value >= 1000) {
        say_hundreds(s, value / 1000);
        dio_say(s, "thousand");
        if (value % 1000 == 0)
            return;
        value %= 1000;
    }
    say_hundreds(s, value);
}

static int group_of(const char *digits, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

void dio_say_cardinal(struct scan *s, const char *digits, size_t n)
{
    bool any = false;
    while (n > 1 && *digits == '0')
        digits++, n--;
    if (n > 3 * (size_t)SCALES) {
        dio_say_digits(s, digits, n);
        return;
    }
    for (size_t left = n; left > 0;) {
        size_t take = left % 3 ? left % 3 : 3;
        int value = group_of(digits + (n - left), take);
        left -= take;
        if (!value && (any || left > 0))
            continue;
        say_hundreds(s, value);
        dio_say(s, scales[left / 3]);
        any = true;
    }
}

void dio_say_digits(struct scan *s, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dio_say(s, ones[digits[i] - '0']);
}

/* "oh five" for 05, "hundred" for 00 */
static void say_pair(struct scan *s, int value)
{
    if (value == 0) {
        dio_say(s, "hundred");
        return;
    }
    if (value < 10)
        dio_say(s, "oh");
    say_hundreds(s, value);
}

void dio_say_pairs(struct scan *s, const char *digits, size_t n)
{
    if (n < 3 || n > 4 || *digits == '0') {
        dio_say_cardinal(s, digits, n);
        return;
    }
    say_hundreds(s, group_of(digits, n - 2));
    say_pair(s, group_of(digits + n - 2, 2));
}

void dio_say_year(struct scan *s, const char *digits, size_t n)
{
    int value = n <= 4 ? group_of(digits, n) : 0;
    if (n != 4 || value % 1000 == 0 || (value >= 2000 && value < 2010))
        dio_say_cardinal(s, digits, n);
    else
        dio_say_pairs(s, digits, n);
}

/* Those that do not only take -th. */
static const struct {
    const char *cardinal, *ordinal;
} ordinals[] = {
    {"one", "first"},    {"two", "second"}, {"three", "third"},    {"five", "fifth"},
    {"eight", "eighth"}, {"nine", "ninth"}, {"twelve", "twelfth"},
};

void dio_say_last_ordinal(struct scan *s)
{
    if (!s->count)
        return;
    const char *word = dio_scan_last(s);
    size_t n = strlen(word);
    for (size_t i = 0; i < sizeof ordinals / sizeof *ordinals; i++)
        if (strcmp(word, ordinals[i].cardinal) == 0) {
            s->words[s->count - 1] = ordinals[i].ordinal;
            return;
        }
    if (n && word[n - 1] == 'y')
        s->words[s->count - 1] = dio_arena_printf(s->arena, "%.*sieth", (int)n - 1, word);
    else
        s->words[s->count - 1] = dio_arena_printf(s->arena, "%sth", word);
}

void dio_say_ordinal(struct scan *s, const char *digits, size_t n)
{
    dio_say_cardinal(s, digits, n);
    dio_say_last_ordinal(s);
}

void dio_say_plural(struct scan *s)
{
    if (!s->count)
        return;
    const char *word = dio_scan_last(s);
    size_t n = strlen(word);
    if (n && word[n - 1] == 'y')
        s->words[s->count - 1] = dio_arena_printf(s->arena, "%.*sies", (int)n - 1, word);
    else if (n && (word[n - 1] == 'x' || word[n - 1] == 's' || word[n - 1] == 'h'))
        s->words[s->count - 1] = dio_arena_printf(s->arena, "%ses", word);
    else
        s->words[s->count - 1] = dio_arena_printf(s->arena, "%ss", word);
}
