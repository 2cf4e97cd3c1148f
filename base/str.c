/* str.c: growing strings, UTF-8 and numbers, none of which look at the locale.
 * A program that embeds us may run under a locale with decimal commas; a file's 0.5 must stay
 * one half there. */
#define _GNU_SOURCE /* strtod_l */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dio_str_deinit(dio_str *s)
{
    free(s->text);
    memset(s, 0, sizeof *s);
}

void dio_str_clear(dio_str *s)
{
    s->length = 0;
    if (s->text)
        s->text[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static bool reserve(dio_str *s, size_t n)
{
    size_t need;
    if (s->failed)
        return false;
    if (dio_add_size(s->length, n, &need) && dio_add_size(need, 1, &need)) {
        if (need <= s->cap)
            return true;
        size_t cap = need > SIZE_MAX / 2 ? need : need < 64 ? 64 : need + need / 2;
        char *text = realloc(s->text, cap);
        if (text) {
            s->text = text;
            s->cap = cap;
            return true;
        }
    }
    s->failed = true;
    return false;
}

void dio_str_put(dio_str *s, const char *text, size_t n)
{
    if (!reserve(s, n))
        return;
    if (n)
        memcpy(s->text + s->length, text, n);
    s->length += n;
    s->text[s->length] = '\0';
}

void dio_str_puts(dio_str *s, const char *text)
{
    dio_str_put(s, text, strlen(text));
}

void dio_str_putc(dio_str *s, char c)
{
    dio_str_put(s, &c, 1);
}

void dio_str_printf(dio_str *s, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) {
        s->failed = true;
    } else if (reserve(s, (size_t)n)) {
        vsnprintf(s->text + s->length, (size_t)n + 1, format, args);
        s->length += (size_t)n;
    }
    va_end(args);
}

int dio_utf8_next(const char *text, size_t n, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)text;
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    /* Length and payload of the first byte; the smallest code point that needs that length. */
    int length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < (size_t)length)
        return 0;
    uint32_t c = p[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return length;
}

int dio_utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    int length = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[length] | cp);
    return length;
}

bool dio_utf8_valid(const char *text, size_t n, size_t *bad)
{
    size_t i = 0;
    while (i < n) {
        /* Eight ASCII bytes at a time: most text is. */
        uint64_t word;
        if (n - i >= sizeof word) {
            memcpy(&word, text + i, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                i += sizeof word;
                continue;
            }
        }
        uint32_t cp;
        int length = dio_utf8_next(text + i, n - i, &cp);
        if (!length) {
            if (bad)
                *bad = i;
            return false;
        }
        i += (size_t)length;
    }
    return true;
}

bool dio_char_shows(uint32_t cp)
{
    return cp >= ' ' && (cp < 0x7f || cp > 0x9f) && (cp < 0x202a || cp > 0x202e) &&
           (cp < 0x2066 || cp > 0x2069);
}

void dio_str_show(char *text)
{
    char *to = text;
    size_t left = strlen(text);
    for (int n; left; text += n, left -= (size_t)n) {
        uint32_t cp;
        n = dio_utf8_next(text, left, &cp);
        if (n && dio_char_shows(cp)) {
            memmove(to, text, (size_t)n);
            to += n;
        } else {
            *to++ = '?';
            n = n ? n : 1;
        }
    }
    *to = '\0';
}

size_t dio_utf8_count(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

bool dio_parse_int(const char *text, int64_t *out)
{
    const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
    const char *end = skip_digits(digits);
    if (end == digits || *end)
        return false;
    errno = 0;
    long long v = strtoll(text, NULL, 10);
    if (errno)
        return false;
    *out = v;
    return true;
}

bool dio_parse_u64(const char *text, uint64_t *out)
{
    const char *digits = *text == '+' ? text + 1 : text;
    const char *end = skip_digits(digits);
    if (end == digits || *end)
        return false;
    errno = 0;
    unsigned long long v = strtoull(digits, NULL, 10);
    if (errno)
        return false;
    *out = v;
    return true;
}

/* [+-] digits [. digits] [e [+-] digits], with at least one digit before the exponent. */
bool dio_is_decimal(const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    const char *whole = skip_digits(p);
    const char *end = *whole == '.' ? skip_digits(whole + 1) : whole;
    bool digits = whole > p || end > whole + 1;
    if (digits && (*end == 'e' || *end == 'E')) {
        const char *exponent = end + 1 + (end[1] == '-' || end[1] == '+');
        end = skip_digits(exponent);
        digits = end > exponent;
    }
    return digits && !*end;
}

bool dio_parse_real(const char *text, double *out)
{
    if (!dio_is_decimal(text))
        return false;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc keeps one; nothing is made */
    if (!c)
        return false;
    double v = strtod_l(text, NULL, c);
    freelocale(c);
    if (!isfinite(v))
        return false;
    *out = v;
    return true;
}

bool dio_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool dio_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
