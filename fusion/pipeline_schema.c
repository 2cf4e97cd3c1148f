/* pipeline_schema.c: the JSON Schema of pipeline files, for editors.
 * Made from the tables that check the files, so the two cannot disagree on keys, types, ranges or
 * defaults. Any parameter may also be an expression. */
#include <string.h>

#include "fusion/pipeline.h"

static dio_value *text(dio_arena *a, const char *s)
{
    return dio_value_string(a, s);
}

static dio_value *property(const dio_value *schema, const char *name)
{
    return dio_map_get(dio_map_get(schema, "properties"), name);
}

static void set_type(dio_value *schema, const char *type, dio_arena *a)
{
    dio_map_set(a, schema, "type", text(a, type));
}

/* A string with an expression in it. */
static dio_value *expression(dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    set_type(v, "string", a);
    dio_map_set(a, v, "pattern", text(a, "\\$\\{\\{"));
    return v;
}

/* {anyOf: [schema, expression]}, with the description where editors look for it. */
static dio_value *or_expression(dio_value *schema, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *list = dio_value_list(a);
    dio_list_add(a, list, schema);
    dio_list_add(a, list, expression(a));
    dio_map_set(a, v, "anyOf", list);
    dio_value *description = dio_map_get(schema, "description");
    if (description)
        dio_map_set(a, v, "description", description);
    return v;
}

/* {anyProperty: schema}: a map of one kind of thing. */
static void set_map_of(dio_value *schema, dio_value *item, dio_arena *a)
{
    set_type(schema, "object", a);
    dio_map_set(a, schema, "additionalProperties", item);
}

static dio_value *presets(dio_arena *a, const char *assets, dio_error *err)
{
    int count;
    const char *const *names = dio_preset_names(a, assets, &count, err);
    dio_value *list = dio_value_list(a);
    for (int i = 0; names && i < count; i++)
        dio_list_add(a, list, text(a, names[i]));
    return names ? list : NULL;
}

static dio_value *with_schema(const dio_step *step, dio_value *preset_names, dio_arena *a)
{
    dio_value *with = dio_fields_schema(step->params, true, a);
    dio_value *properties = dio_map_get(with, "properties");
    for (int i = 0; i < properties->map.count; i++) {
        const char *key = properties->map.keys[i]->string.text;
        dio_value *one = properties->map.items[i];
        if (strcmp(key, "preset") == 0)
            dio_map_set(a, one, "examples", preset_names);
        dio_map_set(a, properties, key, or_expression(one, a));
    }
    return with;
}

static const char *type_name(const dio_step *step, dio_arena *a)
{
    return dio_arena_printf(a, "%s@%d", step->name, step->version);
}

static dio_value *reference(const dio_step *step, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "$ref", text(a, dio_arena_printf(a, "#/definitions/%s", type_name(step, a))));
    return v;
}

/* {KEY: {properties: {NAME: value}}} */
static void set_property(dio_value *schema, const char *key, const char *name, dio_value *value,
                         dio_arena *a)
{
    dio_value *properties = dio_value_map(a), *inner = dio_value_map(a);
    dio_map_set(a, properties, name, value);
    dio_map_set(a, inner, "properties", properties);
    dio_map_set(a, schema, key, inner);
}

static void set_required(dio_value *schema, const char *name, dio_arena *a)
{
    dio_value *names = dio_value_list(a);
    dio_list_add(a, names, text(a, name));
    dio_map_set(a, schema, "required", names);
}

/* {if: {uses is this type}} */
static dio_value *when_uses(const dio_step *step, dio_arena *a)
{
    dio_value *rule = dio_value_map(a), *value = dio_value_map(a);
    dio_map_set(a, value, "const", text(a, type_name(step, a)));
    set_property(rule, "if", "uses", value, a);
    set_required(dio_map_get(rule, "if"), "uses", a);
    return rule;
}

