#pragma once
/* plan_impl.h: the plan's inside, for plan.c, fuse.c, layout.c, memory.c and run.c.
 *
 * A plan is made in passes over one private copy of the graph:
 *   live (plan.c)   what the outputs need
 *   fold            what is constant is computed now
 *   fuse (fuse.c)   patterns become fused operators
 *   layout.c        every value becomes a view over a root; copies where a kernel wants dense
 *   memory.c        every intermediate root gets an offset in the workspace
 *   bind            views get addresses, weights are packed
 *
 * A plan's runs are all alike, so a device that can records one and repeats it (capture.c).
 */
#include "base/arena.h"
#include "tensor/graph_impl.h"
#include "tensor/plan.h"

typedef struct dio_plan_value {
    dio_type type;
    dio_source source;
    const char *name;
    dio_tensor *tensor; /* params; referenced by the plan */
    const void *data;   /* constants, in the plan's arena */
    int producer;       /* node that makes it, or -1 */
    int uses;           /* by live nodes, plus one for each output or tap */
    bool kept;          /* an output or a tap */
    int root;           /* the value whose memory this one lies in (itself: its own) */
    dio_view view;      /* dims, strides; data is set by bind */
    int64_t offset;     /* of the view in its root, in elements */
    int first, last;    /* of a root: nodes that bound its life */
    int64_t place;      /* of a root: bytes into the workspace, or -1 */
    void *memory;       /* of a root: where it is */
} dio_plan_value;

typedef struct dio_plan_node {
    dio_node node;
    bool live;
    bool virtual_; /* a view: nothing runs */
    dio_call call;
    double ms; /* profile: sum over runs */
} dio_plan_node;

struct dio_plan {
    dio_arena *arena;
    dio_device *device;
    dio_plan_options options;
    dio_plan_value *values;
    int n_values, cap_values;
    dio_plan_node *nodes;
    int n_nodes, cap_nodes;
    dio_val *outputs;
    int n_outputs;
    dio_graph_tap *taps;
    int n_taps;
    void *workspace; /* of a lent plan: not ours, NULL until dio_plan_lend */
    bool bound;      /* addresses were given once, weights are packed */
    void *out_copy;  /* host copies of outputs when the device's memory is its own */
    dio_resident **residents;
    int n_residents, cap_residents;
    const dio_buffer **reread; /* of packed weights that some node reads in place as well */
    int n_reread, cap_reread;
    void **owned; /* device memory of inputs, constants and states */
    int n_owned, cap_owned;
    bool profile;
    int runs;
    int threads; /* of the gang that scratch was sized for */
    void *tape;  /* a run as the device recorded it; NULL: none */
    int dropped; /* tapes whose addresses moved */
    bool plain;  /* no tapes any more */
    dio_plan_report report;
};

/* The passes. Each returns false with a message. */
bool dio_plan_fold(dio_plan *p, dio_error *err);
void dio_plan_fuse(dio_plan *p);
bool dio_plan_layout(dio_plan *p, dio_error *err);
bool dio_plan_place(dio_plan *p, dio_error *err);
bool dio_plan_bind(dio_plan *p, dio_error *err);
/* Where a value lies now; and all that nodes read and write, after something moved. */
void dio_plan_address(const dio_plan *p, dio_val v, dio_view *out);
void dio_plan_bind_views(dio_plan *p);

/* capture.c: one launch in the place of all nodes' runs. False: nothing was done, run them. */
bool dio_plan_replay(dio_plan *p);
/* After an address has moved: what was recorded is of no use. */
void dio_plan_forget(dio_plan *p);
/* exec.c: gives every node to the device, in order. */
bool dio_plan_run_nodes(dio_plan *p, dio_error *err);

/* Appends to the plan's own lists; -1 when there is no memory. */
dio_val dio_plan_add_value(dio_plan *p, const dio_type *type, int producer);
int dio_plan_add_node(dio_plan *p, const dio_node *n);

/* Fills a call's views (dims and strides, no data) from the plan's values. */
void dio_plan_fill_call(const dio_plan *p, const dio_node *n, dio_call *c);

/* Counts uses again; marks dead nodes. */
void dio_plan_mark_live(dio_plan *p);
