#pragma once
/* adamw.h: the optimiser as an operator: it writes a weight and its moments in place. */
#include "tensor/graph.h"

typedef struct dio_adamw_attrs {
    double beta1, beta2, eps;
    double decay; /* 0 for norms and biases */
} dio_adamw_attrs;

/* What the input `numbers` holds. */
enum { DIO_ADAMW_LR, DIO_ADAMW_C1, DIO_ADAMW_C2, DIO_ADAMW_NUMBERS };

/* w a param or state; m and v states of its type; clip a scalar that scales the gradient. Returns
 * the weight after the step, to be made an output of the plan. */
dio_val dio_adamw(dio_graph *g, dio_val w, dio_val m, dio_val v, dio_val grad, dio_val numbers,
                  dio_val clip, const dio_adamw_attrs *attrs);

/* The moving average of w, in place in the state `average`. */
dio_val dio_ema(dio_graph *g, dio_val average, dio_val w, float decay);
