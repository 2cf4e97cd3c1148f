#pragma once
/* recurrence.h: what GRU and LSTM share: one matrix product for all steps' inputs, then step by
 * step one product with the state and a cell that mixes gates, row by row.
 *
 * Rows are computed alike whatever their number (gemm.h promises it, cells see one row), so a
 * sequence gives the same bits in one or many chunks, alone or in a batch.
 */
#include <stddef.h>
#include <stdint.h>

#include "tensor/cpu/cpu.h"
#include "tensor/op.h"

typedef struct dio_recurrence dio_recurrence;
/* Row b of step t: from r->gates (inputs' part) and r->sums (state's part) to the new state. */
typedef void dio_cell_fn(const dio_recurrence *r, int64_t b, int64_t t);

struct dio_recurrence {
    const dio_cpu *cpu;
    int64_t batch, steps, in, hidden;
    int64_t width;                          /* rows of w_ih and w_hh: 3 or 4 times hidden */
    const float *x, *h0;                    /* [B,T,I], [B,H] */
    const float *w_ih, *w_hh, *b_ih, *b_hh; /* [width,I], [width,H], [width] or NULL */
    const void *packed_ih, *packed_hh;      /* or NULL */
    float *y;                               /* [B,T,H] */
    float *gates;                           /* [B,T,4H]; the first `width` are projected */
    float *sums;                            /* [B,width]: h x w_hh^T + b_hh */
    void *work;
    dio_cell_fn *cell;
    const void *user; /* the cell's own */
};

/* Bytes of sums, packed weights and products' scratch, to be carved by run and back. */
size_t dio_recurrence_work(const dio_recurrence *r);
void dio_recurrence_run(dio_recurrence *r);

/* Backwards through the same steps. The cell turns carry[b] (the gradient of the state after step
 * t) plus gy into the gradient of the state's products, dsums, and leaves in carry what reaches
 * the state before by other ways; then carry += dsums x w_hh. */
typedef struct dio_recurrence_back {
    const dio_cpu *cpu;
    int64_t batch, steps, hidden, width;
    const float *w_hh;
    float *dsums;                  /* [B,T,width], or [B,width] with dsums_step 0 */
    int64_t dsums_row, dsums_step; /* distance of batch rows and of steps */
    float *carry;                  /* [B,H]: in: the last state's gradient; out: the first's */
    void *work;
    void (*cell)(const struct dio_recurrence_back *r, int64_t b, int64_t t);
    const void *user;
} dio_recurrence_back;

size_t dio_recurrence_back_work(const dio_recurrence_back *r);
void dio_recurrence_back_run(dio_recurrence_back *r);

/* State row b before step t, in a [B,T,H] history that starts from first [B,H]. */
static inline const float *dio_state_before(const float *history, const float *first, int64_t b,
                                            int64_t t, int64_t steps, int64_t hidden)
{
    return t ? history + (b * steps + t - 1) * hidden : first + b * hidden;
}

/* What inference of both shares: x [B,T,I], h0 [B,H], w_ih [G*H,I], w_hh [G*H,H], biases. */
bool dio_recurrence_check(const dio_type *x, const dio_type *h0, const dio_type *w_ih,
                          const dio_type *w_hh, const dio_type *b_ih, const dio_type *b_hh,
                          int gates, dio_error *err);

/* For the builders: v, or zeros [B,H] for DIO_NONE; H from w_hh [G*H,H]. */
dio_val dio_recurrence_state(dio_graph *g, dio_val v, dio_val x, dio_val w_hh);
/* The weights' and inputs' gradients from those of the projection (dsum_ih) and of the state's
 * products (dsum_hh), both [B,T,G*H]. Fills gin at x, w_ih, w_hh, b_ih and b_hh of `at`. */
typedef struct dio_recurrence_slots {
    int x, h0, w_ih, w_hh, b_ih, b_hh;
} dio_recurrence_slots;
void dio_recurrence_grad(dio_graph *g, const dio_node *n, dio_val y, dio_val dsum_ih,
                         dio_val dsum_hh, dio_recurrence_slots at, dio_val *gin);
