/* pool.c: average and largest of square windows over [B,C,T] or [B,C,H,W], as torch has them by
 * default: zeros of the padding count for the average and never win the maximum; windows that
 * would hang over the end are left out. Ties give the gradient to the first, as in torch.
 *
 * avg_pool and avg_unpool are each other's gradients. */
#include <math.h>
#include <string.h>

#include "base/gang.h"
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

static int64_t out_size(const struct attrs *a, int64_t size)
{
    return (size + 2 * (int64_t)a->pad - a->kernel) / a->stride + 1;
}

static struct geometry geometry_of(const struct attrs *a, int nd, const int64_t *dim, int64_t h,
                                   int64_t w)
{
    struct geometry s = {.planes = dim[0] * dim[1], .h = h, .w = w, .ow = out_size(a, w)};
    bool flat = nd == 3;
    s.kh = flat ? 1 : a->kernel;
    s.sh = flat ? 1 : a->stride;
    s.ph = flat ? 0 : a->pad;
    s.oh = flat ? 1 : out_size(a, h);
    return s;
}

static struct geometry pooled(const dio_call *c)
{
    const dio_view *x = &c->in[0];
    bool flat = x->nd == 3;
    return geometry_of(c->attrs, x->nd, x->dim, flat ? 1 : x->dim[2], x->dim[flat ? 2 : 3]);
}

/* Rows first..last-1 (or columns) of a window that lie inside. */
static void clip(int64_t o, int64_t stride, int64_t pad, int64_t kernel, int64_t size,
                 int64_t *first, int64_t *last)
{
    int64_t from = o * stride - pad, to = from + kernel;
    *first = from < 0 ? 0 : from;
    *last = to > size ? size : to;
}

struct window {
    int64_t y0, y1, x0, x1;
};

static struct window window_at(const struct geometry *s, const struct attrs *a, int64_t oy,
                               int64_t ox)
{
    struct window v;
    clip(oy, s->sh, s->ph, s->kh, s->h, &v.y0, &v.y1);
    clip(ox, a->stride, a->pad, a->kernel, s->w, &v.x0, &v.x1);
    return v;
}

static bool check_attrs(const struct attrs *a, const dio_type *t, dio_error *err)
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

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!check_attrs(a, &in[0], err))
        return false;
    out[0] = in[0];
    for (int i = 2; i < in[0].nd; i++) {
        if (in[0].dim[i] + 2 * (int64_t)a->pad < a->kernel)
            return dio_fail(err, "a window of %d does not fit %lld elements padded by %d in "
                                 "dimension %d",
                            a->kernel, (long long)in[0].dim[i], a->pad, i);
        out[0].dim[i] = out_size(a, in[0].dim[i]);
    }
    return true;
}

/* --- average --- */

static double area(const struct geometry *s, const struct attrs *a)
{
    return (double)s->kh * a->kernel;
}

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

struct job {
    const dio_call *c;
    const struct attrs *a;
    struct geometry s;
};

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

/* --- gradients: x [B,C,..] of the pooled size back to `size` --- */

static struct geometry unpooled(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    return geometry_of(a, c->out[0].nd, c->out[0].dim, a->size[0], a->size[1]);
}

static bool infer_back(const dio_type *gy, const struct attrs *a, dio_type *out, dio_error *err)
{
    dio_type whole = *gy, expected;
    if (!check_attrs(a, gy, err))
        return false;
    for (int i = 2; i < gy->nd; i++)
        whole.dim[i] = a->size[gy->nd == 3 ? 1 : i - 2];
    if (!infer(&whole, 1, a, &expected, err) ||
        !dio_want_same(gy, &expected, "the gradient and the pooled shape", err))
        return false;
    *out = whole;
    return true;
}

static bool unpool_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                         dio_error *err)
{
    (void)n_in;
    return infer_back(&in[0], attrs, out, err);
}

static void unpool_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct geometry s = unpooled(c);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t plane = i / s.w / s.h, y = i / s.w % s.h, x = i % s.w;
        double sum = 0;
        for (int64_t o = 0; o < s.oh * s.ow; o++) {
            struct window v = window_at(&s, a, o / s.ow, o % s.ow);
            if (y >= v.y0 && y < v.y1 && x >= v.x0 && x < v.x1)
                sum += dio_view_get(&c->in[0], plane * s.oh * s.ow + o);
        }
        dio_view_set(&c->out[0], i, sum / area(&s, a));
    }
}

