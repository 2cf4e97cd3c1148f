/* json_write.c: prints a tree as JSON.
 * Everything is printed twice: once to count, once into an arena block of exactly that size. */
#define _GNU_SOURCE /* uselocale */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/value.h"

struct out {
    char *text; /* NULL while counting */
    size_t length;
    int indent;
};

static void put(struct out *o, const char *text, size_t n)
{
    if (o->text)
        memcpy(o->text + o->length, text, n);
    o->length += n;
}

static void puts_(struct out *o, const char *text)
{
    put(o, text, strlen(text));
}

static void put_escape(struct out *o, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* of \b \t \n (\v has none) \f \r */
    char escape[8] = {'\\', (char)c};
    if (c >= 8 && c <= 13 && letters[c - 8])
        escape[1] = letters[c - 8];
    else if (c != '"' && c != '\\')
        snprintf(escape, sizeof escape, "\\u%04x", c);
    puts_(o, escape);
}

static void put_string(struct out *o, const char *text, size_t n)
{
    put(o, "\"", 1);
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        uint32_t cp;
        int length = dio_utf8_next(text + i, n - i, &cp);
        if (length == 0)
            puts_(o, "\xef\xbf\xbd"); /* U+FFFD: a reader must be able to read us */
        else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            put_escape(o, c);
        else
            put(o, text + i, (size_t)length);
        i += length ? (size_t)length : 1;
    }
    put(o, "\"", 1);
}

/* The fewest digits that read back as the same bits; always with a point or an exponent, so that
 * it reads back as a real. */
static void put_real(struct out *o, double r)
{
    char text[40];
    if (!isfinite(r)) {
        puts_(o, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, r);
        if (strtod(text, NULL) == r)
            break;
    }
    puts_(o, text);
    if (!strpbrk(text, ".e"))
        puts_(o, ".0");
}

static void new_line(struct out *o, int depth)
{
    if (!o->indent)
        return;
    put(o, "\n", 1);
    for (int i = 0; i < depth * o->indent; i++)
        put(o, " ", 1);
}

static void put_value(struct out *o, const dio_value *v, int depth);

static void put_list(struct out *o, const dio_value *v, int depth)
{
    put(o, "[", 1);
    for (int i = 0; i < v->list.count; i++) {
        if (i)
            put(o, ",", 1);
        new_line(o, depth + 1);
        put_value(o, v->list.items[i], depth + 1);
    }
    if (v->list.count)
        new_line(o, depth);
    put(o, "]", 1);
}

static void put_map(struct out *o, const dio_value *v, int depth)
{
    put(o, "{", 1);
    for (int i = 0; i < v->map.count; i++) {
        const dio_value *key = v->map.keys[i];
        if (i)
            put(o, ",", 1);
        new_line(o, depth + 1);
        put_string(o, key->string.text, key->string.length);
        puts_(o, o->indent ? ": " : ":");
        put_value(o, v->map.items[i], depth + 1);
    }
    if (v->map.count)
        new_line(o, depth);
    put(o, "}", 1);
}

static void put_value(struct out *o, const dio_value *v, int depth)
{
    char number[24];
    switch (v->kind) {
    case DIO_NULL:
        puts_(o, "null");
        break;
    case DIO_BOOL:
        puts_(o, v->boolean ? "true" : "false");
        break;
    case DIO_INT:
        snprintf(number, sizeof number, "%lld", (long long)v->integer);
        puts_(o, number);
        break;
    case DIO_REAL:
        put_real(o, v->real);
        break;
    case DIO_STRING:
        put_string(o, v->string.text, v->string.length);
        break;
    case DIO_LIST:
        put_list(o, v, depth);
        break;
    case DIO_MAP:
        put_map(o, v, depth);
        break;
    }
}

char *dio_json_write(dio_arena *a, const dio_value *v, int indent)
{
    struct out o = {.indent = indent};
    if (dio_arena_failed(a)) /* the tree may be torn */
        return NULL;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return NULL;
    locale_t before = uselocale(c); /* of this thread alone: points, not commas */
    put_value(&o, v, 0);
    o.text = dio_arena_try(a, o.length + 1);
    o.length = 0;
    if (o.text)
        put_value(&o, v, 0);
    uselocale(before);
    freelocale(c);
    return o.text;
}

char *dio_json_quote(dio_arena *a, const char *text, size_t length)
{
    struct out o = {0};
    put_string(&o, text, length);
    o.text = dio_arena_try(a, o.length + 1);
    o.length = 0;
    if (o.text)
        put_string(&o, text, length);
    return o.text;
}
