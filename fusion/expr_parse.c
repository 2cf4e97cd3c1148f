/* expr_parse.c: the grammar of expressions (see expr.h), as recursive descent over one cursor.
 * Depth and the number of parts are counted as they are made, so that neither this stack nor the
 * evaluator's can be driven deep by a file. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "fusion/expr_tree.h"

static dio_expr *parse_pipe(struct dio_parser *p);

/* ---- tokens ---- */

static void skip_space(struct dio_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n'))
        p->at++;
}

static bool take(struct dio_parser *p, const char *token)
{
    skip_space(p);
    size_t n = strlen(token);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, token, n) != 0)
        return false;
    p->at += n;
    return true;
}

/* A single bar: `||` is another operator. */
static bool take_bar(struct dio_parser *p)
{
    skip_space(p);
    if (p->at == p->end || *p->at != '|' || (p->at + 1 < p->end && p->at[1] == '|'))
        return false;
    p->at++;
    return true;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static const char *take_name(struct dio_parser *p)
{
    skip_space(p);
    const char *start = p->at;
    while (p->at < p->end && name_char(*p->at))
        p->at++;
    return p->at > start ? dio_arena_strndup(p->a, start, (size_t)(p->at - start)) : NULL;
}

static dio_expr *node(struct dio_parser *p, dio_expr_kind kind, const char *at)
{
    if (++p->parts > DIO_EXPR_PARTS)
        return dio_expr_fail(p, at, "an expression of more than %d parts", DIO_EXPR_PARTS);
    dio_expr *e = dio_arena_alloc(p->a, sizeof *e);
    e->kind = kind;
    dio_expr_place(p, at, &e->place);
    return e;
}

/* ---- operands ---- */

static dio_expr *parse_text(struct dio_parser *p)
{
    const char *start = p->at;
    char quote = *p->at++;
    dio_str s = {0};
    dio_str_puts(&s, "");
    for (;; p->at++) {
        if (p->at == p->end) {
            dio_str_deinit(&s);
            return dio_expr_fail(p, start, "the text has no closing %c", quote);
        }
        if (*p->at == quote) {
            if (p->at + 1 == p->end || p->at[1] != quote)
                break;
            p->at++;
        }
        dio_str_putc(&s, *p->at);
    }
    p->at++;
    dio_expr *e = node(p, DIO_EXPR_LITERAL, start);
    if (e)
        e->literal = dio_value_string(p->a, s.failed ? "" : s.text);
    bool failed = s.failed;
    dio_str_deinit(&s);
    return failed ? dio_expr_memory(p, "a text") : e;
}

static dio_expr *parse_number(struct dio_parser *p)
{
    const char *start = p->at;
    while (p->at < p->end && (name_char(*p->at) || *p->at == '.' || *p->at == '+'))
        p->at++;
    char text[64];
    size_t n = (size_t)(p->at - start);
    if (n < sizeof text) {
        memcpy(text, start, n);
        text[n] = '\0';
        int64_t integer;
        double real;
        bool whole = dio_parse_int(text, &integer);
        if (whole || dio_parse_real(text, &real)) {
            dio_expr *e = node(p, DIO_EXPR_LITERAL, start);
            if (e)
                e->literal = whole ? dio_value_int(p->a, integer) : dio_value_real(p->a, real);
            return e;
        }
    }
    return dio_expr_fail(p, start, "\"%.*s\" is no number", (int)(n < 40 ? n : 40), start);
}

/* One more name of a path: after a dot, or in brackets. */
static const char *path_part(struct dio_parser *p, bool bracket)
{
    if (!bracket) {
        const char *name = take_name(p);
        return name ? name : dio_expr_fail(p, p->at, "a name must follow the dot");
    }
    skip_space(p);
    const char *start = p->at;
    const char *name = NULL;
    if (p->at < p->end && (*p->at == '\'' || *p->at == '"')) {
        dio_expr *e = parse_text(p);
        if (!e)
            return NULL;
        name = e->literal->string.text;
    } else {
        name = take_name(p);
    }
    if (!name || !take(p, "]"))
        return dio_expr_fail(p, start, "expected ['name'] or [number]");
    return name;
}

static dio_expr *parse_path(struct dio_parser *p, const char *start, const char *first)
{
    if (!dio_arena_grow(p->a, &p->t->paths, p->t->path_count, &p->t->path_cap, sizeof *p->t->paths))
        return dio_expr_memory(p, "a path");
    dio_path path = {.part = {first}, .count = 1};
    dio_expr_place(p, start, &path.place);
    for (;;) {
        bool bracket = take(p, "[");
        if (!bracket && !take(p, "."))
            break;
        const char *part = path_part(p, bracket);
        if (!part)
            return NULL;
        if (path.count == DIO_EXPR_PATH)
            return dio_expr_fail(p, start, "a path of more than %d names", DIO_EXPR_PATH);
        path.part[path.count++] = part;
    }
    dio_expr *e = node(p, DIO_EXPR_READ, start);
    dio_path *kept = dio_arena_alloc(p->a, sizeof *kept);
    *kept = path;
    p->t->paths[p->t->path_count++] = path;
    if (e)
        e->path = kept;
    return e;
}

static dio_expr *parse_word(struct dio_parser *p)
{
    const char *start = p->at;
    const char *name = take_name(p);
    const dio_value *literal = NULL;
    if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0)
        literal = dio_value_bool(p->a, name[0] == 't');
    else if (strcmp(name, "null") == 0)
        literal = dio_arena_alloc(p->a, sizeof *literal); /* kind DIO_NULL is zero */
    if (!literal)
        return parse_path(p, start, name);
    dio_expr *e = node(p, DIO_EXPR_LITERAL, start);
    if (e)
        e->literal = literal;
    return e;
}

