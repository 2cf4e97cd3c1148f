#pragma once
/* operand.h: optional operands of a node, which may be DIO_NONE or not listed at all. */
#include "tensor/op.h"

static inline dio_val dio_operand(const dio_node *n, int i)
{
    return i < n->n_in ? n->in[i] : (dio_val)DIO_NONE;
}
