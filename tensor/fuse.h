#pragma once
/* fuse.h: one row of the fusion table, open to the test that proves each row. */
#include <stdbool.h>

#include "tensor/op.h"

struct dio_plan;

typedef struct dio_fusion {
    const char *name;
    const char *consumer; /* operator names, separated by spaces */
    const char *producer; /* what stands at one of the consumer's first two operands */
    /* Rewrites the consumer's node in place, its output kept; false to leave both alone. */
    bool (*rewrite)(struct dio_plan *p, dio_node *consumer, const dio_node *producer);
    bool only_cpu; /* other devices' kernels do not know it */
} dio_fusion;

extern const dio_fusion dio_fusions[]; /* ends with a row without a name */
