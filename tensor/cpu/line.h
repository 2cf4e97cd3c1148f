#pragma once
/* line.h: convolutions along a signal, plain and transposed, straight from the signal. */
#include <stdbool.h>
#include <stddef.h>

#include "tensor/cpu/conv.h"

/* Plain, channels c to o and places w to ow; with `back` the transposed one, o to c and ow to w. */
typedef struct dio_line {
    const dio_conv_shape *s;
    bool back;
    const float *x, *bias; /* bias of what is made, or NULL */
    const void *kernel;    /* [groups*o][c][kw] of s->kernel */
    bool leaky;            /* x is leaky_relu(x, slope) */
    float slope;
    const float *add; /* like y, added to it, or NULL; plain only */
    float *y;
} dio_line;

/* Whether the shape is a signal's, and its kernel reaches no farther than scratch may. Neither
 * length nor batch matter. */
bool dio_line_serves(const dio_conv_shape *s);

/* conv.c: a plain one, by tiles (toom.h) where they serve. Scratch: dio_conv_work. */
void dio_cpu_conv_line(const dio_cpu *cpu, const dio_line *p, void *work);

size_t dio_line_work(const dio_cpu *cpu, const dio_line *p);
void dio_line_run(const dio_cpu *cpu, const dio_line *p, void *work);
