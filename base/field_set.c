/* field_set.c: fills one member of a struct, from text or from a value.
 * Text (defaults, options) and values (YAML, JSON) meet in the same setters, so that a range is
 * checked in one place. A member is written only when its value is right. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/field_text.h"
#include "base/str.h"

static void *member(const dio_field *f, void *out)
{
    return (char *)out + f->offset;
}

static bool check_range(const dio_field *f, double v, const char *shown, dio_error *err)
{
    char limit[DIO_NUMBER_TEXT];
    if (!dio_field_ranged(f))
        return true;
    if (v < f->lo)
        return dio_fail(err, "%s: %s is below %s", dio_field_key(f), shown,
                        dio_number_text(f->lo, limit));
    if (v > f->hi)
        return dio_fail(err, "%s: %s is above %s", dio_field_key(f), shown,
                        dio_number_text(f->hi, limit));
    return true;
}

static bool set_int(const dio_field *f, void *out, int64_t v, dio_error *err)
{
    char shown[24];
    snprintf(shown, sizeof shown, "%lld", (long long)v);
    if (!check_range(f, (double)v, shown, err))
        return false;
    if (f->kind == DIO_FIELD_INT64) {
        memcpy(member(f, out), &v, sizeof v);
        return true;
    }
    int narrow = (int)v;
    if (narrow != v)
        return dio_fail(err, "%s: %s does not fit 32 bits", dio_field_key(f), shown);
    memcpy(member(f, out), &narrow, sizeof narrow);
    return true;
}

static bool set_seed(const dio_field *f, void *out, uint64_t v, dio_error *err)
{
    char shown[24];
    snprintf(shown, sizeof shown, "%llu", (unsigned long long)v);
    if (!check_range(f, (double)v, shown, err))
        return false;
    memcpy(member(f, out), &v, sizeof v);
    return true;
}

static bool set_real(const dio_field *f, void *out, double v, dio_error *err)
{
    char shown[DIO_NUMBER_TEXT];
    dio_number_text(v, shown);
    if (!isfinite(v))
        return dio_fail(err, "%s: %s is not a finite number", dio_field_key(f), shown);
    if (!check_range(f, v, shown, err))
        return false;
    if (f->kind == DIO_FIELD_REAL) {
        memcpy(member(f, out), &v, sizeof v);
        return true;
    }
    if (fabs(v) > (double)FLT_MAX)
        return dio_fail(err, "%s: %s is beyond 32-bit floating point", dio_field_key(f), shown);
    float narrow = (float)v;
    memcpy(member(f, out), &narrow, sizeof narrow);
    return true;
}

/* The range of a string is that of its length. */
static bool set_string(const dio_field *f, void *out, const char *text, size_t n, dio_arena *a,
                       dio_error *err)
{
    char limit[DIO_NUMBER_TEXT];
    double length = (double)dio_utf8_count(text, n);
    if (dio_field_ranged(f) && length < f->lo)
        return dio_fail(err, "%s: it is %.0f characters long, below the least of %s",
                        dio_field_key(f), length, dio_number_text(f->lo, limit));
    if (dio_field_ranged(f) && length > f->hi)
        return dio_fail(err, "%s: it is %.0f characters long, above the limit of %s",
                        dio_field_key(f), length, dio_number_text(f->hi, limit));
    const char *copy = dio_arena_strndup(a, text, n);
    if (!copy || dio_arena_failed(a))
        return dio_fail_memory(err, dio_field_key(f));
    memcpy(member(f, out), &copy, sizeof copy);
    return true;
}

static bool set_word(const dio_field *f, void *out, const char *text, dio_arena *a, dio_error *err)
{
    int count = 0;
    for (; f->words[count]; count++)
        if (strcmp(f->words[count], text) == 0) {
            memcpy(member(f, out), &count, sizeof count);
            return true;
        }
    const char *near = dio_nearest(text, f->words, count);
    const char *all = dio_words_text(f->words, a);
    if (near)
        return dio_fail(err, "%s: \"%.80s\" is not one of %s: did you mean \"%s\"?",
                        dio_field_key(f), text, all, near);
    return dio_fail(err, "%s: \"%.80s\" is not one of %s", dio_field_key(f), text, all);
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool set_tree(const dio_field *f, void *out, const char *text, dio_arena *a, dio_error *err)
{
    const dio_value *v = NULL;
    if (*text) {
        v = dio_yaml_parse(a, dio_field_key(f), text, strlen(text), err);
        if (!v)
            return false;
    }
    memcpy(member(f, out), &v, sizeof v);
    return true;
}

static bool wrong_text(const dio_field *f, const char *text, dio_arena *a, dio_error *err)
{
    return dio_fail(err, "%s: expected %s, found \"%.80s\"", dio_field_key(f),
                    dio_field_wants(f, a), text);
}

bool dio_field_set(const dio_field *f, void *out, const char *text, dio_arena *a, dio_error *err)
{
    bool b;
    int64_t i;
    uint64_t u;
    double r;
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        if (!parse_bool(text, &b))
            break;
        memcpy(member(f, out), &b, sizeof b);
        return true;
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
        if (!dio_parse_int(text, &i))
            break;
        return set_int(f, out, i, err);
    case DIO_FIELD_SEED:
        if (!dio_parse_u64(text, &u))
            break;
        return set_seed(f, out, u, err);
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        if (!dio_parse_real(text, &r))
            break;
        return set_real(f, out, r, err);
    case DIO_FIELD_STRING:
        if (!dio_utf8_valid(text, strlen(text), NULL))
            return dio_fail(err, "%s: the text is not valid UTF-8", dio_field_key(f));
        return set_string(f, out, text, strlen(text), a, err);
    case DIO_FIELD_ENUM:
        return set_word(f, out, text, a, err);
    case DIO_FIELD_VALUE:
        return set_tree(f, out, text, a, err);
    }
    return wrong_text(f, text, a, err);
}

