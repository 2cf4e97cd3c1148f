#pragma once
/* spans.h: how elementwise operators cut their work: spans of a fixed length over dense memory,
 * rows over strided memory. The cut depends on the shape alone. */
#include <stdint.h>

#include "base/gang.h"
#include "tensor/op.h"

enum { DIO_SPAN = 16384 }; /* elements an item: 64 KB, an L2's worth of in and out */

static inline int64_t dio_span_count(int64_t n)
{
    return (n + DIO_SPAN - 1) / DIO_SPAN;
}

static inline int64_t dio_span_length(int64_t n, int64_t item)
{
    int64_t left = n - item * DIO_SPAN;
    return left < DIO_SPAN ? left : DIO_SPAN;
}

/* Rows of `width` taken together so that an item is about a span. */
static inline int64_t dio_row_block(int64_t width)
{
    return width >= DIO_SPAN ? 1 : DIO_SPAN / (width > 0 ? width : 1);
}

/* Offset in elements of row `row` (all dims but the last) of a strided view. */
static inline int64_t dio_row_offset(const dio_view *v, int64_t row)
{
    int64_t at = 0;
    for (int i = v->nd - 2; i >= 0; i--) {
        at += row % v->dim[i] * v->stride[i];
        row /= v->dim[i];
    }
    return at;
}

/* `v` broadcast to the dims of `to`: missing and size-1 dims get stride 0. */
static inline dio_view dio_broadcast(const dio_view *v, const dio_view *to)
{
    dio_view b = *to;
    b.data = v->data;
    b.dtype = v->dtype;
    for (int i = 0; i < to->nd; i++) {
        int k = i - (to->nd - v->nd);
        b.stride[i] = k < 0 || v->dim[k] == 1 ? 0 : v->stride[k];
    }
    return b;
}
