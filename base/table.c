/* table.c: records are cut out of the file one by one, then read by csv.c or json.c.
 * A record ends with its line, unless the end of the line stands in quotes; quotes count only where
 * a field begins, as csv.c has it. */
#include "base/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv_parts.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/text.h"

struct dio_table {
    dio_arena *arena;
    const char *path;
    FILE *file;
    bool json, over;
    char separator; /* 0: not known yet */
    dio_value *names;
    dio_str record;
    int line;    /* on which the next record begins, */
    int started; /* and on which the last began */
    int64_t row;
};

static bool ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n >= k && strcmp(path + n - k, end) == 0;
}

static int next_char(dio_table *t)
{
    return getc_unlocked(t->file);
}

/* Where in a CSV a character stands: whether a quote opens, closes or is one of two. */
struct quotes {
    bool inside, first; /* first: at the start of a field */
    bool was_quote;     /* a quote inside that may turn out to be one of two */
};

static void follow(struct quotes *q, char c, char separator)
{
    if (q->inside && q->was_quote && c != '"')
        q->inside = q->was_quote = false; /* that one has closed it */
    if (q->inside)
        q->was_quote = c == '"' && !q->was_quote;
    else if (q->first && c == '"')
        q->inside = true;
    q->first = !q->inside && (separator ? c == separator : c == ',' || c == ';' || c == '\t');
}

/* One record into t->record, without its line end. False at the end of the file, or with a message
 * when the record is too long or the file cannot be read. */
static bool cut(dio_table *t, dio_error *err)
{
    struct quotes q = {.first = true};
    int c;
    t->record.length = 0;
    t->started = t->line;
    bool any = false, overlong = false;
    while ((c = next_char(t)) != EOF) {
        any = true;
        bool closed = !q.inside || q.was_quote;
        if ((c == '\n' || c == '\r') && (t->json || closed))
            break;
        if (!t->json)
            follow(&q, (char)c, t->separator);
        t->line += c == '\n';
        overlong = overlong || t->record.length >= DIO_TABLE_RECORD;
        if (!overlong)
            dio_str_putc(&t->record, (char)c);
    }
    if (c == '\r' && (c = next_char(t)) != '\n' && c != EOF)
        ungetc(c, t->file);
    t->line++;
    t->over = c == EOF;
    if (ferror(t->file)) {
        t->over = true;
        return dio_fail_errno(err, "read", t->path);
    }
    if (t->record.failed)
        return dio_fail_memory(err, t->path);
    if (overlong) {
        dio_fail(err, "this row has more than %d bytes", DIO_TABLE_RECORD);
        return dio_error_at(err, t->path, t->started, 1);
    }
    if (any && t->record.length == 0)
        dio_str_put(&t->record, "", 0);
    return any;
}

static bool check_text(const dio_table *t, dio_error *err)
{
    size_t skip;
    dio_error e = {0};
    if (t->record.length == 0 ||
        dio_text_check(t->path, t->record.text, t->record.length, &skip, &e))
        return true;
    dio_fail(err, "%s", e.message);
    return dio_error_at(err, t->path, t->started + e.line - 1, e.column);
}

/* The record's fields or object in *out; NULL for one in which nothing stands. */
static bool read_record(dio_table *t, dio_arena *a, dio_value **out, dio_error *err)
{
    const char *text = t->record.length ? t->record.text : "";
    *out = NULL;
    if (!check_text(t, err))
        return false;
    if (t->json) {
        if (strspn(text, " \t") == t->record.length)
            return true;
        dio_error e = {0};
        *out = dio_json_parse(a, t->path, text, t->record.length, &e);
        if (*out && (*out)->kind != DIO_MAP)
            dio_value_fail(*out, &e, "expected an object, found %s", dio_kind_name((*out)->kind));
        if (e.kind == DIO_ERROR_NONE)
            return true;
        dio_fail(err, "%s", e.message);
        return dio_error_at(err, t->path, t->started, e.column);
    }
    if (!t->separator)
        t->separator = dio_csv_separator(text, t->record.length);
    *out = dio_csv_record(a, t->path, text, t->record.length, t->started, t->separator, err);
    if (*out && dio_csv_is_blank(*out))
        *out = NULL;
    return err->kind == DIO_ERROR_NONE;
}

