/* pattern_onig.c: from Oniguruma's (Ruby's) regular expressions to PCRE2's.
 *
 * One pass from left to right. Classes such as \s are written out as the code points the
 * reference means by them, because the two libraries disagree on a few. Literals leave as
 * themselves or as \x{...}. What is not in the list of what tokenizers use is an error. */
#include "text/pattern.h"

#include <stdio.h>
#include <string.h>

#include "text/unicode_age.h"

/* White_Space, and all but it. */
#define WHITE                                                                                     \
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"            \
    "\\x{202f}\\x{205f}\\x{3000}"
#define NOT_WHITE                                                                                 \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}"                  \
    "\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}"                \
    "\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"
/* What \w has besides letters, marks, decimal digits, letter numbers and connectors: the circled
 * and squared letters, and by a quirk of Oniguruma's the superscripts and fractions of Latin-1. */
#define WORD                                                                                      \
    "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"            \
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}"

enum { DEPTH = 32 };

struct rewrite {
    const char *src;
    size_t n, at;
    dio_str *out;
    bool has_atom;     /* what came last can be repeated */
    bool atom_endless; /* it has an endless repeat that may give back, inside */
    struct group {
        bool endless; /* as above, for what it holds */
        bool closed;  /* atomic or a lookaround: gives nothing back */
        bool look;
    } groups[DEPTH];
    int depth;
    dio_error *err;
};

static bool refuse(struct rewrite *r, const char *what)
{
    return dio_fail(r->err, "the expression is not supported: %s at its byte %zu", what, r->at);
}

static bool looking_at(const struct rewrite *r, const char *word)
{
    size_t length = strlen(word);
    return r->n - r->at >= length && !memcmp(r->src + r->at, word, length);
}

static void begin_atom(struct rewrite *r)
{
    r->has_atom = true;
    r->atom_endless = false;
}

static void put_literal(struct rewrite *r, uint32_t cp)
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
static bool read_hex(struct rewrite *r, char letter, uint32_t *cp)
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
        return refuse(r, "a \\x or \\u that names no code point");
    return true;
}

/* An escape that stands for one code point, r->at after the backslash; *is_class when it is one
 * of the letters that stand for many (left unread). */
static bool read_escape(struct rewrite *r, uint32_t *cp, bool *is_class)
{
    *is_class = false;
    if (r->at >= r->n)
        return refuse(r, "a backslash at the end");
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
        return refuse(r, "an escape other than \\s \\S \\d \\D \\w \\W \\p \\P \\x \\u, a control "
                         "character or punctuation");
    int length = dio_utf8_next(r->src + r->at, r->n - r->at, cp);
    r->at += (size_t)length;
    return length ? true : refuse(r, "bytes that are not UTF-8");
}

/* The members of a category, for use in brackets. */
static void put_category(struct rewrite *r, const char *name)
{
    dio_str_printf(r->out, "\\p{%s}", name);
    dio_age_put_newer(r->out, name);
}

/* Name in \p{Name}: a category, or Han, the one script that tokenizers ask for. PCRE2's \p{Han}
 * would take in what other scripts share with it. */
static bool put_named(struct rewrite *r, const char *name)
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
    return refuse(r, "a \\p of something other than Han or a general category but C, Cn and Cs");
}

/* \p{Name}, \p{^Name}, \P{Name} with r->at on the letter. */
static bool put_property(struct rewrite *r, bool inside)
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
        return refuse(r, "a \\p without the {Name} of a general category or Han");
    r->at++;
    if (inside)
        return negated ? refuse(r, "\\P inside brackets") : put_named(r, name);
    dio_str_puts(r->out, negated ? "[^" : "[");
    if (!put_named(r, name))
        return false;
    dio_str_putc(r->out, ']');
    return true;
}

static void put_word(struct rewrite *r)
{
    static const char *const categories[] = { "L", "M", "Nd", "Nl", "Pc" };
    for (int i = 0; i < 5; i++)
        put_category(r, categories[i]);
    dio_str_puts(r->out, WORD);
}

