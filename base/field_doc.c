/* field_doc.c: what is derived from a list of fields: help, tables, schemas, cache keys. */
#define _GNU_SOURCE /* uselocale */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/field_text.h"
#include "base/str.h"

enum { HELP_COLUMN = 28, HELP_WIDTH = 80 };

const char *dio_field_key(const dio_field *f)
{
    return f->key ? f->key : f->name;
}

bool dio_field_ranged(const dio_field *f)
{
    return f->lo != f->hi;
}

char *dio_number_text(double r, char out[DIO_NUMBER_TEXT])
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, DIO_NUMBER_TEXT, "%.*g", digits, r);
        if (strtod(out, NULL) == r)
            break;
    }
    uselocale(before);
    freelocale(c);
    return out;
}

char *dio_words_text(const char *const *words, dio_arena *a)
{
    char *text = dio_arena_strdup(a, *words ? *words : "");
    for (int i = 1; *words && words[i] && text; i++)
        text = dio_arena_printf(a, "%s, %s", text, words[i]);
    return text;
}

const char *dio_field_wants(const dio_field *f, dio_arena *a)
{
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        return "yes or no";
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
        return "an integer";
    case DIO_FIELD_SEED:
        return "an integer from 0 to 18446744073709551615";
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        return "a number";
    case DIO_FIELD_STRING:
        return "a string";
    case DIO_FIELD_ENUM:
        return dio_arena_printf(a, "one of %s", dio_words_text(f->words, a));
    case DIO_FIELD_VALUE:
        return "a value";
    }
    return "";
}

/* "8 to 512", "at most 80 characters"; "" without a range. */
static const char *range_text(const dio_field *f, dio_arena *a)
{
    char lo[DIO_NUMBER_TEXT], hi[DIO_NUMBER_TEXT];
    if (!dio_field_ranged(f))
        return "";
    dio_number_text(f->lo, lo);
    dio_number_text(f->hi, hi);
    if (f->kind != DIO_FIELD_STRING)
        return dio_arena_printf(a, "%s to %s", lo, hi);
    if (f->lo <= 0)
        return dio_arena_printf(a, "at most %s characters", hi);
    return dio_arena_printf(a, "%s to %s characters", lo, hi);
}

const char *dio_field_argument(const dio_field *f, dio_arena *a)
{
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        return "";
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
    case DIO_FIELD_SEED:
        return " N";
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        return " X";
    case DIO_FIELD_STRING:
        return " TEXT";
    case DIO_FIELD_ENUM: {
        char *words = dio_words_text(f->words, a);
        char *bars = dio_arena_printf(a, " %s", *f->words ? *f->words : "");
        for (int i = 1; *f->words && f->words[i]; i++)
            bars = dio_arena_printf(a, "%s|%s", bars, f->words[i]);
        return strlen(words) < 40 ? bars : " WORD";
    }
    case DIO_FIELD_VALUE:
        return " YAML";
    }
    return "";
}

const char *dio_field_remarks(const dio_field *f, dio_arena *a)
{
    const char *range = range_text(f, a);
    bool words = f->kind == DIO_FIELD_ENUM && strcmp(dio_field_argument(f, a), " WORD") == 0;
    if (words)
        range = dio_words_text(f->words, a);
    const char *gap = *range ? "; " : "";
    if (!f->fallback)
        return dio_arena_printf(a, " (%s%srequired)", range, gap);
    if (*f->fallback)
        return dio_arena_printf(a, " (%s%sdefault %s)", range, gap, f->fallback);
    return *range ? dio_arena_printf(a, " (%s)", range) : "";
}

/* Words of `text` from column HELP_COLUMN on, in lines of at most HELP_WIDTH columns. */
static void put_wrapped(dio_str *s, const char *text)
{
    size_t column = HELP_COLUMN;
    while (*text) {
        size_t n = strcspn(text, " ");
        size_t width = dio_utf8_count(text, n);
        if (column > HELP_COLUMN && column + 1 + width > HELP_WIDTH) {
            dio_str_printf(s, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            dio_str_putc(s, ' ');
            column++;
        }
        dio_str_put(s, text, n);
        column += width;
        text += n + strspn(text + n, " ");
    }
    dio_str_putc(s, '\n');
}

void dio_help_line(dio_str *s, const char *label, const char *text)
{
    size_t width = dio_utf8_count(label, strlen(label));
    dio_str_printf(s, "  %s", label);
    if (width + 4 > HELP_COLUMN)
        dio_str_printf(s, "\n%*s", HELP_COLUMN, "");
    else
        dio_str_printf(s, "%*s", HELP_COLUMN - 2 - (int)width, "");
    put_wrapped(s, text);
}

/* Takes the text into the arena and frees the string. */
static char *keep(dio_str *s, dio_arena *a)
{
    char *text = s->failed ? NULL : dio_arena_strndup(a, s->text ? s->text : "", s->length);
    dio_str_deinit(s);
    return text;
}

char *dio_field_option(const dio_field *f, dio_arena *a)
{
    char *name = dio_arena_strdup(a, f->name);
    for (char *p = name; *p; p++)
        if (*p == '_')
            *p = '-';
    return name;
}

char *dio_fields_help(const dio_field *fields, const char *prefix, dio_arena *a)
{
    dio_str s = {0};
    bool option = *prefix == '-';
    for (const dio_field *f = fields; f->name; f++) {
        const char *name = option ? dio_field_option(f, a) : dio_field_key(f);
        const char *no = option && f->kind == DIO_FIELD_BOOL ? "[no-]" : "";
        const char *label =
            dio_arena_printf(a, "%s%s%s%s", prefix, no, name, dio_field_argument(f, a));
        dio_help_line(&s, label, dio_arena_printf(a, "%s%s", f->doc, dio_field_remarks(f, a)));
    }
    return keep(&s, a);
}

/* A "|" in a cell would end it. */
static void put_cell(dio_str *s, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            dio_str_putc(s, '\\');
        dio_str_putc(s, *text == '\n' ? ' ' : *text);
    }
}

static const char *kind_text(const dio_field *f, dio_arena *a)
{
    static const char *const names[] = {"yes/no", "integer", "integer", "seed", "number",
                                        "number", "text",    "",        "value"};
    return f->kind == DIO_FIELD_ENUM ? dio_words_text(f->words, a) : names[f->kind];
}

char *dio_fields_markdown(const dio_field *fields, dio_arena *a)
{
    dio_str s = {0};
    dio_str_puts(&s, "| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
    for (const dio_field *f = fields; f->name; f++) {
        dio_str_printf(&s, "| `%s` | ", dio_field_key(f));
        put_cell(&s, kind_text(f, a));
        dio_str_puts(&s, " | ");
        if (!f->fallback)
            dio_str_puts(&s, "required");
        else if (*f->fallback)
            dio_str_printf(&s, "`%s`", f->fallback);
        dio_str_puts(&s, " | ");
        put_cell(&s, range_text(f, a));
        dio_str_puts(&s, " | ");
        put_cell(&s, f->doc);
        dio_str_puts(&s, " |\n");
    }
    return keep(&s, a);
}
