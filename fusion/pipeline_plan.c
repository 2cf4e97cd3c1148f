/* pipeline_plan.c: what a run would do, told before it does it. */
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

static dio_value *node_value(dio_pipeline *p, const dio_stage *n, dio_arena *a)
{
    dio_value *v = dio_value_map(a), *needs = dio_value_list(a), *runs = dio_value_list(a);
    dio_map_set(a, v, "step", dio_value_string(a, n->id));
    dio_map_set(a, v, "uses", dio_value_string(a, n->row.uses));
    for (int i = 0; i < n->need_count; i++)
        dio_list_add(a, needs, dio_value_string(a, p->nodes[n->needs[i]].id));
    dio_map_set(a, v, "needs", needs);
    for (int i = 0; i < n->instances; i++)
        dio_list_add(a, runs, dio_value_string(a, dio_matrix_label(n, i, a)));
    dio_map_set(a, v, "runs", runs);
    return v;
}

/* Names of an output's files as far as they are known; "" stands for the rest. */
static dio_value *output_value(dio_pipeline *p, const dio_output *o, dio_value *scope, dio_arena *a)
{
    const dio_stage *n = &p->nodes[o->node];
    dio_value *files = dio_value_list(a);
    for (int i = 0; i < n->instances; i++) {
        dio_error e = {0};
        dio_map_set(a, scope, "matrix", dio_matrix_pick(n, i, a));
        const dio_value *v = dio_value_bind(p, o->path_value, scope, a, &e);
        bool known = v && v != &dio_unknown;
        dio_list_add(a, files, dio_value_string(a, known ? dio_value_text(a, v) : ""));
    }
    return files;
}

void dio_plan_put_files(dio_str *s, const dio_value *plan)
{
    const dio_value *outputs = dio_map_get(plan, "outputs");
    for (int i = 0; i < outputs->map.count; i++) {
        const dio_value *files = outputs->map.items[i];
        for (int k = 0; k < files->list.count; k++) {
            const char *file = files->list.items[k]->string.text;
            dio_str_printf(s, "-> %s\n", *file ? file : "(named by a step's result)");
        }
    }
}

static const char *as_text(const dio_value *plan, dio_arena *a)
{
    dio_str s = {0};
    const dio_value *steps = dio_map_get(plan, "steps");
    for (int i = 0; i < steps->list.count; i++) {
        const dio_value *step = steps->list.items[i], *runs = dio_map_get(step, "runs");
        for (int k = 0; k < runs->list.count; k++)
            dio_str_printf(&s, "%-40s %s\n", runs->list.items[k]->string.text,
                           dio_map_get(step, "uses")->string.text);
    }
    dio_plan_put_files(&s, plan);
    const char *text = s.failed ? NULL : dio_arena_strdup(a, s.text ? s.text : "");
    dio_str_deinit(&s);
    return text;
}

dio_value *dio_plan_value(dio_pipeline *p, dio_arena *a)
{
    dio_value *plan = dio_value_map(a), *steps = dio_value_list(a), *outputs = dio_value_map(a);
    dio_value *scope = dio_scope_create(p, a);
    for (int i = 0; i < p->node_count; i++) {
        const dio_stage *n = &p->nodes[p->order[i]];
        if (n->wanted)
            dio_list_add(a, steps, node_value(p, n, a));
    }
    for (int i = 0; i < p->output_count; i++) {
        const dio_output *o = &p->outputs[i];
        if (p->nodes[o->node].wanted)
            dio_map_set(a, outputs, o->name, output_value(p, o, scope, a));
    }
    dio_map_set(a, plan, "name", dio_value_string(a, p->name));
    dio_map_set(a, plan, "seed", dio_map_get(dio_map_get(scope, "run"), "seed"));
    dio_map_set(a, plan, "steps", steps);
    dio_map_set(a, plan, "outputs", outputs);
    return plan;
}

const char *dio_pipeline_plan(dio_pipeline *p, bool json)
{
    if (p->plan[json])
        return p->plan[json];
    const dio_value *plan = dio_plan_value(p, p->arena);
    if (dio_arena_failed(p->arena)) /* the tree lacks what it is to be read for */
        return NULL;
    const char *text = json ? dio_json_write(p->arena, plan, 2) : as_text(plan, p->arena);
    return p->plan[json] = dio_arena_failed(p->arena) ? NULL : text;
}
