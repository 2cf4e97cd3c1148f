/* error.c: the one place where failure sentences are put together. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void set(dio_error *err, dio_error_kind kind, const char *format, va_list args)
{
    if (err->kind != DIO_ERROR_NONE)
        return;
    err->kind = kind;
    vsnprintf(err->message, sizeof err->message, format, args);
}

bool dio_fail(dio_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, DIO_ERROR_INVALID, format, args);
    va_end(args);
    return false;
}

bool dio_fail_retry(dio_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, DIO_ERROR_RETRY, format, args);
    va_end(args);
    return false;
}

bool dio_fail_memory(dio_error *err, const char *what)
{
    return dio_fail_retry(err, "out of memory for %s", what);
}

bool dio_error_at(dio_error *err, const char *file, int line, int column)
{
    if (!err->file[0] && file)
        snprintf(err->file, sizeof err->file, "%s", file);
    if (!err->line) {
        err->line = line;
        err->column = column;
    }
    return false;
}

bool dio_error_prefix(dio_error *err, const char *format, ...)
{
    char old[DIO_ERROR_MESSAGE];
    memcpy(old, err->message, sizeof old);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    int room = (int)sizeof err->message - n;
    if (n >= 0 && room > 3)
        snprintf(err->message + n, (size_t)room, ": %.*s", room - 3, old);
    return false;
}

char *dio_error_text(const dio_error *err, char *out, int size)
{
    if (err->file[0] && err->line)
        snprintf(out, (size_t)size, "%s:%d:%d: %s", err->file, err->line, err->column,
                 err->message);
    else if (err->file[0])
        snprintf(out, (size_t)size, "%s: %s", err->file, err->message);
    else
        snprintf(out, (size_t)size, "%s", err->message);
    dio_str_show(out); /* names from files and arguments are in it */
    return out;
}

void dio_error_clear(dio_error *err)
{
    memset(err, 0, sizeof *err);
}
