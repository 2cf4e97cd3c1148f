/* report.c: problems collected, put in order and shown. */
#define _GNU_SOURCE /* qsort_r */
#include "fusion/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
    SHOWN = 140,
    BEFORE = 60
}; /* characters shown of a line, and before the place in a long one */

void dio_report_add(void *report, const dio_error *problem)
{
    dio_report *r = report;
    r->starved = r->starved || problem->kind == DIO_ERROR_RETRY;
    for (int i = 0; i < r->count; i++) {
        const dio_error *e = &r->list[i];
        if (e->line == problem->line && e->column == problem->column &&
            strcmp(e->message, problem->message) == 0 && strcmp(e->file, problem->file) == 0)
            return;
    }
    if (r->count == DIO_REPORT_MOST ||
        !dio_arena_grow(r->arena, &r->list, r->count, &r->cap, sizeof *r->list)) {
        r->starved = r->starved || dio_arena_failed(r->arena);
        r->dropped++;
        return;
    }
    r->list[r->count++] = *problem;
}

bool dio_report_at(dio_report *r, const dio_value *v, const char *format, ...)
{
    char text[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dio_error e = {0};
    dio_fail(&e, "%s", text);
    if (v)
        dio_error_at(&e, v->file, v->line, v->column);
    dio_report_add(r, &e);
    return false;
}

bool dio_report_error(dio_report *r, const dio_value *v, const char *what, const dio_error *e)
{
    r->starved = r->starved || e->kind == DIO_ERROR_RETRY;
    return dio_report_at(r, v, "%s%s%s", what ? what : "", what ? ": " : "", e->message);
}

bool dio_report_memory(dio_report *r)
{
    r->starved = true;
    return false;
}

static int file_index(const dio_report *r, const char *name)
{
    for (int i = 0; i < r->file_count; i++)
        if (strcmp(r->files[i].name, name) == 0)
            return i;
    return 0; /* of no file, or of a table beside the first */
}

bool dio_report_file_add(dio_report *r, const char *name, const char *source)
{
    if (!dio_arena_grow(r->arena, &r->files, r->file_count, &r->file_cap, sizeof *r->files))
        return false;
    r->files[r->file_count++] = (dio_report_file){name, source};
    return true;
}

const char *dio_report_source(const dio_report *r, const char *file)
{
    int i = file_index(r, file);
    return r->file_count > i && strcmp(r->files[i].name, file) == 0 ? r->files[i].source : NULL;
}

static int by_place(const void *a, const void *b, void *report)
{
    const dio_error *p = a, *q = b;
    int order = file_index(report, p->file) - file_index(report, q->file);
    if (order)
        return order;
    if (p->line != q->line)
        return p->line - q->line;
    if (p->column != q->column)
        return p->column - q->column;
    return strcmp(p->message, q->message);
}

static const char *line_of(const char *source, int line)
{
    for (int i = 1; source && i < line; i++) {
        source = strchr(source, '\n');
        source = source ? source + 1 : NULL;
    }
    return source;
}

/* The line with a caret below it. Control characters are shown as spaces, so that a terminal is not
 * told what to do by a file. */
static void put_excerpt(dio_str *s, const dio_report *r, const dio_error *e)
{
    const char *line = e->line > 0 ? line_of(dio_report_source(r, e->file), e->line) : NULL;
    if (!line)
        return;
    uint32_t cp;
    int first = e->column > SHOWN ? e->column - BEFORE : 1, column = 1;
    const char *cut = first > 1 ? "... " : "";
    dio_str_printf(s, "    %s", cut);
    for (int n; *line && *line != '\n' && *line != '\r' && column < first + SHOWN;
         line += n, column++) {
        n = dio_utf8_next(line, 4, &cp);
        if (column < first) {
            n = n ? n : 1;
            continue;
        }
        if (n == 0 || !dio_char_shows(cp)) {
            n = n ? n : 1;
            dio_str_putc(s, ' ');
        } else {
            dio_str_put(s, line, (size_t)n);
        }
    }
    if (e->column > 0)
        dio_str_printf(s, "\n    %*s^", e->column - first + (int)strlen(cut), "");
    dio_str_putc(s, '\n');
}

char *dio_report_text(dio_report *r, dio_arena *a)
{
    dio_str s = {0};
    dio_str_puts(&s, "");
    if (r->count > 1)
        qsort_r(r->list, (size_t)r->count, sizeof *r->list, by_place, r);
    for (int i = 0; i < r->count; i++) {
        const dio_error *e = &r->list[i];
        char message[DIO_ERROR_MESSAGE];
        snprintf(message, sizeof message, "%s", e->message);
        dio_str_show(message); /* keys and values of the file are in it */
        if (e->file[0] && e->line)
            dio_str_printf(&s, "%s:%d:%d: ", e->file, e->line, e->column);
        else if (e->file[0])
            dio_str_printf(&s, "%s: ", e->file);
        dio_str_printf(&s, "error: %s\n", message);
        put_excerpt(&s, r, e);
    }
    if (r->dropped)
        dio_str_printf(&s, "and %d more\n", r->dropped);
    char *text = dio_arena_strndup(a, s.text, s.length);
    dio_str_deinit(&s);
    return text;
}
