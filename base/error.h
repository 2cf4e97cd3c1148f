#pragma once
/* error.h: a failure is one sentence with a place.
 *
 * Fallible functions return bool (or a pointer) and take `dio_error *err` last. Who detects the
 * failure writes the sentence: what, where, which limit, what to do. Callers only propagate, or
 * add the place when they know it better. `err` is never NULL.
 *
 *     if (size > limit)
 *         return dio_fail(err, "size: %d is above %d", size, limit);
 */
#include <stdarg.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DIO_ERROR_MESSAGE = 1024, DIO_ERROR_FILE = 512 };

/* What kind of failure it is; the command maps it to an exit code. */
typedef enum dio_error_kind {
    DIO_ERROR_NONE = 0,
    DIO_ERROR_INVALID, /* the input is wrong: the same call will fail again (exit 2) */
    DIO_ERROR_RETRY,   /* disk full, no memory, interrupted: may work later (exit 75) */
} dio_error_kind;

typedef struct dio_error {
    dio_error_kind kind;
    int line, column;          /* 1-based; 0: not known */
    char file[DIO_ERROR_FILE]; /* "": not known */
    char message[DIO_ERROR_MESSAGE];
} dio_error;

/* Writes the sentence with kind INVALID; the first message wins, a second call changes nothing.
 * Always returns false, so that it can be returned. */
bool dio_fail(dio_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for failures that another try may cure. */
bool dio_fail_retry(dio_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory while making `what`, a failure of kind RETRY. */
bool dio_fail_memory(dio_error *err, const char *what);

/* Adds the place to an error that has none yet. line and column are 1-based, 0 for unknown.
 * Always returns false. */
bool dio_error_at(dio_error *err, const char *file, int line, int column);

/* Puts `format` and ": " before the message. Always returns false. */
bool dio_error_prefix(dio_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "file:line:column: message" as far as known, NUL-terminated in out[size], fit for a terminal
 * (dio_str_show). Returns out. */
char *dio_error_text(const dio_error *err, char *out, int size);

void dio_error_clear(dio_error *err);

#ifdef __cplusplus
}
#endif
