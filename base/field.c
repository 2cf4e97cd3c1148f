/* field.c: fills structs from maps, field by field, and finds fields by name.
 * What is missing, what is unknown and what does not fit is reported with its place; how one value
 * becomes a member is field_set.c's. */
#include "base/field.h"

#include <string.h>

#include "base/field_text.h"
#include "base/str.h"

/* Where problems go: to the caller's function, or the first of them to err. */
struct sink {
    dio_problem_fn *problem;
    void *user;
    bool collect;
    dio_error *err;
    int count;
};

/* True when reading goes on. */
static bool report(struct sink *s, dio_error *problem)
{
    s->count++;
    if (s->problem)
        s->problem(s->user, problem);
    else if (s->err->kind == DIO_ERROR_NONE)
        *s->err = *problem;
    return s->problem && s->collect;
}

static bool unknown_key(const dio_field *fields, const dio_value *key, const char *what,
                        dio_arena *a, dio_error *err)
{
    int count = 0;
    while (fields[count].name)
        count++;
    const char **names = dio_arena_alloc(a, ((size_t)count + 1) * sizeof *names);
    for (int i = 0; i < count; i++)
        names[i] = dio_field_key(&fields[i]);
    const char *near = dio_nearest(key->string.text, names, count);
    if (near)
        return dio_value_fail(key, err, "unknown key \"%.80s\" in %s: did you mean \"%s\"?",
                              key->string.text, what, near);
    return dio_value_fail(key, err, "unknown key \"%.80s\" in %s: it knows %s", key->string.text,
                          what, count ? dio_words_text(names, a) : "no keys");
}

static bool check_keys(const dio_field *fields, const dio_value *v, const char *what, dio_arena *a,
                       struct sink *s)
{
    for (int i = 0; i < v->map.count; i++) {
        const dio_value *key = v->map.keys[i];
        bool known = strncmp(key->string.text, "x-", 2) == 0;
        for (const dio_field *f = fields; f->name && !known; f++)
            known = strcmp(dio_field_key(f), key->string.text) == 0;
        dio_error e = {0};
        if (!known && !unknown_key(fields, key, what, a, &e) && !report(s, &e))
            return false;
    }
    return true;
}

/* One field from the map, or its default. Without STRICT a null is an absent value, as in the
 * config files that others publish. */
static bool read_field(const dio_field *f, void *out, const dio_value *v, const char *what,
                       unsigned flags, dio_arena *a, dio_error *err)
{
    const dio_value *item = dio_map_get(v, dio_field_key(f));
    bool text = item && item->kind == DIO_STRING && flags & DIO_FIELDS_TEXTS;
    if (item && item->kind == DIO_NULL && !(flags & DIO_FIELDS_STRICT))
        item = NULL;
    if (text && item->string.length)
        return dio_field_set(f, out, item->string.text, a, err) ||
               dio_error_at(err, item->file, item->line, item->column);
    if (item && !text)
        return dio_field_take(f, out, item, a, err) ||
               dio_error_at(err, item->file, item->line, item->column);
    if (f->fallback)
        return dio_field_set(f, out, f->fallback, a, err);
    dio_fail(err, "%s needs the key \"%s\": %s", what, dio_field_key(f), f->doc);
    return v ? dio_error_at(err, v->file, v->line, v->column) : false;
}

bool dio_fields_read(const dio_field *fields, void *out, const dio_value *v, const char *what,
                     unsigned flags, dio_arena *a, dio_problem_fn *problem, void *user,
                     dio_error *err)
{
    struct sink s = {
        .problem = problem, .user = user, .err = err, .collect = flags & DIO_FIELDS_COLLECT};
    if (v && v->kind != DIO_MAP && !(v->kind == DIO_NULL && !(flags & DIO_FIELDS_STRICT))) {
        dio_error e = {0};
        dio_value_fail(v, &e, "%s: expected a map, found %s", what,
                       v->kind == DIO_NULL ? "nothing" : dio_kind_name(v->kind));
        report(&s, &e);
        return false;
    }
    if (v && v->kind == DIO_MAP && (flags & DIO_FIELDS_STRICT) &&
        !check_keys(fields, v, what, a, &s))
        return false;
    for (const dio_field *f = fields; f->name; f++) {
        dio_error e = {0};
        if (!read_field(f, out, v, what, flags, a, &e) && !report(&s, &e))
            return false;
    }
    return s.count == 0;
}

bool dio_fields_default(const dio_field *fields, void *out, bool missing_ok, dio_arena *a,
                        dio_error *err)
{
    for (const dio_field *f = fields; f->name; f++) {
        if (!f->fallback && missing_ok)
            continue;
        if (!f->fallback)
            return dio_fail(err, "%s is missing: %s", dio_field_key(f), f->doc);
        if (!dio_field_set(f, out, f->fallback, a, err))
            return false;
    }
    return true;
}

/* "max-tokens" finds max_tokens. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

const dio_field *dio_fields_find(const dio_field *fields, const char *name)
{
    for (const dio_field *f = fields; f->name; f++)
        if (same_name(f->name, name) || (f->key && same_name(f->key, name)))
            return f;
    return NULL;
}
