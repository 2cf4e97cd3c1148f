/* autograd.c: reverse mode over the same list: walk the nodes backwards, let each say what its
 * inputs' gradients are, append that. Gradients of a value used twice are summed in the order of
 * the walk, which is fixed, so training repeats bit for bit. */
#include <stdlib.h>
#include <string.h>

#include "tensor/graph_impl.h"
#include "tensor/ops.h"

dio_val dio_sum_to(dio_graph *g, dio_val v, const dio_type *type)
{
    dio_type have = dio_type_of(g, v);
    unsigned axes = 0;
    int lead = have.nd - type->nd;
    for (int i = 0; i < have.nd; i++)
        if (i < lead || (have.dim[i] != 1 && type->dim[i - lead] == 1))
            axes |= 1u << i;
    if (axes)
        v = dio_sum(g, v, axes, true);
    return lead || axes ? dio_reshape(g, v, type->nd, type->dim) : v;
}

/* Which values depend on one of `wrt`: only those need a gradient. */
static bool *mark_dependent(dio_graph *g, const dio_val *wrt, int n)
{
    bool *dep = dio_arena_try(g->arena, (size_t)g->n_values * sizeof *dep);
    if (!dep)
        return NULL;
    for (int i = 0; i < n; i++)
        if (wrt[i] >= 0)
            dep[wrt[i]] = true;
    for (int i = 0; i < g->n_nodes; i++) {
        const dio_node *node = &g->nodes[i];
        bool any = false;
        for (int j = 0; j < node->n_in; j++)
            any |= node->in[j] >= 0 && dep[node->in[j]];
        for (int j = 0; j < node->n_out; j++)
            dep[node->out[j]] |= any;
    }
    return dep;
}

static void node_backward(dio_graph *g, int index, const bool *dep, int known, dio_val *grad)
{
    const dio_node node = g->nodes[index]; /* a copy: appending may move the array */
    dio_val gout[DIO_MAX_OUT], gin[DIO_MAX_IN];
    bool any = false;
    for (int j = 0; j < node.n_out; j++) {
        gout[j] = grad[node.out[j]];
        any |= gout[j] != DIO_NONE && dep[node.out[j]];
    }
    if (!any)
        return;
    for (int j = 0; j < DIO_MAX_IN; j++)
        gin[j] = DIO_NONE;
    if (!node.op->grad) {
        if (!(node.op->flags & DIO_OP_FLAT))
            dio_graph_fail(g, "%s: has no gradient", node.op->name);
        return;
    }
    node.op->grad(g, &node, gout, gin);
    for (int j = 0; j < node.n_in; j++) {
        dio_val v = node.in[j];
        if (v < 0 || v >= known || !dep[v] || gin[j] == DIO_NONE)
            continue;
        if (gin[j] == DIO_NO_GRADIENT) {
            dio_graph_fail(g, "%s: has no gradient with respect to operand %d", node.op->name, j);
            return;
        }
        grad[v] = grad[v] == DIO_NONE ? gin[j] : dio_add(g, grad[v], gin[j]);
    }
}

void dio_backward(dio_graph *g, dio_val loss, const dio_val *wrt, int n, dio_val *grads)
{
    for (int i = 0; i < n; i++)
        grads[i] = DIO_NONE;
    if (!dio_graph_ok(g) || loss == DIO_NONE)
        return;
    dio_type t = dio_type_of(g, loss);
    if (t.dtype != DIO_F32 || dio_type_count(&t) != 1) {
        dio_graph_fail(g, "a loss must be one f32 number");
        return;
    }
    int known = g->n_values, nodes = g->n_nodes;
    bool *dep = mark_dependent(g, wrt, n);
    dio_val *grad = dio_arena_try(g->arena, (size_t)known * sizeof *grad);
    if (!dep || !grad) {
        dio_fail_memory(&g->error, "gradients");
        return;
    }
    for (int i = 0; i < known; i++)
        grad[i] = DIO_NONE;
    float one = 1;
    grad[loss] = dio_const(g, t, &one);
    for (int i = nodes - 1; i >= 0 && dio_graph_ok(g); i--)
        node_backward(g, i, dep, known, grad);
    for (int i = 0; i < n; i++)
        grads[i] = wrt[i] >= 0 ? grad[wrt[i]] : DIO_NONE;
}
