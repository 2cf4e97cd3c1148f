/* lstm.c: torch.nn.LSTM, one layer, one direction.
 *
 *     i, f, o = sigmoid(W x + b + U h + d)       input, forget, output gates
 *     g       = tanh(W x + b + U h + d)          what is written
 *     c' = f c + i g;  h' = o tanh(c')
 *
 * Rows of W and U stand in the order i, f, g, o. The gates [B,T,4H] and the cells c' [B,T,H] are
 * kept as outputs for the gradient. */
#include <math.h>
#include <string.h>

#include "tensor/cpu/gemm.h"
#include "tensor/cpu/recurrence.h"
#include "tensor/ops.h"

extern const dio_op dio_op_lstm_grad;

enum { X, H0, C0, W_IH, W_HH, B_IH, B_HH };
enum { OUT_Y, OUT_H, OUT_C, OUT_GATES, OUT_CELLS };

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!dio_recurrence_check(&in[X], &in[H0], &in[W_IH], &in[W_HH], &in[B_IH], &in[B_HH], 4,
                              err) ||
        !dio_want_same(&in[C0], &in[H0], "c0 and h0", err))
        return false;
    int64_t batch = in[X].dim[0], steps = in[X].dim[1], h = in[H0].dim[1];
    out[OUT_Y] = out[OUT_CELLS] = dio_type_3d(DIO_F32, batch, steps, h);
    out[OUT_H] = out[OUT_C] = in[H0];
    out[OUT_GATES] = dio_type_3d(DIO_F32, batch, steps, 4 * h);
    return true;
}

/* --- reference --- */

/* Row `row` of w times the vector at x[from..], plus the bias's element. */
static double dot(const dio_view *w, int64_t row, const dio_view *x, int64_t from,
                  const dio_view *bias)
{
    double sum = bias->data ? dio_view_get(bias, row) : 0;
    for (int64_t i = 0; i < w->dim[1]; i++)
        sum += dio_view_get(w, row * w->dim[1] + i) * dio_view_get(x, from + i);
    return sum;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The gates of one element of one step. */
static void gates_at(const dio_call *c, int64_t b, int64_t t, int64_t j, double gate[4])
{
    int64_t steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    const dio_view *state = t ? &c->out[OUT_Y] : &c->in[H0];
    int64_t from_x = (b * steps + t) * c->in[X].dim[2];
    int64_t from_h = t ? (b * steps + t - 1) * h : b * h;
    for (int k = 0; k < 4; k++) {
        double sum = dot(&c->in[W_IH], k * h + j, &c->in[X], from_x, &c->in[B_IH]) +
                     dot(&c->in[W_HH], k * h + j, state, from_h, &c->in[B_HH]);
        gate[k] = k == 2 ? tanh(sum) : sigmoid(sum);
    }
}

/* One element of one step. Where nobody keeps the cells, they are followed from the start. */
static void reference_at(const dio_call *c, int64_t b, int64_t t, int64_t j)
{
    int64_t steps = c->in[X].dim[1], h = c->in[H0].dim[1], row = b * steps + t;
    bool kept = c->out[OUT_CELLS].data;
    double gate[4] = {0}, cell = t && kept ? dio_view_get(&c->out[OUT_CELLS], (row - 1) * h + j)
                                           : dio_view_get(&c->in[C0], b * h + j);
    for (int64_t s = kept ? t : 0; s <= t; s++) {
        gates_at(c, b, s, j, gate);
        cell = gate[1] * cell + gate[0] * gate[2];
    }
    double now = gate[3] * tanh(cell);
    dio_view_set(&c->out[OUT_Y], row * h + j, now);
    if (kept)
        dio_view_set(&c->out[OUT_CELLS], row * h + j, cell);
    for (int k = 0; k < 4 && c->out[OUT_GATES].data; k++)
        dio_view_set(&c->out[OUT_GATES], (row * 4 + k) * h + j, gate[k]);
    if (c->out[OUT_H].data && t == steps - 1)
        dio_view_set(&c->out[OUT_H], b * h + j, now);
    if (c->out[OUT_C].data && t == steps - 1)
        dio_view_set(&c->out[OUT_C], b * h + j, cell);
}

static void copy_state(const dio_view *from, dio_view *to)
{
    for (int64_t i = 0, n = dio_view_count(from); i < n && to->data; i++)
        dio_view_set(to, i, dio_view_get(from, i));
}

static void reference(const dio_call *c)
{
    int64_t batch = c->in[X].dim[0], steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    dio_view last_h = c->out[OUT_H], last_c = c->out[OUT_C];
    if (!steps) {
        copy_state(&c->in[H0], &last_h);
        copy_state(&c->in[C0], &last_c);
    }
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 0; t < steps; t++)
            for (int64_t j = 0; j < h; j++)
                reference_at(c, b, t, j);
}

