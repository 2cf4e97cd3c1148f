#pragma once
/* norm_rows.h: what layer_norm and rms_norm share: both normalise rows, and backwards both sum
 * over all rows into their weight's gradient.
 *
 * Those sums run in blocks of rows that the shape alone gives: each block adds its rows in order
 * into a partial sum of its own, then the partial sums are added in order. */
#include "tensor/cpu/cpu.h"
#include "tensor/op.h"

/* Outputs of both gradient operators, and the operands they need. */
typedef struct dio_norm_grad {
    const dio_call *c;
    dio_view dy, x, w, stats; /* w.data may be NULL */
    float *dx, *dw, *db;      /* each may be NULL */
    bool centred;             /* layer_norm: stats are mean and scale; else scale alone */
} dio_norm_grad;

void dio_norm_grad_cpu(const dio_norm_grad *n);
void dio_norm_grad_reference(const dio_norm_grad *n);
size_t dio_norm_grad_work(const dio_view *x);

/* x [..,C] with a weight and a bias of C, either absent (nd < 0). */
bool dio_norm_infer(const dio_type *x, const dio_type *w, const dio_type *b, dio_error *err);
