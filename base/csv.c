/* csv.c: reads tables of texts, as spreadsheets write them.
 * The form is RFC 4180's: fields parted by commas, quotes around what holds commas, quotes or line
 * ends, quotes doubled inside. What differs between programs is taken as it comes: CRLF, a byte
 * order mark, semicolons or tabs in place of commas. What would shift a row's fields unseen is
 * refused: a row with another number of fields than the first, a quote that is not closed. */
#include <string.h>

#include "base/csv_parts.h"
#include "base/text.h"
#include "base/tree.h"

struct table {
    dio_arena *a;
    const char *file, *text;
    size_t length, at; /* at: the next byte */
    int line, column;  /* its place */
    char separator;
    const dio_value *names; /* list */
    dio_error *err;
};

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

static void advance(struct table *t, size_t n)
{
    for (; n > 0; n--, t->at++) {
        unsigned char c = (unsigned char)t->text[t->at];
        if (c == '\n' || (c == '\r' && (t->at + 1 == t->length || t->text[t->at + 1] != '\n'))) {
            t->line++;
            t->column = 1;
        } else if ((c & 0xc0) != 0x80) {
            t->column++;
        }
    }
}

char dio_csv_separator(const char *text, size_t length)
{
    char found = ',';
    bool quoted = false;
    for (size_t i = 0; i < length && (quoted || !ends_line(text[i])); i++) {
        char c = text[i];
        quoted = quoted != (c == '"');
        if (!quoted && c == ',')
            return c;
        if (!quoted && found == ',' && (c == ';' || c == '\t'))
            found = c;
    }
    return found;
}

/* Where the field at t->at ends; for a quoted one past its closing quote, 0 when there is none. */
static size_t field_end(const struct table *t)
{
    size_t i = t->at;
    if (i < t->length && t->text[i] == '"') {
        for (i++; i < t->length; i++) {
            if (t->text[i] == '"' && !(i + 1 < t->length && t->text[i + 1] == '"'))
                return i + 1;
            i += t->text[i] == '"';
        }
        return 0;
    }
    while (i < t->length && t->text[i] != t->separator && !ends_line(t->text[i]))
        i++;
    return i;
}

static const char *unquoted(struct table *t, size_t end, size_t *length)
{
    const char *from = t->text + t->at;
    size_t n = end - t->at, kept = 0;
    if (n == 0 || *from != '"') {
        *length = n;
        return dio_arena_strndup(t->a, from, n);
    }
    char *copy = dio_arena_strndup(t->a, from + 1, n - 2);
    for (size_t i = 0; copy && i + 2 < n; i++) {
        i += copy[i] == '"'; /* the first of two */
        copy[kept++] = copy[i];
    }
    if (copy)
        copy[kept] = '\0';
    *length = kept;
    return copy;
}

static bool refuse(const struct table *t, dio_error *err)
{
    return dio_error_at(err, t->file, t->line, t->column);
}

static dio_value *read_field(struct table *t)
{
    size_t end = field_end(t), length;
    if (!end && t->at < t->length && t->text[t->at] == '"') {
        dio_fail(t->err, "the quote that opens here is never closed");
        refuse(t, t->err);
        return NULL;
    }
    if (end - t->at > DIO_CSV_FIELD) {
        dio_fail(t->err, "this field has %zu bytes; the most is %d", end - t->at, DIO_CSV_FIELD);
        refuse(t, t->err);
        return NULL;
    }
    dio_value *v = dio_arena_alloc(t->a, sizeof *v);
    const char *text = unquoted(t, end, &length);
    *v = (dio_value){.kind = DIO_STRING, .line = t->line, .column = t->column, .file = t->file};
    v->string.text = text ? text : "";
    v->string.length = text ? length : 0;
    advance(t, end - t->at);
    if (t->at < t->length && t->text[t->at] != t->separator && !ends_line(t->text[t->at])) {
        dio_fail(t->err, "text after a closing quote: double the quotes that belong to the text");
        refuse(t, t->err);
        return NULL;
    }
    return v;
}

