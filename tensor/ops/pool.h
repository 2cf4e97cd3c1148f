#pragma once
/* pool.h: what pooling and its gradients share: planes of x and the windows over them. */
#include "tensor/op.h"
#include "tensor/ops.h"

struct attrs {
    int kernel, stride, pad;
    int64_t size[2]; /* of unpooled planes, for the gradients */
};

/* Planes of [h, w] and what windows make of them; 1-D has h = 1 and windows of one row. */
struct geometry {
    int64_t planes, h, w, oh, ow;
    int64_t kh, sh, ph;
};

static inline int64_t out_size(const struct attrs *a, int64_t size)
{
    return (size + 2 * (int64_t)a->pad - a->kernel) / a->stride + 1;
}

static inline struct geometry geometry_of(const struct attrs *a, int nd, const int64_t *dim,
                                          int64_t h, int64_t w)
{
    struct geometry s = {.planes = dim[0] * dim[1], .h = h, .w = w, .ow = out_size(a, w)};
    bool flat = nd == 3;
    s.kh = flat ? 1 : a->kernel;
    s.sh = flat ? 1 : a->stride;
    s.ph = flat ? 0 : a->pad;
    s.oh = flat ? 1 : out_size(a, h);
    return s;
}

/* Rows first..last-1 (or columns) of a window that lie inside. */
static inline void clip(int64_t o, int64_t stride, int64_t pad, int64_t kernel, int64_t size,
                        int64_t *first, int64_t *last)
{
    int64_t from = o * stride - pad, to = from + kernel;
    *first = from < 0 ? 0 : from;
    *last = to > size ? size : to;
}

struct window {
    int64_t y0, y1, x0, x1;
};

static inline struct window window_at(const struct geometry *s, const struct attrs *a, int64_t oy,
                                      int64_t ox)
{
    struct window v;
    clip(oy, s->sh, s->ph, s->kh, s->h, &v.y0, &v.y1);
    clip(ox, a->stride, a->pad, a->kernel, s->w, &v.x0, &v.x1);
    return v;
}

static inline bool check_attrs(const struct attrs *a, const dio_type *t, dio_error *err)
{
    if (!dio_want_float(t, "x", err) || !dio_want_dims(t, 3, 4, "x", err))
        return false;
    if (a->kernel < 1 || a->kernel > 4096 || a->stride < 1 || a->stride > 4096)
        return dio_fail(err, "kernel %d and stride %d must be within 1..4096", a->kernel,
                        a->stride);
    if (a->pad < 0 || a->pad > a->kernel / 2)
        return dio_fail(err, "padding %d must be at most half of the kernel, %d", a->pad,
                        a->kernel / 2);
    return true;
}

static inline bool infer_pool(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                              dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!check_attrs(a, &in[0], err))
        return false;
    out[0] = in[0];
    for (int i = 2; i < in[0].nd; i++) {
        if (in[0].dim[i] + 2 * (int64_t)a->pad < a->kernel)
            return dio_fail(err,
                            "a window of %d does not fit %lld elements padded by %d in "
                            "dimension %d",
                            a->kernel, (long long)in[0].dim[i], a->pad, i);
        out[0].dim[i] = out_size(a, in[0].dim[i]);
    }
    return true;
}

/* Where the first of the largest of a window stands in its plane. */
static inline int64_t top_at(const float *x, const struct geometry *s, const struct window *v)
{
    int64_t best = v->y0 * s->w + v->x0;
    for (int64_t y = v->y0; y < v->y1; y++)
        for (int64_t i = y * s->w + v->x0; i < y * s->w + v->x1; i++)
            if (x[i] > x[best])
                best = i;
    return best;
}

/* What every window's sum is divided by: the padding counts. */
static inline double area(const struct geometry *s, const struct attrs *a)
{
    return (double)s->kh * a->kernel;
}

struct job {
    const dio_call *c;
    const struct attrs *a;
    struct geometry s;
};

extern const dio_op dio_op_avg_unpool, dio_op_max_unpool;