/* --- the fast one --- */

/* The cell's own memory. Without a history, one row of cells is updated in place. */
struct cells {
    const float *first; /* c0 */
    float *history;     /* [B,T,H], or [B,H] */
    int64_t row, step;  /* distance of batch rows and of steps (0: in place) */
    float *scratch;     /* [B,H] */
};

static dio_recurrence recurrence(const dio_call *c)
{
    return (dio_recurrence){.cpu = c->cpu,
                            .batch = c->in[X].dim[0],
                            .steps = c->in[X].dim[1],
                            .in = c->in[X].dim[2],
                            .hidden = c->in[H0].dim[1],
                            .width = 4 * c->in[H0].dim[1],
                            .x = c->in[X].data,
                            .h0 = c->in[H0].data,
                            .w_ih = c->in[W_IH].data,
                            .w_hh = c->in[W_HH].data,
                            .b_ih = c->in[B_IH].data,
                            .b_hh = c->in[B_HH].data,
                            .packed_ih = c->packed[W_IH],
                            .packed_hh = c->packed[W_HH],
                            .y = c->out[OUT_Y].data,
                            .gates = c->out[OUT_GATES].data};
}

static void cell(const dio_recurrence *r, int64_t b, int64_t t)
{
    const dio_cpu *k = r->cpu;
    const struct cells *s = r->user;
    int64_t h = r->hidden;
    float *gates = r->gates + (b * r->steps + t) * 4 * h, *y = r->y + (b * r->steps + t) * h;
    float *now = s->history + b * s->row + t * s->step, *tmp = s->scratch + b * h;
    const float *before = t ? now - s->step : s->first + b * h;
    k->add(gates, gates, r->sums + b * 4 * h, 4 * h, 1, 1);
    k->unary[DIO_U_SIGMOID](gates, gates, 2 * h, 0, 0);
    k->unary[DIO_U_TANH](gates + 2 * h, gates + 2 * h, h, 0, 0);
    k->unary[DIO_U_SIGMOID](gates + 3 * h, gates + 3 * h, h, 0, 0);
    k->mul(tmp, gates, gates + 2 * h, h, 1, 1);
    k->mul(now, gates + h, before, h, 1, 1);
    k->add(now, now, tmp, h, 1, 1);
    k->unary[DIO_U_TANH](tmp, now, h, 0, 0);
    k->mul(y, gates + 3 * h, tmp, h, 1, 1);
}

static size_t rounded(int64_t floats)
{
    return ((size_t)floats * sizeof(float) + 63) / 64 * 64;
}

/* Gates for when nobody keeps them, two states. */
static size_t own_bytes(const dio_call *c)
{
    return rounded(dio_view_count(&c->out[OUT_GATES])) + 2 * rounded(dio_view_count(&c->in[H0]));
}

static size_t workspace(const dio_call *c)
{
    dio_recurrence r = recurrence(c);
    return own_bytes(c) + dio_recurrence_work(&r);
}

static void cpu(const dio_call *c)
{
    dio_recurrence r = recurrence(c);
    size_t state = (size_t)(r.batch * r.hidden) * sizeof(float);
    unsigned char *work = c->work;
    unsigned char *states = work + rounded(dio_view_count(&c->out[OUT_GATES]));
    struct cells s = {.first = c->in[C0].data,
                      .scratch = (float *)states,
                      .history = c->out[OUT_CELLS].data,
                      .row = r.steps * r.hidden,
                      .step = r.hidden};
    if (!s.history) {
        s.history = (float *)(states + rounded(r.batch * r.hidden));
        s.row = r.hidden;
        s.step = 0;
    }
    if (!r.gates)
        r.gates = c->work;
    r.cell = cell;
    r.user = &s;
    r.work = work + own_bytes(c);
    dio_recurrence_run(&r);
    if (!r.steps) {
        if (c->out[OUT_H].data)
            memcpy(c->out[OUT_H].data, r.h0, state);
        if (c->out[OUT_C].data)
            memcpy(c->out[OUT_C].data, s.first, state);
        return;
    }
    for (int64_t b = 0; b < r.batch; b++) {
        size_t row = (size_t)r.hidden * sizeof(float);
        int64_t last = (b * r.steps + r.steps - 1) * r.hidden;
        if (c->out[OUT_H].data)
            memcpy((float *)c->out[OUT_H].data + b * r.hidden, r.y + last, row);
        if (c->out[OUT_C].data)
            memcpy((float *)c->out[OUT_C].data + b * r.hidden,
                   s.history + b * s.row + (r.steps - 1) * s.step, row);
    }
}

