#pragma once
/* graph.h: what is to be computed, as an append-only list.
 *
 * A graph holds values and the nodes that make them. A value is an index, appended after
 * everything it depends on, so the list is its own topological order. Everything that changes
 * from run to run (ids, positions, lengths, noise, seeds) is an input, never topology: a plan is
 * made once and run many times.
 *
 * Builders are total: a wrong shape poisons the graph, the first message is kept, every later
 * builder returns DIO_NONE quietly, and dio_graph_ready is asked once at the end.
 *
 *     dio_graph *g = dio_graph_create();
 *     dio_val x = dio_input(g, "x", dio_type_2d(DIO_F32, 8, 64));
 *     dio_val y = dio_silu(g, dio_linear(g, x, dio_param(g, w), DIO_NONE, DIO_ACT_NONE));
 *     if (!dio_graph_ready(g, err)) ...
 *
 * The operators' builders are in ops.h; running is plan.h; gradients are below.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t dio_val;
enum { DIO_NONE = -1 };

typedef struct dio_graph dio_graph;

dio_graph *dio_graph_create(void); /* NULL when there is no memory */
void dio_graph_destroy(dio_graph *g);

/* A value that every run binds anew. The name is copied. */
dio_val dio_input(dio_graph *g, const char *name, dio_type type);
/* Memory that lives across runs and that operators may write: a key/value cache. */
dio_val dio_state(dio_graph *g, const char *name, dio_type type);
/* Weights. The same tensor gives the same value. The graph holds a reference. */
dio_val dio_param(dio_graph *g, dio_tensor *t);
/* Values known now; copied into the graph. */
dio_val dio_const(dio_graph *g, dio_type type, const void *data);
dio_val dio_scalar(dio_graph *g, float f);

/* Names a value under the official implementation's name for it, for `probe` and the tests. The
 * format takes the layer's number. Returns v, so that it can stand in a chain. */
dio_val dio_tap(dio_graph *g, dio_val v, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int dio_tap_count(const dio_graph *g);
dio_val dio_tap_at(const dio_graph *g, int i, const char **name);

/* The type of a value; a scalar f32 for DIO_NONE, so that model code can read dims unchecked. */
dio_type dio_type_of(const dio_graph *g, dio_val v);
int64_t dio_dim(const dio_graph *g, dio_val v, int axis); /* negative counts from the end */

/* Poisons the graph with a message of the caller's. Returns DIO_NONE. */
dio_val dio_graph_fail(dio_graph *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool dio_graph_ok(const dio_graph *g);
/* False with the first message when anything went wrong while building. */
bool dio_graph_ready(const dio_graph *g, dio_error *err);

/* Appends the gradient of the scalar f32 `loss` with respect to wrt[0..n): grads[i] is a value
 * of the same type, or DIO_NONE where loss does not depend on it. */
void dio_backward(dio_graph *g, dio_val loss, const dio_val *wrt, int n, dio_val *grads);

/* One line a node: for `inspect` and for tests. Caller frees. */
char *dio_graph_dump(const dio_graph *g);

#ifdef __cplusplus
}
#endif
