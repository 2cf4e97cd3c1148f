#pragma once
/* table.h: a table read row by row, however long it is.
 *
 * CSV as dio_csv_parse reads it (value.h), or, when the name ends in .jsonl or .ndjson, JSON Lines:
 * one object a line. A row that is wrong is an error with its place, and the rows after it can
 * still be read; memory is that of one row.
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_TABLE_RECORD = 4 << 20 /* bytes of one row */ };

typedef struct dio_table dio_table;

/* Reads the first row of a CSV, which names the columns. NULL with a message and its place. */
dio_table *dio_table_open(const char *path, dio_error *err);
void dio_table_close(dio_table *t); /* NULL is fine */

/* Names of the columns, a list of strings with places; empty for JSON Lines, whose rows name their
 * own. Valid until close. */
const dio_value *dio_table_columns(const dio_table *t);

/* The next row in *row: a map with places, in the arena; NULL after the last. False when that row
 * is wrong: call again for the next. Rows in which nothing stands are passed over. */
bool dio_table_next(dio_table *t, dio_arena *a, dio_value **row, dio_error *err);
/* The number of the row that was read last, right or wrong, from 1. */
int64_t dio_table_row(const dio_table *t);

/* Where the next row begins, so that a later reader can go on there (CSV's head is read at open in
 * any case). */
typedef struct dio_table_mark {
    int64_t offset, row; /* bytes; rows before it */
    int line;
} dio_table_mark;
dio_table_mark dio_table_tell(const dio_table *t);
bool dio_table_seek(dio_table *t, const dio_table_mark *m, dio_error *err);

/* Rows in the whole file, counted by reading it once; as many records as next would read. */
bool dio_table_count(const char *path, int64_t *rows, dio_error *err);

#ifdef __cplusplus
}
#endif
