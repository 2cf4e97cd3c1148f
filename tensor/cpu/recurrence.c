/* recurrence.c: the walk over time that GRU and LSTM share; the cells are theirs. */
#include "tensor/cpu/recurrence.h"

#include "base/gang.h"
#include "tensor/cpu/gemm.h"
#include "tensor/ops.h"
#include "tensor/ops/operand.h"

/* Elements of a step below which waking the gang costs more than the cells do. */
enum { WAKE = 8192 };

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* x x w_ih^T + b_ih for all steps; the gates' rows are 4H apart. */
static dio_gemm projection(const dio_recurrence *r)
{
    return (dio_gemm){.m = r->batch * r->steps,
                      .n = r->width,
                      .k = r->in,
                      .a = r->x,
                      .a_row = r->in,
                      .a_col = 1,
                      .b = r->w_ih,
                      .b_dtype = DIO_F32,
                      .b_row = 1,
                      .b_col = r->in,
                      .packed = r->packed_ih,
                      .c = r->gates,
                      .c_row = 4 * r->hidden,
                      .bias = r->b_ih};
}

static dio_gemm state_product(const dio_recurrence *r, int64_t t)
{
    int64_t h = r->hidden;
    return (dio_gemm){.m = r->batch,
                      .n = r->width,
                      .k = h,
                      .a = t ? r->y + (t - 1) * h : r->h0,
                      .a_row = t ? r->steps * h : h,
                      .a_col = 1,
                      .b = r->w_hh,
                      .b_dtype = DIO_F32,
                      .b_row = 1,
                      .b_col = h,
                      .packed = r->packed_hh,
                      .c = r->sums,
                      .c_row = r->width,
                      .bias = r->b_hh};
}

static size_t gemm_work(const dio_cpu *cpu, dio_gemm a, dio_gemm b)
{
    size_t x = dio_gemm_work(cpu, &a), y = dio_gemm_work(cpu, &b);
    return rounded(x > y ? x : y);
}

static size_t sums_bytes(const dio_recurrence *r)
{
    return rounded((size_t)(r->batch * r->width) * sizeof(float));
}

static size_t pack_bytes(const dio_cpu *cpu, int64_t n, int64_t k)
{
    return rounded(dio_gemm_pack_bytes(cpu, n, k, DIO_F32));
}

size_t dio_recurrence_work(const dio_recurrence *r)
{
    return sums_bytes(r) + pack_bytes(r->cpu, r->width, r->hidden) +
           gemm_work(r->cpu, projection(r), state_product(r, 0));
}

struct rows {
    const dio_recurrence *r;
    const dio_recurrence_back *back;
    int64_t t;
};

static void forward_row(void *user, int64_t b, int thread)
{
    (void)thread;
    const struct rows *s = user;
    s->r->cell(s->r, b, s->t);
}

static void backward_row(void *user, int64_t b, int thread)
{
    (void)thread;
    const struct rows *s = user;
    s->back->cell(s->back, b, s->t);
}

static void each_row(int64_t batch, int64_t width, dio_gang_fn *fn, struct rows *s)
{
    if (batch * width >= WAKE)
        dio_gang_run(batch, fn, s);
    else
        for (int64_t b = 0; b < batch; b++)
            fn(s, b, 0);
}

void dio_recurrence_run(dio_recurrence *r)
{
    unsigned char *work = r->work;
    size_t packed = sums_bytes(r), scratch = packed + pack_bytes(r->cpu, r->width, r->hidden);
    r->sums = (float *)work;
    if (!r->steps || !r->batch)
        return;
    dio_gemm p = projection(r);
    dio_gemm_run(r->cpu, &p, 1, work + scratch);
    if (!r->packed_hh && r->steps > 1) {
        dio_gemm_pack(r->cpu, r->width, r->hidden, r->w_hh, DIO_F32, 1, r->hidden, work + packed);
        r->packed_hh = work + packed;
    }
    for (int64_t t = 0; t < r->steps; t++) {
        dio_gemm g = state_product(r, t);
        dio_gemm_run(r->cpu, &g, 1, work + scratch);
        each_row(r->batch, r->width, forward_row, &(struct rows){.r = r, .t = t});
    }
}

static dio_gemm carry_product(const dio_recurrence_back *r, int64_t t)
{
    return (dio_gemm){.m = r->batch,
                      .n = r->hidden,
                      .k = r->width,
                      .a = r->dsums + t * r->dsums_step,
                      .a_row = r->dsums_row,
                      .a_col = 1,
                      .b = r->w_hh,
                      .b_dtype = DIO_F32,
                      .b_row = r->hidden,
                      .b_col = 1,
                      .c = r->carry,
                      .c_row = r->hidden,
                      .accumulate = true};
}