/* The class letters, r->at on the letter; `inside` brackets or bare. */
static bool put_class_letter(struct rewrite *r, bool inside)
{
    char c = r->src[r->at];
    if (c == 'p' || c == 'P')
        return put_property(r, inside);
    r->at++;
    if (inside && (c == 'W' || c == 'D'))
        return refuse(r, "\\W or \\D inside brackets");
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
static bool read_member(struct rewrite *r, uint32_t *cp, bool *is_class)
{
    *is_class = false;
    char c = r->src[r->at];
    if (c == '[')
        return refuse(r, "brackets inside brackets");
    if (looking_at(r, "&&"))
        return refuse(r, "&& inside brackets");
    if (c == '\\') {
        r->at++;
        return read_escape(r, cp, is_class);
    }
    int length = dio_utf8_next(r->src + r->at, r->n - r->at, cp);
    r->at += (size_t)length;
    return length ? true : refuse(r, "bytes that are not UTF-8");
}

static bool put_member(struct rewrite *r)
{
    uint32_t low, high;
    bool is_class;
    if (!read_member(r, &low, &is_class))
        return false;
    if (is_class)
        return put_class_letter(r, true);
    put_literal(r, low);
    if (r->at + 1 >= r->n || r->src[r->at] != '-' || r->src[r->at + 1] == ']')
        return true;
    r->at++;
    if (!read_member(r, &high, &is_class))
        return false;
    if (is_class || high < low)
        return refuse(r, "a range that does not go upwards");
    dio_str_putc(r->out, '-');
    put_literal(r, high);
    return true;
}

static bool put_brackets(struct rewrite *r)
{
    begin_atom(r);
    dio_str_putc(r->out, '[');
    r->at++;
    if (r->at < r->n && r->src[r->at] == '^') {
        dio_str_putc(r->out, '^');
        r->at++;
    }
    if (r->at < r->n && r->src[r->at] == ']')
        return refuse(r, "empty brackets");
    while (r->at < r->n && r->src[r->at] != ']')
        if (!put_member(r))
            return false;
    if (r->at >= r->n)
        return refuse(r, "brackets that do not end");
    r->at++;
    dio_str_putc(r->out, ']');
    return true;
}

/* The ways to open a group; a plain ( becomes (?: since nobody asks what it caught. */
static bool open_group(struct rewrite *r)
{
    static const struct opener {
        const char *onig, *pcre;
        bool closed, look;
    } openers[] = {
        { "(?:", "(?:", false, false }, { "(?i:", "(?i:", false, false },
        { "(?>", "(?>", true, false },  { "(?=", "(?=", true, true },
        { "(?!", "(?!", true, true },   { "(?<=", "(?<=", true, true },
        { "(?<!", "(?<!", true, true }, { "(?", NULL, false, false },
        { "(", "(?:", false, false },
    };
    if (r->depth == DEPTH)
        return refuse(r, "groups more than 32 deep");
    const struct opener *o = openers;
    while (!looking_at(r, o->onig))
        o++;
    if (!o->pcre)
        return refuse(r, "a group other than ( (?: (?i: (?> (?= (?! (?<= (?<!");
    struct group *g = &r->groups[r->depth++];
    *g = (struct group){ .closed = o->closed, .look = o->look };
    dio_str_puts(r->out, o->pcre);
    r->at += strlen(o->onig);
    r->has_atom = false;
    return true;
}

static bool close_group(struct rewrite *r)
{
    if (!r->depth)
        return refuse(r, "a ) without its (");
    const struct group *g = &r->groups[--r->depth];
    dio_str_putc(r->out, ')');
    r->at++;
    r->has_atom = !g->look;
    r->atom_endless = g->endless && !g->closed;
    if (r->depth && r->atom_endless)
        r->groups[r->depth - 1].endless = true;
    return true;
}

/* {n} {n,} {n,m} {,m}: false when the brace is a literal one. Counts stop at 1001. */
static bool read_interval(struct rewrite *r, int *low, int *high)
{
    size_t at = r->at + 1;
    int bounds[2] = { -1, -1 }, which = 0;
    for (; at < r->n && r->src[at] != '}'; at++) {
        char c = r->src[at];
        if (c == ',' && which == 0)
            which = 1;
        else if (c >= '0' && c <= '9')
            bounds[which] = (bounds[which] < 0 ? 0 : bounds[which]) * 10 + (c - '0');
        else
            return false;
        if (bounds[which] > 1000)
            bounds[which] = 1001;
    }
    if (at >= r->n || (bounds[0] < 0 && bounds[1] < 0))
        return false;
    *low = bounds[0] < 0 ? 0 : bounds[0];
    *high = which ? bounds[1] : *low;
    r->at = at + 1;
    return true;
}

static bool put_repeat(struct rewrite *r)
{
    char c = r->src[r->at];
    int low = c == '+', high = c == '?' ? 1 : -1;
    bool interval = c == '{';
    if (interval && !read_interval(r, &low, &high)) {
        begin_atom(r);
        put_literal(r, '{');
        r->at++;
        return true;
    }
    if (!r->has_atom)
        return refuse(r, "a repeat of nothing");
    if (low > 1000 || high > 1000 || (high >= 0 && high < low))
        return refuse(r, "a repeat of more than 1000 or of less than its minimum");
    bool endless = high < 0;
    if (endless && r->atom_endless)
        return refuse(r, "an endless repeat inside an endless repeat, which can take forever,");
    if (!interval)
        r->at++;
    if (interval && high < 0)
        dio_str_printf(r->out, "{%d,}", low);
    else if (interval)
        dio_str_printf(r->out, "{%d,%d}", low, high);
    else
        dio_str_putc(r->out, c);
    char suffix = r->at < r->n ? r->src[r->at] : 0;
    bool possessive = suffix == '+' && !interval;
    if (suffix == '?' && !interval) {
        dio_str_putc(r->out, '?');
        r->at++;
    } else if (possessive) {
        dio_str_putc(r->out, '+');
        r->at++;
    } else if (suffix == '?' || suffix == '+' || suffix == '*' || suffix == '{') {
        return refuse(r, "a repeat of a repeat without a group");
    }
    r->has_atom = false;
    if (r->depth && endless && !possessive)
        r->groups[r->depth - 1].endless = true;
    return true;
}

static bool put_escape(struct rewrite *r)
{
    uint32_t cp;
    bool is_class;
    r->at++;
    begin_atom(r);
    if (!read_escape(r, &cp, &is_class))
        return false;
    if (is_class)
        return put_class_letter(r, false);
    put_literal(r, cp);
    return true;
}

static bool put_one(struct rewrite *r)
{
    char c = r->src[r->at];
    switch (c) {
    case '(':
        return open_group(r);
    case ')':
        return close_group(r);
    case '[':
        return put_brackets(r);
    case '\\':
        return put_escape(r);
    case '*':
    case '+':
    case '?':
    case '{':
        return put_repeat(r);
    case '|':
    case '^':
    case '$':
        r->has_atom = false;
        break;
    case '.':
        begin_atom(r);
        break;
    default: {
        uint32_t cp;
        int length = dio_utf8_next(r->src + r->at, r->n - r->at, &cp);
        if (!length)
            return refuse(r, "bytes that are not UTF-8");
        begin_atom(r);
        put_literal(r, cp);
        r->at += (size_t)length;
        return true;
    }
    }
    dio_str_putc(r->out, c);
    r->at++;
    return true;
}

bool dio_pattern_rewrite(const char *onig, size_t n, dio_str *out, dio_error *err)
{
    struct rewrite r = { .src = onig, .n = n, .out = out, .err = err };
    while (r.at < n)
        if (!put_one(&r))
            return false;
    if (r.depth)
        return refuse(&r, "a ( without its )");
    return out->failed ? dio_fail_memory(err, "a pattern") : true;
}