/* How a number was written, or how it would be: a product may be called 2025, or 1.10. */
static const char *source_of(const dio_value *v, dio_arena *a)
{
    if (v->kind == DIO_STRING)
        return v->string.text;
    return v->scalar.source ? v->scalar.source : dio_json_write(a, v, 0);
}

/* "expected an integer, found a string "x"". */
static bool wrong_kind(const dio_field *f, const dio_value *v, dio_arena *a, dio_error *err)
{
    const char *wants = dio_field_wants(f, a), *kind = dio_kind_name(v->kind);
    const char *key = dio_field_key(f), *source;
    switch (v->kind) {
    case DIO_NULL:
        return dio_fail(err, "%s: expected %s, found nothing", key, wants);
    case DIO_LIST:
    case DIO_MAP:
        return dio_fail(err, "%s: expected %s, found %s", key, wants, kind);
    case DIO_STRING:
        return dio_fail(err, "%s: expected %s, found %s \"%.80s\"", key, wants, kind,
                        v->string.text);
    default:
        source = source_of(v, a);
        return dio_fail(err, "%s: expected %s, found %s %.80s", key, wants, kind,
                        source ? source : "");
    }
}

/* 3, and also 3.0, which other programs write. */
static bool take_int(const dio_field *f, void *out, const dio_value *v, dio_arena *a,
                     dio_error *err)
{
    if (v->kind == DIO_INT)
        return set_int(f, out, v->integer, err);
    if (v->kind == DIO_REAL && v->real == floor(v->real) && fabs(v->real) <= 0x1p53)
        return set_int(f, out, (int64_t)v->real, err);
    return wrong_kind(f, v, a, err);
}

/* Seeds above 2^63-1 come as a number that kept its text, or, from JSON, as a string. */
static bool take_seed(const dio_field *f, void *out, const dio_value *v, dio_arena *a,
                      dio_error *err)
{
    uint64_t u;
    if (v->kind == DIO_INT && v->integer < 0)
        return dio_fail(err, "%s: %lld is below 0", dio_field_key(f), (long long)v->integer);
    if (v->kind == DIO_INT)
        return set_seed(f, out, (uint64_t)v->integer, err);
    const char *text = v->kind == DIO_STRING ? v->string.text
                       : v->kind == DIO_REAL ? v->scalar.source
                                             : NULL;
    if (text && dio_parse_u64(text, &u))
        return set_seed(f, out, u, err);
    return wrong_kind(f, v, a, err);
}

static bool take_text(const dio_field *f, void *out, const dio_value *v, dio_arena *a,
                      dio_error *err)
{
    bool text = v->kind == DIO_STRING || v->kind == DIO_INT || v->kind == DIO_REAL ||
                (v->kind == DIO_BOOL && f->kind == DIO_FIELD_ENUM);
    const char *source = text ? source_of(v, a) : NULL;
    if (!source)
        return wrong_kind(f, v, a, err);
    if (f->kind == DIO_FIELD_ENUM)
        return set_word(f, out, source, a, err);
    return set_string(f, out, source, strlen(source), a, err);
}

bool dio_field_take(const dio_field *f, void *out, const dio_value *v, dio_arena *a, dio_error *err)
{
    bool b;
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        b = v->kind == DIO_BOOL && v->boolean;
        if (v->kind != DIO_BOOL && !(v->kind == DIO_STRING && parse_bool(v->string.text, &b)))
            break;
        memcpy(member(f, out), &b, sizeof b);
        return true;
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
        return take_int(f, out, v, a, err);
    case DIO_FIELD_SEED:
        return take_seed(f, out, v, a, err);
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        if (v->kind != DIO_INT && v->kind != DIO_REAL)
            break;
        return set_real(f, out, v->kind == DIO_INT ? (double)v->integer : v->real, err);
    case DIO_FIELD_STRING:
    case DIO_FIELD_ENUM:
        return take_text(f, out, v, a, err);
    case DIO_FIELD_VALUE:
        memcpy(member(f, out), &v, sizeof v);
        return true;
    }
    return wrong_kind(f, v, a, err);
}
