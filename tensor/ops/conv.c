/* conv.c: convolution in 1-D and 2-D, and the product that gives its kernel's gradient.
 * A convolution is linear in x and in w, and conv, conv_transpose and conv_weights are each
 * other's gradients: the three are closed under differentiation, as often as one likes. */
#include "tensor/cpu/conv.h"
#include "tensor/cpu/line.h"
#include "tensor/ops/attrs.h"
#include "tensor/ops/operand.h"

/* --- conv --- */

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const dio_type *x = &in[0], *w = &in[1];
    const dio_conv_attrs *a = attrs;
    if (!dio_conv_check(x, w, true, a, err) || !dio_conv_check_bias(&in[2], w->dim[0], err))
        return false;
    if (w->dim[1] != x->dim[1] / a->groups)
        return dio_fail(err, "the kernel takes %lld channels a group, x gives %lld in %d groups",
                        (long long)w->dim[1], (long long)x->dim[1], a->groups);
    *out = *x;
    out->dim[1] = w->dim[0];
    for (int i = 2; i < x->nd; i++) {
        int64_t reach = (w->dim[i] - 1) * a->dilation[i - 2] + 1;
        int64_t padded = x->dim[i] + 2 * (int64_t)a->pad[i - 2];
        if (reach > padded)
            return dio_fail(err,
                            "a kernel that reaches %lld does not fit %lld padded elements "
                            "in dimension %d",
                            (long long)reach, (long long)padded, i);
        out->dim[i] = (padded - reach) / a->stride[i - 2] + 1;
    }
    return true;
}

static dio_conv_shape shape_of(const dio_call *c)
{
    return dio_conv_shape_of(&c->in[0], &c->in[1], &c->out[0], c->attrs);
}

/* The sum of one output, o counted over all groups. */
static double reference_at(const dio_call *c, const dio_conv_shape *s, int64_t b, int64_t o,
                           int64_t oy, int64_t ox)
{
    const dio_line_attrs *a = c->attrs;
    double sum = c->in[2].data ? dio_view_get(&c->in[2], o) : 0;
    for (int64_t k = 0; k < s->c * s->kh * s->kw; k++) {
        int64_t kx = k % s->kw, ky = k / s->kw % s->kh;
        int64_t channel = o / s->o * s->c + k / s->kw / s->kh;
        int64_t y = oy * s->sh - s->ph + ky * s->dh, x = ox * s->sw - s->pw + kx * s->dw;
        if (y < 0 || y >= s->h || x < 0 || x >= s->w)
            continue;
        const double v =
            dio_view_get(&c->in[0], ((b * s->groups * s->c + channel) * s->h + y) * s->w + x);
        sum += dio_view_get(&c->in[1], o * s->c * s->kh * s->kw + k) *
               (a->leaky && v < 0 ? (double)a->slope * v : v);
    }
    return sum;
}

static void reference(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    int64_t flat = 0;
    for (int64_t b = 0; b < s.batch; b++)
        for (int64_t o = 0; o < s.groups * s.o; o++)
            for (int64_t y = 0; y < s.oh; y++)
                for (int64_t x = 0; x < s.ow; x++, flat++) {
                    const double more = c->in[3].data ? dio_view_get(&c->in[3], flat) : 0;
                    dio_view_set(&c->out[0], flat, more + reference_at(c, &s, b, o, y, x));
                }
}

static void cpu(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    const dio_line_attrs *a = c->attrs;
    if (a->leaky || c->in[3].data) {
        const dio_line line = {.s = &s,
                               .x = c->in[0].data,
                               .kernel = c->in[1].data,
                               .bias = c->in[2].data,
                               .leaky = a->leaky,
                               .slope = a->slope,
                               .add = c->in[3].data,
                               .y = c->out[0].data};
        dio_cpu_conv_line(c->cpu, &line, c->work);
        return;
    }
    dio_cpu_conv(c->cpu, &s, c->in[0].data, c->in[1].data, c->in[2].data, c->out[0].data, c->work);
}

static size_t workspace(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    return dio_conv_work(c->cpu, &s);
}

static dio_cost cost(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    return dio_conv_cost(&s);
}

