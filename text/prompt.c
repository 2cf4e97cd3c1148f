/* prompt.c: the grammar of prompts: a text with brackets to spans with weights.
 *
 * A bracket that closes multiplies everything since the one that it closes, so a span's weight is
 * the product of its brackets' in the order in which they close. Nothing is an error but a weight
 * that is none: what does not fit the grammar is text. */
#include "text/prompt.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "text/unicode.h"

enum { NUMBER = 60 }; /* characters of a weight */

static const double ROUND = 1.1, SQUARE = 1 / 1.1;

/* A span while its text is still in one buffer with all others'. */
struct part {
    size_t start, end;
    double weight;
    bool breaks;
};

struct parser {
    const char *text;
    size_t n;
    dio_arena *arena;
    char *out;
    size_t length;
    struct part *parts;
    int count, cap;
    int opened[2][DIO_PROMPT_DEPTH]; /* where a round or square bracket began */
    int depth[2];
    dio_error *err;
};

static bool put_part(struct parser *p, const char *text, size_t n, bool breaks)
{
    if (!dio_arena_grow(p->arena, &p->parts, p->count, &p->cap, sizeof *p->parts))
        return dio_fail_memory(p->err, "a prompt");
    memcpy(p->out + p->length, text, n);
    p->parts[p->count++] = (struct part){p->length, p->length + n, breaks ? -1 : 1, breaks};
    p->length += n;
    return true;
}

