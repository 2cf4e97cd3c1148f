/* upsample.c: pictures [B,C,H,W] and signals [B,C,T] brought to another size, as torch's
 * interpolate does it: the nearest element, or a straight line between the two nearest.
 *
 * Along one axis every output element takes two input elements with weights (nearest: one, whole),
 * so both modes are one loop over a table of taps, and the gradient is the same table read the
 * other way. torch finds the places in float; so do we, or a picture would shift by an element at
 * sizes that do not divide each other. */
#include <math.h>
#include <string.h>

#include "base/gang.h"
#include "tensor/op.h"
#include "tensor/ops.h"

struct attrs {
    int64_t from[2], to[2]; /* H, W; 1-D: H is 1 */
    bool linear, align_corners;
};

/* y[i] = x[low] * (1 - part) + x[high] * part */
struct tap {
    int64_t low, high;
    float part;
};

static struct tap nearest(int64_t i, int64_t from, int64_t to)
{
    int64_t at = i;
    if (to == 2 * from)
        at = i / 2;
    else if (to != from)
        at = (int64_t)floorf((float)i * ((float)from / (float)to));
    if (at > from - 1)
        at = from - 1;
    return (struct tap){at, at, 0};
}

static struct tap between(int64_t i, int64_t from, int64_t to, bool align_corners)
{
    float at;
    if (align_corners)
        at = to > 1 ? (float)i * ((float)(from - 1) / (float)(to - 1)) : 0;
    else
        at = fmaxf(((float)from / (float)to) * ((float)i + 0.5f) - 0.5f, 0);
    if (from == to)
        at = (float)i;
    int64_t low = (int64_t)at < from - 1 ? (int64_t)at : from - 1;
    float part = fminf(fmaxf(at - (float)low, 0), 1);
    return (struct tap){low, low + (low < from - 1), part};
}

static struct tap tap_at(const struct attrs *a, int axis, int64_t i)
{
    return a->linear ? between(i, a->from[axis], a->to[axis], a->align_corners)
                     : nearest(i, a->from[axis], a->to[axis]);
}

/* Infers the type with `want` of its last axes replaced by `to`. */
static bool resize(const dio_type *x, const int64_t want[2], const int64_t to[2], dio_type *out,
                   dio_error *err)
{
    if (!dio_want_float(x, "x", err) || !dio_want_dims(x, 3, 4, "x", err))
        return false;
    *out = *x;
    for (int i = 0; i < 2; i++) {
        if (want[i] < 1 || to[i] < 1 || want[i] > 1 << 24 || to[i] > 1 << 24)
            return dio_fail(err, "%lld elements cannot become %lld: sizes must be within 1..%d",
                            (long long)want[i], (long long)to[i], 1 << 24);
        int axis = x->nd - 2 + i;
        if (x->nd == 3 && i == 0)
            continue;
        if (!dio_want_dim(x, axis, want[i], "x", err))
            return false;
        out->dim[axis] = to[i];
    }
    return true;
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    return resize(&in[0], a->from, a->to, out, err);
}

static bool back_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    return resize(&in[0], a->to, a->from, out, err);
}

/* --- references --- */

/* What plane `p` has at a place between elements. */
static double read_at(const dio_view *x, const struct attrs *a, int64_t p, struct tap y,
                      struct tap t)
{
    double rows[2];
    for (int k = 0; k < 2; k++) {
        int64_t row = (p * a->from[0] + (k ? y.high : y.low)) * a->from[1];
        rows[k] = dio_view_get(x, row + t.low) * (1 - (double)t.part) +
                  dio_view_get(x, row + t.high) * (double)t.part;
    }
    return rows[0] * (1 - (double)y.part) + rows[1] * (double)y.part;
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t row = i / a->to[1];
        dio_view_set(&c->out[0], i,
                     read_at(&c->in[0], a, row / a->to[0], tap_at(a, 0, row % a->to[0]),
                             tap_at(a, 1, i % a->to[1])));
    }
}

/* How much of input element `at` is in a tap. */
static double share(struct tap t, int64_t at)
{
    return (t.low == at ? 1 - (double)t.part : 0) + (t.high == at ? (double)t.part : 0);
}

static void back_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t x = i % a->from[1], y = i / a->from[1] % a->from[0];
        int64_t plane = i / a->from[1] / a->from[0];
        double sum = 0;
        for (int64_t oy = 0; oy < a->to[0]; oy++) {
            double rows = share(tap_at(a, 0, oy), y);
            for (int64_t ox = 0; rows != 0 && ox < a->to[1]; ox++)
                sum += rows * share(tap_at(a, 1, ox), x) *
                       dio_view_get(&c->in[0], (plane * a->to[0] + oy) * a->to[1] + ox);
        }
        dio_view_set(&c->out[0], i, sum);
    }
}

/* --- the fast ones: a table of the row's taps in the workspace --- */

