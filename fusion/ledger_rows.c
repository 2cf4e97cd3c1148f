/* ledger_rows.c: the memory of batches. */
#define _GNU_SOURCE
#include "fusion/ledger_rows.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fusion/ledger_parts.h"

void dio_ledger_row_put(dio_ledger *l, const dio_row_note *n)
{
    if (l)
        DIO_DB_DO(
            l->db, &l->trouble,
            "insert or replace into row (key, number, state, attempts, seconds, error, files, "
            "run, inputs) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            DIO_CELL_T(n->key), DIO_CELL_I(n->number), DIO_CELL_T(n->state),
            DIO_CELL_I(n->attempts), DIO_CELL_R(n->seconds), DIO_CELL_T(n->error),
            DIO_CELL_T(n->files), DIO_CELL_I(n->run), DIO_CELL_T(n->inputs));
}

struct take {
    dio_arena *a;
    const char *text;
};

static bool take_text(void *user, const dio_cell *cells, int count)
{
    struct take *t = user;
    if (count == 1 && cells[0].kind == DIO_CELL_TEXT)
        t->text = dio_arena_strdup(t->a, cells[0].text);
    return false;
}

/* [path, bytes, mtime] */
static bool stands(dio_arena *a, const char *out, const dio_value *f)
{
    struct stat st;
    if (f->kind != DIO_LIST || f->list.count != 3 || f->list.items[0]->kind != DIO_STRING ||
        f->list.items[1]->kind != DIO_INT || f->list.items[2]->kind != DIO_INT)
        return false;
    const char *path = dio_path_join(a, out, f->list.items[0]->string.text);
    return stat(path, &st) == 0 && st.st_size == f->list.items[1]->integer &&
           st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec == f->list.items[2]->integer;
}

bool dio_ledger_row_done(dio_ledger *l, dio_arena *a, const char *out, const char *key, int64_t run,
                         int64_t number)
{
    struct take t = {.a = a};
    const dio_cell cell = DIO_CELL_T(key);
    dio_error ignored = {0};
    if (!l || !dio_db_run(l->db, "select files from row where key = ? and state = 'done'", &cell, 1,
                          take_text, &t, &l->trouble))
        return false;
    const dio_value *files =
        t.text ? dio_json_parse(a, "files", t.text, strlen(t.text), &ignored) : NULL;
    if (!files || files->kind != DIO_LIST)
        return false;
    for (int i = 0; i < files->list.count; i++)
        if (!stands(a, out, files->list.items[i]))
            return false;
    for (int i = 0; i < files->list.count; i++)
        if (!dio_ledger_claim(l, run, number, files->list.items[i]->list.items[0]->string.text,
                              &ignored))
            return false; /* an earlier row of this table wants it now: that row's turn tells */
    return true;
}

static bool take_row(void *user, const dio_cell *cells, int count)
{
    if (count == 1 && cells[0].kind == DIO_CELL_INT)
        *(int64_t *)user = cells[0].integer;
    return false;
}

bool dio_ledger_claim(dio_ledger *l, int64_t run, int64_t row, const char *path, dio_error *err)
{
    int64_t holder = row;
    if (!l || !row)
        return true;
    const dio_cell cells[] = {DIO_CELL_T(path), DIO_CELL_I(run)};
    DIO_DB_DO(
        l->db, &l->trouble,
        "insert into claim (path, run, row) values (?, ?, ?) on conflict (path) do update set "
        "run = excluded.run, row = excluded.row where run <> excluded.run",
        DIO_CELL_T(path), DIO_CELL_I(run), DIO_CELL_I(row));
    if (!dio_db_run(l->db, "select row from claim where path = ? and run = ?", cells, 2, take_row,
                    &holder, &l->trouble) ||
        holder == row)
        return true;
    return dio_fail(err,
                    "row %lld has written %s: put something into outputs' paths that differs from "
                    "row to row",
                    (long long)holder, path);
}

void dio_ledger_mark_put(dio_ledger *l, const char *batch, const dio_row_mark *m)
{
    if (l)
        DIO_DB_DO(l->db, &l->trouble, "insert or replace into mark values (?, ?, ?, ?, ?)",
                  DIO_CELL_T(batch), DIO_CELL_I(m->offset), DIO_CELL_I(m->row), DIO_CELL_I(m->line),
                  DIO_CELL_T(m->sha256));
}

static bool take_mark(void *user, const dio_cell *cells, int count)
{
    dio_row_mark *m = user;
    if (count == 4 && cells[0].kind == DIO_CELL_INT && cells[1].kind == DIO_CELL_INT &&
        cells[2].kind == DIO_CELL_INT && cells[3].kind == DIO_CELL_TEXT &&
        strlen(cells[3].text) == 64) {
        m->offset = cells[0].integer;
        m->row = cells[1].integer;
        m->line = cells[2].integer;
        memcpy(m->sha256, cells[3].text, 65);
    }
    return false;
}

bool dio_ledger_mark(dio_ledger *l, const char *batch, dio_row_mark *out)
{
    const dio_cell cell = DIO_CELL_T(batch);
    *out = (dio_row_mark){.offset = -1};
    return l &&
           dio_db_run(l->db, "select offset, row, line, sha256 from mark where batch = ?", &cell, 1,
                      take_mark, out, &l->trouble) &&
           out->offset >= 0;
}

void dio_ledger_hold(dio_ledger *l)
{
    if (l)
        dio_db_run(l->db, "begin immediate", NULL, 0, NULL, NULL, &l->trouble);
}

void dio_ledger_let(dio_ledger *l)
{
    if (l)
        dio_db_run(l->db, "commit", NULL, 0, NULL, NULL, &l->trouble);
}
