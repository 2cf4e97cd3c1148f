/* gru.c: torch.nn.GRU, one layer, one direction.
 *
 *     r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)        reset
 *     z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)        update
 *     n = tanh(W_in x + b_in + r (W_hn h + b_hn))       the reset gate after the product
 *     h' = n + z (h - n)
 *
 * The gates r, z, n and s = W_hn h + b_hn are kept as an output [B,T,4H] for the gradient. */
#include <math.h>
#include <string.h>

#include "tensor/cpu/gemm.h"
#include "tensor/cpu/recurrence.h"
#include "tensor/ops.h"

extern const dio_op dio_op_gru_grad;

enum { X, H0, W_IH, W_HH, B_IH, B_HH };

static bool infer(const dio_type *in, int n_in, const void *attrs, dio_type *out, dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!dio_recurrence_check(&in[X], &in[H0], &in[W_IH], &in[W_HH], &in[B_IH], &in[B_HH], 3, err))
        return false;
    int64_t batch = in[X].dim[0], steps = in[X].dim[1], h = in[H0].dim[1];
    out[0] = dio_type_3d(DIO_F32, batch, steps, h);
    out[1] = in[H0];
    out[2] = dio_type_3d(DIO_F32, batch, steps, 4 * h);
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

static void reference_at(const dio_call *c, int64_t b, int64_t t, int64_t j)
{
    int64_t steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    const dio_view *state = t ? &c->out[0] : &c->in[H0];
    int64_t from_x = (b * steps + t) * c->in[X].dim[2];
    int64_t from_h = t ? (b * steps + t - 1) * h : b * h;
    double in[3], hid[3];
    for (int k = 0; k < 3; k++) {
        in[k] = dot(&c->in[W_IH], k * h + j, &c->in[X], from_x, &c->in[B_IH]);
        hid[k] = dot(&c->in[W_HH], k * h + j, state, from_h, &c->in[B_HH]);
    }
    double r = sigmoid(in[0] + hid[0]), z = sigmoid(in[1] + hid[1]);
    double n = tanh(in[2] + r * hid[2]), before = dio_view_get(state, from_h + j);
    double now = n + z * (before - n), kept[4] = {r, z, n, hid[2]};
    dio_view_set(&c->out[0], (b * steps + t) * h + j, now);
    if (c->out[1].data && t == steps - 1)
        dio_view_set(&c->out[1], b * h + j, now);
    for (int k = 0; k < 4 && c->out[2].data; k++)
        dio_view_set(&c->out[2], (b * steps + t) * 4 * h + k * h + j, kept[k]);
}

static void reference(const dio_call *c)
{
    int64_t batch = c->in[X].dim[0], steps = c->in[X].dim[1], h = c->in[H0].dim[1];
    for (int64_t i = 0; i < batch * h && c->out[1].data && !steps; i++)
        dio_view_set(&c->out[1], i, dio_view_get(&c->in[H0], i));
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 0; t < steps; t++)
            for (int64_t j = 0; j < h; j++)
                reference_at(c, b, t, j);
}

/* --- the fast one --- */

static dio_recurrence recurrence(const dio_call *c)
{
    return (dio_recurrence){.cpu = c->cpu,
                            .batch = c->in[X].dim[0],
                            .steps = c->in[X].dim[1],
                            .in = c->in[X].dim[2],
                            .hidden = c->in[H0].dim[1],
                            .width = 3 * c->in[H0].dim[1],
                            .x = c->in[X].data,
                            .h0 = c->in[H0].data,
                            .w_ih = c->in[W_IH].data,
                            .w_hh = c->in[W_HH].data,
                            .b_ih = c->in[B_IH].data,
                            .b_hh = c->in[B_HH].data,
                            .packed_ih = c->packed[W_IH],
                            .packed_hh = c->packed[W_HH],
                            .y = c->out[0].data,
                            .gates = c->out[2].data};
}

static void cell(const dio_recurrence *r, int64_t b, int64_t t)
{
    const dio_cpu *k = r->cpu;
    int64_t h = r->hidden;
    float *gates = r->gates + (b * r->steps + t) * 4 * h, *sums = r->sums + b * 3 * h;
    float *n = gates + 2 * h, *s = gates + 3 * h, *y = r->y + (b * r->steps + t) * h;
    const float *before = dio_state_before(r->y, r->h0, b, t, r->steps, h);
    k->add(gates, gates, sums, 2 * h, 1, 1);
    k->unary[DIO_U_SIGMOID](gates, gates, 2 * h, 0, 0);
    memcpy(s, sums + 2 * h, (size_t)h * sizeof *s);
    k->mul(y, gates, s, h, 1, 1);
    k->add(n, n, y, h, 1, 1);
    k->unary[DIO_U_TANH](n, n, h, 0, 0);
    k->sub(y, before, n, h, 1, 1);
    k->mul(y, y, gates + h, h, 1, 1);
    k->add(y, y, n, h, 1, 1);
}