struct job {
    const dio_call *c;
    const struct attrs *a;
    const struct tap *taps;
};

static size_t workspace(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    return (size_t)a->to[1] * sizeof(struct tap);
}

static struct job job_of(const dio_call *c)
{
    struct job j = {c, c->attrs, c->work};
    struct tap *taps = c->work;
    for (int64_t i = 0; i < j.a->to[1]; i++)
        taps[i] = tap_at(j.a, 1, i);
    return j;
}

/* One output row. */
static void up_row(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct attrs *a = j->a;
    struct tap y = tap_at(a, 0, item % a->to[0]);
    const float *x = j->c->in[0].data, *plane = x + item / a->to[0] * a->from[0] * a->from[1];
    const float *low = plane + y.low * a->from[1], *high = plane + y.high * a->from[1];
    float *to = (float *)j->c->out[0].data + item * a->to[1];
    if (!a->linear) {
        for (int64_t i = 0; i < a->to[1]; i++)
            to[i] = low[j->taps[i].low];
        return;
    }
    for (int64_t i = 0; i < a->to[1]; i++) {
        const struct tap *t = &j->taps[i];
        float top = low[t->low] * (1 - t->part) + low[t->high] * t->part;
        float bottom = high[t->low] * (1 - t->part) + high[t->high] * t->part;
        to[i] = top * (1 - y.part) + bottom * y.part;
    }
}

static void cpu(const dio_call *c)
{
    struct job j = job_of(c);
    int64_t n = dio_view_count(&c->out[0]);
    dio_gang_run(n / j.a->to[1], up_row, &j);
}

/* One input plane takes back what its elements gave, in the order of the outputs. */
static void down_plane(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    const struct attrs *a = j->a;
    const float *from = (const float *)j->c->in[0].data + item * a->to[0] * a->to[1];
    float *plane = (float *)j->c->out[0].data + item * a->from[0] * a->from[1];
    memset(plane, 0, (size_t)(a->from[0] * a->from[1]) * sizeof *plane);
    for (int64_t oy = 0; oy < a->to[0]; oy++, from += a->to[1]) {
        struct tap y = tap_at(a, 0, oy);
        float *low = plane + y.low * a->from[1], *high = plane + y.high * a->from[1];
        for (int64_t i = 0; i < a->to[1]; i++) {
            const struct tap *t = &j->taps[i];
            float top = from[i] * (1 - y.part), bottom = from[i] * y.part;
            low[t->low] += top * (1 - t->part);
            if (!a->linear)
                continue;
            low[t->high] += top * t->part;
            high[t->low] += bottom * (1 - t->part);
            high[t->high] += bottom * t->part;
        }
    }
}

static void back_cpu(const dio_call *c)
{
    struct job j = job_of(c);
    int64_t n = dio_view_count(&c->out[0]);
    dio_gang_run(n / (j.a->from[0] * j.a->from[1]), down_plane, &j);
}

/* --- the operators --- */

extern const dio_op dio_op_upsample, dio_op_upsample_grad;

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_emit1(g, &dio_op_upsample_grad, n->attrs, gout, 1);
}

static void back_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_emit1(g, &dio_op_upsample, n->attrs, gout, 1);
}

static dio_cost cost(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    double in = (double)dio_view_count(&c->in[0]), out = (double)dio_view_count(&c->out[0]);
    return (dio_cost){(a->linear ? 11 : 0) * (in > out ? in : out), 4 * (in + out)};
}

#define ATTRS(...) (&(const struct attrs){__VA_ARGS__})

