#pragma once
/* attrs.h: attributes that more than one file must know: the operator's own, its fusions' and its
 * gradient's. What only one operator knows stays in its file. */
#include "tensor/ops.h"

typedef struct dio_linear_attrs {
    dio_act act;
    bool kn; /* the weight is [K,N] */
} dio_linear_attrs;

/* Of conv and conv_transpose. What comes after the public ones fusion sets, and only the CPU's
 * kernels for signals know. */
typedef struct dio_line_attrs {
    dio_conv_attrs conv;
    bool leaky; /* x is leaky_relu(x, slope) */
    float slope;
} dio_line_attrs;

typedef struct dio_unary_attrs {
    dio_act act; /* the same function as an epilogue, or DIO_ACT_NONE */
    float p, q;  /* slope, alpha, limits: see each function */
} dio_unary_attrs;

typedef struct dio_unary_grad_attrs {
    int u; /* enum dio_unary */
    float p, q;
} dio_unary_grad_attrs;

typedef struct dio_glu_attrs {
    dio_act act;
} dio_glu_attrs;
