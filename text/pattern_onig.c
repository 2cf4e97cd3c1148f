/* pattern_onig.c: from Oniguruma's (Ruby's) regular expressions to PCRE2's.
 *
 * One pass from left to right. Classes such as \s are written out as the code points the
 * reference means by them, because the two libraries disagree on a few. Literals leave as
 * themselves or as \x{...}. What is not in the list of what tokenizers use is an error. */
#include "text/pattern_onig.h"

#include <string.h>

static void begin_atom(dio_onig *r)
{
    r->has_atom = true;
    r->atom_endless = false;
}

/* The ways to open a group; a plain ( becomes (?: since nobody asks what it caught. */
static bool open_group(dio_onig *r)
{
    static const struct opener {
        const char *onig, *pcre;
        bool closed, look;
    } openers[] = {
        {"(?:", "(?:", false, false}, {"(?i:", "(?i:", false, false}, {"(?>", "(?>", true, false},
        {"(?=", "(?=", true, true},   {"(?!", "(?!", true, true},     {"(?<=", "(?<=", true, true},
        {"(?<!", "(?<!", true, true}, {"(?", NULL, false, false},     {"(", "(?:", false, false},
    };
    if (r->depth == DIO_ONIG_DEPTH)
        return dio_onig_refuse(r, "groups more than 32 deep");
    const struct opener *o = openers;
    while (!dio_onig_at(r, o->onig))
        o++;
    if (!o->pcre)
        return dio_onig_refuse(r, "a group other than ( (?: (?i: (?> (?= (?! (?<= (?<!");
    struct group *g = &r->groups[r->depth++];
    *g = (struct group){.closed = o->closed, .look = o->look};
    dio_str_puts(r->out, o->pcre);
    r->at += strlen(o->onig);
    r->has_atom = false;
    return true;
}

static bool close_group(dio_onig *r)
{
    if (!r->depth)
        return dio_onig_refuse(r, "a ) without its (");
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
static bool read_interval(dio_onig *r, int *low, int *high)
{
    size_t at = r->at + 1;
    int bounds[2] = {-1, -1}, which = 0;
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

static bool put_repeat(dio_onig *r)
{
    char c = r->src[r->at];
    int low = c == '+', high = c == '?' ? 1 : -1;
    bool interval = c == '{';
    if (interval && !read_interval(r, &low, &high)) {
        begin_atom(r);
        dio_onig_literal(r, '{');
        r->at++;
        return true;
    }
    if (!r->has_atom)
        return dio_onig_refuse(r, "a repeat of nothing");
    if (low > 1000 || high > 1000 || (high >= 0 && high < low))
        return dio_onig_refuse(r, "a repeat of more than 1000 or of less than its minimum");
    bool endless = high < 0;
    if (endless && r->atom_endless)
        return dio_onig_refuse(
            r, "an endless repeat inside an endless repeat, which can take forever,");
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
        return dio_onig_refuse(r, "a repeat of a repeat without a group");
    }
    r->has_atom = false;
    if (r->depth && endless && !possessive)
        r->groups[r->depth - 1].endless = true;
    return true;
}

static bool put_one(dio_onig *r)
{
    char c = r->src[r->at];
    switch (c) {
    case '(':
        return open_group(r);
    case ')':
        return close_group(r);
    case '[':
        begin_atom(r);
        return dio_onig_brackets(r);
    case '\\':
        begin_atom(r);
        return dio_onig_escape(r);
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
            return dio_onig_refuse(r, "bytes that are not UTF-8");
        begin_atom(r);
        dio_onig_literal(r, cp);
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
    dio_onig r = {.src = onig, .n = n, .out = out, .err = err};
    while (r.at < n)
        if (!put_one(&r))
            return false;
    if (r.depth)
        return dio_onig_refuse(&r, "a ( without its )");
    return out->failed ? dio_fail_memory(err, "a pattern") : true;
}