/* {steps: {items: {if uses is this type, then with has what it needs}}}; NULL: it needs nothing. */
static dio_value *needs_rule(const dio_step *step, dio_arena *a)
{
    dio_value *schema = dio_fields_schema(step->params, true, a);
    dio_value *names = dio_map_get(schema, "required");
    dio_value *rule = when_uses(step, a), *with = dio_value_map(a), *items = dio_value_map(a);
    if (!names || names->list.count == 0)
        return NULL;
    dio_map_set(a, with, "required", names);
    set_property(rule, "then", "with", with, a);
    set_required(dio_map_get(rule, "then"), "with", a);
    dio_map_set(a, items, "items", rule);
    return items;
}

/* What a type needs its steps give, unless the file's defaults have something for it: that much a
 * schema can say. */
static dio_value *needs_rules(dio_arena *a)
{
    dio_value *rules = dio_value_list(a);
    for (int i = 0; dio_steps[i]; i++) {
        dio_value *items = needs_rule(dio_steps[i], a), *rule = dio_value_map(a);
        dio_value *types = dio_value_map(a), *with = dio_value_map(a);
        if (!items)
            continue;
        set_required(types, type_name(dio_steps[i], a), a);
        set_property(with, "has", "with", types, a);
        set_required(dio_map_get(with, "has"), "with", a);
        set_property(rule, "if", "defaults", dio_map_get(with, "has"), a);
        set_required(dio_map_get(rule, "if"), "defaults", a);
        set_property(rule, "else", "steps", items, a);
        dio_list_add(a, rules, rule);
    }
    return rules;
}

/* Every type's parameters, none of them required. */
static dio_value *definitions(dio_value *preset_names, dio_arena *a)
{
    dio_value *all = dio_value_map(a);
    for (int i = 0; dio_steps[i]; i++) {
        dio_value *with = with_schema(dio_steps[i], preset_names, a), *plain = dio_value_map(a);
        for (int k = 0; k < with->map.count; k++)
            if (strcmp(with->map.keys[k]->string.text, "required") != 0)
                dio_map_set(a, plain, with->map.keys[k]->string.text, with->map.items[k]);
        dio_map_set(a, all, type_name(dio_steps[i], a), plain);
    }
    return all;
}

/* A type of step, or a pipeline file. */
static void set_uses(dio_value *uses, dio_value *names, dio_arena *a)
{
    dio_value *any = dio_value_list(a), *type = dio_value_map(a), *file = dio_value_map(a);
    dio_map_set(a, type, "enum", names);
    dio_map_set(a, file, "pattern", text(a, "^\\./"));
    dio_list_add(a, any, type);
    dio_list_add(a, any, file);
    dio_map_set(a, uses, "anyOf", any);
}

static dio_value *defaults_schema(dio_arena *a)
{
    dio_value *defaults = dio_fields_schema(dio_default_fields, true, a), *types = dio_value_map(a);
    dio_value *with = property(defaults, "with"), *others = dio_value_map(a);
    for (int i = 0; dio_steps[i]; i++)
        dio_map_set(a, types, type_name(dio_steps[i], a), reference(dio_steps[i], a));
    dio_map_set(a, others, "^x-", dio_value_map(a));
    set_type(with, "object", a);
    dio_map_set(a, with, "properties", types);
    dio_map_set(a, with, "patternProperties", others);
    dio_map_set(a, with, "additionalProperties", dio_value_bool(a, false));
    return defaults;
}

static dio_value *any_of(dio_value *one, dio_value *other, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *list = dio_value_list(a);
    dio_list_add(a, list, one);
    dio_list_add(a, list, other);
    dio_map_set(a, v, "anyOf", list);
    return v;
}

