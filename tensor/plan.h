#pragma once
/* plan.h: a graph made ready to run, once, for one device.
 *
 * Making a plan drops what no output needs, computes what is constant, fuses by the table in
 * fuse.c, turns shape operators into views, gives every intermediate a place in one workspace by
 * liveness, and re-lays weights that will be read again and again. Running it binds inputs and
 * walks a list; it allocates nothing.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tensor/device.h"
#include "tensor/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_plan dio_plan;

typedef struct dio_plan_options {
    bool reference;      /* run the reference kernels: slow, the truth */
    bool no_fusion;      /* keep the graph's own nodes */
    bool train;          /* weights change between runs: do not pack them */
    size_t memory_limit; /* bytes the plan may take; 0: three quarters of what is free */
    bool lent;           /* inputs and intermediates lie in memory that dio_plan_lend gives */
} dio_plan_options;

/* Values in `outputs` (and, with keep_taps, every tap) stay readable after a run. NULL with a
 * message when the graph is poisoned, or when it would need more memory than the limit: the
 * message says how much. The plan keeps what it needs; the graph may be destroyed afterwards. */
dio_plan *dio_plan_create(dio_graph *g, const dio_val *outputs, int n_outputs, bool keep_taps,
                          dio_device *device, const dio_plan_options *options, dio_error *err);
void dio_plan_destroy(dio_plan *p);

typedef struct dio_plan_report {
    size_t workspace;    /* intermediates and scratch, bytes; of a lent plan inputs as well */
    size_t packed;       /* re-laid weights, bytes */
    size_t params;       /* weights as bound, bytes */
    size_t state;        /* states, bytes */
    int nodes, fused;    /* nodes that run; nodes that fusion removed */
    double flops, bytes; /* of one run, from the operators' own counts */
    bool replayed;       /* the last run was one launch of a recording (capture.c) */
} dio_plan_report;
void dio_plan_report_get(const dio_plan *p, dio_plan_report *out);

/* Gives a plan made with `lent` the device memory (report.workspace bytes, aligned to 256) that it
 * works in until it is given another; plans that run one after the other may share it. Weights are
 * packed at the first call, so that plans which only measure cost nothing. */
bool dio_plan_lend(dio_plan *p, void *memory, dio_error *err);

/* Copies `bytes` (exactly the input's size) in. Inputs keep their content until set again. */
bool dio_plan_set(dio_plan *p, const char *input, const void *data, size_t bytes, dio_error *err);
/* The same for `bytes` of it that begin at byte `at`. */
bool dio_plan_set_part(dio_plan *p, const char *input, size_t at, const void *data, size_t bytes,
                       dio_error *err);
/* The size of an input or state; 0 when the plan has none of that name. */
size_t dio_plan_bytes(dio_plan *p, const char *name);
/* Reads a whole input or state back. */
bool dio_plan_get(dio_plan *p, const char *name, void *out, size_t bytes, dio_error *err);
/* The input's or state's own memory, for callers that write in place (CPU device only). */
void *dio_plan_memory(dio_plan *p, const char *name, dio_type *type);
/* Makes two plans share one state by name (types must agree): prefill and decode on one cache. */
bool dio_plan_share_state(dio_plan *p, dio_plan *from, dio_error *err);

/* Refused when the gang has grown since the plan was made: scratch is sized for its threads. */
bool dio_plan_run(dio_plan *p, dio_error *err);

/* Reads or writes a value that lives across runs (an input, a state, a weight being trained), by
 * its number in the graph that the plan was made from; `bytes` is its exact size. */
bool dio_plan_read(dio_plan *p, dio_val v, void *out, size_t bytes, dio_error *err);
bool dio_plan_write(dio_plan *p, dio_val v, const void *data, size_t bytes, dio_error *err);

/* The value of outputs[i] after a run: dense, in memory of the plan, valid until the next run. */
const void *dio_plan_output(dio_plan *p, int i, dio_type *type);
int dio_plan_tap_count(const dio_plan *p);
const void *dio_plan_tap(dio_plan *p, int i, const char **name, dio_type *type);

/* A line for every node that runs: operator, shapes, milliseconds when timed. Caller frees. */
char *dio_plan_dump(const dio_plan *p);
/* Adds up milliseconds by operator over runs; *names and *ms hold `count` entries. */
void dio_plan_profile(dio_plan *p, bool on);
char *dio_plan_profile_text(const dio_plan *p); /* caller frees */

#ifdef __cplusplus
}
#endif