const dio_op dio_op_upsample = {
    .name = "upsample",
    .doc = "torch's interpolate, nearest or (bi)linear, of [B,C,H,W] or [B,C,T] to another size",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 2e-7f, /* measured 3.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 3, 3, 4)},
             .n_in = 1,
             .attrs = ATTRS({3, 4}, {6, 8}, false, false)},
            {.in = {DIO_T(DIO_F32, 1, 2, 3, 5)},
             .n_in = 1,
             .attrs = ATTRS({3, 5}, {7, 4}, false, false)},
            {.in = {DIO_T(DIO_F32, 2, 3, 5)},
             .n_in = 1,
             .attrs = ATTRS({1, 5}, {1, 13}, false, false)},
            {.in = {DIO_T(DIO_F32, 2, 3, 3, 4)},
             .n_in = 1,
             .attrs = ATTRS({3, 4}, {6, 8}, true, false)},
            {.in = {DIO_T(DIO_F32, 1, 2, 8, 9)},
             .n_in = 1,
             .attrs = ATTRS({8, 9}, {3, 4}, true, true)},
            {.in = {DIO_T(DIO_F32, 1, 1, 1, 1)},
             .n_in = 1,
             .attrs = ATTRS({1, 1}, {3, 2}, true, true)},
            {.in = {DIO_T(DIO_F32, 2, 3, 5)},
             .n_in = 1,
             .attrs = ATTRS({1, 5}, {1, 0}, false, false),
             .refused = "5 elements cannot become 0: sizes must be within 1..16777216"},
            {.in = {DIO_T(DIO_F32, 2, 5)},
             .n_in = 1,
             .attrs = ATTRS({1, 5}, {1, 5}, false, false),
             .refused = "x must have 3 to 4 dimensions, not f32[2,5]"},
            {0},
        },
};

const dio_op dio_op_upsample_grad = {
    .name = "upsample_grad",
    .doc = "upsample's gradient: its transpose",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = back_infer,
    .reference = back_reference,
    .cpu = back_cpu,
    .workspace = workspace,
    .grad = back_grad,
    .cost = cost,
    .tol = 4e-7f, /* measured 8.1e-8 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 1, 2, 7, 4)},
             .n_in = 1,
             .attrs = ATTRS({3, 5}, {7, 4}, false, false)},
            {.in = {DIO_T(DIO_F32, 2, 3, 6, 8)},
             .n_in = 1,
             .attrs = ATTRS({3, 4}, {6, 8}, true, false)},
            {.in = {DIO_T(DIO_F32, 2, 3, 13)},
             .n_in = 1,
             .attrs = ATTRS({1, 5}, {1, 13}, true, true)},
            {.in = {DIO_T(DIO_F32, 2, 3, 13)},
             .n_in = 1,
             .attrs = ATTRS({1, 5}, {1, 12}, true, true),
             .refused = "x must have size 12 in dimension 2, not f32[2,3,13]"},
            {0},
        },
};

static dio_val build(dio_graph *g, dio_val x, int64_t h, int64_t w, bool linear, bool corners)
{
    dio_type t = dio_type_of(g, x);
    struct attrs a = {.from = {1, 1}, .to = {1, h}, .linear = linear, .align_corners = corners};
    if (t.nd == 4) {
        a.from[0] = t.dim[2];
        a.to[0] = h;
        a.to[1] = w;
    }
    if (t.nd >= 3)
        a.from[1] = t.dim[t.nd - 1];
    return dio_emit1(g, &dio_op_upsample, &a, &x, 1);
}

dio_val dio_upsample_nearest(dio_graph *g, dio_val x, int64_t h, int64_t w)
{
    return build(g, x, h, w, false, false);
}

dio_val dio_upsample_linear(dio_graph *g, dio_val x, int64_t h, int64_t w, bool align_corners)
{
    return build(g, x, h, w, true, align_corners);
}

/* --- channels for pixels: [B,C*r*r,H,W] <-> [B,C,H*r,W*r], views and one copy --- */

static bool check_shuffle(dio_graph *g, const char *name, const dio_type *t, int factor)
{
    char text[DIO_TYPE_TEXT];
    if (t->nd == 4 && factor >= 1 && factor <= 4096)
        return true;
    dio_graph_fail(g, "%s: takes [B,C,H,W] and a factor of 1..4096, not %s and %d", name,
                   dio_type_text(t, text), factor);
    return false;
}

dio_val dio_pixel_shuffle(dio_graph *g, dio_val x, int factor)
{
    dio_type t = dio_type_of(g, x);
    if (x == DIO_NONE || !check_shuffle(g, "pixel_shuffle", &t, factor))
        return DIO_NONE;
    int64_t r = factor, c = t.dim[1] / (r * r), h = t.dim[2], w = t.dim[3];
    if (c * r * r != t.dim[1])
        return dio_graph_fail(g, "pixel_shuffle: %lld channels do not split by %lld",
                              (long long)t.dim[1], (long long)(r * r));
    x = dio_reshape(g, x, 6, (int64_t[]){t.dim[0], c, r, r, h, w});
    x = dio_permute(g, x, (int[]){0, 1, 4, 2, 5, 3});
    return dio_reshape4(g, x, t.dim[0], c, h * r, w * r);
}

dio_val dio_pixel_unshuffle(dio_graph *g, dio_val x, int factor)
{
    dio_type t = dio_type_of(g, x);
    if (x == DIO_NONE || !check_shuffle(g, "pixel_unshuffle", &t, factor))
        return DIO_NONE;
    int64_t r = factor, c = t.dim[1], h = t.dim[2] / r, w = t.dim[3] / r;
    if (h * r != t.dim[2] || w * r != t.dim[3])
        return dio_graph_fail(g, "pixel_unshuffle: %lld x %lld pixels do not split by %lld",
                              (long long)t.dim[2], (long long)t.dim[3], (long long)r);
    x = dio_reshape(g, x, 6, (int64_t[]){t.dim[0], c, h, r, w, r});
    x = dio_permute(g, x, (int[]){0, 1, 3, 5, 2, 4});
    return dio_reshape4(g, x, t.dim[0], c * r * r, h, w);
}
