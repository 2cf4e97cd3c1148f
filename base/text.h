#pragma once
/* text.h: private to base/: what both readers ask of a text before they parse it. */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Line and column (code points), 1-based, of the byte at `offset`. LF, CRLF and CR end a line. */
void dio_text_place(const char *text, size_t offset, int *line, int *column);

/* Fails with a place unless the text is UTF-8 without NUL. `*skip` is the length of a byte order
 * mark at its start, 0 or 3. */
bool dio_text_check(const char *file, const char *text, size_t length, size_t *skip,
                    dio_error *err);

/* Fails at a byte of the text. Always returns false. */
bool dio_text_fail(const char *file, const char *text, size_t offset, dio_error *err,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