static size_t gates_bytes(const dio_call *c)
{
    return ((size_t)dio_view_count(&c->out[2]) * sizeof(float) + 63) / 64 * 64;
}

static size_t workspace(const dio_call *c)
{
    dio_recurrence r = recurrence(c);
    return gates_bytes(c) + dio_recurrence_work(&r);
}

static void cpu(const dio_call *c)
{
    dio_recurrence r = recurrence(c);
    r.cell = cell;
    r.work = (unsigned char *)c->work + gates_bytes(c);
    if (!r.gates)
        r.gates = c->work;
    dio_recurrence_run(&r);
    float *last = c->out[1].data;
    for (int64_t b = 0; last && b < r.batch; b++)
        memcpy(last + b * r.hidden, dio_state_before(r.y, r.h0, b, r.steps, r.steps, r.hidden),
               (size_t)r.hidden * sizeof(float));
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
    return (dio_cost){rows * (6 * h * (in + h) + 20 * h),
                      4 * (rows * (in + 5 * h) + 3 * h * (in + h))};
}

/* --- gradient --- */

static void grad(dio_graph *g, const dio_node *n, const dio_val *gout, dio_val *gin)
{
    dio_val in[] = {n->out[2], n->out[0], n->in[H0], n->in[W_HH], gout[0], gout[1]}, back[3];
    if (gout[0] == DIO_NONE && gout[1] == DIO_NONE)
        return;
    dio_emit(g, &dio_op_gru_grad, NULL, in, 6, back);
    gin[H0] = back[2];
    dio_recurrence_slots at = {X, H0, W_IH, W_HH, B_IH, B_HH};
    dio_recurrence_grad(g, n, n->out[0], back[0], back[1], at, gin);
}

enum { GATES, Y, BACK_H0, BACK_W, GY, GH };

static bool back_infer(const dio_type *in, int n_in, const void *attrs, dio_type *out,
                       dio_error *err)
{
    (void)n_in;
    (void)attrs;
    if (!dio_want_float(&in[Y], "y", err) || !dio_want_dims(&in[Y], 3, 3, "y", err))
        return false;
    int64_t batch = in[Y].dim[0], steps = in[Y].dim[1], h = in[Y].dim[2];
    dio_type gates = dio_type_3d(DIO_F32, batch, steps, 4 * h);
    dio_type state = dio_type_2d(DIO_F32, batch, h), w = dio_type_2d(DIO_F32, 3 * h, h);
    if (!dio_want_same(&in[GATES], &gates, "the gates and 4H of y", err) ||
        !dio_want_same(&in[BACK_H0], &state, "h0 and y's state", err) ||
        !dio_want_same(&in[BACK_W], &w, "w_hh and 3H of y", err) ||
        (in[GY].nd >= 0 && !dio_want_same(&in[GY], &in[Y], "gy and y", err)) ||
        (in[GH].nd >= 0 && !dio_want_same(&in[GH], &state, "gh and y's state", err)))
        return false;
    out[0] = out[1] = dio_type_3d(DIO_F32, batch, steps, 3 * h);
    out[2] = state;
    return true;
}

/* One element of one step: gates as kept, dh the gradient of the new state. Gives the gradients of
 * the projections (di) and of the state's products (ds), and what goes straight to the state
 * before. */
static double back_at(double r, double z, double n, double s, double before, double dh,
                      double di[3], double ds[3])
{
    double dn = dh * (1 - z) * (1 - n * n);
    di[0] = ds[0] = dn * s * r * (1 - r);
    di[1] = ds[1] = dh * (before - n) * z * (1 - z);
    di[2] = dn;
    ds[2] = dn * r;
    return dh * z;
}

/* Reads gate k of row `row`, element j. */
static double gate(const dio_call *c, int64_t row, int k, int64_t j)
{
    int64_t h = c->in[Y].dim[2];
    return dio_view_get(&c->in[GATES], (row * 4 + k) * h + j);
}

