/* graph.c: the append-only list of values and nodes. */
#include "tensor/graph_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

dio_graph *dio_graph_create(void)
{
    dio_arena *a = dio_arena_create();
    if (!a)
        return NULL;
    dio_graph *g = dio_arena_alloc(a, sizeof *g);
    g->arena = a;
    return g;
}

void dio_graph_destroy(dio_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->n_values; i++)
        dio_tensor_unref(g->values[i].tensor);
    dio_arena_destroy(g->arena);
}

static dio_val add_value(dio_graph *g, const dio_graph_value *v)
{
    if (!dio_arena_grow(g->arena, &g->values, g->n_values, &g->cap_values, sizeof *g->values)) {
        dio_fail_memory(&g->error, "the graph");
        return DIO_NONE;
    }
    g->values[g->n_values] = *v;
    return g->n_values++;
}

static dio_val add_leaf(dio_graph *g, dio_source source, const char *name, dio_type type)
{
    if (!dio_graph_ok(g) || !dio_type_check(&type, &g->error))
        return DIO_NONE;
    for (int i = 0; name && i < g->n_values; i++)
        if (g->values[i].name && strcmp(g->values[i].name, name) == 0)
            return dio_graph_fail(g, "two inputs or states are named \"%s\"", name);
    dio_graph_value v = {.type = type, .source = source, .node = -1};
    v.name = name ? dio_arena_strdup(g->arena, name) : NULL;
    return add_value(g, &v);
}

dio_val dio_input(dio_graph *g, const char *name, dio_type type)
{
    return add_leaf(g, DIO_FROM_INPUT, name, type);
}

dio_val dio_state(dio_graph *g, const char *name, dio_type type)
{
    return add_leaf(g, DIO_FROM_STATE, name, type);
}

dio_val dio_param(dio_graph *g, dio_tensor *t)
{
    if (!dio_graph_ok(g))
        return DIO_NONE;
    if (!t)
        return dio_graph_fail(g, "a weight of the model was not loaded");
    for (int i = 0; i < g->n_values; i++)
        if (g->values[i].tensor == t)
            return i;
    dio_val v = add_leaf(g, DIO_FROM_PARAM, NULL, t->type);
    if (v != DIO_NONE)
        g->values[v].tensor = dio_tensor_ref(t);
    return v;
}

dio_val dio_const(dio_graph *g, dio_type type, const void *data)
{
    dio_val v = add_leaf(g, DIO_FROM_CONST, NULL, type);
    if (v == DIO_NONE)
        return v;
    size_t bytes = dio_type_bytes(&type);
    void *copy = dio_arena_try(g->arena, bytes ? bytes : 1);
    if (!copy) {
        dio_fail_memory(&g->error, "a constant");
        return DIO_NONE;
    }
    g->values[v].data = memcpy(copy, data, bytes);
    return v;
}

dio_val dio_scalar(dio_graph *g, float f)
{
    return dio_const(g, (dio_type){DIO_F32, 0, {0}}, &f);
}

dio_val dio_tap(dio_graph *g, dio_val v, const char *format, ...)
{
    if (!dio_graph_ok(g) || v == DIO_NONE)
        return v;
    if (!dio_arena_grow(g->arena, &g->taps, g->n_taps, &g->cap_taps, sizeof *g->taps)) {
        dio_fail_memory(&g->error, "the graph's taps");
        return DIO_NONE;
    }
    va_list args;
    va_start(args, format);
    g->taps[g->n_taps++] = (dio_graph_tap){dio_arena_vprintf(g->arena, format, args), v};
    va_end(args);
    return v;
}

int dio_tap_count(const dio_graph *g)
{
    return g->n_taps;
}

dio_val dio_tap_at(const dio_graph *g, int i, const char **name)
{
    *name = g->taps[i].name;
    return g->taps[i].value;
}

dio_type dio_type_of(const dio_graph *g, dio_val v)
{
    return v >= 0 && v < g->n_values ? g->values[v].type : (dio_type){DIO_F32, 0, {0}};
}

int64_t dio_dim(const dio_graph *g, dio_val v, int axis)
{
    dio_type t = dio_type_of(g, v);
    if (axis < 0)
        axis += t.nd;
    return axis >= 0 && axis < t.nd ? t.dim[axis] : 1;
}

