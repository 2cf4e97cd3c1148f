/* rules_measure.c: prices, shares, temperatures and measures: a number and its sign. */
#include <string.h>

#include "audio/phones/scan.h"

struct currency {
    const char *sign, *code, *one, *many, *small_one, *small_many;
};

static const struct currency currencies[] = {
#define DIO_CURRENCY(sign, code, one, many, small_one, small_many)                                 \
    {sign, code, one, many, small_one, small_many},
#include "audio/phones/en/money.def"
#undef DIO_CURRENCY
};

struct unit {
    const char *sign, *one, *many;
    bool apart;
};

static const struct unit units[] = {
#define DIO_UNIT(sign, one, many, apart) {sign, one, many, apart},
#define DIO_PER(sign, word)
#include "audio/phones/en/units.def"
#undef DIO_UNIT
#undef DIO_PER
};

static const struct {
    const char *sign, *word;
} pers[] = {
#define DIO_UNIT(sign, one, many, apart)
#define DIO_PER(sign, word) {sign, word},
#include "audio/phones/en/units.def"
#undef DIO_UNIT
#undef DIO_PER
};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

/* "/mo", "/month": says per month; where it ends, or `at`. */
static size_t say_per(struct scan *s, size_t at)
{
    size_t begin = at + 1, end = dio_scan_letters(s, begin);
    if (dio_scan_at(s, at) != '/')
        return at;
    for (int i = 0; i < COUNT(pers); i++) {
        size_t past = begin + strlen(pers[i].sign);
        if (dio_scan_is(s, begin, pers[i].sign) && dio_scan_ends(s, past) &&
            !(dio_scan_at(s, past) & 0x80)) {
            dio_say(s, "per");
            dio_say(s, pers[i].word);
            return past;
        }
    }
    if (end < begin + 3 || !dio_scan_ends(s, end))
        return at;
    dio_say(s, "per");
    dio_say_word(s, begin, end);
    return end;
}

/* The currency whose sign (or code) stands at `at`, and where that ends. */
static const struct currency *currency_at(const struct scan *s, size_t at, size_t *end)
{
    for (int i = 0; i < COUNT(currencies); i++) {
        const struct currency *c = &currencies[i];
        *end = at + strlen(c->sign);
        if (*c->sign && dio_scan_is(s, at, c->sign))
            return c;
        *end = at + 3;
        if (dio_scan_is(s, at, c->code) && dio_scan_ends(s, *end) && dio_scan_begins(s, at))
            return c;
    }
    return NULL;
}

/* Cents of "49.95" and of "49,95": two digits after the point, and no more; -1: none. */
static int cents_of(const struct scan *s, const struct amount *x, size_t *end)
{
    const char *f = x->value.fraction;
    *end = x->end;
    if (x->range || x->scale)
        return -1;
    if (f[0] && f[1] && !f[2])
        return (f[0] - '0') * 10 + f[1] - '0';
    size_t past = dio_scan_digits(s, x->end + 1);
    if (*f || dio_scan_at(s, x->end) != ',' || past != x->end + 3)
        return -1;
    *end = past;
    return (s->text[past - 2] - '0') * 10 + s->text[past - 1] - '0';
}

static void say_price(struct scan *s, const struct currency *c, const struct amount *x, int cents)
{
    struct number whole = x->value;
    if (x->value.minus)
        dio_say(s, "minus");
    whole.minus = false;
    if (cents < 0) {
        struct amount y = *x;
        y.value.minus = false;
        dio_say_amount(s, &y);
        dio_say(s, dio_amount_is_one(x) ? c->one : c->many);
        return;
    }
    *whole.fraction = '\0';
    int value = dio_number_value(&whole);
    if (value != 0 || cents == 0) {
        dio_say_value(s, &whole);
        dio_say(s, value == 1 ? c->one : c->many);
    }
    if (cents && value)
        dio_say(s, "and");
    if (cents) {
        dio_say_small(s, cents);
        dio_say(s, cents == 1 ? c->small_one : c->small_many);
    }
}

static size_t price_before(struct scan *s, size_t at, bool minus)
{
    size_t end;
    struct amount x;
    const struct currency *c = currency_at(s, at, &end);
    if (!c)
        return 0;
    end = dio_scan_spaces(s, end);
    if (!minus && dio_scan_at(s, end) == '-' && dio_is_digit(dio_scan_at(s, end + 1)))
        minus = true, end++;
    if (!dio_amount_at(s, end, true, &x) || !dio_scan_ends(s, x.end))
        return 0;
    x.value.minus = minus;
    int cents = cents_of(s, &x, &end);
    say_price(s, c, &x, cents);
    if (dio_scan_at(s, end) == '+') {
        dio_say(s, "plus");
        return end + 1;
    }
    return say_per(s, end);
}