size_t dio_recurrence_back_work(const dio_recurrence_back *r)
{
    return pack_bytes(r->cpu, r->hidden, r->width) +
           gemm_work(r->cpu, carry_product(r, 0), carry_product(r, 0));
}

void dio_recurrence_back_run(dio_recurrence_back *r)
{
    unsigned char *packed = r->work;
    unsigned char *scratch = packed + pack_bytes(r->cpu, r->hidden, r->width);
    if (!r->batch)
        return;
    if (r->steps)
        dio_gemm_pack(r->cpu, r->hidden, r->width, r->w_hh, DIO_F32, r->hidden, 1, packed);
    for (int64_t t = r->steps - 1; t >= 0; t--) {
        each_row(r->batch, r->width, backward_row, &(struct rows){.back = r, .t = t});
        dio_gemm g = carry_product(r, t);
        g.packed = packed;
        dio_gemm_run(r->cpu, &g, 1, scratch);
    }
}

/* --- inference and gradients --- */

static bool check_bias(const dio_type *b, const char *what, int64_t width, dio_error *err)
{
    return b->nd < 0 || (dio_want_float(b, what, err) && dio_want_dims(b, 1, 1, what, err) &&
                         dio_want_dim(b, 0, width, what, err));
}

bool dio_recurrence_check(const dio_type *x, const dio_type *h0, const dio_type *w_ih,
                          const dio_type *w_hh, const dio_type *b_ih, const dio_type *b_hh,
                          int gates, dio_error *err)
{
    if (!dio_want_float(x, "x", err) || !dio_want_dims(x, 3, 3, "x", err) ||
        !dio_want_float(h0, "h0", err) || !dio_want_dims(h0, 2, 2, "h0", err) ||
        !dio_want_dim(h0, 0, x->dim[0], "h0", err))
        return false;
    int64_t width = gates * h0->dim[1];
    return dio_want_float(w_ih, "w_ih", err) && dio_want_dims(w_ih, 2, 2, "w_ih", err) &&
           dio_want_dim(w_ih, 0, width, "w_ih", err) &&
           dio_want_dim(w_ih, 1, x->dim[2], "w_ih", err) && dio_want_float(w_hh, "w_hh", err) &&
           dio_want_dims(w_hh, 2, 2, "w_hh", err) && dio_want_dim(w_hh, 0, width, "w_hh", err) &&
           dio_want_dim(w_hh, 1, h0->dim[1], "w_hh", err) && check_bias(b_ih, "b_ih", width, err) &&
           check_bias(b_hh, "b_hh", width, err);
}

dio_val dio_recurrence_state(dio_graph *g, dio_val v, dio_val x, dio_val w_hh)
{
    if (v != DIO_NONE || x == DIO_NONE)
        return v;
    int64_t dim[2] = {dio_dim(g, x, 0), dio_dim(g, w_hh, 1)};
    return dio_expand(g, dio_scalar(g, 0), 2, dim);
}

static dio_val flatten(dio_graph *g, dio_val v)
{
    dio_type t = dio_type_of(g, v);
    return dio_reshape2(g, v, t.dim[0] * t.dim[1], t.dim[2]);
}

/* The states before each step, [B*T,H]: h0, then y without its last step. */
static dio_val states_before(dio_graph *g, dio_val h0, dio_val y)
{
    int64_t steps = dio_dim(g, y, 1);
    dio_val first = dio_reshape3(g, h0, dio_dim(g, h0, 0), 1, dio_dim(g, h0, 1));
    if (steps == 1)
        return flatten(g, first);
    dio_val parts[2] = {first, dio_slice(g, y, 1, 0, steps - 1, 1)};
    return flatten(g, dio_concat(g, parts, 2, 1));
}

void dio_recurrence_grad(dio_graph *g, const dio_node *n, dio_val y, dio_val dsum_ih,
                         dio_val dsum_hh, dio_recurrence_slots at, dio_val *gin)
{
    dio_type tx = dio_type_of(g, n->in[at.x]);
    if (!dio_graph_ok(g) || !tx.dim[1])
        return;
    dio_val di = flatten(g, dsum_ih), dh = flatten(g, dsum_hh);
    dio_val dx = dio_matmul(g, di, n->in[at.w_ih], false, false);
    gin[at.x] = dio_reshape3(g, dx, tx.dim[0], tx.dim[1], tx.dim[2]);
    gin[at.w_ih] = dio_matmul(g, di, flatten(g, n->in[at.x]), true, false);
    gin[at.w_hh] = dio_matmul(g, dh, states_before(g, n->in[at.h0], y), true, false);
    if (dio_operand(n, at.b_ih) != DIO_NONE)
        gin[at.b_ih] = dio_sum(g, di, 1, false);
    if (dio_operand(n, at.b_hh) != DIO_NONE)
        gin[at.b_hh] = dio_sum(g, dh, 1, false);
}
