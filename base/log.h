#pragma once
/* log.h: where the library speaks, when it speaks at all.
 *
 * The library never prints. Whoever embeds it hands down a sink; a NULL sink is silence.
 */
#ifdef __cplusplus
extern "C" {
#endif

typedef enum dio_log_level {
    DIO_LOG_ERROR,
    DIO_LOG_WARNING,
    DIO_LOG_INFO,
    DIO_LOG_DEBUG,
} dio_log_level;

typedef struct dio_logger {
    void (*write)(void *user, dio_log_level level, const char *line);
    void *user;
    dio_log_level level; /* lines above it are not written */
} dio_logger;

void dio_log_line(const dio_logger *log, dio_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
