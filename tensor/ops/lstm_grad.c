/* lstm_grad.c: LSTM backwards through time.
 * Gives the gradient of the gates' sums for every step, from which dio_recurrence_grad has the
 * weights' and the inputs' by plain matrix products; and those of the first states. The cell's
 * gradient dc rides along from step to step beside the state's. */
#include <math.h>
#include <string.h>

#include "tensor/cpu/recurrence.h"

enum { GATES, CELLS, C0, W_HH, GY, GH, GC };
enum { OUT_SUMS, OUT_H0, OUT_C0 };

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!dio_want_float(&in[CELLS], "the cells", err) ||
        !dio_want_dims(&in[CELLS], 3, 3, "the cells", err))
        return false;
    int64_t batch = in[CELLS].dim[0], steps = in[CELLS].dim[1], h = in[CELLS].dim[2];
    dio_type gates = dio_type_3d(DIO_F32, batch, steps, 4 * h);
    dio_type state = dio_type_2d(DIO_F32, batch, h), w = dio_type_2d(DIO_F32, 4 * h, h);
    if (!dio_want_same(&in[GATES], &gates, "the gates and 4H of the cells", err) ||
        !dio_want_same(&in[C0], &state, "c0 and the cells' state", err) ||
        !dio_want_same(&in[W_HH], &w, "w_hh and 4H of the cells", err) ||
        (in[GY].nd >= 0 && !dio_want_same(&in[GY], &in[CELLS], "gy and the cells", err)) ||
        (in[GH].nd >= 0 && !dio_want_same(&in[GH], &state, "gh and the cells' state", err)) ||
        (in[GC].nd >= 0 && !dio_want_same(&in[GC], &state, "gc and the cells' state", err)))
        return false;
    out[OUT_SUMS] = gates;
    out[OUT_H0] = out[OUT_C0] = state;
    return true;
}

static double get_or_zero(const dio_view *v, int64_t i)
{
    return v->data ? dio_view_get(v, i) : 0;
}

/* The gradient of element j of the state after step t, from the step's own output and from the
 * sums of the step after it. */
static double state_gradient(const dio_call *c, int64_t b, int64_t t, int64_t j)
{
    int64_t steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2], row = b * steps + t;
    if (t == steps - 1)
        return get_or_zero(&c->in[GH], b * h + j) +
               (t >= 0 ? get_or_zero(&c->in[GY], row * h + j) : 0);
    double sum = t >= 0 ? get_or_zero(&c->in[GY], row * h + j) : 0;
    for (int64_t k = 0; k < 4 * h; k++)
        sum += dio_view_get(&c->out[OUT_SUMS], (row + 1) * 4 * h + k) *
               dio_view_get(&c->in[W_HH], k * h + j);
    return sum;
}

/* One step of one element: dh and dc come in; dc goes out for the step before. */
static double reference_at(const dio_call *c, int64_t b, int64_t t, int64_t j, double dc)
{
    int64_t steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2], row = b * steps + t;
    double dh = state_gradient(c, b, t, j), gate[4];
    for (int k = 0; k < 4; k++)
        gate[k] = dio_view_get(&c->in[GATES], (row * 4 + k) * h + j);
    double before =
        t ? dio_view_get(&c->in[CELLS], (row - 1) * h + j) : dio_view_get(&c->in[C0], b * h + j);
    double squashed = tanh(dio_view_get(&c->in[CELLS], row * h + j));
    dc += dh * gate[3] * (1 - squashed * squashed);
    double sums[4] = {dc * gate[2] * gate[0] * (1 - gate[0]), dc * before * gate[1] * (1 - gate[1]),
                      dc * gate[0] * (1 - gate[2] * gate[2]),
                      dh * squashed * gate[3] * (1 - gate[3])};
    for (int k = 0; k < 4; k++)
        dio_view_set(&c->out[OUT_SUMS], (row * 4 + k) * h + j, sums[k]);
    return dc * gate[1];
}

/* dc after step t of element j, kept nowhere: c's gradient at the end times the forget gates that
 * lie between, each step adding its own. Followed from the end, so that no memory is needed. */
static double follow(const dio_call *c, int64_t b, int64_t t, int64_t j)
{
    int64_t steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2];
    double dc = get_or_zero(&c->in[GC], b * h + j);
    for (int64_t s = steps - 1; s > t; s--)
        dc = reference_at(c, b, s, j, dc);
    return dc;
}

static void reference(const dio_call *c)
{
    int64_t batch = c->in[CELLS].dim[0], steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2];
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t t = steps - 1; t >= 0; t--)
            for (int64_t j = 0; j < h; j++)
                reference_at(c, b, t, j, follow(c, b, t, j));
        for (int64_t j = 0; j < h; j++) {
            if (c->out[OUT_H0].data)
                dio_view_set(&c->out[OUT_H0], b * h + j, state_gradient(c, b, -1, j));
            if (c->out[OUT_C0].data)
                dio_view_set(&c->out[OUT_C0], b * h + j, follow(c, b, -1, j));
        }
    }
}

/* --- the fast one --- */

