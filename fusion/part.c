/* part.c: the files of a pipeline meet their values: inputs come down from the step that includes a
 * file, results go up to it. */
#include <string.h>

#include "fusion/pipeline.h"

/* Where scopes of included files lie in that of the pipeline's own: no expression can spell it. */
static const char below[] = "/";

bool dio_stage_is(const dio_stage *node, const char *name)
{
    size_t n = strlen(name);
    return strncmp(node->id, name, n) == 0 && (node->id[n] == '\0' || node->id[n] == '/');
}

const dio_part *dio_part_find(const dio_pipeline *p, const dio_part *part, const char *local)
{
    for (int i = 1; i < p->part_count; i++)
        if (p->parts[i]->parent == part && strcmp(p->parts[i]->local, local) == 0)
            return p->parts[i];
    return NULL;
}

bool dio_origin_find(const dio_pipeline *p, const dio_part *part, const char *local,
                     const char *name, int *node, const dio_port **port)
{
    *node = -1;
    *port = NULL;
    for (int i = 0; i < p->node_count; i++) {
        const dio_stage *n = &p->nodes[i];
        if (n->part != part || strcmp(n->local, local) != 0)
            continue;
        *node = i;
        for (const dio_port *q = n->type ? n->type->out : NULL; q && q->name; q++)
            *port = strcmp(q->name, name) == 0 ? q : *port;
        return true;
    }
    const dio_part *inner = dio_part_find(p, part, local);
    for (int i = 0; inner && i < inner->output_count; i++) {
        if (strcmp(inner->outputs[i].name, name) != 0)
            continue;
        *node = inner->outputs[i].node;
        *port = inner->outputs[i].port;
    }
    return inner != NULL;
}

/* ---- scopes ---- */

static dio_value *held(const dio_value *v)
{
    return (dio_value *)(uintptr_t)v;
}

static dio_value *create_one(const dio_pipeline *p, const dio_part *part, dio_value *run,
                             dio_arena *a)
{
    dio_value *scope = dio_value_map(a), *inputs = dio_value_map(a), *steps = dio_value_map(a);
    for (int i = 0; i < part->input_count; i++)
        dio_map_set(a, inputs, part->inputs[i].name, held(part->inputs[i].value));
    for (int i = 0; i < p->node_count; i++) {
        const dio_stage *n = &p->nodes[i];
        dio_value *step = dio_value_map(a), *outputs = dio_value_map(a);
        if (n->part != part || !*n->local)
            continue;
        for (const dio_port *port = n->type ? n->type->out : NULL; port && port->name; port++)
            dio_map_set(a, outputs, port->name, held(&dio_unknown));
        dio_map_set(a, step, "outputs", n->type ? outputs : held(&dio_unknown));
        dio_map_set(a, steps, n->local, step);
    }
    for (int i = 1; i < p->part_count; i++) {
        const dio_part *inner = p->parts[i];
        dio_value *step = dio_value_map(a), *outputs = dio_value_map(a);
        if (inner->parent != part || !*inner->local)
            continue;
        for (int k = 0; k < inner->output_count; k++)
            dio_map_set(a, outputs, inner->outputs[k].name, held(&dio_unknown));
        dio_map_set(a, step, "outputs", inner->broken ? held(&dio_unknown) : outputs);
        dio_map_set(a, steps, inner->local, step);
    }
    dio_map_set(a, scope, "inputs", inputs);
    dio_map_set(a, scope, "steps", steps);
    dio_map_set(a, scope, "matrix", dio_value_map(a));
    dio_map_set(a, scope, "run", run);
    return scope;
}

dio_value *dio_scope_create(const dio_pipeline *p, dio_arena *a)
{
    dio_value *run = dio_value_map(a), *all = dio_value_list(a);
    const char *seed = dio_arena_printf(a, "%llu", (unsigned long long)p->seed);
    dio_map_set(a, run, "name", dio_value_string(a, p->name));
    dio_map_set(a, run, "seed",
                p->seed <= INT64_MAX ? dio_value_int(a, (int64_t)p->seed)
                                     : dio_value_string(a, seed));
    for (int i = 0; i < p->part_count; i++)
        dio_list_add(a, all, create_one(p, p->parts[i], run, a));
    if (dio_arena_failed(a)) /* then the list lacks some; whoever asked looks at the arena */
        return dio_value_map(a);
    dio_value *own = all->list.items[0];
    if (p->part_count > 1)
        dio_map_set(a, own, below, all);
    return own;
}

