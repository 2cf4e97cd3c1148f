#pragma once
/* graph_impl.h: the graph's inside, for graph.c, autograd.c and the plan. */
#include "base/arena.h"
#include "tensor/graph.h"
#include "tensor/op.h"

typedef enum dio_source {
    DIO_FROM_NODE,
    DIO_FROM_INPUT,
    DIO_FROM_STATE,
    DIO_FROM_PARAM,
    DIO_FROM_CONST,
} dio_source;

typedef struct dio_graph_value {
    dio_type type;
    dio_source source;
    int node, slot;     /* FROM_NODE: who makes it, as which output */
    const char *name;   /* inputs, states */
    dio_tensor *tensor; /* params */
    const void *data;   /* constants */
} dio_graph_value;

typedef struct dio_graph_tap {
    const char *name;
    dio_val value;
} dio_graph_tap;

struct dio_graph {
    dio_arena *arena;
    dio_graph_value *values;
    int n_values, cap_values;
    dio_node *nodes;
    int n_nodes, cap_nodes;
    dio_graph_tap *taps;
    int n_taps, cap_taps;
    dio_error error;
};

/* grads[v] summed so far plus more; used by autograd. Sums `v` over broadcast dims to `type`. */
dio_val dio_sum_to(dio_graph *g, dio_val v, const dio_type *type);
