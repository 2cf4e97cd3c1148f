/* pad.c: elements before and after one axis: zeros, mirrored, repeated or wrapped around.
 * Every output element comes from one input element (or from none), so the gradient adds up, for
 * each input element, the places that it went to: unpad, which is pad's transpose. */
#include <string.h>

#include "tensor/ops/axis.h"
#include "tensor/ops/spans.h"
#include "tensor/ops.h"

struct attrs {
    int axis;
    int64_t before, after;
    dio_pad_mode mode;
};

static const char *mode_name(dio_pad_mode mode)
{
    static const char *const names[] = {"zero", "reflect", "replicate", "circular"};
    return names[mode];
}

/* What a mode can make of `size` elements. */
static bool check_reach(const struct attrs *a, int64_t size, dio_error *err)
{
    int64_t most = a->mode == DIO_PAD_REFLECT ? size - 1 : size;
    int64_t wide = a->before > a->after ? a->before : a->after;
    if (a->mode == DIO_PAD_REPLICATE && wide && size < 1)
        return dio_fail(err, "replicate padding needs at least one element along axis %d", a->axis);
    if ((a->mode == DIO_PAD_REFLECT || a->mode == DIO_PAD_CIRCULAR) && wide > most)
        return dio_fail(err,
                        "%s padding of %lld along axis %d, of %lld elements, can be at most "
                        "%lld",
                        mode_name(a->mode), (long long)wide, a->axis, (long long)size,
                        (long long)(most > 0 ? most : 0));
    return true;
}

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!dio_want_float(&in[0], "x", err) || !dio_want_axis(&in[0], a->axis, err))
        return false;
    if (a->before < 0 || a->after < 0 || a->before > INT64_MAX / 4 || a->after > INT64_MAX / 4)
        return dio_fail(err,
                        "padding %lld before and %lld after: must not be negative or huge; "
                        "dio_slice removes elements",
                        (long long)a->before, (long long)a->after);
    if (a->mode < DIO_PAD_ZERO || a->mode > DIO_PAD_CIRCULAR)
        return dio_fail(err, "padding mode %d does not exist", (int)a->mode);
    out[0] = in[0];
    out[0].dim[a->axis] += a->before + a->after;
    return check_reach(a, in[0].dim[a->axis], err);
}

/* Where output element i along the axis comes from; -1: from nowhere, it is zero. */
static int64_t source(const struct attrs *a, int64_t size, int64_t i)
{
    int64_t at = i - a->before;
    if (at >= 0 && at < size)
        return at;
    switch (a->mode) {
    case DIO_PAD_REFLECT:
        return at < 0 ? -at : 2 * (size - 1) - at;
    case DIO_PAD_REPLICATE:
        return at < 0 ? 0 : size - 1;
    case DIO_PAD_CIRCULAR:
        return at < 0 ? at + size : at - size;
    default:
        return -1;
    }
}

static void reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_axis in = dio_axis_of(&c->in[0], a->axis), out = dio_axis_of(&c->out[0], a->axis);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t at = source(a, in.size, i / out.inner % out.size);
        int64_t flat = (i / out.inner / out.size * in.size + at) * in.inner + i % in.inner;
        dio_view_set(&c->out[0], i, at < 0 ? 0 : dio_view_get(&c->in[0], flat));
    }
}

struct job {
    const dio_call *c;
    const struct attrs *a;
    dio_axis small, wide; /* without and with the padding */
};

/* One outer index: the middle is a copy, the edges go place by place. */
static void pad_one(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t inner = j->small.inner, size = j->small.size;
    size_t row = (size_t)inner * sizeof(float);
    const float *from = (const float *)j->c->in[0].data + item * size * inner;
    float *to = (float *)j->c->out[0].data + item * j->wide.size * inner;
    memcpy(to + j->a->before * inner, from, (size_t)size * row);
    for (int64_t i = 0; i < j->wide.size; i++) {
        if (i == j->a->before)
            i += size;
        if (i >= j->wide.size)
            break;
        int64_t at = source(j->a, size, i);
        if (at < 0)
            memset(to + i * inner, 0, row);
        else
            memcpy(to + i * inner, from + at * inner, row);
    }
}

static void cpu(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct job j = {c, a, dio_axis_of(&c->in[0], a->axis), dio_axis_of(&c->out[0], a->axis)};
    if (j.small.inner)
        dio_gang_run(j.small.outer, pad_one, &j);
}

/* --- unpad --- */

static bool unpad_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                        dio_error *err)
{
    (void)n_in;
    const struct attrs *a = attrs;
    if (!dio_want_float(&in[0], "x", err) || !dio_want_axis(&in[0], a->axis, err))
        return false;
    out[0] = in[0];
    out[0].dim[a->axis] -= a->before + a->after;
    if (a->before < 0 || a->after < 0 || out[0].dim[a->axis] < 0)
        return dio_fail(err, "axis %d has no %lld + %lld elements to take away", a->axis,
                        (long long)a->before, (long long)a->after);
    return check_reach(a, out[0].dim[a->axis], err);
}

