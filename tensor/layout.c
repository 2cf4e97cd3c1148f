/* layout.c: gives every value a view over a root's memory. Shape operators vanish into strides;
 * where a kernel wants dense operands, a copy goes in before it; operators that may work in place
 * take over the memory of an operand that dies with them. */
#include <limits.h>
#include <string.h>

#include "tensor/plan_impl.h"

extern const dio_op dio_op_copy;

static void set_dense(dio_plan_value *v)
{
    int64_t step = 1;
    v->view = (dio_view){.dtype = v->type.dtype, .nd = v->type.nd};
    for (int i = v->type.nd - 1; i >= 0; i--) {
        v->view.dim[i] = v->type.dim[i];
        v->view.stride[i] = step;
        step *= v->type.dim[i];
    }
    v->offset = 0;
}

/* A dense twin of v, by a copy node appended now (once for each value: dense_of remembers). */
static dio_val dense_copy(dio_plan *p, dio_val v, dio_val *dense_of)
{
    if (dense_of[v] != DIO_NONE)
        return dense_of[v];
    dio_type type = p->values[v].type;
    dio_val fresh = dio_plan_add_value(p, &type, p->n_nodes);
    if (fresh == DIO_NONE)
        return DIO_NONE;
    set_dense(&p->values[fresh]);
    dio_node n = {.op = &dio_op_copy, .n_in = 1, .n_out = 1, .in = {v}, .out = {fresh}};
    if (dio_plan_add_node(p, &n) < 0)
        return DIO_NONE;
    dense_of[v] = fresh;
    return fresh;
}

static bool take_view(dio_plan *p, dio_plan_node *n, dio_val in)
{
    dio_view out = {0};
    int64_t offset = 0;
    const dio_plan_value *from = &p->values[in];
    if (!n->node.op->view(&from->view, n->node.attrs, &out, &offset))
        return false;
    dio_plan_value *to = &p->values[n->node.out[0]];
    out.dtype = to->type.dtype;
    to->view = out;
    to->root = from->root;
    to->offset = from->offset + offset;
    n->virtual_ = true;
    return true;
}

static bool place_view(dio_plan *p, dio_plan_node *n, dio_val *dense_of)
{
    if (take_view(p, n, n->node.in[0]))
        return true;
    n->node.in[0] = dense_copy(p, n->node.in[0], dense_of);
    return n->node.in[0] != DIO_NONE && take_view(p, n, n->node.in[0]);
}

static bool place_node(dio_plan *p, dio_plan_node *n, dio_val *dense_of)
{
    unsigned flags = n->node.op->flags;
    if (flags & DIO_OP_VIEW)
        return place_view(p, n, dense_of);
    for (int j = 0; j < n->node.n_in && !(flags & DIO_OP_STRIDED); j++) {
        dio_val v = n->node.in[j];
        if (v >= 0 && !dio_view_is_dense(&p->values[v].view)) {
            n->node.in[j] = dense_copy(p, v, dense_of);
            if (n->node.in[j] == DIO_NONE)
                return false;
        }
    }
    for (int j = 0; j < n->node.n_out; j++) {
        dio_plan_value *v = &p->values[n->node.out[j]];
        set_dense(v);
        if (flags & DIO_OP_WRITES) {
            v->root = p->values[n->node.in[j]].root;
            v->offset = p->values[n->node.in[j]].offset;
        }
    }
    return true;
}

/* Outputs and taps must be dense: whoever reads them knows no strides. */
static bool place_kept(dio_plan *p, dio_val *v, dio_val *dense_of)
{
    if (dio_view_is_dense(&p->values[*v].view))
        return true;
    *v = dense_copy(p, *v, dense_of);
    if (*v != DIO_NONE)
        p->values[*v].kept = true;
    return *v != DIO_NONE;
}

