#pragma once
/* db.h: private to fusion/: SQLite, for what must survive a kill: the ledger (ledger.h) and the
 * memory of file hashes (hashes.h). Only db.c sees sqlite3.h.
 *
 * Write-ahead log, so that readers and a writer do not wait for each other; ten seconds of patience
 * with another process; every statement is prepared once. One thread at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct dio_db dio_db;

/* Opens or makes the file with `schema` (statements that may run again: create ... if not exists).
 * `version` is written into the file; one written by a newer diorama is refused, an older one is
 * brought up: upgrades[i] (or NULL) makes form i + 2 of form i + 1. *damaged tells that the file is
 * no database or a broken one; then err says so and the caller may set it aside. */
dio_db *dio_db_open(const char *path, const char *schema, int version, const char *const *upgrades,
                    bool *damaged, dio_error *err);
enum { DIO_DB_CHECKED = 32 << 20 }; /* bytes up to which a file's pages are looked at on opening */
void dio_db_close(dio_db *db);      /* NULL is fine */

/* A value bound to a ? or read from a column. */
typedef struct dio_cell {
    enum { DIO_CELL_NULL, DIO_CELL_INT, DIO_CELL_REAL, DIO_CELL_TEXT } kind;
    int64_t integer;
    double real;
    const char *text; /* when read: until the row callback returns */
} dio_cell;

static inline dio_cell dio_cell_text(const char *text)
{
    return (dio_cell){.kind = text ? DIO_CELL_TEXT : DIO_CELL_NULL, .text = text};
}

#define DIO_CELL_I(v) ((dio_cell){.kind = DIO_CELL_INT, .integer = (int64_t)(v)})
#define DIO_CELL_R(v) ((dio_cell){.kind = DIO_CELL_REAL, .real = (v)})
#define DIO_CELL_T(v) dio_cell_text(v) /* NULL is a null */

/* One statement with its ?s filled in; `row` (or NULL) is called for each row that it yields and
 * returns false to stop. `sql` is a literal: the prepared statement is kept under its address. */
typedef bool dio_db_row(void *user, const dio_cell *cells, int count);
bool dio_db_run(dio_db *db, const char *sql, const dio_cell *cells, int count, dio_db_row *row,
                void *user, dio_error *err);
#define DIO_DB_DO(db, err, sql, ...)                                                               \
    dio_db_run((db), (sql), (const dio_cell[]){__VA_ARGS__},                                       \
               (int)(sizeof((const dio_cell[]){__VA_ARGS__}) / sizeof(dio_cell)), NULL, NULL,      \
               (err))

int64_t dio_db_last_id(const dio_db *db);
int dio_db_changes(const dio_db *db); /* rows that the last statement changed */
