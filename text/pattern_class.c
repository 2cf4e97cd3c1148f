/* pattern_class.c: what stands for one code point in an Oniguruma expression: literals, escapes,
 * classes, brackets. */
#include <stdio.h>
#include <string.h>

#include "text/pattern_onig.h"
#include "text/unicode_age.h"

/* White_Space, and all but it. */
#define WHITE                                                                                      \
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"             \
    "\\x{202f}\\x{205f}\\x{3000}"
#define NOT_WHITE                                                                                  \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}"                   \
    "\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}"                 \
    "\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"
/* What \w has besides letters, marks, decimal digits, letter numbers and connectors: the circled
 * and squared letters, and by a quirk of Oniguruma's the superscripts and fractions of Latin-1. */
#define WORD                                                                                       \
    "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"                 \
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}"

bool dio_onig_refuse(dio_onig *r, const char *what)
{
    return dio_fail(r->err, "the expression is not supported: %s at its byte %zu", what, r->at);
}

bool dio_onig_at(const dio_onig *r, const char *word)
{
    size_t length = strlen(word);
    return r->n - r->at >= length && !memcmp(r->src + r->at, word, length);
}

void dio_onig_literal(dio_onig *r, uint32_t cp)
{
    bool plain = (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
    if (plain)
        dio_str_putc(r->out, (char)cp);
    else
        dio_str_printf(r->out, "\\x{%x}", (unsigned)cp);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \xHH, \x{H...}, \uHHHH with r->at after the letter. */
static bool read_hex(dio_onig *r, char letter, uint32_t *cp)
{
    bool braces = letter == 'x' && r->at < r->n && r->src[r->at] == '{';
    size_t most = braces ? 6 : letter == 'x' ? 2 : 4, digits = 0;
    r->at += braces;
    *cp = 0;
    for (; digits < most && r->at < r->n && hex_digit(r->src[r->at]) >= 0; digits++)
        *cp = *cp * 16 + (uint32_t)hex_digit(r->src[r->at++]);
    bool whole = digits && (letter == 'x' || digits == 4);
    if (braces) {
        whole = whole && r->at < r->n && r->src[r->at] == '}';
        r->at++;
    }
    /* \x80 to \xff would be raw bytes, which UTF-8 text does not have. */
    bool raw = letter == 'x' && !braces && *cp >= 0x80;
    if (!whole || raw || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
        return dio_onig_refuse(r, "a \\x or \\u that names no code point");
    return true;
}

/* An escape that stands for one code point, r->at after the backslash; *is_class when it is one
 * of the letters that stand for many (left unread). */
static bool read_escape(dio_onig *r, uint32_t *cp, bool *is_class)
{
    *is_class = false;
    if (r->at >= r->n)
        return dio_onig_refuse(r, "a backslash at the end");
    char c = r->src[r->at];
    if (strchr("sSdDwWpP", c)) {
        *is_class = true;
        return true;
    }
    static const char letters[] = "rntfvae", values[] = "\r\n\t\f\v\a\x1b";
    const char *known = c ? strchr(letters, c) : NULL;
    if (known) {
        *cp = (uint32_t)values[known - letters];
        r->at++;
        return true;
    }
    if (c == 'x' || c == 'u') {
        r->at++;
        return read_hex(r, c, cp);
    }
    bool name = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (name)
        return dio_onig_refuse(
            r, "an escape other than \\s \\S \\d \\D \\w \\W \\p \\P \\x \\u, a control "
               "character or punctuation");
    int length = dio_utf8_next(r->src + r->at, r->n - r->at, cp);
    r->at += (size_t)length;
    return length ? true : dio_onig_refuse(r, "bytes that are not UTF-8");
}

/* The members of a category, for use in brackets. */
static void put_category(dio_onig *r, const char *name)
{
    dio_str_printf(r->out, "\\p{%s}", name);
    dio_age_put_newer(r->out, name);
}

/* Name in \p{Name}: a category, or Han, the one script that tokenizers ask for. PCRE2's \p{Han}
 * would take in what other scripts share with it. */
static bool put_named(dio_onig *r, const char *name)
{
    static const char categories[] = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf "
                                     "Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf Co ";
    char word[8];
    if (!strcmp(name, "Han")) {
        dio_str_puts(r->out, "\\p{sc:Han}\\x{2b739}\\x{2ebf0}-\\x{2ee5d}\\x{31350}-\\x{323af}");
        return true;
    }
    snprintf(word, sizeof word, "%s ", name);
    for (const char *at = categories; *at; at = strchr(at, ' ') + 1)
        if (!strncmp(at, word, strlen(word))) {
            put_category(r, name);
            return true;
        }
    return dio_onig_refuse(
        r, "a \\p of something other than Han or a general category but C, Cn and Cs");
}

/* \p{Name}, \p{^Name}, \P{Name} with r->at on the letter. */
static bool put_property(dio_onig *r, bool inside)
{
    bool negated = r->src[r->at++] == 'P';
    char name[4] = "";
    size_t length = 0;
    bool open = r->at < r->n && r->src[r->at] == '{';
    r->at += open;
    if (r->at < r->n && r->src[r->at] == '^') {
        negated = !negated;
        r->at++;
    }
    while (r->at < r->n && length < 3 && r->src[r->at] != '}')
        name[length++] = r->src[r->at++];
    if (!open || r->at >= r->n || r->src[r->at] != '}')
        return dio_onig_refuse(r, "a \\p without the {Name} of a general category or Han");
    r->at++;
    if (inside)
        return negated ? dio_onig_refuse(r, "\\P inside brackets") : put_named(r, name);
    dio_str_puts(r->out, negated ? "[^" : "[");
    if (!put_named(r, name))
        return false;
    dio_str_putc(r->out, ']');
    return true;
}

static void put_word(dio_onig *r)
{
    static const char *const categories[] = {"L", "M", "Nd", "Nl", "Pc"};
    for (int i = 0; i < 5; i++)
        put_category(r, categories[i]);
    dio_str_puts(r->out, WORD);
}

/* The class letters, r->at on the letter; `inside` brackets or bare. */
static bool put_class_letter(dio_onig *r, bool inside)
{
    char c = r->src[r->at];
    if (c == 'p' || c == 'P')
        return put_property(r, inside);
    r->at++;
    if (inside && (c == 'W' || c == 'D'))
        return dio_onig_refuse(r, "\\W or \\D inside brackets");
    if (!inside)
        dio_str_puts(r->out, c == 'W' || c == 'D' ? "[^" : "[");
    if (c == 'd' || c == 'D')
        put_category(r, "Nd");
    else if (c == 'w' || c == 'W')
        put_word(r);
    else
        dio_str_puts(r->out, c == 's' ? WHITE : NOT_WHITE);
    if (!inside)
        dio_str_putc(r->out, ']');
    return true;
}

/* One literal of a bracket class, escaped or not; or a class letter, which is put at once. */
static bool read_member(dio_onig *r, uint32_t *cp, bool *is_class)
{
    *is_class = false;
    char c = r->src[r->at];
    if (c == '[')
        return dio_onig_refuse(r, "brackets inside brackets");
    if (dio_onig_at(r, "&&"))
        return dio_onig_refuse(r, "&& inside brackets");
    if (c == '\\') {
        r->at++;
        return read_escape(r, cp, is_class);
    }
    int length = dio_utf8_next(r->src + r->at, r->n - r->at, cp);
    r->at += (size_t)length;
    return length ? true : dio_onig_refuse(r, "bytes that are not UTF-8");
}

static bool put_member(dio_onig *r)
{
    uint32_t low, high;
    bool is_class;
    if (!read_member(r, &low, &is_class))
        return false;
    if (is_class)
        return put_class_letter(r, true);
    dio_onig_literal(r, low);
    if (r->at + 1 >= r->n || r->src[r->at] != '-' || r->src[r->at + 1] == ']')
        return true;
    r->at++;
    if (!read_member(r, &high, &is_class))
        return false;
    if (is_class || high < low)
        return dio_onig_refuse(r, "a range that does not go upwards");
    dio_str_putc(r->out, '-');
    dio_onig_literal(r, high);
    return true;
}

bool dio_onig_brackets(dio_onig *r)
{
    dio_str_putc(r->out, '[');
    r->at++;
    if (r->at < r->n && r->src[r->at] == '^') {
        dio_str_putc(r->out, '^');
        r->at++;
    }
    if (r->at < r->n && r->src[r->at] == ']')
        return dio_onig_refuse(r, "empty brackets");
    while (r->at < r->n && r->src[r->at] != ']')
        if (!put_member(r))
            return false;
    if (r->at >= r->n)
        return dio_onig_refuse(r, "brackets that do not end");
    r->at++;
    dio_str_putc(r->out, ']');
    return true;
}

bool dio_onig_escape(dio_onig *r)
{
    uint32_t cp;
    bool is_class;
    r->at++;
    if (!read_escape(r, &cp, &is_class))
        return false;
    if (is_class)
        return put_class_letter(r, false);
    dio_onig_literal(r, cp);
    return true;
}