static void unpool_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct geometry *s = &j->s;
    const float *from = (const float *)j->c->in[0].data + item * s->oh * s->ow;
    float *to = (float *)j->c->out[0].data + item * s->h * s->w;
    float scale = (float)(1 / area(s, j->a));
    memset(to, 0, (size_t)(s->h * s->w) * sizeof *to);
    for (int64_t i = 0; i < s->oh * s->ow; i++) {
        struct window v = window_at(s, j->a, i / s->ow, i % s->ow);
        for (int64_t y = v.y0; y < v.y1; y++)
            for (int64_t x = v.x0; x < v.x1; x++)
                to[y * s->w + x] += from[i] * scale;
    }
}

static void unpool_cpu(const dio_call *c)
{
    struct job j = {c, c->attrs, unpooled(c)};
    dio_gang_run(j.s.planes, unpool_plane, &j);
}

static void avg_unpool_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_avg_pool(g, gout[0], a->kernel, a->stride, a->pad);
}

extern const dio_op dio_op_avg_unpool, dio_op_max_unpool;

static struct attrs with_size(dio_graph *g, const dio_node *n)
{
    struct attrs a = *(const struct attrs *)n->attrs;
    dio_type t = dio_type_of(g, n->in[0]);
    a.size[0] = t.nd == 3 ? 1 : t.dim[2];
    a.size[1] = t.dim[t.nd - 1];
    return a;
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

/* Where the first of the largest of a window stands in its plane. */
static int64_t top_at(const float *x, const struct geometry *s, const struct window *v)
{
    int64_t best = v->y0 * s->w + v->x0;
    for (int64_t y = v->y0; y < v->y1; y++)
        for (int64_t i = y * s->w + v->x0; i < y * s->w + v->x1; i++)
            if (x[i] > x[best])
                best = i;
    return best;
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

static bool max_unpool_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                             dio_error *err)
{
    (void)n_in;
    return infer_back(&in[0], attrs, out, err) && dio_want_float(&in[1], "x", err) &&
           dio_want_same(&in[1], &out[0], "x and the unpooled shape", err);
}

/* As top_at, over any strides. */
static int64_t top_in_view(const dio_view *x, int64_t base, const struct geometry *s,
                           const struct window *v)
{
    int64_t best = base + v->y0 * s->w + v->x0;
    for (int64_t y = v->y0; y < v->y1; y++)
        for (int64_t i = base + y * s->w + v->x0; i < base + y * s->w + v->x1; i++)
            if (dio_view_get(x, i) > dio_view_get(x, best))
                best = i;
    return best;
}

static void max_unpool_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct geometry s = unpooled(c);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++)
        dio_view_set(&c->out[0], i, 0);
    for (int64_t i = 0, n = dio_view_count(&c->in[0]); i < n; i++) {
        struct window v = window_at(&s, a, i / s.ow % s.oh, i % s.ow);
        int64_t at = top_in_view(&c->in[1], i / s.ow / s.oh * s.h * s.w, &s, &v);
        dio_view_set(&c->out[0], at, dio_view_get(&c->out[0], at) + dio_view_get(&c->in[0], i));
    }
}

static void max_unpool_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct geometry *s = &j->s;
    const float *gy = (const float *)j->c->in[0].data + item * s->oh * s->ow;
    const float *x = (const float *)j->c->in[1].data + item * s->h * s->w;
    float *to = (float *)j->c->out[0].data + item * s->h * s->w;
    memset(to, 0, (size_t)(s->h * s->w) * sizeof *to);
    for (int64_t i = 0; i < s->oh * s->ow; i++) {
        struct window v = window_at(s, j->a, i / s->ow, i % s->ow);
        to[top_at(x, s, &v)] += gy[i];
    }
}

static void max_unpool_cpu(const dio_call *c)
{
    struct job j = {c, c->attrs, unpooled(c)};
    dio_gang_run(j.s.planes, max_unpool_plane, &j);
}

/* The maximum's range is wide: a central difference must not make another element the largest. */
#define CASE(lo_, hi_, kernel_, stride_, pad_, ...)                                                \
    {.in = {DIO_T(DIO_F32, __VA_ARGS__)}, .n_in = 1,                                               \
     .attrs = &(struct attrs){kernel_, stride_, pad_, {0}}, .lo = lo_, .hi = hi_}

