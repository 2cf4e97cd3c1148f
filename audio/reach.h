#pragma once
/* reach.h: how far a network of convolutions sees, followed from its last layer to its first.
 *
 * Begin with the samples of one frame, 0..hop-1; each layer, in reverse, says which places of its
 * input these depend on. What is left in the end are the frames around frame 0 that its samples
 * read: chunks that bring so many with them give the samples that no chunks would have given.
 *
 *     dio_reach r = {0, hop - 1};
 *     dio_reach_conv(&r, 7, 1, 3);
 *     dio_reach_up(&r, 16, 8, 4);
 *     before = -r.first, after = r.last;
 */
#include <stdint.h>

#include "tensor/ops.h"

typedef struct dio_reach {
    int64_t first, last; /* places, both read */
} dio_reach;

static inline int64_t dio_reach_floor(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* A convolution of stride 1 with `left` places of padding before its input. */
static inline void dio_reach_conv(dio_reach *r, int kernel, int dilation, int left)
{
    r->first -= left;
    r->last += (int64_t)(kernel - 1) * dilation - left;
}

/* One that may be computed by tiles. */
static inline void dio_reach_tiles(dio_reach *r, dio_conv_tile tile, int kernel, int dilation,
                                   int left)
{
    dio_reach_conv(r, kernel, dilation, left);
    r->first -= tile.before;
    r->last += tile.after;
}

/* A transposed convolution: place p of its input reaches p * stride - pad and `kernel` on. */
static inline void dio_reach_up(dio_reach *r, int kernel, int stride, int pad)
{
    r->first = -dio_reach_floor(-(r->first + pad - (kernel - 1)), stride); /* rounded up */
    r->last = dio_reach_floor(r->last + pad, stride);
}
