/* ledger.c: writing; what reads for people is ledger_read.c. */
#define _GNU_SOURCE
#include "fusion/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "fusion/ledger_parts.h"

static const char schema[] =
    "create table if not exists pipeline (sha256 text primary key, source text not null);"
    "create table if not exists run (id integer primary key, kind text, name text, file text,"
    " sha256 text, seed text, inputs text, version text, host text, pid integer, started text,"
    " seconds real, state text);"
    "create table if not exists task (id integer primary key, run integer, row integer, label text,"
    " uses text, key text, state text, cached integer, seconds real, params text, error text,"
    " rss_mb real);"
    "create index if not exists task_run on task (run, row);"
    "create index if not exists task_uses on task (uses, cached);"
    "create table if not exists artifact (id integer primary key, run integer, row integer,"
    " path text, sha256 text, bytes integer, media text, output text, label text);"
    "create index if not exists artifact_sha256 on artifact (sha256);"
    "create index if not exists artifact_path on artifact (path);"
    "create table if not exists event (id integer primary key, run integer, row integer, time text,"
    " what text, text text);"
    "create table if not exists row (key text primary key, number integer, state text,"
    " attempts integer, seconds real, error text, files text, run integer, inputs text) without "
    "rowid;"
    "create table if not exists review (id integer primary key, key text unique, run integer,"
    " row integer, pipeline text, label text, state text, round integer, rounds integer,"
    " asked integer, timeout integer, on_timeout text, best integer, picked integer,"
    " decided integer, who text, note text, candidates text);"
    "create table if not exists mark (batch text primary key, offset integer, row integer,"
    " line integer, sha256 text) without rowid;"
    "create table if not exists claim (path text primary key, run integer, row integer) without "
    "rowid;";

static const char *const upgrades[] = {"alter table task add column rss_mb real"};

dio_ledger *dio_ledger_create(const char *path, bool *damaged, dio_error *err)
{
    dio_ledger *l = calloc(1, sizeof *l);
    if (!l) {
        dio_fail_memory(err, "a ledger");
        return NULL;
    }
    l->db = dio_db_open(path, schema, LEDGER_FORM, upgrades, damaged, err);
    if (l->db)
        return l;
    free(l);
    return NULL;
}

/* With its log, which belongs to it. */
static const char *set_aside(const char *path, dio_arena *a)
{
    char *to =
        dio_arena_printf(a, "%s.damaged-%lld-%ld", path, (long long)time(NULL), (long)getpid());
    const char *wal = dio_arena_printf(a, "%s-wal", path);
    const char *shm = dio_arena_printf(a, "%s-shm", path);
    const char *to_wal = dio_arena_printf(a, "%s-wal", to);
    if (dio_arena_failed(a)) /* two names may be one */
        return NULL;
    rename(wal, to_wal);
    unlink(shm);
    return rename(path, to) == 0 ? to : NULL;
}

dio_ledger *dio_ledger_open(const char *out, dio_arena *a, const char **warning, dio_error *err)
{
    const char *dir = dio_path_join(a, out, ".diorama");
    const char *path = dio_path_join(a, dir, "ledger.db");
    bool damaged = false;
    *warning = NULL;
    if (!dio_dir_make(dir, err))
        return NULL;
    dio_ledger *l = dio_ledger_create(path, &damaged, err);
    if (l || !damaged)
        return l;
    const char *aside = set_aside(path, a);
    if (!aside)
        return NULL;
    dio_error_clear(err);
    *warning = dio_arena_printf(a, "%s was damaged; it is now %s, and a new one is begun", path,
                                dio_path_base(aside));
    return dio_ledger_create(path, &damaged, err);
}

dio_ledger *dio_ledger_open_existing(const char *out, dio_error *err)
{
    dio_arena *a = dio_arena_create();
    dio_ledger *l = NULL;
    bool damaged = false;
    if (!a) {
        dio_fail_memory(err, "a ledger");
        return NULL;
    }
    const char *path = dio_path_join(a, out, ".diorama/ledger.db");
    if (!dio_file_exists(path))
        dio_fail(err, "%s: nothing has been run into this folder", out);
    else
        l = dio_ledger_create(path, &damaged, err);
    dio_arena_destroy(a);
    return l;
}

void dio_ledger_close(dio_ledger *l)
{
    if (!l)
        return;
    dio_db_close(l->db);
    free(l);
}

const char *dio_ledger_trouble(dio_ledger *l)
{
    if (!l || l->trouble.kind == DIO_ERROR_NONE || l->told)
        return NULL;
    l->told = true;
    return l->trouble.message;
}

