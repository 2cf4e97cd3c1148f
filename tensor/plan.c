/* plan.c: from a graph to a plan, pass by pass; see plan_impl.h for the passes. */
#include "tensor/plan_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/gang.h"

extern const dio_op dio_op_copy;

/* Constants above this are computed at run time: folding must not blow memory up. */
enum { FOLD_LIMIT = 16 << 20 };

dio_val dio_plan_add_value(dio_plan *p, const dio_type *type, int producer)
{
    if (!dio_arena_grow(p->arena, &p->values, p->n_values, &p->cap_values, sizeof *p->values))
        return DIO_NONE;
    p->values[p->n_values] = (dio_plan_value){.type = *type,
                                              .source = DIO_FROM_NODE,
                                              .producer = producer,
                                              .root = p->n_values,
                                              .place = -1};
    return p->n_values++;
}

int dio_plan_add_node(dio_plan *p, const dio_node *n)
{
    if (!dio_arena_grow(p->arena, &p->nodes, p->n_nodes, &p->cap_nodes, sizeof *p->nodes))
        return -1;
    p->nodes[p->n_nodes] = (dio_plan_node){.node = *n, .live = true};
    return p->n_nodes++;
}

static bool copy_values(dio_plan *p, const dio_graph *g, dio_error *err)
{
    for (int i = 0; i < g->n_values; i++) {
        const dio_graph_value *from = &g->values[i];
        dio_val v = dio_plan_add_value(p, &from->type, from->node);
        if (v == DIO_NONE)
            return dio_fail_memory(err, "a plan");
        dio_plan_value *to = &p->values[v];
        to->source = from->source;
        to->name = from->name ? dio_arena_strdup(p->arena, from->name) : NULL;
        to->tensor = from->tensor ? dio_tensor_ref(from->tensor) : NULL;
        if (from->source == DIO_FROM_CONST) {
            size_t bytes = dio_type_bytes(&from->type);
            void *data = dio_arena_try(p->arena, bytes ? bytes : 1);
            if (!data)
                return dio_fail_memory(err, "a plan's constants");
            to->data = memcpy(data, from->data, bytes);
        }
    }
    return true;
}

static bool copy_nodes(dio_plan *p, const dio_graph *g, dio_error *err)
{
    for (int i = 0; i < g->n_nodes; i++) {
        dio_node n = g->nodes[i];
        if (n.op->attrs_size)
            n.attrs =
                memcpy(dio_arena_alloc(p->arena, n.op->attrs_size), n.attrs, n.op->attrs_size);
        if (dio_plan_add_node(p, &n) < 0)
            return dio_fail_memory(err, "a plan");
    }
    return true;
}

static bool copy_outputs(dio_plan *p, const dio_graph *g, const dio_val *outputs, int n,
                         bool keep_taps, dio_error *err)
{
    p->outputs = dio_arena_try(p->arena, ((size_t)n + 1) * sizeof *p->outputs);
    if (!p->outputs)
        return dio_fail_memory(err, "a plan's outputs");
    p->n_outputs = n;
    for (int i = 0; i < n; i++) {
        if (outputs[i] < 0 || outputs[i] >= g->n_values)
            return dio_fail(err, "plan: output %d does not exist", i);
        p->outputs[i] = outputs[i];
        p->values[outputs[i]].kept = true;
    }
    if (!keep_taps)
        return true;
    p->n_taps = g->n_taps;
    p->taps = dio_arena_try(p->arena, (size_t)(g->n_taps + 1) * sizeof *p->taps);
    if (!p->taps)
        return dio_fail_memory(err, "a plan's taps");
    for (int i = 0; i < g->n_taps; i++) {
        p->taps[i] = (dio_graph_tap){dio_arena_strdup(p->arena, g->taps[i].name), g->taps[i].value};
        p->values[g->taps[i].value].kept = true;
    }
    return true;
}

void dio_plan_mark_live(dio_plan *p)
{
    for (int i = 0; i < p->n_values; i++)
        p->values[i].uses = p->values[i].kept;
    for (int i = p->n_nodes - 1; i >= 0; i--) {
        dio_plan_node *n = &p->nodes[i];
        n->live = false;
        for (int j = 0; j < n->node.n_out; j++)
            n->live |= p->values[n->node.out[j]].uses > 0;
        for (int j = 0; n->live && j < n->node.n_in; j++)
            if (n->node.in[j] >= 0)
                p->values[n->node.in[j]].uses++;
    }
}

static void dense_view(const dio_type *t, dio_view *v)
{
    *v = (dio_view){.dtype = t->dtype, .nd = t->nd};
    int64_t step = 1;
    for (int i = t->nd - 1; i >= 0; i--) {
        v->dim[i] = t->dim[i];
        v->stride[i] = step;
        step *= t->dim[i];
    }
}

