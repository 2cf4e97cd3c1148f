/* expr_scalar.c: a string scalar cut into text and expressions, and where each byte of them stands
 * in the file it came from. */
#include <stdio.h>
#include <string.h>

#include "fusion/expr_tree.h"

/* The file's text from a 1-based place on, columns counting code points; NULL when beyond it. */
static const char *text_at(const char *source, int line, int column)
{
    const char *s = source;
    for (int i = 1; i < line; i++) {
        s = strchr(s, '\n');
        if (!s)
            return NULL;
        s++;
    }
    for (int i = 1; i < column; i++) {
        if (!*s || *s == '\n')
            return NULL;
        s++;
        while ((*s & 0xc0) == 0x80)
            s++;
    }
    return s;
}

/* The n-th `${{` from s on that is not escaped. */
static const char *find_open(const char *s, int n)
{
    for (const char *from = s; (s = strstr(s, "${{")) != NULL; s += 3) {
        if ((s == from || s[-1] != '$') && n-- == 0)
            return s;
    }
    return NULL;
}

/* Line and column of a byte of the expression. */
void dio_expr_place(const struct dio_parser *p, const char *at, dio_value *out)
{
    *out = (dio_value){.file = p->t->scalar->file, .line = p->line, .column = p->column};
    size_t n = (size_t)(at - p->begin);
    if (!p->where || memcmp(p->where, p->begin, n) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        if (p->where[i] == '\n') {
            out->line++;
            out->column = 1;
        } else if ((p->where[i] & 0xc0) != 0x80) {
            out->column++;
        }
    }
}

void *dio_expr_fail(struct dio_parser *p, const char *at, const char *format, ...)
{
    dio_value place;
    dio_expr_place(p, at, &place);
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dio_value_fail(&place, p->err, "%s", text);
    return NULL;
}

void *dio_expr_memory(struct dio_parser *p, const char *what)
{
    dio_fail_memory(p->err, what);
    return NULL;
}

static void locate(struct dio_parser *p, const char *source, int number)
{
    const dio_value *s = p->t->scalar;
    p->line = s->line;
    p->column = s->column;
    const char *start = source ? text_at(source, s->line, s->column) : NULL;
    const char *open = start ? find_open(start, number) : NULL;
    size_t n = (size_t)(p->end - p->begin);
    if (!open || strlen(open) < n + 3 || memcmp(open + 3, p->begin, n) != 0)
        return; /* written with escapes or folded: the scalar's own place has to do */
    p->where = open + 3;
    for (const char *c = start; c < open + 3; c++) {
        if (*c == '\n') {
            p->line++;
            p->column = 1;
        } else if ((*c & 0xc0) != 0x80) {
            p->column++;
        }
    }
}

/* The `}}` that ends the expression at s: quotes hide braces. NULL when there is none. */
static const char *find_close(const char *s, const char *end)
{
    char quote = 0;
    for (; s + 1 < end; s++) {
        if (quote)
            quote = *s == quote ? 0 : quote;
        else if (*s == '\'' || *s == '"')
            quote = *s;
        else if (s[0] == '}' && s[1] == '}')
            return s;
    }
    return NULL;
}

static bool add_part(dio_arena *a, dio_template *t, const char *text, size_t n, dio_expr *e)
{
    if (!e && n == 0)
        return true;
    if (!dio_arena_grow(a, &t->parts, t->count, &t->cap, sizeof *t->parts))
        return false;
    t->parts[t->count++] = (dio_part){text, n, e};
    return true;
}

/* One expression from its `${{` on; *at moves behind its `}}`. */
static dio_expr *parse_one(dio_arena *a, dio_template *t, const char *source, int number,
                           const char **at, const char *end, dio_error *err)
{
    struct dio_parser p = {.a = a, .t = t, .begin = *at + 3, .err = err};
    const char *close = find_close(*at + 3, end);
    p.at = p.begin;
    p.end = close ? close : end;
    locate(&p, source, number);
    if (!close) {
        p.column -= p.where ? 3 : 0;
        return dio_expr_fail(&p, p.begin, "this ${{ has no }}");
    }
    if (p.end - p.begin > DIO_EXPR_BYTES)
        return dio_expr_fail(&p, p.begin, "an expression of more than %d bytes", DIO_EXPR_BYTES);
    *at = close + 2;
    return dio_expr_parse(&p);
}

dio_template *dio_template_parse(dio_arena *a, const dio_value *scalar, const char *source,
                                 dio_error *err)
{
    dio_template *t = dio_arena_alloc(a, sizeof *t);
    t->scalar = scalar;
    const char *s = scalar->string.text, *end = s + scalar->string.length, *text = s;
    if (dio_arena_failed(a)) /* parts of the tree may be one place */
        goto memory;
    for (int number = 0; s < end;) {
        if (end - s >= 4 && memcmp(s, "$${{", 4) == 0) {
            if (!add_part(a, t, text, (size_t)(s - text), NULL))
                goto memory;
            text = s + 1; /* keeps `${{` */
            s += 4;
            continue;
        }
        if (end - s < 3 || memcmp(s, "${{", 3) != 0) {
            s++;
            continue;
        }
        const char *before = s;
        dio_expr *e = parse_one(a, t, source, number++, &s, end, err);
        if (!e)
            return NULL;
        if (!add_part(a, t, text, (size_t)(before - text), NULL) || !add_part(a, t, NULL, 0, e))
            goto memory;
        text = s;
    }
    if (add_part(a, t, text, (size_t)(end - text), NULL) && !dio_arena_failed(a))
        return t;
memory:
    dio_fail_memory(err, "an expression");
    return NULL;
}
