#pragma once
/* csv_parts.h: private to base/: one record of a CSV, for those who read it whole (csv.c) and row
 * by row (table.c). */
#include "base/value.h"

/* Of the first record: a comma where it has one outside quotes; else what it has of ; and tabs. */
char dio_csv_separator(const char *text, size_t length);
/* The fields of the record that `text` holds, without its line end; it begins on line `line`. */
dio_value *dio_csv_record(dio_arena *a, const char *file, const char *text, size_t length, int line,
                          char separator, dio_error *err);
bool dio_csv_is_blank(const dio_value *fields);
/* Fails when a name is missing or stands twice. */
bool dio_csv_names_check(const dio_value *names, dio_error *err);
/* A map under these names; NULL with a message when there are more or fewer fields. */
dio_value *dio_csv_row(dio_arena *a, const dio_value *names, const dio_value *fields,
                       dio_error *err);
