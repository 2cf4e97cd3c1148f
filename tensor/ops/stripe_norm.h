#pragma once
/* stripe_norm.h: what stripe_norm.c and its CUDA twin share. */
#include <stdint.h>

#include "tensor/ops.h"

struct moments_attrs {
    int groups;
};

struct norm_attrs {
    dio_act act; /* NONE or SILU */
};

/* The rows of a stripe that count. */
struct rows {
    int64_t first, end;
};
