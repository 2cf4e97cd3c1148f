/* draft7.c: one function a keyword. */
#include "tests/fusion/draft7.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <regex.h>
#include <string.h>

#include "base/str.h"

static bool is_number(const dio_value *v)
{
    return v->kind == DIO_INT || v->kind == DIO_REAL;
}

static double number(const dio_value *v)
{
    return v->kind == DIO_INT ? (double)v->integer : v->real;
}

static bool same(const dio_value *p, const dio_value *q)
{
    if (is_number(p) && is_number(q))
        return number(p) == number(q);
    if (p->kind != q->kind)
        return false;
    return p->kind == DIO_STRING ? strcmp(p->string.text, q->string.text) == 0
           : p->kind == DIO_BOOL ? p->boolean == q->boolean
                                 : p->kind == DIO_NULL;
}

static bool is_type(const char *type, const dio_value *v)
{
    if (strcmp(type, "integer") == 0)
        return v->kind == DIO_INT || (v->kind == DIO_REAL && v->real == floor(v->real));
    return (strcmp(type, "number") == 0 && is_number(v)) ||
           (strcmp(type, "string") == 0 && v->kind == DIO_STRING) ||
           (strcmp(type, "boolean") == 0 && v->kind == DIO_BOOL) ||
           (strcmp(type, "array") == 0 && v->kind == DIO_LIST) ||
           (strcmp(type, "object") == 0 && v->kind == DIO_MAP);
}

static bool matches(const char *pattern, const char *text)
{
    regex_t r;
    if (regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        fail_msg("a pattern that this checker cannot read: %s", pattern);
    bool found = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return found;
}

static bool any_type(const dio_value *k, const dio_value *v)
{
    if (k->kind == DIO_STRING)
        return is_type(k->string.text, v);
    for (int i = 0; i < k->list.count; i++)
        if (is_type(k->list.items[i]->string.text, v))
            return true;
    return false;
}

static bool is_one_of(const dio_value *k, const dio_value *v)
{
    for (int i = 0; i < k->list.count; i++)
        if (same(k->list.items[i], v))
            return true;
    return false;
}

static int accepted(const dio_value *root, const dio_value *list, const dio_value *v)
{
    int n = 0;
    for (int i = 0; i < list->list.count; i++)
        n += draft7_accepts(root, list->list.items[i], v);
    return n;
}

static bool has_all(const dio_value *names, const dio_value *v)
{
    for (int i = 0; v->kind == DIO_MAP && i < names->list.count; i++)
        if (!dio_map_get(v, names->list.items[i]->string.text))
            return false;
    return true;
}

static bool members(const dio_value *root, const dio_value *schema, const dio_value *v)
{
    const dio_value *properties = dio_map_get(schema, "properties");
    const dio_value *patterns = dio_map_get(schema, "patternProperties");
    const dio_value *others = dio_map_get(schema, "additionalProperties");
    for (int i = 0; v->kind == DIO_MAP && i < v->map.count; i++) {
        const char *key = v->map.keys[i]->string.text;
        const dio_value *item = v->map.items[i], *own = dio_map_get(properties, key);
        bool known = own != NULL;
        if (own && !draft7_accepts(root, own, item))
            return false;
        for (int k = 0; patterns && k < patterns->map.count; k++) {
            if (!matches(patterns->map.keys[k]->string.text, key))
                continue;
            known = true;
            if (!draft7_accepts(root, patterns->map.items[k], item))
                return false;
        }
        if (!known && others && !draft7_accepts(root, others, item))
            return false;
    }
    return true;
}

static bool in_range(const char *key, double limit, const dio_value *v)
{
    if (strcmp(key, "minimum") == 0)
        return !is_number(v) || number(v) >= limit;
    if (strcmp(key, "maximum") == 0)
        return !is_number(v) || number(v) <= limit;
    if (strcmp(key, "minItems") == 0)
        return v->kind != DIO_LIST || v->list.count >= limit;
    double n = v->kind == DIO_STRING ? (double)dio_utf8_count(v->string.text, v->string.length) : 0;
    if (strcmp(key, "minLength") == 0)
        return v->kind != DIO_STRING || n >= limit;
    if (strcmp(key, "maxLength") == 0)
        return v->kind != DIO_STRING || n <= limit;
    fail_msg("a keyword that this checker does not know: %s", key);
    return false;
}

static bool all_items(const dio_value *root, const dio_value *schema, const dio_value *v)
{
    for (int i = 0; v->kind == DIO_LIST && i < v->list.count; i++)
        if (!draft7_accepts(root, schema, v->list.items[i]))
            return false;
    return true;
}

static bool branch(const dio_value *root, const dio_value *schema, const dio_value *v)
{
    const dio_value *cond = dio_map_get(schema, "if");
    const dio_value *then =
        dio_map_get(schema, cond && draft7_accepts(root, cond, v) ? "then" : "else");
    return !cond || !then || draft7_accepts(root, then, v);
}

static bool keyword(const dio_value *root, const char *key, const dio_value *k, const dio_value *v)
{
    static const char *const silent[] = {"$schema",
                                         "title",
                                         "description",
                                         "default",
                                         "examples",
                                         "definitions",
                                         "if",
                                         "else",
                                         "patternProperties",
                                         "then",
                                         "additionalProperties",
                                         "properties"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strcmp(key, silent[i]) == 0)
            return true; /* notes, and what others look at */
    if (strcmp(key, "type") == 0)
        return any_type(k, v);
    if (strcmp(key, "enum") == 0)
        return is_one_of(k, v);
    if (strcmp(key, "const") == 0)
        return same(k, v);
    if (strcmp(key, "required") == 0)
        return has_all(k, v);
    if (strcmp(key, "pattern") == 0)
        return v->kind != DIO_STRING || matches(k->string.text, v->string.text);
    if (strcmp(key, "items") == 0)
        return all_items(root, k, v);
    if (strcmp(key, "anyOf") == 0)
        return accepted(root, k, v) > 0;
    if (strcmp(key, "allOf") == 0)
        return accepted(root, k, v) == k->list.count;
    return in_range(key, number(k), v);
}

bool draft7_accepts(const dio_value *root, const dio_value *schema, const dio_value *v)
{
    if (schema->kind == DIO_BOOL)
        return schema->boolean;
    const dio_value *ref = dio_map_get(schema, "$ref");
    if (ref) { /* what stands beside it counts nothing */
        const char *name = ref->string.text + strlen("#/definitions/");
        return draft7_accepts(root, dio_map_get(dio_map_get(root, "definitions"), name), v);
    }
    for (int i = 0; i < schema->map.count; i++)
        if (!keyword(root, schema->map.keys[i]->string.text, schema->map.items[i], v))
            return false;
    return members(root, schema, v) && branch(root, schema, v);
}