/* The code point that ends before text[at]; 0 at the start. */
static uint32_t before(const char *text, size_t at)
{
    uint32_t cp = 0;
    size_t start = at;
    while (start && (text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start)
        dio_utf8_next(text + start - 1, at - start + 1, &cp);
    return cp;
}

static uint32_t after(const char *text, size_t n, size_t at)
{
    uint32_t cp = 0;
    if (at < n)
        dio_utf8_next(text + at, n - at, &cp);
    return cp;
}

static bool in_word(uint32_t cp)
{
    return cp == '_' || (cp && dio_cp_is_word(cp));
}

/* Where the next BREAK stands that is a word of its own; n: there is none. */
static size_t find_break(const char *text, size_t from, size_t n)
{
    for (size_t i = from; i + 5 <= n; i++)
        if (!memcmp(text + i, "BREAK", 5) && !in_word(before(text, i)) &&
            !in_word(after(text, n, i + 5)))
            return i;
    return n;
}

static size_t skip_white(const char *text, size_t n, size_t at)
{
    uint32_t cp;
    for (int length;
         at < n && (length = dio_utf8_next(text + at, n - at, &cp)) > 0 && dio_cp_is_white(cp);)
        at += (size_t)length;
    return at;
}

static size_t trim_white(const char *text, size_t from, size_t at)
{
    char utf8[4];
    for (uint32_t cp; at > from && dio_cp_is_white(cp = before(text, at));)
        at -= (size_t)dio_utf8_put(cp, utf8);
    return at;
}

/* Plain text, cut at every BREAK, which takes the white space around it along. */
static bool put_text(struct parser *p, const char *text, size_t n)
{
    size_t at = 0;
    for (;;) {
        size_t found = find_break(text, at, n);
        size_t end = found < n ? trim_white(text, at, found) : n;
        if (!put_part(p, text + at, end - at, false))
            return false;
        if (found == n)
            return true;
        if (!put_part(p, "", 0, true))
            return false;
        at = skip_white(text, n, found + 5);
    }
}

static void multiply(struct parser *p, int from, double weight)
{
    for (int i = from; i < p->count; i++)
        p->parts[i].weight *= weight;
}

static bool open_bracket(struct parser *p, int kind, size_t at)
{
    if (p->depth[kind] == DIO_PROMPT_DEPTH)
        return dio_fail(p->err,
                        "the prompt has more than %d brackets open at byte %zu: close some, or "
                        "write \\%c for the character",
                        DIO_PROMPT_DEPTH, at, kind ? '[' : '(');
    p->opened[kind][p->depth[kind]++] = p->count;
    return true;
}

/* ": 1.3 )" at text: its length, with the number's place; 0: it is nothing of the kind. */
static size_t match_weight(const char *text, size_t n, size_t *start, size_t *end)
{
    size_t at = *start = skip_white(text, n, 1);
    if (at < n && (text[at] == '+' || text[at] == '-'))
        at++;
    size_t digits = at;
    while (at < n && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'))
        at++;
    if (at == digits)
        return 0;
    *end = at;
    at = skip_white(text, n, at);
    return at < n && text[at] == ')' ? at + 1 : 0;
}

/* A sign, digits and dots; a number when there is one dot at most and a digit. */
static bool read_weight(struct parser *p, const char *text, size_t n, double *weight)
{
    char number[NUMBER + 8] = "";
    size_t sign = text[0] == '+' || text[0] == '-', length = 0;
    const char *dot = memchr(text, '.', n);
    bool good = n <= NUMBER && n > sign + (dot != NULL) &&
                !(dot && memchr(dot + 1, '.', n - (size_t)(dot + 1 - text)));
    if (good) {
        if (text[0] == '-')
            number[length++] = '-';
        number[length++] = '0'; /* ".5" is one as well, and "1." */
        memcpy(number + length, text + sign, n - sign);
        length += n - sign;
        if (text[n - 1] == '.')
            number[length++] = '0';
        /* dio_parse_real wants no leading zeros beyond one. */
        size_t lead = number[0] == '-';
        while (number[lead] == '0' && number[lead + 1] >= '0' && number[lead + 1] <= '9')
            memmove(number + lead, number + lead + 1, sizeof number - lead - 1);
        good = dio_parse_real(number, weight);
    }
    return good || dio_fail(p->err, "the weight \"%.*s\" at byte %zu of the prompt is not a number",
                            (int)(n < 40 ? n : 40), text, (size_t)(text - p->text));
}

/* One piece of the prompt at `at`; its length in *step. */
static bool take(struct parser *p, size_t at, size_t *step)
{
    const char *text = p->text + at;
    size_t n = p->n - at, start = 0, end = 0, length;
    char c = *text;
    *step = 1;
    if (c == '\\') {
        bool escape = n > 1 && strchr("()[]\\", text[1]) && text[1];
        *step = escape ? 2 : 1;
        return put_part(p, text + 1, escape, false); /* one that escapes nothing vanishes */
    }
    if (c == '(' || c == '[')
        return open_bracket(p, c == '[', at);
    if (c == ':' && (length = match_weight(text, n, &start, &end)) != 0) {
        double weight = 1;
        *step = length;
        if (!p->depth[0])
            return put_text(p, text, length);
        if (!read_weight(p, text + start, end - start, &weight))
            return false;
        multiply(p, p->opened[0][--p->depth[0]], weight);
        return true;
    }
    int kind = c == ']';
    if ((c == ')' || c == ']') && p->depth[kind]) {
        multiply(p, p->opened[kind][--p->depth[kind]], kind ? SQUARE : ROUND);
        return true;
    }
    if (c == ')' || c == ']' || c == ':')
        return put_text(p, text, 1);
    *step = 0;
    while (*step < n && !(text[*step] && strchr("\\()[]:", text[*step])))
        ++*step;
    return put_text(p, text, *step);
}

/* Runs of one weight become one span. */
static bool finish(struct parser *p, dio_prompt_spans *out)
{
    int n = 0;
    for (int i = 1; i < p->count; i++) {
        struct part *last = &p->parts[n], *next = &p->parts[i];
        if (!last->breaks && !next->breaks && last->weight == next->weight)
            last->end = next->end;
        else
            p->parts[++n] = *next;
    }
    n = p->count ? n + 1 : 0;
    out->items = dio_arena_try(p->arena, ((size_t)n + 1) * sizeof *out->items);
    if (!out->items)
        return dio_fail_memory(p->err, "a prompt");
    out->cap = n + 1;
    for (int i = 0; i < n; i++) {
        const struct part *part = &p->parts[i];
        size_t length = part->end - part->start;
        out->items[i] = (dio_prompt_span){dio_arena_strndup(p->arena, p->out + part->start, length),
                                          length, part->breaks ? 1 : part->weight, part->breaks};
        if (length && !part->breaks && !(fabs(part->weight) <= DIO_PROMPT_WEIGHT))
            return dio_fail(p->err, "the weight of \"%.60s\" comes to %g: -%d to %d are supported",
                            out->items[i].text, part->weight, DIO_PROMPT_WEIGHT, DIO_PROMPT_WEIGHT);
    }
    out->count = n ? n : 1;
    if (!n)
        out->items[0] = (dio_prompt_span){"", 0, 1, false};
    return !dio_arena_failed(p->arena) ? true : dio_fail_memory(p->err, "a prompt");
}

static bool check(const char *text, size_t n, dio_error *err)
{
    size_t bad;
    if (n > DIO_PROMPT_BYTES)
        return dio_fail(err, "a prompt of %zu bytes is above %d: shorten it", n, DIO_PROMPT_BYTES);
    return dio_utf8_valid(text, n, &bad) ||
           dio_fail(err, "the prompt is not UTF-8 at byte %zu (0x%02X)", bad,
                    (unsigned char)text[bad]);
}

bool dio_prompt_parse(dio_arena *a, const char *text, size_t n, dio_prompt_spans *out,
                      dio_error *err)
{
    memset(out, 0, sizeof *out);
    if (!check(text, n, err))
        return false;
    struct parser *p = dio_arena_alloc(a, sizeof *p);
    *p = (struct parser){.text = text, .n = n, .arena = a, .err = err};
    p->out = dio_arena_try(a, n + 1);
    if (!p->out)
        return dio_fail_memory(err, "a prompt");
    for (size_t at = 0, step; at < n; at += step)
        if (!take(p, at, &step))
            return false;
    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < p->depth[kind]; i++)
            multiply(p, p->opened[kind][i], kind ? SQUARE : ROUND);
    return finish(p, out);
}
