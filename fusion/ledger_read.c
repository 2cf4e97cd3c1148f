/* ledger_read.c: the ledger as trees, for people and programs. */
#include <string.h>

#include "fusion/ledger_parts.h"

/* Rows of a query become maps under these names. */
struct rows {
    dio_arena *a;
    const char *const *names;
    dio_value *list;
};

static dio_value *cell_value(dio_arena *a, const dio_cell *c)
{
    if (c->kind == DIO_CELL_INT)
        return dio_value_int(a, c->integer);
    if (c->kind == DIO_CELL_REAL)
        return dio_value_real(a, c->real);
    return c->kind == DIO_CELL_TEXT ? dio_value_string(a, c->text) : NULL;
}

static bool add_row(void *user, const dio_cell *cells, int count)
{
    struct rows *r = user;
    dio_value *map = dio_value_map(r->a);
    for (int i = 0; i < count && r->names[i]; i++) {
        dio_value *v = cell_value(r->a, &cells[i]);
        if (v)
            dio_map_set(r->a, map, r->names[i], v);
    }
    dio_list_add(r->a, r->list, map);
    return true;
}

static dio_value *query(dio_ledger *l, dio_arena *a, const char *sql, const dio_cell *cells,
                        int count, const char *const *names, dio_error *err)
{
    struct rows r = {a, names, dio_value_list(a)};
    return dio_db_run(l->db, sql, cells, count, add_row, &r, err) ? r.list : NULL;
}

static const char *const run_names[] = {"run",     "kind",    "name",  "file", "seed",  "state",
                                        "started", "seconds", "steps", "kept", "files", NULL};

dio_value *dio_ledger_runs(dio_ledger *l, dio_arena *a, int most, dio_error *err)
{
    const dio_cell cell = DIO_CELL_I(most);
    return query(l, a,
                 "select id, kind, name, file, seed, state, started, seconds,"
                 " (select count(*) from task where run = r.id),"
                 " (select count(*) from task where run = r.id and cached = 1),"
                 " (select count(*) from artifact where run = r.id)"
                 " from run r order by id desc limit ?",
                 &cell, 1, run_names, err);
}

/* A text column that holds JSON becomes what it says. */
static void unfold(dio_arena *a, dio_value *map, const char *name)
{
    dio_error ignored = {0};
    const dio_value *v = dio_map_get(map, name);
    dio_value *tree = v && v->kind == DIO_STRING
                          ? dio_json_parse(a, name, v->string.text, v->string.length, &ignored)
                          : NULL;
    if (tree)
        dio_map_set(a, map, name, tree);
}

static dio_value *run_map(dio_ledger *l, dio_arena *a, int64_t run, dio_error *err)
{
    static const char *const names[] = {"run",     "kind",   "name",    "file", "sha256",
                                        "seed",    "inputs", "version", "host", "started",
                                        "seconds", "state",  NULL};
    const dio_cell cell = DIO_CELL_I(run);
    dio_value *list = query(l, a,
                            "select id, kind, name, file, sha256, seed, inputs, version, host, "
                            "started, seconds, state from run where id = ?",
                            &cell, 1, names, err);
    if (list && list->list.count == 0) {
        dio_fail(err, "run %lld: the ledger has no such run; `diorama runs ls` lists them",
                 (long long)run);
        return NULL;
    }
    if (list)
        unfold(a, list->list.items[0], "inputs");
    return list ? list->list.items[0] : NULL;
}

/* Of one row of a batch, or of all. */
static dio_value *steps_of(dio_ledger *l, dio_arena *a, int64_t run, int64_t row, dio_error *err)
{
    static const char *const names[] = {"row",     "step", "uses",  "state", "cached",
                                        "seconds", "with", "error", NULL};
    const dio_cell cells[] = {DIO_CELL_I(run), DIO_CELL_I(row), DIO_CELL_I(row)};
    dio_value *list = query(l, a,
                            "select row, label, uses, state, cached, seconds, params, error from "
                            "task where run = ? and (? = 0 or row = ?) order by id limit 10000",
                            cells, 3, names, err);
    for (int i = 0; list && i < list->list.count; i++)
        unfold(a, list->list.items[i], "with");
    return list;
}

