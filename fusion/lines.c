/* lines.c: tables of lines read and held to what their files may be called. */
#include "fusion/lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

const dio_field dio_line_fields[] = {
    DIO_FIELD(dio_line, id, NULL, 1, 64, "what its file is called: letters, digits, - and _"),
    DIO_FIELD(dio_line, speaker, "", 0, 100, "who speaks; empty: the step's speaker"),
    DIO_FIELD(dio_line, line, NULL, 1, 5000, "what is said"),
    DIO_FIELD(dio_line, rate, "1", 0.25, 4, "times as fast"),
    DIO_FIELD(dio_line, pitch, "0", -24, 24, "semitones higher"),
    DIO_FIELD(dio_line, energy, "0", -40, 20, "dB, as one who speaks louder"),
    DIO_FIELD(dio_line, seed, "0", 0, 0, "added to the step's: another breath"),
    {0},
};

/* Where mistakes go: to the caller's function, or the first of them to err. */
struct sink {
    dio_problem_fn *problem;
    void *user;
    dio_error *err;
    int count;
};

static void tell(void *user, const dio_error *e)
{
    struct sink *s = user;
    if (s->problem)
        s->problem(s->user, e);
    else if (s->count == 0)
        *s->err = *e;
    s->count++;
}

static void check_id(const dio_line *l, dio_arena *a, struct sink *s)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const dio_value *at = dio_map_get(l->row, "id");
    dio_error e = {0};
    if (strspn(l->id, letters) != strlen(l->id))
        dio_value_fail(at, &e, "id: \"%.64s\": a file's name is letters, digits, - and _", l->id);
    else if (!dio_path_confine(a, "", l->id, &e))
        dio_error_at(&e, at->file, at->line, at->column);
    if (e.kind != DIO_ERROR_NONE)
        tell(s, &e);
}

static int by_id(const void *a, const void *b)
{
    const dio_line *p = *(const dio_line *const *)a, *q = *(const dio_line *const *)b;
    int order = strcasecmp(p->id, q->id);
    return order ? order : p->row->line - q->row->line;
}

/* Also where only letters' case differs: some systems take such names for one. */
static void check_unique(const dio_line *lines, int count, dio_arena *a, struct sink *s)
{
    const dio_line **sorted = dio_arena_try(a, (size_t)(count + 1) * sizeof *sorted);
    for (int i = 0; sorted && i < count; i++)
        sorted[i] = &lines[i];
    if (sorted && count)
        qsort(sorted, (size_t)count, sizeof *sorted, by_id);
    for (int i = 1; sorted && i < count; i++) {
        const dio_value *at = dio_map_get(sorted[i]->row, "id");
        dio_error e = {0};
        if (strcasecmp(sorted[i]->id, sorted[i - 1]->id) != 0)
            continue;
        dio_value_fail(at, &e, "id: \"%s\" is taken by the row in line %d", sorted[i]->id,
                       sorted[i - 1]->row->line);
        tell(s, &e);
    }
}

/* A column that lacks is told once, not in each row. */
static bool has_columns(const dio_value *rows, struct sink *s)
{
    const dio_value *row = rows->list.items[0];
    int before = s->count;
    for (const dio_field *f = dio_line_fields; f->name; f++) {
        dio_error e = {0};
        if (f->fallback || dio_map_get(row, f->name))
            continue;
        dio_value_fail(rows, &e, "the table has no column \"%s\": %s", f->name, f->doc);
        tell(s, &e);
    }
    return s->count == before;
}

static const dio_value *read_table(dio_arena *a, const char *path, dio_error *err)
{
    size_t length;
    const char *text = dio_file_read(a, path, DIO_LINES_BYTES, &length, err);
    const dio_value *rows =
        text ? dio_csv_parse(a, dio_arena_strdup(a, path), text, length, err) : NULL;
    if (rows && !rows->list.count)
        dio_value_fail(rows, err, "the table has no rows: there is nothing to say");
    else if (rows && rows->list.count > DIO_LINES_MOST)
        dio_value_fail(rows->list.items[DIO_LINES_MOST], err, "%d lines: the most is %d",
                       rows->list.count, DIO_LINES_MOST);
    return err->kind == DIO_ERROR_NONE ? rows : NULL;
}

dio_line *dio_lines_read(dio_arena *a, const char *path, int *count, dio_problem_fn *problem,
                         void *user, dio_error *err)
{
    struct sink s = {problem, user, err, 0};
    dio_error e = {0};
    const dio_value *rows = read_table(a, path, &e);
    int n = rows ? rows->list.count : 0;
    dio_line *lines = rows ? dio_arena_try(a, (size_t)n * sizeof *lines) : NULL;
    if (rows && !lines)
        dio_fail_memory(&e, path);
    if (!lines)
        tell(&s, &e);
    bool whole = lines && has_columns(rows, &s);
    for (int i = 0; whole && i < n; i++) {
        dio_error unused = {0};
        lines[i].id = "";
        lines[i].row = rows->list.items[i];
        if (dio_fields_read(dio_line_fields, &lines[i], lines[i].row, "a line",
                            DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT | DIO_FIELDS_TEXTS, a, tell, &s,
                            &unused))
            check_id(&lines[i], a, &s);
    }
    if (s.count == 0)
        check_unique(lines, n, a, &s);
    *count = n;
    return s.count == 0 ? lines : NULL;
}
