/* model.c: from a config.json to a family's struct. */
#include "tensor/model.h"

#include <string.h>

enum { TYPES_LISTED = 64 };

static bool answers(const dio_model *m, const char *type)
{
    for (int i = 0; m->types[i]; i++)
        if (strcmp(m->types[i], type) == 0)
            return true;
    return false;
}

static const dio_model *refuse(dio_model_set set, const char *key, const dio_value *v,
                               dio_error *err)
{
    const char *types[TYPES_LISTED];
    char list[512] = "";
    int n = 0;
    for (int i = 0; i < set.count; i++)
        for (int j = 0; set.items[i]->types[j] && n < TYPES_LISTED; j++)
            types[n++] = set.items[i]->types[j];
    for (int i = 0; i < n; i++) {
        size_t at = strlen(list);
        if (at + strlen(types[i]) + 3 < sizeof list) {
            strcat(list, i ? ", " : "");
            strcat(list, types[i]);
        }
    }
    const char *near = dio_nearest(v->string.text, types, n);
    dio_value_fail(v, err, "%s \"%.80s\" is not supported%s%s%s (there are %s)", key,
                   v->string.text, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "", list);
    return NULL;
}

const dio_model *dio_model_find(dio_model_set set, const dio_value *config, dio_error *err)
{
    const char *key = dio_map_get(config, "model_type") ? "model_type" : "_class_name";
    const dio_value *type = dio_map_get(config, key);
    if (config->kind != DIO_MAP || !type || type->kind != DIO_STRING) {
        dio_value_fail(
            config, err,
            "a config.json needs a \"model_type\" (or \"_class_name\") that is a string");
        return NULL;
    }
    for (int i = 0; i < set.count; i++)
        if (answers(set.items[i], type->string.text))
            return set.items[i];
    return refuse(set, key, type, err);
}

/* The map without keys whose value is null, which published configs write for "not set". */
static dio_value *without_nulls(const dio_value *map, dio_arena *a)
{
    dio_value *v = dio_value_map(a);
    v->file = map->file;
    v->line = map->line;
    v->column = map->column;
    for (int i = 0; i < map->map.count; i++)
        if (map->map.items[i]->kind != DIO_NULL)
            dio_map_set(a, v, map->map.keys[i]->string.text, map->map.items[i]);
    return v;
}

void *dio_model_build(const dio_model *family, const dio_value *config, dio_arena *a,
                      dio_error *err)
{
    void *model = dio_arena_try(a, family->size);
    if (!model) {
        dio_fail_memory(err, "a model");
        return NULL;
    }
    if (!dio_fields_read(family->config, model, without_nulls(config, a), "config.json", 0, a, NULL,
                         NULL, err) ||
        !family->setup(model, config, a, err))
        return NULL;
    if (!dio_arena_failed(a))
        return model;
    dio_fail_memory(err, "a model");
    return NULL;
}
