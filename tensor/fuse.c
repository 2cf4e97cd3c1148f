/* fuse.c: the table of patterns that become one operator.
 *
 * A row names a consumer, which of its operands is looked at, the producer that must stand there
 * (used by nobody else), and how to rewrite the consumer so that the producer dies. Each row is
 * proven equal to its unfused form by tests/tensor/test_fuse.c, which walks this table. */
#include "tensor/fuse.h"

#include <string.h>

#include "tensor/cpu/conv.h"
#include "tensor/ops/attrs.h"
#include "tensor/plan_impl.h"

/* linear + unary activation: the activation goes into the epilogue. */
static bool linear_act(dio_plan *p, dio_node *act, const dio_node *linear)
{
    const dio_linear_attrs *old = linear->attrs;
    const dio_unary_attrs *unary = act->attrs;
    if (old->act != DIO_ACT_NONE || unary->act == DIO_ACT_NONE)
        return false;
    dio_linear_attrs *fresh = dio_arena_alloc(p->arena, sizeof *fresh);
    *fresh = *old;
    fresh->act = unary->act;
    dio_val out = act->out[0];
    *act = *linear;
    act->attrs = fresh;
    act->out[0] = out;
    return true;
}

/* linear without bias + add of a vector [N]: the vector is the bias. */
static bool linear_bias(dio_plan *p, dio_node *add, const dio_node *linear)
{
    const dio_linear_attrs *old = linear->attrs;
    dio_val other = add->in[0] == linear->out[0] ? add->in[1] : add->in[0];
    if (old->act != DIO_ACT_NONE || (linear->n_in > 2 && linear->in[2] != DIO_NONE) || other < 0)
        return false;
    const dio_type *t = &p->values[other].type, *y = &p->values[linear->out[0]].type;
    if (t->nd != 1 || t->dim[0] != y->dim[y->nd - 1] || other == linear->out[0])
        return false;
    dio_val out = add->out[0];
    *add = *linear;
    add->in[2] = other;
    add->n_in = 3;
    add->out[0] = out;
    return true;
}

/* silu(a) * b and its kin: one pass over memory. */
static bool act_mul(dio_plan *p, dio_node *mul, const dio_node *act)
{
    const dio_unary_attrs *unary = act->attrs;
    dio_val other = mul->in[0] == act->out[0] ? mul->in[1] : mul->in[0];
    if (unary->act == DIO_ACT_NONE || other < 0 || other == act->out[0] ||
        !dio_type_equal(&p->values[other].type, &p->values[act->in[0]].type))
        return false;
    dio_glu_attrs *fresh = dio_arena_alloc(p->arena, sizeof *fresh);
    *fresh = (dio_glu_attrs){unary->act};
    *mul = (dio_node){.op = dio_op_find("glu"),
                      .attrs = fresh,
                      .n_in = 2,
                      .n_out = 1,
                      .in = {act->in[0], other},
                      .out = {mul->out[0]}};
    return mul->op != NULL;
}

/* Along a signal, by the kernels that know more than a convolution. */
static bool by_line(const dio_plan *p, const dio_node *conv)
{
    const dio_type *t[3] = {&p->values[conv->in[0]].type, &p->values[conv->in[1]].type,
                            &p->values[conv->out[0]].type};
    dio_view v[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        v[i].dtype = t[i]->dtype;
        v[i].nd = t[i]->nd;
        memcpy(v[i].dim, t[i]->dim, sizeof v[i].dim);
    }
    const bool back = strcmp(conv->op->name, "conv_transpose") == 0;
    const dio_conv_shape s =
        dio_conv_shape_of(&v[back ? 2 : 0], &v[1], &v[back ? 0 : 2], conv->attrs);
    return dio_conv_by_line(&s);
}

/* leaky_relu + convolution: as it copies the signal. */
static bool leaky_line(dio_plan *p, dio_node *conv, const dio_node *leaky)
{
    const dio_line_attrs *old = conv->attrs;
    const dio_unary_attrs *unary = leaky->attrs;
    if (conv->in[0] != leaky->out[0] || old->leaky || !by_line(p, conv))
        return false;
    dio_line_attrs *fresh = dio_arena_alloc(p->arena, sizeof *fresh);
    *fresh = *old;
    fresh->leaky = true;
    fresh->slope = unary->p;
    conv->attrs = fresh;
    conv->in[0] = leaky->in[0];
    return true;
}

/* convolution + add of its like: as it writes its sums. */
static bool line_add(dio_plan *p, dio_node *add, const dio_node *conv)
{
    const dio_val y = conv->out[0], other = add->in[0] == y ? add->in[1] : add->in[0];
    if (other < 0 || other == y || conv->n_in > 3 ||
        !dio_type_equal(&p->values[other].type, &p->values[y].type) || !by_line(p, conv))
        return false;
    const dio_val out = add->out[0];
    *add = *conv;
    if (add->n_in < 3)
        add->in[2] = DIO_NONE;
    add->in[3] = other;
    add->n_in = 4;
    add->out[0] = out;
    return true;
}

const dio_fusion dio_fusions[] = {
    {"linear+bias", "add", "linear", linear_bias},
    {"linear+activation", "silu gelu gelu_tanh gelu_quick relu tanh sigmoid", "linear", linear_act},
    {"activation*gate", "mul", "silu gelu gelu_tanh sigmoid", act_mul},
    {"leaky relu+signal", "conv conv_transpose", "leaky_relu", leaky_line, true},
    {"signal+signal", "add", "conv", line_add, true},
    {0},
};

static bool is_one_of(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static bool try_row(dio_plan *p, const dio_fusion *f, dio_plan_node *n)
{
    if (!is_one_of(f->consumer, n->node.op->name) || (f->only_cpu && !p->device->cpu))
        return false;
    for (int j = 0; j < n->node.n_in && j < 2; j++) {
        dio_val v = n->node.in[j];
        if (v < 0 || p->values[v].source != DIO_FROM_NODE || p->values[v].uses != 1 ||
            p->values[v].producer < 0)
            continue;
        dio_plan_node *from = &p->nodes[p->values[v].producer];
        if (from->live && from->node.out[0] == v && is_one_of(f->producer, from->node.op->name) &&
            f->rewrite(p, &n->node, &from->node)) {
            from->live = false;
            p->report.fused++;
            return true;
        }
    }
    return false;
}

static bool try_rows(dio_plan *p, dio_plan_node *n)
{
    for (const dio_fusion *f = dio_fusions; f->name; f++)
        if (try_row(p, f, n))
            return true;
    return false;
}

void dio_plan_fuse(dio_plan *p)
{
    for (int i = 0; i < p->n_nodes; i++)
        while (p->nodes[i].live && try_rows(p, &p->nodes[i]))
            ; /* what was fused may fuse again */
}