/* A score's weight, or its parameters. */
static dio_value *criterion_schema(const dio_score *s, dio_arena *a)
{
    dio_value *weight = dio_value_map(a), *with = dio_fields_schema(s->params, true, a);
    dio_value *properties = dio_map_get(with, "properties"), *v;
    set_type(weight, "number", a);
    dio_map_set(a, weight, "minimum", dio_value_int(a, 0));
    dio_map_set(a, weight, "maximum", dio_value_int(a, 1000));
    for (int i = 0; i < properties->map.count; i++)
        properties->map.items[i] = or_expression(properties->map.items[i], a);
    v = or_expression(any_of(weight, with, a), a);
    dio_map_set(a, v, "description", text(a, s->doc));
    return v;
}

static dio_value *rank_schema(dio_arena *a)
{
    dio_value *rank = dio_fields_schema(dio_rank_fields, true, a), *names = dio_value_list(a);
    dio_value *list = dio_value_map(a), *map = dio_value_map(a), *scores = dio_value_map(a);
    dio_value *one = dio_value_map(a), *by = property(rank, "by");
    for (int i = 0; dio_scores[i]; i++) {
        dio_list_add(a, names, text(a, dio_scores[i]->name));
        dio_map_set(a, scores, dio_scores[i]->name, criterion_schema(dio_scores[i], a));
    }
    dio_map_set(a, one, "enum", names);
    dio_map_set(a, property(rank, "keep"), "const", dio_value_int(a, 1));
    set_type(list, "array", a);
    dio_map_set(a, list, "items", one);
    dio_map_set(a, list, "uniqueItems", dio_value_bool(a, true));
    set_type(map, "object", a);
    dio_map_set(a, map, "properties", scores);
    dio_map_set(a, map, "additionalProperties", dio_value_bool(a, false));
    dio_map_set(a, by, "anyOf", dio_map_get(any_of(list, map, a), "anyOf"));
    return rank;
}

static dio_value *review_schema(dio_arena *a)
{
    dio_value *v = dio_value_map(a), *review = dio_fields_schema(dio_review_fields, true, a);
    dio_value *flag = dio_value_map(a), *when = property(review, "when");
    set_type(v, "boolean", a);
    set_type(flag, "boolean", a);
    dio_map_set(a, when, "anyOf", dio_map_get(or_expression(flag, a), "anyOf"));
    return any_of(v, review, a);
}

/* Keeps what the table says of a key and adds what it cannot say. */
static void refine(dio_value *step, const char *key, dio_value *schema, dio_arena *a)
{
    dio_value *description = dio_map_get(property(step, key), "description");
    dio_map_set(a, schema, "description", description);
    dio_map_set(a, dio_map_get(step, "properties"), key, schema);
}

static dio_value *step_schema(dio_arena *a)
{
    dio_value *step = dio_fields_schema(dio_stage_fields, true, a);
    dio_value *names = dio_value_list(a), *rules = dio_value_list(a);
    for (int i = 0; dio_steps[i]; i++) {
        dio_value *rule = when_uses(dio_steps[i], a);
        dio_list_add(a, names, text(a, type_name(dio_steps[i], a)));
        set_property(rule, "then", "with", reference(dio_steps[i], a), a);
        dio_list_add(a, rules, rule);
    }
    set_uses(property(step, "uses"), names, a);
    set_type(property(step, "with"), "object", a);
    dio_value *list = dio_value_map(a);
    set_type(list, "array", a);
    dio_map_set(a, list, "minItems", dio_value_int(a, 1));
    set_map_of(property(step, "matrix"), list, a);
    refine(step, "rank", rank_schema(a), a);
    refine(step, "review", review_schema(a), a);
    dio_map_set(a, step, "allOf", rules);
    return step;
}

static dio_value *input_schema(dio_arena *a)
{
    dio_value *input = dio_fields_schema(dio_input_fields, true, a), *one = dio_value_map(a);
    set_type(one, "string", a);
    set_type(property(input, "values"), "array", a);
    dio_map_set(a, property(input, "values"), "items", one);
    dio_map_set(a, property(input, "values"), "minItems", dio_value_int(a, 1));
    return input;
}

