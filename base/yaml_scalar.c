/* yaml_scalar.c: what a scalar means: the core schema of YAML 1.2.2, section 10.3.
 * `no`, `on`, 12:30 and 2025-01-31 are strings. Numbers that no value of ours can hold are
 * errors rather than strings or infinities. An integer from 2^63 to 2^64-1, which only a seed can
 * use, becomes a number that keeps its source text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/yaml.h"

static const char core[] = "tag:yaml.org,2002:";

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};
static const char *const infinite[] = {".inf",  ".Inf",  ".INF", "+.inf", "+.Inf", "+.INF", "-.inf",
                                       "-.Inf", "-.INF", ".nan", ".NaN",  ".NAN",  NULL};

/* 0o17 and 0x1F. */
static bool is_prefixed(const char *text)
{
    if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x') || !text[2])
        return false;
    const char *set = text[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF";
    return strspn(text + 2, set) == strlen(text + 2);
}

static bool too_large(const dio_value *v, const char *text, dio_error *err)
{
    return dio_value_fail(v, err,
                          "number %.40s%s is too large: integers have 64 bits, others end at "
                          "1.8e308",
                          text, strlen(text) > 40 ? "..." : "");
}

/* Integers and reals; leaves v a string when text is neither. */
static bool resolve_number(dio_value *v, const char *text, dio_error *err)
{
    uint64_t u;
    if (is_prefixed(text)) {
        errno = 0;
        u = strtoull(text + 2, NULL, text[1] == 'o' ? 8 : 16);
        if (errno || u > INT64_MAX)
            return too_large(v, text, err);
        v->kind = DIO_INT;
        v->integer = (int64_t)u;
        return true;
    }
    if (!dio_is_decimal(text))
        return true;
    v->kind = DIO_INT;
    if (dio_parse_int(text, &v->integer))
        return true;
    bool whole = !strpbrk(text, ".eE");
    v->kind = DIO_REAL;
    if ((whole && !dio_parse_u64(text, &u)) || !dio_parse_real(text, &v->real)) {
        v->kind = DIO_STRING;
        return too_large(v, text, err);
    }
    return true;
}

/* A plain scalar without a tag. */
static bool resolve_plain(dio_value *v, dio_error *err)
{
    const char *text = v->string.text;
    if (is_one_of(text, infinite))
        return dio_value_fail(v, err, "%s is not a finite number (quote it if it is text)", text);
    if (is_one_of(text, nulls)) {
        v->kind = DIO_NULL;
    } else if (is_one_of(text, trues) || is_one_of(text, falses)) {
        v->kind = DIO_BOOL;
        v->boolean = *text == 't' || *text == 'T';
    } else if (!resolve_number(v, text, err)) {
        return false;
    }
    if (v->kind != DIO_STRING)
        v->scalar.source = text;
    return true;
}

static const char *tag_of(dio_kind kind)
{
    static const char *const names[] = {"null", "bool", "int", "float", "str", "seq", "map"};
    return names[kind];
}

bool dio_yaml_tag_fits(const char *tag, dio_kind kind)
{
    size_t n = sizeof core - 1;
    return !*tag || (strncmp(tag, core, n) == 0 && strcmp(tag + n, tag_of(kind)) == 0);
}

bool dio_yaml_resolve(dio_value *v, bool plain, const char *tag, dio_error *err)
{
    bool tagged = *tag != '\0';
    if (strcmp(tag, "!") == 0 || (!plain && !tagged) ||
        (tagged && dio_yaml_tag_fits(tag, DIO_STRING)))
        return true;
    if (!resolve_plain(v, err))
        return false;
    if (v->kind == DIO_INT && tagged && dio_yaml_tag_fits(tag, DIO_REAL)) { /* !!float 1 */
        v->kind = DIO_REAL;
        v->real = (double)v->integer;
    }
    if (!dio_yaml_tag_fits(tag, v->kind))
        return dio_value_fail(v, err, "tag %.80s is not known, or does not fit %s", tag,
                              dio_kind_name(v->kind));
    return true;
}