/* The data's gradient is a transposed convolution that must end at x's size exactly: what the
 * stride skipped at x's far end is its output padding. */
static dio_val data_gradient(dio_graph *g, dio_val x, dio_val w, dio_val gy,
                             const dio_conv_attrs *attrs)
{
    dio_conv_attrs a = *attrs;
    for (int i = 0; i < dio_type_of(g, x).nd - 2; i++) {
        int64_t reach = (dio_dim(g, w, i + 2) - 1) * a.dilation[i] + 1;
        a.output_pad[i] =
            (int)((dio_dim(g, x, i + 2) + 2 * (int64_t)a.pad[i] - reach) % a.stride[i]);
    }
    return dio_conv_transpose(g, gy, w, DIO_NONE, a);
}

/* Over all dims but the channels'. */
static dio_val bias_gradient(dio_graph *g, dio_val gy)
{
    unsigned axes = ((1u << dio_type_of(g, gy).nd) - 1) & ~2u;
    return dio_sum(g, gy, axes, false);
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_val w = n->in[1];
    const bool half = dio_type_of(g, w).dtype != DIO_F32; /* stored, not trained */
    gin[0] = data_gradient(g, n->in[0], half ? dio_cast(g, w, DIO_F32) : w, gout[0], n->attrs);
    if (!half)
        gin[1] = dio_conv_weights(g, n->in[0], gout[0], dio_type_of(g, n->in[1]),
                                  *(const dio_conv_attrs *)n->attrs);
    if (dio_operand(n, 2) != DIO_NONE)
        gin[2] = bias_gradient(g, gout[0]);
}

#define ATTRS(...) (&(const dio_line_attrs){.conv = {__VA_ARGS__}})
#define PLAIN      .stride = {1, 1}, .dilation = {1, 1}, .groups = 1

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 3, 11), DIO_T(DIO_F32, 5, 3, 3), DIO_T(DIO_F32, 5)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1})},
    {.in = {DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1, 1)}, .n_in = 2, .attrs = ATTRS(PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 4, 17), DIO_T(DIO_F32, 6, 2, 3), DIO_T(DIO_F32, 6)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {2, 1}, .pad = {3}, .dilation = {3, 1}, .groups = 2)},
    {.in = {DIO_T(DIO_F32, 2, 5, 19), DIO_T(DIO_F32, 5, 1, 7), DIO_T(DIO_F32, 5)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {1, 1}, .pad = {3}, .dilation = {1, 1}, .groups = 5)},
    {.in = {DIO_T(DIO_F32, 2, 3, 7, 5), DIO_T(DIO_F32, 4, 3, 3, 3), DIO_T(DIO_F32, 4)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1, 1})},
    {.in = {DIO_T(DIO_F32, 1, 4, 6, 7), DIO_T(DIO_F32, 3, 4, 1, 1)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 4, 9, 8), DIO_T(DIO_F32, 4, 2, 3, 2), DIO_T(DIO_F32, 4)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {2, 3}, .pad = {2, 0}, .dilation = {1, 2}, .groups = 2)},
    {.in = {DIO_T(DIO_F32, 1, 6, 8, 9), DIO_T(DIO_F32, 6, 1, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {2, 2}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 6)},
    {.in = {DIO_T(DIO_F32, 2, 32, 20, 18), DIO_T(DIO_F32, 32, 32, 3, 3), DIO_T(DIO_F32, 32)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 1, 128, 30, 31), DIO_T(DIO_F32, 8, 128, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    /* tiles of 4x4: whole strips, rows of 6 tiles, edges cut off; of 2x2; halves */
    {.in = {DIO_T(DIO_F32, 1, 9, 70, 139), DIO_T(DIO_F32, 15, 9, 3, 3), DIO_T(DIO_F32, 15)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 3, 40, 23, 22), DIO_T(DIO_F32, 30, 40, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .pad = {0, 2}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 140, 7, 8), DIO_T(DIO_F16, 33, 140, 3, 3), DIO_T(DIO_F32, 33)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 1, 40, 21, 16), DIO_T(DIO_BF16, 17, 40, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 20, 9, 8), DIO_T(DIO_BF16, 35, 20, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {2, 2}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 1),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 1, 6, 8, 9), DIO_T(DIO_F16, 6, 1, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {1, 1}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 6),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 3, 11), DIO_T(DIO_F32, 5, 2, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN),
     .refused = "the kernel takes 2 channels a group, x gives 3 in 1 groups"},
    {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 5, 3, 6)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .pad = {0}),
     .refused = "a kernel that reaches 6 does not fit 4 padded elements in dimension 2"},
    {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 5, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {0, 1}, .dilation = {1, 1}, .groups = 1),
     .refused = "stride 0 is outside 1..1048576"},
    {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 4, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {1, 1}, .dilation = {1, 1}, .groups = 2),
     .refused = "3 channels of x and 4 of the kernel do not split into 2 groups"},
    {.in = {DIO_T(DIO_F32, 2, 3, 4), DIO_T(DIO_F32, 4, 3, 3), DIO_T(DIO_F32, 3)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN),
     .refused = "bias must have size 4 in dimension 0, not f32[3]"},
    {.in = {DIO_T(DIO_F32, 3, 4), DIO_T(DIO_F32, 4, 3, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN),
     .refused = "x must have 3 to 4 dimensions, not f32[3,4]"},
    {0},
};

