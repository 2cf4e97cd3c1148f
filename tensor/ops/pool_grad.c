/* pool_grad.c: the gradients of pool.c's operators: numbers of windows go back to the elements that
 * made them. avg_pool and avg_unpool are each other's gradients; of equal elements the first takes
 * the maximum's, as in torch. Their CUDA twins are in pool.cu. */
#include <string.h>

#include "base/gang.h"
#include "tensor/ops/pool.h"

/* x [B,C,..] of the pooled size goes back to `size`. */
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
    if (!infer_pool(&whole, 1, a, &expected, err) ||
        !dio_want_same(gy, &expected, "the gradient and the pooled shape", err))
        return false;
    *out = whole;
    return true;
}

/* --- average --- */

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

/* --- maximum --- */

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

const dio_op dio_op_avg_unpool = {
    .name = "avg_unpool",
    .doc = "avg_pool's gradient: each window's number spread over its window",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = unpool_infer,
    .reference = unpool_reference,
    .cpu = unpool_cpu,
    .grad = avg_unpool_grad,
    .tol = 1e-7f, /* measured 1.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 4, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){3, 2, 1, {7, 5}}},
            {.in = {DIO_T(DIO_F32, 2, 3, 4)}, .n_in = 1, .attrs = &(struct attrs){4, 2, 1, {1, 9}}},
            {.in = {DIO_T(DIO_F32, 2, 3, 4)},
             .n_in = 1,
             .attrs = &(struct attrs){4, 2, 1, {1, 12}},
             .refused = "the gradient and the pooled shape differ: f32[2,3,4] and f32[2,3,6]"},
            {0},
        },
};

const dio_op dio_op_max_unpool = {
    .name = "max_unpool",
    .doc = "gy, x -> max_pool's gradient: each number goes to its window's first top",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .flags = DIO_OP_NODIFF,
    .attrs_size = sizeof(struct attrs),
    .infer = max_unpool_infer,
    .reference = max_unpool_reference,
    .cpu = max_unpool_cpu,
    .tol = 1e-7f, /* measured 0 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 4, 3), DIO_T(DIO_F32, 2, 3, 7, 5)},
             .n_in = 2,
             .attrs = &(struct attrs){3, 2, 1, {7, 5}}},
            {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 2, 3, 9)},
             .n_in = 2,
             .attrs = &(struct attrs){4, 2, 1, {1, 9}}},
            {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 2, 3, 8)},
             .n_in = 2,
             .attrs = &(struct attrs){4, 2, 1, {1, 9}},
             .refused = "x and the unpooled shape differ: f32[2,3,8] and f32[2,3,9]"},
            {0},
        },
};