dio_db *dio_ledger_db(dio_ledger *l)
{
    return l->db;
}

static const char *now_text(char out[32])
{
    time_t now = time(NULL);
    struct tm tm;
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    return out;
}

int64_t dio_ledger_begin(dio_ledger *l, const dio_ledger_run *r)
{
    char started[32], host[128] = "";
    if (!l)
        return 0;
    gethostname(host, sizeof host - 1);
    DIO_DB_DO(l->db, &l->trouble, "insert or ignore into pipeline values (?, ?)",
              DIO_CELL_T(r->sha256), DIO_CELL_T(r->source));
    DIO_DB_DO(l->db, &l->trouble,
              "insert into run (kind, name, file, sha256, seed, inputs, version, host, pid, "
              "started, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running')",
              DIO_CELL_T(r->kind), DIO_CELL_T(r->name), DIO_CELL_T(r->file), DIO_CELL_T(r->sha256),
              DIO_CELL_T(r->seed), DIO_CELL_T(r->inputs), DIO_CELL_T(r->version), DIO_CELL_T(host),
              DIO_CELL_I(getpid()), DIO_CELL_T(now_text(started)));
    return dio_db_last_id(l->db);
}

void dio_ledger_end(dio_ledger *l, int64_t run, const char *state, double seconds)
{
    if (l)
        DIO_DB_DO(l->db, &l->trouble, "update run set state = ?, seconds = ? where id = ?",
                  DIO_CELL_T(state), DIO_CELL_R(seconds), DIO_CELL_I(run));
}

void dio_ledger_task_add(dio_ledger *l, const dio_ledger_task *t)
{
    if (l)
        DIO_DB_DO(l->db, &l->trouble,
                  "insert into task (run, row, label, uses, key, state, cached, seconds, params, "
                  "error, rss_mb) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  DIO_CELL_I(t->run), DIO_CELL_I(t->row), DIO_CELL_T(t->label), DIO_CELL_T(t->uses),
                  DIO_CELL_T(t->key), DIO_CELL_T(t->state), DIO_CELL_I(t->cached),
                  DIO_CELL_R(t->seconds), DIO_CELL_T(t->params), DIO_CELL_T(t->error),
                  t->rss_mb >= 0 ? DIO_CELL_R(t->rss_mb) : DIO_CELL_T(NULL));
}

void dio_ledger_file_add(dio_ledger *l, const dio_ledger_file *f)
{
    if (l)
        DIO_DB_DO(l->db, &l->trouble,
                  "insert into artifact (run, row, path, sha256, bytes, media, output, label) "
                  "values (?, ?, ?, ?, ?, ?, ?, ?)",
                  DIO_CELL_I(f->run), DIO_CELL_I(f->row), DIO_CELL_T(f->path),
                  DIO_CELL_T(f->sha256), DIO_CELL_I(f->bytes), DIO_CELL_T(f->media),
                  DIO_CELL_T(f->output), DIO_CELL_T(f->label));
}

void dio_ledger_event(dio_ledger *l, int64_t run, int64_t row, const char *what, const char *text)
{
    char time[32];
    if (l)
        DIO_DB_DO(l->db, &l->trouble,
                  "insert into event (run, row, time, what, text) values (?, ?, ?, ?, ?)",
                  DIO_CELL_I(run), DIO_CELL_I(row), DIO_CELL_T(now_text(time)), DIO_CELL_T(what),
                  DIO_CELL_T(text));
}

static bool take_real(void *user, const dio_cell *cells, int count)
{
    if (count == 1 && cells[0].kind == DIO_CELL_REAL)
        *(double *)user = cells[0].real;
    return false;
}

double dio_ledger_expect(dio_ledger *l, const char *uses)
{
    double mean = -1;
    dio_error ignored = {0};
    const dio_cell cell = DIO_CELL_T(uses);
    if (l)
        dio_db_run(
            l->db,
            "select avg(seconds) from (select seconds from task where uses = ? and cached = 0 "
            "and state = 'done' order by id desc limit 20)",
            &cell, 1, take_real, &mean, &ignored);
    return mean;
}

double dio_ledger_memory(dio_ledger *l, const char *uses)
{
    double most = -1;
    dio_error ignored = {0};
    const dio_cell cell = DIO_CELL_T(uses);
    if (l)
        dio_db_run(l->db,
                   "select max(rss_mb) from task where uses = ? and cached = 0 and state = 'done'",
                   &cell, 1, take_real, &most, &ignored);
    return most;
}
