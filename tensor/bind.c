/* bind.c: gives a plan its addresses: leaves, views, packed weights, scratch; and others, when the
 * memory that it was lent moves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/plan_impl.h"

static bool own(dio_plan *p, void *memory, dio_error *err)
{
    if (!memory)
        return false;
    if (!dio_arena_grow(p->arena, &p->owned, p->n_owned, &p->cap_owned, sizeof *p->owned)) {
        p->device->release(p->device, memory);
        return dio_fail_memory(err, "a plan");
    }
    p->owned[p->n_owned++] = memory;
    return true;
}

static dio_resident *hold(dio_plan *p, dio_tensor *t, const dio_call *c, int i, bool pack,
                          dio_error *err)
{
    dio_resident *r = dio_resident_get(p->device, t, c, i, pack, err);
    if (!r)
        return NULL;
    if (!dio_arena_grow(p->arena, &p->residents, p->n_residents, &p->cap_residents,
                        sizeof *p->residents)) {
        dio_resident_unref(p->device, r);
        dio_fail_memory(err, "a plan");
        return NULL;
    }
    return p->residents[p->n_residents++] = r;
}

/* Where a root that no node makes lives. */
static bool bind_leaf(dio_plan *p, dio_plan_value *v, dio_error *err)
{
    dio_device *d = p->device;
    size_t bytes = dio_type_bytes(&v->type);
    switch (v->source) {
    case DIO_FROM_INPUT:
        if (p->options.lent)
            break;
        /* fall through */
    case DIO_FROM_STATE:
        v->memory = d->alloc(d, bytes ? bytes : 1, err);
        return own(p, v->memory, err);
    case DIO_FROM_CONST:
        if (d->host_memory) {
            v->memory = (void *)(uintptr_t)v->data; /* read only */
            return true;
        }
        v->memory = d->alloc(d, bytes ? bytes : 1, err);
        return own(p, v->memory, err) && d->upload(d, v->memory, v->data, bytes, err);
    case DIO_FROM_PARAM:
        if (d->host_memory) {
            v->memory = dio_tensor_data(v->tensor);
            return true;
        } else {
            dio_resident *r = hold(p, v->tensor, NULL, 0, false, err);
            v->memory = r ? r->memory : NULL;
            return r != NULL;
        }
    case DIO_FROM_NODE:
        break;
    }
    v->memory = v->place >= 0 ? (unsigned char *)p->workspace + v->place : NULL;
    return true;
}

void dio_plan_address(const dio_plan *p, dio_val v, dio_view *out)
{
    const dio_plan_value *value = &p->values[v];
    const dio_plan_value *root = &p->values[value->root];
    *out = value->view;
    out->data = NULL;
    if (root->memory)
        out->data = (unsigned char *)root->memory +
                    (size_t)value->offset * dio_dtype_size(value->type.dtype);
}

void dio_plan_bind_views(dio_plan *p)
{
    dio_plan_forget(p);
    for (int i = 0; i < p->n_nodes; i++) {
        dio_plan_node *n = &p->nodes[i];
        for (int j = 0; j < n->node.n_in; j++)
            if (n->node.in[j] >= 0)
                dio_plan_address(p, n->node.in[j], &n->call.in[j]);
        for (int j = 0; j < n->node.n_out; j++)
            dio_plan_address(p, n->node.out[j], &n->call.out[j]);
    }
}

static bool bind_packed(dio_plan *p, dio_plan_node *n, dio_error *err)
{
    const dio_op *op = n->node.op;
    if (!op->pack_bytes || p->options.train || p->options.reference || !p->device->host_memory)
        return true;
    for (int j = 0; j < n->node.n_in; j++) {
        dio_val v = n->node.in[j];
        if (v < 0 || p->values[v].source != DIO_FROM_PARAM || !op->pack_bytes(&n->call, j))
            continue;
        dio_resident *r = hold(p, p->values[v].tensor, &n->call, j, true, err);
        if (!r)
            return false;
        n->call.packed[j] = r->memory;
        p->report.packed += r->bytes;
    }
    return true;
}

struct packing {
    size_t bytes;
    int node;
};

static int largest_first(const void *x, const void *y)
{
    const struct packing *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return (a->node > b->node) - (a->node < b->node);
}

/* While a weight is packed it is there twice. The largest goes first, when little else is there
 * yet: the peak is then what stays, not what stays and once more the largest (an output layer). */