static void find_lives(dio_plan *p)
{
    for (int i = 0; i < p->n_values; i++) {
        p->values[i].first = INT_MAX;
        p->values[i].last = -1;
    }
    for (int i = 0; i < p->n_nodes; i++) {
        dio_node *n = &p->nodes[i].node;
        for (int j = 0; j < n->n_out; j++) {
            dio_plan_value *root = &p->values[p->values[n->out[j]].root];
            root->first = i < root->first ? i : root->first;
            root->last = i > root->last ? i : root->last;
        }
        for (int j = 0; j < n->n_in; j++)
            if (n->in[j] >= 0)
                p->values[p->values[n->in[j]].root].last = i;
    }
    for (int i = 0; i < p->n_values; i++)
        if (p->values[i].kept)
            p->values[p->values[i].root].last = INT_MAX;
}

/* True when node i may write its first output over its first input. */
static bool may_reuse(const dio_plan *p, int i)
{
    const dio_plan_node *n = &p->nodes[i];
    if (n->virtual_ || !(n->node.op->flags & DIO_OP_INPLACE) || n->node.in[0] < 0)
        return false;
    const dio_plan_value *in = &p->values[n->node.in[0]], *out = &p->values[n->node.out[0]];
    const dio_plan_value *root = &p->values[in->root];
    if (root->source != DIO_FROM_NODE || root->last != i || !dio_view_is_dense(&in->view))
        return false;
    if (out->root != n->node.out[0] || dio_type_bytes(&in->type) != dio_type_bytes(&out->type))
        return false;
    for (int j = 1; j < n->node.n_in; j++)
        if (n->node.in[j] >= 0 && p->values[n->node.in[j]].root == in->root)
            return false;
    return true;
}

static void share_in_place(dio_plan *p)
{
    for (int i = 0; i < p->n_nodes; i++) {
        if (!may_reuse(p, i))
            continue;
        const dio_plan_value *in = &p->values[p->nodes[i].node.in[0]];
        dio_val old = p->nodes[i].node.out[0];
        int root = in->root;
        int64_t offset = in->offset;
        /* Everything that lies over the output now lies over the input's root. */
        for (int v = 0; v < p->n_values; v++)
            if (p->values[v].root == old) {
                p->values[v].root = root;
                p->values[v].offset += offset;
            }
        p->values[root].last = p->values[old].last;
    }
}

bool dio_plan_layout(dio_plan *p, dio_error *err)
{
    dio_plan_node *old = p->nodes;
    int n_old = p->n_nodes, room = 2 * p->n_values + 2 * n_old + 16;
    p->nodes = NULL;
    p->n_nodes = p->cap_nodes = 0;
    dio_val *dense_of = dio_arena_try(p->arena, (size_t)room * sizeof *dense_of);
    if (!dense_of)
        return dio_fail_memory(err, "a plan's layout");
    for (int i = 0; i < room; i++)
        dense_of[i] = DIO_NONE;
    for (int i = 0; i < p->n_values; i++)
        set_dense(&p->values[i]);
    bool ok = true;
    for (int i = 0; ok && i < n_old; i++) {
        if (!old[i].live)
            continue;
        ok = place_node(p, &old[i], dense_of);
        int at = ok ? dio_plan_add_node(p, &old[i].node) : -1;
        ok = at >= 0;
        if (ok)
            p->nodes[at].virtual_ = old[i].virtual_;
    }
    for (int i = 0; ok && i < p->n_outputs; i++)
        ok = place_kept(p, &p->outputs[i], dense_of);
    for (int i = 0; ok && i < p->n_taps; i++)
        ok = place_kept(p, &p->taps[i].value, dense_of);
    if (!ok)
        return dio_fail_memory(err, "a plan's layout");
    find_lives(p);
    share_in_place(p);
    return true;
}

void dio_plan_fill_call(const dio_plan *p, const dio_node *n, dio_call *c)
{
    *c = (dio_call){
        .op = n->op, .attrs = n->attrs, .n_in = n->n_in, .n_out = n->n_out, .cpu = p->device->cpu};
    for (int j = 0; j < n->n_in; j++) {
        if (n->in[j] >= 0)
            c->in[j] = p->values[n->in[j]].view;
        else
            c->in[j].nd = -1;
    }
    for (int j = 0; j < n->n_out; j++)
        c->out[j] = p->values[n->out[j]].view;
}
