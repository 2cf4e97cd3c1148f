/* unicode.c: code point classes and normal forms.
 *
 * Decomposition and composition are utf8proc's. The reordering of combining marks between the
 * two is ours: utf8proc sorts by swapping neighbours, which takes hours on a megabyte of marks
 * over one letter; we count. */
#include "text/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "text/unicode_age.h"

static utf8proc_category_t category(uint32_t cp)
{
    return utf8proc_category((utf8proc_int32_t)cp);
}

bool dio_cp_is_white(uint32_t cp)
{
    if (cp < 0x80)
        return cp == ' ' || (cp >= 0x9 && cp <= 0xd);
    return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

bool dio_cp_is_numeric(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= '0' && cp <= '9';
    utf8proc_category_t c = category(cp);
    return c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_NL || c == UTF8PROC_CATEGORY_NO ||
           dio_age_numeric(cp);
}

bool dio_cp_is_mark(uint32_t cp)
{
    if (cp < 0x300)
        return false;
    utf8proc_category_t c = category(cp);
    bool mark = c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_MC || c == UTF8PROC_CATEGORY_ME;
    return mark != dio_age_remarked(cp);
}

bool dio_cp_is_punct(uint32_t cp)
{
    if (cp < 0x80)
        return (cp >= '!' && cp <= '/') || (cp >= ':' && cp <= '@') || (cp >= '[' && cp <= '`') ||
               (cp >= '{' && cp <= '~');
    utf8proc_category_t c = category(cp);
    bool punct = c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
    return punct != dio_age_repunctuated(cp);
}

/* Alphabetic, marks, decimal digits, connectors, joiners. utf8proc has no Alphabetic; it is the
 * letters and letter numbers, marks (which are in anyway) and the circled and squared letters. */
bool dio_cp_is_word(uint32_t cp)
{
    if (cp < 0x80)
        return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
               cp == '_';
    utf8proc_category_t c = category(cp);
    if ((c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_NL) || c == UTF8PROC_CATEGORY_PC)
        return true;
    return cp == 0x200c || cp == 0x200d || (cp >= 0x24b6 && cp <= 0x24e9) ||
           (cp >= 0x1f130 && cp <= 0x1f149) || (cp >= 0x1f150 && cp <= 0x1f169) ||
           (cp >= 0x1f170 && cp <= 0x1f189) || (cp >= 0x1c89 && dio_age_letter_or_mark(cp));
}

static void put_cp(dio_str *out, uint32_t cp)
{
    char bytes[4];
    dio_str_put(out, bytes, (size_t)dio_utf8_put(cp, bytes));
}

/* Simple mappings, and the one character whose lower case is two. */
void dio_unicode_lower(const char *text, size_t n, dio_str *out)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int length = dio_utf8_next(text + i, n - i, &cp);
        if (!length)
            return;
        uint32_t later = cp < 0x1c89 ? 0 : dio_age_lower(cp);
        if (cp == 0x130)
            dio_str_puts(out, "i\xcc\x87");
        else
            put_cp(out, later ? later : (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp));
        i += (size_t)length;
    }
}

/* Below these code points a text is in the form already. */
static uint32_t first_unsafe(dio_normal_form form)
{
    static const uint32_t first[] = {
        [DIO_NFC] = 0x300, [DIO_NFD] = 0xc0, [DIO_NFKC] = 0xa0, [DIO_NFKD] = 0xa0};
    return first[form];
}

