/* recipe.c: from a recipe's `kind:` to what knows how to train it. */
#include "tensor/recipe.h"

#include <stdarg.h>
#include <string.h>

enum { KINDS_LISTED = 32 };

static const dio_recipe_kind *refuse(dio_recipe_set set, const dio_value *kind, dio_error *err)
{
    const char *names[KINDS_LISTED];
    char list[512] = "";
    int n = 0;
    for (; n < set.count && n < KINDS_LISTED; n++) {
        names[n] = set.items[n]->name;
        if (strlen(list) + strlen(names[n]) + 3 < sizeof list) {
            strcat(list, n ? ", " : "");
            strcat(list, names[n]);
        }
    }
    const char *near = dio_nearest(kind->string.text, names, n);
    dio_value_fail(kind, err, "kind \"%.80s\" does not exist%s%s%s (there are %s)",
                   kind->string.text, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "", list);
    return NULL;
}

const dio_recipe_kind *dio_recipe_find(dio_recipe_set set, const dio_value *recipe, dio_error *err)
{
    const dio_value *version = dio_map_get(recipe, "version"), *kind = dio_map_get(recipe, "kind");
    if (recipe->kind != DIO_MAP) {
        dio_value_fail(recipe, err, "recipe: expected a map, found %s",
                       recipe->kind == DIO_NULL ? "nothing" : dio_kind_name(recipe->kind));
        return NULL;
    }
    if (version && version->kind == DIO_INT && version->integer != DIO_RECIPE_VERSION) {
        dio_value_fail(version, err, "version %lld: this program reads recipes of version %d",
                       (long long)version->integer, DIO_RECIPE_VERSION);
        return NULL;
    }
    if (!kind || kind->kind != DIO_STRING) {
        dio_value_fail(kind ? kind : recipe, err,
                       "recipe: kind says what is trained, as in `kind: lm`");
        return NULL;
    }
    for (int i = 0; i < set.count; i++)
        if (strcmp(set.items[i]->name, kind->string.text) == 0)
            return set.items[i];
    return refuse(set, kind, err);
}

void dio_recipe_say(const dio_recipe_run *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = dio_arena_vprintf(r->a, format, args);
    va_end(args);
    if (r->hooks->say)
        r->hooks->say(r->hooks->user, line);
}

dio_value *dio_recipe_without(const dio_value *map, const char *key, dio_arena *a)
{
    dio_value *rest = dio_value_map(a);
    rest->file = map->file;
    rest->line = map->line;
    rest->column = map->column;
    for (int i = 0; i < map->map.count; i++)
        if (strcmp(map->map.keys[i]->string.text, key) != 0)
            dio_map_set(a, rest, map->map.keys[i]->string.text, map->map.items[i]);
    return rest;
}