dio_value *dio_scope_plain(const dio_part *part, dio_value *own)
{
    const dio_value *all = part->index ? dio_map_get(own, below) : NULL;
    return all ? all->list.items[part->index] : own; /* without memory there are none below */
}

/* ---- inputs of included files ---- */

static const char *const media_names[] = {"a text",  "an image", "a film",
                                          "a sound", "data",     "a folder"};

/* What a step gives is known by its kind before it is made. */
static bool fits(int type, dio_media media)
{
    switch (type) {
    case DIO_INPUT_IMAGE:
        return media == DIO_MEDIA_IMAGE;
    case DIO_INPUT_AUDIO:
        return media == DIO_MEDIA_AUDIO;
    case DIO_INPUT_VIDEO:
        return media == DIO_MEDIA_VIDEO;
    case DIO_INPUT_ROWS:
        return false;
    case DIO_INPUT_STRING: /* data and folders have no type of their own */
        return media == DIO_MEDIA_TEXT || media == DIO_MEDIA_DATA || media == DIO_MEDIA_FOLDER;
    default:
        return media == DIO_MEDIA_TEXT;
    }
}

static void check_media(dio_pipeline *p, const dio_part *part, const dio_pipeline_input *in,
                        const dio_value *given)
{
    dio_error ignored = {0};
    int node;
    const dio_port *port = NULL;
    const dio_template *t =
        given->kind == DIO_STRING ? dio_template_parse(p->arena, given, NULL, &ignored) : NULL;
    const dio_path *path = t ? dio_template_path(t) : NULL;
    if (path && path->count == 4 && strcmp(path->part[0], "steps") == 0)
        dio_origin_find(p, part->parent, path->part[1], path->part[3], &node, &port);
    if (port && !fits(in->row.type, port->media))
        dio_report_at(&p->report, given, "input \"%s\" of %s: expected %s, but %s is %s", in->name,
                      part->uses, dio_input_wants(in->row.type), dio_path_text(p->arena, path),
                      media_names[port->media]);
}

static const dio_value *given_to(const dio_part *part, const dio_pipeline_input *in)
{
    const dio_value *v = part->with ? dio_map_get(part->with, in->name) : NULL;
    return v && v->kind != DIO_NULL ? v : NULL;
}

/* As far as known before the run; a required one that is absent is reported already. */
static const dio_value *resolve(dio_pipeline *p, const dio_part *part, const dio_pipeline_input *in,
                                dio_value *scope)
{
    static const dio_value nothing = {.kind = DIO_NULL};
    const dio_value *given = given_to(part, in), *fallback = in->row.fallback, *v = NULL;
    dio_error e = {0};
    if (in->broken)
        return &dio_unknown;
    if (!given && (!fallback || fallback->kind == DIO_NULL))
        return in->row.required ? &dio_unknown : &nothing;
    if (!given) {
        v = dio_input_check(p, part, false, in, fallback, &p->report);
    } else if (!(v = dio_value_bind(p, given, scope, p->arena, &e))) {
        dio_report_add(&p->report, &e);
    } else if (v == &dio_unknown) {
        check_media(p, part, in, given);
    } else {
        v = dio_input_check(p, part->parent, true, in, v, &p->report);
    }
    return v ? v : &dio_unknown;
}

void dio_includes_resolve(dio_pipeline *p)
{
    dio_value *own = p->part_count > 1 ? dio_scope_create(p, p->arena) : NULL;
    for (int i = 1; i < p->part_count; i++) {
        dio_part *part = p->parts[i];
        dio_value *inputs = dio_map_get(dio_scope_plain(part, own), "inputs");
        for (int k = 0; k < part->input_count; k++) {
            dio_pipeline_input *in = &part->inputs[k];
            in->value = resolve(p, part, in, dio_scope_plain(part->parent, own));
            dio_map_set(p->arena, inputs, in->name, held(in->value));
        }
    }
}