static dio_value *files_of(dio_ledger *l, dio_arena *a, int64_t run, dio_error *err)
{
    static const char *const names[] = {"row",    "output", "path",  "step",
                                        "sha256", "bytes",  "media", NULL};
    const dio_cell cell = DIO_CELL_I(run);
    return query(
        l, a,
        "select row, output, path, label, sha256, bytes, media from artifact where run = ? "
        "order by id limit 10000",
        &cell, 1, names, err);
}

static dio_value *events_of(dio_ledger *l, dio_arena *a, int64_t run, dio_error *err)
{
    static const char *const names[] = {"row", "time", "what", "text", NULL};
    const dio_cell cell = DIO_CELL_I(run);
    return query(l, a,
                 "select row, time, what, text from event where run = ? order by id limit 10000",
                 &cell, 1, names, err);
}

dio_value *dio_ledger_show(dio_ledger *l, dio_arena *a, int64_t run, dio_error *err)
{
    dio_value *v = run_map(l, a, run, err);
    dio_value *steps = v ? steps_of(l, a, run, 0, err) : NULL;
    dio_value *files = steps ? files_of(l, a, run, err) : NULL;
    dio_value *events = files ? events_of(l, a, run, err) : NULL;
    if (!events)
        return NULL;
    dio_map_set(a, v, "steps", steps);
    dio_map_set(a, v, "files", files);
    dio_map_set(a, v, "events", events);
    return v;
}

dio_value *dio_ledger_stats(dio_ledger *l, dio_arena *a, dio_error *err)
{
    static const char *const names[] = {"uses", "done",    "kept",    "failed",
                                        "mean", "longest", "seconds", NULL};
    return query(l, a,
                 "select uses, sum(state = 'done' and cached = 0), sum(cached = 1),"
                 " sum(state = 'failed'), avg(case when cached = 0 then seconds end),"
                 " max(case when cached = 0 then seconds end),"
                 " sum(case when cached = 0 then seconds end)"
                 " from task where state <> 'skipped' group by uses order by 7 desc",
                 NULL, 0, names, err);
}

dio_value *dio_ledger_recipe(dio_ledger *l, dio_arena *a, const char *path, const char *sha256,
                             dio_error *err)
{
    static const char *const names[] = {"run",   "row",    "path",  "sha256",
                                        "bytes", "output", "label", NULL};
    const dio_cell cells[] = {DIO_CELL_T(sha256), DIO_CELL_T(path)};
    dio_value *found = query(l, a,
                             "select run, row, path, sha256, bytes, output, label from artifact "
                             "where sha256 = ? order by path = ? desc, id desc limit 1",
                             cells, 2, names, err);
    if (!found)
        return NULL;
    if (found->list.count == 0) {
        dio_fail(err,
                 "%s: the ledger of its folder does not know this content: it was not made "
                 "here, or was changed since",
                 path);
        return NULL;
    }
    dio_value *file = found->list.items[0];
    const dio_value *run = dio_map_get(file, "run"), *row = dio_map_get(file, "row");
    dio_value *v = run ? run_map(l, a, run->integer, err) : NULL;
    dio_value *steps = v ? steps_of(l, a, run->integer, row ? row->integer : 0, err) : NULL;
    static const char *const source_name[] = {"source", NULL};
    const dio_value *sha = dio_map_get(v, "sha256");
    const dio_cell of = DIO_CELL_T(sha ? sha->string.text : "");
    dio_value *source = steps ? query(l, a, "select source from pipeline where sha256 = ?", &of, 1,
                                      source_name, err)
                              : NULL;
    if (!source)
        return NULL;
    dio_map_set(a, v, "file_made", file);
    dio_map_set(a, v, "steps", steps);
    if (source->list.count)
        dio_map_set(a, v, "pipeline", dio_map_get(source->list.items[0], "source"));
    return v;
}
