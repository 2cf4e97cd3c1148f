/* bind.c: expressions meet values.
 * Scalars are parsed where they are needed: twice a run, and a pipeline is small. The check has
 * parsed them all before, so that at run time only values can still be wrong. */
#include <stdlib.h>
#include <string.h>

#include "fusion/pipeline.h"

static bool has_expression(const dio_value *v)
{
    return v->kind == DIO_STRING && strstr(v->string.text, "${{");
}

/* An unknown or a declared value; scopes hold what they only read. */
static dio_value *held(const dio_value *v)
{
    return (dio_value *)(uintptr_t)v;
}

void dio_value_paths(const dio_pipeline *p, const dio_value *v, dio_path_fn *fn, void *user,
                     dio_report *report)
{
    if (!v)
        return;
    if (has_expression(v)) {
        dio_error e = {0};
        int count;
        const dio_template *t = dio_template_parse(p->arena, v, dio_pipeline_source(p, v), &e);
        if (!t && report)
            dio_report_add(report, &e);
        const dio_path *paths = t ? dio_template_paths(t, &count) : NULL;
        for (int i = 0; t && i < count; i++)
            fn(user, &paths[i]);
    } else if (v->kind == DIO_LIST) {
        for (int i = 0; i < v->list.count; i++)
            dio_value_paths(p, v->list.items[i], fn, user, report);
    } else if (v->kind == DIO_MAP) {
        for (int i = 0; i < v->map.count; i++)
            dio_value_paths(p, v->map.items[i], fn, user, report);
    }
}

static void copy_place(dio_value *to, const dio_value *from)
{
    to->file = from->file;
    to->line = from->line;
    to->column = from->column;
}

static const dio_value *bind_list(const dio_pipeline *p, const dio_value *v, const dio_value *scope,
                                  dio_arena *a, dio_error *err)
{
    dio_value *list = dio_value_list(a);
    copy_place(list, v);
    for (int i = 0; i < v->list.count; i++) {
        const dio_value *item = dio_value_bind(p, v->list.items[i], scope, a, err);
        if (!item || item == &dio_unknown)
            return item;
        dio_list_add(a, list, held(item));
    }
    return list;
}

/* Adds a pair and keeps the key's place, which unknown-key messages point at. */
static void add_pair(dio_arena *a, dio_value *map, const dio_value *key, const dio_value *item)
{
    dio_map_set(a, map, key->string.text, held(item));
    if (!dio_arena_failed(a)) /* else it was not added */
        copy_place(map->map.keys[map->map.count - 1], key);
}

static const dio_value *bind_map(const dio_pipeline *p, const dio_value *v, const dio_value *scope,
                                 dio_arena *a, dio_error *err)
{
    dio_value *map = dio_value_map(a);
    copy_place(map, v);
    for (int i = 0; i < v->map.count; i++) {
        const dio_value *item = dio_value_bind(p, v->map.items[i], scope, a, err);
        if (!item || item == &dio_unknown)
            return item;
        add_pair(a, map, v->map.keys[i], item);
    }
    return map;
}

const dio_value *dio_value_bind(const dio_pipeline *p, const dio_value *v, const dio_value *scope,
                                dio_arena *a, dio_error *err)
{
    if (v->kind == DIO_LIST)
        return bind_list(p, v, scope, a, err);
    if (v->kind == DIO_MAP)
        return bind_map(p, v, scope, a, err);
    if (!has_expression(v))
        return v;
    dio_error e = {0};
    const dio_template *t = dio_template_parse(a, v, NULL, &e);
    const dio_value *out = t ? dio_template_eval(t, scope, a, &e) : NULL;
    if (dio_arena_failed(a)) {
        dio_fail_memory(err, "an expression");
        return NULL;
    }
    if (out)
        return out;
    /* Once more, to learn where in the file the mistake is: finding places takes its time. */
    t = dio_template_parse(a, v, dio_pipeline_source(p, v), err);
    return t ? dio_template_eval(t, scope, a, err) : NULL;
}

/* The step's fields without those whose values are not known: neither absent nor wrong. */
static const dio_field *known_fields(const dio_field *all, const char *const *unknown, int count,
                                     dio_arena *a)
{
    int n = 0;
    while (all[n].name)
        n++;
    dio_field *out = dio_arena_alloc(a, ((size_t)n + 1) * sizeof *out);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        const char *key = all[i].key ? all[i].key : all[i].name;
        bool drop = false;
        for (int k = 0; k < count; k++)
            drop = drop || strcmp(unknown[k], key) == 0;
        if (!drop)
            out[kept++] = all[i];
    }
    return out;
}

bool dio_params_bind(const dio_pipeline *p, const dio_params_source *source, dio_value *own,
                     void *params, const dio_value **with, dio_report *report)
{
    dio_arena *a = report->arena;
    const dio_value *given = source->given;
    dio_value *map = dio_value_map(a);
    copy_place(map, given ? given : source->place);
    int count = given ? given->map.count : 0, unknowns = 0;
    bool ok = true;
    dio_value *scope = dio_scope_of(p, source->part, own, report);
    *with = map;
    if (!scope)
        return false;
    const char **unknown = dio_arena_try(a, ((size_t)count + 1) * sizeof *unknown);
    for (int i = 0; unknown && i < count; i++) {
        const dio_value *key = given->map.keys[i];
        dio_error e = {0};
        const dio_value *v = dio_value_bind(p, given->map.items[i], scope, a, &e);
        if (!v)
            dio_report_add(report, &e);
        ok = ok && v;
        if (v && v != &dio_unknown)
            add_pair(a, map, key, v);
        else if (dio_fields_find(source->fields, key->string.text))
            unknown[unknowns++] = key->string.text;
        else
            add_pair(a, map, key, key); /* an unknown key is one whatever its value */
    }
    dio_error unused = {0};
    const dio_field *fields = known_fields(source->fields, unknown, unknowns, a);
    if (!unknown || dio_arena_failed(a)) /* fields and name may be one */
        return dio_report_memory(report);
    return dio_fields_read(fields, params, map, source->what,
                           DIO_FIELDS_STRICT | DIO_FIELDS_COLLECT, a, dio_report_add, report,
                           &unused) &&
           ok && unknowns == 0;
}

bool dio_stage_params(const dio_pipeline *p, const dio_stage *node, dio_value *scope, void *params,
                      const dio_value **with, dio_report *report)
{
    const dio_params_source source = {
        .given = node->row.with,
        .place = node->place,
        .part = node->part,
        .fields = node->type->params,
        .what = dio_arena_printf(report->arena, "%s@%d", node->type->name, node->type->version)};
    return dio_params_bind(p, &source, scope, params, with, report);
}
