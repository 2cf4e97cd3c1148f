/* markup.c: reads tags, attributes, entities, comments and CDATA, and refuses the rest of XML. */
#include "audio/phones/markup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

bool dio_markup_fail(const dio_markup *m, size_t at, dio_error *err, const char *format, ...)
{
    char message[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    int line = 1, column = 1;
    for (size_t i = 0; i < at && i < m->length; i++) {
        bool ends = m->input[i] == '\n';
        line += ends;
        column = ends ? 1 : column + (((unsigned char)m->input[i] & 0xC0) != 0x80);
    }
    dio_fail(err, "%s", message);
    return dio_error_at(err, m->label, line, column);
}

static char at(const dio_markup *m, size_t i)
{
    return i < m->length ? m->input[i] : '\0';
}

static bool is(const dio_markup *m, size_t i, const char *literal)
{
    size_t n = strlen(literal);
    return i <= m->length && n <= m->length - i && memcmp(m->input + i, literal, n) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(dio_markup *m)
{
    while (is_blank(at(m, m->next)))
        m->next++;
}

/* The byte after the next `literal`; 0: there is none. */
static size_t past(const dio_markup *m, size_t i, const char *literal)
{
    for (; i < m->length; i++)
        if (is(m, i, literal))
            return i + strlen(literal);
    return 0;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ':' || c == '.';
}

static bool read_name(dio_markup *m, char out[DIO_MARKUP_NAME + 1], dio_error *err)
{
    size_t n = 0;
    while (is_name_char(at(m, m->next + n)))
        n++;
    if (n == 0)
        return dio_markup_fail(m, m->next, err,
                               "a name is expected here; write &lt; for a < that "
                               "begins no tag");
    if (n > DIO_MARKUP_NAME)
        return dio_markup_fail(m, m->next, err, "a name longer than %d letters", DIO_MARKUP_NAME);
    memcpy(out, m->input + m->next, n);
    out[n] = '\0';
    m->next += n;
    return true;
}

/* "&#233;" and "&#xE9;": the code point that they name. */
static bool number_entity(const dio_markup *m, size_t begin, size_t end, uint32_t *cp)
{
    bool hex = at(m, begin) == 'x';
    uint32_t value = 0;
    begin += hex;
    if (begin == end || end - begin > 8)
        return false;
    for (size_t i = begin; i < end; i++) {
        char c = at(m, i);
        uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                       : 99;
        if (digit == 99 || value > 0x110000)
            return false;
        value = value * (hex ? 16 : 10) + digit;
    }
    *cp = value;
    return value >= ' ' && value < 0x110000 && (value < 0xD800 || value > 0xDFFF) &&
           value != 0xFFFE && value != 0xFFFF;
}

/* The entity at an &: its character; m->next goes past it. */
static bool read_entity(dio_markup *m, char out[4], int *bytes, dio_error *err)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    size_t begin = m->next + 1, end = begin;
    uint32_t cp = 0;
    while (end - begin < 12 && (is_name_char(at(m, end)) || at(m, end) == '#'))
        end++;
    if (at(m, end) != ';')
        return dio_markup_fail(m, m->next, err, "an & that begins no entity: write &amp;");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == end - begin && is(m, begin, known[i].name))
            cp = (uint32_t)known[i].c;
    if (!cp && at(m, begin) == '#' && !number_entity(m, begin + 1, end, &cp))
        return dio_markup_fail(m, m->next, err, "&%.*s; names no character", (int)(end - begin),
                               m->input + begin);
    if (!cp)
        return dio_markup_fail(m, m->next, err,
                               "&%.*s; is not known: there are &amp; &lt; &gt; &quot; &apos; and "
                               "characters by number (&#233;)",
                               (int)(end - begin), m->input + begin);
    *bytes = dio_utf8_put(cp, out);
    m->next = end + 1;
    return true;
}

static bool read_value(dio_markup *m, const char **out, dio_error *err)
{
    char value[DIO_MARKUP_VALUE + 8], quote = at(m, m->next), one[4];
    size_t n = 0, begin = m->next;
    int bytes;
    if (quote != '"' && quote != '\'')
        return dio_markup_fail(m, m->next, err, "the value of an attribute stands in quotes");
    m->next++;
    while (at(m, m->next) != quote) {
        char c = at(m, m->next);
        if (m->next >= m->length)
            return dio_markup_fail(m, begin, err, "this quote is never closed");
        if (c == '<')
            return dio_markup_fail(m, m->next, err, "a < inside a value: write &lt;");
        if (n + 4 > DIO_MARKUP_VALUE)
            return dio_markup_fail(m, begin, err, "a value longer than %d bytes", DIO_MARKUP_VALUE);
        if (c == '&') {
            if (!read_entity(m, one, &bytes, err))
                return false;
            memcpy(value + n, one, (size_t)bytes);
            n += (size_t)bytes;
        } else {
            value[n++] = is_blank(c) ? ' ' : c;
            m->next++;
        }
    }
    m->next++;
    *out = dio_arena_strndup(m->arena, value, n);
    return *out || dio_fail_memory(err, "SSML");
}

