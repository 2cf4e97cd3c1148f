#pragma once
/* str.h: a growing string, and the checks on text that every reader needs. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Always NUL-terminated after the first append. Zero-initialise; free with dio_str_deinit.
 * `failed` is set when memory ran out; appends then do nothing. */
typedef struct dio_str {
    char *text;
    size_t length, cap;
    bool failed;
} dio_str;

void dio_str_deinit(dio_str *s);
void dio_str_clear(dio_str *s);
void dio_str_put(dio_str *s, const char *text, size_t n);
void dio_str_puts(dio_str *s, const char *text);
void dio_str_putc(dio_str *s, char c);
void dio_str_printf(dio_str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether a code point may be sent to a terminal: not control characters, nor those that turn the
 * direction of what follows. */
bool dio_char_shows(uint32_t cp);
/* Makes a text that came from anywhere fit for a terminal, in place: what does not show, and what
 * is no UTF-8, becomes a question mark. */
void dio_str_show(char *text);

/* Decodes the code point at text (n bytes left): its length in bytes (1..4) and *cp, or 0 for
 * invalid, overlong, surrogate or truncated UTF-8. */
int dio_utf8_next(const char *text, size_t n, uint32_t *cp);
/* Writes cp, 1..4 bytes; returns their number. */
int dio_utf8_put(uint32_t cp, char out[4]);
/* True when all n bytes are valid; else *bad is the offset of the first wrong byte. */
bool dio_utf8_valid(const char *text, size_t n, size_t *bad);
/* Code points in valid UTF-8. */
size_t dio_utf8_count(const char *text, size_t n);

/* Numbers, independent of the locale; the whole of text must be one. */
bool dio_parse_int(const char *text, int64_t *out);
bool dio_parse_u64(const char *text, uint64_t *out);
bool dio_parse_real(const char *text, double *out);
/* True when text has the form of a decimal number, even of one too large for dio_parse_real. */
bool dio_is_decimal(const char *text);

/* a * b and a + b; false on overflow. The only way sizes from input are multiplied. */
bool dio_mul_size(size_t a, size_t b, size_t *out);
bool dio_add_size(size_t a, size_t b, size_t *out);

#ifdef __cplusplus
}
#endif