static size_t price_after(struct scan *s, size_t at, bool minus)
{
    size_t end, past;
    struct amount x;
    if (!dio_amount_at(s, at, true, &x))
        return 0;
    x.value.minus = minus;
    int cents = cents_of(s, &x, &end);
    const struct currency *c = currency_at(s, dio_scan_spaces(s, end), &past);
    /* "2 $5 bills": a sign with a number after it belongs to that. */
    bool next = c && dio_is_digit(dio_scan_at(s, past)) && dio_scan_at(s, past - 1) != ' ';
    if (c && !next && (x.scale || dio_scan_ends(s, x.end) || dio_scan_at(s, x.end) & 0x80)) {
        say_price(s, c, &x, cents);
        return say_per(s, past);
    }
    if (dio_scan_is(s, x.end, "¢")) {
        dio_say_amount(s, &x);
        dio_say(s, dio_amount_is_one(&x) ? "cent" : "cents");
        return say_per(s, x.end + 2);
    }
    if (dio_scan_is(s, x.end, "p") && !*x.value.fraction && !x.scale && !x.range &&
        dio_number_value(&x.value) < 100 && dio_scan_ends(s, x.end + 1)) {
        dio_say_amount(s, &x);
        dio_say(s, dio_amount_is_one(&x) ? "penny" : "pence");
        return x.end + 1;
    }
    return 0;
}

size_t dio_rule_money(struct scan *s, size_t at)
{
    bool minus = dio_scan_at(s, at) == '-' && (at == 0 || strchr(" (\n[", s->text[at - 1]));
    size_t end = dio_scan_begins(s, at) ? price_before(s, at + minus, minus) : 0;
    return end || !dio_scan_begins(s, at) ? end : price_after(s, at + minus, minus);
}

/* An amount with a sign before it, for the rules below. */
static bool signed_amount(const struct scan *s, size_t at, struct amount *x)
{
    char c = dio_scan_at(s, at);
    bool sign = (c == '-' || c == '+') && (at == 0 || strchr(" (\n[~<>=", s->text[at - 1]));
    if (!dio_scan_begins(s, at) || !dio_amount_at(s, at + sign, false, x))
        return false;
    x->value.minus = sign && c == '-';
    x->value.plus = sign && c == '+';
    return true;
}

size_t dio_rule_percent(struct scan *s, size_t at)
{
    struct amount x;
    if (!signed_amount(s, at, &x))
        return 0;
    size_t end = dio_scan_spaces(s, x.end);
    bool mille = dio_scan_is(s, end, "‰");
    if (!mille && dio_scan_at(s, end) != '%')
        return 0;
    dio_say_amount(s, &x);
    dio_say(s, mille ? "per mille" : "percent");
    return end + (mille ? strlen("‰") : 1);
}

size_t dio_rule_degrees(struct scan *s, size_t at)
{
    struct amount x;
    if (!signed_amount(s, at, &x))
        return 0;
    size_t end = dio_scan_spaces(s, x.end);
    if (!dio_scan_is(s, end, "°"))
        return 0;
    end += strlen("°");
    size_t letter = dio_scan_spaces(s, end);
    char c = dio_scan_at(s, letter);
    dio_say_amount(s, &x);
    dio_say(s, dio_amount_is_one(&x) ? "degree" : "degrees");
    if (!dio_scan_ends(s, letter + 1) || (c != 'C' && c != 'F'))
        return end;
    dio_say(s, c == 'C' ? "celsius" : "fahrenheit");
    return letter + 1;
}

/* 6'2", 6', 12": an inch sign alone only right after a number and before no closing quote. */
size_t dio_rule_feet(struct scan *s, size_t at)
{
    struct number feet, inches;
    if (!dio_is_digit(dio_scan_at(s, at)) || !dio_number_at(s, at, &feet))
        return 0;
    char sign = dio_scan_at(s, feet.end);
    bool quoted = false; /* inside quotes the sign is the end of them */
    for (size_t i = at > SCAN_RUN ? at - SCAN_RUN : 0; sign == '"' && i < at; i++)
        quoted ^= s->text[i] == '"' && (i == 0 || !dio_is_digit(s->text[i - 1]));
    if (sign == '"' && !quoted && dio_scan_ends(s, feet.end + 1)) {
        dio_say_value(s, &feet);
        dio_say(s, dio_number_value(&feet) == 1 && !*feet.fraction ? "inch" : "inches");
        return feet.end + 1;
    }
    size_t next = feet.end + 1;
    if (sign != '\'' || !dio_is_digit(dio_scan_at(s, next)) || !dio_number_at(s, next, &inches) ||
        dio_scan_at(s, inches.end) != '"')
        return 0;
    dio_say_value(s, &feet);
    dio_say(s, "foot");
    dio_say_value(s, &inches);
    return inches.end + 1;
}