static bool read_attribute(dio_markup *m, dio_error *err)
{
    if (m->attribute_count == DIO_MARKUP_ATTRIBUTES)
        return dio_markup_fail(m, m->next, err, "<%s> has more than %d attributes", m->name,
                               DIO_MARKUP_ATTRIBUTES);
    dio_markup_attribute *a = &m->attributes[m->attribute_count];
    a->at = m->next;
    if (!read_name(m, a->name, err))
        return false;
    for (int i = 0; i < m->attribute_count; i++)
        if (strcmp(m->attributes[i].name, a->name) == 0)
            return dio_markup_fail(m, a->at, err, "<%s> has \"%s\" twice", m->name, a->name);
    skip_blanks(m);
    if (at(m, m->next) != '=')
        return dio_markup_fail(m, m->next, err, "\"%s\" has no value: write %s=\"...\"", a->name,
                               a->name);
    m->next++;
    skip_blanks(m);
    m->attribute_count++;
    return read_value(m, &a->value, err);
}

static bool read_tag(dio_markup *m, dio_error *err)
{
    size_t begin = m->next++;
    m->kind = at(m, m->next) == '/' ? DIO_MARKUP_CLOSE : DIO_MARKUP_OPEN;
    m->next += m->kind == DIO_MARKUP_CLOSE;
    m->attribute_count = 0;
    m->empty = false;
    if (++m->tags > DIO_MARKUP_TAGS)
        return dio_markup_fail(m, begin, err, "more than %d tags", DIO_MARKUP_TAGS);
    if (!read_name(m, m->name, err))
        return false;
    for (;;) {
        bool blank = is_blank(at(m, m->next));
        skip_blanks(m);
        if (m->next >= m->length)
            return dio_markup_fail(m, begin, err, "<%s is never closed by a >", m->name);
        if (at(m, m->next) == '>')
            break;
        if (m->kind == DIO_MARKUP_OPEN && is(m, m->next, "/>")) {
            m->empty = true;
            m->next++;
            break;
        }
        if (m->kind == DIO_MARKUP_CLOSE || !blank)
            return dio_markup_fail(m, m->next, err, "a > is expected here, at the end of <%s%s>",
                                   m->kind == DIO_MARKUP_CLOSE ? "/" : "", m->name);
        if (!read_attribute(m, err))
            return false;
    }
    m->next++;
    return true;
}

/* Passes a comment or the XML declaration. 1: passed, 0: none here, -1: failed. */
static int pass(dio_markup *m, dio_error *err)
{
    bool comment = is(m, m->next, "<!--"), first = is(m, m->next, "<?xml") && m->next < 4;
    size_t end = comment ? past(m, m->next + 4, "-->") : first ? past(m, m->next, "?>") : 0;
    if (end) {
        m->next = end;
        return 1;
    }
    if (comment || first)
        dio_markup_fail(m, m->next, err, "this %s is never closed by %s",
                        comment ? "comment" : "declaration", comment ? "-->" : "?>");
    else if (is(m, m->next, "<!DOCTYPE"))
        dio_markup_fail(m, m->next, err,
                        "DOCTYPE is not read: remove it, and write characters in "
                        "place of entities");
    else if (is(m, m->next, "<!") || is(m, m->next, "<?"))
        dio_markup_fail(m, m->next, err, "declarations and processing instructions are not read");
    else
        return 0;
    return -1;
}

/* One character as it stands. */
static bool read_plain(dio_markup *m, dio_error *err)
{
    uint32_t cp;
    int bytes = dio_utf8_next(m->input + m->next, m->length - m->next, &cp);
    if (!bytes)
        return dio_markup_fail(m, m->next, err, "the text is not UTF-8 at byte %zu", m->next);
    memcpy(m->text, m->input + m->next, (size_t)bytes);
    m->text_bytes = bytes;
    m->next += (size_t)bytes;
    return true;
}

/* Passes what is no text and no tag. 1: something was passed, 0: nothing, -1: failed. */
static int pass_any(dio_markup *m, dio_error *err)
{
    if (m->cdata && is(m, m->next, "]]>")) {
        m->cdata = false;
        m->next += strlen("]]>");
        return 1;
    }
    if (m->cdata)
        return 0;
    if (is(m, m->next, "<![CDATA[")) {
        m->cdata = true;
        m->next += strlen("<![CDATA[");
        return 1;
    }
    return pass(m, err);
}

bool dio_markup_next(dio_markup *m, dio_error *err)
{
    int passed;
    while ((passed = pass_any(m, err)) > 0)
        continue;
    if (passed < 0)
        return false;
    m->at = m->next;
    m->kind = DIO_MARKUP_TEXT;
    if (m->next >= m->length && m->cdata)
        return dio_markup_fail(m, m->next, err, "<![CDATA[ is never closed by ]]>");
    if (m->next >= m->length) {
        m->kind = DIO_MARKUP_END;
        return true;
    }
    if (!m->cdata && at(m, m->next) == '<')
        return read_tag(m, err);
    if (!m->cdata && at(m, m->next) == '&')
        return read_entity(m, m->text, &m->text_bytes, err);
    return read_plain(m, err);
}
