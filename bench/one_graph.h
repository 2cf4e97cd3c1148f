#pragma once
/* one_graph.h: figures that run one small graph over inputs of uniform numbers. */
#include "bench/bench.h"
#include "tensor/graph.h"
#include "tensor/tensor.h"

typedef struct dio_one_graph {
    dio_val (*build)(dio_graph *g, const void *user, dio_error *err);
    const void *user;
    bool train;    /* weights change between runs: not packed */
    bool fast;     /* with DIORAMA_MATH=fast */
    int32_t start; /* what i32 inputs are filled with */
    double work;   /* operations or bytes of one run */
} dio_one_graph;

/* 1e9 operations or bytes a second. Inputs and states may be called a, b, c, d, start, keys,
 * values. */
bool dio_one_graph_run(dio_bench_run *r, const dio_one_graph *g, double *value, double *reached,
                       dio_error *err);

/* A weight of uniform numbers, stored as `dtype`. */
dio_val dio_one_graph_weight(dio_graph *g, dio_type type, dio_dtype dtype, dio_error *err);
