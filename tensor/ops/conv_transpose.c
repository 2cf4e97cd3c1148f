/* conv_transpose.c: transposed convolution, torch's ConvTranspose1d and 2d.
 * It is the map that carries a convolution's gradient back to the convolution's input, so its
 * geometry is that convolution's with the roles of x and y exchanged. */
#include "tensor/cpu/conv.h"
#include "tensor/cpu/line.h"
#include "tensor/ops/attrs.h"
#include "tensor/ops/operand.h"

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    const dio_type *x = &in[0], *w = &in[1];
    const dio_conv_attrs *a = attrs;
    if (!dio_conv_check(x, w, false, a, err))
        return false;
    if (w->dim[0] != x->dim[1])
        return dio_fail(err, "the kernel takes %lld channels, x has %lld", (long long)w->dim[0],
                        (long long)x->dim[1]);
    *out = *x;
    out->dim[1] = w->dim[1] * a->groups;
    if (!dio_conv_check_bias(&in[2], out->dim[1], err))
        return false;
    for (int i = 0; i < x->nd - 2; i++) {
        int extra = a->output_pad[i];
        if (extra < 0 || (extra >= a->stride[i] && extra >= a->dilation[i]))
            return dio_fail(err, "output padding %d must be below the stride %d or the dilation %d",
                            extra, a->stride[i], a->dilation[i]);
        int64_t reach = (w->dim[i + 2] - 1) * a->dilation[i] + 1;
        int64_t size = (x->dim[i + 2] - 1) * a->stride[i] - 2 * (int64_t)a->pad[i] + reach + extra;
        if (x->dim[i + 2] < 1 || size < 1)
            return dio_fail(err, "dimension %d of %lld elements would become %lld", i + 2,
                            (long long)x->dim[i + 2], (long long)size);
        out->dim[i + 2] = size;
    }
    return true;
}

/* Of the convolution that this one transposes: its input is our output. */
static dio_conv_shape shape_of(const dio_call *c)
{
    return dio_conv_shape_of(&c->out[0], &c->in[1], &c->in[0], c->attrs);
}

/* Inputs first..last of one axis whose window may reach place `at` (counted with the padding). */
static void reaching(int64_t at, int64_t stride, int64_t dilation, int64_t kernel, int64_t size,
                     int64_t *first, int64_t *last)
{
    int64_t from = at - (kernel - 1) * dilation;
    *first = from > 0 ? (from + stride - 1) / stride : 0;
    *last = at / stride < size - 1 ? at / stride : size - 1;
}

/* The sum of one element of our output: `channel` counted over all groups. Windows that step over
 * the place add nothing. */
static double reference_at(const dio_call *c, const dio_conv_shape *s, int64_t b, int64_t channel,
                           int64_t y, int64_t x)
{
    const dio_line_attrs *a = c->attrs;
    double sum = c->in[2].data ? dio_view_get(&c->in[2], channel) : 0;
    int64_t group = channel / s->c, top, bottom, left, right;
    reaching(y + s->ph, s->sh, s->dh, s->kh, s->oh, &top, &bottom);
    reaching(x + s->pw, s->sw, s->dw, s->kw, s->ow, &left, &right);
    for (int64_t o = group * s->o; o < (group + 1) * s->o; o++)
        for (int64_t oy = top; oy <= bottom; oy++)
            for (int64_t ox = left; ox <= right; ox++) {
                int64_t ky = y + s->ph - oy * s->sh, kx = x + s->pw - ox * s->sw;
                if (ky % s->dh || kx % s->dw)
                    continue;
                int64_t row = ((o * s->c + channel % s->c) * s->kh + ky / s->dh) * s->kw;
                const double v =
                    dio_view_get(&c->in[0], ((b * s->groups * s->o + o) * s->oh + oy) * s->ow + ox);
                sum += dio_view_get(&c->in[1], row + kx / s->dw) *
                       (a->leaky && v < 0 ? (double)a->slope * v : v);
            }
    return sum;
}

static void reference(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    int64_t flat = 0;
    for (int64_t b = 0; b < s.batch; b++)
        for (int64_t channel = 0; channel < s.groups * s.c; channel++)
            for (int64_t y = 0; y < s.h; y++)
                for (int64_t x = 0; x < s.w; x++)
                    dio_view_set(&c->out[0], flat++, reference_at(c, &s, b, channel, y, x));
}

