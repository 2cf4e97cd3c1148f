#pragma once
/* ops_golden.h: runs operators on torch's cases (tests/golden/ops): every output and every
 * gradient. A test brings a table from builder names to functions that make the graph of one case.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "tensor/device.h"
#include "tensor/ops.h"

enum { GOLDEN_MOST = 8 };

/* One case: its attributes, its inputs in the builder's order, what came out under torch's names.
 */
struct golden {
    dio_graph *g;
    const dio_value *attrs;
    dio_val in[GOLDEN_MOST];
    int n_out;
    const char *out_name[GOLDEN_MOST];
    dio_val out[GOLDEN_MOST];
};

typedef struct golden_builder {
    const char *op;
    void (*build)(struct golden *k);
} golden_builder;

/* Attributes of the case, by key; it fails when the key is missing. */
int64_t golden_whole(const struct golden *k, const char *key);
double golden_real(const struct golden *k, const char *key);
bool golden_flag(const struct golden *k, const char *key);
int64_t golden_at(const dio_value *list, int i);
void golden_pair(const struct golden *k, const char *key, int out[2], int fallback);
dio_pad_mode golden_mode_of(const char *name);
void golden_gives(struct golden *k, const char *name, dio_val v);

/* Every case of tests/golden/ops/FILE whose builder is in the table (ends with {0}): all within
 * `tol` of torch, max|d| / (1 + max|truth|), and `expected` of them. */
void golden_check(dio_device *device, const golden_builder *builders, const char *file, double tol,
                  int expected);
