#pragma once
/* plane_norm.h: what group norm, batch norm and their gradient share: x [B,C,..] as B*C planes
 * that fall into groups, and the moments of a group. */
#include <math.h>

#include "tensor/op.h"
#include "tensor/ops/axis.h"
#include "tensor/ops/long_sums.h"

struct attrs {
    int groups; /* 0: batch norm */
    float eps;
};

/* How the planes fall into groups. */
struct planes {
    int64_t channels, size;        /* of x; floats of a plane */
    int64_t groups, count, stride; /* planes of a group and their distance */
    bool batch;
};

static inline struct planes planes_of(const dio_view *x, const struct attrs *a)
{
    dio_axis at = dio_axis_of(x, 1);
    struct planes p = {.channels = at.size, .size = at.inner, .batch = !a->groups};
    p.groups = p.batch ? at.size : at.outer * a->groups;
    p.count = p.batch ? at.outer : at.size / a->groups;
    p.stride = p.batch ? at.size : 1;
    return p;
}

/* The k-th plane of a group; its channel is plane % channels. */
static inline int64_t plane_at(const struct planes *p, int64_t group, int64_t k)
{
    return p->batch ? group + k * p->stride : group * p->count + k;
}

static inline bool check_scale(const dio_type *t, const char *what, int64_t channels,
                               dio_error *err)
{
    return t->nd < 0 || (dio_want_float(t, what, err) && dio_want_dims(t, 1, 1, what, err) &&
                         dio_want_dim(t, 0, channels, what, err));
}

static inline bool check(const dio_type *x, const dio_type *w, const dio_type *b,
                         const struct attrs *a, dio_error *err)
{
    if (!dio_want_float(x, "x", err) || !dio_want_dims(x, 2, DIO_MAX_DIMS, "x", err) ||
        !check_scale(w, "w", x->dim[1], err) || !check_scale(b, "b", x->dim[1], err))
        return false;
    if (a->groups < 0 || (a->groups && x->dim[1] % a->groups))
        return dio_fail(err, "%lld channels do not split into %d groups", (long long)x->dim[1],
                        a->groups);
    return true;
}

struct moments {
    double mean, var; /* var: of the population */
    double rest;      /* see center */
};

static inline struct moments moments_of(const dio_view *x, const struct planes *p, int64_t group)
{
    double n = (double)p->count * (double)p->size, sum = 0, squares = 0;
    for (int64_t k = 0; k < p->count; k++)
        for (int64_t i = 0; i < p->size; i++)
            sum += dio_view_get(x, plane_at(p, group, k) * p->size + i);
    for (int64_t k = 0; k < p->count; k++)
        for (int64_t i = 0; i < p->size; i++) {
            double d = dio_view_get(x, plane_at(p, group, k) * p->size + i) - sum / n;
            squares += d * d;
        }
    return (struct moments){sum / n, squares / n, 0};
}

static inline double scale_at(const dio_view *v, int64_t channel, double fallback)
{
    return v->data ? dio_view_get(v, channel) : fallback;
}

struct job {
    const dio_call *c;
    const struct attrs *a;
    struct planes p;
    const float *x, *gy, *w, *b;
    float *y;     /* or dx */
    double *sums; /* gradient: [planes][2] */
};

/* Leaves in y the deviations from a first mean, and says in `rest` by how much they are too large
 * still. Far from zero a sum in f32 is off by more than the deviations' last digits; the sum of the
 * deviations is not. */
static inline struct moments center(const struct job *j, int64_t group)
{
    const struct planes *p = &j->p;
    const dio_cpu *cpu = j->c->cpu;
    double n = (double)p->count * (double)p->size, sum = 0, rest = 0, squares = 0;
    for (int64_t k = 0; k < p->count; k++)
        sum += dio_long_sum(cpu, j->x + plane_at(p, group, k) * p->size, p->size);
    float mean = (float)(sum / n);
    for (int64_t k = 0; k < p->count; k++) {
        int64_t at = plane_at(p, group, k) * p->size;
        cpu->axpb(j->y + at, j->x + at, p->size, 1, -mean);
        rest += dio_long_sum(cpu, j->y + at, p->size) / n;
        squares += dio_long_squares(cpu, j->y + at, p->size);
    }
    return (struct moments){mean + rest, fmax(squares / n - rest * rest, 0), rest};
}