/* The state's gradient before step t lives in out[2], rounded to f32 once a step. */
static void back_reference_step(const dio_call *c, int64_t b, int64_t t)
{
    int64_t steps = c->in[Y].dim[1], h = c->in[Y].dim[2], row = b * steps + t;
    for (int64_t j = 0; j < h; j++) {
        double before = t ? dio_view_get(&c->in[Y], (row - 1) * h + j)
                          : dio_view_get(&c->in[BACK_H0], b * h + j);
        double dh = dio_view_get(&c->out[2], b * h + j), di[3], ds[3];
        if (c->in[GY].data)
            dh += dio_view_get(&c->in[GY], row * h + j);
        dh = back_at(gate(c, row, 0, j), gate(c, row, 1, j), gate(c, row, 2, j), gate(c, row, 3, j),
                     before, dh, di, ds);
        dio_view_set(&c->out[2], b * h + j, dh);
        for (int k = 0; k < 3; k++) {
            dio_view_set(&c->out[0], (row * 3 + k) * h + j, di[k]);
            dio_view_set(&c->out[1], (row * 3 + k) * h + j, ds[k]);
        }
    }
    for (int64_t j = 0; j < h; j++) {
        double sum = dio_view_get(&c->out[2], b * h + j);
        for (int64_t k = 0; k < 3 * h; k++)
            sum +=
                dio_view_get(&c->out[1], row * 3 * h + k) * dio_view_get(&c->in[BACK_W], k * h + j);
        dio_view_set(&c->out[2], b * h + j, sum);
    }
}

static void back_reference(const dio_call *c)
{
    int64_t batch = c->in[Y].dim[0], steps = c->in[Y].dim[1], h = c->in[Y].dim[2];
    for (int64_t i = 0; i < batch * h; i++)
        dio_view_set(&c->out[2], i, c->in[GH].data ? dio_view_get(&c->in[GH], i) : 0);
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = steps - 1; t >= 0; t--)
            back_reference_step(c, b, t);
}

static void back_cell(const dio_recurrence_back *r, int64_t b, int64_t t)
{
    const dio_call *c = r->user;
    int64_t h = r->hidden, row = b * r->steps + t;
    const float *g = (const float *)c->in[GATES].data + row * 4 * h;
    const float *gy = c->in[GY].data ? (const float *)c->in[GY].data + row * h : NULL;
    const float *before = dio_state_before(c->in[Y].data, c->in[BACK_H0].data, b, t, r->steps, h);
    float *di = (float *)c->out[0].data + row * 3 * h;
    float *ds = r->dsums + b * r->dsums_row + t * r->dsums_step, *carry = r->carry + b * h;
    for (int64_t j = 0; j < h; j++) {
        float dh = carry[j] + (gy ? gy[j] : 0);
        float reset = g[j], z = g[h + j], n = g[2 * h + j], s = g[3 * h + j];
        float dn = dh * (1 - z) * (1 - n * n);
        di[j] = ds[j] = dn * s * reset * (1 - reset);
        di[h + j] = ds[h + j] = dh * (before[j] - n) * z * (1 - z);
        di[2 * h + j] = dn;
        ds[2 * h + j] = dn * reset;
        carry[j] = dh * z;
    }
}

static dio_recurrence_back backward(const dio_call *c)
{
    int64_t steps = c->in[Y].dim[1], h = c->in[Y].dim[2];
    return (dio_recurrence_back){.cpu = c->cpu,
                                 .batch = c->in[Y].dim[0],
                                 .steps = steps,
                                 .hidden = h,
                                 .width = 3 * h,
                                 .w_hh = c->in[BACK_W].data,
                                 .dsums = c->out[1].data,
                                 .dsums_row = steps * 3 * h,
                                 .dsums_step = 3 * h,
                                 .cell = back_cell,
                                 .user = c};
}

/* carry and, when nobody wants out[1], one step of it */
static size_t back_own(const dio_call *c)
{
    size_t floats = (size_t)(c->in[Y].dim[0] * c->in[Y].dim[2]) * 4;
    return (floats * sizeof(float) + 63) / 64 * 64;
}

static size_t back_workspace(const dio_call *c)
{
    dio_recurrence_back r = backward(c);
    return back_own(c) + dio_recurrence_back_work(&r);
}

static void back_cpu(const dio_call *c)
{
    dio_recurrence_back r = backward(c);
    size_t state = (size_t)(r.batch * r.hidden) * sizeof(float);
    r.carry = c->work;
    r.work = (unsigned char *)c->work + back_own(c);
    if (!r.dsums) {
        r.dsums = r.carry + r.batch * r.hidden;
        r.dsums_row = r.width;
        r.dsums_step = 0;
    }
    if (c->in[GH].data)
        memcpy(r.carry, c->in[GH].data, state);
    else
        memset(r.carry, 0, state);
    dio_recurrence_back_run(&r);
    if (c->out[2].data)
        memcpy(c->out[2].data, r.carry, state);
}