const dio_op dio_op_conv = {
    .name = "conv",
    .doc = "y[b,o,p] = bias[o] + sum over c,k of w[o,c,k] x[b,c,p*stride-pad+k*dilation]; "
           "x [B,C,T] or [B,C,H,W], w [O,C/groups,k..] f32/bf16/f16",
    .n_in_min = 2,
    .n_in_max = 4, /* the last is added to y: fusion's */
    .n_out = 1,
    .attrs_size = sizeof(dio_line_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 6e-6f, /* measured 2e-6: tiles of 4x4 over 140 channels */
    .cases = cases,
};

dio_conv_attrs dio_conv_defaults(void)
{
    return (dio_conv_attrs){.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
}

dio_val dio_conv(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_conv_attrs attrs)
{
    const dio_line_attrs a = {.conv = attrs};
    return dio_emit1(g, &dio_op_conv, &a, (dio_val[]){x, w, bias}, 3);
}

/* --- conv_weights --- */

struct weights_attrs {
    dio_conv_attrs conv;
    dio_type kernel; /* of the result */
};

static bool weights_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                          dio_error *err)
{
    const struct weights_attrs *a = attrs;
    const dio_type with_kernel[3] = {in[0], a->kernel, {DIO_F32, -1, {0}}};
    dio_type y;
    (void)n_in;
    if (!infer(with_kernel, 2, &a->conv, &y, err) || !dio_want_same(&in[1], &y, "y and x * w", err))
        return false;
    *out = a->kernel;
    return true;
}

static dio_conv_shape weights_shape(const dio_call *c)
{
    const struct weights_attrs *a = c->attrs;
    return dio_conv_shape_of(&c->in[0], &c->out[0], &c->in[1], &a->conv);
}

/* The sum of weight k of output channel o. */
static double weights_at(const dio_call *c, const dio_conv_shape *s, int64_t o, int64_t k)
{
    int64_t kx = k % s->kw, ky = k / s->kw % s->kh;
    int64_t channel = o / s->o * s->c + k / s->kw / s->kh;
    double sum = 0;
    for (int64_t i = 0; i < s->batch * s->oh * s->ow; i++) {
        int64_t b = i / s->ow / s->oh;
        int64_t y = i / s->ow % s->oh * s->sh - s->ph + ky * s->dh;
        int64_t x = i % s->ow * s->sw - s->pw + kx * s->dw;
        if (y >= 0 && y < s->h && x >= 0 && x < s->w)
            sum +=
                dio_view_get(&c->in[0], ((b * s->groups * s->c + channel) * s->h + y) * s->w + x) *
                dio_view_get(&c->in[1],
                             (b * s->groups * s->o + o) * s->oh * s->ow + i % (s->oh * s->ow));
    }
    return sum;
}

static void weights_reference(const dio_call *c)
{
    dio_conv_shape s = weights_shape(c);
    int64_t taps = s.c * s.kh * s.kw;
    for (int64_t i = 0; i < s.groups * s.o * taps; i++)
        dio_view_set(&c->out[0], i, weights_at(c, &s, i / taps, i % taps));
}

static void weights_cpu(const dio_call *c)
{
    dio_conv_shape s = weights_shape(c);
    dio_cpu_conv_weights(c->cpu, &s, c->in[0].data, c->in[1].data, c->out[0].data, c->work);
}

static size_t weights_workspace(const dio_call *c)
{
    dio_conv_shape s = weights_shape(c);
    return dio_conv_work(c->cpu, &s);
}

static dio_cost weights_cost(const dio_call *c)
{
    dio_conv_shape s = weights_shape(c);
    return dio_conv_cost(&s);
}

static void weights_grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const struct weights_attrs *a = n->attrs;
    gin[0] = data_gradient(g, n->in[0], gout[0], n->in[1], &a->conv);
    gin[1] = dio_conv(g, n->in[0], gout[0], DIO_NONE, a->conv);
}

