/* field_json.c: fields as JSON: the schema that editors check with, and the canonical line that
 * cache keys are made of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/field_text.h"
#include "base/str.h"

/* The default as a value of the field's kind; NULL when it cannot be one. */
static dio_value *default_value(const dio_field *f, dio_arena *a)
{
    int64_t i;
    double r;
    dio_error ignored = {0};
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        return dio_value_bool(a, strcmp(f->fallback, "yes") == 0 ||
                                     strcmp(f->fallback, "true") == 0 ||
                                     strcmp(f->fallback, "on") == 0);
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
    case DIO_FIELD_SEED:
        return dio_parse_int(f->fallback, &i) ? dio_value_int(a, i)
                                              : dio_value_string(a, f->fallback);
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        return dio_parse_real(f->fallback, &r) ? dio_value_real(a, r) : NULL;
    case DIO_FIELD_VALUE:
        return *f->fallback
                   ? dio_yaml_parse(a, "default", f->fallback, strlen(f->fallback), &ignored)
                   : NULL;
    default:
        return dio_value_string(a, f->fallback);
    }
}

static void set_type(dio_arena *a, dio_value *schema, const char *one, const char *other)
{
    if (!other) {
        dio_map_set(a, schema, "type", dio_value_string(a, one));
        return;
    }
    dio_value *types = dio_value_list(a);
    dio_list_add(a, types, dio_value_string(a, one));
    dio_list_add(a, types, dio_value_string(a, other));
    dio_map_set(a, schema, "type", types);
}

static void set_words(dio_arena *a, dio_value *schema, const char *const *words, bool booleans)
{
    dio_value *list = dio_value_list(a);
    if (booleans) {
        dio_list_add(a, list, dio_value_bool(a, true));
        dio_list_add(a, list, dio_value_bool(a, false));
    }
    for (; *words; words++)
        dio_list_add(a, list, dio_value_string(a, *words));
    dio_map_set(a, schema, "enum", list);
}

/* 8 rather than 8.0 where that is the same. */
static dio_value *limit(dio_arena *a, double r)
{
    return r == floor(r) && fabs(r) < 0x1p53 ? dio_value_int(a, (int64_t)r) : dio_value_real(a, r);
}

/* What dio_fields_read accepts for this kind. */
static void set_kind(dio_arena *a, dio_value *schema, const dio_field *f)
{
    static const char *const spoken[] = {"yes", "no", "on", "off", "true", "false", NULL};
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        set_words(a, schema, spoken, true);
        break;
    case DIO_FIELD_INT:
    case DIO_FIELD_INT64:
        set_type(a, schema, "integer", NULL);
        break;
    case DIO_FIELD_SEED:
        set_type(a, schema, "integer", "string");
        dio_map_set(a, schema, "minimum", dio_value_int(a, 0));
        dio_map_set(a, schema, "pattern", dio_value_string(a, "^[0-9]{1,20}$"));
        break;
    case DIO_FIELD_FLOAT:
    case DIO_FIELD_REAL:
        set_type(a, schema, "number", NULL);
        break;
    case DIO_FIELD_STRING:
        set_type(a, schema, "string", "number");
        break;
    case DIO_FIELD_ENUM:
        set_words(a, schema, f->words, false);
        break;
    case DIO_FIELD_VALUE:
        break;
    }
}

static dio_value *field_schema(const dio_field *f, dio_arena *a)
{
    dio_value *schema = dio_value_map(a);
    dio_map_set(a, schema, "description", dio_value_string(a, f->doc));
    set_kind(a, schema, f);
    if (dio_field_ranged(f) && f->kind == DIO_FIELD_STRING) {
        if (f->lo > 0)
            dio_map_set(a, schema, "minLength", limit(a, f->lo));
        dio_map_set(a, schema, "maxLength", limit(a, f->hi));
    } else if (dio_field_ranged(f)) {
        dio_map_set(a, schema, "minimum", limit(a, f->lo));
        dio_map_set(a, schema, "maximum", limit(a, f->hi));
    }
    dio_value *value = f->fallback ? default_value(f, a) : NULL;
    if (value)
        dio_map_set(a, schema, "default", value);
    return schema;
}

