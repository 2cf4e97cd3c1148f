/* dag.c: which step needs which, in what order they run, and that there is no circle. */
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

static void add_need(dio_pipeline *p, dio_stage *n, int need)
{
    for (int i = 0; i < n->need_count; i++) {
        if (n->needs[i] == need)
            return;
    }
    if (dio_arena_grow(p->arena, &n->needs, n->need_count, &n->need_cap, sizeof *n->needs))
        n->needs[n->need_count++] = need;
}

struct reader {
    dio_pipeline *p;
    const dio_part *part; /* in whose file the expression stands */
    dio_stage *node;      /* that reads; NULL: an output's path, or none yet */
    dio_value *own;       /* scope */
};

static void read_value(dio_pipeline *p, const dio_part *part, dio_stage *node, dio_value *own,
                       const dio_value *v, dio_report *report);

/* One `steps.ID.outputs.NAME`: spelled out, of a step that runs once. */
static void read_step(struct reader *r, const dio_path *path)
{
    dio_pipeline *p = r->p;
    int need = -1;
    const dio_port *port;
    if (path->count < 4)
        dio_report_at(&p->report, &path->place, "%s: write steps.ID.outputs.NAME",
                      dio_path_text(p->arena, path));
    if (path->count > 1)
        dio_origin_find(p, r->part, path->part[1], path->count > 3 ? path->part[3] : "", &need,
                        &port);
    if (need < 0)
        return; /* reported with the nearest name */
    if (p->nodes[need].axes > 0)
        dio_report_at(&p->report, &path->place,
                      "step \"%s\" runs once for each of its matrix: only outputs: can use its "
                      "results",
                      p->nodes[need].id);
    if (r->node)
        add_need(p, r->node, need);
}

/* What an included file is given, its steps need when they use it. */
static void read_input(struct reader *r, const dio_path *path)
{
    const dio_value *given =
        path->count > 1 && r->part->with ? dio_map_get(r->part->with, path->part[1]) : NULL;
    if (given && r->node)
        read_value(r->p, r->part->parent, r->node, r->own, given, NULL);
}

static void read_path(void *user, const dio_path *path)
{
    struct reader *r = user;
    dio_error e = {0};
    if (!dio_path_get(path, dio_scope_plain(r->part, r->own), &e))
        dio_report_add(&r->p->report, &e);
    else if (strcmp(path->part[0], "steps") == 0)
        read_step(r, path);
    else if (strcmp(path->part[0], "inputs") == 0 && r->part->parent)
        read_input(r, path);
}

static void read_value(dio_pipeline *p, const dio_part *part, dio_stage *node, dio_value *own,
                       const dio_value *v, dio_report *report)
{
    struct reader r = {p, part, node, own};
    dio_value_paths(p, v, read_path, &r, report);
}

static bool is_in(const dio_part *part, const dio_part *outer)
{
    while (part && part != outer)
        part = part->parent;
    return part != NULL;
}

/* The step, or all steps of the file that it includes. False when there is none of the name. */
static bool need_by_name(dio_pipeline *p, const dio_part *part, dio_stage *n, const char *name)
{
    int need;
    const dio_port *port;
    const dio_part *inner = dio_part_find(p, part, name);
    if (!dio_origin_find(p, part, name, "", &need, &port))
        return false;
    if (need >= 0 && n)
        add_need(p, n, need);
    for (int i = 0; inner && n && i < p->node_count; i++)
        if (is_in(p->nodes[i].part, inner))
            add_need(p, n, i);
    return true;
}

static const char *near_step(const dio_pipeline *p, const dio_part *part, const char *name)
{
    const char *names[512];
    int n = 0;
    for (int i = 0; i < p->node_count && n < 256; i++)
        if (p->nodes[i].part == part)
            names[n++] = p->nodes[i].local;
    for (int i = 1; i < p->part_count; i++)
        if (p->parts[i]->parent == part)
            names[n++] = p->parts[i]->local;
    return dio_nearest(name, names, n);
}

