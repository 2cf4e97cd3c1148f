/* dag.c: which step needs which, in what order they run, and that there is no circle. */
#include <string.h>

#include "base/str.h"
#include "fusion/pipeline.h"

static int find_node(const dio_pipeline *p, const char *id)
{
    for (int i = 0; i < p->node_count; i++) {
        if (strcmp(p->nodes[i].id, id) == 0)
            return i;
    }
    return -1;
}

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
    dio_stage *node; /* that reads; NULL: an output's path */
    const dio_value *scope;
};

/* One `steps.ID.outputs.NAME`: spelled out, of a step that runs once. */
static void read_step(struct reader *r, const dio_path *path)
{
    dio_pipeline *p = r->p;
    int need = path->count > 1 ? find_node(p, path->part[1]) : -1;
    if (path->count < 4)
        dio_report_at(&p->report, &path->place, "%s: write steps.ID.outputs.NAME",
                      dio_path_text(p->arena, path));
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

static void read_path(void *user, const dio_path *path)
{
    struct reader *r = user;
    dio_error e = {0};
    if (!dio_path_get(path, r->scope, &e))
        dio_report_add(&r->p->report, &e);
    else if (strcmp(path->part[0], "steps") == 0)
        read_step(r, path);
}

static void read_needs(dio_pipeline *p, dio_stage *n)
{
    const dio_value *v = n->row.needs;
    const dio_value *one[1] = {v};
    if (!v)
        return;
    bool list = v->kind == DIO_LIST;
    int count = list ? v->list.count : 1;
    const char *ids[256];
    int id_count = 0;
    for (int i = 0; i < p->node_count && id_count < 256; i++)
        ids[id_count++] = p->nodes[i].id;
    for (int i = 0; i < count; i++) {
        const dio_value *item = list ? v->list.items[i] : one[0];
        if (item->kind != DIO_STRING) {
            dio_report_at(&p->report, item, "needs: expected the id of a step, found %s",
                          dio_kind_name(item->kind));
            continue;
        }
        int need = find_node(p, item->string.text);
        const char *near = dio_nearest(item->string.text, ids, id_count);
        if (need >= 0)
            add_need(p, n, need);
        else
            dio_report_at(&p->report, item, "needs: there is no step \"%.60s\"%s%s%s",
                          item->string.text, near ? ": did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
    }
}

/* `steps.spot.outputs.video`, and nothing around it. */
static void read_from(dio_pipeline *p, dio_output *o, const dio_value *scope)
{
    if (!o->from_value)
        return;
    dio_error e = {0};
    const dio_value *from = o->from_value;
    const dio_template *t =
        from->kind == DIO_STRING ? dio_template_parse(p->arena, from, p->source, &e) : NULL;
    const dio_path *path = t ? dio_template_path(t) : NULL;
    if (e.kind != DIO_ERROR_NONE) {
        dio_report_add(&p->report, &e);
    } else if (!path || path->count != 4 || strcmp(path->part[0], "steps") != 0) {
        dio_report_at(&p->report, from, "from: write ${{ steps.ID.outputs.NAME }}");
    } else if (!dio_path_get(path, scope, &e)) {
        dio_report_add(&p->report, &e);
    } else {
        o->node = find_node(p, path->part[1]);
        const dio_step *type = o->node >= 0 ? p->nodes[o->node].type : NULL;
        for (const dio_port *port = type ? type->out : NULL; port && port->name; port++)
            o->port = strcmp(port->name, path->part[3]) == 0 ? port : o->port;
    }
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

void dio_dag_build(dio_pipeline *p)
{
    dio_value *scope = dio_scope_create(p, p->arena);
    for (int i = 0; i < p->node_count; i++) {
        dio_stage *n = &p->nodes[i];
        struct reader r = {p, n, scope};
        dio_map_set(p->arena, scope, "matrix", dio_matrix_pick(n, 0, p->arena));
        n->need_count = 0;
        dio_value_paths(p, n->row.with, read_path, &r, &p->report);
        dio_value_paths(p, n->row.condition, read_path, &r, &p->report);
        read_needs(p, n);
    }
    for (int i = 0; i < p->output_count; i++) {
        dio_output *o = &p->outputs[i];
        struct reader r = {p, NULL, scope};
        read_from(p, o, scope);
        if (o->node < 0)
            continue;
        dio_map_set(p->arena, scope, "matrix", dio_matrix_pick(&p->nodes[o->node], 0, p->arena));
        dio_value_paths(p, o->path_value, read_path, &r, &p->report);
    }
    sort(p);
}