dio_value *dio_fields_schema(const dio_field *fields, bool strict, dio_arena *a)
{
    dio_value *schema = dio_value_map(a), *properties = dio_value_map(a);
    dio_value *required = dio_value_list(a), *extensions = dio_value_map(a);
    dio_map_set(a, schema, "type", dio_value_string(a, "object"));
    dio_map_set(a, schema, "properties", properties);
    for (const dio_field *f = fields; f->name; f++) {
        dio_map_set(a, properties, dio_field_key(f), field_schema(f, a));
        if (!f->fallback)
            dio_list_add(a, required, dio_value_string(a, dio_field_key(f)));
    }
    if (required->list.count)
        dio_map_set(a, schema, "required", required);
    if (strict) {
        dio_map_set(a, extensions, "^x-", dio_value_map(a));
        dio_map_set(a, schema, "patternProperties", extensions);
        dio_map_set(a, schema, "additionalProperties", dio_value_bool(a, false));
    }
    return schema;
}

struct pair {
    dio_value *key, *item;
};

static int by_key(const void *x, const void *y)
{
    const struct pair *p = x, *q = y;
    return strcmp(p->key->string.text, q->key->string.text);
}

/* A copy whose maps are in the order of their keys: the user's order means nothing. */
static dio_value *sorted(dio_arena *a, const dio_value *v)
{
    dio_value *copy = dio_arena_alloc(a, sizeof *copy);
    *copy = *v;
    if (v->kind == DIO_LIST) {
        copy = dio_value_list(a);
        for (int i = 0; i < v->list.count; i++)
            dio_list_add(a, copy, sorted(a, v->list.items[i]));
    } else if (v->kind == DIO_MAP) {
        copy = dio_value_map(a);
        size_t count = (size_t)v->map.count;
        struct pair *pairs = dio_arena_try(a, count * sizeof *pairs + 1);
        if (!pairs)
            return copy;
        for (size_t i = 0; i < count; i++)
            pairs[i] = (struct pair){v->map.keys[i], v->map.items[i]};
        qsort(pairs, count, sizeof *pairs, by_key);
        for (size_t i = 0; i < count; i++)
            dio_map_set(a, copy, pairs[i].key->string.text, sorted(a, pairs[i].item));
    }
    return copy;
}

static dio_value *null_value(dio_arena *a)
{
    return dio_arena_alloc(a, sizeof(dio_value)); /* zero is DIO_NULL */
}

/* Seeds that JSON's readers cannot hold are strings. */
static dio_value *seed_value(dio_arena *a, uint64_t seed)
{
    if (seed <= INT64_MAX)
        return dio_value_int(a, (int64_t)seed);
    return dio_value_string(a, dio_arena_printf(a, "%llu", (unsigned long long)seed));
}

static dio_value *text_value(dio_arena *a, const char *text)
{
    return text ? dio_value_string(a, text) : null_value(a);
}

static dio_value *tree_value(dio_arena *a, const dio_value *tree)
{
    return tree ? sorted(a, tree) : null_value(a);
}

/* The member as a value. */
static dio_value *member_value(const dio_field *f, const void *in, dio_arena *a)
{
    const void *p = (const char *)in + f->offset;
    switch (f->kind) {
    case DIO_FIELD_BOOL:
        return dio_value_bool(a, *(const bool *)p);
    case DIO_FIELD_INT:
        return dio_value_int(a, *(const int *)p);
    case DIO_FIELD_INT64:
        return dio_value_int(a, *(const int64_t *)p);
    case DIO_FIELD_SEED:
        return seed_value(a, *(const uint64_t *)p);
    case DIO_FIELD_FLOAT:
        return dio_value_real(a, (double)*(const float *)p);
    case DIO_FIELD_REAL:
        return dio_value_real(a, *(const double *)p);
    case DIO_FIELD_STRING:
        return text_value(a, *(const char *const *)p);
    case DIO_FIELD_ENUM:
        return dio_value_string(a, f->words[*(const int *)p]);
    case DIO_FIELD_VALUE:
        return tree_value(a, *(const dio_value *const *)p);
    }
    return null_value(a);
}

char *dio_fields_canonical(const dio_field *fields, const void *in, dio_arena *a)
{
    dio_value *line = dio_value_map(a);
    for (const dio_field *f = fields; f->name; f++)
        dio_map_set(a, line, dio_field_key(f), member_value(f, in, a));
    return dio_json_write(a, line, 0);
}