/* `needs` of a step in this part; n: who is to wait, NULL while it is only looked at. */
static void read_needs(dio_pipeline *p, const dio_part *part, dio_stage *n, const dio_value *v)
{
    const dio_value *one[1] = {v};
    if (!v)
        return;
    bool list = v->kind == DIO_LIST;
    int count = list ? v->list.count : 1;
    for (int i = 0; i < count; i++) {
        const dio_value *item = list ? v->list.items[i] : one[0];
        if (item->kind != DIO_STRING) {
            dio_report_at(&p->report, item, "needs: expected the id of a step, found %s",
                          dio_kind_name(item->kind));
            continue;
        }
        if (need_by_name(p, part, n, item->string.text))
            continue;
        const char *near = near_step(p, part, item->string.text);
        dio_report_at(&p->report, item, "needs: there is no step \"%.60s\"%s%s%s",
                      item->string.text, near ? ": did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
    }
}

/* `steps.spot.outputs.video`, and nothing around it. */
static void read_from(dio_pipeline *p, const dio_part *part, dio_output *o, const dio_value *scope)
{
    if (!o->from_value)
        return;
    dio_error e = {0};
    const dio_value *from = o->from_value;
    const dio_template *t =
        from->kind == DIO_STRING
            ? dio_template_parse(p->arena, from, dio_pipeline_source(p, from), &e)
            : NULL;
    const dio_path *path = t ? dio_template_path(t) : NULL;
    if (e.kind != DIO_ERROR_NONE)
        dio_report_add(&p->report, &e);
    else if (!path || path->count != 4 || strcmp(path->part[0], "steps") != 0)
        dio_report_at(&p->report, from, "from: write ${{ steps.ID.outputs.NAME }}");
    else if (!dio_path_get(path, scope, &e))
        dio_report_add(&p->report, &e);
    else
        dio_origin_find(p, part, path->part[1], path->part[3], &o->node, &o->port);
}

/* Follows needs from `node` until one is met again: the circle, as "a -> b -> a". */
static const char *circle(const dio_pipeline *p, const bool *done, int node)
{
    int seen[256] = {0};
    while (!seen[node]) {
        seen[node] = 1;
        for (int i = 0; i < p->nodes[node].need_count; i++) {
            if (!done[p->nodes[node].needs[i]]) {
                node = p->nodes[node].needs[i];
                break;
            }
        }
    }
    char *text = dio_arena_strdup(p->arena, p->nodes[node].id);
    for (int at = node, first = 1; first || at != node; first = 0) {
        for (int i = 0; i < p->nodes[at].need_count; i++) {
            if (!done[p->nodes[at].needs[i]]) {
                at = p->nodes[at].needs[i];
                break;
            }
        }
        text = dio_arena_printf(p->arena, "%s -> %s", text, p->nodes[at].id);
    }
    return text;
}

/* Again and again the first step whose needs are met: the file's order where that is possible. */
static void sort(dio_pipeline *p)
{
    bool done[256] = {0};
    p->order = dio_arena_alloc(p->arena, ((size_t)p->node_count + 1) * sizeof *p->order);
    for (int placed = 0; placed < p->node_count; placed++) {
        int next = -1;
        for (int i = 0; i < p->node_count && next < 0; i++) {
            bool ready = !done[i];
            for (int k = 0; k < p->nodes[i].need_count; k++)
                ready = ready && done[p->nodes[i].needs[k]];
            next = ready ? i : -1;
        }
        if (next < 0) {
            int stuck = 0;
            while (done[stuck])
                stuck++;
            dio_report_at(&p->report, p->nodes[stuck].place,
                          "steps need each other in a circle: "
                          "%s",
                          circle(p, done, stuck));
            return;
        }
        done[next] = true;
        p->order[placed] = next;
    }
}

/* What the steps that include files say: once for itself, then for every step in them. */
static void read_chain(dio_pipeline *p, const dio_part *part, dio_stage *n, dio_value *own)
{
    for (; part->parent; part = part->parent) {
        read_value(p, part->parent, n, own, part->condition, n ? NULL : &p->report);
        read_needs(p, part->parent, n, part->needs);
        if (!n)
            return;
    }
}

static void read_node(dio_pipeline *p, dio_stage *n, dio_value *own)
{
    dio_map_set(p->arena, dio_scope_plain(n->part, own), "matrix", dio_matrix_pick(n, 0, p->arena));
    n->need_count = 0;
    read_value(p, n->part, n, own, n->row.with, &p->report);
    read_value(p, n->part, n, own, n->row.condition, &p->report);
    read_value(p, n->part, n, own, n->row.rank, &p->report);
    read_value(p, n->part, n, own, n->row.review, &p->report);
    read_needs(p, n->part, n, n->row.needs);
    dio_map_set(p->arena, dio_scope_plain(n->part, own), "matrix", dio_value_map(p->arena));
    read_chain(p, n->part, n, own);
}

static const dio_value *own_name(dio_pipeline *p, const dio_output *o)
{
    const char *ends = dio_port_suffix(o->port); /* the usual one first; emit.c corrects it */
    dio_value *v = dio_value_string(
        p->arena, dio_arena_printf(p->arena, "%s%.*s", o->name, (int)strcspn(ends, "|"), ends));
    v->file = o->place->file;
    v->line = o->place->line;
    v->column = o->place->column;
    return v;
}

static void read_output(dio_pipeline *p, dio_part *part, dio_output *o, dio_value *own)
{
    dio_value *scope = dio_scope_plain(part, own);
    read_from(p, part, o, scope);
    if (part->parent || o->node < 0)
        return; /* an included file's results are named by who includes it */
    if (o->unnamed && o->port)
        o->path_value = own_name(p, o);
    dio_map_set(p->arena, scope, "matrix", dio_matrix_pick(&p->nodes[o->node], 0, p->arena));
    read_value(p, part, NULL, own, o->path_value, &p->report);
}

void dio_dag_build(dio_pipeline *p)
{
    dio_value *own = dio_scope_create(p, p->arena);
    if (dio_arena_failed(p->arena))
        return;
    for (int i = p->part_count - 1; i >= 0; i--) /* what includes needs what is included */
        for (int k = 0; k < p->parts[i]->output_count; k++)
            read_output(p, p->parts[i], &p->parts[i]->outputs[k], own);
    dio_map_set(p->arena, own, "matrix", dio_value_map(p->arena));
    for (int i = 1; i < p->part_count; i++) {
        read_value(p, p->parts[i]->parent, NULL, own, p->parts[i]->with, &p->report);
        read_chain(p, p->parts[i], NULL, own);
    }
    for (int i = 0; i < p->node_count; i++)
        read_node(p, &p->nodes[i], own);
    sort(p);
}