static bool can_fold(const dio_plan *p, const dio_plan_node *n)
{
    size_t bytes = 0;
    if (!n->live || !n->node.op->reference || n->node.op->flags & DIO_OP_WRITES)
        return false;
    for (int j = 0; j < n->node.n_in; j++)
        if (n->node.in[j] >= 0 && p->values[n->node.in[j]].source != DIO_FROM_CONST)
            return false;
    for (int j = 0; j < n->node.n_out; j++)
        bytes += dio_type_bytes(&p->values[n->node.out[j]].type);
    return bytes <= FOLD_LIMIT;
}

bool dio_plan_fold(dio_plan *p, dio_error *err)
{
    for (int i = 0; i < p->n_nodes; i++) {
        dio_plan_node *n = &p->nodes[i];
        if (!can_fold(p, n))
            continue;
        dio_call c = {
            .op = n->node.op, .attrs = n->node.attrs, .n_in = n->node.n_in, .n_out = n->node.n_out};
        for (int j = 0; j < c.n_in; j++)
            if (n->node.in[j] >= 0) {
                const dio_plan_value *v = &p->values[n->node.in[j]];
                dense_view(&v->type, &c.in[j]);
                c.in[j].data = (void *)(uintptr_t)v->data; /* read only */
            }
        for (int j = 0; j < c.n_out; j++) {
            dio_plan_value *v = &p->values[n->node.out[j]];
            size_t bytes = dio_type_bytes(&v->type);
            dense_view(&v->type, &c.out[j]);
            c.out[j].data = dio_arena_try(p->arena, bytes ? bytes : 1);
            if (!c.out[j].data)
                return dio_fail_memory(err, "a plan's constants");
            v->source = DIO_FROM_CONST;
            v->producer = -1;
            v->data = c.out[j].data;
        }
        c.op->reference(&c);
        n->live = false;
    }
    dio_plan_mark_live(p);
    return true;
}

/* Device operators that this device lacks are found here, not in the middle of a run. */
static bool check_support(dio_plan *p, dio_error *err)
{
    for (int i = 0; i < p->n_nodes; i++) {
        const dio_op *op = p->nodes[i].node.op;
        if (p->nodes[i].live && !(op->flags & DIO_OP_VIEW) && !p->device->supports(p->device, op))
            return dio_fail(err, "device %s has no kernel for operator %s", p->device->kind,
                            op->name);
    }
    return true;
}

static bool make(dio_plan *p, dio_graph *g, const dio_val *outputs, int n, bool keep_taps,
                 dio_error *err)
{
    if (!copy_values(p, g, err) || !copy_nodes(p, g, err) ||
        !copy_outputs(p, g, outputs, n, keep_taps, err))
        return false;
    dio_plan_mark_live(p);
    if (!dio_plan_fold(p, err))
        return false;
    if (!p->options.no_fusion)
        dio_plan_fuse(p);
    if (dio_arena_failed(p->arena)) /* attributes may lie over each other: nothing may read them */
        return dio_fail_memory(err, "a plan");
    dio_plan_mark_live(p);
    return check_support(p, err) && dio_plan_layout(p, err) && dio_plan_place(p, err) &&
           dio_plan_bind(p, err);
}

dio_plan *dio_plan_create(dio_graph *g, const dio_val *outputs, int n_outputs, bool keep_taps,
                          dio_device *device, const dio_plan_options *options, dio_error *err)
{
    if (!dio_graph_ready(g, err))
        return NULL;
    dio_arena *a = dio_arena_create();
    if (!a) {
        dio_fail_memory(err, "a plan");
        return NULL;
    }
    dio_plan *p = dio_arena_alloc(a, sizeof *p);
    p->arena = a;
    p->device = device;
    p->threads = dio_gang_size();
    if (options)
        p->options = *options;
    if (make(p, g, outputs, n_outputs, keep_taps, err))
        return p;
    dio_plan_destroy(p);
    return NULL;
}

void dio_plan_destroy(dio_plan *p)
{
    if (!p)
        return;
    dio_device *d = p->device;
    dio_plan_forget(p);
    for (int i = 0; i < p->n_residents; i++)
        dio_resident_unref(d, p->residents[i]);
    for (int i = 0; i < p->n_owned; i++)
        d->release(d, p->owned[i]);
    if (!p->options.lent)
        d->release(d, p->workspace);
    for (int i = 0; i < p->n_values; i++)
        dio_tensor_unref(p->values[i].tensor);
    free(p->out_copy);
    dio_arena_destroy(p->arena);
}
