/* filter.c: what can follow a bar in an expression. One function and one row each. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/file.h"
#include "base/str.h"
#include "fusion/expr_tree.h"

enum { SLUG = 80 }; /* bytes; leaves room for a suffix in a name of 255 */

/* A finished string as a value; frees it. */
static const dio_value *done(dio_arena *a, dio_str *s, dio_error *err)
{
    const dio_value *v = NULL;
    if (s->failed)
        dio_fail_memory(err, "a text");
    else
        v = dio_value_string(a, s->text ? s->text : "");
    dio_str_deinit(s);
    return v;
}

static void put_cp(dio_str *s, uint32_t cp)
{
    char bytes[4];
    dio_str_put(s, bytes, (size_t)dio_utf8_put(cp, bytes));
}

enum letters { UPPER, LOWER, TITLE };

static const dio_value *change_case(dio_arena *a, const dio_value *v, enum letters to,
                                    dio_error *err)
{
    const char *text = dio_value_text(a, v);
    dio_str s = {0};
    uint32_t cp;
    bool start = true; /* of a word */
    const char *end = text + strlen(text);
    for (int n; (n = dio_utf8_next(text, (size_t)(end - text), &cp)) > 0; text += n) {
        if (to == UPPER || (to == TITLE && start))
            put_cp(&s, (uint32_t)utf8proc_toupper((int32_t)cp));
        else
            put_cp(&s, to == LOWER ? (uint32_t)utf8proc_tolower((int32_t)cp) : cp);
        start = cp == ' ' || cp == '-' || cp == '\n';
    }
    return done(a, &s, err);
}

static const dio_value *upper(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    return change_case(a, args[0], UPPER, err);
}

static const dio_value *lower(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    return change_case(a, args[0], LOWER, err);
}

static const dio_value *title(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    return change_case(a, args[0], TITLE, err);
}

static const dio_value *trim(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    const char *text = dio_value_text(a, args[0]);
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    dio_str s = {0};
    dio_str_put(&s, text, length);
    return done(a, &s, err);
}

/* Letters without their marks, digits, and single hyphens: safe as part of a file name on every
 * system. A text with no Latin letter at all keeps its identity as a short hash. */
static const dio_value *slug(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    const char *text = dio_value_text(a, args[0]);
    utf8proc_uint8_t *plain = NULL;
    utf8proc_ssize_t length =
        utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strlen(text), &plain,
                     UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD);
    dio_str s = {0};
    bool gap = false;
    for (utf8proc_ssize_t i = 0; i < length && s.length < SLUG; i++) {
        char c = (char)plain[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (gap && s.length > 0)
                dio_str_putc(&s, '-');
            dio_str_putc(&s, c);
            gap = false;
        } else if (c != '\'') {
            gap = true;
        }
    }
    free(plain);
    if (s.length == 0) {
        char hash[DIO_HASH_TEXT];
        if (!dio_hash_bytes(text, strlen(text), hash, err)) {
            dio_str_deinit(&s);
            return NULL;
        }
        dio_str_printf(&s, "x%.8s", hash);
    }
    return done(a, &s, err);
}

static const dio_value *fallback(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)a;
    (void)n;
    (void)err;
    const dio_value *v = args[0];
    bool empty = v->kind == DIO_NULL || (v->kind == DIO_STRING && v->string.length == 0);
    return empty ? args[1] : v;
}

static const dio_value *json(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    (void)n;
    char *text = dio_json_write(a, args[0], 0);
    if (!text)
        dio_fail_memory(err, "a text");
    return text ? dio_value_string(a, text) : NULL;
}

/* Cuts to so many code points, never between a letter and its mark, and says so by an ellipsis. */
static const dio_value *trunc_text(dio_arena *a, const dio_value *const *args, int n,
                                   dio_error *err)
{
    (void)n;
    if (args[1]->kind != DIO_INT || args[1]->integer < 1) {
        dio_fail(err, "expected a number of characters, 1 or more");
        return NULL;
    }
    const char *text = dio_value_text(a, args[0]);
    size_t length = strlen(text);
    if (dio_utf8_count(text, length) <= (size_t)args[1]->integer)
        return dio_value_string(a, text);
    int64_t left = args[1]->integer - 1; /* the ellipsis is one */
    size_t cut = 0;
    utf8proc_int32_t state = 0;
    uint32_t cp, before = 0;
    for (size_t at = 0; at < length; left--) {
        int step = dio_utf8_next(text + at, length - at, &cp);
        if (step <= 0)
            break;
        if (at == 0 || utf8proc_grapheme_break_stateful((int32_t)before, (int32_t)cp, &state))
            cut = at;
        if (left <= 0)
            break;
        before = cp;
        at += (size_t)step;
    }
    while (cut > 0 && text[cut - 1] == ' ')
        cut--;
    dio_str s = {0};
    dio_str_put(&s, text, cut);
    dio_str_puts(&s, "\xe2\x80\xa6");
    return done(a, &s, err);
}

static const dio_value *join(dio_arena *a, const dio_value *const *args, int n, dio_error *err)
{
    if (args[0]->kind != DIO_LIST)
        return args[0];
    const char *between = n > 1 ? dio_value_text(a, args[1]) : ", ";
    dio_str s = {0};
    for (int i = 0; i < args[0]->list.count && s.length <= DIO_EXPR_RESULT; i++) {
        dio_str_puts(&s, i ? between : "");
        dio_str_puts(&s, dio_value_text(a, args[0]->list.items[i]));
    }
    return done(a, &s, err);
}

const dio_filter dio_filters[] = {
    {"slug", 0, 0, slug, "lower-case letters, digits and hyphens, for file names"},
    {"upper", 0, 0, upper, "in capitals"},
    {"lower", 0, 0, lower, "in small letters"},
    {"title", 0, 0, title, "each word's first letter in capitals"},
    {"trim", 0, 0, trim, "without spaces at either end"},
    {"default", 1, 1, fallback, "default(value): the value when there is none, or an empty text"},
    {"json", 0, 0, json, "as JSON text"},
    {"trunc", 1, 1, trunc_text, "trunc(n): at most n characters, with an ellipsis when cut"},
    {"join", 0, 1, join, "join(separator): a list as one text; \", \" when none is given"},
    {0},
};