#define WEIGHTS(kernel_, ...)                                                                      \
    (&(const struct weights_attrs){.conv = {__VA_ARGS__}, .kernel = kernel_})

static const dio_op_case weights_cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 3, 11), DIO_T(DIO_F32, 2, 5, 11)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 5, 3, 3), PLAIN, .pad = {1})},
    {.in = {DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1, 1)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 1, 1, 1), PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 5, 19), DIO_T(DIO_F32, 2, 5, 19)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 5, 1, 7), .stride = {1, 1}, .pad = {3}, .dilation = {1, 1},
                      .groups = 5)},
    {.in = {DIO_T(DIO_F32, 3, 4, 9, 8), DIO_T(DIO_F32, 3, 4, 6, 2)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 4, 2, 3, 2), .stride = {2, 3}, .pad = {2, 0},
                      .dilation = {1, 2}, .groups = 2)},
    {.in = {DIO_T(DIO_F32, 1, 4, 6, 7), DIO_T(DIO_F32, 1, 3, 6, 7)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 3, 4, 1, 1), PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 32, 20, 18), DIO_T(DIO_F32, 2, 32, 20, 18)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 32, 32, 3, 3), PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 3, 8, 41, 33), DIO_T(DIO_F32, 3, 16, 41, 33)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 16, 8, 3, 3), PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 512, 17, 17), DIO_T(DIO_F32, 2, 4, 17, 17)},
     .n_in = 2, /* blocks */
     .attrs = WEIGHTS(DIO_T(DIO_F32, 4, 512, 3, 3), PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 5, 7, 40, 40), DIO_T(DIO_F32, 5, 20, 20, 20)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 20, 7, 4, 4), .stride = {2, 2}, .pad = {1, 1},
                      .dilation = {1, 1}, .groups = 1),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 4, 40, 40), DIO_T(DIO_F32, 2, 6, 40, 40)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 6, 4, 1, 1), PLAIN),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 3, 11), DIO_T(DIO_F32, 2, 5, 10)},
     .n_in = 2,
     .attrs = WEIGHTS(DIO_T(DIO_F32, 5, 3, 3), PLAIN, .pad = {1}),
     .refused = "y and x * w differ: f32[2,5,10] and f32[2,5,11]"},
    {0},
};

const dio_op dio_op_conv_weights = {
    .name = "conv_weights",
    .doc = "the gradient of conv's kernel: w[o,c,k] = sum over b,p of "
           "y[b,o,p] x[b,c,p*stride-pad+k*dilation]",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out = 1,
    .attrs_size = sizeof(struct weights_attrs),
    .infer = weights_infer,
    .reference = weights_reference,
    .cpu = weights_cpu,
    .workspace = weights_workspace,
    .grad = weights_grad,
    .cost = weights_cost,
    .tol = 8e-6f, /* measured 2.1e-6: by tiles of 4x4 */
    .cases = weights_cases,
};

dio_val dio_conv_weights(dio_graph *g, dio_val x, dio_val y, dio_type kernel, dio_conv_attrs attrs)
{
    struct weights_attrs a = {.conv = attrs, .kernel = kernel};
    return dio_emit1(g, &dio_op_conv_weights, &a, (dio_val[]){x, y}, 2);
}
