/* component.c: reading typed parts, with messages that name the part, its place and the choice. */
#include "text/component.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { NESTING = 8 };

/* True when `word` stands in `words`, each of which is followed by a space. */
static bool among(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; *at;) {
        const char *space = strchr(at, ' ');
        if ((size_t)(space - at) == length && !memcmp(at, word, length))
            return true;
        at = space + 1;
    }
    return false;
}

bool dio_keys_check(const dio_value *v, const char *what, const char *keys, dio_error *err)
{
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "%s is %s: an object is expected", what,
                              dio_kind_name(v->kind));
    for (int i = 0; i < v->map.count; i++)
        if (!among(keys, v->map.keys[i]->string.text))
            return dio_value_fail(v->map.keys[i], err,
                                  "%s: the key \"%.60s\" is not supported; known are: %.*s", what,
                                  v->map.keys[i]->string.text, (int)strlen(keys) - 1, keys);
    return true;
}

static bool unknown(const dio_components *c, const dio_value *type, dio_error *err)
{
    char known[512] = "";
    for (const dio_component *row = c->table; row->type; row++)
        strncat(strncat(known, row->type, sizeof known - strlen(known) - 1), ", ",
                sizeof known - strlen(known) - 1);
    return dio_value_fail(type, err, "%s \"%.60s\" is not supported; known are: %sSequence",
                          c->what, type->string.text, known);
}

static bool read_part(const dio_components *c, const dio_value *v, dio_component_fn *fn, void *user,
                      int depth, dio_error *err)
{
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "a %s is %s: an object with a \"type\" is expected", c->what,
                              dio_kind_name(v->kind));
    const dio_value *type = dio_map_get(v, "type");
    if (!type || type->kind != DIO_STRING)
        return dio_value_fail(v, err, "a %s has no \"type\"", c->what);
    const char *name = type->string.text;
    if (!strcmp(name, "Sequence")) {
        const dio_value *list = dio_map_get(v, c->list);
        if (!list || list->kind != DIO_LIST)
            return dio_value_fail(v, err, "a %s Sequence has no list \"%s\"", c->what, c->list);
        if (depth == NESTING)
            return dio_value_fail(v, err, "%s Sequences are nested more than %d deep", c->what,
                                  NESTING);
        for (int i = 0; i < list->list.count; i++)
            if (!read_part(c, list->list.items[i], fn, user, depth + 1, err))
                return false;
        return true;
    }
    for (int kind = 0; c->table[kind].type; kind++) {
        if (strcmp(c->table[kind].type, name))
            continue;
        char what[128], keys[512];
        snprintf(what, sizeof what, "%s %s", c->what, name);
        snprintf(keys, sizeof keys, "type %s", c->table[kind].keys);
        return dio_keys_check(v, what, keys, err) && fn(user, kind, v, err);
    }
    return unknown(c, type, err);
}

bool dio_components_read(const dio_components *c, const dio_value *v, dio_component_fn *fn,
                         void *user, dio_error *err)
{
    if (!v || v->kind == DIO_NULL)
        return true;
    return read_part(c, v, fn, user, 0, err);
}

static const dio_value *member(const dio_value *v, const char *key)
{
    const dio_value *m = dio_map_get(v, key);
    return m && m->kind != DIO_NULL ? m : NULL;
}

bool dio_member_bool(const dio_value *v, const char *key, bool fallback, bool *out, dio_error *err)
{
    const dio_value *m = member(v, key);
    if (m && m->kind != DIO_BOOL)
        return dio_value_fail(m, err, "%s is %s: true or false is expected", key,
                              dio_kind_name(m->kind));
    *out = m ? m->boolean : fallback;
    return true;
}

bool dio_member_int(const dio_value *v, const char *key, int64_t fallback, int64_t lo, int64_t hi,
                    int64_t *out, dio_error *err)
{
    const dio_value *m = member(v, key);
    if (m && (m->kind != DIO_INT || m->integer < lo || m->integer > hi))
        return dio_value_fail(m, err, "%s is not a whole number from %lld to %lld", key,
                              (long long)lo, (long long)hi);
    *out = m ? m->integer : fallback;
    return true;
}

bool dio_member_string(const dio_value *v, const char *key, const char **out, size_t *length,
                       dio_error *err)
{
    const dio_value *m = member(v, key);
    if (!m || m->kind != DIO_STRING)
        return dio_value_fail(m ? m : v, err, "%s is %s: a string is expected", key,
                              m ? dio_kind_name(m->kind) : "missing");
    *out = m->string.text;
    *length = m->string.length;
    return true;
}

bool dio_member_word(const dio_value *v, const char *key, const char *const *words, int count,
                     int fallback, int *out, dio_error *err)
{
    const char *text;
    size_t length;
    *out = fallback;
    if (fallback >= 0 && !member(v, key))
        return true;
    if (!dio_member_string(v, key, &text, &length, err))
        return false;
    char known[256] = "";
    for (int i = 0; i < count; i++) {
        if (!strcmp(words[i], text)) {
            *out = i;
            return true;
        }
        strncat(strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1), words[i],
                sizeof known - strlen(known) - 1);
    }
    return dio_value_fail(dio_map_get(v, key), err, "%s \"%.60s\" is not supported; known are: %s",
                          key, text, known);
}

bool dio_member_char(const dio_value *v, const char *key, uint32_t *out, dio_error *err)
{
    const char *text;
    size_t length;
    if (!dio_member_string(v, key, &text, &length, err))
        return false;
    int first = dio_utf8_next(text, length, out);
    if (!first || (size_t)first != length)
        return dio_value_fail(dio_map_get(v, key), err, "%s is not one character", key);
    return true;
}

dio_pattern *dio_member_pattern(const dio_value *v, dio_error *err)
{
    const dio_value *m = member(v, "pattern");
    bool fits = m && m->kind == DIO_MAP && m->map.count == 1 && m->map.items[0]->kind == DIO_STRING;
    const char *key = fits ? m->map.keys[0]->string.text : "";
    bool literal = !strcmp(key, "String");
    if (!literal && strcmp(key, "Regex")) {
        dio_value_fail(m ? m : v, err, "pattern is neither {\"String\": ...} nor {\"Regex\": ...}");
        return NULL;
    }
    const dio_value *text = m->map.items[0];
    dio_pattern *p = dio_pattern_create(text->string.text, text->string.length, literal, err);
    if (!p)
        dio_error_at(err, text->file, text->line, text->column);
    return p;
}
