/* copy_lint.c: slips that give a machine away: spacing, doubled words, articles, capitals.
 *
 * The product's name is replaced by a neutral word first: it may be "Tick Tick" or "an Apple".
 */
#define _GNU_SOURCE /* strcasestr, strncasecmp */
#include "text/copy/copy.h"

#include <ctype.h>
#include <string.h>

#include "text/copy/grammar.h"

/* Stands for the product; no rule below objects to it anywhere. */
static const char stand_in[] = "Xo";

static char *mask_product(dio_arena *a, const char *text, const char *product)
{
    size_t n = product ? strlen(product) : 0, size = strlen(text);
    /* Each replacement is no longer than twice the name, which has at least one byte. */
    char *out = dio_arena_try(a, 2 * size + 3), *to = out;
    if (!out)
        return NULL;
    while (*text) {
        if (n > 0 && !strncmp(text, product, n)) {
            memcpy(to, stand_in, sizeof stand_in - 1);
            to += sizeof stand_in - 1;
            text += n;
        } else {
            *to++ = *text++;
        }
    }
    *to = 0;
    return out;
}

static const char *lint_marks(dio_arena *a, const char *text)
{
    static const char *const wrong[] = {"  ", " ,", " .", " ?", " !", " ;", " :", "..", ",,", ",.",
                                        ".,", "?.", "!.", ".?", ".!", ":.", ";.", "{",  "}",  "[",
                                        "]",  "|",  "<",  ">",  "_",  "~",  " '", "\t", "\n", NULL};
    for (int i = 0; wrong[i]; i++) {
        const char *at = strstr(text, wrong[i]);
        if (at)
            return dio_arena_printf(a, "\"%s\" at \"%.30s\"", wrong[i], at);
    }
    size_t n = strlen(text);
    if (n > 0 && (text[0] == ' ' || text[n - 1] == ' '))
        return "a space at its edge";
    int quotes = 0, open = 0;
    for (const char *p = text; *p; p++) {
        quotes += *p == '"';
        open += (*p == '(') - (*p == ')');
        if (open < 0)
            return "a ) without its (";
    }
    return quotes % 2 || open ? "quotes or brackets are not balanced" : NULL;
}

/* Letters, digits, apostrophes and whatever is not ASCII make a word. */
static bool word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '\'' || c == '-' || (unsigned char)c >= 128;
}

static bool same_word(const char *a, size_t an, const char *b, size_t bn)
{
    return an == bn && !strncasecmp(a, b, an);
}

static const char *lint_words(dio_arena *a, const char *text)
{
    const char *before = NULL;
    size_t before_n = 0;
    for (const char *p = text; *p;) {
        if (!word_byte(*p)) {
            if (!isspace((unsigned char)*p))
                before = NULL; /* "Slow. Slow." is style */
            p++;
            continue;
        }
        size_t n = 0;
        while (word_byte(p[n]))
            n++;
        if (before && same_word(before, before_n, p, n) && !same_word(p, n, "that", 4))
            return dio_arena_printf(a, "\"%.*s\" twice", (int)n, p);
        bool is_a = before && same_word(before, before_n, "a", 1);
        bool is_an = before && same_word(before, before_n, "an", 2);
        bool product = same_word(p, n, stand_in, sizeof stand_in - 1);
        if ((is_a || is_an) && !product && strcmp(dio_english_article(p), is_a ? "a" : "an"))
            return dio_arena_printf(a, "\"%.*s %.*s\"", (int)before_n, before, (int)n, p);
        before = p;
        before_n = n;
        p += n;
    }
    return NULL;
}

static const char *lint_capitals(dio_arena *a, const char *text)
{
    bool begins = true;
    for (const char *p = text; *p; p++) {
        if (begins && (isalnum((unsigned char)*p) || (unsigned char)*p >= 128)) {
            if (islower((unsigned char)*p))
                return dio_arena_printf(a, "no capital at \"%.30s\"", p);
            begins = false;
        }
        if (strchr(".?!", *p) && isspace((unsigned char)p[1]))
            begins = true;
    }
    return NULL;
}

const char *dio_copy_lint(dio_arena *a, const char *text, const char *product)
{
    char *masked = mask_product(a, text, product);
    if (!masked)
        return "it is too long to look at";
    const char *problem = lint_marks(a, masked);
    if (!problem)
        problem = lint_words(a, masked);
    if (!problem)
        problem = lint_capitals(a, masked);
    return problem;
}
