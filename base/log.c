/* log.c: formats one line and hands it to whoever listens. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void dio_log_line(const dio_logger *log, dio_log_level level, const char *format, ...)
{
    if (!log || !log->write || level > log->level)
        return;
    char line[2048]; /* longer lines are cut: a log is for reading */
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->write(log->user, level, line);
}