static bool is_normal(const char *text, size_t n, uint32_t limit)
{
    for (size_t i = 0; i < n;) {
        if ((unsigned char)text[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t cp;
        int length = dio_utf8_next(text + i, n - i, &cp);
        if (!length || cp >= limit)
            return false;
        i += (size_t)length;
    }
    return true;
}

struct points {
    int32_t *at;
    size_t count, cap;
};

static bool reserve(struct points *p, size_t more)
{
    if (p->cap - p->count >= more)
        return true;
    size_t cap = p->cap * 2 + more + 64;
    int32_t *grown = realloc(p->at, cap * sizeof *grown);
    if (!grown)
        return false;
    p->at = grown;
    p->cap = cap;
    return true;
}

static int combining_class(int32_t cp)
{
    int class = cp < 0x300 ? 0 : utf8proc_get_property(cp)->combining_class;
    return class && !dio_age_still((uint32_t)cp) ? class : 0;
}

/* Longest decomposition of one code point: 18 (U+FDFA). */
enum { LONGEST = 32 };

static bool decompose(const char *text, size_t n, bool compat, struct points *p)
{
    utf8proc_option_t options = UTF8PROC_DECOMPOSE | (compat ? UTF8PROC_COMPAT : 0);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int length = dio_utf8_next(text + i, n - i, &cp);
        if (!length || !reserve(p, LONGEST))
            return false;
        i += (size_t)length;
        if (cp >= 0x32ff && dio_age_whole(cp, compat)) {
            p->at[p->count++] = (int32_t)cp;
            continue;
        }
        int boundary = 0;
        utf8proc_ssize_t made =
            utf8proc_decompose_char((int32_t)cp, p->at + p->count, LONGEST, options, &boundary);
        if (made < 0)
            return false;
        p->count += (size_t)made;
    }
    return true;
}

/* Stable sort of the marks at[0..n-1] by combining class. */
static void sort_run(int32_t *at, size_t n, int32_t *scratch)
{
    if (n < 16) {
        for (size_t i = 1; i < n; i++) {
            int32_t mark = at[i];
            size_t j = i;
            for (; j && combining_class(at[j - 1]) > combining_class(mark); j--)
                at[j] = at[j - 1];
            at[j] = mark;
        }
        return;
    }
    size_t start[257] = {0};
    for (size_t i = 0; i < n; i++)
        start[combining_class(at[i]) + 1]++;
    for (int c = 0; c < 256; c++)
        start[c + 1] += start[c];
    for (size_t i = 0; i < n; i++)
        scratch[start[combining_class(at[i])]++] = at[i];
    memcpy(at, scratch, n * sizeof *at);
}

static bool reorder(struct points *p)
{
    int32_t *scratch = malloc((p->count + 1) * sizeof *scratch);
    if (!scratch)
        return false;
    for (size_t i = 0; i < p->count;) {
        size_t end = i;
        while (end < p->count && combining_class(p->at[end]))
            end++;
        if (end - i > 1)
            sort_run(p->at + i, end - i, scratch);
        i = end + 1;
    }
    free(scratch);
    return true;
}

/* Composes between the marks that count as letters in the reference: nothing joins across them. */
static bool compose(struct points *p)
{
    size_t made = 0, start = 0;
    for (size_t i = 0; i <= p->count; i++) {
        if (i < p->count && (p->at[i] < 0x7fd || !dio_age_still((uint32_t)p->at[i])))
            continue;
        int32_t mark = i < p->count ? p->at[i] : 0;
        utf8proc_ssize_t left =
            i == start ? 0
                       : utf8proc_normalize_utf32(p->at + start, (utf8proc_ssize_t)(i - start),
                                                  UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (left < 0)
            return false;
        memmove(p->at + made, p->at + start, (size_t)left * sizeof *p->at);
        made += (size_t)left;
        if (i < p->count)
            p->at[made++] = mark;
        start = i + 1;
    }
    p->count = made;
    return true;
}

bool dio_unicode_normalize(const char *text, size_t n, dio_normal_form form, dio_str *out,
                           dio_error *err)
{
    if (is_normal(text, n, first_unsafe(form))) {
        dio_str_put(out, text, n);
        return true;
    }
    struct points p = {0};
    bool ok = decompose(text, n, form == DIO_NFKC || form == DIO_NFKD, &p) && reorder(&p);
    if (ok && (form == DIO_NFC || form == DIO_NFKC))
        ok = compose(&p);
    for (size_t i = 0; ok && i < p.count; i++)
        put_cp(out, (uint32_t)p.at[i]);
    free(p.at);
    return ok ? true : dio_fail_memory(err, "the normal form of a text");
}