/* Inputs that earlier steps' results have made known by now. */
static bool refresh(const dio_pipeline *p, const dio_part *part, dio_value *mine, dio_value *outer,
                    dio_report *report)
{
    dio_value *inputs = dio_map_get(mine, "inputs");
    bool ok = true;
    for (int i = 0; i < part->input_count; i++) {
        const dio_pipeline_input *in = &part->inputs[i];
        const dio_value *given = given_to(part, in);
        dio_error e = {0};
        if (dio_map_get(inputs, in->name) != &dio_unknown || !given || in->broken)
            continue;
        const dio_value *v = dio_value_bind(p, given, outer, report->arena, &e);
        if (!v)
            dio_report_add(report, &e);
        ok = ok && v;
        if (!v || v == &dio_unknown)
            continue;
        v = dio_input_made(in, dio_input_typed(in, v, report->arena), report);
        ok = ok && v;
        if (v)
            dio_map_set(report->arena, inputs, in->name, held(v));
    }
    return ok;
}

static dio_value *enter(const dio_pipeline *p, const dio_part *part, dio_value *own,
                        dio_report *report)
{
    dio_value *outer = part->parent ? enter(p, part->parent, own, report) : own;
    dio_value *mine = outer ? dio_scope_plain(part, own) : NULL;
    return mine && (mine == own || refresh(p, part, mine, outer, report)) ? mine : NULL;
}

dio_value *dio_scope_of(const dio_pipeline *p, const dio_part *part, dio_value *own,
                        dio_report *report)
{
    dio_value *mine = enter(p, part, own, report);
    if (mine && mine != own)
        dio_map_set(report->arena, mine, "matrix", dio_map_get(own, "matrix"));
    return mine;
}

static bool holds(const dio_pipeline *p, const dio_value *condition, const dio_value *scope,
                  dio_arena *a, dio_wanted *verdict, dio_error *err)
{
    const dio_value *v = condition ? dio_value_bind(p, condition, scope, a, err) : NULL;
    *verdict = v == &dio_unknown                        ? DIO_WANTED_OPEN
               : !condition || (v && dio_value_true(v)) ? DIO_WANTED_YES
                                                        : DIO_WANTED_NO;
    return !condition || v;
}

bool dio_stage_wanted(const dio_pipeline *p, const dio_stage *node, dio_value *own, dio_arena *a,
                      dio_wanted *verdict, dio_error *err)
{
    dio_report report = {.arena = a, .pipeline = p};
    const dio_part *chain[64];
    int n = 0;
    for (const dio_part *at = node->part; at->parent; at = at->parent)
        chain[n++] = at;
    *verdict = DIO_WANTED_YES;
    for (int i = n - 1; i >= 0 && *verdict == DIO_WANTED_YES; i--) {
        dio_value *scope = enter(p, chain[i]->parent, own, &report);
        if (scope && !holds(p, chain[i]->condition, scope, a, verdict, err))
            return false;
        if (!scope)
            break;
    }
    dio_value *scope =
        *verdict == DIO_WANTED_YES ? dio_scope_of(p, node->part, own, &report) : NULL;
    if (scope && !holds(p, node->row.condition, scope, a, verdict, err))
        return false;
    if (report.count)
        *err = report.list[0];
    return report.count == 0;
}

/* ---- results ---- */

static void set_output(dio_value *scope, const char *local, const char *name, dio_value *v,
                       dio_arena *a)
{
    dio_value *step = dio_map_get(dio_map_get(scope, "steps"), local);
    dio_map_set(a, dio_map_get(step, "outputs"), name, v);
}

void dio_scope_publish(const dio_pipeline *p, dio_value *own, const dio_stage *node,
                       const char *port, const char *text, dio_arena *a)
{
    dio_value *v = dio_value_string(a, text);
    set_output(dio_scope_plain(node->part, own), node->local, port, v, a);
    for (int i = 1; i < p->part_count; i++) {
        const dio_part *part = p->parts[i];
        for (int k = 0; k < part->output_count; k++) {
            const dio_output *o = &part->outputs[k];
            if (o->node >= 0 && &p->nodes[o->node] == node && o->port &&
                strcmp(o->port->name, port) == 0)
                set_output(dio_scope_plain(part->parent, own), part->local, o->name, v, a);
        }
    }
}
