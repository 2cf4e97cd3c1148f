/* pool.c: average and largest of square windows over [B,C,T] or [B,C,H,W], as torch has them by
 * default: zeros of the padding count for the average and never win the maximum; windows that
 * would hang over the end are left out. */
#include <math.h>

#include "base/gang.h"
#include "tensor/ops/pool.h"

static struct geometry pooled(const dio_call *c)
{
    const dio_view *x = &c->in[0];
    bool flat = x->nd == 3;
    return geometry_of(c->attrs, x->nd, x->dim, flat ? 1 : x->dim[2], x->dim[flat ? 2 : 3]);
}

static struct attrs with_size(dio_graph *g, const dio_node *n)
{
    struct attrs a = *(const struct attrs *)n->attrs;
    dio_type t = dio_type_of(g, n->in[0]);
    a.size[0] = t.nd == 3 ? 1 : t.dim[2];
    a.size[1] = t.dim[t.nd - 1];
    return a;
}

/* --- average --- */

static void avg_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct geometry s = pooled(c);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        struct window v = window_at(&s, a, i / s.ow % s.oh, i % s.ow);
        double sum = 0;
        for (int64_t y = v.y0; y < v.y1; y++)
            for (int64_t x = v.x0; x < v.x1; x++)
                sum += dio_view_get(&c->in[0], (i / s.ow / s.oh * s.h + y) * s.w + x);
        dio_view_set(&c->out[0], i, sum / area(&s, a));
    }
}

static void avg_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct geometry *s = &j->s;
    const float *from = (const float *)j->c->in[0].data + item * s->h * s->w;
    float *to = (float *)j->c->out[0].data + item * s->oh * s->ow;
    float scale = (float)(1 / area(s, j->a));
    for (int64_t i = 0; i < s->oh * s->ow; i++) {
        struct window v = window_at(s, j->a, i / s->ow, i % s->ow);
        float sum = 0;
        for (int64_t y = v.y0; y < v.y1; y++)
            for (int64_t x = v.x0; x < v.x1; x++)
                sum += from[y * s->w + x];
        to[i] = sum * scale;
    }
}

static void avg_cpu(const dio_call *c)
{
    struct job j = {c, c->attrs, pooled(c)};
    dio_gang_run(j.s.planes, avg_plane, &j);
}

static void avg_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    struct attrs a = with_size(g, n);
    gin[0] = dio_emit1(g, &dio_op_avg_unpool, &a, gout, 1);
}

/* --- maximum --- */

static void max_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct geometry s = pooled(c);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        struct window v = window_at(&s, a, i / s.ow % s.oh, i % s.ow);
        double top = -INFINITY;
        for (int64_t y = v.y0; y < v.y1; y++)
            for (int64_t x = v.x0; x < v.x1; x++)
                top = fmax(top, dio_view_get(&c->in[0], (i / s.ow / s.oh * s.h + y) * s.w + x));
        dio_view_set(&c->out[0], i, top);
    }
}

static void max_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct geometry *s = &j->s;
    const float *from = (const float *)j->c->in[0].data + item * s->h * s->w;
    float *to = (float *)j->c->out[0].data + item * s->oh * s->ow;
    for (int64_t i = 0; i < s->oh * s->ow; i++) {
        struct window v = window_at(s, j->a, i / s->ow, i % s->ow);
        to[i] = from[top_at(from, s, &v)];
    }
}

static void max_cpu(const dio_call *c)
{
    struct job j = {c, c->attrs, pooled(c)};
    dio_gang_run(j.s.planes, max_plane, &j);
}

static void max_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    struct attrs a = with_size(g, n);
    gin[0] = dio_emit1(g, &dio_op_max_unpool, &a, (dio_val[]){gout[0], n->in[0]}, 2);
}

/* The maximum's range is wide: a central difference must not make another element the largest. */
#define CASE(lo_, hi_, kernel_, stride_, pad_, ...)                                                \
    {                                                                                              \
        .in = {DIO_T(DIO_F32, __VA_ARGS__)}, .n_in = 1,                                            \
        .attrs = &(struct attrs){kernel_, stride_, pad_, {0}}, .lo = lo_, .hi = hi_                \
    }

#define CASES(lo_, hi_)                                                                            \
    (const dio_op_case[])                                                                          \
    {                                                                                              \
        CASE(lo_, hi_, 3, 2, 1, 2, 3, 7, 5), CASE(lo_, hi_, 4, 2, 1, 2, 3, 9),                     \
            CASE(lo_, hi_, 1, 1, 0, 1, 1, 1, 1), CASE(lo_, hi_, 2, 3, 0, 1, 1, 3, 8),              \
            {.in = {DIO_T(DIO_F32, 1, 2, 3)},                                                      \
             .n_in = 1,                                                                            \
             .attrs = &(struct attrs){4, 1, 0, {0}},                                               \
             .refused = "a window of 4 does not fit 3 elements padded by 0 in dimension 2"},       \
            {.in = {DIO_T(DIO_F32, 1, 2, 3)},                                                      \
             .n_in = 1,                                                                            \
             .attrs = &(struct attrs){3, 1, 2, {0}},                                               \
             .refused = "padding 2 must be at most half of the kernel, 1"},                        \
            {0},                                                                                   \
    }

const dio_op dio_op_avg_pool = {
    .name = "avg_pool",
    .doc = "means of kernel-wide windows of [B,C,T] or [B,C,H,W], padding counted",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer_pool,
    .reference = avg_reference,
    .cpu = avg_cpu,
    .grad = avg_grad,
    .tol = 2e-7f, /* measured 3.8e-8 */
    .cases = CASES(-1, 1),
};

const dio_op dio_op_max_pool = {
    .name = "max_pool",
    .doc = "largest of kernel-wide windows of [B,C,T] or [B,C,H,W]",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer_pool,
    .reference = max_reference,
    .cpu = max_cpu,
    .grad = max_grad,
    .cases = CASES(-50, 50),
};

dio_val dio_avg_pool(dio_graph *g, dio_val x, int kernel, int stride, int pad)
{
    struct attrs a = {kernel, stride, pad, {0}};
    return dio_emit1(g, &dio_op_avg_pool, &a, &x, 1);
}

dio_val dio_max_pool(dio_graph *g, dio_val x, int kernel, int stride, int pad)
{
    struct attrs a = {kernel, stride, pad, {0}};
    return dio_emit1(g, &dio_op_max_pool, &a, &x, 1);
}
