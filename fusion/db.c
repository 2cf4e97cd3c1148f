/* db.c: SQLite behind six functions. */
#include "fusion/db.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STATEMENTS = 48, COLUMNS = 24, PATIENCE_MS = 10000, LONGEST = 64 << 20 };

struct prepared {
    const char *sql;
    sqlite3_stmt *statement;
};

struct dio_db {
    sqlite3 *handle;
    struct prepared prepared[STATEMENTS];
    int count;
};

static bool is_damage(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* What SQLite says, with the kind that a caller can act on: a full disk or a busy file may pass. */
static bool fail(const dio_db *db, int code, dio_error *err)
{
    const char *path = sqlite3_db_filename(db->handle, "main");
    const char *why = sqlite3_errmsg(db->handle);
    if (is_damage(code))
        return dio_fail(err, "%s is damaged: %s", path, why);
    return dio_fail_retry(err, "%s: %s", path, why);
}

static bool run_plain(dio_db *db, const char *sql, bool *damaged, dio_error *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    *damaged = *damaged || is_damage(code);
    return code == SQLITE_OK || fail(db, code, err);
}

static bool read_first(void *user, const dio_cell *cells, int count)
{
    *(int64_t *)user = count > 0 && cells[0].kind == DIO_CELL_INT ? cells[0].integer : 0;
    return false;
}

static bool is_sound(void *user, const dio_cell *cells, int count)
{
    *(bool *)user = count > 0 && cells[0].kind == DIO_CELL_TEXT && !strcmp(cells[0].text, "ok");
    return false;
}

/* A file may come from anywhere: its views and triggers, of which ours has none, are never run, and
 * nothing in it is larger than what was once written. */
static void distrust(sqlite3 *handle)
{
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, LONGEST);
}

/* From one form to the next, in one transaction: another process may be at it as well. */
static bool upgrade(dio_db *db, int version, const char *const *upgrades, bool *damaged,
                    dio_error *err)
{
    char set[64];
    int64_t found = 0;
    bool ok = run_plain(db, "begin immediate", damaged, err) &&
              dio_db_run(db, "pragma user_version", NULL, 0, read_first, &found, err);
    for (int64_t form = found; ok && upgrades && form > 0 && form < version; form++)
        ok = run_plain(db, upgrades[form - 1], damaged, err);
    sqlite3_snprintf(sizeof set, set, "pragma user_version = %d", version);
    ok = ok && run_plain(db, set, damaged, err);
    dio_error ignored = {0};
    return run_plain(db, ok ? "commit" : "rollback", damaged, ok ? err : &ignored) && ok;
}

/* Header and pages first: whatever comes later would trip over them one by one. */
static bool prepare(dio_db *db, const char *path, const char *schema, int version,
                    const char *const *upgrades, bool *damaged, dio_error *err)
{
    int64_t found = 0;
    bool sound = false;
    distrust(db->handle);
    sqlite3_busy_timeout(db->handle, PATIENCE_MS);
    sqlite3_extended_result_codes(db->handle, 1);
    if (!run_plain(db, "pragma journal_mode = wal; pragma synchronous = normal", damaged, err))
        return false;
    struct stat st;
    bool small = stat(path, &st) == 0 && st.st_size <= DIO_DB_CHECKED;
    if (small &&
        (!dio_db_run(db, "pragma quick_check(1)", NULL, 0, is_sound, &sound, err) || !sound)) {
        *damaged = true;
        return dio_fail(err, "%s is damaged", path);
    }
    if (!dio_db_run(db, "pragma user_version", NULL, 0, read_first, &found, err))
        return false;
    if (found > version)
        return dio_fail(err,
                        "%s was written by a newer diorama (form %lld; this one knows %d): use "
                        "that, or another folder",
                        path, (long long)found, version);
    return run_plain(db, schema, damaged, err) &&
           (found == version || upgrade(db, version, upgrades, damaged, err));
}

dio_db *dio_db_open(const char *path, const char *schema, int version, const char *const *upgrades,
                    bool *damaged, dio_error *err)
{
    *damaged = false;
    dio_db *db = calloc(1, sizeof *db);
    if (!db) {
        dio_fail_memory(err, path);
        return NULL;
    }
    int code = sqlite3_open_v2(
        path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!db->handle)
        dio_fail_memory(err, path);
    else if (code != SQLITE_OK)
        dio_fail_retry(err, "cannot open %s: %s", path, sqlite3_errmsg(db->handle));
    else if (prepare(db, path, schema, version, upgrades, damaged, err))
        return db;
    dio_db_close(db);
    return NULL;
}

void dio_db_close(dio_db *db)
{
    if (!db)
        return;
    for (int i = 0; i < db->count; i++)
        sqlite3_finalize(db->prepared[i].statement);
    sqlite3_close(db->handle);
    free(db);
}

/* The statement of a literal; NULL with a message. */
static sqlite3_stmt *statement_of(dio_db *db, const char *sql, dio_error *err)
{
    for (int i = 0; i < db->count; i++)
        if (db->prepared[i].sql == sql)
            return db->prepared[i].statement;
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);
    if (code != SQLITE_OK) {
        fail(db, code, err);
        return NULL;
    }
    if (db->count == STATEMENTS) {
        sqlite3_finalize(db->prepared[0].statement);
        memmove(db->prepared, db->prepared + 1, (STATEMENTS - 1) * sizeof *db->prepared);
        db->count--;
    }
    db->prepared[db->count++] = (struct prepared){sql, s};
    return s;
}

static void bind(sqlite3_stmt *s, const dio_cell *cells, int count)
{
    for (int i = 0; i < count; i++) {
        const dio_cell *c = &cells[i];
        if (c->kind == DIO_CELL_INT)
            sqlite3_bind_int64(s, i + 1, c->integer);
        else if (c->kind == DIO_CELL_REAL)
            sqlite3_bind_double(s, i + 1, c->real);
        else if (c->kind == DIO_CELL_TEXT)
            sqlite3_bind_text(s, i + 1, c->text, -1, SQLITE_STATIC);
        else
            sqlite3_bind_null(s, i + 1);
    }
}

static int read_row(sqlite3_stmt *s, dio_cell cells[COLUMNS])
{
    int count = sqlite3_column_count(s);
    count = count < COLUMNS ? count : COLUMNS;
    for (int i = 0; i < count; i++) {
        int type = sqlite3_column_type(s, i);
        cells[i] = (dio_cell){.kind = DIO_CELL_NULL};
        if (type == SQLITE_INTEGER)
            cells[i] = DIO_CELL_I(sqlite3_column_int64(s, i));
        else if (type == SQLITE_FLOAT)
            cells[i] = DIO_CELL_R(sqlite3_column_double(s, i));
        else if (type == SQLITE_TEXT)
            cells[i] = DIO_CELL_T((const char *)sqlite3_column_text(s, i));
    }
    return count;
}

bool dio_db_run(dio_db *db, const char *sql, const dio_cell *cells, int count, dio_db_row *row,
                void *user, dio_error *err)
{
    sqlite3_stmt *s = statement_of(db, sql, err);
    if (!s)
        return false;
    bind(s, cells, count);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        dio_cell read[COLUMNS];
        int columns = read_row(s, read);
        if (row && !row(user, read, columns)) {
            code = SQLITE_DONE;
            break;
        }
    }
    bool ok = code == SQLITE_DONE || fail(db, code, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return ok;
}

int64_t dio_db_last_id(const dio_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int dio_db_changes(const dio_db *db)
{
    return sqlite3_changes(db->handle);
}