/* The sum over the padded places that came from element `at`, in rising order. */
static void unpad_reference(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    dio_axis wide = dio_axis_of(&c->in[0], a->axis), small = dio_axis_of(&c->out[0], a->axis);
    for (int64_t i = 0, n = dio_view_count(&c->out[0]); i < n; i++) {
        int64_t at = i / small.inner % small.size;
        int64_t base = i / small.inner / small.size * wide.size * wide.inner + i % small.inner;
        double sum = 0;
        for (int64_t k = 0; k < wide.size; k++)
            if (source(a, small.size, k) == at)
                sum += dio_view_get(&c->in[0], base + k * wide.inner);
        dio_view_set(&c->out[0], i, sum);
    }
}

static void unpad_one(void *user, int64_t item, int thread)
{
    (void)thread;
    const struct job *j = user;
    int64_t inner = j->small.inner, size = j->small.size;
    const float *from = (const float *)j->c->in[0].data + item * j->wide.size * inner;
    float *to = (float *)j->c->out[0].data + item * size * inner;
    memcpy(to, from + j->a->before * inner, (size_t)(size * inner) * sizeof(float));
    for (int64_t i = 0; i < j->wide.size && j->a->mode != DIO_PAD_ZERO; i++) {
        if (i == j->a->before)
            i += size;
        if (i >= j->wide.size)
            break;
        int64_t at = source(j->a, size, i);
        for (int64_t k = 0; k < inner; k++)
            to[at * inner + k] += from[i * inner + k];
    }
}

static void unpad_cpu(const dio_call *c)
{
    const struct attrs *a = c->attrs;
    struct job j = {c, a, dio_axis_of(&c->out[0], a->axis), dio_axis_of(&c->in[0], a->axis)};
    if (j.small.inner)
        dio_gang_run(j.small.outer, unpad_one, &j);
}

extern const dio_op dio_op_unpad;

static void unpad_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct attrs *a = n->attrs;
    gin[0] = dio_pad(g, gout[0], a->axis, a->before, a->after, a->mode);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    gin[0] = dio_emit1(g, &dio_op_unpad, n->attrs, gout, 1);
}

const dio_op dio_op_pad = {
    .name = "pad",
    .doc = "elements before and after one axis: zero, reflect, replicate, circular",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .grad = grad,
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 5, 2)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 2, 3, DIO_PAD_ZERO}},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 4, 4, DIO_PAD_REFLECT}},
            {.in = {DIO_T(DIO_F32, 4, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){0, 3, 1, DIO_PAD_REFLECT}},
            {.in = {DIO_T(DIO_F32, 3, 1)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 3, 2, DIO_PAD_REPLICATE}},
            {.in = {DIO_T(DIO_F32, 3, 5, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 5, 2, DIO_PAD_CIRCULAR}},
            {.in = {DIO_T(DIO_F32, 1, 1)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 0, 0, DIO_PAD_REFLECT}},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 5, 0, DIO_PAD_REFLECT},
             .refused = "reflect padding of 5 along axis 1, of 5 elements, can be at most 4"},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 0, 6, DIO_PAD_CIRCULAR},
             .refused = "circular padding of 6 along axis 1, of 5 elements, can be at most 5"},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){1, -1, 0, DIO_PAD_ZERO},
             .refused = "must not be negative or huge"},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){2, 1, 0, DIO_PAD_ZERO},
             .refused = "axis 2 is outside the 2 dimensions"},
            {0},
        },
};

const dio_op dio_op_unpad = {
    .name = "unpad",
    .doc = "pad's gradient: what went to the padding is added where it came from",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out = 1,
    .attrs_size = sizeof(struct attrs),
    .infer = unpad_infer,
    .reference = unpad_reference,
    .cpu = unpad_cpu,
    .grad = unpad_grad,
    .tol = 1.2e-7f, /* measured 3e-8: up to three numbers are added */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 3, 10, 2)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 2, 3, DIO_PAD_ZERO}},
            {.in = {DIO_T(DIO_F32, 3, 13)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 4, 4, DIO_PAD_REFLECT}},
            {.in = {DIO_T(DIO_F32, 3, 6)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 3, 2, DIO_PAD_REPLICATE}},
            {.in = {DIO_T(DIO_F32, 3, 12, 3)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 5, 2, DIO_PAD_CIRCULAR}},
            {.in = {DIO_T(DIO_F32, 3, 5)},
             .n_in = 1,
             .attrs = &(struct attrs){1, 4, 3, DIO_PAD_ZERO},
             .refused = "axis 1 has no 4 + 3 elements to take away"},
            {0},
        },
};

dio_val dio_pad(dio_graph *g, dio_val x, int axis, int64_t before, int64_t after, dio_pad_mode mode)
{
    struct attrs a = {dio_axis_from_start(g, x, axis), before, after, mode};
    return before || after ? dio_emit1(g, &dio_op_pad, &a, &x, 1) : x;
}
