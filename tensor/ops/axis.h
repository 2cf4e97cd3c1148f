#pragma once
/* axis.h: a dense tensor seen along one axis: [outer, size, inner]. */
#include <stdint.h>

#include "tensor/op.h"

typedef struct dio_axis {
    int64_t outer, size, inner;
} dio_axis;

static inline dio_axis dio_axis_of(const dio_view *v, int axis)
{
    dio_axis a = {1, v->dim[axis], 1};
    for (int i = 0; i < axis; i++)
        a.outer *= v->dim[i];
    for (int i = axis + 1; i < v->nd; i++)
        a.inner *= v->dim[i];
    return a;
}

static inline bool dio_want_axis(const dio_type *t, int axis, dio_error *err)
{
    if (axis >= 0 && axis < t->nd)
        return true;
    return dio_fail(err, "axis %d is outside the %d dimensions", axis, t->nd);
}

/* For builders: negative axes count from the end. */
static inline int dio_axis_from_start(const dio_graph *g, dio_val x, int axis)
{
    return axis < 0 ? axis + dio_type_of(g, x).nd : axis;
}