char *dio_pipeline_schema(dio_arena *a, const char *assets, dio_error *err)
{
    dio_value *preset_names = presets(a, assets, err);
    if (!preset_names)
        return NULL;
    dio_value *root = dio_value_map(a), *body = dio_fields_schema(dio_pipeline_fields, true, a);
    dio_map_set(a, root, "$schema", text(a, "http://json-schema.org/draft-07/schema#"));
    dio_map_set(a, root, "title", text(a, "diorama pipeline, version 1"));
    for (int i = 0; i < body->map.count; i++) {
        if (strcmp(body->map.keys[i]->string.text, "$schema") != 0)
            dio_map_set(a, root, body->map.keys[i]->string.text, body->map.items[i]);
    }
    dio_value *steps = property(root, "steps");
    set_type(steps, "array", a);
    dio_map_set(a, steps, "items", step_schema(a));
    set_map_of(property(root, "inputs"), input_schema(a), a);
    set_map_of(property(root, "outputs"), dio_fields_schema(dio_output_fields, true, a), a);
    dio_map_set(a, dio_map_get(root, "properties"), "defaults", defaults_schema(a));
    dio_map_set(a, root, "allOf", needs_rules(a));
    dio_map_set(a, root, "definitions", definitions(preset_names, a));
    char *json = dio_json_write(a, root, 2);
    if (!json)
        dio_fail_memory(err, "the schema");
    return json;
}

/* "film, picture" */
static char *kinds_text(const dio_preset *p, dio_arena *a)
{
    char *all = dio_arena_strdup(a, "");
    for (int k = 0; k < DIO_DELIVERIES; k++) {
        if (p->limits[k])
            all = dio_arena_printf(a, "%s%s%s", all, *all ? ", " : "", dio_delivery_names[k]);
    }
    return all;
}

static dio_value *preset_value(const dio_preset *p, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *kinds = dio_value_list(a);
    for (int k = 0; k < DIO_DELIVERIES; k++) {
        if (p->limits[k])
            dio_list_add(a, kinds, text(a, dio_delivery_names[k]));
    }
    dio_map_set(a, v, "name", text(a, p->name));
    dio_map_set(a, v, "title", text(a, p->title));
    dio_map_set(a, v, "takes", kinds);
    if (p->width) {
        dio_map_set(a, v, "width", dio_value_int(a, p->width));
        dio_map_set(a, v, "height", dio_value_int(a, p->height));
    }
    if (p->limits[DIO_DELIVERY_FILM]) {
        dio_map_set(a, v, "fps", dio_value_int(a, p->fps));
        dio_map_set(a, v, "least_seconds", dio_value_real(a, p->least_seconds));
        dio_map_set(a, v, "most_seconds", dio_value_real(a, p->most_seconds));
    }
    dio_map_set(a, v, "source", text(a, p->source));
    dio_map_set(a, v, "checked", text(a, p->checked));
    return v;
}

char *dio_presets_text(dio_arena *a, const char *assets, bool json, dio_error *err)
{
    int count;
    const char *const *names = dio_preset_names(a, assets, &count, err);
    dio_value *list = dio_value_list(a);
    char *lines = dio_arena_strdup(a, "");
    for (int i = 0; names && i < count; i++) {
        const dio_preset *p = dio_preset_read(a, assets, names[i], err);
        if (!p)
            return NULL;
        dio_list_add(a, list, preset_value(p, a));
        const char *size = p->width ? dio_arena_printf(a, "%dx%d", p->width, p->height) : "";
        const char *time =
            p->most_seconds > 0 ? dio_arena_printf(a, "up to %g s", p->most_seconds) : "";
        lines = dio_arena_printf(a, "%s%-17s %9s  %-13s %-12s  %s (checked %s)\n", lines, p->name,
                                 size, kinds_text(p, a), time, p->title, p->checked);
    }
    return !names ? NULL : json ? dio_json_write(a, list, 2) : lines;
}