static dio_cost back_cost(const dio_call *c)
{
    double rows = (double)c->in[Y].dim[0] * c->in[Y].dim[1], h = c->in[Y].dim[2];
    return (dio_cost){rows * (6 * h * h + 20 * h), 4 * (rows * 12 * h + 3 * h * h)};
}

static const dio_op_case cases[] = {
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 2, 7), DIO_T(DIO_F32, 21, 3),
            DIO_T(DIO_F32, 21, 7), DIO_T(DIO_F32, 21), DIO_T(DIO_F32, 21)},
     .n_in = 6},
    {.in = {DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1), DIO_T(DIO_F32, 3, 1),
            DIO_T(DIO_F32, 3, 1)},
     .n_in = 4},
    {.in = {DIO_T(DIO_F32, 3, 9, 40), DIO_T(DIO_F32, 3, 33), DIO_T(DIO_F32, 99, 40),
            DIO_T(DIO_F32, 99, 33), DIO_T(DIO_F32, 99), DIO_T(DIO_F32, 99)},
     .n_in = 6,
     .lo = -0.3f,
     .hi = 0.3f,
     .no_grad = true},
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 2, 7), DIO_T(DIO_F32, 28, 3),
            DIO_T(DIO_F32, 21, 7)},
     .n_in = 4,
     .refused = "w_ih must have size 21 in dimension 0, not f32[28,3]"},
    {.in = {DIO_T(DIO_F32, 2, 5, 3), DIO_T(DIO_F32, 3, 7), DIO_T(DIO_F32, 21, 3),
            DIO_T(DIO_F32, 21, 7)},
     .n_in = 4,
     .refused = "h0 must have size 2 in dimension 0, not f32[3,7]"},
    {0},
};

const dio_op dio_op_gru = {
    .name = "gru",
    .doc = "torch's GRU: x [B,T,I], h0 [B,H], w_ih [3H,I], w_hh [3H,H], b_ih b_hh [3H] -> "
           "y [B,T,H], the last state [B,H], the gates [B,T,4H]",
    .n_in_min = 4,
    .n_in_max = 6,
    .n_out = 3,
    .infer = infer,
    .reference = reference,
    .cpu = cpu,
    .workspace = workspace,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .grad = grad,
    .cost = cost,
    .tol = 5e-7f, /* measured 1.1e-7 */
    .cases = cases,
};

const dio_op dio_op_gru_grad = {
    .name = "gru_grad",
    .doc = "gates, y, h0, w_hh, gy, gh -> gradients of the inputs' products [B,T,3H], of the "
           "state's products [B,T,3H], of h0 [B,H]",
    .n_in_min = 4,
    .n_in_max = 6,
    .n_out = 3,
    .flags = DIO_OP_NODIFF,
    .infer = back_infer,
    .reference = back_reference,
    .cpu = back_cpu,
    .workspace = back_workspace,
    .cost = back_cost,
    .tol = 1e-6f, /* measured 2.4e-7 */
    .cases =
        (const dio_op_case[]){
            {.in = {DIO_T(DIO_F32, 2, 5, 28), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7),
                    DIO_T(DIO_F32, 21, 7), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7)},
             .n_in = 6},
            {.in = {DIO_T(DIO_F32, 1, 1, 4), DIO_T(DIO_F32, 1, 1, 1), DIO_T(DIO_F32, 1, 1),
                    DIO_T(DIO_F32, 3, 1), DIO_T(DIO_F32, 1, 1, 1)},
             .n_in = 5},
            {.in = {DIO_T(DIO_F32, 2, 5, 21), DIO_T(DIO_F32, 2, 5, 7), DIO_T(DIO_F32, 2, 7),
                    DIO_T(DIO_F32, 21, 7)},
             .n_in = 4,
             .refused = "the gates and 4H of y differ: f32[2,5,21] and f32[2,5,28]"},
            {0},
        },
};

dio_val dio_gru(dio_graph *g, dio_val x, dio_val h0, dio_val w_ih, dio_val w_hh, dio_val b_ih,
                dio_val b_hh, dio_val *h)
{
    dio_val out[3];
    h0 = dio_recurrence_state(g, h0, x, w_hh);
    dio_emit(g, &dio_op_gru, NULL, (dio_val[]){x, h0, w_ih, w_hh, b_ih, b_hh}, 6, out);
    if (h)
        *h = out[1];
    return out[0];
}