dio_val dio_graph_fail(dio_graph *g, const char *format, ...)
{
    char text[DIO_ERROR_MESSAGE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dio_fail(&g->error, "%s", text);
    return DIO_NONE;
}

bool dio_graph_ok(const dio_graph *g)
{
    return g->error.kind == DIO_ERROR_NONE && !dio_arena_failed(g->arena);
}

bool dio_graph_ready(const dio_graph *g, dio_error *err)
{
    if (dio_arena_failed(g->arena))
        return dio_fail_memory(err, "the graph");
    if (g->error.kind != DIO_ERROR_NONE)
        *err = g->error;
    return g->error.kind == DIO_ERROR_NONE;
}

/* Types of the inputs for inference; false when one is missing that must be there. */
static bool gather_types(dio_graph *g, const dio_op *op, const dio_val *in, int n_in,
                         dio_type *types)
{
    for (int i = 0; i < DIO_MAX_IN; i++) {
        types[i] = (dio_type){DIO_F32, -1, {0}};
        if (i < n_in && in[i] >= 0)
            types[i] = g->values[in[i]].type;
        else if (i < op->n_in_min && i < n_in)
            return dio_fail(&g->error, "%s: operand %d is missing", op->name, i);
    }
    if (n_in < op->n_in_min || n_in > op->n_in_max)
        return dio_fail(&g->error, "%s: takes %d to %d operands, not %d", op->name, op->n_in_min,
                        op->n_in_max, n_in);
    return true;
}

static bool add_node(dio_graph *g, const dio_op *op, const void *attrs, const dio_val *in, int n_in,
                     const dio_type *types, dio_val *out)
{
    if (!dio_arena_grow(g->arena, &g->nodes, g->n_nodes, &g->cap_nodes, sizeof *g->nodes))
        return dio_fail_memory(&g->error, "the graph");
    dio_node *n = &g->nodes[g->n_nodes];
    *n = (dio_node){.op = op, .n_in = n_in, .n_out = op->n_out};
    if (op->attrs_size) {
        void *copy = dio_arena_alloc(g->arena, op->attrs_size);
        n->attrs = memcpy(copy, attrs, op->attrs_size);
    }
    memcpy(n->in, in, (size_t)n_in * sizeof *in);
    for (int i = 0; i < op->n_out; i++) {
        dio_graph_value v = {
            .type = types[i], .source = DIO_FROM_NODE, .node = g->n_nodes, .slot = i};
        out[i] = n->out[i] = add_value(g, &v);
    }
    g->n_nodes++;
    return true;
}

void dio_emit(dio_graph *g, const dio_op *op, const void *attrs, const dio_val *in, int n_in,
              dio_val *out)
{
    dio_type types[DIO_MAX_IN], made[DIO_MAX_OUT] = {0};
    for (int i = 0; i < op->n_out; i++)
        out[i] = DIO_NONE;
    if (!dio_graph_ok(g) || !gather_types(g, op, in, n_in, types))
        return;
    dio_error err = {0};
    bool ok = op->infer(types, n_in, attrs, made, &err);
    for (int i = 0; ok && i < op->n_out; i++)
        ok = dio_type_check(&made[i], &err);
    if (!ok) {
        dio_error_prefix(&err, "%s", op->name);
        g->error = err;
        return;
    }
    add_node(g, op, attrs, in, n_in, made, out);
}

dio_val dio_emit1(dio_graph *g, const dio_op *op, const void *attrs, const dio_val *in, int n_in)
{
    dio_val out[DIO_MAX_OUT];
    dio_emit(g, op, attrs, in, n_in, out);
    return out[0];
}

char *dio_graph_dump(const dio_graph *g)
{
    dio_str s = {0};
    char text[DIO_TYPE_TEXT];
    for (int i = 0; i < g->n_nodes; i++) {
        const dio_node *n = &g->nodes[i];
        dio_str_printf(&s, "%%%d = %s(", n->out[0], n->op->name);
        for (int j = 0; j < n->n_in; j++)
            dio_str_printf(&s, n->in[j] == DIO_NONE ? "%s-" : "%s%%%d", j ? ", " : "", n->in[j]);
        dio_str_printf(&s, ") %s\n", dio_type_text(&g->values[n->out[0]].type, text));
    }
    return s.text;
}