static size_t pack_bytes(const dio_call *c, int i)
{
    if (i != W_IH && i != W_HH)
        return 0;
    return dio_gemm_pack_bytes(c->cpu, c->in[i].dim[0], c->in[i].dim[1], DIO_F32);
}

static void pack(const dio_call *c, int i, void *out)
{
    int64_t n = c->in[i].dim[0], k = c->in[i].dim[1];
    dio_gemm_pack(c->cpu, n, k, c->in[i].data, DIO_F32, 1, k, out);
}

static dio_cost cost(const dio_call *c)
{
    double rows = (double)c->in[X].dim[0] * c->in[X].dim[1], h = c->in[H0].dim[1];
    double in = c->in[X].dim[2];
    return (dio_cost){rows * (8 * h * (in + h) + 25 * h),
                      4 * (rows * (in + 6 * h) + 4 * h * (in + h))};
}

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val in[] = {n->out[OUT_GATES], n->out[OUT_CELLS], n->in[C0],  n->in[W_HH],
                    gout[OUT_Y],       gout[OUT_H],       gout[OUT_C]};
    dio_val back[3];
    if (gout[OUT_Y] == DIO_NONE && gout[OUT_H] == DIO_NONE && gout[OUT_C] == DIO_NONE)
        return;
    dio_emit(g, &dio_op_lstm_grad, NULL, in, 7, back);
    gin[H0] = back[1];
    gin[C0] = back[2];
    dio_recurrence_slots at = {X, H0, W_IH, W_HH, B_IH, B_HH};
    dio_recurrence_grad(g, n, n->out[OUT_Y], back[0], back[0], at, gin);
}

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 2, 7), DIO_T(DIO_F32, 2, 7),
            DIO_T(DIO_F32, 28, 3), DIO_T(DIO_F32, 28, 7), DIO_T(DIO_F32, 28), DIO_T(DIO_F32, 28)},
     .n_in = 7},
    {.in = {DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 1, 1),
            DIO_T(DIO_F32, 4, 1), DIO_T(DIO_F32, 4, 1)},
     .n_in = 5},
    {.in = {DIO_T(DIO_F32, 3, 9, 40), DIO_T(DIO_F32, 3, 33), DIO_T(DIO_F32, 3, 33),
            DIO_T(DIO_F32, 132, 40), DIO_T(DIO_F32, 132, 33), DIO_T(DIO_F32, 132),
            DIO_T(DIO_F32, 132)},
     .n_in = 7,
     .lo = -0.3f,
     .hi = 0.3f,
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 2, 7), DIO_T(DIO_F32, 2, 7),
            DIO_T(DIO_F32, 28, 3), DIO_T(DIO_F32, 28, 6)},
     .n_in = 5,
     .refused = "w_hh must have size 7 in dimension 1, not f32[28,6]"},
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 2, 7), DIO_T(DIO_F32, 2, 6),
            DIO_T(DIO_F32, 28, 3), DIO_T(DIO_F32, 28, 7)},
     .n_in = 5,
     .refused = "c0 and h0 differ: f32[2,6] and f32[2,7]"},
    {0},
};

const dio_op dio_op_lstm = {
    .name = "lstm",
    .doc = "torch's LSTM: x [B,T,I], h0 c0 [B,H], w_ih [4H,I], w_hh [4H,H], b_ih b_hh [4H] -> "
           "y [B,T,H], the last h and c [B,H], the gates [B,T,4H], the cells [B,T,H]",
    .n_in_min = 5,
    .n_in_max = 7,
    .n_out = 5,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .grad = grad,
    .cost = cost,
    .tol = 5e-7f, /* measured 1.2e-7 */
    .cases = cases,
};

dio_val dio_lstm(dio_graph *g, dio_val x, dio_val h0, dio_val c0, dio_val w_ih, dio_val w_hh,
                 dio_val b_ih, dio_val b_hh, dio_val *h, dio_val *c)
{
    dio_val out[5];
    h0 = dio_recurrence_state(g, h0, x, w_hh);
    c0 = dio_recurrence_state(g, c0, x, w_hh);
    dio_emit(g, &dio_op_lstm, NULL, (dio_val[]){x, h0, c0, w_ih, w_hh, b_ih, b_hh}, 7, out);
    if (h)
        *h = out[OUT_H];
    if (c)
        *c = out[OUT_C];
    return out[OUT_Y];
}