static dio_expr *parse_operand(struct dio_parser *p)
{
    skip_space(p);
    const char *start = p->at;
    if (p->at == p->end)
        return dio_expr_fail(p, start, "the expression ends where a value should be");
    char c = *p->at;
    if (c == '(') {
        p->at++;
        dio_expr *e = parse_pipe(p);
        if (e && !take(p, ")"))
            return dio_expr_fail(p, start, "this ( has no )");
        return e;
    }
    if (c == '\'' || c == '"')
        return parse_text(p);
    if ((c >= '0' && c <= '9') || c == '-' || c == '.')
        return parse_number(p);
    if (name_char(c))
        return parse_word(p);
    return dio_expr_fail(p, start,
                         "\"%c\" cannot stand here; a value is a path, a number or a 'text'",
                         c > ' ' && c < 127 ? c : '?');
}

/* ---- operators ---- */

static dio_expr *parse_unary(struct dio_parser *p)
{
    skip_space(p);
    const char *start = p->at;
    if (++p->depth > DIO_EXPR_DEPTH)
        return dio_expr_fail(p, start, "an expression nested deeper than %d", DIO_EXPR_DEPTH);
    dio_expr *e;
    if (p->at + 1 < p->end && p->at[0] == '!' && p->at[1] != '=') {
        p->at++;
        e = node(p, DIO_EXPR_NOT, start);
        if (e && !(e->left = parse_unary(p)))
            e = NULL;
    } else {
        e = parse_operand(p);
    }
    p->depth--;
    return e;
}

static dio_expr *join(struct dio_parser *p, dio_expr_kind kind, const char *at, dio_expr *left,
                      dio_expr *right)
{
    dio_expr *e = right ? node(p, kind, at) : NULL;
    if (e) {
        e->left = left;
        e->right = right;
    }
    return e;
}

static dio_expr *parse_compare(struct dio_parser *p)
{
    static const struct {
        const char *token;
        dio_expr_kind kind;
    } operators[] = {
        {"==", DIO_EXPR_EQ}, {"!=", DIO_EXPR_NE}, {"<=", DIO_EXPR_LE},
        {">=", DIO_EXPR_GE}, {"<", DIO_EXPR_LT},  {">", DIO_EXPR_GT},
    };
    dio_expr *left = parse_unary(p);
    if (!left)
        return NULL;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        skip_space(p);
        const char *at = p->at;
        if (take(p, operators[i].token))
            return join(p, operators[i].kind, at, left, parse_unary(p));
    }
    return left;
}

static dio_expr *parse_and(struct dio_parser *p)
{
    dio_expr *left = parse_compare(p);
    while (left && take(p, "&&"))
        left = join(p, DIO_EXPR_AND, p->at - 2, left, parse_compare(p));
    return left;
}

static dio_expr *parse_or(struct dio_parser *p)
{
    dio_expr *left = parse_and(p);
    while (left && take(p, "||"))
        left = join(p, DIO_EXPR_OR, p->at - 2, left, parse_and(p));
    return left;
}

static const dio_filter *find_filter(struct dio_parser *p, const char *at, const char *name)
{
    const char *names[32];
    int n = 0;
    for (const dio_filter *f = dio_filters; f->name; f++) {
        if (strcmp(f->name, name) == 0)
            return f;
        names[n++] = f->name;
    }
    const char *near = dio_nearest(name, names, n);
    return dio_expr_fail(p, at, "there is no filter \"%.40s\"%s%s%s", name,
                         near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static dio_expr *parse_filter(struct dio_parser *p, dio_expr *left)
{
    skip_space(p);
    const char *at = p->at;
    const char *name = take_name(p);
    if (!name)
        return dio_expr_fail(p, at, "the name of a filter must follow |");
    const dio_filter *filter = find_filter(p, at, name);
    dio_expr *e = filter ? node(p, DIO_EXPR_FILTER, at) : NULL;
    if (!e)
        return NULL;
    e->left = left;
    e->filter = filter;
    int args = 0;
    if (take(p, "(")) {
        while (args < DIO_FILTER_ARGS && (e->right = parse_pipe(p)) != NULL) {
            args++;
            if (!take(p, ","))
                break;
        }
        if (p->err->kind)
            return NULL;
        if (!take(p, ")"))
            return dio_expr_fail(p, at, "%s takes %d argument%s, in ( )", name, filter->most,
                                 filter->most == 1 ? "" : "s");
    }
    if (args < filter->least || args > filter->most)
        return dio_expr_fail(p, at, "%s takes %d argument%s, found %d", name, filter->most,
                             filter->most == 1 ? "" : "s", args);
    return e;
}

static dio_expr *parse_pipe(struct dio_parser *p)
{
    dio_expr *left = parse_or(p);
    while (left && take_bar(p))
        left = parse_filter(p, left);
    return left;
}

dio_expr *dio_expr_parse(struct dio_parser *p)
{
    dio_expr *e = parse_pipe(p);
    skip_space(p);
    if (e && p->at < p->end)
        return dio_expr_fail(p, p->at, "\"%.*s\" is left over after the expression",
                             (int)(p->end - p->at < 20 ? p->end - p->at : 20), p->at);
    return e;
}
