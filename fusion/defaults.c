/* defaults.c: parameters that a file gives to all of its steps of one type.
 *
 *     defaults: {with: {compose.video@1: {seconds: 6}}}
 *
 * They are laid below each step's own before anything is checked, and keep their places: what is
 * wrong in them is told where they are written. */
#include <string.h>

#include "fusion/pipeline.h"

static void add(dio_arena *a, dio_value *map, const dio_value *key, const dio_value *item)
{
    dio_map_set(a, map, key->string.text, (dio_value *)(uintptr_t)item);
    if (map->map.count == 0)
        return; /* no memory: the arena knows */
    dio_value *mine = map->map.keys[map->map.count - 1];
    mine->file = key->file;
    mine->line = key->line;
    mine->column = key->column;
}

/* The map for a type; NULL: there is none. */
static const dio_value *find(const dio_part *part, const dio_step *type)
{
    const dio_value *all = part->defaults.with;
    for (int i = 0; all && type && all->kind == DIO_MAP && i < all->map.count; i++) {
        dio_error ignored = {0};
        if (dio_step_find(all->map.keys[i]->string.text, &ignored) == type)
            return all->map.items[i]->kind == DIO_MAP ? all->map.items[i] : NULL;
    }
    return NULL;
}

void dio_defaults_merge(dio_pipeline *p, dio_stage *n)
{
    const dio_value *below = find(n->part, n->type), *own = n->row.with;
    if (!below)
        return;
    dio_value *map = dio_value_map(p->arena);
    const dio_value *place = own ? own : n->place;
    map->file = place->file;
    map->line = place->line;
    map->column = place->column;
    for (int i = 0; own && i < own->map.count; i++)
        add(p->arena, map, own->map.keys[i], own->map.items[i]);
    for (int i = 0; i < below->map.count; i++)
        if (!own || !dio_map_get(own, below->map.keys[i]->string.text))
            add(p->arena, map, below->map.keys[i], below->map.items[i]);
    n->row.with = map;
}

/* Of a type that no step here has, so that no step's check would look at them. */
static void check_names(dio_pipeline *p, const dio_step *type, const dio_value *map)
{
    const char *names[128];
    int n = 0;
    for (const dio_field *f = type->params; f->name && n < 128; f++)
        names[n++] = f->key ? f->key : f->name;
    for (int i = 0; i < map->map.count; i++) {
        const dio_value *key = map->map.keys[i];
        if (strncmp(key->string.text, "x-", 2) == 0 ||
            dio_fields_find(type->params, key->string.text))
            continue;
        const char *near = dio_nearest(key->string.text, names, n);
        dio_report_at(&p->report, key, "unknown key \"%.80s\" in %s@%d%s%s%s", key->string.text,
                      type->name, type->version, near ? ": did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
    }
}

static bool is_used(const dio_pipeline *p, const dio_part *part, const dio_step *type)
{
    for (int i = 0; i < p->node_count; i++)
        if (p->nodes[i].part == part && p->nodes[i].type == type)
            return true;
    return false;
}

void dio_defaults_check(dio_pipeline *p, const dio_part *part)
{
    const dio_value *all = part->defaults.with;
    if (!all)
        return;
    if (all->kind != DIO_MAP) {
        dio_report_at(&p->report, all,
                      "defaults: with: expected a map of step types, as compose.video@1, found %s",
                      dio_kind_name(all->kind));
        return;
    }
    for (int i = 0; i < all->map.count; i++) {
        const dio_value *key = all->map.keys[i], *map = all->map.items[i];
        dio_error e = {0};
        if (strncmp(key->string.text, "x-", 2) == 0)
            continue;
        const dio_step *type = dio_step_find(key->string.text, &e);
        if (!type)
            dio_report_at(&p->report, key, "defaults: with: %s", e.message + strlen("uses: "));
        else if (map->kind != DIO_MAP)
            dio_report_at(&p->report, map, "defaults: with: %s: expected a map, found %s",
                          key->string.text, dio_kind_name(map->kind));
        else if (!is_used(p, part, type))
            check_names(p, type, map);
    }
}