/* The fields up to the end of the line, as a list; NULL with a message. */
static dio_value *read_line(struct table *t)
{
    dio_value *list = dio_value_list(t->a);
    list->file = t->file;
    list->line = t->line;
    list->column = t->column;
    for (bool more = true; more;) {
        dio_value *v = read_field(t);
        if (!v)
            return NULL;
        if (list->list.count == DIO_CSV_COLUMNS) {
            dio_value_fail(v, t->err, "a row of more than %d fields", DIO_CSV_COLUMNS);
            return NULL;
        }
        dio_list_add(t->a, list, v);
        more = t->at < t->length && t->text[t->at] == t->separator;
        if (more)
            advance(t, 1);
    }
    if (t->at < t->length)
        advance(t, t->text[t->at] == '\r' && t->at + 1 < t->length && t->text[t->at + 1] == '\n'
                       ? 2
                       : 1);
    if (dio_arena_failed(t->a)) {
        dio_fail_memory(t->err, t->file);
        return NULL;
    }
    return list;
}

/* Spreadsheets leave rows in which nothing stands. */
bool dio_csv_is_blank(const dio_value *list)
{
    for (int i = 0; i < list->list.count; i++)
        if (list->list.items[i]->string.length)
            return false;
    return true;
}

bool dio_csv_names_check(const dio_value *names, dio_error *err)
{
    for (int i = 0; i < names->list.count; i++) {
        const dio_value *name = names->list.items[i];
        if (!name->string.length)
            return dio_value_fail(name, err, "column %d has no name in the first row", i + 1);
        for (int k = 0; k < i; k++)
            if (strcmp(names->list.items[k]->string.text, name->string.text) == 0)
                return dio_value_fail(name, err, "columns %d and %d are both called \"%.60s\"",
                                      k + 1, i + 1, name->string.text);
    }
    return true;
}

dio_value *dio_csv_row(dio_arena *a, const dio_value *names, const dio_value *fields,
                       dio_error *err)
{
    dio_value *row = dio_value_map(a);
    int count = names->list.count;
    row->file = fields->file;
    row->line = fields->line;
    row->column = fields->column;
    if (fields->list.count != count) {
        dio_value_fail(fields, err, "this row has %d field%s, and the first row names %d",
                       fields->list.count, fields->list.count == 1 ? "" : "s", count);
        return NULL;
    }
    for (int i = 0; i < count; i++)
        dio_map_put(a, row, names->list.items[i], fields->list.items[i]);
    return row;
}

static bool read_rows(struct table *t, dio_value *rows)
{
    while (t->at < t->length) {
        const dio_value *fields = read_line(t);
        if (!fields)
            return false;
        if (dio_csv_is_blank(fields))
            continue;
        if (rows->list.count == DIO_CSV_ROWS)
            return dio_value_fail(fields, t->err, "the table has more than %d rows", DIO_CSV_ROWS);
        dio_value *row = dio_csv_row(t->a, t->names, fields, t->err);
        if (!row)
            return false;
        dio_list_add(t->a, rows, row);
    }
    return !dio_arena_failed(t->a) || dio_fail_memory(t->err, t->file);
}

dio_value *dio_csv_record(dio_arena *a, const char *file, const char *text, size_t length, int line,
                          char separator, dio_error *err)
{
    struct table t = {.a = a,
                      .file = file,
                      .text = text,
                      .length = length,
                      .line = line,
                      .column = 1,
                      .separator = separator,
                      .err = err};
    return read_line(&t);
}

dio_value *dio_csv_parse(dio_arena *a, const char *file, const char *text, size_t length,
                         dio_error *err)
{
    struct table t = {
        .a = a, .file = file, .text = text, .length = length, .line = 1, .column = 1, .err = err};
    size_t skip;
    if (!dio_text_check(file, text, length, &skip, err))
        return NULL;
    t.at = skip;
    dio_value *rows = dio_value_list(a), *names = NULL;
    rows->file = file;
    rows->line = rows->column = 1;
    while (!names && t.at < length) {
        t.separator = dio_csv_separator(text + t.at, length - t.at);
        names = read_line(&t);
        if (!names)
            return NULL;
        names = dio_csv_is_blank(names) ? NULL : names;
    }
    if (!names) {
        dio_value_fail(rows, err, "the table is empty: its first row names the columns");
        return NULL;
    }
    t.names = names;
    return dio_csv_names_check(names, err) && read_rows(&t, rows) ? rows : NULL;
}
