/* amount.c: numbers as they are written: 1,234.5, 12,34,567, .5, and what multiplies them. */
#include <stdlib.h>
#include <string.h>

#include "audio/phones/scan.h"

static const char *const scale_words[] = {
    "hundred", "thousand", "million", "billion", "trillion", "lakh", "crore", "dozen",
};

/* What may stand at a number without a blank; `money`: only in prices. */
static const struct {
    const char *letters, *word;
    bool money;
} suffixes[] = {
    {"bn", "billion", false},  {"Bn", "billion", false},   {"BN", "billion", false},
    {"mn", "million", false},  {"mln", "million", false},  {"mil", "million", true},
    {"tn", "trillion", false}, {"trn", "trillion", false}, {"k", "thousand", false},
    {"K", "thousand", false},  {"M", "million", false},    {"MM", "million", true},
    {"m", "million", true},    {"B", "billion", false},    {"b", "billion", true},
    {"T", "trillion", true},   {"cr", "crore", true},
};

/* Groups of three (or, as in India, of two and three at last) after commas. */
static size_t groups(const struct scan *s, size_t end, struct number *x, size_t *n)
{
    size_t lead = *n;
    if (lead > 3)
        return end;
    while (dio_scan_at(s, end) == ',') {
        size_t k = dio_scan_digits(s, end + 1) - end - 1;
        bool last_two = k == 2 && dio_scan_at(s, end + 3) == ',' && lead <= 2;
        if ((k != 3 && !last_two) || *n + k >= sizeof x->digits)
            break;
        memcpy(x->digits + *n, s->text + end + 1, k);
        *n += k;
        end += k + 1;
        x->grouped = true;
    }
    return end;
}

bool dio_number_at(const struct scan *s, size_t at, struct number *out)
{
    *out = (struct number){.begin = at};
    size_t end = dio_scan_digits(s, at), n = end - at;
    if (n >= sizeof out->digits)
        return false;
    memcpy(out->digits, s->text + at, n);
    if (n)
        end = groups(s, end, out, &n);
    if (dio_scan_at(s, end) == '.' && dio_is_digit(dio_scan_at(s, end + 1))) {
        size_t past = dio_scan_digits(s, end + 1), k = past - end - 1;
        if (k >= sizeof out->fraction)
            return false;
        memcpy(out->fraction, s->text + end + 1, k);
        end = past;
    }
    out->end = end;
    return end > at;
}

int dio_number_value(const struct number *x)
{
    return strlen(x->digits) > 9 ? -1 : atoi(x->digits);
}

bool dio_is_year(const struct number *x)
{
    int value = dio_number_value(x);
    return strlen(x->digits) == 4 && !x->grouped && !*x->fraction && value > 1000 && value < 2100;
}

void dio_say_value(struct scan *s, const struct number *x)
{
    if (x->minus || x->plus)
        dio_say(s, x->minus ? "minus" : "plus");
    if (*x->digits)
        dio_say_cardinal(s, x->digits, strlen(x->digits));
    if (*x->fraction) {
        dio_say(s, "point");
        dio_say_digits(s, x->fraction, strlen(x->fraction));
    }
}

/* Whether the digits before `at` follow a point: 1.2B is a number of billions. */
static bool fraction_before(const struct scan *s, size_t at)
{
    size_t i = at;
    while (i > 0 && at - i < SCAN_RUN && dio_is_digit(s->text[i - 1]))
        i--;
    return i > 0 && s->text[i - 1] == '.';
}

static const char *suffix_at(const struct scan *s, size_t at, bool money, size_t *end)
{
    if (!money && dio_scan_at(s, at) == 'B' && dio_is_digit(s->text[at - 1]) &&
        !fraction_before(s, at))
        return NULL; /* exit 23B */
    size_t past = dio_scan_letters(s, at);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if ((money || !suffixes[i].money) && strlen(suffixes[i].letters) == past - at &&
            dio_scan_is(s, at, suffixes[i].letters) && !(dio_scan_at(s, past) & 0x80) &&
            dio_scan_ends(s, past)) {
            *end = past;
            return suffixes[i].word;
        }
    return NULL;
}

static const char *scale_at(const struct scan *s, size_t at, bool money, size_t *end)
{
    const char *word = suffix_at(s, at, money, end);
    size_t begin = dio_scan_spaces(s, at);
    if (word)
        return word;
    if (begin == at && dio_scan_at(s, at) == '-')
        begin++;
    else if (begin == at)
        return NULL;
    size_t past = dio_scan_letters(s, begin);
    int i = dio_scan_find(s, begin, past, scale_words, sizeof scale_words / sizeof *scale_words);
    if (i < 0 && (word = suffix_at(s, begin, false, &past)) && strlen(word) > 6 &&
        past - begin > 1) {
        *end = past;
        return word;
    }
    if (i < 0)
        return NULL;
    *end = past;
    return scale_words[i];
}

bool dio_amount_at(const struct scan *s, size_t at, bool money, struct amount *out)
{
    bool wide;
    size_t dash;
    *out = (struct amount){0};
    if (!dio_number_at(s, at, &out->value))
        return false;
    out->end = out->value.end;
    size_t space = dio_scan_spaces(s, out->end);
    dash = dio_scan_dash(s, space, &wide);
    if (dash && (space == out->end || wide)) {
        size_t next = wide ? dio_scan_spaces(s, space + dash) : space + dash;
        if (dio_is_digit(dio_scan_at(s, next)) && dio_number_at(s, next, &out->until) &&
            dio_scan_at(s, out->until.end) != '-') {
            out->range = true;
            out->end = out->until.end;
        }
    }
    out->scale = scale_at(s, out->end, money, &out->end);
    return true;
}

void dio_say_amount(struct scan *s, const struct amount *x)
{
    dio_say_value(s, &x->value);
    if (x->range) {
        dio_say(s, "to");
        dio_say_value(s, &x->until);
    }
    if (x->scale)
        dio_say(s, x->scale);
}

bool dio_amount_is_one(const struct amount *x)
{
    return !x->range && !x->scale && !*x->value.fraction && dio_number_value(&x->value) == 1;
}
