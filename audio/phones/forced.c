/* forced.c: what SSML's say-as, sub and phoneme ask for. */
#include "audio/phones/forced.h"

#include <string.h>

static const dio_rule rules[] = {
#define DIO_RULE(name, doc)         {#name, doc, dio_rule_##name, false},
#define DIO_RULE_NUMERIC(name, doc) {#name, doc, dio_rule_##name, true},
#include "audio/phones/rules.def"
#undef DIO_RULE
#undef DIO_RULE_NUMERIC
};

void dio_forced_text(struct scan *s, size_t at)
{
    while (at < s->n && !s->failed) {
        size_t end = 0;
        for (size_t i = 0; i < sizeof rules / sizeof *rules && !end; i++) {
            int words = s->count;
            if (rules[i].read == dio_rule_phones || rules[i].read == dio_rule_pause)
                continue; /* this piece is words, and its pauses are not its neighbours' */
            end = rules[i].read(s, at);
            if (!end)
                s->count = words;
        }
        at = end ? end : at + 1;
    }
    s->phones = NULL;
}

static void say_characters(struct scan *s, size_t at)
{
    for (; at < s->n; at++) {
        if (dio_is_alnum(s->text[at])) {
            dio_say_letters(s, at, at + 1);
        } else if (s->text[at] == '.') {
            dio_say(s, "dot");
        } else if (s->text[at] == '-') {
            dio_say(s, "dash");
        } else if (s->text[at] == '/') {
            dio_say(s, "slash");
        } else if (s->text[at] == '_') {
            dio_say(s, "underscore");
        } else {
            dio_rule_sign(s, at);
        }
    }
}

static void say_each(struct scan *s, size_t at)
{
    for (; at < s->n; at++)
        if (dio_is_digit(s->text[at]))
            dio_say_digits(s, s->text + at, 1);
        else if (s->text[at] == '.')
            dio_say(s, "point");
}

/* Each digit, a pause where the groups are apart. */
static void say_telephone(struct scan *s, size_t at)
{
    int words = s->count;
    for (; at < s->n; at++) {
        char before = at ? s->text[at - 1] : ' ';
        if (s->text[at] == '+')
            dio_say(s, "plus");
        else if (dio_is_alnum(s->text[at]) && !dio_is_alnum(before) && before != '+' &&
                 s->count > words)
            dio_say(s, ",");
        if (dio_is_alnum(s->text[at]))
            dio_say_letters(s, at, at + 1);
    }
}

/* One whole number and nothing else, as a cardinal or an ordinal. */
static bool say_number(struct scan *s, size_t at, bool ordinal)
{
    struct number x;
    bool minus = dio_scan_at(s, at) == '-';
    if (!dio_number_at(s, at + minus, &x))
        return false;
    size_t end = dio_scan_letters(s, x.end); /* 3rd */
    if (dio_scan_spaces(s, end) != s->n)
        return false;
    x.minus = minus;
    if (ordinal && *x.fraction)
        return false;
    dio_say_value(s, &x);
    if (ordinal)
        dio_say_last_ordinal(s);
    return true;
}

/* A rule that must take all of it. */
static bool whole(struct scan *s, size_t at, dio_rule_fn *rule)
{
    int words = s->count;
    size_t end = rule(s, at);
    if (end && dio_scan_spaces(s, end) >= s->n)
        return true;
    s->count = words;
    return false;
}

static bool say_alias(struct scan *s, const dio_forced *f, size_t at)
{
    dio_error err = {0};
    dio_normalise_input in = {.text = f->value, .length = strlen(f->value)};
    struct scan inner = {.arena = s->arena, .in = &in, .err = s->err};
    if (!dio_scan_clean(&inner, &err)) {
        s->failed = true;
        if (err.kind == DIO_ERROR_RETRY)
            return dio_fail_memory(s->err, "a text to speak");
        return dio_normalise_fail(s->in, s->from[at], s->err, "alias: %s", err.message);
    }
    dio_forced_text(&inner, 0);
    for (int i = 0; i < inner.count; i++)
        dio_say(s, inner.words[i]);
    s->failed = s->failed || inner.failed;
    return true;
}

const char *dio_forced_say(struct scan *s, const dio_forced *f, size_t at)
{
    at = dio_scan_spaces(s, at);
    switch (f->reading) {
    case DIO_READ_CHARACTERS:
        say_characters(s, at);
        return "characters";
    case DIO_READ_DIGITS:
        say_each(s, at);
        return "digits";
    case DIO_READ_TELEPHONE:
        say_telephone(s, at);
        return "telephone";
    case DIO_READ_ALIAS:
        if (say_alias(s, f, at))
            return "alias";
        break;
    case DIO_READ_PHONES:
        dio_forced_text(s, at);
        s->phones = f->value;
        return "phoneme";
    case DIO_READ_CARDINAL:
    case DIO_READ_ORDINAL:
        if (say_number(s, at, f->reading == DIO_READ_ORDINAL))
            return f->reading == DIO_READ_ORDINAL ? "ordinal" : "cardinal";
        if (whole(s, at, dio_rule_roman))
            return "roman";
        break;
    case DIO_READ_DATE: {
        int words = s->count;
        size_t end = dio_rule_date_as(s, at, f->format ? f->format : "");
        if (end && dio_scan_spaces(s, end) >= s->n)
            return "date";
        s->count = words;
        break;
    }
    case DIO_READ_TIME:
        if (whole(s, at, dio_rule_clock))
            return "time";
        break;
    case DIO_READ_CURRENCY:
        if (whole(s, at, dio_rule_money))
            return "currency";
        break;
    case DIO_READ_TEXT:
        break;
    }
    dio_forced_text(s, at);
    return "text";
}