/* The unit at `at`, the longest sign that fits; `blank`: a blank stands before it. */
static const struct unit *unit_at(const struct scan *s, size_t at, bool blank, size_t *end)
{
    const struct unit *best = NULL;
    for (int i = 0; i < COUNT(units); i++) {
        size_t n = strlen(units[i].sign), past = at + n;
        char next = dio_scan_at(s, past);
        bool dotted = next == '.' && n == 1 && dio_is_alpha(dio_scan_at(s, past + 1));
        if (dotted || (blank && !units[i].apart) || (best && n <= strlen(best->sign)) ||
            !dio_scan_is(s, at, units[i].sign) || !dio_scan_ends(s, past) || next & 0x80)
            continue;
        best = &units[i];
        *end = past;
    }
    return best;
}

size_t dio_rule_measure(struct scan *s, size_t at)
{
    struct amount x;
    size_t end = at;
    if (!signed_amount(s, at, &x))
        return 0;
    if (!x.scale && !*x.value.fraction && !x.range && dio_scan_is(s, x.end, "K"))
        return 0; /* 4K */
    bool blank = dio_scan_at(s, x.end) == ' ', hyphen = dio_scan_at(s, x.end) == '-';
    const struct unit *u = unit_at(s, x.end + (blank || hyphen), blank, &end);
    bool within = dio_scan_at(s, end) == '-' && dio_is_digit(dio_scan_at(s, end + 1));
    if (u && hyphen && u->sign[1] && !within) { /* a 6-ft fence, a 100-yr-old oak */
        dio_say_amount(s, &x);
        dio_say(s, u->one);
        return end;
    }
    if (!u || hyphen || (dio_scan_at(s, end) == '\'' && dio_is_alpha(dio_scan_at(s, end + 1))))
        return 0; /* "5 s's" */
    dio_say_amount(s, &x);
    dio_say(s, dio_amount_is_one(&x) ? u->one : u->many);
    end = say_per(s, end);
    return dio_scan_at(s, end) == '.' && strlen(u->sign) < 4 ? dio_scan_dot(s, end) : end;
}

/* Numbers with x or × between them, and perhaps a unit at the end. */
size_t dio_rule_size(struct scan *s, size_t at)
{
    struct number parts[4];
    int n = 0;
    bool letter = false;
    size_t next = at, end = 0;
    if (!dio_scan_begins(s, at))
        return 0;
    while (n < 4 && dio_is_digit(dio_scan_at(s, next)) && dio_number_at(s, next, &parts[n])) {
        size_t sign;
        end = parts[n++].end;
        sign = dio_scan_spaces(s, end);
        bool x = dio_to_lower(dio_scan_at(s, sign)) == 'x';
        if (!x && !dio_scan_is(s, sign, "×"))
            break;
        letter = letter || x;
        next = dio_scan_spaces(s, sign + (x ? 1 : strlen("×")));
    }
    if (n < 2)
        return 0;
    size_t past;
    bool blank = dio_scan_at(s, end) == ' ';
    const struct unit *u = unit_at(s, end + blank, blank, &past);
    if ((!u && !dio_scan_ends(s, end)) || (!letter && !u && n == 2))
        return 0; /* 3 × 4 is a product */
    for (int i = 0; i < n; i++) {
        if (i)
            dio_say(s, "by");
        if (strlen(parts[i].digits) == 4 && !parts[i].grouped && !*parts[i].fraction && n == 2)
            dio_say_year(s, parts[i].digits, 4);
        else if (strlen(parts[i].digits) == 3 && n == 2 && !*parts[i].fraction && !u &&
                 parts[i].digits[2] == '0' && strlen(parts[0].digits) == 4)
            dio_say_pairs(s, parts[i].digits, 3);
        else
            dio_say_value(s, &parts[i]);
    }
    if (!u)
        return end;
    dio_say(s, u->many);
    return past;
}