static bool read_names(dio_table *t, dio_error *err)
{
    while (!t->names && !t->over) {
        t->separator = '\0';
        if (!cut(t, err)) {
            if (err->kind != DIO_ERROR_NONE)
                return false;
            break;
        }
        if (!read_record(t, t->arena, &t->names, err))
            return false;
    }
    if (!t->names) {
        dio_fail(err, "the table is empty: its first row names the columns");
        return dio_error_at(err, t->path, 1, 1);
    }
    return dio_csv_names_check(t->names, err);
}

/* A byte order mark, which some spreadsheets write. */
static void skip_mark(dio_table *t)
{
    char first[3];
    if (fread(first, 1, 3, t->file) != 3 || memcmp(first, "\xef\xbb\xbf", 3) != 0)
        rewind(t->file);
}

dio_table *dio_table_open(const char *path, dio_error *err)
{
    dio_table *t = calloc(1, sizeof *t);
    if (t && !(t->arena = dio_arena_create())) {
        free(t);
        t = NULL;
    }
    if (!t) {
        dio_fail_memory(err, path);
        return NULL;
    }
    t->path = dio_arena_strdup(t->arena, path);
    t->json = ends_in(path, ".jsonl") || ends_in(path, ".ndjson");
    t->line = 1;
    t->file = fopen(path, "re");
    if (!t->file) {
        dio_fail_errno(err, "open", path);
    } else {
        skip_mark(t);
        if (t->json)
            t->names = dio_value_list(t->arena);
        if (t->json || read_names(t, err))
            return t;
    }
    dio_table_close(t);
    return NULL;
}

void dio_table_close(dio_table *t)
{
    if (!t)
        return;
    if (t->file)
        fclose(t->file);
    dio_str_deinit(&t->record);
    dio_arena_destroy(t->arena);
    free(t);
}

const dio_value *dio_table_columns(const dio_table *t)
{
    return t->names;
}

int64_t dio_table_row(const dio_table *t)
{
    return t->row;
}

dio_table_mark dio_table_tell(const dio_table *t)
{
    return (dio_table_mark){.offset = ftello(t->file), .row = t->row, .line = t->line};
}

bool dio_table_seek(dio_table *t, const dio_table_mark *m, dio_error *err)
{
    if (m->offset < 0 || fseeko(t->file, m->offset, SEEK_SET) < 0)
        return dio_fail_errno(err, "read", t->path);
    t->row = m->row;
    t->line = m->line;
    t->over = false;
    return true;
}

/* Lines of JSON know only their own: moves every place to where the record stands. */
static void move_places(dio_value *v, int line)
{
    v->line += line - 1;
    for (int i = 0; v->kind == DIO_LIST && i < v->list.count; i++)
        move_places(v->list.items[i], line);
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++) {
        move_places(v->map.keys[i], line);
        move_places(v->map.items[i], line);
    }
}

bool dio_table_next(dio_table *t, dio_arena *a, dio_value **row, dio_error *err)
{
    *row = NULL;
    while (!*row && !t->over) {
        if (!cut(t, err)) {
            t->row += err->kind != DIO_ERROR_NONE;
            return err->kind == DIO_ERROR_NONE;
        }
        if (!read_record(t, a, row, err)) {
            t->row++;
            return false;
        }
    }
    if (!*row)
        return true;
    t->row++;
    if (t->json)
        move_places(*row, t->started);
    else
        *row = dio_csv_row(a, t->names, *row, err);
    if (*row && dio_arena_failed(a))
        return dio_fail_memory(err, t->path);
    return *row != NULL;
}

/* True when something stands in the record; commas alone are nothing. */
static bool has_text(const dio_table *t)
{
    const char *skip = t->json                ? " \t"
                       : t->separator == ';'  ? ";"
                       : t->separator == '\t' ? "\t"
                                              : ",";
    return t->record.length > 0 && strspn(t->record.text, skip) < t->record.length;
}

bool dio_table_count(const char *path, int64_t *rows, dio_error *err)
{
    dio_table *t = dio_table_open(path, err);
    *rows = 0;
    if (!t)
        return false;
    while (!t->over) {
        dio_error wrong = {0}; /* an overlong row is one as well */
        bool any = cut(t, &wrong);
        *rows += wrong.kind != DIO_ERROR_NONE || (any && has_text(t));
    }
    dio_table_close(t);
    return true;
}