static void cpu(const dio_call *c)
{
    dio_conv_shape s = shape_of(c);
    const dio_line_attrs *a = c->attrs;
    if (a->leaky) {
        const dio_line line = {.s = &s,
                               .back = true,
                               .x = c->in[0].data,
                               .kernel = c->in[1].data,
                               .bias = c->in[2].data,
                               .leaky = true,
                               .slope = a->slope,
                               .y = c->out[0].data};
        dio_line_run(c->cpu, &line, c->work);
        return;
    }
    dio_cpu_conv_data(c->cpu, &s, c->in[0].data, c->in[1].data, c->in[2].data, c->out[0].data,
                      c->work);
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

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    const dio_conv_attrs *a = n->attrs;
    gin[0] = dio_conv(g, gout[0], n->in[1], DIO_NONE, *a);
    gin[1] = dio_conv_weights(g, gout[0], n->in[0], dio_type_of(g, n->in[1]), *a);
    if (dio_operand(n, 2) != DIO_NONE) {
        unsigned axes = ((1u << dio_type_of(g, gout[0]).nd) - 1) & ~2u;
        gin[2] = dio_sum(g, gout[0], axes, false);
    }
}

#define ATTRS(...) (&(const dio_line_attrs){.conv = {__VA_ARGS__}})
#define PLAIN      .stride = {1, 1}, .dilation = {1, 1}, .groups = 1

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 3, 9), DIO_T(DIO_F32, 3, 5, 4), DIO_T(DIO_F32, 5)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {2, 1}, .pad = {1}, .dilation = {1, 1}, .groups = 1)},
    {.in = {DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1, 1)}, .n_in = 2, .attrs = ATTRS(PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 4, 7), DIO_T(DIO_F32, 4, 3, 5), DIO_T(DIO_F32, 6)},
     .n_in = 3,
     .attrs =
         ATTRS(.stride = {3, 1}, .pad = {2}, .dilation = {2, 1}, .groups = 2, .output_pad = {2})},
    {.in = {DIO_T(DIO_F32, 2, 5, 8), DIO_T(DIO_F32, 5, 1, 16)},
     .n_in = 2,
     .attrs = ATTRS(.stride = {8, 1}, .pad = {4}, .dilation = {1, 1}, .groups = 5)},
    {.in = {DIO_T(DIO_F32, 2, 3, 4, 5), DIO_T(DIO_F32, 3, 2, 3, 4), DIO_T(DIO_F32, 2)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {2, 3}, .pad = {1, 2}, .dilation = {2, 1}, .groups = 1,
                    .output_pad = {1, 1})},
    {.in = {DIO_T(DIO_F32, 1, 4, 6, 7), DIO_T(DIO_F32, 4, 3, 1, 1), DIO_T(DIO_F32, 3)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN)},
    {.in = {DIO_T(DIO_F32, 2, 32, 20, 18), DIO_T(DIO_F32, 32, 24, 4, 4), DIO_T(DIO_F32, 24)},
     .n_in = 3,
     .attrs = ATTRS(.stride = {2, 2}, .pad = {1, 1}, .dilation = {1, 1}, .groups = 1),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 33, 21, 18), DIO_T(DIO_F32, 33, 20, 3, 3), DIO_T(DIO_F32, 20)},
     .n_in = 3,
     .attrs = ATTRS(PLAIN, .pad = {1, 1}),
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 3, 9), DIO_T(DIO_F32, 4, 5, 4)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN),
     .refused = "the kernel takes 4 channels, x has 3"},
    {.in = {DIO_T(DIO_F32, 2, 3, 9), DIO_T(DIO_F32, 3, 5, 4)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .output_pad = {1}),
     .refused = "output padding 1 must be below the stride 1 or the dilation 1"},
    {.in = {DIO_T(DIO_F32, 2, 3, 1), DIO_T(DIO_F32, 3, 5, 3)},
     .n_in = 2,
     .attrs = ATTRS(PLAIN, .pad = {2}),
     .refused = "dimension 2 of 1 elements would become -1"},
    {0},
};

const dio_op dio_op_conv_transpose = {
    .name = "conv_transpose",
    .doc = "y[b,o,p*stride-pad+k*dilation] += w[c,o,k] x[b,c,p]; x [B,C,T] or [B,C,H,W], "
           "w [C,O/groups,k..], bias [O]",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out = 1,
    .attrs_size = sizeof(dio_line_attrs),
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .grad = grad,
    .cost = cost,
    .tol = 4e-6f, /* measured 1.1e-6: by tiles of 4x4 */
    .cases = cases,
};

dio_val dio_conv_transpose(dio_graph *g, dio_val x, dio_val w, dio_val bias, dio_conv_attrs attrs)
{
    const dio_line_attrs a = {.conv = attrs};
    return dio_emit1(g, &dio_op_conv_transpose, &a, (dio_val[]){x, w, bias}, 3);
}