struct cells {
    const dio_call *call;
    float *dc;       /* [B,H] */
    float *squashed; /* [B,H]: tanh of the step's cells */
};

static void cell(const dio_recurrence_back *r, int64_t b, int64_t t)
{
    const struct cells *s = r->user;
    const dio_call *c = s->call;
    int64_t h = r->hidden, row = b * r->steps + t;
    const float *g = (const float *)c->in[GATES].data + row * 4 * h;
    const float *gy = c->in[GY].data ? (const float *)c->in[GY].data + row * h : NULL;
    const float *now = (const float *)c->in[CELLS].data + row * h;
    const float *before = dio_state_before(c->in[CELLS].data, c->in[C0].data, b, t, r->steps, h);
    float *sums = r->dsums + row * 4 * h, *carry = r->carry + b * h;
    float *dc = s->dc + b * h, *squashed = s->squashed + b * h;
    r->cpu->unary[DIO_U_TANH](squashed, now, h, 0, 0);
    for (int64_t j = 0; j < h; j++) {
        float i = g[j], f = g[h + j], w = g[2 * h + j], o = g[3 * h + j], q = squashed[j];
        float dh = carry[j] + (gy ? gy[j] : 0);
        float d = dc[j] + dh * o * (1 - q * q);
        sums[j] = d * w * i * (1 - i);
        sums[h + j] = d * before[j] * f * (1 - f);
        sums[2 * h + j] = d * i * (1 - w * w);
        sums[3 * h + j] = dh * q * o * (1 - o);
        dc[j] = d * f;
        carry[j] = 0;
    }
}

static dio_recurrence_back backward(const dio_call *c)
{
    int64_t steps = c->in[CELLS].dim[1], h = c->in[CELLS].dim[2];
    return (dio_recurrence_back){.cpu = c->cpu,
                                 .batch = c->in[CELLS].dim[0],
                                 .steps = steps,
                                 .hidden = h,
                                 .width = 4 * h,
                                 .w_hh = c->in[W_HH].data,
                                 .dsums = c->out[OUT_SUMS].data,
                                 .dsums_row = steps * 4 * h,
                                 .dsums_step = 4 * h,
                                 .cell = cell};
}

static size_t state_bytes(const dio_call *c)
{
    size_t floats = (size_t)dio_view_count(&c->in[C0]);
    return (floats * sizeof(float) + 63) / 64 * 64;
}

static size_t workspace(const dio_call *c)
{
    dio_recurrence_back r = backward(c);
    return 3 * state_bytes(c) + dio_recurrence_back_work(&r);
}

static void start(float *to, const dio_view *from, size_t bytes)
{
    if (from->data)
        memcpy(to, from->data, bytes);
    else
        memset(to, 0, bytes);
}

static void cpu(const dio_call *c)
{
    dio_recurrence_back r = backward(c);
    size_t bytes = (size_t)(r.batch * r.hidden) * sizeof(float);
    unsigned char *work = c->work;
    struct cells s = {.call = c,
                      .dc = (float *)(work + state_bytes(c)),
                      .squashed = (float *)(work + 2 * state_bytes(c))};
    r.carry = (float *)work;
    r.work = work + 3 * state_bytes(c);
    r.user = &s;
    start(r.carry, &c->in[GH], bytes);
    start(s.dc, &c->in[GC], bytes);
    dio_recurrence_back_run(&r);
    if (c->out[OUT_H0].data)
        memcpy(c->out[OUT_H0].data, r.carry, bytes);
    if (c->out[OUT_C0].data)
        memcpy(c->out[OUT_C0].data, s.dc, bytes);
}

static dio_cost cost(const dio_call *c)
{
    double rows = (double)c->in[CELLS].dim[0] * c->in[CELLS].dim[1], h = c->in[CELLS].dim[2];
    return (dio_cost){rows * (8 * h * h + 30 * h), 4 * (rows * 10 * h + 4 * h * h)};
}

const dio_op dio_op_lstm_grad = {
    .name = "lstm_grad",
    .doc = "gates, cells, c0, w_hh, gy, gh, gc -> gradients of the gates' sums [B,T,4H], of h0 and "
           "of c0 [B,H]",
    .n_in_min = 4,
    .n_in_max = 7,
    .n_out = 3,
    .flags = DIO_OP_NODIFF,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .cost = cost,
    .tol = 8e-7f, /* measured 1.2e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 5, 28), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7),
                    DIO_T(DIO_F32, 28, 7), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7),
                    DIO_T(DIO_F32, 2, 7)},
             .n_in = 7},
            {.in = {DIO_T(DIO_F32, 1, 1, 4), DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1),
                    DIO_T(DIO_F32, 4, 1), DIO_T(DIO_F32, 1, 1, 1)},
             .n_in = 5},
            {.in = {DIO_T(DIO_F32, 2, 5, 21), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7),
                    DIO_T(DIO_F32, 28, 7)},
             .n_in = 4,
             .refused = "the gates and 4H of the cells differ: f32[2,5,21] and f32[2,5,28]"},
            {0},
        },
};
