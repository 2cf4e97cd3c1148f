/* matrix.c: every combination of some lists, counted before it is made. */
#include <string.h>

#include "fusion/pipeline.h"

static bool check_axis(dio_pipeline *p, const dio_value *key, const dio_value *list)
{
    if (list->kind != DIO_LIST || list->list.count == 0)
        return dio_report_at(&p->report, list, "matrix: %.60s: expected a list of values",
                             key->string.text);
    for (int i = 0; i < list->list.count; i++) {
        const dio_value *v = list->list.items[i];
        if (v->kind == DIO_LIST || v->kind == DIO_MAP || v->kind == DIO_NULL)
            return dio_report_at(&p->report, v,
                                 "matrix: %.60s: expected a text or a number, "
                                 "found %s",
                                 key->string.text, dio_kind_name(v->kind));
        if (v->kind == DIO_STRING && strstr(v->string.text, "${{"))
            return dio_report_at(&p->report, v,
                                 "matrix: %.60s: its values are fixed; expressions "
                                 "cannot stand here",
                                 key->string.text);
    }
    return true;
}

void dio_matrix_read(dio_pipeline *p, dio_stage *node)
{
    const dio_value *map = node->row.matrix;
    if (!map)
        return;
    if (map->kind != DIO_MAP || map->map.count == 0 || map->map.count > DIO_AXES) {
        dio_report_at(&p->report, map, "matrix: expected a map of 1 to %d lists", DIO_AXES);
        return;
    }
    double product = 1; /* no overflow: refused far below 2^53 */
    for (int i = 0; i < map->map.count; i++) {
        const dio_value *key = map->map.keys[i], *list = map->map.items[i];
        if (!dio_name_check(p, key, "matrix", key->string.text) || !check_axis(p, key, list))
            return;
        node->axis[node->axes++] = (dio_axis){key->string.text, list};
        product *= list->list.count;
    }
    if (product > DIO_PIPELINE_INSTANCES) {
        dio_report_at(&p->report, map, "matrix: it multiplies to %.0f runs; the most is %d",
                      product, DIO_PIPELINE_INSTANCES);
        node->axes = 0;
        return;
    }
    node->instances = (int)product;
}

/* The index of an instance along each axis; the last axis runs fastest, as loops are read. */
static void indices(const dio_stage *node, int instance, int out[DIO_AXES])
{
    for (int i = node->axes - 1; i >= 0; i--) {
        int n = node->axis[i].values->list.count;
        out[i] = instance % n;
        instance /= n;
    }
}

dio_value *dio_matrix_pick(const dio_stage *node, int instance, dio_arena *a)
{
    int at[DIO_AXES];
    indices(node, instance, at);
    dio_value *map = dio_value_map(a);
    for (int i = 0; i < node->axes; i++)
        dio_map_set(a, map, node->axis[i].name, node->axis[i].values->list.items[at[i]]);
    return map;
}

const char *dio_matrix_label(const dio_stage *node, int instance, dio_arena *a)
{
    if (node->axes == 0)
        return node->id;
    int at[DIO_AXES];
    indices(node, instance, at);
    char *text = dio_arena_printf(a, "%s (", node->id);
    for (int i = 0; i < node->axes; i++)
        text = dio_arena_printf(a, "%s%s%s=%s", text, i ? ", " : "", node->axis[i].name,
                                dio_value_text(a, node->axis[i].values->list.items[at[i]]));
    return dio_arena_printf(a, "%s)", text);
}