#define CASES(lo_, hi_)                                                                            \
    (const dio_op_case[])                                                                          \
    {                                                                                              \
        CASE(lo_, hi_, 3, 2, 1, 2, 3, 7, 5), CASE(lo_, hi_, 4, 2, 1, 2, 3, 9),                     \
            CASE(lo_, hi_, 1, 1, 0, 1, 1, 1, 1), CASE(lo_, hi_, 2, 3, 0, 1, 1, 3, 8),              \
            {.in = {DIO_T(DIO_F32, 1, 2, 3)}, .n_in = 1, .attrs = &(struct attrs){4, 1, 0, {0}},   \
             .refused = "a window of 4 does not fit 3 elements padded by 0 in dimension 2"},       \
            {.in = {DIO_T(DIO_F32, 1, 2, 3)}, .n_in = 1, .attrs = &(struct attrs){3, 1, 2, {0}},   \
             .refused = "padding 2 must be at most half of the kernel, 1"},                        \
            {0},                                                                                   \
    }

const dio_op dio_op_avg_pool = {
    .name = "avg_pool",
    .doc = "means of kernel-wide windows of [B,C,T] or [B,C,H,W], padding counted",
    .n_in_min = 1, .n_in_max = 1, .n_out = 1, .attrs_size = sizeof(struct attrs),
    .infer = infer, .reference = avg_reference, .cpu = avg_cpu, .grad = avg_grad,
    .tol = 2e-7f, /* measured 3.8e-8 */
    .cases = CASES(-1, 1),
};

const dio_op dio_op_max_pool = {
    .name = "max_pool", .doc = "largest of kernel-wide windows of [B,C,T] or [B,C,H,W]",
    .n_in_min = 1, .n_in_max = 1, .n_out = 1, .attrs_size = sizeof(struct attrs),
    .infer = infer, .reference = max_reference, .cpu = max_cpu, .grad = max_grad,
    .cases = CASES(-50, 50),
};

const dio_op dio_op_avg_unpool = {
    .name = "avg_unpool", .doc = "avg_pool's gradient: each window's number spread over its window",
    .n_in_min = 1, .n_in_max = 1, .n_out = 1, .attrs_size = sizeof(struct attrs),
    .infer = unpool_infer, .reference = unpool_reference, .cpu = unpool_cpu,
    .grad = avg_unpool_grad,
    .tol = 1e-7f, /* measured 1.1e-8 */
    .cases = (const dio_op_case[]){
        {.in = {DIO_T(DIO_F32, 2, 3, 4, 3)}, .n_in = 1, .attrs = &(struct attrs){3, 2, 1, {7, 5}}},
        {.in = {DIO_T(DIO_F32, 2, 3, 4)}, .n_in = 1, .attrs = &(struct attrs){4, 2, 1, {1, 9}}},
        {.in = {DIO_T(DIO_F32, 2, 3, 4)}, .n_in = 1, .attrs = &(struct attrs){4, 2, 1, {1, 12}},
         .refused = "the gradient and the pooled shape differ: f32[2,3,4] and f32[2,3,6]"},
        {0},
    },
};

const dio_op dio_op_max_unpool = {
    .name = "max_unpool",
    .doc = "gy, x -> max_pool's gradient: each number goes to its window's first top",
    .n_in_min = 2, .n_in_max = 2, .n_out = 1, .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = max_unpool_infer, .reference = max_unpool_reference, .cpu = max_unpool_cpu,
    .tol = 1e-7f,
    .cases = (const dio_op_case[]){
        {.in = {DIO_T(DIO_F32, 2, 3, 4, 3), DIO_T(DIO_F32, 2, 3, 7, 5)}, .n_in = 2,
         .attrs = &(struct attrs){3, 2, 1, {7, 5}}},
        {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 2, 3, 9)}, .n_in = 2,
         .attrs = &(struct attrs){4, 2, 1, {1, 9}}},
        {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 2, 3, 8)}, .n_in = 2,
         .attrs = &(struct attrs){4, 2, 1, {1, 9}},
         .refused = "x and the unpooled shape differ: f32[2,3,8] and f32[2,3,9]"},
        {0},
    },
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
