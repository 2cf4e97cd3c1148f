/* text.c: encodings told apart, and offsets turned into places. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void dio_text_place(const char *text, size_t offset, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || (c == '\r' && (i + 1 == offset || text[i + 1] != '\n'))) {
            ++*line;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

bool dio_text_fail(const char *file, const char *text, size_t offset, dio_error *err,
                   const char *format, ...)
{
    char message[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    int line, column;
    dio_text_place(text, offset, &line, &column);
    dio_fail(err, "%s", message);
    return dio_error_at(err, file, line, column);
}

/* UTF-16 and UTF-32 start with a byte order mark or, as the first character is ASCII in the
 * formats we read, with a NUL among the first two bytes. */
static bool is_wide(const unsigned char *p, size_t n)
{
    if (n < 2)
        return false;
    return (p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff) ||
           (p[0] == 0) != (p[1] == 0);
}

bool dio_text_check(const char *file, const char *text, size_t length, size_t *skip, dio_error *err)
{
    size_t bad;
    if (is_wide((const unsigned char *)text, length))
        return dio_text_fail(file, text, 0, err, "the text is UTF-16 or UTF-32: save it as UTF-8");
    if (!dio_utf8_valid(text, length, &bad))
        return dio_text_fail(file, text, bad, err, "byte 0x%02x is not valid UTF-8",
                             (unsigned char)text[bad]);
    const char *nul = length ? memchr(text, '\0', length) : NULL;
    if (nul)
        return dio_text_fail(file, text, (size_t)(nul - text), err,
                             "the text contains a NUL character");
    *skip = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return true;
}