static bool bind_all_packed(dio_plan *p, dio_error *err)
{
    struct packing *order = dio_arena_try(p->arena, ((size_t)p->n_nodes + 1) * sizeof *order);
    if (!order)
        return dio_fail_memory(err, "a plan");
    for (int i = 0; i < p->n_nodes; i++) {
        const dio_node *n = &p->nodes[i].node;
        order[i] = (struct packing){0, i};
        for (int j = 0; j < n->n_in; j++)
            if (n->in[j] >= 0 && p->values[n->in[j]].source == DIO_FROM_PARAM)
                order[i].bytes += dio_type_bytes(&p->values[n->in[j]].type);
    }
    qsort(order, (size_t)p->n_nodes, sizeof *order, largest_first);
    for (int i = 0; i < p->n_nodes; i++) {
        dio_plan_node *n = &p->nodes[order[i].node];
        if (!n->virtual_ && !bind_packed(p, n, err))
            return false;
    }
    return true;
}

static bool is_packed(const dio_plan *p, const dio_tensor *t)
{
    for (int i = 0; i < p->n_residents; i++)
        if (p->residents[i]->op && p->residents[i]->tensor == t)
            return true;
    return false;
}

/* A weight that is packed for one node and read in place by another, as an output layer's is by the
 * embedding: a few rows a run, but the kernel maps their neighbours too, and all of it in the end.
 */
static bool note_reread(dio_plan *p, dio_error *err)
{
    for (int i = 0; i < p->n_nodes; i++) {
        const dio_plan_node *n = &p->nodes[i];
        for (int j = 0; j < n->node.n_in; j++) {
            const dio_val v = n->node.in[j];
            if (v < 0 || p->values[v].source != DIO_FROM_PARAM || n->call.packed[j] ||
                !is_packed(p, p->values[v].tensor))
                continue;
            if (!dio_arena_grow(p->arena, &p->reread, p->n_reread, &p->cap_reread,
                                sizeof *p->reread))
                return dio_fail_memory(err, "a plan");
            p->reread[p->n_reread++] = p->values[v].tensor->buffer;
        }
    }
    return true;
}

static bool bind_outputs(dio_plan *p, dio_error *err)
{
    size_t bytes = 0;
    if (p->device->host_memory)
        return true;
    for (int i = 0; i < p->n_outputs; i++)
        bytes += dio_type_bytes(&p->values[p->outputs[i]].type);
    for (int i = 0; i < p->n_taps; i++)
        bytes += dio_type_bytes(&p->values[p->taps[i].value].type);
    p->out_copy = malloc(bytes ? bytes : 1);
    return p->out_copy ? true : dio_fail_memory(err, "a plan's outputs");
}

static bool bind_all(dio_plan *p, dio_error *err)
{
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].root == i && !bind_leaf(p, &p->values[i], err))
            return false;
    p->bound = true;
    for (int i = 0; i < p->n_nodes; i++) {
        dio_plan_node *n = &p->nodes[i];
        intptr_t scratch = (intptr_t)n->call.work;
        dio_plan_fill_call(p, &n->node, &n->call);
        if (scratch) {
            n->call.work = (unsigned char *)p->workspace + (scratch - 1);
        }
    }
    dio_plan_bind_views(p);
    return bind_all_packed(p, err) && note_reread(p, err) && bind_outputs(p, err);
}

bool dio_plan_bind(dio_plan *p, dio_error *err)
{
    if (p->options.lent)
        return true;
    p->workspace = p->device->alloc(p->device, p->report.workspace + 64, err);
    return p->workspace && bind_all(p, err);
}

/* Moves what lies in the workspace to another address. */
static void rebase(dio_plan *p, unsigned char *memory)
{
    for (int i = 0; i < p->n_values; i++) {
        dio_plan_value *v = &p->values[i];
        bool inside = v->source == DIO_FROM_NODE || v->source == DIO_FROM_INPUT;
        if (v->root == i && inside && v->place >= 0)
            v->memory = memory + v->place;
    }
    for (int i = 0; i < p->n_nodes; i++) {
        dio_call *c = &p->nodes[i].call;
        if (c->work)
            c->work = memory + ((unsigned char *)c->work - (unsigned char *)p->workspace);
    }
    p->workspace = memory;
    dio_plan_bind_views(p);
}

bool dio_plan_lend(dio_plan *p, void *memory, dio_error *err)
{
    if (!p->options.lent)
        return dio_fail(err, "the plan has memory of its own");
    if (p->bound) {
        if (memory != p->workspace)
            rebase(p, memory);
        return true;
    }
    p->workspace = memory;
    return bind_all(p, err);
}
