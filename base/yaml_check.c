/* yaml_check.c: one look over the text before libyaml sees it.
 * libyaml reads YAML 1.1 syntax, in which three characters of Unicode end a line as well; it has
 * its own words for control characters, without a place; and its time grows with the square of
 * the brackets that are open (5 000: 30 ms, 100 000: 14 s). */
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "base/yaml.h"

enum { OPEN_LIMIT = 1000 };

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

/* Not c-printable of YAML 1.2: C0 but tab and line breaks, DEL, C1, and noncharacters. */
static bool is_control(uint32_t c)
{
    if (c < 0x20)
        return c != '\t' && c != '\n' && c != '\r';
    return (c >= 0x7f && c < 0xa0 && c != 0x85) || c == 0xfffe || c == 0xffff;
}

static bool check_characters(const char *file, const char *text, size_t length, dio_error *err)
{
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        int n = dio_utf8_next(text + i, length - i, &c);
        if (is_control(c))
            return dio_text_fail(file, text, i, err,
                                 "control character U+%04X: only tabs and line breaks are allowed",
                                 (unsigned)c);
        if (c == 0x85 || c == 0x2028 || c == 0x2029)
            return dio_text_fail(file, text, i, err,
                                 "line separator U+%04X: remove it, or write \"\\u%04X\" in double "
                                 "quotes",
                                 (unsigned)c, (unsigned)c);
        i += (size_t)n;
    }
    return true;
}

/* The marker that git leaves at the start of a line, or NULL. */
static const char *conflict_marker(const char *line, size_t n)
{
    static const char *const markers[] = {"<<<<<<<", "=======", ">>>>>>>", "|||||||"};
    for (int i = 0; i < 4; i++) {
        if (n < 7 || memcmp(line, markers[i], 7) != 0)
            continue;
        bool alone = n == 7;
        if (alone || (i != 1 && line[7] == ' '))
            return markers[i];
    }
    return NULL;
}

static bool check_lines(const char *file, const char *text, size_t length, dio_error *err)
{
    for (size_t i = 0, n; i < length; i += n + 1) {
        const char *line = text + i;
        n = 0;
        while (i + n < length && !is_break(line[n]))
            n++;
        const char *marker = conflict_marker(line, n);
        if (marker)
            return dio_text_fail(file, text, i, err,
                                 "merge-conflict marker \"%s\": resolve the conflict first",
                                 marker);
    }
    return true;
}

/* Brackets in texts are counted too, so the limit is far above what structure is allowed
 * (DIO_VALUE_DEPTH, which the reader counts exactly). */
static bool check_brackets(const char *file, const char *text, size_t length, dio_error *err)
{
    int open = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '[' || c == '{')
            open++;
        else if ((c == ']' || c == '}') && open > 0)
            open--;
        if (open > OPEN_LIMIT)
            return dio_text_fail(file, text, i, err,
                                 "lists and maps are nested more than %d deep (%d brackets are "
                                 "open here)",
                                 DIO_VALUE_DEPTH, open);
    }
    return true;
}

bool dio_yaml_check(const char *file, const char *text, size_t length, dio_error *err)
{
    return check_characters(file, text, length, err) && check_lines(file, text, length, err) &&
           check_brackets(file, text, length, err);
}
